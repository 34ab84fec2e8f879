// SPDX-License-Identifier: GPL-2.0
/*
 * kmod/ring.h under ThreadSanitizer: two lanes, whose consumers share the work and look
 * only where a ready bit is set. What a consumer copies may be another one's already, so
 * payloads are copied in relaxed words; that each message is whole and comes once is
 * checked. A bit that is lost ends the test by a signal.
 */
#include "lane.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LANES		2
#define MESSAGES	50000u
#define WORDS		6
#define SLOTS		4

static struct lane lanes[LANES];
static unsigned char seen[LANES][MESSAGES];
static unsigned int taken;
static __u64 ready = (1 << LANES) - 1;

static void die(const char *what)
{
	fprintf(stderr, "share_tsan: %s\n", what);
	exit(1);
}

/* As WAKE does for a mapped producer. */
static void set_ready(int nr)
{
	ring_full_barrier();
	if (!(ring_load(&ready) >> nr & 1))
		__atomic_fetch_or(&ready, 1ULL << nr, __ATOMIC_RELAXED);
}

static void *produce(void *arg)
{
	int nr = (int)((struct lane *)arg - lanes);
	const struct ring *r = &lanes[nr].r;

	for (__u64 seq = 0; seq < MESSAGES; seq++) {
		__u64 pos, *payload;

		while (ring_reserve(r, WORDS * 8, &pos))
			sched_yield();
		payload = ring_payload(ring_slot(r, pos));
		for (int i = 0; i < WORDS; i++)
			ring_store(&payload[i], seq);
		if (ring_wake_consumer(r, pos, ring_publish(r, pos, WORDS * 8)))
			set_ready(nr);
	}
	return NULL;
}

static void check(int nr, const __u64 *word)
{
	for (int i = 1; i < WORDS; i++)
		if (word[i] != word[0])
			die("a payload that is not what was sent");
	if (word[0] >= MESSAGES || __atomic_exchange_n(&seen[nr][word[0]], 1, __ATOMIC_RELAXED))
		die("a message that came twice");
	__atomic_fetch_add(&taken, 1, __ATOMIC_RELAXED);
}

/* Return: there was a message, perhaps another consumer's. */
static bool take(int nr)
{
	const struct ring *r = &lanes[nr].r;
	__u64 pos, word[WORDS];
	const __u64 *payload;
	__u32 len;

	if (ring_peek(r, &pos, &len))
		return false;
	payload = ring_payload(ring_slot(r, pos));
	for (int i = 0; i < WORDS; i++)
		word[i] = ring_load(&payload[i]);
	if (ring_claim(r, pos, len))
		check(nr, word);
	return true;
}

static void clear_ready(int nr)
{
	__u64 armed, pos;
	__u32 len;

	__atomic_fetch_and(&ready, ~(1ULL << nr), __ATOMIC_RELAXED);
	armed = ring_arm_consumer(&lanes[nr].r);
	if (!ring_peek(&lanes[nr].r, &pos, &len) || pos != armed)
		__atomic_fetch_or(&ready, 1ULL << nr, __ATOMIC_RELAXED);
}

static void *consume(void *arg)
{
	while (__atomic_load_n(&taken, __ATOMIC_RELAXED) < LANES * MESSAGES) {
		__u64 bits = ring_load(&ready);

		for (int nr = 0; nr < LANES; nr++)
			if (bits >> nr & 1 && !take(nr))
				clear_ready(nr);
		sched_yield();
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[2 * LANES];

	printf("TAP version 13\n1..1\n");
	fflush(stdout);
	alarm(120);
	for (int i = 0; i < LANES; i++)
		lane_init(&lanes[i], SLOTS, 0);
	for (int i = 0; i < 2 * LANES; i++)
		if (pthread_create(&threads[i], NULL, i < LANES ? produce : consume,
				   &lanes[i % LANES]))
			die("no thread");
	for (int i = 0; i < 2 * LANES; i++)
		pthread_join(threads[i], NULL);
	printf("ok 1 two lanes, two consumers\n");
	return 0;
}
