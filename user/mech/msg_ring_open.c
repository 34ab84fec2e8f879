// SPDX-License-Identifier: GPL-2.0
/* Two io_urings for msg_ring.c, made before there are workers. */
#define _GNU_SOURCE
#include <stdlib.h>
#include "fd_uring.h"
#include "msg_ring.h"

/* A message, and room for the one before it. */
#define MSG_RING_ENTRIES	4

/* Each message that waits is a completion that waits. */
static int msg_ring_init(struct io_uring *u, size_t size)
{
	struct io_uring_params p = {
		.flags = IORING_SETUP_CQSIZE, .cq_entries = 2 * ring_open_slots(size),
	};

	return io_uring_queue_init_params(MSG_RING_ENTRIES, u, &p);
}

int msg_ring_probe(const struct mech_cfg *cfg, struct mech_why *why)
{
	struct io_uring_probe *ops;
	struct io_uring u;
	int ret = msg_ring_init(&u, cfg->size);

	if (ret)
		return fd_uring_because(why, ret);
	ops = io_uring_get_probe_ring(&u);
	if (!ops || !io_uring_opcode_supported(ops, IORING_OP_MSG_RING)) {
		mech_because(why, "this kernel's io_uring has no IORING_OP_MSG_RING; use Linux 5.18 or later");
		ret = -EOPNOTSUPP;
	}
	io_uring_free_probe(ops);
	io_uring_queue_exit(&u);
	return ret;
}

int msg_ring_open(struct mech *m)
{
	struct msg_ring *r = calloc(1, sizeof(*r));
	int ret = 0;

	m->priv = r;
	if (!r)
		return -ENOMEM;
	while (!ret && r->opened < SIDE_COUNT) {
		ret = msg_ring_init(&r->uring[r->opened], m->cfg.size);
		r->opened += !ret;
	}
	return ret ? ret : shm_ring_open(&r->shm, m->cfg.size);
}

int msg_ring_attach(struct mech *m)
{
	struct msg_ring *r = m->priv;
	int ret = r->opened == SIDE_COUNT ? shm_ring_join(m) : -EBADF;

	if (!ret)
		ret = io_uring_register_ring_fd(&r->uring[m->side]);
	return ret < 0 ? ret : 0;
}

int msg_ring_leave(struct mech *m)
{
	struct msg_ring *r = m->priv;

	while (r->opened)
		io_uring_queue_exit(&r->uring[--r->opened]);
	return shm_ring_leave(m);
}

void msg_ring_close(struct mech *m)
{
	if (m->priv)
		msg_ring_leave(m);
	shm_ring_free(m);
}
