// SPDX-License-Identifier: GPL-2.0
/* The set of mechanisms that have none: the harness' own stamps, and the scheduler's. */
#include "sets.h"
#include "any.skel.h"

SET_SKELETON(any)

/* No phase between the stamps of one message can be told without the scheduler's. */
#define ANY_WOKEN	(BIT(PHASE_SEND) | BIT(PHASE_RUN_QUEUE) | BIT(PHASE_RECEIVE))

const struct probe_set set_any = {
	.name = "any",
	.phases = ANY_WOKEN | BIT(PHASE_PASSED),
	.stamps = "user/receive",
	.open = set_open_any,
	.hooks = {
		{ "waking", "tp_btf", { "sched_waking" }, BIT(PHASE_SEND), ANY_WOKEN },
		{ "waking_raw", "raw_tp", { "sched_waking" }, BIT(PHASE_SEND), ANY_WOKEN },
		{ "switched", "tp_btf", { "sched_switch" }, BIT(PHASE_RUN_QUEUE), ANY_WOKEN },
		{ "switched_raw", "raw_tp", { "sched_switch" }, BIT(PHASE_RUN_QUEUE), ANY_WOKEN },
	},
};
