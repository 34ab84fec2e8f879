// SPDX-License-Identifier: GPL-2.0
/*
 * The wait policies: what a mechanism is asked to do under each, and how the patience of
 * spin-block follows what waiting was worth.
 */
#define _GNU_SOURCE
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>
#include "kselftest_harness.h"
#include "msg.h"
#include "plan.h"
#include "run.h"

#define MESSAGES	24
#define NEVER		1000000u

/**
 * struct seen - what the worker did, in memory that it shares with the test
 * @tries:	by message: receives that were not to wait
 * @sleeps:	by message: receives that were
 * @armed:	calls of arm(), by message
 */
struct seen {
	unsigned int tries[MESSAGES];
	unsigned int sleeps[MESSAGES];
	unsigned int armed[MESSAGES];
};

/**
 * struct late - a mechanism of one thread whose messages come late
 * @msg:	the one under way
 * @n:		its number
 * @bell:	readable once @n was armed
 */
struct late {
	unsigned char msg[64];
	unsigned int n;
	int bell;
};

static struct seen *seen;
/* By message: so many tries find nothing. */
static const unsigned int *misses;

static int late_open(struct mech *m)
{
	struct late *l = m->priv = calloc(1, sizeof(*l));

	l->n = -1;
	l->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return l->bell < 0 ? -errno : 0;
}

static int late_send(struct mech *m, const void *buf)
{
	struct late *l = m->priv;

	memcpy(l->msg, buf, sizeof(l->msg));
	l->n++;
	return 0;
}

static int late_recv(struct mech *m, void *buf)
{
	struct late *l = m->priv;

	if (m->nowait && seen->tries[l->n]++ < misses[l->n])
		return -EAGAIN;
	seen->sleeps[l->n] += !m->nowait;
	memcpy(buf, l->msg, sizeof(l->msg));
	return 0;
}

static int late_fd(const struct mech *m, enum mech_dir dir)
{
	return ((struct late *)m->priv)->bell;
}

/* The first time it has not come, but will; the second time it has. */
static int late_arm(struct mech *m, enum mech_dir dir)
{
	struct late *l = m->priv;
	const uint64_t one = 1;

	if (seen->armed[l->n]++ % 2)
		return 0;
	return write(l->bell, &one, sizeof(one)) == sizeof(one) ? -EAGAIN : -errno;
}

static void late_close(struct mech *m)
{
	struct late *l = m->priv;

	close(l->bell);
	free(l);
}

static const struct mech_ops mech_late = {
	.name = "late",
	.summary = "messages that come late",
	.choices = "none",
	.rev = 1,
	.traits = MECH_T_SOLO,
	.waits = MECH_W_TRY | MECH_W_POLL,
	.open = late_open,
	.send = late_send,
	.recv = late_recv,
	.fd = late_fd,
	.arm = late_arm,
	.close = late_close,
};

FIXTURE(waits) {
	struct run_cfg cfg;
	struct clock clock;
	struct topo topo;
	struct plan plan;
	const struct mech_ops *mechs[2];
	struct mech_why why;
};

FIXTURE_SETUP(waits)
{
	self->mechs[0] = &mech_late;
	self->cfg = (struct run_cfg){
		.mech = self->mechs, .patterns = 1 << PATTERN_STREAM, .waits = MECH_W_BLOCK,
		.sizes = { 64 }, .nsizes = 1, .places = 1 << PLACE_SAME_CPU,
		.messages = MESSAGES, .blocks = 1, .rounds = 1, .seed = 1, .timeout = 10,
	};
	clock_init(&self->clock);
	ASSERT_EQ(0, topo_read(&self->topo, "/sys", NULL, &self->why));
	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, seen);
}

FIXTURE_TEARDOWN(waits)
{
	plan_free(&self->plan);
	topo_free(&self->topo);
}

#define RUN(wait, when) do {							\
	self->cfg.waits = 1u << (wait);						\
	misses = (when);							\
	ASSERT_EQ(0, plan_build(&self->plan, &self->cfg, &self->topo));		\
	ASSERT_EQ(1, self->plan.n);						\
	ASSERT_EQ(0, run_plan(&self->plan, &self->cfg, &self->clock, true));	\
	ASSERT_EQ(CELL_OK, self->plan.cell[0].status) {				\
		TH_LOG("said: %s", self->plan.cell[0].why.text);		\
	}									\
} while (0)

TEST_F(waits, block_always_sleeps)
{
	static const unsigned int when[MESSAGES] = { NEVER };

	RUN(WAIT_BLOCK, when);
	for (int i = 0; i < MESSAGES; i++) {
		EXPECT_EQ(0, seen->tries[i]);
		EXPECT_EQ(1, seen->sleeps[i]);
		EXPECT_EQ(0, seen->armed[i]);
	}
}

TEST_F(waits, poll_tries_then_arms_then_sleeps)
{
	static const unsigned int when[MESSAGES] = { 0, 1, 2, 5 };
	static const unsigned int armed[MESSAGES] = { 0, 1, 2, 5 };

	RUN(WAIT_POLL, when);
	for (int i = 0; i < MESSAGES; i++) {
		EXPECT_EQ(when[i] + 1, seen->tries[i]);
		EXPECT_EQ(0, seen->sleeps[i]);
		EXPECT_EQ(armed[i], seen->armed[i]);
	}
}

/* It starts with 16, doubles after a spin that was worth it, and halves after one that was not. */
TEST_F(waits, spin_block_learns)
{
	static const unsigned int when[MESSAGES] = {
		5, 20, 60, NEVER, NEVER, 0, NEVER, NEVER, NEVER,
		1, 1, 1, 1, 1, 1, 1, NEVER,
	};
	static const unsigned int tries[MESSAGES] = {
		6, 21, 61, 1 + 128, 1 + 64, 1, 1 + 32, 1 + 16, 1 + 16,
		2, 2, 2, 2, 2, 2, 2, 1 + 1024, 1, 1, 1, 1, 1, 1, 1,
	};

	RUN(WAIT_SPIN_BLOCK, when);
	for (int i = 0; i < MESSAGES; i++) {
		EXPECT_EQ(tries[i], seen->tries[i]) {
			TH_LOG("message %d", i);
		}
		EXPECT_EQ(when[i] == NEVER, seen->sleeps[i]);
	}
}

/* Each policy of what the core drives by itself, with messages that a pipe holds and does not. */
TEST_F(waits, every_policy_of_a_descriptor_works)
{
	static const char *const mechs[] = { "pipe", "unix-stream" };

	self->cfg.places |= 1 << PLACE_LLC;
	self->cfg.patterns |= 1 << PATTERN_PINGPONG;
	self->cfg.sizes[1] = 200000;
	self->cfg.nsizes = 2;
	for (size_t i = 0; i < 2; i++) {
		self->mechs[0] = mech_find(mechs[i]);
		ASSERT_EQ(MECH_W_FD, self->mechs[0]->waits);
		self->cfg.waits = self->mechs[0]->waits;
		self->cfg.waits_all = true;
		ASSERT_EQ(0, plan_build(&self->plan, &self->cfg, &self->topo));
		ASSERT_EQ(0, run_plan(&self->plan, &self->cfg, &self->clock, true));
		for (size_t k = 0; k < self->plan.n; k++) {
			const struct cell *c = &self->plan.cell[k];

			EXPECT_EQ(self->topo.n > 1 || c->place == PLACE_SAME_CPU ? CELL_OK :
				  CELL_SKIP, c->status) {
				TH_LOG("%s/%s/%zu: %s", mechs[i], cell_wait_name(c->cfg.wait),
				       c->cfg.size, c->why.text);
			}
		}
		EXPECT_LT(16, self->plan.n);
		plan_free(&self->plan);
	}
}

/* What can only spin has no cell on one CPU that runs, but one that says why. */
TEST_F(waits, no_mechanism_is_left_out_in_silence)
{
	size_t skipped = 0;

	self->cfg.waits = (1u << WAIT_COUNT) - 1;
	self->cfg.waits_all = true;
	for (size_t i = 0; mech_table[i]; i++) {
		self->mechs[0] = mech_table[i];
		ASSERT_EQ(0, plan_build(&self->plan, &self->cfg, &self->topo));
		EXPECT_LT(0, self->plan.n) {
			TH_LOG("%s", mech_table[i]->name);
		}
		if (mech_table[i]->waits == MECH_W_SPIN && self->plan.n == 1)
			skipped += self->plan.cell[0].status == CELL_SKIP;
		plan_free(&self->plan);
	}
	EXPECT_LT(0, skipped);
}

/* Who loses the race for room too often is told -EAGAIN by io_uring, and has to go on. */
TEST_F(waits, a_crowd_of_senders_through_io_uring)
{
	self->mechs[0] = mech_find("pipe");
	self->cfg.patterns = 1 << PATTERN_FANIN;
	self->cfg.waits = MECH_W_URING;
	self->cfg.sizes[0] = 4096;
	self->cfg.messages = 3000;
	self->cfg.widths[0] = 8;
	self->cfg.nwidths = 1;
	ASSERT_EQ(0, plan_build(&self->plan, &self->cfg, &self->topo));
	ASSERT_EQ(1, self->plan.n);
	ASSERT_EQ(0, run_plan(&self->plan, &self->cfg, &self->clock, true));
	EXPECT_EQ(CELL_OK, self->plan.cell[0].status) {
		TH_LOG("said: %s", self->plan.cell[0].why.text);
	}
}

TEST_HARNESS_MAIN
