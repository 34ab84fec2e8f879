/* SPDX-License-Identifier: GPL-2.0 */
/*
 * IORING_OP_URING_CMD on endpoints.
 *
 * Who submits decides how a command waits. A worker of io_uring's (IOSQE_ASYNC) sleeps
 * in it as in a system call. Otherwise nobody may sleep: the command is parked (park.c)
 * where the kernel can cancel what is parked, and ends with -EAGAIN where it cannot.
 */
#ifndef IPCRING_URING_H
#define IPCRING_URING_H

#include "call.h"

struct io_uring_cmd;

/**
 * struct ipcring_op - a command, read once from the shared submission queue
 * @code:	IPCRING_URING_*
 * @group:	RECV multishot: where the buffers come from
 * @multishot:	RECV: once a message
 * @end:	the side that it was submitted to
 * @addr:	struct ipcring_uring.addr
 * @len:	struct ipcring_uring.len
 * @flags:	struct ipcring_uring.flags
 * @rpc:	CALL only
 */
struct ipcring_op {
	u32 code;
	u16 group;
	bool multishot;
	struct ipcring_end *end;
	u64 addr;
	u32 len;
	u32 flags;
	struct ipcring_rpc rpc;
};

/* The side that the command waits for when it cannot go on. */
static inline struct ipcring_end *ipcring_op_side(const struct ipcring_op *op)
{
	return op->code == IPCRING_URING_CALL ? ipcring_rpc_side(&op->rpc) : op->end;
}

/* Payload that it needs room for there. */
static inline u32 ipcring_op_need(const struct ipcring_op *op)
{
	if (op->code == IPCRING_URING_CALL)
		return ipcring_rpc_need(&op->rpc);
	return op->code == IPCRING_URING_SEND ? op->len : 0;
}

/* uring.c */
u64 ipcring_uring_features(void);
int ipcring_uring_cmd(struct io_uring_cmd *cmd, unsigned int issue_flags);
ssize_t ipcring_op_try(struct ipcring_op *op, struct io_uring_cmd *cmd, unsigned int issue_flags);
void ipcring_op_end(struct ipcring_op *op);

/* park.c, where IPCRING_CAN_PARK */
int ipcring_park(struct ipcring_op *op, struct io_uring_cmd *cmd, unsigned int issue_flags);
int ipcring_park_cancel(struct io_uring_cmd *cmd, unsigned int issue_flags);
int ipcring_park_revoke(const struct ipcring_op *op, struct io_uring_cmd *cmd,
			unsigned int issue_flags);

/* mshot.c, where IPCRING_CAN_MSHOT */
ssize_t ipcring_mshot_try(struct ipcring_op *op, struct io_uring_cmd *cmd,
			  unsigned int issue_flags);

#endif /* IPCRING_URING_H */
