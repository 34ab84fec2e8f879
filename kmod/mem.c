// SPDX-License-Identifier: GPL-2.0
/* A lane's memory: its pages, the kernel's mapping of them and the users'. */
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "chan.h"
#include "compat.h"

/* Index in ipcring_lane.pages. */
#define IPCRING_PAGE_PROD	0u
#define IPCRING_PAGE_CONS	1u
#define IPCRING_PAGE_DATA	2u

/* No page asks for the OOM killer: a channel is not worth a process. */
#define IPCRING_GFP \
	(GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

static bool ipcring_node_ok(int node)
{
	return node == NUMA_NO_NODE || (node < MAX_NUMNODES && node_state(node, N_MEMORY));
}

/**
 * ipcring_check_nodes() - are the NUMA nodes there?
 * @geo:	the channel's shape
 *
 * Return: 0, -EINVAL.
 */
int ipcring_check_nodes(const struct ipcring_geo *geo)
{
	return ipcring_node_ok(geo->prod_node) && ipcring_node_ok(geo->cons_node) ? 0 : -EINVAL;
}

/* A lane's pages. */
unsigned long ipcring_lane_pages(const struct ipcring_geo *geo)
{
	return IPCRING_PAGE_DATA + (geo->data >> PAGE_SHIFT);
}

static unsigned int ipcring_mapped_pages(const struct ipcring_geo *geo)
{
	return IPCRING_PAGE_DATA + (ipcring_mapped_bytes(geo) >> PAGE_SHIFT);
}

/* On the node that was asked for, or not at all. */
static struct page *ipcring_alloc_page(int node)
{
	if (node == NUMA_NO_NODE)
		return alloc_page(IPCRING_GFP);
	return alloc_pages_node(node, IPCRING_GFP | __GFP_THISNODE, 0);
}

static void ipcring_free_pages(struct ipcring_lane *lane)
{
	while (lane->nr_pages)
		__free_page(lane->pages[--lane->nr_pages]);
	kvfree(lane->pages);
}

static int ipcring_alloc_pages(struct ipcring_lane *lane, const struct ipcring_geo *geo)
{
	unsigned int nr = ipcring_lane_pages(geo);
	unsigned int mapped = ipcring_mapped_pages(geo);
	struct page *page;

	lane->pages = kvcalloc(mapped, sizeof(*lane->pages), GFP_KERNEL_ACCOUNT);
	if (!lane->pages)
		return -ENOMEM;
	while (lane->nr_pages < nr) {
		page = ipcring_alloc_page(lane->nr_pages == IPCRING_PAGE_PROD ? geo->prod_node :
									      geo->cons_node);
		if (!page)
			goto free_pages;
		lane->pages[lane->nr_pages++] = page;
		/* There may be many more, each after a reclaim: not for a killed task. */
		if (fatal_signal_pending(current))
			goto free_pages;
	}
	/* The data of records once more. */
	while (nr < mapped) {
		lane->pages[nr] = lane->pages[nr - (geo->data >> PAGE_SHIFT)];
		nr++;
	}
	return 0;

free_pages:
	ipcring_free_pages(lane);
	return -ENOMEM;
}

static int ipcring_map_ring(struct ipcring_lane *lane, const struct ipcring_geo *geo)
{
	struct ring *r = &lane->ring;
	void *mem;

	mem = vmap(lane->pages, ipcring_mapped_pages(geo), VM_MAP, PAGE_KERNEL);
	if (!mem)
		return -ENOMEM;
	r->prod = mem + IPCRING_PAGE_PROD * PAGE_SIZE;
	r->cons = mem + IPCRING_PAGE_CONS * PAGE_SIZE;
	r->data = mem + IPCRING_PAGE_DATA * PAGE_SIZE;
	/* Nobody waits yet, and no position ever gets there. */
	r->prod->event = ~0ULL;
	r->cons->event = ~0ULL;
	return 0;
}

/**
 * ipcring_alloc_lane() - give a lane its memory
 * @lane:	the lane, zeroed
 * @geo:	the channel's shape
 *
 * Return: 0, -ENOMEM.
 */
int ipcring_alloc_lane(struct ipcring_lane *lane, const struct ipcring_geo *geo)
{
	int ret;

	lane->ring.size = geo->size;
	lane->ring.stride = geo->stride;
	lane->ring.msg_size = geo->msg_size;
	ret = ipcring_alloc_pages(lane, geo);
	if (ret)
		return ret;
	ret = ipcring_map_ring(lane, geo);
	if (ret)
		ipcring_free_pages(lane);
	return ret;
}

/* Of a lane that ipcring_alloc_lane() succeeded for. */
void ipcring_free_lane(struct ipcring_lane *lane)
{
	vunmap(lane->ring.prod);
	ipcring_free_pages(lane);
}

enum ipcring_region_nr { REGION_PROD, REGION_CONS, REGION_DATA, NR_REGIONS };
enum ipcring_right { NO, RO, RW };

/* The contract's table: trust mode, consumer, region. A producer's is its own lane. */
static const u8 ipcring_rights[3][2][NR_REGIONS] = {
	{ { RW, RW, RW }, { RW, RW, RW } },
	{ { RW, RO, RW }, { RO, RW, RO } },
	{ { NO, NO, NO }, { RO, RW, RO } },
};

static enum ipcring_right ipcring_may_map(const struct ipcring_end *end, u32 lane,
					  enum ipcring_region_nr region)
{
	u32 flags = end->chan->geo.flags;
	unsigned int mode = 1;

	if (flags & IPCRING_CREATE_TRUST_ALL)
		mode = 0;
	else if (flags & IPCRING_CREATE_TRUST_NONE)
		mode = 2;
	if (end->lane && end->lane->nr != lane)
		return NO;
	return ipcring_rights[mode][!end->lane][region];
}

/**
 * struct ipcring_region - what one mmap() maps
 * @lane:	the lane
 * @region:	which part of it
 * @first:	index of its first page
 * @nr:		number of pages
 */
struct ipcring_region {
	struct ipcring_lane *lane;
	enum ipcring_region_nr region;
	unsigned int first;
	unsigned int nr;
};

static bool ipcring_find_region(struct ipcring_chan *chan, u64 offset,
				struct ipcring_region *region)
{
	unsigned long nr = offset / IPCRING_OFF_LANE(1);

	if (nr >= chan->geo.lanes)
		return false;
	region->lane = &chan->lanes[array_index_nospec(nr, chan->geo.lanes)];
	region->nr = 1;
	switch (offset % IPCRING_OFF_LANE(1)) {
	case IPCRING_OFF_PROD:
		region->region = REGION_PROD;
		region->first = IPCRING_PAGE_PROD;
		return true;
	case IPCRING_OFF_CONS:
		region->region = REGION_CONS;
		region->first = IPCRING_PAGE_CONS;
		return true;
	case IPCRING_OFF_DATA:
		region->region = REGION_DATA;
		region->first = IPCRING_PAGE_DATA;
		region->nr = ipcring_mapped_bytes(&chan->geo) >> PAGE_SHIFT;
		return true;
	default:
		return false;
	}
}

/**
 * ipcring_mmap_end() - map a region as its endpoint may
 * @end:	the side
 * @vma:	what is asked for
 *
 * Return: 0, -EINVAL, -EPERM, -EACCES as the contract says; -ENOMEM.
 */
int ipcring_mmap_end(struct ipcring_end *end, struct vm_area_struct *vma)
{
	struct ipcring_region region;
	enum ipcring_right right;
	unsigned long nr;
	int ret;

	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (!ipcring_find_region(end->chan, (u64)vma->vm_pgoff << PAGE_SHIFT, &region))
		return -EINVAL;
	if (vma_pages(vma) != region.nr)
		return -EINVAL;
	if (vma->vm_flags & VM_EXEC)
		return -EPERM;
	right = ipcring_may_map(end, region.lane->nr, region.region);
	if (right == NO || (right == RO && vma->vm_flags & VM_WRITE))
		return -EACCES;
	if (right == RO)
		vm_flags_clear(vma, VM_MAYWRITE);
	vm_flags_clear(vma, VM_MAYEXEC);
	vm_flags_set(vma, VM_DONTCOPY | VM_DONTEXPAND | VM_DONTDUMP);
	nr = region.nr;
	ret = vm_insert_pages(vma, vma->vm_start, region.lane->pages + region.first, &nr);
	/* It says that of a page table that could not be allocated. */
	return ret == -EFAULT ? -ENOMEM : ret;
}
