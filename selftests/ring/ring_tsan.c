// SPDX-License-Identifier: GPL-2.0
/*
 * kmod/ring.h under ThreadSanitizer: a producer and a consumer thread that sleep
 * on a futex when the event words say that they may. Sequence and payload of
 * every message are checked; TSan sees any access that B or A does not order.
 */
#include "lane.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <linux/futex.h>

#define MESSAGES	200000u
#define MSG_SIZE	48
#define SLOTS_MAX	16u

struct sleeper {
	__u32 wakes;
};

static struct ipcring_side prod, cons;
static _Alignas(64) unsigned char data[SLOTS_MAX * 64];
static struct sleeper producer, consumer;
static struct ring ring = {
	.prod = &prod, .cons = &cons, .data = data, .stride = 64, .msg_size = MSG_SIZE,
};

static void die(const char *what, __u64 seq)
{
	fprintf(stderr, "ring_tsan: %s at message %llu\n", what, (unsigned long long)seq);
	exit(1);
}

/* As in the module, a sleeper is visible before it looks a last time. */
static __u32 sleeper_ticket(struct sleeper *s)
{
	return __atomic_load_n(&s->wakes, __ATOMIC_SEQ_CST);
}

/* A lost wake-up ends the test instead of hanging it. */
static void sleeper_wait(struct sleeper *s, __u32 ticket, __u64 seq)
{
	const struct timespec patience = { .tv_sec = 20 };

	while (sleeper_ticket(s) == ticket)
		if (syscall(SYS_futex, &s->wakes, FUTEX_WAIT_PRIVATE, ticket, &patience, NULL, 0) &&
		    errno == ETIMEDOUT)
			die("lost wake-up", seq);
}

static void sleeper_wake(struct sleeper *s)
{
	__atomic_fetch_add(&s->wakes, 1, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &s->wakes, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static __u64 wait_for_space(void)
{
	__u64 pos;
	int ret;

	while ((ret = ring_reserve(&ring, MSG_SIZE, &pos)) == -EAGAIN) {
		__u32 ticket = sleeper_ticket(&producer);

		ring_arm_producer(&ring, MSG_SIZE);
		if (ring_reserve(&ring, MSG_SIZE, &pos) == -EAGAIN)
			sleeper_wait(&producer, ticket, pos);
	}
	if (ret)
		die("corrupt", pos);
	return pos;
}

static __u64 wait_for_message(__u32 *len)
{
	__u64 pos;
	int ret;

	while ((ret = ring_peek(&ring, &pos, len)) == -EAGAIN) {
		__u32 ticket = sleeper_ticket(&consumer);

		ring_arm_consumer(&ring);
		if (ring_peek(&ring, &pos, len) == -EAGAIN)
			sleeper_wait(&consumer, ticket, pos);
	}
	if (ret)
		die("corrupt", pos);
	return pos;
}

static void *produce(void *arg)
{
	for (__u64 seq = 0; seq < MESSAGES; seq++) {
		__u64 pos = wait_for_space();
		struct ipcring_slot *slot = ring_slot(&ring, pos);

		memset(ring_payload(slot), (unsigned char)seq, 8 + seq % 40);
		memcpy(ring_payload(slot), &seq, sizeof(seq));
		if (ring_wake_consumer(&ring, pos, ring_publish(&ring, pos, 8 + seq % 40)))
			sleeper_wake(&consumer);
	}
	return NULL;
}

static void *consume(void *arg)
{
	for (__u64 seq = 0; seq < MESSAGES; seq++) {
		unsigned char buf[MSG_SIZE];
		__u64 pos, got;
		__u32 len;

		pos = wait_for_message(&len);
		memcpy(buf, ring_payload(ring_slot(&ring, pos)), len);
		if (ring_wake_producer(&ring, pos, ring_release(&ring, pos, len)))
			sleeper_wake(&producer);
		memcpy(&got, buf, sizeof(got));
		if (got != seq || len != 8 + seq % 40)
			die("wrong message", seq);
		for (__u32 i = 8; i < len; i++)
			if (buf[i] != (unsigned char)seq)
				die("wrong payload", seq);
	}
	return NULL;
}

static void run(__u32 slots, __u64 start)
{
	pthread_t threads[2];

	ring.size = slots ? slots : LANE_BYTES;
	ring.stride = slots ? 64 : 0;
	ring.data = slots ? data : lane_data();
	prod = (struct ipcring_side){ .pos = start, .event = ~0ULL };
	cons = (struct ipcring_side){ .pos = start, .event = ~0ULL };
	ring_seal(&ring);
	if (pthread_create(&threads[0], NULL, produce, NULL) ||
	    pthread_create(&threads[1], NULL, consume, NULL))
		die("no thread", 0);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	if (!slots)
		munmap(ring.data, 2 * LANE_BYTES);
}

int main(void)
{
	static const struct {
		__u32 slots;	/* 0: records */
		__u64 start;
	} cases[] = { { 1, 0 }, { 2, 0 }, { SLOTS_MAX, 0 }, { 4, ~0ULL - MESSAGES / 2 },
		    { 0, 0 }, { 0, ~0ULL - 4095 } };

	printf("TAP version 13\n1..%zu\n", sizeof(cases) / sizeof(*cases));
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		run(cases[i].slots, cases[i].start);
		printf("ok %zu slots %u from %llu\n", i + 1, cases[i].slots,
		       (unsigned long long)cases[i].start);
	}
	return 0;
}
