// SPDX-License-Identifier: GPL-2.0
#include "kselftest_harness.h"
#include "stats.h"

TEST(equal_blocks_have_no_width)
{
	struct stats_sample s[6];
	struct stats_estimate e;

	for (int i = 0; i < 6; i++)
		s[i] = (struct stats_sample){ .launch = i / 3, .value = 42 };
	ASSERT_EQ(0, stats_estimate(s, 6, &e));
	EXPECT_TRUE(e.has_ci);
	EXPECT_TRUE(e.mean == 42 && e.lo == 42 && e.hi == 42);
}

TEST(one_block_has_no_interval)
{
	struct stats_sample s = { .launch = 0, .value = 1 };
	struct stats_estimate e;

	ASSERT_EQ(0, stats_estimate(&s, 1, &e));
	EXPECT_FALSE(e.has_ci);
	EXPECT_TRUE(e.mean == 1);
}

/* Blocks that agree within a launch say nothing about the next launch. */
TEST(launches_that_differ_widen_the_interval)
{
	struct stats_sample s[40];
	struct stats_estimate within, between;

	for (int i = 0; i < 40; i++)
		s[i] = (struct stats_sample){ .launch = i / 10, .value = i % 2 ? 90 : 110 };
	ASSERT_EQ(0, stats_estimate(s, 40, &within));
	for (int i = 0; i < 40; i++)
		s[i].value = i / 10 % 2 ? 90 : 110;
	ASSERT_EQ(0, stats_estimate(s, 40, &between));
	EXPECT_TRUE(within.mean == 100 && between.mean == 100);
	/* 40 independent blocks: 1.96 * 10 / sqrt(40) = 3.1; 4 launches: up to 10 */
	EXPECT_TRUE(within.hi - within.lo < 10);
	EXPECT_TRUE(between.hi - between.lo > 15);
}

TEST(the_same_samples_give_the_same_interval)
{
	struct stats_sample s[10];
	struct stats_estimate a, b;

	for (int i = 0; i < 10; i++)
		s[i] = (struct stats_sample){ .launch = i / 5, .value = i * i };
	ASSERT_EQ(0, stats_estimate(s, 10, &a));
	ASSERT_EQ(0, stats_estimate(s, 10, &b));
	EXPECT_TRUE(a.lo == b.lo && a.hi == b.hi);
	EXPECT_TRUE(a.lo < a.mean && a.mean < a.hi);
}

/*
 * Coverage: the 95 % interval of the mean of uniform numbers must hold the true mean
 * about 95 times in 100. With 30 blocks a bootstrap covers a little less.
 */
TEST(the_interval_covers)
{
	uint64_t rng = 12345;
	int hits = 0;

	for (int t = 0; t < 200; t++) {
		struct stats_sample s[30];
		struct stats_estimate e;

		for (unsigned int i = 0; i < 30; i++)
			s[i] = (struct stats_sample){
				.value = (double)(stats_random(&rng) >> 11) / (1ULL << 53),
			};
		ASSERT_EQ(0, stats_estimate(s, 30, &e));
		hits += e.lo <= 0.5 && 0.5 <= e.hi;
	}
	EXPECT_GE(hits, 178);
	EXPECT_LE(hits, 199);
}

TEST_HARNESS_MAIN
