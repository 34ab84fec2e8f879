// SPDX-License-Identifier: GPL-2.0
/*
 * Mapped sides that store nonsense. The queue becomes corrupt and stays so (-EBADMSG,
 * EPOLLERR), no call hangs, and the other queues and sets go on as if nothing were.
 */
#include "map.h"
#include "peer.h"

#define SLOTS	4
#define MSG	40

FIXTURE(hostile) {
	struct set s;		/* queue of CPU 0 */
	int any;		/* receives from all */
	int to[2];		/* kernel's senders to queues 0 and 1 */
	int from1;
	struct map send;	/* the vandals' */
	struct map recv;
	char buf[MSG];
};

#define SELF	FIXTURE_DATA(hostile)

static void open_all(struct __test_metadata *_metadata, SELF *self)
{
	OPEN_SET(&self->s, 0, .slots = SLOTS, .msg_size = MSG, .flags = IPCRING_PCQ_MAP_SENDERS);
	self->any = pcq_endpoint(self->s.control, IPCRING_PCQ_RECEIVER, ANY,
				 IPCRING_PCQ_EP_NONBLOCK);
	ASSERT_LE(0, self->any);
	for (uint32_t i = 0; i < 2; i++) {
		self->to[i] = pcq_endpoint(self->s.control, IPCRING_PCQ_SENDER, i,
					   IPCRING_PCQ_EP_NONBLOCK);
		ASSERT_LE(0, self->to[i]);
	}
	self->from1 = pcq_endpoint(self->s.control, IPCRING_PCQ_RECEIVER, 1,
				   IPCRING_PCQ_EP_NONBLOCK);
	ASSERT_LE(0, self->from1);
	set_nonblock(self->s.receiver, true);
	set_nonblock(self->s.sender, true);
	ASSERT_EQ(0, map_open(&self->send, self->s.sender, 0));
	ASSERT_EQ(0, map_open(&self->recv, self->s.receiver, 0));
	ASSERT_EQ(0, cpu_pin(0));
}

static void close_all(SELF *self)
{
	map_close(&self->send);
	map_close(&self->recv);
	for (int i = 0; i < 2; i++)
		close(self->to[i]);
	close(self->any);
	close(self->from1);
	set_close(&self->s);
	cpu_unpin();
}

FIXTURE_SETUP(hostile)
{
	NEED_CPUS(2);
	open_all(_metadata, self);
}

FIXTURE_TEARDOWN(hostile)
{
	close_all(self);
}

static bool corrupt(int fd, uint32_t cpu)
{
	struct ipcring_pcq_stats st;

	return !pcq_stats(fd, cpu, &st) && (st.state & IPCRING_PCQ_ST_CORRUPT);
}

/* Everybody on queue 0 is told, as often as they ask, here and elsewhere. */
static void expect_corrupt(struct __test_metadata *_metadata, SELF *self)
{
	struct ipcring_pcq_msg msg = pcq_msg(self->buf, MSG);
	struct ipcring_pcq_batch p = pcq_batch(&msg, 1);

	for (uint32_t i = 0; i < 4; i++) {
		cpu_pin(i % 2);
		EXPECT_EQ(-EBADMSG, chan_read(self->s.receiver, self->buf, MSG));
		EXPECT_EQ(-EBADMSG, pcq_recv(self->s.receiver, &p));
		EXPECT_EQ(-EBADMSG, chan_wait(self->s.receiver, IPCRING_NO_TIMEOUT));
		EXPECT_EQ(-EBADMSG, chan_write(self->s.sender, "x", 1));
		EXPECT_EQ(-EBADMSG, chan_write(self->to[0], "x", 1));
		EXPECT_EQ(-EBADMSG, pcq_send(self->to[0], &p));
		EXPECT_EQ(-EBADMSG, chan_wait(self->s.sender, IPCRING_NO_TIMEOUT));
		EXPECT_EQ(POLLERR, chan_poll(self->s.receiver, POLLIN) & POLLERR);
		EXPECT_EQ(POLLERR, chan_poll(self->s.sender, POLLOUT) & POLLERR);
	}
	EXPECT_TRUE(corrupt(self->s.observer, 0));
	EXPECT_TRUE(corrupt(self->s.observer, ANY));
	EXPECT_EQ(1, ring_load(&self->recv.state->corrupt));
}

/* Queue 1 of the same set works, in both lanes; ANY has set queue 0 aside. */
static void expect_others_well(struct __test_metadata *_metadata, SELF *self)
{
	EXPECT_FALSE(corrupt(self->s.observer, 1));
	while (chan_read(self->any, self->buf, MSG) > 0)
		;
	for (uint32_t i = 0; i < 3 * SLOTS; i++) {
		cpu_pin(i % 2);
		ASSERT_EQ(4, chan_write(self->to[1], &i, 4));
		ASSERT_EQ(4, chan_read(i / 2 % 2 ? self->any : self->from1, self->buf, MSG));
		EXPECT_EQ(0, memcmp(&i, self->buf, 4));
	}
	EXPECT_EQ(-EAGAIN, chan_read(self->any, self->buf, MSG));
	EXPECT_EQ(0, chan_poll(self->any, POLLIN));
	EXPECT_EQ(-EAGAIN, chan_read(self->from1, self->buf, MSG));
}

static bool fine(int ret)
{
	return ret >= 0 || ret == -EAGAIN || ret == -EBADMSG || ret == -EMSGSIZE ||
	       ret == -ETIMEDOUT;
}

/* A head that no sender writes: lengths below what stands before a payload, or too long. */
TEST_F(hostile, length_of_a_local_message)
{
	static const uint32_t len[] = {
		0, 1, 7, 8, MSG + 9, 64, 4096, 65536, 1u << 31, ~0u - 8, ~0u,
	};

	for (size_t i = 0; i < ARRAY_LEN(len); i++) {
		const struct ring *r = &self->send.lane[0];
		struct set s;
		struct map m;
		char buf[MSG];

		/* A set of its own each, as corrupt is for ever. */
		OPEN_SET(&s, 0, .slots = SLOTS, .msg_size = MSG,
			 .flags = IPCRING_PCQ_MAP_SENDERS);
		ASSERT_EQ(0, map_open(&m, s.sender, 0));
		r = &m.lane[0];
		/* What is before it is good. */
		ASSERT_EQ(2, chan_write(s.sender, "ok", 2));
		ring_store_release(&ring_slot(r, 1)->head, ring_head(1, len[i]));
		ASSERT_EQ(2, chan_read(s.receiver, buf, MSG));
		for (int again = 0; again < 3; again++)
			EXPECT_EQ(-EBADMSG, chan_read(s.receiver, buf, MSG));
		EXPECT_EQ(-EBADMSG, chan_write(s.sender, "x", 1));
		map_close(&m);
		set_close(&s);
	}
}

/* The bounds of what is good. */
TEST_F(hostile, good_lengths)
{
	const struct ring *r = &self->send.lane[0];

	ring_store_release(&ring_slot(r, 0)->head, ring_head(0, 9));
	EXPECT_EQ(1, chan_read(self->s.receiver, self->buf, MSG));
	ring_store_release(&ring_slot(r, 1)->head, ring_head(1, MSG + 8));
	EXPECT_EQ(MSG, chan_read(self->s.receiver, self->buf, MSG));
	EXPECT_FALSE(corrupt(self->s.observer, 0));
}

TEST_F(hostile, bad_length_of_a_mapped_sender)
{
	ring_store_release(&ring_slot(&self->send.lane[0], 0)->head, ring_head(0, ~0u));
	EXPECT_EQ(-EBADMSG, chan_read(self->s.receiver, self->buf, MSG));
	expect_corrupt(_metadata, self);
	expect_others_well(_metadata, self);
}

/* It is the kernel's sender who meets a producer's position that cannot be. */
TEST_F(hostile, position_of_the_local_lane)
{
	self->send.lane[0].prod->pos = SLOTS + 1;
	EXPECT_EQ(-EBADMSG, chan_write(self->to[0], "x", 1));
	expect_corrupt(_metadata, self);
	expect_others_well(_metadata, self);
}

TEST_F(hostile, position_of_the_local_receivers)
{
	self->recv.lane[0].cons->pos = 1;
	EXPECT_EQ(-EBADMSG, chan_write(self->to[0], "x", 1));
	expect_corrupt(_metadata, self);
	expect_others_well(_metadata, self);
}

TEST_F(hostile, position_of_the_remote_receivers)
{
	cpu_pin(1);
	self->recv.lane[1].cons->pos = 1ULL << 63;
	EXPECT_EQ(-EBADMSG, chan_write(self->to[0], "x", 1));
	expect_corrupt(_metadata, self);
	expect_others_well(_metadata, self);
}

/*
 * The positions that mean "no proof" and "not armed" inside of the kernel, in a slot that
 * was used before: whoever takes them for that looks again for ever. In a child, which can
 * be killed.
 */
TEST_F(hostile, positions_that_no_ring_reaches)
{
	static const uint64_t pos[] = { RING_NO_PROOF, RING_NOT_ARMED };

	for (uint32_t i = 0; i < 2 * ARRAY_LEN(pos); i++) {
		struct ipcring_pcq_msg msg = pcq_msg(self->buf, MSG);
		struct ipcring_pcq_batch p = pcq_batch(&msg, 1);
		pid_t pid;

		close_all(self);
		open_all(_metadata, self);
		cpu_pin(i % 2);
		for (int n = 0; n < 2 * SLOTS; n++) {
			ASSERT_EQ(1, chan_write(self->to[0], "x", 1));
			ASSERT_EQ(1, chan_read(self->s.receiver, self->buf, MSG));
		}
		self->recv.lane[i % 2].cons->pos = pos[i / 2];
		pid = fork_child();
		if (pid == 0) {
			alarm(10);
			p.flags = IPCRING_PCQ_DONTWAIT;
			if (!fine(chan_read(self->s.receiver, self->buf, MSG)) ||
			    !fine(chan_read(self->any, self->buf, MSG)) ||
			    !fine(pcq_recv(self->s.receiver, &p)) ||
			    !fine(chan_write(self->to[0], "y", 1)) ||
			    !fine(chan_wait(self->s.receiver, now_ns() + 10000000)))
				_exit(1);
			_exit(0);
		}
		EXPECT_EQ(0, reap(pid));
		expect_others_well(_metadata, self);
	}
}

/* Corrupt under somebody who sleeps: the next who looks tells everybody. */
TEST_F(hostile, sleepers_are_told)
{
	struct call read = { CALL_READ, self->s.receiver, self->buf, MSG };
	struct call write = { CALL_WRITE, self->s.sender, "x", 1 };
	struct call poll = { CALL_POLL, self->s.receiver };

	set_nonblock(self->s.receiver, false);
	ASSERT_TRUE(call_start_on(&read, 0));
	ASSERT_TRUE(call_start_on(&poll, 0));
	self->recv.lane[0].cons->pos = 99;
	EXPECT_EQ(-EBADMSG, chan_write(self->to[0], "x", 1));
	EXPECT_EQ(-EBADMSG, call_finish(&read));
	EXPECT_EQ(POLLERR, call_finish(&poll) & POLLERR);
	set_nonblock(self->s.sender, false);
	write.fd = self->s.sender;
	EXPECT_EQ(-EBADMSG, chan_write(write.fd, "x", 1));
	expect_corrupt(_metadata, self);
}

TEST_F(hostile, sleeping_sender_is_told)
{
	struct call write = { CALL_WRITE, self->s.sender, "x", 1 };

	for (int i = 0; i < SLOTS; i++)
		ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	set_nonblock(self->s.sender, false);
	ASSERT_TRUE(call_start_on(&write, 0));
	self->recv.lane[0].cons->pos = 1ULL << 40;
	EXPECT_EQ(-EBADMSG, chan_write(self->to[0], "x", 1));
	EXPECT_EQ(-EBADMSG, call_finish(&write));
}

/* ANY sets a corrupt queue aside, and hears of it only when all of them are. */
TEST_F(hostile, all_queues_of_any)
{
	struct ipcring_pcq_info info;
	struct map m;
	int any = pcq_sender(self->s.control, ANY);

	ASSERT_LE(0, any);
	ASSERT_EQ(0, pcq_info(self->any, &info));
	for (uint32_t cpu = 0; cpu < info.cpus; cpu++) {
		EXPECT_EQ(-EAGAIN, chan_read(self->any, self->buf, MSG));
		ASSERT_EQ(0, map_open(&m, any, cpu));
		ring_store_release(&ring_slot(&m.lane[0], 0)->head, ring_head(0, ~0u));
		map_close(&m);
		if (cpu < info.cpus - 1)
			EXPECT_EQ(0, chan_poll(self->any, POLLIN));
	}
	EXPECT_EQ(-EBADMSG, chan_read(self->any, self->buf, MSG));
	EXPECT_EQ(POLLERR, chan_poll(self->any, POLLIN) & POLLERR);
	EXPECT_EQ(-EBADMSG, chan_wait(self->any, IPCRING_NO_TIMEOUT));
	/* To a sender it is no CPU to choose, as if all were offline. */
	EXPECT_EQ(-ENXIO, chan_write(any, "x", 1));
	EXPECT_EQ(POLLERR, chan_poll(any, POLLOUT) & POLLERR);
	close(any);
}

/* A sender bound to ANY passes a corrupt queue by. */
TEST_F(hostile, any_sends_elsewhere)
{
	int any = pcq_endpoint(self->s.control, IPCRING_PCQ_SENDER, ANY,
			       IPCRING_PCQ_EP_NONBLOCK);

	ASSERT_LE(0, any);
	ring_store_release(&ring_slot(&self->send.lane[0], 0)->head, ring_head(0, ~0u));
	EXPECT_EQ(-EBADMSG, chan_read(self->s.receiver, self->buf, MSG));
	cpu_pin(0);
	ASSERT_EQ(1, chan_write(any, "q", 1));
	EXPECT_EQ(1, chan_read(self->any, self->buf, MSG));
	EXPECT_EQ('q', self->buf[0]);
	close(any);
}

/* Another set, open beside it. */
TEST_F(hostile, other_sets)
{
	struct set s;

	OPEN_SET(&s, 0, .slots = SLOTS, .msg_size = MSG);
	self->recv.lane[0].cons->pos = 12345;
	self->recv.lane[1].cons->pos = 12345;
	EXPECT_EQ(-EBADMSG, chan_write(self->to[0], "x", 1));
	for (uint32_t i = 0; i < 4 * SLOTS; i++) {
		cpu_pin(i % 2);
		ASSERT_EQ(4, chan_write(s.sender, &i, 4));
		ASSERT_EQ(4, chan_read(s.receiver, self->buf, MSG));
		EXPECT_EQ(0, memcmp(&i, self->buf, 4));
	}
	set_close(&s);
}

/* One word or eight bytes of it, anywhere in what the vandal may write. */
static void scribble(struct map *m, bool sender, uint64_t *seed)
{
	static const uint64_t likely[] = { 0, 1, 2, 7, 8, 9, SLOTS, SLOTS + 1, ~0ULL, 1ULL << 63 };
	size_t bytes = sender && rnd_below(seed, 4) ? m->data_bytes : 512;
	char *base = sender ? (bytes == 512 ? (char *)m->lane[0].prod : (char *)m->lane[0].data) :
			      (char *)m->lane[0].cons;
	uint64_t value = rnd(seed);
	size_t at = rnd_below(seed, bytes / 8) * 8;

	switch (rnd_below(seed, 4)) {
	case 0:
		value = likely[rnd_below(seed, ARRAY_LEN(likely))];
		break;
	case 1:
		value = *(volatile uint64_t *)(base + at) + likely[rnd_below(seed, 6)];
		break;
	case 2:
		at = sender && bytes != 512 ? at / 64 * 64 % m->data_bytes : at / 256 * 256;
		value = ring_head(rnd_below(seed, 2 * SLOTS), rnd_below(seed, MSG + 16));
		break;
	}
	__atomic_store_n((uint64_t *)(base + at), value, __ATOMIC_RELAXED);
}

/* Every call on a queue that a vandal writes to comes back, with an answer that it may give. */
static int strain(SELF *self, uint64_t *seed)
{
	struct ipcring_pcq_msg msgs[SLOTS];
	struct ipcring_pcq_batch p = pcq_batch(msgs, SLOTS);
	static char in[SLOTS][MSG];

	for (int i = 0; i < SLOTS; i++)
		msgs[i] = pcq_msg(in[i], 1 + rnd_below(seed, MSG));
	p.flags = IPCRING_PCQ_DONTWAIT;
	switch (rnd_below(seed, 8)) {
	case 0:
	case 1:
		return chan_write(self->to[0], in, 1 + rnd_below(seed, MSG));
	case 2:
		return chan_read(self->s.receiver, in, MSG);
	case 3:
		return chan_read(self->any, in, MSG);
	case 4:
		return pcq_send(self->to[0], &p);
	case 5:
		return pcq_recv(self->s.receiver, &p);
	case 6:
		return chan_wait(rnd_below(seed, 2) ? self->s.receiver : self->s.sender, 0);
	default:
		pcq_wake(self->s.sender, 0);
		pcq_wake(self->s.receiver, 0);
		return chan_poll(self->s.receiver, POLLIN) | chan_poll(self->s.sender, POLLOUT);
	}
}

static void run_storm(struct __test_metadata *_metadata, SELF *self, bool sender)
{
	uint64_t seed = env_number("SEED", random_seed()), steps = env_number("STEPS", 20000);
	uint32_t lives = 0, dead = 0;

	printf("# seed %llu, %llu steps\n", (unsigned long long)seed, (unsigned long long)steps);
	for (uint64_t i = 0; i < steps; i++) {
		int ret;

		if (rnd_below(&seed, 3) == 0)
			scribble(sender ? &self->send : &self->recv, sender, &seed);
		if (rnd_below(&seed, 16) == 0)
			cpu_pin(rnd_below(&seed, 2));
		ret = strain(self, &seed);
		if (!fine(ret)) {
			EXPECT_EQ(0, ret);
			return;
		}
		dead += ret == -EBADMSG;
		if (i % 64 == 63) {
			ASSERT_EQ(4, chan_write(self->to[1], &i, 4));
			ASSERT_EQ(4, chan_read(self->from1, self->buf, MSG));
			ASSERT_EQ(0, memcmp(&i, self->buf, 4));
		}
		/* Corrupt is for ever: begin again, with a set of its own. */
		if (dead > 20) {
			close_all(self);
			open_all(_metadata, self);
			dead = 0;
			lives++;
		}
	}
	printf("# %u sets were made corrupt\n", lives);
	EXPECT_LT(0, lives);
}

TEST_F_TIMEOUT(hostile, storm_of_a_sender, 120)
{
	run_storm(_metadata, self, true);
}

TEST_F_TIMEOUT(hostile, storm_of_a_receiver, 120)
{
	run_storm(_metadata, self, false);
}

TEST_HARNESS_MAIN
