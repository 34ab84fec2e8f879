/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The Universal Scalability Law (Gunther, 2007): what n of something do per unit of time,
 *
 *   X(n) = lambda * n / (1 + sigma * (n - 1) + kappa * n * (n - 1))
 *
 * lambda is one's speed, sigma the share of work that waits for its turn (contention),
 * kappa what each has to agree on with each other one (coherence).
 */
#ifndef IPCSCOPE_USL_H
#define IPCSCOPE_USL_H

#include <stdbool.h>
#include <stddef.h>
#include "stats.h"

/* Fewer cannot determine three parameters; as many leave nothing to check the law by. */
#define USL_POINTS_MIN	3

/**
 * struct usl_point - one measured speed
 * @n:	how many, at least 1
 * @x:	what they did per unit of time, above 0
 */
struct usl_point {
	double n;
	double x;
};

/**
 * struct usl - parameters of the law
 * @lambda:	speed of one
 * @sigma:	contention; below 0: more than linear
 * @kappa:	coherence
 */
struct usl {
	double lambda;
	double sigma;
	double kappa;
};

/**
 * enum usl_estimate - what is estimated
 * @USL_LAMBDA:	lambda
 * @USL_SIGMA:	sigma
 * @USL_KAPPA:	kappa
 * @USL_PEAK:	n* = sqrt((1 - sigma) / kappa), from where on more is less
 * @USL_PEAK_X:	X(n*)
 * @USL_COUNT:	how many there are
 */
enum usl_estimate {
	USL_LAMBDA,
	USL_SIGMA,
	USL_KAPPA,
	USL_PEAK,
	USL_PEAK_X,
	USL_COUNT
};

/**
 * usl_fit() - the law nearest to some points
 * @p:		the points
 * @n:		how many
 * @u:		filled
 *
 * n / X(n) is linear in 1 / lambda, sigma / lambda and kappa / lambda, so this is linear
 * least squares: no start values, no iteration, one answer. Each point is weighted by
 * X(n) / n, as the error of a measured speed is a share of it: what is least is the sum
 * of the squared relative deviations.
 *
 * Return: 0; -ERANGE fewer than USL_POINTS_MIN different n, or n or x out of range;
 * -EDOM the nearest law has no speed of one (1 / lambda is not above 0).
 */
int usl_fit(const struct usl_point *p, size_t n, struct usl *u);

/* X(n) by the law. */
double usl_speed(const struct usl *u, double n);

/* n*; false: the law has none, as kappa is not above 0 or sigma not below 1. */
bool usl_peak(const struct usl *u, double *n);

/**
 * usl_estimate() - one parameter and its 95 % confidence interval
 * @fit:	one fit for each launch round
 * @rounds:	how many, at least 1
 * @what:	which parameter
 * @est:	filled
 *
 * Student's interval over the rounds, as stats_estimate() has it; of the peak's two, which
 * are above 0 and skewed, over their logarithms.
 *
 * Return: 0, or -EDOM: a round's law has no peak.
 */
int usl_estimate(const struct usl *fit, size_t rounds, enum usl_estimate what,
		 struct stats_estimate *est);

#endif /* IPCSCOPE_USL_H */
