// SPDX-License-Identifier: GPL-2.0
/* What would be chosen for a mechanism here, and why; only empty programs are loaded. */
#include <stdio.h>
#include <string.h>
#include "host.h"

/* Return: every hook that the set cannot do without can be used. */
static bool explain_hooks(struct trace_plan *plan, const struct host_types *types,
			  const struct probe_set *set)
{
	bool can = true;

	plan->n = 0;
	for (const struct set_hook *h = set->hooks; h->prog; h++) {
		struct trace_choice *c = &plan->choice[plan->n++];
		const bool spare = !strcmp(h->kind, "raw_tp");

		host_choose(types, h, c);
		if (spare && c[-1].used && c->used) {
			c->used = false;
			snprintf(c->why, sizeof(c->why), "not needed beside the one before");
		} else if (!c->used && !h->needs && can) {
			can = false;
			host_fail(&plan->why, 0, "%s: %s", c->hook, c->why);
		}
	}
	return can;
}

static bool explain_set(struct trace_plan *plan, const struct probe_set *set)
{
	struct host_types types;
	bool can = !host_check(&plan->why) && !host_types_open(&types, set, &plan->why);

	if (!can)
		return false;
	can = explain_hooks(plan, &types, set);
	host_types_free(&types);
	return can;
}

/* The harness' own stamps ask nobody. */
static void explain_user(struct trace_plan *plan, const char *hook)
{
	struct trace_choice *c = &plan->choice[plan->n++];

	*c = (struct trace_choice){ .used = true };
	snprintf(c->hook, sizeof(c->hook), "%s", hook);
}

static void explain_stamps(struct trace_plan *plan, const struct probe_set *set)
{
	if (!set->stamps)
		return;
	explain_user(plan, "user/send");
	explain_user(plan, set->stamps);
}

void trace_explain(struct trace_plan *plan, const char *mech, enum mech_wait wait)
{
	const struct probe_set *set = host_own_set(mech, wait, &plan->why);
	struct trace_plan any = { .n = 0 };

	plan->n = 0;
	plan->set = set ? set_name(set) : NULL;
	if (set && explain_set(plan, set)) {
		explain_stamps(plan, set);
		return;
	}
	if (!explain_set(&any, &set_any))
		plan->why = any.why;
	memcpy(plan->choice, any.choice, sizeof(any.choice));
	plan->n = any.n;
	plan->set = set_name(&set_any);
	explain_stamps(plan, &set_any);
}
