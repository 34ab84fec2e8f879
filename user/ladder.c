// SPDX-License-Identifier: GPL-2.0
#include <math.h>
#include <stdlib.h>
#include "ladder.h"

/* With as many empty programs less than none as there are full ones, none is called. */
#define LADDER_NONE	(-1.0)

static double ladder_value(const struct cell_rung *r, unsigned int phase)
{
	return phase == LADDER_COST ? r->cost : r->phase[phase];
}

static json_t *ladder_estimate(const struct stats_estimate *e)
{
	/* To a thousandth, as all figures of a result. */
	return json_pack("{s:f, s:o}", "value", round(e->mean * 1000) / 1000, "ci95", e->has_ci ?
			 json_pack("[f, f]", round(e->lo * 1000) / 1000,
				   round(e->hi * 1000) / 1000) : json_null());
}

void ladder_add(json_t *o, const struct cell *c, unsigned int phase)
{
	double *x = calloc(2 * c->nrungs + 1, sizeof(*x)), *y = x + c->nrungs;
	struct stats_estimate corrected, slope;
	size_t n = 0;

	for (size_t i = 0; x && i < c->nrungs; i++) {
		const double value = ladder_value(&c->rung[i], phase);

		if (value <= 0)
			continue;
		x[n] = c->rung[i].empties;
		y[n++] = value;
	}
	if (x && !stats_line(x, y, n, LADDER_NONE, &corrected, &slope)) {
		json_object_set_new(o, "dispatch", ladder_estimate(&slope));
		json_object_set_new(o, "corrected", ladder_estimate(&corrected));
	}
	free(x);
}
