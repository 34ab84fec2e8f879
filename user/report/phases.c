// SPDX-License-Identifier: GPL-2.0
#include <string.h>
#include "group.h"
#include "number.h"
#include "phases.h"

static void phases_value(json_t *phase, const char *key, FILE *f)
{
	json_t *v = json_object_get(phase, key);
	char buf[24];

	fprintf(f, " %9s", json_is_real(v) ?
		report_number(buf, sizeof(buf), json_real_value(v)) : json_is_integer(v) ?
		report_count(buf, sizeof(buf), group_integer(phase, key)) : "-");
}

/* A corrected figure and half its interval, beside the raw one. */
static void phases_corrected(json_t *o, FILE *f)
{
	json_t *fit = json_object_get(o, "corrected"), *ci = json_object_get(fit, "ci95");
	const double mean = json_number_value(json_object_get(fit, "value"));
	const double hi = json_number_value(json_array_get(ci, 1));
	char value[24], half[24] = "?";

	if (!fit)
		return;
	if (json_is_array(ci))
		report_number(half, sizeof(half), hi - mean);
	fprintf(f, " %9s +- %-7s", report_number(value, sizeof(value), mean), half);
}

static void phases_line(json_t *phase, json_t *traced, FILE *f)
{
	double total = (double)group_integer(traced, "total");
	json_t *sum = json_object_get(phase, "sum");

	fprintf(f, "  %-10s", group_string(phase, "name"));
	if (json_is_true(json_object_get(phase, "absent"))) {
		fprintf(f, " %9s %9s %9s %9s %7s  %s cannot be used here\n", "n/a", "n/a", "n/a",
			"n/a", "n/a", group_string(phase, "hook"));
		return;
	}
	phases_value(phase, "n", f);
	phases_value(phase, "mean", f);
	phases_value(phase, "p50", f);
	phases_value(phase, "p99", f);
	if (json_is_integer(sum) && total > 0)
		fprintf(f, " %6.1f%%", 100 * (double)json_integer_value(sum) / total);
	else
		fprintf(f, " %7s", "-");
	phases_corrected(phase, f);
	fprintf(f, "  %s\n", group_string(phase, "hook"));
}

/* The parts are summed here, from the printed data: the total is checked, not repeated. */
static void phases_total(json_t *phases, json_t *traced, FILE *f)
{
	const uint64_t total = group_integer(traced, "total");
	const uint64_t n = group_integer(traced, "messages");
	uint64_t sum = 0;
	json_t *phase;
	char buf[24];
	size_t i;

	if (!json_is_integer(json_object_get(traced, "total")) || !n)
		return;
	json_array_foreach(phases, i, phase)
		sum += group_integer(phase, "sum");
	fprintf(f, "  %-10s", "total");
	fprintf(f, " %9s", report_count(buf, sizeof(buf), n));
	fprintf(f, " %9s", report_number(buf, sizeof(buf), (double)total / (double)n));
	fprintf(f, "  sum of phases %llu %s send entry to receive exit %llu\n",
		(unsigned long long)sum, sum == total ? "=" : "DIFFERS FROM",
		(unsigned long long)total);
}

/* What must be 0 in a certificate. */
static const char *const phases_zero[] = {
	"unmatched", "missed", "map_failed", "overwritten", "negative", "mispaired", "unreadable",
};

#define PHASES_ZERO	(sizeof(phases_zero) / sizeof(phases_zero[0]))

uint64_t phases_broken(json_t *cert)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < PHASES_ZERO; i++)
		sum += group_integer(cert, phases_zero[i]);
	return sum;
}

static void phases_cert(json_t *cert, FILE *f)
{
	fprintf(f, "  certificate: sent %llu, received %llu, in flight %llu;",
		(unsigned long long)group_integer(cert, "sent"),
		(unsigned long long)group_integer(cert, "received"),
		(unsigned long long)group_integer(cert, "in_flight"));
	for (size_t i = 0; i < PHASES_ZERO; i++)
		fprintf(f, " %s %llu", phases_zero[i],
			(unsigned long long)group_integer(cert, phases_zero[i]));
	fputc('\n', f);
}

static void phases_cost(json_t *cell, json_t *traced, FILE *f)
{
	json_t *plain = json_object_get(cell, "cost"), *with = json_object_get(traced, "cost");
	double a = json_number_value(json_object_get(plain, "per_msg"));
	double b = json_number_value(json_object_get(with, "per_msg"));
	char x[24], y[24], z[24];

	if (!json_is_object(plain) || !json_is_object(with))
		return;
	fprintf(f, "  probes: %s untraced, %s traced: they add %s%s %s (%.1f %%) to a %s\n",
		report_number(x, sizeof(x), a), report_number(y, sizeof(y), b),
		b < a ? "-" : "", report_number(z, sizeof(z), b < a ? a - b : b - a),
		group_string(cell, "unit"), 100 * (b - a) / a,
		strcmp(group_string(cell, "pattern"), "pingpong") ? "message" : "round trip");
	if (*group_string(traced, "no_ladder"))
		fprintf(f, "  no ladder: %s\n", group_string(traced, "no_ladder"));
	if (!json_object_get(traced, "corrected"))
		return;
	fprintf(f, "  ladder of 1, 2 and 4 empty programs beside each: corrected for the call of a probe, not for what it does:");
	phases_corrected(traced, f);
	fputc('\n', f);
}

/* Results of older versions have none; null is: nobody could tell. */
static void phases_classes(json_t *traced, FILE *f)
{
	const char *note = group_string(traced, "note"), *name;
	json_t *classes = json_object_get(traced, "classes"), *n;
	const char *comma = "";

	if (*note)
		fprintf(f, "  probe set %s: %s\n", group_string(traced, "set"), note);
	if (!classes)
		return;
	if (!json_is_object(classes)) {
		fprintf(f, "  classes: n/a\n");
		return;
	}
	fprintf(f, "  classes:");
	json_object_foreach(classes, name, n) {
		fprintf(f, "%s %s %llu", comma, name, (unsigned long long)json_integer_value(n));
		comma = ",";
	}
	fputc('\n', f);
}

static void phases_cell(json_t *cell, FILE *f)
{
	json_t *traced = json_object_get(cell, "traced"), *phases, *phase;
	const char *unit = group_string(cell, "unit");
	size_t i;

	fprintf(f, "\nphases of %s, run %llu, sender to receiver [%s]; ", group_string(cell, "id"),
		(unsigned long long)group_integer(cell, "run") + 1,
		strcmp(unit, "none") ? unit : "not timed");
	if (json_is_null(json_object_get(traced, "slept")))
		fprintf(f, "who slept cannot be told here\n");
	else
		fprintf(f, "in %llu of %llu the receiver slept\n",
			(unsigned long long)group_integer(traced, "slept"),
			(unsigned long long)group_integer(traced, "messages"));
	phases_classes(traced, f);
	if (!strcmp(unit, "none")) {
		phases_cert(json_object_get(cell, "certificate"), f);
		return;
	}
	fprintf(f, "  %-10s %9s %9s %9s %9s %7s%s  %s\n", "phase", "messages", "mean", "p50", "p99",
		"share", json_object_get(traced, "corrected") ? " corrected mean    " : "",
		"ends at");
	phases = json_object_get(cell, "phases");
	json_array_foreach(phases, i, phase)
		phases_line(phase, traced, f);
	phases_total(phases, traced, f);
	phases_cert(json_object_get(cell, "certificate"), f);
	phases_cost(cell, traced, f);
}

static int phases_same(json_t *a, json_t *b, const char *key)
{
	return !strcmp(group_string(a, key), group_string(b, key));
}

/* Every mechanism with this cell's reason, each once. */
static void phases_without(json_t *cells, json_t *like, FILE *f)
{
	json_t *cell;
	size_t i;

	fprintf(f, "\nno phases of");
	json_array_foreach(cells, i, cell) {
		size_t j = 0;

		if (!phases_same(cell, like, "untraced"))
			continue;
		while (!phases_same(json_array_get(cells, j), cell, "mech") ||
		       !phases_same(json_array_get(cells, j), cell, "untraced"))
			j++;
		if (j == i)
			fprintf(f, " %s", group_string(cell, "mech"));
	}
	fprintf(f, ": %s\n", group_string(like, "untraced"));
}

void phases_absent(json_t *cells, FILE *f)
{
	json_t *cell;
	size_t i;

	json_array_foreach(cells, i, cell) {
		size_t j = 0;

		if (!json_object_get(cell, "untraced"))
			continue;
		while (!phases_same(json_array_get(cells, j), cell, "untraced"))
			j++;
		if (j == i)
			phases_without(cells, cell, f);
	}
}

void phases_print(json_t *cells, FILE *f)
{
	json_t *cell;
	size_t i;

	json_array_foreach(cells, i, cell)
		if (json_object_get(cell, "traced"))
			phases_cell(cell, f);
}
