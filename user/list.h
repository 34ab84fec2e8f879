/* SPDX-License-Identifier: GPL-2.0 */
/* `ipcscope list`: the mechanisms, and whether they can run here. */
#ifndef IPCSCOPE_LIST_H
#define IPCSCOPE_LIST_H

#include <jansson.h>
#include <stdio.h>

/**
 * struct list_trait - a trait's name
 * @bit:	MECH_T_*
 * @name:	as it is shown
 */
struct list_trait {
	unsigned int bit;
	const char *name;
};

/* All of them, in the order of the table; the last one's name is NULL. */
extern const struct list_trait list_traits[];

/* The mechanisms as data; NULL without memory. */
json_t *list_build(void);

/* The same for people. */
void list_print(json_t *list, FILE *f);

#endif /* IPCSCOPE_LIST_H */
