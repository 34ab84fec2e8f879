// SPDX-License-Identifier: GPL-2.0
#include <string.h>
#include "cell.h"
#include "explain.h"

static json_t *explain_hooks(const struct trace_plan *plan)
{
	json_t *all = json_array();

	for (unsigned int i = 0; i < plan->n; i++) {
		const struct trace_choice *c = &plan->choice[i];

		json_array_append_new(all, json_pack("{s:s, s:b, s:s*}", "hook", c->hook,
						     "used", c->used,
						     "why", *c->why ? c->why : NULL));
	}
	return all;
}

static json_t *explain_one(const char *mech, enum mech_wait wait)
{
	struct trace_plan plan = { .n = 0 };

	trace_explain(&plan, mech, wait);
	return json_pack("{s:s, s:s, s:s, s:s*, s:o}", "mech", mech, "wait", cell_wait_name(wait),
			 "set", plan.set, "why", *plan.why.text ? plan.why.text : NULL,
			 "hooks", explain_hooks(&plan));
}

json_t *explain_build(const struct run_cfg *cfg)
{
	json_t *all = json_array();

	for (const struct mech_ops **ops = cfg->mech; *ops; ops++)
		for (enum mech_wait w = 0; w < WAIT_COUNT; w++)
			if (cfg->waits & (*ops)->waits & 1u << w)
				json_array_append_new(all, explain_one((*ops)->name, w));
	return all;
}

static const char *explain_string(json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static void explain_entry(json_t *o, FILE *f)
{
	json_t *hook;
	size_t i;

	fprintf(f, "%s, --wait %s: probe set %s\n", explain_string(o, "mech"),
		explain_string(o, "wait"), explain_string(o, "set"));
	if (*explain_string(o, "why"))
		fprintf(f, "  because: %s\n", explain_string(o, "why"));
	json_array_foreach(json_object_get(o, "hooks"), i, hook)
		if (json_is_true(json_object_get(hook, "used")))
			fprintf(f, "  yes  %s\n", explain_string(hook, "hook"));
		else
			fprintf(f, "  no   %-31s %s\n", explain_string(hook, "hook"),
				explain_string(hook, "why"));
}

/* Told already, of another one? */
static bool explain_same(json_t *a, json_t *b)
{
	return !strcmp(explain_string(a, "set"), explain_string(b, "set")) &&
	       json_equal(json_object_get(a, "hooks"), json_object_get(b, "hooks"));
}

void explain_print(json_t *explained, FILE *f)
{
	json_t *o;
	size_t i;

	json_array_foreach(explained, i, o) {
		size_t j = 0;

		while (!explain_same(json_array_get(explained, j), o))
			j++;
		if (j == i) {
			explain_entry(o, f);
			continue;
		}
		fprintf(f, "%s, --wait %s: probe set %s, as of %s, --wait %s\n",
			explain_string(o, "mech"), explain_string(o, "wait"),
			explain_string(o, "set"),
			explain_string(json_array_get(explained, j), "mech"),
			explain_string(json_array_get(explained, j), "wait"));
		if (*explain_string(o, "why"))
			fprintf(f, "  because: %s\n", explain_string(o, "why"));
	}
}
