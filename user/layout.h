/* SPDX-License-Identifier: GPL-2.0 */
/* Which workers a cell has, and where they run. */
#ifndef IPCSCOPE_LAYOUT_H
#define IPCSCOPE_LAYOUT_H

#include "cell.h"
#include "topo.h"

/**
 * layout_make() - fill in the workers of a cell
 * @c:		its mechanism, pattern, placement and width are set
 * @topo:	CPUs to choose from
 * @why:	reason on error
 *
 * Return: 0; -ENODEV there are not enough CPUs that lie so; -ENOMEM.
 */
int layout_make(struct cell *c, const struct topo *topo, struct mech_why *why);

/* The greatest width that a wide cell of this pattern and placement can have; 0: none. */
unsigned int layout_width_max(enum cell_pattern pattern, enum topo_place place,
			      const struct topo *topo);

#endif /* IPCSCOPE_LAYOUT_H */
