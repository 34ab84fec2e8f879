// SPDX-License-Identifier: GPL-2.0
/*
 * Named Unix sockets. A stream's or a seqpacket's receiver is the server, whose address is
 * listened on before anybody looks for it, and each side makes its end of the connection
 * itself. A datagram has no connection to wait for: both ends are bound, and each side
 * connects its own to the address of the other; several senders have one each, of no name.
 */
#define _GNU_SOURCE
#include <string.h>
#include "unix.h"

/* Return: a socket with room for a message, or -errno. */
static int unix_named_socket(const struct unix_mech *u, size_t size)
{
	int fd = socket(AF_UNIX, u->type | SOCK_CLOEXEC, 0);
	int ret = fd < 0 ? -errno : u->type == SOCK_STREAM ? 0 : sock_pair_fit(fd, size, NULL);

	if (!ret)
		return fd;
	if (fd >= 0)
		close(fd);
	return ret;
}

static int unix_named_bind(struct unix_mech *u, enum mech_side side, size_t size)
{
	struct sockaddr_un *a = &u->address[side];
	int fd = unix_named_socket(u, size), ret;

	if (fd < 0)
		return fd;
	u->bound[side] = fd;
	a->sun_family = AF_UNIX;
	/* Nothing behind the family: the kernel chooses. */
	u->len[side] = sizeof(a->sun_family);
	if (u->naming == UNIX_PATH) {
		ret = names_make(NAMES_PATH, &u->name[side]);
		if (ret)
			return ret;
		strncpy(a->sun_path, u->name[side].text, sizeof(a->sun_path) - 1);
		u->len[side] = sizeof(*a);
	}
	if (bind(fd, (struct sockaddr *)a, u->len[side]))
		return -errno;
	u->len[side] = sizeof(*a);
	return getsockname(fd, (struct sockaddr *)a, &u->len[side]) ? -errno : 0;
}

int unix_named_open(struct mech *m)
{
	struct unix_mech *u = m->priv;
	int ret;

	/* A connection has one. */
	if (u->type != SOCK_DGRAM && m->cfg.senders > 1)
		return -EOPNOTSUPP;
	ret = unix_named_bind(u, SIDE_RECEIVER, m->cfg.size);
	if (!ret && u->type != SOCK_DGRAM)
		return listen(u->bound[SIDE_RECEIVER], 1) ? -errno : 0;
	return ret || m->cfg.senders > 1 ? ret : unix_named_bind(u, SIDE_SENDER, m->cfg.size);
}

static int unix_named_connect(const struct unix_mech *u, int fd, enum mech_side to)
{
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&u->address[to], u->len[to])) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

int unix_named_enter(const struct mech *m)
{
	struct unix_mech *u = m->priv;
	const int own = u->bound[m->side];
	int fd, ret;

	if (u->bound[SIDE_RECEIVER] < 0)
		return -EBADF;
	if (own < 0)
		return unix_named_connect(u, unix_named_socket(u, m->cfg.size), SIDE_RECEIVER);
	if (u->type != SOCK_DGRAM) {
		fd = accept4(own, NULL, NULL, SOCK_CLOEXEC);
		ret = fd < 0 ? -errno : u->type == SOCK_STREAM ? 0 :
		      sock_pair_fit(fd, m->cfg.size, NULL);
		return ret ? ret : fd;
	}
	u->bound[m->side] = -1;
	return m->cfg.senders > 1 ? own : unix_named_connect(u, own, !m->side);
}
