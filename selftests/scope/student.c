// SPDX-License-Identifier: GPL-2.0
/* Student's distribution against printed tables and closed forms. */
#include <math.h>
#include "kselftest_harness.h"
#include "student.h"

/* Equal to five digits, which is what the tables have. */
static bool close_to(double value, double want)
{
	return fabs(value - want) <= 0.00001 * want;
}

TEST(quantiles_are_those_of_the_tables)
{
	static const struct {
		double tail, freedom, t;
	} known[] = {
		{ 0.025, 1, 12.7062 }, { 0.0005, 1, 636.619 }, { 0.025, 2, 4.30265 },
		{ 0.0005, 2, 31.5991 }, { 0.025, 3, 3.18245 }, { 0.0005, 3, 12.9240 },
		{ 0.025, 5, 2.57058 }, { 0.005, 5, 4.03214 }, { 0.0005, 8, 5.04131 },
		{ 0.025, 10, 2.22814 }, { 0.0005, 10, 4.58689 }, { 0.025, 30, 2.04227 },
		{ 0.0005, 30, 3.64596 }, { 0.025, 120, 1.97993 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		double t = student_quantile(known[i].tail, known[i].freedom);

		EXPECT_TRUE(close_to(t, known[i].t)) {
			TH_LOG("%g at %g degrees: %g, not %g", known[i].tail, known[i].freedom, t,
			       known[i].t);
		}
	}
}

/* With one and with two degrees of freedom the tail has a closed form, however far out. */
TEST(tails_are_exact_far_out)
{
	for (double t = 0.125; t < 1000000; t *= 2) {
		double two = t * t + 2;

		EXPECT_TRUE(close_to(student_tail(t, 1), atan(1 / t) / M_PI));
		/* 1/2 - t / (2 sqrt(t^2 + 2)), without the cancellation. */
		EXPECT_TRUE(close_to(student_tail(t, 2), 1 / (sqrt(two) * (sqrt(two) + t))));
	}
	EXPECT_TRUE(student_tail(0, 7) == 0.5);
}

TEST(broken_degrees_lie_between_whole_ones)
{
	for (double f = 1; f < 40; f += 0.25) {
		double t = student_quantile(0.00001, f);

		EXPECT_LT(student_quantile(0.00001, f + 0.25), t);
		EXPECT_TRUE(close_to(student_tail(t, f), 0.00001));
	}
}

TEST(many_degrees_are_the_normal_distribution)
{
	EXPECT_TRUE(fabs(student_quantile(0.025, 1000000) - 1.959964) < 0.00001);
	EXPECT_TRUE(fabs(student_quantile(0.0005, 1000000) - 3.290527) < 0.0001);
}

TEST_HARNESS_MAIN
