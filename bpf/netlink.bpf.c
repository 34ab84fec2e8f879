// SPDX-License-Identifier: GPL-2.0
/*
 * Probes for netlink between processes. The buffer is queued in the sender's context,
 * with the port that it is from; the channel is the receiving socket's queue. An
 * interrupt may send messages of the kernel's meanwhile: those are from port 0.
 */
#include "packet.bpf.h"

static __always_inline __u32 netlink_port(struct sk_buff *skb)
{
	return ((struct netlink_skb_parms *)skb->cb)->portid;
}

SEC("fentry/netlink_sendmsg")
int BPF_PROG(send_enter, struct socket *sock, struct msghdr *msg)
{
	if (phase_is(sh.ctl.sender))
		packet_begins(msg, 1);
	return 0;
}

SEC("fentry/__netlink_sendskb")
int BPF_PROG(enqueue, struct sock *sk, struct sk_buff *skb)
{
	__u64 now;

	if (!sh.snd.iter || !phase_is(sh.ctl.sender))
		return 0;
	now = bpf_ktime_get_ns();
	if (netlink_port(skb))
		packet_sent((__u64)&sk->sk_receive_queue, (__u64)skb, now);
	return 0;
}

SEC("fentry/netlink_recvmsg")
int BPF_PROG(recv_enter, struct socket *sock, struct msghdr *msg, __u64 len, int flags)
{
	if (phase_is(sh.ctl.receiver))
		packet_receives((__u64)&sock->sk->sk_receive_queue, msg, flags);
	return 0;
}

SEC("fexit/skb_copy_datagram_iter")
int BPF_PROG(dequeue, struct sk_buff *skb, int offset, struct iov_iter *to)
{
	if (sh.rcv.iter && (__u64)to == sh.rcv.iter)
		packet_dequeue((__u64)skb);
	return 0;
}

SEC("fexit/netlink_recvmsg")
int BPF_PROG(recv_exit, struct socket *sock, struct msghdr *msg)
{
	if (sh.rcv.iter && (__u64)&msg->msg_iter == sh.rcv.iter)
		packet_received(bpf_ktime_get_ns());
	return 0;
}
