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
#include "msg.h"
#include "worker.h"

/* Cache line pair: nothing of the loop's shares a line with the payload. */
#define WORKER_ALIGN	128

/**
 * struct worker - one side's state in the loop
 * @cfg:	what to do
 * @ops:	the mechanism
 * @m:		its instance
 * @me:		own half of the shared page
 * @spin:	retry on -EAGAIN
 * @cpu:	where this side must run
 * @size:	of every message
 * @salt_out:	direction mark of what it sends
 * @salt_in:	and of what it receives
 * @seq:	next number to send
 * @rejected:	of the current block
 * @out:	message to send
 * @in:		message received
 */
struct worker {
	const struct worker_cfg *cfg;
	const struct mech_ops *ops;
	struct mech *m;
	struct worker_side *me;
	bool spin;
	int cpu;
	size_t size;
	uint64_t salt_out;
	uint64_t salt_in;
	uint64_t seq;
	uint64_t rejected;
	void *out;
	void *in;
};

size_t worker_shared_size(unsigned int blocks)
{
	return sizeof(struct worker_shared) + blocks * sizeof(struct worker_block);
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

static int worker_fail(struct worker_side *me, const char *step, int error)
{
	me->error = error;
	snprintf(me->step, sizeof(me->step), "%s", step);
	worker_state(me, WORKER_FAILED);
	return error;
}

/* Both workers pass together. If the peer dies, the supervisor kills us here. */
static void worker_barrier(struct worker_shared *s)
{
	uint32_t turn = atomic_load(&s->turn);

	if (atomic_fetch_add(&s->arrived, 1) + 1 == SIDE_COUNT) {
		atomic_store(&s->arrived, 0);
		atomic_store(&s->turn, turn + 1);
		worker_futex_wake(&s->turn);
		return;
	}
	while (atomic_load(&s->turn) == turn)
		worker_futex_wait(&s->turn, turn, -1);
}

static inline int worker_send(struct worker *w)
{
	int ret;

	msg_fill(w->out, w->size, w->seq, w->salt_out);
	do {
		ret = w->ops->send(w->m, w->out);
		if (__builtin_expect(!ret, 1)) {
			atomic_store_explicit(&w->me->sent, ++w->seq, memory_order_relaxed);
			return 0;
		}
		mech_relax();
	} while (ret == -EAGAIN && w->spin);
	return worker_fail(w->me, "send", ret);
}

static inline void worker_received(struct worker *w)
{
	const struct msg_head *head = w->in;
	struct verify *v = &w->me->verify;

	verify_message(v, head->seq, msg_check(w->in, w->size, w->salt_in));
	atomic_store_explicit(&w->me->progress, v->received, memory_order_relaxed);
}

static inline int worker_recv(struct worker *w)
{
	int ret;

	while (__builtin_expect((ret = w->ops->recv(w->m, w->in)), 0)) {
		if (ret != -EAGAIN || !w->spin)
			return worker_fail(w->me, "recv", ret);
		mech_relax();
	}
	worker_received(w);
	return 0;
}

/* Send, then receive: in one operation if the mechanism has it. */
static inline int worker_exchange(struct worker *w)
{
	int ret;

	if (!w->ops->call) {
		ret = worker_send(w);
		return ret ? ret : worker_recv(w);
	}
	msg_fill(w->out, w->size, w->seq, w->salt_out);
	ret = w->ops->call(w->m, w->out, w->in);
	if (ret)
		return worker_fail(w->me, "call", ret);
	atomic_store_explicit(&w->me->sent, ++w->seq, memory_order_relaxed);
	worker_received(w);
	return 0;
}

static inline bool worker_misplaced(struct worker *w)
{
	if (__builtin_expect(sched_getcpu() == w->cpu, 1))
		return false;
	w->rejected++;
	return true;
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
	const bool sender = w->me == &w->cfg->shared->side[SIDE_SENDER];

	if (w->ops->traits & MECH_T_SOLO)
		return worker_solo(w, n, b, lat);
	if (w->cfg->cell->pattern == PATTERN_PINGPONG)
		return sender ? worker_ping(w, n, b, lat) : worker_pong(w, n);
	return sender ? worker_source(w, n, b) : worker_sink(w, n, b);
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

static int worker_blocks(struct worker *w, enum mech_side side)
{
	const struct worker_cfg *cfg = w->cfg;
	struct worker_shared *s = cfg->shared;
	const bool solo = w->ops->traits & MECH_T_SOLO;
	/* Whose end is the block's, as in worker_block(). */
	const enum mech_side last = !solo && cfg->cell->pattern == PATTERN_STREAM ?
				    SIDE_RECEIVER : SIDE_SENDER;
	struct worker_block scratch;
	int ret;

	ret = worker_block(w, cfg->warmup, &scratch, NULL);
	if (cfg->gate && !ret && side == SIDE_SENDER)
		*cfg->gate = 1;
	worker_usage(&w->me->count, -1);
	for (unsigned int i = 0; !ret && i < cfg->blocks; i++) {
		w->rejected = 0;
		if (!solo)
			worker_barrier(s);
		if (side == SIDE_SENDER)
			mark_begin();
		ret = worker_block(w, cfg->messages, &s->block[i], &s->latency);
		if (side == last)
			mark_end();
		s->block[i].rejected[side] = w->rejected;
		w->me->count.rejected += w->rejected;
	}
	/* Or the receiver's exit, 220,000 instructions, would be in the last round trip. */
	if (!ret && !solo)
		worker_barrier(s);
	worker_usage(&w->me->count, 1);
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
	madvise(w->cfg->shared, worker_shared_size(w->cfg->blocks), MADV_POPULATE_WRITE);
	ret = w->ops->attach ? w->ops->attach(w->m) : 0;
	return ret ? worker_fail(w->me, "attach", ret) : 0;
}

int worker_run(const struct worker_cfg *cfg, struct mech *m, enum mech_side side)
{
	const struct cell *c = cfg->cell;
	const bool solo = c->ops->traits & MECH_T_SOLO;
	struct worker w = {
		.cfg = cfg,
		.ops = c->ops,
		.m = m,
		.me = &cfg->shared->side[side],
		.spin = c->cfg.wait == WAIT_SPIN,
		.cpu = c->cpu[side],
		.size = c->cfg.size,
		.salt_out = MSG_SALT(side),
		.salt_in = MSG_SALT(solo ? side : !side),
	};
	int ret;

	m->side = side;
	ret = worker_prepare(&w);
	if (ret)
		return ret;
	worker_state(w.me, WORKER_READY);
	while (!atomic_load(&cfg->shared->go))
		worker_futex_wait(&cfg->shared->go, 0, -1);
	ret = worker_blocks(&w, side);
	if (!ret)
		worker_state(w.me, WORKER_DONE);
	return ret;
}
