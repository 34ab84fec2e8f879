// SPDX-License-Identifier: GPL-2.0
/* pipe: two pipe2(), one each way, default capacity (64 KiB). */
#define _GNU_SOURCE
#include <limits.h>
#include <stdlib.h>
#include "fd_pair.h"
#include "fd_uring.h"

/* The kernel's default, and what the rings take, too. */
#define PIPE_BYTES	65536

/* Above a limit, a user's new pipes are a fraction of the others', without a word. */
static int pipe_probe(const struct mech_cfg *cfg, struct mech_why *why)
{
	int fd[2], bytes;

	if (cfg->senders > 1 && cfg->size > PIPE_BUF) {
		mech_because(why, "writes of several senders stay whole up to PIPE_BUF; give --size %d or less",
			     PIPE_BUF);
		return -EMSGSIZE;
	}
	if (pipe2(fd, O_CLOEXEC))
		return -errno;
	bytes = fcntl(fd[0], F_GETPIPE_SZ);
	close(fd[0]);
	close(fd[1]);
	if (bytes >= PIPE_BYTES)
		return 0;
	mech_because(why, "a new pipe holds %d bytes, not %d: your pipes are over fs.pipe-user-pages-soft; raise it or close some",
		     bytes, PIPE_BYTES);
	return -ENOBUFS;
}

static int pipe_open(struct mech *m)
{
	int flags = O_CLOEXEC | (mech_tries(&m->cfg) ? O_NONBLOCK : 0);
	struct fd_pair *p = malloc(sizeof(*p));
	int fd[2];

	m->priv = p;
	if (!p)
		return -ENOMEM;
	*p = FD_PAIR_NONE;
	for (int side = 0; side < SIDE_COUNT; side++) {
		if (pipe2(fd, flags))
			return -errno;
		p->out[side] = fd[1];
		p->in[!side] = fd[0];
	}
	return 0;
}

const struct mech_ops mech_pipe = {
	.name = "pipe",
	.summary = "pipe2(): write and read",
	.rev = 2,
	.traits = MECH_T_BACKPRESSURE | MECH_T_PERSISTENT | MECH_T_FANIN,
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
