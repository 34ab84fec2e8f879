/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ring algorithm: one producer, one consumer, fixed slots, event-index
 * wake-ups. Compiled into the kernel module and into user space (libipcring,
 * unit tests, ThreadSanitizer), so it knows neither. Protocol, layout and the
 * barrier names A-D: include/uapi/linux/ipcring.h.
 *
 * Rules for every function here: geometry comes from the private view, never
 * from shared memory; a shared word is loaded once; nothing loops.
 */
#ifndef IPCRING_RING_H
#define IPCRING_RING_H

#ifdef __KERNEL__
#include <linux/errno.h>
#include <linux/types.h>
#include <asm/barrier.h>
#include <uapi/linux/ipcring.h>
#define ring_load(p)		READ_ONCE(*(p))
#define ring_load_acquire(p)	smp_load_acquire(p)	/* A, B */
#define ring_store(p, v)	WRITE_ONCE(*(p), v)
#define ring_store_release(p, v) smp_store_release(p, v)	/* A, B */
#define ring_full_barrier()	smp_mb()	/* C, D */
#else
#include <errno.h>
#include <stddef.h>
#include <linux/ipcring.h>
#define ring_load(p)		__atomic_load_n(p, __ATOMIC_RELAXED)
#define ring_load_acquire(p)	__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define ring_store(p, v)	__atomic_store_n(p, v, __ATOMIC_RELAXED)
#define ring_store_release(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)
#define ring_full_barrier()	__atomic_thread_fence(__ATOMIC_SEQ_CST)
#endif

/**
 * struct ring - one party's private view of a ring
 * @prod:	producer's shared page
 * @cons:	consumer's shared page
 * @data:	first slot
 * @slots:	depth in messages, a power of two
 * @stride:	distance of two slots in bytes
 * @msg_size:	largest payload in bytes
 *
 * Nothing in here is visible to the peer.
 */
struct ring {
	struct ipcring_side *prod;
	struct ipcring_side *cons;
	unsigned char *data;
	__u32 slots;
	__u32 stride;
	__u32 msg_size;
};

/**
 * ring_stride() - distance of two slots for a payload size
 * @msg_size:	largest payload in bytes, at most IPCRING_MSG_MAX
 *
 * Return: bytes, a multiple of 64 so that no two messages share a cache line.
 */
static inline __u32 ring_stride(__u32 msg_size)
{
	return (msg_size + (__u32)sizeof(struct ipcring_slot) + 63u) & ~63u;
}

/* The mask bounds the index whatever @pos says, also under speculation. */
static inline struct ipcring_slot *ring_slot(const struct ring *r, __u64 pos)
{
	return (struct ipcring_slot *)(r->data +
				       (size_t)(pos & (r->slots - 1)) * r->stride);
}

static inline void *ring_payload(struct ipcring_slot *slot)
{
	return slot + 1;
}

/**
 * ring_reserve() - find the slot for the next message. Producer only.
 * @r:		the ring
 * @pos:	out: the message's position, for ring_publish()
 *
 * Return: 0; -EAGAIN the ring is full; -EBADMSG the positions are nonsense.
 */
static inline int ring_reserve(const struct ring *r, __u64 *pos)
{
	/* Acquire: our own before the peer's, for a look beside another sender. */
	__u64 head = ring_load_acquire(&r->prod->pos);
	/* Acquire (A): the consumer is done with the slot before we fill it. */
	__u64 tail = ring_load_acquire(&r->cons->pos);

	*pos = head;
	if (head - tail < r->slots)
		return 0;
	return head - tail == r->slots ? -EAGAIN : -EBADMSG;
}

/**
 * ring_publish() - make a filled slot visible. Producer only.
 * @r:		the ring
 * @pos:	from ring_reserve()
 */
static inline void ring_publish(const struct ring *r, __u64 pos)
{
	/* Release (B): pairs with the load in ring_peek(). */
	ring_store_release(&r->prod->pos, pos + 1);
}

/**
 * ring_peek() - find the oldest message. Consumer only.
 * @r:		the ring
 * @pos:	out: its position, for ring_release()
 * @len:	out: its length, read once and checked: 1..msg_size
 *
 * Return: 0; -EAGAIN the ring is empty; -EBADMSG the positions or the length
 * are nonsense.
 */
static inline int ring_peek(const struct ring *r, __u64 *pos, __u32 *len)
{
	/* Acquire: our own before the peer's, for a look beside another receiver. */
	__u64 tail = ring_load_acquire(&r->cons->pos);
	/* Acquire: pairs with B in ring_publish(). */
	__u64 head = ring_load_acquire(&r->prod->pos);

	*pos = tail;
	if (head == tail)
		return -EAGAIN;
	if (head - tail > r->slots)
		return -EBADMSG;
	*len = ring_load(&ring_slot(r, tail)->len);
	return *len - 1 < r->msg_size ? 0 : -EBADMSG;
}

/**
 * ring_release() - give the oldest slot back. Consumer only.
 * @r:		the ring
 * @pos:	from ring_peek()
 */
static inline void ring_release(const struct ring *r, __u64 pos)
{
	/* Release: pairs with A in ring_reserve(). */
	ring_store_release(&r->cons->pos, pos + 1);
}

/**
 * ring_arm_consumer() - ask for a wake-up at the next message
 * @r:		the ring
 *
 * Look with ring_peek() again before sleeping.
 *
 * Return: the consumer position that it is armed for.
 */
static inline __u64 ring_arm_consumer(const struct ring *r)
{
	__u64 tail = ring_load(&r->cons->pos);

	ring_store(&r->cons->event, tail);
	/* C: pairs with D in ring_passed(). */
	ring_full_barrier();
	return tail;
}

/**
 * ring_arm_producer() - ask for a wake-up at the next free slot
 * @r:		the ring
 *
 * The ring is full, so the consumer's next store takes its position from
 * prod.pos - slots to one more. Look with ring_reserve() again before sleeping.
 *
 * Return: the producer position that it is armed for.
 */
static inline __u64 ring_arm_producer(const struct ring *r)
{
	__u64 head = ring_load(&r->prod->pos);

	ring_store(&r->prod->event, head - r->slots);
	/* C: pairs with D in ring_passed(). */
	ring_full_barrier();
	return head;
}

static inline int ring_passed(const struct ipcring_side *peer, __u64 old, __u64 new)
{
	/* D: our new position is visible before we look at the peer's wish. */
	ring_full_barrier();
	return ring_load(&peer->event) - old < new - old;
}

/**
 * ring_wake_consumer() - must the consumer be woken?
 * @r:		the ring
 * @old:	producer position before the publishing stores
 * @new:	producer position after them
 *
 * Return: true if the consumer asked to be woken at a position in [old, new).
 */
static inline int ring_wake_consumer(const struct ring *r, __u64 old, __u64 new)
{
	return ring_passed(r->cons, old, new);
}

/**
 * ring_wake_producer() - must the producer be woken?
 * @r:		the ring
 * @old:	consumer position before the releasing stores
 * @new:	consumer position after them
 *
 * Return: true if the producer asked to be woken at a position in [old, new).
 */
static inline int ring_wake_producer(const struct ring *r, __u64 old, __u64 new)
{
	return ring_passed(r->prod, old, new);
}

#endif /* IPCRING_RING_H */
