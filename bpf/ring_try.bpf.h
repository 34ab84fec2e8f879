/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The attempts that calls and io_uring commands are made of: here their buffers are
 * known. There may be several until one succeeds, and what the answering side sends
 * is no message of ours.
 */
#ifndef IPCSCOPE_RING_TRY_BPF_H
#define IPCSCOPE_RING_TRY_BPF_H

#include "ring.bpf.h"

struct ipcring_end;

SEC("fentry/ipcring_try_send")
int BPF_PROG(try_send, struct ipcring_end *end, struct iov_iter *from, unsigned int how)
{
	if (!sh.snd.iter || !phase_is(sh.ctl.sender))
		return 0;
	drift_user_base(from, &sh.snd.base);
	sh.snd.readable = phase_peek(sh.snd.base, &sh.snd.seq);
	return 0;
}

SEC("fentry/ipcring_try_recv")
int BPF_PROG(try_recv, struct ipcring_end *end, struct iov_iter *to, unsigned int how,
	     __u32 *lane)
{
	if (!sh.rcv.iter || !phase_is(sh.ctl.receiver))
		return 0;
	drift_user_base(to, &sh.rcv.base);
	return 0;
}

/* Stamp S, before the buffer is known. */
static __always_inline void ring_send_enter(__u64 iter)
{
	sh.snd.base = 0;
	sh.snd.iter = iter;
	phase_enter();
}

#endif /* IPCSCOPE_RING_TRY_BPF_H */
