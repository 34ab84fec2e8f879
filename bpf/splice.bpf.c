// SPDX-License-Identifier: GPL-2.0
/*
 * Probes for vmsplice() into pipes, of one buffer a call; see pipe.bpf.h. The pipe is known
 * only inside, under its mutex, where the call has made sure that there is room. How much
 * went in is what the slots say that came on top since then: their number, and no iov_iter,
 * is what can be reached where the mutex is released.
 */
#include "pipe.bpf.h"

/* The user's. */
struct splice_vec {
	__u64 base;
	__u64 len;
};

/* Slots ever filled of the pipe, before the running call. Written by the sender. */
__u32 splice_head;

static __always_inline struct pipe_inode_info *splice_pipe(__u64 obj)
{
	return (void *)(obj - bpf_core_field_offset(struct pipe_inode_info, mutex));
}

SEC("fentry/__x64_sys_vmsplice")
int BPF_PROG(send_enter, const struct pt_regs *regs)
{
	struct splice_vec vec;

	if (!phase_is(sh.ctl.sender))
		return 0;
	sh.snd.iter = 0;
	if (regs->dx != 1 || bpf_probe_read_user(&vec, sizeof(vec), (void *)regs->si) || !vec.len)
		return 0;
	sh.snd.iter = 1;
	if (pipe_goes_on(sh.snd.obj, vec.base, vec.len))
		return 0;
	sh.snd.base = vec.base;
	sh.snd.asked = vec.len;
	sh.snd.left = vec.len;
	phase_enter();
	return 0;
}

/* Under the mutex, before anything was put in. */
SEC("fentry/wait_for_space")
int BPF_PROG(send_pipe, struct pipe_inode_info *pipe)
{
	if (!sh.snd.iter || !phase_is(sh.ctl.sender))
		return 0;
	if (!phase_snd_chan((__u64)pipe + bpf_core_field_offset(struct pipe_inode_info, mutex)))
		sh.snd.iter = 0;
	splice_head = pipe->head;
	return 0;
}

/**
 * struct splice_slots - what came on top
 * @bufs:	the pipe's slots
 * @mask:	their number, less one
 * @head:	the first of them
 * @bytes:	in those that were looked at
 */
struct splice_slots {
	__u64 bufs;
	__u32 mask;
	__u32 head;
	__u64 bytes;
};

static long splice_add(__u32 i, struct splice_slots *slots)
{
	__u64 at = ((slots->head + i) & slots->mask) * bpf_core_type_size(struct pipe_buffer);
	__u32 len = 0;

	bpf_probe_read_kernel(&len, sizeof(len), (void *)slots->bufs + at +
			      bpf_core_field_offset(struct pipe_buffer, len));
	slots->bytes += len;
	return 0;
}

static __always_inline void splice_enqueue(__u64 now)
{
	struct pipe_inode_info *pipe = splice_pipe(sh.snd.obj);
	struct splice_slots slots = { .head = splice_head };
	__u32 head;

	if (!sh.snd.iter)
		return;
	head = BPF_CORE_READ(pipe, head);
	slots.bufs = (__u64)BPF_CORE_READ(pipe, bufs);
	slots.mask = BPF_CORE_READ(pipe, ring_size) - 1;
	bpf_loop(head - splice_head, splice_add, &slots, 0);
	splice_head = head;
	if (!slots.bytes)
		return;
	if (slots.bytes >= sh.snd.left)
		sh.snd.iter = 0;
	/* More than the message: not ours alone, and the receiver's count will say so. */
	pipe_moved(slots.bytes > sh.snd.left ? 0 : sh.snd.left - slots.bytes, now);
}

SEC("fentry/mutex_unlock")
int BPF_PROG(unlock, struct mutex *lock)
{
	if ((__u64)lock != sh.snd.obj && (__u64)lock != sh.rcv.obj)
		return 0;
	if (phase_is(sh.ctl.sender))
		splice_enqueue(bpf_ktime_get_ns());
	else if (phase_is(sh.ctl.receiver))
		pipe_dequeue();
	return 0;
}
