/* SPDX-License-Identifier: GPL-2.0 */
/* A service core beside the same CPUs used alike. */
#ifndef IPCSCOPE_REPORT_AMP_H
#define IPCSCOPE_REPORT_AMP_H

#include <jansson.h>
#include <stdio.h>

/* Print each measured cell of placement amp and the smp cell of as many CPUs. */
void amp_print(json_t *cells, FILE *f);

#endif /* IPCSCOPE_REPORT_AMP_H */
