// SPDX-License-Identifier: GPL-2.0
/*
 * libipcring's restartable sequence in a storm: on each CPU threads that are preempted by
 * each other, moved about, and hit by timers whose handlers send on the same handle, while
 * one reader takes from all queues. Each message arrives once and whole. Threads change
 * CPUs, so there is no order to look at; rseq_step looks at that.
 */
#include "kselftest_harness.h"
#include "bed.h"

#include <pthread.h>
#include <sys/rseq.h>
#include <sys/time.h>
#include <time.h>

#define THREADS_MAX	16u
#define PER_CPU		3u
/* Each thread's, and each thread's handler's, fewer than two bytes can count. */
#define MESSAGES	4000u
#define HANDLED_MAX	8000u
#define WHO_MAX		(2 * THREADS_MAX)

/* Enough that each way was gone, and not so many that it takes long where time is slow. */
#define ABORTS_WANTED	20u
#define PATIENCE_S	60

struct sender {
	unsigned int nr;
	unsigned int seq;
	unsigned int handled;
	unsigned int random;
	bool storms;
	struct ipcring_pcq_counts counts;
};

static struct bed bed;
static unsigned int cpus, threads;
static struct sender senders[THREADS_MAX];
static __thread struct sender *me;
static unsigned char seen[WHO_MAX][65536];
static unsigned int taken, sent, aborts;

static unsigned int next_random(unsigned int *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* Return: it was sent; false: there was no room. */
static bool send_one(unsigned int who, unsigned int seq, __u32 len)
{
	unsigned char buf[BED_MSG];
	int ret;

	bed_fill(buf, len, who, seq);
	ret = ipcring_pcq_send(bed.out, buf, len, 0);
	if (ret && ret != -EAGAIN)
		abort();
	if (!ret)
		__atomic_fetch_add(&sent, 1, __ATOMIC_RELAXED);
	return !ret;
}

/* It does not wait for room: the thread below may be about to make it. */
static void handler(int sig)
{
	int saved = errno;

	if (me->handled < HANDLED_MAX && send_one(THREADS_MAX + me->nr, me->handled, 40))
		me->handled++;
	errno = saved;
}

static timer_t start_timer(void)
{
	struct sigevent event = {
		.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1,
	};
	const struct itimerspec often = {
		.it_interval.tv_nsec = 150000, .it_value.tv_nsec = 150000,
	};
	timer_t timer;

	event._sigev_un._tid = gettid();
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) || timer_settime(timer, 0, &often, NULL))
		abort();
	return timer;
}

static void disturb_myself(struct sender *s)
{
	switch (next_random(&s->random) % 64) {
	case 0:
		cpu_pin(next_random(&s->random) % cpus);
		break;
	case 1:
		cpu_unpin();
		break;
	case 2:
	case 3:
		sched_yield();
	}
}

static void *run_sender(void *arg)
{
	struct sender *s = arg;
	const bool module = bed.module;
	timer_t timer;

	me = s;
	cpu_pin(s->nr % cpus);
	timer = start_timer();
	/* Until there were aborts enough, as many as the numbers last. */
	while (s->seq < MESSAGES ||
	       (s->seq < 60000 && __atomic_load_n(&aborts, __ATOMIC_RELAXED) < ABORTS_WANTED)) {
		__u64 before = ipcring_pcq_counts()->aborts;

		if (send_one(s->nr, s->seq, 3 + next_random(&s->random) % (BED_MSG - 2)))
			s->seq++;
		else
			sched_yield();
		__atomic_fetch_add(&aborts, ipcring_pcq_counts()->aborts - before,
				   __ATOMIC_RELAXED);
		if (s->storms)
			disturb_myself(s);
	}
	timer_delete(timer);
	s->counts = *ipcring_pcq_counts();
	return (void *)(uintptr_t)module;
}

/* Return: false: wrong, or there twice. */
static bool tick_off(const unsigned char *buf, ssize_t n)
{
	unsigned int who, seq;

	if (!bed_read(buf, (__u32)n, &who, &seq) || who >= WHO_MAX || seen[who][seq])
		return false;
	seen[who][seq] = 1;
	taken++;
	return true;
}

FIXTURE(storm) {
	bool storms;
};

FIXTURE_VARIANT(storm) {
	const char *bed;
	__u32 bound;
};

FIXTURE_VARIANT_ADD(storm, memory_this) { "memory", THIS };
FIXTURE_VARIANT_ADD(storm, memory_one) { "memory", 0 };
FIXTURE_VARIANT_ADD(storm, module_this) { "module", THIS };
FIXTURE_VARIANT_ADD(storm, module_one) { "module", 0 };
FIXTURE_VARIANT_ADD(storm, module_any) { "module", ANY };

FIXTURE_SETUP(storm)
{
	if (!__rseq_size)
		SETUP_SKIP("no rseq: kernel or C library too old, or GLIBC_TUNABLES says so");
	NEED_CPUS(2);
	cpus = (unsigned int)cpu_nr_online();
	threads = cpus * PER_CPU < THREADS_MAX ? cpus * PER_CPU : THREADS_MAX;
	BED_OPEN(&bed, variant->bed, variant->bound, variant->bound ? ANY : 0);
	signal(SIGUSR1, handler);
}

FIXTURE_TEARDOWN(storm)
{
	bed_close(&bed);
}

static void read_all(struct __test_metadata *_metadata, pthread_t *thread)
{
	unsigned char buf[BED_MSG];
	unsigned int running = threads;
	ssize_t n;

	while (running || taken < sent) {
		n = ipcring_pcq_try_recv(bed.in, buf, sizeof(buf), NULL);
		if (n > 0) {
			ASSERT_TRUE(tick_off(buf, n));
			continue;
		}
		ASSERT_EQ(-EAGAIN, n);
		if (running && !pthread_tryjoin_np(thread[running - 1], NULL))
			running--;
		else
			sched_yield();
	}
	EXPECT_EQ(-EAGAIN, ipcring_pcq_try_recv(bed.in, buf, sizeof(buf), NULL));
}

static void check_all(struct __test_metadata *_metadata)
{
	struct ipcring_pcq_counts sum = { 0 };
	unsigned int all = 0;

	for (unsigned int i = 0; i < threads; i++) {
		const struct sender *s = &senders[i];

		for (unsigned int n = 0; n < s->seq; n++)
			ASSERT_EQ(1, seen[i][n]);
		for (unsigned int n = 0; n < s->handled; n++)
			ASSERT_EQ(1, seen[THREADS_MAX + i][n]);
		all += s->seq + s->handled;
		sum.local += s->counts.local;
		sum.aborts += s->counts.aborts;
		sum.calls += s->counts.calls;
	}
	TH_LOG("%u messages: %llu in local lanes, %llu aborts, %llu calls", all, sum.local,
	       sum.aborts, sum.calls);
	EXPECT_EQ(all, taken);
	EXPECT_LT(0, sum.local);
	EXPECT_LT(0, sum.aborts);
}

TEST_F_TIMEOUT(storm, nothing_is_lost_or_doubled, PATIENCE_S)
{
	pthread_t thread[THREADS_MAX];

	for (unsigned int i = 0; i < threads; i++) {
		senders[i] = (struct sender){ .nr = i, .random = i + 1, .storms = i % 3 };
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, run_sender, &senders[i]));
	}
	read_all(_metadata, thread);
	check_all(_metadata);
}

TEST_HARNESS_MAIN
