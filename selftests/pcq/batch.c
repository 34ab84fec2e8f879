// SPDX-License-Identifier: GPL-2.0
/* SEND and RECV: counts, where they stop, deadlines, one doorbell for each queue. */
#include "set.h"
#include "peer.h"

#define SLOTS	4
#define MSG	64
#define NR	16

FIXTURE(batch) {
	struct set s;
	struct ipcring_pcq_msg msgs[NR];
	struct ipcring_pcq_batch p;
	char out[NR][MSG + 1];
	char in[NR][MSG + 1];
};

FIXTURE_VARIANT(batch) {
	uint32_t on;		/* where the sender runs; the queue is CPU 0's */
};

FIXTURE_VARIANT_ADD(batch, local) { .on = 0 };
FIXTURE_VARIANT_ADD(batch, remote) { .on = 1 };

FIXTURE_SETUP(batch)
{
	NEED_CPUS(2);
	OPEN_SET(&self->s, 0, .slots = SLOTS, .msg_size = MSG);
	ASSERT_EQ(0, cpu_pin(variant->on));
	for (int i = 0; i < NR; i++)
		memset(self->out[i], 'a' + i, MSG + 1);
	self->p = pcq_batch(self->msgs, 0);
}

FIXTURE_TEARDOWN(batch)
{
	set_close(&self->s);
	cpu_unpin();
}

/* Messages @first.. of @nr, of 1, 2, ... bytes. */
#define SEND(first, count) ({ \
	for (int i_ = 0; i_ < (count); i_++) \
		self->msgs[i_] = pcq_msg(self->out[(first) + i_], (first) + i_ + 1); \
	self->p.nr = (count); \
	pcq_send(self->s.sender, &self->p); })

#define RECV(count) ({ \
	memset(self->in, POISON, sizeof(self->in)); \
	for (int i_ = 0; i_ < (count); i_++) { \
		self->msgs[i_] = pcq_msg(self->in[i_], MSG); \
		self->msgs[i_].cpu = 0xcccccccc; \
	} \
	self->p.nr = (count); \
	pcq_recv(self->s.receiver, &self->p); })

/* What RECV gave are messages @first.. */
#define EXPECT_MSGS(first, count) do { \
	for (int i_ = 0; i_ < (count); i_++) { \
		EXPECT_EQ((first) + i_ + 1, self->msgs[i_].len); \
		EXPECT_EQ(variant->on, self->msgs[i_].cpu); \
		EXPECT_EQ(0, memcmp(self->out[(first) + i_], self->in[i_], (first) + i_ + 1)); \
		EXPECT_EQ((char)POISON, self->in[i_][(first) + i_ + 1]); \
	} \
} while (0)

TEST_F(batch, all_at_once)
{
	for (int nr = 1; nr <= SLOTS; nr++) {
		ASSERT_EQ(nr, SEND(nr, nr));
		ASSERT_EQ(nr, RECV(SLOTS));
		EXPECT_MSGS(nr, nr);
		/* Room that was not needed is not touched, nor its description. */
		if (nr < SLOTS) {
			EXPECT_EQ(MSG, self->msgs[nr].len);
			EXPECT_EQ(0xcccccccc, self->msgs[nr].cpu);
			EXPECT_EQ((char)POISON, self->in[nr][0]);
		}
	}
}

TEST_F(batch, mixed_with_single_messages)
{
	ASSERT_EQ(1, chan_write(self->s.sender, self->out[0], 1));
	ASSERT_EQ(2, SEND(1, 2));
	ASSERT_EQ(4, chan_write(self->s.sender, self->out[3], 4));
	ASSERT_EQ(1, chan_read(self->s.receiver, self->in[0], MSG));
	ASSERT_EQ(3, RECV(NR));
	EXPECT_MSGS(1, 3);
}

/* As many as fit; what stops it is told by the next call. */
TEST_F(batch, full)
{
	self->p.flags = IPCRING_PCQ_DONTWAIT;
	EXPECT_EQ(SLOTS, SEND(0, NR));
	EXPECT_EQ(-EAGAIN, SEND(0, NR));
	EXPECT_EQ(3, RECV(3));
	EXPECT_EQ(3, SEND(SLOTS, NR - SLOTS));
	EXPECT_EQ(SLOTS, RECV(NR));
	EXPECT_EQ(-EAGAIN, RECV(NR));
	self->p.flags = 0;
	set_nonblock(self->s.sender, true);
	set_nonblock(self->s.receiver, true);
	EXPECT_EQ(-EAGAIN, RECV(NR));
	EXPECT_EQ(SLOTS, SEND(0, NR));
	EXPECT_EQ(-EAGAIN, SEND(0, NR));
}

TEST_F(batch, send_waits_until_all_are_sent)
{
	struct ioctl_call send = { self->s.sender, IPCRING_IOC_PCQ_SEND, &self->p };
	struct ipcring_pcq_msg msg;
	struct ipcring_pcq_batch one = pcq_batch(&msg, 1);

	for (int i = 0; i < NR; i++)
		self->msgs[i] = pcq_msg(self->out[i], i + 1);
	self->p.nr = NR;
	ASSERT_TRUE(ioctl_start_on(&send, variant->on));
	for (int i = 0; i < NR; i++) {
		msg = pcq_msg(self->in[i], MSG);
		ASSERT_EQ(1, pcq_recv(self->s.receiver, &one));
		EXPECT_EQ(i + 1, msg.len);
		EXPECT_EQ(0, memcmp(self->out[i], self->in[i], i + 1));
	}
	EXPECT_EQ(NR, ioctl_finish(&send));
}

/* It waits for the first, and takes what is there then. */
TEST_F(batch, recv_waits_for_the_first)
{
	struct ioctl_call recv = { self->s.receiver, IPCRING_IOC_PCQ_RECV, &self->p };

	for (int i = 0; i < NR; i++)
		self->msgs[i] = pcq_msg(self->in[i], MSG);
	self->p.nr = NR;
	ASSERT_TRUE(ioctl_start_on(&recv, 0));
	ASSERT_EQ(3, chan_write(self->s.sender, self->out[2], 3));
	EXPECT_EQ(1, ioctl_finish(&recv));
	EXPECT_EQ(3, self->msgs[0].len);
	EXPECT_EQ(variant->on, self->msgs[0].cpu);
	EXPECT_EQ(0, memcmp(self->out[2], self->in[0], 3));
}

TEST_F(batch, deadlines)
{
	self->p.deadline = 0;
	EXPECT_EQ(-ETIMEDOUT, RECV(NR));
	self->p.deadline = now_ns() + 20000000;
	EXPECT_EQ(-ETIMEDOUT, RECV(NR));
	EXPECT_LE(self->p.deadline, now_ns());
	/* Some were moved: their number. */
	self->p.deadline = now_ns() + 20000000;
	EXPECT_EQ(SLOTS, SEND(0, NR));
	EXPECT_LE(self->p.deadline, now_ns());
	EXPECT_EQ(-ETIMEDOUT, SEND(0, NR));
	self->p.deadline = 0;
	EXPECT_EQ(-ETIMEDOUT, SEND(0, 1));
	/* What needs no waiting is done after the deadline, too. */
	EXPECT_EQ(2, RECV(2));
	EXPECT_EQ(2, SEND(0, 2));
	EXPECT_EQ(SLOTS, RECV(NR));
}

/* A deadline that is far away ends nothing. */
TEST_F(batch, deadline_not_reached)
{
	struct ioctl_call recv = { self->s.receiver, IPCRING_IOC_PCQ_RECV, &self->p };

	self->msgs[0] = pcq_msg(self->in[0], MSG);
	self->p.nr = 1;
	self->p.deadline = now_ns() + 1000000000000ULL;
	ASSERT_TRUE(ioctl_start_on(&recv, 0));
	ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	EXPECT_EQ(1, ioctl_finish(&recv));
}

/* Each kind of bad message, in the middle: those before it are sent, it is not. */
TEST_F(batch, send_stops_at_a_bad_message)
{
	struct { struct ipcring_pcq_msg msg; int err; } bad[] = {
		{ pcq_msg(BAD_PTR, 8), -EFAULT },
		{ pcq_msg(self->out[0], 0), -EMSGSIZE },
		{ pcq_msg(self->out[0], MSG + 1), -EMSGSIZE },
		{ { .addr = (uintptr_t)self->out[0], .len = 1, .cpu = 1 }, -EINVAL },
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		for (int at = 1; at < 3; at++) {
			for (int m = 0; m < 4; m++)
				self->msgs[m] = pcq_msg(self->out[m], m + 1);
			self->msgs[at] = bad[i].msg;
			self->p.nr = 4;
			EXPECT_EQ(at, pcq_send(self->s.sender, &self->p));
			EXPECT_EQ(at, RECV(NR));
			EXPECT_MSGS(0, at);
			self->msgs[0] = bad[i].msg;
			EXPECT_EQ(bad[i].err, pcq_send(self->s.sender, &self->p));
		}
	}
	self->p.flags = IPCRING_PCQ_DONTWAIT;
	EXPECT_EQ(-EAGAIN, RECV(NR));
}

/* Room that is bad or too small, in the middle: its message stays queued. */
TEST_F(batch, recv_stops_at_bad_room)
{
	struct { struct ipcring_pcq_msg msg; int err; } bad[] = {
		{ pcq_msg(BAD_PTR, MSG), -EFAULT },
		{ pcq_msg(self->in[0], 1), -EMSGSIZE },
		{ pcq_msg(self->in[0], 0), -EMSGSIZE },
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		ASSERT_EQ(4, SEND(1, 4));
		self->msgs[0] = pcq_msg(self->in[0], MSG);
		self->msgs[1] = bad[i].msg;
		EXPECT_EQ(1, pcq_recv(self->s.receiver, &self->p));
		self->msgs[0] = bad[i].msg;
		EXPECT_EQ(bad[i].err, pcq_recv(self->s.receiver, &self->p));
		EXPECT_EQ(3, RECV(NR));
		EXPECT_MSGS(2, 3);
	}
}

/* The array of messages ends in the middle. */
TEST_F(batch, array_that_ends)
{
	size_t page = getpagesize();
	struct ipcring_pcq_msg *end;
	char *mem;
	int ret;

	mem = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, mem);
	ASSERT_EQ(0, munmap(mem + page, page));
	end = (void *)(mem + page);
	end[-2] = pcq_msg(self->out[0], 1);
	end[-1] = pcq_msg(self->out[1], 2);
	self->p.nr = 4;
	self->p.msgs = (uintptr_t)(end - 2);
	ret = pcq_send(self->s.sender, &self->p);
	/* Refused at once or where it ends, but what it says is what was sent. */
	ASSERT_TRUE(ret == -EFAULT || ret == 2);
	self->p = pcq_batch(self->msgs, NR);
	self->p.flags = IPCRING_PCQ_DONTWAIT;
	EXPECT_EQ(ret == 2 ? 2 : -EAGAIN, RECV(NR));

	self->p.flags = 0;
	ASSERT_EQ(4, SEND(0, 4));
	end[-2] = pcq_msg(self->in[0], MSG);
	end[-1] = pcq_msg(self->in[1], MSG);
	self->p.nr = 4;
	self->p.msgs = (uintptr_t)(end - 2);
	ret = pcq_recv(self->s.receiver, &self->p);
	ASSERT_TRUE(ret == -EFAULT || ret == 2);
	self->p = pcq_batch(self->msgs, NR);
	EXPECT_EQ(ret == 2 ? 2 : 4, RECV(NR));
	EXPECT_EQ(4, self->msgs[ret == 2 ? 1 : 3].len);
}

/* It cannot be told how long the message is: it stays queued. */
TEST_F(batch, recv_into_a_read_only_array)
{
	struct ipcring_pcq_msg *msg;

	msg = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)msg);
	ASSERT_EQ(2, SEND(0, 2));
	msg[0] = pcq_msg(self->in[0], MSG);
	ASSERT_EQ(0, mprotect(msg, 4096, PROT_READ));
	self->p.nr = 1;
	self->p.msgs = (uintptr_t)msg;
	EXPECT_EQ(-EFAULT, pcq_recv(self->s.receiver, &self->p));
	self->p.msgs = (uintptr_t)self->msgs;
	EXPECT_EQ(2, RECV(NR));
	EXPECT_MSGS(0, 2);
}

/* Untouched pages, for the payload and for the array. */
TEST_F(batch, untouched_pages)
{
	size_t page = getpagesize();
	char *mem = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);

	ASSERT_NE(MAP_FAILED, mem);
	for (int i = 0; i < 4; i++)
		self->msgs[i] = pcq_msg(mem + i * page, MSG);
	self->p.nr = 4;
	ASSERT_EQ(4, pcq_send(self->s.sender, &self->p));
	ASSERT_EQ(0, madvise(mem, 4 * page, MADV_DONTNEED));
	ASSERT_EQ(4, pcq_recv(self->s.receiver, &self->p));
	for (int i = 0; i < 4; i++) {
		EXPECT_EQ(MSG, self->msgs[i].len);
		EXPECT_EQ(0, mem[i * page]);
	}
}

static uint64_t doorbells(int fd, uint32_t cpu)
{
	struct ipcring_pcq_stats s;

	return pcq_stats(fd, cpu, &s) ? ~0ULL : s.wakes + s.ipis + s.suppressed + s.coalesced;
}

/* One doorbell a call and queue, whoever sleeps there. */
TEST_F(batch, one_doorbell)
{
	struct call read = { CALL_READ, self->s.receiver, self->in[0], MSG };

	ASSERT_EQ(4, SEND(0, 4));
	EXPECT_EQ(1, doorbells(self->s.observer, 0));
	ASSERT_EQ(4, RECV(NR));
	ASSERT_TRUE(call_start_on(&read, 0));
	ASSERT_EQ(4, SEND(0, 4));
	EXPECT_EQ(1, call_finish(&read));
	EXPECT_EQ(2, doorbells(self->s.observer, 0));
	/* A call that sends nothing rings nothing. */
	self->p.flags = IPCRING_PCQ_DONTWAIT;
	ASSERT_EQ(1, SEND(0, 4));
	EXPECT_EQ(3, doorbells(self->s.observer, 0));
	EXPECT_EQ(-EAGAIN, SEND(0, 4));
	EXPECT_EQ(3, doorbells(self->s.observer, 0));
	EXPECT_EQ(3, doorbells(self->s.observer, ANY));
}

/* Over all queues: one each. */
TEST_F(batch, one_doorbell_for_each_queue)
{
	int any = pcq_sender(self->s.control, ANY);
	uint32_t cpus = cpu_nr_chosen() < 4 ? cpu_nr_chosen() : 4;

	ASSERT_LE(0, any);
	for (uint32_t i = 0; i < SLOTS * cpus; i++)
		self->msgs[i] = pcq_msg(self->out[i], 1);
	self->p.nr = SLOTS * cpus;
	ASSERT_EQ(SLOTS * cpus, pcq_send(any, &self->p));
	for (uint32_t cpu = 0; cpu < cpus; cpu++)
		EXPECT_LE(doorbells(self->s.observer, cpu), 1);
	EXPECT_EQ(cpus, doorbells(self->s.observer, ANY));
	close(any);
}

/* It rings before it sleeps: the receiver that makes room may be asleep. */
TEST_F(batch, rings_before_it_sleeps)
{
	struct call read = { CALL_READ, self->s.receiver, self->in[0], MSG };
	struct ioctl_call send = { self->s.sender, IPCRING_IOC_PCQ_SEND, &self->p };

	for (int i = 0; i < SLOTS + 2; i++)
		self->msgs[i] = pcq_msg(self->out[i], i + 1);
	self->p.nr = SLOTS + 2;
	ASSERT_TRUE(call_start_on(&read, 0));
	/* It sleeps again: the reader has made room for one of two. */
	ASSERT_TRUE(ioctl_start_on(&send, variant->on));
	EXPECT_EQ(1, call_finish(&read));
	for (int i = 1; i < SLOTS + 2; i++)
		ASSERT_EQ(i + 1, chan_read(self->s.receiver, self->in[i], MSG));
	EXPECT_EQ(SLOTS + 2, ioctl_finish(&send));
}

/* Of a batch of an endpoint that is bound to ANY, one queue alone. */
TEST_F(batch, cpu_of_an_endpoint_bound_to_any)
{
	int receiver = pcq_receiver(self->s.control, ANY);
	int sender = pcq_sender(self->s.control, ANY);
	struct ipcring_pcq_stats stats;

	ASSERT_LE(0, sender);
	ASSERT_LE(0, receiver);
	for (uint32_t cpu = 0; cpu < 2; cpu++) {
		self->p.flags = IPCRING_PCQ_DONTWAIT;
		self->p.cpu = cpu;
		for (int i = 0; i < NR; i++)
			self->msgs[i] = pcq_msg(self->out[cpu], cpu + 1);
		self->p.nr = NR;
		/* As many as one lane holds, and none spills over. */
		EXPECT_EQ(SLOTS, pcq_send(sender, &self->p));
		EXPECT_EQ(-EAGAIN, pcq_send(sender, &self->p));
		ASSERT_EQ(0, pcq_stats(self->s.observer, cpu, &stats));
		EXPECT_EQ(SLOTS, stats.local + stats.remote);
	}
	for (uint32_t cpu = 2; cpu--;) {
		self->p.cpu = cpu;
		for (int i = 0; i < NR; i++)
			self->msgs[i] = pcq_msg(self->in[i], MSG);
		EXPECT_EQ(SLOTS, pcq_recv(receiver, &self->p));
		for (int i = 0; i < SLOTS; i++)
			EXPECT_EQ(cpu + 1, self->msgs[i].len);
		EXPECT_EQ(-EAGAIN, pcq_recv(receiver, &self->p));
	}
	close(sender);
	close(receiver);
}

/* Both lanes of a queue, and every one that is full. */
TEST_F(batch, takes_from_both_lanes)
{
	cpu_pin(0);
	ASSERT_EQ(4, SEND(0, 4));
	cpu_pin(1);
	ASSERT_EQ(4, SEND(0, 4));
	self->p.flags = IPCRING_PCQ_DONTWAIT;
	EXPECT_EQ(8, RECV(NR));
	for (int i = 0, sum = 0; i < 8; i++) {
		sum += self->msgs[i].cpu;
		EXPECT_GE(1, self->msgs[i].cpu);
		if (i == 7)
			EXPECT_EQ(4, sum);
	}
	EXPECT_EQ(-EAGAIN, RECV(NR));
}

TEST_F(batch, most_at_once)
{
	struct ipcring_pcq_msg msgs[IPCRING_PCQ_BATCH_MAX];
	struct ipcring_pcq_batch p = pcq_batch(msgs, IPCRING_PCQ_BATCH_MAX);
	uint32_t value[IPCRING_PCQ_BATCH_MAX], got[IPCRING_PCQ_BATCH_MAX];
	struct set big;

	OPEN_SET(&big, 0, .slots = 256, .msg_size = 4);
	for (uint32_t i = 0; i < IPCRING_PCQ_BATCH_MAX; i++) {
		value[i] = i * 3 + 1;
		msgs[i] = pcq_msg(&value[i], 4);
	}
	ASSERT_EQ(IPCRING_PCQ_BATCH_MAX, pcq_send(big.sender, &p));
	for (uint32_t i = 0; i < IPCRING_PCQ_BATCH_MAX; i++)
		msgs[i] = pcq_msg(&got[i], 4);
	ASSERT_EQ(IPCRING_PCQ_BATCH_MAX, pcq_recv(big.receiver, &p));
	EXPECT_EQ(0, memcmp(value, got, sizeof(got)));
	set_close(&big);
}

TEST_F(batch, hangups)
{
	self->p.flags = IPCRING_PCQ_DONTWAIT;
	ASSERT_EQ(2, SEND(0, 2));
	close(self->s.sender);
	EXPECT_EQ(2, RECV(NR));
	EXPECT_EQ(0, RECV(NR));
	self->s.sender = pcq_sender(self->s.control, 0);
	EXPECT_EQ(-EAGAIN, RECV(NR));
	close(self->s.receiver);
	EXPECT_EQ(-EPIPE, SEND(0, 2));
	self->s.receiver = pcq_receiver(self->s.control, 0);
	EXPECT_EQ(2, SEND(0, 2));
	EXPECT_EQ(2, RECV(NR));
}

TEST_HARNESS_MAIN
