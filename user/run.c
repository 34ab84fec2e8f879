// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "collect.h"
#include "launch.h"
#include "run.h"

static void run_check_cert(struct cell *c, enum cell_condition condition)
{
	const struct trace_cert *t = &c->phases[condition].cert;
	const uint64_t sent = c->arm[condition].forward;

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

/* What this launch added to a phase. */
static double run_mean(const struct trace_result *now, const struct trace_result *before,
		       unsigned int phase)
{
	const bool first = phase >= before->nphases;
	const uint64_t n = now->phase[phase].n - (first ? 0 : before->phase[phase].n);
	const uint64_t sum = now->phase[phase].sum - (first ? 0 : before->phase[phase].sum);

	return n ? (double)sum / (double)n : 0;
}

static int run_rung(struct cell *c, enum cell_condition condition,
		    const struct trace_result *before, size_t samples)
{
	const struct cell_arm *a = &c->arm[condition];
	const struct trace_result *now = &c->phases[condition];
	struct cell_rung *grown = realloc(c->rung, (c->nrungs + 1) * sizeof(*grown));
	struct cell_rung *rung;

	if (!grown)
		return -ENOMEM;
	c->rung = grown;
	rung = &grown[c->nrungs++];
	*rung = (struct cell_rung){ .empties = cell_empties(condition) };
	for (size_t i = samples; i < a->nsamples; i++)
		rung->cost += a->sample[i].value / (double)(a->nsamples - samples);
	for (unsigned int i = 0; i < now->nphases; i++)
		rung->phase[i] = run_mean(now, before, i);
	return 0;
}

/* One launch. An interrupted one leaves no trace in the results. */
static int run_launch(struct run *run, struct cell *c, enum cell_condition condition)
{
	struct launch l = { .run = run, .cell = c, .condition = condition };
	struct trace_result before = c->phases[condition], phases = { 0 };
	const size_t samples = c->arm[condition].nsamples;
	int ret, err;

	ret = launch_run(&l);
	if (condition != ARM_PLAIN) {
		err = trace_stop(c->trace[condition], &phases);
		if (err && !ret)
			cell_fail(c, "probes: %s", strerror(-err));
		else if (!ret)
			c->phases[condition] = phases;
	}
	if (ret == -EINTR)
		return ret;
	err = collect_launch(&l, !ret);
	if (ret || err || condition == ARM_PLAIN)
		return err;
	run_check_cert(c, condition);
	return c->trace[ARM_EMPTY_1] ? run_rung(c, condition, &before, samples) : 0;
}

static int run_cell(struct run *run, struct cell *c)
{
	int ret = 0;

	/* After a failure the cell is not worth more time, nor a stall's wait again. */
	for (enum cell_condition a = 0; !ret && c->status == CELL_OK && a < ARM_COUNT; a++)
		if (a == ARM_PLAIN || c->trace[a])
			ret = run_launch(run, c, a);
	return ret;
}

/* The same probes in every arm: what opens once, opens again. */
static void run_open_cell(struct cell *c, const struct run_cfg *cfg)
{
	const enum cell_condition last = cfg->ladder ? ARM_EMPTY_4 : ARM_TRACED;
	struct mech_why why;

	for (enum cell_condition a = ARM_TRACED; a <= last; a++) {
		if (trace_open_any(&c->trace[a], c->ops->name, c->cfg.wait, cfg->light,
				   &c->trace_note)) {
			c->trace_why = c->trace_note;
			return;
		}
		if (trace_empties(c->trace[a], cell_empties(a), &why)) {
			c->ladder_why = why;
			trace_close(c->trace[a]);
			c->trace[a] = NULL;
			return;
		}
	}
}

static void run_open_probes(struct plan *plan, const struct run_cfg *cfg)
{
	for (size_t i = 0; i < plan->n; i++) {
		struct cell *c = &plan->cell[i];

		if (c->status == CELL_OK && cell_wide(c))
			mech_because(&c->trace_why, "the probes watch one sender and its receiver; give --pattern pingpong or stream");
		else if (c->status == CELL_OK)
			run_open_cell(c, cfg);
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
		launch_fetch_signals(run, 0);
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

/* Room for the cell that needs most; a skipped one may be wider than any machine. */
static size_t run_shared_size(const struct plan *plan, const struct run_cfg *cfg)
{
	size_t most = sizeof(struct worker_shared);

	for (size_t i = 0; i < plan->n; i++) {
		const struct cell *c = &plan->cell[i];

		if (c->status != CELL_SKIP && worker_shared_size(c, cfg->blocks) > most)
			most = worker_shared_size(c, cfg->blocks);
	}
	return most;
}

int run_plan(struct plan *plan, const struct run_cfg *cfg, const struct clock *clock, bool quiet)
{
	struct run run = { .cfg = cfg, .clock = clock };
	size_t size = run_shared_size(plan, cfg);
	sigset_t original;
	int ret;

	run.shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (run.shared == MAP_FAILED)
		return -errno;
	run_endings(&run.signals);
	sigaddset(&run.signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &run.signals, &original);
	if (cfg->trace)
		run_open_probes(plan, cfg);
	ret = run_rounds(&run, plan, quiet);
	sigprocmask(SIG_SETMASK, &original, NULL);
	munmap(run.shared, size);
	return ret;
}
