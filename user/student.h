/* SPDX-License-Identifier: GPL-2.0 */
/* Student's distribution, for any level and any degrees of freedom. */
#ifndef IPCSCOPE_STUDENT_H
#define IPCSCOPE_STUDENT_H

/**
 * student_tail() - how rare is a value this far out on one side?
 * @t:		the value, from 0 up
 * @freedom:	degrees of freedom, above 0, need not be whole
 *
 * Return: the probability of @t or more.
 */
double student_tail(double t, double freedom);

/**
 * student_quantile() - the value that is exceeded with a given probability
 * @tail:	probability, above 0, at most 0.5
 * @freedom:	degrees of freedom, from 1 up, need not be whole
 *
 * The inverse of student_tail().
 */
double student_quantile(double tail, double freedom);

#endif /* IPCSCOPE_STUDENT_H */
