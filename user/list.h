/* SPDX-License-Identifier: GPL-2.0 */
/* `ipcscope list`: the mechanisms, and whether they can run here. */
#ifndef IPCSCOPE_LIST_H
#define IPCSCOPE_LIST_H

#include <jansson.h>
#include <stdio.h>

/* The mechanisms as data; NULL without memory. */
json_t *list_build(void);

/* The same for people. */
void list_print(json_t *list, FILE *f);

#endif /* IPCSCOPE_LIST_H */
