// SPDX-License-Identifier: GPL-2.0
/* SEND and RECV: many messages, one doorbell for each queue. */
#include <linux/ktime.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "pcq.h"

/*
 * Queues of one SEND that are still to be rung: 128 bytes of stack. With more, which only
 * a sender bound to THIS or ANY can have, the first ones are rung before the end.
 */
#define PCQ_BATCH_QUEUES	16u

/**
 * struct pcq_batch - a SEND or RECV on its way
 * @end:	the endpoint
 * @cpu:	as pcq_send(), pcq_recv()
 * @how:	PCQ_NOWAIT or 0
 * @nr:		messages
 * @msgs:	the user's
 * @until:	what @deadline points to
 * @deadline:	as pcq_send(), pcq_recv()
 * @nr_bells:	entries of @bells
 * @bells:	SEND: what to ring, and whether all of it is in local lanes
 */
struct pcq_batch {
	struct pcq_end *end;
	u32 cpu;
	unsigned int how;
	u32 nr;
	struct ipcring_pcq_msg __user *msgs;
	ktime_t until;
	ktime_t *deadline;
	u32 nr_bells;
	struct pcq_at bells[PCQ_BATCH_QUEUES];
};

static int pcq_batch_init(struct pcq_batch *batch, struct pcq_end *end, struct file *file,
			  const void __user *arg)
{
	struct ipcring_pcq_batch param;
	int ret;

	ret = ipcring_copy_param(&param, sizeof(param), sizeof(param), arg);
	if (ret)
		return ret;
	ret = ipcring_check_pcq_batch(&param, end->cpu, end->set->geo.cpus);
	if (ret)
		return ret;
	batch->cpu = param.cpu;
	if (param.cpu != IPCRING_PCQ_BOUND) {
		struct pcq_queue *q = pcq_find_queue(end->set, param.cpu);

		if (!q)
			return -EINVAL;
		batch->cpu = q->cpu;
	}
	batch->end = end;
	batch->how = param.flags & IPCRING_PCQ_DONTWAIT || file->f_flags & O_NONBLOCK ?
		     PCQ_NOWAIT : 0;
	batch->nr = param.nr;
	batch->msgs = u64_to_user_ptr(param.msgs);
	batch->until = min_t(u64, param.deadline, KTIME_MAX);
	batch->deadline = batch->until == KTIME_MAX ? NULL : &batch->until;
	batch->nr_bells = 0;
	return 0;
}

/* Send */

static void pcq_ring_bells(struct pcq_batch *batch)
{
	while (batch->nr_bells) {
		const struct pcq_at *bell = &batch->bells[--batch->nr_bells];

		pcq_ring(batch->end->set->queue[bell->cpu], bell->lane == PCQ_LOCAL);
	}
}

static void pcq_add_bell(struct pcq_batch *batch, const struct pcq_at *at)
{
	for (u32 i = 0; i < batch->nr_bells; i++) {
		if (batch->bells[i].cpu == at->cpu) {
			if (at->lane == PCQ_REMOTE)
				batch->bells[i].lane = PCQ_REMOTE;
			return;
		}
	}
	if (batch->nr_bells == PCQ_BATCH_QUEUES)
		pcq_ring_bells(batch);
	batch->bells[batch->nr_bells++] = *at;
}

/* Who may be held up by a page rings first. */
static int pcq_get_msg(struct pcq_batch *batch, u32 i, struct ipcring_pcq_msg *msg)
{
	unsigned long left;

	pagefault_disable();
	left = copy_from_user(msg, &batch->msgs[i], sizeof(*msg));
	pagefault_enable();
	if (likely(!left))
		return 0;
	pcq_ring_bells(batch);
	return copy_from_user(msg, &batch->msgs[i], sizeof(*msg)) ? -EFAULT : 0;
}

static int pcq_send_msg(struct pcq_batch *batch, u32 i)
{
	struct ipcring_pcq_msg msg;
	struct iov_iter from;
	struct pcq_at at;
	int ret;

	ret = pcq_get_msg(batch, i, &msg);
	if (ret)
		return ret;
	if (msg.cpu)
		return -EINVAL;
	if (msg.len > batch->end->set->geo.msg_size)
		return -EMSGSIZE;
	if (!access_ok(u64_to_user_ptr(msg.addr), msg.len))
		return -EFAULT;
	iov_iter_ubuf(&from, ITER_SOURCE, u64_to_user_ptr(msg.addr), msg.len);
	ret = pcq_send(batch->end, batch->cpu, &from, PCQ_TRY, NULL, &at);
	if (ret == -EAGAIN || ret == -EFAULT) {
		pcq_ring_bells(batch);
		ret = pcq_send(batch->end, batch->cpu, &from, batch->how, batch->deadline, &at);
	}
	if (!ret)
		pcq_add_bell(batch, &at);
	return ret;
}

/**
 * pcq_ioc_send() - IPCRING_IOC_PCQ_SEND
 * @end:	a sender
 * @file:	its file
 * @arg:	the user's struct ipcring_pcq_batch
 *
 * Return: as struct ipcring_pcq_batch.
 */
long pcq_ioc_send(struct pcq_end *end, struct file *file, const void __user *arg)
{
	struct pcq_batch batch;
	int ret;
	u32 i;

	ret = pcq_batch_init(&batch, end, file, arg);
	if (ret)
		return ret;
	for (i = 0; i < batch.nr; i++) {
		ret = pcq_send_msg(&batch, i);
		if (ret)
			break;
	}
	pcq_ring_bells(&batch);
	if (!i && (ret == -EAGAIN || ret == -ENXIO))
		pcq_refused(end, batch.cpu);
	return i ? i : ret;
}

/* Receive */

/* What is told about a message is stored before it is taken: see pcq_tell(). */
static int pcq_recv_msg(struct pcq_batch *batch, u32 i)
{
	struct pcq_dest dest = { .msg = &batch->msgs[i] };
	struct ipcring_pcq_msg msg;
	struct iov_iter to;
	size_t len;

	if (copy_from_user(&msg, dest.msg, sizeof(msg)))
		return -EFAULT;
	len = min(msg.len, batch->end->set->geo.msg_size);
	if (!access_ok(u64_to_user_ptr(msg.addr), len))
		return -EFAULT;
	iov_iter_ubuf(&to, ITER_DEST, u64_to_user_ptr(msg.addr), len);
	dest.to = &to;
	return pcq_recv(batch->end, batch->cpu, &dest, i ? PCQ_TRY : batch->how, batch->deadline);
}

/**
 * pcq_ioc_recv() - IPCRING_IOC_PCQ_RECV
 * @end:	a receiver
 * @file:	its file
 * @arg:	the user's struct ipcring_pcq_batch
 *
 * Return: as struct ipcring_pcq_batch.
 */
long pcq_ioc_recv(struct pcq_end *end, struct file *file, const void __user *arg)
{
	struct pcq_batch batch;
	int ret;
	u32 i;

	ret = pcq_batch_init(&batch, end, file, arg);
	if (ret)
		return ret;
	/* All of the same queue, also where we move. */
	batch.cpu = pcq_recv_target(end, batch.cpu);
	for (i = 0; i < batch.nr; i++) {
		ret = pcq_recv_msg(&batch, i);
		if (ret)
			break;
	}
	if (i)
		return i;
	return ret == -EPIPE ? 0 : ret;
}
