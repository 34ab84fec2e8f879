// SPDX-License-Identifier: GPL-2.0
/* The probes of what is a pipe, too: FIFOs, packets, and pages that vmsplice() puts in. */
#include "traced.h"
#include <limits.h>
#include <sys/stat.h>
#include <sys/uio.h>

#define PAGE	4096u

/* Each message at a place of its own: the pipe has the page, and no copy. */
static char *lent(const struct cell *c, const char *buf)
{
	static char *mem;
	uint64_t i;

	if (!mem)
		mem = aligned_alloc(PAGE, (c->n * c->size + PAGE - 1) / PAGE * PAGE);
	memcpy(&i, buf, sizeof(i));
	return memcpy(mem + i * c->size, buf, c->size);
}

static bool splice_send(const struct cell *c, const char *buf)
{
	const char *from = lent(c, buf);
	size_t done = 0;

	while (done < c->size) {
		struct iovec part = { (char *)from + done, c->size - done };
		ssize_t n = vmsplice(c->wfd, &part, 1, c->busy ? SPLICE_F_NONBLOCK : 0);

		if (n < 0 && errno == EAGAIN && c->busy) {
			sched_yield();
			continue;
		}
		if (n <= 0)
			return false;
		done += n;
	}
	return true;
}

/* Nobody sends from there again before the receiver has all. */
static ssize_t splice_recv(const struct cell *c, char *buf, size_t room)
{
	return read(c->rfd, buf, room);
}

static bool read_sleeps(const struct cell *c)
{
	return blocked_in_read(c->receiver, c->rfd);
}

static const struct cell_io splice_io = { splice_send, splice_recv, read_sleeps };

enum kind { FIFO, PACKET, SPLICE };

static const char *const mech[] = {
	[FIFO] = "fifo", [PACKET] = "pipe-packet", [SPLICE] = "pipe-splice",
};

/* On 7.3 its operations call those of other pipes, which must not count twice. */
static int open_fifo(int fd[2])
{
	char path[64];

	snprintf(path, sizeof(path), "/tmp/ipcscope-pipes-%d", getpid());
	if (mkfifo(path, 0600))
		return -1;
	fd[0] = open(path, O_RDONLY | O_NONBLOCK);
	fd[1] = open(path, O_WRONLY);
	unlink(path);
	return fd[0] < 0 || fd[1] < 0 ? -1 : fcntl(fd[0], F_SETFL, 0);
}

static int open_kind(enum kind kind, int fd[2])
{
	if (kind == FIFO)
		return open_fifo(fd);
	return pipe2(fd, kind == PACKET ? O_DIRECT : 0);
}

FIXTURE(pipes)
{
	struct trace *t;
	int fd[2];
};

FIXTURE_VARIANT(pipes)
{
	enum kind kind;
	enum shape shape;
	bool same_cpu;
};

#define VARIANT(name, ...) FIXTURE_VARIANT_ADD(pipes, name) { __VA_ARGS__ }

VARIANT(fifo_in_step, .kind = FIFO, .shape = IN_STEP, .same_cpu = true);
VARIANT(fifo_backlog, .kind = FIFO, .shape = BACKLOG);
VARIANT(fifo_stream, .kind = FIFO, .shape = STREAM);
VARIANT(packet_in_step, .kind = PACKET, .shape = IN_STEP, .same_cpu = true);
VARIANT(packet_backlog, .kind = PACKET, .shape = BACKLOG);
VARIANT(packet_stream, .kind = PACKET, .shape = STREAM);
VARIANT(splice_in_step, .kind = SPLICE, .shape = IN_STEP, .same_cpu = true);
VARIANT(splice_in_step_two_cpus, .kind = SPLICE, .shape = IN_STEP);
VARIANT(splice_backlog, .kind = SPLICE, .shape = BACKLOG);
VARIANT(splice_stream, .kind = SPLICE, .shape = STREAM);
VARIANT(splice_stream_same_cpu, .kind = SPLICE, .shape = STREAM, .same_cpu = true);

FIXTURE_SETUP(pipes)
{
	ASSERT_EQ(0, open_kind(variant->kind, self->fd));
	/* 256 messages without a reader, whatever each takes of it. */
	ASSERT_LE(256 * PAGE, fcntl(self->fd[1], F_SETPIPE_SZ, 256 * PAGE));
	OPEN_TRACE(self->t, mech[variant->kind]);
}

FIXTURE_TEARDOWN(pipes)
{
	trace_close(self->t);
}

#define CELL(...) {							\
	.wfd = self->fd[1], .rfd = self->fd[0], .shape = variant->shape,	\
	.io = variant->kind == SPLICE ? &splice_io : NULL,		\
	.same_cpu = variant->same_cpu, __VA_ARGS__ }

TEST_F(pipes, size_64)
{
	struct cell c = CELL(.size = 64, .n = 200, .first = 10, .last = 180);

	expect_all(_metadata, &c, self->t);
	expect_all(_metadata, &c, self->t);
}

TEST_F(pipes, size_4096)
{
	struct cell c = CELL(.size = PAGE, .n = 16, .first = 3, .last = 4);

	expect_all(_metadata, &c, self->t);
}

FIXTURE(splice)
{
	struct trace *t;
	int fd[2];
};

FIXTURE_SETUP(splice)
{
	ASSERT_EQ(0, pipe(self->fd));
	OPEN_TRACE(self->t, "pipe-splice");
}

FIXTURE_TEARDOWN(splice)
{
	trace_close(self->t);
}

#define SPLICE_CELL(...) {						\
	.io = &splice_io, .wfd = self->fd[1], .rfd = self->fd[0], .shape = STREAM, __VA_ARGS__ }

/* A message of more pages than the pipe has slots goes in part by part, and is one. */
TEST_F(splice, larger_than_the_pipe)
{
	struct cell c = SPLICE_CELL(.size = 20 * PAGE + 8, .n = 20, .first = 0, .last = 20);

	expect_all(_metadata, &c, self->t);
	c.same_cpu = true;
	c.busy = true;
	expect_all(_metadata, &c, self->t);
}

/* Several messages in one read, and several reads for a message. */
TEST_F(splice, reads_of_any_size)
{
	struct cell c = SPLICE_CELL(.size = 64, .n = 200, .first = 20, .last = 180,
				    .read_size = 1000);

	expect_all(_metadata, &c, self->t);
	c.read_size = 24;
	expect_all(_metadata, &c, self->t);
}

/* A thief takes the first message: every receive then meets the send before. */
TEST_F(splice, mispaired)
{
	struct cell c = SPLICE_CELL(.size = 64, .n = 10, .first = 0, .last = 10);
	struct mech_why why = { "" };
	struct trace_result res;
	char stolen[64];

	cell_launch(_metadata, &c, self->t);
	ASSERT_EQ(0, trace_start(self->t, c.sender, c.receiver, &why));
	ASSERT_TRUE(cell_go(&c, 0));
	ASSERT_EQ(0, reap(c.sender));
	ASSERT_EQ(64, read(c.rfd, stolen, 64));
	ASSERT_TRUE(cell_go(&c, 1));
	while (*c.seen != 9 * 64 || !read_sleeps(&c))
		sched_yield();
	kill(c.receiver, SIGKILL);
	reap(c.receiver);
	STOP_TRACE(self->t, &res);
	EXPECT_EQ(10, res.cert.sent);
	EXPECT_EQ(9, res.cert.received);
	EXPECT_EQ(9, res.cert.mispaired);
}

/* What somebody else writes between ours is not taken for the sender's. */
TEST_F(splice, foreign_writer)
{
	struct cell c = SPLICE_CELL(.size = 64, .n = 11, .first = 0, .last = 10);
	struct mech_why why = { "" };
	struct trace_result res;
	char forged[64] = "";

	cell_launch(_metadata, &c, self->t);
	c.n = 10;
	cell_replace(_metadata, &c, 0, cell_send);
	ASSERT_EQ(0, trace_start(self->t, c.sender, c.receiver, &why));
	ASSERT_TRUE(cell_go(&c, 0));
	ASSERT_EQ(0, reap(c.sender));
	memcpy(forged, &(uint64_t){ 10 }, 8);
	ASSERT_EQ(64, write(c.wfd, forged, 64));
	ASSERT_TRUE(cell_go(&c, 1));
	EXPECT_EQ(0, reap(c.receiver));
	STOP_TRACE(self->t, &res);
	EXPECT_EQ(10, res.cert.sent);
	EXPECT_EQ(10, res.cert.received);
	EXPECT_EQ(1, res.cert.unmatched);
}

TEST_HARNESS_MAIN
