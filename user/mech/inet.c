// SPDX-License-Identifier: GPL-2.0
/* TCP, UDP and vsock: both sockets are made and connected in open(); then they are descriptors. */
#define _GNU_SOURCE
#include <string.h>
#include "inet_end.h"

/* What a kernel lacks, or has not been given. */
static const struct inet_lack {
	int domain;
	const char *kind;
	const char *address;
} inet_lacks[] = {
	{ AF_INET, "no IPv4 in this kernel; it takes CONFIG_INET",
	  "127.0.0.1 is no address of this machine; ip link set lo up" },
	{ AF_INET6, "no IPv6 in this kernel; it takes CONFIG_IPV6, and no ipv6.disable=1",
	  "::1 is none of this machine's; is lo up, and net.ipv6.conf.lo.disable_ipv6 0?" },
	{ AF_VSOCK, "no sockets for virtual machines in this kernel; modprobe vsock_loopback",
	  "vsock has no loopback; modprobe vsock_loopback (CONFIG_VSOCKETS_LOOPBACK)" },
};

static void inet_because(const struct inet *inet, int err, struct mech_why *why)
{
	const struct inet_lack *lack = inet_lacks;

	while (lack->domain != inet->domain)
		lack++;
	mech_because(why, "%s", err == -EAFNOSUPPORT ? lack->kind :
		     err == -EADDRNOTAVAIL ? lack->address : strerror(-err));
}

int inet_probe(const struct inet *inet, const struct mech_cfg *cfg, struct mech_why *why)
{
	struct inet_end end[SIDE_COUNT] = INET_END_NONE;
	int ret, fd = socket(inet->domain, inet->type | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		ret = -errno;
	} else {
		close(fd);
		ret = inet_end_bind(inet, cfg, end, why);
	}
	if (ret && !*why->text)
		inet_because(inet, ret, why);
	if (!ret && inet->probe)
		ret = inet->probe(end[SIDE_RECEIVER].fd, why);
	for (int side = 0; side < SIDE_COUNT; side++)
		if (end[side].fd >= 0)
			close(end[side].fd);
	return ret;
}

int inet_open(const struct inet *inet, struct mech *m)
{
	struct inet_end end[SIDE_COUNT] = INET_END_NONE;
	struct fd_pair *p = malloc(sizeof(*p));
	struct mech_why why;
	int ret;

	m->priv = p;
	if (!p)
		return -ENOMEM;
	ret = inet_end_bind(inet, &m->cfg, end, &why);
	if (!ret)
		ret = inet_end_connect(inet, &m->cfg, end);
	for (int side = 0; side < SIDE_COUNT; side++) {
		p->in[side] = end[side].fd;
		p->out[side] = end[side].fd;
		if (!ret && mech_tries(&m->cfg) && fcntl(end[side].fd, F_SETFL, O_NONBLOCK))
			ret = -errno;
	}
	return ret;
}
