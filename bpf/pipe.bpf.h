/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the probes of all pipes have in common: the receiver's half, and what a message
 * is. A set adds what the sender calls, and how many bytes it has put in.
 *
 * A message is what one call of the sender's asks for. Where a call moved only a part,
 * the next one goes on with the same message if it asks for the rest, from the address
 * where the part ended; any other leaves a torn message behind, which is counted and
 * fails the cell.
 *
 * Paired are (pipe, offset behind the last byte): both sides count the bytes that
 * they moved, and the sender's count is taken and published under pipe->mutex, so
 * the n-th byte in is the n-th byte out. How many reads a message takes, or how
 * many messages a read, does not matter; a read that takes several gives all of
 * them its own D and X. Somebody else writing to or reading from the same pipe
 * shifts the offsets: then the receiver is ahead (unmatched) or the payloads
 * differ (mispaired).
 *
 * E and D are taken where the mutex is about to be released, because nothing
 * before that can be hooked: copy_page_from_iter() and copy_page_to_iter() are in
 * lib/, which is built without -pg, and the rest is inlined.
 */
#ifndef IPCSCOPE_PIPE_BPF_H
#define IPCSCOPE_PIPE_BPF_H

#include "phase.bpf.h"

/* A pipe is known by the address of its mutex, which is what unlock has. */
static __always_inline __u64 pipe_of(struct kiocb *iocb)
{
	return (__u64)iocb->ki_filp->private_data +
	       bpf_core_field_offset(struct pipe_inode_info, mutex);
}

/* Does a call for @count bytes go on where the last one stopped half-way? */
static __always_inline bool pipe_goes_on(__u64 obj, __u64 base, __u64 count)
{
	__u64 moved = sh.snd.asked - sh.snd.left;

	if (!sh.snd.left || !moved)
		return false;
	if (obj == sh.snd.obj && count == sh.snd.left && base == sh.snd.base + moved)
		return true;
	sh.tx[sh.snd.chan & CHAN_MASK].torn++;
	return false;
}

/* Now @rest bytes of the message are not in the pipe; with the last one it is there. */
static __always_inline void pipe_moved(__u64 rest, __u64 now)
{
	struct phase_tx *tx = &sh.tx[sh.snd.chan & CHAN_MASK];

	tx->off += sh.snd.left - rest;
	sh.snd.left = rest;
	if (!rest)
		phase_enqueue(tx->sent, tx->off, now);
}

SEC("fentry/pipe_read")
int BPF_PROG(recv_enter, struct kiocb *iocb, struct iov_iter *to)
{
	struct phase_rx *rx;

	if (!phase_is(sh.ctl.receiver))
		return 0;
	sh.rcv.iter = 0;
	if (!phase_rcv_chan(pipe_of(iocb)))
		return 0;
	phase_recv_enter();
	rx = &sh.rx[sh.rcv.chan & CHAN_MASK];
	rx->start = rx->off;
	drift_user_base(to, &sh.rcv.base);
	sh.rcv.iter = (__u64)to;
	return 0;
}

/*
 * Again and again until the read is left; the last time counts. Mostly there is nothing yet the
 * first time, when the read is about to sleep: then there is no time to take either. Bytes
 * that came without a message being complete are a part of one, and count.
 */
static __always_inline void pipe_dequeue(void)
{
	struct phase_tx *tx = &sh.tx[sh.rcv.chan & CHAN_MASK];
	struct phase_rx *rx = &sh.rx[sh.rcv.chan & CHAN_MASK];
	__u64 written = *(volatile __u64 *)&tx->off;

	if (!sh.rcv.iter || written == rx->off)
		return;
	sh.rcv.d = bpf_ktime_get_ns();
	sh.rcv.avail = tx->sent;
	sh.rcv.written = written;
}

/* The first bytes of the message at rx->begin, from this read's buffer. */
static __always_inline bool pipe_peek(struct phase_rx *rx, __u64 *seq)
{
	__u64 base = sh.rcv.base;

	return base && phase_peek(base + (rx->begin - rx->start), seq);
}

/* Finish the next message if its last byte has come; 1 ends the loop. */
static long pipe_complete(__u32 i, void *unused)
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
		readable = pipe_peek(rx, &seq);
	rx->begin = m->end;
	phase_finish(m, seq, readable);
	return 0;
}

SEC("fexit/pipe_read")
int BPF_PROG(recv_exit, struct kiocb *iocb, struct iov_iter *to)
{
	struct phase_rx *rx;
	__u64 n = 0;

	if ((__u64)to != sh.rcv.iter)
		return 0;
	sh.rcv.x = bpf_ktime_get_ns();
	sh.rcv.iter = 0;
	bpf_get_func_ret(ctx, &n);
	if ((__s64)n <= 0)
		return 0;
	rx = &sh.rx[sh.rcv.chan & CHAN_MASK];
	rx->reads++;
	rx->off += n;
	if (rx->off > sh.rcv.written)
		rx->unmatched++;
	/* Mostly it is one, and the loop's call costs more than its turn. */
	if (sh.rcv.avail > rx->received && !pipe_complete(0, NULL) &&
	    sh.rcv.avail > rx->received)
		bpf_loop(sh.rcv.avail - rx->received, pipe_complete, NULL, 0);
	if (rx->begin >= rx->start && rx->begin < rx->off)
		rx->readable = pipe_peek(rx, &rx->seq);
	return 0;
}

#endif /* IPCSCOPE_PIPE_BPF_H */
