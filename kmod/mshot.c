// SPDX-License-Identifier: GPL-2.0
/* RECV multishot: a completion a message, into buffers that io_uring provides. */
#include <linux/uio.h>

#include "compat.h"
#include "uring.h"

/* So many messages at a time, then the submitter's other task work has its turn. */
#define IPCRING_MSHOT_BATCH	32

/* One message on its way into one buffer. */
struct ipcring_mshot {
	struct io_uring_cmd *cmd;
	unsigned int issue_flags;
	struct io_br_sel sel;
	bool posted;
};

/*
 * Before the message is given back: where the completion queue has no room, it stays
 * queued, and the command ends.
 */
static bool ipcring_mshot_post(void *arg, u32 len)
{
	struct ipcring_mshot *shot = arg;

	shot->posted = true;
	shot->sel.val = len;
	return !io_uring_mshot_cmd_post_cqe(shot->cmd, &shot->sel, shot->issue_flags);
}

static ssize_t ipcring_mshot_one(struct ipcring_op *op, struct ipcring_mshot *shot)
{
	struct iov_iter to;
	size_t room = 0;
	ssize_t ret;
	u32 lane;

	shot->posted = false;
	shot->sel = io_uring_cmd_buffer_select(shot->cmd, op->group, &room, shot->issue_flags);
	if (shot->sel.val < 0)
		return shot->sel.val;
	if (!shot->sel.addr)
		return -ENOBUFS;
	iov_iter_ubuf(&to, ITER_DEST, shot->sel.addr, room);
	ret = ipcring_try_recv_then(op->end, &to, IPCRING_NOWAIT, &lane, ipcring_mshot_post, shot);
	if (!shot->posted) {
		/* Gives the buffer back, and posts nothing. */
		shot->sel.val = 0;
		io_uring_mshot_cmd_post_cqe(shot->cmd, &shot->sel, shot->issue_flags);
	}
	return ret;
}

/**
 * ipcring_mshot_try() - post what is there
 * @op:		the command
 * @cmd:	io_uring's side of it
 * @issue_flags: io_uring's
 *
 * Context: the submitter's task, with uring_lock.
 * Return: -EAGAIN there may be more later; 0 the end; -ENOBUFS, or as read().
 */
ssize_t ipcring_mshot_try(struct ipcring_op *op, struct io_uring_cmd *cmd,
			  unsigned int issue_flags)
{
	struct ipcring_mshot shot = { .cmd = cmd, .issue_flags = issue_flags };
	ssize_t ret;

	for (int i = 0; i < IPCRING_MSHOT_BATCH; i++) {
		/* First: a buffer that is not needed is better not selected. */
		if (ipcring_look(op->end, 0) == -EAGAIN)
			return -EAGAIN;
		ret = ipcring_mshot_one(op, &shot);
		if (ret <= 0)
			return ret == -EPIPE ? 0 : ret;
	}
	return -EAGAIN;
}
