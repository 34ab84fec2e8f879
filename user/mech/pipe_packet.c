// SPDX-License-Identifier: GPL-2.0
/* pipe-packet: pipes with O_DIRECT, where each write() up to PIPE_BUF is a packet. */
#define _GNU_SOURCE
#include <limits.h>
#include "fd_uring.h"
#include "pipe_pair.h"

/* A packet takes a page, however small: room for 256, where 64 KiB had 16. */
#define PIPE_PACKET_BYTES	(256 * 4096)

static int pipe_packet_probe(const struct mech_cfg *cfg, struct mech_why *why)
{
	if (cfg->size > PIPE_BUF) {
		mech_because(why, "size %zu is over PIPE_BUF, where a packet ends, whatever the pipe holds; give --size %d or less",
			     cfg->size, PIPE_BUF);
		return -EMSGSIZE;
	}
	return pipe_pair_probe(cfg, why, PIPE_PACKET_BYTES);
}

static int pipe_packet_open(struct mech *m)
{
	int flags = O_CLOEXEC | O_DIRECT | fd_pair_nonblock(&m->cfg);

	m->priv = malloc(sizeof(struct fd_pair));
	return m->priv ? pipe_pair_open(m->priv, flags, PIPE_PACKET_BYTES) : -ENOMEM;
}

const struct mech_ops mech_pipe_packet = {
	.name = "pipe-packet",
	.summary = "pipe2(O_DIRECT), packet mode: write and read",
	.choices = "a packet takes a page of the pipe, so F_SETPIPE_SZ makes it 1 MiB (fs.pipe-max-size): room for 256; nothing over PIPE_BUF, which is split; O_NONBLOCK unless a side sleeps in the call",
	.rev = 2,
	.traits = MECH_T_BOUNDARIES | MECH_T_ORDER | MECH_T_BACKPRESSURE | MECH_T_PERSISTENT |
		  MECH_T_FANIN | MECH_T_ATOMIC | MECH_T_HANGUP,
	.waits = MECH_W_FD,
	.max_msg = PIPE_BUF,
	.probe = pipe_packet_probe,
	.open = pipe_packet_open,
	.attach = fd_pair_attach,
	.leave = fd_pair_leave,
	.send = fd_pair_send,
	.recv = fd_pair_recv,
	.fd = fd_pair_fd,
	.uring = &fd_uring,
	.close = fd_pair_free,
};
