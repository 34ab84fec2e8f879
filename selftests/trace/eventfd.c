// SPDX-License-Identifier: GPL-2.0
/* The probes of eventfds: what is sent is a count, what it is about is in shared memory. */
#include "traced.h"
#include <sys/eventfd.h>

/* The message's number, for whoever takes a notification; by number. */
static uint64_t *box;

static bool post(const struct cell *c, const char *buf)
{
	uint64_t one = 1, i;

	memcpy(&i, buf, sizeof(i));
	box[i] = i;
	return write(c->wfd, &one, sizeof(one)) == sizeof(one);
}

static ssize_t take(const struct cell *c, char *buf, size_t room)
{
	uint64_t count;

	if (read(c->rfd, &count, sizeof(count)) != sizeof(count))
		return -1;
	for (uint64_t i = 0; i < count; i++)
		memcpy(buf + i * c->size, &box[*c->seen / c->size + i], sizeof(*box));
	return count * c->size;
}

static bool read_sleeps(const struct cell *c)
{
	return blocked_in_read(c->receiver, c->rfd);
}

static const struct cell_io eventfd_io = { post, take, read_sleeps };

FIXTURE(eventfd)
{
	struct trace *t;
	int fd;
};

FIXTURE_VARIANT(eventfd)
{
	int flags;
	enum shape shape;
	bool same_cpu;
};

#define VARIANT(name, ...) FIXTURE_VARIANT_ADD(eventfd, name) { __VA_ARGS__ }

VARIANT(each_in_step, .flags = EFD_SEMAPHORE, .shape = IN_STEP, .same_cpu = true);
VARIANT(each_in_step_two_cpus, .flags = EFD_SEMAPHORE, .shape = IN_STEP);
VARIANT(each_backlog, .flags = EFD_SEMAPHORE, .shape = BACKLOG);
VARIANT(each_stream, .flags = EFD_SEMAPHORE, .shape = STREAM);
VARIANT(each_stream_same_cpu, .flags = EFD_SEMAPHORE, .shape = STREAM, .same_cpu = true);
VARIANT(all_in_step, .shape = IN_STEP, .same_cpu = true);
VARIANT(all_backlog, .shape = BACKLOG);
VARIANT(all_stream, .shape = STREAM);
VARIANT(all_stream_same_cpu, .shape = STREAM, .same_cpu = true);

FIXTURE_SETUP(eventfd)
{
	box = mmap(NULL, 4096 * sizeof(*box), PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, box);
	self->fd = eventfd(0, variant->flags);
	ASSERT_LE(0, self->fd);
	OPEN_TRACE(self->t, "eventfd-slots");
}

FIXTURE_TEARDOWN(eventfd)
{
	trace_close(self->t);
}

#define CELL(...) {							\
	.io = &eventfd_io, .wfd = self->fd, .rfd = self->fd, .size = 8,	\
	.shape = variant->shape, .same_cpu = variant->same_cpu, __VA_ARGS__ }

/* One read for each message, or one for all that there are: each gets its own send. */
TEST_F(eventfd, paired)
{
	struct cell c = CELL(.n = 1200, .first = 100, .last = 1150);

	expect_all(_metadata, &c, self->t);
	expect_all(_metadata, &c, self->t);
}

/* Others' messages at the same time are nobody's business. */
TEST_F(eventfd, foreign_pair)
{
	struct cell c = CELL(.n = 200, .first = 0, .last = 200);
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
	int fd;
};

FIXTURE_SETUP(stream)
{
	box = mmap(NULL, 4096 * sizeof(*box), PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, box);
	self->fd = eventfd(0, EFD_SEMAPHORE);
	ASSERT_LE(0, self->fd);
	OPEN_TRACE(self->t, "eventfd-slots");
}

FIXTURE_TEARDOWN(stream)
{
	trace_close(self->t);
}

#define STREAM_CELL(...) {						\
	.io = &eventfd_io, .wfd = self->fd, .rfd = self->fd, .size = 8,	\
	.shape = STREAM, __VA_ARGS__ }

/* A counter that somebody else also takes from does not say what it did: no message is right. */
TEST_F(stream, thief)
{
	struct cell c = STREAM_CELL(.n = 10, .first = 0, .last = 10);
	struct mech_why why = { "" };
	struct trace_result res;
	uint64_t one;

	cell_launch(_metadata, &c, self->t);
	ASSERT_EQ(0, trace_start(self->t, c.sender, c.receiver, &why));
	ASSERT_TRUE(cell_go(&c, 0));
	ASSERT_EQ(0, reap(c.sender));
	ASSERT_EQ(8, read(c.rfd, &one, 8));
	ASSERT_TRUE(cell_go(&c, 1));
	while (*c.seen != 9 * 8 || !read_sleeps(&c))
		sched_yield();
	kill(c.receiver, SIGKILL);
	reap(c.receiver);
	STOP_TRACE(self->t, &res);
	EXPECT_EQ(10, res.cert.sent);
	EXPECT_EQ(9, res.cert.received);
	EXPECT_EQ(1, res.cert.in_flight);
	EXPECT_LT(0, res.cert.mispaired);
}

/* Nor does one that somebody else adds to. */
TEST_F(stream, forger)
{
	struct cell c = STREAM_CELL(.n = 10, .first = 0, .last = 10);
	struct mech_why why = { "" };
	struct trace_result res;
	uint64_t one = 1;

	cell_launch(_metadata, &c, self->t);
	ASSERT_EQ(0, trace_start(self->t, c.sender, c.receiver, &why));
	ASSERT_TRUE(cell_go(&c, 0));
	ASSERT_EQ(0, reap(c.sender));
	ASSERT_EQ(8, write(c.wfd, &one, 8));
	ASSERT_TRUE(cell_go(&c, 1));
	EXPECT_EQ(0, reap(c.receiver));
	STOP_TRACE(self->t, &res);
	EXPECT_EQ(10, res.cert.sent);
	EXPECT_LT(0, res.cert.mispaired);
}

/* Credits: what was there before anybody sent is no message, and neither is what comes back. */
TEST_F(stream, credits)
{
	struct cell c = STREAM_CELL(.n = 100, .first = 0, .last = 100);
	struct mech_why why = { "" };
	struct trace_result res;
	uint64_t stock = 200;

	ASSERT_EQ(8, write(self->fd, &stock, 8));
	cell_launch(_metadata, &c, self->t);
	ASSERT_EQ(0, trace_start(self->t, c.sender, c.receiver, &why));
	ASSERT_TRUE(cell_go(&c, 0));
	EXPECT_EQ(0, reap(c.sender));
	ASSERT_TRUE(cell_go(&c, 1));
	EXPECT_EQ(0, reap(c.receiver));
	STOP_TRACE(self->t, &res);
	EXPECT_EQ(0, res.cert.sent);
	EXPECT_EQ(0, res.measured);
	expect_clean_cert(_metadata, &res.cert);
}

/* It would sleep until there is room again, or fail. */
static int send_too_much(const struct cell *c)
{
	uint64_t most = ~0ULL - 1, one = 1;

	if (write(c->wfd, &one, 8) != 8)
		return 1;
	return write(c->wfd, &most, 8) == -1 && errno == EAGAIN ? 0 : 1;
}

TEST_F(stream, full)
{
	struct cell c = STREAM_CELL(.n = 1, .first = 0, .last = 1);
	struct mech_why why = { "" };
	struct trace_result res;

	ASSERT_EQ(0, fcntl(c.wfd, F_SETFL, O_NONBLOCK));
	cell_launch(_metadata, &c, self->t);
	cell_replace(_metadata, &c, 0, send_too_much);
	ASSERT_EQ(0, trace_start(self->t, c.sender, c.receiver, &why));
	ASSERT_TRUE(cell_go(&c, 0));
	EXPECT_EQ(0, reap(c.sender));
	ASSERT_TRUE(cell_go(&c, 1));
	EXPECT_EQ(0, reap(c.receiver));
	STOP_TRACE(self->t, &res);
	EXPECT_EQ(1, res.cert.sent);
	EXPECT_EQ(1, res.cert.received);
	EXPECT_EQ(1, res.cert.unmatched);
}

TEST_HARNESS_MAIN
