/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libipcring with liburing: IORING_OP_URING_CMD on endpoints of the module
 * (ipcring_backend() says so; flag IPCRING_COPY, ipcring_fd()). What a command
 * returns, and when it waits: struct ipcring_uring in <linux/ipcring.h>.
 */
#ifndef IPCRING_URING_H
#define IPCRING_URING_H

#include <string.h>
#include <liburing.h>
#include <linux/ipcring.h>

/* Newer than liburing 2.3. */
#define IPCRING_URING_MULTISHOT	(1u << 1)	/* IORING_URING_CMD_MULTISHOT */

static inline void io_uring_prep_ipcring(struct io_uring_sqe *sqe, __u32 op, int fd,
					 const void *addr, __u32 len)
{
	struct ipcring_uring cmd;

	cmd.addr = (__u64)(size_t)addr;
	cmd.len = len;
	cmd.flags = 0;
	io_uring_prep_rw(IORING_OP_URING_CMD, sqe, fd, NULL, 0, 0);
	sqe->cmd_op = op;
	memcpy(sqe->cmd, &cmd, sizeof(cmd));
}

/**
 * io_uring_prep_ipcring_send() - as write() on a producer fd
 * @sqe:	entry to fill
 * @fd:		producer
 * @buf:	payload, stays until the completion
 * @len:	its bytes, 1..msg_size
 */
static inline void io_uring_prep_ipcring_send(struct io_uring_sqe *sqe, int fd, const void *buf,
					      __u32 len)
{
	io_uring_prep_ipcring(sqe, IPCRING_URING_SEND, fd, buf, len);
}

/**
 * io_uring_prep_ipcring_recv() - as read() on a consumer fd
 * @sqe:	entry to fill
 * @fd:		consumer
 * @buf:	room for the payload, stays until the completion
 * @len:	bytes of it
 */
static inline void io_uring_prep_ipcring_recv(struct io_uring_sqe *sqe, int fd, void *buf,
					      __u32 len)
{
	io_uring_prep_ipcring(sqe, IPCRING_URING_RECV, fd, buf, len);
}

/**
 * io_uring_prep_ipcring_recv_multishot() - one completion a message
 * @sqe:	entry to fill
 * @fd:		consumer
 * @group:	buffer group that the messages go into
 *
 * Needs IPCRING_FEAT_URING_MULTISHOT.
 */
static inline void io_uring_prep_ipcring_recv_multishot(struct io_uring_sqe *sqe, int fd,
							__u16 group)
{
	io_uring_prep_ipcring(sqe, IPCRING_URING_RECV, fd, NULL, 0);
	sqe->rw_flags = IPCRING_URING_MULTISHOT;	/* a union with uring_cmd_flags */
	sqe->buf_group = group;
}

/**
 * io_uring_prep_ipcring_call() - as IPCRING_IOC_CALL
 * @sqe:	entry to fill
 * @fd:		producer
 * @call:	stays until the completion; @deadline IPCRING_NO_TIMEOUT
 */
static inline void io_uring_prep_ipcring_call(struct io_uring_sqe *sqe, int fd,
					      struct ipcring_call *call)
{
	io_uring_prep_ipcring(sqe, IPCRING_URING_CALL, fd, call, (__u32)sizeof(*call));
}

/**
 * io_uring_prep_ipcring_cancel() - end commands that wait on an endpoint
 * @sqe:	entry to fill
 * @fd:		the endpoint that they were submitted to, by this ring
 * @data:	their user_data
 * @flags:	0: one of them; IPCRING_URING_CANCEL_ALL
 *
 * Completes with their number, or -ENOENT; each of them with -ECANCELED. Those that
 * were submitted with IOSQE_ASYNC are found by io_uring_prep_cancel64() instead.
 *
 * Needs IPCRING_FEAT_URING_WAIT.
 */
static inline void io_uring_prep_ipcring_cancel(struct io_uring_sqe *sqe, int fd, __u64 data,
						__u32 flags)
{
	struct ipcring_uring cmd;

	io_uring_prep_ipcring(sqe, IPCRING_URING_CANCEL, fd, NULL, 0);
	cmd.addr = data;
	cmd.len = 0;
	cmd.flags = flags;
	memcpy(sqe->cmd, &cmd, sizeof(cmd));
}

#endif /* IPCRING_URING_H */
