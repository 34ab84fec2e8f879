// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "plan.h"

static void __attribute__((format(printf, 2, 3)))
plan_skip(struct cell *c, const char *fmt, ...)
{
	va_list ap;

	c->status = CELL_SKIP;
	va_start(ap, fmt);
	vsnprintf(c->why.text, sizeof(c->why.text), fmt, ap);
	va_end(ap);
}

/* Can this wait policy mean anything here? */
static bool plan_wait_applies(const struct cell *c)
{
	return c->ops->waits & 1u << c->cfg.wait &&
	       !(c->cfg.wait == WAIT_SPIN && c->place == PLACE_SAME_CPU);
}

static void plan_probe(struct cell *c, const struct topo *topo)
{
	struct mech_why why = { "" };
	int ret = 0;

	if (!(c->ops->waits & 1u << c->cfg.wait))
		plan_skip(c, "the mechanism has no wait policy '%s'",
			  cell_wait_name(c->cfg.wait));
	else if (!plan_wait_applies(c))
		plan_skip(c, "two spinning sides on one CPU would measure the scheduler's time slice");
	else if (c->ops->traits & MECH_T_SOLO && c->place != PLACE_SAME_CPU)
		plan_skip(c, "both ends of %s are one thread, which has one CPU", c->ops->name);
	else if (c->ops->max_msg && c->cfg.size > c->ops->max_msg)
		plan_skip(c, "size %zu is over the mechanism's limit; give --size %zu or less",
			  c->cfg.size, c->ops->max_msg);
	else if (topo_pick(topo, c->place, c->cpu, &why))
		plan_skip(c, "placement %s: %s", topo_place_name(c->place), why.text);
	else if (c->ops->probe)
		ret = c->ops->probe(&c->cfg, &why);
	if (ret)
		plan_skip(c, "%s", *why.text ? why.text : strerror(-ret));
}

static int plan_add(struct plan *plan, const struct cell *template)
{
	struct cell *grown = realloc(plan->cell, (plan->n + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	plan->cell = grown;
	plan->cell[plan->n++] = *template;
	return 0;
}

static int plan_placements(struct plan *plan, const struct run_cfg *cfg, const struct topo *topo,
			   struct cell *c)
{
	int ret;

	for (c->place = 0; c->place < PLACE_COUNT; c->place++) {
		if (!(cfg->places & 1u << c->place))
			continue;
		if (cfg->waits_all && !plan_wait_applies(c))
			continue;
		ret = plan_add(plan, c);
		if (ret)
			return ret;
		plan_probe(&plan->cell[plan->n - 1], topo);
	}
	return 0;
}

static int plan_mechs(struct plan *plan, const struct run_cfg *cfg, const struct topo *topo,
		      struct cell *c)
{
	int ret;

	for (const struct mech_ops **m = cfg->mech; *m; m++) {
		c->ops = *m;
		for (c->cfg.wait = 0; c->cfg.wait < WAIT_COUNT; c->cfg.wait++) {
			if (!(cfg->waits & 1u << c->cfg.wait))
				continue;
			ret = plan_placements(plan, cfg, topo, c);
			if (ret)
				return ret;
		}
	}
	return 0;
}

int plan_build(struct plan *plan, const struct run_cfg *cfg, const struct topo *topo)
{
	struct cell c = { 0 };
	int ret = 0;

	*plan = (struct plan){ 0 };
	for (c.pattern = 0; c.pattern < PATTERN_COUNT; c.pattern++) {
		if (!(cfg->patterns & 1u << c.pattern))
			continue;
		for (size_t s = 0; !ret && s < cfg->nsizes; s++) {
			c.cfg.size = cfg->sizes[s];
			ret = plan_mechs(plan, cfg, topo, &c);
		}
	}
	if (ret)
		plan_free(plan);
	return ret;
}

void plan_free(struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		for (size_t a = 0; a < ARM_COUNT; a++) {
			free(plan->cell[i].arm[a].sample);
			free(plan->cell[i].arm[a].latency);
		}
		trace_close(plan->cell[i].trace);
	}
	free(plan->cell);
	*plan = (struct plan){ 0 };
}

size_t plan_count(const struct plan *plan, enum cell_status status)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->n; i++)
		n += plan->cell[i].status == status;
	return n;
}
