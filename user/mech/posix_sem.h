/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the two kinds of POSIX semaphores have in common: all but how they are made. It is the
 * same semaphore of the C library: a word in shared memory, and a futex to sleep on.
 */
#ifndef IPCSCOPE_MECH_POSIX_SEM_H
#define IPCSCOPE_MECH_POSIX_SEM_H

#include <semaphore.h>
#include "slots.h"

/**
 * struct posix_sem - state of one instance
 * @slots:	the slots; first, for their hooks
 * @sem:	by sending side and enum slots_kind, NULL: none
 */
struct posix_sem {
	struct slots slots;
	sem_t *sem[SIDE_COUNT][SLOTS_KINDS];
};

static inline int posix_sem_wait(struct mech *m, enum mech_side from, enum slots_kind kind)
{
	sem_t *sem = ((struct posix_sem *)m->priv)->sem[from][kind];

	while (m->nowait ? sem_trywait(sem) : sem_wait(sem))
		if (errno != EINTR)
			return -errno;
	return 0;
}

static inline int posix_sem_post(struct mech *m, enum mech_side from, enum slots_kind kind)
{
	return sem_post(((struct posix_sem *)m->priv)->sem[from][kind]) ? -errno : 0;
}

static inline int posix_sem_send(struct mech *m, const void *buf)
{
	return slots_send(m, m->priv, buf, posix_sem_wait, posix_sem_post);
}

static inline int posix_sem_recv(struct mech *m, void *buf)
{
	return slots_recv(m, m->priv, buf, posix_sem_wait, posix_sem_post);
}

#endif /* IPCSCOPE_MECH_POSIX_SEM_H */
