// SPDX-License-Identifier: GPL-2.0
/*
 * Probes for the module's per-CPU queues: write() and read(). Paired are (set, queue, lane)
 * as the channel, and the position there, all from the module's tracepoints. What a service
 * receives in the kernel is not among them.
 *
 * A doorbell that interrupts another CPU wakes the receiver from there, and is nobody's
 * wake-up: such a message counts as one whose receiver was not woken for it. The
 * harness asks for none.
 */
#include "phase.bpf.h"

/* No object 0; NR_CPUS is 8192 at most. */
static __always_inline __u64 pcq_obj(__u64 set, __u32 cpu, __u32 lane)
{
	return (set + 1) << 20 | cpu << 1 | lane;
}

SEC("fentry/pcq_write_iter")
int BPF_PROG(send_enter, struct kiocb *iocb, struct iov_iter *from)
{
	if (!phase_is(sh.ctl.sender))
		return 0;
	drift_user_base(from, &sh.snd.base);
	sh.snd.iter = (__u64)from;
	phase_enter();
	return 0;
}

static __always_inline void pcq_enqueue(__u64 obj, __u64 pos, __u64 now)
{
	if (!sh.snd.iter || !phase_is(sh.ctl.sender))
		return;
	sh.snd.iter = 0;
	if (phase_snd_chan(obj))
		phase_enqueue(pos, 0, now);
}

SEC("tp_btf/ipcring_pcq_send_local")
int BPF_PROG(enqueue_local, __u64 set, __u32 cpu, __u32 lane, __u64 pos, __u32 len, __u32 from)
{
	pcq_enqueue(pcq_obj(set, cpu, lane), pos, bpf_ktime_get_ns());
	return 0;
}

SEC("tp_btf/ipcring_pcq_send_remote")
int BPF_PROG(enqueue_remote, __u64 set, __u32 cpu, __u32 lane, __u64 pos, __u32 len, __u32 from)
{
	pcq_enqueue(pcq_obj(set, cpu, lane), pos, bpf_ktime_get_ns());
	return 0;
}

SEC("fentry/pcq_read_iter")
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

SEC("tp_btf/ipcring_pcq_recv")
int BPF_PROG(dequeue, __u64 set, __u32 cpu, __u32 lane, __u64 pos, __u32 len, __u32 from)
{
	__u64 now = bpf_ktime_get_ns(), obj = pcq_obj(set, cpu, lane);

	if (!sh.rcv.iter || !phase_is(sh.ctl.receiver) || !phase_rcv_chan(obj))
		return 0;
	sh.rcv.d = now;
	sh.rcv.copied = len;
	sh.rcv.pos = pos;
	return 0;
}

static __always_inline void pcq_finish(__u64 seq, bool readable)
{
	__u32 chan = sh.rcv.chan & CHAN_MASK;
	struct phase_slot *m = &sh.slot[chan][sh.rcv.pos & SLOT_MASK];

	sh.rcv.copied = 0;
	sh.rx[chan].reads++;
	if (!m->nr || m->key != sh.rcv.pos)
		sh.rx[chan].unmatched++;
	else
		phase_finish(m, seq, readable);
}

SEC("fexit/pcq_read_iter")
int BPF_PROG(recv_exit, struct kiocb *iocb, struct iov_iter *to)
{
	bool readable;
	__u64 seq = 0;

	if ((__u64)to != sh.rcv.iter)
		return 0;
	sh.rcv.x = bpf_ktime_get_ns();
	sh.rcv.iter = 0;
	if (!sh.rcv.copied)
		return 0;
	readable = phase_peek(sh.rcv.base, &seq);
	pcq_finish(seq, readable);
	return 0;
}
