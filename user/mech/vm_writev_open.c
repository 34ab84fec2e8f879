// SPDX-License-Identifier: GPL-2.0
/* vm-writev: a receiver makes its slots, and says where they are. */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include "vm_writev.h"

int vm_writev_open(struct mech *m)
{
	struct vm_writev_mech *v = calloc(1, sizeof(*v));

	m->priv = v;
	if (!v)
		return -ENOMEM;
	v->supervisor = getpid();
	v->stride = (m->cfg.size + 63) & ~(size_t)63;
	/*
	 * Twice the ring's: a sender fills one before it asks for its place, and a receiver
	 * empties one after it gave its place back.
	 */
	v->mask = 2 * ring_open_slots(m->cfg.size) - 1;
	return shm_ring_create(&v->shm, SHM_BACK_ANON, m->cfg.size, sizeof(__u32), NULL);
}

/* What was sent to a receiver before us died with it. */
static void vm_writev_settle(struct vm_writev_mech *v, struct ipcring_cursor *in)
{
	struct vm_writev_home *home = vm_writev_home(in);

	in->pos = ring_load_acquire(&in->ring.prod->pos);
	ring_store_release(&in->ring.cons->pos, in->pos);
	home->slots = (uintptr_t)v->slots;
	/* Release: pairs with the load in vm_writev_meet(). */
	__atomic_store_n(&home->pid, (__u32)getpid(), __ATOMIC_RELEASE);
	syscall(SYS_futex, &home->pid, FUTEX_WAKE, 1, NULL, NULL, 0);
}

int vm_writev_attach(struct mech *m)
{
	struct vm_writev_mech *v = m->priv;
	const size_t len = (v->mask + 1) * v->stride;
	int ret = shm_ring_join(m);

	if (ret)
		return ret;
	v->slots = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (v->slots == MAP_FAILED)
		return -errno;
	ret = shm_back_populate(v->slots, len);
	/* Yama's scope 1 wants to be asked; it names the tracer's descendants, too. */
	prctl(PR_SET_PTRACER, v->supervisor, 0, 0, 0);
	if (!ret)
		vm_writev_settle(v, shm_ring_in(&v->shm, m));
	return ret;
}
