/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libipcring's fast path: one lane, no system call, never sleeps. It works on any
 * memory that holds a ring, a mapped channel or plain shared memory; how to sleep and
 * how to wake is the caller's. <ipcring.h> does both.
 */
#ifndef IPCRING_FAST_H
#define IPCRING_FAST_H

#include <string.h>
#include "ring.h"

/* Some tens of instructions, which a call would make more. */
#define IPCRING_INLINE	static inline __attribute__((__always_inline__))

/**
 * struct ipcring_cursor - one side's private place in a lane
 * @ring:	the lane
 * @pos:	own position. Nobody else moves it, so it is not read from shared memory.
 * @seen:	producer: consumer position as last read. It only grows, so the
 *		consumer's line is touched again only when this one says full.
 *
 * For the producer, and for a consumer that shares its lane with no other. One thread
 * at a time.
 */
struct ipcring_cursor {
	struct ring ring;
	__u64 pos;
	__u64 seen;
};

/**
 * ipcring_cursor_producer() - stand where the lane's next message goes
 * @c:		cursor whose @ring is set
 *
 * A producer that was killed between its two stores has sent its message: it is
 * skipped here.
 */
static inline void ipcring_cursor_producer(struct ipcring_cursor *c)
{
	const struct ring *r = &c->ring;

	c->pos = ring_load(&r->prod->pos);
	if (r->stride && ring_head_is(ring_load(&ring_slot(r, c->pos)->head), c->pos))
		c->pos++;
	/* Acquire (A): the places up to there are no longer read. */
	c->seen = ring_load_acquire(&r->cons->pos);
}

/**
 * ipcring_cursor_consumer() - stand at the lane's oldest message
 * @c:		cursor whose @ring is set
 */
static inline void ipcring_cursor_consumer(struct ipcring_cursor *c)
{
	c->pos = ring_load(&c->ring.cons->pos);
	c->seen = c->pos;
}

IPCRING_INLINE int ipcring_cursor_room(struct ipcring_cursor *c, __u32 len)
{
	if (!ring_room(&c->ring, c->pos, c->seen, len))
		return 0;
	/* Acquire (A): the consumer is done with the place before we fill it. */
	c->seen = ring_load_acquire(&c->ring.cons->pos);
	return ring_room(&c->ring, c->pos, c->seen, len);
}

/**
 * ipcring_put() - publish one message if there is room, and wake nobody
 * @c:		producer's cursor
 * @buf:	payload
 * @len:	its bytes, 1..msg_size
 *
 * For batches: one ring_wake_consumer() from the position before the first to the one
 * after the last says whether the consumer has to be woken.
 *
 * Return: 0, -EAGAIN full, -EMSGSIZE, or -EBADMSG the peer broke the protocol.
 */
IPCRING_INLINE int ipcring_put(struct ipcring_cursor *c, const void *buf, __u32 len)
{
	int ret;

	if (!ring_len_ok(&c->ring, len))
		return -EMSGSIZE;
	ret = ipcring_cursor_room(c, len);
	if (ret)
		return ret;
	memcpy(ring_payload(ring_slot(&c->ring, c->pos)), buf, len);
	c->pos = ring_publish(&c->ring, c->pos, len);
	return 0;
}

/**
 * ipcring_push() - send one message if there is room
 * @c:		producer's cursor
 * @buf:	payload
 * @len:	its bytes, 1..msg_size
 * @wake:	out: the consumer asked to be woken
 *
 * Return: as ipcring_put().
 */
IPCRING_INLINE int ipcring_push(struct ipcring_cursor *c, const void *buf, __u32 len, bool *wake)
{
	__u64 old = c->pos;
	int ret = ipcring_put(c, buf, len);

	if (!ret)
		*wake = ring_wake_consumer(&c->ring, old, c->pos);
	return ret;
}

/**
 * ipcring_take() - take the oldest message if there is one, and wake nobody
 * @c:		consumer's cursor
 * @buf:	room for the payload
 * @size:	bytes of it
 * @len:	out: the message's bytes
 *
 * For batches, as ipcring_put(). The payload is copied once; check the copy.
 *
 * Return: 0, -EAGAIN empty, -EMSGSIZE @size is too small (the message stays), or
 * -EBADMSG the peer broke the protocol.
 */
IPCRING_INLINE int ipcring_take(struct ipcring_cursor *c, void *buf, __u32 size, __u32 *len)
{
	const struct ring *r = &c->ring;
	int ret;

	if (r->stride)
		ret = ring_peek_slot(r, c->pos, len);
	else
		/* Acquire: pairs with B in ring_publish(). */
		ret = ring_peek_record(r, ring_load_acquire(&r->prod->pos), c->pos, len);
	if (ret)
		return ret;
	if (*len > size)
		return -EMSGSIZE;
	memcpy(buf, ring_payload(ring_slot(r, c->pos)), *len);
	c->pos = ring_release(r, c->pos, *len);
	return 0;
}

/**
 * ipcring_pop() - take the oldest message if there is one
 * @c:		consumer's cursor
 * @buf:	room for the payload
 * @size:	bytes of it
 * @len:	out: the message's bytes
 * @wake:	out: the producer asked to be woken
 *
 * Return: as ipcring_take().
 */
IPCRING_INLINE int ipcring_pop(struct ipcring_cursor *c, void *buf, __u32 size, __u32 *len,
			       bool *wake)
{
	__u64 old = c->pos;
	int ret = ipcring_take(c, buf, size, len);

	if (!ret)
		*wake = ring_wake_producer(&c->ring, old, c->pos);
	return ret;
}

#endif /* IPCRING_FAST_H */
