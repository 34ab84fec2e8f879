// SPDX-License-Identifier: GPL-2.0
/*
 * Between the look of who goes to sleep and its sleep, anywhere: one thread goes to sleep
 * again and again, and a real-time thread on the same CPU preempts it, by a timer, where it
 * may be, to do the one thing that it will sleep for. Needs a kernel that is preempted in
 * the kernel; elsewhere few places are hit.
 */
#include "set.h"

#include <sys/epoll.h>
#include <sys/prctl.h>

#define ROUNDS	3000
#define CPU	1

FIXTURE(race) {
	struct set s;
	pthread_t thread;
	pid_t tid;
	uint64_t done;
	int bad;
};

FIXTURE_VARIANT(race) {
	uint32_t queue;
	bool any;
	bool batch;
	bool epoll;
	bool full;
};

FIXTURE_VARIANT_ADD(race, local) { .queue = CPU };
FIXTURE_VARIANT_ADD(race, remote) { .queue = !CPU };
FIXTURE_VARIANT_ADD(race, local_epoll) { .queue = CPU, .epoll = true };
FIXTURE_VARIANT_ADD(race, remote_epoll) { .queue = !CPU, .epoll = true };
FIXTURE_VARIANT_ADD(race, local_any) { .queue = CPU, .any = true };
FIXTURE_VARIANT_ADD(race, remote_batch) { .queue = !CPU, .batch = true };
FIXTURE_VARIANT_ADD(race, local_full) { .queue = CPU, .full = true };
FIXTURE_VARIANT_ADD(race, remote_full) { .queue = !CPU, .full = true };

FIXTURE_SETUP(race)
{
	NEED_CPUS(2);
	OPEN_SET(&self->s, variant->queue, .slots = 2, .msg_size = 8);
	if (variant->any) {
		close(self->s.receiver);
		self->s.receiver = pcq_receiver(self->s.control, ANY);
		ASSERT_LE(0, self->s.receiver);
	}
	ASSERT_EQ(0, cpu_pin(CPU));
}

FIXTURE_TEARDOWN(race)
{
	cpu_unpin();
	set_close(&self->s);
}

struct sleeper {
	struct _test_data_race *self;
	const struct _fixture_variant_race *variant;
	int ep;
};

static int take_epoll(struct sleeper *s, char *buf)
{
	struct epoll_event ev;
	int ret;

	while ((ret = chan_read(s->self->s.receiver, buf, 8)) == -EAGAIN)
		epoll_wait(s->ep, &ev, 1, -1);
	return ret;
}

static int take_batch(struct sleeper *s, char *buf)
{
	struct ipcring_pcq_msg msg = pcq_msg(buf, 8);
	struct ipcring_pcq_batch batch = pcq_batch(&msg, 1);

	return pcq_recv(s->self->s.receiver, &batch);
}

static int sleep_once(struct sleeper *s)
{
	char buf[8];

	if (s->variant->full)
		return chan_write(s->self->s.sender, "x", 1);
	if (s->variant->epoll)
		return take_epoll(s, buf);
	if (s->variant->batch)
		return take_batch(s, buf);
	return chan_read(s->self->s.receiver, buf, 8);
}

static void *sleeper_thread(void *arg)
{
	struct sleeper *s = arg;
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };

	s->ep = epoll_create1(EPOLL_CLOEXEC);
	if (s->variant->epoll) {
		set_nonblock(s->self->s.receiver, true);
		epoll_ctl(s->ep, EPOLL_CTL_ADD, s->self->s.receiver, &ev);
	}
	__atomic_store_n(&s->self->tid, gettid(), __ATOMIC_RELEASE);
	for (int i = 0; i < ROUNDS; i++) {
		s->self->bad += sleep_once(s) != 1;
		__atomic_store_n(&s->self->done, i + 1, __ATOMIC_RELEASE);
	}
	close(s->ep);
	return NULL;
}

/* Let the sleeper go on, for as long as chance has it. */
static void pause_a_little(unsigned int *seed)
{
	struct timespec ts = { .tv_nsec = rand_r(seed) % 30000 };

	clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
}

/*
 * It sleeps, though what it sleeps for is there: nothing else will wake it. We gave way to
 * it 1000 times, of 15 us, and then while we looked at it.
 */
static bool overslept(struct _test_data_race *self, uint64_t round, unsigned int *seed, long nr)
{
	for (int i = 0; __atomic_load_n(&self->done, __ATOMIC_ACQUIRE) < round; i++) {
		pause_a_little(seed);
		if (i > 1000 && task_blocked_in(self->tid, nr))
			return __atomic_load_n(&self->done, __ATOMIC_ACQUIRE) < round;
	}
	return false;
}

TEST_F_TIMEOUT(race, nobody_oversleeps, 120)
{
	struct sched_param param = { .sched_priority = 10 };
	struct sleeper s = { self, variant };
	const long nr = variant->full ? SYS_write : variant->epoll ? SYS_epoll_wait :
			variant->batch ? SYS_ioctl : SYS_read;
	unsigned int seed = 1;
	char buf[8];

	if (variant->full)
		for (int i = 0; i < 2; i++)
			ASSERT_EQ(1, chan_write(self->s.sender, "f", 1));
	self->tid = 0;
	self->done = 0;
	self->bad = 0;
	ASSERT_EQ(0, prctl(PR_SET_TIMERSLACK, 1));
	ASSERT_EQ(0, pthread_create(&self->thread, NULL, sleeper_thread, &s));
	while (!__atomic_load_n(&self->tid, __ATOMIC_ACQUIRE))
		sched_yield();
	ASSERT_EQ(0, sched_setscheduler(0, SCHED_FIFO, &param));
	for (uint64_t round = 1; round <= ROUNDS; round++) {
		pause_a_little(&seed);
		ASSERT_EQ(1, variant->full ? chan_read(self->s.receiver, buf, 8) :
					     chan_write(self->s.sender, "x", 1));
		ASSERT_FALSE(overslept(self, round, &seed, nr));
	}
	param.sched_priority = 0;
	sched_setscheduler(0, SCHED_OTHER, &param);
	pthread_join(self->thread, NULL);
	EXPECT_EQ(0, self->bad);
}

TEST_HARNESS_MAIN
