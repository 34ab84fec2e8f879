/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The body of the probes of `ipcscope trace`: tasks, objects, messages in flight, and what
 * becomes of a message that was received. The hooks are in watch_*.bpf.h.
 *
 * Who writes what: a task's entry, the task itself, but for the words of its wake-ups, which
 * the waker writes under the task's pi_lock and the CPU that switches it. A pipe's entry,
 * whoever holds pipe->mutex. All else is added to atomically: programs are preempted.
 */
#ifndef IPCSCOPE_WATCH_CORE_BPF_H
#define IPCSCOPE_WATCH_CORE_BPF_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "watch.h"
#include "watch_kernel.bpf.h"

#define EEXIST	17

char LICENSE[] SEC("license") = "GPL";

struct watch_ctl ctl;
__u64 counts[WATCH_COUNTS];
__u64 uids;

static struct watch_task zero_task;
static struct watch_edge zero_edge;
static struct watch_obj zero_obj;

#define WATCH_HASH(name, key_type, value_type, entries)		\
	struct {						\
		__uint(type, BPF_MAP_TYPE_HASH);		\
		__uint(max_entries, entries);			\
		__type(key, key_type);				\
		__type(value, value_type);			\
	} name SEC(".maps")

WATCH_HASH(tasks, __u32, struct watch_task, WATCH_TASKS);
WATCH_HASH(procs, __u32, struct watch_proc, WATCH_PROCS);
WATCH_HASH(objs, __u64, struct watch_obj, WATCH_OBJS);
WATCH_HASH(msgs, struct watch_key, struct watch_msg, WATCH_MSGS);
WATCH_HASH(edges, struct watch_edge_key, struct watch_edge, WATCH_EDGES);
WATCH_HASH(pairs, struct watch_pair, __u64, WATCH_PAIRS);

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, WATCH_RING);
} ring SEC(".maps");

static __always_inline void watch_count(enum watch_count what)
{
	__sync_fetch_and_add(&counts[what], 1);
}

static __always_inline bool watch_on(void)
{
	return *(volatile __u32 *)&ctl.on;
}

/* The name of the process that @leader leads; a name is wanted, never relied on. */
static __noinline int watch_name(struct task_struct *leader, __u32 tgid, __u32 followed)
{
	struct watch_proc p = { .followed = followed };
	long err;

	bpf_core_read_str(p.comm, sizeof(p.comm), &leader->comm);
	err = bpf_map_update_elem(&procs, &tgid, &p, BPF_NOEXIST);
	if (err && err != -EEXIST)
		watch_count(WATCH_NO_PROC);
	return 0;
}

static __always_inline struct watch_task *watch_current(void)
{
	__u32 tid = bpf_get_current_pid_tgid();

	return bpf_map_lookup_elem(&tasks, &tid);
}

/* The current task's entry, made on its first call; NULL: not looked at. */
static __noinline struct watch_task *watch_enter(void)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u32 tid = id, tgid = id >> 32;
	struct watch_task *t = bpf_map_lookup_elem(&tasks, &tid);
	struct watch_proc *p;
	__u32 followed;

	if (t || tgid == ctl.self)
		return t;
	if (bpf_map_update_elem(&tasks, &tid, &zero_task, BPF_NOEXIST)) {
		watch_count(WATCH_NO_TASK);
		return NULL;
	}
	t = bpf_map_lookup_elem(&tasks, &tid);
	if (!t)
		return NULL;
	p = bpf_map_lookup_elem(&procs, &tgid);
	followed = ctl.all || (p && p->followed);
	t->tgid = tgid;
	t->followed = followed;
	if (!p)
		watch_name(BPF_CORE_READ((struct task_struct *)bpf_get_current_task(),
					 group_leader), tgid, followed);
	return t;
}

/* The entry of object @key, made if need be; NULL: there is no room. */
static __noinline struct watch_obj *watch_object(__u64 key, __u64 before)
{
	struct watch_obj *o = bpf_map_lookup_elem(&objs, &key);

	if (o)
		return o;
	if (bpf_map_update_elem(&objs, &key, &zero_obj, BPF_NOEXIST) == 0) {
		o = bpf_map_lookup_elem(&objs, &key);
		if (o) {
			o->uid = __sync_fetch_and_add(&uids, 1) + 1;
			o->before = before;
		}
		return o;
	}
	o = bpf_map_lookup_elem(&objs, &key);
	if (!o)
		watch_count(WATCH_NO_OBJ);
	return o;
}

/* Objects that are known by a number; kernel addresses have their top byte set. */
static __always_inline __u64 watch_obj_key(__u32 kind, __u64 nr)
{
	return (__u64)(kind + 1) << 48 | nr;
}

/* A call to send or to receive begins. Stamp S is taken last of all. */
static __always_inline void watch_begin(struct watch_task *t, __u32 op, __u32 kind, __u64 obj)
{
	t->op = op;
	t->kind = kind;
	t->obj = obj;
	t->moved = 0;
	t->ndone = 0;
	t->whole = 0;
	t->cur.a = 0;
	t->prev.a = 0;
	t->s = bpf_ktime_get_ns();
}

static __noinline int watch_emit_call(struct watch_task *t, __u32 type, __u64 from, __u64 to,
				      __u32 tid)
{
	struct watch_event *ev = bpf_ringbuf_reserve(&ring, sizeof(*ev), 0);

	if (!ev) {
		watch_count(WATCH_DROPPED);
		return 0;
	}
	__builtin_memset(ev, 0, sizeof(*ev));
	ev->type = type;
	ev->kind = t->kind;
	ev->obj = t->obj;
	ev->bytes = t->moved;
	ev->s = from;
	ev->x = to;
	ev->from_tid = tid;
	ev->from_tgid = t->tgid;
	ev->from_cpu = bpf_get_smp_processor_id();
	bpf_ringbuf_submit(ev, 0);
	return 0;
}

/* Stamp E: @m goes by @key from now on. Before the receiver can see it. */
static __noinline int watch_enqueue(struct watch_task *t, struct watch_key *key, __u64 end,
				    bool last)
{
	struct watch_msg m = {
		.nr = t->nr + 1,
		.s = t->s,
		.e = bpf_ktime_get_ns(),
		.end = end,
		.bytes = t->moved,
		.tid = bpf_get_current_pid_tgid(),
		.tgid = t->tgid,
		.cpu = bpf_get_smp_processor_id(),
		.state = last ? WATCH_LAST : WATCH_OPEN,
		.kind = t->kind,
		.followed = t->followed,
	};
	struct watch_msg *old;
	long err = bpf_map_update_elem(&msgs, key, &m, BPF_NOEXIST);

	/* What had this address before it was freed where no hook is. */
	if (err == -EEXIST) {
		old = bpf_map_lookup_elem(&msgs, key);
		if (old && old->state == WATCH_LAST && old->followed)
			watch_count(WATCH_CLOSED);
		err = bpf_map_update_elem(&msgs, key, &m, BPF_ANY);
	}
	if (err) {
		watch_count(WATCH_NO_MSG);
		return 0;
	}
	t->nr++;
	t->prev = t->cur;
	t->cur = *key;
	t->whole = last;
	if (last && t->followed)
		watch_count(WATCH_SENT);
	return 0;
}

/* What was sent ends before what was asked for: the last piece was the last. */
static __always_inline void watch_cut(struct watch_task *t)
{
	struct watch_key key = t->cur.a ? t->cur : t->prev;
	struct watch_msg *m;

	if (!key.a || !t->followed)
		return;
	watch_count(WATCH_SENT);
	m = bpf_map_lookup_elem(&msgs, &key);
	if (!m || __sync_val_compare_and_swap(&m->state, WATCH_OPEN, WATCH_LAST) != WATCH_OPEN)
		watch_count(WATCH_UNTIMED);
}

/* The call to send is left with @ret. */
static __always_inline void watch_sent(struct watch_task *t, __s64 ret)
{
	if (ret > 0 && !t->whole)
		watch_cut(t);
	if (ctl.calls && t->followed)
		watch_emit_call(t, WATCH_EV_SEND, t->s, bpf_ktime_get_ns(),
				bpf_get_current_pid_tgid());
	t->op = WATCH_IDLE;
	t->cur.a = 0;
}

/* A message that nobody received is gone. */
static __noinline int watch_discard(struct watch_key *key, enum watch_count what)
{
	struct watch_msg *m = bpf_map_lookup_elem(&msgs, key);
	__u32 state, followed;

	if (!m)
		return 0;
	followed = m->followed;
	state = __sync_lock_test_and_set(&m->state, WATCH_TAKEN);
	bpf_map_delete_elem(&msgs, key);
	if (followed && state == WATCH_LAST)
		watch_count(what);
	return 1;
}

/* A message is gone; if it is its sender who let it go, it was never sent. */
static __always_inline void watch_freed(__u64 addr)
{
	struct watch_key key = { .a = addr };
	struct watch_task *t;

	if (!bpf_map_lookup_elem(&msgs, &key))
		return;
	t = watch_current();
	if (t && t->op == WATCH_SEND && t->cur.a == addr) {
		watch_discard(&key, WATCH_ABORTED);
		t->cur.a = 0;
	} else {
		watch_discard(&key, WATCH_CLOSED);
	}
}

#endif /* IPCSCOPE_WATCH_CORE_BPF_H */
