// SPDX-License-Identifier: GPL-2.0
/* The verdict on known data: what is slower, what is not, and how often it is wrong. */
#include <math.h>
#include "cli.h"
#include "diff.h"
#include "kselftest_harness.h"
#include "report/report.h"
#include "stats.h"

#define RUNS	5
#define SEEDS	8	/* the default of scripts/ab */

FIXTURE(diff) {
	json_t *side[2];
	json_t *diff;
	struct mech_why why;
};

FIXTURE_SETUP(diff)
{
	for (int i = 0; i < 2; i++)
		self->side[i] = json_pack("{s:s, s:b, s:{s:[]}, s:[]}", "schema",
					  "ipcscope-result/1", "complete", 1, "manifest", "runs",
					  "cells");
}

FIXTURE_TEARDOWN(diff)
{
	json_decref(self->side[0]);
	json_decref(self->side[1]);
	json_decref(self->diff);
}

static json_t *add(struct _test_data_diff *self, int side, const char *id, double cost)
{
	json_t *cell = json_pack("{s:s, s:s, s:s, s:n, s:s, s:{s:f, s:n}, s:i}", "id", id, "def",
				 "d", "status", "ok", "reason", "unit", "insn", "cost", "per_msg",
				 cost, "ci95", "launches", 6);

	json_array_append_new(json_object_get(self->side[side], "cells"), cell);
	return cell;
}

/* RUNS runs around @cost, @apart from each other. */
static void add_runs(struct _test_data_diff *self, int side, const char *id, double cost,
		     double apart)
{
	for (int i = 0; i < RUNS; i++)
		add(self, side, id, cost + (i - RUNS / 2) * apart);
}

static void add_phase(json_t *cell, const char *name, int sum)
{
	json_t *phases = json_object_get(cell, "phases");

	if (!phases) {
		json_object_set_new(cell, "traced", json_pack("{s:i}", "messages", 10));
		phases = json_array();
		json_object_set_new(cell, "phases", phases);
	}
	json_array_append_new(phases, json_pack("{s:s, s:s, s:i}", "name", name, "hook", "h",
						"sum", sum));
}

static int judge(struct _test_data_diff *self)
{
	json_decref(self->diff);
	self->diff = diff_build(self->side[0], self->side[1], 0.01, &self->why);
	return self->diff ? json_integer_value(json_object_get(self->diff, "verdict")) : -1;
}

static json_t *cell_at(struct _test_data_diff *self, size_t i)
{
	return json_array_get(json_object_get(self->diff, "cells"), i);
}

static const char *word(json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static double real(json_t *o, const char *key)
{
	return json_number_value(json_object_get(o, key));
}

TEST_F(diff, a_known_cost_is_slower)
{
	add_runs(self, 0, "pipe", 10000, 10);
	add_runs(self, 1, "pipe", 10200, 10);
	EXPECT_EQ(EXIT_SLOWER, judge(self));
	EXPECT_STREQ("slower", word(cell_at(self, 0), "verdict"));
	EXPECT_EQ(200, real(cell_at(self, 0), "change"));
}

TEST_F(diff, faster_is_not_slower)
{
	add_runs(self, 0, "pipe", 10200, 10);
	add_runs(self, 1, "pipe", 10000, 10);
	EXPECT_EQ(EXIT_OK, judge(self));
	EXPECT_STREQ("faster", word(cell_at(self, 0), "verdict"));
}

TEST_F(diff, certain_but_small_is_the_same)
{
	add_runs(self, 0, "pipe", 10000, 0);
	add_runs(self, 1, "pipe", 10099, 0);
	EXPECT_EQ(EXIT_OK, judge(self));
	EXPECT_STREQ("same", word(cell_at(self, 0), "verdict"));
	EXPECT_EQ(0, real(cell_at(self, 0), "half"));
}

TEST_F(diff, large_but_uncertain_is_unsure)
{
	add_runs(self, 0, "pipe", 10000, 2000);
	add_runs(self, 1, "pipe", 12000, 2000);
	EXPECT_EQ(EXIT_CANNOT_TELL, judge(self));
	EXPECT_STREQ("unsure", word(cell_at(self, 0), "verdict"));
	/* One cell that can be told is an answer. */
	add_runs(self, 0, "ring", 10000, 10);
	add_runs(self, 1, "ring", 10000, 10);
	EXPECT_EQ(EXIT_OK, judge(self));
}

/*
 * Two samples of 15, of unequal spread, whose Welch test is in many textbooks: difference
 * 2.1667, t = -2.46, 25.0 degrees of freedom, where 99.9 % are within 3.7251.
 */
TEST_F(diff, the_interval_is_welchs)
{
	static const double x[] = { 27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6,
				    23.1, 19.6, 19.0, 21.7, 21.4 };
	static const double y[] = { 27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2,
				    21.9, 22.1, 22.9, 20.5, 24.4 };

	for (int i = 0; i < 15; i++) {
		add(self, 0, "pipe", x[i]);
		add(self, 1, "pipe", y[i]);
	}
	judge(self);
	EXPECT_TRUE(fabs(real(cell_at(self, 0), "change") - 2.167) < 0.001);
	EXPECT_TRUE(fabs(real(cell_at(self, 0), "half") - 2.1667 / 2.46 * 3.7251) < 0.01);
}

TEST_F(diff, more_questions_need_wider_intervals)
{
	double alone;
	char id[8];

	add_runs(self, 0, "pipe", 10000, 10);
	add_runs(self, 1, "pipe", 10000, 10);
	judge(self);
	alone = real(cell_at(self, 0), "half");
	/* 8 degrees of freedom: 5.0413 for 99.9 %, 8.0523 for 1 - 0.1 % / 24. */
	for (int i = 0; i < 23; i++) {
		snprintf(id, sizeof(id), "c%d", i);
		add_runs(self, 0, id, 10000, 10);
		add_runs(self, 1, id, 10000, 10);
	}
	judge(self);
	EXPECT_TRUE(fabs(real(cell_at(self, 0), "half") / alone - 8.0523 / 5.0413) < 0.03);
}

TEST_F(diff, one_run_rests_on_its_launches)
{
	json_t *cell[2] = { add(self, 0, "pipe", 10000), add(self, 1, "pipe", 11000) };

	EXPECT_EQ(EXIT_CANNOT_TELL, judge(self));
	EXPECT_EQ(1, json_array_size(json_object_get(self->diff, "left_out")));
	for (int i = 0; i < 2; i++)
		json_object_set_new(json_object_get(cell[i], "cost"), "ci95", i ?
				    json_pack("[f, f]", 10990.0, 11010.0) :
				    json_pack("[f, f]", 9990.0, 10010.0));
	EXPECT_EQ(EXIT_SLOWER, judge(self));
	/* 10 / 2.5706 is the deviation; of both 1.414 times; 10 degrees, 99.9 %: 4.5869. */
	EXPECT_TRUE(fabs(real(cell_at(self, 0), "half") - 10 / 2.5706 * 1.41421 * 4.5869) < 0.01);
}

TEST_F(diff, the_changed_come_first)
{
	add_runs(self, 0, "same", 100, 0);
	add_runs(self, 1, "same", 100, 0);
	add_runs(self, 0, "faster", 100, 0);
	add_runs(self, 1, "faster", 50, 0);
	add_runs(self, 0, "bit", 100, 0);
	add_runs(self, 1, "bit", 105, 0);
	add_runs(self, 0, "much", 100, 0);
	add_runs(self, 1, "much", 120, 0);
	EXPECT_EQ(EXIT_SLOWER, judge(self));
	EXPECT_STREQ("much", word(cell_at(self, 0), "id"));
	EXPECT_STREQ("bit", word(cell_at(self, 1), "id"));
	EXPECT_STREQ("faster", word(cell_at(self, 2), "id"));
	EXPECT_STREQ("same", word(cell_at(self, 3), "id"));
}

TEST_F(diff, the_phase_that_changed_is_found)
{
	json_t *phases;

	for (int i = 0; i < RUNS; i++) {
		for (int side = 0; side < 2; side++) {
			json_t *cell = add(self, side, "ring", side ? 10200 : 10000);

			add_phase(cell, "wake", 40000 + (side ? i : -i));
			add_phase(cell, "copy-in", side ? 6000 : 4000);
			add_phase(cell, "sleep", side ? 5000 : 4990);
		}
	}
	EXPECT_EQ(EXIT_SLOWER, judge(self));
	phases = json_object_get(cell_at(self, 0), "phases");
	ASSERT_EQ(3, json_array_size(phases));
	EXPECT_STREQ("copy-in", word(json_array_get(phases, 0), "name"));
	EXPECT_TRUE(json_is_true(json_object_get(json_array_get(phases, 0), "changed")));
	EXPECT_EQ(200, real(json_array_get(phases, 0), "change"));
	EXPECT_FALSE(json_is_true(json_object_get(json_array_get(phases, 1), "changed")));
	EXPECT_FALSE(json_is_true(json_object_get(json_array_get(phases, 2), "changed")));
}

TEST_F(diff, a_phase_that_one_kernel_cannot_see_is_no_change)
{
	json_t *phase;

	for (int i = 0; i < RUNS; i++) {
		for (int side = 0; side < 2; side++) {
			json_t *cell = add(self, side, "ring", 10000);

			add_phase(cell, "wake", 4000);
			phase = json_array_get(json_object_get(cell, "phases"), 0);
			if (side)
				json_object_set_new(phase, "absent", json_true());
		}
	}
	judge(self);
	phase = json_array_get(json_object_get(cell_at(self, 0), "phases"), 0);
	EXPECT_TRUE(json_is_null(json_object_get(phase, "change")));
	EXPECT_TRUE(json_is_null(json_object_get(phase, "b")));
	EXPECT_EQ(400, real(phase, "a"));
}

TEST_F(diff, a_cell_that_fails_on_one_side_cannot_be_told)
{
	add_runs(self, 0, "pipe", 10000, 10);
	add_runs(self, 1, "pipe", 10000, 10);
	EXPECT_EQ(EXIT_OK, judge(self));
	add(self, 0, "ring", 10000);
	json_object_set_new(add(self, 1, "ring", 10000), "status", json_string("fail"));
	EXPECT_EQ(EXIT_CANNOT_TELL, judge(self));
	/* Slower is still slower. */
	add_runs(self, 0, "futex", 10000, 10);
	add_runs(self, 1, "futex", 11000, 10);
	EXPECT_EQ(EXIT_SLOWER, judge(self));
}

TEST_F(diff, what_is_skipped_or_missing_is_named)
{
	json_t *skip = add(self, 0, "uring", 10000), *left_out;

	add_runs(self, 0, "pipe", 10000, 10);
	add_runs(self, 1, "pipe", 10000, 10);
	json_object_set_new(skip, "status", json_string("skip"));
	json_object_set_new(skip, "reason", json_string("no such thing"));
	EXPECT_EQ(EXIT_OK, judge(self));
	left_out = json_object_get(self->diff, "left_out");
	ASSERT_EQ(2, json_array_size(left_out));
	EXPECT_STREQ("no such thing", word(json_array_get(left_out, 0), "reason"));
	EXPECT_STREQ("not measured", word(json_array_get(left_out, 1), "reason"));
}

TEST_F(diff, nothing_to_compare_cannot_be_told)
{
	EXPECT_EQ(EXIT_CANNOT_TELL, judge(self));
}

TEST_F(diff, different_definitions_are_refused)
{
	add_runs(self, 0, "pipe", 10000, 10);
	add_runs(self, 1, "pipe", 10000, 10);
	json_object_set_new(add(self, 1, "ring", 1), "def", json_string("e"));
	add(self, 0, "ring", 1);
	EXPECT_EQ(-1, judge(self));
	EXPECT_NE(NULL, strstr(self->why.text, "ring does not compare"));
}

TEST_F(diff, the_table_says_it)
{
	char *text = NULL, line[128];
	size_t len;
	FILE *f;

	add_runs(self, 0, "ring/pingpong/block/64/same-cpu", 10000, 10);
	add_runs(self, 1, "ring/pingpong/block/64/same-cpu", 10200, 10);
	for (size_t i = 0; i < RUNS; i++)
		for (int side = 0; side < 2; side++)
			add_phase(json_array_get(json_object_get(self->side[side], "cells"), i),
				  "copy-in", side ? 6000 : 4000);
	judge(self);
	f = open_memstream(&text, &len);
	ASSERT_EQ(0, report_diff(self->diff, f));
	fclose(f);
	/* 15.81 / sqrt(5), twice, is 10; 5.0413 times that are 0.50 %. */
	snprintf(line, sizeof(line), "%-42s %10s %10s %10s %8s %9s", "ring/pingpong/block/64/same-cpu",
		 "10,000", "10,200", "+200", "+2.00%", "0.50%");
	EXPECT_NE(NULL, strstr(text, line));
	snprintf(line, sizeof(line), "%-42s %10s %10s %10s %8s %9s", "  * copy-in", "400", "600",
		 "+200", "+2.00%", "0.00%");
	EXPECT_NE(NULL, strstr(text, line));
	EXPECT_NE(NULL, strstr(text, "1 cells compared: 1 slower, 0 faster"));
	if (!_metadata->passed)
		TH_LOG("%s", text);
	free(text);
}

static double uniform(uint64_t *rng)
{
	return (double)(stats_random(rng) >> 11) / (1ULL << 53);
}

/* How a cell's runs scatter. */
enum scatter {
	NORMAL,		/* nearly: the sum of four */
	MODES,		/* one of two paths for a whole boot */
	OUTLIERS,	/* now and then a background job */
	SCATTERS
};

static double scattered(enum scatter how, uint64_t *rng)
{
	switch (how) {
	case NORMAL:
		return 1000 + 10 * (uniform(rng) + uniform(rng) + uniform(rng) + uniform(rng) - 2);
	case MODES:
		return (uniform(rng) < 0.5 ? 1000 : 1100) + uniform(rng);
	default:
		return 1000 + uniform(rng) + (uniform(rng) < 0.1 ? 500 * uniform(rng) : 0);
	}
}

/* 24 cells of which none has changed, in as many runs as scripts/ab takes, again and again. */
static int false_alarms(struct _test_data_diff *self, enum scatter how, int trials)
{
	uint64_t rng = 4711 + how;
	int alarms = 0;

	for (int t = 0; t < trials; t++) {
		for (int side = 0; side < 2; side++) {
			json_array_clear(json_object_get(self->side[side], "cells"));
			for (int i = 0; i < 24 * SEEDS; i++) {
				char id[8];

				snprintf(id, sizeof(id), "c%d", i % 24);
				add(self, side, id, scattered(how, &rng));
			}
		}
		alarms += judge(self) == EXIT_SLOWER;
	}
	return alarms;
}

/*
 * The interval allows 1 in 1000. What scatters otherwise than normally is harmless, too: two
 * modes of a whole boot look like a change if all of A and none of B are in one of them,
 * which with 8 runs is 1 in 32768 for a cell and with 5 is 1 in 512.
 */
TEST_F(diff, no_change_gives_no_alarm)
{
	for (enum scatter how = 0; how < SCATTERS; how++)
		EXPECT_LE(false_alarms(self, how, 300), 1);
}

TEST_HARNESS_MAIN
