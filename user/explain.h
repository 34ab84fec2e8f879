/* SPDX-License-Identifier: GPL-2.0 */
/* `ipcscope trace --explain`: which stamps could be taken here, and why not the others. */
#ifndef IPCSCOPE_EXPLAIN_H
#define IPCSCOPE_EXPLAIN_H

#include <jansson.h>
#include <stdio.h>
#include "cli.h"

/* One entry for each mechanism and way to wait; nothing is run. NULL without memory. */
json_t *explain_build(const struct run_cfg *cfg);

/* The same for people; mechanisms with the same answer stand together. */
void explain_print(json_t *explained, FILE *f);

#endif /* IPCSCOPE_EXPLAIN_H */
