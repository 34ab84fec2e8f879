// SPDX-License-Identifier: GPL-2.0
/*
 * Probes for UDP between connected sockets. The buffer comes to be between S and
 * udp_send_skb(), and what identifies it until it is received is where its data
 * begins: a datagram that was put together from fragments has the data of its first
 * one, but not its struct sk_buff. A datagram that is dropped stays in flight.
 */
#include "inet.bpf.h"
#include "packet.bpf.h"

SEC("fentry/udp_sendmsg")
int BPF_PROG(send_enter, struct sock *sk, struct msghdr *msg)
{
	if (phase_is(sh.ctl.sender) && phase_snd_chan(inet_snd(sk)))
		packet_begins(msg, (__u64)sk);
	return 0;
}

/* In the sender's context, but an interrupt may send meanwhile, from other sockets. */
SEC("fentry/udp_send_skb")
int BPF_PROG(hand_over, struct sk_buff *skb)
{
	if (sh.snd.iter && (__u64)skb->sk == sh.snd.iter && phase_is(sh.ctl.sender))
		packet_sent(sh.snd.obj, (__u64)skb->head, bpf_ktime_get_ns());
	return 0;
}

struct udp_arrival {
	__u64 head;
	__u64 now;
	__u64 key;
	__u32 chan;
};

/* Those before it that were lost on the way are passed over. */
static long udp_arrived(__u32 i, struct udp_arrival *a)
{
	struct phase_slot *m = &sh.slot[a->chan & CHAN_MASK][(a->key + i) & SLOT_MASK];

	if (!m->nr || m->key != a->key + i || m->end != a->head)
		return 0;
	enq_stamp(m, a->chan & CHAN_MASK, a->now);
	return 1;
}

SEC("fentry/__udp_enqueue_schedule_skb")
int BPF_PROG(enqueue, struct sock *sk, struct sk_buff *skb)
{
	int chan = inet_enq(sk);
	struct udp_arrival a;

	if (chan < 0)
		return 0;
	a.now = bpf_ktime_get_ns();
	a.chan = chan & CHAN_MASK;
	a.head = (__u64)skb->head;
	a.key = sh.enq.next[a.chan];
	bpf_loop(sh.tx[a.chan].sent - a.key, udp_arrived, &a, 0);
	return 0;
}

SEC("fexit/__udp_enqueue_schedule_skb")
int BPF_PROG(enqueued)
{
	enq_done();
	return 0;
}

SEC("fentry/udp_recvmsg")
int BPF_PROG(recv_enter, struct sock *sk, struct msghdr *msg, __u64 len, int flags)
{
	if (phase_is(sh.ctl.receiver))
		packet_receives(inet_rcv(sk), msg, flags);
	return 0;
}

/* Right after the copy. */
SEC("fentry/skb_consume_udp")
int BPF_PROG(dequeue, struct sock *sk, struct sk_buff *skb)
{
	if (sh.rcv.iter && (__u64)sk == sh.rcv_link.sk && phase_is(sh.ctl.receiver))
		packet_dequeue((__u64)skb->head);
	return 0;
}

SEC("fexit/udp_recvmsg")
int BPF_PROG(recv_exit, struct sock *sk, struct msghdr *msg)
{
	if (sh.rcv.iter && (__u64)&msg->msg_iter == sh.rcv.iter)
		packet_received(bpf_ktime_get_ns());
	return 0;
}
