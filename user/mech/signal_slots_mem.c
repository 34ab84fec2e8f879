// SPDX-License-Identifier: GPL-2.0
/* Slots with a queued signal for each: who has which, and what it takes to attach. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include "ring_open.h"
#include "signal_slots.h"

/* Of one direction: all may be queued at once, and a user's limit is for all processes. */
#define SIGNAL_SLOTS_MAX	128u
#define SIGNAL_SLOTS_PAGE	4096u

static uint32_t signal_slots_each(const struct mech_cfg *cfg)
{
	uint32_t n = ring_open_slots(cfg->size);

	n = (n < SIGNAL_SLOTS_MAX ? n : SIGNAL_SLOTS_MAX) / cfg->senders;
	return n < 2 ? 2 : n;
}

int signal_slots_probe(const struct mech_cfg *cfg, struct mech_why *why)
{
	const rlim_t need = (rlim_t)signal_slots_each(cfg) * (cfg->senders + 1);
	struct rlimit limit;

	if (getrlimit(RLIMIT_SIGPENDING, &limit))
		return -errno;
	if (limit.rlim_cur >= need)
		return 0;
	mech_because(why, "%llu signals may be queued at once, and your limit is %llu; raise it with ulimit -i %llu",
		     (unsigned long long)need, (unsigned long long)limit.rlim_cur,
		     (unsigned long long)need);
	return -EAGAIN;
}

int signal_slots_open(struct mech *m)
{
	static uint32_t ids;
	const uint32_t each = signal_slots_each(&m->cfg), all = each * (m->cfg.senders + 1);
	struct signal_slots *s = calloc(1, sizeof(*s) + (all + each) * sizeof(s->full[0]));
	size_t head = (m->cfg.senders + 1) * sizeof(*s->pid);

	m->priv = s;
	if (!s)
		return -ENOMEM;
	s->fd[MECH_IN] = -1;
	s->fd[MECH_OUT] = -1;
	s->free = s->full + all;
	s->slots = each;
	s->all = all;
	s->receiver = m->cfg.senders;
	s->id = ids++;
	s->stride = ring_stride((uint32_t)m->cfg.size);
	head = (head + SIGNAL_SLOTS_PAGE - 1) / SIGNAL_SLOTS_PAGE * SIGNAL_SLOTS_PAGE;
	s->len = head + all * s->stride;
	s->pid = mmap(NULL, s->len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (s->pid == MAP_FAILED) {
		s->pid = NULL;
		return -errno;
	}
	s->data = (unsigned char *)s->pid + head;
	return 0;
}

/* Blocked, they wait to be taken, and never interrupt what the process does. */
static int signal_slots_block(struct signal_slots *s)
{
	for (int dir = 0; dir < MECH_DIRS; dir++) {
		sigemptyset(&s->set[dir]);
		sigaddset(&s->set[dir], SIGNAL_SLOTS_FREE);
	}
	sigaddset(&s->set[MECH_IN], SIGNAL_SLOTS_URGENT);
	sigaddset(&s->set[MECH_IN], SIGNAL_SLOTS_FULL);
	return sigprocmask(SIG_BLOCK, &s->set[MECH_IN], NULL) ? -errno : 0;
}

/* Who sends first does so when all have been here, so there is a pid to send to. */
int signal_slots_attach(struct mech *m)
{
	struct signal_slots *s = m->priv;

	if (!s->pid)
		return -EBADF;
	/* Linux before 5.14 cannot map them ahead, and takes the faults in the first lap. */
	if (madvise(s->pid, s->len, MADV_POPULATE_WRITE) && errno != EINVAL)
		return -errno;
	s->me = m->side == SIDE_SENDER ? m->index : s->receiver;
	s->info.si_code = SI_QUEUE;
	s->info.si_pid = getpid();
	s->info.si_uid = getuid();
	while (s->nfree < s->slots) {
		s->free[s->nfree] = s->me * s->slots + s->nfree;
		s->nfree++;
	}
	signal_slots_join(s);
	s->pid[s->me] = s->info.si_pid;
	return signal_slots_block(s);
}

int signal_slots_leave(struct mech *m)
{
	struct signal_slots *s = m->priv;

	if (s->pid)
		munmap(s->pid, s->len);
	s->pid = NULL;
	return 0;
}

void signal_slots_close(struct mech *m)
{
	if (m->priv)
		signal_slots_leave(m);
	free(m->priv);
}
