// SPDX-License-Identifier: GPL-2.0
/* Where the probes of calls on the module's ring channel are attached. */
#include "sets.h"
#include "ring_call.skel.h"

SET_SKELETON(ring_call)

const struct probe_set set_ring_call = {
	.mechs = { "ring-call" },
	.module = "ipcring",
	.open = set_open_ring_call,
	.hooks = {
		{ "send_enter", "fentry", { "ipcring_write_iter" }, 0, 0 },
		{ "call_enter", "fentry", { "ipcring_ioc_call" }, 0, 0 },
		{ "try_send", "fentry", { "ipcring_try_send" }, 0, 0 },
		{ "enqueue", "tp_btf", { "ipcring_send" }, BIT(PHASE_COPY_IN), 0 },
		SET_SCHED,
		{ "recv_enter", "fentry", { "ipcring_read_iter" }, 0, 0 },
		{ "try_recv", "fentry", { "ipcring_try_recv" }, 0, 0 },
		{ "dequeue", "tp_btf", { "ipcring_recv" }, SET_COPIED, 0 },
		{ "recv_exit", "fexit", { "ipcring_read_iter" }, BIT(PHASE_EXIT), 0 },
		{ "call_exit", "fexit", { "ipcring_ioc_call" }, BIT(PHASE_EXIT), 0 },
	},
};
