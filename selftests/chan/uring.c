// SPDX-License-Identifier: GPL-2.0
/* io_uring drives the endpoints by what read(), write() and poll() offer. */
#include "chan.h"

#include <linux/io_uring.h>

struct uring {
	int fd;
	uint32_t *sq_tail;
	uint32_t *cq_head;
	uint32_t *cq_tail;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
};

FIXTURE(uring) {
	struct chan c;
	struct uring u;
	char buf[64];
};

FIXTURE_SETUP(uring)
{
	struct io_uring_params p = { .flags = 0 };
	uint32_t *array;
	char *ring;

	OPEN_CHAN(&self->c, 1, 64);
	self->u.fd = syscall(SYS_io_uring_setup, 4, &p);
	if (self->u.fd < 0)
		SETUP_SKIP("io_uring: %s", strerror(errno));
	ASSERT_NE(0, p.features & IORING_FEAT_SINGLE_MMAP);
	ring = mmap(NULL, p.cq_off.cqes + p.cq_entries * sizeof(*self->u.cqes),
		    PROT_READ | PROT_WRITE, MAP_SHARED, self->u.fd, IORING_OFF_SQ_RING);
	ASSERT_NE(MAP_FAILED, ring);
	self->u.sqes = mmap(NULL, p.sq_entries * sizeof(*self->u.sqes),
			    PROT_READ | PROT_WRITE, MAP_SHARED, self->u.fd, IORING_OFF_SQES);
	ASSERT_NE(MAP_FAILED, self->u.sqes);
	self->u.sq_tail = (uint32_t *)(ring + p.sq_off.tail);
	self->u.cq_head = (uint32_t *)(ring + p.cq_off.head);
	self->u.cq_tail = (uint32_t *)(ring + p.cq_off.tail);
	self->u.cqes = (struct io_uring_cqe *)(ring + p.cq_off.cqes);
	array = (uint32_t *)(ring + p.sq_off.array);
	for (uint32_t i = 0; i < p.sq_entries; i++)
		array[i] = i;
}

FIXTURE_TEARDOWN(uring)
{
	close(self->u.fd);
	chan_close(&self->c);
}

static int submit(struct uring *u, uint8_t op, int fd, void *buf, uint32_t len)
{
	struct io_uring_sqe *sqe = &u->sqes[*u->sq_tail % 4];

	*sqe = (struct io_uring_sqe){
		.opcode = op, .fd = fd, .addr = (uintptr_t)buf, .len = len, .off = -1,
	};
	if (op == IORING_OP_POLL_ADD)
		*sqe = (struct io_uring_sqe){ .opcode = op, .fd = fd, .poll32_events = len };
	__atomic_store_n(u->sq_tail, *u->sq_tail + 1, __ATOMIC_RELEASE);
	return errno_or(syscall(SYS_io_uring_enter, u->fd, 1, 0, 0, NULL, 0));
}

static bool pending(struct uring *u)
{
	/* Runs what completed for us meanwhile. */
	syscall(SYS_io_uring_enter, u->fd, 0, 0, IORING_ENTER_GETEVENTS, NULL, 0);
	return __atomic_load_n(u->cq_tail, __ATOMIC_ACQUIRE) == *u->cq_head;
}

static int result(struct uring *u)
{
	int ret;

	while (__atomic_load_n(u->cq_tail, __ATOMIC_ACQUIRE) == *u->cq_head)
		syscall(SYS_io_uring_enter, u->fd, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0);
	ret = u->cqes[*u->cq_head % 8].res;
	__atomic_store_n(u->cq_head, *u->cq_head + 1, __ATOMIC_RELEASE);
	return ret;
}

TEST_F(uring, write_and_read)
{
	ASSERT_EQ(1, submit(&self->u, IORING_OP_WRITE, self->c.prod, "hello", 5));
	EXPECT_EQ(5, result(&self->u));
	ASSERT_EQ(1, submit(&self->u, IORING_OP_READ, self->c.cons, self->buf, 64));
	EXPECT_EQ(5, result(&self->u));
	EXPECT_EQ(0, memcmp(self->buf, "hello", 5));
}

TEST_F(uring, read_completes_when_a_message_comes)
{
	ASSERT_EQ(1, submit(&self->u, IORING_OP_READ, self->c.cons, self->buf, 64));
	EXPECT_TRUE(pending(&self->u));
	ASSERT_EQ(1, chan_write(self->c.prod, "x", 1));
	EXPECT_EQ(1, result(&self->u));
	EXPECT_EQ('x', self->buf[0]);
}

TEST_F(uring, write_completes_when_there_is_space)
{
	ASSERT_EQ(1, chan_write(self->c.prod, "x", 1));
	ASSERT_EQ(1, submit(&self->u, IORING_OP_WRITE, self->c.prod, "y", 1));
	EXPECT_TRUE(pending(&self->u));
	ASSERT_EQ(1, chan_read(self->c.cons, self->buf, 1));
	EXPECT_EQ(1, result(&self->u));
	ASSERT_EQ(1, chan_read(self->c.cons, self->buf, 1));
	EXPECT_EQ('y', self->buf[0]);
}

TEST_F(uring, poll_completes)
{
	ASSERT_EQ(1, submit(&self->u, IORING_OP_POLL_ADD, self->c.cons, NULL, POLLIN));
	EXPECT_TRUE(pending(&self->u));
	ASSERT_EQ(1, chan_write(self->c.prod, "x", 1));
	EXPECT_EQ(POLLIN, result(&self->u));
}

TEST_F(uring, read_ends_with_the_producer)
{
	ASSERT_EQ(1, submit(&self->u, IORING_OP_READ, self->c.cons, self->buf, 64));
	EXPECT_TRUE(pending(&self->u));
	close(self->c.prod);
	EXPECT_EQ(0, result(&self->u));
}

/* A read that still waits must not keep its task from dying. */
TEST_F(uring, exit_with_a_pending_read)
{
	pid_t pid = fork();

	if (pid == 0) {
		submit(&self->u, IORING_OP_READ, self->c.cons, self->buf, 64);
		_exit(pending(&self->u) ? 0 : 1);
	}
	EXPECT_EQ(0, reap(pid));
}

TEST_HARNESS_MAIN
