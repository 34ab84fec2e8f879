/* SPDX-License-Identifier: GPL-2.0 */
/* Cells of the same name from several runs, taken together. */
#ifndef IPCSCOPE_REPORT_GROUP_H
#define IPCSCOPE_REPORT_GROUP_H

#include <jansson.h>
#include <stdint.h>
#include "hist.h"

/**
 * struct group - what the runs say about one cell
 * @first:	the cell of the first run, for its axes and reason
 * @failed:	the first run's cell that failed, else NULL
 * @ok:		runs that verified it
 * @timed:	of them, runs with figures
 * @unit:	of the figures; "none": there are none
 * @cost:	mean of the runs' costs
 * @lo:		least cost of a run, or lower 95 % bound with one run
 * @hi:		greatest cost of a run, or upper bound
 * @bounded:	@lo and @hi mean something
 * @received:	verified messages
 * @messages:	messages of the measured blocks
 * @sleeps:	times that a side slept in them
 * @hist:	merged latencies
 */
struct group {
	json_t *first;
	json_t *failed;
	size_t ok;
	size_t timed;
	const char *unit;
	double cost;
	double lo;
	double hi;
	int bounded;
	uint64_t received;
	uint64_t messages;
	uint64_t sleeps;
	struct hist hist;
};

/**
 * group_gather() - find all cells of one name
 * @cells:	the result's cells
 * @id:		the name
 *
 * Return: a group to be released with free(), NULL without memory or such a cell.
 */
struct group *group_gather(json_t *cells, const char *id);

/* String member of an object, "" where there is none. */
const char *group_string(json_t *o, const char *key);

/* Integer member of an object, 0 where there is none. */
uint64_t group_integer(json_t *o, const char *key);

#endif /* IPCSCOPE_REPORT_GROUP_H */
