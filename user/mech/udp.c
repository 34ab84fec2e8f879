// SPDX-License-Identifier: GPL-2.0
/* udp4, udp6: two sockets connected to each other over loopback; -veth: two computers. */
#define _GNU_SOURCE
#include "inet.h"

/* net.core.rmem_max as it comes: holds a largest datagram in fragments. The kernel doubles it. */
#define UDP_RCVBUF	212992
/* What 16 bits of length leave: of the packet in IPv4, of what follows the header in IPv6. */
#define UDP_MAX4	(65535 - 20 - 8)
#define UDP_MAX6	(65535 - 8)

#define UDP_CHOICES	"both sockets connected; SO_RCVBUF 212992; a datagram that finds it full is lost, so one at a time; sleeps in read"
#define UDP_APART	"; two network namespaces, veth of 1500 bytes, fragments beyond"

static int udp_option(int fd, enum mech_side side, const struct mech_cfg *cfg)
{
	(void)side;
	(void)cfg;
	return setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){ UDP_RCVBUF }, sizeof(int)) ?
		-errno : 0;
}

static int udp_probe(int fd, struct mech_why *why)
{
	socklen_t len = sizeof(int);
	int bytes;

	if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, &len))
		return -errno;
	if (bytes >= 2 * UDP_RCVBUF)
		return 0;
	mech_because(why, "SO_RCVBUF is %d, not %d; sysctl -w net.core.rmem_max=%d", bytes / 2,
		     UDP_RCVBUF, UDP_RCVBUF);
	return -ENOBUFS;
}

#define UDP(id, title, about, family, two, max)						\
static const struct inet id##_inet = {							\
	.domain = family, .type = SOCK_DGRAM, .apart = two,				\
	.option = udp_option, .probe = udp_probe,					\
};											\
											\
INET_HOOKS(id)										\
											\
const struct mech_ops mech_##id = {							\
	.name = title,									\
	.summary = about,								\
	.choices = two ? UDP_CHOICES UDP_APART : UDP_CHOICES,				\
	.rev = 1,									\
	.traits = MECH_T_BOUNDARIES | MECH_T_PERSISTENT | MECH_T_DUPLEX |		\
		  MECH_T_CROSS_HOST | MECH_T_FANIN | MECH_T_ATOMIC,			\
	.unsaid = MECH_T_ORDER,								\
	.waits = MECH_W_FD,								\
	.max_msg = max,									\
	.probe = id##_probe,								\
	.open = id##_open,								\
	.attach = fd_pair_attach,							\
	.leave = fd_pair_leave,								\
	.send = fd_pair_send,								\
	.recv = fd_pair_recv,								\
	.fd = fd_pair_fd,								\
	.uring = &fd_uring,								\
	.close = fd_pair_free,								\
}

UDP(udp4, "udp4", "UDP over 127.0.0.1: write and read", AF_INET, false, UDP_MAX4);
UDP(udp6, "udp6", "UDP over ::1: write and read", AF_INET6, false, UDP_MAX6);
UDP(udp4_veth, "udp4-veth", "UDP over IPv4, two network namespaces", AF_INET, true, UDP_MAX4);
UDP(udp6_veth, "udp6-veth", "UDP over IPv6, two network namespaces", AF_INET6, true, UDP_MAX6);
