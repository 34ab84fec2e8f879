// SPDX-License-Identifier: GPL-2.0
/*
 * Room: how receivers and sleeping senders of a queue find each other.
 *
 *   sender:   on the wait queue; state.room = 1; full barrier; look for room
 *   receiver: give a place back; full barrier; look at state.room
 *
 * Each place that is given back wakes one of those who wait exclusively for that lane.
 * Whoever is woken takes a place of that lane, or passes it on (pcq_pass_room()): it may
 * have been signalled, or moved to another CPU, where another lane is its. A sender that
 * is bound to ANY may use the room or not, depending on where it runs, which nobody can
 * know before; so all of them are woken.
 */
#include <linux/hrtimer.h>
#include <linux/sched.h>

#include "pcq.h"
#include "trace.h"

#define PCQ_POLL_SEND	(EPOLLOUT | EPOLLWRNORM)

/**
 * pcq_send_at() - where a send would go at the moment
 * @end:	a sender
 * @cpu:	a CPU, or IPCRING_PCQ_BOUND, _THIS or _ANY
 *
 * Return: the queue and the lane; bound to ANY only that.
 */
struct pcq_at pcq_send_at(const struct pcq_end *end, u32 cpu)
{
	u32 here = raw_smp_processor_id();
	struct pcq_at at = { .cpu = pcq_target(end, cpu) };

	if (at.cpu == IPCRING_PCQ_THIS)
		at.cpu = here;
	at.lane = at.cpu == here && !end->ordered ? PCQ_LOCAL : PCQ_REMOTE;
	return at;
}

/* Return: 0, -EAGAIN it was full at a moment since the call, -EBADMSG, -ENXIO. */
static int pcq_look_lane(struct pcq_queue *q, u32 lane)
{
	if (READ_ONCE(q->state->corrupt))
		return -EBADMSG;
	if (!READ_ONCE(q->state->online))
		return -ENXIO;
	return pcq_free(q, lane) ? 0 : -EAGAIN;
}

static int pcq_look_any(struct pcq_end *end)
{
	u32 here = raw_smp_processor_id();
	bool full = false;
	struct pcq_queue *q;
	int ret;

	pcq_for_each_queue(q, end->set, IPCRING_PCQ_ANY) {
		if (q->cpu != here && READ_ONCE(q->isolated))
			continue;
		ret = pcq_look_lane(q, pcq_send_at(end, q->cpu).lane);
		if (!ret)
			return 0;
		full |= ret == -EAGAIN;
	}
	return full ? -EAGAIN : -ENXIO;
}

/**
 * pcq_look_send() - is there room?
 * @end:	a sender
 * @at:		where, from pcq_send_at()
 *
 * Return: 0; -EAGAIN no; -EPIPE no, and every receiver is gone; -EBADMSG, -ENXIO as
 * write().
 */
int pcq_look_send(struct pcq_end *end, const struct pcq_at *at)
{
	/* Acquire: the last receiver closes after it gave the last place back. */
	bool gone = smp_load_acquire(&end->set->receivers_gone);
	int ret;

	if (at->cpu == IPCRING_PCQ_ANY)
		ret = pcq_look_any(end);
	else
		ret = pcq_look_lane(end->set->queue[at->cpu], at->lane);
	return ret == -EAGAIN && gone ? -EPIPE : ret;
}

static void pcq_want(struct pcq_queue *q, u32 wanted)
{
	spin_lock(&q->lock);
	q->wanted |= wanted;
	WRITE_ONCE(q->state->room, 1);
	spin_unlock(&q->lock);
}

/**
 * pcq_want_room() - ask receivers to wake senders, then look
 * @end:	a sender; who is to be woken is on its wait queue
 * @cpu:	as pcq_send_at()
 */
void pcq_want_room(struct pcq_end *end, u32 cpu)
{
	u32 target = pcq_send_at(end, cpu).cpu;
	u32 wanted = BIT(PCQ_LOCAL) | BIT(PCQ_REMOTE);
	struct pcq_queue *q;

	/* Both lanes: a poll()er may have moved when it looks again. */
	if (target == IPCRING_PCQ_ANY)
		wanted = PCQ_WANT_ANY;
	else if (end->cpu == IPCRING_PCQ_THIS)
		wanted |= PCQ_WANT_ANY;
	pcq_for_each_queue(q, end->set, target)
		pcq_want(q, wanted);
	/* Pairs with the receivers' claim, see pcq_room(). */
	smp_mb();
}

static void pcq_wake_any_senders(struct pcq_queue *q)
{
	__wake_up(&q->set->any_send_wq, TASK_INTERRUPTIBLE, 0, poll_to_key(PCQ_POLL_SEND));
}

/**
 * pcq_room() - a place was given back in a queue whose state.room is 1
 * @q:		the queue
 * @lane:	the lane
 *
 * The full barrier between the two is the claim's.
 *
 * Context: with preemption on.
 */
void pcq_room(struct pcq_queue *q, u32 lane)
{
	u32 ours = BIT(lane) | PCQ_WANT_ANY, wanted;

	spin_lock(&q->lock);
	wanted = q->wanted & ours;
	/* poll()ers, and who waits for ANY, ask again if they need it. */
	q->wanted &= ~ours;
	if (q->sleepers[lane])
		q->wanted |= BIT(lane);
	WRITE_ONCE(q->state->room, !!q->wanted);
	spin_unlock(&q->lock);
	if (wanted & BIT(lane))
		wake_up_interruptible_poll(&q->send_wq[lane], PCQ_POLL_SEND);
	if (wanted & PCQ_WANT_ANY)
		pcq_wake_any_senders(q);
}

/**
 * pcq_room_all() - a mapped receiver says that it gave places back, whichever
 * @q:		the queue
 */
void pcq_room_all(struct pcq_queue *q)
{
	spin_lock(&q->lock);
	/* All are woken: who needs more asks again. */
	q->wanted = 0;
	WRITE_ONCE(q->state->room, 0);
	spin_unlock(&q->lock);
	for (u32 lane = 0; lane < PCQ_NR_LANES; lane++)
		__wake_up(&q->send_wq[lane], TASK_INTERRUPTIBLE, 0, poll_to_key(PCQ_POLL_SEND));
	pcq_wake_any_senders(q);
}

/**
 * pcq_pass_room() - who was woken for a place in a lane may not have taken it
 * @set:	the set
 * @at:		the lane
 */
void pcq_pass_room(struct pcq_set *set, const struct pcq_at *at)
{
	struct pcq_queue *q;

	if (at->cpu == IPCRING_PCQ_ANY)
		return;
	q = set->queue[at->cpu];
	/* Who is not there yet sees the place that we were woken for. */
	if (waitqueue_active(&q->send_wq[at->lane]) && pcq_free(q, at->lane))
		wake_up_interruptible_poll(&q->send_wq[at->lane], PCQ_POLL_SEND);
}

/* One sleep, or none. */
static int pcq_doze(struct pcq_end *end, u32 cpu, ktime_t *deadline, bool *expired)
{
	if (*expired)
		return -ETIMEDOUT;
	if (pcq_called_off())
		return -ERESTARTSYS;
	trace_ipcring_pcq_wait(end->set->id, IPCRING_PCQ_SENDER, cpu);
	pcq_inc(pcq_count_at(end->set, cpu), PCQ_SEND_WAITS);
	*expired = !schedule_hrtimeout_range(deadline, 0, HRTIMER_MODE_ABS);
	return 0;
}

static void pcq_begin_sleep(struct pcq_end *end, const struct pcq_at *at)
{
	struct pcq_queue *q = end->set->queue[at->cpu];

	spin_lock(&q->lock);
	q->sleepers[at->lane]++;
	spin_unlock(&q->lock);
}

static void pcq_end_sleep(struct pcq_end *end, const struct pcq_at *at)
{
	struct pcq_queue *q = end->set->queue[at->cpu];

	spin_lock(&q->lock);
	q->sleepers[at->lane]--;
	spin_unlock(&q->lock);
}

static bool pcq_moved(const struct pcq_end *end, u32 cpu, const struct pcq_at *at)
{
	struct pcq_at now = pcq_send_at(end, cpu);

	return at->cpu != IPCRING_PCQ_ANY && (now.cpu != at->cpu || now.lane != at->lane);
}

static wait_queue_head_t *pcq_send_wq(struct pcq_set *set, const struct pcq_at *at)
{
	if (at->cpu == IPCRING_PCQ_ANY)
		return &set->any_send_wq;
	return &set->queue[at->cpu]->send_wq[at->lane];
}

/* For room in one place. -ESTALE: a send would go elsewhere now. */
static int pcq_sleep_at(struct pcq_end *end, u32 cpu, const struct pcq_at *at, ktime_t *deadline,
			bool one)
{
	wait_queue_head_t *wq = pcq_send_wq(end->set, at);
	bool expired = deadline && !*deadline;
	DEFINE_WAIT(wait);
	int ret;

	do {
		if (one)
			prepare_to_wait_exclusive(wq, &wait, TASK_INTERRUPTIBLE);
		else
			prepare_to_wait(wq, &wait, TASK_INTERRUPTIBLE);
		pcq_want_room(end, at->cpu);
		ret = pcq_moved(end, cpu, at) ? -ESTALE : pcq_look_send(end, at);
		if (ret != -EAGAIN)
			break;
		ret = pcq_doze(end, at->cpu, deadline, &expired);
	} while (!ret);
	finish_wait(wq, &wait);
	return ret;
}

/**
 * pcq_sleep_send() - sleep until there is room
 * @end:	a sender
 * @cpu:	as pcq_send_at()
 * @deadline:	absolute CLOCK_MONOTONIC time; NULL: none
 * @one:	the caller takes the place: the next sleeps on
 * @at:		out: where there is room; with @one the caller calls pcq_pass_room() with it
 *		after it has tried to send
 *
 * Return: 0; -EPIPE, -EBADMSG, -ENXIO as pcq_look_send(); -ETIMEDOUT, -ERESTARTSYS.
 */
int pcq_sleep_send(struct pcq_end *end, u32 cpu, ktime_t *deadline, bool one, struct pcq_at *at)
{
	bool counted;
	int ret;

	do {
		*at = pcq_send_at(end, cpu);
		/* All that are bound to ANY are woken, as if they only looked. */
		counted = one && at->cpu != IPCRING_PCQ_ANY;
		if (counted)
			pcq_begin_sleep(end, at);
		ret = pcq_sleep_at(end, cpu, at, deadline, counted);
		if (counted)
			pcq_end_sleep(end, at);
		if (counted && ret)
			pcq_pass_room(end->set, at);
	} while (ret == -ESTALE);
	return ret;
}

/**
 * pcq_wait_send() - as pcq_sleep_send(), for who is the only one of its kind
 * @end:	a sender
 * @cpu:	as pcq_send_at()
 * @deadline:	as pcq_sleep_send()
 *
 * Nobody sleeps on because of the caller, whatever it does then.
 *
 * Return: as pcq_sleep_send().
 */
int pcq_wait_send(struct pcq_end *end, u32 cpu, ktime_t *deadline)
{
	struct pcq_at at;

	return pcq_sleep_send(end, cpu, deadline, false, &at);
}
