// SPDX-License-Identifier: GPL-2.0
/* Many producers, each on its own lane, and one consumer. */
#include "lane.h"
#include "peer.h"

#define SLOTS	4
#define LANES	3
#define BOTH	(IPCRING_ST_PRODUCER | IPCRING_ST_CONSUMER)

FIXTURE(lanes) {
	struct many m;
	int cons;
	struct mapped_cons mc;
	struct ring prod[LANES];
	char buf[64];
};

FIXTURE_VARIANT(lanes) {
	struct ipcring_create p;
};

FIXTURE_VARIANT_ADD(lanes, slots) { .p = { .slots = SLOTS } };
FIXTURE_VARIANT_ADD(lanes, records) {
	.p = { .flags = IPCRING_CREATE_RECORDS, .bytes = 4096 },
};

FIXTURE_SETUP(lanes)
{
	OPEN_MANY(&self->m, LANES, 1, .flags = variant->p.flags, .slots = variant->p.slots,
		  .bytes = variant->p.bytes, .msg_size = 64);
	self->cons = self->m.cons[0];
	ASSERT_EQ(0, mapped_open(&self->mc, self->cons));
	for (int i = 0; i < LANES; i++)
		ASSERT_EQ(0, map_lane(self->m.prod[i], i, &self->prod[i]));
}

FIXTURE_TEARDOWN(lanes)
{
	many_close(&self->m);
}

static void close_producer(struct many *m, struct ring *r, int lane)
{
	unmap_lane(&r[lane]);
	close(m->prod[lane]);
	m->prod[lane] = -1;
}

static int send_by(int fd, const struct ring *r, bool mapped, const void *msg, uint32_t len)
{
	int ret;

	if (mapped)
		return lane_send(fd, r, msg, len);
	ret = chan_write(fd, msg, len);
	return ret == len ? 0 : ret;
}

/* How many it took. */
static int fill_lane(int prod)
{
	char msg[56];
	int n = 0;

	memset(msg, 'f', sizeof(msg));
	set_nonblock(prod, true);
	while (chan_write(prod, msg, sizeof(msg)) == sizeof(msg))
		n++;
	set_nonblock(prod, false);
	return n;
}

TEST_F(lanes, create_arguments)
{
	const int dev = self->m.dev;
	struct ipcring_info info;
	int fd;

	EXPECT_EQ(-EINVAL, CREATE_CHAN(dev, .slots = 1, .msg_size = 8,
				       .lanes = IPCRING_LANES_MAX + 1));
	EXPECT_EQ(-EINVAL, CREATE_CHAN(dev, .slots = 1, .msg_size = 8, .lanes = ~0u));
	EXPECT_EQ(-EINVAL, CREATE_CHAN(dev, .slots = 1, .msg_size = 8,
				       .consumers = IPCRING_CONSUMERS_MAX + 1));
	EXPECT_EQ(-EINVAL, CREATE_CHAN(dev, .slots = 1, .msg_size = 8, .consumers = ~0u));
	fd = CREATE_CHAN(dev, .slots = 1, .msg_size = 8);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, chan_info(fd, &info));
	EXPECT_EQ(1, info.lanes);
	EXPECT_EQ(1, info.consumers);
	close(fd);
	fd = CREATE_CHAN(dev, .slots = 1, .msg_size = 8, .lanes = 64, .consumers = 64);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, chan_info(fd, &info));
	EXPECT_EQ(64, info.lanes);
	EXPECT_EQ(64, info.consumers);
	close(fd);
}

TEST_F(lanes, endpoint_arguments)
{
	const int control = self->m.control;

	EXPECT_EQ(-EINVAL, chan_endpoint_lane(control, IPCRING_ROLE_PRODUCER, LANES, 0));
	EXPECT_EQ(-EINVAL, chan_endpoint_lane(control, IPCRING_ROLE_PRODUCER, ~0u, 0));
	EXPECT_EQ(-EINVAL, chan_endpoint_lane(control, IPCRING_ROLE_CONSUMER, 1, 0));
	EXPECT_EQ(-EINVAL, chan_endpoint_lane(control, IPCRING_ROLE_OBSERVER, 1, 0));
	EXPECT_EQ(-EINVAL, chan_endpoint_lane(control, IPCRING_ROLE_CONSUMER, 0,
					      IPCRING_EP_ANY_LANE));
	EXPECT_EQ(-EINVAL, chan_endpoint_lane(control, IPCRING_ROLE_OBSERVER, 0,
					      IPCRING_EP_ANY_LANE));
	EXPECT_EQ(-EINVAL, chan_endpoint_lane(control, IPCRING_ROLE_PRODUCER, 1,
					      IPCRING_EP_ANY_LANE));
	for (int i = 0; i < LANES; i++)
		EXPECT_EQ(-EBUSY, chan_producer(control, i));
	EXPECT_EQ(-EBUSY, chan_endpoint_lane(control, IPCRING_ROLE_PRODUCER, 0,
					     IPCRING_EP_ANY_LANE));
}

TEST_F(lanes, any_lane_is_the_first_free)
{
	struct ipcring_info info;

	close_producer(&self->m, self->prod, 2);
	close_producer(&self->m, self->prod, 1);
	for (int i = 1; i < LANES; i++) {
		self->m.prod[i] = chan_endpoint_lane(self->m.control, IPCRING_ROLE_PRODUCER, 0,
						     IPCRING_EP_ANY_LANE);
		ASSERT_LE(0, self->m.prod[i]);
		ASSERT_EQ(0, chan_info(self->m.prod[i], &info));
		EXPECT_EQ(i, info.lane);
	}
	EXPECT_EQ(-EBUSY, chan_endpoint_lane(self->m.control, IPCRING_ROLE_PRODUCER, 0,
					     IPCRING_EP_ANY_LANE));
}

TEST_F(lanes, read_takes_turns)
{
	char msg[2];

	for (int i = 0; i < SLOTS; i++)
		for (int lane = LANES - 1; lane >= 0; lane--) {
			msg[0] = lane;
			msg[1] = i;
			ASSERT_EQ(2, chan_write(self->m.prod[lane], msg, 2));
		}
	for (int i = 0; i < SLOTS; i++) {
		int seen = 0;

		for (int n = 0; n < LANES; n++) {
			ASSERT_EQ(2, chan_read(self->cons, self->buf, 64));
			EXPECT_EQ(i, self->buf[1]);
			seen |= 1 << self->buf[0];
		}
		EXPECT_EQ((1 << LANES) - 1, seen);
	}
	EXPECT_EQ(-ETIMEDOUT, chan_wait(self->cons, 0));
}

/* However much a lane sends, another one's message is at most a round away. */
TEST_F(lanes, busy_lane_starves_none)
{
	for (int i = 0; i < 50; i++) {
		bool found = false;

		fill_lane(self->m.prod[i % LANES]);
		ASSERT_EQ(1, chan_write(self->m.prod[(i + 1) % LANES], "!", 1));
		for (int n = 0; n < LANES && !found; n++) {
			ASSERT_LT(0, chan_read(self->cons, self->buf, 64));
			found = self->buf[0] == '!';
		}
		EXPECT_TRUE(found);
		while (chan_wait(self->cons, 0) == 0)
			ASSERT_LT(0, chan_read(self->cons, self->buf, 64));
	}
}

TEST_F(lanes, full_lane_blocks_its_producer_only)
{
	struct call write = { CALL_WRITE, self->m.prod[0], "w", 1 };
	uint32_t lane;

	EXPECT_LT(0, fill_lane(self->m.prod[0]));
	EXPECT_EQ(0, chan_poll(self->m.prod[0], POLLOUT));
	ASSERT_TRUE(call_start(&write));
	for (int i = 1; i < LANES; i++) {
		EXPECT_EQ(POLLOUT, chan_poll(self->m.prod[i], POLLOUT));
		EXPECT_EQ(1, chan_write(self->m.prod[i], "x", 1));
	}
	/* Room elsewhere is none of its business. */
	self->mc.ready = 1 << 1;
	EXPECT_EQ(1, mapped_recv(&self->mc, self->buf, &lane));
	EXPECT_EQ(1, lane);
	EXPECT_TRUE(call_blocked(&write));
	self->mc.ready = 1 << 0;
	EXPECT_EQ(56, mapped_recv(&self->mc, self->buf, &lane));
	EXPECT_EQ(0, lane);
	EXPECT_EQ(1, call_finish(&write));
}

TEST_F(lanes, wait_hands_the_ready_lanes_out)
{
	uint64_t ready = ~0ULL;

	/* A lane is a lane to look at until it was found empty. */
	set_nonblock(self->cons, true);
	EXPECT_EQ(-EAGAIN, chan_read(self->cons, self->buf, 64));
	EXPECT_EQ(-ETIMEDOUT, chan_wait_ready(self->cons, 0, 0, NULL));
	ASSERT_EQ(1, chan_write(self->m.prod[2], "x", 1));
	ASSERT_EQ(0, chan_wait_ready(self->cons, 0, 0, &ready));
	EXPECT_EQ(1 << 2, ready);
	/* A lane handed out and not emptied is still a lane to look at. */
	ASSERT_EQ(0, chan_wait_ready(self->cons, 0, 0, &ready));
	EXPECT_EQ(1 << 2, ready);
	ASSERT_EQ(1, chan_write(self->m.prod[0], "x", 1));
	ASSERT_EQ(0, chan_wait_ready(self->cons, IPCRING_NO_TIMEOUT, 0, &ready));
	EXPECT_NE(0, ready & 1 << 0);
	EXPECT_EQ(0, ready & 1 << 1);
	EXPECT_EQ(0, chan_wait_ready(self->m.prod[1], 0, 0, &ready));
	EXPECT_EQ(0, ready);
}

/* Handed out or not, read() finds what is there. */
TEST_F(lanes, read_after_the_bits_were_taken)
{
	uint64_t ready;

	ASSERT_EQ(1, chan_write(self->m.prod[1], "x", 1));
	ASSERT_EQ(0, chan_wait_ready(self->cons, 0, 0, &ready));
	set_nonblock(self->cons, true);
	EXPECT_EQ(POLLIN, chan_poll(self->cons, POLLIN));
	EXPECT_EQ(1, chan_read(self->cons, self->buf, 64));
	EXPECT_EQ(-EAGAIN, chan_read(self->cons, self->buf, 64));
}

/* A mapped producer that saw no wish for a wake-up calls nobody: all must look. */
TEST_F(lanes, mapped_message_without_wake)
{
	uint64_t ready;

	ASSERT_EQ(0, lane_send(self->m.prod[1], &self->prod[1], "a", 1));
	EXPECT_EQ(POLLIN, chan_poll(self->cons, POLLIN));
	EXPECT_EQ(0, chan_wait_ready(self->cons, 0, 0, &ready));
	EXPECT_NE(0, ready & 1 << 1);
	EXPECT_EQ(1, chan_read(self->cons, self->buf, 64));
	ASSERT_EQ(0, lane_send(self->m.prod[2], &self->prod[2], "b", 1));
	set_nonblock(self->cons, true);
	EXPECT_EQ(1, chan_read(self->cons, self->buf, 64));
	EXPECT_EQ('b', self->buf[0]);
}

TEST_F(lanes, sleeping_reader_is_woken_by_each_lane)
{
	for (int lane = 0; lane < 2 * LANES; lane++) {
		struct call read = { CALL_READ, self->cons, self->buf, 64 };
		const int n = lane % LANES;

		ASSERT_TRUE(call_start(&read));
		self->buf[0] = 0;
		ASSERT_EQ(0, send_by(self->m.prod[n], &self->prod[n], lane < LANES, "r", 1));
		EXPECT_EQ(1, call_finish(&read));
		EXPECT_EQ('r', self->buf[0]);
	}
}

TEST_F(lanes, sleeping_waiter_is_woken_by_each_lane)
{
	for (int lane = 0; lane < 2 * LANES; lane++) {
		struct call wait = { CALL_WAIT, self->cons, .deadline = IPCRING_NO_TIMEOUT };
		const int n = lane % LANES;
		uint32_t from;

		ASSERT_TRUE(call_start(&wait));
		ASSERT_EQ(0, send_by(self->m.prod[n], &self->prod[n], lane < LANES, "r", 1));
		EXPECT_EQ(0, call_finish(&wait));
		self->mc.ready = (1 << LANES) - 1;
		EXPECT_EQ(1, mapped_recv(&self->mc, self->buf, &from));
		EXPECT_EQ(n, from);
	}
}

/* WAKE of a consumer goes to the producers of all lanes. */
TEST_F(lanes, wake_reaches_every_producer)
{
	struct call write[LANES];

	for (int i = 0; i < LANES; i++) {
		fill_lane(self->m.prod[i]);
		write[i] = (struct call){ CALL_WRITE, self->m.prod[i], "w", 1 };
		ASSERT_TRUE(call_start(&write[i]));
	}
	for (int i = 0; i < LANES; i++) {
		__u64 pos;
		__u32 len;

		ASSERT_EQ(0, ring_peek(&self->mc.lane[i], &pos, &len));
		ring_release(&self->mc.lane[i], pos, len);
	}
	EXPECT_EQ(0, chan_wake(self->cons));
	for (int i = 0; i < LANES; i++)
		EXPECT_EQ(1, call_finish(&write[i]));
}

TEST_F(lanes, hangup_when_all_are_gone_and_drained)
{
	for (int lane = 0; lane < LANES; lane++) {
		EXPECT_EQ(BOTH, chan_state(self->m.control));
		ASSERT_EQ(1, chan_write(self->m.prod[lane], "x", 1));
		EXPECT_EQ(POLLIN, chan_poll(self->cons, POLLIN));
		close_producer(&self->m, self->prod, lane);
	}
	EXPECT_EQ(IPCRING_ST_CONSUMER, chan_state(self->m.control));
	for (int lane = 0; lane < LANES; lane++) {
		EXPECT_EQ(POLLIN | POLLHUP, chan_poll(self->cons, POLLIN));
		EXPECT_EQ(0, chan_wait(self->cons, IPCRING_NO_TIMEOUT));
		EXPECT_EQ(1, chan_read(self->cons, self->buf, 64));
	}
	EXPECT_EQ(POLLHUP, chan_poll(self->cons, POLLIN));
	EXPECT_EQ(0, chan_read(self->cons, self->buf, 64));
	EXPECT_EQ(-EPIPE, chan_wait(self->cons, IPCRING_NO_TIMEOUT));
	self->m.prod[1] = chan_producer(self->m.control, 1);
	ASSERT_LE(0, self->m.prod[1]);
	EXPECT_EQ(0, chan_poll(self->cons, POLLIN));
	ASSERT_EQ(1, chan_write(self->m.prod[1], "y", 1));
	EXPECT_EQ(1, chan_read(self->cons, self->buf, 64));
	EXPECT_EQ('y', self->buf[0]);
}

/* The last of several lets a sleeping reader go, the others do not. */
TEST_F(lanes, sleeping_reader_sees_the_last_go)
{
	struct call read = { CALL_READ, self->cons, self->buf, 64 };

	ASSERT_TRUE(call_start(&read));
	close_producer(&self->m, self->prod, 0);
	close_producer(&self->m, self->prod, 2);
	EXPECT_TRUE(call_blocked(&read));
	close_producer(&self->m, self->prod, 1);
	EXPECT_EQ(0, call_finish(&read));
}

/* A lane goes on where it was, whoever has it. */
TEST_F(lanes, lane_is_reused)
{
	for (int lap = 0; lap < 5; lap++) {
		for (int i = 0; i < 3; i++) {
			char msg = 'a' + i;

			ASSERT_EQ(0, send_by(self->m.prod[1], &self->prod[1], lap & 1, &msg, 1));
			close_producer(&self->m, self->prod, 1);
			self->m.prod[1] = chan_producer(self->m.control, 1);
			ASSERT_LE(0, self->m.prod[1]);
			ASSERT_EQ(0, map_lane(self->m.prod[1], 1, &self->prod[1]));
		}
		for (int i = 0; i < 3; i++) {
			ASSERT_EQ(1, chan_read(self->cons, self->buf, 64));
			EXPECT_EQ('a' + i, self->buf[0]);
		}
	}
}

/* Lane 1's owner stores nonsense; -EBADMSG is its own affair. */
TEST_F(lanes, corrupt_lane_is_set_aside)
{
	struct ipcring_stats stats;

	ASSERT_EQ(1, chan_write(self->m.prod[0], "a", 1));
	ring_store(&ring_slot(&self->prod[1], 0)->head,
		   variant->p.slots ? ring_head(0, 9999) : 9999);
	ring_store_release(&self->prod[1].prod->pos, variant->p.slots ? 1 : 4096);
	ASSERT_EQ(0, chan_wake(self->m.prod[1]));
	ASSERT_EQ(1, chan_write(self->m.prod[2], "c", 1));
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(1, chan_read(self->cons, self->buf, 64));
		EXPECT_EQ(i ? 'c' : 'a', self->buf[0]);
	}
	EXPECT_EQ(0, chan_poll(self->cons, POLLIN));
	EXPECT_EQ(-ETIMEDOUT, chan_wait(self->cons, 0));
	EXPECT_EQ(-EBADMSG, chan_write(self->m.prod[1], "b", 1));
	EXPECT_EQ(-EBADMSG, chan_wait(self->m.prod[1], 0));
	EXPECT_EQ(POLLERR, chan_poll(self->m.prod[1], POLLOUT));
	EXPECT_EQ(POLLOUT, chan_poll(self->m.prod[0], POLLOUT));
	EXPECT_EQ(BOTH | IPCRING_ST_CORRUPT, chan_state(self->m.control));
	for (int i = 0; i < LANES; i++) {
		ASSERT_EQ(0, chan_stats(self->m.control, i, &stats));
		EXPECT_EQ(i == 1, stats.corruptions);
		EXPECT_EQ(i == 1 ? IPCRING_ST_CORRUPT : 0, stats.state & IPCRING_ST_CORRUPT);
	}

	close_producer(&self->m, self->prod, 1);
	self->m.prod[1] = chan_producer(self->m.control, 1);
	ASSERT_LE(0, self->m.prod[1]);
	EXPECT_EQ(BOTH, chan_state(self->m.control));
	ASSERT_EQ(1, chan_write(self->m.prod[1], "n", 1));
	EXPECT_EQ(1, chan_read(self->cons, self->buf, 64));
	EXPECT_EQ('n', self->buf[0]);
}

/* Nor does it keep the end from being seen. */
TEST_F(lanes, hangup_with_a_corrupt_lane)
{
	ring_store(&ring_slot(&self->prod[1], 0)->head,
		   variant->p.slots ? ring_head(0, 9999) : 9999);
	ring_store_release(&self->prod[1].prod->pos, variant->p.slots ? 1 : 4096);
	EXPECT_EQ(-ETIMEDOUT, chan_wait(self->cons, 0));
	for (int i = 0; i < LANES; i++)
		close_producer(&self->m, self->prod, i);
	EXPECT_EQ(POLLHUP, chan_poll(self->cons, POLLIN));
	EXPECT_EQ(0, chan_read(self->cons, self->buf, 64));
}

TEST_F(lanes, producers_see_the_consumer_go)
{
	struct call write = { CALL_WRITE, self->m.prod[0], "w", 1 };

	fill_lane(self->m.prod[0]);
	ASSERT_TRUE(call_start(&write));
	mapped_close(&self->mc);
	close(self->cons);
	EXPECT_EQ(-EPIPE, call_finish(&write));
	for (int i = 0; i < LANES; i++)
		EXPECT_EQ(-EPIPE, chan_write(self->m.prod[i], "x", 1));
	EXPECT_EQ(POLLERR, chan_poll(self->m.prod[0], POLLOUT));
	EXPECT_EQ(POLLOUT | POLLERR, chan_poll(self->m.prod[1], POLLOUT));
}

TEST_F(lanes, sixty_four)
{
	int control = CREATE_CHAN(self->m.dev, .slots = 1, .msg_size = 8, .lanes = 64);
	int cons = chan_consumer(control), prod[64];
	uint64_t ready;

	for (int i = 0; i < 64; i++) {
		prod[i] = chan_producer(control, i);
		ASSERT_LE(0, prod[i]);
	}
	EXPECT_EQ(-EINVAL, chan_producer(control, 64));
	set_nonblock(cons, true);
	for (int i = 63; i >= 0; i--) {
		EXPECT_EQ(-EAGAIN, chan_read(cons, self->buf, 8));
		ASSERT_EQ(1, chan_write(prod[i], "x", 1));
		ASSERT_EQ(0, chan_wait_ready(cons, 0, 0, &ready));
		EXPECT_EQ(1ULL << i, ready);
		ASSERT_EQ(1, chan_read(cons, self->buf, 8));
	}
	EXPECT_EQ(-ETIMEDOUT, chan_wait(cons, 0));
	for (int i = 0; i < 64; i++) {
		ASSERT_EQ(1, chan_write(prod[i], "x", 1));
		close(prod[i]);
	}
	ASSERT_EQ(0, chan_wait_ready(cons, 0, 0, &ready));
	EXPECT_EQ(~0ULL, ready);
	for (int i = 0; i < 64; i++)
		EXPECT_EQ(1, chan_read(cons, self->buf, 8));
	EXPECT_EQ(0, chan_read(cons, self->buf, 8));
	close(cons);
	close(control);
}

struct sender {
	int fd;
	struct ring *r;
	bool mapped;
	uint32_t lane;
	uint32_t count;
	int ret;
};

static void *send_numbers(void *arg)
{
	struct sender *s = arg;

	for (uint32_t i = 0; i < s->count && !s->ret; i++) {
		uint32_t msg[2] = { s->lane, i };

		s->ret = send_by(s->fd, s->r, s->mapped, msg, 8);
	}
	unmap_lane(s->r);
	close(s->fd);
	return NULL;
}

/* Each producer its way, the consumer one way, the other, or both in turn. */
TEST_F_TIMEOUT(lanes, mixed_ways, 120)
{
	for (int way = 0; way < 6; way++) {
		uint32_t next[LANES] = { 0 }, msg[16], from;
		struct sender s[LANES];
		pthread_t thread[LANES];
		int ret, total = 0;

		for (uint32_t i = 0; i < LANES; i++) {
			s[i] = (struct sender){ self->m.prod[i], &self->prod[i], (i + way) & 1,
						i, 2000 };
			ASSERT_EQ(0, pthread_create(&thread[i], NULL, send_numbers, &s[i]));
		}
		for (;; total++) {
			bool mapped = way / 2 == 2 ? total & 1 : way / 2;

			ret = mapped ? mapped_recv(&self->mc, msg, &from) :
				       chan_read(self->cons, msg, sizeof(msg));
			if (ret != 8)
				break;
			ASSERT_GT(LANES, msg[0]);
			ASSERT_EQ(next[msg[0]], msg[1]);
			next[msg[0]]++;
		}
		EXPECT_TRUE(ret == 0 || ret == -EPIPE);
		EXPECT_EQ(LANES * 2000, total);
		for (uint32_t i = 0; i < LANES; i++) {
			pthread_join(thread[i], NULL);
			EXPECT_EQ(0, s[i].ret);
			self->m.prod[i] = chan_producer(self->m.control, i);
			ASSERT_LE(0, self->m.prod[i]);
			ASSERT_EQ(0, map_lane(self->m.prod[i], i, &self->prod[i]));
		}
	}
}

TEST_HARNESS_MAIN
