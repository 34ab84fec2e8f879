// SPDX-License-Identifier: GPL-2.0
/*
 * Probes for Unix stream sockets. Both sides count the bytes that they moved, as
 * stream.bpf.h wants it; the channel is the receiving socket.
 *
 * A message is one or more buffers. E is where the last one is filled: it is queued
 * right after, which can be hooked before 7.3 only (skb_queue_tail() is inlined).
 */
#include "stream.bpf.h"

/* The peer of a stream never changes: look it up once. */
static __always_inline __u64 unix_peer(struct sock *sk)
{
	if (sh.snd_link.sk != (__u64)sk) {
		if (bpf_core_read(&sh.snd_link.obj, sizeof(sh.snd_link.obj),
				  &((struct unix_sock *)sk)->peer))
			return 0;
		sh.snd_link.sk = (__u64)sk;
	}
	return sh.snd_link.obj;
}

SEC("fentry/unix_stream_sendmsg")
int BPF_PROG(send_enter, struct socket *sock, struct msghdr *msg, __u64 len)
{
	__u64 peer;

	if (!phase_is(sh.ctl.sender))
		return 0;
	sh.snd.iter = 0;
	peer = unix_peer(sock->sk);
	if (peer && stream_begins(peer, &msg->msg_iter, len))
		phase_enter();
	return 0;
}

SEC("fexit/skb_copy_datagram_from_iter")
int BPF_PROG(enqueue, struct sk_buff *skb, int offset, struct iov_iter *from, int len)
{
	__u64 now, ret = 0;

	if (!sh.snd.iter || (__u64)from != sh.snd.iter)
		return 0;
	now = bpf_ktime_get_ns();
	bpf_get_func_ret(ctx, &ret);
	if (!(__s32)ret)
		stream_sent((__u32)len, now);
	return 0;
}

SEC("fentry/unix_stream_recvmsg")
int BPF_PROG(recv_enter, struct socket *sock, struct msghdr *msg, __u64 size, int flags)
{
	if (!phase_is(sh.ctl.receiver))
		return 0;
	sh.rcv.iter = 0;
	if (!(flags & MSG_PEEK))
		stream_receives((__u64)sock->sk, &msg->msg_iter);
	return 0;
}

SEC("fexit/skb_copy_datagram_iter")
int BPF_PROG(dequeue, struct sk_buff *skb, int offset, struct iov_iter *to)
{
	if (sh.rcv.iter && (__u64)to == sh.rcv.iter)
		stream_dequeue(bpf_ktime_get_ns());
	return 0;
}

SEC("fexit/unix_stream_recvmsg")
int BPF_PROG(recv_exit, struct socket *sock, struct msghdr *msg)
{
	struct phase_rx *rx;
	__u64 n = 0;

	if (!sh.rcv.iter || (__u64)&msg->msg_iter != sh.rcv.iter)
		return 0;
	sh.rcv.x = bpf_ktime_get_ns();
	sh.rcv.iter = 0;
	bpf_get_func_ret(ctx, &n);
	if ((__s32)n <= 0)
		return 0;
	rx = &sh.rx[sh.rcv.chan & CHAN_MASK];
	rx->off += (__u32)n;
	stream_received(rx);
	return 0;
}
