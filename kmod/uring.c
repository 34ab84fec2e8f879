// SPDX-License-Identifier: GPL-2.0
/* IORING_OP_URING_CMD: SEND, RECV, CALL and CANCEL. */
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "compat.h"
#include "uring.h"

/**
 * ipcring_uring_features() - what commands can do on this kernel
 *
 * Return: IPCRING_FEAT_URING*, 0: the kernel has no io_uring.
 */
u64 ipcring_uring_features(void)
{
	u64 features = IPCRING_FEAT_URING;

	if (!IS_ENABLED(CONFIG_IO_URING))
		return 0;
	if (IPCRING_CAN_PARK)
		features |= IPCRING_FEAT_URING_WAIT;
	if (IPCRING_CAN_MSHOT)
		features |= IPCRING_FEAT_URING_MULTISHOT;
	return features;
}

/* Whoever shares the submission queue may write to it meanwhile: each word once. */
static int ipcring_op_read(struct ipcring_op *op, struct io_uring_cmd *cmd)
{
	const struct ipcring_uring *arg = ipcring_uring_arg(cmd);

	op->code = cmd->cmd_op;
	op->multishot = cmd->flags & IORING_URING_CMD_MULTISHOT;
	op->group = ipcring_uring_group(cmd);
	op->addr = READ_ONCE(arg->addr);
	op->len = READ_ONCE(arg->len);
	op->flags = READ_ONCE(arg->flags);
	if (cmd->flags & IORING_URING_CMD_FIXED)
		return -EINVAL;
	if (op->flags & (op->code == IPCRING_URING_CANCEL ? ~IPCRING_URING_CANCEL_ALL : ~0U))
		return -EINVAL;
	return op->multishot && op->code != IPCRING_URING_RECV ? -EINVAL : 0;
}

/* Else it would wait for room that it cannot use, or that there will never be. */
static int ipcring_op_check_len(const struct ipcring_op *op, u32 len)
{
	return len - 1 >= op->end->lane->ring.msg_size ? -EMSGSIZE : 0;
}

/* Where consumers share the work, a message is another's until it is taken. */
static int ipcring_op_check_recv(const struct ipcring_op *op)
{
	if (op->end->lane)
		return -EINVAL;
	if (op->multishot && (op->addr || op->len || op->end->chan->geo.consumers > 1))
		return -EINVAL;
	return 0;
}

static int ipcring_op_call(struct ipcring_op *op)
{
	int ret;

	ret = ipcring_rpc_begin(&op->rpc, op->end, u64_to_user_ptr(op->addr));
	if (ret)
		return ret;
	if (op->rpc.param.deadline != IPCRING_NO_TIMEOUT || op->rpc.param.size != op->len)
		ret = -EINVAL;
	else if (!op->rpc.param.sent)
		ret = ipcring_op_check_len(op, op->rpc.param.send_len);
	if (ret)
		ipcring_rpc_end(&op->rpc);
	return ret;
}

static int ipcring_op_begin(struct ipcring_op *op, struct io_uring_cmd *cmd)
{
	int ret;

	op->end = ipcring_file_end(cmd->file);
	ret = ipcring_op_read(op, cmd);
	switch (op->code) {
	case IPCRING_URING_SEND:
		if (!op->end->lane)
			return -EINVAL;
		return ret ? ret : ipcring_op_check_len(op, op->len);
	case IPCRING_URING_RECV:
		return ret ? ret : ipcring_op_check_recv(op);
	case IPCRING_URING_CALL:
		if (!op->end->lane)
			return -EINVAL;
		return ret ? ret : ipcring_op_call(op);
	case IPCRING_URING_CANCEL:
		if (!IPCRING_CAN_PARK)
			return -EOPNOTSUPP;
		return !ret && op->len ? -EINVAL : ret;
	default:
		return -EOPNOTSUPP;
	}
}

/**
 * ipcring_op_end() - let go of what a command holds
 * @op:		the command
 */
void ipcring_op_end(struct ipcring_op *op)
{
	if (op->code == IPCRING_URING_CALL)
		ipcring_rpc_end(&op->rpc);
}

static ssize_t ipcring_op_send(struct ipcring_op *op, unsigned int how)
{
	void __user *buf = u64_to_user_ptr(op->addr);
	struct iov_iter from;

	if (!access_ok(buf, op->len))
		return -EFAULT;
	iov_iter_ubuf(&from, ITER_SOURCE, buf, op->len);
	return ipcring_try_send(op->end, &from, how);
}

static ssize_t ipcring_op_recv(struct ipcring_op *op, unsigned int how)
{
	void __user *buf = u64_to_user_ptr(op->addr);
	struct iov_iter to;
	ssize_t ret;
	u32 lane;

	if (!access_ok(buf, op->len))
		return -EFAULT;
	iov_iter_ubuf(&to, ITER_DEST, buf, op->len);
	ret = ipcring_try_recv(op->end, &to, how, &lane);
	return ret == -EPIPE ? 0 : ret;
}

/* Reports also what has to wait: it may be cancelled where there is no user memory. */
static ssize_t ipcring_op_rpc(struct ipcring_op *op, unsigned int how)
{
	int ret = ipcring_rpc_try(&op->rpc, how);

	if (ipcring_rpc_report(&op->rpc, u64_to_user_ptr(op->addr)))
		return -EFAULT;
	if (ret)
		return ret;
	return op->rpc.param.recv_len;
}

/* Nobody restarts a command: a signal, or the cancellation of a worker, ends it. */
static ssize_t ipcring_op_attempt(struct ipcring_op *op, unsigned int how)
{
	ssize_t ret;

	switch (op->code) {
	case IPCRING_URING_SEND:
		ret = ipcring_op_send(op, how);
		break;
	case IPCRING_URING_RECV:
		ret = ipcring_op_recv(op, how);
		break;
	default:
		ret = ipcring_op_rpc(op, how);
	}
	return ret == -ERESTARTSYS ? -EINTR : ret;
}

/**
 * ipcring_op_try() - go on with a command as far as possible without waiting
 * @op:		the command
 * @cmd:	io_uring's side of it
 * @issue_flags: io_uring's
 *
 * Context: a task that has the submitter's memory.
 * Return: the result; -EAGAIN wait for ipcring_op_side().
 */
ssize_t ipcring_op_try(struct ipcring_op *op, struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	if (IPCRING_CAN_MSHOT && op->multishot)
		return ipcring_mshot_try(op, cmd, issue_flags);
	/* It is not refused, it will wait: no drop, and no use to arm twice. */
	if (IPCRING_CAN_PARK && ipcring_look(ipcring_op_side(op), ipcring_op_need(op)) == -EAGAIN)
		return -EAGAIN;
	return ipcring_op_attempt(op, IPCRING_NOWAIT);
}

/* Was it another thread of the same side that was in the way? The peer wakes nobody then. */
static bool ipcring_op_busy(const struct ipcring_op *op)
{
	return ipcring_look(ipcring_op_side(op), ipcring_op_need(op)) != -EAGAIN;
}

static int ipcring_op_sleep(struct ipcring_op *op)
{
	if (op->code == IPCRING_URING_CALL)
		return ipcring_rpc_sleep(&op->rpc, NULL);
	return ipcring_sleep(op->end, ipcring_op_need(op), NULL);
}

/* In a worker: io_uring interrupts it to cancel the command. */
static ssize_t ipcring_op_wait(struct ipcring_op *op)
{
	ssize_t ret;

	do {
		ret = ipcring_op_attempt(op, 0);
		if (ret != -EAGAIN)
			return ret;
		ret = ipcring_op_sleep(op);
	} while (!ret && !fatal_signal_pending(current));
	if (ret == -EPIPE && op->code == IPCRING_URING_RECV)
		return 0;
	if (ret && ret != -ERESTARTSYS)
		return ret;
	ipcring_baton(ipcring_op_side(op));
	return -EINTR;
}

/* By io_uring_cmd_done(): if this returned -EAGAIN, io_uring would ask a worker. */
static int ipcring_op_later(struct ipcring_op *op, struct io_uring_cmd *cmd,
			    unsigned int issue_flags)
{
	if (IPCRING_CAN_PARK)
		return ipcring_park(op, cmd, issue_flags);
	ipcring_op_end(op);
	io_uring_cmd_done(cmd, -EAGAIN, issue_flags);
	return -EIOCBQUEUED;
}

/**
 * ipcring_uring_cmd() - file_operations.uring_cmd of endpoints
 * @cmd:	io_uring's side of the command
 * @issue_flags: io_uring's
 *
 * Return: as struct ipcring_uring; -EIOCBQUEUED it is, or will be, completed; -EAGAIN
 * io_uring shall give it to a worker.
 */
int ipcring_uring_cmd(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	struct ipcring_op op;
	ssize_t ret;

	if (IPCRING_CAN_PARK && issue_flags & IO_URING_F_CANCEL)
		return ipcring_park_cancel(cmd, issue_flags);
	ret = ipcring_op_begin(&op, cmd);
	if (ret)
		return ret;
	if (IPCRING_CAN_PARK && op.code == IPCRING_URING_CANCEL)
		return ipcring_park_revoke(&op, cmd, issue_flags);
	if (!(issue_flags & IO_URING_F_IOWQ))
		ret = ipcring_op_try(&op, cmd, issue_flags);
	else if (!op.multishot)
		ret = ipcring_op_wait(&op);
	else	/* Only its submitter posts what is not its last completion. */
		ret = -EAGAIN;
	if (ret == -EAGAIN && (IPCRING_CAN_PARK || !ipcring_op_busy(&op)))
		return ipcring_op_later(&op, cmd, issue_flags);
	ipcring_op_end(&op);
	return ipcring_uring_result(cmd, ret, issue_flags);
}
