// SPDX-License-Identifier: GPL-2.0
/* WAIT_URING for eventfd-slots: what is read and written there, by io_uring. */
#define _GNU_SOURCE
#include <liburing.h>
#include <stdlib.h>
#include "eventfd_slots.h"
#include "fd_uring.h"

/* One operation at a time. */
#define EVENTFD_SLOTS_ENTRIES	2
/* Place in the table of registered files. */
#define EVENTFD_SLOTS_FILE(from, kind)	((int)(from) * SLOTS_KINDS + (int)(kind))

static int eventfd_slots_uring_attach(struct mech *m)
{
	struct io_uring *u = calloc(1, sizeof(*u));
	struct eventfd_slots *e = m->priv;
	int ret;

	m->uring = u;
	if (!u)
		return -ENOMEM;
	ret = io_uring_queue_init(EVENTFD_SLOTS_ENTRIES, u,
				  IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);
	if (ret)
		return ret;
	ret = io_uring_register_ring_fd(u);
	return ret < 0 ? ret : io_uring_register_files(u, e->fd[0], SIDE_COUNT * SLOTS_KINDS);
}

static int eventfd_slots_uring_run(struct mech *m, struct io_uring_sqe *sqe)
{
	int ret;

	io_uring_sqe_set_flags(sqe, IOSQE_FIXED_FILE);
	ret = fd_uring_run(m->uring, NULL);
	return ret < 0 ? ret : 0;
}

/* A read whose wake-ups others are too often faster at gives up: once more, then. */
static int eventfd_slots_uring_wait(struct mech *m, enum mech_side from, enum slots_kind kind)
{
	struct io_uring_sqe *sqe;
	uint64_t one;
	int ret;

	do {
		sqe = io_uring_get_sqe(m->uring);
		io_uring_prep_read(sqe, EVENTFD_SLOTS_FILE(from, kind), &one, sizeof(one), 0);
		ret = eventfd_slots_uring_run(m, sqe);
	} while (ret == -EAGAIN);
	return ret;
}

static int eventfd_slots_uring_post(struct mech *m, enum mech_side from, enum slots_kind kind)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(m->uring);
	const uint64_t one = 1;

	io_uring_prep_write(sqe, EVENTFD_SLOTS_FILE(from, kind), &one, sizeof(one), 0);
	return eventfd_slots_uring_run(m, sqe);
}

static int eventfd_slots_uring_send(struct mech *m, const void *buf)
{
	return slots_send(m, m->priv, buf, eventfd_slots_uring_wait, eventfd_slots_uring_post);
}

static int eventfd_slots_uring_recv(struct mech *m, void *buf)
{
	return slots_recv(m, m->priv, buf, eventfd_slots_uring_wait, eventfd_slots_uring_post);
}

const struct mech_io eventfd_slots_uring = {
	.attach = eventfd_slots_uring_attach,
	.send = eventfd_slots_uring_send,
	.recv = eventfd_slots_uring_recv,
};
