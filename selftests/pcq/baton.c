// SPDX-License-Identifier: GPL-2.0
/*
 * Who was woken, and does not take what it was woken for, passes it on; and one bell for
 * many messages still wakes as many as there are messages.
 */
#include "set.h"
#include "stall.h"

#define READERS	4
#define SLOTS	4
#define QUEUE	1

/* 0: the sender is on the queue's CPU; 1: it is not. */
FIXTURE_VARIANT(baton) {
	bool remote;
	uint32_t mode;
};

FIXTURE(baton) {
	struct set s;
	uint32_t here;
	char buf[READERS][64];
	struct call call[READERS];
	int any;
};

FIXTURE_VARIANT_ADD(baton, local) { .mode = IPCRING_PCQ_BELL_WAKE };
FIXTURE_VARIANT_ADD(baton, remote) { .remote = true, .mode = IPCRING_PCQ_BELL_WAKE };
FIXTURE_VARIANT_ADD(baton, ipi) { .remote = true, .mode = IPCRING_PCQ_BELL_IPI };

FIXTURE_SETUP(baton)
{
	NEED_CPUS(2);
	OPEN_SET(&self->s, QUEUE, .slots = SLOTS, .msg_size = 64);
	self->here = variant->remote ? !QUEUE : QUEUE;
	self->any = pcq_receiver(self->s.control, ANY);
	ASSERT_LE(0, self->any);
	ASSERT_EQ(0, pcq_bell(self->s.control, ANY, variant->mode, 0));
	ASSERT_EQ(0, cpu_pin(self->here));
}

FIXTURE_TEARDOWN(baton)
{
	cpu_unpin();
	close(self->any);
	set_close(&self->s);
}

/* All on our CPU: none of them runs before we are done, or give way. */
static bool readers_start(struct _test_data_baton *self, int nr, int nr_any)
{
	for (int i = 0; i < nr; i++) {
		int fd = i < nr_any ? self->any : self->s.receiver;

		self->call[i] = (struct call){ CALL_READ, fd, self->buf[i], 64 };
		if (!call_start(&self->call[i]))
			return false;
	}
	return true;
}

static int readers_finish(struct _test_data_baton *self, int nr)
{
	int got = 0;

	for (int i = 0; i < nr; i++)
		got += call_finish(&self->call[i]) == 1;
	return got;
}

TEST_F_TIMEOUT(baton, as_many_messages_as_sleepers, 240)
{
	for (int round = 0; round < 20; round++) {
		ASSERT_TRUE(readers_start(self, READERS, 0));
		for (int i = 0; i < READERS; i++)
			ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
		EXPECT_EQ(READERS, readers_finish(self, READERS));
	}
}

TEST_F_TIMEOUT(baton, as_many_messages_in_one_batch, 240)
{
	struct ipcring_pcq_msg msgs[READERS];
	struct ipcring_pcq_batch batch = pcq_batch(msgs, READERS);

	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < READERS; i++)
			msgs[i] = pcq_msg("x", 1);
		ASSERT_TRUE(readers_start(self, READERS, READERS / 2));
		ASSERT_EQ(READERS, pcq_send(self->s.sender, &batch));
		EXPECT_EQ(READERS, readers_finish(self, READERS));
	}
}

TEST_F_TIMEOUT(baton, bound_and_any, 240)
{
	for (int round = 0; round < 20; round++) {
		ASSERT_TRUE(readers_start(self, READERS, round % (READERS + 1)));
		for (int i = 0; i < READERS; i++)
			ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
		EXPECT_EQ(READERS, readers_finish(self, READERS));
	}
}

/* Any number of messages, any number of times: nobody but the last is left asleep. */
TEST_F_TIMEOUT(baton, fewer_messages_than_sleepers, 240)
{
	int done = 0;

	ASSERT_TRUE(readers_start(self, READERS, 1));
	ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	while (done < 2) {
		done = 0;
		for (int i = 0; i < READERS; i++)
			done += __atomic_load_n(&self->call[i].done, __ATOMIC_ACQUIRE);
		sched_yield();
	}
	ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	EXPECT_EQ(READERS, readers_finish(self, READERS));
}

TEST_F_TIMEOUT(baton, small_buffer, 240)
{
	struct call small = { CALL_READ, self->s.receiver, self->buf[1], 1 };

	ASSERT_TRUE(call_start(&small));
	ASSERT_TRUE(readers_start(self, 1, 0));
	ASSERT_EQ(2, chan_write(self->s.sender, "xy", 2));
	EXPECT_EQ(-EMSGSIZE, call_finish(&small));
	EXPECT_EQ(2, call_finish(&self->call[0]));
}

TEST_F_TIMEOUT(baton, bad_buffer, 240)
{
	struct call bad = { CALL_READ, self->s.receiver, BAD_PTR, 64 };

	ASSERT_TRUE(call_start(&bad));
	ASSERT_TRUE(readers_start(self, 1, 0));
	ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	EXPECT_EQ(1, call_finish(&self->call[0]));
	/* What it could not copy was another's by then: it waits for the next. */
	if (call_blocked(&bad))
		ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	EXPECT_EQ(-EFAULT, call_finish(&bad));
}

/* A reader that is stuck in its own memory holds up nobody, nor what it had found. */
TEST_F_TIMEOUT(baton, stalled_reader, 240)
{
	struct call stalled;
	char *page;
	int uffd = stalled_page(&page);

	if (uffd < 0)
		SKIP(return, "userfaultfd: %s", strerror(-uffd));
	stalled = (struct call){ CALL_READ, self->s.receiver, page, 64 };
	ASSERT_TRUE(call_start(&stalled));
	ASSERT_TRUE(readers_start(self, 1, 0));
	ASSERT_EQ(1, chan_write(self->s.sender, "a", 1));
	EXPECT_EQ(1, call_finish(&self->call[0]));
	EXPECT_EQ('a', self->buf[0][0]);
	ASSERT_EQ(0, let_go(uffd, page));
	ASSERT_EQ(1, chan_write(self->s.sender, "b", 1));
	EXPECT_EQ(1, call_finish(&stalled));
	EXPECT_EQ('b', page[0]);
	close(uffd);
	munmap(page, 4096);
}

/* Who stops waiting leaves the bell armed for those who do not. */
TEST_F_TIMEOUT(baton, deadline_of_a_neighbour, 240)
{
	struct ipcring_pcq_msg msg = pcq_msg(self->buf[1], 64);
	struct ipcring_pcq_batch batch = pcq_batch(&msg, 1);

	ASSERT_TRUE(readers_start(self, 1, 0));
	batch.deadline = now_ns() + 1000000;
	EXPECT_EQ(-ETIMEDOUT, pcq_recv(self->s.receiver, &batch));
	EXPECT_EQ(-ETIMEDOUT, pcq_recv(self->any, &batch));
	ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	EXPECT_EQ(1, call_finish(&self->call[0]));
}

/* One message: the poll() and the WAIT hear of it, and the read() gets it. */
TEST_F_TIMEOUT(baton, all_kinds, 240)
{
	struct call wait = { CALL_WAIT, self->s.receiver, .deadline = IPCRING_NO_TIMEOUT };
	struct call poll = { CALL_POLL, self->s.receiver };
	int sent = 0;

	ASSERT_TRUE(readers_start(self, 1, 0));
	ASSERT_TRUE(call_start(&wait));
	ASSERT_TRUE(call_start(&poll));
	while (!__atomic_load_n(&wait.done, __ATOMIC_ACQUIRE) ||
	       !__atomic_load_n(&poll.done, __ATOMIC_ACQUIRE)) {
		set_nonblock(self->s.sender, true);
		sent += chan_write(self->s.sender, "x", 1) == 1;
		sched_yield();
	}
	EXPECT_LE(1, sent);
	EXPECT_EQ(0, call_finish(&wait));
	EXPECT_EQ(POLLIN, call_finish(&poll));
	EXPECT_EQ(1, call_finish(&self->call[0]));
}

/* Senders */

static int fill(int fd)
{
	int n = 0;

	set_nonblock(fd, true);
	while (chan_write(fd, "f", 1) == 1)
		n++;
	set_nonblock(fd, false);
	return n;
}

TEST_F_TIMEOUT(baton, sender_with_a_bad_buffer, 240)
{
	struct call bad = { CALL_WRITE, self->s.sender, BAD_PTR, 1 };
	struct call good = { CALL_WRITE, self->s.sender, "g", 1 };

	ASSERT_EQ(SLOTS, fill(self->s.sender));
	ASSERT_TRUE(call_start(&bad));
	ASSERT_TRUE(call_start(&good));
	ASSERT_EQ(1, chan_read(self->s.receiver, self->buf[0], 64));
	EXPECT_EQ(-EFAULT, call_finish(&bad));
	EXPECT_EQ(1, call_finish(&good));
}

TEST_F_TIMEOUT(baton, stalled_sender, 240)
{
	struct call stalled, good = { CALL_WRITE, self->s.sender, "g", 1 };
	char *page;
	int uffd = stalled_page(&page);

	if (uffd < 0)
		SKIP(return, "userfaultfd: %s", strerror(-uffd));
	stalled = (struct call){ CALL_WRITE, self->s.sender, page, 1 };
	ASSERT_EQ(SLOTS, fill(self->s.sender));
	ASSERT_TRUE(call_start(&stalled));
	ASSERT_TRUE(call_start(&good));
	ASSERT_EQ(1, chan_read(self->s.receiver, self->buf[0], 64));
	EXPECT_EQ(1, call_finish(&good));
	ASSERT_EQ(0, let_go(uffd, page));
	ASSERT_EQ(1, chan_read(self->s.receiver, self->buf[0], 64));
	EXPECT_EQ(1, call_finish(&stalled));
	close(uffd);
	munmap(page, 4096);
}

/* Asleep in one lane, it is moved to where the other one is its: the room is another's. */
TEST_F_TIMEOUT(baton, moved_sender, 240)
{
	struct call moved = { CALL_WRITE, self->s.sender, "m", 1 };
	struct call stays = { CALL_WRITE, self->s.sender, "s", 1 };
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(!self->here, &set);
	ASSERT_EQ(SLOTS, fill(self->s.sender));
	ASSERT_TRUE(call_start(&moved));
	ASSERT_TRUE(call_start(&stays));
	ASSERT_EQ(0, sched_setaffinity(moved.tid, sizeof(set), &set));
	ASSERT_EQ(1, chan_read(self->s.receiver, self->buf[0], 64));
	EXPECT_EQ(1, call_finish(&stays));
	EXPECT_EQ(1, call_finish(&moved));
}

TEST_F_TIMEOUT(baton, senders_of_all_kinds, 240)
{
	const int any = pcq_sender(self->s.control, ANY);
	int other[READERS] = { 0 }, got = 0;
	struct call call[3 * READERS];

	ASSERT_LE(0, any);
	ASSERT_LT(0, fill(any));
	for (int i = 0; i < 3 * READERS; i++) {
		call[i] = (struct call){ CALL_WRITE, i % 3 == 2 ? any : self->s.sender, "x", 1 };
		/* Locals and remotes. */
		ASSERT_EQ(0, cpu_pin(i % 2));
		if (!call_start(&call[i]))
			other[0]++;
	}
	for (int done = 0; done < 3 * READERS;) {
		got += chan_read(self->any, self->buf[0], 64) == 1;
		done = 0;
		for (int i = 0; i < 3 * READERS; i++)
			done += __atomic_load_n(&call[i].done, __ATOMIC_ACQUIRE);
		/* No more than there are: the last ones are on their way. */
		while (done < 3 * READERS && chan_poll(self->any, POLLIN) == 0) {
			sched_yield();
			done = 0;
			for (int i = 0; i < 3 * READERS; i++)
				done += __atomic_load_n(&call[i].done, __ATOMIC_ACQUIRE);
		}
	}
	for (int i = 0; i < 3 * READERS; i++)
		EXPECT_EQ(1, call_finish(&call[i]));
	EXPECT_LT(0, got);
	close(any);
}

TEST_HARNESS_MAIN
