/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Byte streams. A message is what one send asks for. Where a send moved only a
 * part, the next one goes on with the same message if it asks for the rest, from
 * the address where the part ended; any other send leaves a torn message behind,
 * which is counted and fails the cell.
 *
 * Paired are (channel, offset behind the last byte). How many receives a message
 * takes, or how many messages a receive, does not matter; one that takes several
 * gives all of them its own D and X. Somebody else on the same stream shifts what
 * is where: then the receiver is ahead (unmatched) or the payloads differ
 * (mispaired).
 */
#ifndef IPCSCOPE_STREAM_BPF_H
#define IPCSCOPE_STREAM_BPF_H

#include "phase.bpf.h"

/* Does a send of @count bytes go on where the last one stopped half-way? */
static __always_inline bool stream_goes_on(__u64 obj, __u64 base, __u64 count)
{
	__u64 moved = sh.snd.asked - sh.snd.left;

	if (!sh.snd.left || !moved)
		return false;
	if (obj == sh.snd.obj && count == sh.snd.left && base == sh.snd.base + moved)
		return true;
	sh.tx[sh.snd.chan & CHAN_MASK].torn++;
	return false;
}

/* The sender begins to send @count bytes, or goes on. Does not stamp S. */
static __always_inline bool stream_begins(__u64 obj, struct iov_iter *from, __u64 count)
{
	__u64 base;

	sh.snd.iter = 0;
	drift_user_base(from, &sh.snd.next);
	base = *(volatile __u64 *)&sh.snd.next;
	if (stream_goes_on(obj, base, count)) {
		sh.snd.iter = (__u64)from;
		return false;
	}
	sh.snd.left = 0;
	if (!count || !phase_snd_chan(obj))
		return false;
	sh.snd.iter = (__u64)from;
	sh.snd.base = base;
	sh.snd.asked = count;
	sh.snd.left = count;
	return true;
}

/* @n more bytes are about to be seen by the receiver. */
static __always_inline void stream_sent(__u64 n, __u64 now)
{
	struct phase_tx *tx = &sh.tx[sh.snd.chan & CHAN_MASK];

	tx->off += n;
	sh.snd.left -= n;
	if (sh.snd.left)
		return;
	sh.snd.iter = 0;
	phase_enqueue(tx->sent, tx->off, now);
}

/* The receiver begins to receive. */
static __always_inline bool stream_receives(__u64 obj, struct iov_iter *to)
{
	struct phase_rx *rx;

	sh.rcv.iter = 0;
	if (!phase_rcv_chan(obj))
		return false;
	phase_recv_enter();
	rx = &sh.rx[sh.rcv.chan & CHAN_MASK];
	rx->start = rx->off;
	drift_user_base(to, &sh.rcv.base);
	sh.rcv.iter = (__u64)to;
	return true;
}

/* Again and again until the receive is left; the last time counts. */
static __always_inline void stream_dequeue(__u64 now)
{
	struct phase_tx *tx = &sh.tx[sh.rcv.chan & CHAN_MASK];

	sh.rcv.d = now;
	sh.rcv.avail = tx->sent;
	sh.rcv.written = tx->off;
}

/* The first bytes of the message at rx->begin, from this receive's buffer. */
static __always_inline bool stream_peek(struct phase_rx *rx, __u64 *seq)
{
	__u64 base = sh.rcv.base;

	return base && phase_peek(base + (rx->begin - rx->start), seq);
}

/* Finish the next message if its last byte has come; 1 ends the loop. */
static long stream_complete(__u32 i, void *unused)
{
	__u32 chan = sh.rcv.chan & CHAN_MASK;
	struct phase_rx *rx = &sh.rx[chan];
	struct phase_slot *m = &sh.slot[chan][rx->received & SLOT_MASK];
	bool readable = rx->readable;
	__u64 seq = rx->seq;

	if (m->key != rx->received) {
		rx->unmatched++;
		return 1;
	}
	if (m->end > rx->off)
		return 1;
	if (rx->begin >= rx->start)
		readable = stream_peek(rx, &seq);
	rx->begin = m->end;
	phase_finish(m, seq, readable);
	return 0;
}

/* The receive is left; sh.rcv.d and sh.rcv.x are stamped, rx->off is what it is now. */
static __always_inline void stream_received(struct phase_rx *rx)
{
	rx->reads++;
	if (rx->off > sh.rcv.written)
		rx->unmatched++;
	if (sh.rcv.avail > rx->received)
		bpf_loop(sh.rcv.avail - rx->received, stream_complete, NULL, 0);
	if (rx->begin >= rx->start && rx->begin < rx->off)
		rx->readable = stream_peek(rx, &rx->seq);
}

#endif /* IPCSCOPE_STREAM_BPF_H */
