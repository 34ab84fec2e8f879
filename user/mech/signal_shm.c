// SPDX-License-Identifier: GPL-2.0
/*
 * signal-shm: the ring of `shm-futex`, with kill(), a handler and sigsuspend() to sleep and
 * wake. Standard signals do not queue, so two may arrive as one: they say "look again" and
 * nothing else.
 */
#define _GNU_SOURCE
#include <signal.h>
#include "shm_mech.h"

/* Blocked but for sigsuspend(), so that it interrupts nothing else. */
#define SIGNAL_SHM_WAKE		SIGUSR1

/* This process' mask while it sleeps. */
static sigset_t signal_shm_asleep;

static void signal_shm_handler(int sig)
{
	(void)sig;
}

/* A wake-up that came after the look is pending, and ends the sleep before it begins. */
static int signal_shm_sleep(const struct ring *r, enum mech_dir dir)
{
	if (shm_ring_arm(r, dir))
		sigsuspend(&signal_shm_asleep);
	return 0;
}

/* Who is gone needs no waking: the message stays. */
static int signal_shm_wake(const struct ring *r, enum mech_dir dir)
{
	const pid_t *pid = shm_ring_bell(shm_ring_peers(r, dir));

	if (*pid <= 0)
		return -ENOTCONN;
	return kill(*pid, SIGNAL_SHM_WAKE) && errno != ESRCH ? -errno : 0;
}

SHM_MECH_SLEEPER(signal_shm)

static int signal_shm_open(struct mech *m)
{
	return shm_ring_make(m, SHM_BACK_ANON, NULL);
}

/* Each side's bell is its pid, of both rings. Nobody is woken before all were here. */
static int signal_shm_attach(struct mech *m)
{
	const struct sigaction act = { .sa_handler = signal_shm_handler };
	struct shm_ring *s = m->priv;
	sigset_t set;
	int ret = shm_ring_join(m);

	if (ret)
		return ret;
	*(pid_t *)shm_ring_bell(shm_ring_out(s, m)->ring.prod) = getpid();
	*(pid_t *)shm_ring_bell(shm_ring_in(s, m)->ring.cons) = getpid();
	sigemptyset(&set);
	sigaddset(&set, SIGNAL_SHM_WAKE);
	if (sigaction(SIGNAL_SHM_WAKE, &act, NULL) ||
	    sigprocmask(SIG_BLOCK, &set, &signal_shm_asleep))
		return -errno;
	/* A process may have several instances, and have blocked it already. */
	sigdelset(&signal_shm_asleep, SIGNAL_SHM_WAKE);
	return 0;
}

const struct mech_ops mech_signal_shm = {
	.name = "signal-shm",
	.summary = "ring in anonymous shared memory, kill() and a handler to sleep and wake",
	.choices = "mmap, inherited; " SHM_MECH_RING "SIGUSR1 blocked but in sigsuspend(), kill() only if the peer sleeps",
	.rev = 1,
	.traits = SHM_MECH_TRAITS | MECH_T_NOTIFIES,
	.waits = MECH_W_TRY,
	.open = signal_shm_open,
	.attach = signal_shm_attach,
	.leave = shm_ring_leave,
	.send = signal_shm_send,
	.recv = signal_shm_recv,
	.close = shm_ring_free,
};
