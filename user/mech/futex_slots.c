// SPDX-License-Identifier: GPL-2.0
/*
 * futex-slots: a counting semaphore in one word, and a futex. Counting is in user space;
 * the kernel is asked to sleep, and once for each sleep to wake: what sem_t, whose posts
 * ask until the woken one has run, does not do.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "slots.h"

/* In the word: one for each notification, and below them whether somebody sleeps. */
#define FUTEX_SLOTS_SLEEPS	1u
#define FUTEX_SLOTS_ONE		2u

static _Atomic uint32_t *futex_slots_word(struct mech *m, enum mech_side from, enum slots_kind kind)
{
	struct slots *s = m->priv;

	return (_Atomic uint32_t *)s->lane[from]->count[kind];
}

static int futex_slots_open(struct mech *m)
{
	struct slots *s = calloc(1, sizeof(*s));
	int ret;

	m->priv = s;
	if (!s)
		return -ENOMEM;
	ret = slots_open(s, m->cfg.size);
	for (int side = 0; !ret && side < SIDE_COUNT; side++)
		*futex_slots_word(m, side, SLOTS_FREE) = s->slots * FUTEX_SLOTS_ONE;
	return ret;
}

/* @leave: bits that are set in the word from then on. */
static bool futex_slots_take(_Atomic uint32_t *word, uint32_t leave)
{
	uint32_t old = atomic_load_explicit(word, memory_order_relaxed);

	while (old >= FUTEX_SLOTS_ONE)
		if (atomic_compare_exchange_weak_explicit(word, &old,
							  (old - FUTEX_SLOTS_ONE) | leave,
							  memory_order_acquire,
							  memory_order_relaxed))
			return true;
	return false;
}

/*
 * Who posts clears the bit and wakes one. Where others may sleep, too, the one that was woken
 * sets it again, so that the next post, at the latest for its own message, wakes another.
 */
static int futex_slots_sleep(_Atomic uint32_t *word, uint32_t leave)
{
	while (!futex_slots_take(word, leave)) {
		uint32_t none = 0;

		if (!atomic_compare_exchange_strong(word, &none, FUTEX_SLOTS_SLEEPS) &&
		    none != FUTEX_SLOTS_SLEEPS)
			continue;
		if (syscall(SYS_futex, word, FUTEX_WAIT, FUTEX_SLOTS_SLEEPS, NULL, NULL, 0) &&
		    errno != EAGAIN && errno != EINTR)
			return -errno;
	}
	return 0;
}

static int futex_slots_wait(struct mech *m, enum mech_side from, enum slots_kind kind)
{
	const bool crowd = kind == SLOTS_FREE && m->cfg.senders > 1;
	_Atomic uint32_t *word = futex_slots_word(m, from, kind);

	if (futex_slots_take(word, 0))
		return 0;
	return m->nowait ? -EAGAIN : futex_slots_sleep(word, crowd ? FUTEX_SLOTS_SLEEPS : 0);
}

static int futex_slots_post(struct mech *m, enum mech_side from, enum slots_kind kind)
{
	_Atomic uint32_t *word = futex_slots_word(m, from, kind);
	uint32_t old = atomic_load_explicit(word, memory_order_relaxed);

	while (!atomic_compare_exchange_weak_explicit(word, &old, (old & ~FUTEX_SLOTS_SLEEPS) +
						      FUTEX_SLOTS_ONE, memory_order_release,
						      memory_order_relaxed))
		;
	if (!(old & FUTEX_SLOTS_SLEEPS))
		return 0;
	return syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0) < 0 ? -errno : 0;
}

static int futex_slots_send(struct mech *m, const void *buf)
{
	return slots_send(m, m->priv, buf, futex_slots_wait, futex_slots_post);
}

static int futex_slots_recv(struct mech *m, void *buf)
{
	return slots_recv(m, m->priv, buf, futex_slots_wait, futex_slots_post);
}

const struct mech_ops mech_futex_slots = {
	.name = "futex-slots",
	.summary = "slots in shared memory, counted in a word with a futex",
	.choices = "64 KiB of slots each way; one word counts and says whether somebody sleeps: FUTEX_WAKE only then, and once; sleeps in FUTEX_WAIT",
	.rev = 1,
	.traits = MECH_T_BOUNDARIES | MECH_T_BACKPRESSURE | MECH_T_PERSISTENT | MECH_T_FANIN |
		  MECH_T_ORDER | MECH_T_DUPLEX | MECH_T_ATOMIC | MECH_T_NOTIFIES,
	.waits = MECH_W_TRY,
	.open = futex_slots_open,
	.attach = slots_attach_hook,
	.leave = slots_leave_hook,
	.send = futex_slots_send,
	.recv = futex_slots_recv,
	.close = slots_close_hook,
};
