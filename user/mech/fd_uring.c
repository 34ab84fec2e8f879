// SPDX-License-Identifier: GPL-2.0
/* What the measured loop does with the io_uring of fd_uring_ring.c. */
#define _GNU_SOURCE
#include <sys/socket.h>
#include "fd_uring.h"

/* MSG_WAITALL: io_uring itself goes on with what moved in part only. */
static void fd_uring_prep_out(struct mech *m, const void *buf, size_t done, unsigned int flags)
{
	struct fd_uring_state *s = m->uring;
	struct io_uring_sqe *sqe = io_uring_get_sqe(&s->ring);
	const char *from = (const char *)buf + done;
	const size_t len = m->cfg.size - done;

	if (s->stream[FD_URING_OUT])
		io_uring_prep_send(sqe, FD_URING_OUT, from, len, MSG_NOSIGNAL | MSG_WAITALL);
	else
		io_uring_prep_write(sqe, FD_URING_OUT, from, (unsigned int)len, 0);
	io_uring_sqe_set_flags(sqe, IOSQE_FIXED_FILE | flags);
	io_uring_sqe_set_data64(sqe, FD_URING_OUT);
}

static void fd_uring_prep_in(struct mech *m, void *buf, size_t done)
{
	struct fd_uring_state *s = m->uring;
	struct io_uring_sqe *sqe = io_uring_get_sqe(&s->ring);
	char *to = (char *)buf + done;
	const size_t len = m->cfg.size - done;

	if (s->stream[FD_URING_IN])
		io_uring_prep_recv(sqe, FD_URING_IN, to, len, MSG_WAITALL);
	else
		io_uring_prep_read(sqe, FD_URING_IN, to, (unsigned int)len, 0);
	io_uring_sqe_set_flags(sqe, IOSQE_FIXED_FILE);
	io_uring_sqe_set_data64(sqe, FD_URING_IN);
}

/* A part of a message, where it moves whole: what is to come belongs to the next one. */
static bool fd_uring_torn(const struct mech *m, size_t done)
{
	return done < m->cfg.size && m->ops->traits & MECH_T_BOUNDARIES;
}

/*
 * -EAGAIN: it was woken, found that another had been faster, and gave up after some turns. Once
 * more, then.
 */
static int fd_uring_write(struct mech *m, const void *buf, size_t done)
{
	struct fd_uring_state *s = m->uring;

	while (done < m->cfg.size) {
		int n;

		fd_uring_prep_out(m, buf, done, 0);
		n = fd_uring_run(&s->ring, NULL);
		if (n < 0 && n != -EAGAIN)
			return n;
		done += n < 0 ? 0 : (size_t)n;
	}
	return 0;
}

static int fd_uring_read(struct mech *m, void *buf, size_t done)
{
	struct fd_uring_state *s = m->uring;

	while (done < m->cfg.size) {
		int n;

		fd_uring_prep_in(m, buf, done);
		n = fd_uring_run(&s->ring, NULL);
		if (n == -EAGAIN)
			continue;
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

/* How a read that was linked ended: the rest is an entry of its own. */
static int fd_uring_linked(struct mech *m, void *in, int n)
{
	if (n < 0 && n != -EAGAIN)
		return n;
	if (!n)
		return -EPIPE;
	if (n > 0 && fd_uring_torn(m, (size_t)n))
		return -EBADMSG;
	return fd_uring_read(m, in, n < 0 ? 0 : (size_t)n);
}

/*
 * A write that moved all says nothing, and the read's completion is the only one. A write that
 * failed or moved a part breaks the link: then its own is, and the read did not begin.
 */
static int fd_uring_call(struct mech *m, const void *out, void *in)
{
	struct fd_uring_state *s = m->uring;
	__u64 which = FD_URING_FILES;
	int ret;

	fd_uring_prep_out(m, out, 0, IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS);
	fd_uring_prep_in(m, in, 0);
	ret = fd_uring_run(&s->ring, &which);
	if (which == FD_URING_IN)
		return fd_uring_linked(m, in, ret);
	if (which != FD_URING_OUT || (ret < 0 && ret != -EAGAIN))
		return ret;
	ret = fd_uring_write(m, out, ret < 0 ? 0 : (size_t)ret);
	return ret ? ret : fd_uring_read(m, in, 0);
}

const struct mech_io fd_uring = {
	.attach = fd_uring_attach,
	.send = fd_uring_send,
	.recv = fd_uring_recv,
	.call = fd_uring_call,
};
