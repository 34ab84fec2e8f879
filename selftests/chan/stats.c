// SPDX-License-Identifier: GPL-2.0
/* STATS and fdinfo say exactly what was done. */
#include "lane.h"
#include "peer.h"

#define SLOTS	4
#define LANES	2

FIXTURE(stats) {
	struct many m;
	int observer;
	struct ipcring_stats s;
	char buf[64];
};

FIXTURE_VARIANT(stats) {
	struct ipcring_create p;
	uint32_t unit;
};

FIXTURE_VARIANT_ADD(stats, slots) { .p = { .slots = SLOTS }, .unit = 1 };
FIXTURE_VARIANT_ADD(stats, records) {
	.p = { .flags = IPCRING_CREATE_RECORDS, .bytes = 4096 }, .unit = 1024,
};

FIXTURE_SETUP(stats)
{
	/* Four messages of MSG bytes fill a lane of either kind. */
	OPEN_MANY(&self->m, LANES, 1, .flags = variant->p.flags, .slots = variant->p.slots,
		  .bytes = variant->p.bytes, .msg_size = 1016);
	self->observer = chan_observer(self->m.control);
	ASSERT_LE(0, self->observer);
}

FIXTURE_TEARDOWN(stats)
{
	close(self->observer);
	many_close(&self->m);
}

#define MSG	1016

static int send_one(int fd)
{
	static const char msg[MSG];

	return chan_write(fd, msg, MSG);
}

static int recv_one(int fd)
{
	static char msg[MSG];

	return chan_read(fd, msg, MSG);
}

/* Exactly these; what is not named is 0. */
struct want {
	uint64_t prod_pos;
	uint64_t cons_pos;
	uint64_t drops;
	uint64_t prod_waits;
	uint64_t prod_wakes;
	uint64_t cons_waits;
	uint64_t cons_wakes;
	uint64_t corruptions;
	uint32_t state;
};

#define EXPECT_STATS(fd, nr, ...) do { \
	const struct want w_ = { __VA_ARGS__ }; \
	struct ipcring_stats s_; \
	ASSERT_EQ(0, chan_stats(fd, nr, &s_)); \
	EXPECT_EQ(sizeof(s_), s_.size); \
	EXPECT_EQ((uint32_t)(nr), s_.lane); \
	EXPECT_EQ(w_.prod_pos * variant->unit, s_.prod_pos); \
	EXPECT_EQ(w_.cons_pos * variant->unit, s_.cons_pos); \
	EXPECT_EQ((w_.prod_pos - w_.cons_pos) * variant->unit, s_.depth); \
	EXPECT_EQ(w_.drops, s_.drops); \
	EXPECT_EQ(w_.prod_waits, s_.prod_waits); \
	EXPECT_EQ(w_.prod_wakes, s_.prod_wakes); \
	EXPECT_EQ(w_.cons_waits, s_.cons_waits); \
	EXPECT_EQ(w_.cons_wakes, s_.cons_wakes); \
	EXPECT_EQ(w_.corruptions, s_.corruptions); \
	EXPECT_EQ(w_.state, s_.state); \
	EXPECT_EQ(0, s_.resv); \
} while (0)

#define BOTH	(IPCRING_ST_PRODUCER | IPCRING_ST_CONSUMER)

TEST_F(stats, arguments)
{
	struct ipcring_stats *s = &self->s;

	EXPECT_EQ(-EINVAL, chan_stats(self->m.control, LANES, s));
	EXPECT_EQ(-EINVAL, chan_stats(self->m.control, IPCRING_LANE_ALL - 1, s));
	EXPECT_EQ(-EINVAL, chan_stats(self->m.cons[0], LANES, s));
	EXPECT_EQ(-EINVAL, chan_stats(self->observer, LANES, s));
	*s = (struct ipcring_stats){ .size = sizeof(*s), .resv = 1 };
	EXPECT_EQ(-EINVAL, errno_or(ioctl(self->m.control, IPCRING_IOC_STATS, s)));
	*s = (struct ipcring_stats){ .size = sizeof(*s) - 1 };
	EXPECT_EQ(-EINVAL, errno_or(ioctl(self->m.control, IPCRING_IOC_STATS, s)));
	*s = (struct ipcring_stats){ .size = 0 };
	EXPECT_EQ(-EINVAL, errno_or(ioctl(self->m.control, IPCRING_IOC_STATS, s)));
	*s = (struct ipcring_stats){ .size = 4097 };
	EXPECT_EQ(-E2BIG, errno_or(ioctl(self->m.control, IPCRING_IOC_STATS, s)));
	EXPECT_EQ(-EFAULT, errno_or(ioctl(self->m.control, IPCRING_IOC_STATS, BAD_PTR)));
}

TEST_F(stats, producers_see_their_own_lane)
{
	for (uint32_t i = 0; i < LANES; i++) {
		EXPECT_EQ(0, chan_stats(self->m.prod[i], i, &self->s));
		EXPECT_EQ(-EACCES, chan_stats(self->m.prod[i], !i, &self->s));
		EXPECT_EQ(-EACCES, chan_stats(self->m.prod[i], IPCRING_LANE_ALL, &self->s));
	}
	for (uint32_t i = 0; i < LANES; i++) {
		EXPECT_EQ(0, chan_stats(self->m.cons[0], i, &self->s));
		EXPECT_EQ(0, chan_stats(self->observer, i, &self->s));
		EXPECT_EQ(0, chan_stats(self->m.control, i, &self->s));
	}
	EXPECT_EQ(0, chan_stats(self->m.cons[0], IPCRING_LANE_ALL, &self->s));
	EXPECT_EQ(0, chan_stats(self->observer, IPCRING_LANE_ALL, &self->s));
	EXPECT_EQ(0, chan_stats(self->m.control, IPCRING_LANE_ALL, &self->s));
}

TEST_F(stats, positions_and_depth)
{
	EXPECT_STATS(self->observer, 0, .state = BOTH);
	EXPECT_STATS(self->observer, IPCRING_LANE_ALL, .state = BOTH);
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(MSG, send_one(self->m.prod[0]));
	ASSERT_EQ(MSG, send_one(self->m.prod[1]));
	EXPECT_STATS(self->m.prod[0], 0, .prod_pos = 3, .state = BOTH);
	EXPECT_STATS(self->m.prod[1], 1, .prod_pos = 1, .state = BOTH);
	EXPECT_STATS(self->observer, IPCRING_LANE_ALL, .prod_pos = 4, .state = BOTH);
	for (int i = 0; i < 4; i++)
		ASSERT_EQ(MSG, recv_one(self->m.cons[0]));
	EXPECT_STATS(self->m.cons[0], 0, .prod_pos = 3, .cons_pos = 3, .state = BOTH);
	EXPECT_STATS(self->m.cons[0], 1, .prod_pos = 1, .cons_pos = 1, .state = BOTH);
	EXPECT_STATS(self->m.cons[0], IPCRING_LANE_ALL, .prod_pos = 4, .cons_pos = 4,
		     .state = BOTH);
}

TEST_F(stats, state_of_each_lane)
{
	close(self->m.prod[1]);
	self->m.prod[1] = -1;
	EXPECT_STATS(self->observer, 0, .state = BOTH);
	EXPECT_STATS(self->observer, 1, .state = IPCRING_ST_CONSUMER);
	EXPECT_STATS(self->observer, IPCRING_LANE_ALL, .state = BOTH);
	close(self->m.cons[0]);
	self->m.cons[0] = -1;
	EXPECT_STATS(self->observer, 0, .state = IPCRING_ST_PRODUCER);
	EXPECT_STATS(self->observer, 1, .state = 0);
}

/* Refused for want of room, and for nothing else. */
TEST_F(stats, drops)
{
	set_nonblock(self->m.prod[0], true);
	EXPECT_EQ(-EMSGSIZE, chan_write(self->m.prod[0], self->buf, 0));
	EXPECT_EQ(-EFAULT, chan_write(self->m.prod[0], BAD_PTR, 8));
	for (int i = 0; i < SLOTS; i++)
		ASSERT_EQ(MSG, send_one(self->m.prod[0]));
	EXPECT_STATS(self->observer, 0, .prod_pos = 4, .state = BOTH);
	for (int i = 0; i < 7; i++)
		EXPECT_EQ(-EAGAIN, send_one(self->m.prod[0]));
	EXPECT_EQ(-ETIMEDOUT, chan_wait(self->m.prod[0], 0));
	EXPECT_EQ(0, chan_poll(self->m.prod[0], POLLOUT));
	EXPECT_STATS(self->observer, 0, .prod_pos = 4, .drops = 7, .state = BOTH);
	EXPECT_STATS(self->observer, 1, .state = BOTH);
	EXPECT_STATS(self->observer, IPCRING_LANE_ALL, .prod_pos = 4, .drops = 7, .state = BOTH);
}

TEST_F(stats, consumer_sleeps_and_wakes)
{
	struct call read = { CALL_READ, self->m.cons[0], self->buf, 64 };

	/* To look is not to sleep. */
	EXPECT_EQ(-ETIMEDOUT, chan_wait(self->m.cons[0], 0));
	EXPECT_EQ(0, chan_poll(self->m.cons[0], POLLIN));
	EXPECT_STATS(self->observer, 0, .state = BOTH);
	for (uint32_t i = 1; i <= 3; i++) {
		ASSERT_TRUE(call_start(&read));
		ASSERT_EQ(1, chan_write(self->m.prod[1], "x", 1));
		ASSERT_EQ(1, call_finish(&read));
		ASSERT_EQ(0, chan_stats(self->observer, 1, &self->s));
		EXPECT_EQ(i, self->s.cons_waits);
		EXPECT_EQ(i, self->s.cons_wakes);
		ASSERT_EQ(0, chan_stats(self->observer, 0, &self->s));
		EXPECT_EQ(i, self->s.cons_waits);
		EXPECT_EQ(0, self->s.cons_wakes);
		ASSERT_EQ(0, chan_stats(self->observer, IPCRING_LANE_ALL, &self->s));
		EXPECT_EQ(i, self->s.cons_waits);
		EXPECT_EQ(i, self->s.cons_wakes);
	}
	/* Nobody sleeps: nobody is woken. */
	ASSERT_EQ(1, chan_write(self->m.prod[1], "x", 1));
	EXPECT_EQ(0, chan_wake(self->m.prod[0]));
	ASSERT_EQ(0, chan_stats(self->observer, IPCRING_LANE_ALL, &self->s));
	EXPECT_EQ(3, self->s.cons_wakes);
}

TEST_F(stats, producer_sleeps_and_wakes)
{
	static char msg[MSG];
	struct call write = { CALL_WRITE, self->m.prod[1], msg, MSG };

	for (int i = 0; i < SLOTS; i++)
		ASSERT_EQ(MSG, send_one(self->m.prod[1]));
	for (uint32_t i = 1; i <= 3; i++) {
		ASSERT_TRUE(call_start(&write));
		ASSERT_EQ(0, chan_stats(self->observer, 1, &self->s));
		EXPECT_EQ(i, self->s.prod_waits);
		ASSERT_EQ(MSG, recv_one(self->m.cons[0]));
		ASSERT_EQ(MSG, call_finish(&write));
		EXPECT_STATS(self->observer, 1, .prod_pos = 4 + i, .cons_pos = i,
			     .prod_waits = i, .prod_wakes = i, .state = BOTH);
		EXPECT_STATS(self->observer, 0, .state = BOTH);
	}
}

TEST_F(stats, sleep_that_times_out_is_a_sleep)
{
	EXPECT_EQ(-ETIMEDOUT, chan_wait(self->m.cons[0], now_ns() + 1000000));
	ASSERT_EQ(0, chan_stats(self->observer, 0, &self->s));
	EXPECT_EQ(1, self->s.cons_waits);
	EXPECT_EQ(0, self->s.cons_wakes);
}

/* What mapped sides do without a call is in the positions only. */
TEST_F(stats, mapped_sides)
{
	static char msg[MSG];
	struct mapped_cons mc;
	struct ring r;
	uint32_t from;

	ASSERT_EQ(0, map_lane(self->m.prod[0], 0, &r));
	ASSERT_EQ(0, mapped_open(&mc, self->m.cons[0]));
	mc.ready = 1;
	for (int i = 0; i < 9; i++) {
		ASSERT_EQ(0, lane_send(self->m.prod[0], &r, msg, MSG));
		ASSERT_EQ(MSG, mapped_recv(&mc, msg, &from));
	}
	ASSERT_EQ(0, lane_send(self->m.prod[0], &r, msg, MSG));
	EXPECT_STATS(self->observer, 0, .prod_pos = 10, .cons_pos = 9, .state = BOTH);
}

TEST_F(stats, corruption_and_what_was_thrown_away)
{
	struct ring r;

	ASSERT_EQ(0, map_lane(self->m.prod[0], 0, &r));
	ASSERT_EQ(MSG, send_one(self->m.prod[0]));
	ring_store(&ring_slot(&r, 0)->head, variant->p.slots ? ring_head(0, 9999) : 9999);
	ASSERT_EQ(-ETIMEDOUT, chan_wait(self->m.cons[0], 0));
	ASSERT_EQ(-EBADMSG, send_one(self->m.prod[0]));
	ASSERT_EQ(0, chan_stats(self->observer, 0, &self->s));
	EXPECT_EQ(1, self->s.corruptions);
	EXPECT_EQ(BOTH | IPCRING_ST_CORRUPT, self->s.state);
	EXPECT_EQ(0, self->s.drops);
	ASSERT_EQ(0, chan_stats(self->observer, 1, &self->s));
	EXPECT_EQ(0, self->s.corruptions);
	unmap_lane(&r);
	close(self->m.prod[0]);
	self->m.prod[0] = chan_producer(self->m.control, 0);
	ASSERT_LE(0, self->m.prod[0]);
	EXPECT_STATS(self->observer, 0, .corruptions = 1, .drops = 1, .state = BOTH);
	EXPECT_STATS(self->observer, IPCRING_LANE_ALL, .corruptions = 1, .drops = 1,
		     .state = BOTH);
}

/* A value of /proc/self/fdinfo, or ~0. */
static uint64_t shown(int fd, const char *key)
{
	char path[64], text[2048], want[64], *at;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	if (!read_file(path, text, sizeof(text)))
		return ~0ULL;
	snprintf(want, sizeof(want), "\nipcring-%s:\t", key);
	at = strstr(text, want);
	return at ? strtoull(at + strlen(want), NULL, 0) : ~0ULL;
}

/* After a bit of everything; a producer's fd tells of its lane, others of all. */
TEST_F(stats, fdinfo_agrees)
{
	const int fd[] = { self->m.control, self->observer, self->m.cons[0], self->m.prod[0],
			   self->m.prod[1] };
	struct call read = { CALL_READ, self->m.cons[0], self->buf, 64 };
	struct ipcring_info info;

	ASSERT_TRUE(call_start(&read));
	ASSERT_EQ(1, chan_write(self->m.prod[1], "x", 1));
	ASSERT_EQ(1, call_finish(&read));
	set_nonblock(self->m.prod[0], true);
	for (int i = 0; i < SLOTS; i++)
		ASSERT_EQ(MSG, send_one(self->m.prod[0]));
	ASSERT_EQ(-EAGAIN, send_one(self->m.prod[0]));
	for (size_t i = 0; i < ARRAY_LEN(fd); i++) {
		uint32_t lane = i < 3 ? IPCRING_LANE_ALL : i - 3;

		ASSERT_EQ(0, chan_stats(fd[i], lane, &self->s));
		ASSERT_EQ(0, chan_info(fd[i], &info));
		EXPECT_EQ(info.id, shown(fd[i], "id"));
		EXPECT_EQ(info.role, shown(fd[i], "role"));
		EXPECT_EQ(info.state, shown(fd[i], "state"));
		EXPECT_EQ(info.slots, shown(fd[i], "slots"));
		EXPECT_EQ(info.msg_size, shown(fd[i], "msg-size"));
		EXPECT_EQ(info.bytes, shown(fd[i], "bytes"));
		EXPECT_EQ(info.lanes, shown(fd[i], "lanes"));
		EXPECT_EQ(info.consumers, shown(fd[i], "consumers"));
		EXPECT_EQ(self->s.prod_pos, shown(fd[i], "prod-pos"));
		EXPECT_EQ(self->s.cons_pos, shown(fd[i], "cons-pos"));
		EXPECT_EQ(self->s.depth, shown(fd[i], "depth"));
		EXPECT_EQ(self->s.drops, shown(fd[i], "drops"));
		EXPECT_EQ(self->s.prod_waits, shown(fd[i], "prod-waits"));
		EXPECT_EQ(self->s.prod_wakes, shown(fd[i], "prod-wakes"));
		EXPECT_EQ(self->s.cons_waits, shown(fd[i], "cons-waits"));
		EXPECT_EQ(self->s.cons_wakes, shown(fd[i], "cons-wakes"));
		EXPECT_EQ(self->s.corruptions, shown(fd[i], "corruptions"));
	}
}

TEST_HARNESS_MAIN
