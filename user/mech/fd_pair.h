/* SPDX-License-Identifier: GPL-2.0 */
/* For mechanisms whose sides each write to one descriptor and read from another. */
#ifndef IPCSCOPE_MECH_FD_PAIR_H
#define IPCSCOPE_MECH_FD_PAIR_H

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>
#include "mech.h"

/**
 * struct fd_pair - descriptors by side, -1: none
 * @in:		what this side reads
 * @out:	what this side writes
 */
struct fd_pair {
	int in[SIDE_COUNT];
	int out[SIDE_COUNT];
};

#define FD_PAIR_NONE	((struct fd_pair){ { -1, -1 }, { -1, -1 } })

/*
 * Are descriptors to be O_NONBLOCK? For io_uring, too: a pipe that is not has a thread of the
 * kernel's sleep in read() before Linux 6.4, at ten times the cost; one that is, is polled.
 */
static inline int fd_pair_nonblock(const struct mech_cfg *cfg)
{
	return cfg->wait == WAIT_BLOCK ? 0 : O_NONBLOCK;
}

static inline void fd_pair_close(struct fd_pair *p)
{
	for (int side = 0; side < SIDE_COUNT; side++) {
		if (p->in[side] >= 0)
			close(p->in[side]);
		if (p->out[side] >= 0 && p->out[side] != p->in[side])
			close(p->out[side]);
	}
	*p = FD_PAIR_NONE;
}

/*
 * What to do after a failed part of a message. Byte streams may move one in parts, and half
 * a message cannot be taken back: a side may give up only before the first byte.
 */
static inline int fd_pair_resume(const struct mech *m, int fd, short events, size_t done)
{
	struct pollfd p = { .fd = fd, .events = events };

	if (errno == EINTR)
		return 0;
	if (errno != EAGAIN || (!done && m->nowait))
		return -errno;
	if (m->cfg.wait == WAIT_SPIN)
		mech_relax();
	else if (poll(&p, 1, -1) < 0 && errno != EINTR)
		return -errno;
	return 0;
}

static inline int fd_pair_write(const struct mech *m, int fd, const void *buf)
{
	for (size_t done = 0; done < m->cfg.size; ) {
		ssize_t n = write(fd, (const char *)buf + done, m->cfg.size - done);
		int ret = n < 0 ? fd_pair_resume(m, fd, POLLOUT, done) : 0;

		if (ret)
			return ret;
		done += n < 0 ? 0 : (size_t)n;
	}
	return 0;
}

static inline int fd_pair_read(const struct mech *m, int fd, void *buf)
{
	for (size_t done = 0; done < m->cfg.size; ) {
		ssize_t n = read(fd, (char *)buf + done, m->cfg.size - done);
		int ret = n < 0 ? fd_pair_resume(m, fd, POLLIN, done) : 0;

		if (!n)
			return -EPIPE;
		if (ret)
			return ret;
		done += n < 0 ? 0 : (size_t)n;
		/* What is to come belongs to the next message. */
		if (n > 0 && done < m->cfg.size && m->ops->traits & MECH_T_BOUNDARIES)
			return -EBADMSG;
	}
	return 0;
}

/* Hooks of a mechanism whose state is a struct fd_pair. */

static inline int fd_pair_send(struct mech *m, const void *buf)
{
	const struct fd_pair *p = m->priv;

	return fd_pair_write(m, p->out[m->side], buf);
}

static inline int fd_pair_recv(struct mech *m, void *buf)
{
	const struct fd_pair *p = m->priv;

	return fd_pair_read(m, p->in[m->side], buf);
}

static inline int fd_pair_fd(const struct mech *m, enum mech_dir dir)
{
	const struct fd_pair *p = m->priv;

	return dir == MECH_IN ? p->in[m->side] : p->out[m->side];
}

/* The other side's ends are its own: or nobody would see it go. */
static inline int fd_pair_attach(struct mech *m)
{
	struct fd_pair *p = m->priv;
	const int peer = !m->side;

	if (p->in[m->side] < 0 || p->out[m->side] < 0)
		return -EBADF;
	if (p->in[peer] >= 0)
		close(p->in[peer]);
	if (p->out[peer] >= 0 && p->out[peer] != p->in[peer])
		close(p->out[peer]);
	p->in[peer] = -1;
	p->out[peer] = -1;
	return 0;
}

static inline int fd_pair_leave(struct mech *m)
{
	fd_pair_close(m->priv);
	return 0;
}

static inline void fd_pair_free(struct mech *m)
{
	if (m->priv)
		fd_pair_close(m->priv);
	free(m->priv);
}

#endif /* IPCSCOPE_MECH_FD_PAIR_H */
