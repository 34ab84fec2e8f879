/* SPDX-License-Identifier: GPL-2.0 */
/* Mean and confidence interval of block costs, grouped by launch. */
#ifndef IPCSCOPE_STATS_H
#define IPCSCOPE_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct stats_sample - the cost of one block
 * @launch:	pair of processes that it came from; samples are sorted by it
 * @value:	cost per message
 */
struct stats_sample {
	unsigned int launch;
	double value;
};

/**
 * struct stats_estimate - a mean and how far it can be trusted
 * @mean:	over all blocks
 * @lo:		95 % confidence interval, lower bound
 * @hi:		upper bound
 * @has_ci:	false with fewer than two launches: @lo and @hi say nothing
 */
struct stats_estimate {
	double mean;
	double lo;
	double hi;
	bool has_ci;
};

/**
 * stats_estimate() - mean with a 95 % confidence interval
 * @s:		samples, sorted by launch
 * @n:		how many, at least 1
 * @est:	filled
 *
 * Blocks of one launch share their memory layout and are not independent; the means of
 * the launches are, and the interval is Student's over them (Kalibera and Jones, ISMM
 * 2013). A bootstrap would be too narrow: with 3 launches it covers 79 %, not 95 %.
 */
void stats_estimate(const struct stats_sample *s, size_t n, struct stats_estimate *est);

/**
 * stats_line() - a straight line through points, and its value somewhere
 * @x:		where they are
 * @y:		their values
 * @n:		how many
 * @at:		where it is wanted
 * @est:	filled: the line's value there, 95 % interval by Student over the residuals
 * @slope:	likewise, of the line
 *
 * Return: 0, or -1: there are fewer than two places.
 */
int stats_line(const double *x, const double *y, size_t n, double at,
	       struct stats_estimate *est, struct stats_estimate *slope);

/**
 * stats_random() - next number of a xorshift64* generator
 * @state:	not 0
 */
uint64_t stats_random(uint64_t *state);

#endif /* IPCSCOPE_STATS_H */
