// SPDX-License-Identifier: GPL-2.0
/*
 * Probes for POSIX message queues. A message is what one mq_send() sends; paired
 * are the addresses of the kernel's copies (msg.bpf.h). All queues between the two
 * processes count as one, because nothing that is called with a message names its
 * queue.
 *
 * E is taken when the message was copied from the sender's buffer; what follows
 * for a receiver that sleeps is a hand-off, in which no function has the message.
 * Where it is queued instead, E is taken again, under the queue's lock. If the
 * sender sleeps because the queue is full, the receiver queues the message for it:
 * then the receiver's task takes E, while the sender's sleeps.
 */
#include "msg.bpf.h"

#define MQ_CHAN		1

SEC("fentry/do_mq_timedsend")
int BPF_PROG(send_enter, int mqdes, const void *u_msg_ptr)
{
	if (!phase_is(sh.ctl.sender))
		return 0;
	sh.snd.left = 0;
	if (phase_snd_chan(MQ_CHAN))
		msg_enter(u_msg_ptr);
	return 0;
}

SEC("fentry/security_msg_msg_alloc")
int BPF_PROG(copied, struct msg_msg *msg)
{
	__u64 now;

	if (!phase_is(sh.ctl.sender))
		return 0;
	now = bpf_ktime_get_ns();
	msg_enqueue((__u64)msg, now);
	return 0;
}

SEC("fentry/msg_insert")
int BPF_PROG(enqueue, struct msg_msg *msg)
{
	struct phase_slot *m;
	__u64 now;

	if (!phase_is(sh.ctl.sender) && !phase_is(sh.ctl.receiver))
		return 0;
	now = bpf_ktime_get_ns();
	m = msg_last(sh.snd.chan & CHAN_MASK, (__u64)msg);
	if (m)
		m->e = now;
	return 0;
}

SEC("fentry/do_mq_timedreceive")
int BPF_PROG(recv_enter, int mqdes)
{
	if (!phase_is(sh.ctl.receiver))
		return 0;
	sh.rcv.iter = 0;
	if (phase_rcv_chan(MQ_CHAN))
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

SEC("fexit/do_mq_timedreceive")
int BPF_PROG(recv_exit, int mqdes, void *u_msg_ptr)
{
	__u64 now, ret = 0;

	if (!phase_is(sh.ctl.receiver) || !sh.rcv.iter)
		return 0;
	now = bpf_ktime_get_ns();
	bpf_get_func_ret(ctx, &ret);
	msg_recv_exit((__u64)u_msg_ptr, (__s32)ret, now);
	return 0;
}
