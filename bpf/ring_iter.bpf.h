/* SPDX-License-Identifier: GPL-2.0 */
/* write() and read() of a ring channel, also when io_uring calls them. */
#ifndef IPCSCOPE_RING_ITER_BPF_H
#define IPCSCOPE_RING_ITER_BPF_H

#include "ring.bpf.h"

SEC("fentry/ipcring_write_iter")
int BPF_PROG(send_enter, struct kiocb *iocb, struct iov_iter *from)
{
	if (!phase_is(sh.ctl.sender))
		return 0;
	drift_user_base(from, &sh.snd.base);
	sh.snd.iter = (__u64)from;
	phase_enter();
	return 0;
}

SEC("fentry/ipcring_read_iter")
int BPF_PROG(recv_enter, struct kiocb *iocb, struct iov_iter *to)
{
	if (!phase_is(sh.ctl.receiver))
		return 0;
	drift_user_base(to, &sh.rcv.base);
	ring_recv_enter((__u64)to);
	return 0;
}

SEC("fexit/ipcring_read_iter")
int BPF_PROG(recv_exit, struct kiocb *iocb, struct iov_iter *to)
{
	if ((__u64)to != sh.rcv.iter)
		return 0;
	sh.rcv.x = bpf_ktime_get_ns();
	if (sh.rcv.copied)
		ring_received();
	else
		sh.rcv.iter = 0;
	return 0;
}

#endif /* IPCSCOPE_RING_ITER_BPF_H */
