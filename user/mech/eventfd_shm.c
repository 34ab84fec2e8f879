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
#include <unistd.h>
#include "shm_mech.h"

/**
 * struct eventfd_shm_mech - state of one instance
 * @shm:	both rings; first, for their hooks
 * @fd:		by the side that sleeps there, for a message or for room; -1: none
 */
struct eventfd_shm_mech {
	struct shm_ring shm;
	int fd[SIDE_COUNT][MECH_DIRS];
};

static int eventfd_shm_open(struct mech *m)
{
	struct eventfd_shm_mech *e = calloc(1, sizeof(*e));
	int ret = 0;

	m->priv = e;
	if (!e)
		return -ENOMEM;
	for (int side = 0; side < SIDE_COUNT; side++) {
		for (int dir = 0; dir < MECH_DIRS; dir++) {
			e->fd[side][dir] = eventfd(0, EFD_CLOEXEC);
			if (e->fd[side][dir] < 0)
				ret = -errno;
		}
	}
	return ret ? ret : shm_ring_open(&e->shm, m->cfg.size);
}

static int eventfd_shm_fd(const struct mech *m, enum mech_dir dir)
{
	return ((const struct eventfd_shm_mech *)m->priv)->fd[m->side][dir];
}

static int eventfd_shm_arm(struct mech *m, enum mech_dir dir)
{
	struct shm_ring *s = m->priv;

	return shm_ring_arm(dir == MECH_OUT ? &shm_ring_out(s, m)->ring :
					      &shm_ring_in(s, m)->ring, dir);
}

/* A wake-up of earlier, not taken then, only makes the caller look once more. */
static int eventfd_shm_sleep(struct mech *m, enum mech_dir dir)
{
	uint64_t count;

	if (!eventfd_shm_arm(m, dir))
		return 0;
	return read(eventfd_shm_fd(m, dir), &count, sizeof(count)) < 0 && errno != EINTR ?
		-errno : 0;
}

static int eventfd_shm_wait_room(struct mech *m)
{
	return eventfd_shm_sleep(m, MECH_OUT);
}

static int eventfd_shm_wait_message(struct mech *m)
{
	return eventfd_shm_sleep(m, MECH_IN);
}

static int eventfd_shm_wake(struct mech *m, enum mech_dir dir)
{
	const struct eventfd_shm_mech *e = m->priv;
	const uint64_t one = 1;

	return write(e->fd[!m->side][dir], &one, sizeof(one)) < 0 ? -errno : 0;
}

static int eventfd_shm_wake_consumer(struct mech *m)
{
	return eventfd_shm_wake(m, MECH_IN);
}

static int eventfd_shm_wake_producer(struct mech *m)
{
	return eventfd_shm_wake(m, MECH_OUT);
}

static int eventfd_shm_send(struct mech *m, const void *buf)
{
	return shm_ring_send(m, shm_ring_out(m->priv, m), buf, eventfd_shm_wait_room,
			     eventfd_shm_wake_consumer);
}

static int eventfd_shm_recv(struct mech *m, void *buf)
{
	return shm_ring_recv(m, shm_ring_in(m->priv, m), buf, eventfd_shm_wait_message,
			     eventfd_shm_wake_producer);
}

static int eventfd_shm_leave(struct mech *m)
{
	struct eventfd_shm_mech *e = m->priv;

	for (int side = 0; side < SIDE_COUNT; side++) {
		for (int dir = 0; dir < MECH_DIRS; dir++) {
			if (e->fd[side][dir] >= 0)
				close(e->fd[side][dir]);
			e->fd[side][dir] = -1;
		}
	}
	return shm_ring_leave(m);
}

static void eventfd_shm_close(struct mech *m)
{
	if (m->priv)
		eventfd_shm_leave(m);
	shm_ring_free(m);
}

const struct mech_ops mech_eventfd_shm = {
	.name = "eventfd-shm",
	.summary = "ring in anonymous shared memory, eventfd to sleep and wake",
	.choices = "mmap, inherited; " SHM_MECH_RING "four eventfds, written to only if the peer sleeps; sleeps in read(); epoll sees each write() as an edge, so nobody reads them there",
	.rev = 4,
	.traits = (SHM_MECH_TRAITS & ~MECH_T_DUPLEX) | MECH_T_NOTIFIES,
	.waits = MECH_W_TRY | MECH_W_POLL,
	.open = eventfd_shm_open,
	.attach = shm_ring_join,
	.leave = eventfd_shm_leave,
	.send = eventfd_shm_send,
	.recv = eventfd_shm_recv,
	.fd = eventfd_shm_fd,
	.room_reads = true,
	.arm = eventfd_shm_arm,
	.close = eventfd_shm_close,
};
