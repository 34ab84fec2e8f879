// SPDX-License-Identifier: GPL-2.0
/* Known answers of the Universal Scalability Law's fit. */
#include <errno.h>
#include <math.h>
#include "kselftest_harness.h"
#include "usl.h"

#define WIDTHS	8
#define ROUNDS	5

static const struct usl planted = { .lambda = 250000, .sigma = 0.05, .kappa = 0.01 };

static double planted_peak(void)
{
	return sqrt((1 - planted.sigma) / planted.kappa);
}

static void plant(struct usl_point *p, size_t n, const struct usl *u)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (struct usl_point){ .n = (double)(i + 1), .x = usl_speed(u, i + 1.0) };
}

/* Normal, by Box and Muller. */
static double noise(uint64_t *rng)
{
	double a = ((double)(stats_random(rng) >> 11) + 0.5) / 9007199254740992.0;
	double b = ((double)(stats_random(rng) >> 11) + 0.5) / 9007199254740992.0;

	return sqrt(-2 * log(a)) * cos(6.283185307179586 * b);
}

static int fit_noisy(struct usl *u, double share, uint64_t *rng)
{
	struct usl_point p[WIDTHS];

	plant(p, WIDTHS, &planted);
	for (size_t i = 0; i < WIDTHS; i++)
		p[i].x *= 1 + share * noise(rng);
	return usl_fit(p, WIDTHS, u);
}

#define EXPECT_NEAR(want, got, part) EXPECT_LT(fabs((got) - (want)), (part) * fabs(want)) { \
	TH_LOG("%g, not %g", (double)(got), (double)(want));			\
}

TEST(recovers_what_was_planted)
{
	struct usl_point p[WIDTHS];
	struct usl u;
	double peak;

	plant(p, WIDTHS, &planted);
	ASSERT_EQ(0, usl_fit(p, WIDTHS, &u));
	EXPECT_NEAR(planted.lambda, u.lambda, 0.000000001);
	EXPECT_NEAR(planted.sigma, u.sigma, 0.000000001);
	EXPECT_NEAR(planted.kappa, u.kappa, 0.000000001);
	ASSERT_TRUE(usl_peak(&u, &peak));
	/* sqrt(0.95 / 0.01) */
	EXPECT_NEAR(9.7467943, peak, 0.000001);
}

TEST(recovers_it_from_few_and_from_far)
{
	static const double n[] = { 1, 48, 256 };
	struct usl_point p[3];
	struct usl u;

	for (size_t i = 0; i < 3; i++)
		p[i] = (struct usl_point){ .n = n[i], .x = usl_speed(&planted, n[i]) };
	ASSERT_EQ(0, usl_fit(p, 3, &u));
	EXPECT_NEAR(planted.sigma, u.sigma, 0.0000001);
	EXPECT_NEAR(planted.kappa, u.kappa, 0.0000001);
}

TEST(recovers_it_through_noise)
{
	uint64_t rng = 42;
	double sigma = 0, kappa = 0, lambda = 0;
	struct usl u;

	for (int i = 0; i < 1000; i++) {
		ASSERT_EQ(0, fit_noisy(&u, 0.01, &rng));
		lambda += u.lambda / 1000;
		sigma += u.sigma / 1000;
		kappa += u.kappa / 1000;
	}
	EXPECT_NEAR(planted.lambda, lambda, 0.01);
	EXPECT_NEAR(planted.sigma, sigma, 0.05);
	EXPECT_NEAR(planted.kappa, kappa, 0.05);
}

/* Every point counts by its relative error: a large X must not drown a small one. */
TEST(errors_count_as_shares)
{
	struct usl_point p[WIDTHS];
	struct usl steep = { .lambda = 1e6, .sigma = 0, .kappa = 0 }, a, b;

	plant(p, WIDTHS, &steep);
	p[0].x *= 1.01;
	ASSERT_EQ(0, usl_fit(p, WIDTHS, &a));
	for (size_t i = 0; i < WIDTHS; i++)
		p[i].x *= 1000;
	ASSERT_EQ(0, usl_fit(p, WIDTHS, &b));
	EXPECT_NEAR(a.sigma, b.sigma, 0.000000001);
	EXPECT_NEAR(1000 * a.lambda, b.lambda, 0.000000001);
	/* The first point alone pulls lambda; its weight is that of the others. */
	EXPECT_GT(a.lambda, 1.004e6);
}

static int covers(const struct usl *fit, enum usl_estimate what, double truth)
{
	struct stats_estimate e;

	return !usl_estimate(fit, ROUNDS, what, &e) && e.has_ci && e.lo <= truth && truth <= e.hi;
}

/* 95 of 100 intervals hold the truth; 4000 tries leave +-1 for three sigmas. */
TEST(intervals_cover_what_they_claim)
{
	const double truth[USL_COUNT] = {
		planted.lambda, planted.sigma, planted.kappa, planted_peak(),
		usl_speed(&planted, planted_peak()),
	};
	const int tries = 4000;
	int hit[USL_COUNT] = { 0 };
	struct usl fit[ROUNDS];
	uint64_t rng = 7;

	for (int i = 0; i < tries; i++) {
		for (int r = 0; r < ROUNDS; r++)
			ASSERT_EQ(0, fit_noisy(&fit[r], 0.01, &rng));
		for (enum usl_estimate what = 0; what < USL_COUNT; what++)
			hit[what] += covers(fit, what, truth[what]);
	}
	for (enum usl_estimate what = 0; what < USL_COUNT; what++) {
		EXPECT_GT(hit[what], tries * 0.93) {
			TH_LOG("estimate %d: %d of %d", what, hit[what], tries);
		}
		EXPECT_LT(hit[what], tries * 0.97) {
			TH_LOG("estimate %d: %d of %d", what, hit[what], tries);
		}
	}
}

TEST(linear_has_no_peak)
{
	const struct usl linear = { .lambda = 10, .sigma = 0, .kappa = 0 };
	struct usl fit[2] = { planted, linear };
	struct stats_estimate e;
	double peak;

	EXPECT_FALSE(usl_peak(&linear, &peak));
	EXPECT_EQ(-EDOM, usl_estimate(fit, 2, USL_PEAK, &e));
	EXPECT_EQ(-EDOM, usl_estimate(fit, 2, USL_PEAK_X, &e));
	EXPECT_EQ(0, usl_estimate(fit, 2, USL_KAPPA, &e));
	EXPECT_NEAR(planted.kappa / 2, e.mean, 0.000000001);
}

TEST(a_queue_of_one_has_no_peak)
{
	const struct usl serial = { .lambda = 10, .sigma = 1.2, .kappa = 0.1 };
	double peak;

	EXPECT_FALSE(usl_peak(&serial, &peak));
}

TEST(more_than_linear_is_not_hidden)
{
	const struct usl super = { .lambda = 10, .sigma = -0.1, .kappa = 0.02 };
	struct usl_point p[WIDTHS];
	struct usl u;

	plant(p, WIDTHS, &super);
	ASSERT_EQ(0, usl_fit(p, WIDTHS, &u));
	EXPECT_NEAR(super.sigma, u.sigma, 0.000000001);
}

TEST(one_round_has_no_interval)
{
	struct stats_estimate e;

	ASSERT_EQ(0, usl_estimate(&planted, 1, USL_PEAK, &e));
	EXPECT_FALSE(e.has_ci);
	EXPECT_NEAR(planted_peak(), e.mean, 0.000000001);
}

TEST(too_little_is_refused)
{
	struct usl_point p[WIDTHS];
	struct usl u;

	plant(p, WIDTHS, &planted);
	EXPECT_EQ(-ERANGE, usl_fit(p, 2, &u));
	/* Four points, but two widths. */
	p[2] = p[0];
	p[3] = p[1];
	EXPECT_EQ(-ERANGE, usl_fit(p, 4, &u));
}

TEST(nonsense_is_refused)
{
	static const struct usl_point bad[] = {
		{ .n = 0, .x = 1 }, { .n = -1, .x = 1 }, { .n = 2, .x = 0 }, { .n = 2, .x = -1 },
		{ .n = NAN, .x = 1 }, { .n = 2, .x = NAN }, { .n = INFINITY, .x = 1 },
		{ .n = 2, .x = INFINITY },
	};
	struct usl_point p[WIDTHS];
	struct usl u;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		plant(p, WIDTHS, &planted);
		p[1] = bad[i];
		EXPECT_EQ(-ERANGE, usl_fit(p, WIDTHS, &u));
	}
}

/* So steep at first that the law would need a one that takes less than no time. */
TEST(no_speed_of_one_is_refused)
{
	const struct usl_point p[] = { { 1, 1e9 }, { 2, 1 }, { 3, 0.6 }, { 4, 0.5 } };
	struct usl u;

	EXPECT_EQ(-EDOM, usl_fit(p + 1, 3, &u));
}

TEST_HARNESS_MAIN
