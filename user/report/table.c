// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "cell.h"
#include "group.h"
#include "kernels.h"
#include "number.h"
#include "phases.h"
#include "report.h"
#include "scaling.h"
#include "waterfall.h"

/* Width of a placement: with figures as table_figures() prints them, and without. */
#define TABLE_WIDE	63
#define TABLE_NARROW	26
#define TABLE_FIGURES	" %9s %7s %8s %9s %6s %8s %8s "

/**
 * struct table - state of one report
 * @f:		where to
 * @cells:	the result's cells
 * @runs:	the result's manifests
 * @notes:	reasons already numbered
 * @several:	some cell was measured in more than one run
 * @kernels:	they stand side by side
 * @name:	width of the mechanisms' names
 * @wait:	width of the wait policies'
 */
struct table {
	FILE *f;
	json_t *cells;
	json_t *runs;
	struct notes notes;
	bool several;
	bool kernels;
	int name;
	int wait;
};

static void table_quantile(const struct group *g, unsigned int permille, char *buf, size_t len)
{
	uint64_t v;

	if (hist_quantile(&g->hist, permille, &v))
		snprintf(buf, len, "-");
	else
		report_number(buf, len, (double)v);
}

static void table_figures(struct table *t, const struct group *g)
{
	char cost[24], spread[16], p50[24], p99[24], sleeps[16] = "-", out[24], in[24];

	report_number(cost, sizeof(cost), g->cost);
	table_quantile(g, 500, p50, sizeof(p50));
	table_quantile(g, 990, p99, sizeof(p99));
	if (g->messages)
		snprintf(sleeps, sizeof(sleeps), "%.2f", (double)g->sleeps / (double)g->messages);
	fprintf(t->f, TABLE_FIGURES, cost, group_spread(g, spread, sizeof(spread)), p50, p99,
		sleeps, group_cpu(g, SIDE_SENDER, out, sizeof(out)),
		group_cpu(g, SIDE_RECEIVER, in, sizeof(in)));
}

static void table_cell(struct table *t, const char *id, int width)
{
	struct group *g = group_gather(t->cells, id);
	char text[64];

	group_words(g, &t->notes, text, sizeof(text));
	if (*text)
		fprintf(t->f, " %*s ", width - 2, text);
	else
		table_figures(t, g);
	free(g);
}

/* Unit of a placement's figures in one table, NULL: it has none. */
static const char *table_unit(struct table *t, json_t *like, const char *place)
{
	json_t *cell;
	size_t i;

	json_array_foreach(t->cells, i, cell) {
		if (strcmp(group_string(cell, "placement"), place) ||
		    strcmp(group_string(cell, "pattern"), group_string(like, "pattern")) ||
		    group_integer(cell, "size") != group_integer(like, "size") ||
		    strcmp(group_string(cell, "status"), "ok") ||
		    !strcmp(group_string(cell, "unit"), "none"))
			continue;
		return group_string(cell, "unit");
	}
	return NULL;
}

static int table_has_place(struct table *t, const char *place)
{
	json_t *cell;
	size_t i;

	json_array_foreach(t->cells, i, cell)
		if (!strcmp(group_string(cell, "placement"), place))
			return 1;
	return 0;
}

static void table_head(struct table *t, json_t *like)
{
	const char *pattern = group_string(like, "pattern");
	const char *spread = t->several ? "spread" : "+-95%";
	char group[64];

	fprintf(t->f, "\n%s, %llu-byte messages: cost of a %s\n\n", pattern,
		(unsigned long long)group_integer(like, "size"),
		strcmp(pattern, "pingpong") ? "message" : "round trip");
	fprintf(t->f, "%*s", t->name + 1 + t->wait, "");
	for (enum topo_place p = 0; p < PLACE_PAIRS; p++) {
		const char *unit = table_unit(t, like, topo_place_name(p));

		if (!table_has_place(t, topo_place_name(p)))
			continue;
		snprintf(group, sizeof(group), "%s [%s]", topo_place_name(p), unit ? unit : "not timed");
		fprintf(t->f, " %*s ", (unit ? TABLE_WIDE : TABLE_NARROW) - 2, group);
	}
	fprintf(t->f, "\n%-*s %-*s", t->name, "mechanism", t->wait, "wait");
	for (enum topo_place p = 0; p < PLACE_PAIRS; p++) {
		if (!table_has_place(t, topo_place_name(p)))
			continue;
		if (table_unit(t, like, topo_place_name(p)))
			fprintf(t->f, TABLE_FIGURES, "mean", spread, "p50", "p99", "sleeps",
				"CPU:send", "CPU:recv");
		else
			fprintf(t->f, "%*s", TABLE_NARROW, "");
	}
	fputc('\n', t->f);
}

static int table_same_row(json_t *a, json_t *b)
{
	return !strcmp(group_string(a, "pattern"), group_string(b, "pattern")) &&
	       group_integer(a, "size") == group_integer(b, "size") &&
	       !strcmp(group_string(a, "mech"), group_string(b, "mech")) &&
	       !strcmp(group_string(a, "wait"), group_string(b, "wait"));
}

static int table_same_table(json_t *a, json_t *b)
{
	return !strcmp(group_string(a, "pattern"), group_string(b, "pattern")) &&
	       group_integer(a, "size") == group_integer(b, "size");
}

static int table_width(struct table *t, json_t *like, const char *place)
{
	return table_unit(t, like, place) ? TABLE_WIDE : TABLE_NARROW;
}

static void table_row(struct table *t, json_t *like)
{
	fprintf(t->f, "%-*s %-*s", t->name, group_string(like, "mech"), t->wait,
		group_string(like, "wait"));
	for (enum topo_place p = 0; p < PLACE_PAIRS; p++) {
		char id[160];

		if (!table_has_place(t, topo_place_name(p)))
			continue;
		snprintf(id, sizeof(id), "%s/%s/%s/%llu/%s", group_string(like, "mech"),
			 group_string(like, "pattern"), group_string(like, "wait"),
			 (unsigned long long)group_integer(like, "size"), topo_place_name(p));
		table_cell(t, id, table_width(t, like, topo_place_name(p)));
	}
	fputc('\n', t->f);
}

/* Is cell @n the first one for which @same holds? */
static int table_first(struct table *t, size_t n, int (*same)(json_t *a, json_t *b))
{
	json_t *cell = json_array_get(t->cells, n);

	for (size_t i = 0; i < n; i++) {
		json_t *before = json_array_get(t->cells, i);

		if (!scaling_is_wide(before) && same(before, cell))
			return 0;
	}
	return 1;
}

static void table_tables(struct table *t)
{
	const size_t n = json_array_size(t->cells);

	t->name = group_width(t->cells, "mech", "mechanism");
	t->wait = group_width(t->cells, "wait", "wait");
	for (size_t i = 0; i < n; i++) {
		json_t *head = json_array_get(t->cells, i);

		if (scaling_is_wide(head) || !table_first(t, i, table_same_table))
			continue;
		table_head(t, head);
		for (size_t j = i; j < n; j++)
			if (!scaling_is_wide(json_array_get(t->cells, j)) &&
			    table_same_table(head, json_array_get(t->cells, j)) &&
			    table_first(t, j, table_same_row))
				table_row(t, json_array_get(t->cells, j));
	}
}

/* All cells of a run, those with a width, too. */
static void table_counts(struct table *t, size_t n)
{
	static const char *const word[] = { "ok", "skip", "fail" };
	uint64_t count[3] = { 0 }, received = 0, lost = 0;
	char a[24], b[24];
	json_t *cell;
	size_t i;

	json_array_foreach(t->cells, i, cell) {
		json_t *verify = json_object_get(cell, "verify");

		if (group_integer(cell, "run") != n)
			continue;
		for (size_t k = 0; k < 3; k++)
			count[k] += !strcmp(group_string(cell, "status"), word[k]);
		received += group_integer(verify, "received");
		lost += group_integer(verify, "lost");
	}
	fprintf(t->f, "       %llu cells ran, %llu skipped, %llu failed; %s messages verified, %s lost\n",
		(unsigned long long)count[0], (unsigned long long)count[1],
		(unsigned long long)count[2], report_count(a, sizeof(a), received),
		lost ? report_count(b, sizeof(b), lost) : "none");
}

static void table_run(struct table *t, size_t n, json_t *run)
{
	json_t *kernel = json_object_get(run, "kernel"), *clock = json_object_get(run, "clock");
	const char *unit = group_string(clock, "unit"), *note = group_string(run, "note");
	const char *hypervisor = group_string(run, "hypervisor");
	json_t *offset = json_object_get(clock, "offset_bound");

	fprintf(t->f, "run %zu: Linux %s, %zu CPU%s, %s%s%s; ", n + 1,
		group_string(kernel, "release"), json_array_size(json_object_get(run, "cpus")),
		json_array_size(json_object_get(run, "cpus")) == 1 ? "" : "s",
		*hypervisor ? hypervisor : "no hypervisor", *note ? "; " : "", note);
	if (!strcmp(unit, "none"))
		fprintf(t->f, "an emulator's times are not results\n");
	else if (!strcmp(unit, "insn"))
		fprintf(t->f, "clock: instructions, counted by the emulator%s\n",
			json_array_size(json_object_get(run, "cpus")) == 1 ? "" :
			", of all CPUs, which take turns");
	else if (json_is_integer(offset))
		fprintf(t->f, "clock %s costs %llu ns, CPUs agree within %llu ns\n",
			group_string(clock, "source"),
			(unsigned long long)group_integer(clock, "cost"),
			(unsigned long long)json_integer_value(offset));
	else
		fprintf(t->f, "clock %s costs %llu ns\n", group_string(clock, "source"),
			(unsigned long long)group_integer(clock, "cost"));
}

/* What a task's CPU time counts. */
static const char *table_cpu(struct table *t)
{
	json_t *run;
	size_t i;

	json_array_foreach(t->runs, i, run)
		if (!strcmp(group_string(json_object_get(run, "clock"), "unit"), "insn"))
			return " [insn]";
	return " [ns]";
}

static void table_legend(struct table *t)
{
	json_t *run;
	size_t i;

	if (t->kernels)
		fputs("\n+-95%: half the 95 % confidence interval of the mean; spread, of several runs: (greatest - least) / mean\nratio: to the first kernel's mean\n",
		      t->f);
	else
		fprintf(t->f, "\n%s\nsleeps: of both sides; CPU: time of each%s; per message or round trip\n",
			t->several ?
			"mean over the runs; spread: (greatest - least) / mean of the runs' costs" :
			"+-95%: half the 95 % confidence interval of the mean", table_cpu(t));
	json_array_foreach(t->runs, i, run) {
		table_run(t, i, run);
		table_counts(t, i);
	}
}

int report_table(json_t *result, FILE *f)
{
	struct table t = {
		.f = f,
		.cells = json_object_get(result, "cells"),
		.runs = json_object_get(json_object_get(result, "manifest"), "runs"),
		.kernels = kernels_differ(result),
	};
	int ret = 0;

	t.several = !t.kernels && group_several(t.cells);
	if (!json_is_true(json_object_get(result, "complete")))
		fprintf(f, "\nPARTIAL: the run was interrupted; cells may rest on fewer launches.\n");
	/* The tables last: they are what a terminal shows without scrolling. */
	if (!t.kernels)
		phases_print(t.cells, f);
	phases_absent(t.cells, f);
	ret = waterfall_print(result, f);
	scaling_print(result, f);
	if (t.kernels)
		ret = kernels_print(result, &t.notes, f) ?: ret;
	else
		table_tables(&t);
	notes_print(&t.notes, f);
	table_legend(&t);
	return fflush(f) || ferror(f) ? -EIO : ret;
}
