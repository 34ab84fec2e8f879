/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Known costs, so that what measures can be measured. Free while none is wanted: a static
 * key, of which a NOP stays in the path.
 */
#ifndef IPCRING_INJECT_H
#define IPCRING_INJECT_H

#include <linux/jump_label.h>

DECLARE_STATIC_KEY_FALSE(ipcring_inject_sends);

void ipcring_inject_work(void);

/* In a send of a channel, before its message can be seen and before its tracepoint. */
static __always_inline void ipcring_inject_send(void)
{
	if (static_branch_unlikely(&ipcring_inject_sends))
		ipcring_inject_work();
}

#endif /* IPCRING_INJECT_H */
