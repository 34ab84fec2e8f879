// SPDX-License-Identifier: GPL-2.0
/*
 * shm-futex: the ring of `ring-mmap` in anonymous shared memory; sleeping sides wait
 * on a futex over the low half of the peer's position.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include "shm_ring.h"

static int shm_futex_open(struct mech *m)
{
	m->priv = calloc(1, sizeof(struct shm_ring));
	return m->priv ? shm_ring_open(m->priv, m->cfg.size) : -ENOMEM;
}

static void *shm_futex_word(struct ipcring_side *side)
{
	return (__u32 *)&side->pos + (BYTE_ORDER == BIG_ENDIAN);
}

/* Returns at once if @side has moved on from @seen: no wake-up can be missed. */
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

static int shm_futex_wait_room(struct mech *m)
{
	const struct ring *r = &shm_ring_out(m->priv, m)->ring;

	ring_arm_producer(r, r->msg_size);
	return shm_futex_wait(r->cons, ring_load(&r->prod->pos) - r->size);
}

static int shm_futex_wait_message(struct mech *m)
{
	const struct ring *r = &shm_ring_in(m->priv, m)->ring;

	ring_arm_consumer(r);
	return shm_futex_wait(r->prod, ring_load(&r->cons->pos));
}

static int shm_futex_wake_consumer(struct mech *m)
{
	return shm_futex_wake(shm_ring_out(m->priv, m)->ring.prod);
}

static int shm_futex_wake_producer(struct mech *m)
{
	return shm_futex_wake(shm_ring_in(m->priv, m)->ring.cons);
}

static int shm_futex_attach(struct mech *m)
{
	return shm_ring_attach(m->priv);
}

static int shm_futex_send(struct mech *m, const void *buf)
{
	return shm_ring_send(m, shm_ring_out(m->priv, m), buf, shm_futex_wait_room,
			     shm_futex_wake_consumer);
}

static int shm_futex_recv(struct mech *m, void *buf)
{
	return shm_ring_recv(m, shm_ring_in(m->priv, m), buf, shm_futex_wait_message,
			     shm_futex_wake_producer);
}

static void shm_futex_close(struct mech *m)
{
	if (m->priv)
		shm_ring_close(m->priv);
	free(m->priv);
}

const struct mech_ops mech_shm_futex = {
	.name = "shm-futex",
	.summary = "ring in anonymous shared memory, futex to sleep and wake",
	.rev = 3,
	.traits = MECH_T_BOUNDARIES | MECH_T_BACKPRESSURE,
	.waits = MECH_W_BLOCK | MECH_W_SPIN,
	.open = shm_futex_open,
	.attach = shm_futex_attach,
	.send = shm_futex_send,
	.recv = shm_futex_recv,
	.close = shm_futex_close,
};
