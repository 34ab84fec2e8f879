// SPDX-License-Identifier: GPL-2.0
/* Sets of per-CPU queues: CPUs that come and go, and CPUs to be left alone. */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/rcupdate.h>
#include <linux/sched/isolation.h>
#include <linux/tick.h>

#include "pcq.h"

/*
 * The sets, and where new ones begin. Callbacks of CPU hotplug look at both with
 * cpus_write_lock() held by who waits for them; others hold cpus_read_lock(), and
 * pcq_sets_lock among themselves.
 */
static HLIST_HEAD(pcq_sets);
static DEFINE_MUTEX(pcq_sets_lock);
static struct cpumask pcq_online;	/* CPUs that take new messages */
static int pcq_cpuhp;

/* On that CPU. */
static int pcq_cpu_up(unsigned int cpu)
{
	struct pcq_set *set;

	cpumask_set_cpu(cpu, &pcq_online);
	hlist_for_each_entry(set, &pcq_sets, node) {
		struct pcq_queue *q = set->queue[cpu];

		WRITE_ONCE(q->state->online, 1);
		pcq_wake_queue(q);
		pcq_unpark_service(q);
	}
	return 0;
}

/*
 * -rt: a doorbell's interrupt leaves its work to a thread of the CPU, which is about to be
 * parked, and would leave it undone. Who may send one looks at state.online with
 * preemption off.
 */
static void pcq_drain_doorbells(unsigned int cpu)
{
	struct pcq_set *set;

	if (!IS_ENABLED(CONFIG_PREEMPT_RT) || hlist_empty(&pcq_sets))
		return;
	synchronize_rcu();
	hlist_for_each_entry(set, &pcq_sets, node)
		pcq_quiesce(set->queue[cpu]);
}

/* On that CPU: who sends there saw the change, or had sent, with preemption off, before. */
static int pcq_cpu_down(unsigned int cpu)
{
	struct pcq_set *set;

	cpumask_clear_cpu(cpu, &pcq_online);
	hlist_for_each_entry(set, &pcq_sets, node) {
		struct pcq_queue *q = set->queue[cpu];

		WRITE_ONCE(q->state->online, 0);
		pcq_wake_queue(q);
		pcq_park_service(q);
	}
	pcq_drain_doorbells(cpu);
	return 0;
}

/**
 * pcq_cpu_add() - a set begins to follow the CPUs
 * @set:	the set, complete
 */
void pcq_cpu_add(struct pcq_set *set)
{
	unsigned int cpu;

	cpus_read_lock();
	for_each_cpu(cpu, &pcq_online)
		set->queue[cpu]->state->online = 1;
	mutex_lock(&pcq_sets_lock);
	hlist_add_head(&set->node, &pcq_sets);
	mutex_unlock(&pcq_sets_lock);
	cpus_read_unlock();
}

/* No callback is at work on the set when it returns, and none will be. */
void pcq_cpu_del(struct pcq_set *set)
{
	cpus_read_lock();
	mutex_lock(&pcq_sets_lock);
	hlist_del(&set->node);
	mutex_unlock(&pcq_sets_lock);
	cpus_read_unlock();
}

/**
 * pcq_cpu_isolated() - is a CPU to be left alone?
 * @cpu:	a possible CPU
 *
 * Return: true if it is nohz_full or outside the scheduler's domains.
 */
bool pcq_cpu_isolated(u32 cpu)
{
	bool isolated;

	/* Newer kernels replace the mask when a cpuset's partition is isolated, and free it. */
	rcu_read_lock();
	isolated = tick_nohz_full_cpu(cpu) || !housekeeping_cpu(cpu, HK_TYPE_DOMAIN);
	rcu_read_unlock();
	return isolated;
}

/**
 * pcq_cpu_init() - begin to follow the CPUs
 *
 * Return: 0, -errno.
 */
int pcq_cpu_init(void)
{
	int ret;

	ret = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "ipcring:online", pcq_cpu_up, pcq_cpu_down);
	if (ret < 0)
		return ret;
	pcq_cpuhp = ret;
	return 0;
}

/* There is no set any more: each holds the module by its files. */
void pcq_cpu_exit(void)
{
	cpuhp_remove_state_nocalls(pcq_cpuhp);
}
