// SPDX-License-Identifier: GPL-2.0
/* Where the probes of pipes are attached. */
#include "sets.h"
#include "pipe.skel.h"

SET_SKELETON(pipe)

const struct probe_set set_pipe = {
	.mechs = { "pipe", "pipe-packet", "fifo" },
	.open = set_open_pipe,
	.hooks = {
		{ "send_enter", "fentry", { DRIFT_PIPE_WRITE }, 0, 0 },
		{ "unlock", "fentry", { "mutex_unlock" }, BIT(PHASE_COPY_IN) | SET_COPIED, 0 },
		SET_SCHED,
		{ "recv_enter", "fentry", { DRIFT_PIPE_READ }, 0, 0 },
		{ "recv_exit", "fexit", { DRIFT_PIPE_READ }, BIT(PHASE_EXIT), 0 },
	},
};
