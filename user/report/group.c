// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>
#include "group.h"
#include "number.h"

const char *group_string(json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

uint64_t group_integer(json_t *o, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(o, key));
}

static void group_add_cost(struct group *g, json_t *cost)
{
	double v = json_number_value(json_object_get(cost, "per_msg"));
	json_t *ci = json_object_get(cost, "ci95");

	/* With one run, its interval; from the second on, the range of the runs. */
	if (g->timed == 1) {
		g->bounded = json_is_array(ci);
		g->lo = json_number_value(json_array_get(ci, 0));
		g->hi = json_number_value(json_array_get(ci, 1));
		g->cost = v;
		return;
	}
	if (g->timed == 2) {
		g->bounded = 1;
		g->lo = g->cost;
		g->hi = g->cost;
	}
	g->lo = v < g->lo ? v : g->lo;
	g->hi = v > g->hi ? v : g->hi;
	g->cost += (v - g->cost) / (double)g->timed;
}

static void group_add_latency(struct hist *h, json_t *latency)
{
	json_t *buckets = json_object_get(latency, "buckets"), *b;
	struct hist one = { 0 };
	size_t i;

	if (!json_is_object(latency))
		return;
	one.n = group_integer(latency, "n");
	one.min_inv = ~group_integer(latency, "min");
	one.max = group_integer(latency, "max");
	json_array_foreach(buckets, i, b) {
		uint64_t upper = (uint64_t)json_integer_value(json_array_get(b, 0));

		one.bucket[hist_index(upper)] += (uint64_t)json_integer_value(json_array_get(b, 1));
	}
	hist_merge(h, &one);
}

static void group_add_counters(struct group *g, json_t *counters)
{
	static const char *const name[] = { "sender", "receiver" };
	const char *key = strcmp(g->unit, "insn") ? "cpu_ns" : "cpu_insn";
	bool counted = true;

	g->messages += group_integer(counters, "messages");
	for (int i = 0; i < SIDE_COUNT; i++) {
		json_t *side = json_object_get(counters, name[i]);

		g->sleeps += group_integer(side, "voluntary");
		g->cpu[i] += group_integer(side, key);
		counted = counted && json_is_integer(json_object_get(side, key));
	}
	g->uncounted += !counted;
}

static void group_add(struct group *g, json_t *cell)
{
	if (!g->first)
		g->first = cell;
	if (!strcmp(group_string(cell, "status"), "fail") && !g->failed)
		g->failed = cell;
	if (strcmp(group_string(cell, "status"), "ok"))
		return;
	g->ok++;
	g->received += group_integer(json_object_get(cell, "verify"), "received");
	if (!strcmp(group_string(cell, "unit"), "none"))
		return;
	g->timed++;
	g->unit = group_string(cell, "unit");
	group_add_cost(g, json_object_get(cell, "cost"));
	group_add_counters(g, json_object_get(cell, "counters"));
	group_add_latency(&g->hist, json_object_get(cell, "latency"));
}

struct group *group_gather(json_t *cells, const char *id)
{
	struct group *g = calloc(1, sizeof(*g));
	json_t *cell;
	size_t i;

	if (!g)
		return NULL;
	g->unit = "none";
	json_array_foreach(cells, i, cell)
		if (!strcmp(group_string(cell, "id"), id))
			group_add(g, cell);
	if (g->first)
		return g;
	free(g);
	return NULL;
}

bool group_several(json_t *cells)
{
	json_t *cell;
	size_t i;

	json_array_foreach(cells, i, cell)
		for (size_t j = 0; j < i; j++)
			if (!strcmp(group_string(json_array_get(cells, j), "id"),
				    group_string(cell, "id")))
				return true;
	return false;
}

int group_width(json_t *cells, const char *key, const char *title)
{
	size_t width = strlen(title), i;
	json_t *cell;

	json_array_foreach(cells, i, cell)
		if (strlen(group_string(cell, key)) > width)
			width = strlen(group_string(cell, key));
	return (int)width;
}

char *group_words(const struct group *g, struct notes *notes, char *buf, size_t len)
{
	char count[24];

	*buf = '\0';
	if (!g)
		snprintf(buf, len, "-");
	else if (g->failed)
		snprintf(buf, len, "FAIL [%zu]",
			 notes_add(notes, group_string(g->failed, "reason")));
	else if (!g->ok)
		snprintf(buf, len, "skip [%zu]",
			 notes_add(notes, group_string(g->first, "reason")));
	else if (!strcmp(g->unit, "none"))
		snprintf(buf, len, "works: %s verified",
			 report_count(count, sizeof(count), g->received));
	return buf;
}

char *group_spread(const struct group *g, char *buf, size_t len)
{
	double width = g->timed > 1 ? g->hi - g->lo : (g->hi - g->lo) / 2;

	if (!g->bounded || g->cost <= 0)
		snprintf(buf, len, "n/a");
	else
		snprintf(buf, len, "%.2f%%", 100 * width / g->cost);
	return buf;
}

/* No process has none: there is no such side. */
char *group_cpu(const struct group *g, enum mech_side side, char *buf, size_t len)
{
	if (g->uncounted || !g->messages)
		snprintf(buf, len, "n/a");
	else if (!g->cpu[side])
		snprintf(buf, len, "-");
	else
		report_number(buf, len, (double)g->cpu[side] / (double)g->messages);
	return buf;
}
