/* SPDX-License-Identifier: GPL-2.0 */
/* What the mechanisms that drive a ring channel by io_uring have in common. */
#ifndef IPCSCOPE_MECH_RING_URING_H
#define IPCSCOPE_MECH_RING_URING_H

#include <liburing.h>
#include <stdlib.h>
#include "ring_open.h"

/* A round trip is at most two entries. */
#define RING_URING_ENTRIES	4

/**
 * struct ring_uring - state of one instance
 * @ends:	endpoints of both channels
 * @uring:	this side's own, made by attach()
 */
struct ring_uring {
	struct ring_ends ends;
	struct io_uring uring;
};

/* Places in the table of registered files. */
enum { RING_URING_OUT, RING_URING_IN, RING_URING_FILES };

static inline int ring_uring_open(struct mech *m)
{
	struct ring_uring *r = calloc(1, sizeof(*r));

	m->priv = r;
	return r ? ring_open_channels(m, &r->ends, 0) : -ENOMEM;
}

/* One thread submits and completes: the kernel is told, and the files are its own. */
static inline int ring_uring_attach(struct mech *m)
{
	struct ring_uring *r = m->priv;
	int files[RING_URING_FILES];
	int ret;

	ring_open_choose(m, &r->ends);
	files[RING_URING_OUT] = ipcring_fd(r->ends.out[m->side]);
	files[RING_URING_IN] = ipcring_fd(r->ends.in[m->side]);
	ret = io_uring_queue_init(RING_URING_ENTRIES, &r->uring,
				  IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);

	if (ret)
		return ret;
	ret = io_uring_register_ring_fd(&r->uring);
	return ret < 0 ? ret : io_uring_register_files(&r->uring, files, RING_URING_FILES);
}

static inline struct io_uring_sqe *ring_uring_sqe(struct ring_uring *r)
{
	return io_uring_get_sqe(&r->uring);
}

/* Submit what is prepared; one completion says all. The message's length is its. */
static inline int ring_uring_run(struct mech *m)
{
	struct ring_uring *r = m->priv;
	struct io_uring_cqe *cqe;
	int ret = io_uring_submit_and_wait(&r->uring, 1);

	if (ret < 0)
		return ret;
	ret = io_uring_peek_cqe(&r->uring, &cqe);
	if (ret)
		return ret;
	ret = cqe->res;
	io_uring_cqe_seen(&r->uring, cqe);
	if (ret < 0)
		return ret;
	return (size_t)ret == m->cfg.size ? 0 : -EBADMSG;
}

/* The workers' rings went with them. */
static inline void ring_uring_close(struct mech *m)
{
	struct ring_uring *r = m->priv;

	if (r)
		ring_open_close(&r->ends);
	free(r);
}

#endif /* IPCSCOPE_MECH_RING_URING_H */
