// SPDX-License-Identifier: GPL-2.0
#include <string.h>
#include "cell.h"
#include "list.h"
#include "mech.h"
#include "msg.h"

const struct list_trait list_traits[] = {
	{ MECH_T_BOUNDARIES, "boundaries" }, { MECH_T_ORDER, "order" },
	{ MECH_T_DUPLEX, "duplex" }, { MECH_T_BACKPRESSURE, "backpressure" },
	{ MECH_T_PERSISTENT, "persistent" }, { MECH_T_LASTING, "lasting" },
	{ MECH_T_PRIORITY, "priority" }, { MECH_T_ATOMIC, "atomic" },
	{ MECH_T_CREDENTIALS, "credentials" }, { MECH_T_FDPASS, "fd-passing" },
	{ MECH_T_CROSS_HOST, "cross-host" }, { MECH_T_HANGUP, "hang-up" },
	{ MECH_T_FANIN, "many-senders" }, { MECH_T_NOTIFIES, "notifies" },
	{ MECH_T_KMOD, "needs-ipcring" }, { MECH_T_SOLO, "no-peer" },
	{ MECH_T_SERVED, "kernel-receives" }, { MECH_T_ONE_CPU, "one-cpu" },
	{ 0, NULL },
};

static json_t *list_trait_names(unsigned int traits)
{
	json_t *all = json_array();

	for (const struct list_trait *t = list_traits; t->name; t++)
		if (traits & t->bit)
			json_array_append_new(all, json_string(t->name));
	return all;
}

static json_t *list_wait_names(unsigned int waits)
{
	json_t *all = json_array();

	for (enum mech_wait w = 0; w < WAIT_COUNT; w++)
		if (waits & 1u << w)
			json_array_append_new(all, json_string(cell_wait_name(w)));
	return all;
}

static json_t *list_entry(const struct mech_ops *ops)
{
	/* The smallest message: whether it can run at all, not with which size. */
	const struct mech_cfg cfg = { .size = MSG_MIN, .wait = WAIT_BLOCK, .senders = 1 };
	struct mech_why why = { "" };
	int ret = ops->probe ? ops->probe(&cfg, &why) : 0;

	return json_pack("{s:s, s:s, s:b, s:s?, s:o, s:o, s:I, s:i}", "name", ops->name,
			 "summary", ops->summary, "available", !ret,
			 "reason", !ret ? NULL : *why.text ? why.text : strerror(-ret),
			 "waits", list_wait_names(ops->waits),
			 "traits", list_trait_names(ops->traits),
			 "max_msg", (json_int_t)ops->max_msg, "rev", (int)ops->rev);
}

json_t *list_build(void)
{
	json_t *all = json_array();

	for (size_t i = 0; mech_table[i]; i++)
		json_array_append_new(all, list_entry(mech_table[i]));
	return all;
}

static int list_width(json_t *list)
{
	size_t width = 0, i;
	json_t *m;

	json_array_foreach(list, i, m) {
		size_t len = json_string_length(json_object_get(m, "name"));

		if (len > width)
			width = len;
	}
	return (int)width;
}

void list_print(json_t *list, FILE *f)
{
	const int width = list_width(list);
	json_t *m;
	size_t i;

	json_array_foreach(list, i, m) {
		const char *reason = json_string_value(json_object_get(m, "reason"));

		fprintf(f, "%-*s %s\n", width, json_string_value(json_object_get(m, "name")),
			json_string_value(json_object_get(m, "summary")));
		if (reason)
			fprintf(f, "%-*s cannot run here: %s\n", width, "", reason);
	}
}
