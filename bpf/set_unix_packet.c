// SPDX-License-Identifier: GPL-2.0
/* Where the probes of Unix datagram and seqpacket sockets are attached. */
#include "sets.h"
#include "unix_packet.skel.h"

SET_SKELETON(unix_packet)

const struct probe_set set_unix_packet = {
	.mechs = {
		"unix-dgram", "unix-dgram-path", "unix-dgram-abstract",
		"unix-seqpacket", "unix-seqpacket-path", "unix-seqpacket-abstract",
	},
	.open = set_open_unix_packet,
	.hooks = {
		{ "send_enter", "fentry", { "unix_dgram_sendmsg" }, 0, 0 },
		{ "enqueue", "fentry", { "skb_queue_tail" }, BIT(PHASE_COPY_IN), 0 },
		SET_SCHED,
		{ "recv_enter", "fentry", { "__unix_dgram_recvmsg" }, 0, 0 },
		{ "dequeue", "fexit", { "skb_copy_datagram_iter" }, SET_COPIED, 0 },
		{ "recv_exit", "fexit", { "__unix_dgram_recvmsg" }, BIT(PHASE_EXIT), 0 },
	},
};
