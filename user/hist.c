// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include "hist.h"

/* Values wanted beyond a quantile before it is believed. */
#define HIST_SUPPORT	10

uint64_t hist_upper(unsigned int index)
{
	unsigned int shift;

	if (index < 2 * HIST_HALF)
		return index;
	shift = index / HIST_HALF - 1;
	return ((uint64_t)(index - shift * HIST_HALF + 1) << shift) - 1;
}

void hist_merge(struct hist *to, const struct hist *from)
{
	to->n += from->n;
	if (from->min_inv > to->min_inv)
		to->min_inv = from->min_inv;
	if (from->max > to->max)
		to->max = from->max;
	for (unsigned int i = 0; i < HIST_BUCKETS; i++)
		to->bucket[i] += from->bucket[i];
}

int hist_quantile(const struct hist *h, unsigned int permille, uint64_t *value)
{
	/* Rank, from 1, rounded up; in two steps so that no product overflows. */
	uint64_t rank = h->n / 1000 * permille + (h->n % 1000 * permille + 999) / 1000;
	uint64_t seen = 0;

	if (rank < HIST_SUPPORT || h->n - rank < HIST_SUPPORT)
		return -ENODATA;
	for (unsigned int i = 0; i < HIST_BUCKETS; i++) {
		seen += h->bucket[i];
		if (seen < rank)
			continue;
		*value = hist_upper(i) < h->max ? hist_upper(i) : h->max;
		return 0;
	}
	return -ENODATA;
}
