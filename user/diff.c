// SPDX-License-Identifier: GPL-2.0
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "cli.h"
#include "diff.h"
#include "report/group.h"
#include "student.h"

/**
 * struct diff_sample - what the runs of one side say about one figure
 * @n:		runs that have it
 * @mean:	of the runs' figures
 * @squares:	sum of their squared deviations, as Welford's algorithm keeps it
 * @lone:	of a single run: variance of its mean, negative: not known
 * @launches:	of a single run: what @lone rests on
 */
struct diff_sample {
	size_t n;
	double mean;
	double squares;
	double lone;
	uint64_t launches;
};

/**
 * struct diff - a comparison in the making
 * @cells:	of the two results
 * @threshold:	least change that matters, share of A's cost
 * @compared:	cells that have an interval
 * @out:	"cells" of the object
 * @left_out:	likewise
 * @broken:	a cell failed on one side only
 * @why:	reason of an error
 */
struct diff {
	json_t *cells[2];
	double threshold;
	size_t compared;
	json_t *out;
	json_t *left_out;
	bool broken;
	struct mech_why *why;
};

static void diff_add(struct diff_sample *s, double value)
{
	double off = value - s->mean;

	s->n++;
	s->mean += off / (double)s->n;
	s->squares += off * (value - s->mean);
	s->lone = -1;
}

/* Variance of the mean and its degrees of freedom; false: not known. */
static bool diff_variance(const struct diff_sample *s, double *var, double *freedom)
{
	if (s->n > 1) {
		*freedom = (double)(s->n - 1);
		*var = s->squares / *freedom / (double)s->n;
		return true;
	}
	*freedom = (double)s->launches - 1;
	*var = s->lone;
	return s->n && s->lone >= 0 && s->launches > 1;
}

/* Half of Welch's interval of the difference, when @intervals of them hold together. */
static bool diff_half(const struct diff_sample s[2], size_t intervals, double *half)
{
	double var[2], freedom[2], sum;

	if (!diff_variance(&s[0], &var[0], &freedom[0]) ||
	    !diff_variance(&s[1], &var[1], &freedom[1]))
		return false;
	sum = var[0] + var[1];
	*half = 0;
	if (sum > 0)
		*half = sqrt(sum) *
			student_quantile((1 - DIFF_SURE) / 2 / (double)intervals, sum * sum /
					 (var[0] * var[0] / freedom[0] +
					  var[1] * var[1] / freedom[1]));
	return true;
}

/* In thousandths: more digits would say nothing. */
static json_t *diff_real(double v)
{
	return json_real(round(v * 1000) / 1000);
}

static void diff_add_cost(struct diff_sample *s, json_t *cell)
{
	json_t *cost = json_object_get(cell, "cost"), *ci = json_object_get(cost, "ci95");
	const uint64_t launches = group_integer(cell, "launches");
	double half = (json_number_value(json_array_get(ci, 1)) -
		       json_number_value(json_array_get(ci, 0))) / 2;

	diff_add(s, json_number_value(json_object_get(cost, "per_msg")));
	if (s->n > 1 || !json_is_array(ci) || launches < 2)
		return;
	half /= student_quantile(0.025, (double)(launches - 1));
	s->lone = half * half;
	s->launches = launches;
}

static bool diff_timed(json_t *cell)
{
	return !strcmp(group_string(cell, "status"), "ok") &&
	       json_is_object(json_object_get(cell, "cost"));
}

static bool diff_is(json_t *cell, const char *id)
{
	return !strcmp(group_string(cell, "id"), id);
}

static json_t *diff_find(json_t *cells, const char *id)
{
	json_t *cell;
	size_t i;

	json_array_foreach(cells, i, cell)
		if (diff_is(cell, id))
			return cell;
	return NULL;
}

/* The first cell of the name that failed, else that has no figure; NULL: all are well. */
static json_t *diff_unfit(json_t *cells, const char *id)
{
	json_t *cell, *unfit = NULL;
	size_t i;

	json_array_foreach(cells, i, cell) {
		if (!diff_is(cell, id) || diff_timed(cell))
			continue;
		if (!strcmp(group_string(cell, "status"), "fail"))
			return cell;
		unfit = unfit ? unfit : cell;
	}
	return unfit;
}

static void diff_sample_cost(json_t *cells, const char *id, struct diff_sample *s)
{
	json_t *cell;
	size_t i;

	*s = (struct diff_sample){ .lone = -1 };
	json_array_foreach(cells, i, cell)
		if (diff_is(cell, id))
			diff_add_cost(s, cell);
}

/* What phase @name adds to a message, in every run that traced it. */
static void diff_sample_phase(json_t *cells, const char *id, const char *name,
			      struct diff_sample *s)
{
	json_t *cell, *phase;
	size_t i, j;

	*s = (struct diff_sample){ .lone = -1 };
	json_array_foreach(cells, i, cell) {
		uint64_t messages = group_integer(json_object_get(cell, "traced"), "messages");

		if (!diff_is(cell, id) || !messages)
			continue;
		json_array_foreach(json_object_get(cell, "phases"), j, phase)
			if (!strcmp(group_string(phase, "name"), name) &&
			    !json_is_true(json_object_get(phase, "absent")))
				diff_add(s, (double)group_integer(phase, "sum") / (double)messages);
	}
}

static int diff_by_change(const void *x, const void *y)
{
	double a = fabs(json_number_value(json_object_get(*(json_t *const *)x, "change")));
	double b = fabs(json_number_value(json_object_get(*(json_t *const *)y, "change")));

	return (a < b) - (a > b);
}

/* Largest change first, in the order of @by. */
static void diff_sort(json_t *array, int (*by)(const void *x, const void *y))
{
	const size_t n = json_array_size(array);
	json_t **item = calloc(n + 1, sizeof(*item));

	if (!item)
		return;
	for (size_t i = 0; i < n; i++)
		item[i] = json_incref(json_array_get(array, i));
	qsort(item, n, sizeof(*item), by);
	for (size_t i = 0; i < n; i++)
		json_array_set_new(array, i, item[i]);
	free(item);
}

/* @cost: of A's cell; a phase matters by what it adds to that. */
static json_t *diff_phase(struct diff *d, const char *id, json_t *phase, size_t phases,
			  double cost)
{
	const char *name = group_string(phase, "name");
	struct diff_sample s[2];
	double half, change;
	bool known;

	for (int side = 0; side < 2; side++)
		diff_sample_phase(d->cells[side], id, name, &s[side]);
	if (!s[0].n || !s[1].n)
		return json_pack("{s:s, s:s, s:o, s:o, s:o, s:b}", "name", name,
				 "hook", group_string(phase, "hook"),
				 "a", s[0].n ? diff_real(s[0].mean) : json_null(),
				 "b", s[1].n ? diff_real(s[1].mean) : json_null(),
				 "change", json_null(), "changed", 0);
	change = s[1].mean - s[0].mean;
	known = diff_half(s, phases, &half);
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:b}", "name", name,
			 "hook", group_string(phase, "hook"), "a", diff_real(s[0].mean),
			 "b", diff_real(s[1].mean), "change", diff_real(change),
			 "half", known ? diff_real(half) : json_null(), "changed",
			 known && fabs(change) > half && fabs(change) >= d->threshold * cost);
}

static json_t *diff_phases(struct diff *d, const char *id, double cost)
{
	json_t *from[2] = { NULL }, *all = json_array(), *phase;
	size_t i;

	for (int side = 0; side < 2; side++)
		from[side] = json_object_get(diff_find(d->cells[side], id), "phases");
	if (!json_is_array(from[0]) || !json_is_array(from[1]))
		return all;
	json_array_foreach(from[0], i, phase)
		json_array_append_new(all, diff_phase(d, id, phase, json_array_size(from[0]),
						      cost));
	diff_sort(all, diff_by_change);
	return all;
}

static const char *diff_verdict(struct diff *d, double cost, double change, double half)
{
	if (fabs(change) > half && fabs(change) >= d->threshold * cost)
		return change > 0 ? "slower" : "faster";
	return half > DIFF_BLIND * cost ? "unsure" : "same";
}

static void diff_leave_out(struct diff *d, const char *id, const char *side, const char *reason)
{
	json_array_append_new(d->left_out, json_pack("{s:s, s:s, s:s}", "id", id, "side", side,
						     "reason", reason));
}

/* Whether the cell can be compared; if not, and @say, why. */
static bool diff_fit(struct diff *d, const char *id, struct diff_sample s[2], bool say)
{
	static const char *const name[] = { "A", "B" };
	json_t *unfit[2];
	double half;
	bool fit = true;

	for (int side = 0; side < 2; side++) {
		const char *reason;

		unfit[side] = diff_unfit(d->cells[side], id);
		reason = group_string(unfit[side], "reason");
		if (unfit[side] && say)
			diff_leave_out(d, id, name[side], *reason ? reason : "not timed");
		if (!unfit[side] && !diff_find(d->cells[side], id) && say)
			diff_leave_out(d, id, name[side], "not measured");
		fit = fit && !unfit[side] && diff_find(d->cells[side], id);
	}
	if (say && !fit)
		d->broken |= !strcmp(group_string(unfit[0], "status"), "fail") !=
			     !strcmp(group_string(unfit[1], "status"), "fail");
	if (!fit)
		return false;
	for (int side = 0; side < 2; side++)
		diff_sample_cost(d->cells[side], id, &s[side]);
	if (diff_half(s, 1, &half))
		return true;
	if (say)
		diff_leave_out(d, id, "", "one launch has no interval; run more, or more runs");
	return false;
}

static void diff_cell(struct diff *d, json_t *cell)
{
	const char *id = group_string(cell, "id"), *verdict;
	struct diff_sample s[2];
	double half, change;
	json_t *out;

	if (!diff_fit(d, id, s, true))
		return;
	diff_half(s, d->compared, &half);
	change = s[1].mean - s[0].mean;
	verdict = diff_verdict(d, s[0].mean, change, half);
	out = json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "id", id,
			"unit", group_string(cell, "unit"), "verdict", verdict,
			"a", diff_real(s[0].mean), "b", diff_real(s[1].mean),
			"change", diff_real(change), "half", diff_real(half),
			"phases", diff_phases(d, id, s[0].mean));
	json_array_append_new(d->out, out);
}

/* Cells of both sides, each name once: calls @each with the first one of the name. */
static void diff_each(struct diff *d, void (*each)(struct diff *d, json_t *cell))
{
	json_t *cell;
	size_t i;

	for (int side = 0; side < 2; side++)
		json_array_foreach(d->cells[side], i, cell)
			if (diff_find(d->cells[side], group_string(cell, "id")) == cell &&
			    (!side || !diff_find(d->cells[0], group_string(cell, "id"))))
				each(d, cell);
}

static void diff_count(struct diff *d, json_t *cell)
{
	struct diff_sample s[2];

	d->compared += diff_fit(d, group_string(cell, "id"), s, false);
}

/* A name on both sides must mean the same. */
static int diff_check(struct diff *d)
{
	json_t *cell;
	size_t i;

	json_array_foreach(d->cells[0], i, cell) {
		const char *id = group_string(cell, "id");
		json_t *other = diff_find(d->cells[1], id);

		if (!other || (!strcmp(group_string(cell, "def"), group_string(other, "def")) &&
			       (!diff_timed(cell) || !diff_timed(other) ||
				!strcmp(group_string(cell, "unit"), group_string(other, "unit")))))
			continue;
		mech_because(d->why, "%s does not compare: definition %s in %s in A, %s in %s in B; use the same options, version and clock for both",
			     id, group_string(cell, "def"), group_string(cell, "unit"),
			     group_string(other, "def"), group_string(other, "unit"));
		return -1;
	}
	return 0;
}

static int diff_rank(json_t *cell)
{
	static const char *const order[] = { "slower", "faster", "unsure", "same" };
	int i = 0;

	while (strcmp(order[i], group_string(cell, "verdict")))
		i++;
	return i;
}

static double diff_share(json_t *cell)
{
	return fabs(json_number_value(json_object_get(cell, "change"))) /
	       json_number_value(json_object_get(cell, "a"));
}

static int diff_by_verdict(const void *x, const void *y)
{
	json_t *a = *(json_t *const *)x, *b = *(json_t *const *)y;

	if (diff_rank(a) != diff_rank(b))
		return diff_rank(a) - diff_rank(b);
	return (diff_share(a) < diff_share(b)) - (diff_share(a) > diff_share(b));
}

static int diff_status(const struct diff *d)
{
	size_t unsure = 0, i;
	json_t *cell;

	json_array_foreach(d->out, i, cell) {
		if (!strcmp(group_string(cell, "verdict"), "slower"))
			return EXIT_SLOWER;
		unsure += !strcmp(group_string(cell, "verdict"), "unsure");
	}
	return d->broken || unsure == json_array_size(d->out) ? EXIT_CANNOT_TELL : EXIT_OK;
}

static json_t *diff_runs(json_t *result)
{
	return json_object_get(json_object_get(result, "manifest"), "runs");
}

json_t *diff_build(json_t *a, json_t *b, double threshold, struct mech_why *why)
{
	struct diff d = {
		.cells = { json_object_get(a, "cells"), json_object_get(b, "cells") },
		.threshold = threshold,
		.why = why,
	};

	if (diff_check(&d))
		return NULL;
	d.out = json_array();
	d.left_out = json_array();
	diff_each(&d, diff_count);
	diff_each(&d, diff_cell);
	diff_sort(d.out, diff_by_verdict);
	return json_pack("{s:s, s:i, s:b, s:f, s:f, s:{s:O}, s:{s:O}, s:o, s:o}",
			 "schema", DIFF_SCHEMA, "verdict", diff_status(&d), "complete",
			 json_is_true(json_object_get(a, "complete")) &&
			 json_is_true(json_object_get(b, "complete")),
			 "sure", DIFF_SURE, "threshold", d.threshold,
			 "a", "runs", diff_runs(a), "b", "runs", diff_runs(b),
			 "cells", d.out, "left_out", d.left_out);
}
