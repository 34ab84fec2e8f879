// SPDX-License-Identifier: GPL-2.0
/* TCP and UDP: both sockets are made and connected in open(); then they are descriptors. */
#define _GNU_SOURCE
#include <string.h>
#include "inet_end.h"

static void inet_because(const struct inet *inet, int err, struct mech_why *why)
{
	const bool six = inet->domain == AF_INET6;

	if (err == -EAFNOSUPPORT)
		mech_because(why, "no %s in this kernel; it takes CONFIG_%s%s", six ? "IPv6" : "IPv4",
			     six ? "IPV6" : "INET", six ? ", and no ipv6.disable=1" : "");
	else if (err == -EADDRNOTAVAIL)
		mech_because(why, "loopback has no address; ip link set lo up%s",
			     six ? ", sysctl -w net.ipv6.conf.lo.disable_ipv6=0" : "");
	else
		mech_because(why, "socket and bind: %s", strerror(-err));
}

static bool inet_apart(const struct inet *inet, const struct mech_cfg *cfg)
{
	return inet->apart || cfg->apart;
}

int inet_probe(const struct inet *inet, const struct mech_cfg *cfg, struct mech_why *why)
{
	struct inet_end end[SIDE_COUNT] = INET_END_NONE;
	int ret, fd = socket(inet->domain, inet->type | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		ret = -errno;
	} else {
		close(fd);
		ret = inet_end_bind(inet, inet_apart(inet, cfg), end, why);
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
	ret = inet_end_bind(inet, inet_apart(inet, &m->cfg), end, &why);
	if (!ret)
		ret = inet_end_connect(inet, end);
	for (int side = 0; side < SIDE_COUNT; side++) {
		p->in[side] = end[side].fd;
		p->out[side] = end[side].fd;
		if (!ret && mech_tries(&m->cfg) && fcntl(end[side].fd, F_SETFL, O_NONBLOCK))
			ret = -errno;
	}
	return ret;
}
