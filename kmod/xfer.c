// SPDX-License-Identifier: GPL-2.0
/* read() and write(): the kernel copies, one message a call. */
#include <linux/sched/signal.h>
#include <linux/uio.h>

#include "chan.h"
#include "trace.h"

static bool ipcring_nowait(const struct kiocb *iocb)
{
	return (iocb->ki_filp->f_flags & O_NONBLOCK) || (iocb->ki_flags & IOCB_NOWAIT);
}

static int ipcring_lock(struct ipcring_end *end, bool nowait)
{
	if (nowait)
		return mutex_trylock(&end->xfer) ? 0 : -EAGAIN;
	return mutex_lock_interruptible(&end->xfer) ? -ERESTARTSYS : 0;
}

static int ipcring_fill(struct ipcring_end *end, u64 pos, struct iov_iter *from, size_t len)
{
	const struct ring *r = &end->chan->ring;
	struct ipcring_slot *slot = ring_slot(r, pos);

	lockdep_assert_held(&end->xfer);
	if (READ_ONCE(end->peer->gone))
		return -EPIPE;
	/*
	 * Slot and length are bounded. The checking copies would look the vmap()
	 * area up under a global lock: 190 instructions a message.
	 */
	if (_copy_from_iter(ring_payload(slot), len, from) != len)
		return -EFAULT;
	/* Before the receiver can see the message: its own stamps must come later. */
	trace_ipcring_send(end->chan->id, pos, len);
	ring_publish(r, pos, len);
	return 0;
}

static ssize_t ipcring_send(struct ipcring_end *end, struct iov_iter *from, bool nowait)
{
	size_t len = iov_iter_count(from);
	u64 pos;
	int ret;

	ret = ipcring_lock(end, nowait);
	if (ret)
		return ret;
	ret = ipcring_look_send(end, len, &pos);
	/* Who is told to come back may wait for epoll's next edge: ask for it. */
	if (ret == -EAGAIN && nowait && ipcring_arm(end) != -EAGAIN)
		ret = ipcring_look_send(end, len, &pos);
	if (!ret)
		ret = ipcring_fill(end, pos, from, len);
	mutex_unlock(&end->xfer);
	if (ret)
		return ret;
	ipcring_wake(end->peer, pos);
	return len;
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
	bool nowait = ipcring_nowait(iocb);
	ssize_t ret;

	if (iov_iter_count(from) - 1 >= end->chan->ring.msg_size)
		return -EMSGSIZE;
	do {
		ret = ipcring_send(end, from, nowait);
		if (ret != -EAGAIN || nowait)
			return ret;
		ret = ipcring_sleep(end, NULL);
	} while (!ret && !fatal_signal_pending(current));
	return ret ? ret : -EINTR;
}

static int ipcring_drain(struct ipcring_end *end, u64 pos, struct iov_iter *to, u32 len)
{
	const struct ring *r = &end->chan->ring;

	lockdep_assert_held(&end->xfer);
	if (iov_iter_count(to) < len)
		return -EMSGSIZE;
	/* Bounded, see ipcring_fill(). */
	if (_copy_to_iter(ring_payload(ring_slot(r, pos)), len, to) != len)
		return -EFAULT;
	ring_release(r, pos, len);
	return 0;
}

static ssize_t ipcring_recv(struct ipcring_end *end, struct iov_iter *to, bool nowait)
{
	u64 pos;
	u32 len;
	int ret;

	ret = ipcring_lock(end, nowait);
	if (ret)
		return ret;
	ret = ipcring_look_recv(end, &pos, &len);
	/* See ipcring_send(). */
	if (ret == -EAGAIN && nowait && ipcring_arm(end) != -EAGAIN)
		ret = ipcring_look_recv(end, &pos, &len);
	if (!ret)
		ret = ipcring_drain(end, pos, to, len);
	mutex_unlock(&end->xfer);
	if (ret)
		return ret;
	trace_ipcring_recv(end->chan->id, pos, len);
	ipcring_wake(end->peer, pos);
	return len;
}

noinline ssize_t ipcring_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct ipcring_end *end = iocb->ki_filp->private_data;
	bool nowait = ipcring_nowait(iocb);
	ssize_t ret;

	do {
		ret = ipcring_recv(end, to, nowait);
		if (ret != -EAGAIN || nowait)
			return ret == -EPIPE ? 0 : ret;
		ret = ipcring_sleep(end, NULL);
	} while (!ret && !fatal_signal_pending(current));
	if (!ret)
		return -EINTR;
	return ret == -EPIPE ? 0 : ret;
}
