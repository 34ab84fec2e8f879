/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the ways into the module's ring channel have in common. Paired are (channel
 * number, message position), both from the module's tracepoints. A call that finds
 * nothing, or fails, has no ipcring_recv and is no receive.
 *
 * A set adds where a send and a receive are entered, and where the receive is left;
 * phase_snd.iter and phase_rcv.iter say that the task is inside, and of what.
 */
#ifndef IPCSCOPE_RING_BPF_H
#define IPCSCOPE_RING_BPF_H

#include "phase.bpf.h"

SEC("tp_btf/ipcring_send")
int BPF_PROG(enqueue, __u64 chan, __u64 pos, __u32 len, __u32 lane)
{
	__u64 now = bpf_ktime_get_ns();

	/* Also from the answer to a call, or of a channel that is not ours. */
	if (!sh.snd.iter || !phase_is(sh.ctl.sender))
		return 0;
	sh.snd.iter = 0;
	if (phase_snd_chan(chan + 1))
		phase_enqueue(pos, 0, now);
	return 0;
}

SEC("tp_btf/ipcring_recv")
int BPF_PROG(dequeue, __u64 chan, __u64 pos, __u32 len, __u32 lane)
{
	__u64 now = bpf_ktime_get_ns();

	if (!sh.rcv.iter || !phase_is(sh.ctl.receiver))
		return 0;
	if (!phase_rcv_chan(chan + 1)) {
		sh.rcv.iter = 0;
		return 0;
	}
	sh.rcv.d = now;
	sh.rcv.copied = len;
	sh.rcv.pos = pos;
	return 0;
}

static __always_inline void ring_recv_enter(__u64 iter)
{
	phase_recv_enter();
	sh.rcv.copied = 0;
	sh.rcv.iter = iter;
}

/* Stamp X was taken, of a receive that copied a message. */
static __always_inline void ring_received(void)
{
	__u32 chan = sh.rcv.chan & CHAN_MASK;
	struct phase_slot *m = &sh.slot[chan][sh.rcv.pos & SLOT_MASK];
	bool readable;
	__u64 seq = 0;

	sh.rcv.iter = 0;
	sh.rx[chan].reads++;
	if (!m->nr || m->key != sh.rcv.pos) {
		sh.rx[chan].unmatched++;
		return;
	}
	readable = phase_peek(sh.rcv.base, &seq);
	phase_finish(m, seq, readable);
}

#endif /* IPCSCOPE_RING_BPF_H */
