/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kmod/ring.h with a place for others to step in: before each access to a shared
 * word the test's beside() runs, once, when its turn has come.
 */
#ifndef BESIDE_H
#define BESIDE_H

static void step(void);

#define RING_MEMORY_MODEL
#define ring_load(p)		({ step(); *(p); })
#define ring_load_acquire(p)	({ step(); *(p); })
#define ring_store(p, v)	({ step(); *(p) = (v); })
#define ring_store_release(p, v) ({ step(); *(p) = (v); })
#define ring_cas(p, old, new)	({ \
	step(); \
	bool same = *(p) == (old); \
	if (same) \
		*(p) = (new); \
	same; \
})
#define ring_full_barrier()	step()

#include "ring.h"

static void (*beside)(void);
static int steps_before;

static void step(void)
{
	void (*now)(void) = beside;

	if (!now || steps_before--)
		return;
	beside = NULL;
	now();
}

/* Run @what before the access number @steps from now on, counted from 0. */
static inline void step_in(void (*what)(void), int steps)
{
	beside = what;
	steps_before = steps;
}

#endif /* BESIDE_H */
