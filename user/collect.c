// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include "collect.h"

/* Does worker @i have a partner of its own, beside it? */
static bool collect_coupled(const struct cell *c)
{
	return !(c->ops->traits & (MECH_T_SOLO | MECH_T_SERVED)) &&
	       c->pattern != PATTERN_FANIN && c->place != PLACE_AMP;
}

static uint64_t collect_sent(struct launch *l, unsigned int worker)
{
	return atomic_load(&l->run->shared->side[worker].sent) & WORKER_SEQ_MASK;
}

/* How many messages should have come to a worker that does not gather? */
static uint64_t collect_expected(struct launch *l, unsigned int worker)
{
	const struct cell *c = l->cell;

	if (collect_coupled(c))
		return collect_sent(l, worker ^ 1);
	if (c->pattern == PATTERN_FANIN && !(c->ops->traits & MECH_T_SOLO))
		return 0;
	if (c->ops->traits & (MECH_T_SOLO | MECH_T_SERVED))
		return collect_sent(l, worker);
	return worker_lanes(l->run->shared)[c->worker[worker].lane].answered;
}

/* What never came is missed by nobody but us. A failed launch was cut short. */
static void collect_verify(struct launch *l, struct cell_arm *a, struct verify *v,
			   uint64_t expected)
{
	if (expected > v->next && l->cell->status != CELL_FAIL)
		v->lost += expected - v->next;
	verify_merge(&a->verify, v);
}

/* Of all senders; they come first and in the order of their lanes. */
static void collect_gathered(struct launch *l, struct cell_arm *a)
{
	struct worker_lane *lane = worker_lanes(l->run->shared);

	for (unsigned int i = 0; i < l->cell->width; i++)
		collect_verify(l, a, &lane[i].verify, collect_sent(l, i));
}

static void collect_worker(struct launch *l, struct cell_arm *a, unsigned int worker)
{
	const struct cell_worker *role = &l->cell->worker[worker];
	struct worker_side *s = &l->run->shared->side[worker];
	struct cell_side *to = &a->side[role->side];

	if (role->gathers)
		collect_gathered(l, a);
	else
		collect_verify(l, a, &s->verify, collect_expected(l, worker));
	a->sent += collect_sent(l, worker);
	if (role->side == SIDE_SENDER)
		a->forward += collect_sent(l, worker);
	if (role->gathers)
		a->fifo = s->fifo && (a->fifo || !a->launches);
	to->rejected += s->count.rejected;
	to->voluntary += s->count.voluntary;
	to->involuntary += s->count.involuntary;
	to->cpu_ns += s->count.cpu_ns;
	a->side[SIDE_RECEIVER].cpu_ns += s->service_ns;
}

static int collect_grow(struct cell_arm *a, unsigned int blocks)
{
	struct stats_sample *grown;

	grown = realloc(a->sample, (a->nsamples + blocks) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	a->sample = grown;
	if (!a->latency)
		a->latency = calloc(1, sizeof(*a->latency));
	return a->latency ? 0 : -ENOMEM;
}

/* From the first start to the last end of all workers; false: one was misplaced. */
static bool collect_block(struct launch *l, unsigned int block, uint64_t *elapsed)
{
	uint64_t start = UINT64_MAX, end = 0;
	bool placed = true;

	for (unsigned int i = 0; i < l->cell->nworkers; i++) {
		const struct worker_block *b = &worker_blocks(l->run->shared, i)[block];

		if (b->start && b->start < start)
			start = b->start;
		if (b->end > end)
			end = b->end;
		placed = placed && !b->rejected;
	}
	*elapsed = end - start;
	return placed;
}

static int collect_blocks(struct launch *l, struct cell_arm *a)
{
	const struct run_cfg *cfg = l->run->cfg;
	const uint64_t messages = cfg->messages * l->cell->width;
	unsigned int bad = 0;
	int ret = collect_grow(a, cfg->blocks);

	if (ret)
		return ret;
	for (unsigned int i = 0; i < cfg->blocks; i++) {
		uint64_t elapsed;

		a->measured += messages;
		if (!collect_block(l, i, &elapsed)) {
			bad++;
			continue;
		}
		a->sample[a->nsamples++] = (struct stats_sample){
			.launch = a->launches,
			.value = (double)elapsed / (double)messages,
		};
	}
	/* Latencies are not kept by block: one bad block spoils the launch's. */
	for (unsigned int i = 0; !bad && i < l->cell->width; i++)
		hist_merge(a->latency, worker_latency(l->run->shared, i));
	a->blocks_rejected += bad;
	a->launches++;
	return 0;
}

static void collect_verdict(struct cell *c, const struct cell_arm *a)
{
	const struct verify *v = &a->verify;

	if (!verify_clean(v))
		cell_fail(c, "verification: %llu lost, %llu duplicated, %llu reordered, %llu corrupt of %llu sent",
			  (unsigned long long)v->lost, (unsigned long long)v->duplicated,
			  (unsigned long long)v->reordered, (unsigned long long)v->corrupt,
			  (unsigned long long)a->sent);
	else if (!a->nsamples)
		cell_fail(c, "placement: in every block a side ran on another CPU than the chosen one");
}

int collect_launch(struct launch *l, bool complete)
{
	struct cell_arm *a = &l->cell->arm[l->condition];
	int ret = 0;

	for (unsigned int i = 0; i < l->cell->nworkers; i++)
		collect_worker(l, a, i);
	if (complete)
		ret = collect_blocks(l, a);
	if (complete && !ret)
		collect_verdict(l->cell, a);
	return ret;
}
