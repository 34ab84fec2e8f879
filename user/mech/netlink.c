// SPDX-License-Identifier: GPL-2.0
/*
 * netlink: two sockets of NETLINK_USERSOCK, which connects processes and no part of the
 * kernel, each connected to the other's port.
 */
#define _GNU_SOURCE
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include "fd_uring.h"
#include "sock_pair.h"

/* Bound to a port that the kernel chooses. Return: the socket, or -errno. */
static int netlink_socket(struct sockaddr_nl *address)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_USERSOCK);
	socklen_t len = sizeof(*address);
	int err;

	*address = (struct sockaddr_nl){ .nl_family = AF_NETLINK };
	if (fd >= 0 && !bind(fd, (struct sockaddr *)address, sizeof(*address)) &&
	    !getsockname(fd, (struct sockaddr *)address, &len))
		return fd;
	err = -errno;
	if (fd >= 0)
		close(fd);
	return err;
}

static int netlink_probe(const struct mech_cfg *cfg, struct mech_why *why)
{
	struct sockaddr_nl address;
	int fd = netlink_socket(&address), ret;

	if (fd < 0) {
		mech_because(why, "this kernel gives no socket of NETLINK_USERSOCK: %s",
			     strerror(-fd));
		return fd;
	}
	ret = sock_pair_fit(fd, cfg->size, why);
	close(fd);
	return ret;
}

static int netlink_open(struct mech *m)
{
	struct sock_pair *p = calloc(1, sizeof(*p));
	struct sockaddr_nl address[SIDE_COUNT];

	m->priv = p;
	if (!p)
		return -ENOMEM;
	p->fd = FD_PAIR_NONE;
	for (int side = 0; side < SIDE_COUNT; side++) {
		int fd = netlink_socket(&address[side]);
		int ret = fd < 0 ? fd : sock_pair_fit(fd, m->cfg.size, NULL);

		p->fd.in[side] = fd;
		p->fd.out[side] = fd;
		if (ret)
			return ret;
	}
	for (int side = 0; side < SIDE_COUNT; side++)
		if (connect(p->fd.out[side], (struct sockaddr *)&address[!side],
			    sizeof(*address)))
			return -errno;
	return 0;
}

const struct mech_ops mech_netlink = {
	.name = "netlink",
	.summary = "two NETLINK_USERSOCK sockets, connected by their ports: send and recv",
	.choices = "both ways on one socket, unicast: a sender waits while the receiver has over SO_RCVBUF (net.core.rmem_default), which poll() does not see; SO_SNDBUF is the default, or two messages (SO_SNDBUFFORCE where allowed); SO_PASSCRED for cred() only",
	.rev = 1,
	.traits = MECH_T_BOUNDARIES | MECH_T_ORDER | MECH_T_DUPLEX | MECH_T_BACKPRESSURE |
		  MECH_T_PERSISTENT | MECH_T_FANIN | MECH_T_ATOMIC | MECH_T_CREDENTIALS,
	.waits = MECH_W_TRY | MECH_W_URING,
	.probe = netlink_probe,
	.open = netlink_open,
	.attach = sock_pair_attach,
	.leave = fd_pair_leave,
	.send = sock_pair_send_packet,
	.recv = sock_pair_recv_packet,
	.fd = fd_pair_fd,
	.uring = &fd_uring,
	.cred = sock_pair_cred,
	.close = fd_pair_free,
};
