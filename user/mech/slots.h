/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bounded buffers of slots in anonymous shared memory, one each way, for mechanisms that
 * count: every message is one notification "full", every slot that is free again one
 * notification "free", and nothing else tells a side that it may go on.
 */
#ifndef IPCSCOPE_MECH_SLOTS_H
#define IPCSCOPE_MECH_SLOTS_H

#include <stdatomic.h>
#include <string.h>
#include "ring_open.h"

/* Nothing of one side's shares a pair of cache lines with the other's. */
#define SLOTS_LINES	128

/**
 * enum slots_kind - what a notification says
 * @SLOTS_FULL:	there is one more message
 * @SLOTS_FREE:	there is one more free slot
 * @SLOTS_KINDS: how many there are
 */
enum slots_kind {
	SLOTS_FULL,
	SLOTS_FREE,
	SLOTS_KINDS
};

/**
 * struct slots_slot - one slot
 * @full:	its message's position + 1: written after the payload
 * @payload:	the message
 */
struct slots_slot {
	_Atomic uint64_t full;
	unsigned char payload[];
};

/**
 * struct slots_lane - one direction, in shared memory
 * @head:	position of the next message to send: several senders claim it
 * @tail:	of the next one to receive
 * @taken:	notifications of messages behind the one at @tail, which is not there yet:
 *		its sender claimed before the others, and will be ready after them
 * @count:	room for the mechanism's own counter by enum slots_kind, if it needs any
 * @data:	slots
 */
struct slots_lane {
	_Atomic uint64_t head __attribute__((aligned(SLOTS_LINES)));
	uint64_t tail __attribute__((aligned(SLOTS_LINES)));
	uint64_t taken;
	unsigned char count[SLOTS_KINDS][SLOTS_LINES] __attribute__((aligned(SLOTS_LINES)));
	unsigned char data[] __attribute__((aligned(SLOTS_LINES)));
};

/**
 * struct slots - both directions, as one worker sees them
 * @lane:	by sending side, NULL: none
 * @len:	bytes mapped from @lane[0]
 * @slots:	in each direction
 * @stride:	distance of two slots in bytes
 */
struct slots {
	struct slots_lane *lane[SIDE_COUNT];
	size_t len;
	uint32_t slots;
	uint32_t stride;
};

/* As many slots as a ring of the project has for the size: 0 or -errno. */
int slots_open(struct slots *s, size_t size);

/* In the worker: map all pages. -EBADF if there are none. */
int slots_attach(const struct slots *s);

/* Unmap: in leave() and in close(). Accepts a zeroed one. */
void slots_drop(struct slots *s);

/* Hooks of a mechanism whose state is a struct slots. */
int slots_attach_hook(struct mech *m);
int slots_leave_hook(struct mech *m);
void slots_close_hook(struct mech *m);

static inline struct slots_slot *slots_at(const struct slots *s, struct slots_lane *l, uint64_t pos)
{
	return (struct slots_slot *)(l->data + (pos & (s->slots - 1)) * s->stride);
}

/* Whose slot? Alone, a sender has no one to contend with. */
static inline uint64_t slots_claim(const struct mech *m, struct slots_lane *l)
{
	uint64_t pos;

	if (m->cfg.senders > 1)
		return atomic_fetch_add_explicit(&l->head, 1, memory_order_relaxed);
	pos = atomic_load_explicit(&l->head, memory_order_relaxed);
	atomic_store_explicit(&l->head, pos + 1, memory_order_relaxed);
	return pos;
}

/*
 * How a mechanism counts: of the direction that @from sends. A wait takes one notification;
 * with m->nowait it returns -EAGAIN if there is none. Both return 0 or -errno.
 */
typedef int (*slots_fn)(struct mech *m, enum mech_side from, enum slots_kind kind);

static inline int slots_send(struct mech *m, struct slots *s, const void *buf, slots_fn wait,
			     slots_fn post)
{
	struct slots_lane *l = s->lane[m->side];
	struct slots_slot *slot;
	uint64_t pos;
	int ret = wait(m, m->side, SLOTS_FREE);

	if (ret)
		return ret;
	pos = slots_claim(m, l);
	slot = slots_at(s, l, pos);
	memcpy(slot->payload, buf, m->cfg.size);
	atomic_store_explicit(&slot->full, pos + 1, memory_order_release);
	return post(m, m->side, SLOTS_FULL);
}

static inline int slots_recv(struct mech *m, struct slots *s, void *buf, slots_fn wait,
			     slots_fn post)
{
	struct slots_lane *l = s->lane[!m->side];
	struct slots_slot *slot = slots_at(s, l, l->tail);

	/* Who claimed the slot at the tail has yet to post if it is not full: no one is missed. */
	while (!l->taken ||
	       atomic_load_explicit(&slot->full, memory_order_acquire) != l->tail + 1) {
		int ret = wait(m, !m->side, SLOTS_FULL);

		if (ret)
			return ret;
		l->taken++;
	}
	memcpy(buf, slot->payload, m->cfg.size);
	l->taken--;
	l->tail++;
	return post(m, !m->side, SLOTS_FREE);
}

#endif /* IPCSCOPE_MECH_SLOTS_H */
