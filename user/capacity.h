/* SPDX-License-Identifier: GPL-2.0 */
/* How much a mechanism takes before its sender has to wait, measured by filling one. */
#ifndef IPCSCOPE_CAPACITY_H
#define IPCSCOPE_CAPACITY_H

#include "mech.h"

/* More than anything that has an end holds. */
#define CAPACITY_MAX	1000000u

/**
 * capacity_measure() - fill an instance that nobody reads
 * @ops:	a mechanism that its probe() lets run
 * @size:	of a message
 * @n:		messages that its sender got rid of before it would have waited
 *
 * Forks; names_begin() has been called.
 *
 * Return: 0; -ERANGE its sender did not wait in CAPACITY_MAX messages; or another -errno.
 */
int capacity_measure(const struct mech_ops *ops, size_t size, uint64_t *n);

#endif /* IPCSCOPE_CAPACITY_H */
