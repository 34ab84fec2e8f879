/* SPDX-License-Identifier: GPL-2.0 */
/* What `ipcscope trace` saw, as plain data, and that for people. */
#ifndef IPCSCOPE_WATCH_RESULT_H
#define IPCSCOPE_WATCH_RESULT_H

#include <jansson.h>
#include <stdio.h>
#include "watch.h"

/**
 * watch_result() - the result of a trace
 * @w:		knows the names
 * @sum:	what was counted
 * @ns:		how long
 * @unit:	of times: "ns", "insn", or "none": they are null then
 *
 * Return: an object of schema ipcscope-trace/1, or NULL: no memory.
 */
json_t *watch_result(const struct watch *w, const struct watch_sum *sum, uint64_t ns,
		     const char *unit);

/* Print it. 0, or -EIO if @f does not take it all. */
int watch_report(const json_t *result, FILE *f);

#endif /* IPCSCOPE_WATCH_RESULT_H */
