// SPDX-License-Identifier: GPL-2.0
/*
 * shm-sysv-cond, shm-posix-cond, shm-memfd-cond: a condition variable to sleep and wake, with
 * its mutex, for each side of each ring. The mutex guards the way to sleep only, the ring
 * needs none. It is robust: a peer that died inside is -EPIPE instead of a wait without end.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include "shm_mech.h"

/**
 * struct shm_cond_bell - how one side of a ring sleeps
 * @mutex:	held by who is about to sleep, until it does
 * @cond:	waited for by this side only
 */
struct shm_cond_bell {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
};

static int shm_cond_init_mutex(pthread_mutex_t *mutex)
{
	pthread_mutexattr_t attr;
	int err = pthread_mutexattr_init(&attr);

	if (err)
		return -err;
	err = pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	if (!err)
		err = pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	if (!err)
		err = pthread_mutex_init(mutex, &attr);
	pthread_mutexattr_destroy(&attr);
	return -err;
}

static int shm_cond_init(void *bell)
{
	struct shm_cond_bell *b = bell;
	pthread_condattr_t attr;
	int err = -shm_cond_init_mutex(&b->mutex);

	if (!err)
		err = pthread_condattr_init(&attr);
	if (err)
		return -err;
	err = pthread_condattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	if (!err)
		err = pthread_cond_init(&b->cond, &attr);
	pthread_condattr_destroy(&attr);
	return -err;
}

/* What the mutex says, when this side holds it; if its owner died, it does no longer. */
static int shm_cond_owned(struct shm_cond_bell *b, int err)
{
	if (err != EOWNERDEAD)
		return -err;
	pthread_mutex_consistent(&b->mutex);
	pthread_mutex_unlock(&b->mutex);
	return -EPIPE;
}

static int shm_cond_lock(struct shm_cond_bell *b)
{
	return shm_cond_owned(b, pthread_mutex_lock(&b->mutex));
}

static int shm_cond_sleep(const struct ring *r, enum mech_dir dir)
{
	struct shm_cond_bell *b = shm_ring_bell(shm_ring_mine(r, dir));
	int ret = shm_cond_lock(b);

	if (!ret && shm_ring_arm(r, dir) == -EAGAIN)
		ret = shm_cond_owned(b, pthread_cond_wait(&b->cond, &b->mutex));
	if (!ret)
		pthread_mutex_unlock(&b->mutex);
	return ret;
}

/*
 * Who armed holds the mutex until it sleeps, so it sleeps now, or has found something. The
 * signal comes after the mutex, which the one who wakes up wants next.
 */
static int shm_cond_wake(const struct ring *r, enum mech_dir dir)
{
	struct shm_cond_bell *b = shm_ring_bell(shm_ring_peers(r, dir));
	int ret = shm_cond_lock(b);

	if (ret)
		return ret;
	pthread_mutex_unlock(&b->mutex);
	return -pthread_cond_signal(&b->cond);
}

SHM_MECH_SLEEPER(shm_cond)

SHM_MECHS(shm_cond, cond, shm_cond_init, MECH_W_TRY, "condition variables to sleep and wake",
	  "process-shared, robust mutex; locked and signalled only if the peer sleeps; "
	  "glibc's cond_wait leaves the mutex contended: one FUTEX_WAKE more");
