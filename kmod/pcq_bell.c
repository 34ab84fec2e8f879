// SPDX-License-Identifier: GPL-2.0
/*
 * Doorbells: how senders and sleeping receivers of a queue find each other.
 *
 * A sender that moves the bell from ARMED to RUNG wakes one of those who wait
 * exclusively, and all others. Until the bell is armed again no sender does anything, so
 * whoever was woken answers for the messages that come meanwhile: when it stops waiting it
 * arms for those who still sleep, looks, and passes on what it does not take itself
 * (pcq_leave()). Nobody has to be awake for that but the one who was woken, and it does so
 * before it can be held up by a page fault, or after, when it fails.
 *
 * The barriers E and F of the contract:
 *
 *   receiver: on the wait queue; bell = ARMED; E; look	(pcq_arm())
 *   sender:   publish; F; look at the bell		(pcq_ring())
 *
 * Remote lane: both are full barriers: the receiver sees the message or the sender ARMED.
 *
 * Local lane: F is a full barrier if the sender sees state->fence, else only the order of
 * one CPU, which a sender that is moved keeps: the scheduler's switch is a full barrier.
 * So E must make sure that the queue's CPU, in its own order, has either published before
 * some moment M and all of it is visible to the receiver's look, or looks at the bell
 * after M, and ARMED is visible there by then. M is
 *
 *   the store of ARMED itself, if the receiver makes it on that CPU;
 *   the interrupt that executes a full barrier there, and that we wait for, otherwise;
 *   the CPU's way down, or up, if it is offline: both are full of barriers.
 *
 * The same M does for a receiver that finds the bell armed and M passed (pcq_queue.synced).
 * Where state->fence is 1 for every sender (pcq_queue.fenced) none is needed.
 */
#include <linux/capability.h>
#include <linux/irqflags.h>
#include <linux/sched.h>

#include "pcq.h"
#include "trace.h"

#define PCQ_POLL_RECV	(EPOLLIN | EPOLLRDNORM)
#define PCQ_POLL_ALL	(EPOLLIN | EPOLLRDNORM | EPOLLOUT | EPOLLWRNORM | EPOLLERR | EPOLLHUP)

/* Is there anybody to be woken? */
static bool pcq_awaited(struct pcq_queue *q)
{
	/* Behind a full barrier, or with the queue's lock: see who calls. */
	return waitqueue_active(&q->recv_wq) || waitqueue_active(&q->set->any_recv_wq);
}

static void pcq_wake_receivers(struct pcq_queue *q)
{
	wake_up_interruptible_poll(&q->recv_wq, PCQ_POLL_RECV);
	wake_up_interruptible_poll(&q->set->any_recv_wq, PCQ_POLL_RECV);
}

/* The interrupt */

static void pcq_rung(struct pcq_queue *q)
{
	/*
	 * Before the wake-up: a sender that finds it set counts on one to come. The full
	 * barrier makes whoever that sender knew to sleep visible to us.
	 */
	atomic_xchg(&q->ringing, 0);
	pcq_wake_receivers(q);
	/* The last of us. Pairs with pcq_quiesce(). */
	atomic_dec_return_release(&q->in_flight);
}

static void pcq_rt_func(struct irq_work *work)
{
	pcq_rung(container_of(work, struct pcq_queue, rt_work));
}

static void pcq_csd_func(void *info)
{
	struct pcq_queue *q = info;

	/*
	 * -rt: the locks of wait queues sleep. The work is not pending: it would not be
	 * at work yet, and so the interrupt not have been sent again.
	 */
	if (IS_ENABLED(CONFIG_PREEMPT_RT)) {
		irq_work_queue(&q->rt_work);
		return;
	}
	/* What lockdep cannot know: there it is a thread's work. Of what comes after, not. */
	lockdep_irq_work_enter(0);
	pcq_rung(q);
	lockdep_irq_work_exit(0);
}

/* May it be sent? With preemption off, so that it arrives before its CPU can go. */
static bool pcq_may_interrupt(const struct pcq_queue *q)
{
	return READ_ONCE(q->mode) == IPCRING_PCQ_BELL_IPI && !READ_ONCE(q->isolated) &&
	       smp_processor_id() != q->cpu && READ_ONCE(q->state->online);
}

/* Return: 0 sent; -EALREADY it is on its way; -ENXIO wake them yourself. */
static int pcq_interrupt(struct pcq_queue *q)
{
	int ret;

	if (!pcq_may_interrupt(q))
		return -ENXIO;
	/* Full barrier: see pcq_rung(). */
	if (atomic_xchg(&q->ringing, 1))
		return -EALREADY;
	atomic_inc(&q->in_flight);
	ret = smp_call_function_single_async(q->cpu, &q->csd);
	if (!ret)
		return 0;
	/* Who came meanwhile counts on our wake-up. */
	atomic_xchg(&q->ringing, 0);
	atomic_dec(&q->in_flight);
	return -ENXIO;
}

/* Senders */

static void pcq_suppressed(struct pcq_queue *q)
{
	trace_ipcring_pcq_suppressed(q->set->id, q->cpu, READ_ONCE(q->mode));
	pcq_inc(q, PCQ_SUPPRESSED);
}

static void pcq_coalesced(struct pcq_queue *q)
{
	trace_ipcring_pcq_coalesced(q->set->id, q->cpu, READ_ONCE(q->mode));
	pcq_inc(q, PCQ_COALESCED);
}

/* We moved the bell from ARMED to RUNG: a full barrier. */
static noinline void pcq_ring_armed(struct pcq_queue *q)
{
	int ret;

	if (!pcq_awaited(q)) {
		pcq_suppressed(q);
		return;
	}
	preempt_disable();
	ret = pcq_interrupt(q);
	preempt_enable();
	if (ret == -EALREADY) {
		pcq_coalesced(q);
	} else if (ret) {
		trace_ipcring_pcq_bell(q->set->id, q->cpu, IPCRING_PCQ_BELL_WAKE);
		pcq_inc(q, PCQ_WAKES);
		pcq_wake_receivers(q);
	} else {
		trace_ipcring_pcq_bell(q->set->id, q->cpu, IPCRING_PCQ_BELL_IPI);
		pcq_inc(q, PCQ_IPIS);
	}
}

/**
 * pcq_ring() - ring a queue's doorbell, if anybody wants to hear it
 * @q:		the queue
 * @local:	what the caller published is in the local lane, by its own CPU
 *
 * Context: with preemption on; the caller may have moved since it published.
 */
void pcq_ring(struct pcq_queue *q, bool local)
{
	struct ipcring_pcq_state *state = q->state;
	u32 bell;

	barrier();
	/*
	 * Acquire: the fence is looked at behind the message, and before the bell; who
	 * sees it go down sees what was armed under it.
	 */
	if (!local || smp_load_acquire(&state->fence))
		/* F: pairs with E. */
		smp_mb();
	bell = READ_ONCE(state->bell);
	if (bell == IPCRING_PCQ_ARMED && try_cmpxchg(&state->bell, &bell, IPCRING_PCQ_RUNG))
		pcq_ring_armed(q);
	else if (bell == IPCRING_PCQ_AWAKE)
		pcq_suppressed(q);
	else
		pcq_coalesced(q);
}

/* Receivers */

static void pcq_barrier(void *unused)
{
	/* E, see above. */
	smp_mb();
}

/* Pass a moment M, see above. */
static void pcq_sync(struct pcq_queue *q)
{
	/* What was stored before, ARMED or the fence, is visible there then. */
	smp_mb();
	preempt_disable();
	if (smp_processor_id() != q->cpu &&
	    !smp_call_function_single(q->cpu, pcq_barrier, NULL, 1))
		pcq_inc(q, PCQ_FENCES);
	preempt_enable();
	/* Offline, or here: behind it the look. */
	smp_mb();
}

/* Return: an interrupt is needed. */
static bool pcq_do_arm(struct pcq_queue *q)
{
	bool here;

	lockdep_assert_held(&q->lock);
	if (READ_ONCE(q->state->bell) == IPCRING_PCQ_ARMED)
		return !q->synced;
	/* -rt: the lock does not keep us on our CPU. */
	preempt_disable();
	here = smp_processor_id() == q->cpu;
	WRITE_ONCE(q->state->bell, IPCRING_PCQ_ARMED);
	preempt_enable();
	q->armed++;
	q->synced = here || q->fenced;
	return !q->synced;
}

/**
 * pcq_arm() - ask senders to ring, then look
 * @q:		the queue; who is to be woken is on its wait queue
 *
 * Context: a task; q->lock is taken.
 * Return: true: who finds nothing now will be woken, or a sender has seen ARMED and wakes;
 * false: never, in this mode.
 */
bool pcq_arm(struct pcq_queue *q)
{
	bool sync = false, polls;
	u32 armed;

	spin_lock(&q->lock);
	polls = q->mode == IPCRING_PCQ_BELL_POLL;
	if (!polls)
		sync = pcq_do_arm(q);
	armed = q->armed;
	spin_unlock(&q->lock);
	/* E: pairs with F. */
	smp_mb();
	if (!sync)
		return !polls;
	pcq_sync(q);
	spin_lock(&q->lock);
	/* Not if it was armed anew meanwhile. */
	if (armed == q->armed)
		q->synced = true;
	spin_unlock(&q->lock);
	return true;
}

/* True: nobody waits any more, and receivers look by themselves. */
static bool pcq_all_awake(struct pcq_queue *q)
{
	bool awake;

	spin_lock(&q->lock);
	/* Who comes later arms later: it is on the wait queue before it takes the lock. */
	awake = !pcq_awaited(q);
	if (awake)
		WRITE_ONCE(q->state->bell, IPCRING_PCQ_AWAKE);
	spin_unlock(&q->lock);
	return awake;
}

/**
 * pcq_leave() - a receiver waits for a queue no more: look after those who do
 * @q:		the queue; the caller is off its wait queue
 * @mine:	messages that the caller takes, of whichever queue; lessened by those found
 *
 * Several may count the same message as theirs; then one of them finds none, and arms.
 */
void pcq_leave(struct pcq_queue *q, unsigned int *mine)
{
	u32 bell = IPCRING_PCQ_ARMED;
	unsigned int nr;

	if (pcq_all_awake(q) || !pcq_arm(q))
		return;
	nr = pcq_ready(&q->local) + pcq_ready(&q->remote);
	if (nr <= *mine) {
		*mine -= nr;
		return;
	}
	*mine = 0;
	/* As a sender would, but it is no doorbell. */
	if (try_cmpxchg(&q->state->bell, &bell, IPCRING_PCQ_RUNG))
		pcq_wake_receivers(q);
}

/* Set up and take down */

void pcq_bell_init(struct pcq_queue *q)
{
	spin_lock_init(&q->lock);
	init_waitqueue_head(&q->recv_wq);
	for (u32 lane = 0; lane < PCQ_NR_LANES; lane++)
		init_waitqueue_head(&q->send_wq[lane]);
	INIT_CSD(&q->csd, pcq_csd_func, q);
	init_irq_work(&q->rt_work, pcq_rt_func);
	/* Nobody has sent yet. */
	q->fenced = q->isolated;
}

/**
 * pcq_quiesce() - no doorbell's interrupt is at work any more
 * @q:		the queue, to which nobody sends, or whose CPU is marked offline
 *
 * Context: may sleep.
 */
void pcq_quiesce(struct pcq_queue *q)
{
	/* Acquire: pairs with the release in pcq_rung(). */
	while (atomic_read_acquire(&q->in_flight))
		schedule_timeout_uninterruptible(1);
	/* -rt: what the kernel does with it after our function. */
	irq_work_sync(&q->rt_work);
}

/**
 * pcq_update_fence() - make the fence what the set's receivers and the CPU need
 * @q:		the queue
 *
 * Where local senders need no barrier any more, or from now on, all know when it returns.
 *
 * Context: a task; q->lock is taken.
 */
void pcq_update_fence(struct pcq_queue *q)
{
	bool fence;

	spin_lock(&q->lock);
	fence = q->isolated || READ_ONCE(q->set->nr_any);
	if (fence && !q->fenced) {
		WRITE_ONCE(q->state->fence, 1);
		/* Who has not seen it has stored its message by then. */
		pcq_sync(q);
	}
	q->fenced = fence;
	if (!fence)
		/* Release: behind what was armed without an interrupt, see pcq_ring(). */
		smp_store_release(&q->state->fence, 0);
	spin_unlock(&q->lock);
}

static void pcq_set_mode(struct pcq_queue *q, const struct ipcring_pcq_bell *param)
{
	bool isolated = pcq_cpu_isolated(q->cpu) && !(param->flags & IPCRING_PCQ_BELL_ISOLATED);

	spin_lock(&q->lock);
	WRITE_ONCE(q->mode, param->mode);
	WRITE_ONCE(q->isolated, isolated);
	if (param->mode == IPCRING_PCQ_BELL_POLL)
		WRITE_ONCE(q->state->bell, IPCRING_PCQ_AWAKE);
	spin_unlock(&q->lock);
	/* A CPU that is given back its peace is interrupted a last time. */
	pcq_update_fence(q);
	__wake_up(&q->recv_wq, TASK_INTERRUPTIBLE, 0, poll_to_key(PCQ_POLL_RECV));
}

/**
 * pcq_set_bell() - how doorbells ring from now on
 * @set:	the set
 * @param:	checked, and of a possible CPU
 *
 * Return: 0, -EPERM.
 */
int pcq_set_bell(struct pcq_set *set, const struct ipcring_pcq_bell *param)
{
	struct pcq_queue *q;

	if (param->flags & IPCRING_PCQ_BELL_ISOLATED && !capable(CAP_SYS_NICE))
		return -EPERM;
	pcq_for_each_queue(q, set, param->cpu)
		pcq_set_mode(q, param);
	__wake_up(&set->any_recv_wq, TASK_INTERRUPTIBLE, 0, poll_to_key(PCQ_POLL_RECV));
	/* They may choose an isolated CPU now. */
	__wake_up(&set->any_send_wq, TASK_INTERRUPTIBLE, 0, poll_to_key(PCQ_POLL_ALL));
	return 0;
}

/* Everybody, for whatever reason: they look by themselves. */

static void pcq_wake(wait_queue_head_t *wq)
{
	__wake_up(wq, TASK_INTERRUPTIBLE, 0, poll_to_key(PCQ_POLL_ALL));
}

static void pcq_wake_bound(struct pcq_queue *q)
{
	pcq_wake(&q->recv_wq);
	for (u32 lane = 0; lane < PCQ_NR_LANES; lane++)
		pcq_wake(&q->send_wq[lane]);
}

/**
 * pcq_wake_queue() - all who wait for a queue look again: its CPU came or went, or it is
 *		      corrupt
 * @q:		the queue
 */
void pcq_wake_queue(struct pcq_queue *q)
{
	pcq_wake_bound(q);
	pcq_wake(&q->set->any_recv_wq);
	pcq_wake(&q->set->any_send_wq);
}

/**
 * pcq_wake_all() - all who wait for a set look again: somebody has gone
 * @set:	the set
 */
void pcq_wake_all(struct pcq_set *set)
{
	struct pcq_queue *q;

	pcq_for_each_queue(q, set, IPCRING_PCQ_ANY)
		pcq_wake_bound(q);
	pcq_wake(&set->any_recv_wq);
	pcq_wake(&set->any_send_wq);
}

/**
 * pcq_corrupt() - the protocol was broken: nothing moves in this queue any more
 * @q:		the queue
 *
 * Return: -EBADMSG.
 */
int pcq_corrupt(struct pcq_queue *q)
{
	if (!xchg(&q->state->corrupt, 1))
		pcq_wake_queue(q);
	return -EBADMSG;
}
