// SPDX-License-Identifier: GPL-2.0
/* IPCRING_URING_RECV multishot, where the kernel has it. */
#include "uring_cmd.h"

#define URING_CMD_MULTISHOT	(1U << 1)	/* IORING_URING_CMD_MULTISHOT */
#define GROUP	7
#define DEEP	32	/* more than the completion queue's 16 */

FIXTURE(shots) {
	struct chan c;
	struct io_uring u;
	struct io_uring_buf_ring *br;
	char bufs[DEEP][64];
};

FIXTURE_VARIANT(shots) {
	uint32_t setup;
	uint8_t sqe_flags;
};

FIXTURE_VARIANT_ADD(shots, plain) { };

FIXTURE_VARIANT_ADD(shots, worker) {
	.sqe_flags = IOSQE_ASYNC,
};

FIXTURE_VARIANT_ADD(shots, deferred) {
	.setup = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
};

FIXTURE_VARIANT_ADD(shots, sqpoll) {
	.setup = IORING_SETUP_SQPOLL,
};

FIXTURE_SETUP(shots)
{
	struct io_uring_buf_reg reg = { .ring_entries = DEEP, .bgid = GROUP };
	int ret;

	OPEN_CHAN(&self->c, DEEP, 64);
	if (!(chan_features(self->c.dev) & IPCRING_FEAT_URING_MULTISHOT))
		SETUP_SKIP("this kernel has no multishot commands");
	ret = ring_setup(&self->u, variant->setup);
	if (ret)
		SETUP_SKIP("io_uring: %s", strerror(-ret));
	self->br = mmap(NULL, DEEP * sizeof(struct io_uring_buf), PROT_READ | PROT_WRITE,
			MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
	reg.ring_addr = (uintptr_t)self->br;
	ASSERT_EQ(0, io_uring_register_buf_ring(&self->u, &reg, 0));
	io_uring_buf_ring_init(self->br);
}

FIXTURE_TEARDOWN(shots)
{
	io_uring_queue_exit(&self->u);
	munmap(self->br, DEEP * sizeof(struct io_uring_buf));
	chan_close(&self->c);
}

static void provide(struct io_uring_buf_ring *br, char (*bufs)[64], int nr, int len)
{
	for (int i = 0; i < nr; i++)
		io_uring_buf_ring_add(br, bufs[i], len, i, io_uring_buf_ring_mask(DEEP), i);
	io_uring_buf_ring_advance(br, nr);
}

static struct io_uring_sqe *shots_sqe(struct io_uring *u, uint32_t op, int fd, uint8_t flags)
{
	struct io_uring_sqe *sqe = get_sqe(u, op, fd, NULL, 0);

	sqe->flags |= flags | IOSQE_BUFFER_SELECT;
	sqe->rw_flags = URING_CMD_MULTISHOT;
	sqe->buf_group = GROUP;
	return sqe;
}

static int shots_start(struct io_uring *u, int fd, uint8_t flags)
{
	shots_sqe(u, IPCRING_URING_RECV, fd, flags);
	return io_uring_submit(u);
}

/* The result; @flags: of the completion. */
static int next_shot(struct io_uring *u, uint32_t *flags)
{
	struct io_uring_cqe *cqe;
	int ret;

	do
		ret = io_uring_wait_cqe(u, &cqe);
	while (ret == -EINTR);
	if (ret)
		return INT32_MIN;
	ret = cqe->res;
	*flags = cqe->flags;
	io_uring_cqe_seen(u, cqe);
	return ret;
}

#define SHOTS_START() shots_start(&self->u, self->c.cons, variant->sqe_flags)

TEST_F(shots, a_completion_a_message)
{
	uint32_t flags;

	provide(self->br, self->bufs, 4, 64);
	ASSERT_EQ(1, SHOTS_START());
	for (char c = 'a'; c <= 'c'; c++) {
		ASSERT_EQ(1, chan_write(self->c.prod, &c, 1));
		ASSERT_EQ(1, next_shot(&self->u, &flags));
		ASSERT_EQ(IORING_CQE_F_MORE | IORING_CQE_F_BUFFER, flags & 3);
		ASSERT_GT(4, flags >> IORING_CQE_BUFFER_SHIFT);
		EXPECT_EQ(c, self->bufs[flags >> IORING_CQE_BUFFER_SHIFT][0]);
	}
	close(self->c.prod);
	EXPECT_EQ(0, next_shot(&self->u, &flags));
	EXPECT_EQ(0, flags & IORING_CQE_F_MORE);
}

/* All that is there, more than one batch of it. */
TEST_F(shots, many_at_once)
{
	uint32_t flags;

	provide(self->br, self->bufs, DEEP, 64);
	for (int i = 0; i < 10; i++)
		ASSERT_EQ(1, chan_write(self->c.prod, "x", 1));
	ASSERT_EQ(1, SHOTS_START());
	for (int i = 0; i < 10; i++) {
		ASSERT_EQ(1, next_shot(&self->u, &flags));
		ASSERT_NE(0, flags & IORING_CQE_F_MORE);
	}
}

TEST_F(shots, no_buffer_left)
{
	uint32_t flags;

	provide(self->br, self->bufs, 1, 64);
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(1, chan_write(self->c.prod, "x", 1));
	ASSERT_EQ(1, SHOTS_START());
	EXPECT_EQ(1, next_shot(&self->u, &flags));
	EXPECT_EQ(-ENOBUFS, next_shot(&self->u, &flags));
	EXPECT_EQ(0, flags & IORING_CQE_F_MORE);
	EXPECT_EQ(1, chan_read(self->c.cons, self->bufs[0], 64));
}

/* The message stays queued, and the buffer is provided as before. */
TEST_F(shots, message_too_long)
{
	uint32_t flags;

	provide(self->br, self->bufs, 1, 2);
	ASSERT_EQ(3, chan_write(self->c.prod, "abc", 3));
	ASSERT_EQ(1, SHOTS_START());
	EXPECT_EQ(-EMSGSIZE, next_shot(&self->u, &flags));
	EXPECT_EQ(0, flags & IORING_CQE_F_MORE);
	EXPECT_EQ(3, chan_read(self->c.cons, self->bufs[1], 64));
	ASSERT_EQ(2, chan_write(self->c.prod, "de", 2));
	ASSERT_EQ(1, SHOTS_START());
	EXPECT_EQ(2, next_shot(&self->u, &flags));
	EXPECT_EQ(0, memcmp("de", self->bufs[0], 2));
}

/* Where the completion queue overflows, nothing is lost: it ends, the rest is queued. */
TEST_F(shots, completions_overflow)
{
	uint32_t flags;
	int n = 0, ret;

	provide(self->br, self->bufs, DEEP, 64);
	for (int i = 0; i < DEEP; i++)
		ASSERT_EQ(1, chan_write(self->c.prod, &(char){ i }, 1));
	ASSERT_EQ(1, SHOTS_START());
	while ((ret = next_shot(&self->u, &flags)) == 1) {
		ASSERT_NE(0, flags & IORING_CQE_F_MORE);
		EXPECT_EQ(n++, self->bufs[flags >> IORING_CQE_BUFFER_SHIFT][0]);
	}
	EXPECT_EQ(-ENOBUFS, ret);
	EXPECT_LE(16, n);
	set_nonblock(self->c.cons, true);
	while (chan_read(self->c.cons, self->bufs[0], 64) == 1)
		EXPECT_EQ(n++, self->bufs[0][0]);
	EXPECT_EQ(DEEP, n);
}

TEST_F(shots, wrong_arguments)
{
	struct ipcring_create p = {
		.size = sizeof(p), .slots = 1, .msg_size = 64, .consumers = 2,
	};
	int control = errno_or(ioctl(self->c.dev, IPCRING_IOC_CREATE, &p));
	int cons = chan_endpoint(control, IPCRING_ROLE_CONSUMER, 0);
	struct ipcring_uring arg = { .len = 64 };
	uint32_t flags;

	ASSERT_LE(0, cons);
	shots_sqe(&self->u, IPCRING_URING_SEND, self->c.prod, variant->sqe_flags);
	ASSERT_EQ(1, io_uring_submit(&self->u));
	EXPECT_EQ(-EINVAL, next_shot(&self->u, &flags));
	memcpy(shots_sqe(&self->u, IPCRING_URING_RECV, self->c.cons, variant->sqe_flags)->cmd,
	       &arg, sizeof(arg));
	ASSERT_EQ(1, io_uring_submit(&self->u));
	EXPECT_EQ(-EINVAL, next_shot(&self->u, &flags));
	/* Whose a message is turns out too late, where consumers share the work. */
	ASSERT_EQ(1, shots_start(&self->u, cons, variant->sqe_flags));
	EXPECT_EQ(-EINVAL, next_shot(&self->u, &flags));
	close(cons);
	close(control);
}

TEST_F(shots, exit_while_pending)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct io_uring u;

		if (ring_setup(&u, variant->setup))
			_exit(1);
		_exit(shots_start(&u, self->c.cons, variant->sqe_flags) == 1 ? 0 : 2);
	}
	EXPECT_EQ(0, reap(pid));
	close(self->c.cons);
	self->c.cons = reopen(&self->c);
	EXPECT_LE(0, self->c.cons);
}

TEST_HARNESS_MAIN
