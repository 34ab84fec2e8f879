// SPDX-License-Identifier: GPL-2.0
/* Bound to THIS and ANY: whose queue it is, in turn, and none starves. */
#include "set.h"

#define SLOTS	4
#define CPUS	16

FIXTURE(any) {
	struct set s;
	int to[CPUS];		/* senders, bound to each CPU */
	uint32_t cpus;		/* 0..cpus-1 are online */
	uint32_t got;
};

FIXTURE_SETUP(any)
{
	NEED_CPUS(2);
	OPEN_SET(&self->s, ANY, .slots = SLOTS, .msg_size = 8);
	self->cpus = cpu_nr_chosen() < CPUS ? cpu_nr_chosen() : CPUS;
	for (uint32_t cpu = 0; cpu < self->cpus; cpu++) {
		self->to[cpu] = pcq_endpoint(self->s.control, IPCRING_PCQ_SENDER, cpu,
					     IPCRING_PCQ_EP_NONBLOCK);
		ASSERT_LE(0, self->to[cpu]);
	}
	set_nonblock(self->s.receiver, true);
	set_nonblock(self->s.sender, true);
	cpu_pin(0);
}

FIXTURE_TEARDOWN(any)
{
	for (uint32_t cpu = 0; cpu < self->cpus; cpu++)
		close(self->to[cpu]);
	set_close(&self->s);
	cpu_unpin();
}

static void fill(const int fd, uint32_t value)
{
	while (chan_write(fd, &value, 4) == 4)
		;
}

/* A queue that is filled up again at once takes its turn, and no more. */
TEST_F(any, flood_does_not_starve_the_others)
{
	for (uint32_t flood = 0; flood < self->cpus; flood++) {
		uint32_t left = self->cpus - 1, seen[CPUS] = { 0 };

		for (uint32_t cpu = 0; cpu < self->cpus; cpu++)
			if (cpu != flood)
				ASSERT_EQ(4, chan_write(self->to[cpu], &cpu, 4));
		for (uint32_t reads = 0; left; reads++) {
			/* Each has its turn once the others have had theirs. */
			ASSERT_LT(reads, 2 * self->cpus);
			fill(self->to[flood], flood);
			ASSERT_EQ(4, chan_read(self->s.receiver, &self->got, 4));
			ASSERT_LT(self->got, self->cpus);
			left -= self->got != flood && !seen[self->got]++;
		}
		while (chan_read(self->s.receiver, &self->got, 4) == 4)
			EXPECT_EQ(flood, self->got);
	}
}

/* All are flooded: all are served alike. */
TEST_F(any, equal_shares)
{
	uint32_t seen[CPUS] = { 0 }, rounds = 50;

	for (uint32_t i = 0; i < rounds * self->cpus; i++) {
		for (uint32_t cpu = 0; cpu < self->cpus; cpu++)
			fill(self->to[cpu], cpu);
		ASSERT_EQ(4, chan_read(self->s.receiver, &self->got, 4));
		ASSERT_LT(self->got, self->cpus);
		seen[self->got]++;
	}
	/* One turn more or less at the edges. */
	for (uint32_t cpu = 0; cpu < self->cpus; cpu++) {
		EXPECT_LE(rounds - 1, seen[cpu]);
		EXPECT_GE(rounds + 1, seen[cpu]);
	}
}

/* By the batch, too: what a call takes does not leave one out for ever. */
TEST_F(any, flood_does_not_starve_batches)
{
	struct ipcring_pcq_msg msgs[SLOTS];
	uint32_t in[SLOTS], other = self->cpus - 1;
	struct ipcring_pcq_batch p = pcq_batch(msgs, SLOTS);

	for (int round = 0; round < 10; round++) {
		bool seen = false;
		int ret;

		ASSERT_EQ(4, chan_write(self->to[other], &other, 4));
		for (uint32_t calls = 0; !seen; calls++) {
			ASSERT_LT(calls, 2 * self->cpus);
			for (uint32_t cpu = 0; cpu < other; cpu++)
				fill(self->to[cpu], cpu);
			for (int i = 0; i < SLOTS; i++)
				msgs[i] = pcq_msg(&in[i], 4);
			ret = pcq_recv(self->s.receiver, &p);
			ASSERT_LT(0, ret);
			for (int i = 0; i < ret; i++)
				seen |= in[i] == other;
		}
	}
}

/* In one queue a flooded lane leaves the other its turn. */
TEST_F(any, lanes_take_turns)
{
	int receiver = pcq_endpoint(self->s.control, IPCRING_PCQ_RECEIVER, 0,
				    IPCRING_PCQ_EP_NONBLOCK);
	int ordered = pcq_endpoint(self->s.control, IPCRING_PCQ_SENDER, 0,
				   IPCRING_PCQ_EP_NONBLOCK | IPCRING_PCQ_EP_ORDERED);

	ASSERT_LE(0, receiver);
	ASSERT_LE(0, ordered);
	for (int flooded = 0; flooded < 2; flooded++) {
		int flood = flooded ? ordered : self->to[0], calm = flooded ? self->to[0] : ordered;
		uint32_t value = 77;

		ASSERT_EQ(4, chan_write(calm, &value, 4));
		for (uint32_t reads = 0; self->got != value; reads++) {
			ASSERT_GE(4, reads);
			fill(flood, 1);
			ASSERT_EQ(4, chan_read(receiver, &self->got, 4));
		}
		self->got = 0;
		while (chan_read(receiver, &self->got, 4) == 4)
			EXPECT_EQ(1, self->got);
	}
	close(receiver);
	close(ordered);
}

/* Full here: the next CPU's that has room, and at last nobody's. */
TEST_F(any, sender_spills_over)
{
	struct ipcring_pcq_stats stats;

	for (uint32_t on = 0; on < self->cpus; on++) {
		cpu_pin(on);
		for (uint32_t cpu = 0; cpu < self->cpus; cpu++) {
			for (int i = 0; i < SLOTS; i++)
				ASSERT_EQ(4, chan_write(self->s.sender, &cpu, 4));
			/* The queue of this CPU first, by its local lane. */
			ASSERT_EQ(0, pcq_stats(self->s.observer, on, &stats));
			EXPECT_EQ(SLOTS, stats.local);
			ASSERT_EQ(0, pcq_stats(self->s.observer, ANY, &stats));
			EXPECT_EQ((cpu + 1 + on * self->cpus) * SLOTS, stats.local + stats.remote);
		}
		EXPECT_EQ(-EAGAIN, chan_write(self->s.sender, &on, 4));
		for (uint32_t i = 0; i < SLOTS * self->cpus; i++)
			ASSERT_EQ(4, chan_read(self->s.receiver, &self->got, 4));
		ASSERT_EQ(-EAGAIN, chan_read(self->s.receiver, &self->got, 4));
	}
}

/* Asleep because all are full, it is woken by room in any of them. */
TEST_F(any, blocked_sender_takes_room_anywhere)
{
	set_nonblock(self->s.sender, false);
	for (uint32_t cpu = 0; cpu < self->cpus; cpu++) {
		struct call write = { CALL_WRITE, self->s.sender, "z", 1 };
		int from = pcq_endpoint(self->s.control, IPCRING_PCQ_RECEIVER, cpu,
					IPCRING_PCQ_EP_NONBLOCK);

		ASSERT_LE(0, from);
		cpu_pin(0);
		set_nonblock(self->s.sender, true);
		fill(self->s.sender, 1);
		set_nonblock(self->s.sender, false);
		ASSERT_TRUE(call_start_on(&write, 0));
		ASSERT_EQ(4, chan_read(from, &self->got, 4));
		EXPECT_EQ(1, call_finish(&write));
		while (chan_read(self->s.receiver, &self->got, 4) > 0)
			;
		close(from);
	}
}

/* Asleep on all, it is woken by each, by either lane. */
TEST_F(any, blocked_receiver_hears_every_queue)
{
	set_nonblock(self->s.receiver, false);
	for (uint32_t cpu = 0; cpu < self->cpus; cpu++) {
		for (uint32_t on = 0; on < 2; on++) {
			struct call read = { CALL_READ, self->s.receiver, &self->got, 4 };
			uint32_t value = cpu * 2 + on;

			cpu_pin(on ? (cpu + 1) % self->cpus : cpu);
			ASSERT_TRUE(call_start_on(&read, 0));
			ASSERT_EQ(4, chan_write(self->to[cpu], &value, 4));
			EXPECT_EQ(4, call_finish(&read));
			EXPECT_EQ(value, self->got);
		}
	}
}

/* A sender bound to THIS follows its thread; so does a receiver, call by call. */
TEST_F(any, this_follows_the_thread)
{
	int sender = pcq_endpoint(self->s.control, IPCRING_PCQ_SENDER, THIS,
				  IPCRING_PCQ_EP_NONBLOCK);
	int receiver = pcq_endpoint(self->s.control, IPCRING_PCQ_RECEIVER, THIS,
				    IPCRING_PCQ_EP_NONBLOCK);

	ASSERT_LE(0, sender);
	ASSERT_LE(0, receiver);
	for (uint32_t cpu = 0; cpu < self->cpus; cpu++) {
		cpu_pin(cpu);
		for (int i = 0; i < SLOTS; i++)
			ASSERT_EQ(4, chan_write(sender, &cpu, 4));
		EXPECT_EQ(-EAGAIN, chan_write(sender, &cpu, 4));
	}
	for (uint32_t cpu = 0; cpu < self->cpus; cpu++) {
		cpu_pin(cpu);
		for (int i = 0; i < SLOTS; i++) {
			ASSERT_EQ(4, chan_read(receiver, &self->got, 4));
			EXPECT_EQ(cpu, self->got);
		}
		EXPECT_EQ(-EAGAIN, chan_read(receiver, &self->got, 4));
	}
	close(sender);
	close(receiver);
}

/* That of the CPU on which the call began, wherever the thread is moved to asleep. */
TEST_F(any, this_of_a_sleeping_receiver)
{
	int receiver = pcq_receiver(self->s.control, THIS);
	struct call read = { CALL_READ, receiver, &self->got, 4 };
	uint32_t value = 5;
	cpu_set_t set;

	ASSERT_LE(0, receiver);
	ASSERT_TRUE(call_start_on(&read, 1));
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	ASSERT_EQ(0, sched_setaffinity(read.tid, sizeof(set), &set));
	ASSERT_EQ(4, chan_write(self->to[0], &value, 4));
	value = 6;
	ASSERT_EQ(4, chan_write(self->to[1], &value, 4));
	EXPECT_EQ(4, call_finish(&read));
	EXPECT_EQ(6, self->got);
	close(receiver);
}

/* Asleep for room here, moved elsewhere: it is THIS of there. */
TEST_F(any, this_of_a_sleeping_sender)
{
	int sender = pcq_sender(self->s.control, THIS);
	struct call write = { CALL_WRITE, sender, "m", 1 };
	struct ipcring_pcq_stats stats;
	cpu_set_t set;
	uint32_t one;

	ASSERT_LE(0, sender);
	cpu_pin(1);
	fill(self->to[1], 1);
	ASSERT_TRUE(call_start_on(&write, 1));
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	ASSERT_EQ(0, sched_setaffinity(write.tid, sizeof(set), &set));
	/* Woken by room on CPU 1, it finds itself on CPU 0, whose queue is empty. */
	ASSERT_EQ(4, chan_read(self->s.receiver, &one, 4));
	EXPECT_EQ(1, call_finish(&write));
	ASSERT_EQ(0, pcq_stats(self->s.observer, 0, &stats));
	EXPECT_EQ(1, stats.local);
	close(sender);
}

/* Two sleep there; the one that is woken does not need the room any more: the other does. */
TEST_F(any, moved_sender_passes_its_room_on)
{
	int sender = pcq_sender(self->s.control, THIS);
	struct call write[2];
	cpu_set_t set;
	uint32_t one;

	ASSERT_LE(0, sender);
	cpu_pin(1);
	fill(self->to[1], 1);
	for (int i = 0; i < 2; i++) {
		write[i] = (struct call){ CALL_WRITE, sender, "m", 1 };
		ASSERT_TRUE(call_start_on(&write[i], 1));
	}
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	ASSERT_EQ(0, sched_setaffinity(write[0].tid, sizeof(set), &set));
	ASSERT_EQ(4, chan_read(self->s.receiver, &one, 4));
	for (int i = 0; i < 2; i++)
		EXPECT_EQ(1, call_finish(&write[i]));
	close(sender);
}

TEST_HARNESS_MAIN
