// SPDX-License-Identifier: GPL-2.0
/*
 * Probes for CALL and REPLY_WAIT on the module's ring channel, and for write() and
 * read(), by which the first and the last message of a block go. Each call both sends
 * and receives: of the sender's the first half is a send, of the receiver's the second
 * half a receive, so X is where the peer's REPLY_WAIT returns the message.
 */
#include "ring_iter.bpf.h"
#include "ring_try.bpf.h"

SEC("fentry/ipcring_ioc_call")
int BPF_PROG(call_enter, struct ipcring_end *end, void *arg)
{
	if (phase_is(sh.ctl.sender))
		ring_send_enter((__u64)end);
	else if (phase_is(sh.ctl.receiver))
		ring_recv_enter((__u64)end);
	return 0;
}

SEC("fexit/ipcring_ioc_call")
int BPF_PROG(call_exit, struct ipcring_end *end, void *arg)
{
	if ((__u64)end != sh.rcv.iter)
		return 0;
	sh.rcv.x = bpf_ktime_get_ns();
	if (sh.rcv.copied)
		ring_received();
	else
		sh.rcv.iter = 0;
	return 0;
}
