// SPDX-License-Identifier: GPL-2.0
#include <math.h>
#include "kselftest_harness.h"
#include "stats.h"

TEST(equal_blocks_have_no_width)
{
	struct stats_sample s[6];
	struct stats_estimate e;

	for (int i = 0; i < 6; i++)
		s[i] = (struct stats_sample){ .launch = i / 3, .value = 42 };
	stats_estimate(s, 6, &e);
	EXPECT_TRUE(e.has_ci);
	EXPECT_TRUE(e.mean == 42 && e.lo == 42 && e.hi == 42);
}

TEST(one_launch_has_no_interval)
{
	struct stats_sample s[] = { { .value = 1 }, { .value = 3 } };
	struct stats_estimate e;

	stats_estimate(s, 2, &e);
	EXPECT_FALSE(e.has_ci);
	EXPECT_TRUE(e.mean == 2);
}

/* Blocks that agree within a launch say nothing about the next launch. */
TEST(launches_that_differ_widen_the_interval)
{
	struct stats_sample s[40];
	struct stats_estimate within, between;

	for (int i = 0; i < 40; i++)
		s[i] = (struct stats_sample){ .launch = i / 10, .value = i % 2 ? 90 : 110 };
	stats_estimate(s, 40, &within);
	for (int i = 0; i < 40; i++)
		s[i].value = i / 10 % 2 ? 90 : 110;
	stats_estimate(s, 40, &between);
	EXPECT_TRUE(within.mean == 100 && between.mean == 100);
	/* 4 launches: 3.18 * 11.5 / sqrt(4) = 18.4 */
	EXPECT_TRUE(within.hi - within.lo < 10);
	EXPECT_TRUE(between.hi > 118 && between.hi < 119 && between.lo < 82);
}

TEST(the_same_samples_give_the_same_interval)
{
	struct stats_sample s[10];
	struct stats_estimate a, b;

	for (int i = 0; i < 10; i++)
		s[i] = (struct stats_sample){ .launch = i / 5, .value = i * i };
	stats_estimate(s, 10, &a);
	stats_estimate(s, 10, &b);
	EXPECT_TRUE(a.lo == b.lo && a.hi == b.hi);
	EXPECT_TRUE(a.lo < a.mean && a.mean < a.hi);
}

static double uniform(uint64_t *rng)
{
	return (double)(stats_random(rng) >> 11) / (1ULL << 53);
}

/*
 * Coverage: the 95 % interval must hold the true mean about 95 times in 100, with the
 * 3 launches of the default as with many, when launches differ more than their blocks.
 */
TEST(the_interval_covers)
{
	uint64_t rng = 12345;

	for (unsigned int launches = 2; launches <= 12; launches++) {
		int hits = 0;

		for (int t = 0; t < 2000; t++) {
			struct stats_sample s[48];
			struct stats_estimate e;
			double launch = 0;

			for (unsigned int i = 0; i < 4 * launches; i++) {
				/* Nearly normal: the sum of four. */
				if (i % 4 == 0)
					launch = uniform(&rng) + uniform(&rng) + uniform(&rng) +
						 uniform(&rng) - 2;
				s[i] = (struct stats_sample){
					.launch = i / 4, .value = 9 + launch + uniform(&rng) / 4,
				};
			}
			stats_estimate(s, 4 * launches, &e);
			hits += e.lo <= 9.125 && 9.125 <= e.hi;
		}
		EXPECT_GE(hits, 1870);
		EXPECT_LE(hits, 1930);
	}
}

/* y = 7 + 3x, where it is told and where it is not. */
TEST(line_exact)
{
	const double x[] = { 0, 1, 2, 4 }, y[] = { 7, 10, 13, 19 };
	struct stats_estimate at, slope;

	ASSERT_EQ(0, stats_line(x, y, 4, -1, &at, &slope));
	EXPECT_LT(fabs(at.mean - 4), 0.000001);
	EXPECT_LT(fabs(slope.mean - 3), 0.000001);
	EXPECT_LT(at.hi - at.lo, 0.000001);
	EXPECT_TRUE(at.has_ci && slope.has_ci);
}

/* By hand: slope 1.5, residuals 0.5, -1, 0.5; s^2 = 1.5, t = 12.7062, sum of (x - 1)^2 = 2. */
TEST(line_interval)
{
	const double x[] = { 0, 1, 2 }, y[] = { 1, 1, 4 };
	struct stats_estimate at, slope;

	ASSERT_EQ(0, stats_line(x, y, 3, 1, &at, &slope));
	EXPECT_LT(fabs(at.mean - 2), 0.000001);
	EXPECT_LT(fabs(slope.mean - 1.5), 0.000001);
	EXPECT_LT(fabs(slope.hi - 1.5 - 12.7062 * sqrt(1.5 / 2)), 0.0001);
	EXPECT_LT(fabs(at.hi - 2 - 12.7062 * sqrt(1.5 / 3)), 0.0001);
}

TEST(line_of_nothing)
{
	const double x[] = { 2, 2 }, y[] = { 1, 5 };
	struct stats_estimate at, slope;

	EXPECT_EQ(-1, stats_line(x, y, 2, 0, &at, &slope));
	EXPECT_EQ(-1, stats_line(x, y, 1, 0, &at, &slope));
	EXPECT_EQ(-1, stats_line(x, y, 0, 0, &at, &slope));
}

TEST_HARNESS_MAIN
