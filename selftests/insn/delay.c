// SPDX-License-Identifier: GPL-2.0
/*
 * A known delay must be recovered: a mechanism whose send executes a known number of
 * instructions more must cost exactly so much more, on its own and inside a pipe.
 */
#include "kselftest_harness.h"
#include "run.h"

/* Far above the scatter of a pipe's round trip, 30 instructions in 13,800. */
#define DELAY_INSNS	20000ULL

static int delayed_send(const char *mech, struct mech *m, const void *buf)
{
	uint64_t n = DELAY_INSNS / 2;

	__asm__ volatile("1: dec %0\n\tjnz 1b" : "+r"(n) : : "cc");
	return mech_find(mech)->send(m, buf);
}

static int null_delayed_send(struct mech *m, const void *buf)
{
	return delayed_send("null", m, buf);
}

static int pipe_delayed_send(struct mech *m, const void *buf)
{
	return delayed_send("pipe", m, buf);
}

FIXTURE(delay) {
	struct clock clock;
	struct topo topo;
};

FIXTURE_VARIANT(delay) {
	const char *mech;
	int (*send)(struct mech *m, const void *buf);
	enum cell_pattern pattern;
	/* sends in what the cost is of */
	unsigned int sends;
};

FIXTURE_VARIANT_ADD(delay, null_pingpong) {
	"null", null_delayed_send, PATTERN_PINGPONG, 2,
};

FIXTURE_VARIANT_ADD(delay, null_stream) { "null", null_delayed_send, PATTERN_STREAM, 1 };

/*
 * Not with a stream: behind a slow sender the receiver sleeps for every message
 * instead of finding several, and 6,000 instructions of that are added, rightly.
 */
FIXTURE_VARIANT_ADD(delay, pipe_pingpong) {
	"pipe", pipe_delayed_send, PATTERN_PINGPONG, 2,
};

FIXTURE_SETUP(delay)
{
	struct mech_why why;

	clock_init(&self->clock);
	if (self->clock.unit != CLOCK_INSN)
		SKIP(return, "the clock does not count instructions; boot with scripts/vm --insn");
	ASSERT_EQ(0, topo_read(&self->topo, "/sys", NULL, &why));
}

FIXTURE_TEARDOWN(delay)
{
	topo_free(&self->topo);
}

static double cost_of(const struct mech_ops *ops, enum cell_pattern pattern,
		      const struct clock *clock, const struct topo *topo)
{
	const struct mech_ops *mechs[] = { ops, NULL };
	const struct run_cfg cfg = {
		.mech = mechs, .patterns = 1u << pattern, .waits = MECH_W_BLOCK,
		.sizes = { 64 }, .nsizes = 1, .places = 1u << PLACE_SAME_CPU, .messages = 1000,
		.warmup = 100, .blocks = 3, .rounds = 1, .seed = 1, .timeout = 10,
	};
	struct stats_estimate e = { 0 };
	struct plan plan;

	if (plan_build(&plan, &cfg, topo))
		return -1;
	if (!run_plan(&plan, &cfg, clock, true) && plan.cell[0].status == CELL_OK)
		stats_estimate(plan.cell[0].arm[ARM_PLAIN].sample,
			       plan.cell[0].arm[ARM_PLAIN].nsamples, &e);
	plan_free(&plan);
	return e.mean;
}

TEST_F(delay, is_recovered_within_one_percent)
{
	const struct mech_ops *plain = mech_find(variant->mech);
	struct mech_ops delayed = *plain;
	double base, more, added, want = (double)DELAY_INSNS * variant->sends;

	delayed.send = variant->send;
	base = cost_of(plain, variant->pattern, &self->clock, &self->topo);
	more = cost_of(&delayed, variant->pattern, &self->clock, &self->topo);
	added = more - base;
	TH_LOG("%.1f without, %.1f with: %.1f added, %.0f wanted", base, more, added, want);
	EXPECT_TRUE(base > 0);
	EXPECT_TRUE(added > 0.99 * want && added < 1.01 * want);
}

TEST_HARNESS_MAIN
