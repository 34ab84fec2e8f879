/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pipes and FIFOs, any number of writers and readers. Both count the bytes that they move, when
 * they are about to release pipe->mutex, so the n-th byte in is the n-th byte out. What one
 * write moved while it held the mutex is a piece; a write that waits for room makes several, and
 * other writers' may come between them, which does no harm.
 *
 * A pipe that was in use before is counted from what it holds when it is first met, under the
 * mutex. The same is done when others than read() and write() moved bytes (splice, tee, or a
 * process that is not looked at); that is noticed when the pipe is empty or has one page.
 */
#ifndef IPCSCOPE_WATCH_PIPE_BPF_H
#define IPCSCOPE_WATCH_PIPE_BPF_H

#include "watch_finish.bpf.h"

#define PIPEFS_MAGIC	0x50495045

/* mutex_unlock() is everybody's: only addresses with a mark where they hash to are looked up. */
#define LOCK_MARKS	(1 << 16)

__u8 locks[LOCK_MARKS];

static __always_inline __u32 lock_hash(__u64 lock)
{
	return (lock >> 6 ^ lock >> 22) & (LOCK_MARKS - 1);
}

static __always_inline bool lock_may_be_ours(__u64 lock)
{
	return locks[lock_hash(lock)];
}

/* A pipe is known by the address of its mutex, which is what unlock has. */
static __always_inline __u64 pipe_lock(struct kiocb *iocb)
{
	return (__u64)BPF_CORE_READ(iocb, ki_filp, private_data) +
	       bpf_core_field_offset(struct pipe_inode_info, mutex);
}

static __always_inline struct pipe_inode_info *pipe_of(__u64 lock)
{
	return (void *)(lock - bpf_core_field_offset(struct pipe_inode_info, mutex));
}

static __always_inline int pipe_begin(struct kiocb *iocb, struct iov_iter *iter, __u32 op)
{
	__u64 lock = pipe_lock(iocb), ino;
	struct watch_task *t;
	struct watch_obj *o;
	struct inode *inode;
	__u32 kind;

	if (!watch_on())
		return 0;
	t = watch_enter();
	if (!t)
		return 0;
	t->op = WATCH_IDLE;
	o = watch_object(lock, 0);
	if (!o)
		return 0;
	if (!lock_may_be_ours(lock))
		locks[lock_hash(lock)] = 1;
	inode = iocb->ki_filp->f_inode;
	kind = inode->i_sb->s_magic == PIPEFS_MAGIC ? WATCH_PIPE : WATCH_FIFO;
	ino = inode->i_ino;
	t->lock = lock;
	t->uid = o->uid;
	t->iter = (__u64)iter;
	t->rest = iter->count;
	watch_begin(t, op, kind, ino);
	return 0;
}

SEC("fentry/pipe_write")
int BPF_PROG(watch_pipe_write, struct kiocb *iocb, struct iov_iter *from)
{
	return pipe_begin(iocb, from, WATCH_SEND);
}

SEC("fentry/pipe_read")
int BPF_PROG(watch_pipe_read, struct kiocb *iocb, struct iov_iter *to)
{
	return pipe_begin(iocb, to, WATCH_RECV);
}

struct pipe_sum {
	__u64 bufs;
	__u32 tail;
	__u32 mask;
	__u64 len;
};

/* Their size is the running kernel's, so an index would not do. */
static long pipe_sum_one(__u32 i, struct pipe_sum *s)
{
	struct pipe_buffer *buf = (void *)(s->bufs + ((s->tail + i) & s->mask) *
					   bpf_core_type_size(struct pipe_buffer));

	s->len += BPF_CORE_READ(buf, len);
	return 0;
}

/* The bytes that a pipe holds, whose mutex is held; at most @max pages of it are looked at. */
static __noinline long pipe_holds(__u64 lock, __u32 max)
{
	struct pipe_inode_info *pipe = pipe_of(lock);
	__u32 used, head = BPF_CORE_READ(pipe, head);
	struct pipe_sum s = { .tail = BPF_CORE_READ(pipe, tail) };

	used = head - s.tail;
	if (used > max)
		return -1;
	s.bufs = (__u64)BPF_CORE_READ(pipe, bufs);
	s.mask = BPF_CORE_READ(pipe, ring_size) - 1;
	if (used)
		bpf_loop(used, pipe_sum_one, &s, 0);
	return s.len;
}

struct pipe_drop {
	__u64 uid;
	__u64 from;
	__u32 what;
};

static long pipe_drop_one(__u32 i, struct pipe_drop *d)
{
	struct watch_key key = { .a = d->uid, .b = d->from + i };

	watch_discard(&key, d->what);
	return 0;
}

/* All pieces in flight are counted as @what. */
static __noinline int pipe_forget(struct watch_obj *o, enum watch_count what)
{
	struct pipe_drop d = { .what = what };

	if (!o)
		return 0;
	d.uid = o->uid;
	d.from = o->seg_out;
	if (o->seg_in > o->seg_out)
		bpf_loop(o->seg_in - o->seg_out, pipe_drop_one, &d, 0);
	o->seg_out = o->seg_in;
	return 0;
}

struct pipe_skip {
	struct watch_obj *o;
	__u32 what;
};

/* A piece whose last byte is gone; 1 ends the loop. */
static long pipe_skip_one(__u32 i, struct pipe_skip *s)
{
	struct watch_obj *o = s->o;
	struct watch_key key = { .a = o->uid, .b = o->seg_out };
	struct watch_msg *m = bpf_map_lookup_elem(&msgs, &key);

	if (m && m->end > o->off_out)
		return 1;
	watch_discard(&key, s->what);
	o->seg_out++;
	return 0;
}

/*
 * Count from what the pipe holds now, after @in bytes came or @out bytes went, which are
 * yet to be counted. What is missing was taken from its front, by @what; where there is
 * more than was put in, nobody knows whose it is.
 */
static __noinline int pipe_sync(struct watch_obj *o, __u64 lock, __u64 in, __u64 out,
				enum watch_count what)
{
	long held = pipe_holds(lock, WATCH_PIPE_BUFS);
	struct pipe_skip s = { .o = o, .what = what };

	if (!o || held < 0)
		return 0;
	held += out - in;
	o->synced = 1;
	if ((__u64)held > o->off_in - o->off_out) {
		pipe_forget(o, what);
		o->off_in = o->off_out + held;
		o->old_end = o->off_in;
		return 0;
	}
	o->off_out = o->off_in - held;
	if (o->seg_in > o->seg_out)
		bpf_loop(o->seg_in - o->seg_out, pipe_skip_one, &s, 0);
	return 0;
}

/* Make the offsets hold. A check looks at no more than one page of the pipe. */
static __noinline int pipe_hold(struct watch_obj *o, __u64 lock, __u64 in, __u64 out)
{
	long held;

	if (!o)
		return 0;
	if (!o->synced)
		return pipe_sync(o, lock, in, out, WATCH_LATE);
	held = pipe_holds(lock, 1);
	if (held < 0 || held + out - in == o->off_in - o->off_out)
		return 0;
	watch_count(WATCH_FOREIGN);
	return pipe_sync(o, lock, in, out, WATCH_SPLICED);
}

static __noinline int pipe_put(struct watch_task *t, struct watch_obj *o, __u64 moved)
{
	struct watch_key key;

	if (!t || !o)
		return 0;
	o->off_in += moved;
	key.a = o->uid;
	key.b = o->seg_in++;
	watch_enqueue(t, &key, o->off_in, !t->rest);
	return 0;
}

/* One more piece whose last byte was read; 1 ends the loop. */
static long pipe_pop(__u32 i, struct watch_obj **p)
{
	struct watch_obj *o = *p;
	struct watch_key key = { .a = o->uid, .b = o->seg_out };
	struct watch_msg *m = bpf_map_lookup_elem(&msgs, &key);

	if (m && m->end > o->off_out)
		return 1;
	o->seg_out++;
	return 0;
}

static __noinline int pipe_get(struct watch_task *t, struct watch_obj *o, __u64 moved)
{
	if (!t || !o)
		return 0;
	if (o->off_out < o->old_end && t->followed)
		watch_count(WATCH_BEFORE);
	o->off_out += moved;
	t->first = o->seg_out;
	if (o->seg_in > o->seg_out)
		bpf_loop(o->seg_in - o->seg_out, pipe_pop, &o, 0);
	t->ndone = o->seg_out - t->first;
	return 0;
}

/* Nothing before this can be hooked while the mutex is held: the rest is inlined. */
SEC("fentry/mutex_unlock")
int BPF_PROG(watch_unlock, struct mutex *mutex)
{
	__u64 lock = 0, rest, moved, now;
	struct iov_iter *iter;
	struct watch_task *t;
	struct watch_obj *o;

	/* As a number: a pointer may not be shifted. */
	bpf_get_func_arg(ctx, 0, &lock);
	if (!lock_may_be_ours(lock) || !watch_on())
		return 0;
	t = watch_current();
	if (!t || t->lock != lock || (t->op != WATCH_SEND && t->op != WATCH_RECV))
		return 0;
	now = bpf_ktime_get_ns();
	o = bpf_map_lookup_elem(&objs, &lock);
	iter = (void *)t->iter;
	if (!o || bpf_core_read(&rest, sizeof(rest), &iter->count))
		return 0;
	moved = t->rest - rest;
	if (!moved)
		return 0;
	t->rest = rest;
	t->moved += moved;
	if (t->op == WATCH_SEND) {
		pipe_hold(o, lock, moved, 0);
		if (o->synced)
			pipe_put(t, o, moved);
	} else {
		t->d = now;
		pipe_hold(o, lock, 0, moved);
		if (o->synced)
			pipe_get(t, o, moved);
	}
	return 0;
}

/* A call that began before tracing did, or of a process that is not looked at. */
static __noinline int pipe_late(__u64 lock)
{
	struct watch_obj *o = bpf_map_lookup_elem(&objs, &lock);

	if (o)
		o->synced = 0;
	return 0;
}

SEC("fexit/pipe_write")
int BPF_PROG(watch_pipe_write_end, struct kiocb *iocb, struct iov_iter *from)
{
	struct watch_task *t;
	__u64 ret = 0;

	if (!watch_on())
		return 0;
	bpf_get_func_ret(ctx, &ret);
	t = watch_current();
	if (t && t->op == WATCH_SEND && t->iter == (__u64)from) {
		t->lock = 0;
		watch_sent(t, ret);
	} else if ((__s64)ret > 0) {
		pipe_late(pipe_lock(iocb));
	}
	return 0;
}

static long pipe_finish(__u32 i, void *unused)
{
	struct watch_task *t = watch_current();
	struct watch_msg *m, copy;
	struct watch_key key;

	if (!t)
		return 1;
	key.a = t->uid;
	key.b = t->first + i;
	m = bpf_map_lookup_elem(&msgs, &key);
	if (!m)
		return 0;
	copy = *m;
	copy.state = __sync_lock_test_and_set(&m->state, WATCH_TAKEN);
	bpf_map_delete_elem(&msgs, &key);
	if (copy.state == WATCH_LAST)
		watch_finish(t, &copy, t->d, t->s);
	return 0;
}

SEC("fexit/pipe_read")
int BPF_PROG(watch_pipe_read_end, struct kiocb *iocb, struct iov_iter *to)
{
	struct watch_task *t;
	__u64 ret = 0, x;

	if (!watch_on())
		return 0;
	x = bpf_ktime_get_ns();
	t = watch_current();
	bpf_get_func_ret(ctx, &ret);
	if (!t || t->op != WATCH_RECV || t->iter != (__u64)to) {
		if ((__s64)ret > 0)
			pipe_late(pipe_lock(iocb));
		return 0;
	}
	t->op = WATCH_IDLE;
	t->lock = 0;
	if (ctl.calls && t->followed)
		watch_emit_call(t, WATCH_EV_RECV, t->s, x, bpf_get_current_pid_tgid());
	/* What it was for is over: X, for the loop. */
	t->s = x;
	if (t->ndone)
		bpf_loop(t->ndone, pipe_finish, NULL, 0);
	t->ndone = 0;
	return 0;
}

SEC("fentry/free_pipe_info")
int BPF_PROG(watch_pipe_free, struct pipe_inode_info *pipe)
{
	struct watch_obj *o;
	__u64 lock = 0;

	bpf_get_func_arg(ctx, 0, &lock);
	lock += bpf_core_field_offset(struct pipe_inode_info, mutex);
	if (!watch_on() || !lock_may_be_ours(lock))
		return 0;
	o = bpf_map_lookup_elem(&objs, &lock);
	if (!o)
		return 0;
	pipe_forget(o, WATCH_CLOSED);
	bpf_map_delete_elem(&objs, &lock);
	return 0;
}

#endif /* IPCSCOPE_WATCH_PIPE_BPF_H */
