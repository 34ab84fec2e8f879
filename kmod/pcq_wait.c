// SPDX-License-Identifier: GPL-2.0
/* Sleep until there is a message, or look for one again and again; poll(); WAIT and WAKE. */
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "pcq.h"
#include "trace.h"

#define PCQ_POLL_SEND	(EPOLLOUT | EPOLLWRNORM)
#define PCQ_POLL_RECV	(EPOLLIN | EPOLLRDNORM)

static int pcq_look_lane(struct pcq_queue *q, u32 lane)
{
	u32 len;
	u64 pos;
	int ret = pcq_peek(pcq_lane(q, lane), &pos, &len);

	/* Another receiver moved on: no proof that there is none. */
	return ret == -EAGAIN && pos == RING_NO_PROOF ? 0 : ret;
}

static int pcq_look_queue(struct pcq_queue *q)
{
	int ret = -EAGAIN;

	for (u32 lane = 0; lane < PCQ_NR_LANES && ret == -EAGAIN; lane++)
		ret = pcq_look_lane(q, lane);
	if (READ_ONCE(q->state->corrupt))
		return -EBADMSG;
	return ret == -EBADMSG ? pcq_corrupt(q) : ret;
}

/**
 * pcq_look_recv() - is there a message?
 * @end:	a receiver
 * @cpu:	a CPU, or IPCRING_PCQ_ANY
 *
 * Return: 0 yes, or look again; -EAGAIN no; -EPIPE no, and every sender is gone; -EBADMSG.
 */
int pcq_look_recv(struct pcq_end *end, u32 cpu)
{
	/* Acquire: the last sender closes after its last message. */
	bool gone = smp_load_acquire(&end->set->senders_gone);
	bool empty = false;
	struct pcq_queue *q;
	int ret;

	pcq_for_each_queue(q, end->set, cpu) {
		ret = pcq_look_queue(q);
		if (!ret)
			return 0;
		empty |= ret == -EAGAIN;
	}
	if (end->service)
		return -EAGAIN;
	if (!empty)
		return -EBADMSG;
	return gone ? -EPIPE : -EAGAIN;
}

/* False: one of them polls, so nobody would wake us. */
static bool pcq_arm_target(struct pcq_set *set, u32 cpu)
{
	bool armed = true;
	struct pcq_queue *q;

	pcq_for_each_queue(q, set, cpu)
		armed &= pcq_arm(q);
	return armed;
}

/**
 * pcq_arm_recv() - ask senders to ring, then look
 * @end:	a receiver; who is to be woken is on the wait queue
 * @cpu:	as pcq_look_recv()
 *
 * Return: as pcq_look_recv().
 */
int pcq_arm_recv(struct pcq_end *end, u32 cpu)
{
	pcq_arm_target(end->set, cpu);
	return pcq_look_recv(end, cpu);
}

/**
 * pcq_leave_recv() - see pcq_leave()
 * @set:	the set
 * @cpu:	as pcq_look_recv()
 * @mine:	messages that the caller takes
 */
void pcq_leave_recv(struct pcq_set *set, u32 cpu, unsigned int mine)
{
	struct pcq_queue *q;

	pcq_for_each_queue(q, set, cpu)
		pcq_leave(q, &mine);
}

static wait_queue_head_t *pcq_recv_wq(struct pcq_set *set, u32 cpu)
{
	return cpu < set->geo.cpus ? &set->queue[cpu]->recv_wq : &set->any_recv_wq;
}

/* One sleep, or none. */
static int pcq_doze(struct pcq_end *end, u32 cpu, ktime_t *deadline, bool *expired)
{
	if (*expired)
		return -ETIMEDOUT;
	if (pcq_called_off())
		return -ERESTARTSYS;
	trace_ipcring_pcq_wait(end->set->id, IPCRING_PCQ_RECEIVER, cpu);
	pcq_inc(pcq_count_at(end->set, cpu), PCQ_RECV_WAITS);
	*expired = !schedule_hrtimeout_range(deadline, 0, HRTIMER_MODE_ABS);
	/* Mostly there is, and it saves the way back onto the queue. */
	return pcq_look_recv(end, cpu);
}

/* Return: as pcq_wait_recv(); -EAGAIN a queue polls. */
static int pcq_sleep_recv(struct pcq_end *end, u32 cpu, ktime_t *deadline, bool one)
{
	wait_queue_head_t *wq = pcq_recv_wq(end->set, cpu);
	bool expired = deadline && !*deadline, armed;
	DEFINE_WAIT(wait);
	int ret;

	do {
		if (one)
			prepare_to_wait_exclusive(wq, &wait, TASK_INTERRUPTIBLE);
		else
			prepare_to_wait(wq, &wait, TASK_INTERRUPTIBLE);
		armed = pcq_arm_target(end->set, cpu);
		ret = pcq_look_recv(end, cpu);
		if (ret == -EAGAIN && armed)
			ret = pcq_doze(end, cpu, deadline, &expired);
	} while (ret == -EAGAIN && armed);
	finish_wait(wq, &wait);
	/* Before the caller takes what it found: that may take long. */
	pcq_leave_recv(end->set, cpu, ret ? 0 : 1);
	return ret;
}

static bool pcq_polls(struct pcq_set *set, u32 cpu)
{
	struct pcq_queue *q;

	pcq_for_each_queue(q, set, cpu)
		if (READ_ONCE(q->mode) == IPCRING_PCQ_BELL_POLL)
			return true;
	return false;
}

/* Return: as pcq_wait_recv(); -EAGAIN no queue polls any more. */
static int pcq_spin_recv(struct pcq_end *end, u32 cpu, const ktime_t *deadline)
{
	int ret;

	while (pcq_polls(end->set, cpu)) {
		ret = pcq_look_recv(end, cpu);
		if (ret != -EAGAIN)
			return ret;
		if (pcq_called_off())
			return -ERESTARTSYS;
		if (deadline && ktime_get() >= *deadline)
			return -ETIMEDOUT;
		/* Also for RCU-tasks, which waits for tasks that never sleep. */
		cond_resched_tasks_rcu_qs();
		cpu_relax();
	}
	return -EAGAIN;
}

static int pcq_do_wait_recv(struct pcq_end *end, u32 cpu, ktime_t *deadline, bool one)
{
	int ret;

	do {
		ret = pcq_spin_recv(end, cpu, deadline);
		if (ret == -EAGAIN)
			ret = pcq_sleep_recv(end, cpu, deadline, one);
	} while (ret == -EAGAIN);
	return ret;
}

/**
 * pcq_wait_recv() - wait until there is a message, to take one then
 * @end:	a receiver
 * @cpu:	a CPU, or IPCRING_PCQ_BOUND or _ANY
 * @deadline:	absolute CLOCK_MONOTONIC time; NULL: none
 *
 * Who does not take one after 0 calls pcq_leave_recv().
 *
 * Return: 0, or look again; -EPIPE, -EBADMSG as pcq_look_recv(); -ETIMEDOUT, -ERESTARTSYS.
 */
int pcq_wait_recv(struct pcq_end *end, u32 cpu, ktime_t *deadline)
{
	return pcq_do_wait_recv(end, pcq_recv_target(end, cpu), deadline, true);
}

/* poll() */

static __poll_t pcq_poll_recv(struct pcq_end *end, struct file *file, poll_table *wait)
{
	u32 cpu = pcq_recv_target(end, IPCRING_PCQ_BOUND);
	int found;

	/*
	 * Its full barrier is behind the queueing: see pcq_arm(). Who is bound to THIS is
	 * queued once, and looks again from another CPU, so where all queues ring.
	 */
	poll_wait(file, pcq_recv_wq(end->set, end->cpu), wait);
	found = pcq_look_recv(end, cpu);
	if (found == -EAGAIN)
		found = pcq_arm_recv(end, cpu);
	switch (found) {
	case 0:
		return PCQ_POLL_RECV | (READ_ONCE(end->set->senders_gone) ? EPOLLHUP : 0);
	case -EPIPE:
		return EPOLLHUP;
	case -EBADMSG:
		return EPOLLERR;
	default:
		return 0;
	}
}

/* Of either lane, or bound to THIS of all queues: who polls may move. */
static void pcq_poll_wait_send(struct pcq_end *end, struct file *file, poll_table *wait)
{
	struct pcq_set *set = end->set;

	if (end->cpu >= set->geo.cpus) {
		poll_wait(file, &set->any_send_wq, wait);
		return;
	}
	for (u32 lane = 0; lane < PCQ_NR_LANES; lane++)
		poll_wait(file, &set->queue[end->cpu]->send_wq[lane], wait);
}

static __poll_t pcq_poll_send(struct pcq_end *end, struct file *file, poll_table *wait)
{
	struct pcq_at at = pcq_send_at(end, IPCRING_PCQ_BOUND);
	int found;

	pcq_poll_wait_send(end, file, wait);
	found = pcq_look_send(end, &at);
	if (found == -EAGAIN) {
		pcq_want_room(end, at.cpu);
		found = pcq_look_send(end, &at);
	}
	if (found == -EAGAIN)
		return 0;
	if (found)
		return EPOLLERR;
	return PCQ_POLL_SEND | (READ_ONCE(end->set->receivers_gone) ? EPOLLERR : 0);
}

__poll_t pcq_poll(struct file *file, poll_table *wait)
{
	struct pcq_end *end = file->private_data;

	if (end->role == IPCRING_PCQ_SENDER)
		return pcq_poll_send(end, file, wait);
	return pcq_poll_recv(end, file, wait);
}

/* ioctls */

static int pcq_wait_end(struct pcq_end *end, ktime_t *deadline)
{
	u32 cpu = pcq_recv_target(end, IPCRING_PCQ_BOUND);
	struct pcq_at at = pcq_send_at(end, IPCRING_PCQ_BOUND);
	bool sender = end->role == IPCRING_PCQ_SENDER;
	int ret;

	/* Who only looks has nobody interrupted. */
	ret = sender ? pcq_look_send(end, &at) : pcq_look_recv(end, cpu);
	if (ret != -EAGAIN)
		return ret;
	if (deadline && !*deadline)
		return -ETIMEDOUT;
	if (sender)
		return pcq_wait_send(end, IPCRING_PCQ_BOUND, deadline);
	return pcq_do_wait_recv(end, cpu, deadline, false);
}

/**
 * pcq_ioc_wait() - IPCRING_IOC_WAIT
 * @end:	an endpoint
 * @arg:	the user's struct ipcring_wait
 *
 * Return: as struct ipcring_wait.
 */
long pcq_ioc_wait(struct pcq_end *end, const void __user *arg)
{
	struct ipcring_wait param;
	ktime_t deadline;
	int ret;

	ret = ipcring_copy_param(&param, sizeof(param), IPCRING_WAIT_SIZE_V1, arg);
	if (ret)
		return ret;
	ret = ipcring_check_pcq_wait(&param);
	if (ret)
		return ret;
	deadline = min_t(u64, param.deadline, KTIME_MAX);
	return pcq_wait_end(end, deadline == KTIME_MAX ? NULL : &deadline);
}

/**
 * pcq_ioc_wake() - IPCRING_IOC_WAKE
 * @end:	an endpoint
 * @arg:	a CPU that it is bound to
 *
 * Return: 0, -EINVAL.
 */
long pcq_ioc_wake(struct pcq_end *end, unsigned long arg)
{
	struct pcq_queue *q = arg > U32_MAX ? NULL : pcq_find_queue(end->set, arg);

	if (!q || (end->cpu < end->set->geo.cpus && end->cpu != arg))
		return -EINVAL;
	if (end->role == IPCRING_PCQ_SENDER)
		/* It may be of any CPU's local lane, and from any CPU. */
		pcq_ring(q, false);
	else
		pcq_room_all(q);
	return 0;
}
