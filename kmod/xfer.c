// SPDX-License-Identifier: GPL-2.0
/*
 * Transfers: the kernel copies, one message a call. The model checker repeats how it
 * takes one: see selftests/ring/model/kernel.txt.
 */
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/uio.h>

#include "chan.h"
#include "inject.h"
#include "trace.h"

/*
 * What a message passes through is inlined into both, read() or write() and the
 * attempt that others make: each call costs 30 instructions, 1 % of a message.
 */
static unsigned int ipcring_how(const struct kiocb *iocb)
{
	bool nowait = (iocb->ki_filp->f_flags & O_NONBLOCK) || (iocb->ki_flags & IOCB_NOWAIT);

	return nowait ? IPCRING_NOWAIT : 0;
}

static __always_inline int ipcring_lock(struct ipcring_end *end, unsigned int how)
{
	if (how & IPCRING_NOWAIT)
		return mutex_trylock(&end->xfer) ? 0 : -EAGAIN;
	return mutex_lock_interruptible(&end->xfer) ? -ERESTARTSYS : 0;
}

/* After the unlocking and a full barrier: see ipcring_want(). */
static __always_inline void ipcring_unlocked(struct ipcring_end *end)
{
	if (unlikely(READ_ONCE(end->wanted)))
		ipcring_hand_over(end);
}

/* A transfer failed. */
static noinline int ipcring_failed(struct ipcring_end *end, int ret)
{
	/* Of one that did not, ipcring_wake() has it. Pairs with ipcring_want()'s. */
	smp_mb();
	ipcring_unlocked(end);
	return ret;
}

static __always_inline int ipcring_fill(struct ipcring_end *end, u64 *pos,
					struct iov_iter *from, size_t len)
{
	const struct ring *r = &end->lane->ring;
	struct ipcring_slot *slot = ring_slot(r, *pos);
	size_t copied;

	lockdep_assert_held(&end->xfer);
	if (READ_ONCE(end->chan->cons_gone))
		return -EPIPE;
	/*
	 * Slot and length are bounded. The checking copies would look the vmap()
	 * area up under a global lock: 190 instructions a message.
	 */
	copied = _copy_from_iter(ring_payload(slot), len, from);
	if (copied != len) {
		iov_iter_revert(from, copied);
		return -EFAULT;
	}
	ipcring_inject_send();
	/* Before the receiver can see the message: its own stamps must come later. */
	trace_ipcring_send(end->chan->id, *pos, len, end->lane->nr);
	*pos = ring_publish(r, *pos, len);
	return 0;
}

/* Who is told to come back may wait for epoll's next edge: ask the peer for it. */
static int ipcring_send_edge(struct ipcring_end *end, u32 len, u64 *pos)
{
	int ret = ipcring_arm(end, len);

	if (ret)
		return ret;
	ret = ipcring_look_send(end, len, pos);
	/*
	 * Not armed any more, if we failed; and with records what others of this side
	 * had armed, for more room, is overwritten.
	 */
	ipcring_edge(end, 0);
	return ret;
}

/* Without the wish to wait: no room is a drop. */
static noinline int ipcring_send_full(struct ipcring_end *end, u32 len, u64 *pos)
{
	int ret = ipcring_send_edge(end, len, pos);

	if (ret == -EAGAIN)
		atomic64_inc(&end->lane->drops);
	return ret;
}

static __always_inline ssize_t ipcring_send(struct ipcring_end *end, struct iov_iter *from,
					    unsigned int how)
{
	size_t len = iov_iter_count(from);
	u64 pos;
	int ret;

	if (len - 1 >= end->lane->ring.msg_size)
		return -EMSGSIZE;
	ret = ipcring_lock(end, how);
	if (ret)
		return ret;
	ret = ipcring_look_send(end, len, &pos);
	if (ret == -EAGAIN && how & IPCRING_NOWAIT)
		ret = ipcring_send_full(end, len, &pos);
	if (!ret)
		ret = ipcring_fill(end, &pos, from, len);
	mutex_unlock(&end->xfer);
	if (ret)
		return ipcring_failed(end, ret);
	ipcring_set_ready(end->lane);
	ipcring_wake(&end->chan->cons, end->lane, pos, how);
	ipcring_unlocked(end);
	return len;
}

/**
 * ipcring_try_send() - send a message if there is room
 * @end:	a producer's side
 * @from:	the message; consumed only if it was sent
 * @how:	IPCRING_NOWAIT, IPCRING_WAKE_*
 *
 * Return: its length; -EAGAIN, -EPIPE, -EBADMSG, -EMSGSIZE, -EFAULT as write();
 * -ERESTARTSYS a signal came before the transfer lock.
 */
ssize_t ipcring_try_send(struct ipcring_end *end, struct iov_iter *from, unsigned int how)
{
	return ipcring_send(end, from, how);
}

/*
 * ipcring_write_iter() and ipcring_read_iter() are where the module is entered:
 * probes attach there, hence noinline and the fixed names and arguments.
 *
 * A peer that stores a position to and fro can make the sleep see work and the
 * transfer none, again and again; it must not keep a killed task from dying.
 */
noinline ssize_t ipcring_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct ipcring_end *end = iocb->ki_filp->private_data;
	unsigned int how = ipcring_how(iocb);
	ssize_t ret;

	do {
		ret = ipcring_send(end, from, how);
		if (ret != -EAGAIN || how & IPCRING_NOWAIT)
			return ret;
		ret = ipcring_sleep(end, iov_iter_count(from), NULL);
	} while (!ret && !fatal_signal_pending(current));
	return ret ? ret : -EINTR;
}

/* One message that was found: where, and how long. */
struct ipcring_msg {
	struct ipcring_lane *lane;
	u64 pos;
	u32 len;
	bool (*then)(void *arg, u32 len);	/* of ipcring_try_recv_then(), or NULL */
	void *arg;
};

static __always_inline int ipcring_copy_out(const struct ipcring_msg *msg, struct iov_iter *to)
{
	size_t copied;

	if (iov_iter_count(to) < msg->len)
		return -EMSGSIZE;
	/* Bounded, see ipcring_fill(). */
	copied = _copy_to_iter(ring_payload(ring_slot(&msg->lane->ring, msg->pos)), msg->len, to);
	if (copied == msg->len)
		return 0;
	iov_iter_revert(to, copied);
	return -EFAULT;
}

/*
 * Is what was copied, or failed to be, our message? -ESTALE: it is another's.
 * No lock is held: another consumer's user memory must not hold us up.
 */
static int ipcring_claim(const struct ipcring_msg *msg, struct iov_iter *to, int ret)
{
	const struct ring *r = &msg->lane->ring;

	if (ret)
		return ring_load(&r->cons->pos) == msg->pos ? ret : -ESTALE;
	if (ring_claim(r, msg->pos, msg->len))
		return 0;
	iov_iter_revert(to, msg->len);
	return -ESTALE;
}

/* Each further round is one that another consumer won. */
static int ipcring_take_shared(struct ipcring_msg *msg, struct iov_iter *to)
{
	int ret;

	do {
		ret = ipcring_look_lane(msg->lane, &msg->pos, &msg->len);
		if (ret)
			return ret;
		ret = ipcring_claim(msg, to, ipcring_copy_out(msg, to));
		if (ret != -ESTALE)
			return ret;
		/* A mapped consumer may win as long as it likes. */
		cond_resched();
	} while (!fatal_signal_pending(current));
	return -ERESTARTSYS;
}

static __always_inline int ipcring_take(struct ipcring_msg *msg, struct iov_iter *to)
{
	int ret;

	ret = ipcring_look_lane(msg->lane, &msg->pos, &msg->len);
	if (ret)
		return ret;
	ret = ipcring_copy_out(msg, to);
	if (!ret && msg->then && !msg->then(msg->arg, msg->len)) {
		iov_iter_revert(to, msg->len);
		ret = -ENOBUFS;
	}
	if (!ret)
		ring_release(&msg->lane->ring, msg->pos, msg->len);
	return ret;
}

/* A lane was empty: whoever writes next has to say so. */
static void ipcring_clear_ready(struct ipcring_lane *lane)
{
	struct ipcring_chan *chan = lane->prod.chan;

	atomic64_andnot(BIT_ULL(lane->nr), &chan->ready);
	/* Its full barrier pairs with that of ipcring_set_ready(). */
	if (!ipcring_arm_lane(lane))
		atomic64_or(BIT_ULL(lane->nr), &chan->ready);
}

/* The lanes that are ready, in turn, from the one after the last that had something. */
static int ipcring_take_any(struct ipcring_chan *chan, struct ipcring_msg *msg, struct iov_iter *to)
{
	u32 lanes = chan->geo.lanes, first = READ_ONCE(chan->next);
	u64 ready = lanes == 1 ? 1 : atomic64_read(&chan->ready);
	int ret = -EAGAIN;

	for (u32 i = 0; i < lanes; i++) {
		u32 nr = (first + i) % lanes;

		if (!(ready & BIT_ULL(nr)))
			continue;
		msg->lane = &chan->lanes[nr];
		if (chan->geo.consumers == 1)
			ret = ipcring_take(msg, to);
		else
			ret = ipcring_take_shared(msg, to);
		if (lanes == 1)
			return ret;
		if (!ret)
			WRITE_ONCE(chan->next, nr + 1);
		if (ret != -EAGAIN && ret != -EBADMSG)
			return ret;
		ipcring_clear_ready(msg->lane);
	}
	return -EAGAIN;
}

/* See ipcring_send_edge(). */
static int ipcring_take_edge(struct ipcring_end *end, struct ipcring_msg *msg, struct iov_iter *to)
{
	int ret = ipcring_arm(end, 0);

	if (ret)
		return ret;
	ret = ipcring_take_any(end->chan, msg, to);
	if (ret == -EAGAIN)
		ipcring_edge(end, 1);
	return ret;
}

/* -EAGAIN without NOWAIT also if all producers are gone: ipcring_sleep() says so. */
static noinline int ipcring_recv_any(struct ipcring_end *end, struct iov_iter *to,
				     unsigned int how, struct ipcring_msg *msg)
{
	bool shared = end->chan->geo.consumers > 1;
	int ret;

	ret = shared ? 0 : ipcring_lock(end, how);
	if (ret)
		return ret;
	ret = ipcring_take_any(end->chan, msg, to);
	if (ret == -EAGAIN && how & IPCRING_NOWAIT)
		ret = ipcring_take_edge(end, msg, to);
	if (!shared)
		mutex_unlock(&end->xfer);
	else if (ret != -EAGAIN)
		ipcring_baton(end);
	return ret && !shared ? ipcring_failed(end, ret) : ret;
}

/* One lane, one consumer. */
static __always_inline int ipcring_recv_plain(struct ipcring_end *end, struct iov_iter *to,
					      unsigned int how, struct ipcring_msg *msg)
{
	int ret;

	ret = ipcring_lock(end, how);
	if (ret)
		return ret;
	msg->lane = end->chan->lanes;
	ret = ipcring_take(msg, to);
	if (ret == -EAGAIN && how & IPCRING_NOWAIT)
		ret = ipcring_take_edge(end, msg, to);
	mutex_unlock(&end->xfer);
	return ret ? ipcring_failed(end, ret) : 0;
}

/* Inlined, see ipcring_send(). */
static __always_inline ssize_t ipcring_recv_then(struct ipcring_end *end, struct iov_iter *to,
						 unsigned int how, u32 *nr,
						 bool (*then)(void *arg, u32 len), void *arg)
{
	struct ipcring_msg msg;
	int ret;

	msg.then = then;
	msg.arg = arg;
	if (likely(end->chan->plain))
		ret = ipcring_recv_plain(end, to, how, &msg);
	else
		ret = ipcring_recv_any(end, to, how, &msg);
	if (ret)
		return ret;
	trace_ipcring_recv(end->chan->id, msg.pos, msg.len, msg.lane->nr);
	*nr = msg.lane->nr;
	ipcring_wake(&msg.lane->prod, msg.lane,
		     msg.pos + ring_units(&msg.lane->ring, msg.len), how);
	ipcring_unlocked(end);
	return msg.len;
}

static __always_inline ssize_t ipcring_recv(struct ipcring_end *end, struct iov_iter *to,
					    unsigned int how, u32 *nr)
{
	return ipcring_recv_then(end, to, how, nr, NULL, NULL);
}

/**
 * ipcring_try_recv() - receive a message if there is one
 * @end:	the consumers' side
 * @to:		room for it; advanced only if it was received
 * @how:	IPCRING_NOWAIT, IPCRING_WAKE_*
 * @nr:		out: the lane that it came by
 *
 * Return: its length; -EAGAIN, -EBADMSG, -EMSGSIZE, -EFAULT as read(); -EPIPE every
 * producer is gone (without NOWAIT ipcring_sleep() finds that out); -ERESTARTSYS a
 * signal came before the transfer lock.
 */
ssize_t ipcring_try_recv(struct ipcring_end *end, struct iov_iter *to, unsigned int how, u32 *nr)
{
	return ipcring_recv(end, to, how, nr);
}

/**
 * ipcring_try_recv_then() - as ipcring_try_recv(), if somebody takes note of it
 * @end:	the side of a single consumer
 * @to:		as ipcring_try_recv()
 * @how:	as ipcring_try_recv()
 * @nr:		as ipcring_try_recv()
 * @then:	called with the message copied, but not given back; false: it stays queued
 * @arg:	for @then
 *
 * Context: @then is called with the transfer lock.
 * Return: as ipcring_try_recv(); -ENOBUFS @then said false.
 */
ssize_t ipcring_try_recv_then(struct ipcring_end *end, struct iov_iter *to, unsigned int how,
			      u32 *nr, bool (*then)(void *arg, u32 len), void *arg)
{
	return ipcring_recv_then(end, to, how, nr, then, arg);
}

noinline ssize_t ipcring_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct ipcring_end *end = iocb->ki_filp->private_data;
	unsigned int how = ipcring_how(iocb);
	ssize_t ret;
	u32 lane;

	do {
		ret = ipcring_recv(end, to, how, &lane);
		if (ret != -EAGAIN || how & IPCRING_NOWAIT)
			return ret == -EPIPE ? 0 : ret;
		ret = ipcring_sleep(end, 0, NULL);
	} while (!ret && !fatal_signal_pending(current));
	if (ret)
		return ret == -EPIPE ? 0 : ret;
	ipcring_baton(end);
	return -EINTR;
}
