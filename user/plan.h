/* SPDX-License-Identifier: GPL-2.0 */
/* From the axes asked for to the list of cells. */
#ifndef IPCSCOPE_PLAN_H
#define IPCSCOPE_PLAN_H

#include "cell.h"
#include "cli.h"
#include "topo.h"

/**
 * struct plan - the cells of a run, in report order
 * @n:		how many
 * @cell:	them
 */
struct plan {
	size_t n;
	struct cell *cell;
};

/**
 * plan_build() - lay out all cells; those that cannot run here are CELL_SKIP
 * @plan:	filled; release with plan_free()
 * @cfg:	what was asked for
 * @topo:	CPUs to choose from
 *
 * Return: 0 or -ENOMEM.
 */
int plan_build(struct plan *plan, const struct run_cfg *cfg, const struct topo *topo);

void plan_free(struct plan *plan);

/* How many cells have this status? */
size_t plan_count(const struct plan *plan, enum cell_status status);

#endif /* IPCSCOPE_PLAN_H */
