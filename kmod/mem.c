// SPDX-License-Identifier: GPL-2.0
/* A lane's memory: its pages, the kernel's mapping of them, and what users may map. */
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "chan.h"
#include "page.h"

/* Index in ipcring_lane.pages. */
#define IPCRING_PAGE_PROD	0u
#define IPCRING_PAGE_CONS	1u
#define IPCRING_PAGE_DATA	2u

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

static int ipcring_alloc_pages(struct ipcring_lane *lane, const struct ipcring_geo *geo)
{
	unsigned int nr = ipcring_lane_pages(geo);
	unsigned int mapped = ipcring_mapped_pages(geo);
	int ret;

	lane->pages = kvcalloc(mapped, sizeof(*lane->pages), GFP_KERNEL_ACCOUNT);
	if (!lane->pages)
		return -ENOMEM;
	ret = ipcring_add_pages(lane->pages, &lane->nr_pages, IPCRING_PAGE_PROD + 1,
				geo->prod_node);
	if (!ret)
		ret = ipcring_add_pages(lane->pages, &lane->nr_pages, nr, geo->cons_node);
	if (ret)
		goto free_pages;
	/* The data of records once more. */
	while (nr < mapped) {
		lane->pages[nr] = lane->pages[nr - (geo->data >> PAGE_SHIFT)];
		nr++;
	}
	return 0;

free_pages:
	ipcring_free_pages(lane->pages, lane->nr_pages);
	return ret;
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
		ipcring_free_pages(lane->pages, lane->nr_pages);
	return ret;
}

/* Of a lane that ipcring_alloc_lane() succeeded for. */
void ipcring_free_lane(struct ipcring_lane *lane)
{
	vunmap(lane->ring.prod);
	ipcring_free_pages(lane->pages, lane->nr_pages);
}

enum ipcring_region_nr { REGION_PROD, REGION_CONS, REGION_DATA, NR_REGIONS };

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

static bool ipcring_find_region(struct ipcring_end *end, u64 offset, struct ipcring_region *region)
{
	const struct ipcring_geo *geo = &end->chan->geo;
	unsigned long nr = offset / IPCRING_OFF_LANE(1);
	struct ipcring_lane *lane;

	if (nr >= geo->lanes)
		return false;
	lane = &end->chan->lanes[array_index_nospec(nr, geo->lanes)];
	region->nr = 1;
	switch (offset % IPCRING_OFF_LANE(1)) {
	case IPCRING_OFF_PROD:
		region->pages = lane->pages + IPCRING_PAGE_PROD;
		region->right = ipcring_may_map(end, lane->nr, REGION_PROD);
		return true;
	case IPCRING_OFF_CONS:
		region->pages = lane->pages + IPCRING_PAGE_CONS;
		region->right = ipcring_may_map(end, lane->nr, REGION_CONS);
		return true;
	case IPCRING_OFF_DATA:
		region->pages = lane->pages + IPCRING_PAGE_DATA;
		region->right = ipcring_may_map(end, lane->nr, REGION_DATA);
		region->nr = ipcring_mapped_bytes(geo) >> PAGE_SHIFT;
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

	if (!ipcring_find_region(end, (u64)vma->vm_pgoff << PAGE_SHIFT, &region))
		return -EINVAL;
	return ipcring_map_region(vma, &region);
}
