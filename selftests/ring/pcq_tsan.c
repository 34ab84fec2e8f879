// SPDX-License-Identifier: GPL-2.0
/*
 * kmod/pcq_lane.h under ThreadSanitizer: a remote lane with many senders and one receiver
 * or several, as share_tsan.c does it for the channels' lanes. Each message is whole,
 * comes once, and in the order of its sender where there is one receiver.
 */
#include "pcq_lane.h"

#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SENDERS		4
#define RECEIVERS_MAX	3
#define MESSAGES	20000u
#define WORDS		5u
#define SLOTS_MAX	8u
#define STRIDE		64u

static struct ipcring_side prod, cons;
static _Alignas(64) unsigned char data[SLOTS_MAX * STRIDE];
static struct ring lane = {
	.prod = &prod, .cons = &cons, .data = data, .stride = STRIDE,
	.msg_size = STRIDE - sizeof(struct ipcring_slot),
};

static unsigned char seen[SENDERS][MESSAGES];
static unsigned int taken;
/* One receiver: what it copies is not overwritten meanwhile, and TSan sees what lacks. */
static bool plain;

static void die(const char *what)
{
	fprintf(stderr, "pcq_tsan: %s\n", what);
	exit(1);
}

/* Of several receivers, one may copy what is another sender's by then. */
static void put_word(__u64 *at, __u64 value)
{
	if (plain)
		*at = value;
	else
		ring_store(at, value);
}

static __u64 get_word(const __u64 *at)
{
	return plain ? *at : ring_load(at);
}

static void *send_all(void *arg)
{
	__u64 who = (__u64)(uintptr_t)arg, pos, *words;
	int ret;

	for (__u64 seq = 0; seq < MESSAGES; seq++) {
		while ((ret = pcq_reserve_remote(&lane, &pos)) == -EAGAIN || ret == -EBUSY)
			sched_yield();
		if (ret)
			die("an honest sender is told -EBADMSG");
		words = (__u64 *)pcq_from(&lane, pos);
		put_word(&words[0], who);
		for (__u32 i = 1; i <= WORDS; i++)
			put_word(&words[i], who << 32 | seq);
		pcq_publish_remote(&lane, pos, WORDS * 8);
	}
	return NULL;
}

static void check(const __u64 *word, __u32 len, __u64 *last)
{
	unsigned int who = (unsigned int)word[0], seq = (unsigned int)word[1];

	for (__u32 i = 2; i <= WORDS; i++)
		if (word[i] != word[1])
			die("a payload that is not what was sent");
	if (len != WORDS * 8 || who >= SENDERS || word[1] >> 32 != who || seq >= MESSAGES)
		die("a message that was not sent");
	if (__atomic_exchange_n(&seen[who][seq], 1, __ATOMIC_RELAXED))
		die("a message that came twice");
	if (last[who] > seq)
		die("a message out of order");
	last[who] = seq;
	__atomic_fetch_add(&taken, 1, __ATOMIC_RELAXED);
}

static void *receive_all(void *arg)
{
	__u64 last[SENDERS] = { 0 }, word[WORDS + 1], pos;
	const __u64 *words;
	__u32 len;

	while (__atomic_load_n(&taken, __ATOMIC_RELAXED) < SENDERS * MESSAGES) {
		int ret = pcq_peek(&lane, &pos, &len);

		if (ret == -EBADMSG)
			die("an honest receiver is told -EBADMSG");
		if (ret) {
			sched_yield();
			continue;
		}
		words = (const __u64 *)pcq_from(&lane, pos);
		for (__u32 i = 0; i <= WORDS; i++)
			word[i] = get_word(&words[i]);
		if (pcq_claim(&lane, pos))
			check(word, len, last);
	}
	return NULL;
}

static void run(__u32 slots, int nr, __u64 start)
{
	pthread_t threads[SENDERS + RECEIVERS_MAX];

	memset(seen, 0, sizeof(seen));
	memset(data, 0, sizeof(data));
	taken = 0;
	plain = nr == 1;
	lane.size = slots;
	prod = (struct ipcring_side){ .pos = start };
	cons = (struct ipcring_side){ .pos = start };
	for (int i = 0; i < SENDERS + nr; i++)
		if (pthread_create(&threads[i], NULL, i < SENDERS ? send_all : receive_all,
				   (void *)(uintptr_t)i))
			die("no thread");
	for (int i = 0; i < SENDERS + nr; i++)
		pthread_join(threads[i], NULL);
	if (prod.pos - start != SENDERS * MESSAGES || cons.pos != prod.pos)
		die("places that are not messages");
}

int main(void)
{
	static const struct {
		__u32 slots;
		int receivers;
		__u64 start;
	} cases[] = { { 2, 1, 0 }, { SLOTS_MAX, 1, 0 }, { 2, RECEIVERS_MAX, 0 },
		    { SLOTS_MAX, RECEIVERS_MAX, 1ULL << 32 }, { 4, 2, ~0ULL - MESSAGES } };

	printf("TAP version 13\n1..%zu\n", sizeof(cases) / sizeof(*cases));
	fflush(stdout);
	alarm(240);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		run(cases[i].slots, cases[i].receivers, cases[i].start);
		printf("ok %zu %u slots, %d receivers\n", i + 1, cases[i].slots,
		       cases[i].receivers);
		fflush(stdout);
	}
	return 0;
}
