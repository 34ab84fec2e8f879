// SPDX-License-Identifier: GPL-2.0
/*
 * Sleep and wake.
 *
 * A sleeper makes itself visible twice before it looks a last time: on its wait
 * queue, for a peer that calls read(), write() or WAKE, and in the event word,
 * for a mapped peer that must first be told to call WAKE.
 */
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "chan.h"
#include "trace.h"

#define IPCRING_POLL_SEND	(EPOLLOUT | EPOLLWRNORM)
#define IPCRING_POLL_RECV	(EPOLLIN | EPOLLRDNORM)
#define IPCRING_POLL_END	(EPOLLERR | EPOLLHUP)

static __poll_t ipcring_poll_go(const struct ipcring_end *end)
{
	return end->role == IPCRING_ROLE_PRODUCER ? IPCRING_POLL_SEND : IPCRING_POLL_RECV;
}

static u64 ipcring_pos(const struct ipcring_end *end)
{
	const struct ring *r = &end->chan->ring;

	return ring_load(end->role == IPCRING_ROLE_PRODUCER ? &r->prod->pos : &r->cons->pos);
}

/* As ipcring_look_send() and ipcring_look_recv(), but without the transfer lock. */
static int ipcring_look(struct ipcring_end *end, u64 *pos)
{
	const struct ring *r = &end->chan->ring;
	/* Acquire: pairs with the release in ipcring_hangup(). */
	bool gone = smp_load_acquire(&end->peer->gone);
	int found;
	u32 len;

	if (end->role == IPCRING_ROLE_PRODUCER)
		found = ring_reserve(r, r->msg_size, pos);
	else
		found = ring_peek(r, pos, &len);
	return ipcring_verdict(end, gone, found);
}

/**
 * ipcring_arm() - ask a mapped peer for a wake-up, then look
 * @end:	the side
 *
 * What came before the peer saw us counts. When another thread of this side
 * moved on in between, we armed for a position gone by: the caller looks again.
 *
 * Return: -EAGAIN the peer will call WAKE; 0 look again; -EPIPE, -EBADMSG as
 * ipcring_look_send() and ipcring_look_recv().
 */
int ipcring_arm(struct ipcring_end *end)
{
	u64 armed, pos;
	int ret;

	spin_lock(&end->lock);
	if (end->role == IPCRING_ROLE_PRODUCER)
		armed = ring_arm_producer(&end->chan->ring, end->chan->ring.msg_size);
	else
		armed = ring_arm_consumer(&end->chan->ring);
	spin_unlock(&end->lock);
	ret = ipcring_look(end, &pos);
	return ret == -EAGAIN && pos != armed ? 0 : ret;
}

/**
 * ipcring_wake() - wake the tasks of a side, if any sleep
 * @end:	the side to wake
 * @pos:	the caller's last message, for the tracepoint
 */
void ipcring_wake(struct ipcring_end *end, u64 pos)
{
	/* Its full barrier pairs with those of prepare_to_wait() and poll_wait(). */
	if (!wq_has_sleeper(&end->wq))
		return;
	trace_ipcring_wake(end->chan->id, end->role, pos);
	wake_up_interruptible_sync_poll(&end->wq, ipcring_poll_go(end));
}

static void ipcring_wake_end(struct ipcring_end *end)
{
	if (!wq_has_sleeper(&end->wq))
		return;
	trace_ipcring_wake(end->chan->id, end->role, ipcring_pos(end->peer) - 1);
	wake_up_interruptible_poll(&end->wq, ipcring_poll_go(end) | IPCRING_POLL_END);
}

/**
 * ipcring_corrupt() - the protocol was broken: nothing moves any more
 * @chan:	the channel
 */
void ipcring_corrupt(struct ipcring_chan *chan)
{
	WRITE_ONCE(chan->corrupt, true);
	ipcring_wake_end(&chan->prod);
	ipcring_wake_end(&chan->cons);
}

/**
 * ipcring_hangup() - the endpoint of a side was closed
 * @end:	the side
 */
void ipcring_hangup(struct ipcring_end *end)
{
	spin_lock(&end->lock);
	WRITE_ONCE(end->taken, false);
	/* Release: its last message is visible before its end, see ipcring_verdict(). */
	smp_store_release(&end->gone, true);
	spin_unlock(&end->lock);
	ipcring_wake_end(end->peer);
}

/**
 * ipcring_sleep() - sleep until a side can go on
 * @end:	the side
 * @deadline:	absolute CLOCK_MONOTONIC time, 0 to look only; NULL: none
 *
 * Return: 0, -EPIPE, -EBADMSG as ipcring_look_send() and ipcring_look_recv();
 * -ETIMEDOUT, -ERESTARTSYS.
 */
int ipcring_sleep(struct ipcring_end *end, ktime_t *deadline)
{
	bool expired = deadline && !*deadline;
	DEFINE_WAIT(wait);
	u64 pos;
	int ret;

	do {
		prepare_to_wait(&end->wq, &wait, TASK_INTERRUPTIBLE);
		ret = ipcring_arm(end);
		if (ret != -EAGAIN)
			break;
		ret = -ETIMEDOUT;
		if (expired)
			break;
		ret = -ERESTARTSYS;
		if (signal_pending(current))
			break;
		trace_ipcring_wait(end->chan->id, end->role, ipcring_pos(end));
		expired = !schedule_hrtimeout_range(deadline, 0, HRTIMER_MODE_ABS);
		/* Mostly this ends it, and saves the way back onto the queue. */
		ret = ipcring_look(end, &pos);
	} while (ret == -EAGAIN);
	finish_wait(&end->wq, &wait);
	return ret;
}

__poll_t ipcring_poll(struct file *file, poll_table *wait)
{
	struct ipcring_end *end = file->private_data;
	__poll_t gone = end->role == IPCRING_ROLE_PRODUCER ? EPOLLERR : EPOLLHUP;
	int found;
	u64 pos;

	poll_wait(file, &end->wq, wait);
	found = ipcring_look(end, &pos);
	if (found == -EAGAIN)
		found = ipcring_arm(end);
	switch (found) {
	case 0:
		return ipcring_poll_go(end) | (READ_ONCE(end->peer->gone) ? gone : 0);
	case -EPIPE:
		return gone;
	case -EBADMSG:
		return EPOLLERR;
	default:
		return 0;
	}
}

long ipcring_ioc_wait(struct ipcring_end *end, void __user *arg)
{
	struct ipcring_wait param;
	ktime_t deadline;
	int ret;

	ret = ipcring_copy_param(&param, sizeof(param), IPCRING_WAIT_SIZE_V1, arg);
	if (ret)
		return ret;
	if (param.flags || param.ready || param.need || param.resv)
		return -EINVAL;
	deadline = min_t(u64, param.deadline, KTIME_MAX);
	return ipcring_sleep(end, deadline == KTIME_MAX ? NULL : &deadline);
}

long ipcring_ioc_wake(struct ipcring_end *end, unsigned long arg)
{
	if (arg)
		return -EINVAL;
	ipcring_wake(end->peer, ipcring_pos(end) - 1);
	return 0;
}
