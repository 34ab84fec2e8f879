/* SPDX-License-Identifier: GPL-2.0 */
/* A user copy that stalls, on a page that userfaultfd holds back. */
#ifndef SELFTESTS_STALL_H
#define SELFTESTS_STALL_H

#include "chan.h"

#include <linux/userfaultfd.h>

/* A page that nobody gets until let_go(). Returns a userfaultfd. */
static inline int stalled_page(char **page)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC);

	*page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	reg.range.start = (uintptr_t)*page;
	reg.range.len = 4096;
	if (uffd < 0 || *page == MAP_FAILED || ioctl(uffd, UFFDIO_API, &api) ||
	    ioctl(uffd, UFFDIO_REGISTER, &reg))
		return -errno;
	return uffd;
}

/* Let who touched it go on, over a page of zeroes. */
static inline int let_go(int uffd, void *page)
{
	struct uffdio_zeropage zero = { .range = { (uintptr_t)page, 4096 } };

	return errno_or(ioctl(uffd, UFFDIO_ZEROPAGE, &zero));
}

#endif /* SELFTESTS_STALL_H */
