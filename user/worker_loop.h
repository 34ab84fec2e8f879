/* SPDX-License-Identifier: GPL-2.0 */
/* What happens to each message: the insides of the measured loops. */
#ifndef IPCSCOPE_WORKER_LOOP_H
#define IPCSCOPE_WORKER_LOOP_H

#ifndef _GNU_SOURCE
#error sched_getcpu() needs _GNU_SOURCE
#endif
#include <errno.h>
#include <sched.h>
#include "msg.h"
#include "worker.h"

/**
 * struct worker - one side's state in the loop
 * @cfg:	what to do
 * @ops:	the mechanism
 * @io:		its operations, by the wait policy
 * @m:		its instance, or the first of those that this one gathers
 * @instances:	how many
 * @me:		own part of the shared memory
 * @cpu:	where this side must run
 * @size:	of every message
 * @salt_out:	direction mark of what it sends
 * @salt_in:	and of what it receives
 * @seq:	next number to send
 * @rejected:	of the current block
 * @out:	message to send
 * @in:		message received
 * @role:	which worker it is
 * @lanes:	what it knows of the lanes, where it gathers
 * @tries:	before it sleeps, with WAIT_SPIN_BLOCK
 * @epoll:	by direction, with WAIT_POLL
 */
struct worker {
	const struct worker_cfg *cfg;
	const struct mech_ops *ops;
	struct mech_io io;
	struct mech *m;
	unsigned int instances;
	struct worker_side *me;
	int cpu;
	size_t size;
	uint64_t salt_out;
	uint64_t salt_in;
	uint64_t seq;
	uint64_t rejected;
	void *out;
	void *in;
	const struct cell_worker *role;
	struct worker_lane *lanes;
	unsigned int tries;
	int epoll[MECH_DIRS];
};

/* Say that a step failed. Return: @error. */
int worker_fail(struct worker_side *me, const char *step, int error);

/* After attach(): make ready for the cell's wait policy. */
int worker_wait_prepare(struct worker *w);

/* After -EAGAIN: wait as the policy says until the same try has an end. 0 or -errno. */
int worker_again(struct worker *w, enum mech_dir dir);

/* After all else: where this launch has stamps of its own, take them around @w->io. */
void worker_stamp_prepare(struct worker *w);

/* One block of the receiver of all senders. */
int worker_gather(struct worker *w, uint64_t n, struct worker_block *b);

/* One block of the service that answers all clients. */
int worker_serve(struct worker *w, uint64_t n);

static inline int worker_send(struct worker *w)
{
	int ret;

	msg_fill(w->out, w->size, w->seq, w->salt_out);
	ret = w->io.send(w->m, w->out);
	if (__builtin_expect(ret == -EAGAIN, 0))
		ret = worker_again(w, MECH_OUT);
	if (__builtin_expect(ret, 0))
		return worker_fail(w->me, "send", ret);
	atomic_store_explicit(&w->me->sent, ++w->seq, memory_order_relaxed);
	return 0;
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
	int ret = w->io.recv(w->m, w->in);

	if (__builtin_expect(ret == -EAGAIN, 0))
		ret = worker_again(w, MECH_IN);
	if (__builtin_expect(ret, 0))
		return worker_fail(w->me, "recv", ret);
	worker_received(w);
	return 0;
}

/* Send, then receive: in one operation if the mechanism has it. */
static inline int worker_exchange(struct worker *w)
{
	int ret;

	if (!w->io.call) {
		ret = worker_send(w);
		return ret ? ret : worker_recv(w);
	}
	msg_fill(w->out, w->size, w->seq, w->salt_out);
	ret = w->io.call(w->m, w->out, w->in);
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

#endif /* IPCSCOPE_WORKER_LOOP_H */
