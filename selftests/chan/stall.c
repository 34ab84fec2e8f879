// SPDX-License-Identifier: GPL-2.0
/*
 * A side stalls inside its own user copy, on a page that userfaultfd holds back.
 * Its peer must not notice.
 */
#include "stall.h"

FIXTURE(stall) {
	struct chan c;
	int uffd;
	char *page;
	char buf[64];
};

FIXTURE_SETUP(stall)
{
	OPEN_CHAN(&self->c, 4, 64);
	self->uffd = stalled_page(&self->page);
	if (self->uffd < 0)
		SETUP_SKIP("userfaultfd: %s", strerror(-self->uffd));
}

FIXTURE_TEARDOWN(stall)
{
	close(self->uffd);
	chan_close(&self->c);
}

TEST_F(stall, writer)
{
	struct call write = { CALL_WRITE, self->c.prod, self->page, 8 };

	ASSERT_EQ(1, chan_write(self->c.prod, "x", 1));
	ASSERT_TRUE(call_start(&write));

	EXPECT_EQ(POLLIN, chan_poll(self->c.cons, POLLIN));
	EXPECT_EQ(1, chan_read(self->c.cons, self->buf, sizeof(self->buf)));
	EXPECT_EQ(-ETIMEDOUT, chan_wait(self->c.cons, 0));
	set_nonblock(self->c.cons, true);
	EXPECT_EQ(-EAGAIN, chan_read(self->c.cons, self->buf, sizeof(self->buf)));
	EXPECT_EQ(IPCRING_ST_PRODUCER | IPCRING_ST_CONSUMER, chan_state(self->c.control));

	/* Its own side queues up behind it, or is told to come back. */
	EXPECT_EQ(POLLOUT, chan_poll(self->c.prod, POLLOUT));
	set_nonblock(self->c.prod, true);
	EXPECT_EQ(-EAGAIN, chan_write(self->c.prod, "y", 1));

	ASSERT_EQ(0, let_go(self->uffd, self->page));
	EXPECT_EQ(8, call_finish(&write));
	EXPECT_EQ(8, chan_read(self->c.cons, self->buf, sizeof(self->buf)));
}

TEST_F(stall, reader)
{
	struct call read = { CALL_READ, self->c.cons, self->page, 64 };

	ASSERT_EQ(1, chan_write(self->c.prod, "x", 1));
	ASSERT_TRUE(call_start(&read));

	EXPECT_EQ(POLLOUT, chan_poll(self->c.prod, POLLOUT));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(1, chan_write(self->c.prod, "y", 1));
	/* The stalled message still holds its slot. */
	EXPECT_EQ(-ETIMEDOUT, chan_wait(self->c.prod, 0));
	set_nonblock(self->c.cons, true);
	EXPECT_EQ(-EAGAIN, chan_read(self->c.cons, self->buf, sizeof(self->buf)));

	ASSERT_EQ(0, let_go(self->uffd, self->page));
	EXPECT_EQ(1, call_finish(&read));
	EXPECT_EQ('x', self->page[0]);
}

static void on_signal(int sig)
{
}

/* A writer that queues behind a stalled one can be interrupted. */
TEST_F(stall, queued_writer_is_interrupted)
{
	struct call stalled = { CALL_WRITE, self->c.prod, self->page, 8 };
	struct call queued = { CALL_WRITE, self->c.prod, "y", 1 };
	struct sigaction sa = { .sa_handler = on_signal };

	ASSERT_EQ(0, sigaction(SIGUSR1, &sa, NULL));
	ASSERT_TRUE(call_start(&stalled));
	ASSERT_TRUE(call_start(&queued));
	ASSERT_EQ(0, pthread_kill(queued.thread, SIGUSR1));
	EXPECT_EQ(-EINTR, call_finish(&queued));
	ASSERT_EQ(0, let_go(self->uffd, self->page));
	EXPECT_EQ(8, call_finish(&stalled));
}

TEST_HARNESS_MAIN
