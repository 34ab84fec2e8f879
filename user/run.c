// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "run.h"
#include "worker.h"

/* How often the supervisor looks for a stall; rare enough to stay out of the figures. */
#define RUN_TICK_MS	250

/**
 * struct run - the supervisor's state
 * @cfg:	what to do
 * @clock:	the clock
 * @shared:	memory shared with the workers, reset for every launch
 * @signals:	SIGCHLD and run_endings(): blocked, fetched with sigtimedwait()
 * @interrupted: one of run_endings() came
 */
struct run {
	const struct run_cfg *cfg;
	const struct clock *clock;
	struct worker_shared *shared;
	sigset_t signals;
	bool interrupted;
};

/**
 * struct run_launch - one pair of workers
 * @run:	the supervisor
 * @cell:	what they measure
 * @condition:	in which arm
 * @m:		the open mechanism
 * @nsides:	2, or 1 for a mechanism without a peer
 * @pid:	workers, 0 once reaped
 * @progress:	messages at the last look
 * @since:	when @progress last changed, CLOCK_MONOTONIC ns
 */
struct run_launch {
	struct run *run;
	struct cell *cell;
	enum cell_condition condition;
	struct mech m;
	int nsides;
	pid_t pid[SIDE_COUNT];
	uint64_t progress;
	uint64_t since;
};

static uint64_t run_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void run_worker(struct run_launch *l, enum mech_side side, pid_t supervisor)
{
	struct run *run = l->run;
	struct worker_cfg cfg = {
		.cell = l->cell,
		.clock = run->clock,
		.messages = run->cfg->messages,
		.warmup = run->cfg->warmup,
		.blocks = run->cfg->blocks,
		.gate = l->condition == ARM_TRACED ? trace_gate(l->cell->trace) : NULL,
		.shared = run->shared,
	};

	/* A killed supervisor takes its workers along; it may be dead already. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != supervisor)
		_exit(1);
	/* Ctrl-C reaches the whole process group; ending workers is the supervisor's. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	sigprocmask(SIG_UNBLOCK, &run->signals, NULL);
	_exit(worker_run(&cfg, &l->m, side) ? 1 : 0);
}

static int run_fork(struct run_launch *l)
{
	pid_t supervisor = getpid();

	for (int side = 0; side < l->nsides; side++) {
		l->pid[side] = fork();
		if (l->pid[side] < 0) {
			l->pid[side] = 0;
			cell_fail(l->cell, "fork: %s", strerror(errno));
			return -EAGAIN;
		}
		if (!l->pid[side])
			run_worker(l, side, supervisor);
	}
	return 0;
}

/* Workers that ended on their own; one that died of a signal fails the cell. */
static void run_reap(struct run_launch *l)
{
	int status;

	for (int side = 0; side < l->nsides; side++) {
		if (!l->pid[side] || waitpid(l->pid[side], &status, WNOHANG) <= 0)
			continue;
		l->pid[side] = 0;
		if (WIFSIGNALED(status))
			cell_fail(l->cell, "the %s was killed by signal %d",
				  side == SIDE_SENDER ? "sender" : "receiver", WTERMSIG(status));
	}
}

static void run_kill(struct run_launch *l)
{
	for (int side = 0; side < l->nsides; side++) {
		if (!l->pid[side])
			continue;
		kill(l->pid[side], SIGKILL);
		waitpid(l->pid[side], NULL, 0);
		l->pid[side] = 0;
	}
}

static uint64_t run_received(const struct run_launch *l)
{
	return atomic_load(&l->run->shared->side[SIDE_SENDER].progress) +
	       atomic_load(&l->run->shared->side[SIDE_RECEIVER].progress);
}

static uint64_t run_sent(const struct run_launch *l)
{
	return atomic_load(&l->run->shared->side[SIDE_SENDER].sent) +
	       atomic_load(&l->run->shared->side[SIDE_RECEIVER].sent);
}

static int run_check_stall(struct run_launch *l)
{
	uint64_t progress = run_sent(l) + run_received(l), now = run_now();

	if (progress != l->progress || !l->since) {
		l->progress = progress;
		l->since = now;
		return 0;
	}
	if (now - l->since < l->run->cfg->timeout * 1000000000ULL)
		return 0;
	cell_fail(l->cell, "stalled: nothing moved for %u s after %llu messages sent, %llu received (--timeout)",
		  l->run->cfg->timeout, (unsigned long long)run_sent(l),
		  (unsigned long long)run_received(l));
	return -ETIMEDOUT;
}

static int run_check_sides(struct run_launch *l)
{
	for (int side = 0; side < l->nsides; side++) {
		struct worker_side *s = &l->run->shared->side[side];

		if (atomic_load(&s->state) != WORKER_FAILED)
			continue;
		cell_fail(l->cell, "the %s's %s failed: %s",
			  side == SIDE_SENDER ? "sender" : "receiver", s->step,
			  strerror(-s->error));
		return -EIO;
	}
	run_reap(l);
	return l->cell->status == CELL_FAIL ? -EIO : 0;
}

static void run_fetch_signals(struct run *run, int timeout_ms)
{
	struct timespec ts = { timeout_ms / 1000, timeout_ms % 1000 * 1000000L };
	int sig = sigtimedwait(&run->signals, NULL, &ts);

	if (sig > 0 && sig != SIGCHLD)
		run->interrupted = true;
}

/* Until every worker is at least as far as @state. */
static int run_wait(struct run_launch *l, enum worker_state state)
{
	l->since = 0;
	for (;;) {
		_Atomic uint32_t *behind = NULL;
		int ret = run_check_sides(l);

		for (int side = 0; !ret && side < l->nsides; side++)
			if (atomic_load(&l->run->shared->side[side].state) < state)
				behind = &l->run->shared->side[side].state;
		if (ret || !behind)
			return ret;
		ret = run_check_stall(l);
		if (ret)
			return ret;
		/* Readiness comes by futex, the end by SIGCHLD. */
		if (state == WORKER_READY)
			worker_futex_wait(behind, WORKER_NEW, RUN_TICK_MS);
		run_fetch_signals(l->run, state == WORKER_READY ? 0 : RUN_TICK_MS);
		if (l->run->interrupted)
			return -EINTR;
	}
}

static int run_workers(struct run_launch *l)
{
	struct cell *c = l->cell;
	struct mech_why why = { "" };
	int ret;

	ret = run_fork(l);
	if (!ret)
		ret = run_wait(l, WORKER_READY);
	if (!ret && l->condition == ARM_TRACED) {
		ret = trace_start(c->trace, l->pid[SIDE_SENDER], l->pid[SIDE_RECEIVER], &why);
		if (ret)
			cell_fail(c, "probes: %s", *why.text ? why.text : strerror(-ret));
	}
	if (!ret) {
		atomic_store(&l->run->shared->go, 1);
		worker_futex_wake(&l->run->shared->go);
		ret = run_wait(l, WORKER_DONE);
	}
	run_kill(l);
	return ret;
}

static bool run_block_placed(const struct worker_block *b)
{
	return !b->rejected[SIDE_SENDER] && !b->rejected[SIDE_RECEIVER];
}

static int run_grow(struct cell_arm *a, unsigned int blocks)
{
	struct stats_sample *grown;

	grown = realloc(a->sample, (a->nsamples + blocks) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	a->sample = grown;
	if (!a->latency)
		a->latency = calloc(1, sizeof(*a->latency));
	return a->latency ? 0 : -ENOMEM;
}

static int run_collect_blocks(struct run_launch *l, struct cell_arm *a)
{
	const struct run_cfg *cfg = l->run->cfg;
	unsigned int bad = 0;
	int ret = run_grow(a, cfg->blocks);

	if (ret)
		return ret;
	for (unsigned int i = 0; i < cfg->blocks; i++) {
		const struct worker_block *b = &l->run->shared->block[i];

		a->measured += cfg->messages;
		if (!run_block_placed(b)) {
			bad++;
			continue;
		}
		a->sample[a->nsamples++] = (struct stats_sample){
			.launch = a->launches,
			.value = (double)(b->end - b->start) / (double)cfg->messages,
		};
	}
	/* Latencies are not kept by block: one bad block spoils the launch's. */
	if (!bad)
		hist_merge(a->latency, &l->run->shared->latency);
	a->blocks_rejected += bad;
	a->launches++;
	return 0;
}

static void run_collect_side(struct run_launch *l, struct cell_arm *a, enum mech_side side)
{
	struct worker_side *s = &l->run->shared->side[side];
	struct cell_side *to = &a->side[side];
	/* What arrived here was sent by the peer, or by itself without one. */
	uint64_t sent = atomic_load(&l->run->shared->side[l->nsides == 1 ? side : !side].sent);

	if (sent > s->verify.next && l->cell->status != CELL_FAIL)
		s->verify.lost += sent - s->verify.next;
	verify_merge(&a->verify, &s->verify);
	a->sent += atomic_load(&s->sent);
	to->rejected += s->count.rejected;
	to->voluntary += s->count.voluntary;
	to->involuntary += s->count.involuntary;
	to->cpu_ns += s->count.cpu_ns;
}

static void run_verdict(struct cell *c, const struct cell_arm *a)
{
	const struct verify *v = &a->verify;

	if (!verify_clean(v))
		cell_fail(c, "verification: %llu lost, %llu duplicated, %llu reordered, %llu corrupt of %llu sent",
			  (unsigned long long)v->lost, (unsigned long long)v->duplicated,
			  (unsigned long long)v->reordered, (unsigned long long)v->corrupt,
			  (unsigned long long)a->sent);
	else if (!a->nsamples)
		cell_fail(c, "placement: in every block a side ran on another CPU than the chosen one");
}

static int run_collect(struct run_launch *l, bool complete)
{
	struct cell_arm *a = &l->cell->arm[l->condition];
	int ret = 0;

	for (int side = 0; side < l->nsides; side++)
		run_collect_side(l, a, side);
	a->forward += atomic_load(&l->run->shared->side[SIDE_SENDER].sent);
	if (complete)
		ret = run_collect_blocks(l, a);
	if (complete && !ret)
		run_verdict(l->cell, a);
	return ret;
}

static void run_check_cert(struct cell *c)
{
	const struct trace_cert *t = &c->phases.cert;
	const uint64_t sent = c->arm[ARM_TRACED].forward;

	if (t->sent != sent || t->received != sent)
		cell_fail(c, "probes: %llu messages sent, but %llu sends and %llu receives seen",
			  (unsigned long long)sent, (unsigned long long)t->sent,
			  (unsigned long long)t->received);
	else if (t->unmatched | t->missed | t->map_failed | t->overwritten | t->negative |
		 t->mispaired | t->unreadable)
		cell_fail(c, "probes: unmatched %llu, missed %llu, map failures %llu, overwritten %llu, negative %llu, mispaired %llu, unreadable %llu; all must be 0",
			  (unsigned long long)t->unmatched, (unsigned long long)t->missed,
			  (unsigned long long)t->map_failed, (unsigned long long)t->overwritten,
			  (unsigned long long)t->negative, (unsigned long long)t->mispaired,
			  (unsigned long long)t->unreadable);
}

/* One launch. An interrupted one leaves no trace in the results. */
static int run_launch(struct run *run, struct cell *c, enum cell_condition condition)
{
	struct run_launch l = {
		.run = run,
		.cell = c,
		.condition = condition,
		.m = { .cfg = c->cfg },
		.nsides = c->ops->traits & MECH_T_SOLO ? 1 : SIDE_COUNT,
	};
	struct trace_result phases = { 0 };
	int ret, err;

	memset(run->shared, 0, worker_shared_size(run->cfg->blocks));
	ret = c->ops->open(&l.m);
	if (ret) {
		c->ops->close(&l.m);
		cell_fail(c, "open: %s", strerror(-ret));
		return 0;
	}
	ret = run_workers(&l);
	c->ops->close(&l.m);
	if (condition == ARM_TRACED) {
		err = trace_stop(c->trace, &phases);
		if (err && !ret)
			cell_fail(c, "probes: %s", strerror(-err));
		else if (!ret)
			c->phases = phases;
	}
	if (ret == -EINTR)
		return ret;
	err = run_collect(&l, !ret);
	if (!ret && !err && condition == ARM_TRACED)
		run_check_cert(c);
	return err;
}

static int run_cell(struct run *run, struct cell *c)
{
	int ret = 0;

	/* After a failure the cell is not worth more time, nor a stall's wait again. */
	if (c->status == CELL_OK)
		ret = run_launch(run, c, ARM_PLAIN);
	if (!ret && c->status == CELL_OK && c->trace)
		ret = run_launch(run, c, ARM_TRACED);
	return ret;
}

static void run_open_probes(struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		struct cell *c = &plan->cell[i];

		if (c->status == CELL_OK && trace_open(&c->trace, c->ops->name, &c->trace_why))
			c->trace = NULL;
	}
}

static void run_progress(const struct plan *plan, unsigned int round, unsigned int rounds,
			 size_t done, const struct cell *c)
{
	char id[128];

	cell_id(c, id, sizeof(id));
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[Kround %u of %u, cell %zu of %zu: %s", round + 1, rounds,
			done + 1, plan->n, id);
	else if (!done)
		fprintf(stderr, "ipcscope: round %u of %u, %zu cells\n", round + 1, rounds,
			plan->n);
}

static int run_round(struct run *run, struct plan *plan, size_t *order, uint64_t *rng,
		     unsigned int round, bool quiet)
{
	int ret = 0;

	for (size_t i = plan->n; i > 1; i--) {
		size_t j = stats_random(rng) % i, swap = order[i - 1];

		order[i - 1] = order[j];
		order[j] = swap;
	}
	for (size_t i = 0; !ret && i < plan->n; i++) {
		if (!quiet)
			run_progress(plan, round, run->cfg->rounds, i, &plan->cell[order[i]]);
		ret = run_cell(run, &plan->cell[order[i]]);
		run_fetch_signals(run, 0);
		if (!ret && run->interrupted)
			ret = -EINTR;
	}
	return ret;
}

static int run_rounds(struct run *run, struct plan *plan, bool quiet)
{
	size_t *order = calloc(plan->n + 1, sizeof(*order));
	uint64_t rng = run->cfg->seed;
	int ret = 0;

	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < plan->n; i++)
		order[i] = i;
	for (unsigned int r = 0; !ret && r < run->cfg->rounds; r++)
		ret = run_round(run, plan, order, &rng, r, quiet);
	if (!quiet && isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K");
	free(order);
	return ret;
}

void run_endings(sigset_t *set)
{
	struct sigaction hangup;

	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	/* Under nohup it is ignored; blocked, it would arrive all the same. */
	if (!sigaction(SIGHUP, NULL, &hangup) && hangup.sa_handler != SIG_IGN)
		sigaddset(set, SIGHUP);
}

int run_plan(struct plan *plan, const struct run_cfg *cfg, const struct clock *clock, bool quiet)
{
	struct run run = { .cfg = cfg, .clock = clock };
	size_t size = worker_shared_size(cfg->blocks);
	sigset_t original;
	int ret;

	run.shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (run.shared == MAP_FAILED)
		return -errno;
	run_endings(&run.signals);
	sigaddset(&run.signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &run.signals, &original);
	if (cfg->trace)
		run_open_probes(plan);
	ret = run_rounds(&run, plan, quiet);
	sigprocmask(SIG_SETMASK, &original, NULL);
	munmap(run.shared, size);
	return ret;
}
