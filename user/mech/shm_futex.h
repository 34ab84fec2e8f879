/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A sleeper of shm_mech.h: a futex over the low half of the other side's position, so there
 * is no word of its own to keep in step.
 */
#ifndef IPCSCOPE_MECH_SHM_FUTEX_H
#define IPCSCOPE_MECH_SHM_FUTEX_H

#include <endian.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "shm_mech.h"

#define SHM_FUTEX_DETAILS	"FUTEX_WAIT on the peer's position, FUTEX_WAKE only if it sleeps"

static inline void *shm_futex_word(struct ipcring_side *side)
{
	return (__u32 *)&side->pos + (BYTE_ORDER == BIG_ENDIAN);
}

/* Returns at once if the peer has moved on: the kernel looks again, and no wake-up is missed. */
static inline int shm_futex_sleep(const struct ring *r, enum mech_dir dir)
{
	__u32 seen;

	if (dir == MECH_OUT) {
		ring_arm_producer(r, r->msg_size);
		seen = (__u32)(ring_load(&r->prod->pos) - r->size);
	} else {
		ring_arm_consumer(r);
		seen = (__u32)ring_load(&r->cons->pos);
	}
	if (!syscall(SYS_futex, shm_futex_word(shm_ring_peers(r, dir)), FUTEX_WAIT, seen,
		     NULL, NULL, 0) || errno == EAGAIN || errno == EINTR)
		return 0;
	return -errno;
}

static inline int shm_futex_wake(const struct ring *r, enum mech_dir dir)
{
	return syscall(SYS_futex, shm_futex_word(shm_ring_mine(r, dir)), FUTEX_WAKE, 1,
		       NULL, NULL, 0) < 0 ? -errno : 0;
}

SHM_MECH_SLEEPER(shm_futex)

#endif /* IPCSCOPE_MECH_SHM_FUTEX_H */
