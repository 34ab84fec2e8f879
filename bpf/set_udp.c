// SPDX-License-Identifier: GPL-2.0
/* Where the probes of UDP are attached: each version of IP has functions of its own. */
#include "sets.h"
#include "udp.skel.h"

SET_SKELETON(udp)

#define SET_UDP(sendmsg, send_skb, recvmsg)						\
	.open = set_open_udp,								\
	.hooks = {									\
		{ "send_enter", "fentry", { sendmsg }, 0, 0 },				\
		{ "hand_over", "fentry", { send_skb }, 0, 0 },				\
		{ "enqueue", "fentry", { "__udp_enqueue_schedule_skb" },		\
		  BIT(PHASE_COPY_IN), 0 },						\
		{ "enqueued", "fexit", { "__udp_enqueue_schedule_skb" }, 0, 0 },	\
		SET_SCHED,								\
		{ "recv_enter", "fentry", { recvmsg }, 0, 0 },				\
		{ "dequeue", "fentry", { "skb_consume_udp" }, SET_COPIED, 0 },		\
		{ "recv_exit", "fexit", { recvmsg }, BIT(PHASE_EXIT), 0 },		\
	}

const struct probe_set set_udp4 = {
	.mechs = { "udp4", "udp4-veth" },
	SET_UDP("udp_sendmsg", "udp_send_skb", "udp_recvmsg"),
};

const struct probe_set set_udp6 = {
	.mechs = { "udp6", "udp6-veth" },
	SET_UDP("udpv6_sendmsg", "udp_v6_send_skb", "udpv6_recvmsg"),
};
