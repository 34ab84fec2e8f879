// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "mark.h"
#include "worker_loop.h"

/* Cache line pair: nothing of the loop's shares a line with the payload. */
#define WORKER_ALIGN	128

size_t worker_shared_size(const struct cell *c, unsigned int blocks)
{
	return sizeof(struct worker_shared) + c->width * sizeof(struct hist) +
	       c->nworkers * (sizeof(struct worker_side) + blocks * sizeof(struct worker_block)) +
	       c->width * sizeof(struct worker_lane);
}

void worker_shared_init(struct worker_shared *s, const struct cell *c, unsigned int blocks)
{
	memset(s, 0, worker_shared_size(c, blocks));
	s->nworkers = c->nworkers;
	s->nblocks = blocks;
	s->nlanes = c->width;
}

void worker_futex_wait(_Atomic uint32_t *word, uint32_t value, int timeout_ms)
{
	struct timespec ts = { timeout_ms / 1000, timeout_ms % 1000 * 1000000L };

	syscall(SYS_futex, word, FUTEX_WAIT, value, timeout_ms < 0 ? NULL : &ts, NULL, 0);
}

void worker_futex_wake(_Atomic uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static void worker_state(struct worker_side *me, enum worker_state state)
{
	atomic_store(&me->state, state);
	worker_futex_wake(&me->state);
}

int worker_fail(struct worker_side *me, const char *step, int error)
{
	me->error = error;
	snprintf(me->step, sizeof(me->step), "%s", step);
	worker_state(me, WORKER_FAILED);
	return error;
}

/* All workers pass together. If one dies, the supervisor kills us here. */
static void worker_barrier(struct worker_shared *s)
{
	uint32_t turn = atomic_load(&s->turn);

	if (atomic_fetch_add(&s->arrived, 1) + 1 == s->nworkers) {
		atomic_store(&s->arrived, 0);
		atomic_store(&s->turn, turn + 1);
		worker_futex_wake(&s->turn);
		return;
	}
	while (atomic_load(&s->turn) == turn)
		worker_futex_wait(&s->turn, turn, -1);
}

/* One block of the opening side; @lat is NULL while warming up. */
static int worker_ping(struct worker *w, uint64_t n, struct worker_block *b, struct hist *lat)
{
	const struct clock *clock = w->cfg->clock;
	uint64_t t = clock_now(clock), now;
	int ret;

	b->start = t;
	for (uint64_t i = 0; i < n; i++) {
		ret = worker_exchange(w);
		if (ret)
			return ret;
		now = clock_now(clock);
		if (!worker_misplaced(w) && lat)
			hist_add(lat, now - t);
		t = now;
	}
	b->end = t;
	return 0;
}

/* The answering side: its exchange is an answer and the next question. */
static int worker_pong(struct worker *w, uint64_t n)
{
	int ret = n ? worker_recv(w) : 0;

	for (uint64_t i = 1; !ret && i < n; i++) {
		ret = worker_exchange(w);
		worker_misplaced(w);
	}
	if (ret || !n)
		return ret;
	worker_misplaced(w);
	return worker_send(w);
}

static int worker_source(struct worker *w, uint64_t n, struct worker_block *b)
{
	int ret = 0;

	b->start = clock_now(w->cfg->clock);
	for (uint64_t i = 0; !ret && i < n; i++) {
		ret = worker_send(w);
		worker_misplaced(w);
	}
	return ret;
}

/* Up to the last number of the block, whatever was lost on the way. */
static int worker_sink(struct worker *w, uint64_t n, struct worker_block *b)
{
	const struct verify *v = &w->me->verify;
	uint64_t last = v->next + n;
	int ret = 0;

	while (!ret && v->next < last) {
		ret = worker_recv(w);
		worker_misplaced(w);
	}
	b->end = clock_now(w->cfg->clock);
	return ret;
}

/* The floor: a mechanism without a peer runs both sides' work in turn. */
static int worker_solo(struct worker *w, uint64_t n, struct worker_block *b, struct hist *lat)
{
	const bool pingpong = w->cfg->cell->pattern == PATTERN_PINGPONG;
	const struct clock *clock = w->cfg->clock;
	uint64_t t = clock_now(clock), now;
	int ret;

	b->start = t;
	for (uint64_t i = 0; i < n; i++) {
		ret = worker_send(w);
		if (!ret)
			ret = worker_recv(w);
		if (!ret && pingpong)
			ret = worker_send(w);
		if (!ret && pingpong)
			ret = worker_recv(w);
		if (ret)
			return ret;
		worker_misplaced(w);
		if (!pingpong)
			continue;
		now = clock_now(clock);
		if (lat)
			hist_add(lat, now - t);
		t = now;
	}
	b->end = clock_now(clock);
	return 0;
}

static int worker_block(struct worker *w, uint64_t n, struct worker_block *b, struct hist *lat)
{
	const bool sender = w->role->side == SIDE_SENDER;

	if (w->ops->traits & MECH_T_SOLO)
		return worker_solo(w, n, b, lat);
	if (cell_echoes(w->cfg->cell))
		return sender ? worker_ping(w, n, b, lat) :
		       w->role->gathers ? worker_serve(w, n) : worker_pong(w, n);
	return sender ? worker_source(w, n, b) :
	       w->role->gathers ? worker_gather(w, n, b) : worker_sink(w, n, b);
}

static void worker_usage(struct cell_side *c, int sign)
{
	struct timespec ts = { 0 };
	struct rusage u = { 0 };

	getrusage(RUSAGE_SELF, &u);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	c->voluntary += (uint64_t)(sign * u.ru_nvcsw);
	c->involuntary += (uint64_t)(sign * u.ru_nivcsw);
	c->cpu_ns += (uint64_t)(sign * (ts.tv_sec * 1000000000LL + ts.tv_nsec));
}

/* Only one process asks: the receiver in the kernel is one for all, or lane 0's. */
static void worker_service(struct worker *w, int sign)
{
	uint64_t ns = 0;

	if (!w->ops->service_ns || w->role->lane)
		return;
	if (!w->ops->service_ns(w->m, &ns))
		w->me->service_ns += (uint64_t)sign * ns;
}

static void worker_count(struct worker *w, int sign)
{
	worker_service(w, sign);
	worker_usage(&w->me->count, sign);
}

/* Whose end is the block's, as in worker_block(). */
static enum mech_side worker_last_side(const struct worker *w)
{
	return w->ops->traits & MECH_T_SOLO || cell_echoes(w->cfg->cell) ? SIDE_SENDER :
									   SIDE_RECEIVER;
}

static int worker_measure(struct worker *w, struct worker_block *b, struct hist *lat)
{
	const bool first = !w->role->lane && !w->role->gathers;
	int ret;

	w->rejected = 0;
	if (w->cfg->shared->nworkers > 1)
		worker_barrier(w->cfg->shared);
	if (first && w->role->side == SIDE_SENDER)
		mark_begin();
	ret = worker_block(w, w->cfg->messages, b, lat);
	if (!w->role->lane && w->role->side == worker_last_side(w))
		mark_end();
	b->rejected = w->rejected;
	w->me->count.rejected += w->rejected;
	return ret;
}

static int worker_all_blocks(struct worker *w, unsigned int number)
{
	const struct worker_cfg *cfg = w->cfg;
	const enum mech_side side = w->role->side;
	struct worker_block *block = worker_blocks(cfg->shared, number);
	struct hist *lat = worker_latency(cfg->shared, w->role->lane);
	struct worker_block scratch;
	int ret;

	ret = worker_block(w, cfg->warmup, &scratch, NULL);
	if (cfg->gate && !ret && side == SIDE_SENDER)
		*cfg->gate = 1;
	worker_count(w, -1);
	for (unsigned int i = 0; !ret && i < cfg->blocks; i++)
		ret = worker_measure(w, &block[i], lat);
	/* Or the receiver's exit, 220,000 instructions, would be in the last round trip. */
	if (!ret && cfg->shared->nworkers > 1)
		worker_barrier(cfg->shared);
	worker_count(w, 1);
	if (cfg->gate && side == SIDE_SENDER)
		*cfg->gate = 0;
	return ret;
}

static int worker_pin(int cpu)
{
	cpu_set_t *set = CPU_ALLOC((size_t)cpu + 1);
	size_t size = CPU_ALLOC_SIZE((size_t)cpu + 1);
	int ret;

	if (!set)
		return -ENOMEM;
	CPU_ZERO_S(size, set);
	CPU_SET_S((size_t)cpu, size, set);
	ret = sched_setaffinity(0, size, set) ? -errno : 0;
	CPU_FREE(set);
	return ret;
}

/*
 * A service's core is its own: nothing but the kernel's own needs interrupts it, if this
 * process may ask for that. The lowest real-time priority is enough.
 */
static bool worker_dedicate(void)
{
	const struct sched_param p = { .sched_priority = 1 };

	return !sched_setscheduler(0, SCHED_FIFO, &p);
}

/* A gathering receiver has all instances, the others the one of their lane. */
static int worker_attach(struct worker *w)
{
	const struct cell *c = w->cfg->cell;

	for (unsigned int i = 0; i < w->instances; i++) {
		int ret;

		w->m[i].side = w->role->side;
		w->m[i].index = c->cfg.senders > 1 ? w->role->lane : 0;
		ret = w->ops->attach ? w->ops->attach(&w->m[i]) : 0;
		if (!ret && w->io.attach)
			ret = w->io.attach(&w->m[i]);
		if (ret)
			return worker_fail(w->me, "attach", ret);
	}
	return 0;
}

static int worker_prepare(struct worker *w)
{
	/* Aligned sizes, and whole words for msg_fill(). */
	size_t room = (w->size + WORKER_ALIGN - 1) / WORKER_ALIGN * WORKER_ALIGN;
	int ret = worker_pin(w->cpu);

	if (ret)
		return worker_fail(w->me, "pin", ret);
	w->out = aligned_alloc(WORKER_ALIGN, room);
	w->in = aligned_alloc(WORKER_ALIGN, room);
	if (!w->out || !w->in)
		return worker_fail(w->me, "allocate", -ENOMEM);
	/* Touched here, after pinning: the pages are this CPU's node's. */
	memset(w->out, 0, room);
	memset(w->in, 0, room);
	/* What fork() did not map would fault in the first block. Linux < 5.14 cannot. */
	madvise(w->cfg->shared, worker_shared_size(w->cfg->cell, w->cfg->blocks),
		MADV_POPULATE_WRITE);
	ret = worker_attach(w);
	if (ret)
		return ret;
	ret = worker_wait_prepare(w);
	if (ret)
		return worker_fail(w->me, "watch", ret);
	if (w->role->gathers && cell_echoes(w->cfg->cell))
		w->me->fifo = worker_dedicate();
	worker_stamp_prepare(w);
	return 0;
}

/* In the measured loop nobody asks for the policy. */
static struct mech_io worker_io(const struct cell *c)
{
	const struct mech_ops *ops = c->ops;

	if (c->cfg.wait == WAIT_URING && ops->uring)
		return *ops->uring;
	return (struct mech_io){
		.send = ops->send, .recv = ops->recv,
		.call = c->cfg.wait == WAIT_BLOCK || c->cfg.wait == WAIT_URING ? ops->call : NULL,
	};
}

/* Without a couple, what comes back is its own. */
static enum mech_side worker_peer(const struct cell *c, enum mech_side side)
{
	return c->ops->traits & (MECH_T_SOLO | MECH_T_SERVED) ? side : !side;
}

int worker_run(const struct worker_cfg *cfg, struct mech *m, unsigned int number)
{
	const struct cell *c = cfg->cell;
	const struct cell_worker *role = &c->worker[number];
	struct worker w = {
		.cfg = cfg,
		.ops = c->ops,
		.io = worker_io(c),
		.m = cell_instances(c) > 1 ? &m[role->lane] : m,
		.instances = role->gathers ? cell_instances(c) : 1,
		.me = &cfg->shared->side[number],
		.cpu = role->cpu,
		.size = c->cfg.size,
		.salt_out = MSG_SALT(role->side),
		.salt_in = MSG_SALT(worker_peer(c, role->side)),
		.role = role,
		.lanes = worker_lanes(cfg->shared),
	};
	int ret;

	/* Its numbers say whose they are, where one receiver sees several. */
	if (c->pattern == PATTERN_FANIN)
		w.seq = (uint64_t)role->lane << WORKER_LANE_SHIFT;
	ret = worker_prepare(&w);
	if (ret)
		return ret;
	worker_state(w.me, WORKER_READY);
	while (!atomic_load(&cfg->shared->go))
		worker_futex_wait(&cfg->shared->go, 0, -1);
	ret = worker_all_blocks(&w, number);
	if (!ret)
		worker_state(w.me, WORKER_DONE);
	return ret;
}
