// SPDX-License-Identifier: GPL-2.0
/*
 * Known answers: a mechanism that drops, doubles, swaps, spoils, strays, stalls or dies on
 * purpose, and the supervisor that must say so.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include "kselftest_harness.h"
#include "msg.h"
#include "run.h"

/* The 40th message of a side: in the second block of 32, warm-up 4. */
#define FAULT_AT	40

enum fault {
	FAULT_NONE, FAULT_DROP, FAULT_DOUBLE, FAULT_SWAP, FAULT_SPOIL, FAULT_STRAY, FAULT_STALL,
	FAULT_DIE, FAULT_INTERRUPT, FAULT_ERROR, FAULT_OPEN, FAULT_ATTACH, FAULT_ECHO,
};

static enum fault fault;
static unsigned int *calls;	/* of the last launch */

#define PIPE	mech_find("pipe")

/* @calls is in memory that the workers share. */
struct faulty {
	void *pipe;
	unsigned int *calls;
	unsigned int sent;
	void *held;
};

/* Runs a hook of the pipe mechanism on our instance. */
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

	f->calls = mmap(NULL, sizeof(*f->calls), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	calls = f->calls;
	if (fault == FAULT_OPEN)
		return -EMFILE;
	return ON_PIPE(m, PIPE->open(m));
}

/* With FAULT_ECHO each side needs the other's ends, too. */
static int faulty_attach(struct mech *m)
{
	if (fault == FAULT_ECHO)
		return 0;
	return fault == FAULT_ATTACH ? -EPERM : ON_PIPE(m, PIPE->attach(m));
}

static int faulty_leave(struct mech *m)
{
	return ON_PIPE(m, PIPE->leave(m));
}

static int send_one(struct mech *m, const void *buf)
{
	return ON_PIPE(m, PIPE->send(m, buf));
}

static int send_spoilt(struct mech *m, const void *buf)
{
	unsigned char *copy = malloc(m->cfg.size);
	int ret;

	memcpy(copy, buf, m->cfg.size);
	copy[m->cfg.size - 1] ^= 4;
	ret = send_one(m, copy);
	free(copy);
	return ret;
}

static int stray(void)
{
	cpu_set_t set;

	/* To any other CPU than the one that the core has chosen. */
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
		return send_spoilt(m, buf);
	case FAULT_STRAY:
		return stray() ? : send_one(m, buf);
	case FAULT_STALL:
		pause();
		return 0;
	case FAULT_DIE:
		return raise(SIGKILL);
	case FAULT_INTERRUPT:
		kill(getppid(), SIGINT);
		pause();
		return 0;
	case FAULT_ERROR:
		return -ENOBUFS;
	default:
		return send_one(m, buf);
	}
}

static int faulty_send(struct mech *m, const void *buf)
{
	struct faulty *f = m->priv;
	int ret;

	if (m->side == SIDE_SENDER && f->sent++ == FAULT_AT)
		return send_faulty(m, buf);
	ret = send_one(m, buf);
	if (!ret && f->held) {
		ret = send_one(m, f->held);
		f->held = NULL;
	}
	return ret;
}

/* FAULT_ECHO: each side reads back what it sent itself. */
static int faulty_recv(struct mech *m, void *buf)
{
	const enum mech_side side = m->side;
	int ret;

	if (fault == FAULT_ECHO)
		m->side = !side;
	ret = ON_PIPE(m, PIPE->recv(m, buf));
	m->side = side;
	return ret;
}

static int faulty_call(struct mech *m, const void *out, void *in)
{
	__atomic_fetch_add(((struct faulty *)m->priv)->calls, 1, __ATOMIC_RELAXED);
	return faulty_send(m, out) ? : faulty_recv(m, in);
}

static void faulty_close(struct mech *m)
{
	if (m->priv && ((struct faulty *)m->priv)->pipe)
		ON_PIPE(m, (PIPE->close(m), 0));
	free(m->priv);
}

static const struct mech_ops mech_faulty = {
	.name = "faulty",
	.summary = "a pipe with one fault",
	.rev = 1,
	.traits = MECH_T_BACKPRESSURE,
	.waits = MECH_W_BLOCK,
	.open = faulty_open,
	.attach = faulty_attach,
	.leave = faulty_leave,
	.send = faulty_send,
	.recv = faulty_recv,
	.close = faulty_close,
};

static const struct mech_ops mech_faulty_call = {
	.name = "faulty-call",
	.summary = "the same with a fused operation",
	.rev = 1,
	.traits = MECH_T_BACKPRESSURE,
	.waits = MECH_W_BLOCK,
	.open = faulty_open,
	.attach = faulty_attach,
	.leave = faulty_leave,
	.send = faulty_send,
	.recv = faulty_recv,
	.call = faulty_call,
	.close = faulty_close,
};

FIXTURE(launch) {
	struct run_cfg cfg;
	struct clock clock;
	struct topo topo;
	struct plan plan;
	const struct mech_ops *mechs[2];
	struct mech_why why;
};

FIXTURE_SETUP(launch)
{
	self->mechs[0] = &mech_faulty;
	self->cfg = (struct run_cfg){
		.mech = self->mechs, .patterns = 1 << PATTERN_STREAM, .waits = MECH_W_BLOCK,
		.sizes = { 64 }, .nsizes = 1, .places = 1 << PLACE_SAME_CPU, .messages = 32,
		.warmup = 4, .blocks = 3, .rounds = 2, .seed = 1, .timeout = 1,
	};
	fault = FAULT_NONE;
	clock_init(&self->clock);
	ASSERT_EQ(0, topo_read(&self->topo, "/sys", NULL, &self->why));
}

FIXTURE_TEARDOWN(launch)
{
	plan_free(&self->plan);
	topo_free(&self->topo);
}

#define RUN(what) do {								\
	fault = (what);								\
	ASSERT_EQ(0, plan_build(&self->plan, &self->cfg, &self->topo));		\
	ASSERT_EQ(1, self->plan.n);						\
	ASSERT_EQ(0, run_plan(&self->plan, &self->cfg, &self->clock, true));	\
} while (0)

#define CELL	(&self->plan.cell[0])
#define PLAIN	(&CELL->arm[ARM_PLAIN])

/* Status and, for a failure, words that the reason must have. */
#define EXPECT_OUTCOME(outcome, words) do {					\
	EXPECT_EQ(outcome, CELL->status);					\
	EXPECT_NE(NULL, strstr(CELL->why.text, words)) {			\
		TH_LOG("said: %s", CELL->why.text);				\
	}									\
} while (0)

TEST_F(launch, without_a_fault_is_clean)
{
	RUN(FAULT_NONE);
	EXPECT_OUTCOME(CELL_OK, "");
	/* 2 launches of 4 + 3 * 32 */
	EXPECT_EQ(200, PLAIN->sent);
	EXPECT_EQ(200, PLAIN->verify.received);
	EXPECT_EQ(6, PLAIN->nsamples);
	EXPECT_EQ(192, PLAIN->measured);
	EXPECT_EQ(0, PLAIN->latency->n);
}

TEST_F(launch, pingpong_counts_both_directions)
{
	self->cfg.patterns = 1 << PATTERN_PINGPONG;
	RUN(FAULT_NONE);
	EXPECT_OUTCOME(CELL_OK, "");
	EXPECT_EQ(400, PLAIN->sent);
	EXPECT_EQ(400, PLAIN->verify.received);
	EXPECT_EQ(200, PLAIN->forward);
	EXPECT_EQ(192, PLAIN->latency->n);
}

/* 4 + 3 * 32 messages in 4 blocks, the answering side's first and last one by one. */
TEST_F(launch, pingpong_uses_the_fused_call)
{
	self->mechs[0] = &mech_faulty_call;
	self->cfg.patterns = 1 << PATTERN_PINGPONG;
	RUN(FAULT_NONE);
	EXPECT_OUTCOME(CELL_OK, "");
	EXPECT_EQ(400, PLAIN->sent);
	EXPECT_EQ(400, PLAIN->verify.received);
	EXPECT_EQ(100 + 100 - 4, *calls);
}

TEST_F(launch, a_stream_does_not)
{
	self->mechs[0] = &mech_faulty_call;
	RUN(FAULT_NONE);
	EXPECT_OUTCOME(CELL_OK, "");
	EXPECT_EQ(0, *calls);
}

TEST_F(launch, corruption_in_a_call_is_found)
{
	self->mechs[0] = &mech_faulty_call;
	self->cfg.patterns = 1 << PATTERN_PINGPONG;
	RUN(FAULT_SPOIL);
	EXPECT_OUTCOME(CELL_FAIL, "0 lost, 0 duplicated, 0 reordered, 1 corrupt");
}

TEST_F(launch, an_error_in_a_call_is_named)
{
	self->mechs[0] = &mech_faulty_call;
	self->cfg.patterns = 1 << PATTERN_PINGPONG;
	RUN(FAULT_ERROR);
	EXPECT_OUTCOME(CELL_FAIL, "the sender's call failed: No buffer space available");
}

TEST_F(launch, loss_is_found)
{
	RUN(FAULT_DROP);
	EXPECT_OUTCOME(CELL_FAIL, "1 lost, 0 duplicated, 0 reordered, 0 corrupt");
}

TEST_F(launch, loss_stalls_a_pingpong)
{
	self->cfg.patterns = 1 << PATTERN_PINGPONG;
	RUN(FAULT_DROP);
	EXPECT_OUTCOME(CELL_FAIL, "stalled: nothing moved for 1 s after 81 messages sent, 80 received");
}

TEST_F(launch, loss_of_the_very_last_is_found)
{
	self->cfg.messages = FAULT_AT - 4 + 1;
	self->cfg.blocks = 1;
	RUN(FAULT_DROP);
	EXPECT_OUTCOME(CELL_FAIL, "stalled");
}

TEST_F(launch, duplication_is_found)
{
	RUN(FAULT_DOUBLE);
	EXPECT_OUTCOME(CELL_FAIL, "0 lost, 1 duplicated, 0 reordered, 0 corrupt");
}

TEST_F(launch, reordering_is_found)
{
	RUN(FAULT_SWAP);
	EXPECT_OUTCOME(CELL_FAIL, "0 lost, 0 duplicated, 1 reordered, 0 corrupt");
}

TEST_F(launch, corruption_is_found)
{
	RUN(FAULT_SPOIL);
	EXPECT_OUTCOME(CELL_FAIL, "0 lost, 0 duplicated, 0 reordered, 1 corrupt");
}

TEST_F(launch, talking_to_itself_is_found)
{
	self->cfg.patterns = 1 << PATTERN_PINGPONG;
	RUN(FAULT_ECHO);
	EXPECT_EQ(CELL_FAIL, CELL->status);
}

TEST_F(launch, a_stall_ends)
{
	RUN(FAULT_STALL);
	EXPECT_OUTCOME(CELL_FAIL, "stalled");
}

TEST_F(launch, a_killed_worker_is_named)
{
	RUN(FAULT_DIE);
	EXPECT_OUTCOME(CELL_FAIL, "the sender was killed by signal 9");
}

TEST_F(launch, an_error_is_named)
{
	RUN(FAULT_ERROR);
	EXPECT_OUTCOME(CELL_FAIL, "the sender's send failed: No buffer space available");
}

TEST_F(launch, a_failed_open_is_named)
{
	RUN(FAULT_OPEN);
	EXPECT_OUTCOME(CELL_FAIL, "open: Too many open files");
}

TEST_F(launch, a_failed_attach_is_named)
{
	RUN(FAULT_ATTACH);
	EXPECT_OUTCOME(CELL_FAIL, "attach failed: Operation not permitted");
}

TEST_F(launch, a_block_off_its_cpu_is_left_out)
{
	if (self->topo.n < 2)
		SKIP(return, "one usable CPU: nowhere to stray to");
	RUN(FAULT_STRAY);
	EXPECT_OUTCOME(CELL_OK, "");
	/* The second and third block of both launches. */
	EXPECT_EQ(4, PLAIN->blocks_rejected);
	EXPECT_EQ(2, PLAIN->nsamples);
	/* Sleeps and CPU time are of all blocks, so this has to be, too. */
	EXPECT_EQ(2 * self->cfg.blocks * self->cfg.messages, PLAIN->measured);
	/* Messages 40 to 99 of 0 to 99, twice. */
	EXPECT_EQ(2 * 60, PLAIN->side[SIDE_SENDER].rejected);
	EXPECT_EQ(0, PLAIN->side[SIDE_RECEIVER].rejected);
}

TEST_F(launch, all_blocks_off_their_cpu_fail)
{
	if (self->topo.n < 2)
		SKIP(return, "one usable CPU: nowhere to stray to");
	self->cfg.blocks = 1;
	self->cfg.messages = 64;
	RUN(FAULT_STRAY);
	EXPECT_OUTCOME(CELL_FAIL, "placement: in every block");
}

/* Ctrl-C in the middle of the first launch. */
TEST_F(launch, an_interrupt_keeps_nothing_half_done)
{
	fault = FAULT_INTERRUPT;
	ASSERT_EQ(0, plan_build(&self->plan, &self->cfg, &self->topo));
	EXPECT_EQ(-EINTR, run_plan(&self->plan, &self->cfg, &self->clock, true));
	EXPECT_EQ(CELL_OK, CELL->status);
	EXPECT_EQ(0, PLAIN->launches);
	EXPECT_EQ(0, PLAIN->sent);
	EXPECT_EQ(0, PLAIN->nsamples);
}

TEST_F(launch, no_worker_is_left)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	RUN(FAULT_STALL);
	EXPECT_EQ(-1, waitpid(-1, NULL, WNOHANG));
	EXPECT_EQ(ECHILD, errno);
}

TEST_HARNESS_MAIN
