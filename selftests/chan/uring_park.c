// SPDX-License-Identifier: GPL-2.0
/*
 * Parked commands of IORING_OP_URING_CMD: IPCRING_URING_CANCEL, other threads of the same
 * side, consumers that share the work, records, and what is left of it all.
 */
#include "stall.h"
#include "uring_cmd.h"

#include "../../user/lib/ipcring/uring.h"

#define ROUNDS	500
#define DATA	77	/* user_data of what is parked */

FIXTURE(park) {
	struct pair p;
	struct io_uring u;
	char buf[64];
};

FIXTURE_VARIANT(park) {
	uint32_t setup;
};

FIXTURE_VARIANT_ADD(park, plain) { };

FIXTURE_VARIANT_ADD(park, deferred) {
	.setup = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
};

FIXTURE_VARIANT_ADD(park, sqpoll) {
	.setup = IORING_SETUP_SQPOLL,
};

FIXTURE_SETUP(park)
{
	int ret;

	OPEN_PAIR(&self->p, 4, 64);
	if (!(chan_features(self->p.req.dev) & IPCRING_FEAT_URING))
		SETUP_SKIP("this kernel has no io_uring");
	ret = ring_setup(&self->u, variant->setup);
	if (ret)
		SETUP_SKIP("io_uring: %s", strerror(-ret));
	memset(self->buf, POISON, sizeof(self->buf));
}

FIXTURE_TEARDOWN(park)
{
	io_uring_queue_exit(&self->u);
	pair_close(&self->p);
}

static bool can_park(int dev)
{
	return chan_features(dev) & IPCRING_FEAT_URING_WAIT;
}

#define NO_WAIT	"this kernel cannot cancel a command, so none waits"

/* Submit a command that has to wait. */
static bool park(struct io_uring *u, uint64_t data, uint32_t op, int fd, const void *addr,
		 uint32_t len)
{
	get_sqe(u, op, fd, addr, len)->user_data = data;
	return io_uring_submit(u) >= 1 && pending(u);
}

static bool submit_cancel(struct io_uring *u, int fd, uint64_t data, uint32_t flags)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(u);

	io_uring_prep_ipcring_cancel(sqe, fd, data, flags);
	sqe->user_data = IPCRING_URING_CANCEL;
	return io_uring_submit(u) >= 1;
}

/* The cancellation's result, with nothing else completed but @nr commands of @data. */
static int64_t cancel(struct io_uring *u, int fd, uint64_t data, uint32_t flags, int nr)
{
	int64_t ret = INT64_MIN, res;
	uint64_t from;

	if (!submit_cancel(u, fd, data, flags))
		return INT64_MIN;
	for (int i = 0; i <= nr; i++) {
		res = next_cqe(u, &from);
		if (from == IPCRING_URING_CANCEL)
			ret = res;
		else if (from != data || res != -ECANCELED)
			return INT64_MIN;
	}
	return pending(u) ? ret : INT64_MIN;
}

#define RECV IPCRING_URING_RECV, self->p.req.cons
#define SEND IPCRING_URING_SEND, self->p.req.prod
#define CALL IPCRING_URING_CALL, self->p.req.prod
#define PARK(...) park(&self->u, DATA, __VA_ARGS__)
#define CANCEL(fd, flags, nr) cancel(&self->u, fd, DATA, flags, nr)

TEST_F(park, cancel_what_waits)
{
	struct ipcring_call c = call_param(self->p.rep.cons, "x", self->buf, 64);

	if (!can_park(self->p.req.dev))
		SKIP(return, NO_WAIT);
	ASSERT_TRUE(PARK(RECV, self->buf, 64));
	EXPECT_EQ(1, CANCEL(self->p.req.cons, 0, 1));
	EXPECT_EQ((char)POISON, self->buf[0]);
	ASSERT_TRUE(PARK(CALL, &c, sizeof(c)));
	EXPECT_EQ(1, CANCEL(self->p.req.prod, 0, 1));
	EXPECT_EQ(1, c.sent);
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(1, chan_write(self->p.req.prod, "y", 1));
	ASSERT_TRUE(PARK(SEND, "z", 1));
	EXPECT_EQ(1, CANCEL(self->p.req.prod, 0, 1));
	for (int i = 0; i < 4; i++) {
		ASSERT_EQ(1, chan_read(self->p.req.cons, self->buf, 64));
		EXPECT_EQ(i ? 'y' : 'x', self->buf[0]);
	}
	/* Nothing was sent in spite of it, and the references are gone. */
	EXPECT_EQ(-ETIMEDOUT, chan_wait(self->p.req.cons, 0));
	close(self->p.rep.cons);
	self->p.rep.cons = reopen(&self->p.rep);
	EXPECT_LE(0, self->p.rep.cons);
}

TEST_F(park, cancel_finds_nothing)
{
	if (!can_park(self->p.req.dev))
		SKIP(return, NO_WAIT);
	EXPECT_EQ(-ENOENT, CANCEL(self->p.req.cons, 0, 0));
	ASSERT_TRUE(PARK(RECV, self->buf, 64));
	/* Another user_data, another file, and other files of the same name. */
	EXPECT_EQ(-ENOENT, cancel(&self->u, self->p.req.cons, DATA + 1, 0, 0));
	EXPECT_EQ(-ENOENT, CANCEL(self->p.rep.cons, IPCRING_URING_CANCEL_ALL, 0));
	EXPECT_EQ(-ENOENT, CANCEL(self->p.req.prod, 0, 0));
	ASSERT_EQ(1, chan_write(self->p.req.prod, "x", 1));
	EXPECT_EQ(1, next_cqe(&self->u, NULL));
	EXPECT_EQ(-ENOENT, CANCEL(self->p.req.cons, 0, 0));
}

TEST_F(park, cancel_one_or_all)
{
	char bufs[5][64];

	if (!can_park(self->p.req.dev))
		SKIP(return, NO_WAIT);
	for (int i = 0; i < 5; i++)
		ASSERT_TRUE(PARK(RECV, bufs[i], 64));
	EXPECT_EQ(1, CANCEL(self->p.req.cons, 0, 1));
	EXPECT_EQ(1, CANCEL(self->p.req.cons, 0, 1));
	EXPECT_EQ(3, CANCEL(self->p.req.cons, IPCRING_URING_CANCEL_ALL, 3));
	EXPECT_EQ(-ENOENT, CANCEL(self->p.req.cons, IPCRING_URING_CANCEL_ALL, 0));
}

TEST_F(park, cancel_wrong_arguments)
{
	struct ipcring_uring arg = { .addr = DATA, .len = 1 };

	if (!can_park(self->p.req.dev)) {
		EXPECT_EQ(-EOPNOTSUPP, CANCEL(self->p.req.cons, 0, 0));
		return;
	}
	EXPECT_EQ(-EINVAL, CANCEL(self->p.req.cons, 2, 0));
	EXPECT_EQ(-EOPNOTSUPP, CANCEL(self->p.req.control, 0, 0));
	memcpy(get_sqe(&self->u, IPCRING_URING_CANCEL, self->p.req.cons, NULL, 0)->cmd, &arg,
	       sizeof(arg));
	ASSERT_LE(1, io_uring_submit(&self->u));
	EXPECT_EQ(-EINVAL, next_cqe(&self->u, NULL));
}

/* A worker cancels, without the submitter's locks. */
TEST_F(park, cancel_by_a_worker)
{
	struct io_uring_sqe *sqe;
	uint64_t data;
	int64_t ret;

	if (!can_park(self->p.req.dev))
		SKIP(return, NO_WAIT);
	ASSERT_TRUE(PARK(RECV, self->buf, 64));
	sqe = io_uring_get_sqe(&self->u);
	io_uring_prep_ipcring_cancel(sqe, self->p.req.cons, DATA, 0);
	sqe->flags |= IOSQE_ASYNC;
	sqe->user_data = 1;
	ASSERT_LE(1, io_uring_submit(&self->u));
	for (int i = 0; i < 2; i++) {
		ret = next_cqe(&self->u, &data);
		EXPECT_EQ(data == DATA ? -ECANCELED : 1, ret);
	}
}

TEST_F(park, cancel_leaves_other_rings_alone)
{
	struct io_uring other;

	if (!can_park(self->p.req.dev))
		SKIP(return, NO_WAIT);
	ASSERT_EQ(0, ring_setup(&other, variant->setup));
	ASSERT_TRUE(park(&other, DATA, RECV, self->buf, 64));
	EXPECT_EQ(-ENOENT, CANCEL(self->p.req.cons, IPCRING_URING_CANCEL_ALL, 0));
	EXPECT_TRUE(pending(&other));
	ASSERT_EQ(1, chan_write(self->p.req.prod, "x", 1));
	EXPECT_EQ(1, next_cqe(&other, NULL));
	io_uring_queue_exit(&other);
}

/* Woken, and cancelled before it looked: the message stays queued. */
TEST_F(park, cancel_what_was_just_woken)
{
	uint64_t data;
	int64_t ret;

	if (!can_park(self->p.req.dev))
		SKIP(return, NO_WAIT);
	ASSERT_TRUE(PARK(RECV, self->buf, 64));
	ASSERT_EQ(1, chan_write(self->p.req.prod, "x", 1));
	ASSERT_TRUE(submit_cancel(&self->u, self->p.req.cons, DATA, 0));
	ret = next_cqe(&self->u, &data);
	if (data == DATA && ret == 1) {
		EXPECT_EQ(-ENOENT, next_cqe(&self->u, NULL));
		/* Only there is it sure that it has not looked. */
		EXPECT_EQ(0, variant->setup & IORING_SETUP_DEFER_TASKRUN);
		return;
	}
	EXPECT_EQ(data == DATA ? -ECANCELED : 1, ret);
	ret = next_cqe(&self->u, &data);
	EXPECT_EQ(data == DATA ? -ECANCELED : 1, ret);
	EXPECT_EQ(1, chan_read(self->p.req.cons, self->buf, 64));
}

/* Numbers from 0 on, until @stop. */
struct sender {
	int fd;
	bool stop;
	uint32_t nr;
};

static void *sender(void *arg)
{
	struct sender *s = arg;

	while (!__atomic_load_n(&s->stop, __ATOMIC_ACQUIRE)) {
		if (chan_write(s->fd, &s->nr, sizeof(s->nr)) == sizeof(s->nr))
			s->nr++;
		sched_yield();
	}
	return NULL;
}

/* One of both wins: the cancellation or the message; and no message is lost. */
TEST_F(park, cancel_against_messages)
{
	struct sender s = { .fd = self->p.req.prod };
	uint32_t got, want = 0;
	pthread_t thread;

	if (!can_park(self->p.req.dev))
		SKIP(return, NO_WAIT);
	set_nonblock(s.fd, true);
	ASSERT_EQ(0, pthread_create(&thread, NULL, sender, &s));
	for (int i = 0; i < ROUNDS; i++) {
		int64_t res[2];
		uint64_t data;

		get_sqe(&self->u, RECV, &got, sizeof(got))->user_data = DATA;
		ASSERT_LE(1, io_uring_submit(&self->u));
		ASSERT_TRUE(submit_cancel(&self->u, self->p.req.cons, DATA, 0));
		for (int j = 0; j < 2; j++) {
			int64_t ret = next_cqe(&self->u, &data);

			res[data == DATA] = ret;
		}
		EXPECT_TRUE(res[0] == 1 || res[0] == -ENOENT);
		EXPECT_EQ(res[0] == 1 ? -ECANCELED : (int)sizeof(got), res[1]);
		EXPECT_TRUE(res[0] == 1 || got == want++);
		ASSERT_TRUE(pending(&self->u));
	}
	__atomic_store_n(&s.stop, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	set_nonblock(self->p.req.cons, true);
	while (chan_read(self->p.req.cons, &got, sizeof(got)) == sizeof(got))
		EXPECT_EQ(want++, got);
	EXPECT_EQ(s.nr, want);
}

/* Its own side */

static bool ring_works(struct io_uring *u)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(u);

	io_uring_prep_nop(sqe);
	return io_uring_submit(u) >= 1 && next_cqe(u, NULL) == 0;
}

/* Another thread of the side is stuck in a page fault: that is not the ring's problem. */
TEST_F(park, behind_a_stalled_reader)
{
	struct call read = { CALL_READ, self->p.req.cons, NULL, 64 };
	int uffd;

	if (!can_park(self->p.req.dev))
		SKIP(return, NO_WAIT);
	uffd = stalled_page((char **)&read.buf);
	if (uffd < 0)
		SKIP(return, "userfaultfd: %s", strerror(-uffd));
	ASSERT_EQ(1, chan_write(self->p.req.prod, "a", 1));
	ASSERT_TRUE(call_start(&read));
	ASSERT_EQ(1, chan_write(self->p.req.prod, "b", 1));
	ASSERT_TRUE(PARK(RECV, self->buf, 64));
	EXPECT_TRUE(ring_works(&self->u));
	EXPECT_EQ(1, CANCEL(self->p.req.cons, 0, 1));
	ASSERT_TRUE(PARK(RECV, self->buf, 64));
	ASSERT_EQ(0, let_go(uffd, read.buf));
	EXPECT_EQ(1, call_finish(&read));
	EXPECT_EQ(1, next_cqe(&self->u, NULL));
	EXPECT_EQ('b', self->buf[0]);
	close(uffd);
}

TEST_F(park, behind_a_stalled_writer)
{
	struct call write = { CALL_WRITE, self->p.req.prod, NULL, 64 };
	int uffd;

	if (!can_park(self->p.req.dev))
		SKIP(return, NO_WAIT);
	uffd = stalled_page((char **)&write.buf);
	if (uffd < 0)
		SKIP(return, "userfaultfd: %s", strerror(-uffd));
	ASSERT_TRUE(call_start(&write));
	ASSERT_TRUE(PARK(SEND, "b", 1));
	EXPECT_TRUE(ring_works(&self->u));
	ASSERT_EQ(0, let_go(uffd, write.buf));
	EXPECT_EQ(64, call_finish(&write));
	EXPECT_EQ(1, next_cqe(&self->u, NULL));
	ASSERT_EQ(64, chan_read(self->p.req.cons, self->buf, 64));
	ASSERT_EQ(1, chan_read(self->p.req.cons, self->buf, 64));
}

/* Woken, and then a reader is in its way: it parks again. */
TEST_F(park, woken_behind_a_stalled_reader)
{
	struct call read = { CALL_READ, self->p.req.cons, NULL, 64 };
	int uffd;

	if (!can_park(self->p.req.dev))
		SKIP(return, NO_WAIT);
	/* Only there it looks when we say so. */
	if (!(variant->setup & IORING_SETUP_DEFER_TASKRUN))
		return;
	uffd = stalled_page((char **)&read.buf);
	if (uffd < 0)
		SKIP(return, "userfaultfd: %s", strerror(-uffd));
	ASSERT_TRUE(PARK(RECV, self->buf, 64));
	ASSERT_EQ(1, chan_write(self->p.req.prod, "a", 1));
	ASSERT_EQ(1, chan_write(self->p.req.prod, "b", 1));
	ASSERT_TRUE(call_start(&read));
	EXPECT_TRUE(pending(&self->u));
	EXPECT_TRUE(ring_works(&self->u));
	ASSERT_EQ(0, let_go(uffd, read.buf));
	EXPECT_EQ(1, call_finish(&read));
	EXPECT_EQ(1, next_cqe(&self->u, NULL));
	EXPECT_EQ('b', self->buf[0]);
	close(uffd);
}

/* A worker waits for the reader, on every kernel, and has no -ERESTARTSYS to tell. */
TEST_F(park, worker_is_cancelled_behind_a_stalled_reader)
{
	struct call read = { CALL_READ, self->p.req.cons, NULL, 64 };
	struct io_uring_sqe *sqe;
	int64_t ret[2];
	uint64_t data;
	int uffd;

	uffd = stalled_page((char **)&read.buf);
	if (uffd < 0)
		SKIP(return, "userfaultfd: %s", strerror(-uffd));
	ASSERT_EQ(1, chan_write(self->p.req.prod, "a", 1));
	ASSERT_TRUE(call_start(&read));
	sqe = get_sqe(&self->u, RECV, self->buf, 64);
	sqe->flags = IOSQE_ASYNC;
	ASSERT_LE(1, io_uring_submit(&self->u));
	wait_worker();
	sqe = io_uring_get_sqe(&self->u);
	io_uring_prep_cancel64(sqe, IPCRING_URING_RECV, 0);
	sqe->user_data = 1;
	ASSERT_LE(1, io_uring_submit(&self->u));
	for (int i = 0; i < 2; i++) {
		int64_t res = next_cqe(&self->u, &data);

		ret[data == 1] = res;
	}
	EXPECT_EQ(-EINTR, ret[0]);
	ASSERT_EQ(0, let_go(uffd, read.buf));
	EXPECT_EQ(1, call_finish(&read));
	close(uffd);
}

/* Lengths are checked before anybody waits for room. */
TEST_F(park, too_long_for_a_full_lane)
{
	char big[65] = "";
	struct ipcring_call c = call_param(self->p.rep.cons, big, self->buf, 64);

	for (int i = 0; i < 4; i++)
		ASSERT_EQ(1, chan_write(self->p.req.prod, "x", 1));
	EXPECT_EQ(-EMSGSIZE, run(&self->u, 0, SEND, big, 65));
	EXPECT_EQ(-EMSGSIZE, run(&self->u, 0, SEND, big, 0));
	EXPECT_EQ(-EMSGSIZE, run(&self->u, 0, SEND, big, ~0U));
	c.send_len = 65;
	EXPECT_EQ(-EMSGSIZE, run(&self->u, 0, CALL, &c, sizeof(c)));
	EXPECT_EQ(0, c.sent);
	close(self->p.rep.cons);
	self->p.rep.cons = reopen(&self->p.rep);
	EXPECT_LE(0, self->p.rep.cons);
}

/* Other shapes of channels */

static int open_shape(struct chan *c, struct ipcring_create p)
{
	p.size = sizeof(p);
	c->dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	c->control = errno_or(ioctl(c->dev, IPCRING_IOC_CREATE, &p));
	c->prod = chan_endpoint(c->control, IPCRING_ROLE_PRODUCER, 0);
	c->cons = chan_endpoint(c->control, IPCRING_ROLE_CONSUMER, 0);
	return c->prod < 0 ? c->prod : c->cons;
}

/*
 * Consumers share the work: two parked commands of two rings and a reader. A mapped
 * producer wakes them once, whoever takes the message; what comes next must find the others.
 */
TEST_F(park, shared_consumers)
{
	struct call read = { CALL_READ, 0, self->buf, 64 };
	char bufs[2][64];
	struct io_uring other;
	struct chan c;
	struct ring r;
	int cons;

	if (!can_park(self->p.req.dev))
		SKIP(return, NO_WAIT);
	ASSERT_LE(0, open_shape(&c, (struct ipcring_create){
		.slots = 4, .msg_size = 64, .lanes = 2, .consumers = 2 }));
	cons = chan_endpoint(c.control, IPCRING_ROLE_CONSUMER, 0);
	ASSERT_LE(0, cons);
	ASSERT_EQ(0, map_ring(c.prod, &r));
	ASSERT_EQ(0, ring_setup(&other, variant->setup));
	read.fd = cons;
	ASSERT_TRUE(park(&self->u, DATA, IPCRING_URING_RECV, c.cons, bufs[0], 64));
	ASSERT_TRUE(park(&other, DATA, IPCRING_URING_RECV, cons, bufs[1], 64));
	ASSERT_TRUE(call_start(&read));
	/* Cancelled ones take nobody's turn. */
	ASSERT_EQ(1, cancel(&other, cons, DATA, 0, 1));
	ASSERT_TRUE(park(&other, DATA, IPCRING_URING_RECV, cons, bufs[1], 64));
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(0, map_send(c.prod, &r, "x", 1));
	EXPECT_EQ(1, next_cqe(&self->u, NULL));
	EXPECT_EQ(1, next_cqe(&other, NULL));
	EXPECT_EQ(1, call_finish(&read));
	EXPECT_EQ(-ETIMEDOUT, chan_wait(c.cons, 0));
	io_uring_queue_exit(&other);
	unmap_ring(&r);
	close(cons);
	chan_close(&c);
}

/* The smaller one has its room first, from a mapped consumer that is asked to say so. */
TEST_F(park, records_of_different_sizes)
{
	char big[4096] = "";
	struct chan c;
	struct ring r;
	uint64_t data;

	if (!can_park(self->p.req.dev))
		SKIP(return, NO_WAIT);
	ASSERT_LE(0, open_shape(&c, (struct ipcring_create){
		.flags = IPCRING_CREATE_RECORDS, .bytes = 4096, .msg_size = 4000 }));
	ASSERT_EQ(0, map_ring(c.cons, &r));
	r.size = 4096;
	/* 104 and 3984 bytes with their heads: 8 are left, room for none. */
	ASSERT_EQ(96, chan_write(c.prod, big, 96));
	ASSERT_EQ(3976, chan_write(c.prod, big, 3976));
	ASSERT_TRUE(park(&self->u, 1, IPCRING_URING_SEND, c.prod, big, 2000));
	ASSERT_TRUE(park(&self->u, 2, IPCRING_URING_SEND, c.prod, big, 40));
	ASSERT_TRUE(park(&self->u, 3, IPCRING_URING_SEND, c.prod, big, 1));
	ASSERT_EQ(96, map_recv(c.cons, &r, big));
	for (int i = 0; i < 2; i++) {
		EXPECT_LT(0, next_cqe(&self->u, &data));
		EXPECT_NE(1, data);
	}
	ASSERT_TRUE(pending(&self->u));
	ASSERT_EQ(3976, map_recv(c.cons, &r, big));
	EXPECT_EQ(2000, next_cqe(&self->u, &data));
	EXPECT_EQ(1, data);
	chan_close(&c);
}

/* The last of several that have room leaves: those that wait for less must hear of it. */
TEST_F(park, records_cancelled)
{
	char big[4096] = "";
	struct chan c;
	struct ring r;
	uint64_t data;

	if (!can_park(self->p.req.dev))
		SKIP(return, NO_WAIT);
	ASSERT_LE(0, open_shape(&c, (struct ipcring_create){
		.flags = IPCRING_CREATE_RECORDS, .bytes = 4096, .msg_size = 4000 }));
	ASSERT_EQ(0, map_ring(c.cons, &r));
	r.size = 4096;
	ASSERT_EQ(96, chan_write(c.prod, big, 96));
	ASSERT_EQ(3976, chan_write(c.prod, big, 3976));
	ASSERT_TRUE(park(&self->u, 1, IPCRING_URING_SEND, c.prod, big, 1));
	ASSERT_TRUE(park(&self->u, 2, IPCRING_URING_SEND, c.prod, big, 2000));
	EXPECT_EQ(1, cancel(&self->u, c.prod, 1, 0, 1));
	ASSERT_EQ(96, map_recv(c.cons, &r, big));
	ASSERT_TRUE(pending(&self->u));
	ASSERT_EQ(3976, map_recv(c.cons, &r, big));
	EXPECT_EQ(2000, next_cqe(&self->u, &data));
	EXPECT_EQ(2, data);
	chan_close(&c);
}

/* What is left */

static long refcount(void)
{
	FILE *f = fopen("/sys/module/ipcring/refcnt", "re");
	long n = -1;

	if (f && fscanf(f, "%ld", &n) != 1)
		n = -1;
	if (f)
		fclose(f);
	return n;
}

static int park_and_die(struct pair *p, uint32_t setup)
{
	struct ipcring_call c = call_param(p->rep.cons, "x", NULL, 64);
	struct io_uring u;
	char buf[2][64];

	if (ring_setup(&u, setup))
		return 1;
	get_sqe(&u, IPCRING_URING_RECV, p->rep.cons, buf[0], 64);
	get_sqe(&u, IPCRING_URING_CALL, p->req.prod, &c, sizeof(c));
	if (io_uring_submit(&u) < 2 || !pending(&u))
		return 2;
	if (!submit_cancel(&u, p->rep.cons, IPCRING_URING_RECV, 0))
		return 3;
	/* Sent, it is woken and dies. */
	chan_write(p->rep.prod, "y", 1);
	raise(SIGKILL);
	return 4;
}

TEST_F(park, module_is_let_go)
{
	pid_t pid;

	if (refcount() < 0)
		SKIP(return, "/sys/module/ipcring/refcnt: %s", strerror(errno));
	set_nonblock(self->p.req.cons, true);
	set_nonblock(self->p.rep.cons, true);
	for (int i = 0; i < 10; i++) {
		pid = fork();
		if (pid == 0)
			_exit(park_and_die(&self->p, variant->setup));
		ASSERT_EQ(can_park(self->p.req.dev) ? 128 + SIGKILL : 2, reap(pid));
		while (chan_read(self->p.req.cons, self->buf, 64) > 0)
			;
		while (chan_read(self->p.rep.cons, self->buf, 64) > 0)
			;
	}
	io_uring_queue_exit(&self->u);
	pair_close(&self->p);
	while (refcount())
		sched_yield();
	/* For the teardown. */
	OPEN_PAIR(&self->p, 1, 64);
	ASSERT_EQ(0, ring_setup(&self->u, 0));
}

TEST_HARNESS_MAIN
