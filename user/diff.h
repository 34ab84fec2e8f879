/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Is B slower than A? Two sets of runs, compared cell by cell and phase by phase.
 *
 * The rule. A run (of scripts/ab: a boot with a seed of its own) gives one figure for a
 * cell, its mean cost. The figures of A and of B are two samples; they may differ in spread
 * and number, so the interval of the difference of their means is Welch's. With one run on
 * a side, the launches in it stand for the runs.
 *
 * Many cells are asked at once, and one false alarm among them spoils the answer. So all
 * intervals together hold with DIFF_SURE: each alone with 1 - (1 - DIFF_SURE) / cells
 * (Bonferroni; nothing is assumed about how cells depend on each other). 99.9 %, because a
 * bisection asks a dozen times and must not go astray once.
 *
 * A cell has changed if its interval does not hold 0 and the difference is at least the
 * threshold: where a figure repeats to the digit, a single instruction would be certain.
 * A cell is unsure if nothing below DIFF_BLIND could have been seen.
 */
#ifndef IPCSCOPE_DIFF_H
#define IPCSCOPE_DIFF_H

#include <jansson.h>
#include "mech.h"

#define DIFF_SCHEMA	"ipcscope-diff/1"

/* All intervals of a comparison hold together with this probability. */
#define DIFF_SURE	0.999

/* Half an interval of more than this share of A's cost is no answer. */
#define DIFF_BLIND	0.1

/**
 * diff_build() - compare two results
 * @a:		one run or several, merged
 * @b:		likewise
 * @threshold:	the least change that matters, as a share of A's cost
 * @why:	reason on error
 *
 * Of the object: "cells" has the compared ones, the changed first, slower before faster,
 * the greatest change first. Each has its verdict: slower, faster, same, unsure; "a" and
 * "b", the means; "change" and "half", the difference and half its interval, in the unit of
 * the cell; and "phases" where both sides were traced: the share that each has in a message,
 * so that they add up, and their own intervals, all phases of the cell together as sure as
 * above. "left_out" has the other cells with the reason, "verdict" the exit status:
 * EXIT_OK, EXIT_SLOWER (a cell is), or EXIT_CANNOT_TELL (none is, and one failed on one
 * side only, or all are unsure, or there is none).
 *
 * Return: a new object. NULL: without memory, or a cell's definition or unit is not the
 * same on both sides.
 */
json_t *diff_build(json_t *a, json_t *b, double threshold, struct mech_why *why);

#endif /* IPCSCOPE_DIFF_H */
