// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif
#include "clock.h"
#include "mech.h"

#define CLOCK_TRIES	9

#if defined(__x86_64__)
static void clock_hypervisor(char sig[13])
{
	unsigned int a, b, c, d;

	memset(sig, 0, 13);
	/* CPUID.1:ECX bit 31: a hypervisor is present and has its own leaves. */
	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & 1u << 31))
		return;
	__cpuid(0x40000000, a, b, c, d);
	memcpy(sig, &b, 4);
	memcpy(sig + 4, &c, 4);
	memcpy(sig + 8, &d, 4);
}

/* TSC ticks of @n passes through a loop of 2 or 7 instructions. */
#define CLOCK_LOOP(n, body) ({						\
	uint64_t count_ = (n), start_, end_;				\
	_mm_lfence();							\
	start_ = __rdtsc();						\
	__asm__ volatile("1: " body "dec %0\n\tjnz 1b\n\t"		\
			 : "+r"(count_) : : "cc");			\
	_mm_lfence();							\
	end_ = __rdtsc();						\
	end_ - start_;							\
})

static uint64_t clock_loop(uint64_t n, bool padded)
{
	uint64_t best = ~0ULL;

	/* The least of several: an interrupt only adds. */
	for (int i = 0; i < CLOCK_TRIES; i++) {
		uint64_t t = padded ? CLOCK_LOOP(n, "nop; nop; nop; nop; nop; ")
				    : CLOCK_LOOP(n, "");

		if (t < best)
			best = t;
	}
	return best;
}

/*
 * Twice as many passes must cost exactly one tick for each instruction more, for
 * two lengths of the loop. No processor keeps that: its ratio of ticks to
 * instructions differs between the two bodies.
 */
static bool clock_counts_instructions(void)
{
	const uint64_t n = 10000;

	return clock_loop(2 * n, false) - clock_loop(n, false) == 2 * n &&
	       clock_loop(2 * n, true) - clock_loop(n, true) == 7 * n;
}
#else
static void clock_hypervisor(char sig[13])
{
	memset(sig, 0, 13);
}

static bool clock_counts_instructions(void)
{
	return false;
}
#endif

static uint64_t clock_cost(const struct clock *c)
{
	uint64_t best = ~0ULL;

	for (int i = 0; i < 1000; i++) {
		uint64_t t = clock_now(c);

		t = clock_now(c) - t;
		if (t < best)
			best = t;
	}
	return best;
}

void clock_init(struct clock *c)
{
	memset(c, 0, sizeof(*c));
	clock_hypervisor(c->hypervisor);
	c->unit = CLOCK_NS;
	if (!strcmp(c->hypervisor, "TCGTCGTCGTCG"))
		c->unit = clock_counts_instructions() ? CLOCK_INSN : CLOCK_NONE;
	c->tsc = c->unit == CLOCK_INSN;
	c->alone = sysconf(_SC_NPROCESSORS_ONLN) == 1;
	c->cost = clock_cost(c);
}

const char *clock_unit_name(enum clock_unit unit)
{
	static const char *const name[] = {
		[CLOCK_NS] = "ns", [CLOCK_INSN] = "insn", [CLOCK_NONE] = "none",
	};

	return name[unit];
}

const char *clock_source_name(const struct clock *c)
{
	return c->tsc ? "tsc" : "CLOCK_MONOTONIC_RAW";
}

#define CLOCK_EXCHANGES	2000

struct clock_peer {
	_Atomic uint64_t ask;
	_Atomic uint64_t answer;
	uint64_t time;
	const struct clock *clock;
	int cpu;
	int error;
};

static int clock_pin(int cpu)
{
	cpu_set_t *set = CPU_ALLOC(cpu + 1);
	size_t size = CPU_ALLOC_SIZE(cpu + 1);
	int ret;

	if (!set)
		return -ENOMEM;
	CPU_ZERO_S(size, set);
	CPU_SET_S(cpu, size, set);
	ret = sched_setaffinity(0, size, set) ? -errno : 0;
	CPU_FREE(set);
	return ret;
}

static void *clock_answer(void *arg)
{
	struct clock_peer *p = arg;

	p->error = clock_pin(p->cpu);
	for (uint64_t i = 1; i <= CLOCK_EXCHANGES; i++) {
		while (atomic_load(&p->ask) != i)
			mech_relax();
		p->time = clock_now(p->clock);
		atomic_store(&p->answer, i);
	}
	return NULL;
}

static void clock_exchange(struct clock_peer *p, int64_t *lo, int64_t *hi)
{
	for (uint64_t i = 1; i <= CLOCK_EXCHANGES; i++) {
		uint64_t before = clock_now(p->clock), after;

		atomic_store(&p->ask, i);
		while (atomic_load(&p->answer) != i)
			mech_relax();
		after = clock_now(p->clock);
		/* true offset lies in [time - after, time - before] */
		if ((int64_t)(p->time - after) > *lo)
			*lo = (int64_t)(p->time - after);
		if ((int64_t)(p->time - before) < *hi)
			*hi = (int64_t)(p->time - before);
	}
}

struct clock_asker {
	struct clock_peer *peer;
	int cpu;
	int error;
	int64_t lo;
	int64_t hi;
};

/* In a thread of its own, so that the caller's affinity stays as it was. */
static void *clock_ask(void *arg)
{
	struct clock_asker *a = arg;

	a->error = clock_pin(a->cpu);
	clock_exchange(a->peer, &a->lo, &a->hi);
	return NULL;
}

int clock_offset_bound(const struct clock *c, int cpu_a, int cpu_b, uint64_t *bound)
{
	struct clock_peer peer = { .clock = c, .cpu = cpu_b };
	struct clock_asker asker = { .peer = &peer, .cpu = cpu_a,
				     .lo = INT64_MIN, .hi = INT64_MAX };
	pthread_t a, b;
	int ret;

	ret = pthread_create(&b, NULL, clock_answer, &peer);
	if (ret)
		return -ret;
	ret = pthread_create(&a, NULL, clock_ask, &asker);
	if (ret)
		clock_ask(&asker);
	else
		pthread_join(a, NULL);
	pthread_join(b, NULL);
	if (ret || asker.error || peer.error)
		return ret ? -ret : asker.error ? asker.error : peer.error;
	*bound = (uint64_t)(asker.hi > -asker.lo ? asker.hi : -asker.lo);
	return 0;
}
