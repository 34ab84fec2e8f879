/* SPDX-License-Identifier: GPL-2.0 */
/* The same cells on several kernels, side by side. */
#ifndef IPCSCOPE_REPORT_KERNELS_H
#define IPCSCOPE_REPORT_KERNELS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include "notes.h"

/* Of the kernel that a cell was measured on, as uname() says. */
const char *kernels_release(json_t *result, json_t *cell);

/* Are there cells of more than one kernel release? Then a mean of all would be on none. */
bool kernels_differ(json_t *result);

/**
 * kernels_print() - compare the kernels of a result
 * @result:	a merged one
 * @notes:	reasons that are numbered so far
 * @f:		where to
 *
 * A table for each pattern, size and placement: a line for each mechanism and wait policy, a
 * column for each kernel, in the order of its first run. Several runs of one kernel are
 * taken together.
 *
 * Return: 0 or -ENOMEM.
 */
int kernels_print(json_t *result, struct notes *notes, FILE *f);

#endif /* IPCSCOPE_REPORT_KERNELS_H */
