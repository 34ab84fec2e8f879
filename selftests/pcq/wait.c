// SPDX-License-Identifier: GPL-2.0
/* WAIT and WAKE, the bell's word and the fence: what mapped sides build on. */
#include "map.h"

#define SLOTS	2

FIXTURE(wait) {
	struct set s;
	struct map to;		/* as its sender maps the queue of CPU 0 */
	struct map from;	/* as its receiver does */
	uint32_t cpus;
	uint32_t sent_on;
	char buf[8];
};

FIXTURE_VARIANT(wait) {
	uint32_t mode;
	uint32_t from;		/* what the receiver is bound to */
};

FIXTURE_VARIANT_ADD(wait, wake) { .mode = IPCRING_PCQ_BELL_WAKE };
FIXTURE_VARIANT_ADD(wait, ipi) { .mode = IPCRING_PCQ_BELL_IPI };
FIXTURE_VARIANT_ADD(wait, any) { .from = ANY };

FIXTURE_SETUP(wait)
{
	struct ipcring_pcq_info info;

	NEED_CPUS(2);
	OPEN_SET(&self->s, 0, .slots = SLOTS, .msg_size = 8, .flags = IPCRING_PCQ_MAP_SENDERS);
	close(self->s.receiver);
	self->s.receiver = pcq_receiver(self->s.control, variant->from);
	ASSERT_LE(0, self->s.receiver);
	ASSERT_EQ(0, pcq_info(self->s.control, &info));
	self->cpus = info.cpus;
	ASSERT_EQ(0, pcq_bell(self->s.control, ANY, variant->mode, 0));
	ASSERT_EQ(0, map_open(&self->to, self->s.sender, 0));
	ASSERT_EQ(0, map_open(&self->from, self->s.receiver, 0));
	ASSERT_EQ(0, cpu_pin(0));
}

FIXTURE_TEARDOWN(wait)
{
	map_close(&self->to);
	map_close(&self->from);
	set_close(&self->s);
	cpu_unpin();
}

#define BELL()	ring_load(&self->from.state->bell)

TEST_F(wait, deadlines)
{
	uint64_t deadline;

	EXPECT_EQ(-ETIMEDOUT, chan_wait(self->s.receiver, 0));
	deadline = now_ns() + 20000000;
	EXPECT_EQ(-ETIMEDOUT, chan_wait(self->s.receiver, deadline));
	EXPECT_LE(deadline, now_ns());
	EXPECT_EQ(0, chan_wait(self->s.sender, 0));
	for (int i = 0; i < SLOTS; i++)
		ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	EXPECT_EQ(0, chan_wait(self->s.receiver, 0));
	EXPECT_EQ(0, chan_wait(self->s.receiver, IPCRING_NO_TIMEOUT));
	EXPECT_EQ(-ETIMEDOUT, chan_wait(self->s.sender, 0));
	deadline = now_ns() + 20000000;
	EXPECT_EQ(-ETIMEDOUT, chan_wait(self->s.sender, deadline));
	EXPECT_LE(deadline, now_ns());
	/* O_NONBLOCK does not matter here. */
	set_nonblock(self->s.sender, true);
	deadline = now_ns() + 20000000;
	EXPECT_EQ(-ETIMEDOUT, chan_wait(self->s.sender, deadline));
	EXPECT_LE(deadline, now_ns());
}

TEST_F(wait, until_a_message)
{
	struct call wait = { CALL_WAIT, self->s.receiver, .deadline = IPCRING_NO_TIMEOUT };

	for (uint32_t i = 0; i < 8; i++) {
		/* From here and from there, to a receiver here and there. */
		ASSERT_TRUE(call_start_on(&wait, i / 2 % 2));
		cpu_pin(i % 2);
		ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
		EXPECT_EQ(0, call_finish(&wait));
		ASSERT_EQ(1, chan_read(self->s.receiver, self->buf, 8));
	}
}

TEST_F(wait, until_there_is_room)
{
	struct call wait = { CALL_WAIT, self->s.sender, .deadline = IPCRING_NO_TIMEOUT };

	for (uint32_t on = 0; on < 2; on++) {
		cpu_pin(on);
		for (int i = 0; i < SLOTS; i++)
			ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
		ASSERT_TRUE(call_start_on(&wait, on));
		ASSERT_EQ(1, chan_read(self->s.receiver, self->buf, 8));
		EXPECT_EQ(0, call_finish(&wait));
		ASSERT_EQ(1, chan_read(self->s.receiver, self->buf, 8));
	}
}

TEST_F(wait, wake_arguments)
{
	int this = pcq_sender(self->s.control, THIS), any = pcq_receiver(self->s.control, ANY);

	ASSERT_LE(0, this);
	ASSERT_LE(0, any);
	EXPECT_EQ(0, pcq_wake(self->s.sender, 0));
	EXPECT_EQ(-EINVAL, pcq_wake(self->s.sender, 1));
	EXPECT_EQ(0, pcq_wake(self->s.receiver, 0));
	EXPECT_EQ(variant->from == ANY ? 0 : -EINVAL, pcq_wake(self->s.receiver, 1));
	for (uint32_t cpu = 0; cpu < self->cpus; cpu++) {
		EXPECT_EQ(0, pcq_wake(this, cpu));
		EXPECT_EQ(0, pcq_wake(any, cpu));
	}
	EXPECT_EQ(-EINVAL, pcq_wake(this, self->cpus));
	EXPECT_EQ(-EINVAL, pcq_wake(any, self->cpus));
	EXPECT_EQ(-EINVAL, pcq_wake(this, THIS));
	EXPECT_EQ(-EINVAL, pcq_wake(any, ANY));
	EXPECT_EQ(-EINVAL, pcq_wake(this, BOUND));
	/* No bit of a long is lost. */
	EXPECT_EQ(-EINVAL, errno_or(ioctl(this, IPCRING_IOC_WAKE, 1UL << 32)));
	EXPECT_EQ(-EINVAL, errno_or(ioctl(self->s.sender, IPCRING_IOC_WAKE, 1UL << 32)));
	EXPECT_EQ(-EINVAL, errno_or(ioctl(self->s.sender, IPCRING_IOC_WAKE, &self->cpus)));
	close(this);
	close(any);
}

/* The bell's word, seen by both sides, while a receiver sleeps and after. */
TEST_F(wait, bell_word)
{
	struct call read = { CALL_READ, self->s.receiver, self->buf, 8 };

	EXPECT_EQ(IPCRING_PCQ_AWAKE, BELL());
	for (int i = 0; i < 3; i++) {
		ASSERT_TRUE(call_start_on(&read, 0));
		EXPECT_EQ(IPCRING_PCQ_ARMED, BELL());
		EXPECT_EQ(IPCRING_PCQ_ARMED, ring_load(&self->to.state->bell));
		ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
		EXPECT_EQ(1, call_finish(&read));
		EXPECT_EQ(IPCRING_PCQ_AWAKE, BELL());
	}
	/* Two sleep, one is woken: the bell is armed for the other. */
	struct call two = { CALL_READ, self->s.receiver, self->buf, 8 };

	ASSERT_TRUE(call_start_on(&read, 0));
	ASSERT_TRUE(call_start_on(&two, 0));
	ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	while (!__atomic_load_n(&read.done, __ATOMIC_ACQUIRE) &&
	       !__atomic_load_n(&two.done, __ATOMIC_ACQUIRE))
		sched_yield();
	EXPECT_EQ(IPCRING_PCQ_ARMED, BELL());
	ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	EXPECT_EQ(1, call_finish(&read));
	EXPECT_EQ(1, call_finish(&two));
	EXPECT_EQ(IPCRING_PCQ_AWAKE, BELL());
}

/* 1 while a receiver is bound to ANY, for every queue. */
TEST_F(wait, fence_word)
{
	int any[2];

	if (cpu_isolated() == 0)
		SKIP(return, "CPU 0 is isolated");
	EXPECT_EQ(variant->from == ANY, ring_load(&self->to.state->fence));
	any[0] = pcq_receiver(self->s.control, ANY);
	ASSERT_LE(0, any[0]);
	EXPECT_EQ(1, ring_load(&self->to.state->fence));
	any[1] = pcq_receiver(self->s.control, ANY);
	close(any[0]);
	EXPECT_EQ(1, ring_load(&self->to.state->fence));
	close(any[1]);
	EXPECT_EQ(variant->from == ANY, ring_load(&self->to.state->fence));
	/* A sender bound to ANY, or a receiver bound to THIS, is no reason. */
	any[0] = pcq_sender(self->s.control, ANY);
	any[1] = pcq_receiver(self->s.control, THIS);
	EXPECT_EQ(variant->from == ANY, ring_load(&self->to.state->fence));
	close(any[0]);
	close(any[1]);
}

/* Mapped sides and the calls of the kernel, in every combination, each asleep first. */
TEST_F(wait, mapped_sender_wakes_a_reader)
{
	struct call read = { CALL_READ, self->s.receiver, self->buf, 8 };

	for (uint32_t i = 0; i < 6; i++) {
		ASSERT_TRUE(call_start_on(&read, i % 2));
		ASSERT_EQ(0, map_send_local(&self->to, "abcdef" + i, 1));
		EXPECT_EQ(1, call_finish(&read));
		EXPECT_EQ("abcdef"[i], self->buf[0]);
	}
}

TEST_F(wait, mapped_sender_wakes_a_waiter)
{
	struct call wait = { CALL_WAIT, self->s.receiver, .deadline = IPCRING_NO_TIMEOUT };

	for (uint32_t i = 0; i < 6; i++) {
		ASSERT_TRUE(call_start_on(&wait, i % 2));
		ASSERT_EQ(0, map_send_local(&self->to, "abcdef" + i, 1));
		EXPECT_EQ(0, call_finish(&wait));
		EXPECT_EQ(1, map_try_recv(&self->from, 0, self->buf, &self->sent_on));
		EXPECT_EQ("abcdef"[i], self->buf[0]);
		EXPECT_EQ(0, self->sent_on);
	}
}

TEST_F(wait, mapped_sender_waits_for_a_reader)
{
	struct call wait = { CALL_WAIT, self->s.sender, .deadline = IPCRING_NO_TIMEOUT };

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < SLOTS; i++)
			ASSERT_EQ(0, map_send_local(&self->to, "x", 1));
		ASSERT_EQ(-EAGAIN, map_send_local(&self->to, "x", 1));
		ASSERT_TRUE(call_start_on(&wait, 0));
		for (int i = 0; i < SLOTS; i++)
			ASSERT_EQ(1, chan_read(self->s.receiver, self->buf, 8));
		EXPECT_EQ(0, call_finish(&wait));
	}
}

/* state.room says that a sender sleeps, and then only has WAKE something to do. */
TEST_F(wait, mapped_receiver_makes_room)
{
	struct call write = { CALL_WRITE, self->s.sender, "y", 1 };

	for (uint32_t on = 0; on < 2; on++) {
		EXPECT_EQ(0, ring_load(&self->from.state->room));
		cpu_pin(on);
		for (int i = 0; i < SLOTS; i++)
			ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
		ASSERT_TRUE(call_start_on(&write, on));
		EXPECT_EQ(1, ring_load(&self->from.state->room));
		ASSERT_EQ(1, map_try_recv(&self->from, on, self->buf, &self->sent_on));
		EXPECT_EQ(1, call_finish(&write));
		for (int i = 0; i < SLOTS; i++)
			ASSERT_EQ(1, map_try_recv(&self->from, on, self->buf, &self->sent_on));
		EXPECT_EQ(on, self->sent_on);
		EXPECT_EQ(-EAGAIN, map_try_recv(&self->from, on, self->buf, &self->sent_on));
	}
}

TEST_F(wait, mapped_receiver_waits_for_a_writer)
{
	struct call wait = { CALL_WAIT, self->s.receiver, .deadline = IPCRING_NO_TIMEOUT };

	for (uint32_t i = 0; i < 6; i++) {
		uint32_t lane = i % 2;

		ASSERT_TRUE(call_start_on(&wait, i / 2 % 2));
		cpu_pin(lane);
		ASSERT_EQ(1, chan_write(self->s.sender, "abcdef" + i, 1));
		EXPECT_EQ(0, call_finish(&wait));
		ASSERT_EQ(1, map_try_recv(&self->from, lane, self->buf, &self->sent_on));
		EXPECT_EQ("abcdef"[i], self->buf[0]);
		EXPECT_EQ(lane, self->sent_on);
	}
}

/* Credits are one count for both ways: what is mapped in cannot be exceeded by write(). */
TEST_F(wait, mixed_ways_share_the_lane)
{
	set_nonblock(self->s.sender, true);
	ASSERT_EQ(0, map_send_local(&self->to, "a", 1));
	ASSERT_EQ(1, chan_write(self->s.sender, "b", 1));
	EXPECT_EQ(-EAGAIN, chan_write(self->s.sender, "c", 1));
	EXPECT_EQ(-EAGAIN, map_send_local(&self->to, "c", 1));
	ASSERT_EQ(1, chan_read(self->s.receiver, self->buf, 8));
	EXPECT_EQ('a', self->buf[0]);
	ASSERT_EQ(0, map_send_local(&self->to, "c", 1));
	ASSERT_EQ(1, map_try_recv(&self->from, 0, self->buf, &self->sent_on));
	EXPECT_EQ('b', self->buf[0]);
	ASSERT_EQ(1, chan_read(self->s.receiver, self->buf, 8));
	EXPECT_EQ('c', self->buf[0]);
}

/* The head is the commit: a sender that stops behind it has sent. */
TEST_F(wait, position_may_lag)
{
	const struct ring *r = &self->to.lane[0];

	for (int round = 0; round < 3 * SLOTS; round++) {
		__u64 pos;

		ASSERT_EQ(0, ring_reserve(r, 1 + FROM_BYTES, &pos));
		*(char *)(map_from(&self->to, 0, pos) + 1) = 'a' + round;
		ring_store(&r->prod->pos, pos);
		ring_store_release(&ring_slot(r, pos)->head, ring_head(pos, 1 + FROM_BYTES));
		/* The kernel sends behind it, not over it. */
		ASSERT_EQ(1, chan_write(self->s.sender, "z", 1));
		ASSERT_EQ(1, chan_read(self->s.receiver, self->buf, 8));
		EXPECT_EQ('a' + round, self->buf[0]);
		ASSERT_EQ(1, chan_read(self->s.receiver, self->buf, 8));
		EXPECT_EQ('z', self->buf[0]);
	}
}

/* In a local lane @from.cpu is the lane's own, whatever a mapped sender says. */
TEST_F(wait, from_of_a_mapped_sender)
{
	struct ipcring_pcq_msg msg = pcq_msg(self->buf, 8);
	struct ipcring_pcq_batch p = pcq_batch(&msg, 1);
	const struct ring *r = &self->to.lane[0];
	__u64 pos;

	ASSERT_EQ(0, ring_reserve(r, 1 + FROM_BYTES, &pos));
	memset(map_from(&self->to, 0, pos), 0xff, FROM_BYTES + 1);
	ring_publish(r, pos, 1 + FROM_BYTES);
	ASSERT_EQ(1, pcq_recv(self->s.receiver, &p));
	EXPECT_EQ(0, msg.cpu);
	EXPECT_EQ(1, msg.len);
}

/* The kernel's own messages carry it, in both lanes; the pad is 0. */
TEST_F(wait, from_of_the_kernel)
{
	for (uint32_t on = 0; on < 2; on++) {
		cpu_pin(on);
		ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
		EXPECT_EQ(on, map_from(&self->from, on, 0)->cpu);
		EXPECT_EQ(0, map_from(&self->from, on, 0)->resv);
	}
}

TEST_HARNESS_MAIN
