// SPDX-License-Identifier: GPL-2.0
/* Several consumers share the work: each message goes to exactly one of them. */
#include "lane.h"
#include "peer.h"

#define SLOTS	8
#define CONS	4

FIXTURE(share) {
	struct many m;
	char buf[64];
};

FIXTURE_VARIANT(share) {
	struct ipcring_create p;
};

#define RECORDS	.flags = IPCRING_CREATE_RECORDS, .bytes = 4096

FIXTURE_VARIANT_ADD(share, slots) { .p = { .slots = SLOTS, .lanes = 1 } };
FIXTURE_VARIANT_ADD(share, records) { .p = { RECORDS, .lanes = 1 } };
FIXTURE_VARIANT_ADD(share, lanes) { .p = { .slots = SLOTS, .lanes = 3 } };

FIXTURE_SETUP(share)
{
	OPEN_MANY(&self->m, variant->p.lanes, CONS, .flags = variant->p.flags,
		  .slots = variant->p.slots, .bytes = variant->p.bytes, .msg_size = 64);
}

FIXTURE_TEARDOWN(share)
{
	many_close(&self->m);
}

TEST_F(share, as_many_as_were_asked_for)
{
	EXPECT_EQ(-EBUSY, chan_consumer(self->m.control));
	close(self->m.cons[2]);
	self->m.cons[2] = chan_consumer(self->m.control);
	EXPECT_LE(0, self->m.cons[2]);
	EXPECT_EQ(-EBUSY, chan_consumer(self->m.control));
}

TEST_F(share, each_message_once)
{
	for (int i = 0; i < CONS; i++)
		ASSERT_EQ(1, chan_write(self->m.prod[0], "abcd" + i, 1));
	for (int i = 0; i < CONS; i++) {
		EXPECT_EQ(POLLIN, chan_poll(self->m.cons[CONS - 1 - i], POLLIN));
		EXPECT_EQ(1, chan_read(self->m.cons[i], self->buf, 64));
		EXPECT_EQ('a' + i, self->buf[0]);
	}
	for (int i = 0; i < CONS; i++) {
		EXPECT_EQ(-ETIMEDOUT, chan_wait(self->m.cons[i], 0));
		EXPECT_EQ(0, chan_poll(self->m.cons[i], POLLIN));
	}
}

TEST_F(share, gone_with_the_last_only)
{
	for (int i = 0; i < CONS; i++) {
		EXPECT_EQ(POLLOUT, chan_poll(self->m.prod[0], POLLOUT));
		EXPECT_EQ(1, chan_write(self->m.prod[0], "x", 1));
		close(self->m.cons[i]);
		self->m.cons[i] = -1;
	}
	EXPECT_EQ(POLLOUT | POLLERR, chan_poll(self->m.prod[0], POLLOUT));
	EXPECT_EQ(-EPIPE, chan_write(self->m.prod[0], "x", 1));
	self->m.cons[0] = chan_consumer(self->m.control);
	for (int i = 0; i < CONS; i++)
		EXPECT_EQ(1, chan_read(self->m.cons[0], self->buf, 64));
}

/* As many messages, as many of the sleepers go on; the end is for all. */
TEST_F(share, one_message_wakes_one_reader)
{
	struct call read[CONS];
	char buf[CONS][64];
	int done = 0;

	for (int i = 0; i < CONS; i++) {
		read[i] = (struct call){ CALL_READ, self->m.cons[i], buf[i], 64 };
		ASSERT_TRUE(call_start(&read[i]));
	}
	ASSERT_EQ(1, chan_write(self->m.prod[0], "x", 1));
	while (!done)
		for (int i = 0; i < CONS; i++)
			done += __atomic_load_n(&read[i].done, __ATOMIC_ACQUIRE);
	EXPECT_EQ(1, done);
	for (int i = 0; i < CONS; i++)
		done -= !call_blocked(&read[i]);
	EXPECT_EQ(0, done);
	for (uint32_t i = 0; i < self->m.lanes; i++)
		close(self->m.prod[i]);
	for (int i = 0; i < CONS; i++)
		done += call_finish(&read[i]);
	EXPECT_EQ(1, done);
}

TEST_F(share, every_sleeper_is_woken_by_enough_messages)
{
	for (int round = 0; round < 50; round++) {
		struct call read[CONS];
		char buf[CONS][64];

		for (int i = 0; i < CONS; i++) {
			read[i] = (struct call){ CALL_READ, self->m.cons[i], buf[i], 64 };
			ASSERT_TRUE(call_start(&read[i]));
		}
		for (uint32_t i = 0; i < CONS; i++)
			ASSERT_EQ(1, chan_write(self->m.prod[i % self->m.lanes], "x", 1));
		for (int i = 0; i < CONS; i++)
			EXPECT_EQ(1, call_finish(&read[i]));
	}
}

/* Those who only look do not take the wake-up of those who read. */
TEST_F(share, waiters_and_pollers_and_a_reader)
{
	struct call wait = { CALL_WAIT, self->m.cons[0], .deadline = IPCRING_NO_TIMEOUT };
	struct call poll = { CALL_POLL, self->m.cons[1] };
	struct call read = { CALL_READ, self->m.cons[2], self->buf, 64 };

	ASSERT_TRUE(call_start(&wait));
	ASSERT_TRUE(call_start(&read));
	ASSERT_TRUE(call_start(&poll));
	ASSERT_EQ(1, chan_write(self->m.prod[0], "x", 1));
	EXPECT_EQ(1, call_finish(&read));
	ASSERT_EQ(1, chan_write(self->m.prod[0], "y", 1));
	EXPECT_EQ(0, call_finish(&wait));
	EXPECT_EQ(POLLIN, call_finish(&poll));
}

/* A copy that stalls holds up nobody; the message goes to another. */
TEST_F(share, stalled_consumer_blocks_none)
{
	struct call read;
	struct stall s;

	if (stall_open(&s, 1))
		SKIP(return, "userfaultfd: %s", strerror(errno));
	read = (struct call){ CALL_READ, self->m.cons[0], s.mem + 4096, 64 };
	ASSERT_EQ(1, chan_write(self->m.prod[0], "a", 1));
	ASSERT_TRUE(call_start(&read));
	for (int i = 0; i < 3 * SLOTS; i++) {
		char msg = 'b' + i;

		ASSERT_EQ(1, chan_write(self->m.prod[0], &msg, 1));
		EXPECT_EQ(1, chan_read(self->m.cons[1 + i % 3], self->buf, 64));
		EXPECT_EQ('a' + i, self->buf[0]);
	}
	EXPECT_EQ(1, chan_read(self->m.cons[1], self->buf, 64));
	EXPECT_EQ('a' + 3 * SLOTS, self->buf[0]);
	ASSERT_EQ(0, stall_let_go(&s, 0));
	/* What it copied is another's: it goes on to the next. */
	EXPECT_TRUE(call_blocked(&read));
	ASSERT_EQ(1, chan_write(self->m.prod[0], "z", 1));
	EXPECT_EQ(1, call_finish(&read));
	EXPECT_EQ('z', s.mem[4096]);
	stall_close(&s);
}

/* Killed in the copy, asleep, or holding lanes that WAIT handed out: nothing is lost. */
TEST_F(share, killed_in_the_copy)
{
	struct stall s;
	pid_t pid;

	ASSERT_EQ(1, chan_write(self->m.prod[0], "a", 1));
	pid = fork_child();
	if (pid == 0) {
		if (stall_open(&s, 1))
			_exit(1);
		chan_read(self->m.cons[0], s.mem + 4096, 64);
		_exit(2);
	}
	close(self->m.cons[0]);
	ASSERT_TRUE(wait_blocked(pid, SYS_read));
	EXPECT_EQ(POLLIN, chan_poll(self->m.cons[1], POLLIN));
	kill(pid, SIGKILL);
	ASSERT_EQ(128 + SIGKILL, reap(pid));
	EXPECT_EQ(1, chan_read(self->m.cons[1], self->buf, 64));
	EXPECT_EQ('a', self->buf[0]);
}

static uint64_t depth(int fd)
{
	struct ipcring_stats stats;

	return chan_stats(fd, IPCRING_LANE_ALL, &stats) ? ~0ULL : stats.depth;
}

/* The wake-up of a reader that is killed the moment after goes to another. */
TEST_F_TIMEOUT(share, wakeup_of_the_killed_is_passed_on, 120)
{
	for (int round = 0; round < 100; round++) {
		struct call read = { CALL_READ, self->m.cons[1], self->buf, 64 };
		pid_t pid = fork_child();

		if (pid == 0) {
			for (;;)
				chan_read(self->m.cons[0], self->buf, 64);
		}
		ASSERT_TRUE(wait_blocked(pid, SYS_read));
		ASSERT_TRUE(call_start(&read));
		/* Dying already, when the message comes to whoever is first in line. */
		kill(pid, SIGKILL);
		ASSERT_EQ(1, chan_write(self->m.prod[0], "k", 1));
		ASSERT_EQ(128 + SIGKILL, reap(pid));
		/* A wake-up that died with it would leave the message where it is, for ever. */
		while (depth(self->m.control))
			sched_yield();
		/* Who of the two had it decides who has the next. */
		ASSERT_EQ(1, chan_write(self->m.prod[0], "l", 1));
		ASSERT_EQ(1, call_finish(&read));
		while (chan_wait(self->m.cons[2], 0) == 0)
			ASSERT_EQ(1, chan_read(self->m.cons[2], self->buf, 64));
	}
}

/* Who dies with a lane that WAIT handed out leaves it to the others. */
TEST_F(share, lanes_handed_to_the_dead)
{
	struct call read = { CALL_READ, self->m.cons[1], self->buf, 64 };
	uint64_t ready;
	pid_t pid;

	ASSERT_EQ(1, chan_write(self->m.prod[0], "a", 1));
	pid = fork_child();
	if (pid == 0) {
		chan_wait_ready(self->m.cons[0], IPCRING_NO_TIMEOUT, 0, &ready);
		raise(SIGKILL);
	}
	close(self->m.cons[0]);
	ASSERT_EQ(128 + SIGKILL, reap(pid));
	pthread_create(&read.thread, NULL, call_thread, &read);
	EXPECT_EQ(1, call_finish(&read));
	EXPECT_EQ('a', self->buf[0]);
}

/**
 * struct tally - what every consumer of a run has taken, in memory of all
 * @taken:	times message (lane, number) was received
 * @wrong:	anything else that happened
 */
struct tally {
	uint32_t wrong;
	uint8_t taken[3][30000];
};

static void count_in(struct tally *t, const uint32_t *msg, int ret)
{
	if (ret != 8 || msg[0] >= 3 || msg[1] >= sizeof(t->taken[0]))
		__atomic_add_fetch(&t->wrong, 1, __ATOMIC_RELAXED);
	else
		__atomic_add_fetch(&t->taken[msg[0]][msg[1]], 1, __ATOMIC_RELAXED);
}

/* Way 0 reads, 1 claims in its mapping, 2 both in turn, 3 polls, then reads. */
static int consume(int fd, int way, struct tally *t)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct mapped_cons mc;
	uint32_t msg[16], from;
	int ret = mapped_open(&mc, fd);

	if (ret)
		return 10;
	set_nonblock(fd, way == 3);
	for (int n = 0;; n++) {
		bool mapped = way == 2 ? n & 1 : way == 1;

		if (way == 3)
			poll(&p, 1, -1);
		ret = mapped ? mapped_recv(&mc, msg, &from) : chan_read(fd, msg, sizeof(msg));
		if (ret == -EAGAIN && way == 3)
			continue;
		if (ret == 0 || ret == -EPIPE)
			return 0;
		count_in(t, msg, ret);
		if (ret < 0)
			return 11;
	}
}

static int produce(int fd, uint32_t lane, bool mapped, uint32_t count)
{
	struct ring r;
	int ret = map_lane(fd, lane, &r);

	for (uint32_t i = 0; !ret && i < count; i++) {
		uint32_t msg[2] = { lane, i };

		if (mapped)
			ret = lane_send(fd, &r, msg, 8);
		else
			ret = chan_write(fd, msg, 8) == 8 ? 0 : -EIO;
	}
	return ret ? 12 : 0;
}

/* Child @i of a run: the consumers first, then the producers, each with its fd alone. */
static void run_child(struct many *m, int i, int way, uint32_t count, struct tally *t)
{
	const bool cons = i < CONS;
	int fd = dup(cons ? m->cons[i] : m->prod[i - CONS]);

	many_close(m);
	_exit(cons ? consume(fd, way == 4 ? i : way, t) :
		     produce(fd, i - CONS, (i + way) & 1, count));
}

/*
 * No lost wake-up, none twice: every producer's every message is taken once, and
 * all come to the end by themselves. A wake-up that is lost shows as the timeout.
 */
TEST_F_TIMEOUT(share, stress, 280)
{
	const uint32_t count = env_number("SHARE_COUNT", 3000);
	struct tally *t = shared_alloc(sizeof(*t));
	int children = CONS + self->m.lanes;
	pid_t pid[CONS + 3];

	ASSERT_GE(sizeof(t->taken[0]), count);
	for (int way = 0; way < 5; way++) {
		memset(t, 0, sizeof(*t));
		for (int i = 0; i < children; i++) {
			pid[i] = fork_child();
			if (pid[i] == 0)
				run_child(&self->m, i, way, count, t);
		}
		for (uint32_t i = 0; i < MANY_MAX; i++) {
			close(self->m.prod[i]);
			close(self->m.cons[i]);
		}
		for (int i = 0; i < children; i++) {
			EXPECT_EQ(0, reap(pid[i]))
				TH_LOG("way %d child %d", way, i);
		}
		EXPECT_EQ(0, t->wrong);
		for (uint32_t i = 0; i < self->m.lanes * count; i++) {
			ASSERT_EQ(1, t->taken[i / count][i % count])
				TH_LOG("way %d lane %u message %u", way, i / count, i % count);
		}
		for (uint32_t i = 0; i < self->m.lanes; i++)
			self->m.prod[i] = chan_producer(self->m.control, i);
		for (uint32_t i = 0; i < CONS; i++)
			self->m.cons[i] = chan_consumer(self->m.control);
	}
}

TEST_HARNESS_MAIN
