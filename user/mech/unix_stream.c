// SPDX-License-Identifier: GPL-2.0
/* unix-stream: one socketpair(), both ways, default buffers (net.core.wmem_default). */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/socket.h>
#include "fd_pair.h"
#include "fd_uring.h"

/*
 * Linux queues at least so much as one buffer, which nobody's comes into
 * (unix_stream_sendmsg(): UNIX_SKB_FRAGS_SZ). No manual promises it; the checksums tell.
 */
#define UNIX_STREAM_WHOLE	32768

static int unix_stream_probe(const struct mech_cfg *cfg, struct mech_why *why)
{
	if (cfg->senders <= 1 || cfg->size <= UNIX_STREAM_WHOLE)
		return 0;
	mech_because(why, "writes of several senders may mix over %d bytes; give --size %d or less",
		     UNIX_STREAM_WHOLE, UNIX_STREAM_WHOLE);
	return -EMSGSIZE;
}

static int unix_stream_open(struct mech *m)
{
	int type = SOCK_STREAM | SOCK_CLOEXEC | (mech_tries(&m->cfg) ? SOCK_NONBLOCK : 0);
	struct fd_pair *p = malloc(sizeof(*p));
	int fd[2];

	m->priv = p;
	if (!p)
		return -ENOMEM;
	*p = FD_PAIR_NONE;
	if (socketpair(AF_UNIX, type, 0, fd))
		return -errno;
	for (int side = 0; side < SIDE_COUNT; side++) {
		p->in[side] = fd[side];
		p->out[side] = fd[side];
	}
	return 0;
}

const struct mech_ops mech_unix_stream = {
	.name = "unix-stream",
	.summary = "socketpair(AF_UNIX, SOCK_STREAM): write and read",
	.rev = 2,
	.traits = MECH_T_BACKPRESSURE | MECH_T_PERSISTENT | MECH_T_FDPASS | MECH_T_FANIN,
	.waits = MECH_W_FD,
	.probe = unix_stream_probe,
	.open = unix_stream_open,
	.attach = fd_pair_attach,
	.leave = fd_pair_leave,
	.send = fd_pair_send,
	.recv = fd_pair_recv,
	.fd = fd_pair_fd,
	.uring = &fd_uring,
	.close = fd_pair_free,
};
