// SPDX-License-Identifier: GPL-2.0
/* An endpoint goes to another process: fork() and SCM_RIGHTS. */
#include "chan.h"

#include <sys/socket.h>

FIXTURE(fork) {
	struct chan c;
	int sock[2];
	char buf[64];
};

FIXTURE_SETUP(fork)
{
	OPEN_CHAN(&self->c, 4, 64);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, self->sock));
}

FIXTURE_TEARDOWN(fork)
{
	close(self->sock[0]);
	close(self->sock[1]);
	chan_close(&self->c);
}

union rights {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

static int send_fd(int sock, int fd)
{
	union rights u = { .head = { .cmsg_len = CMSG_LEN(sizeof(int)),
				     .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
	struct iovec io = { "f", 1 };
	struct msghdr msg = { .msg_iov = &io, .msg_iovlen = 1,
			      .msg_control = &u, .msg_controllen = sizeof(u) };

	memcpy(CMSG_DATA(&u.head), &fd, sizeof(fd));
	return errno_or(sendmsg(sock, &msg, 0));
}

static int receive_fd(int sock)
{
	union rights u;
	char byte;
	struct iovec io = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &io, .msg_iovlen = 1,
			      .msg_control = &u, .msg_controllen = sizeof(u) };
	int fd;

	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) != 1 || !CMSG_FIRSTHDR(&msg))
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

TEST_F(fork, child_sends_parent_receives)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(chan_write(self->c.prod, "child", 5) == 5 ? 0 : 1);
	EXPECT_EQ(5, chan_read(self->c.cons, self->buf, sizeof(self->buf)));
	EXPECT_EQ(0, memcmp(self->buf, "child", 5));
	EXPECT_EQ(0, reap(pid));
}

/* The child's copy is the same endpoint: the role ends with the last of them. */
TEST_F(fork, endpoint_ends_with_its_last_holder)
{
	pid_t pid = fork();

	if (pid == 0) {
		close(self->sock[0]);
		_exit(read(self->sock[1], self->buf, 1) == 0 ? 0 : 1);
	}
	close(self->c.prod);
	EXPECT_EQ(0, chan_poll(self->c.cons, POLLIN));
	close(self->sock[0]);
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(POLLHUP, chan_poll(self->c.cons, POLLIN));
}

TEST_F(fork, ends_do_not_survive_exec)
{
	pid_t pid = fork();

	if (pid == 0) {
		dup2(self->sock[1], STDIN_FILENO);
		dup2(self->sock[1], STDOUT_FILENO);
		execl("/bin/cat", "cat", NULL);
		_exit(127);
	}
	close(self->sock[1]);
	/* The echo proves that the new program runs. */
	ASSERT_EQ(1, write(self->sock[0], "x", 1));
	ASSERT_EQ(1, read(self->sock[0], self->buf, 1));
	close(self->c.prod);
	EXPECT_EQ(POLLHUP, chan_poll(self->c.cons, POLLIN));
	close(self->sock[0]);
	EXPECT_EQ(0, reap(pid));
}

/* A passed producer is a producer and nothing more, also without rights of its own. */
TEST_F(fork, passed_fd_carries_its_role_alone)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct ring r;
		int fd;

		chan_close(&self->c);
		fd = receive_fd(self->sock[1]);
		if (fd < 0 || setuid(65534))
			_exit(1);
		if (chan_read(fd, self->buf, sizeof(self->buf)) != -EINVAL)
			_exit(2);
		if (chan_endpoint(fd, IPCRING_ROLE_CONSUMER, 0) != -ENOTTY)
			_exit(3);
		if (map_region(fd, PROT_READ | PROT_WRITE, IPCRING_OFF_CONS, 4096) != MAP_FAILED)
			_exit(4);
		if (map_ring(fd, &r) || map_send(fd, &r, "passed", 6))
			_exit(5);
		_exit(0);
	}
	ASSERT_EQ(1, send_fd(self->sock[0], self->c.prod));
	EXPECT_EQ(0, reap(pid));
	ASSERT_EQ(6, chan_read(self->c.cons, self->buf, sizeof(self->buf)));
	EXPECT_EQ(0, memcmp(self->buf, "passed", 6));
}

/* In flight, an endpoint is open; lost in flight, it is closed. */
TEST_F(fork, endpoint_in_flight)
{
	ASSERT_EQ(1, send_fd(self->sock[0], self->c.prod));
	close(self->c.prod);
	EXPECT_EQ(-EBUSY, chan_endpoint(self->c.control, IPCRING_ROLE_PRODUCER, 0));
	EXPECT_EQ(0, chan_poll(self->c.cons, POLLIN));
	close(self->sock[1]);
	EXPECT_EQ(POLLHUP, chan_poll(self->c.cons, POLLIN));
}

/* /proc must not turn an endpoint into one with other rights. */
TEST_F(fork, endpoint_cannot_be_reopened)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->c.cons);
	EXPECT_EQ(-ENXIO, errno_or(open(path, O_RDWR)));
}

TEST_HARNESS_MAIN
