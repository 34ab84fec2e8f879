// SPDX-License-Identifier: GPL-2.0
/* Pipes of a known capacity: above a limit the kernel makes them smaller, without a word. */
#define _GNU_SOURCE
#include <limits.h>
#include "pipe_pair.h"

/* @have: what a new pipe holds by itself. */
static int pipe_pair_make(int fd[2], int flags, int bytes, int *have)
{
	int err;

	if (pipe2(fd, flags))
		return -errno;
	*have = fcntl(fd[0], F_GETPIPE_SZ);
	if (*have >= bytes || fcntl(fd[0], F_SETPIPE_SZ, bytes) >= bytes)
		return 0;
	err = -errno;
	close(fd[0]);
	close(fd[1]);
	return err;
}

int pipe_pair_probe(const struct mech_cfg *cfg, struct mech_why *why, int bytes)
{
	int fd[2], have, ret;

	if (cfg->senders > 1 && cfg->size > PIPE_BUF) {
		mech_because(why, "writes of several senders stay whole up to PIPE_BUF; give --size %d or less",
			     PIPE_BUF);
		return -EMSGSIZE;
	}
	ret = pipe_pair_make(fd, O_CLOEXEC, bytes, &have);
	if (!ret) {
		close(fd[0]);
		close(fd[1]);
	} else if (ret == -EPERM) {
		mech_because(why, "a new pipe holds %d bytes, not %d: more is over fs.pipe-max-size, or your pipes are over fs.pipe-user-pages-soft; raise it or close some",
			     have, bytes);
	}
	return ret;
}

int pipe_pair_open(struct fd_pair *p, int flags, int bytes)
{
	int fd[2], have;

	*p = FD_PAIR_NONE;
	for (int side = 0; side < SIDE_COUNT; side++) {
		int ret = pipe_pair_make(fd, flags, bytes, &have);

		if (ret)
			return ret;
		p->out[side] = fd[1];
		p->in[!side] = fd[0];
	}
	return 0;
}
