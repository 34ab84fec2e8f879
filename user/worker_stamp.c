// SPDX-License-Identifier: GPL-2.0
/*
 * The worker's own stamps: S before a message's first try to send, X after the receive that
 * returned it. They stand around the mechanism's operations, in place of which they are called,
 * and only in a launch that has them; no other has an instruction of this.
 *
 * A message is paired by its number, which the loop verifies. Who woke the receiver when, and
 * when it ran again, is the kernel's to say (bpf/any.bpf.c); it writes that while the receiver
 * sleeps, so the receiver reads it with no more care.
 */
#define _GNU_SOURCE
#include <linux/types.h>
#include <sys/mman.h>
#include <time.h>
#include "../bpf/phase.h"
#include "worker_loop.h"

#define STAMP_SLOTS	(PHASE_CHANS * PHASE_SLOTS)

/**
 * struct worker_stamp - of this process
 * @io:		the operations proper
 * @sh:		where the stamps go
 * @sending:	a send has been tried that has no end yet
 * @asking:	likewise, a receive
 * @seen:	messages whose send had returned when that receive began
 * @runs:	sleeps that had ended then
 * @upto:	messages sent when the last sleep within a receive ended
 */
static struct worker_stamp {
	struct mech_io io;
	struct phase_shared *sh;
	bool sending;
	bool asking;
	uint64_t seen;
	uint64_t runs;
	uint64_t upto;
} stamp;

/* The clock of bpf_ktime_get_ns(). */
static uint64_t stamp_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* Numbers count from 1 here: 0 is none. */
static uint64_t stamp_nr(const void *buf)
{
	return ((const struct msg_head *)buf)->seq + 1;
}

static struct phase_slot *stamp_slot(uint64_t nr)
{
	return &stamp.sh->slot[0][0] + nr % STAMP_SLOTS;
}

static void stamp_begin(const void *buf)
{
	const uint64_t nr = stamp_nr(buf);
	struct phase_slot *m = stamp_slot(nr);

	if (m->nr)
		stamp.sh->tx[0].overwritten++;
	stamp.sh->tx[0].sent++;
	m->nr = nr;
	m->gate = stamp.sh->ctl.gate;
	stamp.sending = true;
	stamp.sh->user.sending = nr;
	m->s = stamp_now();
}

static void stamp_sent(void)
{
	stamp.sending = false;
	stamp.sh->user.done = stamp.sh->user.sending;
	stamp.sh->user.sending = 0;
}

static void stamp_ask(void)
{
	stamp.asking = true;
	stamp.seen = *(volatile __u64 *)&stamp.sh->user.done;
	stamp.runs = stamp.sh->run.count;
}

static enum phase_class stamp_classify(const struct phase_rec *rec, bool slept)
{
	const struct phase_run *run = &stamp.sh->run;

	if (slept && run->w >= rec->s)
		return run->nr == rec->nr ? PHASE_WOKEN : PHASE_RELAYED;
	/*
	 * Awake already, but not running yet: for an earlier message, or for nothing. A Unix
	 * stream's receiver is woken when its last answer has been taken.
	 */
	if (slept || rec->nr <= stamp.upto)
		return PHASE_SHARED;
	return rec->nr <= stamp.seen ? PHASE_BACKLOG : PHASE_RUNNING;
}

static void stamp_record(const struct phase_slot *m, uint64_t nr, uint64_t x, bool slept)
{
	struct phase_shared *sh = stamp.sh;
	struct phase_rec *rec;

	if (sh->nrec == PHASE_RECORDS)
		trace_drain(sh);
	rec = &sh->rec[sh->nrec++];
	*rec = (struct phase_rec){ .s = m->s, .x = x, .nr = nr, .user = 1 };
	rec->class = stamp_classify(rec, slept);
	if (rec->class <= PHASE_RELAYED) {
		rec->e = sh->run.e;
		rec->w = sh->run.w;
		rec->r = sh->run.r;
		rec->d = sh->run.d;
	}
}

static void stamp_received(const void *buf)
{
	const uint64_t x = stamp_now(), nr = stamp_nr(buf);
	const bool slept = stamp.sh->run.count != stamp.runs;
	struct phase_slot *m = stamp_slot(nr);
	struct phase_rx *rx = &stamp.sh->rx[0];

	stamp.asking = false;
	rx->reads++;
	if (m->nr != nr) {
		rx->unmatched++;
		return;
	}
	rx->received++;
	if (m->gate)
		stamp_record(m, nr, x, slept);
	m->nr = 0;
	if (slept)
		stamp.upto = stamp.sh->run.upto;
}

static int stamp_send(struct mech *m, const void *buf)
{
	int ret;

	if (!stamp.sending)
		stamp_begin(buf);
	ret = stamp.io.send(m, buf);
	if (ret != -EAGAIN)
		stamp_sent();
	return ret;
}

static int stamp_recv(struct mech *m, void *buf)
{
	int ret;

	if (!stamp.asking)
		stamp_ask();
	ret = stamp.io.recv(m, buf);
	if (!ret)
		stamp_received(buf);
	return ret;
}

/* It sends until its peer has the message, which is all that it does not wait for. */
static int stamp_call_sender(struct mech *m, const void *out, void *in)
{
	int ret;

	stamp_begin(out);
	ret = stamp.io.call(m, out, in);
	stamp_sent();
	return ret;
}

static int stamp_call_receiver(struct mech *m, const void *out, void *in)
{
	int ret;

	stamp_ask();
	ret = stamp.io.call(m, out, in);
	if (!ret)
		stamp_received(in);
	return ret;
}

static int stamp_call_own(struct mech *m, const void *out, void *in)
{
	int ret;

	stamp_ask();
	stamp_begin(out);
	ret = stamp.io.call(m, out, in);
	stamp_sent();
	if (!ret)
		stamp_received(in);
	return ret;
}

void worker_stamp_prepare(struct worker *w)
{
	const bool own = w->ops->traits & (MECH_T_SOLO | MECH_T_SERVED);
	const bool sends = w->role->side == SIDE_SENDER;

	if (!w->cfg->stamps)
		return;
	stamp.io = w->io;
	stamp.sh = w->cfg->stamps;
	/* Mapped when loaded, but not if it is plain memory: as in worker_prepare(). */
	madvise(stamp.sh, sizeof(*stamp.sh), MADV_POPULATE_WRITE);
	if (sends)
		w->io.send = stamp_send;
	if (!sends || own)
		w->io.recv = stamp_recv;
	if (w->io.call)
		w->io.call = !sends ? stamp_call_receiver :
			     own ? stamp_call_own : stamp_call_sender;
}
