// SPDX-License-Identifier: GPL-2.0
/* sigqueue-slots: slots in shared memory, queued signals that sigtimedwait() takes. */
#define _GNU_SOURCE
#include <errno.h>
#include "signal_slots.h"

static const struct timespec sigqueue_slots_now;

/* A free slot wakes nobody who waits for a message. */
static int sigqueue_slots_attach(struct mech *m)
{
	struct signal_slots *s = m->priv;
	int ret = signal_slots_attach(m);

	sigdelset(&s->set[MECH_IN], SIGNAL_SLOTS_FREE);
	return ret;
}

static int sigqueue_slots_take(struct mech *m, enum mech_dir dir)
{
	return signal_slots_take(m->priv, dir, m->nowait ? &sigqueue_slots_now : NULL);
}

static int sigqueue_slots_send(struct mech *m, const void *buf)
{
	return signal_slots_send(m, buf, sigqueue_slots_take);
}

/*
 * Who answers has a free slot's signal there by then: the kernel looks for a message behind
 * all of them, so they are not left to pile up.
 */
static int sigqueue_slots_recv(struct mech *m, void *buf)
{
	struct signal_slots *s = m->priv;
	int ret = signal_slots_recv(m, buf, sigqueue_slots_take);

	if (ret || s->nfree == s->slots)
		return ret;
	ret = signal_slots_take(s, MECH_OUT, &sigqueue_slots_now);
	return ret == -EAGAIN ? 0 : ret;
}

/* A sender writes si_pid itself, and the kernel lets it: that is nobody's word. */
const struct mech_ops mech_sigqueue_slots = {
	.name = "sigqueue-slots",
	.summary = "slots in shared memory, queued signals, sigwaitinfo()",
	.choices = "at most 128 slots each way, for RLIMIT_SIGPENDING; blocked real-time signals that say which slot; rt_sigqueueinfo() itself (sigqueue() asks for pid and uid first), sleeps in sigtimedwait()",
	.rev = 1,
	.traits = MECH_T_BOUNDARIES | MECH_T_BACKPRESSURE | MECH_T_PERSISTENT | MECH_T_FANIN |
		  MECH_T_ORDER | MECH_T_DUPLEX | MECH_T_PRIORITY | MECH_T_ATOMIC | MECH_T_NOTIFIES,
	.waits = MECH_W_TRY,
	.probe = signal_slots_probe,
	.open = signal_slots_open,
	.attach = sigqueue_slots_attach,
	.leave = signal_slots_leave,
	.send = sigqueue_slots_send,
	.recv = sigqueue_slots_recv,
	.close = signal_slots_close,
};
