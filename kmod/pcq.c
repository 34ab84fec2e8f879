// SPDX-License-Identifier: GPL-2.0
/* Sets of per-CPU queues: their parts, and who is there. */
#include <linux/build_bug.h>
#include <linux/err.h>
#include <linux/nospec.h>
#include <linux/percpu.h>
#include <linux/slab.h>

#include "pcq.h"

/* Users map these: they never change. */
static_assert(sizeof(struct ipcring_pcq_state) == 256);
static_assert(offsetof(struct ipcring_pcq_state, bell) == 0);
static_assert(offsetof(struct ipcring_pcq_state, fence) == 4);
static_assert(offsetof(struct ipcring_pcq_state, online) == 8);
static_assert(offsetof(struct ipcring_pcq_state, corrupt) == 12);
static_assert(offsetof(struct ipcring_pcq_state, room) == 128);
static_assert(sizeof(struct ipcring_pcq_from) == 8);
static_assert(sizeof(struct ipcring_pcq_create) == 16);
static_assert(sizeof(struct ipcring_pcq_endpoint) == 16);
static_assert(sizeof(struct ipcring_pcq_info) == 48);
static_assert(sizeof(struct ipcring_pcq_msg) == 16);
static_assert(sizeof(struct ipcring_pcq_batch) == 32);
static_assert(sizeof(struct ipcring_pcq_bell) == 16);
static_assert(sizeof(struct ipcring_pcq_service) == 24);
static_assert(sizeof(struct ipcring_pcq_stats) == 128);

/* No user fills the log, or has others killed, by asking for too much. */
#define PCQ_GFP_PERCPU	(GFP_KERNEL_ACCOUNT | __GFP_NOWARN)

static void pcq_free_queue(struct pcq_queue *q)
{
	pcq_quiesce(q);
	pcq_free_memory(q);
	free_percpu(q->counters);
	kfree(q);
}

/* The parts of a CPU that may never have been there, so without its own memory. */
static struct pcq_queue *pcq_alloc_queue(struct pcq_set *set, u32 cpu)
{
	struct pcq_queue *q;
	int ret = -ENOMEM;

	q = kzalloc(sizeof(*q), GFP_KERNEL_ACCOUNT);
	if (!q)
		return ERR_PTR(-ENOMEM);
	q->set = set;
	q->cpu = cpu;
	q->counters = alloc_percpu_gfp(struct pcq_counters, PCQ_GFP_PERCPU);
	if (!q->counters)
		goto free_queue;
	ret = pcq_alloc_memory(q);
	if (ret)
		goto free_counters;
	q->isolated = pcq_cpu_isolated(cpu);
	q->state->fence = q->isolated;
	pcq_bell_init(q);
	return q;

free_counters:
	free_percpu(q->counters);
free_queue:
	kfree(q);
	return ERR_PTR(ret);
}

/* Those that there are. */
static void pcq_free_queues(struct pcq_set *set)
{
	struct pcq_queue *q;

	pcq_for_each_queue(q, set, IPCRING_PCQ_ANY)
		pcq_free_queue(q);
}

static int pcq_alloc_queues(struct pcq_set *set)
{
	struct pcq_queue *q;
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		q = pcq_alloc_queue(set, cpu);
		if (IS_ERR(q)) {
			pcq_free_queues(set);
			return PTR_ERR(q);
		}
		set->queue[cpu] = q;
	}
	return 0;
}

static int pcq_alloc_parts(struct pcq_set *set)
{
	int ret;

	set->bounce = __alloc_percpu_gfp(sizeof(struct ipcring_pcq_from) + set->geo.msg_size,
					 sizeof(u64), PCQ_GFP_PERCPU);
	if (!set->bounce)
		return -ENOMEM;
	ret = pcq_alloc_queues(set);
	if (ret)
		free_percpu(set->bounce);
	return ret;
}

/**
 * pcq_set_alloc() - make a set
 * @geo:	its shape
 *
 * Return: the set, to be given up with pcq_set_put(), or an error pointer: -ENOMEM,
 * -EDQUOT, -EPERM.
 */
struct pcq_set *pcq_set_alloc(const struct pcq_geo *geo)
{
	struct pcq_set *set;
	int ret;

	set = kvzalloc(struct_size(set, queue, geo->cpus), GFP_KERNEL_ACCOUNT);
	if (!set)
		return ERR_PTR(-ENOMEM);
	set->geo = *geo;
	kref_init(&set->ref);
	spin_lock_init(&set->lock);
	init_waitqueue_head(&set->any_recv_wq);
	init_waitqueue_head(&set->any_send_wq);
	mutex_init(&set->service_lock);
	ret = ipcring_charge(&set->charge, pcq_queue_pages(geo) * num_possible_cpus());
	if (ret)
		goto free_set;
	ret = pcq_alloc_parts(set);
	if (ret)
		goto uncharge;
	set->id = ipcring_new_id();
	pcq_cpu_add(set);
	return set;

uncharge:
	ipcring_uncharge(&set->charge);
free_set:
	kvfree(set);
	return ERR_PTR(ret);
}

static void pcq_set_free(struct kref *ref)
{
	struct pcq_set *set = container_of(ref, struct pcq_set, ref);

	pcq_cpu_del(set);
	pcq_free_queues(set);
	free_percpu(set->bounce);
	ipcring_uncharge(&set->charge);
	kvfree(set);
}

/* Of the last reference: nobody sleeps, nothing is mapped, no file is left. */
void pcq_set_put(struct pcq_set *set)
{
	kref_put(&set->ref, pcq_set_free);
}

/**
 * pcq_find_queue() - the queue of a CPU that a user named
 * @set:	the set
 * @cpu:	any number
 *
 * Return: the queue, NULL: that CPU is not possible.
 */
struct pcq_queue *pcq_find_queue(struct pcq_set *set, u32 cpu)
{
	if (cpu >= set->geo.cpus)
		return NULL;
	return set->queue[array_index_nospec(cpu, set->geo.cpus)];
}

static void pcq_update_fences(struct pcq_set *set)
{
	struct pcq_queue *q;

	pcq_for_each_queue(q, set, IPCRING_PCQ_ANY)
		pcq_update_fence(q);
}

static bool pcq_is_any_receiver(const struct pcq_end *end)
{
	return end->role == IPCRING_PCQ_RECEIVER && end->cpu == IPCRING_PCQ_ANY;
}

/**
 * pcq_open_end() - an endpoint, or a service, is there: the other side sees it
 * @end:	the endpoint; nobody uses it yet
 *
 * Context: may sleep.
 */
void pcq_open_end(struct pcq_end *end)
{
	const bool any = pcq_is_any_receiver(end);
	struct pcq_set *set = end->set;

	spin_lock(&set->lock);
	if (end->role == IPCRING_PCQ_SENDER) {
		set->nr_senders++;
		WRITE_ONCE(set->senders_gone, false);
	} else {
		set->nr_receivers++;
		WRITE_ONCE(set->nr_any, set->nr_any + any);
		WRITE_ONCE(set->receivers_gone, false);
	}
	spin_unlock(&set->lock);
	/* Before it sleeps for the first time. */
	if (any)
		pcq_update_fences(set);
}

/* Return: it was the last of its side. */
static bool pcq_count_out(struct pcq_end *end)
{
	struct pcq_set *set = end->set;
	bool last;

	lockdep_assert_held(&set->lock);
	if (end->role == IPCRING_PCQ_SENDER) {
		last = !--set->nr_senders;
		if (last)
			/* Release: the last message is sent before, see pcq_look_recv(). */
			smp_store_release(&set->senders_gone, true);
		return last;
	}
	WRITE_ONCE(set->nr_any, set->nr_any - pcq_is_any_receiver(end));
	last = !--set->nr_receivers;
	if (last)
		/* Release: the last place is free before, see pcq_look_send(). */
		smp_store_release(&set->receivers_gone, true);
	return last;
}

/**
 * pcq_close_end() - an endpoint, and with it its last mapping, or a service, is gone
 * @end:	the endpoint
 *
 * Context: may sleep.
 */
void pcq_close_end(struct pcq_end *end)
{
	struct pcq_set *set = end->set;
	bool last;

	spin_lock(&set->lock);
	last = pcq_count_out(end);
	spin_unlock(&set->lock);
	if (pcq_is_any_receiver(end))
		pcq_update_fences(set);
	/* Who has mappings may have died between what it did and its WAKE. */
	if (last || READ_ONCE(end->mapped))
		pcq_wake_all(set);
}

/* Where enum pcq_count goes. */
static const size_t pcq_stats_fields[PCQ_NR_COUNTS] = {
	[PCQ_REFUSED] = offsetof(struct ipcring_pcq_stats, refused),
	[PCQ_WAKES] = offsetof(struct ipcring_pcq_stats, wakes),
	[PCQ_IPIS] = offsetof(struct ipcring_pcq_stats, ipis),
	[PCQ_SUPPRESSED] = offsetof(struct ipcring_pcq_stats, suppressed),
	[PCQ_COALESCED] = offsetof(struct ipcring_pcq_stats, coalesced),
	[PCQ_RECV_WAITS] = offsetof(struct ipcring_pcq_stats, recv_waits),
	[PCQ_SEND_WAITS] = offsetof(struct ipcring_pcq_stats, send_waits),
	[PCQ_FENCES] = offsetof(struct ipcring_pcq_stats, fences),
	[PCQ_SERVED] = offsetof(struct ipcring_pcq_stats, served),
	[PCQ_UNDELIVERED] = offsetof(struct ipcring_pcq_stats, undelivered),
};

static u64 pcq_sum(const struct pcq_queue *q, enum pcq_count what)
{
	unsigned int cpu;
	u64 sum = 0;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(q->counters, cpu)->n[what]);
	return sum;
}

static u32 pcq_state(const struct pcq_queue *q)
{
	return (READ_ONCE(q->state->online) ? IPCRING_PCQ_ST_ONLINE : 0) |
	       (READ_ONCE(q->state->corrupt) ? IPCRING_PCQ_ST_CORRUPT : 0) |
	       (READ_ONCE(q->service) ? IPCRING_PCQ_ST_SERVICE : 0);
}

static void pcq_add_stats(struct pcq_queue *q, struct ipcring_pcq_stats *stats)
{
	for (unsigned int i = 0; i < PCQ_NR_COUNTS; i++)
		*(__u64 *)((char *)stats + pcq_stats_fields[i]) += pcq_sum(q, i);
	/* Before the other sides': never more than was sent. */
	stats->received += ring_load_acquire(&q->local.cons->pos);
	stats->received += ring_load_acquire(&q->remote.cons->pos);
	stats->local += ring_next(&q->local, ring_load(&q->local.prod->pos));
	stats->remote += ring_load(&q->remote.prod->pos);
	stats->service_ns += pcq_service_ns(q);
	stats->state |= pcq_state(q);
}

/**
 * pcq_get_stats() - what happened in a set until now
 * @set:	the set
 * @cpu:	a possible CPU, or IPCRING_PCQ_ANY for the sum
 * @stats:	out, but for its size
 *
 * Context: may sleep.
 */
void pcq_get_stats(struct pcq_set *set, u32 cpu, struct ipcring_pcq_stats *stats)
{
	struct pcq_queue *q;

	*stats = (struct ipcring_pcq_stats){ .size = stats->size, .cpu = cpu };
	pcq_for_each_queue(q, set, cpu)
		pcq_add_stats(q, stats);
}
