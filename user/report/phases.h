/* SPDX-License-Identifier: GPL-2.0 */
/* The waterfall of traced cells. */
#ifndef IPCSCOPE_REPORT_PHASES_H
#define IPCSCOPE_REPORT_PHASES_H

#include <jansson.h>
#include <stdio.h>

/* Print the phases, certificate and probe cost of every traced cell. */
void phases_print(json_t *cells, FILE *f);

#endif /* IPCSCOPE_REPORT_PHASES_H */
