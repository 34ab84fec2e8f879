/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The two lanes of a per-CPU queue: rings of slots (ring.h) whose producer is not one
 * thread. Compiled into the kernel module and into user space (unit tests,
 * ThreadSanitizer, model checker), by the rules of ring.h. Protocol, and what stands in a
 * slot: include/uapi/linux/ipcring_pcq.h.
 *
 * Local lane: the producer is whoever runs on the CPU, one at a time, so what ring.h has
 * for one producer will do, prod.pos that lags behind by one included.
 *
 * Remote lane: any number of producers. Its prod.pos counts the places handed out; nobody
 * maps it, so it is true. Who moves it on owns the place until it stores the head. Places
 * are published out of order; receivers stop at the first that is not.
 *
 * Receivers share both lanes: ring_claim().
 */
#ifndef IPCRING_PCQ_LANE_H
#define IPCRING_PCQ_LANE_H

#ifdef __KERNEL__
#include <uapi/linux/ipcring_pcq.h>
#else
#include <linux/ipcring_pcq.h>
#endif

#include "ring.h"

/* What stands between a slot's head and the payload. */
#define PCQ_FROM_BYTES	((__u32)sizeof(struct ipcring_pcq_from))

/*
 * Attempts in one go to get a place in the remote lane, with preemption off. Each that
 * fails is another sender's success; 16 CPUs that come four times before us are about
 * as long as the copy of the largest message.
 */
#define PCQ_LANE_TRIES	64u

static inline struct ipcring_pcq_from *pcq_from(const struct ring *r, __u64 pos)
{
	return ring_payload(ring_slot(r, pos));
}

/**
 * pcq_reserve_local() - find the place for the next message in the local lane
 * @r:		the lane
 * @len:	payload in bytes, at most the set's msg_size
 * @pos:	out: its position
 *
 * Context: on the lane's CPU, where nobody else comes in between until it is published,
 * or given up, which needs no call.
 * Return: 0; -EAGAIN full; -EBADMSG the positions are nonsense.
 */
static inline int pcq_reserve_local(const struct ring *r, __u32 len, __u64 *pos)
{
	return ring_reserve(r, len + PCQ_FROM_BYTES, pos);
}

/**
 * pcq_publish_local() - make a filled place of the local lane visible
 * @r:		the lane
 * @pos:	from pcq_reserve_local()
 * @len:	payload in bytes
 */
static inline void pcq_publish_local(const struct ring *r, __u64 pos, __u32 len)
{
	ring_publish(r, pos, len + PCQ_FROM_BYTES);
}

/**
 * pcq_reserve_remote() - get a place in the remote lane
 * @r:		the lane
 * @pos:	out: its position
 *
 * Who gets one has to publish it, soon: receivers come no further before.
 *
 * Return: 0; -EAGAIN full; -EBUSY others were faster, again and again; -EBADMSG cons.pos
 * is nonsense.
 */
static inline int pcq_reserve_remote(const struct ring *r, __u64 *pos)
{
	for (__u32 i = 0; i < PCQ_LANE_TRIES; i++) {
		/*
		 * Acquire: then cons.pos is no older than what whoever stored this has
		 * seen, so that there were never more places handed out than there are.
		 */
		__u64 own = ring_load_acquire(&r->prod->pos);
		/* Acquire (A): the receiver is done with the place before we fill it. */
		__u64 tail = ring_load_acquire(&r->cons->pos);

		if (own - tail < r->size) {
			if (ring_cas(&r->prod->pos, own, own + 1)) {
				*pos = own;
				return 0;
			}
			continue;
		}
		/* With an older @own there are fewer handed out than there were: full it was. */
		if (own - tail == r->size)
			return -EAGAIN;
		/* A receiver may have overtaken @own, but never what is handed out now. */
		if (ring_load(&r->prod->pos) == own)
			return -EBADMSG;
	}
	return -EBUSY;
}

/**
 * pcq_publish_remote() - make a filled place of the remote lane visible
 * @r:		the lane
 * @pos:	from pcq_reserve_remote()
 * @len:	payload in bytes
 */
static inline void pcq_publish_remote(const struct ring *r, __u64 pos, __u32 len)
{
	/* Release (B): pairs with the load of the head in ring_peek(). */
	ring_store_release(&ring_slot(r, pos)->head, ring_head(pos, len + PCQ_FROM_BYTES));
}

/**
 * pcq_free_local() - how many places are free in the local lane, from any CPU
 * @r:		the lane
 *
 * Return: 0 only if it was full at a moment since the call; else how many, or more if
 * others are at work; all of them if the positions are nonsense: sending finds that out.
 */
static inline __u64 pcq_free_local(const struct ring *r)
{
	__u64 own = ring_next(r, ring_load_acquire(&r->prod->pos));
	__u64 used = own - ring_load_acquire(&r->cons->pos);

	return used <= r->size ? r->size - used : r->size;
}

/**
 * pcq_free_remote() - how many places are free in the remote lane
 * @r:		the lane
 *
 * Return: as pcq_free_local().
 */
static inline __u64 pcq_free_remote(const struct ring *r)
{
	__u64 own = ring_load_acquire(&r->prod->pos);
	__u64 used = own - ring_load_acquire(&r->cons->pos);

	return used <= r->size ? r->size - used : r->size;
}

/**
 * pcq_peek() - find a lane's oldest message
 * @r:		the lane
 * @pos:	out: as ring_peek()
 * @len:	out: its payload in bytes, 1..msg_size
 *
 * Return: as ring_peek(); with -EAGAIN and @pos RING_NO_PROOF look again.
 */
static inline int pcq_peek(const struct ring *r, __u64 *pos, __u32 *len)
{
	int ret = ring_peek(r, pos, len);

	/* No ring gets there: a hostile receiver has it look as if another one was at work. */
	if (ret == -EAGAIN && *pos == RING_NO_PROOF && ring_load(&r->cons->pos) == RING_NO_PROOF)
		return -EBADMSG;
	if (!ret && *len <= PCQ_FROM_BYTES)
		ret = ring_settle(&r->cons->pos, *pos, -EBADMSG, pos);
	if (!ret)
		*len -= PCQ_FROM_BYTES;
	return ret;
}

/**
 * pcq_claim() - take the message that pcq_peek() found and that has been copied
 * @r:		the lane
 * @pos:	from pcq_peek()
 *
 * A full barrier if it succeeds.
 *
 * Return: as ring_claim().
 */
static inline bool pcq_claim(const struct ring *r, __u64 pos)
{
	/* A slot is a slot, however long the message. */
	return ring_claim(r, pos, 0);
}

/**
 * pcq_ready() - are there messages in a lane?
 * @r:		the lane
 *
 * Return: 0 there was none at a moment since the call, or nonsense; 1 one; 2 more, or
 * others are at work.
 */
static inline unsigned int pcq_ready(const struct ring *r)
{
	__u64 head, pos;
	__u32 len;
	int ret = pcq_peek(r, &pos, &len);

	if (ret)
		return ret == -EAGAIN && pos == RING_NO_PROOF ? 2 : 0;
	/* Acquire: pairs with B, as in ring_peek_slot(). */
	head = ring_load_acquire(&ring_slot(r, pos + 1)->head);
	return ring_head_is(head, pos + 1) ? 2 : 1;
}

/**
 * pcq_turn() - which lane's turn is it?
 * @lanes:	cons.pos of both, next to each other
 *
 * With each message that is received, of whichever lane, it is the other's.
 *
 * Return: index of the lane to look at first.
 */
static inline __u32 pcq_turn(const struct ipcring_side *lanes)
{
	return (ring_load(&lanes[0].pos) + ring_load(&lanes[1].pos)) & 1;
}

#endif /* IPCRING_PCQ_LANE_H */
