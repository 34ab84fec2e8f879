/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A mechanism on shared memory is a kind of memory and a sleeper:
 *
 *	int P_init(void *bell)				or NULL: open() of one side's bell
 *	int P_sleep(const struct ring *r, enum mech_dir dir)	arm, look again, sleep
 *	int P_wake(const struct ring *r, enum mech_dir dir)	wake the ring's other side
 *
 * Each returns 0 or -errno. The compiler sees through all of it.
 */
#ifndef IPCSCOPE_MECH_SHM_MECH_H
#define IPCSCOPE_MECH_SHM_MECH_H

#include "shm_ring.h"

/*
 * None of these has a HANGUP: nobody wakes who sleeps for a peer that died, and a word in
 * memory does not change by itself.
 */
#define SHM_MECH_TRAITS	(MECH_T_BOUNDARIES | MECH_T_ORDER | MECH_T_BACKPRESSURE | \
			 MECH_T_PERSISTENT | MECH_T_DUPLEX)

#define SHM_MECH_RING	"own ring each way, 64 KiB of slots or 2, prefaulted; "
#define SHM_MECH_SYSV	"shmget by key, 0600; "
#define SHM_MECH_POSIX	"shm_open by name, 0600; "
#define SHM_MECH_MEMFD	"memfd_create, sealed against resizing, inherited; "

/* P_send() and P_recv() of the sleeper P. */
#define SHM_MECH_SLEEPER(p)							\
static int p##_sleep_out(struct mech *m)					\
{										\
	return p##_sleep(&shm_ring_out(m->priv, m)->ring, MECH_OUT);		\
}										\
										\
static int p##_sleep_in(struct mech *m)						\
{										\
	return p##_sleep(&shm_ring_in(m->priv, m)->ring, MECH_IN);		\
}										\
										\
static int p##_wake_out(struct mech *m)						\
{										\
	return p##_wake(&shm_ring_out(m->priv, m)->ring, MECH_OUT);		\
}										\
										\
static int p##_wake_in(struct mech *m)						\
{										\
	return p##_wake(&shm_ring_in(m->priv, m)->ring, MECH_IN);		\
}										\
										\
static int p##_send(struct mech *m, const void *buf)				\
{										\
	return shm_ring_send(m, shm_ring_out(m->priv, m), buf,			\
			     p##_sleep_out, p##_wake_out);			\
}										\
										\
static int p##_recv(struct mech *m, void *buf)					\
{										\
	return shm_ring_recv(m, shm_ring_in(m->priv, m), buf,			\
			     p##_sleep_in, p##_wake_in);			\
}

/* mech_ID of memory of kind @back and of the sleeper P; the rest are initialisers. */
#define SHM_MECH(id, back, p, init, ...)					\
static int id##_probe(const struct mech_cfg *cfg, struct mech_why *why)		\
{										\
	return shm_back_probe(back, shm_ring_bytes(cfg->size, cfg->size), why);	\
}										\
										\
static int id##_open(struct mech *m)						\
{										\
	return shm_ring_make(m, back, init);					\
}										\
										\
const struct mech_ops mech_##id = {						\
	.probe = id##_probe,							\
	.open = id##_open,							\
	.attach = shm_ring_join,						\
	.leave = shm_ring_leave,						\
	.send = p##_send,							\
	.recv = p##_recv,							\
	.close = shm_ring_free,							\
	__VA_ARGS__								\
};

/* The three kinds of memory with one sleeper: @word in their names, @how it sleeps. */
#define SHM_MECHS(p, word, init, can, how, details)				\
SHM_MECH(shm_sysv_##word, SHM_BACK_SYSV, p, init,				\
	 .name = "shm-sysv-" #word,						\
	 .summary = "ring in System V shared memory, " how,			\
	 .choices = SHM_MECH_SYSV SHM_MECH_RING details,			\
	 .rev = 1, .traits = SHM_MECH_TRAITS | MECH_T_LASTING, .waits = can)	\
SHM_MECH(shm_posix_##word, SHM_BACK_POSIX, p, init,				\
	 .name = "shm-posix-" #word,						\
	 .summary = "ring in POSIX shared memory, " how,			\
	 .choices = SHM_MECH_POSIX SHM_MECH_RING details,			\
	 .rev = 1, .traits = SHM_MECH_TRAITS | MECH_T_LASTING, .waits = can)	\
SHM_MECH(shm_memfd_##word, SHM_BACK_MEMFD, p, init,				\
	 .name = "shm-memfd-" #word,						\
	 .summary = "ring in a memfd, " how,					\
	 .choices = SHM_MECH_MEMFD SHM_MECH_RING details,			\
	 .rev = 1, .traits = SHM_MECH_TRAITS, .waits = can)

#endif /* IPCSCOPE_MECH_SHM_MECH_H */
