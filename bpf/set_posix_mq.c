// SPDX-License-Identifier: GPL-2.0
/* Where the probes of POSIX message queues are attached. */
#include "sets.h"
#include "posix_mq.skel.h"

SET_SKELETON(posix_mq)

const struct probe_set set_posix_mq = {
	.mechs = { "posix-mq" },
	.open = set_open_posix_mq,
	.hooks = {
		{ "send_enter", "fentry", { "do_mq_timedsend" }, 0, 0 },
		{ "copied", "fentry", { "security_msg_msg_alloc" }, BIT(PHASE_COPY_IN), 0 },
		{ "enqueue", "fentry", { "msg_insert" }, 0, 0 },
		SET_SCHED,
		{ "recv_enter", "fentry", { "do_mq_timedreceive" }, 0, 0 },
		{ "freed", "fentry", { "free_msg" }, SET_COPIED, 0 },
		{ "recv_exit", "fexit", { "do_mq_timedreceive" }, BIT(PHASE_EXIT), 0 },
	},
};
