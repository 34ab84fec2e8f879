// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <math.h>
#include <string.h>
#include "group.h"
#include "number.h"
#include "report.h"

/* For the widest name of a cell in use, with its indent. */
#define CHANGES_NAME	42

static double changes_real(json_t *o, const char *key)
{
	return json_number_value(json_object_get(o, key));
}

/* With its sign, which report_number() does not know. */
static char *changes_signed(char *buf, size_t len, double v)
{
	buf[0] = v < 0 ? '-' : '+';
	report_number(buf + 1, len - 1, fabs(v));
	return buf;
}

static const char *changes_value(json_t *o, const char *key, char *buf, size_t len)
{
	if (!json_is_number(json_object_get(o, key)))
		return "n/a";
	return report_number(buf, len, changes_real(o, key));
}

/* @cost: what 100 % is. */
static void changes_line(json_t *o, const char *name, double cost, FILE *f)
{
	char a[24], b[24], change[24];

	fprintf(f, "%-*s %10s %10s", CHANGES_NAME, name, changes_value(o, "a", a, sizeof(a)),
		changes_value(o, "b", b, sizeof(b)));
	if (!json_is_number(json_object_get(o, "change"))) {
		fprintf(f, " %10s", "n/a");
		return;
	}
	fprintf(f, " %10s %+7.2f%%", changes_signed(change, sizeof(change),
						    changes_real(o, "change")),
		100 * changes_real(o, "change") / cost);
	if (json_is_number(json_object_get(o, "half")))
		fprintf(f, " %8.2f%%", 100 * changes_real(o, "half") / cost);
	else
		fprintf(f, " %9s", "n/a");
}

static void changes_phases(json_t *cell, FILE *f)
{
	json_t *phase;
	size_t i;

	json_array_foreach(json_object_get(cell, "phases"), i, phase) {
		char name[64];

		snprintf(name, sizeof(name), "  %c %s",
			 json_is_true(json_object_get(phase, "changed")) ? '*' : ' ',
			 group_string(phase, "name"));
		changes_line(phase, name, changes_real(cell, "a"), f);
		fprintf(f, "  %s\n", group_string(phase, "hook"));
	}
}

static size_t changes_count(json_t *cells, const char *verdict)
{
	json_t *cell;
	size_t n = 0, i;

	json_array_foreach(cells, i, cell)
		n += !strcmp(group_string(cell, "verdict"), verdict);
	return n;
}

static void changes_cells(json_t *cells, const char *verdict, const char *head, FILE *f)
{
	const int changed = !strcmp(verdict, "slower") || !strcmp(verdict, "faster");
	json_t *cell;
	size_t i;

	if (!changes_count(cells, verdict))
		return;
	fprintf(f, "\n%-*s %10s %10s %10s %8s %9s\n", CHANGES_NAME, head, "A", "B", "B - A", "",
		"+-");
	json_array_foreach(cells, i, cell) {
		if (strcmp(group_string(cell, "verdict"), verdict))
			continue;
		changes_line(cell, group_string(cell, "id"), changes_real(cell, "a"), f);
		fprintf(f, "  %s\n", group_string(cell, "unit"));
		if (changed)
			changes_phases(cell, f);
	}
}

static void changes_left_out(json_t *left_out, FILE *f)
{
	json_t *cell;
	size_t i;

	if (json_array_size(left_out))
		fprintf(f, "\nnot compared:\n");
	json_array_foreach(left_out, i, cell)
		fprintf(f, "%s%s%s: %s\n", group_string(cell, "id"),
			*group_string(cell, "side") ? " in " : "", group_string(cell, "side"),
			group_string(cell, "reason"));
}

/* Runs that differ in nothing but their seed stand once. */
static int changes_same_run(json_t *a, json_t *b)
{
	return json_equal(json_object_get(a, "kernel"), json_object_get(b, "kernel")) &&
	       json_equal(json_object_get(a, "note"), json_object_get(b, "note"));
}

static void changes_side(json_t *diff, const char *key, const char *name, FILE *f)
{
	json_t *runs = json_object_get(json_object_get(diff, key), "runs"), *run;
	size_t i, j, n;

	json_array_foreach(runs, i, run) {
		json_t *kernel = json_object_get(run, "kernel");

		for (j = 0; j < i && !changes_same_run(json_array_get(runs, j), run); j++)
			;
		if (j < i)
			continue;
		for (n = 0; j < json_array_size(runs); j++)
			n += (size_t)changes_same_run(json_array_get(runs, j), run);
		fprintf(f, "%s: %zu run%s, Linux %s%s%s\n", name, n, n == 1 ? "" : "s",
			group_string(kernel, "release"), *group_string(run, "note") ? "; " : "",
			group_string(run, "note"));
		fprintf(f, "   %s\n", group_string(kernel, "cmdline"));
	}
}

static void changes_sum(json_t *diff, FILE *f)
{
	json_t *cells = json_object_get(diff, "cells");

	fprintf(f, "\n%zu cells compared: %zu slower, %zu faster, %zu unsure, %zu the same\n",
		json_array_size(cells), changes_count(cells, "slower"),
		changes_count(cells, "faster"), changes_count(cells, "unsure"),
		changes_count(cells, "same"));
	fprintf(f, "+-: half the interval; all cells hold theirs together with %.1f %% probability\n",
		100 * changes_real(diff, "sure"));
	fprintf(f, "changed: the interval does not hold 0, and by %g %% or more; %% of A's cost\n",
		100 * changes_real(diff, "threshold"));
}

int report_diff(json_t *diff, FILE *f)
{
	json_t *cells = json_object_get(diff, "cells");

	if (!json_is_true(json_object_get(diff, "complete")))
		fprintf(f, "\nPARTIAL: a run was interrupted; cells may rest on fewer launches.\n");
	changes_cells(cells, "slower", "slower", f);
	changes_cells(cells, "faster", "faster", f);
	changes_cells(cells, "unsure", "unsure: only more than +- could be seen", f);
	changes_cells(cells, "same", "the same", f);
	changes_left_out(json_object_get(diff, "left_out"), f);
	changes_sum(diff, f);
	changes_side(diff, "a", "A", f);
	changes_side(diff, "b", "B", f);
	return fflush(f) || ferror(f) ? -EIO : 0;
}
