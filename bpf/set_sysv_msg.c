// SPDX-License-Identifier: GPL-2.0
/* Where the probes of SysV message queues are attached. */
#include "sets.h"
#include "sysv_msg.skel.h"

SET_SKELETON(sysv_msg)

const struct probe_set set_sysv_msg = {
	.mechs = { "sysv-msg" },
	.open = set_open_sysv_msg,
	.hooks = {
		{ "send_enter", "fentry", { "do_msgsnd" }, 0, 0 },
		{ "enqueue", "fentry", { "security_msg_queue_msgsnd" }, BIT(PHASE_COPY_IN), 0 },
		SET_SCHED,
		{ "recv_enter", "fentry", { "do_msgrcv" }, 0, 0 },
		{ "freed", "fentry", { "free_msg" }, SET_COPIED, 0 },
		{ "recv_exit", "fexit", { "do_msgrcv" }, BIT(PHASE_EXIT), 0 },
	},
};
