/* SPDX-License-Identifier: GPL-2.0 */
/* `ipcscope list`: the mechanisms, and whether they can run here. */
#ifndef IPCSCOPE_LIST_H
#define IPCSCOPE_LIST_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/**
 * struct list_trait - a trait for people
 * @bit:	MECH_T_*
 * @name:	as it is shown
 * @head:	above its column of the table, NULL: in the last one
 * @means:	what a user gets
 */
struct list_trait {
	unsigned int bit;
	const char *name;
	const char *head;
	const char *means;
};

/* All of them, in the order of the table; the last one's name is NULL. */
extern const struct list_trait list_traits[];

/**
 * list_build() - the mechanisms as data
 * @capacity:	also fill an instance of each, to see what it takes
 *
 * Return: NULL without memory.
 */
json_t *list_build(bool capacity);

/* The same for people: names and summaries, and with @verbose all there is to say. */
void list_print(json_t *list, bool verbose, FILE *f);

/* Traits and capacity, as a table. */
void list_print_traits(json_t *list, FILE *f);

#endif /* IPCSCOPE_LIST_H */
