// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <liburing.h>
#include <stdlib.h>
#include "fd_uring.h"

/* A round trip is two entries. */
#define FD_URING_ENTRIES	4

static int fd_uring_attach(struct mech *m)
{
	struct io_uring *u = calloc(1, sizeof(*u));
	const int files[FD_URING_FILES] = {
		[FD_URING_OUT] = m->ops->fd(m, MECH_OUT), [FD_URING_IN] = m->ops->fd(m, MECH_IN),
	};
	int ret;

	m->uring = u;
	if (!u)
		return -ENOMEM;
	ret = io_uring_queue_init(FD_URING_ENTRIES, u,
				  IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);
	if (ret)
		return ret;
	ret = io_uring_register_ring_fd(u);
	return ret < 0 ? ret : io_uring_register_files(u, files, FD_URING_FILES);
}

static void fd_uring_prep_write(struct mech *m, const void *buf, size_t done, unsigned int flags)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(m->uring);

	io_uring_prep_write(sqe, FD_URING_OUT, (const char *)buf + done,
			    (unsigned int)(m->cfg.size - done), 0);
	io_uring_sqe_set_flags(sqe, IOSQE_FIXED_FILE | flags);
	io_uring_sqe_set_data64(sqe, FD_URING_OUT);
}

static void fd_uring_prep_read(struct mech *m, void *buf, size_t done)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(m->uring);

	io_uring_prep_read(sqe, FD_URING_IN, (char *)buf + done,
			   (unsigned int)(m->cfg.size - done), 0);
	io_uring_sqe_set_flags(sqe, IOSQE_FIXED_FILE);
	io_uring_sqe_set_data64(sqe, FD_URING_IN);
}

/* A part of a message, where it moves whole: what is to come belongs to the next one. */
static bool fd_uring_torn(const struct mech *m, size_t done)
{
	return done < m->cfg.size && m->ops->traits & MECH_T_BOUNDARIES;
}

/* Submit what is prepared, sleep for one completion. Its result, or -errno; @which: whose. */
static int fd_uring_run(struct mech *m, __u64 *which)
{
	struct io_uring_cqe *cqe;
	int ret;

	do {
		ret = io_uring_submit_and_wait(m->uring, 1);
	} while (ret == -EINTR);
	if (ret < 0)
		return ret;
	ret = io_uring_peek_cqe(m->uring, &cqe);
	if (ret)
		return ret;
	ret = cqe->res;
	*which = io_uring_cqe_get_data64(cqe);
	io_uring_cqe_seen(m->uring, cqe);
	return ret;
}

static int fd_uring_write(struct mech *m, const void *buf, size_t done)
{
	__u64 which;

	while (done < m->cfg.size) {
		int n;

		fd_uring_prep_write(m, buf, done, 0);
		n = fd_uring_run(m, &which);
		if (n < 0)
			return n;
		done += (size_t)n;
	}
	return 0;
}

static int fd_uring_read(struct mech *m, void *buf, size_t done)
{
	__u64 which;

	while (done < m->cfg.size) {
		int n;

		fd_uring_prep_read(m, buf, done);
		n = fd_uring_run(m, &which);
		if (n <= 0)
			return n ? n : -EPIPE;
		done += (size_t)n;
		if (fd_uring_torn(m, done))
			return -EBADMSG;
	}
	return 0;
}

static int fd_uring_send(struct mech *m, const void *buf)
{
	return fd_uring_write(m, buf, 0);
}

static int fd_uring_recv(struct mech *m, void *buf)
{
	return fd_uring_read(m, buf, 0);
}

/*
 * A write that moved all says nothing, and the read's completion is the only one. A write that
 * failed or moved a part breaks the link: then its own is, and the read did not begin.
 */
static int fd_uring_call(struct mech *m, const void *out, void *in)
{
	__u64 which = FD_URING_FILES;
	int ret;

	fd_uring_prep_write(m, out, 0, IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS);
	fd_uring_prep_read(m, in, 0);
	ret = fd_uring_run(m, &which);
	if (which == FD_URING_IN && ret > 0 && fd_uring_torn(m, (size_t)ret))
		return -EBADMSG;
	if (which == FD_URING_IN)
		return ret > 0 ? fd_uring_read(m, in, (size_t)ret) : ret ? ret : -EPIPE;
	if (ret < 0)
		return ret;
	ret = fd_uring_write(m, out, (size_t)ret);
	return ret ? ret : fd_uring_read(m, in, 0);
}

const struct mech_io fd_uring = {
	.attach = fd_uring_attach,
	.send = fd_uring_send,
	.recv = fd_uring_recv,
	.call = fd_uring_call,
};
