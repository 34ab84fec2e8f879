// SPDX-License-Identifier: GPL-2.0
/*
 * read() and write(): one variant a pair of bindings, and the CPUs that they are called
 * on. What must hold for all, and in which lane the message goes.
 */
#include "set.h"

#include <sys/uio.h>

#define SLOTS	4
#define MSG	200

FIXTURE(rw) {
	struct set s;
	uint32_t room;		/* messages that fit in until the sender is refused */
	char out[MSG + 1];
	char in[MSG + 64];
};

FIXTURE_VARIANT(rw) {
	uint32_t to;		/* what the sender is bound to */
	uint32_t send_on;
	uint32_t from;		/* what the receiver is bound to */
	uint32_t recv_on;
	uint32_t flags;
	bool local;		/* by the local lane */
};

#define VARIANT(name, t, s, f, r, fl, l) \
	FIXTURE_VARIANT_ADD(rw, name) { .to = t, .send_on = s, .from = f, .recv_on = r, \
					.flags = fl, .local = l }

#define ORDERED	IPCRING_PCQ_EP_ORDERED

VARIANT(local_to_local, 1, 1, 1, 1, 0, true);
VARIANT(local_to_elsewhere, 1, 1, 1, 0, 0, true);
VARIANT(local_to_this, 1, 1, THIS, 1, 0, true);
VARIANT(local_to_any, 1, 1, ANY, 0, 0, true);
VARIANT(remote_to_local, 1, 0, 1, 1, 0, false);
VARIANT(remote_to_elsewhere, 1, 0, 1, 0, 0, false);
VARIANT(remote_to_this, 1, 0, THIS, 1, 0, false);
VARIANT(remote_to_any, 1, 0, ANY, 1, 0, false);
VARIANT(this_to_local, THIS, 1, 1, 1, 0, true);
VARIANT(this_to_elsewhere, THIS, 1, 1, 0, 0, true);
VARIANT(this_to_this, THIS, 1, THIS, 1, 0, true);
VARIANT(this_to_any, THIS, 1, ANY, 0, 0, true);
VARIANT(ordered_local, 1, 1, 1, 1, ORDERED, false);
VARIANT(ordered_remote, 1, 0, 1, 0, ORDERED, false);
VARIANT(ordered_this, THIS, 1, THIS, 1, ORDERED, false);
VARIANT(any_to_any, ANY, 1, ANY, 0, 0, true);
VARIANT(any_ordered, ANY, 1, ANY, 0, ORDERED, false);

FIXTURE_SETUP(rw)
{
	NEED_CPUS(2);
	OPEN_SET(&self->s, variant->from, .slots = SLOTS, .msg_size = MSG);
	close(self->s.sender);
	self->s.sender = pcq_endpoint(self->s.control, IPCRING_PCQ_SENDER, variant->to,
				      variant->flags);
	ASSERT_LE(0, self->s.sender);
	for (int i = 0; i < MSG + 1; i++)
		self->out[i] = i * 7 + 1;
	/* Bound to ANY, it goes on with the other CPUs. */
	self->room = SLOTS * (variant->to == ANY ? cpu_nr_chosen() : 1);
}

FIXTURE_TEARDOWN(rw)
{
	set_close(&self->s);
	cpu_unpin();
}

#define SEND(buf, len)	(cpu_pin(variant->send_on), chan_write(self->s.sender, buf, len))
#define RECV(buf, len)	(cpu_pin(variant->recv_on), chan_read(self->s.receiver, buf, len))

TEST_F(rw, every_size)
{
	for (uint32_t len = 1; len <= MSG; len++) {
		memset(self->in, POISON, sizeof(self->in));
		ASSERT_EQ(len, SEND(self->out, len));
		ASSERT_EQ(len, RECV(self->in, MSG));
		EXPECT_EQ(0, memcmp(self->out, self->in, len));
		EXPECT_EQ((char)POISON, self->in[len]);
	}
}

TEST_F(rw, lane)
{
	struct ipcring_pcq_stats stats;

	for (int i = 0; i < 10; i++) {
		ASSERT_EQ(8, SEND(self->out, 8));
		ASSERT_EQ(8, RECV(self->in, MSG));
	}
	ASSERT_EQ(0, pcq_stats(self->s.observer, 1, &stats));
	EXPECT_EQ(variant->local ? 10 : 0, stats.local);
	EXPECT_EQ(variant->local ? 0 : 10, stats.remote);
	EXPECT_EQ(10, stats.received);
	ASSERT_EQ(0, pcq_stats(self->s.observer, ANY, &stats));
	EXPECT_EQ(10, stats.local + stats.remote);
	EXPECT_EQ(10, stats.received);
}

TEST_F(rw, sizes_out_of_range)
{
	set_nonblock(self->s.receiver, true);
	EXPECT_EQ(-EMSGSIZE, SEND(self->out, 0));
	EXPECT_EQ(-EMSGSIZE, SEND(self->out, MSG + 1));
	/* The length comes before the address. */
	EXPECT_EQ(-EMSGSIZE, SEND(BAD_PTR, 1 << 20));
	EXPECT_EQ(-EAGAIN, RECV(self->in, MSG));
}

TEST_F(rw, small_buffer_leaves_the_message)
{
	ASSERT_EQ(MSG, SEND(self->out, MSG));
	for (int i = 0; i < 3; i++) {
		memset(self->in, POISON, sizeof(self->in));
		EXPECT_EQ(-EMSGSIZE, RECV(self->in, MSG - 1));
		for (int at = 0; at < MSG; at++)
			ASSERT_EQ((char)POISON, self->in[at]);
	}
	EXPECT_EQ(MSG, RECV(self->in, MSG));
	EXPECT_EQ(0, memcmp(self->out, self->in, MSG));
}

TEST_F(rw, bad_buffers)
{
	set_nonblock(self->s.receiver, true);
	EXPECT_EQ(-EFAULT, SEND(BAD_PTR, 8));
	EXPECT_EQ(-EAGAIN, RECV(self->in, MSG));
	ASSERT_EQ(MSG, SEND(self->out, MSG));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(-EFAULT, RECV(BAD_PTR, MSG));
	EXPECT_EQ(MSG, RECV(self->in, MSG));
	EXPECT_EQ(0, memcmp(self->out, self->in, MSG));
}

/* The second half of the buffer is not there. */
TEST_F(rw, half_a_buffer)
{
	size_t page = getpagesize();
	char *mem = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0), *half = mem + page - MSG / 2;

	ASSERT_NE(MAP_FAILED, mem);
	ASSERT_EQ(0, munmap(mem + page, page));
	set_nonblock(self->s.receiver, true);
	EXPECT_EQ(-EFAULT, SEND(half, MSG));
	EXPECT_EQ(-EAGAIN, RECV(self->in, MSG));
	ASSERT_EQ(MSG, SEND(self->out, MSG));
	EXPECT_EQ(-EFAULT, RECV(half, MSG));
	/* Room that the message does not need is not looked at. */
	ASSERT_EQ(MSG / 2, SEND(self->out + 1, MSG / 2));
	EXPECT_EQ(MSG, RECV(self->in, MSG));
	EXPECT_EQ(0, memcmp(self->out, self->in, MSG));
	EXPECT_EQ(MSG / 2, RECV(half, MSG));
	EXPECT_EQ(0, memcmp(self->out + 1, half, MSG / 2));
}

/* Pages that nobody has touched are brought in, wherever in the buffer they begin. */
TEST_F(rw, untouched_pages)
{
	size_t page = getpagesize();
	static const char zeroes[MSG];

	for (uint32_t before = 0; before <= MSG; before += 25) {
		char *mem = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		char *msg = mem + page - before;

		ASSERT_NE(MAP_FAILED, mem);
		ASSERT_EQ(MSG, SEND(msg, MSG));
		ASSERT_EQ(MSG, RECV(self->in, MSG));
		EXPECT_EQ(0, memcmp(zeroes, self->in, MSG));
		ASSERT_EQ(0, madvise(mem, 2 * page, MADV_DONTNEED));
		ASSERT_EQ(MSG, SEND(self->out, MSG));
		ASSERT_EQ(MSG, RECV(msg, MSG));
		EXPECT_EQ(0, memcmp(self->out, msg, MSG));
		munmap(mem, 2 * page);
	}
}

/* Several pieces are one message. */
TEST_F(rw, vectors)
{
	struct iovec out[] = { { self->out, 50 }, { self->out, 0 }, { self->out + 50, 100 } };
	struct iovec in[] = { { self->in, 1 }, { self->in + 1, 99 }, { self->in + 100, 100 } };

	cpu_pin(variant->send_on);
	ASSERT_EQ(150, errno_or(writev(self->s.sender, out, 3)));
	cpu_pin(variant->recv_on);
	ASSERT_EQ(150, errno_or(readv(self->s.receiver, in, 3)));
	EXPECT_EQ(0, memcmp(self->out, self->in, 150));
}

/* Credits: so many fit and not one more; each received gives one back. */
TEST_F(rw, credits)
{
	uint32_t seen = 0;

	set_nonblock(self->s.sender, true);
	set_nonblock(self->s.receiver, true);
	for (int round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < self->room; i++)
			ASSERT_EQ(4, SEND(&i, 4));
		for (int i = 0; i < 3; i++)
			ASSERT_EQ(-EAGAIN, SEND(self->out, 1));
		ASSERT_EQ(4, RECV(self->in, MSG));
		ASSERT_EQ(4, SEND(&self->room, 4));
		ASSERT_EQ(-EAGAIN, SEND(self->out, 1));
		for (uint32_t i = 0; i < self->room; i++)
			ASSERT_EQ(4, RECV(self->in, MSG));
		ASSERT_EQ(-EAGAIN, RECV(self->in, MSG));
		seen += self->room + 1;
	}
	/* Positions have gone round the lane, and nothing was lost on the way. */
	EXPECT_LT(self->room * 3, seen);
}

/* As they were sent, over many times round the lane, full and nearly empty. */
TEST_F(rw, order)
{
	uint32_t sent = 0, received = 0, got;

	if (variant->to == ANY)
		return;
	set_nonblock(self->s.sender, true);
	while (received < 40 * SLOTS) {
		for (uint32_t i = 0; i <= received % SLOTS; i++) {
			int ret = SEND(&sent, 4);

			ASSERT_TRUE(ret == 4 || ret == -EAGAIN);
			sent += ret == 4;
		}
		ASSERT_EQ(4, RECV(&got, 4));
		ASSERT_EQ(received, got);
		received++;
	}
}

TEST_F(rw, full_blocks_then_goes_on)
{
	struct call write = { CALL_WRITE, self->s.sender, self->out + 1, 8 };
	uint64_t got;

	for (uint32_t i = 0; i < self->room; i++)
		ASSERT_EQ(8, SEND(self->out, 8));
	ASSERT_TRUE(call_start_on(&write, variant->send_on));
	ASSERT_EQ(8, RECV(self->in, MSG));
	EXPECT_EQ(8, call_finish(&write));
	/* It is among the rest, and the rest is all. */
	for (uint32_t i = 0, found = 0; i < self->room; i++) {
		ASSERT_EQ(8, RECV(&got, 8));
		found += !memcmp(&got, self->out + 1, 8);
		if (i == self->room - 1)
			EXPECT_EQ(1, found);
	}
	set_nonblock(self->s.receiver, true);
	EXPECT_EQ(-EAGAIN, RECV(self->in, MSG));
}

TEST_F(rw, empty_blocks_then_goes_on)
{
	struct call read = { CALL_READ, self->s.receiver, self->in, MSG };

	for (int i = 0; i < 5; i++) {
		ASSERT_TRUE(call_start_on(&read, variant->recv_on));
		ASSERT_EQ(16 + i, SEND(self->out + i, 16 + i));
		EXPECT_EQ(16 + i, call_finish(&read));
		EXPECT_EQ(0, memcmp(self->out + i, self->in, 16 + i));
	}
}

/* Sleepers on the lane: each room made wakes one, until none is left. */
TEST_F(rw, several_blocked_senders)
{
	struct call write[3];

	for (uint32_t i = 0; i < self->room; i++)
		ASSERT_EQ(1, SEND("x", 1));
	for (int i = 0; i < 3; i++) {
		write[i] = (struct call){ CALL_WRITE, self->s.sender, "y", 1 };
		ASSERT_TRUE(call_start_on(&write[i], variant->send_on));
	}
	for (uint32_t i = 0; i < self->room + 3; i++)
		ASSERT_EQ(1, RECV(self->in, MSG));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(1, call_finish(&write[i]));
	set_nonblock(self->s.receiver, true);
	EXPECT_EQ(-EAGAIN, RECV(self->in, MSG));
}

TEST_F(rw, several_blocked_receivers)
{
	struct call read[3];
	char in[3][8];

	for (int i = 0; i < 3; i++) {
		read[i] = (struct call){ CALL_READ, self->s.receiver, in[i], 8 };
		ASSERT_TRUE(call_start_on(&read[i], variant->recv_on));
	}
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(1, SEND("abc" + i, 1));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(1, call_finish(&read[i]));
	EXPECT_EQ('a' + 'b' + 'c', in[0][0] + in[1][0] + in[2][0]);
}

TEST_HARNESS_MAIN
