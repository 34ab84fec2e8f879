// SPDX-License-Identifier: GPL-2.0
/*
 * Probes for vsock over loopback, streams and seqpackets. The transport counts the bytes
 * of a connection on both sides, and a thread of the kernel's moves them, with the
 * receiving socket locked; the channel is the pair of ports, in the sender's order.
 *
 * Each packet tells how much room there is at its sender, and whoever sleeps on the
 * receiving socket is woken for that, before the packet is queued (sk_write_space()):
 * so hardly a message has a wake-up of its own. The receiver then waits for the lock.
 */
#include "seq.bpf.h"

static __always_inline struct virtio_vsock_sock *vsock_trans(struct sock *sk)
{
	return BPF_CORE_READ((struct vsock_sock *)sk, trans);
}

static __always_inline __u64 vsock_way(struct sock *sk, bool out)
{
	struct vsock_sock *vsk = (struct vsock_sock *)sk;
	__u64 here = BPF_CORE_READ(vsk, local_addr.svm_port);
	__u64 there = BPF_CORE_READ(vsk, remote_addr.svm_port);

	return out ? here << 32 | there : there << 32 | here;
}

SEC("fentry/vsock_connectible_sendmsg")
int BPF_PROG(send_enter, struct socket *sock, struct msghdr *msg, __u64 len)
{
	struct sock *sk;

	if (!phase_is(sh.ctl.sender))
		return 0;
	sk = sock->sk;
	if (sh.snd_link.sk != (__u64)sk) {
		sh.snd_link.obj = vsock_way(sk, true);
		sh.snd_link.sk = (__u64)sk;
	}
	seq_send(sh.snd_link.obj, &msg->msg_iter, len,
		 BPF_CORE_READ(vsock_trans(sk), tx_cnt));
	return 0;
}

SEC("fentry/vsock_data_ready")
int BPF_PROG(enqueue, struct sock *sk)
{
	__u64 now = bpf_ktime_get_ns();
	int chan = enq_known((__u64)sk);

	if (chan < 0 && sh.enq.other != (__u64)sk)
		chan = enq_learn((__u64)sk, vsock_way(sk, false));
	if (chan >= 0)
		seq_enqueue(chan, drift_vsock_arrived(vsock_trans(sk)), now);
	return 0;
}

SEC("fexit/vsock_data_ready")
int BPF_PROG(enqueued)
{
	enq_done();
	return 0;
}

SEC("fentry/vsock_connectible_recvmsg")
int BPF_PROG(recv_enter, struct socket *sock, struct msghdr *msg, __u64 len, int flags)
{
	struct phase_rx *rx;
	struct sock *sk;

	if (!phase_is(sh.ctl.receiver))
		return 0;
	sh.rcv.iter = 0;
	if (flags & MSG_PEEK)
		return 0;
	sk = sock->sk;
	if (sh.rcv_link.sk != (__u64)sk) {
		sh.rcv_link.obj = vsock_way(sk, false);
		sh.rcv_link.sk = (__u64)sk;
	}
	if (!phase_rcv_chan(sh.rcv_link.obj))
		return 0;
	rx = &sh.rx[sh.rcv.chan & CHAN_MASK];
	/* From then on its own count: the transport's leaves out a packet read in part. */
	seq_receives(sh.rcv_link.obj, &msg->msg_iter,
		     rx->reads ? rx->off : BPF_CORE_READ(vsock_trans(sk), fwd_cnt));
	return 0;
}

/* Where the socket is unlocked, to sleep or to return; the last time counts. */
SEC("fentry/release_sock")
int BPF_PROG(dequeue, struct sock *sk)
{
	if (sh.rcv.iter && (__u64)sk == sh.rcv_link.sk && phase_is(sh.ctl.receiver))
		stream_dequeue(bpf_ktime_get_ns());
	return 0;
}

SEC("fexit/vsock_connectible_recvmsg")
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
