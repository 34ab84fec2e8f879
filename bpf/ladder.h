/* SPDX-License-Identifier: GPL-2.0 */
/* Programs that do nothing, beside each one of a loaded set: what a dispatch costs. */
#ifndef IPCSCOPE_LADDER_H
#define IPCSCOPE_LADDER_H

#include "load.h"

#define LADDER_MAX	4
#define LADDER_FDS	(2 * LADDER_MAX * SET_HOOKS_MAX)

/**
 * struct ladder - empty programs that are attached
 * @fd:		programs and links
 * @n:		entries in @fd
 */
struct ladder {
	int fd[LADDER_FDS];
	unsigned int n;
};

/* @copies, at most LADDER_MAX, of each program of @l that is used. 0 or -errno, then none. */
int ladder_attach(struct ladder *a, const struct loaded *l, unsigned int copies);
void ladder_detach(struct ladder *a);

#endif /* IPCSCOPE_LADDER_H */
