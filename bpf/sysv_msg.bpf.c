// SPDX-License-Identifier: GPL-2.0
/*
 * Probes for SysV message queues. A message is what one msgsnd() sends; paired
 * are the addresses of the kernel's copies (msg.bpf.h), per queue.
 *
 * E is taken where the sender holds the queue's lock and asks whether the message
 * may go in, before it looks whether it fits: each time that it comes back from
 * waiting for room, and the last time counts. So copy-in has the wait for room in
 * it. D is taken when the message was copied to the receiver's buffer and is freed.
 */
#include "msg.bpf.h"

SEC("fentry/do_msgsnd")
int BPF_PROG(send_enter, int msqid, long mtype, void *mtext)
{
	if (!phase_is(sh.ctl.sender))
		return 0;
	sh.snd.left = 0;
	if (phase_snd_chan((__u32)msqid + 1ULL))
		msg_enter(mtext);
	return 0;
}

SEC("fentry/security_msg_queue_msgsnd")
int BPF_PROG(enqueue, struct kern_ipc_perm *msq, struct msg_msg *msg)
{
	__u64 now;

	if (!phase_is(sh.ctl.sender))
		return 0;
	now = bpf_ktime_get_ns();
	msg_enqueue((__u64)msg, now);
	return 0;
}

SEC("fentry/do_msgrcv")
int BPF_PROG(recv_enter, int msqid)
{
	if (!phase_is(sh.ctl.receiver))
		return 0;
	sh.rcv.iter = 0;
	if (phase_rcv_chan((__u32)msqid + 1ULL))
		msg_recv_enter();
	return 0;
}

SEC("fentry/free_msg")
int BPF_PROG(freed, struct msg_msg *msg)
{
	if (phase_is(sh.ctl.receiver))
		msg_dequeue((__u64)msg, bpf_ktime_get_ns());
	else if (phase_is(sh.ctl.sender))
		msg_withdraw((__u64)msg);
	return 0;
}

SEC("fexit/do_msgrcv")
int BPF_PROG(recv_exit, int msqid, void *buf)
{
	__u64 now, ret = 0;

	if (!phase_is(sh.ctl.receiver) || !sh.rcv.iter)
		return 0;
	now = bpf_ktime_get_ns();
	bpf_get_func_ret(ctx, &ret);
	/* The type, a long, is in front of it. */
	msg_recv_exit((__u64)buf + sizeof(long), ret, now);
	return 0;
}
