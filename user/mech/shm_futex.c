// SPDX-License-Identifier: GPL-2.0
/*
 * shm-futex: the ring of `ring-mmap` in anonymous shared memory; sleeping sides wait
 * on a futex over the low half of the peer's position.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include "ring_open.h"

/* Each side's words on pages of their own, as the module lays them out. */
#define SHM_FUTEX_PAGE	4096u

/**
 * struct shm_futex_mech - state of one instance
 * @ring:	by sending side
 * @mem:	memory of both rings
 * @len:	its length
 */
struct shm_futex_mech {
	struct ring ring[SIDE_COUNT];
	unsigned char *mem;
	size_t len;
};

static void *shm_futex_word(struct ipcring_side *side)
{
	return (__u32 *)&side->pos + (BYTE_ORDER == BIG_ENDIAN);
}

static int shm_futex_wait(struct ipcring_side *side, __u64 seen)
{
	if (!syscall(SYS_futex, shm_futex_word(side), FUTEX_WAIT, (__u32)seen, NULL, NULL, 0) ||
	    errno == EAGAIN || errno == EINTR)
		return 0;
	return -errno;
}

static int shm_futex_wake(struct ipcring_side *side)
{
	return syscall(SYS_futex, shm_futex_word(side), FUTEX_WAKE, 1, NULL, NULL, 0) < 0 ?
		-errno : 0;
}

static void shm_futex_lay_out(struct ring *r, unsigned char *at, size_t size)
{
	r->prod = (struct ipcring_side *)at;
	r->cons = (struct ipcring_side *)(at + SHM_FUTEX_PAGE);
	r->data = at + 2 * SHM_FUTEX_PAGE;
	r->slots = ring_open_slots(size);
	r->stride = ring_stride((__u32)size);
	r->msg_size = (__u32)size;
	/* Nobody sleeps yet; no position reaches this. */
	r->prod->event = ~0ULL;
	r->cons->event = ~0ULL;
}

static int shm_futex_open(struct mech *m)
{
	size_t data = (size_t)ring_open_slots(m->cfg.size) * ring_stride((__u32)m->cfg.size);
	size_t one = (data + 3 * SHM_FUTEX_PAGE - 1) / SHM_FUTEX_PAGE * SHM_FUTEX_PAGE;
	struct shm_futex_mech *s = calloc(1, sizeof(*s));

	m->priv = s;
	if (!s)
		return -ENOMEM;
	s->len = 2 * one;
	s->mem = mmap(NULL, s->len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (s->mem == MAP_FAILED) {
		s->mem = NULL;
		return -errno;
	}
	for (int side = 0; side < SIDE_COUNT; side++)
		shm_futex_lay_out(&s->ring[side], s->mem + side * one, m->cfg.size);
	return 0;
}

static int shm_futex_send(struct mech *m, const void *buf)
{
	struct shm_futex_mech *s = m->priv;
	const struct ring *r = &s->ring[m->side];
	bool wake;
	int ret;

	while ((ret = ipcring_push(r, buf, (__u32)m->cfg.size, &wake))) {
		__u64 full = ring_load(&r->prod->pos) - r->slots;

		if (ret != -EAGAIN || m->cfg.wait == WAIT_SPIN)
			return ret;
		ring_arm_producer(r);
		/* Returns at once if the consumer has moved on since it was full. */
		ret = shm_futex_wait(r->cons, full);
		if (ret)
			return ret;
	}
	return wake ? shm_futex_wake(r->prod) : 0;
}

static int shm_futex_recv(struct mech *m, void *buf)
{
	struct shm_futex_mech *s = m->priv;
	const struct ring *r = &s->ring[!m->side];
	__u32 len;
	bool wake;
	int ret;

	while ((ret = ipcring_pop(r, buf, (__u32)m->cfg.size, &len, &wake))) {
		if (ret != -EAGAIN || m->cfg.wait == WAIT_SPIN)
			return ret;
		ring_arm_consumer(r);
		/* Returns at once if the producer has moved on: it was empty at cons.pos. */
		ret = shm_futex_wait(r->prod, ring_load(&r->cons->pos));
		if (ret)
			return ret;
	}
	if (len != m->cfg.size)
		return -EBADMSG;
	return wake ? shm_futex_wake(r->cons) : 0;
}

static void shm_futex_close(struct mech *m)
{
	struct shm_futex_mech *s = m->priv;

	if (s && s->mem)
		munmap(s->mem, s->len);
	free(s);
}

const struct mech_ops mech_shm_futex = {
	.name = "shm-futex",
	.summary = "ring in anonymous shared memory, futex to sleep and wake",
	.rev = 1,
	.traits = MECH_T_BOUNDARIES | MECH_T_BACKPRESSURE,
	.waits = MECH_W_BLOCK | MECH_W_SPIN,
	.open = shm_futex_open,
	.send = shm_futex_send,
	.recv = shm_futex_recv,
	.close = shm_futex_close,
};
