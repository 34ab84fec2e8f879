// SPDX-License-Identifier: GPL-2.0
/* From a probe set to programs in the kernel. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "load.h"

static struct loaded *all;

static void name_phases(struct loaded *l, unsigned int phases, const char *name)
{
	for (int i = 0; i < PHASE_COUNT; i++)
		if (phases & BIT(i))
			snprintf(l->hook[i], sizeof(l->hook[i]), "%s", name);
}

/* A hook that is not there leaves its phases to the one before it, if that ends them, too. */
static void name_hook(struct loaded *l, const struct set_hook *h, const char *name, bool used)
{
	unsigned int phases = h->ends & ~l->absent;

	for (int i = 0; i < PHASE_COUNT && !used; i++)
		if (l->hook[i][0])
			phases &= ~BIT(i);
	name_phases(l, phases, name);
}

/* A hook in another one's place: that one can be used after all? */
static bool superseded(const struct set_hook *h, bool used)
{
	return used && !strcmp(h->kind, "raw_tp") && !strcmp(h[-1].names[0], h->names[0]);
}

static bool has_other(const struct set_hook *h)
{
	return h[1].prog && !strcmp(h[1].kind, "raw_tp") && !strcmp(h[1].names[0], h->names[0]);
}

static struct bpf_program *program(const struct loaded *l, const struct set_hook *h)
{
	return bpf_object__find_program_by_name(l->s.obj, h->prog);
}

/* Return: 1 it is used, 0 not, -errno. */
static int aim(struct loaded *l, const struct host_types *types, const struct set_hook *h,
	       struct mech_why *why)
{
	struct bpf_program *prog = program(l, h);
	struct trace_choice choice;
	const char *name = host_choose(types, h, &choice);
	int err = 0;

	name_hook(l, h, choice.hook, name);
	if (name && *h->kind == 'f')
		err = bpf_program__set_attach_target(prog, 0, name);
	if (name && !err)
		err = bpf_program__set_autoload(prog, true);
	if (name)
		return err ? err : 1;
	err = bpf_program__set_autoload(prog, false);
	if (err || has_other(h))
		return err;
	if (!h->needs)
		return host_fail(why, -EOPNOTSUPP, "%s: %s", choice.hook, choice.why);
	name_phases(l, h->needs & ~h->ends & ~l->absent, choice.hook);
	l->absent |= h->needs;
	return 0;
}

static int aim_all(struct loaded *l, struct mech_why *why)
{
	struct host_types types;
	int ret = host_types_open(&types, l->set, why);

	for (const struct set_hook *h = l->set->hooks; ret >= 0 && h->prog; h++) {
		if (superseded(h, ret))
			ret = bpf_program__set_autoload(program(l, h), false);
		else
			ret = aim(l, &types, h, why);
	}
	host_types_free(&types);
	return ret < 0 ? ret : 0;
}

static int load_skeleton(struct loaded *l, struct mech_why *why)
{
	int err = host_check(why);

	if (err)
		return err;
	err = l->set->open(&l->s);
	if (err)
		return host_fail(why, err, "cannot open the probes: %s", host_complaint());
	err = aim_all(l, why);
	if (err)
		return err;
	err = l->s.load(l->s.skel);
	if (err)
		return host_fail(why, err, "cannot load the probes: %s", host_complaint());
	l->sh = l->s.sh;
	return 0;
}

static void unload(struct loaded *l)
{
	if (l->s.skel)
		l->s.destroy(l->s.skel);
	else if (l->sh)
		munmap(l->sh, sizeof(*l->sh));
	l->s.skel = NULL;
	l->s.obj = NULL;
	l->sh = NULL;
}

/* The harness' stamps need no kernel, only memory. */
static int load_nothing(struct loaded *l, struct mech_why *why)
{
	void *p = mmap(NULL, sizeof(*l->sh), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	unload(l);
	if (p == MAP_FAILED)
		return host_fail(why, -ENOMEM, "no memory for the stamps");
	l->sh = p;
	for (const struct set_hook *h = l->set->hooks; h->prog; h++) {
		char hook[64];

		snprintf(hook, sizeof(hook), "%s/%s", h->kind, h->names[0]);
		name_hook(l, h, hook, false);
		l->absent |= h->needs;
	}
	return 0;
}

static void load(struct loaded *l)
{
	host_listen();
	l->err = load_skeleton(l, &l->why);
	host_ignore();
	if (l->err && l->set->stamps)
		l->err = load_nothing(l, &l->why);
	else if (l->err)
		unload(l);
	for (int i = 0; i < PHASE_COUNT && l->set->stamps; i++)
		if (!l->hook[i][0])
			/* What the harness ends is absent where its beginning is. */
			snprintf(l->hook[i], sizeof(l->hook[i]), "%s", l->absent & BIT(i) ?
				 l->hook[PHASE_RUN_QUEUE] : l->set->stamps);
}

int load_get(struct loaded **out, const struct probe_set *set, struct mech_why *why)
{
	struct loaded *l = all;

	while (l && l->set != set)
		l = l->next;
	if (!l) {
		l = calloc(1, sizeof(*l));
		if (!l)
			return host_fail(why, -ENOMEM, "no memory for the probes");
		l->set = set;
		l->next = all;
		all = l;
	}
	if (!l->refs && !l->err)
		load(l);
	if (l->err) {
		*why = l->why;
		return l->err;
	}
	l->refs++;
	*out = l;
	return 0;
}

void load_put(struct loaded *l)
{
	struct loaded **at = &all;

	if (!l || --l->refs)
		return;
	unload(l);
	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	free(l);
}
