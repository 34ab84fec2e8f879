// SPDX-License-Identifier: GPL-2.0
/* A lane's memory: its pages, the kernel's mapping of them and the users'. */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "chan.h"
#include "compat.h"

/* Index in ipcring_lane.pages. */
#define IPCRING_PAGE_PROD	0u
#define IPCRING_PAGE_CONS	1u
#define IPCRING_PAGE_DATA	2u

/* No page asks for the OOM killer: a channel is not worth a process. */
#define IPCRING_GFP	(GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

static void ipcring_free_pages(struct ipcring_lane *lane)
{
	while (lane->nr_pages)
		__free_page(lane->pages[--lane->nr_pages]);
	kvfree(lane->pages);
}

static int ipcring_alloc_pages(struct ipcring_lane *lane, unsigned int nr)
{
	struct page *page;

	lane->pages = kvcalloc(nr, sizeof(*lane->pages), GFP_KERNEL_ACCOUNT);
	if (!lane->pages)
		return -ENOMEM;
	while (lane->nr_pages < nr) {
		page = alloc_page(IPCRING_GFP | __GFP_ZERO);
		if (!page)
			goto free_pages;
		lane->pages[lane->nr_pages++] = page;
	}
	return 0;

free_pages:
	ipcring_free_pages(lane);
	return -ENOMEM;
}

static int ipcring_map_ring(struct ipcring_lane *lane)
{
	struct ring *r = &lane->ring;
	void *mem;

	mem = vmap(lane->pages, lane->nr_pages, VM_MAP, PAGE_KERNEL);
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
	ret = ipcring_alloc_pages(lane, IPCRING_PAGE_DATA + (geo->data >> PAGE_SHIFT));
	if (ret)
		return ret;
	ret = ipcring_map_ring(lane);
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

/**
 * struct ipcring_region - what one mmap() maps
 * @first:	index of its first page
 * @nr:		number of pages
 * @writer:	IPCRING_ROLE_* that may write to it
 */
struct ipcring_region {
	unsigned int first;
	unsigned int nr;
	u32 writer;
};

static bool ipcring_find_region(const struct ipcring_lane *lane, u64 offset,
				struct ipcring_region *region)
{
	region->nr = 1;
	switch (offset) {
	case IPCRING_OFF_PROD:
		region->first = IPCRING_PAGE_PROD;
		region->writer = IPCRING_ROLE_PRODUCER;
		return true;
	case IPCRING_OFF_CONS:
		region->first = IPCRING_PAGE_CONS;
		region->writer = IPCRING_ROLE_CONSUMER;
		return true;
	case IPCRING_OFF_DATA:
		region->first = IPCRING_PAGE_DATA;
		region->nr = lane->nr_pages - IPCRING_PAGE_DATA;
		region->writer = IPCRING_ROLE_PRODUCER;
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
	struct ipcring_lane *lane = end->chan->lanes;
	struct ipcring_region region;
	unsigned long nr;
	int ret;

	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (!ipcring_find_region(lane, (u64)vma->vm_pgoff << PAGE_SHIFT, &region))
		return -EINVAL;
	if (vma_pages(vma) != region.nr)
		return -EINVAL;
	if (vma->vm_flags & VM_EXEC)
		return -EPERM;
	if (region.writer != end->role) {
		if (vma->vm_flags & VM_WRITE)
			return -EACCES;
		vm_flags_clear(vma, VM_MAYWRITE);
	}
	vm_flags_clear(vma, VM_MAYEXEC);
	vm_flags_set(vma, VM_DONTCOPY | VM_DONTEXPAND | VM_DONTDUMP);
	nr = region.nr;
	ret = vm_insert_pages(vma, vma->vm_start, lane->pages + region.first, &nr);
	/* It says that of a page table that could not be allocated. */
	return ret == -EFAULT ? -ENOMEM : ret;
}
