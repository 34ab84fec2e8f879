// SPDX-License-Identifier: GPL-2.0
/* Doorbell modes, and CPUs that are to be left alone. */
#include "map.h"

#define SLOTS	8

FIXTURE(bell) {
	struct set s;
	struct call read;
	char buf[8];
};

FIXTURE_SETUP(bell)
{
	NEED_CPUS(2);
	OPEN_SET(&self->s, 0, .slots = SLOTS, .msg_size = 8);
	self->read = (struct call){ CALL_READ, self->s.receiver, self->buf, 8 };
	cpu_pin(1);
}

FIXTURE_TEARDOWN(bell)
{
	set_close(&self->s);
	cpu_unpin();
}

static struct ipcring_pcq_stats stats_of(int fd, uint32_t cpu)
{
	struct ipcring_pcq_stats s;

	if (pcq_stats(fd, cpu, &s))
		memset(&s, 0xff, sizeof(s));
	return s;
}

/* Without waiting for it to sleep: a receiver of a queue that polls never does. */
static bool start_polling(struct call *c, uint32_t cpu)
{
	cpu_set_t old;
	bool ok;

	c->tid = 0;
	c->done = false;
	sched_getaffinity(0, sizeof(old), &old);
	cpu_pin(cpu);
	ok = !pthread_create(&c->thread, NULL, call_thread, c);
	sched_setaffinity(0, sizeof(old), &old);
	while (ok && !__atomic_load_n(&c->tid, __ATOMIC_ACQUIRE))
		sched_yield();
	return ok;
}

TEST_F(bell, wake_is_the_default)
{
	ASSERT_TRUE(call_start_on(&self->read, 0));
	ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	EXPECT_EQ(1, call_finish(&self->read));
	EXPECT_EQ(1, stats_of(self->s.observer, 0).wakes);
	EXPECT_EQ(0, stats_of(self->s.observer, 0).ipis);
}

/* Each queue has its own; ANY sets all. */
TEST_F(bell, one_queue_or_all)
{
	int to = pcq_sender(self->s.control, 1), from = pcq_receiver(self->s.control, 1);
	struct call other = { CALL_READ, from, self->buf, 8 };

	ASSERT_LE(0, to);
	ASSERT_LE(0, from);
	ASSERT_EQ(0, pcq_bell(self->s.control, 0, IPCRING_PCQ_BELL_IPI, 0));
	for (int all = 0; all < 2; all++) {
		cpu_pin(1);
		ASSERT_TRUE(call_start_on(&self->read, 0));
		ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
		EXPECT_EQ(1, call_finish(&self->read));
		cpu_pin(0);
		ASSERT_TRUE(call_start_on(&other, 1));
		ASSERT_EQ(1, chan_write(to, "x", 1));
		EXPECT_EQ(1, call_finish(&other));
		EXPECT_EQ(all + 1, stats_of(self->s.observer, 0).ipis);
		EXPECT_EQ(0, stats_of(self->s.observer, 0).wakes);
		EXPECT_EQ(all, stats_of(self->s.observer, 1).ipis);
		EXPECT_EQ(1, stats_of(self->s.observer, 1).wakes);
		ASSERT_EQ(0, pcq_bell(self->s.control, ANY, IPCRING_PCQ_BELL_IPI, 0));
	}
	close(to);
	close(from);
}

/* The interrupt goes to the queue's CPU, wherever the receiver sleeps. */
TEST_F(bell, ipi_wakes_a_receiver_anywhere)
{
	ASSERT_EQ(0, pcq_bell(self->s.control, 0, IPCRING_PCQ_BELL_IPI, 0));
	for (uint32_t i = 0; i < 6; i++) {
		ASSERT_TRUE(call_start_on(&self->read, i % 2));
		ASSERT_EQ(1, chan_write(self->s.sender, "abcdef" + i, 1));
		EXPECT_EQ(1, call_finish(&self->read));
		EXPECT_EQ("abcdef"[i], self->buf[0]);
		EXPECT_EQ(i + 1, stats_of(self->s.observer, 0).ipis);
	}
	/* On the queue's own CPU there is nothing to interrupt. */
	cpu_pin(0);
	ASSERT_TRUE(call_start_on(&self->read, 0));
	ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	EXPECT_EQ(1, call_finish(&self->read));
	EXPECT_EQ(6, stats_of(self->s.observer, 0).ipis);
	EXPECT_EQ(1, stats_of(self->s.observer, 0).wakes);
}

/* It looks again and again: nothing is armed, nobody sleeps, all doorbells are spared. */
TEST_F(bell, poll_never_rings)
{
	struct ipcring_pcq_stats s;

	ASSERT_EQ(0, pcq_bell(self->s.control, 0, IPCRING_PCQ_BELL_POLL, 0));
	for (int i = 0; i < 10; i++) {
		ASSERT_TRUE(start_polling(&self->read, 0));
		EXPECT_FALSE(task_blocked_in(self->read.tid, SYS_read));
		ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
		EXPECT_EQ(1, call_finish(&self->read));
	}
	s = stats_of(self->s.observer, 0);
	EXPECT_EQ(0, s.wakes + s.ipis + s.coalesced + s.recv_waits + s.fences);
	EXPECT_EQ(10, s.suppressed);
}

/* poll() says what is there now, and wakes nobody. */
TEST_F(bell, poll_of_a_polling_queue)
{
	ASSERT_EQ(0, pcq_bell(self->s.control, 0, IPCRING_PCQ_BELL_POLL, 0));
	EXPECT_EQ(0, chan_poll(self->s.receiver, POLLIN));
	ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	EXPECT_EQ(POLLIN, chan_poll(self->s.receiver, POLLIN));
	ASSERT_EQ(1, chan_read(self->s.receiver, self->buf, 8));
	EXPECT_EQ(0, chan_poll(self->s.receiver, POLLIN));
	EXPECT_EQ(1, stats_of(self->s.observer, 0).suppressed);
}

TEST_F(bell, poll_ends_with_the_deadline)
{
	struct ipcring_pcq_msg msg = pcq_msg(self->buf, 8);
	struct ipcring_pcq_batch p = pcq_batch(&msg, 1);

	ASSERT_EQ(0, pcq_bell(self->s.control, 0, IPCRING_PCQ_BELL_POLL, 0));
	p.deadline = now_ns() + 20000000;
	EXPECT_EQ(-ETIMEDOUT, pcq_recv(self->s.receiver, &p));
	EXPECT_LE(p.deadline, now_ns());
	p.deadline = now_ns() + 20000000;
	EXPECT_EQ(-ETIMEDOUT, chan_wait(self->s.receiver, p.deadline));
	EXPECT_LE(p.deadline, now_ns());
	p.flags = IPCRING_PCQ_DONTWAIT;
	EXPECT_EQ(-EAGAIN, pcq_recv(self->s.receiver, &p));
}

static void on_signal(int sig)
{
}

/* It gives way: to signals, and to whoever shares its CPU. */
TEST_F(bell, poll_gives_way)
{
	struct sigaction sa = { .sa_handler = on_signal };

	ASSERT_EQ(0, pcq_bell(self->s.control, 0, IPCRING_PCQ_BELL_POLL, 0));
	ASSERT_EQ(0, sigaction(SIGUSR1, &sa, NULL));
	ASSERT_TRUE(start_polling(&self->read, 0));
	/* This thread runs on the very CPU that the other one looks on. */
	cpu_pin(0);
	for (int i = 0; i < 1000; i++)
		sched_yield();
	while (!__atomic_load_n(&self->read.done, __ATOMIC_ACQUIRE)) {
		ASSERT_EQ(0, pthread_kill(self->read.thread, SIGUSR1));
		sched_yield();
	}
	EXPECT_EQ(-EINTR, call_finish(&self->read));
	ASSERT_TRUE(start_polling(&self->read, 0));
	ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	EXPECT_EQ(1, call_finish(&self->read));
}

/* And can be killed. */
TEST_F(bell, poll_dies)
{
	pid_t pid;

	ASSERT_EQ(0, pcq_bell(self->s.control, 0, IPCRING_PCQ_BELL_POLL, 0));
	pid = fork();
	if (pid == 0)
		_exit(chan_read(self->s.receiver, self->buf, 8) == 1 ? 0 : 1);
	for (int i = 0; i < 100; i++)
		sched_yield();
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, reap(pid));
}

/* Sleepers are woken, and wait on as the new mode says; in every order of modes. */
TEST_F(bell, mode_changes_under_a_receiver)
{
	static const uint32_t order[] = { 2, 0, 1, 2, 1, 0, 2 };
	struct ipcring_pcq_stats before, after;

	for (uint32_t m = 0; m < ARRAY_LEN(order); m++) {
		before = stats_of(self->s.observer, 0);
		ASSERT_TRUE(start_polling(&self->read, 0));
		ASSERT_EQ(0, pcq_bell(self->s.control, 0, order[m], 0));
		if (order[m] != IPCRING_PCQ_BELL_POLL)
			EXPECT_TRUE(call_blocked(&self->read));
		ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
		EXPECT_EQ(1, call_finish(&self->read));
		after = stats_of(self->s.observer, 0);
		EXPECT_EQ(order[m] == IPCRING_PCQ_BELL_WAKE, after.wakes - before.wakes);
		EXPECT_EQ(order[m] == IPCRING_PCQ_BELL_IPI, after.ipis - before.ipis);
	}
}

/* A receiver bound to ANY is heard by queues of every mode but POLL; it looks there, too. */
TEST_F(bell, any_over_modes)
{
	static const uint32_t modes[] = { IPCRING_PCQ_BELL_WAKE, IPCRING_PCQ_BELL_IPI };
	int any = pcq_receiver(self->s.control, ANY), to = pcq_sender(self->s.control, 1);
	struct call read = { CALL_READ, any, self->buf, 8 };

	ASSERT_LE(0, any);
	ASSERT_LE(0, to);
	for (int m = 0; m < 4; m++) {
		ASSERT_EQ(0, pcq_bell(self->s.control, 0, modes[m % 2], 0));
		ASSERT_EQ(0, pcq_bell(self->s.control, 1, modes[m / 2], 0));
		for (int i = 0; i < 2; i++) {
			ASSERT_TRUE(call_start_on(&read, 0));
			ASSERT_EQ(1, chan_write(i ? to : self->s.sender, "x", 1));
			EXPECT_EQ(1, call_finish(&read));
		}
	}
	/* One queue that polls: such a receiver has to look, and finds both. */
	ASSERT_EQ(0, pcq_bell(self->s.control, 0, IPCRING_PCQ_BELL_POLL, 0));
	for (int i = 0; i < 4; i++) {
		ASSERT_TRUE(start_polling(&read, 0));
		ASSERT_EQ(1, chan_write(i % 2 ? to : self->s.sender, "x", 1));
		EXPECT_EQ(1, call_finish(&read));
	}
	close(any);
	close(to);
}

TEST_HARNESS_MAIN
