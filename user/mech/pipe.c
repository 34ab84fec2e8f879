// SPDX-License-Identifier: GPL-2.0
/* pipe: two pipe2(), one each way, write() and read(). */
#define _GNU_SOURCE
#include "fd_uring.h"
#include "pipe_pair.h"

static int pipe_probe(const struct mech_cfg *cfg, struct mech_why *why)
{
	return pipe_pair_probe(cfg, why, PIPE_PAIR_BYTES);
}

static int pipe_open(struct mech *m)
{
	m->priv = malloc(sizeof(struct fd_pair));
	if (!m->priv)
		return -ENOMEM;
	return pipe_pair_open(m->priv, O_CLOEXEC | fd_pair_nonblock(&m->cfg),
			      PIPE_PAIR_BYTES);
}

const struct mech_ops mech_pipe = {
	.name = "pipe",
	.summary = "pipe2(): write and read",
	.choices = "one pipe each way of 64 KiB, the default: it stays in the L2 cache, and the rings have as much; O_NONBLOCK unless a side sleeps in the call; several senders up to PIPE_BUF",
	.rev = 3,
	.traits = MECH_T_ORDER | MECH_T_BACKPRESSURE | MECH_T_PERSISTENT | MECH_T_FANIN |
		  MECH_T_HANGUP,
	.waits = MECH_W_FD,
	.probe = pipe_probe,
	.open = pipe_open,
	.attach = fd_pair_attach,
	.leave = fd_pair_leave,
	.send = fd_pair_send,
	.recv = fd_pair_recv,
	.fd = fd_pair_fd,
	.uring = &fd_uring,
	.close = fd_pair_free,
};
