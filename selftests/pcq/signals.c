// SPDX-License-Identifier: GPL-2.0
/* A signal ends what sleeps (-EINTR) or has it restarted; nothing is lost or done twice. */
#include "set.h"

#define SLOTS	2

FIXTURE(signals) {
	struct set s;
	int any_to;
	char buf[8];
};

FIXTURE_VARIANT(signals) {
	uint32_t on;		/* where the sender runs; the queue is CPU 0's */
	bool restart;		/* SA_RESTART */
};

FIXTURE_VARIANT_ADD(signals, local) { .on = 0 };
FIXTURE_VARIANT_ADD(signals, remote) { .on = 1 };
FIXTURE_VARIANT_ADD(signals, local_restart) { .on = 0, .restart = true };
FIXTURE_VARIANT_ADD(signals, remote_restart) { .on = 1, .restart = true };

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
	caught++;
}

FIXTURE_SETUP(signals)
{
	struct sigaction sa = { .sa_handler = on_signal };

	NEED_CPUS(2);
	OPEN_SET(&self->s, 0, .slots = SLOTS, .msg_size = 8);
	sa.sa_flags = variant->restart ? SA_RESTART : 0;
	ASSERT_EQ(0, sigaction(SIGUSR1, &sa, NULL));
	ASSERT_EQ(0, cpu_pin(variant->on));
	caught = 0;
}

FIXTURE_TEARDOWN(signals)
{
	set_close(&self->s);
	cpu_unpin();
}

/* One signal, and until its handler has run. */
static void hit(pthread_t thread)
{
	int before = caught;

	pthread_kill(thread, SIGUSR1);
	while (caught == before)
		sched_yield();
}

/* Interrupted, or asleep again. */
#define EXPECT_HIT(c) do { \
	hit((c)->thread); \
	if (variant->restart) { \
		EXPECT_TRUE(call_blocked(c)); \
	} else { \
		EXPECT_EQ(-EINTR, call_finish(c)); \
	} \
} while (0)

TEST_F(signals, read)
{
	struct call read = { CALL_READ, self->s.receiver, self->buf, 8 };

	for (int i = 0; i < 3; i++) {
		ASSERT_TRUE(call_start_on(&read, 0));
		EXPECT_HIT(&read);
		ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
		EXPECT_EQ(1, variant->restart ? call_finish(&read) :
						chan_read(self->s.receiver, self->buf, 8));
	}
}

TEST_F(signals, write)
{
	struct call write = { CALL_WRITE, self->s.sender, "n", 1 };
	struct ipcring_pcq_stats st;

	for (int i = 0; i < SLOTS; i++)
		ASSERT_EQ(1, chan_write(self->s.sender, "o", 1));
	for (int i = 0; i < 3; i++) {
		ASSERT_TRUE(call_start_on(&write, variant->on));
		EXPECT_HIT(&write);
		ASSERT_EQ(1, chan_read(self->s.receiver, self->buf, 8));
		EXPECT_EQ(1, variant->restart ? call_finish(&write) :
						chan_write(self->s.sender, "n", 1));
	}
	ASSERT_EQ(0, pcq_stats(self->s.observer, 0, &st));
	EXPECT_EQ(SLOTS + 3, st.local + st.remote);
}

TEST_F(signals, wait)
{
	struct call wait = { CALL_WAIT, self->s.receiver, .deadline = IPCRING_NO_TIMEOUT };

	ASSERT_TRUE(call_start_on(&wait, 0));
	EXPECT_HIT(&wait);
	ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	if (variant->restart)
		EXPECT_EQ(0, call_finish(&wait));
}

/* Restarted or not, an absolute deadline is not put off. */
TEST_F(signals, deadline)
{
	struct call wait = { CALL_WAIT, self->s.receiver, .deadline = now_ns() + 200000000 };

	ASSERT_TRUE(call_start_on(&wait, 0));
	hit(wait.thread);
	EXPECT_EQ(variant->restart ? -ETIMEDOUT : -EINTR, call_finish(&wait));
	if (variant->restart)
		EXPECT_LE(wait.deadline, now_ns());
}

/* A batch that has moved some says how many: it is not done again. */
TEST_F(signals, batch_half_sent)
{
	struct ipcring_pcq_msg msgs[SLOTS + 2];
	struct ipcring_pcq_batch p = pcq_batch(msgs, SLOTS + 2);
	struct ioctl_call send = { self->s.sender, IPCRING_IOC_PCQ_SEND, &p };
	struct ipcring_pcq_stats st;

	for (int i = 0; i < SLOTS + 2; i++)
		msgs[i] = pcq_msg("abcd" + i, 1);
	ASSERT_TRUE(ioctl_start_on(&send, variant->on));
	hit(send.thread);
	EXPECT_EQ(SLOTS, ioctl_finish(&send));
	ASSERT_EQ(0, pcq_stats(self->s.observer, 0, &st));
	EXPECT_EQ(SLOTS, st.local + st.remote);
	for (int i = 0; i < SLOTS; i++) {
		ASSERT_EQ(1, chan_read(self->s.receiver, self->buf, 8));
		EXPECT_EQ('a' + i, self->buf[0]);
	}
}

TEST_F(signals, batch_of_nothing)
{
	struct ipcring_pcq_msg msg = pcq_msg(self->buf, 8);
	struct ipcring_pcq_batch p = pcq_batch(&msg, 1);
	struct ioctl_call recv = { self->s.receiver, IPCRING_IOC_PCQ_RECV, &p };

	ASSERT_TRUE(ioctl_start_on(&recv, 0));
	hit(recv.thread);
	if (variant->restart)
		ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	EXPECT_EQ(variant->restart ? 1 : -EINTR, ioctl_finish(&recv));
}

/* The wake-up of one who is interrupted goes to another who sleeps. */
TEST_F(signals, the_baton_is_passed_on)
{
	struct call read[2] = {
		{ CALL_READ, self->s.receiver, self->buf, 8 },
		{ CALL_READ, self->s.receiver, self->buf, 8 },
	};

	if (variant->restart)
		return;
	for (int round = 0; round < 20; round++) {
		struct call *victim = &read[round % 2], *other = &read[!(round % 2)];

		for (int i = 0; i < 2; i++)
			ASSERT_TRUE(call_start_on(&read[i], 0));
		/* It is woken by the message or by the signal, or by both. */
		ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
		pthread_kill(victim->thread, SIGUSR1);
		if (call_finish(victim) == 1)
			ASSERT_EQ(1, chan_write(self->s.sender, "y", 1));
		EXPECT_EQ(1, call_finish(other));
	}
}

/* Killed asleep: its place in line is nobody's loss. */
TEST_F(signals, killed_asleep)
{
	pid_t pid = fork();

	if (pid == 0) {
		cpu_pin(0);
		_exit(chan_read(self->s.receiver, self->buf, 8) == 1 ? 0 : 1);
	}
	ASSERT_TRUE(wait_blocked(pid, SYS_read));
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, reap(pid));
	ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	EXPECT_EQ(1, chan_read(self->s.receiver, self->buf, 8));
	for (int i = 0; i < SLOTS; i++)
		ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	pid = fork();
	if (pid == 0)
		_exit(chan_write(self->s.sender, "y", 1) == 1 ? 0 : 1);
	ASSERT_TRUE(wait_blocked(pid, SYS_write));
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, reap(pid));
	for (int i = 0; i < SLOTS; i++) {
		ASSERT_EQ(1, chan_read(self->s.receiver, self->buf, 8));
		EXPECT_EQ('x', self->buf[0]);
	}
	set_nonblock(self->s.receiver, true);
	EXPECT_EQ(-EAGAIN, chan_read(self->s.receiver, self->buf, 8));
}

TEST_HARNESS_MAIN
