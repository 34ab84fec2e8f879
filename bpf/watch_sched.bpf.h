/* SPDX-License-Identifier: GPL-2.0 */
/* Wake-ups of the tasks that receive, their names, and what each CPU was doing. */
#ifndef IPCSCOPE_WATCH_SCHED_BPF_H
#define IPCSCOPE_WATCH_SCHED_BPF_H

#include "watch_finish.bpf.h"

/* A ring for each CPU: WATCH_CTX entries of it in a row. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct watch_ctx);
} context SEC(".maps");

/* How many entries each CPU has made. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} context_head SEC(".maps");

static __noinline int watch_context(__u32 type, __u32 id, const char *name)
{
	__u32 cpu = bpf_get_smp_processor_id(), i;
	__u64 *head = bpf_map_lookup_elem(&context_head, &cpu);
	struct watch_ctx *c;

	if (!head)
		return 0;
	i = cpu * WATCH_CTX + (__sync_fetch_and_add(head, 1) & (WATCH_CTX - 1));
	c = bpf_map_lookup_elem(&context, &i);
	if (!c)
		return 0;
	c->type = WATCH_CTX_NONE;
	c->t = bpf_ktime_get_ns();
	c->id = id;
	c->name[0] = 0;
	if (name)
		bpf_probe_read_kernel_str(c->name, sizeof(c->name), name);
	c->type = type;
	return 0;
}

/* Stamp W: due to the message that the waker has just enqueued, or to none. */
SEC("tp_btf/sched_waking")
int BPF_PROG(watch_waking, struct task_struct *p)
{
	struct watch_task *t, *waker;
	__u32 tid;

	if (!watch_on())
		return 0;
	tid = p->pid;
	t = bpf_map_lookup_elem(&tasks, &tid);
	if (!t)
		return 0;
	waker = watch_current();
	t->wake.a = 0;
	if (!waker || waker->op != WATCH_SEND || !waker->cur.a)
		return 0;
	t->wake_t = bpf_ktime_get_ns();
	t->wake.b = waker->nr;
	t->wake.a = (__u32)bpf_get_current_pid_tgid();
	return 0;
}

static __always_inline void watch_switch_out(struct watch_task *t, bool asleep)
{
	t->asleep = asleep;
	if (asleep)
		t->sleep_t = bpf_ktime_get_ns();
}

/* Stamp R. */
static __always_inline void watch_switch_in(struct watch_task *t, __u32 tid)
{
	__u64 now = bpf_ktime_get_ns();

	if (t->asleep && t->wake.a) {
		t->run = t->wake;
		t->run_w = t->wake_t;
		t->run_r = now;
	}
	t->wake.a = 0;
	if (t->asleep && ctl.calls && t->followed)
		watch_emit_call(t, WATCH_EV_SLEEP, t->sleep_t, now, tid);
	t->asleep = 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(watch_switched, bool preempt, struct task_struct *prev, struct task_struct *next,
	     unsigned int prev_state)
{
	struct watch_task *t;
	__u32 tid;

	if (!watch_on())
		return 0;
	if (ctl.context)
		watch_context(WATCH_CTX_SWITCH, next->pid, (const char *)&next->comm);
	tid = prev->pid;
	t = tid ? bpf_map_lookup_elem(&tasks, &tid) : NULL;
	if (t)
		watch_switch_out(t, !preempt && prev_state);
	tid = next->pid;
	t = tid ? bpf_map_lookup_elem(&tasks, &tid) : NULL;
	if (t)
		watch_switch_in(t, tid);
	return 0;
}

/* Children of the followed are followed. */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(watch_fork, struct task_struct *parent, struct task_struct *child)
{
	__u32 from = parent->tgid, to = child->tgid;
	struct watch_proc *p;

	if (from == to)
		return 0;
	p = bpf_map_lookup_elem(&procs, &from);
	if (p && p->followed)
		watch_name(child, to, 1);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(watch_exec, struct task_struct *task)
{
	__u32 tgid = task->tgid;
	struct watch_proc *p = bpf_map_lookup_elem(&procs, &tgid);

	if (p)
		bpf_core_read_str(p->comm, sizeof(p->comm), &task->comm);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(watch_exit, struct task_struct *task)
{
	__u32 tid = task->pid;

	if (watch_on())
		bpf_map_delete_elem(&tasks, &tid);
	return 0;
}

SEC("tp_btf/irq_handler_entry")
int BPF_PROG(watch_irq, int irq, struct irqaction *action)
{
	if (watch_on())
		watch_context(WATCH_CTX_IRQ, irq, action->name);
	return 0;
}

SEC("tp_btf/irq_handler_exit")
int BPF_PROG(watch_irq_end, int irq)
{
	if (watch_on())
		watch_context(WATCH_CTX_IRQ_END, irq, NULL);
	return 0;
}

SEC("tp_btf/softirq_entry")
int BPF_PROG(watch_softirq, unsigned int vec)
{
	if (watch_on())
		watch_context(WATCH_CTX_SOFTIRQ, vec, NULL);
	return 0;
}

SEC("tp_btf/softirq_exit")
int BPF_PROG(watch_softirq_end, unsigned int vec)
{
	if (watch_on())
		watch_context(WATCH_CTX_SOFTIRQ_END, vec, NULL);
	return 0;
}

SEC("tp_btf/local_timer_entry")
int BPF_PROG(watch_timer, int vector)
{
	if (watch_on())
		watch_context(WATCH_CTX_TIMER, vector, NULL);
	return 0;
}

SEC("tp_btf/local_timer_exit")
int BPF_PROG(watch_timer_end, int vector)
{
	if (watch_on())
		watch_context(WATCH_CTX_TIMER_END, vector, NULL);
	return 0;
}

#endif /* IPCSCOPE_WATCH_SCHED_BPF_H */
