// SPDX-License-Identifier: GPL-2.0
/* Which widths are laid out, and what is derived of planted cells. */
#include <math.h>
#include "kselftest_harness.h"
#include "report/report.h"
#include "result.h"
#include "scaling.h"
#include "usl.h"

#define CPUS	20
#define ROUNDS	3

static int nothing_open(struct mech *m)
{
	return m->cfg.size ? 0 : -EINVAL;
}

static const struct mech_ops ops = {
	.name = "planted", .rev = 1, .waits = MECH_W_BLOCK | MECH_W_SPIN,
	.traits = MECH_T_FANIN | MECH_T_BACKPRESSURE,
	.open = nothing_open,
};

FIXTURE(planted) {
	struct run_cfg cfg;
	struct clock clock;
	struct topo topo;
	struct topo_cpu cpu[CPUS];
	struct plan plan;
	const struct mech_ops *mechs[2];
	json_t *result;
	char *text;
};

FIXTURE_SETUP(planted)
{
	self->mechs[0] = &ops;
	self->cfg = (struct run_cfg){
		.mech = self->mechs, .patterns = 1 << PATTERN_PAIRS, .waits = MECH_W_BLOCK,
		.waits_default = true, .sizes = { 64 }, .nsizes = 1,
		.places = 1 << PLACE_SAME_CPU, .messages = 100, .blocks = 1, .rounds = ROUNDS,
	};
	self->clock = (struct clock){ .unit = CLOCK_NS };
	/* One cache, no siblings. */
	for (int i = 0; i < CPUS; i++)
		self->cpu[i] = (struct topo_cpu){ .id = i, .core = i };
	self->topo = (struct topo){ .n = CPUS, .cpu = self->cpu, .isolated = -1 };
}

FIXTURE_TEARDOWN(planted)
{
	plan_free(&self->plan);
	json_decref(self->result);
	free(self->text);
}

#define LAY_OUT() ASSERT_EQ(0, plan_build(&self->plan, &self->cfg, &self->topo))

#define EXPECT_WIDTHS(...) do {							\
	const unsigned int want_[] = { __VA_ARGS__ };				\
	const size_t n_ = sizeof(want_) / sizeof(want_[0]);			\
	ASSERT_EQ(n_, self->plan.n);						\
	for (size_t i_ = 0; i_ < n_; i_++) {					\
		EXPECT_EQ(want_[i_], self->plan.cell[i_].width);		\
		EXPECT_EQ(CELL_OK, self->plan.cell[i_].status);			\
	}									\
} while (0)

TEST_F(planted, widths_get_sparse_and_end_with_the_most)
{
	LAY_OUT();
	EXPECT_WIDTHS(1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20);
}

TEST_F(planted, pairs_of_two_cpus_are_half_as_many)
{
	self->cfg.places = 1 << PLACE_LLC;
	LAY_OUT();
	EXPECT_WIDTHS(1, 2, 3, 4, 5, 6, 7, 8, 10);
}

TEST_F(planted, fanin_leaves_the_receiver_its_cpu)
{
	self->cfg.patterns = 1 << PATTERN_FANIN;
	self->cfg.places = 1 << PLACE_LLC;
	self->topo.n = 4;
	LAY_OUT();
	EXPECT_WIDTHS(1, 2, 3);
}

TEST_F(planted, a_service_and_what_it_is_compared_with)
{
	self->cfg.patterns = 1 << PATTERN_PINGPONG | 1 << PATTERN_STREAM;
	self->cfg.patterns_default = true;
	self->cfg.places = 1 << PLACE_AMP | 1 << PLACE_SMP;
	self->topo.n = 4;
	LAY_OUT();
	/* smp blocks, amp spins; nothing that does not apply is there. */
	EXPECT_WIDTHS(1, 2, 3, 4, 1, 2, 3);
	EXPECT_EQ(PLACE_SMP, self->plan.cell[3].place);
	EXPECT_EQ(WAIT_SPIN, self->plan.cell[6].cfg.wait);
	EXPECT_EQ(4, cell_cpus(&self->plan.cell[6]));
}

TEST_F(planted, too_wide_is_a_skip_with_the_remedy)
{
	self->cfg.widths[0] = CPUS + 1;
	self->cfg.nwidths = 1;
	LAY_OUT();
	ASSERT_EQ(1, self->plan.n);
	EXPECT_EQ(CELL_SKIP, self->plan.cell[0].status);
	EXPECT_STREQ("placement same-cpu: 21 pairs wanted, there are CPUs for 20; give --width 20 or less",
		     self->plan.cell[0].why.text);
}

TEST_F(planted, a_service_must_not_sleep)
{
	self->cfg.patterns = 1 << PATTERN_PINGPONG;
	self->cfg.waits_default = false;
	self->cfg.places = 1 << PLACE_AMP;
	LAY_OUT();
	EXPECT_NE(NULL, strstr(self->plan.cell[0].why.text, "give --wait spin"));
}

/* What each width does by a law, in @units of the clock for a message. */
static void plant(struct plan *plan, const struct usl *law, double scale)
{
	for (size_t i = 0; i < plan->n; i++) {
		struct cell *c = &plan->cell[i];
		struct cell_arm *a = &c->arm[ARM_PLAIN];

		a->launches = ROUNDS;
		a->nsamples = ROUNDS;
		a->verify.received = 1234;
		a->sample = calloc(ROUNDS, sizeof(*a->sample));
		for (unsigned int r = 0; r < ROUNDS; r++)
			a->sample[r] = (struct stats_sample){
				.launch = r, .value = scale / usl_speed(law, c->width),
			};
	}
}

static const struct usl law = { .lambda = 1e6, .sigma = 0.1, .kappa = 0.02 };

static double fitted(json_t *result, const char *what)
{
	json_t *curve = json_array_get(json_object_get(result, "scaling"), 0);
	json_t *p = json_object_get(json_object_get(curve, "fit"), what);

	return json_number_value(json_object_get(p, "value"));
}

#define BUILD() do {								\
	size_t len_;								\
	FILE *f_ = open_memstream(&self->text, &len_);				\
	self->result = result_build(&self->plan, &self->cfg, &self->clock,	\
				    json_object(), true);			\
	ASSERT_EQ(0, report_table(self->result, f_));				\
	fclose(f_);								\
} while (0)

#define EXPECT_SAYS(words) EXPECT_NE(NULL, strstr(self->text, words)) { \
	TH_LOG("%s", self->text);					\
}

#define EXPECT_SILENT(words) EXPECT_EQ(NULL, strstr(self->text, words)) { \
	TH_LOG("%s", self->text);					\
}

TEST_F(planted, the_law_is_found_again)
{
	self->topo.n = 8;
	LAY_OUT();
	plant(&self->plan, &law, 1e9);
	BUILD();
	EXPECT_LT(fabs(fitted(self->result, "lambda") - 1e6), 10);
	EXPECT_LT(fabs(fitted(self->result, "sigma") - 0.1), 0.0001);
	EXPECT_LT(fabs(fitted(self->result, "kappa") - 0.02), 0.00001);
	/* sqrt(0.9 / 0.02) */
	EXPECT_LT(fabs(fitted(self->result, "peak") - 6.7082), 0.001);
	EXPECT_SAYS("predicted peak at 6.708");
	/* 2 / (1 + 0.1 + 0.04) */
	EXPECT_SAYS("twice the pairs, 1 to 2: 1.75 times the speed; 2 to 4: 1.48 times the speed");
	EXPECT_SILENT("Counted, not timed");
}

/* As many instructions as CPUs times units: the law is of the machine that has them all. */
TEST_F(planted, counted_instructions_are_shared_by_the_cpus)
{
	self->clock.unit = CLOCK_INSN;
	self->topo.n = 4;
	LAY_OUT();
	plant(&self->plan, &law, 1e9);
	for (size_t i = 0; i < self->plan.n; i++)
		for (unsigned int r = 0; r < ROUNDS; r++)
			self->plan.cell[i].arm[ARM_PLAIN].sample[r].value *=
				self->plan.cell[i].width / 1000.0;
	BUILD();
	EXPECT_LT(fabs(fitted(self->result, "lambda") - 1e6), 10);
	EXPECT_LT(fabs(fitted(self->result, "sigma") - 0.1), 0.0001);
	EXPECT_SAYS("messages per million units");
	EXPECT_SAYS("Counted, not timed");
}

TEST_F(planted, an_emulators_times_give_no_figure)
{
	self->clock.unit = CLOCK_NONE;
	self->topo.n = 4;
	LAY_OUT();
	plant(&self->plan, &law, 1e9);
	BUILD();
	EXPECT_SAYS("works: 1,234 verified");
	EXPECT_SAYS("no fit: an emulator's times are not results");
	EXPECT_SILENT("lambda");
	EXPECT_SILENT("times the speed");
}

TEST_F(planted, three_widths_show_nothing_of_the_law)
{
	self->topo.n = 3;
	LAY_OUT();
	plant(&self->plan, &law, 1e9);
	BUILD();
	EXPECT_SAYS("nothing here shows that the law holds");
	EXPECT_SILENT("off the law");
}

TEST_F(planted, two_widths_have_no_law)
{
	self->topo.n = 2;
	LAY_OUT();
	plant(&self->plan, &law, 1e9);
	BUILD();
	EXPECT_SAYS("no fit: three parameters need three widths; there are 2");
}

TEST_F(planted, what_only_grows_has_no_peak)
{
	const struct usl linear = { .lambda = 1e6, .sigma = 0.1, .kappa = 0 };

	self->topo.n = 4;
	LAY_OUT();
	plant(&self->plan, &linear, 1e9);
	/* Not a rounding error above 0. */
	self->plan.cell[3].arm[ARM_PLAIN].sample[1].value *= 0.99;
	BUILD();
	EXPECT_SAYS("predicted peak: n/a");
}

TEST_F(planted, a_round_without_a_block_has_no_law)
{
	self->topo.n = 4;
	LAY_OUT();
	plant(&self->plan, &law, 1e9);
	self->plan.cell[2].arm[ARM_PLAIN].sample[1].launch = 0;
	BUILD();
	EXPECT_SAYS("no fit: in round 2 a width has no block on its CPUs");
}

TEST_F(planted, a_failed_width_is_not_on_the_curve)
{
	self->topo.n = 5;
	LAY_OUT();
	plant(&self->plan, &law, 1e9);
	cell_fail(&self->plan.cell[1], "it broke");
	BUILD();
	EXPECT_SAYS("fail: it broke");
	EXPECT_SAYS("(USL; 4 widths");
	EXPECT_LT(fabs(fitted(self->result, "sigma") - 0.1), 0.0001);
}

TEST_F(planted, both_ways_to_use_the_cpus_stand_together)
{
	self->cfg.patterns = 1 << PATTERN_PINGPONG;
	self->cfg.places = 1 << PLACE_AMP | 1 << PLACE_SMP;
	self->topo.n = 2;
	LAY_OUT();
	plant(&self->plan, &law, 1e9);
	for (size_t i = 0; i < self->plan.n; i++) {
		struct cell_arm *a = &self->plan.cell[i].arm[ARM_PLAIN];

		a->measured = 100;
		a->side[SIDE_SENDER].cpu_ns = 77700;
		a->side[SIDE_RECEIVER].cpu_ns = 55500;
	}
	BUILD();
	EXPECT_SAYS("a user thread on CPU 1 (not real-time: SCHED_FIFO not permitted; not isolated)");
	/* One client of 1e6 on 2 CPUs, beside 2e6 / 1.14. */
	EXPECT_SAYS("    2  amp         1    1,000,000      500,000        777        555      0.57");
	EXPECT_SAYS("    2  smp         2    1,754,390      877,195        777        555");
}

TEST_F(planted, merged_runs_keep_their_curves)
{
	struct mech_why why;
	json_t *other, *curves;

	self->topo.n = 4;
	LAY_OUT();
	plant(&self->plan, &law, 1e9);
	other = result_build(&self->plan, &self->cfg, &self->clock, json_object(), true);
	BUILD();
	ASSERT_EQ(0, result_merge(self->result, other, &why));
	curves = json_object_get(self->result, "scaling");
	ASSERT_EQ(2, json_array_size(curves));
	EXPECT_EQ(1, json_integer_value(json_object_get(json_array_get(curves, 1), "run")));
	json_decref(other);
}

TEST_HARNESS_MAIN
