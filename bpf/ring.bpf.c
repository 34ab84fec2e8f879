// SPDX-License-Identifier: GPL-2.0
/*
 * Probes for write() and read() on the module's ring channel. A message is one
 * write(); paired are (channel number, message position), both from the module's
 * tracepoints. A read that finds nothing, or fails, has no ipcring_recv and is no
 * receive.
 */
#include "phase.bpf.h"

SEC("fentry/ipcring_write_iter")
int BPF_PROG(send_enter, struct kiocb *iocb, struct iov_iter *from)
{
	if (!phase_is(sh.ctl.sender))
		return 0;
	drift_user_base(from, &sh.snd.base);
	sh.snd.asked = from->count;
	sh.snd.iter = (__u64)from;
	phase_enter();
	return 0;
}

SEC("tp_btf/ipcring_send")
int BPF_PROG(enqueue, __u64 chan, __u64 pos, __u32 len)
{
	__u64 now = bpf_ktime_get_ns();

	/* Also from the wake-up ioctl's path or of a channel that is not ours. */
	if (!sh.snd.iter || !phase_is(sh.ctl.sender))
		return 0;
	sh.snd.iter = 0;
	if (phase_snd_chan(chan + 1))
		phase_enqueue(pos, 0, now);
	return 0;
}

SEC("fentry/ipcring_read_iter")
int BPF_PROG(recv_enter, struct kiocb *iocb, struct iov_iter *to)
{
	if (!phase_is(sh.ctl.receiver))
		return 0;
	phase_recv_enter();
	drift_user_base(to, &sh.rcv.base);
	sh.rcv.copied = 0;
	sh.rcv.iter = (__u64)to;
	return 0;
}

SEC("tp_btf/ipcring_recv")
int BPF_PROG(dequeue, __u64 chan, __u64 pos, __u32 len)
{
	__u64 now = bpf_ktime_get_ns();

	if (!sh.rcv.iter || !phase_is(sh.ctl.receiver))
		return 0;
	if (!phase_rcv_chan(chan + 1)) {
		sh.rcv.iter = 0;
		return 0;
	}
	sh.rcv.d = now;
	sh.rcv.copied = len;
	sh.rcv.pos = pos;
	return 0;
}

SEC("fexit/ipcring_read_iter")
int BPF_PROG(recv_exit, struct kiocb *iocb, struct iov_iter *to)
{
	struct phase_slot *m;
	__u32 chan;
	bool readable;
	__u64 seq = 0;

	if ((__u64)to != sh.rcv.iter)
		return 0;
	sh.rcv.x = bpf_ktime_get_ns();
	sh.rcv.iter = 0;
	if (!sh.rcv.copied)
		return 0;
	chan = sh.rcv.chan & CHAN_MASK;
	sh.rx[chan].reads++;
	m = &sh.slot[chan][sh.rcv.pos & SLOT_MASK];
	if (!m->nr || m->key != sh.rcv.pos) {
		sh.rx[chan].unmatched++;
		return 0;
	}
	readable = phase_peek(sh.rcv.base, &seq);
	phase_finish(m, seq, readable);
	return 0;
}
