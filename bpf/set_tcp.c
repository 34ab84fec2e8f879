// SPDX-License-Identifier: GPL-2.0
/* Where the probes of TCP are attached: over both versions of IP it is the same. */
#include "sets.h"
#include "tcp.skel.h"

SET_SKELETON(tcp)

const struct probe_set set_tcp = {
	.mechs = { "tcp4", "tcp6", "tcp4-veth", "tcp6-veth" },
	.open = set_open_tcp,
	.hooks = {
		{ "send_enter", "fentry", { "tcp_sendmsg_locked" }, 0, 0 },
		{ "enqueue", "fentry", { "tcp_data_ready" }, BIT(PHASE_COPY_IN), 0 },
		{ "enqueued", "fexit", { "tcp_data_ready" }, 0, 0 },
		SET_SCHED,
		{ "recv_enter", "fentry", { "tcp_recvmsg" }, 0, 0 },
		{ "dequeue", "fentry", { "tcp_cleanup_rbuf" }, SET_COPIED, 0 },
		{ "recv_exit", "fexit", { "tcp_recvmsg" }, BIT(PHASE_EXIT), 0 },
	},
};
