/* SPDX-License-Identifier: GPL-2.0 */
/* CPUs and what they share, read once from sysfs. */
#ifndef IPCSCOPE_TOPO_H
#define IPCSCOPE_TOPO_H

#include <sched.h>
#include <stddef.h>
#include "mech.h"

/**
 * enum topo_place - how the CPUs of a cell lie to each other, nearest first
 * @PLACE_SAME_CPU:	the same one
 * @PLACE_SMT:		threads of one core
 * @PLACE_LLC:		cores under one last-level cache
 * @PLACE_NODE:		one memory node, different last-level caches
 * @PLACE_CROSS_NODE:	different memory nodes
 * @PLACE_PAIRS:	how many of these there are
 * @PLACE_AMP:		a service has a CPU, each of its clients another one
 * @PLACE_SMP:		the same CPUs, each with a client and a server of its own
 * @PLACE_COUNT:	how many there are
 */
enum topo_place {
	PLACE_SAME_CPU,
	PLACE_SMT,
	PLACE_LLC,
	PLACE_NODE,
	PLACE_CROSS_NODE,
	PLACE_PAIRS,
	PLACE_AMP = PLACE_PAIRS,
	PLACE_SMP,
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
 * @isolated:	lowest CPU of isolcpus or nohz_full that a service can have, -1: none. It
 *		is in @cpu only if this process' affinity mask has it, too.
 */
struct topo {
	size_t n;
	struct topo_cpu *cpu;
	int isolated;
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

/**
 * struct topo_pair - two CPUs
 * @cpu:	by side
 */
struct topo_pair {
	int cpu[SIDE_COUNT];
};

/* Why there is no such placement, in words. */
void topo_explain(const struct topo *t, enum topo_place place, struct mech_why *why);

/**
 * topo_pairs() - pairs of CPUs that lie as wanted and share none
 * @t:		the topology
 * @place:	how; PLACE_SAME_CPU: each CPU with itself
 * @pair:	out: room for @max pairs
 * @max:	how many are wanted
 *
 * Each CPU in turn takes the first free one that fits, so the first pair is topo_pick()'s.
 * On nodes with unequal caches another choice may give more.
 *
 * Return: how many were found.
 */
size_t topo_pairs(const struct topo *t, enum topo_place place, struct topo_pair *pair,
		  size_t max);

/**
 * topo_star() - a CPU with as many others around it as possible
 * @t:		the topology
 * @place:	how they lie to it; PLACE_SAME_CPU: all are the first CPU
 * @centre:	out: the one
 * @leaf:	out: room for @max others
 * @max:	how many are wanted
 *
 * Return: how many were found.
 */
size_t topo_star(const struct topo *t, enum topo_place place, int *centre, int *leaf,
		 size_t max);

/**
 * topo_service() - a CPU for a service, and those that are left for its clients
 * @t:		the topology
 * @service:	out: @t->isolated, else the last CPU
 * @client:	out: room for @max CPUs
 * @max:	how many are wanted
 *
 * Return: how many were found.
 */
size_t topo_service(const struct topo *t, int *service, int *client, size_t max);

#endif /* IPCSCOPE_TOPO_H */
