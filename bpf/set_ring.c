// SPDX-License-Identifier: GPL-2.0
/* Where the probes of the module's ring channel are attached. */
#include "sets.h"
#include "ring.skel.h"

SET_SKELETON(ring)

const struct probe_set set_ring = {
	.mechs = { "ring" },
	.module = "ipcring",
	.unseen = MECH_W_URING,
	.open = set_open_ring,
	.hooks = {
		{ "send_enter", "fentry", { "ipcring_write_iter" }, 0, 0 },
		{ "enqueue", "tp_btf", { "ipcring_send" }, BIT(PHASE_COPY_IN), 0 },
		SET_SCHED,
		{ "recv_enter", "fentry", { "ipcring_read_iter" }, 0, 0 },
		{ "dequeue", "tp_btf", { "ipcring_recv" }, SET_COPIED, 0 },
		{ "recv_exit", "fexit", { "ipcring_read_iter" }, BIT(PHASE_EXIT), 0 },
	},
};
