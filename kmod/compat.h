/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The newest kernel's names on older kernels. No other file of the module knows
 * that kernels differ; kmod/Kbuild probes the headers for IPCRING_HAS_*.
 */
#ifndef IPCRING_COMPAT_H
#define IPCRING_COMPAT_H

#include <linux/mm.h>

/* Before 6.3 drivers wrote vma->vm_flags themselves. */
#ifndef IPCRING_HAS_vm_flags_set
static inline void vm_flags_set(struct vm_area_struct *vma, unsigned long flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, unsigned long flags)
{
	vma->vm_flags &= ~flags;
}
#endif

#endif /* IPCRING_COMPAT_H */
