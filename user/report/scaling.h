/* SPDX-License-Identifier: GPL-2.0 */
/* Curves over widths, the law they follow, and two ways to use the same CPUs. */
#ifndef IPCSCOPE_REPORT_SCALING_H
#define IPCSCOPE_REPORT_SCALING_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* Is this cell's width a part of what it is? Then it is printed here, not in a table. */
bool scaling_is_wide(json_t *cell);

/* Print every curve of a result, then services beside what they are compared with. */
void scaling_print(json_t *result, FILE *f);

#endif /* IPCSCOPE_REPORT_SCALING_H */
