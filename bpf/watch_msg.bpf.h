/* SPDX-License-Identifier: GPL-2.0 */
/*
 * System V and POSIX message queues. Both keep a message in a msg_msg from the sender's copy
 * to the receiver's; it is what is paired.
 */
#ifndef IPCSCOPE_WATCH_MSG_BPF_H
#define IPCSCOPE_WATCH_MSG_BPF_H

#include "watch_finish.bpf.h"

#define MSG_COPY	040000

static __always_inline bool msg_kind(__u32 kind)
{
	return kind == WATCH_SYSV_MSG || kind == WATCH_POSIX_MQ;
}

/* Ids begin with 0, and an object of 0 is none. */
static __always_inline __u64 sysv_obj(int msqid)
{
	return (__u64)msqid + 1;
}

/* The queue behind a descriptor of the current process. */
static __noinline struct inode *mq_inode(int fd)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct file **fds = BPF_CORE_READ(task, files, fdt, fd), *file = NULL;

	bpf_probe_read_kernel(&file, sizeof(file), &fds[fd]);
	return file ? BPF_CORE_READ(file, f_inode) : NULL;
}

static __always_inline __u64 mq_holds(struct inode *inode)
{
	struct mqueue_inode_info *info = (void *)inode -
		bpf_core_field_offset(struct mqueue_inode_info, vfs_inode);

	return BPF_CORE_READ(info, attr.mq_curmsgs);
}

SEC("fentry/do_msgsnd")
int BPF_PROG(watch_msgsnd, int msqid)
{
	struct watch_task *t;

	if (!watch_on())
		return 0;
	t = watch_enter();
	if (t)
		watch_begin(t, WATCH_SEND, WATCH_SYSV_MSG, sysv_obj(msqid));
	return 0;
}

SEC("fentry/do_mq_timedsend")
int BPF_PROG(watch_mq_send, int fd)
{
	struct watch_task *t;
	struct inode *inode;
	__u64 ino;

	if (!watch_on())
		return 0;
	t = watch_enter();
	inode = t ? mq_inode(fd) : NULL;
	if (!inode)
		return 0;
	ino = BPF_CORE_READ(inode, i_ino);
	watch_object(watch_obj_key(WATCH_POSIX_MQ, ino), mq_holds(inode));
	watch_begin(t, WATCH_SEND, WATCH_POSIX_MQ, ino);
	return 0;
}

SEC("fexit/load_msg")
int BPF_PROG(watch_load_msg, const void *src, unsigned long len)
{
	struct watch_key key = { };
	struct watch_task *t;

	if (!watch_on())
		return 0;
	t = watch_current();
	if (!t || t->op != WATCH_SEND || !msg_kind(t->kind))
		return 0;
	bpf_get_func_ret(ctx, &key.a);
	/* An error's number is one, too. */
	if (key.a > -4096ULL)
		return 0;
	t->moved = len;
	watch_enqueue(t, &key, 0, true);
	return 0;
}

/* Stamp E again, by whoever lets the message in: it may have waited for room. */
static __noinline int msg_enters(__u64 addr)
{
	struct watch_key key = { .a = addr };
	struct watch_msg *m = bpf_map_lookup_elem(&msgs, &key);

	if (!m)
		return 0;
	m->e = bpf_ktime_get_ns();
	m->cpu = bpf_get_smp_processor_id();
	return 0;
}

SEC("fentry/security_msg_queue_msgsnd")
int BPF_PROG(watch_msg_put, struct kern_ipc_perm *perm, struct msg_msg *msg)
{
	struct watch_task *t;

	if (!watch_on())
		return 0;
	t = watch_current();
	if (!t || t->op != WATCH_SEND || t->kind != WATCH_SYSV_MSG)
		return 0;
	watch_object(watch_obj_key(WATCH_SYSV_MSG, t->obj),
		     BPF_CORE_READ((struct msg_queue *)perm, q_qnum));
	return msg_enters((__u64)msg);
}

SEC("fentry/msg_insert")
int BPF_PROG(watch_mq_put, struct msg_msg *msg)
{
	return watch_on() ? msg_enters((__u64)msg) : 0;
}

static __noinline int msg_sent(__s64 ret)
{
	struct watch_task *t = watch_current();

	if (t && t->op == WATCH_SEND && msg_kind(t->kind))
		watch_sent(t, ret);
	return 0;
}

SEC("fexit/do_msgsnd")
int BPF_PROG(watch_msgsnd_end)
{
	return watch_on() ? msg_sent(0) : 0;
}

SEC("fexit/do_mq_timedsend")
int BPF_PROG(watch_mq_send_end)
{
	return watch_on() ? msg_sent(0) : 0;
}

SEC("fentry/do_msgrcv")
int BPF_PROG(watch_msgrcv, int msqid, void *buf, unsigned long size, long type, int flags)
{
	struct watch_task *t;

	if (!watch_on())
		return 0;
	t = watch_enter();
	if (t)
		watch_begin(t, flags & MSG_COPY ? WATCH_PEEK : WATCH_RECV, WATCH_SYSV_MSG,
			    sysv_obj(msqid));
	return 0;
}

SEC("fentry/do_mq_timedreceive")
int BPF_PROG(watch_mq_recv, int fd)
{
	struct watch_task *t;
	struct inode *inode;

	if (!watch_on())
		return 0;
	t = watch_enter();
	inode = t ? mq_inode(fd) : NULL;
	if (inode)
		watch_begin(t, WATCH_RECV, WATCH_POSIX_MQ, BPF_CORE_READ(inode, i_ino));
	return 0;
}

/* Out of order as they may come, no more can be old than were there when tracing began. */
static __always_inline void msg_unknown(struct watch_task *t)
{
	__u64 key = watch_obj_key(t->kind, t->obj);
	struct watch_obj *o = bpf_map_lookup_elem(&objs, &key);

	if (!t->followed)
		return;
	if (o && (__s64)__sync_fetch_and_add(&o->before, -1) <= 0)
		watch_count(WATCH_UNMATCHED);
	else
		watch_count(WATCH_BEFORE);
}

SEC("fexit/store_msg")
int BPF_PROG(watch_store_msg, void *dest, struct msg_msg *msg, unsigned long len)
{
	struct watch_key key = { .a = (__u64)msg };
	struct watch_task *t;
	struct watch_msg *m;
	__u64 ret = 0;

	if (!watch_on())
		return 0;
	t = watch_current();
	m = bpf_map_lookup_elem(&msgs, &key);
	if (!m && (!t || t->op != WATCH_RECV || !msg_kind(t->kind)))
		return 0;
	bpf_get_func_ret(ctx, &ret);
	/* Taken from the queue and not given to the receiver: free_msg() comes. */
	if ((int)ret)
		return 0;
	if (m && (!t || t->op != WATCH_RECV)) {
		t = watch_enter();
		if (!t)
			return 0;
		watch_begin(t, WATCH_RECV, m->kind, 0);
	}
	t->moved = len;
	if (!watch_take(t, &key))
		msg_unknown(t);
	return 0;
}

/* @obj: what the call was on, if it began before tracing did. */
static __noinline int msg_received(__u64 obj)
{
	struct watch_task *t = watch_current();

	if (!t || !msg_kind(t->kind))
		return 0;
	if (t->op == WATCH_PEEK)
		t->op = WATCH_IDLE;
	if (t->op != WATCH_RECV)
		return 0;
	if (!t->obj)
		t->obj = obj;
	watch_received(t);
	return 0;
}

SEC("fexit/do_msgrcv")
int BPF_PROG(watch_msgrcv_end, int msqid)
{
	return watch_on() ? msg_received(sysv_obj(msqid)) : 0;
}

SEC("fexit/do_mq_timedreceive")
int BPF_PROG(watch_mq_recv_end, int fd)
{
	struct watch_task *t;
	struct inode *inode;

	if (!watch_on())
		return 0;
	t = watch_current();
	if (!t || t->op != WATCH_RECV || t->obj)
		return msg_received(0);
	inode = mq_inode(fd);
	return msg_received(inode ? BPF_CORE_READ(inode, i_ino) : 0);
}

SEC("fentry/free_msg")
int BPF_PROG(watch_free_msg, struct msg_msg *msg)
{
	if (watch_on())
		watch_freed((__u64)msg);
	return 0;
}

#endif /* IPCSCOPE_WATCH_MSG_BPF_H */
