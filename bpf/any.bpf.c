// SPDX-License-Identifier: GPL-2.0
/*
 * Probes for whatever has no set of its own. S and X are the harness' (user/worker_stamp.c),
 * which pairs them by the message's number; here the receiver's sleep gets its end: who woke it
 * when, and when it ran. That sleep is told apart by the task, not by the object that it was
 * for; so the harness asks whether it lay within the receive that got the message.
 *
 * Where a set names the call that wakes and the call that sleeps, they have stamps, too.
 *
 * The scheduler's twice, for kernels that load raw tracepoints but refuse those with types.
 */
#define PHASE_OWN_SCHED
#include "phase.bpf.h"

/* Stamp W, also when the receiver turns out to be awake. */
static __always_inline int any_waking(__s32 pid)
{
	__u64 nr;

	if (pid != sh.ctl.receiver)
		return 0;
	nr = phase_is(sh.ctl.sender) ? *(volatile __u64 *)&sh.user.sending : 0;
	sh.wake.nr = nr;
	sh.wake.e = nr && sh.call.nr == nr ? sh.call.t : 0;
	sh.wake.t = bpf_ktime_get_ns();
	return 0;
}

/* Stamp R: as in phase.bpf.h, but any wake ends a sleep. */
static __always_inline int any_switched(bool sleeps, __s32 prev, __s32 next)
{
	if (prev == sh.ctl.receiver) {
		sh.run.asleep = sleeps;
		return 0;
	}
	if (next != sh.ctl.receiver)
		return 0;
	if (sh.run.asleep && sh.wake.t) {
		sh.run.r = bpf_ktime_get_ns();
		sh.run.w = sh.wake.t;
		sh.run.nr = sh.wake.nr;
		sh.run.e = sh.wake.e;
		sh.run.d = 0;
		sh.run.upto = *(volatile __u64 *)&sh.user.done;
		sh.run.count++;
	}
	sh.wake.t = 0;
	return 0;
}

SEC("tp_btf/sched_waking")
int BPF_PROG(waking, struct task_struct *p)
{
	return any_waking(p->pid);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(switched, bool preempt, struct task_struct *prev, struct task_struct *next,
	     unsigned int prev_state)
{
	return any_switched(!preempt && prev_state, prev->pid, next->pid);
}

SEC("raw_tp/sched_waking")
int BPF_PROG(waking_raw, struct task_struct *p)
{
	return any_waking(BPF_CORE_READ(p, pid));
}

SEC("raw_tp/sched_switch")
int BPF_PROG(switched_raw, bool preempt, struct task_struct *prev, struct task_struct *next,
	     unsigned int prev_state)
{
	return any_switched(!preempt && prev_state, BPF_CORE_READ(prev, pid),
			    BPF_CORE_READ(next, pid));
}

/* Stamp E, last as in phase_enter(). The call may wake nobody, or somebody else. */
SEC("?fentry/futex_wake")
int BPF_PROG(wake_call)
{
	__u64 nr;

	if (!phase_is(sh.ctl.sender))
		return 0;
	nr = *(volatile __u64 *)&sh.user.sending;
	sh.call.nr = nr;
	if (nr)
		sh.call.t = bpf_ktime_get_ns();
	return 0;
}

/* Stamp D: only the first call that is left after the sleep had its end there. */
SEC("?fexit/futex_wait")
int BPF_PROG(sleep_exit)
{
	if (phase_is(sh.ctl.receiver) && !sh.run.d)
		sh.run.d = bpf_ktime_get_ns();
	return 0;
}
