// SPDX-License-Identifier: GPL-2.0
/*
 * One message, which the kernel copies.
 *
 * A send to the local lane that finds room and nobody asleep executes no locked instruction
 * and no full barrier. Keep it so: no lock, no atomic read-modify-write, this_cpu counters.
 *
 * Who sends, or receives, first copies with page faults off, a sender with preemption off,
 * too. Where that fails it may be held up for as long as the owner of the memory likes, so
 * it first passes on what it was woken for.
 */
#include <linux/ktime.h>
#include <linux/pagemap.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "pcq.h"
#include "trace.h"

static unsigned int pcq_how(const struct kiocb *iocb)
{
	bool nowait = (iocb->ki_filp->f_flags & O_NONBLOCK) || (iocb->ki_flags & IOCB_NOWAIT);

	return nowait ? PCQ_NOWAIT : 0;
}

/* Send */

/*
 * Slot and length are bounded; the checking copies would look the vmap() area up under a
 * global lock.
 */
static bool pcq_copy_in(void *to, size_t len, struct iov_iter *from)
{
	size_t copied;

	pagefault_disable();
	copied = _copy_from_iter(to, len, from);
	pagefault_enable();
	if (likely(copied == len))
		return true;
	iov_iter_revert(from, copied);
	return false;
}

static int pcq_put_local(struct pcq_queue *q, struct iov_iter *from, size_t len)
{
	struct ipcring_pcq_from *head;
	u64 pos;
	int ret;

	ret = pcq_reserve_local(&q->local, len, &pos);
	if (unlikely(ret))
		return ret;
	head = pcq_from(&q->local, pos);
	*head = (struct ipcring_pcq_from){ .cpu = q->cpu };
	if (!pcq_copy_in(head + 1, len, from))
		return -EFAULT;
	/* Before the receiver can see the message: its own stamps must come later. */
	trace_ipcring_pcq_send_local(q->set->id, q->cpu, PCQ_LOCAL, pos, len, q->cpu);
	pcq_publish_local(&q->local, pos, len);
	return 0;
}

/* Through this CPU's buffer: nobody may have to wait for a page of ours. */
static int pcq_put_remote(struct pcq_queue *q, struct iov_iter *from, size_t len)
{
	struct ipcring_pcq_from *head = this_cpu_ptr(q->set->bounce);
	u64 pos;
	int ret;

	if (!pcq_free_remote(&q->remote))
		return -EAGAIN;
	*head = (struct ipcring_pcq_from){ .cpu = smp_processor_id() };
	if (!pcq_copy_in(head + 1, len, from))
		return -EFAULT;
	ret = pcq_reserve_remote(&q->remote, &pos);
	if (unlikely(ret)) {
		iov_iter_revert(from, len);
		return ret;
	}
	memcpy(pcq_from(&q->remote, pos), head, PCQ_FROM_BYTES + len);
	trace_ipcring_pcq_send_remote(q->set->id, q->cpu, PCQ_REMOTE, pos, len, head->cpu);
	pcq_publish_remote(&q->remote, pos, len);
	return 0;
}

/* Once, on one CPU. Return: as pcq_put_local(); -EBUSY, -ENXIO, -EBADMSG. */
static __always_inline int pcq_put(struct pcq_end *end, u32 cpu, struct iov_iter *from, size_t len,
				   struct pcq_at *at)
{
	struct pcq_queue *q;
	int ret;

	/* This is also what makes us the local lane's only producer. */
	preempt_disable();
	*at = pcq_send_at(end, cpu);
	q = end->set->queue[at->cpu];
	if (unlikely(READ_ONCE(q->state->corrupt)))
		ret = -EBADMSG;
	else if (unlikely(!READ_ONCE(q->state->online)))
		ret = -ENXIO;
	else if (likely(at->lane == PCQ_LOCAL))
		ret = pcq_put_local(q, from, len);
	else
		ret = pcq_put_remote(q, from, len);
	preempt_enable();
	return ret;
}

/* Why it did not work, and whether to try again: 0. */
static noinline int pcq_put_failed(struct pcq_end *end, struct iov_iter *from, unsigned int how,
				   const struct pcq_at *at, int ret)
{
	size_t len = iov_iter_count(from);

	switch (ret) {
	case -EFAULT:
		if (how & PCQ_TRY)
			return ret;
		pcq_pass_room(end->set, at);
		if (fault_in_iov_iter_readable(from, len))
			return -EFAULT;
		break;
	case -EBUSY:
		cond_resched();
		break;
	case -EBADMSG:
		return pcq_corrupt(end->set->queue[at->cpu]);
	default:
		return ret;
	}
	/* The page may be gone again, and others faster again, as long as they like. */
	return pcq_must_stop() ? -ERESTARTSYS : 0;
}

static __always_inline int pcq_send_to(struct pcq_end *end, u32 cpu, struct iov_iter *from,
				       unsigned int how, struct pcq_at *at)
{
	size_t len = iov_iter_count(from);
	int ret;

	do {
		ret = pcq_put(end, cpu, from, len, at);
		if (likely(!ret))
			return 0;
		ret = pcq_put_failed(end, from, how, at, ret);
	} while (!ret);
	return ret;
}

/* As THIS while there is room, else the next that takes it. */
static noinline int pcq_send_any(struct pcq_end *end, struct iov_iter *from, unsigned int how,
				 struct pcq_at *at)
{
	u32 cpus = end->set->geo.cpus, here = raw_smp_processor_id();
	bool full = false;
	int ret;

	for (u32 i = 0; i < cpus; i++) {
		u32 cpu = (here + i) % cpus;
		struct pcq_queue *q = end->set->queue[cpu];

		if (!q || (i && READ_ONCE(q->isolated)))
			continue;
		ret = pcq_send_to(end, i ? cpu : IPCRING_PCQ_THIS, from, how, at);
		if (ret != -EAGAIN && ret != -ENXIO && ret != -EBADMSG)
			return ret;
		full |= ret == -EAGAIN;
	}
	return full ? -EAGAIN : -ENXIO;
}

static __always_inline int pcq_send_once(struct pcq_end *end, u32 cpu, struct iov_iter *from,
					 unsigned int how, struct pcq_at *at)
{
	if (unlikely(READ_ONCE(end->set->receivers_gone)))
		return -EPIPE;
	cpu = pcq_target(end, cpu);
	if (unlikely(cpu == IPCRING_PCQ_ANY))
		return pcq_send_any(end, from, how, at);
	return pcq_send_to(end, cpu, from, how, at);
}

static noinline int pcq_send_full(struct pcq_end *end, u32 cpu, struct iov_iter *from,
				  struct pcq_at *at)
{
	/* Who is told to come back may wait for epoll's next edge: ask for it. */
	pcq_want_room(end, cpu);
	return pcq_send_once(end, cpu, from, PCQ_NOWAIT, at);
}

static noinline int pcq_send_wait(struct pcq_end *end, u32 cpu, struct iov_iter *from,
				  ktime_t *deadline, struct pcq_at *at)
{
	struct pcq_at slept;
	int ret;

	do {
		ret = pcq_sleep_send(end, cpu, deadline, true, &slept);
		if (ret)
			return ret;
		ret = pcq_send_once(end, cpu, from, 0, at);
		/* It may have gone elsewhere, or nowhere. */
		pcq_pass_room(end->set, &slept);
	} while (ret == -EAGAIN && !fatal_signal_pending(current));
	return ret == -EAGAIN ? -ERESTARTSYS : ret;
}

/**
 * pcq_send() - send a message
 * @end:	a sender
 * @cpu:	a CPU, or IPCRING_PCQ_BOUND
 * @from:	the message; consumed only if it was sent
 * @how:	PCQ_NOWAIT, PCQ_TRY; the caller rings, see pcq_ring()
 * @deadline:	without them, as pcq_sleep_send()
 * @at:		out, if it was sent: where
 *
 * Return: 0; -EMSGSIZE, -EAGAIN, -ENXIO, -EPIPE, -EBADMSG, -EFAULT as write(), not counted
 * as refused; -ERESTARTSYS, -ETIMEDOUT.
 */
int pcq_send(struct pcq_end *end, u32 cpu, struct iov_iter *from, unsigned int how,
	     ktime_t *deadline, struct pcq_at *at)
{
	int ret;

	if (iov_iter_count(from) - 1 >= end->set->geo.msg_size)
		return -EMSGSIZE;
	ret = pcq_send_once(end, cpu, from, how, at);
	if (likely(ret != -EAGAIN) || how & PCQ_TRY)
		return ret;
	if (how & PCQ_NOWAIT)
		return pcq_send_full(end, cpu, from, at);
	return pcq_send_wait(end, cpu, from, deadline, at);
}

/**
 * pcq_refused() - a sender is told -EAGAIN or -ENXIO
 * @end:	the sender
 * @cpu:	as pcq_send()
 */
void pcq_refused(struct pcq_end *end, u32 cpu)
{
	pcq_inc(pcq_count_at(end->set, pcq_send_at(end, cpu).cpu), PCQ_REFUSED);
}

/**
 * pcq_try_send() - send a message if there is room
 * @end:	a sender
 * @cpu:	as pcq_send()
 * @from:	as pcq_send()
 * @how:	PCQ_NOWAIT, PCQ_NOBELL
 * @sent_to:	out, if it was sent: the queue
 *
 * Return: its length, or as pcq_send().
 */
ssize_t pcq_try_send(struct pcq_end *end, u32 cpu, struct iov_iter *from, unsigned int how,
		     u32 *sent_to)
{
	size_t len = iov_iter_count(from);
	struct pcq_at at;
	int ret;

	if (len - 1 >= end->set->geo.msg_size)
		return -EMSGSIZE;
	ret = pcq_send_once(end, cpu, from, how, &at);
	if (ret == -EAGAIN && how & PCQ_NOWAIT)
		ret = pcq_send_full(end, cpu, from, &at);
	if (ret == -ENXIO || (ret == -EAGAIN && how & PCQ_NOWAIT))
		pcq_refused(end, cpu);
	if (ret)
		return ret;
	*sent_to = at.cpu;
	if (!(how & PCQ_NOBELL))
		pcq_ring(end->set->queue[at.cpu], at.lane == PCQ_LOCAL);
	return len;
}

/*
 * pcq_write_iter() and pcq_read_iter() are where the module is entered: probes attach
 * there, hence noinline and the fixed names and arguments.
 */
noinline ssize_t pcq_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct pcq_end *end = iocb->ki_filp->private_data;
	size_t len = iov_iter_count(from);
	struct pcq_at at;
	int ret;

	ret = pcq_send(end, IPCRING_PCQ_BOUND, from, pcq_how(iocb), NULL, &at);
	if (unlikely(ret)) {
		if (ret == -EAGAIN || ret == -ENXIO)
			pcq_refused(end, IPCRING_PCQ_BOUND);
		return ret;
	}
	pcq_ring(end->set->queue[at.cpu], at.lane == PCQ_LOCAL);
	return len;
}

/* Receive */

/* One message that was found. */
struct pcq_found {
	struct pcq_queue *q;
	u32 lane;
	u64 pos;
	u32 len;
};

/* -EAGAIN: none. -ESTALE: another receiver was faster, look again. */
static int pcq_find(struct pcq_found *msg)
{
	struct pcq_queue *q = msg->q;
	u32 first = pcq_turn(q->local.cons);
	bool stale = false;
	int ret;

	if (unlikely(READ_ONCE(q->state->corrupt)))
		return -EBADMSG;
	for (u32 i = 0; i < PCQ_NR_LANES; i++) {
		msg->lane = first ^ i;
		ret = pcq_peek(pcq_lane(q, msg->lane), &msg->pos, &msg->len);
		if (ret == -EBADMSG)
			return pcq_corrupt(q);
		if (!ret)
			return 0;
		stale |= msg->pos == RING_NO_PROOF;
	}
	return stale ? -ESTALE : -EAGAIN;
}

static int pcq_tell(const struct pcq_found *msg, const struct pcq_dest *dest)
{
	if (!dest->msg)
		return 0;
	if (put_user(msg->len, &dest->msg->len) || put_user(dest->from, &dest->msg->cpu))
		return -EFAULT;
	return 0;
}

static int pcq_copy_out(const struct pcq_found *msg, struct pcq_dest *dest)
{
	const struct ipcring_pcq_from *head = pcq_from(pcq_lane(msg->q, msg->lane), msg->pos);
	size_t copied;

	/* Senders may map the local lane; nobody writes to the remote lane but the kernel. */
	dest->from = msg->lane == PCQ_LOCAL ? msg->q->cpu : READ_ONCE(head->cpu);
	/* Bounded, see pcq_copy_in(). */
	copied = _copy_to_iter(head + 1, msg->len, dest->to);
	if (likely(copied == msg->len && !pcq_tell(msg, dest)))
		return 0;
	iov_iter_revert(dest->to, copied);
	return -EFAULT;
}

static int pcq_deliver(const struct pcq_found *msg, struct pcq_dest *dest)
{
	unsigned int mine = 0;
	int ret;

	if (iov_iter_count(dest->to) < msg->len)
		return -EMSGSIZE;
	pagefault_disable();
	ret = pcq_copy_out(msg, dest);
	pagefault_enable();
	if (likely(!ret))
		return 0;
	/* Others that sleep may have it meanwhile. */
	pcq_leave(msg->q, &mine);
	return pcq_copy_out(msg, dest);
}

/* Is what was delivered, or could not be, our message? -ESTALE: it was another's. */
static int pcq_settle(const struct pcq_found *msg, struct pcq_dest *dest, int ret)
{
	const struct ring *r = pcq_lane(msg->q, msg->lane);

	if (unlikely(ret))
		return ring_load(&r->cons->pos) == msg->pos ? ret : -ESTALE;
	if (unlikely(!pcq_claim(r, msg->pos))) {
		iov_iter_revert(dest->to, msg->len);
		return -ESTALE;
	}
	trace_ipcring_pcq_recv(msg->q->set->id, msg->q->cpu, msg->lane, msg->pos, msg->len,
			       dest->from);
	/* Behind the claim's full barrier: pairs with pcq_want_room()'s. */
	if (unlikely(READ_ONCE(msg->q->state->room)))
		pcq_room(msg->q, msg->lane);
	return 0;
}

static int pcq_take(struct pcq_queue *q, struct pcq_dest *dest)
{
	struct pcq_found msg = { .q = q };
	int ret;

	do {
		ret = pcq_find(&msg);
		if (!ret)
			ret = pcq_settle(&msg, dest, pcq_deliver(&msg, dest));
		if (likely(ret != -ESTALE))
			return ret;
		/* A mapped receiver may be faster for as long as it likes. */
		cond_resched();
	} while (!pcq_must_stop());
	return -ERESTARTSYS;
}

/* In turn, from the queue behind the last that had something. */
static noinline int pcq_take_any(struct pcq_set *set, struct pcq_dest *dest)
{
	u32 cpus = set->geo.cpus, first = READ_ONCE(set->next_recv);
	bool empty = false;
	int ret;

	for (u32 i = 0; i < cpus; i++) {
		u32 cpu = (first + i) % cpus;

		if (!set->queue[cpu])
			continue;
		ret = pcq_take(set->queue[cpu], dest);
		if (!ret)
			WRITE_ONCE(set->next_recv, cpu + 1);
		if (ret != -EAGAIN && ret != -EBADMSG)
			return ret;
		empty |= ret == -EAGAIN;
	}
	return empty ? -EAGAIN : -EBADMSG;
}

/* -EPIPE: none, and every sender is gone. */
static int pcq_recv_once(struct pcq_end *end, u32 cpu, struct pcq_dest *dest)
{
	/* Acquire: the last sender closes after its last message. */
	bool gone = smp_load_acquire(&end->set->senders_gone);
	int ret;

	if (cpu == IPCRING_PCQ_ANY)
		ret = pcq_take_any(end->set, dest);
	else
		ret = pcq_take(end->set->queue[cpu], dest);
	return unlikely(ret == -EAGAIN && gone) ? -EPIPE : ret;
}

static noinline int pcq_recv_empty(struct pcq_end *end, u32 cpu, struct pcq_dest *dest)
{
	int ret = pcq_arm_recv(end, cpu);

	return ret ? ret : pcq_recv_once(end, cpu, dest);
}

static noinline int pcq_recv_wait(struct pcq_end *end, u32 cpu, struct pcq_dest *dest,
				  ktime_t *deadline)
{
	int ret;

	do {
		ret = pcq_wait_recv(end, cpu, deadline);
		if (ret)
			return ret;
		ret = pcq_recv_once(end, cpu, dest);
	} while (ret == -EAGAIN && !fatal_signal_pending(current));
	if (ret)
		pcq_leave_recv(end->set, cpu, 0);
	return ret == -EAGAIN ? -ERESTARTSYS : ret;
}

/**
 * pcq_recv() - receive a message
 * @end:	a receiver
 * @cpu:	a CPU, or IPCRING_PCQ_BOUND
 * @dest:	where to
 * @how:	PCQ_NOWAIT, PCQ_TRY
 * @deadline:	without them, as pcq_wait_recv()
 *
 * Return: 0; -EMSGSIZE, -EAGAIN, -EBADMSG, -EFAULT as read(); -EPIPE every sender is gone;
 * -ERESTARTSYS, -ETIMEDOUT.
 */
int pcq_recv(struct pcq_end *end, u32 cpu, struct pcq_dest *dest, unsigned int how,
	     ktime_t *deadline)
{
	int ret;

	cpu = pcq_recv_target(end, cpu);
	ret = pcq_recv_once(end, cpu, dest);
	if (likely(ret != -EAGAIN) || how & PCQ_TRY)
		return ret;
	if (how & PCQ_NOWAIT)
		return pcq_recv_empty(end, cpu, dest);
	return pcq_recv_wait(end, cpu, dest, deadline);
}

/**
 * pcq_try_recv() - receive a message if there is one
 * @end:	a receiver
 * @cpu:	as pcq_recv()
 * @to:		room for it; advanced only if it was received
 * @how:	PCQ_NOWAIT
 * @sent_on:	out, if it was received: CPU that it was sent on
 *
 * Return: its length, or as pcq_recv().
 */
ssize_t pcq_try_recv(struct pcq_end *end, u32 cpu, struct iov_iter *to, unsigned int how,
		     u32 *sent_on)
{
	struct pcq_dest dest = { .to = to };
	size_t room = iov_iter_count(to);
	int ret;

	cpu = pcq_recv_target(end, cpu);
	ret = pcq_recv_once(end, cpu, &dest);
	if (ret == -EAGAIN && how & PCQ_NOWAIT)
		ret = pcq_recv_empty(end, cpu, &dest);
	if (ret)
		return ret;
	*sent_on = dest.from;
	return room - iov_iter_count(to);
}

noinline ssize_t pcq_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct pcq_end *end = iocb->ki_filp->private_data;
	struct pcq_dest dest = { .to = to };
	size_t room = iov_iter_count(to);
	int ret;

	ret = pcq_recv(end, IPCRING_PCQ_BOUND, &dest, pcq_how(iocb), NULL);
	if (ret)
		return ret == -EPIPE ? 0 : ret;
	return room - iov_iter_count(to);
}
