// SPDX-License-Identifier: GPL-2.0
/*
 * IORING_OP_URING_CMD: SEND, RECV and CALL, with liburing. What a command that cannot go
 * on does depends on who waits: a worker (IOSQE_ASYNC) sleeps, on every kernel; else it
 * is parked where the kernel can cancel it, and ends with -EAGAIN where it cannot.
 */
#include "uring_cmd.h"

FIXTURE(cmd) {
	struct pair p;
	struct io_uring u;
	uint8_t sqe_flags;
	bool waits;
	char buf[64];
};

FIXTURE_VARIANT(cmd) {
	uint32_t setup;
	uint8_t sqe_flags;
};

FIXTURE_VARIANT_ADD(cmd, plain) { };

FIXTURE_VARIANT_ADD(cmd, worker) {
	.sqe_flags = IOSQE_ASYNC,
};

FIXTURE_VARIANT_ADD(cmd, deferred) {
	.setup = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
};

FIXTURE_VARIANT_ADD(cmd, sqpoll) {
	.setup = IORING_SETUP_SQPOLL,
};

FIXTURE_SETUP(cmd)
{
	int ret;

	OPEN_PAIR(&self->p, 1, 64);
	if (!(chan_features(self->p.req.dev) & IPCRING_FEAT_URING))
		SETUP_SKIP("this kernel has no io_uring");
	ret = ring_setup(&self->u, variant->setup);
	if (ret)
		SETUP_SKIP("io_uring: %s", strerror(-ret));
	self->sqe_flags = variant->sqe_flags;
	self->waits = variant->sqe_flags & IOSQE_ASYNC ||
		      chan_features(self->p.req.dev) & IPCRING_FEAT_URING_WAIT;
	memset(self->buf, POISON, sizeof(self->buf));
}

FIXTURE_TEARDOWN(cmd)
{
	io_uring_queue_exit(&self->u);
	pair_close(&self->p);
}

/* Submit a command that has to wait: true, or it ended with -EAGAIN where it must. */
static bool start(struct io_uring *u, uint8_t flags, bool waits, uint32_t op, int fd,
		  const void *addr, uint32_t len)
{
	get_sqe(u, op, fd, addr, len)->flags |= flags;
	if (io_uring_submit(u) < 1)
		return false;
	return waits ? pending(u) : next_cqe(u, NULL) == -EAGAIN;
}

#define SEND IPCRING_URING_SEND, self->p.req.prod
#define RECV IPCRING_URING_RECV, self->p.req.cons
#define CALL IPCRING_URING_CALL, self->p.req.prod
#define RUN(...) run(&self->u, self->sqe_flags, __VA_ARGS__)
#define START(...) start(&self->u, self->sqe_flags, self->waits, __VA_ARGS__)
#define RESULT() next_cqe(&self->u, NULL)
#define NO_WAIT	"this kernel cannot cancel a command, so none waits"

TEST_F(cmd, send_and_receive)
{
	EXPECT_EQ(5, RUN(SEND, "hello", 5));
	EXPECT_EQ(5, RUN(RECV, self->buf, 64));
	EXPECT_EQ(0, memcmp("hello", self->buf, 5));
	EXPECT_EQ((char)POISON, self->buf[5]);
}

TEST_F(cmd, receive_waits)
{
	ASSERT_TRUE(START(RECV, self->buf, 64));
	ASSERT_EQ(1, chan_write(self->p.req.prod, "x", 1));
	EXPECT_EQ(1, self->waits ? RESULT() : RUN(RECV, self->buf, 64));
	EXPECT_EQ('x', self->buf[0]);
}

TEST_F(cmd, send_waits)
{
	ASSERT_EQ(1, chan_write(self->p.req.prod, "x", 1));
	ASSERT_TRUE(START(SEND, "y", 1));
	ASSERT_EQ(1, chan_read(self->p.req.cons, self->buf, 64));
	EXPECT_EQ(1, self->waits ? RESULT() : RUN(SEND, "y", 1));
	ASSERT_EQ(1, chan_read(self->p.req.cons, self->buf, 64));
	EXPECT_EQ('y', self->buf[0]);
}

TEST_F(cmd, nonblock_does_not_matter)
{
	if (!self->waits)
		SKIP(return, NO_WAIT);
	set_nonblock(self->p.req.cons, true);
	ASSERT_TRUE(START(RECV, self->buf, 64));
	ASSERT_EQ(1, chan_write(self->p.req.prod, "x", 1));
	EXPECT_EQ(1, RESULT());
}

TEST_F(cmd, woken_by_a_mapped_peer)
{
	struct ring r;

	if (!self->waits)
		SKIP(return, NO_WAIT);
	ASSERT_EQ(0, map_ring(self->p.req.prod, &r));
	for (int i = 0; i < 3; i++) {
		get_sqe(&self->u, RECV, self->buf, 64)->flags |= self->sqe_flags;
		ASSERT_LE(1, io_uring_submit(&self->u));
		ASSERT_EQ(0, map_send(self->p.req.prod, &r, "xy", 2));
		EXPECT_EQ(2, RESULT());
	}
	unmap_ring(&r);
}

TEST_F(cmd, each_message_to_one_of_many)
{
	char bufs[4][64];
	uint64_t data;

	if (!self->waits)
		SKIP(return, NO_WAIT);
	for (int i = 0; i < 4; i++) {
		struct io_uring_sqe *sqe = get_sqe(&self->u, RECV, bufs[i], 64);

		sqe->flags |= self->sqe_flags;
		sqe->user_data = i;
	}
	ASSERT_LE(4, io_uring_submit(&self->u));
	for (char c = 'a'; c <= 'd'; c++) {
		ASSERT_EQ(1, chan_write(self->p.req.prod, &c, 1));
		ASSERT_EQ(1, next_cqe(&self->u, &data));
		ASSERT_GT(4, data);
		EXPECT_EQ(c, bufs[data][0]);
	}
}

TEST_F(cmd, wrong_arguments)
{
	struct ipcring_uring flags = { .addr = (uintptr_t)self->buf, .len = 64, .flags = 1 };
	char big[65] = "";

	EXPECT_EQ(-EINVAL, RUN(IPCRING_URING_RECV, self->p.req.prod, self->buf, 64));
	EXPECT_EQ(-EINVAL, RUN(IPCRING_URING_SEND, self->p.req.cons, self->buf, 64));
	EXPECT_EQ(-EINVAL, RUN(IPCRING_URING_CALL, self->p.req.cons, self->buf, 64));
	EXPECT_EQ(-EOPNOTSUPP, RUN(IPCRING_IOC_WAIT, self->p.req.cons, self->buf, 64));
	EXPECT_EQ(-EOPNOTSUPP, RUN(IPCRING_URING_RECV, self->p.req.control, self->buf, 64));
	EXPECT_EQ(-EMSGSIZE, RUN(SEND, big, 65));
	EXPECT_EQ(-EMSGSIZE, RUN(SEND, big, 0));
	EXPECT_EQ(-EFAULT, RUN(SEND, BAD_PTR, 1));
	ASSERT_EQ(2, RUN(SEND, "xy", 2));
	EXPECT_EQ(-EMSGSIZE, RUN(RECV, self->buf, 1));
	EXPECT_EQ(-EFAULT, RUN(RECV, BAD_PTR, 2));
	EXPECT_EQ(-EFAULT, RUN(RECV, (void *)0xffffffff81000000UL, 2));
	memcpy(get_sqe(&self->u, RECV, self->buf, 64)->cmd, &flags, sizeof(flags));
	ASSERT_LE(1, io_uring_submit(&self->u));
	EXPECT_EQ(-EINVAL, RESULT());
	EXPECT_EQ(2, RUN(RECV, self->buf, 64));
}

TEST_F(cmd, receive_ends)
{
	ASSERT_TRUE(START(RECV, self->buf, 64));
	close(self->p.req.prod);
	EXPECT_EQ(0, self->waits ? RESULT() : RUN(RECV, self->buf, 64));
}

TEST_F(cmd, send_ends)
{
	ASSERT_EQ(1, chan_write(self->p.req.prod, "x", 1));
	ASSERT_TRUE(START(SEND, "y", 1));
	close(self->p.req.cons);
	EXPECT_EQ(-EPIPE, self->waits ? RESULT() : RUN(SEND, "y", 1));
}

/* A result that is not 0 is no failure: what is linked to it runs. */
TEST_F(cmd, linked_commands)
{
	uint64_t data;

	get_sqe(&self->u, SEND, "hello", 5)->flags |= self->sqe_flags | IOSQE_IO_LINK;
	get_sqe(&self->u, RECV, self->buf, 64)->flags |= self->sqe_flags;
	ASSERT_LE(2, io_uring_submit(&self->u));
	EXPECT_EQ(5, next_cqe(&self->u, &data));
	EXPECT_EQ(IPCRING_URING_SEND, data);
	EXPECT_EQ(5, next_cqe(&self->u, &data));
	EXPECT_EQ(IPCRING_URING_RECV, data);
}

/* CALL */

static void *server(void *arg)
{
	return (void *)(intptr_t)pair_serve(arg, 0);
}

TEST_F(cmd, call)
{
	struct ipcring_call c;
	pthread_t thread;
	void *served;

	if (!self->waits)
		SKIP(return, NO_WAIT);
	ASSERT_EQ(0, pthread_create(&thread, NULL, server, &self->p));
	for (int i = 0; i < 10; i++) {
		c = call_param(self->p.rep.cons, "question", self->buf, 64);
		EXPECT_EQ(8, RUN(CALL, &c, sizeof(c)));
		EXPECT_EQ(1, c.sent);
		EXPECT_EQ(8, c.recv_len);
		EXPECT_EQ(0, c.lane);
		EXPECT_EQ(0, memcmp("ruestion", self->buf, 8));
	}
	close(self->p.req.prod);
	ASSERT_EQ(0, pthread_join(thread, &served));
	EXPECT_EQ(10, (intptr_t)served);
}

/* Both halves have to wait: for room, then for the answer. */
TEST_F(cmd, call_in_steps)
{
	struct ipcring_call c = call_param(self->p.rep.cons, "ask", self->buf, 64);
	char buf[64];

	ASSERT_EQ(1, chan_write(self->p.req.prod, "x", 1));
	ASSERT_TRUE(START(CALL, &c, sizeof(c)));
	EXPECT_EQ(0, c.sent);
	ASSERT_EQ(1, chan_read(self->p.req.cons, buf, 64));
	if (self->waits)
		get_events(&self->u);
	else
		ASSERT_TRUE(START(CALL, &c, sizeof(c)));
	ASSERT_EQ(3, chan_read(self->p.req.cons, buf, 64));
	ASSERT_EQ(6, chan_write(self->p.rep.prod, "answer", 6));
	EXPECT_EQ(6, self->waits ? RESULT() : RUN(CALL, &c, sizeof(c)));
	EXPECT_EQ(1, c.sent);
	EXPECT_EQ(6, c.recv_len);
	/* It was sent once. */
	EXPECT_EQ(-ETIMEDOUT, chan_wait(self->p.req.cons, 0));
}

TEST_F(cmd, call_wrong_arguments)
{
	struct ipcring_call c = call_param(self->p.rep.cons, "x", self->buf, 64);

	EXPECT_EQ(-EINVAL, RUN(CALL, &c, sizeof(c) - 1));
	EXPECT_EQ(-EFAULT, RUN(CALL, BAD_PTR, sizeof(c)));
	c.deadline = 0;
	EXPECT_EQ(-EINVAL, RUN(CALL, &c, sizeof(c)));
	c.deadline = IPCRING_NO_TIMEOUT;
	c.fd = self->p.req.prod;
	EXPECT_EQ(-EINVAL, RUN(CALL, &c, sizeof(c)));
	c.fd = -1;
	EXPECT_EQ(-EBADF, RUN(CALL, &c, sizeof(c)));
	c.flags = ~0;
	EXPECT_EQ(-EINVAL, RUN(CALL, &c, sizeof(c)));
	EXPECT_EQ(0, c.sent);
}

/* All its references are let go again, also by the calls that failed. */
TEST_F(cmd, call_leaves_no_reference)
{
	struct ipcring_call c = call_param(self->p.rep.cons, "x", BAD_PTR, 64);

	ASSERT_EQ(1, chan_write(self->p.rep.prod, "y", 1));
	EXPECT_EQ(-EFAULT, RUN(CALL, &c, sizeof(c)));
	c.deadline = 0;
	EXPECT_EQ(-EINVAL, RUN(CALL, &c, sizeof(c)));
	close(self->p.rep.cons);
	close(self->p.rep.prod);
	while (chan_state(self->p.rep.control))
		sched_yield();
}

/* The other process has a ring of its own. */
static int answer_one(struct pair *p, uint32_t setup, uint8_t flags)
{
	struct io_uring u;
	char buf[64];

	if (ring_setup(&u, setup))
		return 1;
	close(p->req.prod);
	if (run(&u, flags, IPCRING_URING_RECV, p->req.cons, buf, 64) != 3 || memcmp(buf, "ask", 3))
		return 2;
	if (run(&u, flags, IPCRING_URING_SEND, p->rep.prod, "answer", 6) != 6)
		return 3;
	/* The end of the requests. */
	return run(&u, flags, IPCRING_URING_RECV, p->req.cons, buf, 64) ? 4 : 0;
}

TEST_F(cmd, two_rings_in_two_processes)
{
	struct ipcring_call c = call_param(self->p.rep.cons, "ask", self->buf, 64);
	pid_t pid;

	if (!self->waits)
		SKIP(return, NO_WAIT);
	pid = fork();
	if (pid == 0)
		_exit(answer_one(&self->p, variant->setup, self->sqe_flags));
	EXPECT_EQ(6, RUN(CALL, &c, sizeof(c)));
	EXPECT_EQ(0, memcmp("answer", self->buf, 6));
	close(self->p.req.prod);
	EXPECT_EQ(0, reap(pid));
}

/* Ends of commands that nobody answers */

TEST_F(cmd, closed_while_pending)
{
	if (!self->waits)
		SKIP(return, NO_WAIT);
	ASSERT_TRUE(START(RECV, self->buf, 64));
	close(self->p.req.cons);
	EXPECT_EQ(-EBUSY, chan_endpoint(self->p.req.control, IPCRING_ROLE_CONSUMER, 0));
	ASSERT_EQ(1, chan_write(self->p.req.prod, "x", 1));
	EXPECT_EQ(1, RESULT());
	self->p.req.cons = reopen(&self->p.req);
	EXPECT_LE(0, self->p.req.cons);
}

TEST_F(cmd, ring_exits_while_pending)
{
	struct ipcring_call c = call_param(self->p.rep.cons, "x", self->buf, 64);

	if (!self->waits)
		SKIP(return, NO_WAIT);
	ASSERT_TRUE(START(RECV, self->buf, 64));
	get_sqe(&self->u, CALL, &c, sizeof(c))->flags |= self->sqe_flags;
	ASSERT_LE(1, io_uring_submit(&self->u));
	io_uring_queue_exit(&self->u);
	close(self->p.req.cons);
	close(self->p.rep.cons);
	self->p.req.cons = reopen(&self->p.req);
	self->p.rep.cons = reopen(&self->p.rep);
	EXPECT_LE(0, self->p.req.cons);
	EXPECT_LE(0, self->p.rep.cons);
	ASSERT_EQ(0, ring_setup(&self->u, 0));
}

static int start_and_exit(struct pair *p, uint32_t setup, uint8_t flags, bool killed)
{
	struct ipcring_call c = call_param(p->rep.cons, "x", NULL, 64);
	struct io_uring u;
	char buf[64];

	if (ring_setup(&u, setup))
		return 1;
	get_sqe(&u, IPCRING_URING_RECV, p->req.cons, buf, 64)->flags |= flags;
	get_sqe(&u, IPCRING_URING_CALL, p->req.prod, &c, sizeof(c))->flags |= flags;
	if (io_uring_submit(&u) < 2)
		return 2;
	/* What was sent comes back to the command beside it. */
	if (next_cqe(&u, NULL) != 1)
		return 3;
	if (killed)
		raise(SIGKILL);
	return 0;
}

TEST_F(cmd, task_exits_while_pending)
{
	if (!self->waits)
		SKIP(return, NO_WAIT);
	for (int killed = 0; killed < 2; killed++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(start_and_exit(&self->p, variant->setup, self->sqe_flags, killed));
		EXPECT_EQ(killed ? 128 + SIGKILL : 0, reap(pid));
	}
	close(self->p.req.cons);
	close(self->p.rep.cons);
	self->p.req.cons = reopen(&self->p.req);
	self->p.rep.cons = reopen(&self->p.rep);
	EXPECT_LE(0, self->p.req.cons);
	EXPECT_LE(0, self->p.rep.cons);
}

/* IORING_OP_ASYNC_CANCEL finds what a worker does, and not what is parked. */
TEST_F(cmd, cancelled_while_pending)
{
	bool worker = self->sqe_flags & IOSQE_ASYNC;
	struct io_uring_sqe *sqe;
	int64_t ret[2];
	uint64_t data;

	if (!self->waits)
		SKIP(return, NO_WAIT);
	ASSERT_TRUE(START(RECV, self->buf, 64));
	sqe = io_uring_get_sqe(&self->u);
	io_uring_prep_cancel64(sqe, IPCRING_URING_RECV, 0);
	sqe->user_data = 1;
	ASSERT_LE(1, io_uring_submit(&self->u));
	ret[0] = next_cqe(&self->u, &data);
	if (!worker) {
		EXPECT_EQ(1, data);
		EXPECT_EQ(-ENOENT, ret[0]);
		ASSERT_EQ(1, chan_write(self->p.req.prod, "x", 1));
		EXPECT_EQ(1, RESULT());
		return;
	}
	ret[1] = RESULT();
	/* Queued or not yet begun, it is cancelled there; in its sleep, it is interrupted. */
	EXPECT_TRUE(ret[data == 1] == -ECANCELED || ret[data == 1] == -EINTR);
}

static void link_timeout(struct io_uring *u, struct __kernel_timespec *ts)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(u);

	io_uring_prep_link_timeout(sqe, ts, 0);
	sqe->user_data = 1;
}

/* Nor does it reach a worker: the timeout is not even armed before the worker is back. */
TEST_F(cmd, linked_timeout_does_not_reach_it)
{
	struct __kernel_timespec ts = { .tv_nsec = 1000 * 1000 };
	bool worker = self->sqe_flags & IOSQE_ASYNC;
	uint64_t data;

	if (!self->waits)
		SKIP(return, NO_WAIT);
	get_sqe(&self->u, RECV, self->buf, 64)->flags |= self->sqe_flags | IOSQE_IO_LINK;
	link_timeout(&self->u, &ts);
	ASSERT_LE(2, io_uring_submit(&self->u));
	if (!worker) {
		EXPECT_EQ(-ENOENT, next_cqe(&self->u, &data));
		EXPECT_EQ(1, data);
	}
	ASSERT_EQ(1, chan_write(self->p.req.prod, "x", 1));
	for (int i = 0; i < 1 + worker; i++) {
		int64_t ret = next_cqe(&self->u, &data);

		/* What becomes of a timeout that starts too late is of no interest. */
		EXPECT_TRUE(data != IPCRING_URING_RECV || ret == 1);
	}
}

TEST_F(cmd, linked_timeout_not_needed)
{
	struct __kernel_timespec ts = { .tv_sec = 3600 };
	uint64_t data;

	for (int late = 0; late < 2; late++) {
		if (late && !self->waits)
			break;
		if (!late)
			ASSERT_EQ(1, chan_write(self->p.req.prod, "x", 1));
		get_sqe(&self->u, RECV, self->buf, 64)->flags |= self->sqe_flags | IOSQE_IO_LINK;
		link_timeout(&self->u, &ts);
		ASSERT_LE(2, io_uring_submit(&self->u));
		if (late)
			ASSERT_EQ(1, chan_write(self->p.req.prod, "x", 1));
		for (int i = 0; i < 2; i++) {
			int64_t ret = next_cqe(&self->u, &data);

			EXPECT_EQ(data == IPCRING_URING_RECV ? 1 : -ECANCELED, ret);
		}
	}
}

TEST_HARNESS_MAIN
