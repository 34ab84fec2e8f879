// SPDX-License-Identifier: GPL-2.0
/* Slots in shared memory, and a queued signal for each that is full or free again. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "signal_slots.h"

/* A value: which instance above, which slot of it below. */
#define SIGNAL_SLOTS_ID		16
#define SIGNAL_SLOTS_SLOT	((1u << SIGNAL_SLOTS_ID) - 1)

static const struct timespec signal_slots_now;

/* Those of this process, which is a worker. */
static struct signal_slots *signal_slots_list;

void signal_slots_join(struct signal_slots *s)
{
	s->next = signal_slots_list;
	signal_slots_list = s;
}

static bool signal_slots_is(const struct signal_slots *s, int sig, uint32_t value)
{
	const uint32_t slot = value & SIGNAL_SLOTS_SLOT;

	return value >> SIGNAL_SLOTS_ID == (s->id & SIGNAL_SLOTS_SLOT) && slot < s->all &&
	       signal_slots_to(s, sig, slot) == s->me;
}

/* What is for nobody here is not ours. */
void signal_slots_took(struct signal_slots *s, int sig, uint32_t value)
{
	const uint32_t slot = value & SIGNAL_SLOTS_SLOT;

	if (!signal_slots_is(s, sig, value))
		for (s = signal_slots_list; s && !signal_slots_is(s, sig, value); )
			s = s->next;
	if (s && sig != SIGNAL_SLOTS_FREE)
		s->full[s->nfull++ % s->all] = slot;
	else if (s && s->nfree < s->slots)
		s->free[s->nfree++] = slot;
}

int signal_slots_take(struct signal_slots *s, enum mech_dir dir, const struct timespec *timeout)
{
	siginfo_t info;
	int sig;

	do {
		sig = sigtimedwait(&s->set[dir], &info, timeout);
	} while (sig < 0 && errno == EINTR);
	if (sig < 0)
		return -errno;
	if (info.si_code == SI_QUEUE)
		signal_slots_took(s, sig, (uint32_t)info.si_value.sival_int);
	return 0;
}

/*
 * sigqueue() would ask the kernel for our pid and uid each time. -EAGAIN: as many are queued
 * as the user may have.
 */
static int signal_slots_post(struct signal_slots *s, int sig, uint32_t slot)
{
	const pid_t pid = s->pid[signal_slots_to(s, sig, slot)];

	if (pid <= 0)
		return -ENOTCONN;
	s->info.si_value.sival_int = (int)(s->id << SIGNAL_SLOTS_ID | slot);
	if (!syscall(SYS_rt_sigqueueinfo, pid, sig, &s->info))
		return 0;
	return errno == ESRCH ? -EPIPE : -errno;
}

/* At the limit: what is queued for us takes up room. 0: try again. */
static int signal_slots_relieve(struct mech *m)
{
	int ret = signal_slots_take(m->priv, MECH_IN, &signal_slots_now);

	if (ret == -EAGAIN)
		ret = signal_slots_take(m->priv, MECH_OUT, &signal_slots_now);
	/* All are others'. */
	return ret == -EAGAIN && !m->nowait ? sched_yield() : ret;
}

int signal_slots_send(struct mech *m, const void *buf, int (*take)(struct mech *, enum mech_dir))
{
	const int sig = m->prio ? SIGNAL_SLOTS_URGENT : SIGNAL_SLOTS_FULL;
	struct signal_slots *s = m->priv;
	uint32_t slot;
	int ret = 0;

	while (!ret && !s->nfree)
		ret = take(m, MECH_OUT);
	if (ret)
		return ret;
	slot = s->free[--s->nfree];
	memcpy(s->data + slot * s->stride, buf, m->cfg.size);
	while ((ret = signal_slots_post(s, sig, slot)) == -EAGAIN && !signal_slots_relieve(m))
		;
	if (ret)
		s->free[s->nfree++] = slot;
	return ret;
}

/* Give back what was received: at the limit later. A sender that is gone needs nothing. */
static int signal_slots_give(struct signal_slots *s)
{
	int ret = 0;

	while (!ret && s->nfreed != s->nread) {
		ret = signal_slots_post(s, SIGNAL_SLOTS_FREE, s->full[s->nfreed % s->all]);
		if (ret == -EPIPE || ret == -ENOTCONN)
			ret = 0;
		s->nfreed += !ret;
	}
	return ret == -EAGAIN ? 0 : ret;
}

int signal_slots_recv(struct mech *m, void *buf, int (*take)(struct mech *, enum mech_dir))
{
	struct signal_slots *s = m->priv;

	while (s->nread == s->nfull) {
		int ret = signal_slots_give(s);

		/* Who waits for what we still owe may be whom we wait for: do not sleep. */
		if (!ret)
			ret = s->nfreed == s->nread ? take(m, MECH_IN) : signal_slots_relieve(m);
		if (ret)
			return ret;
	}
	memcpy(buf, s->data + s->full[s->nread % s->all] * s->stride, m->cfg.size);
	s->nread++;
	return signal_slots_give(s);
}
