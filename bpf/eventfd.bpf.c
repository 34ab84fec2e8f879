// SPDX-License-Identifier: GPL-2.0
/*
 * Probes for eventfds. A message is one write(); what it says lies in shared memory, and all
 * that crosses here is a count.
 *
 * Paired are (eventfd, count that all writes added up to): a receive takes what the kernel's
 * counter had, one or all, and completes the writes that are covered by all that was taken so
 * far. Cross-checked is the kernel's own counter, read under its lock: what was added less what
 * is left is what the receiver should have taken. Somebody else's write or read makes the two
 * differ (mispaired). A write that may find the counter full is not followed, and reported as
 * torn.
 *
 * An eventfd whose counter is not 0 when it is first met is a stock of credits, as for free
 * places: nobody sent the first of them, so they are no messages, and it is left alone.
 *
 * E and D are under the lock of the eventfd's queue, by whose address it is known: E where the
 * sleepers there are about to be woken, if there are any, else where the lock is released, as
 * D is.
 */
#include "phase.bpf.h"

static __always_inline struct eventfd_ctx *eventfd_of(__u64 obj)
{
	return (void *)(obj - bpf_core_field_offset(struct eventfd_ctx, wqh));
}

static __always_inline __u64 eventfd_obj(void *ctx)
{
	return (__u64)ctx + bpf_core_field_offset(struct eventfd_ctx, wqh);
}

static __always_inline __u64 eventfd_count(__u64 obj)
{
	return BPF_CORE_READ(eventfd_of(obj), count);
}

/*
 * Is it a channel? Once it is, its counter may have any value. @stock is the last one that a
 * side found to be none.
 */
static __noinline int eventfd_sends(__u64 obj, __u64 *stock)
{
	if (!stock)
		return 0;
	for (int i = 0; i < PHASE_CHANS; i++)
		if (sh.obj[i] == obj)
			return 1;
	if (!eventfd_count(obj))
		return 1;
	*stock = obj;
	return 0;
}

SEC("fentry/eventfd_write")
int BPF_PROG(send_enter, struct file *file, const void *buf, unsigned long count)
{
	__u64 obj, add;

	if (!phase_is(sh.ctl.sender))
		return 0;
	sh.snd.iter = 0;
	obj = eventfd_obj(file->private_data);
	if (sh.snd.next == obj || (sh.snd.obj != obj && !eventfd_sends(obj, &sh.snd.next)))
		return 0;
	if (count < sizeof(add) || !phase_peek((__u64)buf, &add) || !add || !phase_snd_chan(obj))
		return 0;
	if (~0ULL - eventfd_count(obj) <= add) {
		sh.tx[sh.snd.chan & CHAN_MASK].torn++;
		return 0;
	}
	sh.snd.iter = 1;
	sh.snd.asked = add;
	phase_enter();
	return 0;
}

static __always_inline void eventfd_enqueue(__u64 now)
{
	struct phase_tx *tx = &sh.tx[sh.snd.chan & CHAN_MASK];

	sh.snd.iter = 0;
	tx->off += sh.snd.asked;
	sh.snd.seq = tx->off;
	sh.snd.readable = 1;
	phase_enqueue(tx->sent, tx->off, now);
}

SEC("fentry/__wake_up_locked_key")
int BPF_PROG(wake, struct wait_queue_head *queue)
{
	__u64 now;

	if ((__u64)queue != sh.snd.obj || !sh.snd.iter || !phase_is(sh.ctl.sender))
		return 0;
	now = bpf_ktime_get_ns();
	eventfd_enqueue(now);
	return 0;
}

/* Again and again until the read is left; the last time counts. */
static __always_inline void eventfd_dequeue(__u64 now)
{
	struct phase_tx *tx = &sh.tx[sh.rcv.chan & CHAN_MASK];

	sh.rcv.d = now;
	sh.rcv.avail = tx->sent;
	sh.rcv.pos = tx->off - eventfd_count(sh.rcv.obj);
}

SEC("fentry/_raw_spin_unlock_irq")
int BPF_PROG(unlock, void *lock)
{
	__u64 now;

	if ((__u64)lock != sh.snd.obj && (__u64)lock != sh.rcv.obj)
		return 0;
	now = bpf_ktime_get_ns();
	if (phase_is(sh.ctl.sender)) {
		if (sh.snd.iter && (__u64)lock == sh.snd.obj)
			eventfd_enqueue(now);
	} else if (phase_is(sh.ctl.receiver)) {
		if (sh.rcv.iter && (__u64)lock == sh.rcv.obj)
			eventfd_dequeue(now);
	}
	return 0;
}

SEC("fentry/eventfd_read")
int BPF_PROG(recv_enter, struct kiocb *iocb, struct iov_iter *to)
{
	__u64 obj;

	if (!phase_is(sh.ctl.receiver))
		return 0;
	sh.rcv.iter = 0;
	obj = eventfd_obj(iocb->ki_filp->private_data);
	if (sh.rcv.written == obj || (sh.rcv.obj != obj && !eventfd_sends(obj, &sh.rcv.written)))
		return 0;
	if (!phase_rcv_chan(obj))
		return 0;
	phase_recv_enter();
	drift_user_base(to, &sh.rcv.base);
	sh.rcv.iter = (__u64)to;
	return 0;
}

/* Finish the next message if all of its count has been taken; 1 ends the loop. */
static long eventfd_complete(__u32 i, bool *readable)
{
	__u32 chan = sh.rcv.chan & CHAN_MASK;
	struct phase_rx *rx = &sh.rx[chan];
	struct phase_slot *m = &sh.slot[chan][rx->received & SLOT_MASK];

	if (!m->nr || m->key != rx->received) {
		rx->unmatched++;
		return 1;
	}
	if (m->end > rx->off)
		return 1;
	phase_finish(m, m->end, *readable);
	return 0;
}

SEC("fexit/eventfd_read")
int BPF_PROG(recv_exit, struct kiocb *iocb, struct iov_iter *to)
{
	struct phase_rx *rx;
	__u64 ret = 0, took = 0;
	bool readable;

	if ((__u64)to != sh.rcv.iter)
		return 0;
	sh.rcv.x = bpf_ktime_get_ns();
	sh.rcv.iter = 0;
	bpf_get_func_ret(ctx, &ret);
	if ((__s64)ret <= 0)
		return 0;
	rx = &sh.rx[sh.rcv.chan & CHAN_MASK];
	rx->reads++;
	readable = phase_peek(sh.rcv.base, &took);
	rx->off = readable ? rx->off + took : sh.rcv.pos;
	if (rx->off != sh.rcv.pos)
		sh.rcv.mispaired++;
	/* As in pipe.bpf.h. */
	if (sh.rcv.avail > rx->received && !eventfd_complete(0, &readable) &&
	    sh.rcv.avail > rx->received)
		bpf_loop(sh.rcv.avail - rx->received, eventfd_complete, &readable, 0);
	return 0;
}
