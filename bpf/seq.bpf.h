/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Byte streams that count their bytes themselves, absolutely and on both sides alike:
 * a message is enqueued where the receiving socket's count of what came passes its last
 * byte, however the bytes were cut or put together on the way. The kernel's counts are
 * of 32 bits; what is kept of them here goes on counting.
 *
 * The message's slot is filled at S, so that whoever enqueues it finds it. One that
 * moved nothing, as it may not wait, begins anew when it is tried again.
 */
#ifndef IPCSCOPE_SEQ_BPF_H
#define IPCSCOPE_SEQ_BPF_H

#include "enq.bpf.h"
#include "stream.bpf.h"

/* @off, or where it is when its low half next becomes @seq. */
static __always_inline __u64 seq_reach(__u64 off, __u32 seq)
{
	return off + (__u32)(seq - (__u32)off);
}

/* The sender's count is @seq: what is missing of the last message, or take it back. */
static __always_inline void seq_settle(__u64 obj, __u32 seq)
{
	struct phase_tx *tx = &sh.tx[sh.snd.chan & CHAN_MASK];
	__s32 left = (__u32)tx->off - seq;

	if (!sh.snd.left || obj != sh.snd.obj)
		return;
	sh.snd.left = left > 0 ? left : 0;
	if (sh.snd.left != sh.snd.asked)
		return;
	sh.snd.left = 0;
	tx->sent--;
	tx->off -= sh.snd.asked;
	sh.snd.nr--;
	sh.slot[sh.snd.chan & CHAN_MASK][tx->sent & SLOT_MASK].nr = 0;
}

/* The sender sends @count bytes more; its count is @seq. Stamps S. */
static __always_inline void seq_send(__u64 obj, struct iov_iter *from, __u64 count, __u32 seq)
{
	struct phase_tx *tx;

	seq_settle(obj, seq);
	if (!stream_begins(obj, from, count))
		return;
	tx = &sh.tx[sh.snd.chan & CHAN_MASK];
	tx->off = seq_reach(tx->off, seq) + count;
	phase_enter();
	phase_enqueue(tx->sent, tx->off, sh.snd.s);
}

struct seq_arrival {
	__u64 now;
	__u32 chan;
	__u32 seq;
};

/* The next message, if all of it has come; 1 ends the loop. */
static long seq_arrived(__u32 i, struct seq_arrival *a)
{
	__u32 chan = a->chan & CHAN_MASK;
	__u64 key = sh.enq.next[chan];
	struct phase_slot *m = &sh.slot[chan][key & SLOT_MASK];

	if (!m->nr || m->key != key || (__s32)((__u32)m->end - a->seq) > 0)
		return 1;
	enq_stamp(m, chan, a->now);
	return 0;
}

/* The receiving socket of channel @chan has @seq; it is locked, so nobody reads yet. */
static __always_inline void seq_enqueue(__u32 chan, __u32 seq, __u64 now)
{
	struct seq_arrival a = { .now = now, .chan = chan & CHAN_MASK, .seq = seq };

	bpf_loop(sh.tx[a.chan].sent - sh.enq.next[a.chan], seq_arrived, &a, 0);
}

/* The receiver begins to receive; @seq is what it has read so far. */
static __always_inline void seq_receives(__u64 obj, struct iov_iter *to, __u32 seq)
{
	struct phase_rx *rx;

	if (!phase_rcv_chan(obj))
		return;
	rx = &sh.rx[sh.rcv.chan & CHAN_MASK];
	rx->off = seq_reach(rx->off, seq);
	if (!rx->reads)
		rx->begin = rx->off;
	stream_receives(obj, to);
}

#endif /* IPCSCOPE_SEQ_BPF_H */
