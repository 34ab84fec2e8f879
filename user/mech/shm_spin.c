// SPDX-License-Identifier: GPL-2.0
/*
 * shm-sysv-spin, shm-posix-spin, shm-memfd-spin: nobody ever sleeps, so nobody is woken, and
 * the ring needs none of the barriers that keep a wake-up from being lost.
 */
#define _GNU_SOURCE
#include "shm_mech.h"

static int shm_spin_send(struct mech *m, const void *buf)
{
	return ipcring_put(shm_ring_out(m->priv, m), buf, (__u32)m->cfg.size);
}

static int shm_spin_recv(struct mech *m, void *buf)
{
	__u32 len;
	int ret = ipcring_take(shm_ring_in(m->priv, m), buf, (__u32)m->cfg.size, &len);

	return ret || len == m->cfg.size ? ret : -EBADMSG;
}

SHM_MECHS(shm_spin, spin, NULL, MECH_W_SPIN, "nobody sleeps",
	  "acquire and release only: no event, no full barrier, no system call")
