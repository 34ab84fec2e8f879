/* SPDX-License-Identifier: GPL-2.0 */
/* Two rings in anonymous shared memory, for mechanisms that add a way to sleep. */
#ifndef IPCSCOPE_MECH_SHM_RING_H
#define IPCSCOPE_MECH_SHM_RING_H

#include <sys/mman.h>
#include "ring_open.h"

/* Each side's words on a page of its own, as the module lays them out. */
#define SHM_RING_PAGE	4096u

/**
 * struct shm_ring - both directions, as one worker sees them
 * @lane:	by sending side
 * @mem:	memory of both rings, NULL: none
 * @len:	its length
 */
struct shm_ring {
	struct ipcring_cursor lane[SIDE_COUNT];
	unsigned char *mem;
	size_t len;
};

static inline void shm_ring_lay_out(struct ring *r, unsigned char *at, size_t size)
{
	r->prod = (struct ipcring_side *)at;
	r->cons = (struct ipcring_side *)(at + SHM_RING_PAGE);
	r->data = at + 2 * SHM_RING_PAGE;
	r->size = ring_open_slots(size);
	r->stride = ring_stride((__u32)size);
	r->msg_size = (__u32)size;
	/* Nobody sleeps yet; no position reaches this. */
	r->prod->event = ~0ULL;
	r->cons->event = ~0ULL;
}

/* For messages of @size bytes. 0 or -errno. */
static inline int shm_ring_open(struct shm_ring *s, size_t size)
{
	size_t data = (size_t)ring_open_slots(size) * ring_stride((__u32)size);
	size_t one = (data + 3 * SHM_RING_PAGE - 1) / SHM_RING_PAGE * SHM_RING_PAGE;
	void *mem;

	mem = mmap(NULL, 2 * one, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		return -errno;
	s->mem = mem;
	s->len = 2 * one;
	for (int side = 0; side < SIDE_COUNT; side++)
		shm_ring_lay_out(&s->lane[side].ring, s->mem + side * one, size);
	return 0;
}

/*
 * In the worker: map all pages, as mmap() of a ring channel does, so that the first lap
 * has no page faults. Linux before 5.14 cannot, and takes them. 0 or -errno.
 */
static inline int shm_ring_attach(const struct shm_ring *s)
{
	return madvise(s->mem, s->len, MADV_POPULATE_WRITE) && errno != EINVAL ? -errno : 0;
}

/* Accepts a zeroed one. */
static inline void shm_ring_close(struct shm_ring *s)
{
	if (s->mem)
		munmap(s->mem, s->len);
}

/* What this side sends into, and what it receives from. */
static inline struct ipcring_cursor *shm_ring_out(struct shm_ring *s, const struct mech *m)
{
	return &s->lane[m->side];
}

static inline struct ipcring_cursor *shm_ring_in(struct shm_ring *s, const struct mech *m)
{
	return &s->lane[!m->side];
}

/**
 * shm_ring_send() - send a message into a ring, sleeping as the mechanism does
 * @m:		the instance
 * @out:	the ring
 * @buf:	the message
 * @sleep:	wait for room: arm, look again, sleep; 0 to try again, or -errno
 * @wake:	wake the consumer: 0 or -errno
 *
 * Return: 0 or -errno; -EAGAIN only where the instance spins.
 */
static inline int shm_ring_send(struct mech *m, struct ipcring_cursor *out, const void *buf,
				int (*sleep)(struct mech *m), int (*wake)(struct mech *m))
{
	bool asked;
	int ret;

	while ((ret = ipcring_push(out, buf, (__u32)m->cfg.size, &asked))) {
		if (ret != -EAGAIN || m->cfg.wait == WAIT_SPIN)
			return ret;
		ret = sleep(m);
		if (ret)
			return ret;
	}
	return asked ? wake(m) : 0;
}

/* The same for receiving: @sleep waits for a message, @wake wakes the producer. */
static inline int shm_ring_recv(struct mech *m, struct ipcring_cursor *in, void *buf,
				int (*sleep)(struct mech *m), int (*wake)(struct mech *m))
{
	bool asked;
	__u32 len;
	int ret;

	while ((ret = ipcring_pop(in, buf, (__u32)m->cfg.size, &len, &asked))) {
		if (ret != -EAGAIN || m->cfg.wait == WAIT_SPIN)
			return ret;
		ret = sleep(m);
		if (ret)
			return ret;
	}
	if (len != m->cfg.size)
		return -EBADMSG;
	return asked ? wake(m) : 0;
}

#endif /* IPCSCOPE_MECH_SHM_RING_H */
