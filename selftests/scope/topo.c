// SPDX-License-Identifier: GPL-2.0
/* Topology from fake sysfs trees. */
#define _GNU_SOURCE
#include <ftw.h>
#include <sys/stat.h>
#include "kselftest_harness.h"
#include "topo.h"

/**
 * struct machine - a machine to build a tree of
 * @online:	content of the online file
 * @cpus:	CPU directories, those offline included
 * @threads:	CPUs of a core, numbered in a row
 * @llc:	CPUs under a last-level cache, 0: no cache shown
 * @node:	CPUs of a memory node
 */
struct machine {
	const char *online;
	int cpus;
	int threads;
	int llc;
	int node;
};

FIXTURE(tree) {
	char root[64];
	struct topo topo;
	struct mech_why why;
	int cpu[SIDE_COUNT];
};

static void put(const char *root, const char *content, const char *fmt, ...)
{
	char path[256], *p;
	va_list ap;
	FILE *f;
	int n = sprintf(path, "%s/devices/system/cpu/", root);

	va_start(ap, fmt);
	vsnprintf(path + n, sizeof(path) - (size_t)n, fmt, ap);
	va_end(ap);
	for (p = path + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(path, 0700);
		*p = '/';
	}
	f = fopen(path, "w");
	if (f) {
		fputs(content, f);
		fclose(f);
	}
}

static void put_group(const char *root, int cpu, int size, const char *file)
{
	char list[32];
	int first = cpu / size * size;

	if (size == 1)
		snprintf(list, sizeof(list), "%d\n", first);
	else
		snprintf(list, sizeof(list), "%d-%d\n", first, first + size - 1);
	put(root, list, "cpu%d/%s", cpu, file);
}

static void build(const char *root, const struct machine *m)
{
	char path[256];

	put(root, m->online, "online");
	for (int cpu = 0; cpu < m->cpus; cpu++) {
		put_group(root, cpu, m->threads, "topology/thread_siblings_list");
		if (m->llc) {
			put(root, "1\n", "cpu%d/cache/index0/level", cpu);
			put_group(root, cpu, m->threads, "cache/index0/shared_cpu_list");
			put(root, "3\n", "cpu%d/cache/index1/level", cpu);
			put_group(root, cpu, m->llc, "cache/index1/shared_cpu_list");
			/* Their order is not that of the levels. */
			put(root, "2\n", "cpu%d/cache/index2/level", cpu);
			put_group(root, cpu, m->threads, "cache/index2/shared_cpu_list");
		}
		snprintf(path, sizeof(path), "%s/devices/system/cpu/cpu%d/node%d", root, cpu,
			 cpu / m->node);
		mkdir(path, 0700);
	}
}

static int gone(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

FIXTURE_SETUP(tree)
{
	strcpy(self->root, "/tmp/ipcscope-topo-XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->root));
	memset(&self->why, 0xcc, sizeof(self->why));
	self->cpu[0] = -1;
	self->cpu[1] = -1;
}

FIXTURE_TEARDOWN(tree)
{
	topo_free(&self->topo);
	nftw(self->root, gone, 16, FTW_DEPTH | FTW_PHYS);
}

TEST_F(tree, two_sockets_with_smt)
{
	static const struct machine m = { "0-15\n", 16, 2, 4, 8 };

	build(self->root, &m);
	ASSERT_EQ(0, topo_read(&self->topo, self->root, NULL, &self->why));
	ASSERT_EQ(16, self->topo.n);
	ASSERT_EQ(0, topo_pick(&self->topo, PLACE_SAME_CPU, self->cpu, &self->why));
	EXPECT_TRUE(self->cpu[0] == 0 && self->cpu[1] == 0);
	ASSERT_EQ(0, topo_pick(&self->topo, PLACE_SMT, self->cpu, &self->why));
	EXPECT_TRUE(self->cpu[0] == 0 && self->cpu[1] == 1);
	ASSERT_EQ(0, topo_pick(&self->topo, PLACE_LLC, self->cpu, &self->why));
	EXPECT_TRUE(self->cpu[0] == 0 && self->cpu[1] == 2);
	ASSERT_EQ(0, topo_pick(&self->topo, PLACE_NODE, self->cpu, &self->why));
	EXPECT_TRUE(self->cpu[0] == 0 && self->cpu[1] == 4);
	ASSERT_EQ(0, topo_pick(&self->topo, PLACE_CROSS_NODE, self->cpu, &self->why));
	EXPECT_TRUE(self->cpu[0] == 0 && self->cpu[1] == 8);
}

TEST_F(tree, one_cpu_has_one_placement)
{
	static const struct machine m = { "0\n", 1, 1, 1, 1 };

	build(self->root, &m);
	ASSERT_EQ(0, topo_read(&self->topo, self->root, NULL, &self->why));
	EXPECT_EQ(0, topo_pick(&self->topo, PLACE_SAME_CPU, self->cpu, &self->why));
	for (enum topo_place p = PLACE_SMT; p < PLACE_COUNT; p++) {
		EXPECT_EQ(-ENODEV, topo_pick(&self->topo, p, self->cpu, &self->why));
		EXPECT_NE(NULL, strstr(self->why.text, "(1 usable CPU;"));
	}
}

TEST_F(tree, offline_cpus_are_not_used)
{
	static const struct machine m = { "0,2-3\n", 4, 2, 4, 4 };

	build(self->root, &m);
	ASSERT_EQ(0, topo_read(&self->topo, self->root, NULL, &self->why));
	EXPECT_EQ(3, self->topo.n);
	ASSERT_EQ(0, topo_pick(&self->topo, PLACE_SMT, self->cpu, &self->why));
	EXPECT_TRUE(self->cpu[0] == 2 && self->cpu[1] == 3);
}

TEST_F(tree, unknown_caches_are_not_a_shared_cache)
{
	static const struct machine m = { "0-1\n", 2, 1, 0, 2 };

	build(self->root, &m);
	ASSERT_EQ(0, topo_read(&self->topo, self->root, NULL, &self->why));
	EXPECT_EQ(-ENODEV, topo_pick(&self->topo, PLACE_LLC, self->cpu, &self->why));
	EXPECT_EQ(0, topo_pick(&self->topo, PLACE_NODE, self->cpu, &self->why));
}

TEST_F(tree, confined_to_a_list)
{
	static const struct machine m = { "0-7\n", 8, 2, 8, 8 };

	build(self->root, &m);
	ASSERT_EQ(0, topo_read(&self->topo, self->root, "7,5,5", &self->why));
	ASSERT_EQ(2, self->topo.n);
	EXPECT_EQ(5, self->topo.cpu[0].id);
	EXPECT_EQ(7, self->topo.cpu[1].id);
	EXPECT_EQ(-ENODEV, topo_pick(&self->topo, PLACE_SMT, self->cpu, &self->why));
}

TEST_F(tree, a_cpu_that_does_not_exist_is_named)
{
	static const struct machine m = { "0-1\n", 2, 1, 2, 2 };

	build(self->root, &m);
	EXPECT_EQ(-ENODEV, topo_read(&self->topo, self->root, "0,99", &self->why));
	EXPECT_NE(NULL, strstr(self->why.text, "CPU 99 "));
	EXPECT_NE(NULL, strstr(self->why.text, "online are 0-1;"));
	EXPECT_EQ(0, self->topo.n);
}

TEST_F(tree, no_tree_is_an_error)
{
	EXPECT_EQ(-ENOENT, topo_read(&self->topo, self->root, NULL, &self->why));
	EXPECT_NE(NULL, strstr(self->why.text, self->root));
}

/* 16 CPUs: cores of 2, caches of 4, nodes of 8. */
TEST_F(tree, pairs_share_no_cpu)
{
	static const struct machine m = { "0-15\n", 16, 2, 4, 8 };
	static const size_t found[PLACE_PAIRS] = { 16, 8, 8, 8, 8 };
	struct topo_pair pair[32];

	build(self->root, &m);
	ASSERT_EQ(0, topo_read(&self->topo, self->root, NULL, &self->why));
	for (enum topo_place p = 0; p < PLACE_PAIRS; p++) {
		int used[16] = { 0 };
		size_t n = topo_pairs(&self->topo, p, pair, 32);

		EXPECT_EQ(found[p], n) {
			TH_LOG("%s", topo_place_name(p));
		}
		for (size_t i = 0; i < n; i++) {
			const struct topo_cpu *a = &self->topo.cpu[pair[i].cpu[SIDE_SENDER]];
			const struct topo_cpu *b = &self->topo.cpu[pair[i].cpu[SIDE_RECEIVER]];

			EXPECT_EQ(p, topo_relation(a, b));
			EXPECT_EQ(0, used[a->id]++);
			EXPECT_EQ(p != PLACE_SAME_CPU, used[b->id]++ == 0);
		}
		ASSERT_EQ(0, topo_pick(&self->topo, p, self->cpu, &self->why));
		EXPECT_EQ(0, memcmp(pair[0].cpu, self->cpu, sizeof(self->cpu)));
		EXPECT_EQ(2, topo_pairs(&self->topo, p, pair, 2));
	}
}

TEST_F(tree, a_star_has_all_that_lie_so)
{
	static const struct machine m = { "1-15\n", 16, 2, 4, 8 };
	int leaf[16], centre;

	build(self->root, &m);
	ASSERT_EQ(0, topo_read(&self->topo, self->root, NULL, &self->why));
	/* CPU 1 has lost its sibling; 2 has one, and so it is the first centre. */
	EXPECT_EQ(1, topo_star(&self->topo, PLACE_SMT, &centre, leaf, 16));
	EXPECT_TRUE(centre == 2 && leaf[0] == 3);
	/* 1, 2, 3 share a cache: 1 lies so to two, 4 only to 6 and 7. */
	EXPECT_EQ(2, topo_star(&self->topo, PLACE_LLC, &centre, leaf, 16));
	EXPECT_TRUE(centre == 1 && leaf[0] == 2 && leaf[1] == 3);
	/* The smaller node looks at the larger one. */
	EXPECT_EQ(8, topo_star(&self->topo, PLACE_CROSS_NODE, &centre, leaf, 16));
	EXPECT_TRUE(centre == 1 && leaf[0] == 8 && leaf[7] == 15);
	EXPECT_EQ(5, topo_star(&self->topo, PLACE_SAME_CPU, &centre, leaf, 5));
	EXPECT_TRUE(centre == 1 && leaf[0] == 1 && leaf[4] == 1);
}

TEST_F(tree, a_service_takes_the_last_cpu)
{
	static const struct machine m = { "0-3\n", 4, 1, 4, 4 };
	int client[4], service;

	build(self->root, &m);
	ASSERT_EQ(0, topo_read(&self->topo, self->root, NULL, &self->why));
	EXPECT_EQ(-1, self->topo.isolated);
	EXPECT_EQ(3, topo_service(&self->topo, &service, client, 4));
	EXPECT_TRUE(service == 3 && client[0] == 0 && client[2] == 2);
}

TEST_F(tree, a_service_prefers_an_isolated_one)
{
	static const struct machine m = { "0-3\n", 4, 1, 4, 4 };
	int client[4], service;

	build(self->root, &m);
	put(self->root, "\n", "isolated");
	put(self->root, "1-2\n", "nohz_full");
	ASSERT_EQ(0, topo_read(&self->topo, self->root, NULL, &self->why));
	EXPECT_EQ(1, self->topo.isolated);
	EXPECT_EQ(3, topo_service(&self->topo, &service, client, 4));
	EXPECT_TRUE(service == 1 && client[0] == 0 && client[1] == 2);
	topo_free(&self->topo);
	/* Not one that --cpus leaves out, nor one that is offline. */
	ASSERT_EQ(0, topo_read(&self->topo, self->root, "0,3", &self->why));
	EXPECT_EQ(-1, self->topo.isolated);
	topo_free(&self->topo);
	put(self->root, "7\n", "nohz_full");
	ASSERT_EQ(0, topo_read(&self->topo, self->root, NULL, &self->why));
	EXPECT_EQ(-1, self->topo.isolated);
}

TEST_F(tree, a_lonely_cpu_has_no_client)
{
	static const struct machine m = { "0\n", 1, 1, 1, 1 };
	int client[1], service;

	build(self->root, &m);
	ASSERT_EQ(0, topo_read(&self->topo, self->root, NULL, &self->why));
	EXPECT_EQ(0, topo_service(&self->topo, &service, client, 1));
	EXPECT_EQ(0, topo_star(&self->topo, PLACE_LLC, &service, client, 1));
}

FIXTURE(list) {
	int n;
	int cpu[16];
};

FIXTURE_VARIANT(list) {
	const char *text;
	int ret;
	int n;
};

FIXTURE_VARIANT_ADD(list, single) { "5", 0, 1 };
FIXTURE_VARIANT_ADD(list, range) { "0-3\n", 0, 4 };
FIXTURE_VARIANT_ADD(list, mixed) { "0-1,4,6-7", 0, 5 };
FIXTURE_VARIANT_ADD(list, empty) { "", -EINVAL, 0 };
FIXTURE_VARIANT_ADD(list, word) { "x", -EINVAL, 0 };
FIXTURE_VARIANT_ADD(list, tail) { "1x", -EINVAL, 1 };
FIXTURE_VARIANT_ADD(list, comma) { "1,", -EINVAL, 1 };
FIXTURE_VARIANT_ADD(list, backwards) { "3-1", -EINVAL, 0 };
FIXTURE_VARIANT_ADD(list, open_range) { "3-", -EINVAL, 0 };
FIXTURE_VARIANT_ADD(list, negative) { "-1", -EINVAL, 0 };
FIXTURE_VARIANT_ADD(list, huge) { "99999999999999999999", -EINVAL, 0 };
FIXTURE_VARIANT_ADD(list, too_high) { "65536", -EINVAL, 0 };

FIXTURE_SETUP(list)
{
}

FIXTURE_TEARDOWN(list)
{
}

static int take(int cpu, void *arg)
{
	struct _test_data_list *self = arg;

	if (self->n == 16)
		return 1;
	self->cpu[self->n++] = cpu;
	return 0;
}

TEST_F(list, parses)
{
	EXPECT_EQ(variant->ret, topo_parse_list(variant->text, take, self));
	EXPECT_EQ(variant->n, self->n);
}

TEST_HARNESS_MAIN
