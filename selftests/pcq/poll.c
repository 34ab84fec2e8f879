// SPDX-License-Identifier: GPL-2.0
/*
 * poll() and epoll, level- and edge-triggered: one variant for each way in which a message
 * comes. The queue is CPU 0's; a receiver bound to ANY hears it among others.
 */
#include "set.h"

#include <sys/epoll.h>

#define SLOTS	2
#define BOTH	(POLLIN | POLLOUT)

FIXTURE(poll) {
	struct set s;
	int ep;
	char buf[8];
};

FIXTURE_VARIANT(poll) {
	uint32_t on;		/* where the sender runs */
	uint32_t from;		/* what the receiver is bound to */
	uint32_t mode;
};

FIXTURE_VARIANT_ADD(poll, local) { .on = 0, .from = 0 };
FIXTURE_VARIANT_ADD(poll, remote) { .on = 1, .from = 0 };
FIXTURE_VARIANT_ADD(poll, local_any) { .on = 0, .from = ANY };
FIXTURE_VARIANT_ADD(poll, remote_any) { .on = 1, .from = ANY };
FIXTURE_VARIANT_ADD(poll, local_ipi) { .on = 0, .from = 0, .mode = IPCRING_PCQ_BELL_IPI };
FIXTURE_VARIANT_ADD(poll, remote_ipi) { .on = 1, .from = 0, .mode = IPCRING_PCQ_BELL_IPI };
FIXTURE_VARIANT_ADD(poll, any_ipi) { .on = 1, .from = ANY, .mode = IPCRING_PCQ_BELL_IPI };

FIXTURE_SETUP(poll)
{
	NEED_CPUS(2);
	OPEN_SET(&self->s, 0, .slots = SLOTS, .msg_size = 8);
	close(self->s.receiver);
	self->s.receiver = pcq_receiver(self->s.control, variant->from);
	ASSERT_LE(0, self->s.receiver);
	ASSERT_EQ(0, pcq_bell(self->s.control, ANY, variant->mode, 0));
	ASSERT_EQ(0, cpu_pin(variant->on));
	self->ep = epoll_create1(EPOLL_CLOEXEC);
	ASSERT_LE(0, self->ep);
}

FIXTURE_TEARDOWN(poll)
{
	close(self->ep);
	set_close(&self->s);
	cpu_unpin();
}

static int add(int ep, int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events };

	return errno_or(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev));
}

/* The events of the one file that is ready now, 0 if none is. */
static int ready(int ep)
{
	struct epoll_event ev = { .events = 0xcccccccc };
	int ret = errno_or(epoll_wait(ep, &ev, 1, 0));

	return ret == 1 ? (int)ev.events : ret;
}

/*
 * The next event, waited for: IPI mode wakes from an interrupt, after write() has
 * returned, on -rt even later.
 */
static int next(int ep)
{
	struct epoll_event ev = { .events = 0xcccccccc };
	int ret = errno_or(epoll_wait(ep, &ev, 1, -1));

	return ret == 1 ? (int)ev.events : ret;
}

static void move(pid_t tid, uint32_t cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(tid, sizeof(set), &set);
}

/* How often a thread went to sleep, or -1. */
static long sleeps(pid_t tid)
{
	char path[64], line[128];
	long n = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/status", tid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "voluntary_ctxt_switches: %ld", &n);
	if (f)
		fclose(f);
	return n;
}

/* Woken, and asleep once more; false: it has returned. */
static bool sleeps_again(struct call *c, long before)
{
	while (sleeps(c->tid) == before && !__atomic_load_n(&c->done, __ATOMIC_ACQUIRE))
		sched_yield();
	return call_blocked(c);
}

TEST_F(poll, receiver)
{
	EXPECT_EQ(0, chan_poll(self->s.receiver, BOTH));
	ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	EXPECT_EQ(POLLIN, chan_poll(self->s.receiver, BOTH));
	EXPECT_EQ(POLLIN, chan_poll(self->s.receiver, BOTH));
	EXPECT_EQ(0, chan_poll(self->s.receiver, POLLOUT));
	ASSERT_EQ(1, chan_read(self->s.receiver, self->buf, 8));
	EXPECT_EQ(0, chan_poll(self->s.receiver, BOTH));
}

TEST_F(poll, sender)
{
	for (int i = 0; i < SLOTS; i++) {
		EXPECT_EQ(POLLOUT, chan_poll(self->s.sender, BOTH));
		ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	}
	EXPECT_EQ(0, chan_poll(self->s.sender, BOTH));
	ASSERT_EQ(1, chan_read(self->s.receiver, self->buf, 8));
	EXPECT_EQ(POLLOUT, chan_poll(self->s.sender, BOTH));
	EXPECT_EQ(0, chan_poll(self->s.sender, POLLIN));
}

/* The lane that write() would take now: here full, there empty. */
TEST_F(poll, sender_of_another_cpu)
{
	for (int i = 0; i < SLOTS; i++)
		ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	EXPECT_EQ(0, chan_poll(self->s.sender, POLLOUT));
	cpu_pin(!variant->on);
	EXPECT_EQ(POLLOUT, chan_poll(self->s.sender, POLLOUT));
}

TEST_F(poll, sleeping_receiver)
{
	struct call poll = { CALL_POLL, self->s.receiver };

	for (int i = 0; i < 3; i++) {
		ASSERT_TRUE(call_start_on(&poll, 0));
		ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
		EXPECT_EQ(POLLIN, call_finish(&poll));
		ASSERT_EQ(1, chan_read(self->s.receiver, self->buf, 8));
	}
}

TEST_F(poll, sleeping_sender)
{
	struct call poll = { CALL_POLL, self->s.sender };

	for (int i = 0; i < SLOTS; i++)
		ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	for (int i = 0; i < 3; i++) {
		ASSERT_TRUE(call_start_on(&poll, variant->on));
		ASSERT_EQ(1, chan_read(self->s.receiver, self->buf, 8));
		EXPECT_EQ(POLLOUT, call_finish(&poll));
		ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	}
}

/* A poll()er takes nothing, so everybody who sleeps there hears of the message. */
TEST_F(poll, several_sleepers)
{
	struct call poll[3], read = { CALL_READ, self->s.receiver, self->buf, 8 };

	for (int i = 0; i < 3; i++) {
		poll[i] = (struct call){ CALL_POLL, self->s.receiver };
		ASSERT_TRUE(call_start_on(&poll[i], 0));
	}
	ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(POLLIN, call_finish(&poll[i]));
	ASSERT_EQ(1, chan_read(self->s.receiver, self->buf, 8));
	/* A poll()er before a reader does not swallow the reader's wake-up. */
	ASSERT_TRUE(call_start_on(&poll[0], 0));
	ASSERT_TRUE(call_start_on(&read, 0));
	ASSERT_EQ(1, chan_write(self->s.sender, "y", 1));
	EXPECT_EQ(1, call_finish(&read));
	EXPECT_EQ('y', self->buf[0]);
	/* The reader may have been first. */
	ASSERT_EQ(1, chan_write(self->s.sender, "z", 1));
	EXPECT_EQ(POLLIN, call_finish(&poll[0]));
}

TEST_F(poll, epoll_level)
{
	ASSERT_EQ(0, add(self->ep, self->s.receiver, EPOLLIN));
	EXPECT_EQ(0, ready(self->ep));
	for (int i = 0; i < SLOTS; i++)
		ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	for (int i = 0; i < SLOTS; i++) {
		EXPECT_EQ(EPOLLIN, next(self->ep));
		EXPECT_EQ(EPOLLIN, next(self->ep));
		ASSERT_EQ(1, chan_read(self->s.receiver, self->buf, 8));
	}
	EXPECT_EQ(0, ready(self->ep));
	ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	EXPECT_EQ(EPOLLIN, next(self->ep));
}

/* Read until -EAGAIN, then the next message is the next edge. */
TEST_F(poll, epoll_edge)
{
	set_nonblock(self->s.receiver, true);
	ASSERT_EQ(0, add(self->ep, self->s.receiver, EPOLLIN | EPOLLET));
	EXPECT_EQ(0, ready(self->ep));
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i <= round % SLOTS; i++)
			ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
		EXPECT_EQ(EPOLLIN, next(self->ep));
		while (chan_read(self->s.receiver, self->buf, 8) == 1)
			;
		/* Drained: that was all of the edge, unless its interrupt comes late. */
		if (variant->mode == IPCRING_PCQ_BELL_WAKE)
			EXPECT_EQ(0, ready(self->ep));
	}
}

/* Write until -EAGAIN, then room is the next edge. */
TEST_F(poll, epoll_edge_of_a_sender)
{
	set_nonblock(self->s.sender, true);
	ASSERT_EQ(0, add(self->ep, self->s.sender, EPOLLOUT | EPOLLET));
	EXPECT_EQ(EPOLLOUT, next(self->ep));
	EXPECT_EQ(0, ready(self->ep));
	for (int round = 0; round < 5; round++) {
		while (chan_write(self->s.sender, "x", 1) == 1)
			;
		EXPECT_EQ(0, ready(self->ep));
		ASSERT_EQ(1, chan_read(self->s.receiver, self->buf, 8));
		EXPECT_EQ(EPOLLOUT, next(self->ep));
	}
}

static uint64_t rung(int fd)
{
	struct ipcring_pcq_stats s;

	return pcq_stats(fd, 0, &s) ? ~0ULL : s.wakes + s.ipis;
}

/* Watched, the queue is armed by a poll() that finds nothing, and by -EAGAIN. */
TEST_F(poll, who_arms)
{
	set_nonblock(self->s.receiver, true);
	ASSERT_EQ(0, add(self->ep, self->s.receiver, EPOLLIN | EPOLLET));
	for (int i = 1; i <= 3; i++) {
		ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
		EXPECT_EQ(i, rung(self->s.observer));
		EXPECT_EQ(EPOLLIN, next(self->ep));
		ASSERT_EQ(1, chan_read(self->s.receiver, self->buf, 8));
		EXPECT_EQ(-EAGAIN, chan_read(self->s.receiver, self->buf, 8));
	}
}

/* With nobody to be woken nobody is: who only looks costs no doorbell. */
TEST_F(poll, who_does_not_arm)
{
	set_nonblock(self->s.receiver, true);
	for (int i = 1; i <= 3; i++) {
		EXPECT_EQ(0, chan_poll(self->s.receiver, POLLIN));
		EXPECT_EQ(-EAGAIN, chan_read(self->s.receiver, self->buf, 8));
		ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
		EXPECT_EQ(0, rung(self->s.observer));
		ASSERT_EQ(1, chan_read(self->s.receiver, self->buf, 8));
	}
}

TEST_F(poll, nonblocking)
{
	set_nonblock(self->s.sender, true);
	set_nonblock(self->s.receiver, true);
	for (int round = 0; round < 3; round++) {
		EXPECT_EQ(-EAGAIN, chan_read(self->s.receiver, self->buf, 8));
		for (int i = 0; i < SLOTS; i++)
			ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
		EXPECT_EQ(-EAGAIN, chan_write(self->s.sender, "x", 1));
		for (int i = 0; i < SLOTS; i++)
			ASSERT_EQ(1, chan_read(self->s.receiver, self->buf, 8));
	}
	/* An empty message is none, whether there is room or not. */
	EXPECT_EQ(-EMSGSIZE, chan_write(self->s.sender, "x", 0));
}

/* The file goes while epoll watches it. */
TEST_F(poll, closed_while_watched)
{
	for (int i = 0; i < 20; i++) {
		int fd = pcq_receiver(self->s.control, i % 2 ? ANY : 0);

		ASSERT_LE(0, fd);
		ASSERT_EQ(0, add(self->ep, fd, EPOLLIN | (i % 4 ? EPOLLET : 0)));
		EXPECT_EQ(0, ready(self->ep));
		close(fd);
	}
	ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	EXPECT_EQ(0, ready(self->ep));
	EXPECT_EQ(1, chan_read(self->s.receiver, self->buf, 8));
}

/* Bound to THIS, it is the queue of the CPU that poll() is called on. */
TEST_F(poll, this)
{
	int fd = pcq_receiver(self->s.control, THIS);

	ASSERT_LE(0, fd);
	ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	cpu_pin(1);
	EXPECT_EQ(0, chan_poll(fd, POLLIN));
	cpu_pin(0);
	EXPECT_EQ(POLLIN, chan_poll(fd, POLLIN));
	close(fd);
}

/* Moved while it sleeps, and woken for nothing: from then on it is the queue of there. */
TEST_F(poll, this_that_moves)
{
	int other = pcq_sender(self->s.control, 1);
	struct call poll = { CALL_POLL, pcq_receiver(self->s.control, THIS) };
	long slept;

	ASSERT_LE(0, other);
	ASSERT_LE(0, poll.fd);
	ASSERT_TRUE(call_start_on(&poll, 0));
	move(poll.tid, 1);
	slept = sleeps(poll.tid);
	ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	EXPECT_TRUE(sleeps_again(&poll, slept));
	ASSERT_EQ(1, chan_write(other, "y", 1));
	EXPECT_EQ(POLLIN, call_finish(&poll));
	close(poll.fd);
	close(other);
}

/* Likewise a sender: both queues are full, then one has room. */
TEST_F(poll, this_that_moves_and_sends)
{
	int receiver[2] = { pcq_receiver(self->s.control, 0), pcq_receiver(self->s.control, 1) };
	struct call poll = { CALL_POLL, pcq_sender(self->s.control, THIS) };
	long slept;

	ASSERT_LE(0, receiver[0]);
	ASSERT_LE(0, receiver[1]);
	ASSERT_LE(0, poll.fd);
	for (int cpu = 0; cpu < 2; cpu++) {
		cpu_pin(cpu);
		for (int i = 0; i < SLOTS; i++)
			ASSERT_EQ(1, chan_write(poll.fd, "x", 1));
	}
	ASSERT_TRUE(call_start_on(&poll, 0));
	move(poll.tid, 1);
	slept = sleeps(poll.tid);
	ASSERT_EQ(1, chan_read(receiver[0], self->buf, 8));
	EXPECT_TRUE(sleeps_again(&poll, slept));
	ASSERT_EQ(1, chan_read(receiver[1], self->buf, 8));
	EXPECT_EQ(POLLOUT, call_finish(&poll));
	close(poll.fd);
	close(receiver[0]);
	close(receiver[1]);
}

TEST_HARNESS_MAIN
