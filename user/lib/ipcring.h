/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libipcring: the ring channel from user space.
 *
 * The fast path is inline and works on any memory that holds a ring: a channel of
 * /dev/ipcring mapped with ipcring_map(), or plain shared memory. It never sleeps;
 * how to sleep is the caller's (IPCRING_IOC_WAIT, futex).
 */
#ifndef IPCRING_LIB_H
#define IPCRING_LIB_H

#include <stdbool.h>
#include <string.h>
#include "ring.h"

/**
 * ipcring_push() - send one message if there is room. Producer only.
 * @r:		the ring
 * @buf:	payload
 * @len:	its bytes, 1..msg_size
 * @wake:	out: the consumer asked to be woken
 *
 * Return: 0, -EAGAIN full, -EMSGSIZE, or -EBADMSG the peer broke the protocol.
 */
static inline int ipcring_push(const struct ring *r, const void *buf, __u32 len, bool *wake)
{
	__u64 pos;
	int ret;

	if (len - 1 >= r->msg_size)
		return -EMSGSIZE;
	ret = ring_reserve(r, len, &pos);
	if (ret)
		return ret;
	memcpy(ring_payload(ring_slot(r, pos)), buf, len);
	*wake = ring_wake_consumer(r, pos, ring_publish(r, pos, len));
	return 0;
}

/**
 * ipcring_pop() - take the oldest message if there is one. Consumer only.
 * @r:		the ring
 * @buf:	room for the payload
 * @size:	bytes of it
 * @len:	out: the message's bytes
 * @wake:	out: the producer asked to be woken
 *
 * Return: 0, -EAGAIN empty, -EMSGSIZE @size is too small (the message stays), or
 * -EBADMSG the peer broke the protocol.
 */
static inline int ipcring_pop(const struct ring *r, void *buf, __u32 size, __u32 *len, bool *wake)
{
	__u64 pos;
	int ret;

	ret = ring_peek(r, &pos, len);
	if (ret)
		return ret;
	if (*len > size)
		return -EMSGSIZE;
	memcpy(buf, ring_payload(ring_slot(r, pos)), *len);
	*wake = ring_wake_producer(r, pos, ring_release(r, pos, *len));
	return 0;
}

/**
 * ipcring_create() - make a channel
 * @slots:	depth, a power of two
 * @msg_size:	largest payload in bytes
 *
 * Return: control fd or -errno, as documented in <linux/ipcring.h>; also what
 * open("/dev/ipcring") gives.
 */
int ipcring_create(__u32 slots, __u32 msg_size);

/**
 * ipcring_endpoint() - get a channel's sending or receiving end
 * @control:	control fd
 * @role:	IPCRING_ROLE_PRODUCER or IPCRING_ROLE_CONSUMER
 * @flags:	IPCRING_EP_*
 *
 * Return: endpoint fd or -errno.
 */
int ipcring_endpoint(int control, __u32 role, __u32 flags);

/**
 * ipcring_map() - map a channel as its endpoint may
 * @fd:		endpoint fd
 * @r:		out: the ring; undo with ipcring_unmap()
 *
 * Return: 0 or -errno.
 */
int ipcring_map(int fd, struct ring *r);

/* Accepts a zeroed ring. */
void ipcring_unmap(struct ring *r);

/* Sleep until there is something to do, forever if need be. 0 or -errno. */
int ipcring_wait(int fd);

/* Wake the peer. 0 or -errno. */
int ipcring_wake(int fd);

#endif /* IPCRING_LIB_H */
