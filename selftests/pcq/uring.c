// SPDX-License-Identifier: GPL-2.0
/* io_uring drives the endpoints by what read(), write() and poll() offer. */
#include "set.h"

#include <liburing.h>
#include <sys/eventfd.h>

FIXTURE(uring) {
	struct set s;
	struct io_uring ring;
	char buf[8];
};

FIXTURE_VARIANT(uring) {
	uint32_t on;		/* where the task runs; the queue is CPU 0's */
};

FIXTURE_VARIANT_ADD(uring, local) { .on = 0 };
FIXTURE_VARIANT_ADD(uring, remote) { .on = 1 };

FIXTURE_SETUP(uring)
{
	int ret;

	NEED_CPUS(2);
	OPEN_SET(&self->s, 0, .slots = 2, .msg_size = 8);
	ASSERT_EQ(0, cpu_pin(variant->on));
	ret = io_uring_queue_init(8, &self->ring, 0);
	if (ret)
		SETUP_SKIP("io_uring: %s", strerror(-ret));
}

FIXTURE_TEARDOWN(uring)
{
	io_uring_queue_exit(&self->ring);
	set_close(&self->s);
	cpu_unpin();
}

static int submit(struct io_uring *ring, uint8_t op, int fd, void *buf, uint32_t len)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

	switch (op) {
	case IORING_OP_READ:
		io_uring_prep_read(sqe, fd, buf, len, -1);
		break;
	case IORING_OP_WRITE:
		io_uring_prep_write(sqe, fd, buf, len, -1);
		break;
	case IORING_OP_POLL_ADD:
		io_uring_prep_poll_add(sqe, fd, len);
		break;
	}
	return io_uring_submit(ring);
}

static bool pending(struct io_uring *ring)
{
	struct io_uring_cqe *cqe;

	/* Runs what completed for us meanwhile. */
	io_uring_get_events(ring);
	return io_uring_peek_cqe(ring, &cqe) == -EAGAIN;
}

static int result(struct io_uring *ring)
{
	struct io_uring_cqe *cqe;
	int ret = io_uring_wait_cqe(ring, &cqe);

	if (ret)
		return ret;
	ret = cqe->res;
	io_uring_cqe_seen(ring, cqe);
	return ret;
}

TEST_F(uring, write_and_read)
{
	for (int i = 0; i < 5; i++) {
		ASSERT_EQ(1, submit(&self->ring, IORING_OP_WRITE, self->s.sender, "hello", 5));
		EXPECT_EQ(5, result(&self->ring));
		ASSERT_EQ(1, submit(&self->ring, IORING_OP_READ, self->s.receiver, self->buf, 8));
		EXPECT_EQ(5, result(&self->ring));
		EXPECT_EQ(0, memcmp(self->buf, "hello", 5));
	}
}

TEST_F(uring, read_completes_when_a_message_comes)
{
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(1, submit(&self->ring, IORING_OP_READ, self->s.receiver, self->buf, 8));
		EXPECT_TRUE(pending(&self->ring));
		ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
		EXPECT_EQ(1, result(&self->ring));
		EXPECT_EQ('x', self->buf[0]);
	}
}

TEST_F(uring, write_completes_when_there_is_room)
{
	ASSERT_EQ(1, chan_write(self->s.sender, "a", 1));
	ASSERT_EQ(1, chan_write(self->s.sender, "b", 1));
	ASSERT_EQ(1, submit(&self->ring, IORING_OP_WRITE, self->s.sender, "c", 1));
	EXPECT_TRUE(pending(&self->ring));
	ASSERT_EQ(1, chan_read(self->s.receiver, self->buf, 8));
	EXPECT_EQ(1, result(&self->ring));
	ASSERT_EQ(1, chan_read(self->s.receiver, self->buf, 8));
	EXPECT_EQ('b', self->buf[0]);
	ASSERT_EQ(1, chan_read(self->s.receiver, self->buf, 8));
	EXPECT_EQ('c', self->buf[0]);
}

TEST_F(uring, poll_completes)
{
	ASSERT_EQ(1, submit(&self->ring, IORING_OP_POLL_ADD, self->s.receiver, NULL, POLLIN));
	EXPECT_TRUE(pending(&self->ring));
	ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	EXPECT_EQ(POLLIN, result(&self->ring));
	ASSERT_EQ(1, submit(&self->ring, IORING_OP_POLL_ADD, self->s.sender, NULL, POLLOUT));
	EXPECT_EQ(POLLOUT, result(&self->ring));
}

/* Several are in flight: each message completes one. */
TEST_F(uring, several_reads)
{
	char in[4][8];
	int sum = 0;

	for (int i = 0; i < 4; i++)
		ASSERT_EQ(1, submit(&self->ring, IORING_OP_READ, self->s.receiver, in[i], 8));
	EXPECT_TRUE(pending(&self->ring));
	for (int i = 0; i < 4; i++) {
		ASSERT_EQ(1, chan_write(self->s.sender, "wxyz" + i, 1));
		EXPECT_EQ(1, result(&self->ring));
		EXPECT_TRUE(pending(&self->ring));
	}
	for (int i = 0; i < 4; i++)
		sum += in[i][0];
	EXPECT_EQ('w' + 'x' + 'y' + 'z', sum);
}

TEST_F(uring, read_ends_with_the_senders)
{
	ASSERT_EQ(1, submit(&self->ring, IORING_OP_READ, self->s.receiver, self->buf, 8));
	EXPECT_TRUE(pending(&self->ring));
	close(self->s.sender);
	EXPECT_EQ(0, result(&self->ring));
}

TEST_F(uring, errors)
{
	ASSERT_EQ(1, submit(&self->ring, IORING_OP_WRITE, self->s.sender, self->buf, 9));
	EXPECT_EQ(-EMSGSIZE, result(&self->ring));
	ASSERT_EQ(1, submit(&self->ring, IORING_OP_WRITE, self->s.sender, BAD_PTR, 8));
	EXPECT_EQ(-EFAULT, result(&self->ring));
	ASSERT_EQ(1, submit(&self->ring, IORING_OP_WRITE, self->s.observer, self->buf, 8));
	EXPECT_EQ(-EBADF, result(&self->ring));
	ASSERT_EQ(1, submit(&self->ring, IORING_OP_READ, self->s.sender, self->buf, 8));
	EXPECT_EQ(-EINVAL, result(&self->ring));
	ASSERT_EQ(4, chan_write(self->s.sender, "four", 4));
	ASSERT_EQ(1, submit(&self->ring, IORING_OP_READ, self->s.receiver, self->buf, 3));
	EXPECT_EQ(-EMSGSIZE, result(&self->ring));
}

/* A read that still waits must not keep its task from dying. */
TEST_F(uring, exit_with_a_pending_read)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct io_uring ring;

		io_uring_queue_init(8, &ring, 0);
		submit(&ring, IORING_OP_READ, self->s.receiver, self->buf, 8);
		_exit(pending(&ring) ? 0 : 1);
	}
	EXPECT_EQ(0, reap(pid));
	ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	EXPECT_EQ(1, chan_read(self->s.receiver, self->buf, 8));
}

/*
 * Of what is submitted together, the first leaves the task work to do, which counts as a
 * signal where the task could sleep; the second has to fetch its page, and is not called off.
 */
TEST_F(uring, task_work_is_no_signal)
{
	int efd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	uint64_t one = 1;
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct io_uring_sqe *sqe;
	int sum = 0;

	ASSERT_LE(0, efd);
	ASSERT_NE(MAP_FAILED, page);
	ASSERT_EQ(1, submit(&self->ring, IORING_OP_POLL_ADD, efd, NULL, POLLIN));
	EXPECT_TRUE(pending(&self->ring));
	sqe = io_uring_get_sqe(&self->ring);
	io_uring_prep_write(sqe, efd, &one, sizeof(one), -1);
	sqe = io_uring_get_sqe(&self->ring);
	io_uring_prep_write(sqe, self->s.sender, page, 4, -1);
	ASSERT_EQ(2, io_uring_submit(&self->ring));
	/* In whatever order: POLLIN, 8 bytes, and the message. */
	for (int i = 0; i < 3; i++)
		sum += result(&self->ring);
	EXPECT_EQ(POLLIN + sizeof(one) + 4, sum);
	set_nonblock(self->s.receiver, true);
	EXPECT_EQ(4, chan_read(self->s.receiver, self->buf, 8));
	close(efd);
	munmap(page, 4096);
}

TEST_HARNESS_MAIN
