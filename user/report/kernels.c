// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "group.h"
#include "kernels.h"
#include "number.h"
#include "scaling.h"

/* Of a column: mean and spread, and from the second on the ratio. */
#define KERNELS_FIRST	19
#define KERNELS_NEXT	27

/**
 * struct kernels_one - a column
 * @release:	as uname() says
 * @cells:	all that was measured on it
 * @width:	of the column
 * @several:	some cell was measured in more than one run
 */
struct kernels_one {
	const char *release;
	json_t *cells;
	int width;
	bool several;
};

/**
 * struct kernels - state of one comparison
 * @f:		where to
 * @notes:	reasons already numbered
 * @cells:	the result's
 * @one:	the kernels
 * @n:		how many
 * @name:	width of the mechanisms' names
 * @wait:	and of the wait policies'
 */
struct kernels {
	FILE *f;
	struct notes *notes;
	json_t *cells;
	struct kernels_one *one;
	size_t n;
	int name;
	int wait;
};

const char *kernels_release(json_t *result, json_t *cell)
{
	json_t *runs = json_object_get(json_object_get(result, "manifest"), "runs");
	json_t *run = json_array_get(runs, (size_t)group_integer(cell, "run"));

	return group_string(json_object_get(run, "kernel"), "release");
}

bool kernels_differ(json_t *result)
{
	json_t *cells = json_object_get(result, "cells"), *cell;
	size_t i;

	json_array_foreach(cells, i, cell)
		if (strcmp(kernels_release(result, cell),
			   kernels_release(result, json_array_get(cells, 0))))
			return true;
	return false;
}

static struct kernels_one *kernels_find(struct kernels *k, const char *release)
{
	struct kernels_one *grown;
	size_t i = 0;

	while (i < k->n && strcmp(k->one[i].release, release))
		i++;
	if (i < k->n)
		return &k->one[i];
	grown = realloc(k->one, (k->n + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	k->one = grown;
	k->one[k->n] = (struct kernels_one){ .release = release, .cells = json_array() };
	return k->one[k->n].cells ? &k->one[k->n++] : NULL;
}

static int kernels_sort(struct kernels *k, json_t *result)
{
	json_t *cell;
	size_t i;

	json_array_foreach(k->cells, i, cell) {
		struct kernels_one *one = kernels_find(k, kernels_release(result, cell));

		if (!one || json_array_append(one->cells, cell))
			return -ENOMEM;
	}
	for (i = 0; i < k->n; i++) {
		struct kernels_one *one = &k->one[i];
		const int width = (int)strlen(one->release) + 2;

		one->several = group_several(one->cells);
		one->width = i ? KERNELS_NEXT : KERNELS_FIRST;
		one->width = width > one->width ? width : one->width;
	}
	return 0;
}

static bool kernels_same_table(json_t *a, json_t *b)
{
	return !strcmp(group_string(a, "pattern"), group_string(b, "pattern")) &&
	       !strcmp(group_string(a, "placement"), group_string(b, "placement")) &&
	       group_integer(a, "size") == group_integer(b, "size");
}

static bool kernels_same_row(json_t *a, json_t *b)
{
	return !strcmp(group_string(a, "id"), group_string(b, "id"));
}

/* Is cell @n the first one for which @same holds? */
static bool kernels_first(struct kernels *k, size_t n, bool (*same)(json_t *a, json_t *b))
{
	json_t *cell = json_array_get(k->cells, n);

	for (size_t i = 0; i < n; i++) {
		json_t *before = json_array_get(k->cells, i);

		if (!scaling_is_wide(before) && same(before, cell))
			return false;
	}
	return true;
}

static const char *kernels_unit(struct kernels *k, json_t *like)
{
	json_t *cell;
	size_t i;

	json_array_foreach(k->cells, i, cell)
		if (!scaling_is_wide(cell) && kernels_same_table(cell, like) &&
		    !strcmp(group_string(cell, "status"), "ok") &&
		    strcmp(group_string(cell, "unit"), "none"))
			return group_string(cell, "unit");
	return "not timed";
}

static void kernels_head(struct kernels *k, json_t *like)
{
	const char *pattern = group_string(like, "pattern");

	fprintf(k->f, "\n%s, %llu-byte messages, %s: cost of a %s [%s]\n\n", pattern,
		(unsigned long long)group_integer(like, "size"), group_string(like, "placement"),
		strcmp(pattern, "pingpong") ? "message" : "round trip", kernels_unit(k, like));
	fprintf(k->f, "%*s", k->name + 1 + k->wait, "");
	for (size_t i = 0; i < k->n; i++)
		fprintf(k->f, "%*s", k->one[i].width, k->one[i].release);
	fprintf(k->f, "\n%-*s %-*s", k->name, "mechanism", k->wait, "wait");
	for (size_t i = 0; i < k->n; i++) {
		const struct kernels_one *one = &k->one[i];

		fprintf(k->f, "%*s %7s", one->width - (i ? 16 : 8), "mean",
			one->several ? "spread" : "+-95%");
		if (i)
			fprintf(k->f, " %7s", "ratio");
	}
	fputc('\n', k->f);
}

static void kernels_figures(struct kernels *k, size_t i, const struct group *g,
			    const struct group *first)
{
	char cost[24], spread[16], ratio[16] = "-";

	fprintf(k->f, "%*s %7s", k->one[i].width - (i ? 16 : 8),
		report_number(cost, sizeof(cost), g->cost),
		group_spread(g, spread, sizeof(spread)));
	if (first && first->timed && first->cost > 0)
		snprintf(ratio, sizeof(ratio), "%.3f", g->cost / first->cost);
	if (i)
		fprintf(k->f, " %7s", ratio);
}

static void kernels_row(struct kernels *k, json_t *like)
{
	struct group *first = group_gather(k->one[0].cells, group_string(like, "id"));

	fprintf(k->f, "%-*s %-*s", k->name, group_string(like, "mech"), k->wait,
		group_string(like, "wait"));
	for (size_t i = 0; i < k->n; i++) {
		struct group *g = i ? group_gather(k->one[i].cells, group_string(like, "id")) :
				      first;
		char text[64];

		group_words(g, k->notes, text, sizeof(text));
		/* Which kernel verified how much is in the legend. */
		if (!strncmp(text, "works", 5))
			text[5] = '\0';
		if (*text)
			fprintf(k->f, "%*s", k->one[i].width, text);
		else
			kernels_figures(k, i, g, first);
		if (g != first)
			free(g);
	}
	fputc('\n', k->f);
	free(first);
}

static void kernels_tables(struct kernels *k)
{
	const size_t n = json_array_size(k->cells);

	for (size_t i = 0; i < n; i++) {
		json_t *head = json_array_get(k->cells, i);

		if (scaling_is_wide(head) || !kernels_first(k, i, kernels_same_table))
			continue;
		kernels_head(k, head);
		for (size_t j = i; j < n; j++) {
			json_t *cell = json_array_get(k->cells, j);

			if (!scaling_is_wide(cell) && kernels_same_table(head, cell) &&
			    kernels_first(k, j, kernels_same_row))
				kernels_row(k, cell);
		}
	}
}

int kernels_print(json_t *result, struct notes *notes, FILE *f)
{
	struct kernels k = { .f = f, .notes = notes, .cells = json_object_get(result, "cells") };
	int ret = kernels_sort(&k, result);

	k.name = group_width(k.cells, "mech", "mechanism");
	k.wait = group_width(k.cells, "wait", "wait");
	if (!ret)
		kernels_tables(&k);
	for (size_t i = 0; i < k.n; i++)
		json_decref(k.one[i].cells);
	free(k.one);
	return ret;
}
