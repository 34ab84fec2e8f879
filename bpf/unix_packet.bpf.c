// SPDX-License-Identifier: GPL-2.0
/*
 * Probes for Unix datagram and seqpacket sockets, which share their code. The buffer
 * is queued in the sender's context, and belongs to the sending socket until it is
 * freed; the channel is the receiving socket's queue.
 */
#include "packet.bpf.h"

SEC("fentry/unix_dgram_sendmsg")
int BPF_PROG(send_enter, struct socket *sock, struct msghdr *msg)
{
	if (phase_is(sh.ctl.sender))
		packet_begins(msg, (__u64)sock->sk);
	return 0;
}

SEC("fentry/skb_queue_tail")
int BPF_PROG(enqueue, struct sk_buff_head *list, struct sk_buff *skb)
{
	__u64 now;

	if (!sh.snd.iter || !phase_is(sh.ctl.sender))
		return 0;
	now = bpf_ktime_get_ns();
	if ((__u64)skb->sk == sh.snd.iter)
		packet_sent((__u64)list, (__u64)skb, now);
	return 0;
}

SEC("fentry/__unix_dgram_recvmsg")
int BPF_PROG(recv_enter, struct sock *sk, struct msghdr *msg, __u64 size, int flags)
{
	if (phase_is(sh.ctl.receiver))
		packet_receives((__u64)&sk->sk_receive_queue, msg, flags);
	return 0;
}

SEC("fexit/skb_copy_datagram_iter")
int BPF_PROG(dequeue, struct sk_buff *skb, int offset, struct iov_iter *to)
{
	if (sh.rcv.iter && (__u64)to == sh.rcv.iter)
		packet_dequeue((__u64)skb);
	return 0;
}

SEC("fexit/__unix_dgram_recvmsg")
int BPF_PROG(recv_exit, struct sock *sk, struct msghdr *msg)
{
	if (sh.rcv.iter && (__u64)&msg->msg_iter == sh.rcv.iter)
		packet_received(bpf_ktime_get_ns());
	return 0;
}
