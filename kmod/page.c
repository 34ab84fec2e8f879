// SPDX-License-Identifier: GPL-2.0
/* Shared pages: where they come from, and how users map them. */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "compat.h"
#include "page.h"

/* No page asks for the OOM killer: a channel is not worth a process. */
#define IPCRING_GFP \
	(GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/* On the node that was asked for, or not at all. */
static struct page *ipcring_alloc_page(int node)
{
	if (node == NUMA_NO_NODE)
		return alloc_page(IPCRING_GFP);
	return alloc_pages_node(node, IPCRING_GFP | __GFP_THISNODE, 0);
}

/**
 * ipcring_add_pages() - allocate pages, zeroed, until there are enough
 * @pages:	the pages
 * @nr:		in, out: how many there are
 * @upto:	how many there shall be
 * @node:	their NUMA node, or NUMA_NO_NODE
 *
 * Return: 0, or -ENOMEM: @nr are there, for ipcring_free_pages().
 */
int ipcring_add_pages(struct page **pages, unsigned int *nr, unsigned int upto, int node)
{
	struct page *page;

	while (*nr < upto) {
		page = ipcring_alloc_page(node);
		if (!page)
			return -ENOMEM;
		pages[(*nr)++] = page;
		/* There may be many more, each after a reclaim: not for a killed task. */
		if (fatal_signal_pending(current))
			return -ENOMEM;
	}
	return 0;
}

/* With the array itself, which kvcalloc() made. */
void ipcring_free_pages(struct page **pages, unsigned int nr)
{
	while (nr)
		__free_page(pages[--nr]);
	kvfree(pages);
}

/**
 * ipcring_map_region() - map a region, as far as the endpoint may
 * @vma:	what is asked for
 * @region:	what there is at its offset
 *
 * Return: 0, -EINVAL, -EPERM, -EACCES as the contract says; -ENOMEM.
 */
int ipcring_map_region(struct vm_area_struct *vma, const struct ipcring_region *region)
{
	unsigned long nr = region->nr;
	int ret;

	if (!(vma->vm_flags & VM_SHARED) || vma_pages(vma) != nr)
		return -EINVAL;
	if (vma->vm_flags & VM_EXEC)
		return -EPERM;
	if (region->right == NO || (region->right == RO && vma->vm_flags & VM_WRITE))
		return -EACCES;
	if (region->right == RO)
		vm_flags_clear(vma, VM_MAYWRITE);
	vm_flags_clear(vma, VM_MAYEXEC);
	vm_flags_set(vma, VM_DONTCOPY | VM_DONTEXPAND | VM_DONTDUMP);
	ret = vm_insert_pages(vma, vma->vm_start, region->pages, &nr);
	/* It says that of a page table that could not be allocated. */
	return ret == -EFAULT ? -ENOMEM : ret;
}
