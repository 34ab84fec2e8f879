/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sockets that keep messages apart. A message is one buffer of the kernel's, and
 * that one is what pairs both sides: the n-th message of a channel is in slot n,
 * with the buffer's address, and the receiver looks for the buffer that it took from
 * the first slot that it did not have yet. Messages that somebody else took are
 * passed over and stay in flight; one that nobody sent is unmatched.
 */
#ifndef IPCSCOPE_PACKET_BPF_H
#define IPCSCOPE_PACKET_BPF_H

#include "phase.bpf.h"

/* The sender begins a send; @mark: what its buffer will be known by. Stamps S. */
static __always_inline void packet_begins(struct msghdr *msg, __u64 mark)
{
	drift_user_base(&msg->msg_iter, &sh.snd.base);
	sh.snd.iter = mark;
	phase_enter();
}

/* Buffer @id is about to be queued. */
static __always_inline void packet_sent(__u64 obj, __u64 id, __u64 now)
{
	sh.snd.iter = 0;
	if (phase_snd_chan(obj))
		phase_enqueue(sh.tx[sh.snd.chan & CHAN_MASK].sent, id, now);
}

/* The receiver begins to receive; to look is not to receive. */
static __always_inline void packet_receives(__u64 obj, struct msghdr *msg, int flags)
{
	sh.rcv.iter = 0;
	if ((flags & MSG_PEEK) || !phase_rcv_chan(obj))
		return;
	phase_recv_enter();
	drift_user_base(&msg->msg_iter, &sh.rcv.base);
	sh.rcv.copied = 0;
	sh.rcv.iter = (__u64)&msg->msg_iter;
}

/* Buffer @id is copied. Stamps D. */
static __always_inline void packet_dequeue(__u64 id)
{
	sh.rcv.d = bpf_ktime_get_ns();
	sh.rcv.pos = id;
	sh.rcv.copied = 1;
}

/* Is the next message in the buffer that was copied? 1 ends the search. */
static long packet_match(__u32 i, void *unused)
{
	__u32 chan = sh.rcv.chan & CHAN_MASK;
	struct phase_rx *rx = &sh.rx[chan];
	__u64 key = rx->off++, seq = 0;
	struct phase_slot *m = &sh.slot[chan][key & SLOT_MASK];
	bool readable;

	if (!m->nr || m->key != key || m->end != sh.rcv.pos)
		return 0;
	readable = phase_peek(sh.rcv.base, &seq);
	phase_finish(m, seq, readable);
	sh.rcv.copied = 0;
	return 1;
}

/* The receive is left. Stamps X. */
static __always_inline void packet_received(__u64 now)
{
	__u32 chan = sh.rcv.chan & CHAN_MASK;
	struct phase_rx *rx = &sh.rx[chan];
	__u64 first = rx->off;

	sh.rcv.x = now;
	sh.rcv.iter = 0;
	if (!sh.rcv.copied)
		return;
	rx->reads++;
	bpf_loop(sh.tx[chan].sent - first, packet_match, NULL, 0);
	if (sh.rcv.copied) {
		rx->off = first;
		rx->unmatched++;
	}
}

#endif /* IPCSCOPE_PACKET_BPF_H */
