/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The result: plain data, schema "ipcscope-result/1" (result.schema.json says it in
 * full). Everything printed or drawn is a pure function of it.
 */
#ifndef IPCSCOPE_RESULT_H
#define IPCSCOPE_RESULT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include "cli.h"
#include "clock.h"
#include "plan.h"

#define RESULT_SCHEMA	"ipcscope-result/1"

/**
 * result_build() - cells to data
 * @plan:	the cells
 * @cfg:	what was asked for; part of each cell's definition
 * @clock:	its unit decides what may be shown
 * @manifest:	reference is taken over
 * @complete:	false: the run was interrupted, cells may have fewer launches
 *
 * Return: a new object, NULL without memory.
 */
json_t *result_build(const struct plan *plan, const struct run_cfg *cfg,
		     const struct clock *clock, json_t *manifest, bool complete);

/**
 * result_load() - read a result file
 * @path:	the file
 * @why:	reason on error
 *
 * Return: a new object, or NULL: unreadable, not JSON, or not this schema.
 */
json_t *result_load(const char *path, struct mech_why *why);

/**
 * result_merge() - put the runs of one result behind those of another
 * @to:		grows
 * @from:	is left alone
 * @why:	reason on error
 *
 * Cells keep the circumstances that they were measured under: cell.run counts through
 * manifest.runs.
 *
 * Return: 0, -ENOMEM, or -EINVAL when both have a cell of the same name with a different
 * definition or unit, or figures of it from another system: such must not make one mean.
 * Another release of the kernel is none: the report has a column for each.
 */
int result_merge(json_t *to, json_t *from, struct mech_why *why);

/* Write with line breaks, the same bytes for the same data. 0 or -errno. */
int result_write(json_t *result, FILE *f);

#endif /* IPCSCOPE_RESULT_H */
