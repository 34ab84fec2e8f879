// SPDX-License-Identifier: GPL-2.0
/* The probes of Unix and netlink sockets against runs whose outcome is known. */
#include "socks.h"
#include <linux/netlink.h>

static int make_unix(const struct sock_kind *kind, int fd[2])
{
	return socketpair(AF_UNIX, kind->type, 0, fd) ? -errno : 0;
}

static int make_netlink(const struct sock_kind *kind, int fd[2])
{
	struct sockaddr_nl at[2] = { { .nl_family = AF_NETLINK }, { .nl_family = AF_NETLINK } };
	socklen_t len = sizeof(at[0]);

	for (int i = 0; i < 2; i++) {
		fd[i] = socket(AF_NETLINK, kind->type, NETLINK_USERSOCK);
		if (fd[i] < 0 || bind(fd[i], (struct sockaddr *)&at[i], len) ||
		    getsockname(fd[i], (struct sockaddr *)&at[i], &len))
			return -errno;
	}
	for (int i = 0; i < 2; i++)
		if (connect(fd[i], (struct sockaddr *)&at[!i], len))
			return -errno;
	return 0;
}

static const struct sock_kind stream = { "unix-stream", SOCK_STREAM, make_unix, true };
static const struct sock_kind dgram = { "unix-dgram", SOCK_DGRAM, make_unix, false };
static const struct sock_kind seqpacket = { "unix-seqpacket", SOCK_SEQPACKET, make_unix, false };
static const struct sock_kind netlink = { "netlink", SOCK_RAW, make_netlink, false };

SOCKS(stream, in_step_same_cpu, IN_STEP, true);
SOCKS(stream, in_step_two_cpus, IN_STEP, false);
SOCKS(stream, backlog, BACKLOG, false);
SOCKS(stream, stream_same_cpu, STREAM, true);
SOCKS(stream, stream_two_cpus, STREAM, false);
SOCKS_ONE(stream);

SOCKS(dgram, in_step_same_cpu, IN_STEP, true);
SOCKS(dgram, in_step_two_cpus, IN_STEP, false);
SOCKS(dgram, backlog, BACKLOG, false);
SOCKS(dgram, stream_same_cpu, STREAM, true);
SOCKS(dgram, stream_two_cpus, STREAM, false);
SOCKS_ONE(dgram);

SOCKS(seqpacket, in_step_same_cpu, IN_STEP, true);
SOCKS(seqpacket, in_step_two_cpus, IN_STEP, false);
SOCKS(seqpacket, backlog, BACKLOG, false);
SOCKS(seqpacket, stream_same_cpu, STREAM, true);
SOCKS(seqpacket, stream_two_cpus, STREAM, false);
SOCKS_ONE(seqpacket);

SOCKS(netlink, in_step_same_cpu, IN_STEP, true);
SOCKS(netlink, in_step_two_cpus, IN_STEP, false);
SOCKS(netlink, backlog, BACKLOG, false);
SOCKS(netlink, stream_same_cpu, STREAM, true);
SOCKS(netlink, stream_two_cpus, STREAM, false);
SOCKS_ONE(netlink);

SOCKS_BYTES(stream);

TEST_HARNESS_MAIN
