// SPDX-License-Identifier: GPL-2.0
/*
 * Sleep and wake.
 *
 * A sleeper makes itself visible twice before it looks a last time: on its wait
 * queue, for a peer that calls read(), write() or WAKE, and in the event word,
 * for a mapped peer that must first be told to call WAKE.
 *
 * The model checker repeats much of this: see selftests/ring/model/kernel.txt.
 */
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "chan.h"
#include "compat.h"
#include "trace.h"

#define IPCRING_POLL_SEND	(EPOLLOUT | EPOLLWRNORM)
#define IPCRING_POLL_RECV	(EPOLLIN | EPOLLRDNORM)
#define IPCRING_POLL_END	(EPOLLERR | EPOLLHUP)

static __poll_t ipcring_poll_go(const struct ipcring_end *end)
{
	return end->role == IPCRING_ROLE_PRODUCER ? IPCRING_POLL_SEND : IPCRING_POLL_RECV;
}

/* Where a side stands; of consumers in the first lane. */
static u64 ipcring_pos(const struct ipcring_end *end)
{
	if (end->lane)
		return ring_load(&end->lane->ring.prod->pos);
	return ring_load(&end->chan->lanes[0].ring.cons->pos);
}

static __always_inline int ipcring_arm_recv(struct ipcring_lane *lane)
{
	struct ipcring_end *end = &lane->prod.chan->cons;
	u64 armed, pos;
	u32 len;
	int ret;

	spin_lock(&end->lock);
	armed = ring_arm_consumer(&lane->ring);
	spin_unlock(&end->lock);
	ret = ipcring_look_lane(lane, &pos, &len);
	return ret == -EAGAIN && pos != armed ? 0 : ret;
}

/**
 * ipcring_arm_lane() - ask a lane's mapped producer for a wake-up, then look
 * @lane:	the lane
 *
 * Return: -EAGAIN the producer will call WAKE; 0 look again; -EBADMSG.
 */
int ipcring_arm_lane(struct ipcring_lane *lane)
{
	return ipcring_arm_recv(lane);
}

/* A corrupt lane is set aside. What is found will be looked at by read(), too. */
static noinline int ipcring_look_lanes(struct ipcring_chan *chan, bool arm)
{
	u64 pos, ready = 0;
	u32 len;

	for (u32 nr = 0; nr < chan->geo.lanes; nr++) {
		struct ipcring_lane *lane = &chan->lanes[nr];
		int ret = arm ? ipcring_arm_lane(lane) : ipcring_look_lane(lane, &pos, &len);

		if (!ret)
			ready |= BIT_ULL(nr);
	}
	atomic64_or(ready, &chan->ready);
	return ready ? 0 : -EAGAIN;
}

static __always_inline int ipcring_look_cons(struct ipcring_chan *chan, bool arm)
{
	/* Acquire: pairs with the release in ipcring_close_producer(). */
	bool gone = smp_load_acquire(&chan->prods_gone);
	int found;
	u64 pos;
	u32 len;

	if (chan->geo.lanes > 1)
		found = ipcring_look_lanes(chan, arm);
	else if (arm)
		found = ipcring_arm_recv(chan->lanes);
	else
		found = ipcring_look_lane(chan->lanes, &pos, &len);
	return found == -EAGAIN && gone ? -EPIPE : found;
}

/**
 * ipcring_look() - can a side go on? Without its transfer lock.
 * @end:	the side
 * @len:	producer: payload in bytes to have room for; consumer: 0
 *
 * Return: 0, -EAGAIN not now, -EPIPE not ever with these peers, -EBADMSG.
 */
int ipcring_look(struct ipcring_end *end, u32 len)
{
	u64 pos;

	if (end->lane)
		return ipcring_look_send(end, len, &pos);
	return ipcring_look_cons(end->chan, false);
}

static bool ipcring_sizes_differ(const struct ipcring_end *end)
{
	return end->lane && !end->lane->ring.stride;
}

/*
 * There may be room for the least, and not for us: what is armed is gone by then, and
 * who wanted less may take its time, or be gone, too.
 */
static noinline int ipcring_arm_own(struct ipcring_end *end, u32 len, u32 least, u64 armed,
				    bool asleep)
{
	u64 pos;
	int ret;

	ret = ipcring_look_send(end, least, &pos);
	if (ret)
		return ret == -EAGAIN && pos != armed ? 0 : ret;
	spin_lock(&end->lock);
	end->least = asleep ? len : U32_MAX;
	armed = ring_arm_producer(&end->lane->ring, len);
	spin_unlock(&end->lock);
	/* Nobody else's is armed any more: they look, and say again what they want. */
	ipcring_edge(end, 0);
	ret = ipcring_look_send(end, len, &pos);
	return ret == -EAGAIN && pos != armed ? 0 : ret;
}

static __always_inline int ipcring_arm_send(struct ipcring_end *end, u32 len, bool asleep)
{
	u64 armed, pos;
	u32 least;
	int ret;

	spin_lock(&end->lock);
	if (asleep && ipcring_sizes_differ(end))
		end->least = min(end->least, len);
	/* One word for all who wait: the first to be content is told first. */
	least = min(len, end->least);
	armed = ring_arm_producer(&end->lane->ring, least);
	spin_unlock(&end->lock);
	ret = ipcring_look_send(end, len, &pos);
	if (ret != -EAGAIN)
		return ret;
	if (pos != armed)
		return 0;
	return likely(least == len) ? -EAGAIN : ipcring_arm_own(end, len, least, armed, asleep);
}

static __always_inline int ipcring_do_arm(struct ipcring_end *end, u32 len, bool asleep)
{
	return end->lane ? ipcring_arm_send(end, len, asleep) : ipcring_look_cons(end->chan, true);
}

/**
 * ipcring_arm() - ask mapped peers for a wake-up, then look
 * @end:	the side; the caller is on its wait queue, or looks again by itself
 * @len:	producer: payload in bytes to have room for; consumer: 0
 *
 * What came before the peer saw us counts. When another thread of this side
 * moved on in between, we armed for a position gone by: the caller looks again.
 *
 * Return: -EAGAIN the peer will call WAKE; 0 look again; -EPIPE, -EBADMSG as
 * ipcring_look().
 */
int ipcring_arm(struct ipcring_end *end, u32 len)
{
	return ipcring_do_arm(end, len, false);
}

/**
 * ipcring_arm_asleep() - as ipcring_arm(), for who then sleeps
 * @end:	the side; the caller is on its wait queue
 * @len:	as ipcring_arm()
 *
 * Who waits on one producer's side may want room of different sizes, of records: what
 * others arm does not replace a smaller wish that has come true unnoticed. Once off
 * the queue the caller calls ipcring_leave().
 *
 * Return: as ipcring_arm().
 */
int ipcring_arm_asleep(struct ipcring_end *end, u32 len)
{
	return ipcring_do_arm(end, len, true);
}

static int ipcring_wake_task(struct wait_queue_entry *wait, unsigned int mode, int flags, void *key)
{
	int ret;

	if ((unsigned long)key & IPCRING_KEY_HERE)
		flags |= IPCRING_WF_HERE;
	ret = default_wake_function(wait, mode, flags, key);
	if (ret)
		list_del_init_careful(&wait->entry);
	return ret;
}

/* See ipcring_wake(): somebody sleeps. */
void ipcring_wake_up(struct ipcring_end *end, struct ipcring_lane *lane, u64 pos, unsigned int how)
{
	__poll_t events = ipcring_poll_go(end);

	trace_ipcring_wake(end->chan->id, end->role, pos, lane->nr);
	atomic64_inc(end->lane ? &lane->prod_wakes : &lane->cons_wakes);
	if (how & IPCRING_WAKE_END)
		__wake_up(&end->wq, TASK_INTERRUPTIBLE, 0,
			  poll_to_key(events | IPCRING_POLL_END));
	else if (how & IPCRING_WAKE_HERE)
		__wake_up(&end->wq, TASK_INTERRUPTIBLE, 1,
			  (void *)((unsigned long)poll_to_key(events) | IPCRING_KEY_HERE));
	else if (how & IPCRING_WAKE_PLAIN)
		wake_up_interruptible_poll(&end->wq, events);
	else
		wake_up_interruptible_sync_poll(&end->wq, events);
}

/**
 * ipcring_edge() - have who waits on a side look again, without news from the peer
 * @end:	the side
 * @nr:		of those who wait exclusively wake so many; 0: all
 */
void ipcring_edge(struct ipcring_end *end, int nr)
{
	__wake_up(&end->wq, TASK_INTERRUPTIBLE, nr, poll_to_key(ipcring_poll_go(end)));
}

/**
 * ipcring_want() - wait for a side's transfer lock without sleeping
 * @end:	the side, on whose wait queue the caller is
 *
 * Its owner may be stuck in a page fault.
 *
 * Return: true: the caller will be woken; false: nobody holds it, try again.
 */
bool ipcring_want(struct ipcring_end *end)
{
	if (!mutex_is_locked(&end->xfer))
		return false;
	WRITE_ONCE(end->wanted, true);
	/* Pairs with the full barrier before ipcring_hand_over()'s callers look. */
	smp_mb();
	return mutex_is_locked(&end->xfer);
}

/* The transfer lock is free, and somebody wanted it. */
void ipcring_hand_over(struct ipcring_end *end)
{
	/* Before the wake-up: who wants it after that is on the queue first. */
	WRITE_ONCE(end->wanted, false);
	ipcring_edge(end, 0);
}

/**
 * ipcring_baton() - a consumer stops waiting: who waits beside it is looked after
 * @end:	the consumers' side
 *
 * One message wakes one of those who wait in read(), and the event word was armed
 * once for all. Who takes the message, or gives up, may be the only one who knows.
 */
void ipcring_baton(struct ipcring_end *end)
{
	if (end->lane || end->chan->geo.consumers == 1 || !wq_has_sleeper(&end->wq))
		return;
	if (ipcring_arm(end, 0) != -EAGAIN)
		ipcring_edge(end, 1);
}

/**
 * ipcring_corrupt() - the protocol was broken: nothing moves in this lane any more
 * @lane:	the lane
 * @epoch:	its epoch before that was seen
 *
 * Return: -EBADMSG; -EAGAIN what was seen was the last producer's.
 */
int ipcring_corrupt(struct ipcring_lane *lane, u32 epoch)
{
	struct ipcring_chan *chan = lane->prod.chan;
	bool ours, news;

	spin_lock(&chan->lock);
	ours = lane->epoch == epoch;
	news = ours && !lane->corrupt;
	if (news)
		WRITE_ONCE(lane->corrupt, true);
	spin_unlock(&chan->lock);
	if (!ours)
		return -EAGAIN;
	if (news) {
		atomic64_inc(&lane->corruptions);
		ipcring_wake(&lane->prod, lane, ring_load(&lane->ring.cons->pos), IPCRING_WAKE_END);
		/* A consumer of many lanes sets it aside. */
		if (chan->geo.lanes == 1)
			ipcring_wake(&chan->cons, lane, ring_load(&lane->ring.prod->pos),
				     IPCRING_WAKE_END);
	}
	return -EBADMSG;
}

static u32 ipcring_trace_lane(const struct ipcring_end *end)
{
	if (end->lane)
		return end->lane->nr;
	return end->chan->geo.lanes == 1 ? 0 : IPCRING_LANE_ALL;
}

/**
 * ipcring_leave() - who called ipcring_arm_asleep() is off the wait queue again
 * @end:	the side
 *
 * What was armed for us may be gone by: who waits beside us arms again, and says again
 * how much it wants.
 */
void ipcring_leave(struct ipcring_end *end)
{
	if (!ipcring_sizes_differ(end))
		return;
	spin_lock(&end->lock);
	end->least = U32_MAX;
	spin_unlock(&end->lock);
	if (wq_has_sleeper(&end->wq))
		ipcring_edge(end, 0);
}

static __always_inline int ipcring_do_sleep(struct ipcring_end *end, u32 len,
					    ktime_t *deadline, bool one)
{
	bool expired = deadline && !*deadline;
	DEFINE_WAIT_FUNC(wait, ipcring_wake_task);
	int ret;

	do {
		if (one)
			prepare_to_wait_exclusive(&end->wq, &wait, TASK_INTERRUPTIBLE);
		else
			prepare_to_wait(&end->wq, &wait, TASK_INTERRUPTIBLE);
		ret = ipcring_do_arm(end, len, true);
		if (ret != -EAGAIN)
			break;
		ret = -ETIMEDOUT;
		if (expired)
			break;
		ret = -ERESTARTSYS;
		if (signal_pending(current))
			break;
		trace_ipcring_wait(end->chan->id, end->role, ipcring_pos(end),
				   ipcring_trace_lane(end));
		atomic64_inc(&end->waits);
		expired = !schedule_hrtimeout_range(deadline, 0, HRTIMER_MODE_ABS);
		/* Mostly this ends it, and saves the way back onto the queue. */
		ret = ipcring_look(end, len);
	} while (ret == -EAGAIN);
	finish_wait(&end->wq, &wait);
	ipcring_leave(end);
	return ret;
}

/**
 * ipcring_sleep() - sleep until a side can go on, to transfer one message then
 * @end:	the side
 * @len:	producer: payload in bytes to have room for; consumer: 0
 * @deadline:	absolute CLOCK_MONOTONIC time, 0 to look only; NULL: none
 *
 * After 0 the caller tries, or passes the message on with ipcring_baton().
 *
 * Return: 0, -EPIPE, -EBADMSG as ipcring_look(); -ETIMEDOUT, -ERESTARTSYS.
 */
int ipcring_sleep(struct ipcring_end *end, u32 len, ktime_t *deadline)
{
	bool one = !end->lane && end->chan->geo.consumers > 1;
	int ret = ipcring_do_sleep(end, len, deadline, one);

	if (one && ret)
		ipcring_baton(end);
	return ret;
}

static bool ipcring_peer_gone(const struct ipcring_end *end)
{
	const struct ipcring_chan *chan = end->chan;

	return end->lane ? READ_ONCE(chan->cons_gone) : READ_ONCE(chan->prods_gone);
}

__poll_t ipcring_poll(struct file *file, poll_table *wait)
{
	struct ipcring_end *end = file->private_data;
	__poll_t gone = end->role == IPCRING_ROLE_PRODUCER ? EPOLLERR : EPOLLHUP;
	u32 len = end->lane ? end->chan->geo.msg_size : 0;
	int found;

	poll_wait(file, &end->wq, wait);
	found = ipcring_look(end, len);
	if (found == -EAGAIN)
		found = ipcring_arm(end, len);
	switch (found) {
	case 0:
		return ipcring_poll_go(end) | (ipcring_peer_gone(end) ? gone : 0);
	case -EPIPE:
		return gone;
	case -EBADMSG:
		return EPOLLERR;
	default:
		return 0;
	}
}

/* Hand the ready bits out: they are taken back if nobody gets them. */
static __always_inline int ipcring_put_ready(struct ipcring_end *end,
					     const struct ipcring_wait *param,
					     struct ipcring_wait __user *arg)
{
	struct ipcring_chan *chan = end->chan;
	u64 ready = 0;

	if (param->size < offsetofend(struct ipcring_wait, ready))
		return 0;
	if (!end->lane)
		ready = chan->geo.lanes == 1 ? 1 : atomic64_xchg(&chan->ready, 0);
	if (!put_user(ready, &arg->ready))
		return 0;
	if (!end->lane)
		atomic64_or(ready, &chan->ready);
	return -EFAULT;
}

long ipcring_ioc_wait(struct ipcring_end *end, void __user *arg)
{
	const struct ipcring_geo *geo = &end->chan->geo;
	struct ipcring_wait param;
	ktime_t deadline;
	u32 len = 0;
	int ret;

	ret = ipcring_copy_param(&param, sizeof(param), IPCRING_WAIT_SIZE_V1, arg);
	if (ret)
		return ret;
	ret = ipcring_check_wait(&param, geo, end->role);
	if (ret)
		return ret;
	if (end->lane)
		len = param.need ? param.need : geo->msg_size;
	deadline = min_t(u64, param.deadline, KTIME_MAX);
	ret = ipcring_do_sleep(end, len, deadline == KTIME_MAX ? NULL : &deadline, false);
	return ret ? ret : ipcring_put_ready(end, &param, arg);
}

static void ipcring_wake_producers(struct ipcring_chan *chan)
{
	for (u32 nr = 0; nr < chan->geo.lanes; nr++) {
		struct ipcring_lane *lane = &chan->lanes[nr];

		ipcring_wake(&lane->prod, lane, ring_load(&lane->ring.cons->pos), 0);
	}
}

long ipcring_ioc_wake(struct ipcring_end *end, unsigned long arg)
{
	if (arg)
		return -EINVAL;
	if (end->lane) {
		ipcring_set_ready(end->lane);
		ipcring_wake(&end->chan->cons, end->lane, ipcring_pos(end), 0);
	} else {
		ipcring_wake_producers(end->chan);
	}
	return 0;
}
