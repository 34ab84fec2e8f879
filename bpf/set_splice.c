// SPDX-License-Identifier: GPL-2.0
/* Where the probes of vmsplice() are attached. */
#include "sets.h"
#include "splice.skel.h"

SET_SKELETON(splice)

const struct probe_set set_splice = {
	.mechs = { "pipe-splice" },
	.open = set_open_splice,
	.hooks = {
		{ "send_enter", "fentry", { "__x64_sys_vmsplice" }, 0, 0 },
		{ "send_pipe", "fentry", { "wait_for_space" }, 0, 0 },
		{ "unlock", "fentry", { "mutex_unlock" }, BIT(PHASE_COPY_IN) | SET_COPIED, 0 },
		SET_SCHED,
		{ "recv_enter", "fentry", { DRIFT_PIPE_READ }, 0, 0 },
		{ "recv_exit", "fexit", { DRIFT_PIPE_READ }, BIT(PHASE_EXIT), 0 },
	},
};
