// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "group.h"
#include "kernels.h"
#include "number.h"
#include "phases.h"
#include "waterfall.h"

/* Names that all probe sets together have for their phases: no more than two sets' worth. */
#define WATERFALL_PHASES	16

/**
 * struct waterfall_line - one cell on one kernel
 * @cell:	of the first run, for its axes
 * @release:	the kernel's
 * @messages:	of all runs
 * @total:	their way, summed
 * @sent:	by the certificates
 * @broken:	lines of them that should be 0 and are not, summed
 * @sum:	by phase; of @total
 * @has:	phases that this probe set tells
 * @absent:	of them, those that it cannot tell here
 */
struct waterfall_line {
	json_t *cell;
	const char *release;
	uint64_t messages;
	uint64_t total;
	uint64_t sent;
	uint64_t broken;
	uint64_t sum[WATERFALL_PHASES];
	bool has[WATERFALL_PHASES];
	bool absent[WATERFALL_PHASES];
};

/**
 * struct waterfall - state of one report
 * @f:		where to
 * @line:	in the order of the cells
 * @nlines:	how many
 * @phase:	names of the columns
 * @nphases:	how many
 */
struct waterfall {
	FILE *f;
	struct waterfall_line *line;
	size_t nlines;
	const char *phase[WATERFALL_PHASES];
	size_t nphases;
};

static size_t waterfall_column(struct waterfall *w, const char *name)
{
	size_t i = 0;

	while (i < w->nphases && strcmp(w->phase[i], name))
		i++;
	if (i == w->nphases && i < WATERFALL_PHASES)
		w->phase[w->nphases++] = name;
	return i;
}

static bool waterfall_traced(json_t *cell)
{
	json_t *traced = json_object_get(cell, "traced");

	return strcmp(group_string(cell, "unit"), "none") &&
	       json_is_integer(json_object_get(traced, "total")) &&
	       group_integer(traced, "messages");
}

static struct waterfall_line *waterfall_find(struct waterfall *w, json_t *cell,
					     const char *release)
{
	struct waterfall_line *grown, *l;

	for (size_t i = 0; i < w->nlines; i++) {
		l = &w->line[i];
		if (!strcmp(group_string(l->cell, "id"), group_string(cell, "id")) &&
		    !strcmp(l->release, release))
			return l;
	}
	grown = realloc(w->line, (w->nlines + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	w->line = grown;
	l = &grown[w->nlines++];
	*l = (struct waterfall_line){ .cell = cell, .release = release };
	return l;
}

static void waterfall_add(struct waterfall *w, struct waterfall_line *l, json_t *cell)
{
	json_t *traced = json_object_get(cell, "traced"), *phase;
	json_t *cert = json_object_get(cell, "certificate");
	size_t i;

	l->messages += group_integer(traced, "messages");
	l->total += group_integer(traced, "total");
	l->sent += group_integer(cert, "sent");
	l->broken += phases_broken(cert);
	json_array_foreach(json_object_get(cell, "phases"), i, phase) {
		size_t k = waterfall_column(w, group_string(phase, "name"));

		if (k == WATERFALL_PHASES)
			continue;
		l->has[k] = true;
		l->absent[k] = l->absent[k] || json_is_true(json_object_get(phase, "absent"));
		l->sum[k] += group_integer(phase, "sum");
	}
}

static int waterfall_gather(struct waterfall *w, json_t *result)
{
	json_t *cell;
	size_t i;

	json_array_foreach(json_object_get(result, "cells"), i, cell) {
		struct waterfall_line *l;

		if (!waterfall_traced(cell))
			continue;
		l = waterfall_find(w, cell, kernels_release(result, cell));
		if (!l)
			return -ENOMEM;
		waterfall_add(w, l, cell);
	}
	return 0;
}

static bool waterfall_same_table(json_t *a, json_t *b)
{
	return !strcmp(group_string(a, "pattern"), group_string(b, "pattern")) &&
	       !strcmp(group_string(a, "placement"), group_string(b, "placement")) &&
	       !strcmp(group_string(a, "unit"), group_string(b, "unit")) &&
	       group_integer(a, "size") == group_integer(b, "size");
}

static int waterfall_wide(struct waterfall *w, const char *key, const char *title)
{
	size_t width = strlen(title);

	for (size_t i = 0; i < w->nlines; i++) {
		size_t len = strlen(group_string(w->line[i].cell, key));

		width = len > width ? len : width;
	}
	return (int)width;
}

static int waterfall_kernel(struct waterfall *w)
{
	size_t width = strlen("kernel");

	for (size_t i = 0; i < w->nlines; i++) {
		size_t len = strlen(w->line[i].release);

		width = len > width ? len : width;
	}
	return (int)width;
}

/* Has a line of @like's table something to say about phase @k? */
static bool waterfall_used(struct waterfall *w, json_t *like, size_t k)
{
	for (size_t i = 0; i < w->nlines; i++)
		if (w->line[i].has[k] && waterfall_same_table(w->line[i].cell, like))
			return true;
	return false;
}

static void waterfall_head(struct waterfall *w, json_t *like)
{
	fprintf(w->f, "\nphases of %s, %llu-byte messages, %s: from send entry to receive exit, mean of a message [%s]\n\n",
		group_string(like, "pattern"), (unsigned long long)group_integer(like, "size"),
		group_string(like, "placement"), group_string(like, "unit"));
	fprintf(w->f, "%-*s %-*s %-*s", waterfall_wide(w, "mech", "mechanism"), "mechanism",
		waterfall_wide(w, "wait", "wait"), "wait", waterfall_kernel(w), "kernel");
	for (size_t k = 0; k < w->nphases; k++)
		if (waterfall_used(w, like, k))
			fprintf(w->f, " %9s", w->phase[k]);
	fprintf(w->f, " %9s %9s  %s\n", "total", "messages", "certificate");
}

static void waterfall_phase(struct waterfall *w, const struct waterfall_line *l, size_t k)
{
	char buf[24];

	if (!l->has[k] || l->absent[k])
		fprintf(w->f, " %9s", l->absent[k] ? "n/a" : "-");
	else
		fprintf(w->f, " %9s", report_number(buf, sizeof(buf), (double)l->sum[k] /
						    (double)l->messages));
}

/* The parts are summed here, from the result: the total is checked, not repeated. */
static void waterfall_line(struct waterfall *w, const struct waterfall_line *l)
{
	uint64_t sum = 0;
	char a[24], b[24];

	fprintf(w->f, "%-*s %-*s %-*s", waterfall_wide(w, "mech", "mechanism"),
		group_string(l->cell, "mech"), waterfall_wide(w, "wait", "wait"),
		group_string(l->cell, "wait"), waterfall_kernel(w), l->release);
	for (size_t k = 0; k < w->nphases; k++) {
		sum += l->sum[k];
		if (waterfall_used(w, l->cell, k))
			waterfall_phase(w, l, k);
	}
	fprintf(w->f, " %9s %9s  ", report_number(a, sizeof(a), (double)l->total /
						   (double)l->messages),
		report_count(b, sizeof(b), l->messages));
	if (sum != l->total)
		fprintf(w->f, "the phases add up to %llu, NOT to %llu\n", (unsigned long long)sum,
			(unsigned long long)l->total);
	else if (l->broken)
		fprintf(w->f, "BROKEN, %llu of %llu messages\n", (unsigned long long)l->broken,
			(unsigned long long)l->sent);
	else
		fprintf(w->f, "all 0 of %s sent\n", report_count(a, sizeof(a), l->sent));
}

/* A mechanism's kernels stand below each other. */
static void waterfall_table(struct waterfall *w, size_t first)
{
	json_t *like = w->line[first].cell;
	bool done[w->nlines];

	memset(done, 0, sizeof(done));
	waterfall_head(w, like);
	for (size_t i = first; i < w->nlines; i++) {
		if (!waterfall_same_table(w->line[i].cell, like))
			continue;
		for (size_t j = i; j < w->nlines; j++) {
			if (done[j] || strcmp(group_string(w->line[i].cell, "id"),
					      group_string(w->line[j].cell, "id")))
				continue;
			waterfall_line(w, &w->line[j]);
			done[j] = true;
		}
	}
}

int waterfall_print(json_t *result, FILE *f)
{
	struct waterfall w = { .f = f };
	int ret = waterfall_gather(&w, result);

	for (size_t i = 0; !ret && i < w.nlines; i++) {
		size_t j = 0;

		while (!waterfall_same_table(w.line[i].cell, w.line[j].cell))
			j++;
		if (j == i)
			waterfall_table(&w, i);
	}
	free(w.line);
	return ret;
}
