/* SPDX-License-Identifier: GPL-2.0 */
/* The pages that channels and sets of per-CPU queues share with users. */
#ifndef IPCRING_PAGE_H
#define IPCRING_PAGE_H

struct page;
struct vm_area_struct;

/* What an endpoint may do with a region. */
enum ipcring_right { NO, RO, RW };

/**
 * struct ipcring_region - what one mmap() maps
 * @pages:	its pages
 * @nr:		number of them
 * @right:	as what the endpoint may map it
 */
struct ipcring_region {
	struct page **pages;
	unsigned int nr;
	enum ipcring_right right;
};

int ipcring_add_pages(struct page **pages, unsigned int *nr, unsigned int upto, int node);
void ipcring_free_pages(struct page **pages, unsigned int nr);
int ipcring_map_region(struct vm_area_struct *vma, const struct ipcring_region *region);

#endif /* IPCRING_PAGE_H */
