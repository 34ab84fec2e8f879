// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include "kselftest_harness.h"
#include "hist.h"

static struct hist h, other;

TEST(small_values_have_a_bucket_each)
{
	for (uint64_t v = 0; v < 256; v++) {
		EXPECT_EQ(v, hist_index(v));
		EXPECT_EQ(v, hist_upper((unsigned int)v));
	}
}

TEST(buckets_are_contiguous_and_narrow)
{
	/* Around every power of two: nothing falls between, nothing is too wide. */
	for (int bit = 8; bit < 64; bit++) {
		for (int64_t d = -3; d <= 3; d++) {
			uint64_t v = (1ULL << bit) + (uint64_t)d;
			unsigned int i = hist_index(v);

			ASSERT_LT(i, HIST_BUCKETS);
			EXPECT_LE(v, hist_upper(i));
			EXPECT_GT(v, hist_upper(i - 1));
			/* (upper - v) / v <= 2^-7 */
			EXPECT_LE(hist_upper(i) - v, v >> 7);
		}
	}
	EXPECT_EQ(HIST_BUCKETS - 1, hist_index(UINT64_MAX));
	EXPECT_EQ(UINT64_MAX, hist_upper(HIST_BUCKETS - 1));
}

TEST(extremes_are_exact)
{
	EXPECT_EQ(0, hist_min(&h));
	hist_add(&h, 1000003);
	hist_add(&h, 0);
	hist_add(&h, UINT64_MAX);
	EXPECT_EQ(3, h.n);
	EXPECT_EQ(0, hist_min(&h));
	EXPECT_EQ(UINT64_MAX, h.max);
}

TEST(quantiles_of_a_known_distribution)
{
	uint64_t v = 0xcccc;

	for (uint64_t i = 1; i <= 200; i++)
		hist_add(&h, i);
	ASSERT_EQ(0, hist_quantile(&h, 500, &v));
	EXPECT_EQ(100, v);
	ASSERT_EQ(0, hist_quantile(&h, 950, &v));
	EXPECT_EQ(190, v);
	ASSERT_EQ(0, hist_quantile(&h, 50, &v));
	EXPECT_EQ(10, v);
}

TEST(quantiles_without_support_are_refused)
{
	uint64_t v = 0xcccc;

	EXPECT_EQ(-ENODATA, hist_quantile(&h, 500, &v));
	for (uint64_t i = 1; i <= 999; i++)
		hist_add(&h, i);
	/* rank 990: nine values above it */
	EXPECT_EQ(-ENODATA, hist_quantile(&h, 990, &v));
	EXPECT_EQ(0xcccc, v);
	hist_add(&h, 1000);
	ASSERT_EQ(0, hist_quantile(&h, 990, &v));
	/* 990 lies in a bucket of width 4 (512..1023 in 128 parts): 988..991 */
	EXPECT_EQ(991, v);
	EXPECT_EQ(-ENODATA, hist_quantile(&h, 999, &v));
}

TEST(a_quantile_never_exceeds_the_maximum)
{
	uint64_t v;

	for (int i = 0; i < 100; i++)
		hist_add(&h, 1025);
	ASSERT_EQ(0, hist_quantile(&h, 500, &v));
	EXPECT_EQ(1025, v);
}

TEST(merging_is_adding)
{
	uint64_t v;

	for (uint64_t i = 0; i < 100; i++) {
		hist_add(&h, 5000 + i);
		hist_add(&other, 100 + i);
	}
	hist_merge(&h, &other);
	EXPECT_EQ(200, h.n);
	EXPECT_EQ(100, hist_min(&h));
	EXPECT_EQ(5099, h.max);
	ASSERT_EQ(0, hist_quantile(&h, 500, &v));
	EXPECT_EQ(199, v);
	hist_merge(&h, &(struct hist){ 0 });
	EXPECT_EQ(100, hist_min(&h));
}

TEST_HARNESS_MAIN
