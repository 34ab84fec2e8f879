// SPDX-License-Identifier: GPL-2.0
/* read() and write(): boundaries, blocking, O_NONBLOCK, signals. */
#include "chan.h"

#include <sys/uio.h>

FIXTURE(rw) {
	struct chan c;
	uint8_t out[65536 + 64];
	uint8_t in[2 * 65536];
};

FIXTURE_VARIANT(rw) {
	uint32_t slots;
	uint32_t msg_size;
};

/* Around the stride's rounding, a page, the largest, and the smallest ring. */
FIXTURE_VARIANT_ADD(rw, one_slot) { .slots = 1, .msg_size = 64 };
FIXTURE_VARIANT_ADD(rw, one_byte) { .slots = 2, .msg_size = 1 };
FIXTURE_VARIANT_ADD(rw, fits_line) { .slots = 8, .msg_size = 56 };
FIXTURE_VARIANT_ADD(rw, over_line) { .slots = 8, .msg_size = 57 };
FIXTURE_VARIANT_ADD(rw, page) { .slots = 4, .msg_size = 4096 };
FIXTURE_VARIANT_ADD(rw, largest) { .slots = 2, .msg_size = 65536 };

FIXTURE_SETUP(rw)
{
	OPEN_CHAN(&self->c, variant->slots, variant->msg_size);
	memset(self->in, POISON, sizeof(self->in));
	for (size_t i = 0; i < sizeof(self->out); i++)
		self->out[i] = i * 7 + (i >> 8);
}

FIXTURE_TEARDOWN(rw)
{
	chan_close(&self->c);
}

static int fill(int prod, const void *buf, uint32_t slots)
{
	int ret = 0;

	for (uint32_t i = 0; i < slots && ret >= 0; i++)
		ret = chan_write(prod, buf, 1);
	return ret;
}

TEST_F(rw, send_of_bad_length_fails)
{
	EXPECT_EQ(-EMSGSIZE, chan_write(self->c.prod, self->out, 0));
	EXPECT_EQ(-EMSGSIZE, chan_write(self->c.prod, self->out, variant->msg_size + 1));
	EXPECT_EQ(0, chan_poll(self->c.cons, POLLIN));
}

TEST_F(rw, send_from_bad_buffer_sends_nothing)
{
	EXPECT_EQ(-EFAULT, chan_write(self->c.prod, BAD_PTR, 1));
	EXPECT_EQ(0, chan_poll(self->c.cons, POLLIN));
}

/* Half of the buffer is there: still no half message. */
TEST_F(rw, send_from_half_a_buffer_sends_nothing)
{
	size_t page = getpagesize();
	uint8_t *mem;

	if (variant->msg_size < 2)
		return;
	mem = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, mem);
	ASSERT_EQ(0, munmap(mem + page, page));
	EXPECT_EQ(-EFAULT, chan_write(self->c.prod, mem + page - 1, 2));
	EXPECT_EQ(0, chan_poll(self->c.cons, POLLIN));
}

TEST_F(rw, receive_into_bad_buffer_keeps_the_message)
{
	ASSERT_EQ(1, chan_write(self->c.prod, self->out, 1));
	EXPECT_EQ(-EFAULT, chan_read(self->c.cons, BAD_PTR, 1));
	EXPECT_EQ(1, chan_read(self->c.cons, self->in, sizeof(self->in)));
	EXPECT_EQ(self->out[0], self->in[0]);
}

TEST_F(rw, receive_into_short_buffer_keeps_the_message)
{
	uint32_t len = variant->msg_size;

	ASSERT_EQ(len, chan_write(self->c.prod, self->out, len));
	EXPECT_EQ(-EMSGSIZE, chan_read(self->c.cons, self->in, len - 1));
	EXPECT_EQ(POISON, self->in[0]);
	EXPECT_EQ(len, chan_read(self->c.cons, self->in, len));
	EXPECT_EQ(0, memcmp(self->in, self->out, len));
}

TEST_F(rw, one_read_takes_one_message)
{
	uint32_t lens[] = { 1, variant->msg_size / 2, variant->msg_size };

	for (uint32_t lap = 0; lap < 3 * variant->slots; lap++) {
		uint32_t len = lens[lap % ARRAY_LEN(lens)] ?: 1;

		memset(self->in, POISON, sizeof(self->in));
		ASSERT_EQ(len, chan_write(self->c.prod, self->out + lap, len));
		ASSERT_EQ(len, chan_read(self->c.cons, self->in, sizeof(self->in)));
		ASSERT_EQ(0, memcmp(self->in, self->out + lap, len));
		if (len < sizeof(self->in))
			ASSERT_EQ(POISON, self->in[len]);
	}
}

TEST_F(rw, order_and_boundaries_survive_queueing)
{
	uint32_t n = variant->slots;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t len = 1 + i % variant->msg_size;

		ASSERT_EQ(len, chan_write(self->c.prod, self->out + i, len));
	}
	for (uint32_t i = 0; i < n; i++) {
		uint32_t len = 1 + i % variant->msg_size;

		ASSERT_EQ(len, chan_read(self->c.cons, self->in, sizeof(self->in)));
		ASSERT_EQ(0, memcmp(self->in, self->out + i, len));
	}
}

TEST_F(rw, vectors_are_one_message)
{
	struct iovec out[] = { { self->out, 1 }, { self->out + 1, variant->msg_size - 1 } };
	struct iovec in[] = { { self->in, variant->msg_size - 1 }, { self->in + 65536, 65536 } };

	ASSERT_EQ(variant->msg_size, errno_or(writev(self->c.prod, out, 2)));
	ASSERT_EQ(variant->msg_size, errno_or(readv(self->c.cons, in, 2)));
	EXPECT_EQ(0, memcmp(self->in, self->out, variant->msg_size - 1));
	EXPECT_EQ(self->out[variant->msg_size - 1], self->in[65536]);
}

TEST_F(rw, nonblock_empty_and_full)
{
	set_nonblock(self->c.prod, true);
	set_nonblock(self->c.cons, true);
	EXPECT_EQ(-EAGAIN, chan_read(self->c.cons, self->in, sizeof(self->in)));
	ASSERT_EQ(1, fill(self->c.prod, self->out, variant->slots));
	EXPECT_EQ(-EAGAIN, chan_write(self->c.prod, self->out, 1));
	EXPECT_EQ(1, chan_read(self->c.cons, self->in, sizeof(self->in)));
	EXPECT_EQ(1, chan_write(self->c.prod, self->out, 1));
}

/* RWF_NOWAIT is IOCB_NOWAIT, which io_uring uses. */
TEST_F(rw, nowait_flag_of_a_call)
{
	struct iovec io = { self->in, sizeof(self->in) };

	EXPECT_EQ(-EAGAIN, errno_or(preadv2(self->c.cons, &io, 1, -1, RWF_NOWAIT)));
	ASSERT_EQ(1, fill(self->c.prod, self->out, variant->slots));
	io.iov_len = 1;
	EXPECT_EQ(-EAGAIN, errno_or(pwritev2(self->c.prod, &io, 1, -1, RWF_NOWAIT)));
	EXPECT_EQ(1, errno_or(preadv2(self->c.cons, &io, 1, -1, RWF_NOWAIT)));
}

TEST_F(rw, sleeping_reader_is_woken)
{
	struct call read = { CALL_READ, self->c.cons, self->in, sizeof(self->in) };

	ASSERT_TRUE(call_start(&read));
	ASSERT_EQ(1, chan_write(self->c.prod, self->out + 9, 1));
	EXPECT_EQ(1, call_finish(&read));
	EXPECT_EQ(self->out[9], self->in[0]);
}

TEST_F(rw, sleeping_writer_is_woken)
{
	struct call write = { CALL_WRITE, self->c.prod, self->out + 9, 1 };

	ASSERT_EQ(1, fill(self->c.prod, self->out, variant->slots));
	ASSERT_TRUE(call_start(&write));
	ASSERT_EQ(1, chan_read(self->c.cons, self->in, sizeof(self->in)));
	EXPECT_EQ(1, call_finish(&write));
	for (uint32_t i = 0; i < variant->slots; i++)
		ASSERT_EQ(1, chan_read(self->c.cons, self->in, sizeof(self->in)));
	EXPECT_EQ(self->out[9], self->in[0]);
}

/* Both wake, one gets the message, the other goes back to sleep. */
TEST_F(rw, two_readers_get_a_message_each)
{
	uint8_t a, b;
	struct call first = { CALL_READ, self->c.cons, &a, 1 };
	struct call second = { CALL_READ, self->c.cons, &b, 1 };

	ASSERT_TRUE(call_start(&first));
	ASSERT_TRUE(call_start(&second));
	ASSERT_EQ(1, chan_write(self->c.prod, "x", 1));
	ASSERT_EQ(1, chan_write(self->c.prod, "y", 1));
	EXPECT_EQ(1, call_finish(&first));
	EXPECT_EQ(1, call_finish(&second));
	EXPECT_EQ('x' + 'y', a + b);
}

static int handled;

static void on_signal(int sig)
{
	__atomic_store_n(&handled, 1, __ATOMIC_RELEASE);
}

static int handle(int flags)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = flags };

	return sigaction(SIGUSR1, &sa, NULL);
}

TEST_F(rw, signal_interrupts_reader)
{
	struct call read = { CALL_READ, self->c.cons, self->in, sizeof(self->in) };

	ASSERT_EQ(0, handle(0));
	ASSERT_TRUE(call_start(&read));
	ASSERT_EQ(0, pthread_kill(read.thread, SIGUSR1));
	EXPECT_EQ(-EINTR, call_finish(&read));
}

TEST_F(rw, signal_interrupts_writer)
{
	struct call write = { CALL_WRITE, self->c.prod, self->out, 1 };

	ASSERT_EQ(0, handle(0));
	ASSERT_EQ(1, fill(self->c.prod, self->out, variant->slots));
	ASSERT_TRUE(call_start(&write));
	ASSERT_EQ(0, pthread_kill(write.thread, SIGUSR1));
	EXPECT_EQ(-EINTR, call_finish(&write));
}

TEST_F(rw, signal_restarts_reader)
{
	struct call read = { CALL_READ, self->c.cons, self->in, sizeof(self->in) };

	ASSERT_EQ(0, handle(SA_RESTART));
	ASSERT_TRUE(call_start(&read));
	ASSERT_EQ(0, pthread_kill(read.thread, SIGUSR1));
	while (!__atomic_load_n(&handled, __ATOMIC_ACQUIRE))
		sched_yield();
	/* It sleeps again, and not still: the signal was taken in between. */
	ASSERT_TRUE(call_blocked(&read));
	ASSERT_EQ(1, chan_write(self->c.prod, self->out, 1));
	EXPECT_EQ(1, call_finish(&read));
}

TEST_F(rw, positions_count_messages)
{
	struct ipcring_info info;

	ASSERT_EQ(1, chan_write(self->c.prod, self->out, 1));
	ASSERT_EQ(0, chan_info(self->c.control, &info));
	EXPECT_EQ(1, info.prod_pos);
	EXPECT_EQ(0, info.cons_pos);
	ASSERT_EQ(1, chan_read(self->c.cons, self->in, sizeof(self->in)));
	ASSERT_EQ(0, chan_info(self->c.control, &info));
	EXPECT_EQ(1, info.cons_pos);
}

TEST_HARNESS_MAIN
