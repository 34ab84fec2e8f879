// SPDX-License-Identifier: GPL-2.0
/*
 * All CPUs send to all, in every way, to receivers of every kind, over the smallest of
 * queues, while threads are moved about and doorbells change: each message is received
 * exactly once, and nobody is left asleep beside one.
 */
#include "map.h"

#include <sys/epoll.h>

#define EACH		1500
#define BATCH		7
#define MAX_CPUS	8
#define MAX_THREADS	96

struct msg {
	uint32_t sender;
	uint32_t seq;
	uint64_t check;
};

/* What all threads know. */
struct storm {
	struct set s;
	uint32_t cpus;
	uint32_t nr_senders;
	uint8_t *seen;
	uint64_t received;
	uint64_t bad;
	bool stop;
	pthread_t thread[MAX_THREADS];
	pid_t tid[MAX_THREADS];
	uint32_t nr_threads;
	int fds[MAX_THREADS];
	uint32_t nr_fds;
};

struct worker {
	struct storm *storm;
	void (*run)(struct storm *storm, uint32_t nr, int fd);
	uint32_t nr;
	int fd;
	uint32_t index;
};

static uint64_t check_of(uint32_t sender, uint32_t seq)
{
	return (sender + 1) * 0x9e3779b97f4a7c15ULL ^ seq * 0xc2b2ae3d27d4eb4fULL;
}

static void note(struct storm *storm, const struct msg *m, int len)
{
	bool ok = len == sizeof(*m) && m->sender < storm->nr_senders && m->seq < EACH &&
		  m->check == check_of(m->sender, m->seq);

	if (!ok || __atomic_fetch_add(&storm->seen[m->sender * EACH + m->seq], 1,
				      __ATOMIC_RELAXED))
		__atomic_fetch_add(&storm->bad, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&storm->received, 1, __ATOMIC_RELEASE);
}

static struct msg message(uint32_t sender, uint32_t seq)
{
	return (struct msg){ sender, seq, check_of(sender, seq) };
}

/* Receivers: until the senders are gone. */

static void recv_read(struct storm *storm, uint32_t nr, int fd)
{
	struct msg m;
	int len;

	while ((len = chan_read(fd, &m, sizeof(m))) > 0)
		note(storm, &m, len);
}

static void recv_batch(struct storm *storm, uint32_t nr, int fd)
{
	struct ipcring_pcq_msg msgs[BATCH];
	struct ipcring_pcq_batch batch = pcq_batch(msgs, BATCH);
	struct msg m[BATCH];
	int got;

	do {
		for (int i = 0; i < BATCH; i++)
			msgs[i] = pcq_msg(&m[i], sizeof(m[i]));
		/* Some of them give up, and come back. */
		batch.deadline = now_ns() + 2000000;
		got = pcq_recv(fd, &batch);
		for (int i = 0; i < got; i++)
			note(storm, &m[i], msgs[i].len);
	} while (got > 0 || got == -ETIMEDOUT);
}

/* Edge-triggered: as the contract says, until -EAGAIN. */
static void recv_epoll(struct storm *storm, uint32_t nr, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };
	int ep = epoll_create1(EPOLL_CLOEXEC), len = -EAGAIN;
	struct msg m;

	set_nonblock(fd, true);
	epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
	while (len == -EAGAIN) {
		epoll_wait(ep, &ev, 1, -1);
		while ((len = chan_read(fd, &m, sizeof(m))) > 0)
			note(storm, &m, len);
	}
	close(ep);
}

static void recv_poll(struct storm *storm, uint32_t nr, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct msg m;
	int len;

	set_nonblock(fd, true);
	do {
		len = chan_read(fd, &m, sizeof(m));
		if (len > 0)
			note(storm, &m, len);
		else if (len == -EAGAIN)
			poll(&p, 1, -1);
	} while (len > 0 || len == -EAGAIN);
}

static void recv_mapped(struct storm *storm, uint32_t nr, int fd)
{
	struct map map;
	struct msg m;
	uint32_t from;
	int len;

	if (map_open(&map, fd, nr)) {
		__atomic_fetch_add(&storm->bad, 1, __ATOMIC_RELAXED);
		return;
	}
	while ((len = map_recv_any(&map, &m, &from)) > 0)
		note(storm, &m, len);
	map_close(&map);
}

/* Senders: EACH messages. */

static void send_write(struct storm *storm, uint32_t nr, int fd)
{
	for (uint32_t seq = 0; seq < EACH; seq++) {
		struct msg m = message(nr, seq);

		if (chan_write(fd, &m, sizeof(m)) != sizeof(m))
			__atomic_fetch_add(&storm->bad, 1, __ATOMIC_RELAXED);
	}
}

static void send_batch(struct storm *storm, uint32_t nr, int fd)
{
	struct ipcring_pcq_msg msgs[BATCH];
	struct ipcring_pcq_batch batch = pcq_batch(msgs, BATCH);
	struct msg m[BATCH];
	uint32_t seq = 0;

	while (seq < EACH) {
		int sent, todo = EACH - seq < BATCH ? EACH - seq : BATCH;

		for (int i = 0; i < todo; i++) {
			m[i] = message(nr, seq + i);
			msgs[i] = pcq_msg(&m[i], sizeof(m[i]));
		}
		batch.nr = todo;
		sent = pcq_send(fd, &batch);
		if (sent <= 0) {
			__atomic_fetch_add(&storm->bad, 1, __ATOMIC_RELAXED);
			return;
		}
		seq += sent;
	}
}

static void send_epoll(struct storm *storm, uint32_t nr, int fd)
{
	struct epoll_event ev = { .events = EPOLLOUT | EPOLLET };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	set_nonblock(fd, true);
	epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
	for (uint32_t seq = 0; seq < EACH; seq++) {
		struct msg m = message(nr, seq);
		int ret;

		while ((ret = chan_write(fd, &m, sizeof(m))) == -EAGAIN)
			epoll_wait(ep, &ev, 1, -1);
		if (ret != sizeof(m))
			__atomic_fetch_add(&storm->bad, 1, __ATOMIC_RELAXED);
	}
	close(ep);
}

/* Those who make trouble. */

static void trouble_move(struct storm *storm, uint32_t nr, int fd)
{
	unsigned int seed = 1;

	while (!__atomic_load_n(&storm->stop, __ATOMIC_ACQUIRE)) {
		pid_t tid = __atomic_load_n(&storm->tid[rand_r(&seed) % storm->nr_threads],
					    __ATOMIC_RELAXED);
		cpu_set_t set;

		CPU_ZERO(&set);
		CPU_SET(rand_r(&seed) % storm->cpus, &set);
		if (tid)
			sched_setaffinity(tid, sizeof(set), &set);
		sched_yield();
	}
}

static void trouble_bell(struct storm *storm, uint32_t nr, int fd)
{
	unsigned int seed = 2;

	while (!__atomic_load_n(&storm->stop, __ATOMIC_ACQUIRE)) {
		pcq_bell(storm->s.control, rand_r(&seed) % storm->cpus, rand_r(&seed) % 3, 0);
		sched_yield();
	}
}

/* The fence goes up and down. */
static void trouble_any(struct storm *storm, uint32_t nr, int fd)
{
	while (!__atomic_load_n(&storm->stop, __ATOMIC_ACQUIRE)) {
		int any = pcq_receiver(storm->s.control, ANY);

		sched_yield();
		close(any);
		sched_yield();
	}
}

static void *worker_thread(void *arg)
{
	struct worker w = *(struct worker *)arg;

	free(arg);
	__atomic_store_n(&w.storm->tid[w.index], gettid(), __ATOMIC_RELAXED);
	w.run(w.storm, w.nr, w.fd);
	__atomic_store_n(&w.storm->tid[w.index], 0, __ATOMIC_RELAXED);
	return NULL;
}

static bool start(struct storm *storm, void (*run)(struct storm *, uint32_t, int), uint32_t nr,
		  int fd)
{
	struct worker *w = malloc(sizeof(*w));

	*w = (struct worker){ storm, run, nr, fd, storm->nr_threads };
	return !pthread_create(&storm->thread[storm->nr_threads++], NULL, worker_thread, w);
}

FIXTURE(storm) {
	struct storm st;
};

FIXTURE_VARIANT(storm) {
	uint32_t mode;
	bool any;	/* receivers bound to ANY all the time */
	bool move;
	bool bell;
	bool fence;
};

#define WAKE	IPCRING_PCQ_BELL_WAKE
#define IPI	IPCRING_PCQ_BELL_IPI

FIXTURE_VARIANT_ADD(storm, wake) { .mode = WAKE };
FIXTURE_VARIANT_ADD(storm, ipi) { .mode = IPI };
FIXTURE_VARIANT_ADD(storm, any) { .mode = WAKE, .any = true };
FIXTURE_VARIANT_ADD(storm, ipi_any_move) { .mode = IPI, .any = true, .move = true };
FIXTURE_VARIANT_ADD(storm, move) { .mode = WAKE, .move = true };
FIXTURE_VARIANT_ADD(storm, all_changes) { .mode = WAKE, .move = true, .bell = true,
					   .fence = true };

FIXTURE_SETUP(storm)
{
	struct storm *st = &self->st;

	NEED_CPUS(2);
	memset(st, 0, sizeof(*st));
	st->cpus = cpu_nr_online() < MAX_CPUS ? cpu_nr_online() : MAX_CPUS;
	OPEN_SET(&st->s, THIS, .slots = 2, .msg_size = sizeof(struct msg));
	ASSERT_EQ(0, pcq_bell(st->s.control, ANY, variant->mode, 0));
}

FIXTURE_TEARDOWN(storm)
{
	set_close(&self->st.s);
	free(self->st.seen);
}

static int receiver(struct storm *st, uint32_t cpu)
{
	int fd = pcq_receiver(st->s.control, cpu);

	st->fds[st->nr_fds++] = fd;
	return fd;
}

static bool start_receivers(struct storm *st, bool any)
{
	bool ok = true;

	for (uint32_t cpu = 0; cpu < st->cpus; cpu++) {
		ok &= start(st, recv_read, 0, receiver(st, cpu));
		ok &= start(st, recv_read, 0, receiver(st, cpu));
		ok &= start(st, recv_batch, 0, receiver(st, cpu));
		/* poll() sleeps for good on a queue that polls. */
		if (any || cpu & 1)
			ok &= start(st, recv_mapped, cpu, receiver(st, cpu));
		else
			ok &= start(st, recv_read, 0, receiver(st, cpu));
	}
	for (int i = 0; any && i < 2; i++)
		ok &= start(st, recv_read, 0, receiver(st, ANY));
	return ok;
}

static bool start_pollers(struct storm *st, bool any)
{
	bool ok = true;

	for (uint32_t cpu = 0; cpu < st->cpus; cpu++)
		ok &= start(st, cpu & 1 ? recv_epoll : recv_poll, 0, receiver(st, cpu));
	if (any)
		ok &= start(st, recv_epoll, 0, receiver(st, ANY));
	return ok;
}

static bool start_senders(struct storm *st, int *fds)
{
	static void (*const how[])(struct storm *, uint32_t, int) = {
		send_write, send_batch, send_epoll, send_write,
	};
	uint32_t nr = 0;
	bool ok = true;

	for (uint32_t cpu = 0; cpu < st->cpus; cpu++) {
		fds[nr] = pcq_sender(st->s.control, cpu);
		ok &= start(st, how[cpu % 4], nr, fds[nr]);
		nr++;
		fds[nr] = pcq_endpoint(st->s.control, IPCRING_PCQ_SENDER, cpu,
				       cpu & 1 ? IPCRING_PCQ_EP_ORDERED : 0);
		ok &= start(st, send_write, nr, fds[nr]);
		nr++;
	}
	fds[nr] = pcq_sender(st->s.control, THIS);
	ok &= start(st, send_batch, nr, fds[nr]);
	nr++;
	fds[nr] = pcq_sender(st->s.control, ANY);
	ok &= start(st, send_write, nr, fds[nr]);
	nr++;
	fds[nr] = pcq_sender(st->s.control, ANY);
	ok &= start(st, send_epoll, nr, fds[nr]);
	return ok;
}

TEST_F_TIMEOUT(storm, exactly_once, 240)
{
	struct storm *st = &self->st;
	const uint32_t nr = 2 * st->cpus + 3;
	struct ipcring_pcq_stats stats;
	int fds[2 * MAX_CPUS + 3];
	uint32_t receivers, last;
	uint64_t missing = 0;

	st->nr_senders = nr;
	st->seen = calloc(nr, EACH);
	ASSERT_TRUE(start_receivers(st, variant->any));
	if (!variant->bell)
		ASSERT_TRUE(start_pollers(st, variant->any));
	receivers = st->nr_threads;
	ASSERT_TRUE(start_senders(st, fds));
	last = st->nr_threads;
	if (variant->move)
		ASSERT_TRUE(start(st, trouble_move, 0, -1));
	if (variant->bell)
		ASSERT_TRUE(start(st, trouble_bell, 0, -1));
	if (variant->fence)
		ASSERT_TRUE(start(st, trouble_any, 0, -1));

	for (uint32_t i = receivers; i < last; i++)
		pthread_join(st->thread[i], NULL);
	/* A lost wake-up never gets past this: closing would wake everybody. */
	while (__atomic_load_n(&st->received, __ATOMIC_ACQUIRE) < (uint64_t)nr * EACH)
		sched_yield();
	__atomic_store_n(&st->stop, true, __ATOMIC_RELEASE);
	for (uint32_t i = last; i < st->nr_threads; i++)
		pthread_join(st->thread[i], NULL);
	for (uint32_t i = 0; i < nr; i++)
		close(fds[i]);
	close(st->s.sender);
	for (uint32_t i = 0; i < receivers; i++)
		pthread_join(st->thread[i], NULL);

	for (uint32_t i = 0; i < nr * EACH; i++)
		missing += st->seen[i] != 1;
	EXPECT_EQ(0, missing);
	EXPECT_EQ(0, st->bad);
	EXPECT_EQ(0, pcq_stats(st->s.observer, ANY, &stats));
	EXPECT_EQ((uint64_t)nr * EACH, stats.local + stats.remote);
	TH_LOG("local %llu remote %llu wakes %llu ipis %llu suppressed %llu coalesced %llu",
	       stats.local, stats.remote, stats.wakes, stats.ipis, stats.suppressed,
	       stats.coalesced);
	TH_LOG("recv_waits %llu send_waits %llu fences %llu refused %llu", stats.recv_waits,
	       stats.send_waits, stats.fences, stats.refused);
	for (uint32_t i = 0; i < st->nr_fds; i++)
		close(st->fds[i]);
}

TEST_HARNESS_MAIN
