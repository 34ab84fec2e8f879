// SPDX-License-Identifier: GPL-2.0
/* The probes of pipes against runs whose outcome is known. */
#include "traced.h"

FIXTURE(pipe)
{
	struct trace *t;
	int fd[2];
};

FIXTURE_VARIANT(pipe)
{
	enum shape shape;
	bool same_cpu;
};

FIXTURE_VARIANT_ADD(pipe, in_step_same_cpu)
{
	.shape = IN_STEP,
	.same_cpu = true,
};

FIXTURE_VARIANT_ADD(pipe, in_step_two_cpus)
{
	.shape = IN_STEP,
	.same_cpu = false,
};

FIXTURE_VARIANT_ADD(pipe, backlog)
{
	.shape = BACKLOG,
	.same_cpu = false,
};

FIXTURE_VARIANT_ADD(pipe, stream_same_cpu)
{
	.shape = STREAM,
	.same_cpu = true,
};

FIXTURE_VARIANT_ADD(pipe, stream_two_cpus)
{
	.shape = STREAM,
	.same_cpu = false,
};

FIXTURE_SETUP(pipe)
{
	ASSERT_EQ(0, pipe(self->fd));
	OPEN_TRACE(self->t, "pipe");
}

FIXTURE_TEARDOWN(pipe)
{
	trace_close(self->t);
}

#define CELL(...) {							\
	.wfd = self->fd[1], .rfd = self->fd[0], .shape = variant->shape,	\
	.same_cpu = variant->same_cpu, __VA_ARGS__ }

TEST_F(pipe, size_16)
{
	struct cell c = CELL(.size = 16, .n = 1200, .first = 100, .last = 1150);

	expect_all(_metadata, &c, self->t);
}

TEST_F(pipe, size_64)
{
	struct cell c = CELL(.size = 64, .n = 200, .first = 0, .last = 200);

	expect_all(_metadata, &c, self->t);
}

TEST_F(pipe, size_4096)
{
	struct cell c = CELL(.size = 4096, .n = 16, .first = 3, .last = 4);

	expect_all(_metadata, &c, self->t);
}

/* The same handle again: counts go on, objects and offsets begin anew. */
TEST_F(pipe, again)
{
	struct cell c = CELL(.size = 100, .n = 50, .first = 10, .last = 40);

	expect_all(_metadata, &c, self->t);
	expect_all(_metadata, &c, self->t);
}

/* Several messages in one read, and ends that lie within a read. */
TEST_F(pipe, reads_of_many)
{
	struct cell c = CELL(.size = 64, .n = 200, .first = 20, .last = 180, .read_size = 1000);

	if (c.shape == IN_STEP)
		c.shape = STREAM;
	expect_all(_metadata, &c, self->t);
}

/* Several reads for one message: a message is complete at its last byte. */
TEST_F(pipe, reads_of_parts)
{
	struct cell c = CELL(.size = 64, .n = 200, .first = 20, .last = 180, .read_size = 24);

	if (c.shape == IN_STEP)
		c.shape = STREAM;
	expect_all(_metadata, &c, self->t);
}

/* Others' messages at the same time are nobody's business. */
TEST_F(pipe, foreign_pair)
{
	struct cell c = CELL(.size = 64, .n = 200, .first = 0, .last = 200);
	struct cell other = { .size = 64, .n = 1u << 16, .shape = STREAM };
	int fd[2];

	ASSERT_EQ(0, pipe(fd));
	other.wfd = fd[1];
	other.rfd = fd[0];
	foreign_start(_metadata, &other);
	expect_all(_metadata, &c, self->t);
	foreign_stop(&other);
}

FIXTURE(stream)
{
	struct trace *t;
	int fd[2];
};

FIXTURE_SETUP(stream)
{
	ASSERT_EQ(0, pipe(self->fd));
	OPEN_TRACE(self->t, "pipe");
}

FIXTURE_TEARDOWN(stream)
{
	trace_close(self->t);
}

#define STREAM_CELL(...) {						\
	.wfd = self->fd[1], .rfd = self->fd[0], .shape = STREAM, __VA_ARGS__ }

/* Larger than the pipe: the write sleeps half-way, the reads return short. */
TEST_F(stream, larger_than_the_pipe)
{
	struct cell c = STREAM_CELL(.size = 65536 + 4096 + 8, .n = 20, .first = 0, .last = 20);

	expect_all(_metadata, &c, self->t);
	c.size = 300001;
	c.same_cpu = true;
	expect_all(_metadata, &c, self->t);
}

/* O_NONBLOCK: the message goes on in the next write. */
TEST_F(stream, partial_writes)
{
	struct cell c = STREAM_CELL(.size = 100000, .n = 20, .first = 0, .last = 20, .busy = true);

	ASSERT_EQ(0, fcntl(c.wfd, F_SETFL, O_NONBLOCK));
	expect_all(_metadata, &c, self->t);
	c.size = 3000;
	c.same_cpu = true;
	expect_all(_metadata, &c, self->t);
}

/* A thief takes the first message: every receive then meets the send before. */
TEST_F(stream, mispaired)
{
	struct cell c = STREAM_CELL(.size = 64, .n = 100, .first = 0, .last = 100);
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
	EXPECT_EQ(99, res.cert.received);
	EXPECT_EQ(1, res.cert.in_flight);
	EXPECT_EQ(99, res.cert.mispaired);
	EXPECT_EQ(0, res.cert.unmatched);
}

/* Somebody else's message among ours: the receiver gets more than was sent. */
TEST_F(stream, unmatched)
{
	struct cell c = STREAM_CELL(.size = 64, .n = 101, .first = 0, .last = 100);
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

/* A message that is given up half-way is no message, and is not hidden. */
static int send_torn(const struct cell *c)
{
	char buf[100000] = "";

	if (write(c->wfd, buf, sizeof(buf)) != 65536)
		return 1;
	while (write(c->wfd, buf, 64) != 64)
		sched_yield();
	return 0;
}

TEST_F(stream, torn)
{
	struct cell c = STREAM_CELL(.size = 65536 + 64, .n = 1, .first = 0, .last = 1);
	struct mech_why why = { "" };
	struct trace_result res;

	ASSERT_EQ(0, fcntl(c.wfd, F_SETFL, O_NONBLOCK));
	cell_launch(_metadata, &c, self->t);
	cell_replace(_metadata, &c, 0, send_torn);
	ASSERT_EQ(0, trace_start(self->t, c.sender, c.receiver, &why));
	ASSERT_TRUE(cell_go(&c, 0));
	ASSERT_TRUE(cell_go(&c, 1));
	EXPECT_EQ(0, reap(c.sender));
	EXPECT_EQ(0, reap(c.receiver));
	STOP_TRACE(self->t, &res);
	EXPECT_EQ(1, res.cert.sent);
	EXPECT_LT(0, res.cert.unmatched);
}

/* A signal's wake-up is not the sender's. */
static void on_signal(int sig)
{
}

static int send_after_signal(const struct cell *c)
{
	uint64_t buf[8] = { 0 };

	while (!blocked_in_read(c->receiver, c->rfd))
		sched_yield();
	*c->gate = 1;
	for (; buf[0] < c->n; buf[0]++) {
		kill(c->receiver, SIGUSR1);
		sched_yield();
		if (write(c->wfd, buf, sizeof(buf)) != sizeof(buf))
			return 1;
	}
	return 0;
}

TEST_F(stream, signals_between)
{
	struct cell c = STREAM_CELL(.size = 64, .n = 100, .first = 0, .last = 100);
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	struct mech_why why = { "" };
	struct trace_result res;

	ASSERT_EQ(0, sigaction(SIGUSR1, &sa, NULL));
	cell_launch(_metadata, &c, self->t);
	cell_replace(_metadata, &c, 0, send_after_signal);
	ASSERT_EQ(0, trace_start(self->t, c.sender, c.receiver, &why));
	ASSERT_TRUE(cell_go(&c, 1));
	ASSERT_TRUE(cell_go(&c, 0));
	EXPECT_EQ(0, reap(c.sender));
	EXPECT_EQ(0, reap(c.receiver));
	STOP_TRACE(self->t, &res);
	EXPECT_EQ(100, res.cert.sent);
	expect_clean_cert(_metadata, &res.cert);
	expect_whole(_metadata, &c, &res);
}

/*
 * The receiver sleeps elsewhere while a message waits, and the sender wakes it by
 * other means after it has begun its next send: no message's wake.
 */
static int send_then_signal(const struct cell *c)
{
	unsigned long arg;
	char buf[4096] = "";

	while (!blocked_in(c->receiver, SYS_rt_sigtimedwait, &arg))
		sched_yield();
	*c->gate = 1;
	if (!write_all(c, buf) || write(c->wfd, buf, sizeof(buf)) != -1 || errno != EAGAIN)
		return 1;
	return kill(c->receiver, SIGUSR1);
}

static int recv_after_signal(const struct cell *c)
{
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigwait(&set, &sig);
	return cell_recv(c);
}

TEST_F(stream, woken_by_other_means)
{
	struct cell c = STREAM_CELL(.size = 4096, .n = 1, .first = 0, .last = 1);
	struct mech_why why = { "" };
	struct trace_result res;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	ASSERT_EQ(4096, fcntl(c.wfd, F_SETPIPE_SZ, 4096));
	ASSERT_EQ(0, fcntl(c.wfd, F_SETFL, O_NONBLOCK));
	cell_launch(_metadata, &c, self->t);
	cell_replace(_metadata, &c, 1, recv_after_signal);
	cell_replace(_metadata, &c, 0, send_then_signal);
	ASSERT_EQ(0, trace_start(self->t, c.sender, c.receiver, &why));
	ASSERT_TRUE(cell_go(&c, 1));
	ASSERT_TRUE(cell_go(&c, 0));
	EXPECT_EQ(0, reap(c.sender));
	EXPECT_EQ(0, reap(c.receiver));
	STOP_TRACE(self->t, &res);
	EXPECT_EQ(1, res.cert.sent);
	EXPECT_EQ(0, res.slept);
	expect_clean_cert(_metadata, &res.cert);
	expect_whole(_metadata, &c, &res);
}

/* Hooks are there only between start and stop. */
TEST_F(stream, untraced_before_start)
{
	struct cell c = STREAM_CELL(.size = 64, .n = 10, .first = 0, .last = 10);
	struct trace_result res;
	char buf[64] = "";

	ASSERT_EQ(64, write(c.wfd, buf, 64));
	ASSERT_EQ(64, read(c.rfd, buf, 64));
	memset(&res, 0xcc, sizeof(res));
	ASSERT_EQ(0, trace_stop(self->t, &res));
	EXPECT_EQ(0, res.cert.sent);
	EXPECT_EQ(0, res.measured);
	EXPECT_EQ(6, res.nphases);
}

TEST(no_such_mechanism)
{
	struct mech_why why = { "" };
	struct trace *t = (struct trace *)&why;

	EXPECT_EQ(-EOPNOTSUPP, trace_open(&t, "pigeon", &why));
	EXPECT_EQ(NULL, t);
	EXPECT_NE(NULL, strstr(why.text, "no probe set"));
}

TEST(not_root)
{
	struct mech_why why = { "" };
	struct trace *t = (struct trace *)&why;

	if (geteuid())
		SKIP(return, "is not root anyway");
	ASSERT_EQ(0, seteuid(65534));
	EXPECT_EQ(-EPERM, trace_open(&t, "pipe", &why));
	EXPECT_EQ(NULL, t);
	EXPECT_NE(NULL, strstr(why.text, "root"));
}

TEST(close_nothing)
{
	trace_close(NULL);
}

TEST_HARNESS_MAIN
