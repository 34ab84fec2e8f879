// SPDX-License-Identifier: GPL-2.0
/* eventfd-slots: slots in shared memory, counted by four eventfds with EFD_SEMAPHORE. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "eventfd_slots.h"

static int eventfd_slots_open(struct mech *m)
{
	/* io_uring waits for such a read, and a write to another kind needs a thread of its own. */
	const int flags = EFD_SEMAPHORE | EFD_CLOEXEC |
			  (m->cfg.wait != WAIT_BLOCK ? EFD_NONBLOCK : 0);
	struct eventfd_slots *e = malloc(sizeof(*e));
	int ret;

	m->priv = e;
	if (!e)
		return -ENOMEM;
	*e = (struct eventfd_slots){ .fd = { { -1, -1 }, { -1, -1 } } };
	ret = slots_open(&e->slots, m->cfg.size);
	for (int side = 0; !ret && side < SIDE_COUNT; side++) {
		e->fd[side][SLOTS_FULL] = eventfd(0, flags);
		e->fd[side][SLOTS_FREE] = eventfd(e->slots.slots, flags);
		if (e->fd[side][SLOTS_FULL] < 0 || e->fd[side][SLOTS_FREE] < 0)
			ret = -errno;
	}
	return ret;
}

/* All processes that count are at the same ends: there is nothing to drop in attach(). */
static int eventfd_slots_leave(struct mech *m)
{
	struct eventfd_slots *e = m->priv;

	for (int side = 0; side < SIDE_COUNT; side++) {
		for (int kind = 0; kind < SLOTS_KINDS; kind++) {
			if (e->fd[side][kind] >= 0)
				close(e->fd[side][kind]);
			e->fd[side][kind] = -1;
		}
	}
	return slots_leave_hook(m);
}

/* What tries is non-blocking, and sleeps in poll() before it tries again. */
static int eventfd_slots_wait(struct mech *m, enum mech_side from, enum slots_kind kind)
{
	struct pollfd p = { .fd = ((struct eventfd_slots *)m->priv)->fd[from][kind],
			    .events = POLLIN };
	uint64_t one;

	while (read(p.fd, &one, sizeof(one)) < 0) {
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN || m->nowait)
			return -errno;
		if (poll(&p, 1, -1) < 0 && errno != EINTR)
			return -errno;
	}
	return 0;
}

static int eventfd_slots_post(struct mech *m, enum mech_side from, enum slots_kind kind)
{
	const uint64_t one = 1;

	return write(((struct eventfd_slots *)m->priv)->fd[from][kind], &one, sizeof(one)) < 0 ?
		-errno : 0;
}

static int eventfd_slots_send(struct mech *m, const void *buf)
{
	return slots_send(m, m->priv, buf, eventfd_slots_wait, eventfd_slots_post);
}

static int eventfd_slots_recv(struct mech *m, void *buf)
{
	return slots_recv(m, m->priv, buf, eventfd_slots_wait, eventfd_slots_post);
}

/* Both are read. */
static int eventfd_slots_fd(const struct mech *m, enum mech_dir dir)
{
	const struct eventfd_slots *e = m->priv;

	return dir == MECH_IN ? e->fd[!m->side][SLOTS_FULL] : e->fd[m->side][SLOTS_FREE];
}

static void eventfd_slots_close(struct mech *m)
{
	if (m->priv)
		eventfd_slots_leave(m);
	free(m->priv);
}

const struct mech_ops mech_eventfd_slots = {
	.name = "eventfd-slots",
	.summary = "slots in shared memory, counted by eventfds",
	.choices = "64 KiB of slots each way; four eventfds with EFD_SEMAPHORE: each read() takes one notification and sleeps there, non-blocking and poll() where a side tries first; uring: an entry for each read and write",
	.rev = 1,
	.traits = MECH_T_BOUNDARIES | MECH_T_BACKPRESSURE | MECH_T_PERSISTENT | MECH_T_FANIN |
		  MECH_T_ORDER | MECH_T_ATOMIC | MECH_T_NOTIFIES,
	.room_reads = true,
	.waits = MECH_W_FD,
	.open = eventfd_slots_open,
	.attach = slots_attach_hook,
	.leave = eventfd_slots_leave,
	.send = eventfd_slots_send,
	.recv = eventfd_slots_recv,
	.fd = eventfd_slots_fd,
	.uring = &eventfd_slots_uring,
	.close = eventfd_slots_close,
};
