/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Common to the tests of the socket probes: what holds for every kind. A test file names its
 * kinds, and adds each with SOCKS() for a shape, SOCKS_ONE(), and SOCKS_BYTES() if it is a
 * byte stream.
 */
#ifndef SELFTESTS_SOCKS_H
#define SELFTESTS_SOCKS_H

#include "traced.h"
#include <sys/socket.h>

/**
 * struct sock_kind - a mechanism
 * @mech:	its name
 * @type:	SOCK_*
 * @make:	makes two connected sockets, the second one receives; 0 or -errno
 * @stream:	is connected, and its messages are told apart by the bytes before them
 */
struct sock_kind {
	const char *mech;
	int type;
	int (*make)(const struct sock_kind *kind, int fd[2]);
	bool stream;
};

FIXTURE(socks)
{
	struct trace *t;
	int fd[2];
};

FIXTURE_VARIANT(socks)
{
	const struct sock_kind *kind;
	enum shape shape;
	bool same_cpu;
};

#define SOCKS(name, what, how, same)					\
FIXTURE_VARIANT_ADD(socks, name##_##what)				\
{									\
	.kind = &(name),						\
	.shape = how,							\
	.same_cpu = same,						\
}

#define SOCKS_ONE(name)							\
FIXTURE_VARIANT_ADD(one, name)						\
{									\
	.kind = &(name),						\
}

#define SOCKS_BYTES(name)						\
FIXTURE_VARIANT_ADD(bytes, name)					\
{									\
	.kind = &(name),						\
}

#define SOCKS_MAKE(_kind, _fd) do {					\
	int _ret = (_kind)->make(_kind, _fd);				\
	if (_ret)							\
		SETUP_SKIP("%s: %s", (_kind)->mech, strerror(-_ret));	\
} while (0)

FIXTURE_SETUP(socks)
{
	SOCKS_MAKE(variant->kind, self->fd);
	OPEN_TRACE(self->t, variant->kind->mech);
}

FIXTURE_TEARDOWN(socks)
{
	trace_close(self->t);
}

#define SOCKS_CELL(...) {						\
	.wfd = self->fd[0], .rfd = self->fd[1], .shape = variant->shape,	\
	.same_cpu = variant->same_cpu, __VA_ARGS__ }

/* As many as every kind's buffers hold, since datagrams may be dropped. */
TEST_F(socks, size_64)
{
	struct cell c = SOCKS_CELL(.size = 64, .n = 200, .first = 20, .last = 190);

	expect_all(_metadata, &c, self->t);
}

TEST_F(socks, size_8000)
{
	struct cell c = SOCKS_CELL(.size = 8000, .n = 10, .first = 3, .last = 4);

	expect_all(_metadata, &c, self->t);
}

FIXTURE(one)
{
	struct trace *t;
	int fd[2];
};

FIXTURE_VARIANT(one)
{
	const struct sock_kind *kind;
};

FIXTURE_SETUP(one)
{
	SOCKS_MAKE(variant->kind, self->fd);
	OPEN_TRACE(self->t, variant->kind->mech);
}

FIXTURE_TEARDOWN(one)
{
	trace_close(self->t);
}

#define ONE_CELL(...) {							\
	.wfd = self->fd[0], .rfd = self->fd[1], .size = 64, __VA_ARGS__ }

/* The same handle again: counts go on, objects begin anew. */
TEST_F(one, again)
{
	struct cell c = ONE_CELL(.shape = STREAM, .n = 50, .first = 10, .last = 40);

	expect_all(_metadata, &c, self->t);
	expect_all(_metadata, &c, self->t);
}

/* Others' messages at the same time are nobody's business. */
TEST_F(one, foreign_pair)
{
	struct cell c = ONE_CELL(.shape = STREAM, .n = 200, .last = 200);
	struct cell other = { .size = 64, .n = 1u << 16, .shape = STREAM };
	int fd[2];

	ASSERT_EQ(0, variant->kind->make(variant->kind, fd));
	other.wfd = fd[0];
	other.rfd = fd[1];
	foreign_start(_metadata, &other);
	expect_all(_metadata, &c, self->t);
	foreign_stop(&other);
}

/* The sender's on other sockets are no more of the receiver's. */
static int send_elsewhere_too(const struct cell *c)
{
	char buf[64] = "";
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) || write(fd[0], buf, sizeof(buf)) < 0)
		return 1;
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, fd) || write(fd[0], buf, sizeof(buf)) < 0)
		return 1;
	return cell_send(c);
}

TEST_F(one, elsewhere)
{
	struct cell c = ONE_CELL(.shape = STREAM, .n = 50, .last = 50);
	struct mech_why why = { "" };
	struct trace_result res;

	cell_launch(_metadata, &c, self->t);
	cell_replace(_metadata, &c, 0, send_elsewhere_too);
	ASSERT_EQ(0, trace_start(self->t, c.sender, c.receiver, &why));
	ASSERT_TRUE(cell_go(&c, 1));
	ASSERT_TRUE(cell_go(&c, 0));
	EXPECT_EQ(0, reap(c.sender));
	EXPECT_EQ(0, reap(c.receiver));
	STOP_TRACE(self->t, &res);
	EXPECT_EQ(50, res.cert.sent);
	expect_clean_cert(_metadata, &res.cert);
	expect_whole(_metadata, &c, &res);
}

#define NO_PEEK	4

/* To look is not to receive. */
static int recv_after_look(const struct cell *c)
{
	uint64_t buf[8];

	for (uint64_t i = 0; i < c->n; i++) {
		/* vsock makes -ENOMEM of whatever its transport says. */
		if (recv(c->rfd, buf, sizeof(buf), MSG_PEEK) != sizeof(buf))
			return errno == EOPNOTSUPP || errno == ENOMEM ? NO_PEEK : 1;
		if (recv(c->rfd, buf, sizeof(buf), 0) != sizeof(buf) || buf[0] != i)
			return 1;
	}
	return 0;
}

TEST_F(one, looked_at)
{
	struct cell c = ONE_CELL(.shape = STREAM, .n = 100, .last = 100);
	struct mech_why why = { "" };
	struct trace_result res;
	int status;

	cell_launch(_metadata, &c, self->t);
	cell_replace(_metadata, &c, 1, recv_after_look);
	ASSERT_EQ(0, trace_start(self->t, c.sender, c.receiver, &why));
	ASSERT_TRUE(cell_go(&c, 1));
	ASSERT_TRUE(cell_go(&c, 0));
	EXPECT_EQ(0, reap(c.sender));
	status = reap(c.receiver);
	STOP_TRACE(self->t, &res);
	if (status == NO_PEEK)
		SETUP_SKIP("this kernel has no MSG_PEEK for it");
	EXPECT_EQ(0, status);
	EXPECT_EQ(100, res.cert.sent);
	expect_clean_cert(_metadata, &res.cert);
	expect_whole(_metadata, &c, &res);
}

/* A thief takes the first message: a buffer is missed, bytes are mixed up. */
TEST_F(one, stolen)
{
	struct cell c = ONE_CELL(.shape = BACKLOG, .n = 100, .last = 100);
	struct mech_why why = { "" };
	struct trace_result res;
	char stolen[64];

	cell_launch(_metadata, &c, self->t);
	ASSERT_EQ(0, trace_start(self->t, c.sender, c.receiver, &why));
	ASSERT_TRUE(cell_go(&c, 0));
	ASSERT_EQ(0, reap(c.sender));
	ASSERT_EQ(64, read(c.rfd, stolen, 64));
	ASSERT_TRUE(cell_go(&c, 1));
	while (*c.seen != 99 * 64 || !blocked_in_read(c.receiver, c.rfd))
		sched_yield();
	kill(c.receiver, SIGKILL);
	reap(c.receiver);
	STOP_TRACE(self->t, &res);
	EXPECT_EQ(100, res.cert.sent);
	if (variant->kind->stream) {
		EXPECT_LT(0, res.cert.mispaired);
	} else {
		EXPECT_EQ(0, res.cert.mispaired);
		EXPECT_EQ(99, res.cert.received);
		EXPECT_EQ(1, res.cert.in_flight);
	}
}

/* Somebody else's message behind ours: the receiver gets more than was sent. */
TEST_F(one, unmatched)
{
	struct cell c = ONE_CELL(.shape = BACKLOG, .n = 101, .last = 100);
	struct mech_why why = { "" };
	struct trace_result res;
	char forged[64] = "";

	cell_launch(_metadata, &c, self->t);
	c.n = 100;
	cell_replace(_metadata, &c, 0, cell_send);
	ASSERT_EQ(0, trace_start(self->t, c.sender, c.receiver, &why));
	ASSERT_TRUE(cell_go(&c, 0));
	ASSERT_EQ(0, reap(c.sender));
	memcpy(forged, &(uint64_t){ 100 }, 8);
	ASSERT_EQ(64, write(c.wfd, forged, 64));
	ASSERT_TRUE(cell_go(&c, 1));
	EXPECT_EQ(0, reap(c.receiver));
	STOP_TRACE(self->t, &res);
	EXPECT_EQ(100, res.cert.sent);
	EXPECT_EQ(100, res.cert.received);
	EXPECT_EQ(1, res.cert.unmatched);
	EXPECT_EQ(0, res.cert.mispaired);
}

FIXTURE(bytes)
{
	struct trace *t;
	int fd[2];
};

FIXTURE_VARIANT(bytes)
{
	const struct sock_kind *kind;
};

FIXTURE_SETUP(bytes)
{
	SOCKS_MAKE(variant->kind, self->fd);
	OPEN_TRACE(self->t, variant->kind->mech);
}

FIXTURE_TEARDOWN(bytes)
{
	trace_close(self->t);
}

#define BYTES_CELL(...) {						\
	.wfd = self->fd[0], .rfd = self->fd[1], .shape = STREAM, __VA_ARGS__ }

/* Several messages in one read, and ends that lie within a read. */
TEST_F(bytes, reads_of_many)
{
	struct cell c = BYTES_CELL(.size = 64, .n = 200, .first = 20, .last = 180,
				   .read_size = 1000);

	expect_all(_metadata, &c, self->t);
	c.same_cpu = true;
	expect_all(_metadata, &c, self->t);
}

/* Several reads for one message: a message is complete at its last byte. */
TEST_F(bytes, reads_of_parts)
{
	struct cell c = BYTES_CELL(.size = 64, .n = 200, .first = 20, .last = 180,
				   .read_size = 24);

	expect_all(_metadata, &c, self->t);
	c.shape = BACKLOG;
	expect_all(_metadata, &c, self->t);
}

/* In many buffers and more than the socket's hold, so that the send sleeps half-way. */
TEST_F(bytes, large)
{
	struct cell c = BYTES_CELL(.size = 300001, .n = 10, .last = 10);

	expect_all(_metadata, &c, self->t);
	c.same_cpu = true;
	expect_all(_metadata, &c, self->t);
}

/* O_NONBLOCK: the message goes on in the next send, or begins anew. */
TEST_F(bytes, partial_writes)
{
	struct cell c = BYTES_CELL(.size = 300001, .n = 10, .last = 10, .busy = true);

	ASSERT_EQ(0, fcntl(c.wfd, F_SETFL, O_NONBLOCK));
	expect_all(_metadata, &c, self->t);
	c.size = 30000;
	c.n = 60;
	c.last = 60;
	c.same_cpu = true;
	expect_all(_metadata, &c, self->t);
}

#endif /* SELFTESTS_SOCKS_H */
