// SPDX-License-Identifier: GPL-2.0
/* signalfd-slots: slots in shared memory, queued signals that are read from a signalfd. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include "signal_slots.h"

/* Taken in one read(), if they are there. */
#define SIGNALFD_SLOTS_BATCH	16

/* One for all that comes to a receiver, one for what a sender waits for; each process' own. */
static int signalfd_slots_attach(struct mech *m)
{
	const int flags = SFD_CLOEXEC | (mech_tries(&m->cfg) ? SFD_NONBLOCK : 0);
	struct signal_slots *s = m->priv;
	int ret = signal_slots_attach(m);

	for (int dir = 0; !ret && dir < MECH_DIRS; dir++) {
		s->fd[dir] = signalfd(-1, &s->set[dir], flags);
		if (s->fd[dir] < 0)
			ret = -errno;
	}
	return ret;
}

/* What tries is non-blocking, and sleeps in poll() before it tries again. */
static int signalfd_slots_take(struct mech *m, enum mech_dir dir)
{
	struct signalfd_siginfo info[SIGNALFD_SLOTS_BATCH];
	struct signal_slots *s = m->priv;
	struct pollfd p = { .fd = s->fd[dir], .events = POLLIN };
	ssize_t n;

	while ((n = read(p.fd, info, sizeof(info))) < 0) {
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN || m->nowait)
			return -errno;
		if (poll(&p, 1, -1) < 0 && errno != EINTR)
			return -errno;
	}
	for (size_t i = 0; i < (size_t)n / sizeof(*info); i++)
		if (info[i].ssi_code == SI_QUEUE)
			signal_slots_took(s, (int)info[i].ssi_signo, (uint32_t)info[i].ssi_int);
	return 0;
}

static int signalfd_slots_send(struct mech *m, const void *buf)
{
	return signal_slots_send(m, buf, signalfd_slots_take);
}

static int signalfd_slots_recv(struct mech *m, void *buf)
{
	return signal_slots_recv(m, buf, signalfd_slots_take);
}

static int signalfd_slots_fd(const struct mech *m, enum mech_dir dir)
{
	return ((const struct signal_slots *)m->priv)->fd[dir];
}

/* A user's limit is no event that a descriptor tells of. */
static int signalfd_slots_arm(struct mech *m, enum mech_dir dir)
{
	const struct signal_slots *s = m->priv;
	const bool limit = dir == MECH_OUT ? s->nfree : s->nfreed != s->nread;

	return limit ? sched_yield() : -EAGAIN;
}

const struct mech_ops mech_signalfd_slots = {
	.name = "signalfd-slots",
	.summary = "slots in shared memory, queued signals read from a signalfd",
	.choices = "at most 128 slots each way, for RLIMIT_SIGPENDING; blocked real-time signals that say which slot; rt_sigqueueinfo() itself; each read() takes up to 16 signals and sleeps there, non-blocking and poll() where a side tries first",
	.rev = 1,
	.traits = MECH_T_BOUNDARIES | MECH_T_BACKPRESSURE | MECH_T_PERSISTENT | MECH_T_FANIN |
		  MECH_T_ORDER | MECH_T_PRIORITY | MECH_T_ATOMIC | MECH_T_NOTIFIES,
	.room_reads = true,
	.waits = MECH_W_TRY | MECH_W_POLL,
	.probe = signal_slots_probe,
	.open = signal_slots_open,
	.attach = signalfd_slots_attach,
	.leave = signal_slots_leave,
	.send = signalfd_slots_send,
	.recv = signalfd_slots_recv,
	.fd = signalfd_slots_fd,
	.arm = signalfd_slots_arm,
	.close = signal_slots_close,
};
