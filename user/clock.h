/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The clock: chosen once, before the first worker is forked.
 *
 * unit   where                          how
 * ns     hardware, KVM guests           CLOCK_MONOTONIC_RAW
 * insn   QEMU TCG with -icount shift=0  time stamp counter, which there counts
 *                                       executed instructions; proven, not assumed
 * none   QEMU TCG without -icount       CLOCK_MONOTONIC_RAW, for progress only: the
 *                                       times of an emulator are not results
 */
#ifndef IPCSCOPE_CLOCK_H
#define IPCSCOPE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

/**
 * enum clock_unit - what a difference of two clock_now() means
 * @CLOCK_NS:	nanoseconds
 * @CLOCK_INSN:	instructions executed by all of the guest's CPUs, which take turns
 * @CLOCK_NONE:	nothing that may be shown
 */
enum clock_unit {
	CLOCK_NS,
	CLOCK_INSN,
	CLOCK_NONE
};

/**
 * struct clock - the chosen clock
 * @unit:	what it counts
 * @tsc:	read the time stamp counter, else CLOCK_MONOTONIC_RAW
 * @alone:	one CPU is online: a task's CPU time has no other CPU's turns in it
 * @cost:	least difference of two readings in a row, in units
 * @hypervisor:	CPUID signature, "" on bare hardware or another architecture
 */
struct clock {
	enum clock_unit unit;
	bool tsc;
	bool alone;
	uint64_t cost;
	char hypervisor[13];
};

static inline uint64_t clock_now(const struct clock *c)
{
	struct timespec ts;

#if defined(__x86_64__)
	if (c->tsc) {
		/* Not before the work that is timed has been done. */
		_mm_lfence();
		return __rdtsc();
	}
#else
	(void)c;
#endif
	clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* Choose the clock and measure its cost. */
void clock_init(struct clock *c);

/* "ns", "insn" or "none": the spelling of the result format. */
const char *clock_unit_name(enum clock_unit unit);

/* Name of what is read, for the manifest. */
const char *clock_source_name(const struct clock *c);

/**
 * clock_offset_bound() - how far two CPUs' clocks may differ
 * @c:		the clock
 * @cpu_a:	a CPU that may be used
 * @cpu_b:	another one
 * @bound:	out: |offset| is at most this, in units
 *
 * Threads on both CPUs exchange readings; each exchange confines the offset to an
 * interval as wide as its round trip, and the intersection is kept.
 *
 * Return: 0 or -errno.
 */
int clock_offset_bound(const struct clock *c, int cpu_a, int cpu_b, uint64_t *bound);

#endif /* IPCSCOPE_CLOCK_H */
