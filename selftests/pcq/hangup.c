// SPDX-License-Identifier: GPL-2.0
/* The other side is gone, comes back, or never was. */
#include "map.h"

#define SLOTS	2

FIXTURE(hangup) {
	struct set s;
	char buf[8];
};

FIXTURE_VARIANT(hangup) {
	uint32_t on;		/* where the sender runs; the queue is CPU 0's */
	uint32_t from;		/* what the receiver is bound to */
	uint32_t mode;
};

FIXTURE_VARIANT_ADD(hangup, local) { .on = 0, .from = 0 };
FIXTURE_VARIANT_ADD(hangup, remote) { .on = 1, .from = 0 };
FIXTURE_VARIANT_ADD(hangup, any) { .on = 1, .from = ANY };
FIXTURE_VARIANT_ADD(hangup, ipi) { .on = 1, .from = 0, .mode = IPCRING_PCQ_BELL_IPI };
FIXTURE_VARIANT_ADD(hangup, polling) { .on = 1, .from = 0, .mode = IPCRING_PCQ_BELL_POLL };

FIXTURE_SETUP(hangup)
{
	NEED_CPUS(2);
	OPEN_SET(&self->s, 0, .slots = SLOTS, .msg_size = 8, .flags = IPCRING_PCQ_MAP_SENDERS);
	close(self->s.receiver);
	self->s.receiver = pcq_receiver(self->s.control, variant->from);
	ASSERT_LE(0, self->s.receiver);
	ASSERT_EQ(0, pcq_bell(self->s.control, ANY, variant->mode, 0));
	ASSERT_EQ(0, cpu_pin(variant->on));
}

FIXTURE_TEARDOWN(hangup)
{
	set_close(&self->s);
	cpu_unpin();
}

/* A queue that polls is waited for by looking: its reader is never off its CPU. */
static bool start_read(struct call *c, bool polls)
{
	if (!polls)
		return call_start_on(c, 0);
	c->tid = 0;
	c->done = false;
	return !pthread_create(&c->thread, NULL, call_thread, c);
}

#define POLLS	(variant->mode == IPCRING_PCQ_BELL_POLL)

/* Every message, then the end, as often as one asks. */
TEST_F(hangup, receiver_drains)
{
	for (int i = 0; i < SLOTS; i++)
		ASSERT_EQ(1, chan_write(self->s.sender, "a" + i, 1));
	close(self->s.sender);
	for (int i = 0; i < SLOTS; i++) {
		EXPECT_EQ(POLLIN | POLLHUP, chan_poll(self->s.receiver, POLLIN));
		ASSERT_EQ(1, chan_read(self->s.receiver, self->buf, 8));
	}
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(POLLHUP, chan_poll(self->s.receiver, POLLIN) & (POLLHUP | POLLERR));
		EXPECT_EQ(0, chan_read(self->s.receiver, self->buf, 8));
		EXPECT_EQ(-EPIPE, chan_wait(self->s.receiver, IPCRING_NO_TIMEOUT));
	}
	set_nonblock(self->s.receiver, true);
	EXPECT_EQ(0, chan_read(self->s.receiver, self->buf, 8));
}

/* What has an end is not over: another sender may come. */
TEST_F(hangup, sender_comes_back)
{
	close(self->s.sender);
	EXPECT_EQ(0, chan_read(self->s.receiver, self->buf, 8));
	self->s.sender = pcq_sender(self->s.control, 0);
	ASSERT_LE(0, self->s.sender);
	EXPECT_EQ(0, chan_poll(self->s.receiver, POLLIN));
	set_nonblock(self->s.receiver, true);
	EXPECT_EQ(-EAGAIN, chan_read(self->s.receiver, self->buf, 8));
	ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	EXPECT_EQ(1, chan_read(self->s.receiver, self->buf, 8));
}

TEST_F(hangup, blocked_receiver)
{
	struct call read = { CALL_READ, self->s.receiver, self->buf, 8 };

	ASSERT_TRUE(start_read(&read, POLLS));
	close(self->s.sender);
	EXPECT_EQ(0, call_finish(&read));
}

TEST_F(hangup, blocked_in_wait)
{
	struct call wait = { CALL_WAIT, self->s.receiver, .deadline = IPCRING_NO_TIMEOUT };

	ASSERT_TRUE(start_read(&wait, POLLS));
	close(self->s.sender);
	EXPECT_EQ(-EPIPE, call_finish(&wait));
}

/* poll() of a queue in POLL mode is woken by no message, but by the end. */
TEST_F(hangup, blocked_in_poll)
{
	struct call poll = { CALL_POLL, self->s.receiver };

	ASSERT_TRUE(call_start_on(&poll, 0));
	close(self->s.sender);
	EXPECT_EQ(POLLHUP, call_finish(&poll) & ~POLLIN);
}

TEST_F(hangup, blocked_in_recv)
{
	struct ipcring_pcq_msg msg = pcq_msg(self->buf, 8);
	struct ipcring_pcq_batch p = pcq_batch(&msg, 1);
	struct ioctl_call recv = { self->s.receiver, IPCRING_IOC_PCQ_RECV, &p };

	if (POLLS)
		return;
	ASSERT_TRUE(ioctl_start_on(&recv, 0));
	close(self->s.sender);
	EXPECT_EQ(0, ioctl_finish(&recv));
}

/* All who wait, not one of them. */
TEST_F(hangup, several_blocked_receivers)
{
	struct call read[3];

	for (int i = 0; i < 3; i++) {
		read[i] = (struct call){ CALL_READ, self->s.receiver, self->buf, 8 };
		ASSERT_TRUE(start_read(&read[i], POLLS));
	}
	close(self->s.sender);
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(0, call_finish(&read[i]));
}

/* The last of several; whatever it is bound to. */
TEST_F(hangup, one_of_several_senders)
{
	const uint32_t bound[] = { 1, THIS, ANY };
	int fd[3];

	set_nonblock(self->s.receiver, true);
	for (int i = 0; i < 3; i++) {
		fd[i] = pcq_sender(self->s.control, bound[i]);
		ASSERT_LE(0, fd[i]);
	}
	close(self->s.sender);
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(-EAGAIN, chan_read(self->s.receiver, self->buf, 8));
		EXPECT_EQ(0, chan_poll(self->s.receiver, POLLIN));
		close(fd[i]);
	}
	EXPECT_EQ(0, chan_read(self->s.receiver, self->buf, 8));
}

TEST_F(hangup, sender_alone)
{
	struct sigaction old;

	/* A signal would kill the test. */
	sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_DFL }, &old);
	close(self->s.receiver);
	for (int i = 0; i < SLOTS + 1; i++)
		EXPECT_EQ(-EPIPE, chan_write(self->s.sender, "x", 1));
	EXPECT_EQ(POLLERR, chan_poll(self->s.sender, POLLOUT) & POLLERR);
	EXPECT_EQ(-EPIPE, chan_write(self->s.sender, "x", 1));
	self->s.receiver = pcq_receiver(self->s.control, 0);
	ASSERT_LE(0, self->s.receiver);
	EXPECT_EQ(POLLOUT, chan_poll(self->s.sender, POLLOUT));
	EXPECT_EQ(1, chan_write(self->s.sender, "y", 1));
	EXPECT_EQ(1, chan_read(self->s.receiver, self->buf, 8));
	EXPECT_EQ('y', self->buf[0]);
	sigaction(SIGPIPE, &old, NULL);
}

TEST_F(hangup, blocked_sender)
{
	struct call write = { CALL_WRITE, self->s.sender, "x", 1 };

	for (int i = 0; i < SLOTS; i++)
		ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	ASSERT_TRUE(call_start_on(&write, variant->on));
	close(self->s.receiver);
	EXPECT_EQ(-EPIPE, call_finish(&write));
	/* WAIT says the same: there is no room, and who could make some is gone. */
	EXPECT_EQ(-EPIPE, chan_wait(self->s.sender, IPCRING_NO_TIMEOUT));
}

TEST_F(hangup, blocked_sender_of_any)
{
	int any = pcq_sender(self->s.control, ANY);
	struct call write = { CALL_WRITE, any, "x", 1 };

	ASSERT_LE(0, any);
	set_nonblock(any, true);
	while (chan_write(any, "x", 1) == 1)
		;
	set_nonblock(any, false);
	ASSERT_TRUE(call_start_on(&write, variant->on));
	close(self->s.receiver);
	EXPECT_EQ(-EPIPE, call_finish(&write));
	close(any);
}

/* What was queued when the receivers went is there for the next one. */
TEST_F(hangup, queued_over_receivers)
{
	ASSERT_EQ(1, chan_write(self->s.sender, "k", 1));
	close(self->s.receiver);
	EXPECT_EQ(-EPIPE, chan_write(self->s.sender, "x", 1));
	self->s.receiver = pcq_receiver(self->s.control, 0);
	ASSERT_LE(0, self->s.receiver);
	EXPECT_EQ(1, chan_read(self->s.receiver, self->buf, 8));
	EXPECT_EQ('k', self->buf[0]);
}

/* A peer that never was is a slow one. */
TEST_F(hangup, peer_that_never_was)
{
	int control = PCQ_CREATE(self->s.dev, .slots = SLOTS, .msg_size = 8), sender, receiver;
	struct call read = { CALL_READ, -1, self->buf, 8 };

	ASSERT_LE(0, control);
	receiver = pcq_receiver(control, 0);
	ASSERT_LE(0, receiver);
	EXPECT_EQ(0, chan_poll(receiver, POLLIN));
	read.fd = receiver;
	ASSERT_TRUE(call_start_on(&read, 0));
	sender = pcq_sender(control, 0);
	ASSERT_LE(0, sender);
	ASSERT_EQ(1, chan_write(sender, "x", 1));
	EXPECT_EQ(1, call_finish(&read));
	close(receiver);
	close(control);
	close(sender);
	control = PCQ_CREATE(self->s.dev, .slots = SLOTS, .msg_size = 8);
	sender = pcq_endpoint(control, IPCRING_PCQ_SENDER, 0, IPCRING_PCQ_EP_NONBLOCK);
	ASSERT_LE(0, sender);
	EXPECT_EQ(1, chan_write(sender, "x", 1));
	EXPECT_EQ(1, chan_write(sender, "x", 1));
	EXPECT_EQ(-EAGAIN, chan_write(sender, "x", 1));
	EXPECT_EQ(0, chan_poll(sender, POLLOUT));
	close(sender);
	close(control);
}

/* A mapping counts as its endpoint: the other side sees no hangup while one is left. */
TEST_F(hangup, mapping_counts)
{
	struct map m;

	ASSERT_EQ(0, map_open(&m, self->s.sender, 0));
	close(self->s.sender);
	set_nonblock(self->s.receiver, true);
	EXPECT_EQ(-EAGAIN, chan_read(self->s.receiver, self->buf, 8));
	map_close(&m);
	EXPECT_EQ(0, chan_read(self->s.receiver, self->buf, 8));
	self->s.sender = pcq_sender(self->s.control, 0);
	ASSERT_LE(0, self->s.sender);
	ASSERT_EQ(0, map_open(&m, self->s.receiver, 0));
	close(self->s.receiver);
	EXPECT_EQ(1, chan_write(self->s.sender, "x", 1));
	map_close(&m);
	EXPECT_EQ(-EPIPE, chan_write(self->s.sender, "x", 1));
}

/* An fd that was passed on keeps its end open; control and observer are no ends. */
TEST_F(hangup, duplicates_and_others)
{
	int copy = dup(self->s.sender);

	set_nonblock(self->s.receiver, true);
	close(self->s.sender);
	EXPECT_EQ(-EAGAIN, chan_read(self->s.receiver, self->buf, 8));
	ASSERT_EQ(1, chan_write(copy, "x", 1));
	EXPECT_EQ(1, chan_read(self->s.receiver, self->buf, 8));
	close(self->s.control);
	close(self->s.observer);
	EXPECT_EQ(-EAGAIN, chan_read(self->s.receiver, self->buf, 8));
	close(copy);
	EXPECT_EQ(0, chan_read(self->s.receiver, self->buf, 8));
}

TEST_HARNESS_MAIN
