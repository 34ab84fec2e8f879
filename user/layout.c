// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "layout.h"

static void layout_add(struct cell *c, enum mech_side side, int cpu, unsigned int lane)
{
	c->worker[c->nworkers++] = (struct cell_worker){ .side = side, .cpu = cpu, .lane = lane };
}

/* Sender and receiver, unless one thread or the kernel is the receiver, too. */
static void layout_couple(struct cell *c, unsigned int lane, const int cpu[SIDE_COUNT])
{
	layout_add(c, SIDE_SENDER, cpu[SIDE_SENDER], lane);
	if (c->ops->traits & MECH_T_SERVED)
		c->service = cpu[SIDE_RECEIVER];
	else if (!(c->ops->traits & MECH_T_SOLO))
		layout_add(c, SIDE_RECEIVER, cpu[SIDE_RECEIVER], lane);
}

static void layout_pairs(struct cell *c, const struct topo_pair *pair)
{
	for (unsigned int i = 0; i < c->width; i++)
		layout_couple(c, i, pair[i].cpu);
}

/* One receiver around which the senders lie. */
static void layout_gather(struct cell *c, int centre, const int *sender)
{
	for (unsigned int i = 0; i < c->width; i++)
		layout_add(c, SIDE_SENDER, sender[i], i);
	if (c->ops->traits & MECH_T_SERVED)
		return;
	layout_add(c, SIDE_RECEIVER, centre, 0);
	c->worker[c->nworkers - 1].gathers = true;
}

static int layout_lack(const struct cell *c, const struct topo *topo, size_t found,
		       struct mech_why *why)
{
	static const char *const what[] = {
		[PATTERN_PINGPONG] = "clients", [PATTERN_STREAM] = "pairs",
		[PATTERN_PAIRS] = "pairs", [PATTERN_FANIN] = "senders",
	};

	if (found)
		mech_because(why, "%u %s wanted, there are CPUs for %zu; give --width %zu or less",
			     c->width, what[c->pattern], found, found);
	else
		topo_explain(topo, c->place, why);
	return -ENODEV;
}

static int layout_find_pairs(struct cell *c, const struct topo *topo, struct mech_why *why)
{
	const enum topo_place place = c->place == PLACE_SMP ? PLACE_SAME_CPU : c->place;
	struct topo_pair *pair = calloc(c->width, sizeof(*pair));
	size_t found;

	if (!pair)
		return -ENOMEM;
	found = topo_pairs(topo, place, pair, c->width);
	if (found == c->width)
		layout_pairs(c, pair);
	free(pair);
	return found == c->width ? 0 : layout_lack(c, topo, found, why);
}

static int layout_find_star(struct cell *c, const struct topo *topo, struct mech_why *why)
{
	int *leaf = calloc(c->width, sizeof(*leaf)), centre;
	size_t found;

	if (!leaf)
		return -ENOMEM;
	found = c->place == PLACE_AMP ? topo_service(topo, &centre, leaf, c->width) :
					topo_star(topo, c->place, &centre, leaf, c->width);
	if (found == c->width)
		layout_gather(c, centre, leaf);
	if (found == c->width && c->place == PLACE_AMP) {
		c->service = centre;
		c->isolated = centre == topo->isolated;
	}
	free(leaf);
	return found == c->width ? 0 : layout_lack(c, topo, found, why);
}

int layout_make(struct cell *c, const struct topo *topo, struct mech_why *why)
{
	c->nworkers = 0;
	c->service = -1;
	/* At most a receiver for each sender. */
	c->worker = calloc(2 * (size_t)c->width, sizeof(*c->worker));
	if (!c->worker)
		return -ENOMEM;
	if (c->pattern == PATTERN_FANIN || c->place == PLACE_AMP)
		return layout_find_star(c, topo, why);
	return layout_find_pairs(c, topo, why);
}

unsigned int layout_width_max(enum cell_pattern pattern, enum topo_place place,
			      const struct topo *topo)
{
	struct topo_pair *pair;
	int cpu, *leaf;
	size_t n;

	pair = calloc(topo->n + 1, sizeof(*pair));
	if (!pair)
		return 0;
	leaf = pair->cpu;
	if (place == PLACE_AMP)
		n = topo_service(topo, &cpu, leaf, topo->n);
	else if (pattern == PATTERN_FANIN)
		n = topo_star(topo, place, &cpu, leaf, topo->n);
	else
		n = topo_pairs(topo, place == PLACE_SMP ? PLACE_SAME_CPU : place, pair, topo->n);
	free(pair);
	return (unsigned int)n;
}
