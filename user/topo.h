/* SPDX-License-Identifier: GPL-2.0 */
/* CPUs and what they share, read once from sysfs. */
#ifndef IPCSCOPE_TOPO_H
#define IPCSCOPE_TOPO_H

#include <sched.h>
#include <stddef.h>
#include "mech.h"

/**
 * enum topo_place - how two CPUs lie to each other, nearest first
 * @PLACE_SAME_CPU:	the same one
 * @PLACE_SMT:		threads of one core
 * @PLACE_LLC:		cores under one last-level cache
 * @PLACE_NODE:		one memory node, different last-level caches
 * @PLACE_CROSS_NODE:	different memory nodes
 * @PLACE_COUNT:	how many there are
 */
enum topo_place {
	PLACE_SAME_CPU,
	PLACE_SMT,
	PLACE_LLC,
	PLACE_NODE,
	PLACE_CROSS_NODE,
	PLACE_COUNT
};

/**
 * struct topo_cpu - one usable CPU
 * @id:		its number
 * @core:	lowest CPU among its SMT siblings
 * @llc:	lowest CPU under its last-level cache, -1 if sysfs shows no cache
 * @node:	memory node, 0 if sysfs shows none
 */
struct topo_cpu {
	int id;
	int core;
	int llc;
	int node;
};

/**
 * struct topo - the usable CPUs
 * @n:		how many
 * @cpu:	ordered by number
 */
struct topo {
	size_t n;
	struct topo_cpu *cpu;
};

/**
 * topo_parse_list() - parse a CPU list such as "0-3,8"
 * @text:	the list; a trailing newline is allowed
 * @each:	called with every number, in order; non-zero ends the walk
 * @arg:	for @each
 *
 * Return: 0, -EINVAL malformed, or what @each returned.
 */
int topo_parse_list(const char *text, int (*each)(int cpu, void *arg), void *arg);

/**
 * topo_read() - read the topology
 * @t:		filled; release with topo_free()
 * @root:	"/sys", or a directory that looks like it (tests)
 * @wanted:	CPU list that the user confines the run to, NULL: all
 * @why:	reason on error
 *
 * Usable CPUs are online, in this process' affinity mask (with root "/sys") and in
 * @wanted. A CPU in @wanted that is not usable is an error.
 *
 * Return: 0 or -errno.
 */
int topo_read(struct topo *t, const char *root, const char *wanted, struct mech_why *why);

void topo_free(struct topo *t);

/* "same-cpu", "smt", ... */
const char *topo_place_name(enum topo_place place);

enum topo_place topo_relation(const struct topo_cpu *a, const struct topo_cpu *b);

/**
 * topo_pick() - the first pair of CPUs that lie as wanted
 * @t:		the topology
 * @place:	how
 * @cpu:	out: sender's and receiver's CPU
 * @why:	reason on error
 *
 * Return: 0 or -ENODEV.
 */
int topo_pick(const struct topo *t, enum topo_place place, int cpu[SIDE_COUNT],
	      struct mech_why *why);

#endif /* IPCSCOPE_TOPO_H */
