// SPDX-License-Identifier: GPL-2.0
#include <string.h>
#include "capacity.h"
#include "cell.h"
#include "list.h"
#include "mech.h"
#include "msg.h"

const struct list_trait list_traits[] = {
	{ MECH_T_BOUNDARIES, "boundaries", "bound", "one receive returns one message" },
	{ MECH_T_ORDER, "order", "order", "a sender's messages arrive as they were sent" },
	{ MECH_T_DUPLEX, "duplex", "duplx", "one object carries both directions" },
	{ MECH_T_BACKPRESSURE, "backpressure", "waits", "a sender waits for room; none is lost" },
	{ MECH_T_PERSISTENT, "persistent", "stays", "what is queued survives its sender" },
	{ MECH_T_LASTING, "lasting", "lasts", "and every process" },
	{ MECH_T_PRIORITY, "priority", "prio", "an urgent message overtakes others" },
	{ MECH_T_ATOMIC, "atomic", "whole", "several senders' messages are not torn, at any size" },
	{ MECH_T_CREDENTIALS, "credentials", "cred", "the kernel says who sent" },
	{ MECH_T_FDPASS, "fd-passing", "fd", "carries open files" },
	{ MECH_T_CROSS_HOST, "cross-host", "net", "works between computers" },
	{ MECH_T_HANGUP, "hang-up", "hup", "who sleeps to receive hears of its peer's death" },
	{ MECH_T_FANIN, "many-senders", "many", "several senders can share it" },
	{ MECH_T_NOTIFIES, "notifies", "ntfy", "only notifies: the payload is in shared memory" },
	{ MECH_T_KMOD, "needs-ipcring", NULL, "needs ipcring.ko" },
	{ MECH_T_SOLO, "no-peer", NULL, "both sides are one thread" },
	{ MECH_T_SERVED, "kernel-receives", NULL, "the receiver is a thread of the kernel" },
	{ MECH_T_ONE_CPU, "one-cpu", NULL, "is what it is on one CPU only" },
	{ 0, NULL, NULL, NULL },
};

/* The message that the capacity is counted in. */
#define LIST_CAPACITY_SIZE	64
/* What --size takes at most: the reason of whoever refuses it names its limit. */
#define LIST_SIZE_MAX		(64u << 20)
/* Where a line of text ends. */
#define LIST_COLUMNS		100

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

static int list_probe(const struct mech_ops *ops, size_t size, struct mech_why *why)
{
	const struct mech_cfg cfg = { .size = size, .wait = WAIT_BLOCK, .senders = 1 };
	int ret = ops->probe ? ops->probe(&cfg, why) : 0;

	if (ret && !*why->text)
		mech_because(why, "%s", strerror(-ret));
	return ret;
}

/* What it says to a size over its limit, NULL: it has none. */
static const char *list_limit(const struct mech_ops *ops, struct mech_why *why)
{
	if (ops->max_msg)
		mech_because(why, "messages of up to %zu bytes", ops->max_msg);
	else if (!list_probe(ops, LIST_SIZE_MAX, why))
		return NULL;
	return why->text;
}

static json_t *list_capacity(const struct mech_ops *ops)
{
	uint64_t n;

	if (!(ops->traits & MECH_T_BACKPRESSURE) ||
	    capacity_measure(ops, LIST_CAPACITY_SIZE, &n))
		return json_null();
	return json_integer((json_int_t)n);
}

static json_t *list_entry(const struct mech_ops *ops, bool capacity)
{
	struct mech_why why = { "" }, limit = { "" };
	/* The smallest message: whether it can run at all, not with which size. */
	const int ret = list_probe(ops, MSG_MIN, &why);
	json_t *entry;

	entry = json_pack("{s:s, s:s, s:s?, s:b, s:s?, s:o, s:o, s:o, s:I, s:s?, s:i}",
			  "name", ops->name, "summary", ops->summary, "choices", ops->choices,
			  "available", !ret, "reason", ret ? why.text : NULL,
			  "waits", list_wait_names(ops->waits),
			  "traits", list_trait_names(ops->traits),
			  "unsaid", list_trait_names(ops->unsaid),
			  "max_msg", (json_int_t)ops->max_msg,
			  "limit", ret ? NULL : list_limit(ops, &limit), "rev", (int)ops->rev);
	if (entry && capacity)
		json_object_set_new(entry, "capacity", ret ? json_null() : list_capacity(ops));
	return entry;
}

json_t *list_build(bool capacity)
{
	json_t *all = json_array();

	for (size_t i = 0; mech_table[i]; i++)
		json_array_append_new(all, list_entry(mech_table[i], capacity));
	return all;
}

static int list_width(json_t *list)
{
	size_t width = strlen("mechanism"), i;
	json_t *m;

	json_array_foreach(list, i, m) {
		size_t len = json_string_length(json_object_get(m, "name"));

		if (len > width)
			width = len;
	}
	return (int)width;
}

static const char *list_text(json_t *m, const char *key)
{
	return json_string_value(json_object_get(m, key));
}

/* A text of one or more lines behind a word. */
static void list_wrap(FILE *f, int indent, const char *word, const char *text)
{
	const size_t room = (size_t)(LIST_COLUMNS - indent - 8);

	if (!text)
		return;
	do {
		size_t len = strlen(text), n = len;

		if (len > room)
			for (n = room; n && text[n] != ' '; n--)
				;
		if (!n)
			n = strcspn(text, " ");
		fprintf(f, "%*s %-7s %.*s\n", indent, "", word, (int)n, text);
		text += n + (text[n] == ' ');
		word = "";
	} while (*text);
}

static void list_print_more(json_t *m, int indent, FILE *f)
{
	char waits[80] = "";
	json_t *w;
	size_t i;

	json_array_foreach(json_object_get(m, "waits"), i, w) {
		strcat(waits, i ? " " : "");
		strcat(waits, json_string_value(w));
	}
	list_wrap(f, indent, "how", list_text(m, "choices"));
	list_wrap(f, indent, "waits", waits);
	list_wrap(f, indent, "limit", list_text(m, "limit"));
}

void list_print(json_t *list, bool verbose, FILE *f)
{
	const int width = list_width(list);
	json_t *m;
	size_t i;

	json_array_foreach(list, i, m) {
		const char *reason = list_text(m, "reason");

		fprintf(f, "%-*s %s\n", width, list_text(m, "name"), list_text(m, "summary"));
		if (reason)
			fprintf(f, "%-*s cannot run here: %s\n", width, "", reason);
		if (verbose)
			list_print_more(m, width, f);
	}
}

static bool list_has(json_t *m, const char *key, const char *name)
{
	json_t *word;
	size_t i;

	json_array_foreach(json_object_get(m, key), i, word)
		if (!strcmp(json_string_value(word), name))
			return true;
	return false;
}

static void list_print_row(json_t *m, int width, FILE *f)
{
	const json_t *capacity = json_object_get(m, "capacity");
	bool more = false;

	fprintf(f, "%-*s", width, list_text(m, "name"));
	for (const struct list_trait *t = list_traits; t->head; t++)
		fprintf(f, " %-5s", list_has(m, "traits", t->name) ? "yes" :
				    list_has(m, "unsaid", t->name) ? "?" : "-");
	if (json_is_integer(capacity))
		fprintf(f, " %8lld", (long long)json_integer_value(capacity));
	else
		fprintf(f, " %8s", "-");
	for (const struct list_trait *t = list_traits; t->name; t++) {
		if (t->head || !list_has(m, "traits", t->name))
			continue;
		fprintf(f, "%s%s", more ? ", " : "  ", t->name);
		more = true;
	}
	fputc('\n', f);
}

void list_print_traits(json_t *list, FILE *f)
{
	const int width = list_width(list);
	json_t *m;
	size_t i;

	fprintf(f, "%-*s", width, "mechanism");
	for (const struct list_trait *t = list_traits; t->head; t++)
		fprintf(f, " %-5s", t->head);
	fprintf(f, " %8s\n", "capacity");
	json_array_foreach(list, i, m)
		list_print_row(m, width, f);
	fputc('\n', f);
	for (const struct list_trait *t = list_traits; t->name; t++)
		fprintf(f, "  %-15s %s\n", t->head ? t->head : t->name, t->means);
	fprintf(f, "  %-15s %d-byte messages until the sender waits, seen just now; -: it does not, or cannot run\n",
		"capacity", LIST_CAPACITY_SIZE);
	fprintf(f, "  %-15s nobody promises it\n", "?");
}
