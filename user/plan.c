// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "layout.h"
#include "mech/fd_uring.h"
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

/* Two sides that share a CPU must sleep; a service that polls many must not. */
static bool plan_wait_applies(const struct cell *c)
{
	const bool spins = c->cfg.wait == WAIT_SPIN;

	if (!(c->ops->waits & 1u << c->cfg.wait))
		return false;
	return c->place == PLACE_AMP ? spins :
	       !(spins && (c->place == PLACE_SAME_CPU || c->place == PLACE_SMP));
}

static void plan_skip_wait(struct cell *c)
{
	if (!(c->ops->waits & 1u << c->cfg.wait))
		plan_skip(c, "the mechanism has no wait policy '%s'",
			  cell_wait_name(c->cfg.wait));
	else if (c->place == PLACE_AMP)
		plan_skip(c, "a service that sleeps for one client cannot look at the others; give --wait spin");
	else
		plan_skip(c, "two spinning sides on one CPU would measure the scheduler's time slice");
}

/* What the mechanism's traits rule out. */
static bool plan_skip_traits(struct cell *c)
{
	const unsigned int traits = c->ops->traits;

	if (c->place >= PLACE_PAIRS && !cell_echoes(c))
		plan_skip(c, "placement %s compares round trips; give --pattern pingpong",
			  topo_place_name(c->place));
	else if (traits & MECH_T_SOLO &&
		 (c->place != PLACE_SAME_CPU || c->pattern == PATTERN_FANIN))
		plan_skip(c, "both ends of %s are one thread, which has one CPU", c->ops->name);
	else if (traits & MECH_T_ONE_CPU && c->place != PLACE_SAME_CPU && c->place != PLACE_SMP)
		plan_skip(c, "%s is what it is where both sides share a CPU; give --placement same-cpu",
			  c->ops->name);
	else if (!cell_echoes(c) && !(traits & (MECH_T_BACKPRESSURE | MECH_T_SOLO | MECH_T_SERVED)))
		plan_skip(c, "nothing makes a sender of %s wait for the receiver, so a stream loses messages; give --pattern pingpong",
			  c->ops->name);
	else if (traits & MECH_T_SERVED && !cell_echoes(c))
		plan_skip(c, "the kernel thread that receives verifies nothing, but answers; give --pattern pingpong");
	else if (c->pattern == PATTERN_FANIN && !(traits & MECH_T_FANIN))
		plan_skip(c, "one sender and one receiver is all that a queue of %s takes; --pattern pairs gives each sender one",
			  c->ops->name);
	return c->status == CELL_SKIP;
}

static void plan_probe(struct cell *c, const struct topo *topo)
{
	struct mech_why why = { "" };
	int ret = 0;

	if (!plan_wait_applies(c))
		plan_skip_wait(c);
	else if (plan_skip_traits(c))
		return;
	else if (c->ops->max_msg && c->cfg.size > c->ops->max_msg)
		plan_skip(c, "size %zu is over the mechanism's limit; give --size %zu or less",
			  c->cfg.size, c->ops->max_msg);
	else if (layout_make(c, topo, &why))
		plan_skip(c, "placement %s: %s", topo_place_name(c->place),
			  *why.text ? why.text : strerror(ENOMEM));
	else if (c->cfg.wait == WAIT_URING)
		ret = fd_uring_probe(&why);
	if (!ret && c->status == CELL_OK && c->ops->probe)
		ret = c->ops->probe(&c->cfg, &why);
	if (ret)
		plan_skip(c, "%s", *why.text ? why.text : strerror(-ret));
}

static int plan_add(struct plan *plan, const struct topo *topo, const struct cell *template)
{
	struct cell *grown = realloc(plan->cell, (plan->n + 1) * sizeof(*grown));
	struct cell *c;

	if (!grown)
		return -ENOMEM;
	plan->cell = grown;
	c = &plan->cell[plan->n++];
	*c = *template;
	c->cfg.senders = cell_instances(c) == 1 ? c->width : 1;
	plan_probe(c, topo);
	return 0;
}

/* 1 to 8, then 2^k and 3 * 2^k: 12, 16, 24, 32, ... */
static unsigned int plan_next_width(unsigned int width)
{
	unsigned int power = 8;

	if (width < 8)
		return width + 1;
	while (power * 2 <= width)
		power *= 2;
	return width == power ? power + power / 2 : power * 2;
}

static int plan_widths_all(struct plan *plan, const struct topo *topo, struct cell *c)
{
	const unsigned int max = layout_width_max(c->pattern, c->place, topo);
	int ret = 0;

	c->width = 1;
	do {
		ret = plan_add(plan, topo, c);
		/* The most there is, listed or not. */
		c->width = plan_next_width(c->width) > max && c->width < max ? max :
			   plan_next_width(c->width);
	} while (!ret && c->width <= max && plan->cell[plan->n - 1].status != CELL_SKIP);
	return ret;
}

static int plan_widths(struct plan *plan, const struct run_cfg *cfg, const struct topo *topo,
		       struct cell *c)
{
	int ret = 0;

	c->width = 1;
	if (!cell_wide(c))
		return plan_add(plan, topo, c);
	if (!cfg->nwidths)
		return plan_widths_all(plan, topo, c);
	for (size_t i = 0; !ret && i < cfg->nwidths; i++) {
		/* As many CPUs as those clients and their service have. */
		c->width = cfg->widths[i] + (c->place == PLACE_SMP);
		ret = plan_add(plan, topo, c);
	}
	return ret;
}

/* Those that say how they wait; who does not, gets sleep, or what there is instead. */
static unsigned int plan_waits(const struct run_cfg *cfg, const struct cell *c)
{
	const unsigned int waits = c->ops->waits;

	return !cfg->waits_default || waits & MECH_W_BLOCK ? cfg->waits : waits & -waits;
}

/* With all policies asked for: does none apply, and is this the one that says why? */
static bool plan_none_applies(const struct cell *c)
{
	struct cell other = *c;

	for (other.cfg.wait = 0; other.cfg.wait < WAIT_COUNT; other.cfg.wait++)
		if (plan_wait_applies(&other))
			return false;
	return c->ops->waits & 1u << c->cfg.wait && !(c->ops->waits & ((1u << c->cfg.wait) - 1));
}

/* Is it asked for? What is implied is left out where it means nothing, without a SKIP. */
static bool plan_asked(const struct run_cfg *cfg, const struct cell *c)
{
	const bool wait = plan_waits(cfg, c) & 1u << c->cfg.wait;

	if (!(cfg->places & 1u << c->place))
		return false;
	if (c->place >= PLACE_PAIRS && cfg->patterns_default && !cell_echoes(c))
		return false;
	if (c->place == PLACE_SMP)
		return c->cfg.wait == WAIT_BLOCK;
	if (c->place == PLACE_AMP && cfg->waits_default)
		return c->cfg.wait == WAIT_SPIN;
	return wait && (!cfg->waits_all || plan_wait_applies(c) || plan_none_applies(c));
}

static int plan_places(struct plan *plan, const struct run_cfg *cfg, const struct topo *topo,
		       struct cell *c)
{
	int ret = 0;

	for (c->cfg.wait = 0; c->cfg.wait < WAIT_COUNT; c->cfg.wait++)
		for (c->place = 0; !ret && c->place < PLACE_COUNT; c->place++)
			if (plan_asked(cfg, c))
				ret = plan_widths(plan, cfg, topo, c);
	return ret;
}

static int plan_mechs(struct plan *plan, const struct run_cfg *cfg, const struct topo *topo,
		      struct cell *c)
{
	int ret = 0;

	for (const struct mech_ops **m = cfg->mech; !ret && *m; m++) {
		c->ops = *m;
		ret = plan_places(plan, cfg, topo, c);
	}
	return ret;
}

int plan_build(struct plan *plan, const struct run_cfg *cfg, const struct topo *topo)
{
	struct cell c = { .service = -1 };
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
			trace_close(plan->cell[i].trace[a]);
		}
		free(plan->cell[i].worker);
		free(plan->cell[i].rung);
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
