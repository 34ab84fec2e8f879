/* SPDX-License-Identifier: GPL-2.0 */
/* Reports: pure functions of result data. */
#ifndef IPCSCOPE_REPORT_H
#define IPCSCOPE_REPORT_H

#include <jansson.h>
#include <stdio.h>

/**
 * report_table() - print a result for people
 * @result:	a valid result, also a merged one
 * @f:		where to
 *
 * The phases of traced cells; then one table for each pattern and message size: a line for
 * each mechanism and wait policy, a group of columns for each placement. A cell measured in
 * several runs shows the mean of their costs and the spread between them; percentiles come
 * from the merged histograms. Runs on several kernels stand side by side instead, see
 * kernels.h. Last, the reasons of skipped and failed cells, and what was run on.
 *
 * Return: 0, -ENOMEM, or -EIO if @f does not take it all.
 */
int report_table(json_t *result, FILE *f);

/**
 * report_diff() - print a comparison for people
 * @diff:	from diff_build()
 * @f:		where to
 *
 * The cells that changed with all their phases, those that changed marked; then those that
 * cannot be told, those that are the same, and what was compared.
 *
 * Return: 0, or -EIO if @f does not take it all.
 */
int report_diff(json_t *diff, FILE *f);

#endif /* IPCSCOPE_REPORT_H */
