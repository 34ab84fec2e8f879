// SPDX-License-Identifier: GPL-2.0
/* tcp4, tcp6: one connection, both ways, over loopback; -veth: between two computers. */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include "inet.h"

#define TCP_CHOICES	"TCP_NODELAY; buffers as the kernel tunes them (net.ipv4.tcp_rmem, tcp_wmem); cubic or what net.ipv4.tcp_congestion_control says; sleeps in read, write"
#define TCP_APART	"; two network namespaces, veth of 1500 bytes with its offloads (no checksums, segments up to 64 KiB)"

/* Who answers at once has no use for a segment that waits to become larger. */
static int tcp_option(int fd, enum mech_side side, const struct mech_cfg *cfg)
{
	(void)side;
	(void)cfg;
	return setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int)) ? -errno : 0;
}

#define TCP(id, title, about, family, two)						\
static const struct inet id##_inet = {							\
	.domain = family, .type = SOCK_STREAM, .apart = two, .option = tcp_option,	\
};											\
											\
INET_HOOKS(id)										\
											\
const struct mech_ops mech_##id = {							\
	.name = title,									\
	.summary = about,								\
	.choices = two ? TCP_CHOICES TCP_APART : TCP_CHOICES,				\
	.rev = 1,									\
	.traits = MECH_T_BACKPRESSURE | MECH_T_PERSISTENT | MECH_T_ORDER |		\
		  MECH_T_DUPLEX | MECH_T_CROSS_HOST | MECH_T_HANGUP,			\
	.waits = MECH_W_FD,								\
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

TCP(tcp4, "tcp4", "TCP over 127.0.0.1: write and read", AF_INET, false);
TCP(tcp6, "tcp6", "TCP over ::1: write and read", AF_INET6, false);
TCP(tcp4_veth, "tcp4-veth", "TCP over IPv4 between two network namespaces", AF_INET, true);
TCP(tcp6_veth, "tcp6-veth", "TCP over IPv6 between two network namespaces", AF_INET6, true);
