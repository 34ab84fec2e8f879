// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "topo.h"

/* Highest CPU number accepted; Linux' NR_CPUS is at most 8192 (x86). */
#define TOPO_CPU_MAX	65535

static int topo_parse_number(const char **text, int *value)
{
	char *end;
	long v;

	if (!isdigit((unsigned char)**text))
		return -EINVAL;
	errno = 0;
	v = strtol(*text, &end, 10);
	if (errno || v > TOPO_CPU_MAX)
		return -EINVAL;
	*text = end;
	*value = (int)v;
	return 0;
}

int topo_parse_list(const char *text, int (*each)(int cpu, void *arg), void *arg)
{
	int first, last, ret;

	do {
		ret = topo_parse_number(&text, &first);
		if (ret)
			return ret;
		last = first;
		if (*text == '-') {
			text++;
			ret = topo_parse_number(&text, &last);
			if (ret || last < first)
				return -EINVAL;
		}
		for (int cpu = first; cpu <= last; cpu++) {
			ret = each(cpu, arg);
			if (ret)
				return ret;
		}
	} while (*text == ',' && text++);
	return *text == '\0' || !strcmp(text, "\n") ? 0 : -EINVAL;
}

/* First line of a file below the root; -errno where it cannot be read. */
static int __attribute__((format(printf, 3, 4)))
topo_slurp(char *buf, size_t len, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list ap;
	FILE *f;
	int ret;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	ret = fgets(buf, (int)len, f) ? 0 : -EIO;
	fclose(f);
	return ret;
}

static int topo_take_first(int cpu, void *arg)
{
	*(int *)arg = cpu;
	return 1;
}

/* Lowest CPU of a list, or @none. */
static int topo_lowest(const char *list, int none)
{
	int cpu = none;

	return topo_parse_list(list, topo_take_first, &cpu) < 0 ? none : cpu;
}

static int topo_llc(const char *root, int cpu)
{
	char buf[4096];
	int best = 0, llc = -1;

	for (int i = 0; i < 16; i++) {
		char list[4096];

		if (topo_slurp(buf, sizeof(buf), "%s/devices/system/cpu/cpu%d/cache/index%d/level",
			       root, cpu, i))
			break;
		if (atoi(buf) <= best)
			continue;
		if (topo_slurp(list, sizeof(list),
			       "%s/devices/system/cpu/cpu%d/cache/index%d/shared_cpu_list",
			       root, cpu, i))
			continue;
		best = atoi(buf);
		llc = topo_lowest(list, -1);
	}
	return llc;
}

/* The CPU's directory links to its node. */
static int topo_node(const char *root, int cpu)
{
	char path[PATH_MAX];
	struct dirent *e;
	int node = 0;
	DIR *d;

	snprintf(path, sizeof(path), "%s/devices/system/cpu/cpu%d", root, cpu);
	d = opendir(path);
	if (!d)
		return 0;
	while ((e = readdir(d)))
		if (!strncmp(e->d_name, "node", 4) && isdigit((unsigned char)e->d_name[4]))
			node = atoi(e->d_name + 4);
	closedir(d);
	return node;
}

struct topo_builder {
	struct topo *topo;
	const char *root;
	cpu_set_t *allowed;
	size_t allowed_size;
};

static int topo_add(int cpu, void *arg)
{
	struct topo_builder *b = arg;
	struct topo *t = b->topo;
	char buf[4096];
	void *grown;

	if (b->allowed && !CPU_ISSET_S(cpu, b->allowed_size, b->allowed))
		return 0;
	grown = realloc(t->cpu, (t->n + 1) * sizeof(*t->cpu));
	if (!grown)
		return -ENOMEM;
	t->cpu = grown;
	t->cpu[t->n] = (struct topo_cpu){
		.id = cpu,
		.core = cpu,
		.llc = topo_llc(b->root, cpu),
		.node = topo_node(b->root, cpu),
	};
	if (!topo_slurp(buf, sizeof(buf),
			"%s/devices/system/cpu/cpu%d/topology/thread_siblings_list", b->root, cpu))
		t->cpu[t->n].core = topo_lowest(buf, cpu);
	t->n++;
	return 0;
}

static struct topo_cpu *topo_find(const struct topo *t, int cpu)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->cpu[i].id == cpu)
			return &t->cpu[i];
	return NULL;
}

struct topo_chooser {
	struct topo *from;
	struct topo *to;
	int missing;
};

static int topo_choose(int cpu, void *arg)
{
	struct topo_chooser *c = arg;
	struct topo_cpu *found = topo_find(c->from, cpu);

	if (!found) {
		c->missing = cpu;
		return -ENODEV;
	}
	if (!topo_find(c->to, cpu))
		c->to->cpu[c->to->n++] = *found;
	return 0;
}

static int topo_by_id(const void *a, const void *b)
{
	return ((const struct topo_cpu *)a)->id - ((const struct topo_cpu *)b)->id;
}

/* Keep only the CPUs of a list. */
static int topo_confine(struct topo *t, const char *wanted, const char *online,
			struct mech_why *why)
{
	struct topo kept = { .cpu = calloc(t->n, sizeof(*kept.cpu)) };
	struct topo_chooser c = { .from = t, .to = &kept };
	int ret;

	if (!kept.cpu)
		return -ENOMEM;
	ret = topo_parse_list(wanted, topo_choose, &c);
	if (ret) {
		free(kept.cpu);
		if (ret == -ENODEV)
			mech_because(why, "CPU %d cannot be used: online are %.*s; choose among them and this process' affinity mask",
				     c.missing, (int)strcspn(online, "\n"), online);
		else
			mech_because(why, "'%s' is not a CPU list; write it like 0-3,8", wanted);
		return ret;
	}
	qsort(kept.cpu, kept.n, sizeof(*kept.cpu), topo_by_id);
	kept.isolated = t->isolated;
	topo_free(t);
	*t = kept;
	return 0;
}

static int topo_affinity(struct topo_builder *b)
{
	b->allowed = CPU_ALLOC(TOPO_CPU_MAX + 1);
	b->allowed_size = CPU_ALLOC_SIZE(TOPO_CPU_MAX + 1);
	if (!b->allowed)
		return -ENOMEM;
	CPU_ZERO_S(b->allowed_size, b->allowed);
	return sched_getaffinity(0, b->allowed_size, b->allowed) ? -errno : 0;
}

/* Can this process go to a CPU outside its affinity mask? Goes there and back. */
static bool topo_reaches(const struct topo_builder *b, int cpu)
{
	cpu_set_t *one = CPU_ALLOC(TOPO_CPU_MAX + 1);
	bool reaches;

	if (!one)
		return false;
	CPU_ZERO_S(b->allowed_size, one);
	CPU_SET_S(cpu, b->allowed_size, one);
	reaches = !sched_setaffinity(0, b->allowed_size, one);
	CPU_FREE(one);
	if (reaches)
		sched_setaffinity(0, b->allowed_size, b->allowed);
	return reaches;
}

static int topo_add_isolated(int cpu, void *arg)
{
	struct topo_builder *b = arg;

	if (!topo_find(b->topo, cpu) && (!b->allowed || !topo_reaches(b, cpu)))
		return 0;
	if (b->topo->isolated < 0 || cpu < b->topo->isolated)
		b->topo->isolated = cpu;
	return 1;
}

/* An empty list, or "(null)", is no list. */
static void topo_isolated(struct topo_builder *b, bool wanted)
{
	static const char *const file[] = { "isolated", "nohz_full" };
	char list[4096];

	for (size_t i = 0; i < sizeof(file) / sizeof(file[0]); i++)
		if (!topo_slurp(list, sizeof(list), "%s/devices/system/cpu/%s", b->root, file[i]))
			topo_parse_list(list, topo_add_isolated, b);
	/* --cpus names all CPUs that may be used. */
	if (wanted && !topo_find(b->topo, b->topo->isolated))
		b->topo->isolated = -1;
}

int topo_read(struct topo *t, const char *root, const char *wanted, struct mech_why *why)
{
	struct topo_builder b = { .topo = t, .root = root };
	char online[4096] = "";
	int ret = 0;

	*t = (struct topo){ .isolated = -1 };
	/* A fake tree has CPUs that this machine has not. */
	if (!strcmp(root, "/sys"))
		ret = topo_affinity(&b);
	if (!ret)
		ret = topo_slurp(online, sizeof(online), "%s/devices/system/cpu/online", root);
	if (!ret)
		ret = topo_parse_list(online, topo_add, &b);
	if (!ret && !t->n)
		ret = -ENODEV;
	if (ret)
		mech_because(why, "cannot read the CPUs from %s/devices/system/cpu: %s", root,
			     strerror(-ret));
	else if (wanted)
		ret = topo_confine(t, wanted, online, why);
	if (!ret)
		topo_isolated(&b, wanted);
	CPU_FREE(b.allowed);
	if (ret)
		topo_free(t);
	return ret;
}

void topo_free(struct topo *t)
{
	free(t->cpu);
	*t = (struct topo){ .isolated = -1 };
}

const char *topo_place_name(enum topo_place place)
{
	static const char *const name[] = {
		[PLACE_SAME_CPU] = "same-cpu", [PLACE_SMT] = "smt", [PLACE_LLC] = "llc",
		[PLACE_NODE] = "node", [PLACE_CROSS_NODE] = "cross-node",
		[PLACE_AMP] = "amp", [PLACE_SMP] = "smp",
	};

	return name[place];
}

enum topo_place topo_relation(const struct topo_cpu *a, const struct topo_cpu *b)
{
	if (a->id == b->id)
		return PLACE_SAME_CPU;
	if (a->core == b->core)
		return PLACE_SMT;
	if (a->node != b->node)
		return PLACE_CROSS_NODE;
	return a->llc >= 0 && a->llc == b->llc ? PLACE_LLC : PLACE_NODE;
}

void topo_explain(const struct topo *t, enum topo_place place, struct mech_why *why)
{
	static const char *const lack[] = {
		[PLACE_SAME_CPU] = "there is no CPU",
		[PLACE_SMT] = "no two usable CPUs are threads of one core",
		[PLACE_LLC] = "no two usable CPUs share a last-level cache",
		[PLACE_NODE] = "all usable CPUs of a node share a last-level cache",
		[PLACE_CROSS_NODE] = "the usable CPUs lie on one memory node",
		[PLACE_AMP] = "a service and a client need two CPUs",
		[PLACE_SMP] = "there is no CPU",
	};

	mech_because(why, "%s (%zu usable CPU%s; see --cpus)",
		     lack[place], t->n, t->n == 1 ? "" : "s");
}

int topo_pick(const struct topo *t, enum topo_place place, int cpu[SIDE_COUNT],
	      struct mech_why *why)
{
	for (size_t i = 0; i < t->n; i++) {
		for (size_t j = i; j < t->n; j++) {
			if (topo_relation(&t->cpu[i], &t->cpu[j]) != place)
				continue;
			cpu[SIDE_SENDER] = t->cpu[i].id;
			cpu[SIDE_RECEIVER] = t->cpu[j].id;
			return 0;
		}
	}
	topo_explain(t, place, why);
	return -ENODEV;
}

static bool topo_taken(const struct topo_pair *pair, size_t n, int cpu)
{
	for (size_t i = 0; i < n; i++)
		if (pair[i].cpu[SIDE_SENDER] == cpu || pair[i].cpu[SIDE_RECEIVER] == cpu)
			return true;
	return false;
}

size_t topo_pairs(const struct topo *t, enum topo_place place, struct topo_pair *pair,
		  size_t max)
{
	size_t n = 0;

	for (size_t i = 0; n < max && i < t->n; i++) {
		if (topo_taken(pair, n, t->cpu[i].id))
			continue;
		for (size_t j = i; j < t->n; j++) {
			if (topo_relation(&t->cpu[i], &t->cpu[j]) != place ||
			    topo_taken(pair, n, t->cpu[j].id))
				continue;
			pair[n].cpu[SIDE_SENDER] = t->cpu[i].id;
			pair[n++].cpu[SIDE_RECEIVER] = t->cpu[j].id;
			break;
		}
	}
	return n;
}

/* How many CPUs lie so to CPU @i? Up to @max of them go to @leaf, NULL: none. */
static size_t topo_around(const struct topo *t, enum topo_place place, size_t i, int *leaf,
			  size_t max)
{
	size_t n = 0;

	for (size_t j = 0; j < t->n && n < max; j++)
		if (topo_relation(&t->cpu[i], &t->cpu[j]) == place) {
			if (leaf)
				leaf[n] = t->cpu[j].id;
			n++;
		}
	return n;
}

size_t topo_star(const struct topo *t, enum topo_place place, int *centre, int *leaf,
		 size_t max)
{
	size_t best = 0, most = 0;

	for (size_t i = 0; i < t->n; i++) {
		size_t n = topo_around(t, place, i, NULL, t->n);

		if (n > most) {
			most = n;
			best = i;
		}
	}
	if (!most)
		return 0;
	*centre = t->cpu[best].id;
	if (place != PLACE_SAME_CPU)
		return topo_around(t, place, best, leaf, max);
	for (size_t i = 0; i < max; i++)
		leaf[i] = *centre;
	return max;
}

size_t topo_service(const struct topo *t, int *service, int *client, size_t max)
{
	size_t n = 0;

	if (!t->n)
		return 0;
	*service = t->isolated >= 0 ? t->isolated : t->cpu[t->n - 1].id;
	for (size_t i = 0; i < t->n && n < max; i++)
		if (t->cpu[i].id != *service)
			client[n++] = t->cpu[i].id;
	return n;
}
