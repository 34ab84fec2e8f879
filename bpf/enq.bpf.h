/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For mechanisms where the sender hands a message over and others enqueue it: softirq
 * in whatever task it interrupts, a kernel thread, even the receiver. E is then told
 * by the socket that it is enqueued to, never by who runs; and a wake-up is due to the
 * message if it comes from within the call that enqueued it. To be included before
 * anything else.
 */
#ifndef IPCSCOPE_ENQ_BPF_H
#define IPCSCOPE_ENQ_BPF_H

static unsigned long long enq_due(void);
#define PHASE_WAKE_DUE()	enq_due()
#define PHASE_SENT()		(*(volatile __u64 *)&sh.enq.due)

#include "phase.bpf.h"

/* Two idle tasks have one number, hence the CPU; never 0. */
static __always_inline __u64 enq_context(void)
{
	return (bpf_get_smp_processor_id() + 1ULL) << 32 | (__u32)bpf_get_current_pid_tgid();
}

static __always_inline unsigned long long enq_due(void)
{
	return sh.enq.waker && sh.enq.waker == enq_context() ? sh.enq.due : 0;
}

/* The call that enqueued is left, whatever was done in it. */
static __always_inline void enq_done(void)
{
	if (sh.enq.waker && sh.enq.waker == enq_context())
		sh.enq.waker = 0;
}

/* The channel that receiving socket @sk is the end of, @obj its object; -1 none of ours. */
static __always_inline int enq_learn(__u64 sk, __u64 obj)
{
	int i;

	for (i = 0; i < PHASE_CHANS; i++) {
		if (sh.obj[i] == obj) {
			sh.enq.sk[i] = sk;
			return i;
		}
	}
	sh.enq.other = sk;
	return -1;
}

static __always_inline int enq_known(__u64 sk)
{
	int i;

	for (i = 0; i < PHASE_CHANS; i++)
		if (sh.enq.sk[i] == sk)
			return i;
	return -1;
}

/* Stamp E of a message that the sender had put into its slot. */
static __always_inline void enq_stamp(struct phase_slot *m, __u32 chan, __u64 now)
{
	m->e = now;
	sh.enq.next[chan] = m->key + 1;
	sh.enq.due = m->nr;
	sh.enq.waker = enq_context();
}

#endif /* IPCSCOPE_ENQ_BPF_H */
