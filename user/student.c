// SPDX-License-Identifier: GPL-2.0
#include <float.h>
#include <math.h>
#include "student.h"

/* A factor this close to 1 no longer counts. */
#define STUDENT_EPS	(64 * DBL_EPSILON)

/* One step of Lentz's evaluation: returns the factor of the term @a. */
static double student_step(double a, double *c, double *d)
{
	*d = 1 + a * *d;
	*d = 1 / (*d ? *d : DBL_MIN);
	*c = 1 + a / *c;
	if (!*c)
		*c = DBL_MIN;
	return *c * *d;
}

/*
 * The continued fraction of the incomplete beta function, Abramowitz and Stegun 26.5.8.
 * Below x = (a + 1) / (a + b + 2) it takes a few times sqrt(max(a, b)) terms.
 */
static double student_fraction(double a, double b, double x)
{
	double c = 1, d = 1 / (1 - (a + b) * x / (a + 1)), f = d;

	for (int m = 1; m < 10000; m++) {
		double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		double factor;

		f *= student_step(even, &c, &d);
		factor = student_step(odd, &c, &d);
		f *= factor;
		if (fabs(factor - 1) < STUDENT_EPS)
			break;
	}
	return f;
}

/* The regularised incomplete beta function I_x(a, b). */
static double student_beta(double x, double a, double b)
{
	double front;

	if (x <= 0 || x >= 1)
		return x >= 1;
	front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
	if (x < (a + 1) / (a + b + 2))
		return front * student_fraction(a, b, x) / a;
	return 1 - front * student_fraction(b, a, 1 - x) / b;
}

double student_tail(double t, double freedom)
{
	/* Abramowitz and Stegun 26.7.1. */
	return student_beta(freedom / (freedom + t * t), freedom / 2, 0.5) / 2;
}

double student_quantile(double tail, double freedom)
{
	double lo = 0, hi = 1;

	while (student_tail(hi, freedom) > tail)
		hi *= 2;
	/* Halved until nothing is left between them: a double has 53 bits. */
	for (int i = 0; i < 60; i++) {
		double mid = (lo + hi) / 2;

		if (student_tail(mid, freedom) > tail)
			lo = mid;
		else
			hi = mid;
	}
	return hi;
}
