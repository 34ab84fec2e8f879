// SPDX-License-Identifier: GPL-2.0
/* Where the probes of netlink sockets are attached. */
#include "sets.h"
#include "netlink.skel.h"

SET_SKELETON(netlink)

const struct probe_set set_netlink = {
	.mechs = { "netlink" },
	.open = set_open_netlink,
	.hooks = {
		{ "send_enter", "fentry", { "netlink_sendmsg" }, 0, 0 },
		{ "enqueue", "fentry", { "__netlink_sendskb" }, BIT(PHASE_COPY_IN), 0 },
		SET_SCHED,
		{ "recv_enter", "fentry", { "netlink_recvmsg" }, 0, 0 },
		{ "dequeue", "fexit", { "skb_copy_datagram_iter" }, SET_COPIED, 0 },
		{ "recv_exit", "fexit", { "netlink_recvmsg" }, BIT(PHASE_EXIT), 0 },
	},
};
