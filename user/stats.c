// SPDX-License-Identifier: GPL-2.0
#include <math.h>
#include "stats.h"

uint64_t stats_random(uint64_t *state)
{
	uint64_t x = *state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return x * 0x2545f4914f6cdd1dULL;
}

/* 97.5 % quantile of Student's distribution; the expansion is within 0.2 % from 5 on. */
static double stats_student(size_t freedom)
{
	static const double exact[] = { 0, 12.7062, 4.3027, 3.1824, 2.7764 };
	const double f = (double)freedom;

	if (freedom < sizeof(exact) / sizeof(exact[0]))
		return exact[freedom];
	/* Abramowitz and Stegun, 26.7.5, at the normal quantile 1.959964. */
	return 1.959964 + 2.372272 / f + 2.822490 / (f * f) + 2.555850 / (f * f * f);
}

void stats_estimate(const struct stats_sample *s, size_t n, struct stats_estimate *est)
{
	double sum = 0, mean = 0, squares = 0, half = 0;
	size_t launches = 0, blocks;

	for (size_t i = 0; i < n; i += blocks) {
		double launch = 0, off;

		for (blocks = 0; i + blocks < n && s[i + blocks].launch == s[i].launch; blocks++)
			launch += s[i + blocks].value;
		sum += launch;
		launches++;
		/* Welford's: mean and squared deviations of the launches so far. */
		off = launch / (double)blocks - mean;
		mean += off / (double)launches;
		squares += off * (launch / (double)blocks - mean);
	}
	if (launches > 1)
		half = stats_student(launches - 1) *
		       sqrt(squares / (double)(launches - 1) / (double)launches);
	*est = (struct stats_estimate){
		.mean = sum / (double)n,
		.lo = sum / (double)n - half,
		.hi = sum / (double)n + half,
		.has_ci = launches > 1,
	};
}

static void stats_around(struct stats_estimate *est, double mean, double half, bool has_ci)
{
	*est = (struct stats_estimate){
		.mean = mean, .lo = mean - half, .hi = mean + half, .has_ci = has_ci,
	};
}

int stats_line(const double *x, const double *y, size_t n, double at,
	       struct stats_estimate *est, struct stats_estimate *slope)
{
	double mx = 0, my = 0, xx = 0, xy = 0, squares = 0, b, half = 0;

	for (size_t i = 0; i < n; i++) {
		mx += x[i] / (double)n;
		my += y[i] / (double)n;
	}
	for (size_t i = 0; i < n; i++) {
		xx += (x[i] - mx) * (x[i] - mx);
		xy += (x[i] - mx) * (y[i] - my);
	}
	if (n < 2 || xx <= 0)
		return -1;
	b = xy / xx;
	for (size_t i = 0; i < n; i++) {
		const double off = y[i] - my - b * (x[i] - mx);

		squares += off * off;
	}
	if (n > 2)
		half = stats_student(n - 2) * sqrt(squares / (double)(n - 2));
	stats_around(slope, b, half / sqrt(xx), n > 2);
	stats_around(est, my + b * (at - mx),
		     half * sqrt(1 / (double)n + (at - mx) * (at - mx) / xx), n > 2);
	return 0;
}
