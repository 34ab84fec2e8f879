// SPDX-License-Identifier: GPL-2.0
/* A queue's memory: its pages, the kernel's mapping of them, and what users may map. */
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/topology.h>
#include <linux/vmalloc.h>

#include "page.h"
#include "pcq.h"

/* Index in pcq_queue.pages. */
#define PCQ_PAGE_STATE		0u
#define PCQ_PAGE_PROD		1u
#define PCQ_PAGE_CONS		2u
#define PCQ_PAGE_REMOTE_PROD	3u	/* nobody maps it */
#define PCQ_PAGE_SLOTS		4u	/* the local lane's, then the remote lane's */

/* The lanes' parts of the page of the receivers' side. */
static_assert(PCQ_NR_LANES * sizeof(struct ipcring_side) <= PAGE_SIZE);
static_assert(sizeof(struct ipcring_pcq_state) <= PAGE_SIZE);

static unsigned int pcq_lane_pages(const struct pcq_geo *geo)
{
	return geo->data >> PAGE_SHIFT;
}

/* A queue's pages. */
unsigned long pcq_queue_pages(const struct pcq_geo *geo)
{
	return PCQ_PAGE_SLOTS + PCQ_NR_LANES * pcq_lane_pages(geo);
}

/* Of a CPU that was never there, or whose node has no memory: any. */
static int pcq_node(u32 cpu)
{
	int node = cpu_to_node(cpu);

	if (node == NUMA_NO_NODE || !node_state(node, N_NORMAL_MEMORY))
		return NUMA_NO_NODE;
	return node;
}

static int pcq_alloc_pages(struct pcq_queue *q)
{
	unsigned int nr = pcq_queue_pages(&q->set->geo);
	int ret;

	q->pages = kvcalloc(nr, sizeof(*q->pages), GFP_KERNEL_ACCOUNT);
	if (!q->pages)
		return -ENOMEM;
	ret = ipcring_add_pages(q->pages, &q->nr_pages, nr, pcq_node(q->cpu));
	if (ret)
		ipcring_free_pages(q->pages, q->nr_pages);
	return ret;
}

static void pcq_init_ring(struct ring *r, const struct pcq_geo *geo)
{
	r->size = geo->slots;
	r->stride = geo->stride;
	r->msg_size = sizeof(struct ipcring_pcq_from) + geo->msg_size;
}

static int pcq_map_queue(struct pcq_queue *q)
{
	const struct pcq_geo *geo = &q->set->geo;
	struct ipcring_side *cons;
	void *mem;

	mem = vmap(q->pages, q->nr_pages, VM_MAP, PAGE_KERNEL);
	if (!mem)
		return -ENOMEM;
	q->state = mem + PCQ_PAGE_STATE * PAGE_SIZE;
	cons = mem + PCQ_PAGE_CONS * PAGE_SIZE;
	pcq_init_ring(&q->local, geo);
	q->local.prod = mem + PCQ_PAGE_PROD * PAGE_SIZE;
	q->local.cons = cons + PCQ_LOCAL;
	q->local.data = mem + PCQ_PAGE_SLOTS * PAGE_SIZE;
	pcq_init_ring(&q->remote, geo);
	q->remote.prod = mem + PCQ_PAGE_REMOTE_PROD * PAGE_SIZE;
	q->remote.cons = cons + PCQ_REMOTE;
	q->remote.data = q->local.data + geo->data;
	return 0;
}

/**
 * pcq_alloc_memory() - give a queue its memory
 * @q:		the queue, zeroed but for its set and its CPU
 *
 * Return: 0, -ENOMEM.
 */
int pcq_alloc_memory(struct pcq_queue *q)
{
	int ret;

	ret = pcq_alloc_pages(q);
	if (ret)
		return ret;
	ret = pcq_map_queue(q);
	if (ret)
		ipcring_free_pages(q->pages, q->nr_pages);
	return ret;
}

/* Of a queue that pcq_alloc_memory() succeeded for. */
void pcq_free_memory(struct pcq_queue *q)
{
	vunmap(q->state);
	ipcring_free_pages(q->pages, q->nr_pages);
}

/**
 * struct pcq_region - a row of the contract's tables
 * @offset:	where it is mapped, but for the CPU
 * @page:	index of its first page, but for slots of lanes before
 * @lane:	of slots: which lane's, else 0
 * @slots:	it is a lane's slots, not one page
 * @sender:	what senders may
 * @receiver:	what receivers may
 */
struct pcq_region {
	u64 offset;
	unsigned int page;
	unsigned int lane;
	bool slots;
	enum ipcring_right sender;
	enum ipcring_right receiver;
};

static const struct pcq_region pcq_regions[] = {
	{ IPCRING_PCQ_OFF_STATE,  PCQ_PAGE_STATE, 0,	      false, RO, RO },
	{ IPCRING_PCQ_OFF_PROD,   PCQ_PAGE_PROD,  0,	      false, RW, RO },
	{ IPCRING_PCQ_OFF_CONS,   PCQ_PAGE_CONS,  0,	      false, RO, RW },
	{ IPCRING_PCQ_OFF_LOCAL,  PCQ_PAGE_SLOTS, PCQ_LOCAL,  true,  RW, RO },
	{ IPCRING_PCQ_OFF_REMOTE, PCQ_PAGE_SLOTS, PCQ_REMOTE, true,  NO, RO },
};

static const struct pcq_region *pcq_find_region(u64 offset)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(pcq_regions); i++)
		if (pcq_regions[i].offset == offset)
			return &pcq_regions[i];
	return NULL;
}

static enum ipcring_right pcq_may_map(const struct pcq_end *end, u32 cpu,
				      const struct pcq_region *region)
{
	if (end->cpu != cpu && end->cpu != IPCRING_PCQ_THIS && end->cpu != IPCRING_PCQ_ANY)
		return NO;
	if (end->role == IPCRING_PCQ_RECEIVER)
		return region->receiver;
	return end->set->geo.flags & IPCRING_PCQ_MAP_SENDERS ? region->sender : NO;
}

/**
 * pcq_mmap_end() - map a region as its endpoint may
 * @end:	the endpoint
 * @vma:	what is asked for
 *
 * Return: 0, -EINVAL, -EPERM, -EACCES as the contract says; -ENOMEM.
 */
int pcq_mmap_end(struct pcq_end *end, struct vm_area_struct *vma)
{
	const u64 offset = (u64)vma->vm_pgoff << PAGE_SHIFT;
	const struct pcq_geo *geo = &end->set->geo;
	const struct pcq_region *region;
	struct ipcring_region map;
	struct pcq_queue *q;
	int ret;

	region = pcq_find_region(offset % IPCRING_PCQ_OFF_CPU(1));
	q = pcq_find_queue(end->set, offset / IPCRING_PCQ_OFF_CPU(1));
	if (!region || !q)
		return -EINVAL;
	map.pages = q->pages + region->page + region->lane * pcq_lane_pages(geo);
	map.nr = region->slots ? pcq_lane_pages(geo) : 1;
	map.right = pcq_may_map(end, q->cpu, region);
	ret = ipcring_map_region(vma, &map);
	if (!ret)
		WRITE_ONCE(end->mapped, true);
	return ret;
}
