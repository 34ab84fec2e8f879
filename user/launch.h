/* SPDX-License-Identifier: GPL-2.0 */
/* One launch: fork the workers of a cell, watch them, be sure that they are gone. */
#ifndef IPCSCOPE_LAUNCH_H
#define IPCSCOPE_LAUNCH_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>
#include "cli.h"
#include "clock.h"
#include "worker.h"

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
 * struct launch - one set of workers
 * @run:	the supervisor
 * @cell:	what they measure
 * @condition:	in which arm
 * @m:		the open instances
 * @pid:	workers, 0 once reaped
 * @progress:	messages at the last look
 * @since:	when @progress last changed, CLOCK_MONOTONIC ns
 * @hangups:	looks at a side whose peer hung up and is not yet known to be dead
 */
struct launch {
	struct run *run;
	struct cell *cell;
	enum cell_condition condition;
	struct mech *m;
	pid_t *pid;
	uint64_t progress;
	uint64_t since;
	unsigned int hangups;
};

/**
 * launch_run() - open, run and close
 * @l:		@run, @cell and @condition are set
 *
 * What the workers have found is in @l->run->shared, until the next launch; what went
 * wrong, in the cell.
 *
 * Return: 0 all blocks are through; -EINTR interrupted; another -errno: the cell failed.
 */
int launch_run(struct launch *l);

/* Look for signals for that long; one that ends the run sets @run->interrupted. */
void launch_fetch_signals(struct run *run, int timeout_ms);

/* "sender", "receiver", or "service", for messages. */
const char *launch_role(const struct cell *c, unsigned int worker);

#endif /* IPCSCOPE_LAUNCH_H */
