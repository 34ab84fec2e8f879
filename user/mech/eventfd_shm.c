// SPDX-License-Identifier: GPL-2.0
/*
 * eventfd-shm: the ring of `shm-futex`, with eventfds to sleep and wake. An eventfd
 * carries a count and no payload, hence the shared memory and the name; it is touched
 * only when a side sleeps.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include "shm_ring.h"

/**
 * struct eventfd_shm_mech - state of one instance
 * @shm:	both rings
 * @message:	by sending side: counts wake-ups of its ring's consumer
 * @room:	by sending side: counts wake-ups of its ring's producer
 */
struct eventfd_shm_mech {
	struct shm_ring shm;
	int message[SIDE_COUNT];
	int room[SIDE_COUNT];
};

static int eventfd_shm_make(int *error)
{
	int fd = eventfd(0, EFD_CLOEXEC);

	if (fd < 0)
		*error = -errno;
	return fd;
}

static int eventfd_shm_open(struct mech *m)
{
	struct eventfd_shm_mech *e = calloc(1, sizeof(*e));
	int ret = 0;

	m->priv = e;
	if (!e)
		return -ENOMEM;
	for (int side = 0; side < SIDE_COUNT; side++) {
		e->message[side] = eventfd_shm_make(&ret);
		e->room[side] = eventfd_shm_make(&ret);
	}
	return ret ? ret : shm_ring_open(&e->shm, m->cfg.size);
}

static int eventfd_shm_attach(struct mech *m)
{
	return shm_ring_attach(&((struct eventfd_shm_mech *)m->priv)->shm);
}

/* A wake-up of earlier, not taken then, only makes the caller look once more. */
static int eventfd_shm_sleep(int fd)
{
	uint64_t count;

	return read(fd, &count, sizeof(count)) < 0 && errno != EINTR ? -errno : 0;
}

static int eventfd_shm_wake(int fd)
{
	const uint64_t one = 1;

	return write(fd, &one, sizeof(one)) < 0 ? -errno : 0;
}

static int eventfd_shm_wait_room(struct mech *m)
{
	struct eventfd_shm_mech *e = m->priv;
	const struct ring *r = &shm_ring_out(&e->shm, m)->ring;
	__u64 pos;

	ring_arm_producer(r, r->msg_size);
	if (ring_reserve(r, r->msg_size, &pos) != -EAGAIN)
		return 0;
	return eventfd_shm_sleep(e->room[m->side]);
}

static int eventfd_shm_wait_message(struct mech *m)
{
	struct eventfd_shm_mech *e = m->priv;
	const struct ring *r = &shm_ring_in(&e->shm, m)->ring;
	__u64 pos;
	__u32 len;

	ring_arm_consumer(r);
	return ring_peek(r, &pos, &len) == -EAGAIN ? eventfd_shm_sleep(e->message[!m->side]) : 0;
}

static int eventfd_shm_wake_consumer(struct mech *m)
{
	return eventfd_shm_wake(((struct eventfd_shm_mech *)m->priv)->message[m->side]);
}

static int eventfd_shm_wake_producer(struct mech *m)
{
	return eventfd_shm_wake(((struct eventfd_shm_mech *)m->priv)->room[!m->side]);
}

static int eventfd_shm_send(struct mech *m, const void *buf)
{
	struct eventfd_shm_mech *e = m->priv;

	return shm_ring_send(m, shm_ring_out(&e->shm, m), buf, eventfd_shm_wait_room,
			     eventfd_shm_wake_consumer);
}

static int eventfd_shm_recv(struct mech *m, void *buf)
{
	struct eventfd_shm_mech *e = m->priv;

	return shm_ring_recv(m, shm_ring_in(&e->shm, m), buf, eventfd_shm_wait_message,
			     eventfd_shm_wake_producer);
}

static void eventfd_shm_close(struct mech *m)
{
	struct eventfd_shm_mech *e = m->priv;

	for (int side = 0; e && side < SIDE_COUNT; side++) {
		if (e->message[side] >= 0)
			close(e->message[side]);
		if (e->room[side] >= 0)
			close(e->room[side]);
	}
	if (e)
		shm_ring_close(&e->shm);
	free(e);
}

const struct mech_ops mech_eventfd_shm = {
	.name = "eventfd-shm",
	.summary = "ring in anonymous shared memory, eventfd to sleep and wake",
	.rev = 3,
	.traits = MECH_T_BOUNDARIES | MECH_T_BACKPRESSURE,
	.waits = MECH_W_BLOCK | MECH_W_SPIN,
	.open = eventfd_shm_open,
	.attach = eventfd_shm_attach,
	.send = eventfd_shm_send,
	.recv = eventfd_shm_recv,
	.close = eventfd_shm_close,
};
