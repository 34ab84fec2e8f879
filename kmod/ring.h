/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ring algorithm: one lane with one producer, fixed slots or byte records,
 * event-index wake-ups. Compiled into the kernel module and into user space
 * (libipcring, unit tests, ThreadSanitizer, fuzzer, model checker), so it knows
 * none of them. Protocol, layout and the barrier names A-D:
 * include/uapi/linux/ipcring.h.
 *
 * Rules for every function here: geometry comes from the private view, never
 * from shared memory; a shared word is loaded once; nothing loops but
 * ring_seal(), which is bounded by the capacity.
 *
 * Who includes it may bring its own RING_MEMORY_MODEL: the model checker does.
 */
#ifndef IPCRING_RING_H
#define IPCRING_RING_H

#ifdef __KERNEL__
#include <linux/errno.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <asm/barrier.h>
#include <asm/cmpxchg.h>
#include <uapi/linux/ipcring.h>
#define ring_load(p)		READ_ONCE(*(p))
#define ring_load_acquire(p)	smp_load_acquire(p)	/* A, B */
#define ring_store(p, v)	WRITE_ONCE(*(p), v)
#define ring_store_release(p, v) smp_store_release(p, v)	/* A, B */
#define ring_cas(p, old, new)	({ \
	typeof(*(p)) ring_old = (old); \
	try_cmpxchg(p, &ring_old, new); \
})
#define ring_full_barrier()	smp_mb()	/* C, D */
#define ring_resched()		cond_resched()
#else
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <linux/ipcring.h>
#ifndef RING_MEMORY_MODEL
#define ring_load(p)		__atomic_load_n(p, __ATOMIC_RELAXED)
#define ring_load_acquire(p)	__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define ring_store(p, v)	__atomic_store_n(p, v, __ATOMIC_RELAXED)
#define ring_store_release(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)
#define ring_cas(p, old, new)	(__extension__ ({ \
	__typeof__(*(p)) ring_old = (old); \
	__atomic_compare_exchange_n(p, &ring_old, new, false, \
				    __ATOMIC_ACQ_REL, __ATOMIC_RELAXED); \
}))
#define ring_full_barrier()	__atomic_thread_fence(__ATOMIC_SEQ_CST)
#endif
#define ring_resched()		((void)0)
#endif

/**
 * struct ring - one party's private view of a lane
 * @prod:	producer's shared page
 * @cons:	consumers' shared page
 * @data:	first slot, or first byte of records, which are mapped twice in a row
 * @size:	capacity, a power of two: slots, or bytes of records
 * @stride:	distance of two slots in bytes; 0: byte records
 * @msg_size:	largest payload in bytes
 *
 * Nothing in here is visible to the peer. A position counts what @size counts.
 */
struct ring {
	struct ipcring_side *prod;
	struct ipcring_side *cons;
	unsigned char *data;
	__u64 size;
	__u32 stride;
	__u32 msg_size;
};

/*
 * Two positions that no ring reaches. They differ: a look that proves nothing must
 * not be taken for one at the position that nothing was armed for.
 */
#define RING_NO_PROOF	(~0ULL)
#define RING_NOT_ARMED	(~0ULL - 1)

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

/**
 * ring_units() - by how much a message moves the positions on
 * @r:		the ring
 * @len:	its payload in bytes, at most IPCRING_MSG_MAX
 *
 * Return: 1 with slots, bytes of head and payload rounded up to 8 with records.
 */
static inline __u32 ring_units(const struct ring *r, __u32 len)
{
	return r->stride ? 1 : (len + (__u32)sizeof(struct ipcring_slot) + 7u) & ~7u;
}

/* The mask bounds the index whatever @pos says, also under speculation. */
static inline struct ipcring_slot *ring_slot(const struct ring *r, __u64 pos)
{
	size_t index = (size_t)(pos & (r->size - 1));

	return (struct ipcring_slot *)(r->data + index * (r->stride ? r->stride : 1));
}

static inline void *ring_payload(struct ipcring_slot *slot)
{
	return slot + 1;
}

/* What the head of slot @pos says when its message is there. */
static inline __u64 ring_head(__u64 pos, __u32 len)
{
	return (pos + 1) << 32 | len;
}

/* Half the numbers away: what is written here next comes long before that. */
static inline __u64 ring_blank(__u64 pos)
{
	return ring_head(pos + (1u << 31), 0);
}

static inline bool ring_head_is(__u64 head, __u64 pos)
{
	return (__u32)(head >> 32) == (__u32)(pos + 1);
}

static inline bool ring_len_ok(const struct ring *r, __u32 len)
{
	return len - 1 < r->msg_size;
}

/*
 * @seen was loaded from our @own word first. If the word has moved since, then
 * another thread of our side is at work, and what we saw was not one moment's: no
 * proof against the peer, and none that nothing is there.
 *
 * Against the peer only an atomic read-modify-write will do: what looked like nonsense
 * can be a record that was written over, and its bytes are not ordered by anything.
 */
static inline int ring_settle(__u64 *own, __u64 seen, int ret, __u64 *pos)
{
	if (ret == -EBADMSG && ring_cas(own, seen, seen))
		return -EBADMSG;
	if (ret && ring_load(own) != seen)
		*pos = RING_NO_PROOF;
	return ret ? -EAGAIN : 0;
}

/**
 * ring_room() - is there room for a message between two positions?
 * @r:		the ring
 * @head:	producer position
 * @tail:	consumer position, from shared memory
 * @len:	payload in bytes, at most msg_size
 *
 * Return: 0; -EAGAIN no; -EBADMSG the positions are nonsense.
 */
static inline int ring_room(const struct ring *r, __u64 head, __u64 tail, __u32 len)
{
	if (head - tail > r->size || (!r->stride && (head | tail) & 7))
		return -EBADMSG;
	return r->size - (head - tail) >= ring_units(r, len) ? 0 : -EAGAIN;
}

/*
 * Where the next message goes. With slots a producer that was killed between the
 * stores of ring_publish() has sent the one at @own, too.
 */
static inline __u64 ring_next(const struct ring *r, __u64 own)
{
	__u64 head;

	if (!r->stride)
		return own;
	/* Acquire: a head newer than @own comes with a newer prod.pos, for ring_settle(). */
	head = ring_load_acquire(&ring_slot(r, own)->head);
	return ring_head_is(head, own) ? own + 1 : own;
}

/**
 * ring_reserve() - find the place for the next message. Producer only.
 * @r:		the ring
 * @len:	payload in bytes, 1..msg_size
 * @pos:	out: the message's position, for ring_publish(); with -EAGAIN what to
 *		compare with what ring_arm_producer() returned: if they differ, another
 *		thread of this side moved on, so look again before sleeping
 *
 * Return: 0; -EAGAIN no room; -EBADMSG the positions are nonsense.
 */
static inline int ring_reserve(const struct ring *r, __u32 len, __u64 *pos)
{
	/* Acquire: our own before the peer's, for a look beside another sender. */
	__u64 own = ring_load_acquire(&r->prod->pos);
	/* Acquire (A): the consumer is done with the place before we fill it. */
	__u64 tail = ring_load_acquire(&r->cons->pos);

	*pos = ring_next(r, own);
	return ring_settle(&r->prod->pos, own, ring_room(r, *pos, tail, len), pos);
}

/**
 * ring_publish() - make a filled place visible. Producer only.
 * @r:		the ring
 * @pos:	from ring_reserve()
 * @len:	payload in bytes, as it was reserved
 *
 * Return: the new producer position.
 */
static inline __u64 ring_publish(const struct ring *r, __u64 pos, __u32 len)
{
	struct ipcring_slot *slot = ring_slot(r, pos);
	__u64 next = pos + ring_units(r, len);

	if (r->stride)
		/* Release (B): pairs with the load of the head in ring_peek(). */
		ring_store_release(&slot->head, ring_head(pos, len));
	else
		ring_store(&slot->head, len);
	/* Release (B): pairs with the load of prod.pos in ring_peek(). */
	ring_store_release(&r->prod->pos, next);
	return next;
}

static inline int ring_peek_record(const struct ring *r, __u64 head, __u64 tail, __u32 *len)
{
	if (head == tail)
		return -EAGAIN;
	if (head - tail > r->size || (head | tail) & 7)
		return -EBADMSG;
	*len = (__u32)ring_load(&ring_slot(r, tail)->head);
	if (!ring_len_ok(r, *len) || ring_units(r, *len) > head - tail)
		return -EBADMSG;
	return 0;
}

static inline int ring_peek_slot(const struct ring *r, __u64 tail, __u32 *len)
{
	/* Acquire: pairs with B in ring_publish(). */
	__u64 head = ring_load_acquire(&ring_slot(r, tail)->head);

	if (!ring_head_is(head, tail))
		return -EAGAIN;
	*len = (__u32)head;
	return ring_len_ok(r, *len) ? 0 : -EBADMSG;
}

/**
 * ring_peek() - find the oldest message. Consumers only.
 * @r:		the ring
 * @pos:	out: its position, for ring_release() or ring_claim(); with -EAGAIN as
 *		in ring_reserve(), for ring_arm_consumer()
 * @len:	out: its length, read once and checked: 1..msg_size
 *
 * Where consumers share the work, what is found may belong to another one the
 * moment after: use it only if ring_claim() says so.
 *
 * Return: 0; -EAGAIN empty, or another consumer was faster; -EBADMSG the positions
 * or the length are nonsense.
 */
static inline int ring_peek(const struct ring *r, __u64 *pos, __u32 *len)
{
	/* Acquire: our own before the peer's, for a look beside another receiver. */
	__u64 tail = ring_load_acquire(&r->cons->pos);
	int ret;

	*pos = tail;
	if (r->stride)
		ret = ring_peek_slot(r, tail, len);
	else
		/* Acquire: pairs with B in ring_publish(). */
		ret = ring_peek_record(r, ring_load_acquire(&r->prod->pos), tail, len);
	return ring_settle(&r->cons->pos, tail, ret, pos);
}

/**
 * ring_release() - give the oldest message's place back. The only consumer.
 * @r:		the ring
 * @pos:	from ring_peek()
 * @len:	from ring_peek()
 *
 * Return: the new consumer position.
 */
static inline __u64 ring_release(const struct ring *r, __u64 pos, __u32 len)
{
	__u64 next = pos + ring_units(r, len);

	/* Release: pairs with A in ring_reserve(). */
	ring_store_release(&r->cons->pos, next);
	return next;
}

/**
 * ring_claim() - as ring_release(), where consumers share the work
 * @r:		the ring
 * @pos:	from ring_peek()
 * @len:	from ring_peek()
 *
 * Copy the payload out first: afterwards the place is the producer's. A consumer
 * that dies has either taken the message or not.
 *
 * Return: true if the message is ours; else forget what was copied and peek again.
 */
static inline bool ring_claim(const struct ring *r, __u64 pos, __u32 len)
{
	/* Release: pairs with A in ring_reserve(). */
	return ring_cas(&r->cons->pos, pos, pos + ring_units(r, len));
}

/**
 * ring_arm_consumer() - ask for a wake-up at the next message
 * @r:		the ring
 *
 * Look with ring_peek() again before sleeping. Consumers that share the work share
 * the event word: an older wish must not replace a newer one, whose owner sleeps.
 *
 * Return: the consumer position that it is armed for, or RING_NOT_ARMED: another
 * consumer was faster.
 */
static inline __u64 ring_arm_consumer(const struct ring *r)
{
	/* Acquire: the position is no older than the event, so the event only moves on. */
	__u64 event = ring_load_acquire(&r->cons->event);
	__u64 tail = ring_load(&r->cons->pos);
	bool armed = event == tail || ring_cas(&r->cons->event, event, tail);

	/* C: pairs with D in ring_passed(). */
	ring_full_barrier();
	return armed ? tail : RING_NOT_ARMED;
}

/**
 * ring_arm_producer() - ask for a wake-up when there is room
 * @r:		the ring
 * @len:	payload in bytes to have room for
 *
 * There is room once cons.pos has reached prod.pos + units - size; the store that
 * gets there passes the value before. Look with ring_reserve() again before
 * sleeping.
 *
 * Several threads of the producer's side share the event word; one may arm at a time.
 * A smaller record's wish comes true earlier and stays: we are woken then, too, and
 * arm again. If the word changes, the others have to be woken to look again: theirs
 * may have come true, and the consumer may not have looked at the word yet.
 *
 * Return: the producer position that it is armed for.
 */
static inline __u64 ring_arm_producer(const struct ring *r, __u32 len)
{
	__u64 head = ring_next(r, ring_load(&r->prod->pos));
	__u64 wish = head + ring_units(r, len) - r->size - 1;
	__u64 tail = ring_load(&r->cons->pos);

	if (ring_load(&r->prod->event) - tail > wish - tail)
		ring_store(&r->prod->event, wish);
	/* C: pairs with D in ring_passed(). */
	ring_full_barrier();
	return head;
}

static inline bool ring_passed(const struct ipcring_side *peer, __u64 old, __u64 now)
{
	/* D: our new position is visible before we look at the peer's wish. */
	ring_full_barrier();
	return ring_load(&peer->event) - old < now - old;
}

/**
 * ring_wake_consumer() - must the consumer be woken?
 * @r:		the ring
 * @old:	producer position before the publishing stores
 * @now:	producer position after them
 *
 * Return: true if the consumer asked to be woken at a position in [old, now).
 */
static inline bool ring_wake_consumer(const struct ring *r, __u64 old, __u64 now)
{
	return ring_passed(r->cons, old, now);
}

/**
 * ring_wake_producer() - must the producer be woken?
 * @r:		the ring
 * @old:	consumer position before the releasing stores
 * @now:	consumer position after them
 *
 * Return: true if the producer asked to be woken at a position in [old, now).
 */
static inline bool ring_wake_producer(const struct ring *r, __u64 old, __u64 now)
{
	return ring_passed(r->prod, old, now);
}

/* Who steps through a whole lane lets others run every 4096 slots or bytes. */
static inline void ring_breathe(__u64 old, __u64 now)
{
	if ((old ^ now) >> 12)
		ring_resched();
}

/* How far from @tail on the lane holds well-formed messages; with records up to @head. */
static inline __u64 ring_sound(const struct ring *r, __u64 head, __u64 tail)
{
	__u64 pos = tail;
	__u32 len;

	while (pos - tail < r->size) {
		int ret = r->stride ? ring_peek_slot(r, pos, &len) :
				      ring_peek_record(r, head, pos, &len);

		if (ret)
			break;
		pos += ring_units(r, len);
		ring_breathe(pos - ring_units(r, len), pos);
	}
	return pos;
}

/* No record begins where @tail says: only a hostile consumer leaves that behind. */
static inline __u64 ring_align(const struct ring *r, __u64 tail)
{
	__u64 aligned = (tail + 7) & ~7ULL;

	if (r->stride || tail == aligned)
		return tail;
	ring_cas(&r->cons->pos, tail, aligned);
	return aligned;
}

/**
 * ring_seal() - the producer is gone for good: end its messages where they are sound
 * @r:		the ring, which no producer reaches any more
 *
 * What was published stays, everything behind it becomes as if it had never been
 * written, so that the next producer's messages cannot be mixed with leftovers of a
 * hostile one. Consumers may go on meanwhile. At most size steps, or with records, of
 * 16 bytes or more, a sixteenth.
 *
 * Context: may sleep.
 * Return: true if something that the old producer had claimed was thrown away.
 */
static inline bool ring_seal(const struct ring *r)
{
	__u64 tail = ring_align(r, ring_load(&r->cons->pos));
	__u64 head = ring_load(&r->prod->pos);
	__u64 end = ring_sound(r, head, tail);

	for (__u64 pos = end; r->stride && pos - tail < r->size; pos++) {
		ring_store(&ring_slot(r, pos)->head, ring_blank(pos));
		ring_breathe(pos, pos + 1);
	}
	ring_store_release(&r->prod->pos, end);
	/* Killed between the stores of ring_publish(), it may lag behind the consumer. */
	if (r->stride && head + 1 == tail)
		return false;
	return head - tail > end - tail;
}

#endif /* IPCRING_RING_H */
