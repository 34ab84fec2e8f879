// SPDX-License-Identifier: GPL-2.0
/*
 * msg-ring-slots: a slot in shared memory for each message, and an entry IORING_OP_MSG_RING
 * that posts its position, 64 bits, as a completion to the other process' io_uring. Room is
 * told in the same way, but only to a sender that found none.
 */
#define _GNU_SOURCE
#include "msg_ring.h"

/* No position of a message: there is room again; and: what we posted did not arrive. */
#define MSG_RING_ROOM	(~0ULL)
#define MSG_RING_FAILED	(~0ULL - 1)

static void msg_ring_prep(struct mech *m, __u64 what)
{
	struct msg_ring *r = m->priv;
	struct io_uring_sqe *sqe = io_uring_get_sqe(&r->uring[m->side]);

	io_uring_prep_msg_ring(sqe, r->uring[!m->side].ring_fd, (__u32)m->cfg.size, what, 0);
	io_uring_sqe_set_flags(sqe, IOSQE_CQE_SKIP_SUCCESS);
	io_uring_sqe_set_data64(sqe, MSG_RING_FAILED);
}

/* Take all completions that there are: counted are messages, who waits for room looks anew. */
static int msg_ring_reap(struct mech *m)
{
	struct msg_ring *r = m->priv;
	const __u64 next = shm_ring_in(&r->shm, m)->pos;
	struct io_uring_cqe *cqe;
	unsigned int head, n = 0;
	int ret = 0;

	io_uring_for_each_cqe(&r->uring[m->side], head, cqe) {
		const __u64 what = io_uring_cqe_get_data64(cqe);

		n++;
		if (what == MSG_RING_FAILED)
			ret = cqe->res;
		else if (what == next + r->messages)
			r->messages++;
		else if (what != MSG_RING_ROOM)
			ret = -EBADMSG;
	}
	io_uring_cq_advance(&r->uring[m->side], n);
	return ret;
}

/* Submit what is prepared, and sleep for @completions. */
static int msg_ring_enter(struct mech *m, unsigned int completions)
{
	struct msg_ring *r = m->priv;
	int ret;

	do {
		ret = io_uring_submit_and_wait(&r->uring[m->side], completions);
	} while (ret == -EINTR);
	return ret < 0 ? ret : msg_ring_reap(m);
}

/* Fill a slot, and prepare to say so. */
static int msg_ring_put(struct mech *m, const void *buf)
{
	struct msg_ring *r = m->priv;
	struct ipcring_cursor *out = shm_ring_out(&r->shm, m);
	const __u64 pos = out->pos;
	int ret;

	while ((ret = ipcring_put(out, buf, (__u32)m->cfg.size)) == -EAGAIN) {
		if (shm_ring_arm(&out->ring, MECH_OUT))
			ret = msg_ring_enter(m, 1);
		if (ret && ret != -EAGAIN)
			return ret;
	}
	if (!ret)
		msg_ring_prep(m, pos);
	return ret;
}

static int msg_ring_send(struct mech *m, const void *buf)
{
	int ret = msg_ring_put(m, buf);

	return ret ? ret : msg_ring_enter(m, 0);
}

static int msg_ring_recv(struct mech *m, void *buf)
{
	struct msg_ring *r = m->priv;
	struct ipcring_cursor *in = shm_ring_in(&r->shm, m);
	bool asked;
	__u32 len;
	int ret = msg_ring_reap(m);

	while (!ret && !r->messages)
		ret = msg_ring_enter(m, 1);
	if (!ret)
		ret = ipcring_pop(in, buf, (__u32)m->cfg.size, &len, &asked);
	if (ret)
		return ret;
	r->messages--;
	if (len != m->cfg.size)
		return -EBADMSG;
	if (!asked)
		return 0;
	msg_ring_prep(m, MSG_RING_ROOM);
	return msg_ring_enter(m, 0);
}

/* One system call posts, and sleeps for the answer. */
static int msg_ring_call(struct mech *m, const void *out, void *in)
{
	int ret = msg_ring_put(m, out);

	if (!ret)
		ret = msg_ring_enter(m, 1);
	return ret ? ret : msg_ring_recv(m, in);
}

const struct mech_ops mech_msg_ring = {
	.name = "msg-ring-slots",
	.summary = "slots in shared memory, told by IORING_OP_MSG_RING from io_uring to io_uring",
	.choices = "64 KiB of slots each way, twice as many completions; a round trip is one io_uring_enter() on each side; no DEFER_TASKRUN: the other side may not be there yet",
	.rev = 1,
	.traits = MECH_T_BOUNDARIES | MECH_T_ORDER | MECH_T_BACKPRESSURE | MECH_T_PERSISTENT |
		  MECH_T_NOTIFIES,
	.waits = MECH_W_URING,
	.probe = msg_ring_probe,
	.open = msg_ring_open,
	.attach = msg_ring_attach,
	.leave = msg_ring_leave,
	.send = msg_ring_send,
	.recv = msg_ring_recv,
	.call = msg_ring_call,
	.close = msg_ring_close,
};
