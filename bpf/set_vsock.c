// SPDX-License-Identifier: GPL-2.0
/* Where the probes of vsock are attached. */
#include "sets.h"
#include "vsock.skel.h"

SET_SKELETON(vsock)

const struct probe_set set_vsock = {
	.mechs = { "vsock-stream", "vsock-seqpacket" },
	.module = "vsock",
	.open = set_open_vsock,
	.hooks = {
		{ "send_enter", "fentry", { "vsock_connectible_sendmsg" }, 0, 0 },
		{ "enqueue", "fentry", { "vsock_data_ready" }, BIT(PHASE_COPY_IN), 0 },
		{ "enqueued", "fexit", { "vsock_data_ready" }, 0, 0 },
		SET_SCHED,
		{ "recv_enter", "fentry", { "vsock_connectible_recvmsg" }, 0, 0 },
		{ "dequeue", "fentry", { "release_sock" }, SET_COPIED, 0 },
		{ "recv_exit", "fexit", { "vsock_connectible_recvmsg" }, BIT(PHASE_EXIT), 0 },
	},
};
