/* SPDX-License-Identifier: GPL-2.0 */
/* The waterfall of traced cells. */
#ifndef IPCSCOPE_REPORT_PHASES_H
#define IPCSCOPE_REPORT_PHASES_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

/* Print the phases, certificate and probe cost of every traced cell. */
void phases_print(json_t *cells, FILE *f);

/* Say which mechanisms have no phases, and why. */
void phases_absent(json_t *cells, FILE *f);

/* How much is wrong with a certificate; 0: it holds. */
uint64_t phases_broken(json_t *cert);

#endif /* IPCSCOPE_REPORT_PHASES_H */
