// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "launch.h"

/* How often the supervisor looks for a stall; rare enough to stay out of the figures. */
#define LAUNCH_TICK_MS	250
/* How many looks at a side whose peer hung up, before that is the failure itself. */
#define LAUNCH_HANGUP_TICKS	8

static uint64_t launch_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

const char *launch_role(const struct cell *c, unsigned int worker)
{
	if (c->worker[worker].side == SIDE_SENDER)
		return c->place >= PLACE_PAIRS ? "client" : "sender";
	return c->place >= PLACE_PAIRS ? "service" : "receiver";
}

static void launch_worker(struct launch *l, unsigned int number, pid_t supervisor)
{
	struct run *run = l->run;
	struct trace *trace = l->cell->trace[l->condition];
	struct worker_cfg cfg = {
		.cell = l->cell,
		.clock = run->clock,
		.messages = run->cfg->messages,
		.warmup = run->cfg->warmup,
		.blocks = run->cfg->blocks,
		.gate = trace ? trace_gate(trace) : NULL,
		.stamps = trace ? trace_stamps(trace) : NULL,
		.shared = run->shared,
	};

	/* A killed supervisor takes its workers along; it may be dead already. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != supervisor)
		_exit(1);
	/* Ctrl-C reaches the whole process group; ending workers is the supervisor's. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	/* A dead peer is an error of the call; the signal would hide who died first. */
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_UNBLOCK, &run->signals, NULL);
	_exit(worker_run(&cfg, l->m, number) ? 1 : 0);
}

static int launch_fork(struct launch *l)
{
	pid_t supervisor = getpid();

	for (unsigned int i = 0; i < l->cell->nworkers; i++) {
		l->pid[i] = fork();
		if (l->pid[i] < 0) {
			l->pid[i] = 0;
			cell_fail(l->cell, "fork: %s", strerror(errno));
			return -EAGAIN;
		}
		if (!l->pid[i])
			launch_worker(l, i, supervisor);
	}
	return 0;
}

/* Workers that ended on their own; one that died of a signal fails the cell. */
static void launch_reap(struct launch *l)
{
	int status;

	for (unsigned int i = 0; i < l->cell->nworkers; i++) {
		if (!l->pid[i] || waitpid(l->pid[i], &status, WNOHANG) <= 0)
			continue;
		l->pid[i] = 0;
		if (WIFSIGNALED(status))
			cell_fail(l->cell, "the %s was killed by signal %d",
				  launch_role(l->cell, i), WTERMSIG(status));
	}
}

static void launch_kill(struct launch *l)
{
	for (unsigned int i = 0; i < l->cell->nworkers; i++) {
		if (!l->pid[i])
			continue;
		kill(l->pid[i], SIGKILL);
		waitpid(l->pid[i], NULL, 0);
		l->pid[i] = 0;
	}
}

static void launch_traffic(const struct launch *l, uint64_t *sent, uint64_t *received)
{
	*sent = 0;
	*received = 0;
	for (unsigned int i = 0; i < l->cell->nworkers; i++) {
		struct worker_side *s = &l->run->shared->side[i];

		*sent += atomic_load(&s->sent) & WORKER_SEQ_MASK;
		*received += atomic_load(&s->progress);
	}
}

static int launch_check_stall(struct launch *l)
{
	uint64_t sent, received, now = launch_now();

	launch_traffic(l, &sent, &received);
	if (sent + received != l->progress || !l->since) {
		l->progress = sent + received;
		l->since = now;
		return 0;
	}
	if (now - l->since < l->run->cfg->timeout * 1000000000ULL)
		return 0;
	cell_fail(l->cell, "stalled: nothing moved for %u s after %llu messages sent, %llu received (--timeout)",
		  l->run->cfg->timeout, (unsigned long long)sent, (unsigned long long)received);
	return -ETIMEDOUT;
}

/* What a side sees of a peer that died: the death itself comes a moment later. */
static bool launch_hung_up(struct launch *l, int error)
{
	return (error == -EPIPE || error == -ECONNRESET || error == -ECONNREFUSED) &&
	       l->hangups++ < LAUNCH_HANGUP_TICKS;
}

static int launch_check_workers(struct launch *l)
{
	launch_reap(l);
	for (unsigned int i = 0; i < l->cell->nworkers; i++) {
		struct worker_side *s = &l->run->shared->side[i];

		if (atomic_load(&s->state) != WORKER_FAILED)
			continue;
		if (l->cell->status == CELL_OK && launch_hung_up(l, s->error))
			continue;
		cell_fail(l->cell, "the %s's %s failed: %s", launch_role(l->cell, i), s->step,
			  strerror(-s->error));
		return -EIO;
	}
	return l->cell->status == CELL_FAIL ? -EIO : 0;
}

void launch_fetch_signals(struct run *run, int timeout_ms)
{
	struct timespec ts = { timeout_ms / 1000, timeout_ms % 1000 * 1000000L };
	int sig = sigtimedwait(&run->signals, NULL, &ts);

	if (sig > 0 && sig != SIGCHLD)
		run->interrupted = true;
}

/* One that is not yet as far as @state, or never will be. NULL: all are. */
static _Atomic uint32_t *launch_behind(struct launch *l, enum worker_state state)
{
	_Atomic uint32_t *behind = NULL;

	for (unsigned int i = 0; i < l->cell->nworkers; i++) {
		const uint32_t now = atomic_load(&l->run->shared->side[i].state);

		if (now < state || now == WORKER_FAILED)
			behind = &l->run->shared->side[i].state;
	}
	return behind;
}

/* Until every worker is at least as far as @state. */
static int launch_wait(struct launch *l, enum worker_state state)
{
	l->since = 0;
	for (;;) {
		int ret = launch_check_workers(l);
		_Atomic uint32_t *behind;

		if (ret)
			return ret;
		behind = launch_behind(l, state);
		if (!behind)
			return 0;
		ret = launch_check_stall(l);
		if (ret)
			return ret;
		/* Readiness comes by futex, the end by SIGCHLD. */
		if (state == WORKER_READY)
			worker_futex_wait(behind, WORKER_NEW, LAUNCH_TICK_MS);
		launch_fetch_signals(l->run, state == WORKER_READY ? 0 : LAUNCH_TICK_MS);
		if (l->run->interrupted)
			return -EINTR;
	}
}

/* From here on the workers have the instances for themselves. */
static int launch_leave(struct launch *l)
{
	const struct mech_ops *ops = l->cell->ops;
	int ret = 0;

	for (unsigned int i = 0; !ret && ops->leave && i < cell_instances(l->cell); i++)
		ret = ops->leave(&l->m[i]);
	if (ret)
		cell_fail(l->cell, "leave: %s", strerror(-ret));
	return ret;
}

static int launch_workers(struct launch *l)
{
	struct cell *c = l->cell;
	struct mech_why why = { "" };
	int ret;

	ret = launch_fork(l);
	if (!ret)
		ret = launch_wait(l, WORKER_READY);
	if (!ret)
		ret = launch_leave(l);
	if (!ret && l->condition != ARM_PLAIN) {
		ret = trace_start(c->trace[l->condition], l->pid[SIDE_SENDER],
				  l->pid[SIDE_RECEIVER], &why);
		if (ret)
			cell_fail(c, "probes: %s", *why.text ? why.text : strerror(-ret));
	}
	if (!ret) {
		atomic_store(&l->run->shared->go, 1);
		worker_futex_wake(&l->run->shared->go);
		ret = launch_wait(l, WORKER_DONE);
	}
	launch_kill(l);
	return ret;
}

/* The receiver of lane @i; a thread of the kernel has no worker. */
static int launch_receiver_cpu(const struct cell *c, unsigned int i)
{
	for (unsigned int k = 0; k < c->nworkers; k++)
		if (c->worker[k].side == SIDE_RECEIVER &&
		    (c->worker[k].gathers || c->worker[k].lane == i))
			return c->worker[k].cpu;
	return c->place == PLACE_SMP || c->service < 0 ? c->worker[i].cpu : c->service;
}

static int launch_sender_cpu(const struct cell *c, unsigned int i)
{
	unsigned int k = 0;

	while (c->worker[k].side != SIDE_SENDER || c->worker[k].lane != i)
		k++;
	return c->worker[k].cpu;
}

/* Return: how many are to be closed; what went wrong is in the cell. */
static unsigned int launch_open(struct launch *l)
{
	struct cell *c = l->cell;
	unsigned int i = 0;
	int ret = 0;

	while (!ret && i < cell_instances(c)) {
		l->m[i] = (struct mech){
			.ops = c->ops,
			.cfg = c->cfg,
			.cpu = { launch_sender_cpu(c, i), launch_receiver_cpu(c, i) },
		};
		ret = c->ops->open(&l->m[i++]);
	}
	if (ret)
		cell_fail(c, "open: %s", strerror(-ret));
	return i;
}

static int launch_instances(struct launch *l)
{
	unsigned int opened;
	int ret = -EIO;

	worker_shared_init(l->run->shared, l->cell, l->run->cfg->blocks);
	opened = launch_open(l);
	if (l->cell->status == CELL_OK)
		ret = launch_workers(l);
	while (opened)
		l->cell->ops->close(&l->m[--opened]);
	return ret;
}

int launch_run(struct launch *l)
{
	int ret = -ENOMEM;

	l->m = calloc(cell_instances(l->cell), sizeof(*l->m));
	/* A cell with one worker has no receiver's for the probes: 0. */
	l->pid = calloc(l->cell->nworkers + 1, sizeof(*l->pid));
	if (l->m && l->pid)
		ret = launch_instances(l);
	else
		cell_fail(l->cell, "launch: %s", strerror(ENOMEM));
	free(l->m);
	free(l->pid);
	return ret;
}
