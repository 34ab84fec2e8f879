/* SPDX-License-Identifier: GPL-2.0 */
/* The circumstances of a run: everything that another reader needs to judge it. */
#ifndef IPCSCOPE_MANIFEST_H
#define IPCSCOPE_MANIFEST_H

#include <jansson.h>
#include "cli.h"
#include "clock.h"
#include "topo.h"

/**
 * manifest_build() - describe machine, kernel, tool and options
 * @cfg:	what was asked for
 * @clock:	the clock
 * @topo:	the usable CPUs
 *
 * What cannot be read here (no file, no permission) is null, never a guess.
 *
 * Return: a new object, NULL without memory.
 */
json_t *manifest_build(const struct run_cfg *cfg, const struct clock *clock,
		       const struct topo *topo);

#endif /* IPCSCOPE_MANIFEST_H */
