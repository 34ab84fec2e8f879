// SPDX-License-Identifier: GPL-2.0
/*
 * kill -9 of either side of a libipcring channel at random moments: what was sent is
 * received, once and in order; then the end; then a successor goes on.
 */
#include "lib.h"
#include <sys/prctl.h>

#define KILLS	80

/* A kill comes while this many messages pass: anywhere in a call, asleep or not. */
#define SPREAD	40

/* In the child: do not outlive the test, and hold no peer's endpoint. */
static void child(struct ipcring *peer)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (peer)
		close(ipcring_fd(peer));
}

static void produce_from(struct ipcring *inherited, __u64 first)
{
	struct ipcring *out;

	if (ipcring_import(ipcring_fd(inherited), 0, &out))
		_exit(1);
	for (__u64 i = first; !send_u64(out, i, FOREVER); i++)
		;
	_exit(2);
}

static void spin(unsigned int turns)
{
	while (turns--)
		sched_yield();
}

static void producers_die(struct __test_metadata *_metadata, const struct ipcring_options *opt)
{
	struct ipcring *control, *in, *out;
	unsigned int seed = 1;
	__u64 next = 0;

	ASSERT_EQ(0, ipcring_create(opt, &control));
	ASSERT_EQ(0, ipcring_endpoint(control, CONSUMER, 0, 0, &in));
	for (int round = 0; round < KILLS; round++) {
		unsigned int take = next_random(&seed) % SPREAD;
		__s64 got;
		pid_t pid;

		/* Before the fork(): it is there, and dies as the last that has it. */
		ASSERT_EQ(0, ipcring_endpoint(control, PRODUCER, 0, 0, &out));
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid) {
			child(in);
			produce_from(out, next);
		}
		ipcring_close(out);
		for (unsigned int i = 0; i <= take; i++, next++)
			ASSERT_EQ(next, recv_u64(in, ipcring_deadline(LONG_NS)));
		spin(next_random(&seed) % 8);
		kill(pid, SIGKILL);
		while ((got = recv_u64(in, ipcring_deadline(LONG_NS))) >= 0)
			ASSERT_EQ(next++, got);
		ASSERT_EQ(-ENODATA, got);
		ASSERT_EQ(128 + SIGKILL, reap(pid));
	}
	ipcring_close(in);
	ipcring_close(control);
}

TEST_F(lib, producers_of_slots_die)
{
	producers_die(_metadata, &(struct ipcring_options){ .slots = 4, .msg_size = 64 });
}

TEST_F(lib, producers_of_records_die)
{
	NEED(RECORDS);
	producers_die(_metadata, &(struct ipcring_options){ .bytes = 4096, .msg_size = 64 });
}

/* @last: the message that was received last, as the consumer itself says. */
static void consume_into(struct ipcring *inherited, __u64 *last)
{
	struct ipcring *in;
	__s64 got;

	if (ipcring_import(ipcring_fd(inherited), 0, &in))
		_exit(1);
	while ((got = recv_u64(in, FOREVER)) >= 0) {
		/*
		 * Follows what was said last, or leaves out one: the predecessor was killed
		 * between taking it and saying so.
		 */
		__u64 said = __atomic_load_n(last, __ATOMIC_SEQ_CST);

		if ((__u64)got != said + 1 && (__u64)got != said + 2)
			_exit(2);
		__atomic_store_n(last, (__u64)got, __ATOMIC_SEQ_CST);
	}
	_exit(3);
}

TEST_F(lib, consumers_die)
{
	const struct ipcring_options opt = { .slots = 4, .msg_size = 64 };
	struct ipcring *control, *out, *in;
	unsigned int seed = 7;
	__u64 next = 1, *last;
	int ret;

	last = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, last);
	ASSERT_EQ(0, ipcring_create(&opt, &control));
	ASSERT_EQ(0, ipcring_endpoint(control, PRODUCER, 0, 0, &out));
	for (int round = 0; round < KILLS; round++) {
		unsigned int give = 8 + next_random(&seed) % SPREAD;
		pid_t pid;

		ASSERT_EQ(0, ipcring_endpoint(control, CONSUMER, 0, 0, &in));
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid) {
			child(out);
			consume_into(in, last);
		}
		ipcring_close(in);
		while (give--)
			ASSERT_EQ(0, send_u64(out, next++, ipcring_deadline(LONG_NS)));
		kill(pid, SIGKILL);
		ASSERT_EQ(128 + SIGKILL, reap(pid));
		/* All but what the ring holds, and the one that it took and did not say. */
		ASSERT_LE(next - 1 - 4 - 1, *last);
	}
	/* Nobody is left: room runs out, and the producer is told. */
	do
		ret = send_u64(out, next++, ipcring_deadline(LONG_NS));
	while (!ret);
	EXPECT_EQ(-EPIPE, ret);
	ipcring_close(out);
	ipcring_close(control);
}

/* With one slot both sides sleep most of the time. */
TEST_F(lib, both_die)
{
	const struct ipcring_options opt = { .slots = 1, .msg_size = 64 };
	struct ipcring *control, *out, *in;
	unsigned int seed = 3;
	__u64 *last;

	last = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, last);
	ASSERT_EQ(0, ipcring_create(&opt, &control));
	for (int round = 0; round < KILLS; round++) {
		pid_t a, b;

		*last = (__u64)-1;
		ASSERT_EQ(0, ipcring_endpoint(control, PRODUCER, 0, 0, &out));
		ASSERT_EQ(0, ipcring_endpoint(control, CONSUMER, 0, 0, &in));
		a = fork();
		ASSERT_LE(0, a);
		if (!a) {
			child(in);
			produce_from(out, 0);
		}
		b = fork();
		ASSERT_LE(0, b);
		if (!b) {
			child(out);
			consume_into(in, last);
		}
		ipcring_close(out);
		ipcring_close(in);
		spin(next_random(&seed) % 64);
		kill(a, SIGKILL);
		kill(b, SIGKILL);
		reap(a);
		reap(b);
		/* Empty it for the next; a place that outlived its holder would be -EBUSY. */
		ASSERT_EQ(0, ipcring_endpoint(control, CONSUMER, 0, 0, &in));
		while (recv_u64(in, ipcring_deadline(LONG_NS)) >= 0)
			;
		ipcring_close(in);
	}
	ipcring_close(control);
}

TEST_HARNESS_MAIN
