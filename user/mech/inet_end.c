// SPDX-License-Identifier: GPL-2.0
/* How the sockets of TCP, UDP and vsock come to be. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <string.h>
#include "inet_end.h"
#include "veth.h"

static socklen_t inet_end_length(const struct inet *inet)
{
	switch (inet->domain) {
	case AF_INET6:	return sizeof(struct sockaddr_in6);
	case AF_VSOCK:	return sizeof(struct sockaddr_vm);
	default:	return sizeof(struct sockaddr_in);
	}
}

/* @text: an address, NULL: loopback's. The port is the kernel's to choose. */
static void inet_end_name(const struct inet *inet, struct inet_end *end, const char *text)
{
	memset(&end->name, 0, sizeof(end->name));
	end->name.sa.sa_family = (sa_family_t)inet->domain;
	if (inet->domain == AF_VSOCK) {
		end->name.vm.svm_cid = VMADDR_CID_LOCAL;
		end->name.vm.svm_port = VMADDR_PORT_ANY;
	} else if (inet->domain == AF_INET6) {
		inet_pton(AF_INET6, text ? text : "::1", &end->name.in6.sin6_addr);
	} else {
		inet_pton(AF_INET, text ? text : "127.0.0.1", &end->name.in.sin_addr);
	}
}

static int inet_end_one(const struct inet *inet, const struct mech_cfg *cfg,
			struct inet_end *end, enum mech_side side, const char *text)
{
	socklen_t len = inet_end_length(inet);

	inet_end_name(inet, end, text);
	end->fd = socket(inet->domain, inet->type | SOCK_CLOEXEC, 0);
	if (end->fd < 0 || bind(end->fd, &end->name.sa, len) ||
	    getsockname(end->fd, &end->name.sa, &len))
		return -errno;
	return inet->option ? inet->option(end->fd, side, cfg) : 0;
}

/* A socket is of the namespace that it was made in, wherever it is used. */
static int inet_end_apart(const struct inet *inet, const struct mech_cfg *cfg,
			  struct inet_end end[], struct veth *v)
{
	int ret = 0, back;

	for (int side = 0; !ret && side < SIDE_COUNT; side++) {
		ret = veth_enter(v, side);
		if (!ret)
			ret = inet_end_one(inet, cfg, &end[side], side,
					   veth_text(inet->domain, side));
	}
	back = veth_home(v);
	return ret ? ret : back;
}

int inet_end_bind(const struct inet *inet, const struct mech_cfg *cfg, struct inet_end end[],
		  struct mech_why *why)
{
	struct veth v;
	int ret = 0;

	if (!inet->apart && !cfg->apart) {
		for (int side = 0; !ret && side < SIDE_COUNT; side++)
			ret = inet_end_one(inet, cfg, &end[side], side, NULL);
		return ret;
	}
	ret = veth_open(&v, inet->domain, why);
	if (!ret)
		ret = inet_end_apart(inet, cfg, end, &v);
	veth_close(&v);
	return ret;
}

/* The listener becomes the connection that it accepts: ours, and nobody else's. */
static int inet_end_accept(const struct inet *inet, const struct mech_cfg *cfg,
			   struct inet_end *listener, const struct inet_end *peer)
{
	struct inet_end from;
	socklen_t len;
	int fd;

	do {
		len = inet_end_length(inet);
		fd = accept4(listener->fd, &from.name.sa, &len, SOCK_CLOEXEC);
		if (fd < 0)
			return -errno;
	} while (memcmp(&from.name, &peer->name, len) && !close(fd));
	close(listener->fd);
	listener->fd = fd;
	return inet->option ? inet->option(fd, SIDE_RECEIVER, cfg) : 0;
}

int inet_end_connect(const struct inet *inet, const struct mech_cfg *cfg, struct inet_end end[])
{
	struct inet_end *s = &end[SIDE_SENDER], *r = &end[SIDE_RECEIVER];

	if (inet->type != SOCK_DGRAM && listen(r->fd, 1))
		return -errno;
	if (connect(s->fd, &r->name.sa, inet_end_length(inet)))
		return -errno;
	if (inet->type != SOCK_DGRAM)
		return inet_end_accept(inet, cfg, r, s);
	return connect(r->fd, &s->name.sa, inet_end_length(inet)) ? -errno : 0;
}
