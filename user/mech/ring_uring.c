// SPDX-License-Identifier: GPL-2.0
/*
 * ring-uring: the channels of `ring`, written and read through io_uring as any file is;
 * one io_uring_enter() for a message or a round trip.
 */
#define _GNU_SOURCE
#include "ring_uring.h"

static void ring_uring_prep_write(struct mech *m, const void *buf, unsigned int flags)
{
	struct io_uring_sqe *sqe = ring_uring_sqe(m->priv);

	io_uring_prep_write(sqe, RING_URING_OUT, buf, (unsigned int)m->cfg.size, 0);
	sqe->flags |= IOSQE_FIXED_FILE | flags;
}

static void ring_uring_prep_read(struct mech *m, void *buf)
{
	struct io_uring_sqe *sqe = ring_uring_sqe(m->priv);

	io_uring_prep_read(sqe, RING_URING_IN, buf, (unsigned int)m->cfg.size, 0);
	sqe->flags |= IOSQE_FIXED_FILE;
}

static int ring_uring_send(struct mech *m, const void *buf)
{
	ring_uring_prep_write(m, buf, 0);
	return ring_uring_run(m);
}

static int ring_uring_recv(struct mech *m, void *buf)
{
	ring_uring_prep_read(m, buf);
	return ring_uring_run(m);
}

/* A failed write is the one completion, then. */
static int ring_uring_call(struct mech *m, const void *out, void *in)
{
	ring_uring_prep_write(m, out, IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS);
	ring_uring_prep_read(m, in);
	return ring_uring_run(m);
}

const struct mech_ops mech_ring_uring = {
	.name = "ring-uring",
	.summary = "ring channel of /dev/ipcring: io_uring WRITE and READ, linked in a round trip",
	.rev = 1,
	.traits = MECH_T_BOUNDARIES | MECH_T_BACKPRESSURE | MECH_T_PERSISTENT | MECH_T_KMOD |
		  MECH_T_FANIN,
	.waits = MECH_W_BLOCK,
	.max_msg = IPCRING_MSG_MAX,
	.probe = ring_open_probe,
	.open = ring_uring_open,
	.attach = ring_uring_attach,
	.send = ring_uring_send,
	.recv = ring_uring_recv,
	.call = ring_uring_call,
	.close = ring_uring_close,
};
