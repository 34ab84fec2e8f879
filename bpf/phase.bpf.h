/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The body of every probe set: channels, stamps, pairing of wake-ups, sums. A set
 * adds the hooks that give S, E, D and X and what identifies a message there.
 * Stamps, and who writes what: phase.h.
 */
#ifndef IPCSCOPE_PHASE_BPF_H
#define IPCSCOPE_PHASE_BPF_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include "phase.h"
#include "fold.h"
#include "kernel.bpf.h"
#include "drift.bpf.h"

#define SLOT_MASK	(PHASE_SLOTS - 1)
#define CHAN_MASK	(PHASE_CHANS - 1)

char LICENSE[] SEC("license") = "GPL";

struct phase_shared sh;

/*
 * The last message with an E, and the one that a wake-up now is due to. Sets whose E is
 * not the sender's (enq.bpf.h) know better.
 */
#ifndef PHASE_SENT
#define PHASE_SENT()		(*(volatile __u64 *)&sh.snd.nr)
#define PHASE_WAKE_DUE()	(phase_is(sh.ctl.sender) ? sh.snd.woken_by : 0)
#endif

static __always_inline bool phase_is(__s32 pid)
{
	return (__s32)bpf_get_current_pid_tgid() == pid;
}

/* Both sides may meet a new object at the same time, hence the atomic claim. */
static __noinline int phase_find(__u64 obj)
{
	__u64 old;
	int i;

	for (i = 0; i < PHASE_CHANS; i++) {
		old = sh.obj[i];
		if (!old)
			old = __sync_val_compare_and_swap(&sh.obj[i], 0, obj);
		if (!old || old == obj)
			return i;
	}
	return -1;
}

static __always_inline bool phase_snd_chan(__u64 obj)
{
	int chan;

	if (sh.snd.obj == obj)
		return true;
	chan = phase_find(obj);
	if (chan < 0) {
		sh.snd.no_chan++;
		return false;
	}
	sh.snd.obj = obj;
	sh.snd.chan = chan;
	return true;
}

static __always_inline bool phase_rcv_chan(__u64 obj)
{
	int chan;

	if (sh.rcv.obj == obj)
		return true;
	chan = phase_find(obj);
	if (chan < 0) {
		sh.rcv.no_chan++;
		return false;
	}
	sh.rcv.obj = obj;
	sh.rcv.chan = chan;
	return true;
}

static __always_inline bool phase_peek(__u64 addr, __u64 *seq)
{
	return addr && !bpf_probe_read_user(seq, sizeof(*seq), (void *)addr);
}

/* Stamp S, last of all so that the probe's own work is not in the phase. */
static __always_inline void phase_enter(void)
{
	sh.snd.woken_by = 0;
	sh.snd.readable = phase_peek(sh.snd.base, &sh.snd.seq);
	sh.snd.gate = *(volatile __u32 *)&sh.ctl.gate;
	sh.snd.s = bpf_ktime_get_ns();
}

/* Stamp E. Runs before the receiver can see the message. */
static __always_inline void phase_enqueue(__u64 key, __u64 end, __u64 now)
{
	__u32 chan = sh.snd.chan & CHAN_MASK;
	struct phase_slot *m = &sh.slot[chan][key & SLOT_MASK];

	if (m->nr)
		sh.tx[chan].overwritten++;
	m->nr = ++sh.snd.nr;
	m->key = key;
	m->end = end;
	m->s = sh.snd.s;
	m->e = now;
	m->seq = sh.snd.seq;
	m->readable = sh.snd.readable;
	m->gate = sh.snd.gate;
	sh.snd.woken_by = m->nr;
	sh.tx[chan].sent++;
}

/*
 * The receiver begins to ask for a message of its object, or goes on to: for as long as its
 * calls return none it asks for the same one. To be called where a receive is entered, after
 * phase_rcv_chan() if the object is known there.
 */
static __always_inline void phase_recv_enter(void)
{
	if (sh.rcv.asking == sh.rcv.obj + 1)
		return;
	sh.rcv.asking = sh.rcv.obj + 1;
	sh.rcv.seen = PHASE_SENT();
}

/* There is no record left: the message is summed here, and forgotten. */
static __noinline int phase_fold(void)
{
	const struct phase_rec *m = &sh.rec[PHASE_RECORDS];

	fold_common(&sh.sum, m);
	fold_kernel(&sh.sum, m);
	return 0;
}

static __always_inline __u32 phase_classify(__u64 nr)
{
	if (sh.run.nr == nr)
		return PHASE_WOKEN;
	if (sh.run.nr && sh.run.nr < nr && nr <= sh.run.upto)
		return PHASE_SHARED;
	return nr <= sh.rcv.seen ? PHASE_BACKLOG : PHASE_RUNNING;
}

/* Stamp X was taken: message @m is paired with this receive. */
static __always_inline void phase_finish(struct phase_slot *m, __u64 seq, bool readable)
{
	struct phase_rec *rec;
	__u64 nr = m->nr, i;

	m->nr = 0;
	sh.rcv.asking = 0;
	sh.rx[sh.rcv.chan & CHAN_MASK].received++;
	if (!readable || !m->readable)
		sh.rcv.unreadable++;
	else if (seq != m->seq)
		sh.rcv.mispaired++;
	if (!m->gate)
		return;
	i = sh.nrec;
	if (i > PHASE_RECORDS)
		i = PHASE_RECORDS;
	rec = &sh.rec[i];
	rec->s = m->s;
	rec->e = m->e;
	rec->w = sh.run.w;
	rec->r = sh.run.r;
	rec->d = sh.rcv.d;
	rec->x = sh.rcv.x;
	rec->nr = nr;
	rec->class = phase_classify(nr);
	if (i < PHASE_RECORDS)
		sh.nrec = i + 1;
	else
		phase_fold();
}

#ifndef PHASE_OWN_SCHED

/*
 * Stamp W, also when the receiver turns out to be awake: whether it slept is
 * known at the switch. A wake before E (a full pipe, a signal) or by anybody else
 * belongs to no message.
 */
SEC("tp_btf/sched_waking")
int BPF_PROG(waking, struct task_struct *p)
{
	__u64 nr;

	if (p->pid != sh.ctl.receiver)
		return 0;
	nr = PHASE_WAKE_DUE();
	sh.wake.nr = nr;
	if (nr)
		sh.wake.t = bpf_ktime_get_ns();
	return 0;
}

/*
 * Stamp R. A wake that met a receiver awake is dropped by its next switch-in; a
 * sleeper is switched in only after the wake was stamped, so no R precedes its W.
 */
SEC("tp_btf/sched_switch")
int BPF_PROG(switched, bool preempt, struct task_struct *prev, struct task_struct *next,
	     unsigned int prev_state)
{
	if (prev->pid == sh.ctl.receiver) {
		sh.run.asleep = !preempt && prev_state;
		return 0;
	}
	if (next->pid != sh.ctl.receiver)
		return 0;
	if (sh.run.asleep && sh.wake.nr) {
		sh.run.r = bpf_ktime_get_ns();
		sh.run.w = sh.wake.t;
		sh.run.nr = sh.wake.nr;
		sh.run.upto = PHASE_SENT();
	}
	sh.wake.nr = 0;
	return 0;
}

#endif /* PHASE_OWN_SCHED */

#endif /* IPCSCOPE_PHASE_BPF_H */
