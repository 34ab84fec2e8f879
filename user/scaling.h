/* SPDX-License-Identifier: GPL-2.0 */
/* From cells of several widths to curves, and the law that they follow. */
#ifndef IPCSCOPE_SCALING_H
#define IPCSCOPE_SCALING_H

#include <jansson.h>
#include "clock.h"
#include "plan.h"

/**
 * scaling_throughput() - what a wide cell does per unit of time
 * @c:		a cell that was measured
 * @clock:	its unit
 *
 * With a clock of nanoseconds: messages (round trips) per second. Where instructions are
 * counted, those of all CPUs are, one after the other: messages per million units of a
 * machine whose CPUs execute one instruction each in a unit, all at once.
 *
 * Return: an object, or null: there are no figures.
 */
json_t *scaling_throughput(const struct cell *c, const struct clock *clock);

/**
 * scaling_build() - the curves of all wide cells
 * @plan:	the cells
 * @clock:	their unit
 *
 * Cells that differ in width only are a curve. usl_fit() runs over each round's points;
 * the parameters' intervals are usl_estimate()'s.
 *
 * Return: an array, empty without wide cells.
 */
json_t *scaling_build(const struct plan *plan, const struct clock *clock);

#endif /* IPCSCOPE_SCALING_H */
