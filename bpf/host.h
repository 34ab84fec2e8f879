/* SPDX-License-Identifier: GPL-2.0 */
/* What this kernel, and this user's rights, let a probe set do. */
#ifndef IPCSCOPE_HOST_H
#define IPCSCOPE_HOST_H

#include <stdbool.h>
#include <bpf/btf.h>
#include "sets.h"
#include "trace.h"

/* Fill a reason. Return: @err. */
int host_fail(struct mech_why *why, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The first complaint of libbpf since then, in @buf; libbpf has no other way to say why. */
void host_listen(void);
const char *host_complaint(void);
/* No more. */
void host_ignore(void);

/* The mechanism's own set if it can watch that, else NULL and @why. */
const struct probe_set *host_own_set(const char *mech, enum mech_wait wait, struct mech_why *why);

/* May this process trace at all? 0 or -errno and @why. */
int host_check(struct mech_why *why);

/**
 * struct host_types - type information of this kernel, and of a module if the set needs it
 * @vmlinux:	NULL: there is none
 * @module:	NULL: none is needed
 */
struct host_types {
	struct btf *vmlinux;
	struct btf *module;
};

/* 0 or -errno and @why; to be freed in both cases. */
int host_types_open(struct host_types *types, const struct probe_set *set, struct mech_why *why);
void host_types_free(struct host_types *types);

/**
 * host_choose() - can a hook be used here?
 * @types:	type information
 * @h:		the hook
 * @choice:	filled
 *
 * Return: the name of its function or tracepoint, NULL if it cannot.
 */
const char *host_choose(const struct host_types *types, const struct set_hook *h,
			struct trace_choice *choice);

#endif /* IPCSCOPE_HOST_H */
