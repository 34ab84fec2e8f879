// SPDX-License-Identifier: GPL-2.0
/* posix-sem-slots: slots in shared memory, and unnamed semaphores of processes beside them. */
#define _GNU_SOURCE
#include <stdlib.h>
#include "posix_sem.h"

static int posix_sem_open(struct mech *m)
{
	struct posix_sem *p = calloc(1, sizeof(*p));
	int ret;

	m->priv = p;
	if (!p)
		return -ENOMEM;
	ret = slots_open(&p->slots, m->cfg.size);
	for (int side = 0; !ret && side < SIDE_COUNT; side++) {
		for (int kind = 0; !ret && kind < SLOTS_KINDS; kind++) {
			sem_t *sem = (sem_t *)p->slots.lane[side]->count[kind];

			_Static_assert(sizeof(*sem) <= SLOTS_LINES, "room for a semaphore");
			p->sem[side][kind] = sem;
			if (sem_init(sem, 1, kind == SLOTS_FREE ? p->slots.slots : 0))
				ret = -errno;
		}
	}
	return ret;
}

const struct mech_ops mech_posix_sem_slots = {
	.name = "posix-sem-slots",
	.summary = "slots in shared memory, counted by unnamed POSIX semaphores",
	.choices = "64 KiB of slots each way; sem_init(pshared) in the mapping, sem_wait() or sem_trywait(), sem_post(): no system call unless somebody sleeps",
	.rev = 1,
	.traits = MECH_T_BOUNDARIES | MECH_T_BACKPRESSURE | MECH_T_PERSISTENT | MECH_T_FANIN |
		  MECH_T_ORDER | MECH_T_DUPLEX | MECH_T_ATOMIC | MECH_T_NOTIFIES,
	.waits = MECH_W_TRY,
	.open = posix_sem_open,
	.attach = slots_attach_hook,
	.leave = slots_leave_hook,
	.send = posix_sem_send,
	.recv = posix_sem_recv,
	.close = slots_close_hook,
};
