// SPDX-License-Identifier: GPL-2.0
/*
 * Cells with many workers: a mechanism that spoils one message of one lane on purpose, and
 * the supervisor that must say so.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include "kselftest_harness.h"
#include "msg.h"
#include "result.h"
#include "run.h"
#include "scaling.h"

/* Of lane 1, in the second block of 32 behind a warm-up of 4. */
#define FAULT_LANE	1
#define FAULT_AT	40
#define WIDTH		3

enum fault {
	FAULT_NONE, FAULT_DROP, FAULT_DOUBLE, FAULT_SWAP, FAULT_SPOIL, FAULT_LIE, FAULT_STRAY,
	FAULT_DIE, FAULT_ANSWER,
};

static enum fault fault;

#define PIPE	mech_find("pipe")

/**
 * struct faulty - a pipe with one fault
 * @pipe:	its state
 * @lane:	which instance it is
 * @sent:	messages so far
 * @held:	one that is kept back
 */
struct faulty {
	void *pipe;
	unsigned int lane;
	unsigned int sent;
	void *held;
};

static unsigned int opened;	/* instances that are open */

#define ON_PIPE(m, call) ({			\
	struct faulty *f_ = (m)->priv;		\
	int ret_;				\
	(m)->priv = f_->pipe;			\
	ret_ = (call);				\
	f_->pipe = (m)->priv;			\
	(m)->priv = f_;				\
	ret_;					\
})

static int faulty_open(struct mech *m)
{
	struct faulty *f = m->priv = calloc(1, sizeof(*f));

	f->lane = opened++;
	return ON_PIPE(m, PIPE->open(m));
}

/* Who is alone on an instance is its first sender, whatever its lane. */
static int faulty_attach(struct mech *m)
{
	struct faulty *f = m->priv;

	if (m->index >= m->cfg.senders)
		return -ERANGE;
	if (m->cfg.senders > 1)
		f->lane = m->index;
	return 0;
}

static int send_one(struct mech *m, const void *buf)
{
	int ret;

	while ((ret = ON_PIPE(m, PIPE->send(m, buf))) == -EAGAIN)
		mech_relax();
	return ret;
}

static int send_changed(struct mech *m, const void *buf, size_t at, unsigned char bit)
{
	unsigned char copy[256];

	memcpy(copy, buf, m->cfg.size);
	copy[at] ^= bit;
	return send_one(m, copy);
}

static int stray(void)
{
	cpu_set_t set;

	sched_getaffinity(0, sizeof(set), &set);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (CPU_ISSET(cpu, &set))
			continue;
		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		if (!sched_setaffinity(0, sizeof(set), &set))
			return 0;
	}
	return -ENODEV;
}

static int send_faulty(struct mech *m, const void *buf)
{
	struct faulty *f = m->priv;

	switch (fault) {
	case FAULT_DROP:
		return 0;
	case FAULT_DOUBLE:
		return send_one(m, buf) ? : send_one(m, buf);
	case FAULT_SWAP:
		f->held = memcpy(malloc(m->cfg.size), buf, m->cfg.size);
		return 0;
	case FAULT_SPOIL:
	case FAULT_ANSWER:
		return send_changed(m, buf, m->cfg.size - 1, 4);
	case FAULT_LIE:
		/* Sender 1 says that it is sender 0: a bit of the number's upper half. */
		return send_changed(m, buf, 6, 1);
	case FAULT_STRAY:
		return stray() ? : send_one(m, buf);
	case FAULT_DIE:
		return raise(SIGKILL);
	default:
		return send_one(m, buf);
	}
}

static int faulty_send(struct mech *m, const void *buf)
{
	const enum mech_side side = fault == FAULT_ANSWER ? SIDE_RECEIVER : SIDE_SENDER;
	struct faulty *f = m->priv;
	int ret;

	if (m->side == side && f->lane == FAULT_LANE && f->sent++ == FAULT_AT)
		return send_faulty(m, buf);
	ret = send_one(m, buf);
	if (!ret && f->held) {
		ret = send_one(m, f->held);
		f->held = NULL;
	}
	return ret;
}

static int faulty_recv(struct mech *m, void *buf)
{
	return ON_PIPE(m, PIPE->recv(m, buf));
}

static void faulty_close(struct mech *m)
{
	opened--;
	ON_PIPE(m, (PIPE->close(m), 0));
	free(m->priv);
}

static const struct mech_ops mech_faulty = {
	.name = "faulty",
	.summary = "a pipe with one fault",
	.rev = 1,
	.traits = MECH_T_FANIN | MECH_T_BACKPRESSURE,
	.waits = MECH_W_BLOCK | MECH_W_SPIN,
	.open = faulty_open,
	.attach = faulty_attach,
	.send = faulty_send,
	.recv = faulty_recv,
	.close = faulty_close,
};

FIXTURE(wide) {
	struct run_cfg cfg;
	struct clock clock;
	struct topo topo;
	struct plan plan;
	const struct mech_ops *mechs[2];
	struct mech_why why;
};

FIXTURE_SETUP(wide)
{
	self->mechs[0] = &mech_faulty;
	self->cfg = (struct run_cfg){
		.mech = self->mechs, .patterns = 1 << PATTERN_FANIN, .waits = MECH_W_BLOCK,
		.sizes = { 64 }, .nsizes = 1, .widths = { WIDTH }, .nwidths = 1,
		.places = 1 << PLACE_SAME_CPU, .messages = 32, .warmup = 4, .blocks = 3,
		.rounds = 2, .seed = 1, .timeout = 1,
	};
	fault = FAULT_NONE;
	opened = 0;
	clock_init(&self->clock);
	ASSERT_EQ(0, topo_read(&self->topo, "/sys", NULL, &self->why));
}

FIXTURE_TEARDOWN(wide)
{
	plan_free(&self->plan);
	topo_free(&self->topo);
}

#define RUN(what) do {								\
	fault = (what);								\
	ASSERT_EQ(0, plan_build(&self->plan, &self->cfg, &self->topo));		\
	ASSERT_EQ(0, run_plan(&self->plan, &self->cfg, &self->clock, true));	\
	EXPECT_EQ(0, opened);							\
} while (0)

#define CELL	(&self->plan.cell[0])
#define PLAIN	(&CELL->arm[ARM_PLAIN])

#define EXPECT_OUTCOME(outcome, words) do {					\
	EXPECT_EQ(outcome, CELL->status);					\
	EXPECT_NE(NULL, strstr(CELL->why.text, words)) {			\
		TH_LOG("said: %s", CELL->why.text);				\
	}									\
} while (0)

/* The first CPU twice: two clients and a service need two CPUs, then. */
static void crowd(struct topo *t)
{
	t->cpu = realloc(t->cpu, 3 * sizeof(*t->cpu));
	t->cpu[2] = t->cpu[1];
	t->cpu[1] = t->cpu[0];
	t->n = 3;
	t->isolated = -1;
}

/* Two pairs need two CPUs of their own. Return: there are none. */
static bool lonely_pairs(struct _test_data_wide *self)
{
	self->cfg.patterns = 1 << PATTERN_PAIRS;
	self->cfg.widths[0] = 2;
	return self->topo.n < 2;
}

static bool lonely_service(struct _test_data_wide *self)
{
	if (self->topo.n < 2)
		return true;
	crowd(&self->topo);
	self->cfg.patterns = 1 << PATTERN_PINGPONG;
	self->cfg.waits = MECH_W_SPIN;
	self->cfg.places = 1 << PLACE_AMP;
	self->cfg.widths[0] = 2;
	return false;
}

TEST_F(wide, fanin_without_a_fault_is_clean)
{
	RUN(FAULT_NONE);
	EXPECT_OUTCOME(CELL_OK, "");
	/* 2 launches of 3 senders' 4 + 3 * 32 */
	EXPECT_EQ(600, PLAIN->sent);
	EXPECT_EQ(600, PLAIN->verify.received);
	EXPECT_EQ(576, PLAIN->measured);
	EXPECT_EQ(6, PLAIN->nsamples);
	EXPECT_EQ(WIDTH + 1, CELL->nworkers);
}

TEST_F(wide, pairs_without_a_fault_are_clean)
{
	if (lonely_pairs(self))
		SKIP(return, "one usable CPU: no second pair");
	RUN(FAULT_NONE);
	EXPECT_OUTCOME(CELL_OK, "");
	EXPECT_EQ(400, PLAIN->sent);
	EXPECT_EQ(400, PLAIN->verify.received);
	EXPECT_EQ(384, PLAIN->measured);
	EXPECT_EQ(4, CELL->nworkers);
	EXPECT_EQ(CELL->worker[0].cpu, CELL->worker[1].cpu);
	EXPECT_EQ(CELL->worker[2].cpu, CELL->worker[3].cpu);
	EXPECT_NE(CELL->worker[0].cpu, CELL->worker[2].cpu);
}

TEST_F(wide, one_pair_is_a_stream)
{
	self->cfg.patterns = 1 << PATTERN_PAIRS | 1 << PATTERN_STREAM;
	self->cfg.widths[0] = 1;
	RUN(FAULT_NONE);
	ASSERT_EQ(2, self->plan.n);
	for (size_t i = 0; i < 2; i++) {
		EXPECT_EQ(200, self->plan.cell[i].arm[ARM_PLAIN].sent);
		EXPECT_EQ(2, self->plan.cell[i].nworkers);
	}
}

static const struct {
	enum fault fault;
	const char *says;
} faults[] = {
	{ FAULT_DROP, "1 lost, 0 duplicated, 0 reordered, 0 corrupt" },
	{ FAULT_DOUBLE, "0 lost, 1 duplicated, 0 reordered, 0 corrupt" },
	{ FAULT_SWAP, "0 lost, 0 duplicated, 1 reordered, 0 corrupt" },
	{ FAULT_SPOIL, "0 lost, 0 duplicated, 0 reordered, 1 corrupt" },
	{ FAULT_DIE, "the sender was killed by signal 9" },
};

TEST_F(wide, what_one_sender_does_is_found)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		RUN(faults[i].fault);
		EXPECT_OUTCOME(CELL_FAIL, faults[i].says);
		plan_free(&self->plan);
	}
}

TEST_F(wide, what_one_pair_does_is_found)
{
	if (lonely_pairs(self))
		SKIP(return, "one usable CPU: no second pair");
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		RUN(faults[i].fault);
		EXPECT_OUTCOME(CELL_FAIL, faults[i].says);
		plan_free(&self->plan);
	}
}

/* Its lane lacks one for ever; the other one has one too many, and that is corrupt. */
TEST_F(wide, a_sender_that_gives_another_name_is_found)
{
	RUN(FAULT_LIE);
	EXPECT_EQ(CELL_FAIL, CELL->status);
	EXPECT_EQ(1, PLAIN->verify.corrupt);
}

TEST_F(wide, a_block_of_one_stray_is_left_out)
{
	if (self->topo.n < 2)
		SKIP(return, "one usable CPU: nowhere to stray to");
	RUN(FAULT_STRAY);
	EXPECT_OUTCOME(CELL_OK, "");
	EXPECT_EQ(4, PLAIN->blocks_rejected);
	EXPECT_EQ(2, PLAIN->nsamples);
	EXPECT_EQ(2 * 60, PLAIN->side[SIDE_SENDER].rejected);
}

TEST_F(wide, a_service_answers_all_clients)
{
	if (lonely_service(self))
		SKIP(return, "one usable CPU: no service");
	RUN(FAULT_NONE);
	EXPECT_OUTCOME(CELL_OK, "");
	/* 2 launches of 2 clients' 4 + 3 * 32, to and fro */
	EXPECT_EQ(800, PLAIN->sent);
	EXPECT_EQ(800, PLAIN->verify.received);
	EXPECT_EQ(384, PLAIN->latency->n);
	EXPECT_EQ(3, CELL->nworkers);
	EXPECT_EQ(2, cell_cpus(CELL));
	EXPECT_EQ(CELL->service, CELL->worker[2].cpu);
}

TEST_F(wide, a_spoilt_request_is_found)
{
	if (lonely_service(self))
		SKIP(return, "one usable CPU: no service");
	RUN(FAULT_SPOIL);
	EXPECT_OUTCOME(CELL_FAIL, "1 corrupt");
}

TEST_F(wide, a_spoilt_answer_is_found)
{
	if (lonely_service(self))
		SKIP(return, "one usable CPU: no service");
	RUN(FAULT_ANSWER);
	EXPECT_OUTCOME(CELL_FAIL, "1 corrupt");
}

TEST_F(wide, a_lost_request_stalls)
{
	if (lonely_service(self))
		SKIP(return, "one usable CPU: no service");
	RUN(FAULT_DROP);
	EXPECT_OUTCOME(CELL_FAIL, "stalled");
}

TEST_F(wide, a_killed_client_is_named)
{
	if (lonely_service(self))
		SKIP(return, "one usable CPU: no service");
	RUN(FAULT_DIE);
	EXPECT_OUTCOME(CELL_FAIL, "the client was killed by signal 9");
}

TEST_F(wide, the_symmetric_cell_has_as_many_cpus)
{
	if (self->topo.n < 2)
		SKIP(return, "one usable CPU: no service");
	self->cfg.patterns = 1 << PATTERN_PINGPONG;
	self->cfg.waits = MECH_W_SPIN;
	self->cfg.places = 1 << PLACE_AMP | 1 << PLACE_SMP;
	self->cfg.widths[0] = 1;
	RUN(FAULT_NONE);
	ASSERT_EQ(2, self->plan.n);
	for (size_t i = 0; i < 2; i++) {
		EXPECT_EQ(CELL_OK, self->plan.cell[i].status);
		EXPECT_EQ(2, cell_cpus(&self->plan.cell[i]));
	}
}

TEST_F(wide, widths_have_names_and_definitions_of_their_own)
{
	json_t *r, *a, *b;

	self->cfg.widths[1] = 2 * WIDTH;
	self->cfg.nwidths = 2;
	RUN(FAULT_NONE);
	ASSERT_EQ(2, self->plan.n);
	self->clock.unit = CLOCK_NS;
	r = result_build(&self->plan, &self->cfg, &self->clock, json_object(), true);
	a = json_array_get(json_object_get(r, "cells"), 0);
	b = json_array_get(json_object_get(r, "cells"), 1);
	EXPECT_STREQ("faulty/fanin/block/64/same-cpu/x3",
		     json_string_value(json_object_get(a, "id")));
	EXPECT_STRNE(json_string_value(json_object_get(a, "def")),
		     json_string_value(json_object_get(b, "def")));
	EXPECT_EQ(3, json_integer_value(json_object_get(a, "width")));
	EXPECT_EQ(3, json_array_size(json_object_get(json_object_get(a, "placed"), "sender")));
	json_decref(r);
}

TEST_F(wide, no_worker_is_left)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	RUN(FAULT_LIE);
	EXPECT_EQ(-1, waitpid(-1, NULL, WNOHANG));
	EXPECT_EQ(ECHILD, errno);
}

TEST_HARNESS_MAIN
