// SPDX-License-Identifier: GPL-2.0
/* Where the probes of io_uring commands on the module's ring channel are attached. */
#include "sets.h"
#include "ring_cmd.skel.h"

SET_SKELETON(ring_cmd)

const struct probe_set set_ring_cmd = {
	.mechs = { "ring-uring-cmd" },
	.module = "ipcring",
	.open = set_open_ring_cmd,
	.hooks = {
		{ "cmd_enter", "fentry", { "ipcring_uring_cmd" }, 0, 0 },
		{ "try_send", "fentry", { "ipcring_try_send" }, 0, 0 },
		{ "enqueue", "tp_btf", { "ipcring_send" }, BIT(PHASE_COPY_IN), 0 },
		SET_SCHED,
		{ "try_recv", "fentry", { "ipcring_try_recv" }, 0, 0 },
		{ "dequeue", "tp_btf", { "ipcring_recv" }, SET_COPIED, 0 },
		{ "cmd_exit", "fexit", { "ipcring_uring_cmd" }, BIT(PHASE_EXIT), 0 },
		{ "park_exit", "fexit", { "ipcring_park_work" }, BIT(PHASE_EXIT), 0 },
	},
};
