/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What users of per-CPU queues ask for, checked: functions of the argument alone.
 * Compiled into the kernel module and into user space (fuzzer), as param.h is.
 */
#ifndef IPCRING_PCQ_PARAM_H
#define IPCRING_PCQ_PARAM_H

#include <linux/ipcring_pcq.h>

#include "param.h"

/**
 * struct pcq_geo - a set's shape, immutable
 * @slots:	messages that each lane holds
 * @data:	bytes of memory of a lane's slots, whole pages
 * @stride:	distance of two slots in bytes
 * @msg_size:	largest payload in bytes
 * @cpus:	one more than the largest possible CPU's number
 * @flags:	IPCRING_PCQ_MAP_SENDERS
 */
struct pcq_geo {
	__u64 slots;
	__u64 data;
	__u32 stride;
	__u32 msg_size;
	__u32 cpus;
	__u32 flags;
};

/**
 * ipcring_check_pcq_create() - check a struct ipcring_pcq_create, but for the limits
 * @p:		the kernel's copy
 * @page:	size of a page
 * @cpus:	one more than the largest possible CPU's number
 * @geo:	out: the set's shape
 *
 * Return: 0, -EINVAL.
 */
static inline int ipcring_check_pcq_create(const struct ipcring_pcq_create *p, __u64 page,
					   __u32 cpus, struct pcq_geo *geo)
{
	if (p->flags & ~IPCRING_PCQ_MAP_SENDERS)
		return -EINVAL;
	if (p->slots < IPCRING_PCQ_SLOTS_MIN || p->slots > IPCRING_PCQ_SLOTS_MAX ||
	    !ipcring_is_pow2(p->slots))
		return -EINVAL;
	if (p->msg_size < IPCRING_PCQ_MSG_MIN || p->msg_size > IPCRING_PCQ_MSG_MAX)
		return -EINVAL;
	geo->slots = p->slots;
	geo->stride = ring_stride(p->msg_size + (__u32)sizeof(struct ipcring_pcq_from));
	geo->data = (geo->slots * geo->stride + page - 1) & ~(page - 1);
	geo->msg_size = p->msg_size;
	geo->cpus = cpus;
	geo->flags = p->flags;
	return 0;
}

/**
 * ipcring_check_pcq_endpoint() - check a struct ipcring_pcq_endpoint, but for CPUs that
 *				  are not possible
 * @p:		the kernel's copy
 * @cpus:	the set's
 *
 * Return: 0, -EINVAL.
 */
static inline int ipcring_check_pcq_endpoint(const struct ipcring_pcq_endpoint *p, __u32 cpus)
{
	if (p->flags & ~(IPCRING_PCQ_EP_NONBLOCK | IPCRING_PCQ_EP_ORDERED))
		return -EINVAL;
	if (p->flags & IPCRING_PCQ_EP_ORDERED && p->role != IPCRING_PCQ_SENDER)
		return -EINVAL;
	if (p->role == IPCRING_PCQ_OBSERVER)
		return p->cpu ? -EINVAL : 0;
	if (p->role != IPCRING_PCQ_SENDER && p->role != IPCRING_PCQ_RECEIVER)
		return -EINVAL;
	if (p->cpu == IPCRING_PCQ_THIS || p->cpu == IPCRING_PCQ_ANY)
		return 0;
	return p->cpu < cpus ? 0 : -EINVAL;
}

/**
 * ipcring_check_pcq_stats() - check a struct ipcring_pcq_stats, likewise
 * @p:		the kernel's copy
 * @cpus:	the set's
 *
 * Return: 0, -EINVAL.
 */
static inline int ipcring_check_pcq_stats(const struct ipcring_pcq_stats *p, __u32 cpus)
{
	if (p->resv || (p->cpu >= cpus && p->cpu != IPCRING_PCQ_ANY))
		return -EINVAL;
	return 0;
}

/**
 * ipcring_check_pcq_batch() - check a struct ipcring_pcq_batch, likewise
 * @p:		the kernel's copy
 * @bound:	what the endpoint is bound to
 * @cpus:	the set's
 *
 * Return: 0, -EINVAL.
 */
static inline int ipcring_check_pcq_batch(const struct ipcring_pcq_batch *p, __u32 bound,
					  __u32 cpus)
{
	if (p->flags & ~IPCRING_PCQ_DONTWAIT || p->nr < 1 || p->nr > IPCRING_PCQ_BATCH_MAX)
		return -EINVAL;
	if (p->cpu == IPCRING_PCQ_BOUND)
		return 0;
	return bound == IPCRING_PCQ_ANY && p->cpu < cpus ? 0 : -EINVAL;
}

/**
 * ipcring_check_pcq_wait() - check a struct ipcring_wait of an endpoint of a set
 * @p:		the kernel's copy
 *
 * Return: 0, -EINVAL.
 */
static inline int ipcring_check_pcq_wait(const struct ipcring_wait *p)
{
	return p->flags || p->ready || p->need || p->resv ? -EINVAL : 0;
}

/**
 * ipcring_check_pcq_bell() - check a struct ipcring_pcq_bell, but for CPUs that are not
 *			      possible
 * @p:		the kernel's copy
 * @cpus:	the set's
 *
 * Return: 0, -EINVAL.
 */
static inline int ipcring_check_pcq_bell(const struct ipcring_pcq_bell *p, __u32 cpus)
{
	if (p->flags & ~IPCRING_PCQ_BELL_ISOLATED || p->mode > IPCRING_PCQ_BELL_POLL)
		return -EINVAL;
	return p->cpu < cpus || p->cpu == IPCRING_PCQ_ANY ? 0 : -EINVAL;
}

/**
 * ipcring_check_pcq_service() - check a struct ipcring_pcq_service, but for its fd and
 *				 CPUs that are not possible
 * @p:		the kernel's copy
 * @cpus:	the set's
 *
 * Return: 0, -EINVAL.
 */
static inline int ipcring_check_pcq_service(const struct ipcring_pcq_service *p, __u32 cpus)
{
	if (p->flags & ~(IPCRING_PCQ_SERVICE_POLL | IPCRING_PCQ_SERVICE_FIFO) || p->resv)
		return -EINVAL;
	if (p->work > IPCRING_PCQ_FORWARD || (p->work == IPCRING_PCQ_DRAIN && p->fd != -1))
		return -EINVAL;
	return p->cpu < cpus ? 0 : -EINVAL;
}

#endif /* IPCRING_PCQ_PARAM_H */
