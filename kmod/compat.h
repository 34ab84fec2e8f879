/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The newest kernel's names on older kernels. No other file of the module knows
 * that kernels differ; kmod/Kbuild probes the headers for IPCRING_HAS_*.
 */
#ifndef IPCRING_COMPAT_H
#define IPCRING_COMPAT_H

#include <linux/bits.h>
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

/*
 * The way to wake onto this CPU, since 6.6: default_wake_function() takes
 * WF_CURRENT_CPU, a number of kernel/sched/sched.h. It travels in the upper half of
 * the wake-up's key, whose lower half are poll()'s events.
 */
#if defined(IPCRING_HAS___wake_up_on_current_cpu) && BITS_PER_LONG == 64
#define IPCRING_WF_HERE		0x40
#define IPCRING_KEY_HERE	BIT(32)
#else
#define IPCRING_WF_HERE		0
#define IPCRING_KEY_HERE	0UL
#endif

#endif /* IPCRING_COMPAT_H */
