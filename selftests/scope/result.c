// SPDX-License-Identifier: GPL-2.0
/* Result data: what may be shown, merging, and refusing to compare unlike things. */
#include <jansson.h>
#include "kselftest_harness.h"
#include "manifest.h"
#include "report/report.h"
#include "result.h"
#include "run.h"

FIXTURE(result) {
	struct run_cfg cfg;
	struct clock clock;
	struct topo topo;
	struct plan plan;
	const struct mech_ops *mechs[2];
	struct mech_why why;
};

FIXTURE_SETUP(result)
{
	self->mechs[0] = mech_find("pipe");
	self->cfg = (struct run_cfg){
		.mech = self->mechs, .patterns = 1 << PATTERN_PINGPONG, .waits = MECH_W_BLOCK,
		.sizes = { 64 }, .nsizes = 1, .places = 1 << PLACE_SAME_CPU, .messages = 100,
		.warmup = 4, .blocks = 2, .rounds = 1, .seed = 1, .timeout = 5,
	};
	clock_init(&self->clock);
	ASSERT_EQ(0, topo_read(&self->topo, "/sys", NULL, &self->why));
	ASSERT_EQ(0, plan_build(&self->plan, &self->cfg, &self->topo));
	ASSERT_EQ(0, run_plan(&self->plan, &self->cfg, &self->clock, true));
}

FIXTURE_TEARDOWN(result)
{
	plan_free(&self->plan);
	topo_free(&self->topo);
}

static json_t *make(struct _test_data_result *self)
{
	json_t *manifest = manifest_build(&self->cfg, &self->clock, &self->topo);

	return result_build(&self->plan, &self->cfg, &self->clock, manifest, true);
}

static json_int_t run_of(json_t *r, size_t cell)
{
	json_t *c = json_array_get(json_object_get(r, "cells"), cell);

	return json_integer_value(json_object_get(c, "run"));
}

static char *table(json_t *r)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	report_table(r, f);
	fclose(f);
	return text;
}

/* Only what the clock's unit allows, whatever machine this test runs on. */
static void set_unit(struct _test_data_result *self, enum clock_unit unit)
{
	self->clock.unit = unit;
}

TEST_F(result, the_spine_is_there)
{
	json_int_t n, min, max, sent, received;
	const char *id, *unit;
	double cost;
	json_t *r;

	set_unit(self, CLOCK_NS);
	r = make(self);
	ASSERT_EQ(0, json_unpack(r, "{s:[{s:s, s:s, s:{s:f}, s:{s:I, s:I, s:I}, s:{s:I, s:I}}]}",
				 "cells", "id", &id, "unit", &unit, "cost", "per_msg", &cost,
				 "latency", "n", &n, "min", &min, "max", &max,
				 "verify", "sent", &sent, "received", &received));
	EXPECT_STREQ("pipe/pingpong/block/64/same-cpu", id);
	EXPECT_STREQ("ns", unit);
	EXPECT_EQ(200, n);
	EXPECT_TRUE(min > 0 && min <= cost && cost <= max);
	EXPECT_EQ(408, sent);
	EXPECT_EQ(408, received);
	json_decref(r);
}

TEST_F(result, an_emulators_times_are_not_in_it)
{
	json_t *r, *cell;
	char *text;

	set_unit(self, CLOCK_NONE);
	r = make(self);
	cell = json_array_get(json_object_get(r, "cells"), 0);
	EXPECT_TRUE(json_is_null(json_object_get(cell, "cost")));
	EXPECT_TRUE(json_is_null(json_object_get(cell, "latency")));
	text = table(r);
	EXPECT_NE(NULL, strstr(text, "works: 408 verified"));
	free(text);
	json_decref(r);
}

TEST_F(result, a_failed_cell_has_no_figures)
{
	json_t *r, *cell;
	char *text;

	set_unit(self, CLOCK_NS);
	cell_fail(&self->plan.cell[0], "because of %d", 7);
	r = make(self);
	cell = json_array_get(json_object_get(r, "cells"), 0);
	EXPECT_TRUE(json_is_null(json_object_get(cell, "cost")));
	EXPECT_STREQ("because of 7", json_string_value(json_object_get(cell, "reason")));
	text = table(r);
	EXPECT_NE(NULL, strstr(text, "FAIL [1]"));
	EXPECT_NE(NULL, strstr(text, "[1] because of 7"));
	free(text);
	json_decref(r);
}

TEST_F(result, merged_runs_keep_their_circumstances)
{
	json_t *a, *b;
	char *text;

	set_unit(self, CLOCK_NS);
	a = make(self);
	b = make(self);
	ASSERT_EQ(0, result_merge(a, b, &self->why));
	EXPECT_EQ(2, json_array_size(json_object_get(a, "cells")));
	EXPECT_EQ(2, json_array_size(json_object_get(json_object_get(a, "manifest"), "runs")));
	EXPECT_EQ(1, run_of(a, 1));
	text = table(a);
	/* Two equal runs: no spread, and one line. */
	EXPECT_NE(NULL, strstr(text, "0.00%"));
	EXPECT_NE(NULL, strstr(text, "spread"));
	free(text);
	json_decref(a);
	json_decref(b);
}

TEST_F(result, unlike_definitions_do_not_merge)
{
	json_t *a, *b;

	a = make(self);
	self->cfg.messages++;
	b = make(self);
	memset(&self->why, 0xcc, sizeof(self->why));
	EXPECT_EQ(-EINVAL, result_merge(a, b, &self->why));
	EXPECT_NE(NULL, strstr(self->why.text, "does not compare"));
	json_decref(a);
	json_decref(b);
}

TEST_F(result, unlike_units_do_not_merge)
{
	json_t *a, *b, *c;

	set_unit(self, CLOCK_NS);
	a = make(self);
	set_unit(self, CLOCK_INSN);
	b = make(self);
	set_unit(self, CLOCK_NONE);
	c = make(self);
	EXPECT_EQ(-EINVAL, result_merge(a, b, &self->why));
	EXPECT_EQ(0, result_merge(a, c, &self->why));
	json_decref(a);
	json_decref(b);
	json_decref(c);
}

/* What one string of the first run's circumstances is, from now on. */
static void set_manifest(json_t *r, const char *part, const char *key, const char *value)
{
	json_t *runs = json_object_get(json_object_get(r, "manifest"), "runs");
	json_t *run = json_array_get(runs, 0);

	if (key)
		json_object_set_new(json_object_get(run, part), key, json_string(value));
	else
		json_object_set_new(run, part, json_string(value));
}

/* Not in one mean, which would be the cost on neither. */
TEST_F(result, kernels_merge_side_by_side)
{
	json_t *a, *b;
	char *text;

	set_unit(self, CLOCK_NS);
	a = make(self);
	b = make(self);
	set_manifest(a, "kernel", "release", "6.1.0");
	set_manifest(b, "kernel", "release", "6.12.0");
	set_manifest(b, "module", "srcversion", "another");
	ASSERT_EQ(0, result_merge(a, b, &self->why));
	EXPECT_EQ(0, run_of(a, 0));
	EXPECT_EQ(1, run_of(a, 1));
	text = table(a);
	EXPECT_NE(NULL, strstr(text, "6.1.0                     6.12.0\n"));
	EXPECT_NE(NULL, strstr(text, "  1.000\n"));
	free(text);
	json_decref(a);
	json_decref(b);
}

TEST_F(result, one_release_of_two_configurations_does_not_merge)
{
	json_t *a, *b;

	set_unit(self, CLOCK_NS);
	a = make(self);
	b = make(self);
	set_manifest(b, "kernel", "config_hash", "another");
	EXPECT_EQ(-EINVAL, result_merge(a, b, &self->why));
	EXPECT_NE(NULL, strstr(self->why.text, "kernel differs"));
	json_decref(a);
	json_decref(b);
}

TEST_F(result, kernels_on_unlike_machines_do_not_merge)
{
	json_t *a, *b;

	set_unit(self, CLOCK_NS);
	a = make(self);
	b = make(self);
	set_manifest(b, "kernel", "release", "6.12.0");
	set_manifest(b, "hypervisor", NULL, "another");
	EXPECT_EQ(-EINVAL, result_merge(a, b, &self->why));
	EXPECT_NE(NULL, strstr(self->why.text, "hypervisor differs"));
	json_decref(a);
	json_decref(b);
}

TEST_F(result, kernels_of_unlike_definitions_do_not_merge)
{
	json_t *a, *b;

	a = make(self);
	self->cfg.warmup++;
	b = make(self);
	set_manifest(b, "kernel", "release", "6.12.0");
	EXPECT_EQ(-EINVAL, result_merge(a, b, &self->why));
	EXPECT_NE(NULL, strstr(self->why.text, "does not compare"));
	json_decref(a);
	json_decref(b);
}

/* One of several CPUs: the instructions of the others are in it. */
TEST_F(result, cpu_time_is_in_the_cells_unit_or_not_there)
{
	static const struct {
		enum clock_unit unit;
		bool alone;
		bool ns;
		bool insn;
	} table[] = {
		{ CLOCK_NS, false, true, false }, { CLOCK_INSN, true, false, true },
		{ CLOCK_INSN, false, false, false }, { CLOCK_NONE, true, false, false },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		json_t *r, *ns, *insn;

		set_unit(self, table[i].unit);
		self->clock.alone = table[i].alone;
		r = make(self);
		ASSERT_EQ(0, json_unpack(r, "{s:[{s:{s:{s:o, s:o}}}]}", "cells", "counters",
					 "receiver", "cpu_ns", &ns, "cpu_insn", &insn));
		EXPECT_EQ(table[i].ns, json_integer_value(ns) > 0);
		EXPECT_EQ(table[i].insn, json_integer_value(insn) > 0);
		EXPECT_EQ(!table[i].ns, json_is_null(ns));
		EXPECT_EQ(!table[i].insn, json_is_null(insn));
		json_decref(r);
	}
}

TEST_F(result, how_often_is_not_what)
{
	json_t *a, *b;

	a = make(self);
	self->cfg.rounds++;
	self->cfg.blocks++;
	self->cfg.seed++;
	b = make(self);
	EXPECT_EQ(0, result_merge(a, b, &self->why));
	json_decref(a);
	json_decref(b);
}

TEST_F(result, writing_is_repeatable)
{
	char *text[2];
	size_t len;

	/* Without the clocks' offset, which is measured anew. */
	set_unit(self, CLOCK_INSN);
	for (int i = 0; i < 2; i++) {
		FILE *f = open_memstream(&text[i], &len);
		json_t *r = make(self);

		/* The one thing that moves on. */
		json_object_del(json_array_get(json_object_get(json_object_get(r, "manifest"),
							       "runs"), 0), "date");
		ASSERT_EQ(0, result_write(r, f));
		fclose(f);
		json_decref(r);
	}
	EXPECT_EQ(0, strcmp(text[0], text[1]));
}

TEST_HARNESS_MAIN
