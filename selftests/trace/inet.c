// SPDX-License-Identifier: GPL-2.0
/* The probes of TCP, UDP and vsock against runs whose outcome is known. */
#include "socks.h"
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <linux/vm_sockets.h>

union inet_name {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_vm vm;
};

#define INET_FAMILY(mech)							\
	(!strncmp(mech, "vsock", 5) ? AF_VSOCK : (mech)[3] == '6' ? AF_INET6 : AF_INET)

/* Address of loopback, port to be chosen. */
static socklen_t inet_loopback(int family, union inet_name *name)
{
	memset(name, 0, sizeof(*name));
	name->sa.sa_family = family;
	if (family == AF_VSOCK) {
		name->vm.svm_cid = VMADDR_CID_LOCAL;
		name->vm.svm_port = VMADDR_PORT_ANY;
		return sizeof(name->vm);
	}
	if (family == AF_INET6) {
		name->in6.sin6_addr = in6addr_loopback;
		return sizeof(name->in6);
	}
	name->in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return sizeof(name->in);
}

static int inet_socket(const struct sock_kind *kind, union inet_name *name, socklen_t *len)
{
	const int family = INET_FAMILY(kind->mech);
	int fd = socket(family, kind->type, 0);

	*len = inet_loopback(family, name);
	if (fd < 0 || bind(fd, &name->sa, *len) || getsockname(fd, &name->sa, len))
		return -errno;
	return fd;
}

/* Small messages go out at once; vsock has room for what it counts beside the bytes. */
static int inet_options(const struct sock_kind *kind, int fd)
{
	const unsigned long long room = 1 << 20;

	if (!strncmp(kind->mech, "tcp", 3))
		return setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	if (!strncmp(kind->mech, "vsock", 5))
		return setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_BUFFER_MAX_SIZE, &room,
				  sizeof(room)) ||
		       setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_BUFFER_SIZE, &room, sizeof(room));
	return 0;
}

static int make_inet(const struct sock_kind *kind, int fd[2])
{
	union inet_name at[2];
	socklen_t len;

	for (int i = 0; i < 2; i++) {
		fd[i] = inet_socket(kind, &at[i], &len);
		if (fd[i] < 0)
			return fd[i];
	}
	if (inet_options(kind, fd[kind->mech[0] == 'v']))
		return -errno;
	if (kind->stream && listen(fd[1], 1))
		return -errno;
	if (connect(fd[0], &at[1].sa, len))
		return -errno;
	if (!kind->stream)
		return connect(fd[1], &at[0].sa, len) ? -errno : 0;
	fd[1] = accept(fd[1], NULL, NULL);
	return fd[1] < 0 ? -errno : 0;
}

static const struct sock_kind udp4 = { "udp4", SOCK_DGRAM, make_inet, false };
static const struct sock_kind udp6 = { "udp6", SOCK_DGRAM, make_inet, false };
static const struct sock_kind tcp4 = { "tcp4", SOCK_STREAM, make_inet, true };
static const struct sock_kind tcp6 = { "tcp6", SOCK_STREAM, make_inet, true };
static const struct sock_kind vsock = { "vsock-stream", SOCK_STREAM, make_inet, true };
static const struct sock_kind vsockseq = { "vsock-seqpacket", SOCK_SEQPACKET, make_inet, true };

SOCKS(udp4, in_step_same_cpu, IN_STEP, true);
SOCKS(udp4, in_step_two_cpus, IN_STEP, false);
SOCKS(udp4, backlog, BACKLOG, false);
SOCKS(udp4, stream_same_cpu, STREAM, true);
SOCKS(udp4, stream_two_cpus, STREAM, false);
SOCKS_ONE(udp4);

SOCKS(udp6, in_step_same_cpu, IN_STEP, true);
SOCKS(udp6, in_step_two_cpus, IN_STEP, false);
SOCKS(udp6, backlog, BACKLOG, false);
SOCKS(udp6, stream_same_cpu, STREAM, true);
SOCKS(udp6, stream_two_cpus, STREAM, false);
SOCKS_ONE(udp6);

SOCKS(tcp4, in_step_same_cpu, IN_STEP, true);
SOCKS(tcp4, in_step_two_cpus, IN_STEP, false);
SOCKS(tcp4, backlog, BACKLOG, false);
SOCKS(tcp4, stream_same_cpu, STREAM, true);
SOCKS(tcp4, stream_two_cpus, STREAM, false);
SOCKS_ONE(tcp4);

SOCKS(tcp6, in_step_same_cpu, IN_STEP, true);
SOCKS(tcp6, in_step_two_cpus, IN_STEP, false);
SOCKS(tcp6, backlog, BACKLOG, false);
SOCKS(tcp6, stream_same_cpu, STREAM, true);
SOCKS(tcp6, stream_two_cpus, STREAM, false);
SOCKS_ONE(tcp6);

SOCKS(vsock, backlog, BACKLOG, false);
SOCKS(vsock, stream_same_cpu, STREAM, true);
SOCKS(vsock, stream_two_cpus, STREAM, false);
SOCKS_ONE(vsock);

SOCKS(vsockseq, backlog, BACKLOG, false);
SOCKS(vsockseq, stream_same_cpu, STREAM, true);
SOCKS(vsockseq, stream_two_cpus, STREAM, false);
SOCKS_ONE(vsockseq);

SOCKS_BYTES(tcp4);
SOCKS_BYTES(tcp6);
SOCKS_BYTES(vsock);

/* Who sleeps on a vsock is woken for the room that a packet tells of, before it is queued. */
TEST(vsock_wakes_first)
{
	struct cell c = { .size = 64, .n = 50, .last = 50, .shape = IN_STEP };
	struct trace_result res;
	struct trace *t;
	int fd[2], status[2];

	SOCKS_MAKE(&vsock, fd);
	OPEN_TRACE(t, vsock.mech);
	c.wfd = fd[0];
	c.rfd = fd[1];
	cell_run(_metadata, &c, t, status);
	STOP_TRACE(t, &res);
	trace_close(t);
	EXPECT_EQ(0, status[0]);
	EXPECT_EQ(0, status[1]);
	EXPECT_EQ(50, res.cert.sent);
	EXPECT_EQ(0, res.slept);
	expect_clean_cert(_metadata, &res.cert);
	c.shape = STREAM;
	expect_whole(_metadata, &c, &res);
}

/* Segments of many messages, and messages of many segments: each has its own end. */
TEST_F(bytes, corked)
{
	struct cell c = BYTES_CELL(.size = 1000, .n = 200, .last = 200);
	const int one = 1;

	if (strncmp(variant->kind->mech, "tcp", 3))
		SKIP(return, "not TCP");
	ASSERT_EQ(0, setsockopt(c.wfd, IPPROTO_TCP, TCP_NODELAY, &(int){ 0 }, sizeof(int)));
	ASSERT_EQ(0, setsockopt(c.wfd, IPPROTO_TCP, TCP_CORK, &one, sizeof(one)));
	expect_all(_metadata, &c, self->t);
}

TEST_HARNESS_MAIN
