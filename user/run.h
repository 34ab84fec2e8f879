/* SPDX-License-Identifier: GPL-2.0 */
/* The supervisor: rounds of launches, in random order. */
#ifndef IPCSCOPE_RUN_H
#define IPCSCOPE_RUN_H

#include <signal.h>
#include <stdbool.h>
#include "cli.h"
#include "clock.h"
#include "plan.h"

/**
 * run_plan() - measure all cells of a plan that are not skipped
 * @plan:	the cells; filled with what was measured
 * @cfg:	counts, order, timeouts
 * @clock:	the clock
 * @quiet:	no progress on standard error
 *
 * Cells are launched in @cfg->rounds rounds, each in a new random order, traced arms next
 * to their plain arm. The signals of run_endings() end the run; what was measured stays.
 * A caller that has blocked them gets none that comes between the run's end and its own.
 *
 * Return: 0; -EINTR ended by a signal; -ENOMEM or another -errno of the supervisor's
 * own set-up. A failing cell is not an error of the run.
 */
int run_plan(struct plan *plan, const struct run_cfg *cfg, const struct clock *clock, bool quiet);

/* The signals that end a run but must not lose its result. */
void run_endings(sigset_t *set);

#endif /* IPCSCOPE_RUN_H */
