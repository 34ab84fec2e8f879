/* SPDX-License-Identifier: GPL-2.0 */
/* Cells of the same name from several runs, taken together. */
#ifndef IPCSCOPE_REPORT_GROUP_H
#define IPCSCOPE_REPORT_GROUP_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "hist.h"
#include "mech.h"
#include "notes.h"

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
 * @cpu:	CPU time of each side in them, in @unit
 * @uncounted:	runs that do not say so
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
	uint64_t cpu[SIDE_COUNT];
	size_t uncounted;
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

/* Was some cell measured in more than one run? */
bool group_several(json_t *cells);

/* Of the longest word that the cells have for @key, and of @title: so that columns stand. */
int group_width(json_t *cells, const char *key, const char *title);

/* All three return @buf. "skip [3]" and the like, "" if there are figures. */
char *group_words(const struct group *g, struct notes *notes, char *buf, size_t len);

/* Half the interval (one run) or the whole range (several), in percent of the cost. */
char *group_spread(const struct group *g, char *buf, size_t len);

/* CPU time of a side for each message. */
char *group_cpu(const struct group *g, enum mech_side side, char *buf, size_t len);

/* String member of an object, "" where there is none. */
const char *group_string(json_t *o, const char *key);

/* Integer member of an object, 0 where there is none. */
uint64_t group_integer(json_t *o, const char *key);

#endif /* IPCSCOPE_REPORT_GROUP_H */
