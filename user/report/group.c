// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>
#include "group.h"

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

static void group_add_sleeps(struct group *g, json_t *counters)
{
	g->messages += group_integer(counters, "messages");
	g->sleeps += group_integer(json_object_get(counters, "sender"), "voluntary") +
		     group_integer(json_object_get(counters, "receiver"), "voluntary");
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
	group_add_sleeps(g, json_object_get(cell, "counters"));
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
