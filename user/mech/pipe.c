// SPDX-License-Identifier: GPL-2.0
/* pipe: two pipe2(), one each way, default capacity (64 KiB). */
#define _GNU_SOURCE
#include <stdlib.h>
#include "fd_pair.h"

static int pipe_open(struct mech *m)
{
	int flags = O_CLOEXEC | (m->cfg.wait == WAIT_SPIN ? O_NONBLOCK : 0);
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
	.rev = 1,
	.traits = MECH_T_BACKPRESSURE | MECH_T_PERSISTENT,
	.waits = MECH_W_BLOCK | MECH_W_SPIN,
	.open = pipe_open,
	.send = fd_pair_send,
	.recv = fd_pair_recv,
	.close = fd_pair_free,
};
