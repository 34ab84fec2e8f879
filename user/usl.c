// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include "usl.h"

#define USL_PARAMETERS	3

/* A column this much shorter once the others are taken out of it is made of them. */
#define USL_RANK	0.000000001

/* Row @i of the weighted equations: n / X = a + b (n - 1) + c n (n - 1), times X / n. */
static double usl_coefficient(const struct usl_point *p, int column)
{
	const double weight = p->x / p->n;

	return weight * (column == 0 ? 1 : column == 1 ? p->n - 1 : p->n * (p->n - 1));
}

static double usl_dot(const double *a, const double *b, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

/*
 * Modified Gram-Schmidt: makes the columns of @q orthonormal, and keeps in @r what they
 * were made of. -ERANGE if one is made of the others.
 */
static int usl_orthogonalize(double *q[USL_PARAMETERS], size_t n,
			     double r[USL_PARAMETERS][USL_PARAMETERS])
{
	for (int j = 0; j < USL_PARAMETERS; j++) {
		const double length = sqrt(usl_dot(q[j], q[j], n));

		for (int k = 0; k < j; k++) {
			r[k][j] = usl_dot(q[k], q[j], n);
			for (size_t i = 0; i < n; i++)
				q[j][i] -= r[k][j] * q[k][i];
		}
		r[j][j] = sqrt(usl_dot(q[j], q[j], n));
		if (!(r[j][j] > USL_RANK * length))
			return -ERANGE;
		for (size_t i = 0; i < n; i++)
			q[j][i] /= r[j][j];
	}
	return 0;
}

/* The right-hand side is 1 in every equation: (n / X) * (X / n). */
static int usl_solve(double *q[USL_PARAMETERS], size_t n, double solution[USL_PARAMETERS])
{
	double r[USL_PARAMETERS][USL_PARAMETERS];
	int ret = usl_orthogonalize(q, n, r);

	if (ret)
		return ret;
	for (int j = USL_PARAMETERS - 1; j >= 0; j--) {
		double sum = 0;

		for (size_t i = 0; i < n; i++)
			sum += q[j][i];
		for (int k = j + 1; k < USL_PARAMETERS; k++)
			sum -= r[j][k] * solution[k];
		solution[j] = sum / r[j][j];
	}
	return 0;
}

int usl_fit(const struct usl_point *p, size_t n, struct usl *u)
{
	double *q[USL_PARAMETERS], solution[USL_PARAMETERS];
	double *mem;
	int ret;

	if (n < USL_POINTS_MIN)
		return -ERANGE;
	mem = calloc(n * USL_PARAMETERS, sizeof(*mem));
	if (!mem)
		return -ENOMEM;
	ret = 0;
	for (size_t i = 0; i < n; i++)
		if (!(p[i].n >= 1) || !(p[i].x > 0) || isinf(p[i].n) || isinf(p[i].x))
			ret = -ERANGE;
	for (int j = 0; j < USL_PARAMETERS; j++) {
		q[j] = mem + (size_t)j * n;
		for (size_t i = 0; i < n; i++)
			q[j][i] = usl_coefficient(&p[i], j);
	}
	if (!ret)
		ret = usl_solve(q, n, solution);
	free(mem);
	if (ret)
		return ret;
	if (!(solution[0] > 0))
		return -EDOM;
	*u = (struct usl){
		.lambda = 1 / solution[0],
		.sigma = solution[1] / solution[0],
		.kappa = solution[2] / solution[0],
	};
	return 0;
}

double usl_speed(const struct usl *u, double n)
{
	return u->lambda * n / (1 + u->sigma * (n - 1) + u->kappa * n * (n - 1));
}

bool usl_peak(const struct usl *u, double *n)
{
	if (!(u->kappa > 0) || !(u->sigma < 1))
		return false;
	*n = sqrt((1 - u->sigma) / u->kappa);
	return true;
}

/* Of one round; for the peak's two the logarithm. */
static int usl_value(const struct usl *u, enum usl_estimate what, double *value)
{
	double peak;

	switch (what) {
	case USL_LAMBDA:
		*value = u->lambda;
		return 0;
	case USL_SIGMA:
		*value = u->sigma;
		return 0;
	case USL_KAPPA:
		*value = u->kappa;
		return 0;
	default:
		break;
	}
	if (!usl_peak(u, &peak))
		return -EDOM;
	*value = log(what == USL_PEAK ? peak : usl_speed(u, peak));
	return isfinite(*value) ? 0 : -EDOM;
}

int usl_estimate(const struct usl *fit, size_t rounds, enum usl_estimate what,
		 struct stats_estimate *est)
{
	struct stats_sample *sample = calloc(rounds, sizeof(*sample));
	int ret = sample ? 0 : -ENOMEM;

	for (size_t i = 0; !ret && i < rounds; i++) {
		sample[i].launch = (unsigned int)i;
		ret = usl_value(&fit[i], what, &sample[i].value);
	}
	if (!ret)
		stats_estimate(sample, rounds, est);
	free(sample);
	if (ret || what < USL_PEAK)
		return ret;
	est->mean = exp(est->mean);
	est->lo = exp(est->lo);
	est->hi = exp(est->hi);
	return 0;
}
