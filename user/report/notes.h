/* SPDX-License-Identifier: GPL-2.0 */
/* Reasons below a table, each once and with a number. */
#ifndef IPCSCOPE_REPORT_NOTES_H
#define IPCSCOPE_REPORT_NOTES_H

#include <stddef.h>
#include <stdio.h>

/**
 * struct notes - the reasons so far
 * @text:	them, borrowed
 * @n:		how many
 */
struct notes {
	const char **text;
	size_t n;
};

/* The number of a reason, from 1; the same words get the same one. 0: no memory. */
size_t notes_add(struct notes *notes, const char *reason);

/* Print all, and forget them. */
void notes_print(struct notes *notes, FILE *f);

#endif /* IPCSCOPE_REPORT_NOTES_H */
