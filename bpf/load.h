/* SPDX-License-Identifier: GPL-2.0 */
/* Probe sets that are loaded: once each, however many cells are traced with them. */
#ifndef IPCSCOPE_LOAD_H
#define IPCSCOPE_LOAD_H

#include <stdint.h>
#include "host.h"
#include "sets.h"

/**
 * struct loaded - a loaded probe set
 * @set:	which
 * @s:		its skeleton; s.skel is NULL where no program of it can be used
 * @sh:		the state shared with the probes, mapped MAP_SHARED
 * @absent:	phases without their hooks
 * @hook:	per phase, the hook that ends it
 * @why:	why it could not be loaded; for set_any why no program of it could
 * @err:	likewise
 * @refs:	handles
 * @next:	in the list of all
 */
struct loaded {
	const struct probe_set *set;
	struct set_skel s;
	struct phase_shared *sh;
	unsigned int absent;
	char hook[PHASE_COUNT][64];
	struct mech_why why;
	int err;
	unsigned int refs;
	struct loaded *next;
};

/* As trace_open(), for a set. A failure is remembered, and not tried again. */
int load_get(struct loaded **out, const struct probe_set *set, struct mech_why *why);

/* Accepts NULL. The last one unloads it. */
void load_put(struct loaded *l);

#endif /* IPCSCOPE_LOAD_H */
