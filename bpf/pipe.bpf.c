// SPDX-License-Identifier: GPL-2.0
/* Probes for write() to pipes; see pipe.bpf.h. */
#include "pipe.bpf.h"

SEC("fentry/pipe_write")
int BPF_PROG(send_enter, struct kiocb *iocb, struct iov_iter *from)
{
	__u64 base, obj, count;

	if (!phase_is(sh.ctl.sender))
		return 0;
	sh.snd.iter = 0;
	obj = pipe_of(iocb);
	count = from->count;
	drift_user_base(from, &sh.snd.next);
	base = *(volatile __u64 *)&sh.snd.next;
	if (pipe_goes_on(obj, base, count)) {
		sh.snd.iter = (__u64)from;
		return 0;
	}
	sh.snd.left = 0;
	if (!count || !phase_snd_chan(obj))
		return 0;
	sh.snd.iter = (__u64)from;
	sh.snd.base = base;
	sh.snd.asked = count;
	sh.snd.left = count;
	phase_enter();
	return 0;
}

static __always_inline void pipe_enqueue(__u64 now)
{
	struct iov_iter *from = (struct iov_iter *)sh.snd.iter;
	__u64 rest;

	if (!from || bpf_core_read(&rest, sizeof(rest), &from->count))
		return;
	if (!rest)
		sh.snd.iter = 0;
	pipe_moved(rest, now);
}

SEC("fentry/mutex_unlock")
int BPF_PROG(unlock, struct mutex *lock)
{
	if ((__u64)lock != sh.snd.obj && (__u64)lock != sh.rcv.obj)
		return 0;
	if (phase_is(sh.ctl.sender))
		pipe_enqueue(bpf_ktime_get_ns());
	else if (phase_is(sh.ctl.receiver))
		pipe_dequeue();
	return 0;
}
