// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "scaling.h"
#include "usl.h"

/**
 * struct curve - cells that differ in width only
 * @cell:	those with figures, in rising width
 * @n:		how many
 * @rounds:	launches that each of them has
 * @clock:	the unit
 */
struct curve {
	const struct cell **cell;
	size_t n;
	unsigned int rounds;
	const struct clock *clock;
};

/* Six digits: kappa may be small, and a rate is large. */
static json_t *scaling_real(double v)
{
	char text[32];

	snprintf(text, sizeof(text), "%.6g", v);
	return json_real(strtod(text, NULL));
}

static json_t *scaling_interval(const struct stats_estimate *e)
{
	return e->has_ci ? json_pack("[o, o]", scaling_real(e->lo), scaling_real(e->hi)) :
			   json_null();
}

/* Messages per unit of time that a cost of 1 stands for. */
static double scaling_scale(const struct cell *c, const struct clock *clock)
{
	return clock->unit == CLOCK_NS ? 1e9 : 1e6 * cell_cpus(c);
}

/* Of one launch; false: none of its blocks was kept. */
static bool scaling_rate(const struct cell *c, const struct clock *clock, unsigned int launch,
			 double *rate)
{
	const struct cell_arm *a = &c->arm[ARM_PLAIN];
	double sum = 0;
	size_t n = 0;

	for (size_t i = 0; i < a->nsamples; i++)
		if (a->sample[i].launch == launch) {
			sum += a->sample[i].value;
			n++;
		}
	if (!n || !(sum > 0))
		return false;
	*rate = scaling_scale(c, clock) * (double)n / sum;
	return true;
}

static int scaling_estimate(const struct cell *c, const struct clock *clock,
			    struct stats_estimate *e)
{
	const unsigned int launches = c->arm[ARM_PLAIN].launches;
	struct stats_sample *s = calloc(launches + 1, sizeof(*s));
	size_t n = 0;

	if (!s)
		return -ENOMEM;
	for (unsigned int i = 0; i < launches; i++) {
		s[n].launch = i;
		if (scaling_rate(c, clock, i, &s[n].value))
			n++;
	}
	if (n)
		stats_estimate(s, n, e);
	free(s);
	return n ? 0 : -ERANGE;
}

json_t *scaling_throughput(const struct cell *c, const struct clock *clock)
{
	struct stats_estimate e;

	if (clock->unit == CLOCK_NONE || scaling_estimate(c, clock, &e))
		return json_null();
	return json_pack("{s:o, s:o}", "rate", scaling_real(e.mean), "ci95",
			 scaling_interval(&e));
}

static json_t *scaling_points(const struct curve *v)
{
	struct stats_estimate e, first = { 0 };
	json_t *all = json_array();

	for (size_t i = 0; i < v->n; i++) {
		const struct cell *c = v->cell[i];
		double speedup;
		json_t *point;

		if (scaling_estimate(c, v->clock, &e))
			continue;
		if (!i)
			first = e;
		speedup = e.mean / first.mean;
		point = json_pack("{s:i, s:i, s:o, s:o, s:o, s:o}", "width", (int)c->width,
				  "cpus", (int)cell_cpus(c), "rate", scaling_real(e.mean),
				  "ci95", scaling_interval(&e), "speedup", scaling_real(speedup),
				  "efficiency",
				  scaling_real(speedup * v->cell[0]->width / c->width));
		json_array_append_new(all, point);
	}
	return all;
}

/* The law of each round; -EDOM or -ERANGE with the reason. */
static int scaling_fit_rounds(const struct curve *v, struct usl *fit, struct mech_why *why)
{
	struct usl_point *p = calloc(v->n + 1, sizeof(*p));
	int ret = p ? 0 : -ENOMEM;

	for (unsigned int r = 0; !ret && r < v->rounds; r++) {
		for (size_t i = 0; !ret && i < v->n; i++) {
			p[i].n = v->cell[i]->width;
			if (!scaling_rate(v->cell[i], v->clock, r, &p[i].x))
				ret = -ERANGE;
		}
		if (ret)
			mech_because(why, "in round %u a width has no block on its CPUs", r + 1);
		else
			ret = usl_fit(p, v->n, &fit[r]);
		if (ret && !*why->text)
			mech_because(why, "round %u follows no such law: nothing is left for one alone",
				     r + 1);
	}
	free(p);
	return ret;
}

static json_t *scaling_parameter(const struct usl *fit, unsigned int rounds,
				 enum usl_estimate what)
{
	struct stats_estimate e;

	if (usl_estimate(fit, rounds, what, &e))
		return json_null();
	return json_pack("{s:o, s:o}", "value", scaling_real(e.mean), "ci95",
			 scaling_interval(&e));
}

/* How far the furthest point lies from the law, as a share of it. */
static double scaling_deviation(const struct curve *v, const struct usl *fit)
{
	double most = 0;

	for (unsigned int r = 0; r < v->rounds; r++)
		for (size_t i = 0; i < v->n; i++) {
			double x, law = usl_speed(&fit[r], v->cell[i]->width);

			if (scaling_rate(v->cell[i], v->clock, r, &x) && fabs(x / law - 1) > most)
				most = fabs(x / law - 1);
		}
	return most;
}

static json_t *scaling_fit(const struct curve *v, struct mech_why *why)
{
	struct usl *fit = calloc(v->rounds + 1, sizeof(*fit));
	json_t *o = json_null();

	if (v->n < USL_POINTS_MIN)
		mech_because(why, "three parameters need three widths; there %s %zu",
			     v->n == 1 ? "is" : "are", v->n);
	else if (!v->rounds)
		mech_because(why, "no round is whole");
	else if (fit && !scaling_fit_rounds(v, fit, why))
		o = json_pack("{s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o}", "points", (int)v->n,
			      "rounds", (int)v->rounds,
			      "lambda", scaling_parameter(fit, v->rounds, USL_LAMBDA),
			      "sigma", scaling_parameter(fit, v->rounds, USL_SIGMA),
			      "kappa", scaling_parameter(fit, v->rounds, USL_KAPPA),
			      "peak", scaling_parameter(fit, v->rounds, USL_PEAK),
			      "peak_rate", scaling_parameter(fit, v->rounds, USL_PEAK_X),
			      "deviation", scaling_real(scaling_deviation(v, fit)));
	free(fit);
	return o;
}

static bool scaling_same(const struct cell *a, const struct cell *b)
{
	return a->ops == b->ops && a->pattern == b->pattern && a->place == b->place &&
	       a->cfg.wait == b->cfg.wait && a->cfg.size == b->cfg.size;
}

static void scaling_gather(struct curve *v, const struct plan *plan, size_t from)
{
	v->rounds = ~0u;
	for (size_t i = from; i < plan->n; i++) {
		const struct cell *c = &plan->cell[i];
		const unsigned int launches = c->arm[ARM_PLAIN].launches;

		if (!scaling_same(c, &plan->cell[from]) || c->status != CELL_OK || !launches)
			continue;
		v->cell[v->n++] = c;
		if (launches < v->rounds)
			v->rounds = launches;
	}
	if (!v->n)
		v->rounds = 0;
}

static json_t *scaling_curve(const struct curve *v)
{
	const bool timed = v->clock->unit != CLOCK_NONE;
	struct mech_why why = { "" };
	json_t *points, *fit;
	char id[128];

	cell_id(v->cell[0], id, sizeof(id));
	/* Without the width. */
	*strrchr(id, '/') = '\0';
	points = timed ? scaling_points(v) : json_array();
	if (timed)
		fit = scaling_fit(v, &why);
	else
		fit = json_null();
	if (!timed)
		mech_because(&why, "an emulator's times are not results");
	return json_pack("{s:s, s:i, s:s, s:o, s:o, s:s?}", "id", id, "run", 0,
			 "unit", clock_unit_name(v->clock->unit), "points", points, "fit", fit,
			 "reason", *why.text ? why.text : NULL);
}

/* Is it the first one of its curve? */
static bool scaling_first(const struct plan *plan, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (scaling_same(&plan->cell[i], &plan->cell[n]))
			return false;
	return true;
}

json_t *scaling_build(const struct plan *plan, const struct clock *clock)
{
	const struct cell **cell = calloc(plan->n + 1, sizeof(*cell));
	json_t *all = json_array();

	for (size_t i = 0; cell && i < plan->n; i++) {
		struct curve v = { .cell = cell, .clock = clock };

		if (!cell_wide(&plan->cell[i]) || !scaling_first(plan, i))
			continue;
		scaling_gather(&v, plan, i);
		if (v.n)
			json_array_append_new(all, scaling_curve(&v));
	}
	free(cell);
	return all;
}
