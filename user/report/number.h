/* SPDX-License-Identifier: GPL-2.0 */
/* Figures for people. */
#ifndef IPCSCOPE_REPORT_NUMBER_H
#define IPCSCOPE_REPORT_NUMBER_H

#include <stddef.h>
#include <stdint.h>

/* Both return @buf. */

/* An integer with thousands separators. */
char *report_count(char *buf, size_t len, uint64_t v);

/* A measured value: likewise to the unit, or one decimal below 100. */
char *report_number(char *buf, size_t len, double v);

#endif /* IPCSCOPE_REPORT_NUMBER_H */
