// SPDX-License-Identifier: GPL-2.0
/* Where the probes of Unix stream sockets are attached. */
#include "sets.h"
#include "unix_stream.skel.h"

SET_SKELETON(unix_stream)

const struct probe_set set_unix_stream = {
	.mechs = { "unix-stream", "unix-stream-path", "unix-stream-abstract" },
	.open = set_open_unix_stream,
	.hooks = {
		{ "send_enter", "fentry", { "unix_stream_sendmsg" }, 0, 0 },
		{ "enqueue", "fexit", { "skb_copy_datagram_from_iter" }, BIT(PHASE_COPY_IN), 0 },
		SET_SCHED,
		{ "recv_enter", "fentry", { "unix_stream_recvmsg" }, 0, 0 },
		{ "dequeue", "fexit", { "skb_copy_datagram_iter" }, SET_COPIED, 0 },
		{ "recv_exit", "fexit", { "unix_stream_recvmsg" }, BIT(PHASE_EXIT), 0 },
	},
};
