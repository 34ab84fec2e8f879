// SPDX-License-Identifier: GPL-2.0
/* The probes of SysV and POSIX message queues against runs whose outcome is known. */
#include "traced.h"
#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/resource.h>

/* What kernel.msgmax and fs.mqueue.msgsize_max are by default: three pages with the heads. */
#define MSG_MAX		8192

/**
 * struct kind - of queue
 * @mech:	the mechanism that is traced as it
 * @io:		how messages are passed
 * @open:	give @c a queue for @depth messages of its size
 * @sendnr:	system call that sleeps while the queue is full
 * @send_as:	send with a rank up to 9, of which the lowest is received first
 */
struct kind {
	const char *mech;
	struct cell_io io;
	bool (*open)(struct cell *c, unsigned int depth);
	long sendnr;
	bool (*send_as)(const struct cell *c, const char *buf, unsigned int rank);
};

struct message {
	long type;
	char text[MSG_MAX];
};

/* Interrupted, or told to try again: so it does. */
static bool once_more(const struct cell *c)
{
	return errno == EINTR || (errno == EAGAIN && c->busy && !sched_yield());
}

static bool sysv_open(struct cell *c, unsigned int depth)
{
	struct msqid_ds ds;

	c->wfd = msgget(IPC_PRIVATE, 0600);
	c->rfd = c->wfd;
	if (c->wfd < 0 || msgctl(c->wfd, IPC_STAT, &ds))
		return false;
	ds.msg_qbytes = depth * c->size;
	return !msgctl(c->wfd, IPC_SET, &ds);
}

static bool sysv_send_as(const struct cell *c, const char *buf, unsigned int rank)
{
	struct message m = { .type = rank };
	int ret;

	memcpy(m.text, buf, c->size);
	do {
		ret = msgsnd(c->wfd, &m, c->size, c->busy ? IPC_NOWAIT : 0);
	} while (ret && once_more(c));
	return !ret;
}

static bool sysv_send(const struct cell *c, const char *buf)
{
	return sysv_send_as(c, buf, 1);
}

/* Of the types up to 9 the lowest first. */
static ssize_t sysv_recv(const struct cell *c, char *buf, size_t room)
{
	struct message m;
	ssize_t len = msgrcv(c->rfd, &m, room, -9, 0);

	if (len > 0)
		memcpy(buf, m.text, len);
	return len;
}

static bool sysv_asleep(const struct cell *c)
{
	unsigned long arg;

	return blocked_in(c->receiver, SYS_msgrcv, &arg) && arg == (unsigned long)c->rfd;
}

static bool mq_open_cell(struct cell *c, unsigned int depth)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	struct mq_attr attr = { .mq_maxmsg = depth, .mq_msgsize = c->size };
	char name[64];

	setrlimit(RLIMIT_MSGQUEUE, &all);
	snprintf(name, sizeof(name), "/ipcscope-trace-%d", getpid());
	c->rfd = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
	c->wfd = mq_open(name, O_WRONLY | (c->busy ? O_NONBLOCK : 0));
	mq_unlink(name);
	return c->rfd >= 0 && c->wfd >= 0;
}

/* The highest priority comes first. */
static bool mq_send_as(const struct cell *c, const char *buf, unsigned int rank)
{
	int ret;

	do {
		ret = mq_send(c->wfd, buf, c->size, 9 - rank);
	} while (ret && once_more(c));
	return !ret;
}

static bool mq_send_cell(const struct cell *c, const char *buf)
{
	return mq_send_as(c, buf, 1);
}

static ssize_t mq_recv_cell(const struct cell *c, char *buf, size_t room)
{
	return mq_receive(c->rfd, buf, room, NULL);
}

static bool mq_asleep(const struct cell *c)
{
	unsigned long arg;

	return blocked_in(c->receiver, SYS_mq_timedreceive, &arg) &&
	       arg == (unsigned long)c->rfd;
}

static const struct kind sysv = {
	.mech = "sysv-msg",
	.io = { sysv_send, sysv_recv, sysv_asleep },
	.open = sysv_open,
	.sendnr = SYS_msgsnd,
	.send_as = sysv_send_as,
};

static const struct kind posix = {
	.mech = "posix-mq",
	.io = { mq_send_cell, mq_recv_cell, mq_asleep },
	.open = mq_open_cell,
	.sendnr = SYS_mq_timedsend,
	.send_as = mq_send_as,
};

FIXTURE(mq)
{
	const struct kind *kind;
	struct trace *t;
};

FIXTURE_VARIANT(mq)
{
	const struct kind *kind;
	enum shape shape;
	bool same_cpu;
};

#define VARIANT(name, way, where, cpus)						\
	FIXTURE_VARIANT_ADD(mq, name##_##where)					\
	{									\
		.kind = &(name), .shape = way, .same_cpu = cpus,		\
	}

VARIANT(sysv, IN_STEP, in_step_same_cpu, true);
VARIANT(sysv, IN_STEP, in_step_two_cpus, false);
VARIANT(sysv, BACKLOG, backlog, false);
VARIANT(sysv, STREAM, stream_same_cpu, true);
VARIANT(sysv, STREAM, stream_two_cpus, false);
VARIANT(posix, IN_STEP, in_step_same_cpu, true);
VARIANT(posix, IN_STEP, in_step_two_cpus, false);
VARIANT(posix, BACKLOG, backlog, false);
VARIANT(posix, STREAM, stream_same_cpu, true);
VARIANT(posix, STREAM, stream_two_cpus, false);

FIXTURE_SETUP(mq)
{
	self->kind = variant->kind;
	OPEN_TRACE(self->t, self->kind->mech);
}

FIXTURE_TEARDOWN(mq)
{
	trace_close(self->t);
}

#define CELL(...) {								\
	.io = &self->kind->io, .shape = variant->shape,				\
	.same_cpu = variant->same_cpu, __VA_ARGS__ }

static void cell_close(const struct kind *kind, const struct cell *c)
{
	if (kind == &sysv) {
		msgctl(c->wfd, IPC_RMID, NULL);
	} else {
		mq_close(c->wfd);
		mq_close(c->rfd);
	}
}

/* In step every message is handed to the sleeping receiver, and never in the queue. */
TEST_F(mq, size_16)
{
	struct cell c = CELL(.size = 16, .n = 1200, .first = 100, .last = 1150);

	ASSERT_TRUE(self->kind->open(&c, 1200));
	expect_all(_metadata, &c, self->t);
	cell_close(self->kind, &c);
}

/* The last that fits into a page with its head, and what has its own pages. */
TEST_F(mq, size_4048)
{
	struct cell c = CELL(.size = 4048, .n = 20, .first = 0, .last = 20);

	ASSERT_TRUE(self->kind->open(&c, 20));
	expect_all(_metadata, &c, self->t);
	cell_close(self->kind, &c);
}

TEST_F(mq, size_8192)
{
	struct cell c = CELL(.size = 8192, .n = 20, .first = 3, .last = 4);

	ASSERT_TRUE(self->kind->open(&c, 20));
	expect_all(_metadata, &c, self->t);
	expect_all(_metadata, &c, self->t);
	cell_close(self->kind, &c);
}

/* The sender sleeps for room with all but every message. */
TEST_F(mq, depth_1)
{
	struct cell c = CELL(.size = 64, .n = 200, .first = 0, .last = 200);

	if (c.shape == BACKLOG)
		c.shape = STREAM;
	ASSERT_TRUE(self->kind->open(&c, 1));
	expect_all(_metadata, &c, self->t);
	cell_close(self->kind, &c);
}

/* Refused while the queue is full: a message is one only when it goes in. */
TEST_F(mq, refused)
{
	struct cell c = CELL(.size = 64, .n = 200, .first = 0, .last = 200, .busy = true);

	if (c.shape == BACKLOG)
		c.shape = STREAM;
	ASSERT_TRUE(self->kind->open(&c, 2));
	expect_all(_metadata, &c, self->t);
	cell_close(self->kind, &c);
}

/* Others' messages at the same time, from the same memory, are nobody's business. */
TEST_F(mq, foreign_pair)
{
	struct cell other = { .io = &self->kind->io, .size = 64, .n = 1u << 16, .shape = STREAM };
	struct cell c = CELL(.size = 64, .n = 200, .first = 0, .last = 200);

	ASSERT_TRUE(self->kind->open(&other, 10));
	ASSERT_TRUE(self->kind->open(&c, 200));
	foreign_start(_metadata, &other);
	expect_all(_metadata, &c, self->t);
	foreign_stop(&other);
	cell_close(self->kind, &other);
	cell_close(self->kind, &c);
}

FIXTURE(queue)
{
	const struct kind *kind;
	struct trace *t;
};

FIXTURE_VARIANT(queue)
{
	const struct kind *kind;
};

FIXTURE_VARIANT_ADD(queue, sysv)
{
	.kind = &sysv,
};

FIXTURE_VARIANT_ADD(queue, posix)
{
	.kind = &posix,
};

FIXTURE_SETUP(queue)
{
	self->kind = variant->kind;
	OPEN_TRACE(self->t, self->kind->mech);
}

FIXTURE_TEARDOWN(queue)
{
	trace_close(self->t);
}

#define QUEUE_CELL(...) {							\
	.io = &self->kind->io, .size = 64, .n = 100, .first = 0, .last = 100,	\
	.shape = BACKLOG, __VA_ARGS__ }

/* Ranks of five in turn, sent from the last to the first, so the last overtakes four. */
static int send_ranked(const struct cell *c)
{
	const struct kind *kind = c->io == &sysv.io ? &sysv : &posix;
	char buf[64] = "";

	*c->gate = 1;
	for (uint64_t i = 0; i < c->n; i++) {
		memcpy(buf, &i, sizeof(i));
		if (!kind->send_as(c, buf, 5 - i % 5))
			return 1;
	}
	return 0;
}

/* The ranks one after the other, each in the order sent. */
static int recv_ranked(const struct cell *c)
{
	const uint64_t each = c->n / 5;
	uint64_t buf[8];

	for (uint64_t i = 0; i < c->n; i++) {
		if (c->io->recv(c, (char *)buf, sizeof(buf)) != sizeof(buf))
			return 1;
		if (buf[0] != i % each * 5 + 4 - i / each)
			return 3;
	}
	return 0;
}

TEST_F(queue, out_of_order)
{
	struct cell c = QUEUE_CELL();
	struct mech_why why = { "" };
	struct trace_result res;

	ASSERT_TRUE(self->kind->open(&c, 100));
	cell_launch(_metadata, &c, self->t);
	cell_replace(_metadata, &c, 0, send_ranked);
	cell_replace(_metadata, &c, 1, recv_ranked);
	ASSERT_EQ(0, trace_start(self->t, c.sender, c.receiver, &why));
	ASSERT_TRUE(cell_go(&c, 0));
	EXPECT_EQ(0, reap(c.sender));
	ASSERT_TRUE(cell_go(&c, 1));
	EXPECT_EQ(0, reap(c.receiver));
	STOP_TRACE(self->t, &res);
	EXPECT_EQ(100, res.cert.sent);
	expect_clean_cert(_metadata, &res.cert);
	expect_whole(_metadata, &c, &res);
	cell_close(self->kind, &c);
}

static void on_signal(int sig)
{
}

/* A send that a signal ends has sent nothing; what it asked for comes with the next. */
TEST_F(queue, interrupted)
{
	struct sigaction sa = { .sa_handler = on_signal }, old;
	struct cell c = QUEUE_CELL();
	struct mech_why why = { "" };
	struct trace_result res;
	unsigned long arg;

	c.shape = STREAM;
	ASSERT_TRUE(self->kind->open(&c, 1));
	ASSERT_EQ(0, sigaction(SIGUSR1, &sa, &old));
	cell_launch(_metadata, &c, self->t);
	ASSERT_EQ(0, trace_start(self->t, c.sender, c.receiver, &why));
	ASSERT_TRUE(cell_go(&c, 0));
	for (int i = 0; i < 20; i++) {
		while (!blocked_in(c.sender, self->kind->sendnr, &arg))
			sched_yield();
		ASSERT_EQ(0, kill(c.sender, SIGUSR1));
	}
	ASSERT_TRUE(cell_go(&c, 1));
	EXPECT_EQ(0, reap(c.sender));
	EXPECT_EQ(0, reap(c.receiver));
	STOP_TRACE(self->t, &res);
	EXPECT_EQ(100, res.cert.sent);
	expect_clean_cert(_metadata, &res.cert);
	expect_whole(_metadata, &c, &res);
	sigaction(SIGUSR1, &old, NULL);
	cell_close(self->kind, &c);
}

/* Received by somebody else: sent, and never seen to arrive; the others still are. */
TEST_F(queue, in_flight)
{
	struct cell c = QUEUE_CELL();
	struct mech_why why = { "" };
	struct trace_result res;
	char stolen[64];

	ASSERT_TRUE(self->kind->open(&c, 100));
	cell_launch(_metadata, &c, self->t);
	ASSERT_EQ(0, trace_start(self->t, c.sender, c.receiver, &why));
	ASSERT_TRUE(cell_go(&c, 0));
	ASSERT_EQ(0, reap(c.sender));
	ASSERT_EQ(64, c.io->recv(&c, stolen, 64));
	ASSERT_TRUE(cell_go(&c, 1));
	while (*c.seen != 99 * 64 || !c.io->asleep(&c))
		sched_yield();
	kill(c.receiver, SIGKILL);
	reap(c.receiver);
	STOP_TRACE(self->t, &res);
	EXPECT_EQ(100, res.cert.sent);
	EXPECT_EQ(99, res.cert.received);
	EXPECT_EQ(1, res.cert.in_flight);
	EXPECT_EQ(0, res.cert.unmatched);
	EXPECT_EQ(0, res.cert.mispaired);
	cell_close(self->kind, &c);
}

static int send_from_1(const struct cell *c)
{
	char buf[64] = "";

	for (uint64_t i = 1; i < c->n; i++) {
		memcpy(buf, &i, sizeof(i));
		if (!c->io->send(c, buf))
			return 1;
	}
	return 0;
}

/* Sent by somebody else: a receive without a send. */
TEST_F(queue, unmatched)
{
	struct cell c = QUEUE_CELL();
	struct mech_why why = { "" };
	struct trace_result res;
	char forged[64] = "";

	c.n = 101;
	ASSERT_TRUE(self->kind->open(&c, 101));
	ASSERT_TRUE(c.io->send(&c, forged));
	cell_launch(_metadata, &c, self->t);
	cell_replace(_metadata, &c, 0, send_from_1);
	ASSERT_EQ(0, trace_start(self->t, c.sender, c.receiver, &why));
	ASSERT_TRUE(cell_go(&c, 0));
	ASSERT_EQ(0, reap(c.sender));
	ASSERT_TRUE(cell_go(&c, 1));
	EXPECT_EQ(0, reap(c.receiver));
	STOP_TRACE(self->t, &res);
	EXPECT_EQ(100, res.cert.sent);
	EXPECT_EQ(100, res.cert.received);
	EXPECT_EQ(1, res.cert.unmatched);
	EXPECT_EQ(0, res.cert.mispaired);
	cell_close(self->kind, &c);
}

TEST_HARNESS_MAIN
