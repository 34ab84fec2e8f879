// SPDX-License-Identifier: GPL-2.0
/*
 * shm-sysv-sem, shm-posix-sem, shm-memfd-sem: POSIX semaphores to sleep and wake, one for
 * each side of each ring, in the shared memory.
 */
#define _GNU_SOURCE
#include <semaphore.h>
#include "shm_mech.h"

static int shm_sem_init(void *bell)
{
	return sem_init(bell, 1, 0) ? -errno : 0;
}

/*
 * Who found something after all does not wait for the wake-up that it had asked for: all such
 * are taken here, so that they do not grow without end. The caller looks once more.
 */
static int shm_sem_sleep(const struct ring *r, enum mech_dir dir)
{
	sem_t *sem = shm_ring_bell(shm_ring_mine(r, dir));

	if (!shm_ring_arm(r, dir))
		return 0;
	if (sem_wait(sem))
		return errno == EINTR ? 0 : -errno;
	while (!sem_trywait(sem))
		;
	return 0;
}

/* One that is full of wake-ups has none asleep. */
static int shm_sem_wake(const struct ring *r, enum mech_dir dir)
{
	return sem_post(shm_ring_bell(shm_ring_peers(r, dir))) && errno != EOVERFLOW ? -errno : 0;
}

SHM_MECH_SLEEPER(shm_sem)

SHM_MECHS(shm_sem, sem, shm_sem_init, MECH_W_TRY, "POSIX semaphores to sleep and wake",
	  "sem_init(pshared) in it, sem_post only if the peer sleeps")
