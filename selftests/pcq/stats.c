// SPDX-License-Identifier: GPL-2.0
/* STATS and fdinfo say exactly what was done. The queue is CPU 0's. */
#include "map.h"

#include <sys/epoll.h>

#define SLOTS	4

FIXTURE(stats) {
	struct set s;
	struct call read;
	char buf[16];
};

FIXTURE_VARIANT(stats) {
	uint32_t on;		/* where the sender runs */
	uint32_t mode;
};

FIXTURE_VARIANT_ADD(stats, local) { .on = 0 };
FIXTURE_VARIANT_ADD(stats, remote) { .on = 1 };
FIXTURE_VARIANT_ADD(stats, local_ipi) { .on = 0, .mode = IPCRING_PCQ_BELL_IPI };
FIXTURE_VARIANT_ADD(stats, remote_ipi) { .on = 1, .mode = IPCRING_PCQ_BELL_IPI };

FIXTURE_SETUP(stats)
{
	NEED_CPUS(2);
	OPEN_SET(&self->s, 0, .slots = SLOTS, .msg_size = 8, .flags = IPCRING_PCQ_MAP_SENDERS);
	ASSERT_EQ(0, pcq_bell(self->s.control, 0, variant->mode, 0));
	ASSERT_EQ(0, cpu_pin(variant->on));
	self->read = (struct call){ CALL_READ, self->s.receiver, self->buf, 8 };
}

FIXTURE_TEARDOWN(stats)
{
	set_close(&self->s);
	cpu_unpin();
}

/* Exactly these; what is not named is 0. One CPU's, and the sum, which is the same. */
#define EXPECT_STATS(...) do { \
	const struct ipcring_pcq_stats w_ = { __VA_ARGS__ }; \
	struct ipcring_pcq_stats s_; \
	for (int sum_ = 0; sum_ < 2; sum_++) { \
		ASSERT_EQ(0, pcq_stats(self->s.observer, sum_ ? ANY : 0, &s_)); \
		EXPECT_EQ(sizeof(s_), s_.size); \
		EXPECT_EQ(sum_ ? ANY : 0, s_.cpu); \
		EXPECT_EQ(w_.local, s_.local); \
		EXPECT_EQ(w_.remote, s_.remote); \
		EXPECT_EQ(w_.received, s_.received); \
		EXPECT_EQ(w_.refused, s_.refused); \
		EXPECT_EQ(w_.wakes, s_.wakes); \
		EXPECT_EQ(w_.ipis, s_.ipis); \
		EXPECT_EQ(w_.suppressed, s_.suppressed); \
		EXPECT_EQ(w_.coalesced, s_.coalesced); \
		EXPECT_EQ(w_.recv_waits, s_.recv_waits); \
		EXPECT_EQ(w_.send_waits, s_.send_waits); \
		EXPECT_EQ(w_.fences, s_.fences); \
		EXPECT_EQ(0, s_.served); \
		EXPECT_EQ(0, s_.undelivered); \
		EXPECT_EQ(0, s_.service_ns); \
		EXPECT_EQ(w_.state | IPCRING_PCQ_ST_ONLINE, s_.state); \
		EXPECT_EQ(0, s_.resv); \
	} \
} while (0)

#define LOCAL(n)	(variant->on == 0 ? (n) : 0)
#define REMOTE(n)	(variant->on == 0 ? 0 : (n))
/* Who is on the queue's CPU needs no interrupt to wake there. */
#define INTERRUPTS	(variant->on == 1 && variant->mode == IPCRING_PCQ_BELL_IPI)
#define WAKES(n)	(INTERRUPTS ? 0 : (n))
#define IPIS(n)		(INTERRUPTS ? (n) : 0)

TEST_F(stats, sent_and_received)
{
	EXPECT_STATS();
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	EXPECT_STATS(.local = LOCAL(3), .remote = REMOTE(3), .suppressed = 3);
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(1, chan_read(self->s.receiver, self->buf, 8));
	EXPECT_STATS(.local = LOCAL(3), .remote = REMOTE(3), .suppressed = 3, .received = 3);
}

/* Refused is what found no room, and nothing else that went wrong. */
TEST_F(stats, refused)
{
	struct ipcring_pcq_msg msg = pcq_msg(self->buf, 8);
	struct ipcring_pcq_batch p = pcq_batch(&msg, 1);

	set_nonblock(self->s.sender, true);
	EXPECT_EQ(-EMSGSIZE, chan_write(self->s.sender, self->buf, 0));
	EXPECT_EQ(-EMSGSIZE, chan_write(self->s.sender, self->buf, 9));
	EXPECT_EQ(-EFAULT, chan_write(self->s.sender, BAD_PTR, 8));
	EXPECT_STATS();
	for (int i = 0; i < SLOTS; i++)
		ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	EXPECT_STATS(.local = LOCAL(SLOTS), .remote = REMOTE(SLOTS), .suppressed = SLOTS);
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(-EAGAIN, chan_write(self->s.sender, "x", 1));
	EXPECT_EQ(-EAGAIN, pcq_send(self->s.sender, &p));
	EXPECT_EQ(-ETIMEDOUT, chan_wait(self->s.sender, 0));
	EXPECT_EQ(0, chan_poll(self->s.sender, POLLOUT));
	EXPECT_STATS(.local = LOCAL(SLOTS), .remote = REMOTE(SLOTS), .suppressed = SLOTS,
		     .refused = 4);
}

/* One sleeps, one rings, and nobody else counts anything. */
TEST_F(stats, one_wake_for_each_sleep)
{
	for (int i = 1; i <= 4; i++) {
		ASSERT_TRUE(call_start_on(&self->read, 0));
		ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
		ASSERT_EQ(1, call_finish(&self->read));
		EXPECT_STATS(.local = LOCAL(i), .remote = REMOTE(i), .received = i,
			     .wakes = WAKES(i), .ipis = IPIS(i), .recv_waits = i);
	}
}

/* A receiver that arms elsewhere has the queue's CPU execute a barrier: one each. */
TEST_F(stats, fences)
{
	for (int i = 1; i <= 3; i++) {
		ASSERT_TRUE(call_start_on(&self->read, 1));
		ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
		ASSERT_EQ(1, call_finish(&self->read));
		EXPECT_STATS(.local = LOCAL(i), .remote = REMOTE(i), .received = i,
			     .wakes = WAKES(i), .ipis = IPIS(i), .recv_waits = i, .fences = i);
	}
}

/* To look is not to sleep, and does not count as one. */
TEST_F(stats, looks)
{
	set_nonblock(self->s.receiver, true);
	EXPECT_EQ(-ETIMEDOUT, chan_wait(self->s.receiver, 0));
	EXPECT_EQ(0, chan_poll(self->s.receiver, POLLIN));
	EXPECT_EQ(-EAGAIN, chan_read(self->s.receiver, self->buf, 8));
	EXPECT_EQ(0, chan_wait(self->s.sender, 0));
	EXPECT_EQ(POLLOUT, chan_poll(self->s.sender, POLLOUT));
	struct ipcring_pcq_stats s;

	ASSERT_EQ(0, pcq_stats(self->s.observer, 0, &s));
	EXPECT_EQ(0, s.recv_waits);
	EXPECT_EQ(0, s.send_waits);
	EXPECT_EQ(0, s.refused);
	EXPECT_EQ(0, s.wakes + s.ipis + s.suppressed + s.coalesced);
}

/* Messages that come while the first one's wake-up is on its way. */
TEST_F(stats, coalesced)
{
	struct ipcring_pcq_stats s;

	/* The reader is kept off its CPU by who sends there; from elsewhere it is a race. */
	ASSERT_TRUE(call_start_on(&self->read, 0));
	for (int i = 0; i < SLOTS; i++)
		ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	ASSERT_EQ(1, call_finish(&self->read));
	ASSERT_EQ(0, pcq_stats(self->s.observer, 0, &s));
	EXPECT_EQ(SLOTS, s.wakes + s.ipis + s.suppressed + s.coalesced);
	EXPECT_EQ(1, s.wakes + s.ipis);
	EXPECT_EQ(IPIS(1), s.ipis);
	EXPECT_EQ(1, s.recv_waits);
}

/* A watcher that does not come: the second and later ones are coalesced for sure. */
TEST_F(stats, coalesced_behind_poll)
{
	struct epoll_event ev = { .events = EPOLLIN };
	struct ipcring_pcq_stats s;
	int ep = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, self->s.receiver, &ev));
	for (int i = 1; i <= 3; i++) {
		ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
		ASSERT_EQ(0, pcq_stats(self->s.observer, 0, &s));
		EXPECT_EQ(WAKES(1), s.wakes);
		EXPECT_EQ(IPIS(1), s.ipis);
		EXPECT_EQ(i - 1, s.coalesced);
		EXPECT_EQ(0, s.suppressed);
	}
	close(ep);
}

TEST_F(stats, sender_waits)
{
	struct call write = { CALL_WRITE, self->s.sender, "x", 1 };

	for (int i = 0; i < SLOTS; i++)
		ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	for (int i = 1; i <= 3; i++) {
		ASSERT_TRUE(call_start_on(&write, variant->on));
		ASSERT_EQ(1, chan_read(self->s.receiver, self->buf, 8));
		ASSERT_EQ(1, call_finish(&write));
		/* Who waits for room and gets it was not refused. */
		EXPECT_STATS(.local = LOCAL(SLOTS + i), .remote = REMOTE(SLOTS + i),
			     .received = i, .suppressed = SLOTS + i, .send_waits = i);
	}
}

/* WAKE is a doorbell of its own, whether somebody sleeps or not. */
TEST_F(stats, wake_counts)
{
	ASSERT_EQ(0, pcq_wake(self->s.sender, 0));
	ASSERT_EQ(0, pcq_wake(self->s.sender, 0));
	EXPECT_STATS(.suppressed = 2);
	/* That of a receiver is none. */
	ASSERT_EQ(0, pcq_wake(self->s.receiver, 0));
	EXPECT_STATS(.suppressed = 2);
}

/* Mapped senders are counted where they are: in the lane. Mapped receivers are, too. */
TEST_F(stats, mapped)
{
	struct map to, from;
	uint32_t cpu;

	if (variant->on)
		return;
	ASSERT_EQ(0, map_open(&to, self->s.sender, 0));
	ASSERT_EQ(0, map_open(&from, self->s.receiver, 0));
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(0, map_send_local(&to, "x", 1));
	EXPECT_STATS(.local = 3);
	ASSERT_EQ(1, map_try_recv(&from, 0, self->buf, &cpu));
	EXPECT_STATS(.local = 3, .received = 1);
	ASSERT_EQ(1, chan_read(self->s.receiver, self->buf, 8));
	EXPECT_STATS(.local = 3, .received = 2);
	map_close(&to);
	map_close(&from);
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

static void expect_info(struct __test_metadata *_metadata, int fd)
{
	struct ipcring_pcq_info info;

	ASSERT_EQ(0, pcq_info(fd, &info));
	EXPECT_EQ(info.id, shown(fd, "id"));
	EXPECT_EQ(info.role, shown(fd, "role"));
	EXPECT_EQ(info.cpu, shown(fd, "cpu"));
	EXPECT_EQ(info.flags, shown(fd, "flags"));
	EXPECT_EQ(info.slots, shown(fd, "slots"));
	EXPECT_EQ(info.msg_size, shown(fd, "msg-size"));
	EXPECT_EQ(info.stride, shown(fd, "stride"));
	EXPECT_EQ(info.cpus, shown(fd, "cpus"));
	EXPECT_EQ(info.data_bytes, shown(fd, "data-bytes"));
}

static void expect_shown(struct __test_metadata *_metadata, int fd, uint32_t cpu)
{
	struct ipcring_pcq_stats s;

	ASSERT_EQ(0, pcq_stats(fd, cpu, &s));
	EXPECT_EQ(s.state, shown(fd, "state"));
	EXPECT_EQ(s.local, shown(fd, "local"));
	EXPECT_EQ(s.remote, shown(fd, "remote"));
	EXPECT_EQ(s.received, shown(fd, "received"));
	EXPECT_EQ(s.refused, shown(fd, "refused"));
	EXPECT_EQ(s.wakes, shown(fd, "wakes"));
	EXPECT_EQ(s.ipis, shown(fd, "ipis"));
	EXPECT_EQ(s.suppressed, shown(fd, "suppressed"));
	EXPECT_EQ(s.coalesced, shown(fd, "coalesced"));
	EXPECT_EQ(s.recv_waits, shown(fd, "recv-waits"));
	EXPECT_EQ(s.send_waits, shown(fd, "send-waits"));
	EXPECT_EQ(s.fences, shown(fd, "fences"));
	EXPECT_EQ(s.served, shown(fd, "served"));
	EXPECT_EQ(s.undelivered, shown(fd, "undelivered"));
}

/* After a bit of everything; bound to a CPU, an fd tells of its queue, others of all. */
TEST_F(stats, fdinfo_agrees)
{
	int other = pcq_sender(self->s.control, 1), any = pcq_receiver(self->s.control, ANY);
	const int fd[] = { self->s.control, self->s.observer, any, self->s.sender,
			   self->s.receiver, other };
	const uint32_t cpu[] = { ANY, ANY, ANY, 0, 0, 1 };

	ASSERT_LE(0, other);
	ASSERT_LE(0, any);
	ASSERT_EQ(1, chan_write(other, "o", 1));
	ASSERT_TRUE(call_start_on(&self->read, 0));
	ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	ASSERT_EQ(1, call_finish(&self->read));
	set_nonblock(self->s.sender, true);
	for (int i = 0; i < SLOTS; i++)
		ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	ASSERT_EQ(-EAGAIN, chan_write(self->s.sender, "x", 1));
	for (size_t i = 0; i < ARRAY_LEN(fd); i++) {
		expect_info(_metadata, fd[i]);
		expect_shown(_metadata, fd[i], cpu[i]);
	}
	close(other);
	close(any);
}

TEST_HARNESS_MAIN
