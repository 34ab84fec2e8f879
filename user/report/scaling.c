// SPDX-License-Identifier: GPL-2.0
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "amp.h"
#include "group.h"
#include "number.h"
#include "scaling.h"

bool scaling_is_wide(json_t *cell)
{
	return json_object_get(cell, "width");
}

static double scaling_number(json_t *o, const char *key)
{
	return json_number_value(json_object_get(o, key));
}

static const char *scaling_noun(json_t *cell)
{
	if (!strcmp(group_string(cell, "pattern"), "pingpong"))
		return "clients";
	return strcmp(group_string(cell, "pattern"), "fanin") ? "pairs" : "senders";
}

/* Is @id a curve's and a width? */
static bool scaling_on_curve(const char *id, const char *curve)
{
	const size_t len = strlen(curve);

	return !strncmp(id, curve, len) && id[len] == '/';
}

/* Half the interval in percent of the value. */
static void scaling_spread(json_t *o, const char *key, char *buf, size_t len)
{
	json_t *ci = json_object_get(o, "ci95");
	double half = (json_number_value(json_array_get(ci, 1)) -
		       json_number_value(json_array_get(ci, 0))) / 2;

	if (json_is_array(ci))
		snprintf(buf, len, "%.2f%%", 100 * half / scaling_number(o, key));
	else
		snprintf(buf, len, "n/a");
}

/* What the law says of a width, from the printed parameters. */
static void scaling_law(json_t *fit, double n, char *buf, size_t len)
{
	double lambda = scaling_number(json_object_get(fit, "lambda"), "value");
	double sigma = scaling_number(json_object_get(fit, "sigma"), "value");
	double kappa = scaling_number(json_object_get(fit, "kappa"), "value");

	if (json_is_object(fit))
		report_number(buf, len, lambda * n / (1 + sigma * (n - 1) + kappa * n * (n - 1)));
	else
		snprintf(buf, len, "-");
}

static json_t *scaling_point(json_t *curve, uint64_t width)
{
	json_t *p;
	size_t i;

	json_array_foreach(json_object_get(curve, "points"), i, p)
		if (group_integer(p, "width") == width)
			return p;
	return NULL;
}

static void scaling_figures(json_t *point, json_t *fit, FILE *f)
{
	char rate[24], spread[16], law[24];

	report_number(rate, sizeof(rate), scaling_number(point, "rate"));
	scaling_spread(point, "rate", spread, sizeof(spread));
	scaling_law(fit, (double)group_integer(point, "width"), law, sizeof(law));
	fprintf(f, "%7llu %6llu %12s %7s %9.2f %10.0f%% %12s\n",
		(unsigned long long)group_integer(point, "width"),
		(unsigned long long)group_integer(point, "cpus"), rate, spread,
		scaling_number(point, "speedup"), 100 * scaling_number(point, "efficiency"), law);
}

static void scaling_row(json_t *curve, json_t *cell, FILE *f)
{
	const uint64_t width = group_integer(cell, "width");
	json_t *point = scaling_point(curve, width);
	char count[24];

	if (point) {
		scaling_figures(point, json_object_get(curve, "fit"), f);
		return;
	}
	fprintf(f, "%7llu %6s ", (unsigned long long)width, "");
	if (!strcmp(group_string(cell, "status"), "ok"))
		fprintf(f, "works: %s verified\n",
			report_count(count, sizeof(count),
				     group_integer(json_object_get(cell, "verify"), "received")));
	else
		fprintf(f, "%s: %s\n", group_string(cell, "status"), group_string(cell, "reason"));
}

static void scaling_parameter(json_t *fit, const char *key, bool rate, FILE *f)
{
	json_t *p = json_object_get(fit, key), *ci = json_object_get(p, "ci95");
	const double lo = json_number_value(json_array_get(ci, 0));
	const double hi = json_number_value(json_array_get(ci, 1));
	char v[24], a[24], b[24];

	if (rate)
		fprintf(f, "%s", report_number(v, sizeof(v), scaling_number(p, "value")));
	else
		fprintf(f, "%.4g", scaling_number(p, "value"));
	if (!json_is_array(ci))
		fputs(" [n/a]", f);
	else if (rate)
		fprintf(f, " [%s%s, %s]", lo < 0 ? "-" : "",
			report_number(a, sizeof(a), fabs(lo)), report_number(b, sizeof(b), hi));
	else
		fprintf(f, " [%.4g, %.4g]", lo, hi);
}

static void scaling_peak(json_t *fit, const char *noun, FILE *f)
{
	if (!json_is_object(json_object_get(fit, "peak"))) {
		fputs("\n  predicted peak: n/a, in some round kappa is not above 0 or sigma not below 1\n",
		      f);
		return;
	}
	fprintf(f, "\n  predicted peak at ");
	scaling_parameter(fit, "peak", false, f);
	fprintf(f, " %s: ", noun);
	scaling_parameter(fit, "peak_rate", true, f);
	fputc('\n', f);
}

static void scaling_fit(json_t *curve, const char *noun, FILE *f)
{
	json_t *fit = json_object_get(curve, "fit");
	const uint64_t points = group_integer(fit, "points");

	if (!json_is_object(fit)) {
		fprintf(f, "  no fit: %s\n", group_string(curve, "reason"));
		return;
	}
	fprintf(f, "  law (USL; %llu widths, %llu rounds, 95 %% intervals): lambda ",
		(unsigned long long)points, (unsigned long long)group_integer(fit, "rounds"));
	scaling_parameter(fit, "lambda", true, f);
	fputs("\n    contention sigma ", f);
	scaling_parameter(fit, "sigma", false, f);
	fputs(", coherence kappa ", f);
	scaling_parameter(fit, "kappa", false, f);
	scaling_peak(fit, noun, f);
	if (points < 4)
		fputs("  three widths give three parameters whatever they are: nothing here shows that the law holds\n",
		      f);
	else
		fprintf(f, "  the furthest point of any round is %.1f %% off the law\n",
			100 * scaling_number(fit, "deviation"));
}

/* "twice the pairs, 1 to 2: 1.85 times the speed; 2 to 4: 1.70 times" */
static void scaling_words(json_t *curve, const char *noun, FILE *f)
{
	bool any = false;
	json_t *p;
	size_t i;

	json_array_foreach(json_object_get(curve, "points"), i, p) {
		const uint64_t n = group_integer(p, "width");
		json_t *twice = scaling_point(curve, 2 * n);

		if (!twice)
			continue;
		if (!any)
			fprintf(f, "  twice the %s", noun);
		fprintf(f, "%s %llu to %llu: %.2f times the speed", any ? ";" : ",",
			(unsigned long long)n, (unsigned long long)(2 * n),
			scaling_number(twice, "rate") / scaling_number(p, "rate"));
		any = true;
	}
	if (any)
		fputc('\n', f);
}

static void scaling_meaning(json_t *curve, FILE *f)
{
	if (strcmp(group_string(curve, "unit"), "insn"))
		return;
	fputs("  Counted, not timed: per million units of a machine whose CPUs execute one\n"
	      "  instruction each in a unit, all at once, without caches, a bus or true waiting.\n"
	      "  What falls behind here is executed work that grows (retries, wake-ups, spinning)\n"
	      "  and nothing else.\n", f);
}

static const char *scaling_unit(json_t *curve, json_t *cell)
{
	const bool to_and_fro = !strcmp(group_string(cell, "pattern"), "pingpong");
	const char *unit = group_string(curve, "unit");

	if (!strcmp(unit, "ns"))
		return to_and_fro ? "round trips per second" : "messages per second";
	if (!strcmp(unit, "insn"))
		return to_and_fro ? "round trips per million units" : "messages per million units";
	return "not timed";
}

/* @cell: one of its cells, of the same run. */
static void scaling_curve(json_t *cells, json_t *curve, json_t *cell, FILE *f)
{
	const char *id = group_string(curve, "id"), *noun = scaling_noun(cell);
	const bool timed = json_array_size(json_object_get(curve, "points"));
	size_t i;

	fprintf(f, "\nscaling of %s, run %llu [%s]\n", id,
		(unsigned long long)group_integer(curve, "run") + 1, scaling_unit(curve, cell));
	if (timed)
		fprintf(f, "%7s %6s %12s %7s %9s %11s %12s\n", noun, "CPUs", "rate", "+-95%",
			"speed-up", "efficiency", "by the law");
	else
		fprintf(f, "%7s\n", noun);
	json_array_foreach(cells, i, cell)
		if (group_integer(cell, "run") == group_integer(curve, "run") &&
		    scaling_on_curve(group_string(cell, "id"), id))
			scaling_row(curve, cell, f);
	scaling_words(curve, noun, f);
	scaling_fit(curve, noun, f);
	scaling_meaning(curve, f);
}

static json_t *scaling_find(json_t *curves, json_t *cell)
{
	json_t *curve;
	size_t i;

	json_array_foreach(curves, i, curve)
		if (group_integer(cell, "run") == group_integer(curve, "run") &&
		    scaling_on_curve(group_string(cell, "id"), group_string(curve, "id")))
			return curve;
	return NULL;
}

static bool scaling_same(json_t *a, json_t *b, const char *key)
{
	return !strcmp(group_string(a, key), group_string(b, key));
}

/* Was it said of the same mechanism, or of another width? */
static bool scaling_said(json_t *cells, size_t n)
{
	json_t *cell = json_array_get(cells, n);

	for (size_t i = 0; i < n; i++) {
		json_t *other = json_array_get(cells, i);

		if (scaling_is_wide(other) && scaling_same(other, cell, "mech") &&
		    scaling_same(other, cell, "status") &&
		    (scaling_same(other, cell, "reason") ||
		     (scaling_same(other, cell, "pattern") &&
		      scaling_same(other, cell, "placement") &&
		      scaling_same(other, cell, "wait"))))
			return true;
	}
	return false;
}

/* Cells of a curve that has no figure and no verified message at all. */
static void scaling_without(json_t *cells, size_t n, FILE *f)
{
	json_t *cell = json_array_get(cells, n);

	if (!scaling_said(cells, n))
		fprintf(f, "\n%s: %s: %s\n", group_string(cell, "id"),
			group_string(cell, "status"), group_string(cell, "reason"));
}

void scaling_print(json_t *result, FILE *f)
{
	json_t *curves = json_object_get(result, "scaling");
	json_t *cells = json_object_get(result, "cells"), *cell, *last = NULL;
	size_t i;

	json_array_foreach(cells, i, cell) {
		json_t *curve = scaling_find(curves, cell);

		if (!scaling_is_wide(cell))
			continue;
		if (!curve)
			scaling_without(cells, i, f);
		else if (curve != last)
			scaling_curve(cells, curve, cell, f);
		last = curve ? curve : last;
	}
	amp_print(cells, f);
}
