// SPDX-License-Identifier: GPL-2.0
/* How the sockets of TCP and UDP come to be. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <string.h>
#include "inet_end.h"
#include "veth.h"

static socklen_t inet_end_length(const struct inet *inet)
{
	return inet->domain == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

static int inet_end_one(const struct inet *inet, struct inet_end *end, const char *text)
{
	socklen_t len = inet_end_length(inet);

	memset(&end->name, 0, sizeof(end->name));
	end->name.sa.sa_family = (sa_family_t)inet->domain;
	inet_pton(inet->domain, text, inet->domain == AF_INET6 ? (void *)&end->name.in6.sin6_addr :
								 (void *)&end->name.in.sin_addr);
	end->fd = socket(inet->domain, inet->type | SOCK_CLOEXEC, 0);
	if (end->fd < 0 || bind(end->fd, &end->name.sa, len) ||
	    getsockname(end->fd, &end->name.sa, &len))
		return -errno;
	return inet->option ? inet->option(end->fd) : 0;
}

static int inet_end_here(const struct inet *inet, struct inet_end *end)
{
	return inet_end_one(inet, end, inet->domain == AF_INET6 ? "::1" : "127.0.0.1");
}

/* A socket is of the namespace that it was made in, wherever it is used. */
static int inet_end_apart(const struct inet *inet, struct inet_end end[], struct veth *v)
{
	int ret = 0, back;

	for (int side = 0; !ret && side < SIDE_COUNT; side++) {
		ret = veth_enter(v, side);
		if (!ret)
			ret = inet_end_one(inet, &end[side], veth_text(inet->domain, side));
	}
	back = veth_home(v);
	return ret ? ret : back;
}

int inet_end_bind(const struct inet *inet, bool apart, struct inet_end end[], struct mech_why *why)
{
	struct veth v;
	int ret;

	if (!apart) {
		ret = inet_end_here(inet, &end[SIDE_SENDER]);
		return ret ? ret : inet_end_here(inet, &end[SIDE_RECEIVER]);
	}
	ret = veth_open(&v, inet->domain, why);
	if (!ret)
		ret = inet_end_apart(inet, end, &v);
	veth_close(&v);
	return ret;
}

/* The listener becomes the connection that it accepts: ours, and nobody else's. */
static int inet_end_accept(const struct inet *inet, struct inet_end *listener,
			   const struct inet_end *peer)
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
	return inet->option ? inet->option(fd) : 0;
}

int inet_end_connect(const struct inet *inet, struct inet_end end[])
{
	struct inet_end *s = &end[SIDE_SENDER], *r = &end[SIDE_RECEIVER];

	if (inet->type == SOCK_STREAM && listen(r->fd, 1))
		return -errno;
	if (connect(s->fd, &r->name.sa, inet_end_length(inet)))
		return -errno;
	if (inet->type == SOCK_STREAM)
		return inet_end_accept(inet, r, s);
	return connect(r->fd, &s->name.sa, inet_end_length(inet)) ? -errno : 0;
}
