// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include "stats.h"

/* The 95 % bounds then rest on 50 resampled means beyond each. */
#define STATS_RESAMPLES	2000

struct stats_group {
	const struct stats_sample *s;
	size_t n;
};

uint64_t stats_random(uint64_t *state)
{
	uint64_t x = *state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return x * 0x2545f4914f6cdd1dULL;
}

static size_t stats_below(uint64_t *state, size_t n)
{
	/* The high 32 bits are the good ones; n is far below 2^32. */
	return (size_t)((stats_random(state) >> 32) * n >> 32);
}

static double stats_mean(const struct stats_sample *s, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += s[i].value;
	return sum / (double)n;
}

static size_t stats_group(const struct stats_sample *s, size_t n, struct stats_group *g)
{
	size_t groups = 0;

	for (size_t i = 0; i < n; i++) {
		if (!i || s[i].launch != s[i - 1].launch)
			g[groups++] = (struct stats_group){ .s = &s[i] };
		g[groups - 1].n++;
	}
	return groups;
}

static double stats_resample(const struct stats_group *g, size_t groups, uint64_t *rng)
{
	double sum = 0;
	size_t count = 0;

	for (size_t i = 0; i < groups; i++) {
		const struct stats_group *pick = &g[stats_below(rng, groups)];

		for (size_t j = 0; j < pick->n; j++)
			sum += pick->s[stats_below(rng, pick->n)].value;
		count += pick->n;
	}
	return sum / (double)count;
}

static int stats_compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int stats_estimate(const struct stats_sample *s, size_t n, struct stats_estimate *est)
{
	struct stats_group *g = calloc(n, sizeof(*g));
	double *means = calloc(STATS_RESAMPLES, sizeof(*means));
	uint64_t rng = 0x9e3779b97f4a7c15ULL;
	int ret = -ENOMEM;
	size_t groups;

	if (!g || !means)
		goto out;
	groups = stats_group(s, n, g);
	for (size_t i = 0; i < STATS_RESAMPLES; i++)
		means[i] = stats_resample(g, groups, &rng);
	qsort(means, STATS_RESAMPLES, sizeof(*means), stats_compare);
	*est = (struct stats_estimate){
		.mean = stats_mean(s, n),
		.lo = means[STATS_RESAMPLES / 40],
		.hi = means[STATS_RESAMPLES - 1 - STATS_RESAMPLES / 40],
		.has_ci = n > 1,
	};
	ret = 0;
out:
	free(means);
	free(g);
	return ret;
}
