/* SPDX-License-Identifier: GPL-2.0 */
/* Two rings in shared memory, for mechanisms that add a way to sleep. */
#ifndef IPCSCOPE_MECH_SHM_RING_H
#define IPCSCOPE_MECH_SHM_RING_H

#include "ring_open.h"
#include "shm_back.h"

/* Each side's words on a page of its own, as the module lays them out. */
#define SHM_RING_PAGE	4096u

/* Where a mechanism has its own, behind a side's words on the same page. */
#define SHM_RING_BELL	sizeof(struct ipcring_side)

/**
 * struct shm_ring - both directions, as one worker sees them; a zeroed one is none
 * @lane:	by sending side
 * @back:	memory of both rings
 */
struct shm_ring {
	struct ipcring_cursor lane[SIDE_COUNT];
	struct shm_back back;
};

/*
 * Memory of rings as deep as for messages of @size bytes, of messages of @inside bytes: less,
 * where the payload lies elsewhere.
 */
size_t shm_ring_bytes(size_t size, size_t inside);

/*
 * In open(): make the memory, @init (or NULL) each side's bell, and let go of it again but
 * for what is inherited. 0 or -errno.
 */
int shm_ring_create(struct shm_ring *s, enum shm_back_kind kind, size_t size, size_t inside,
		    int (*init)(void *bell));

/* As that, for a mechanism whose state is a struct shm_ring. */
int shm_ring_make(struct mech *m, enum shm_back_kind kind, int (*init)(void *bell));

/* Of anonymous memory, for messages of @size bytes. 0 or -errno. */
int shm_ring_open(struct shm_ring *s, size_t size);

/* In the worker: map it. 0 or -errno. */
int shm_ring_attach(struct shm_ring *s);

/* Accepts a zeroed one. */
void shm_ring_close(struct shm_ring *s);

/* Hooks of a mechanism whose state begins with a struct shm_ring. */
int shm_ring_join(struct mech *m);
int shm_ring_leave(struct mech *m);
void shm_ring_free(struct mech *m);

/* What this side sends into, and what it receives from. */
static inline struct ipcring_cursor *shm_ring_out(struct shm_ring *s, const struct mech *m)
{
	return &s->lane[m->side];
}

static inline struct ipcring_cursor *shm_ring_in(struct shm_ring *s, const struct mech *m)
{
	return &s->lane[!m->side];
}

/* Of a ring that this side sends into (MECH_OUT) or receives from: its own words. */
static inline struct ipcring_side *shm_ring_mine(const struct ring *r, enum mech_dir dir)
{
	return dir == MECH_OUT ? r->prod : r->cons;
}

static inline struct ipcring_side *shm_ring_peers(const struct ring *r, enum mech_dir dir)
{
	return dir == MECH_OUT ? r->cons : r->prod;
}

static inline void *shm_ring_bell(struct ipcring_side *side)
{
	return (unsigned char *)side + SHM_RING_BELL;
}

/* Ask to be woken, and look again. -EAGAIN: there is still nothing, so sleep; 0: try again. */
static inline int shm_ring_arm(const struct ring *r, enum mech_dir dir)
{
	__u64 pos;
	__u32 len;
	int ret;

	if (dir == MECH_OUT) {
		ring_arm_producer(r, r->msg_size);
		ret = ring_reserve(r, r->msg_size, &pos);
	} else {
		ring_arm_consumer(r);
		ret = ring_peek(r, &pos, &len);
	}
	return ret == -EAGAIN ? ret : 0;
}

/**
 * shm_ring_send() - send a message into a ring, sleeping as the mechanism does
 * @m:		the instance
 * @out:	the ring
 * @buf:	the message
 * @wait:	wait for room: arm, look again, sleep; 0 to try again, or -errno
 * @wake:	wake the consumer: 0 or -errno
 *
 * Return: 0 or -errno; -EAGAIN only with m->nowait.
 */
static inline int shm_ring_send(struct mech *m, struct ipcring_cursor *out, const void *buf,
				int (*wait)(struct mech *m), int (*wake)(struct mech *m))
{
	bool asked;
	int ret;

	while ((ret = ipcring_push(out, buf, out->ring.msg_size, &asked))) {
		if (ret != -EAGAIN || m->nowait)
			return ret;
		ret = wait(m);
		if (ret)
			return ret;
	}
	return asked ? wake(m) : 0;
}

/* The same for receiving: @wait waits for a message, @wake wakes the producer. */
static inline int shm_ring_recv(struct mech *m, struct ipcring_cursor *in, void *buf,
				int (*wait)(struct mech *m), int (*wake)(struct mech *m))
{
	bool asked;
	__u32 len;
	int ret;

	while ((ret = ipcring_pop(in, buf, in->ring.msg_size, &len, &asked))) {
		if (ret != -EAGAIN || m->nowait)
			return ret;
		ret = wait(m);
		if (ret)
			return ret;
	}
	if (len != in->ring.msg_size)
		return -EBADMSG;
	return asked ? wake(m) : 0;
}

#endif /* IPCSCOPE_MECH_SHM_RING_H */
