// SPDX-License-Identifier: GPL-2.0
/* What Unix sockets of all types and namings share. */
#define _GNU_SOURCE
#include "unix.h"

static int unix_open_pair(struct unix_mech *u, size_t size)
{
	struct fd_pair *p = &u->pair.fd;
	int fd[2], ret = 0;

	if (socketpair(AF_UNIX, u->type | SOCK_CLOEXEC, 0, fd))
		return -errno;
	for (int side = 0; side < SIDE_COUNT; side++) {
		p->in[side] = fd[side];
		p->out[side] = fd[side];
		if (!ret && u->type != SOCK_STREAM)
			ret = sock_pair_fit(fd[side], size, NULL);
	}
	return ret;
}

int unix_open(struct mech *m, int type, enum unix_naming naming)
{
	struct unix_mech *u = calloc(1, sizeof(*u));

	m->priv = u;
	if (!u)
		return -ENOMEM;
	u->pair.fd = FD_PAIR_NONE;
	u->type = type;
	u->naming = naming;
	u->bound[SIDE_SENDER] = -1;
	u->bound[SIDE_RECEIVER] = -1;
	return naming == UNIX_PAIR ? unix_open_pair(u, m->cfg.size) : unix_named_open(m);
}

static void unix_unbind(struct unix_mech *u)
{
	for (int side = 0; side < SIDE_COUNT; side++) {
		if (u->bound[side] >= 0)
			close(u->bound[side]);
		u->bound[side] = -1;
	}
}

int unix_attach(struct mech *m)
{
	struct unix_mech *u = m->priv;
	int fd;

	if (u->naming != UNIX_PAIR) {
		fd = unix_named_enter(m);
		unix_unbind(u);
		if (fd < 0)
			return fd;
		u->pair.fd.in[m->side] = fd;
		u->pair.fd.out[m->side] = fd;
	}
	return sock_pair_attach(m);
}

int unix_leave(struct mech *m)
{
	unix_unbind(m->priv);
	return fd_pair_leave(m);
}

void unix_close(struct mech *m)
{
	struct unix_mech *u = m->priv;

	for (int side = 0; u && side < SIDE_COUNT; side++)
		names_drop(&u->name[side]);
	if (u)
		unix_unbind(u);
	fd_pair_free(m);
}
