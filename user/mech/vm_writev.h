/* SPDX-License-Identifier: GPL-2.0 */
/* Where the sides of vm-writev find each other's memory. */
#ifndef IPCSCOPE_MECH_VM_WRITEV_H
#define IPCSCOPE_MECH_VM_WRITEV_H

#include "shm_ring.h"

/**
 * struct vm_writev_home - where a receiver lives, beside its words of the ring
 * @pid:	its process, 0: there is none yet; a futex
 * @slots:	address of its slots
 */
struct vm_writev_home {
	__u32 pid;
	__u64 slots;
};

/**
 * struct vm_writev_mech - state of one instance
 * @shm:	rings of lengths; the first member, for its hooks
 * @supervisor:	whose children are the sides
 * @slots:	what the peer writes into
 * @mask:	how many, less one
 * @stride:	their distance
 * @peer:	where the receiver lives; pid 0: not yet known
 */
struct vm_writev_mech {
	struct shm_ring shm;
	pid_t supervisor;
	unsigned char *slots;
	__u64 mask;
	size_t stride;
	struct vm_writev_home peer;
};

static inline struct vm_writev_home *vm_writev_home(const struct ipcring_cursor *c)
{
	return shm_ring_bell(c->ring.cons);
}

/* May a process of this user write into another one? */
int vm_writev_probe(const struct mech_cfg *cfg, struct mech_why *why);

int vm_writev_open(struct mech *m);
int vm_writev_attach(struct mech *m);

#endif /* IPCSCOPE_MECH_VM_WRITEV_H */
