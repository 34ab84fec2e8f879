/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Log-linear histogram of unsigned 64-bit values.
 *
 * Values below 2^HIST_SUB_BITS have a bucket each. Above, every power of two is cut
 * into 2^(HIST_SUB_BITS - 1) equal buckets, so a bucket's width is at most
 * 2^-(HIST_SUB_BITS - 1) of its lower edge: with 8 bits, a quantile is at most
 * 0.79 % above the true value, and never below it. Minimum and maximum are exact.
 * Fixed size, no allocation, no failure: fit for shared memory and a measured loop.
 */
#ifndef IPCSCOPE_HIST_H
#define IPCSCOPE_HIST_H

#include <stdint.h>

#define HIST_SUB_BITS	8
#define HIST_HALF	(1u << (HIST_SUB_BITS - 1))
/* One full set below 2^8, then a half set for each of the 56 powers above. */
#define HIST_BUCKETS	((64 - HIST_SUB_BITS + 2) * HIST_HALF)

/**
 * struct hist - a histogram; all zero is empty
 * @n:		values added
 * @min_inv:	~minimum, so that zero means "none yet"
 * @max:	maximum
 * @bucket:	counts
 */
struct hist {
	uint64_t n;
	uint64_t min_inv;
	uint64_t max;
	uint64_t bucket[HIST_BUCKETS];
};

static inline unsigned int hist_index(uint64_t v)
{
	unsigned int shift;

	if (v < 2 * HIST_HALF)
		return v;
	shift = 64 - HIST_SUB_BITS - __builtin_clzll(v);
	return shift * HIST_HALF + (v >> shift);
}

static inline void hist_add(struct hist *h, uint64_t v)
{
	h->n++;
	if (~v > h->min_inv)
		h->min_inv = ~v;
	if (v > h->max)
		h->max = v;
	h->bucket[hist_index(v)]++;
}

static inline uint64_t hist_min(const struct hist *h)
{
	return h->n ? ~h->min_inv : 0;
}

/* Highest value that falls into a bucket. */
uint64_t hist_upper(unsigned int index);

/* Add all of @from to @to. */
void hist_merge(struct hist *to, const struct hist *from);

/**
 * hist_quantile() - smallest value that @permille / 1000 of all do not exceed
 * @h:		the histogram
 * @permille:	1..999
 * @value:	out: upper edge of the bucket, but never above the maximum
 *
 * Return: 0, or -ENODATA if fewer than 10 values lie on either side of the
 * quantile: then it says more about chance than about the mechanism.
 */
int hist_quantile(const struct hist *h, unsigned int permille, uint64_t *value);

#endif /* IPCSCOPE_HIST_H */
