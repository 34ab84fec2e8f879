/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Probe sets: which programs of which skeleton watch which mechanisms, and where they are
 * attached. One set is bpf/NAME.bpf.c, bpf/set_NAME.c and a line in bpf/sets.c.
 */
#ifndef IPCSCOPE_SETS_H
#define IPCSCOPE_SETS_H

#include <errno.h>
#include <bpf/libbpf.h>
#include <linux/types.h>
#include "drift.bpf.h"
#include "mech.h"
#include "phase.h"

#define BIT(n)		(1u << (n))
#define SET_HOOKS_MAX	16
#define SET_NAMES_MAX	3
#define SET_MECHS_MAX	20

/* Phases of a message whose receiver slept, and those that end when it is copied. */
#define SET_SLEPT	(BIT(PHASE_WAKE) | BIT(PHASE_RUN_QUEUE) | BIT(PHASE_DEQUEUE))
#define SET_COPIED	(BIT(PHASE_QUEUED) | BIT(PHASE_DEQUEUE))
#define SET_KERNEL	(BIT(PHASE_COPY_IN) | BIT(PHASE_QUEUED) | BIT(PHASE_EXIT) | SET_SLEPT)

/**
 * struct set_hook - where one program of a set is attached
 * @prog:	name of the program
 * @kind:	"fentry", "fexit", "tp_btf" or "raw_tp"; the last is for kernels that refuse
 *		the entry before it, which has the same name
 * @names:	functions or tracepoints, the first that exists is taken
 * @ends:	phases that end with its stamp
 * @needs:	phases that cannot be told without it; 0: the set needs it
 */
struct set_hook {
	const char *prog;
	const char *kind;
	const char *names[SET_NAMES_MAX];
	unsigned int ends;
	unsigned int needs;
};

/* What every set has from phase.bpf.h. */
#define SET_SCHED								\
	{ "waking", "tp_btf", { "sched_waking" }, BIT(PHASE_WAKE), SET_SLEPT },	\
	{ "switched", "tp_btf", { "sched_switch" }, BIT(PHASE_RUN_QUEUE), SET_SLEPT }

/**
 * struct set_skel - an open skeleton, whatever its type
 * @skel:	the skeleton, owned
 * @obj:	its object
 * @sh:		the state shared with the probes; may be read and written once loaded
 * @load:	loads it
 * @destroy:	frees it
 */
struct set_skel {
	void *skel;
	struct bpf_object *obj;
	struct phase_shared *sh;
	int (*load)(void *skel);
	void (*destroy)(void *skel);
};

/**
 * struct probe_set - the probes of one or more mechanisms
 * @name:	its own, NULL: that of its first mechanism
 * @mechs:	their names, ends with NULL
 * @module:	module that must be loaded, NULL none
 * @phases:	those that it tells, 0: SET_KERNEL
 * @unseen:	wait policies that it cannot watch, MECH_W_*; then the set "any" does. With
 *		io_uring another task than the worker may do the work
 * @stamps:	where the harness stamps X; NULL: it does not, the probes have S and X
 * @hooks:	ends with an empty entry
 * @open:	opens the skeleton; 0 or -errno
 */
struct probe_set {
	const char *name;
	const char *mechs[SET_MECHS_MAX];
	const char *module;
	unsigned int phases;
	unsigned int unseen;
	const char *stamps;
	struct set_hook hooks[SET_HOOKS_MAX];
	int (*open)(struct set_skel *s);
};

/* Typed skeletons behind one shape: set_open_NAME() for the skeleton NAME_bpf. */
#define SET_SKELETON(name)							\
	static void set_destroy_##name(void *skel)				\
	{									\
		name##_bpf__destroy(skel);					\
	}									\
	static int set_load_##name(void *skel)					\
	{									\
		return name##_bpf__load(skel);					\
	}									\
	static int set_open_##name(struct set_skel *s)				\
	{									\
		struct name##_bpf *skel = name##_bpf__open();			\
										\
		if (!skel)							\
			return -errno;						\
		*s = (struct set_skel){						\
			.skel = skel, .obj = skel->obj, .sh = &skel->bss->sh,	\
			.load = set_load_##name, .destroy = set_destroy_##name,	\
		};								\
		return 0;							\
	}

/**
 * sets_find() - the set that watches a mechanism
 * @mech:	its name
 *
 * Return: the set, or NULL.
 */
const struct probe_set *sets_find(const char *mech);

/* For those without: the harness' own stamps. */
extern const struct probe_set set_any;

static inline const char *set_name(const struct probe_set *set)
{
	return set->name ? set->name : set->mechs[0];
}

static inline unsigned int set_phases(const struct probe_set *set)
{
	return set->phases ? set->phases : SET_KERNEL;
}

#endif /* IPCSCOPE_SETS_H */
