/* SPDX-License-Identifier: GPL-2.0 */
/* The observer's effect: from launches with more and more probes to one with none. */
#ifndef IPCSCOPE_LADDER_H
#define IPCSCOPE_LADDER_H

#include <jansson.h>
#include "cell.h"

/* In place of a phase: the cost of a message, or round trip. */
#define LADDER_COST	TRACE_PHASES_MAX

/**
 * ladder_add() - what a figure would be without the calls of the probes
 * @o:		gets "dispatch", what one more program at each hook adds, and "corrected", the
 *		figure less that, both with an interval; nothing if there was no ladder
 * @c:		the cell
 * @phase:	which of its phases, or LADDER_COST
 *
 * Corrected is for the call of a program, not for what it does.
 */
void ladder_add(json_t *o, const struct cell *c, unsigned int phase);

#endif /* IPCSCOPE_LADDER_H */
