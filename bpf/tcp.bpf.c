// SPDX-License-Identifier: GPL-2.0
/*
 * Probes for TCP: its sequence numbers pair both sides. They are tp->write_seq at S,
 * rcv_nxt at E and copied_seq at D. At S the socket is locked, so the time to lock it
 * is in no phase.
 */
#include "seq.bpf.h"
#include "inet.bpf.h"

SEC("fentry/tcp_sendmsg_locked")
int BPF_PROG(send_enter, struct sock *sk, struct msghdr *msg, __u64 size)
{
	struct tcp_sock *tp;

	if (!phase_is(sh.ctl.sender))
		return 0;
	tp = bpf_skc_to_tcp_sock(sk);
	if (tp)
		seq_send(inet_snd(sk), &msg->msg_iter, size, tp->write_seq);
	return 0;
}

SEC("fentry/tcp_data_ready")
int BPF_PROG(enqueue, struct sock *sk)
{
	int chan = inet_enq(sk);
	struct tcp_sock *tp;
	__u64 now;

	if (chan < 0)
		return 0;
	now = bpf_ktime_get_ns();
	tp = bpf_skc_to_tcp_sock(sk);
	if (tp)
		seq_enqueue(chan, tp->rcv_nxt, now);
	return 0;
}

SEC("fexit/tcp_data_ready")
int BPF_PROG(enqueued)
{
	enq_done();
	return 0;
}

SEC("fentry/tcp_recvmsg")
int BPF_PROG(recv_enter, struct sock *sk, struct msghdr *msg, __u64 len, int flags)
{
	struct tcp_sock *tp;

	if (!phase_is(sh.ctl.receiver))
		return 0;
	sh.rcv.iter = 0;
	tp = bpf_skc_to_tcp_sock(sk);
	if (tp && !(flags & MSG_PEEK))
		seq_receives(inet_rcv(sk), &msg->msg_iter, tp->copied_seq);
	return 0;
}

/* After the copy, before it sleeps for more or acknowledges. */
SEC("fentry/tcp_cleanup_rbuf")
int BPF_PROG(dequeue, struct sock *sk)
{
	if (sh.rcv.iter && (__u64)sk == sh.rcv_link.sk && phase_is(sh.ctl.receiver))
		stream_dequeue(bpf_ktime_get_ns());
	return 0;
}

SEC("fexit/tcp_recvmsg")
int BPF_PROG(recv_exit, struct sock *sk, struct msghdr *msg)
{
	struct tcp_sock *tp;
	struct phase_rx *rx;
	__u64 n = 0;

	if (!sh.rcv.iter || (__u64)&msg->msg_iter != sh.rcv.iter)
		return 0;
	sh.rcv.x = bpf_ktime_get_ns();
	sh.rcv.iter = 0;
	bpf_get_func_ret(ctx, &n);
	tp = bpf_skc_to_tcp_sock(sk);
	if ((__s32)n <= 0 || !tp)
		return 0;
	rx = &sh.rx[sh.rcv.chan & CHAN_MASK];
	rx->off = seq_reach(rx->off, tp->copied_seq);
	stream_received(rx);
	return 0;
}
