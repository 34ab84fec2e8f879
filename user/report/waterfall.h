/* SPDX-License-Identifier: GPL-2.0 */
/* Phases of many mechanisms on one or more kernels, in one table. */
#ifndef IPCSCOPE_REPORT_WATERFALL_H
#define IPCSCOPE_REPORT_WATERFALL_H

#include <jansson.h>
#include <stdio.h>

/**
 * waterfall_print() - one line for each traced cell and kernel, one column for each phase
 * @result:	a merged one
 * @f:		where to
 *
 * A table for each pattern, size and placement that was traced. Figures are a phase's sum over
 * all messages divided by their number, whether they have that phase or not, so a line adds up
 * to its total. Several runs of one kernel are taken together. Cells without a clock are left
 * out.
 *
 * Return: 0 or -ENOMEM.
 */
int waterfall_print(json_t *result, FILE *f);

#endif /* IPCSCOPE_REPORT_WATERFALL_H */
