// SPDX-License-Identifier: GPL-2.0
/* IPCRING_IOC_WAIT and IPCRING_IOC_WAKE. */
#include "chan.h"

#define SOON	(now_ns() + 10 * 1000 * 1000)
#define LATER	(now_ns() + 3600ULL * 1000 * 1000 * 1000)

FIXTURE(wait) {
	struct chan c;
	char buf[64];
};

FIXTURE_SETUP(wait)
{
	OPEN_CHAN(&self->c, 1, 64);
}

FIXTURE_TEARDOWN(wait)
{
	chan_close(&self->c);
}

static void on_signal(int sig)
{
}

TEST_F(wait, deadline_zero_only_looks)
{
	EXPECT_EQ(0, chan_wait(self->c.prod, 0));
	EXPECT_EQ(-ETIMEDOUT, chan_wait(self->c.cons, 0));
	ASSERT_EQ(1, chan_write(self->c.prod, "x", 1));
	EXPECT_EQ(-ETIMEDOUT, chan_wait(self->c.prod, 0));
	EXPECT_EQ(0, chan_wait(self->c.cons, 0));
}

TEST_F(wait, deadline_past)
{
	EXPECT_EQ(0, chan_wait(self->c.prod, 1));
	EXPECT_EQ(-ETIMEDOUT, chan_wait(self->c.cons, 1));
	EXPECT_EQ(-ETIMEDOUT, chan_wait(self->c.cons, now_ns()));
}

TEST_F(wait, deadline_future_is_kept)
{
	uint64_t deadline = SOON;

	EXPECT_EQ(-ETIMEDOUT, chan_wait(self->c.cons, deadline));
	EXPECT_LE(deadline, now_ns());
}

/* WAIT is for mapped sides, which set no O_NONBLOCK to mean it. */
TEST_F(wait, nonblock_does_not_matter)
{
	set_nonblock(self->c.cons, true);
	EXPECT_EQ(-ETIMEDOUT, chan_wait(self->c.cons, SOON));
}

/* The largest value that is a time, and the smallest that is none. */
TEST_F(wait, far_deadlines_wait)
{
	uint64_t far[] = { LATER, INT64_MAX - 1, INT64_MAX, 1ULL << 63, IPCRING_NO_TIMEOUT - 1,
			   IPCRING_NO_TIMEOUT };

	for (size_t i = 0; i < ARRAY_LEN(far); i++) {
		struct call wait = { CALL_WAIT, self->c.cons, .deadline = far[i] };

		ASSERT_TRUE(call_start(&wait));
		ASSERT_EQ(1, chan_write(self->c.prod, "x", 1));
		EXPECT_EQ(0, call_finish(&wait));
		ASSERT_EQ(1, chan_read(self->c.cons, self->buf, 1));
	}
}

TEST_F(wait, producer_is_woken_by_read)
{
	struct call wait = { CALL_WAIT, self->c.prod, .deadline = IPCRING_NO_TIMEOUT };

	ASSERT_EQ(1, chan_write(self->c.prod, "x", 1));
	ASSERT_TRUE(call_start(&wait));
	ASSERT_EQ(1, chan_read(self->c.cons, self->buf, 1));
	EXPECT_EQ(0, call_finish(&wait));
}

TEST_F(wait, consumer_is_woken_by_mapped_producer)
{
	struct call wait = { CALL_WAIT, self->c.cons, .deadline = IPCRING_NO_TIMEOUT };
	struct ring r;

	ASSERT_EQ(0, map_ring(self->c.prod, &r));
	ASSERT_TRUE(call_start(&wait));
	/* The kernel armed for it. */
	EXPECT_EQ(0, ring_load(&r.cons->event));
	ASSERT_EQ(0, map_send(self->c.prod, &r, "x", 1));
	EXPECT_EQ(0, call_finish(&wait));
}

TEST_F(wait, producer_is_woken_by_mapped_consumer)
{
	struct call wait = { CALL_WAIT, self->c.prod, .deadline = IPCRING_NO_TIMEOUT };
	struct ring r;

	ASSERT_EQ(0, map_ring(self->c.cons, &r));
	ASSERT_EQ(1, chan_write(self->c.prod, "x", 1));
	ASSERT_TRUE(call_start(&wait));
	EXPECT_EQ(0, ring_load(&r.prod->event));
	ASSERT_EQ(1, map_recv(self->c.cons, &r, self->buf));
	EXPECT_EQ(0, call_finish(&wait));
}

/* A wake-up without a message ends nothing. */
TEST_F(wait, bare_wake_does_not_end_it)
{
	struct call wait = { CALL_WAIT, self->c.cons, .deadline = IPCRING_NO_TIMEOUT };

	ASSERT_TRUE(call_start(&wait));
	for (int i = 0; i < 16; i++)
		ASSERT_EQ(0, chan_wake(self->c.prod));
	ASSERT_TRUE(call_blocked(&wait));
	ASSERT_EQ(1, chan_write(self->c.prod, "x", 1));
	EXPECT_EQ(0, call_finish(&wait));
}

TEST_F(wait, wake_of_nobody)
{
	EXPECT_EQ(0, chan_wake(self->c.prod));
	EXPECT_EQ(0, chan_wake(self->c.cons));
	close(self->c.cons);
	EXPECT_EQ(0, chan_wake(self->c.prod));
}

TEST_F(wait, signal_interrupts)
{
	struct call wait = { CALL_WAIT, self->c.cons, .deadline = LATER };
	struct sigaction sa = { .sa_handler = on_signal };

	ASSERT_EQ(0, sigaction(SIGUSR1, &sa, NULL));
	ASSERT_TRUE(call_start(&wait));
	ASSERT_EQ(0, pthread_kill(wait.thread, SIGUSR1));
	EXPECT_EQ(-EINTR, call_finish(&wait));
}

/* The deadline is absolute, so a restarted wait is not a longer one. */
TEST_F(wait, signal_restarts)
{
	struct call wait = { CALL_WAIT, self->c.cons, .deadline = SOON };
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	ASSERT_EQ(0, sigaction(SIGUSR1, &sa, NULL));
	call_start(&wait);
	pthread_kill(wait.thread, SIGUSR1);
	EXPECT_EQ(-ETIMEDOUT, call_finish(&wait));
	EXPECT_LE(wait.deadline, now_ns());
}

TEST_F(wait, peer_goes_while_waiting)
{
	struct call cons = { CALL_WAIT, self->c.cons, .deadline = IPCRING_NO_TIMEOUT };

	ASSERT_TRUE(call_start(&cons));
	close(self->c.prod);
	EXPECT_EQ(-EPIPE, call_finish(&cons));
	EXPECT_EQ(-EPIPE, chan_wait(self->c.cons, 0));
}

TEST_F(wait, consumer_goes_while_producer_waits)
{
	struct call prod = { CALL_WAIT, self->c.prod, .deadline = IPCRING_NO_TIMEOUT };

	/* Space is space, whoever reads. */
	EXPECT_EQ(0, chan_wait(self->c.prod, 0));
	ASSERT_EQ(1, chan_write(self->c.prod, "x", 1));
	ASSERT_TRUE(call_start(&prod));
	close(self->c.cons);
	EXPECT_EQ(-EPIPE, call_finish(&prod));
}

TEST_F(wait, message_outlives_its_producer)
{
	ASSERT_EQ(1, chan_write(self->c.prod, "x", 1));
	close(self->c.prod);
	EXPECT_EQ(0, chan_wait(self->c.cons, IPCRING_NO_TIMEOUT));
}

TEST_HARNESS_MAIN
