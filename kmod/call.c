// SPDX-License-Identifier: GPL-2.0
/*
 * CALL and REPLY_WAIT: a round trip of a client, or a server's answer and its next
 * request, in one system call.
 *
 * What it saves is not the second system call but sleeps. Instructions of a round
 * trip on one CPU, both sides on the same lane pair, 64 bytes:
 *
 *			 6.1	 6.12	 7.3
 *   write() and read()	 11400	 11300	 16100
 *   call, then sleep	 10800	 10800	 15700
 *   give way first	 10000	 8300	 9300
 *
 * Who gives way is still runnable when the answer comes, so nobody has to wake it,
 * and it need not sleep. schedule() leaves it to the scheduler whether the peer is
 * next. yield() does not: since EEVDF it forfeits the rest of the slice, and beside
 * one busy task a round trip is 710000. need_resched() is hardly ever set by such a
 * wake-up, so cond_resched() gains nothing.
 */
#include <linux/file.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/stat.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "call.h"

/*
 * Alone on this CPU there is nobody to give way to: the peer runs elsewhere. The
 * count may be wrong the moment after; then we sleep, or are back at once.
 */
static void ipcring_give_way(void)
{
	if (!single_task_running())
		schedule();
}

static unsigned int ipcring_rpc_wake(const struct ipcring_rpc *rpc)
{
	return rpc->param.flags & IPCRING_CALL_HERE ? IPCRING_WAKE_HERE : IPCRING_WAKE_PLAIN;
}

static int ipcring_rpc_send(struct ipcring_rpc *rpc, unsigned int how)
{
	const struct ipcring_call *param = &rpc->param;
	void __user *buf = u64_to_user_ptr(param->send_buf);
	struct iov_iter from;
	ssize_t ret;

	if (!access_ok(buf, param->send_len))
		return -EFAULT;
	iov_iter_ubuf(&from, ITER_SOURCE, buf, param->send_len);
	ret = ipcring_try_send(rpc->send, &from, how | ipcring_rpc_wake(rpc));
	return ret < 0 ? ret : 0;
}

static int ipcring_rpc_recv(struct ipcring_rpc *rpc, unsigned int how)
{
	struct ipcring_call *param = &rpc->param;
	void __user *buf = u64_to_user_ptr(param->recv_buf);
	struct iov_iter to;
	ssize_t ret;
	u32 lane;

	if (!access_ok(buf, param->recv_len))
		return -EFAULT;
	iov_iter_ubuf(&to, ITER_DEST, buf, param->recv_len);
	ret = ipcring_try_recv(rpc->recv, &to, how, &lane);
	if (ret < 0)
		return ret;
	param->recv_len = ret;
	param->lane = lane;
	return 0;
}

/**
 * ipcring_rpc_try() - go on with a call as far as possible without waiting for peers
 * @rpc:	the call
 * @how:	IPCRING_NOWAIT or 0
 *
 * Gives way to the peer between the halves unless IPCRING_NOWAIT.
 *
 * Return: 0 received; -EAGAIN wait for ipcring_rpc_side(), then try again; else an
 * error of struct ipcring_call, where param.sent says whose.
 */
int ipcring_rpc_try(struct ipcring_rpc *rpc, unsigned int how)
{
	int ret;

	if (!rpc->param.sent) {
		ret = rpc->send ? ipcring_rpc_send(rpc, how) : 0;
		if (ret && (ret != -EPIPE || !rpc->serves))
			return ret;
		rpc->param.sent = 1;
		if (rpc->send && !(how & IPCRING_NOWAIT) && ipcring_look(rpc->recv, 0) == -EAGAIN)
			ipcring_give_way();
	}
	return ipcring_rpc_recv(rpc, how);
}

/**
 * ipcring_rpc_sleep() - sleep until a call can go on
 * @rpc:	the call, for which ipcring_rpc_try() said -EAGAIN
 * @deadline:	as ipcring_sleep()
 *
 * Return: 0 try again; -ETIMEDOUT, -ERESTARTSYS, -EPIPE, -EBADMSG.
 */
int ipcring_rpc_sleep(struct ipcring_rpc *rpc, ktime_t *deadline)
{
	int ret = ipcring_sleep(ipcring_rpc_side(rpc), ipcring_rpc_need(rpc), deadline);

	/* The next attempt knows what a hangup means for what was to be sent. */
	return ret == -EPIPE && !rpc->param.sent ? 0 : ret;
}

static int ipcring_rpc_open(struct ipcring_rpc *rpc, struct ipcring_end *end)
{
	struct ipcring_end *other;

	rpc->serves = end->role == IPCRING_ROLE_CONSUMER;
	rpc->send = NULL;
	rpc->recv = end;
	rpc->other = NULL;
	if (rpc->serves && rpc->param.fd == -1)
		return 0;

	rpc->other = fget(rpc->param.fd);
	if (!rpc->other)
		return -EBADF;
	other = ipcring_file_end(rpc->other);
	if (!other || other->role == end->role) {
		fput(rpc->other);
		return -EINVAL;
	}
	rpc->send = rpc->serves ? other : end;
	rpc->recv = rpc->serves ? end : other;
	return 0;
}

/**
 * ipcring_rpc_begin() - start a call
 * @rpc:	the call, to be ended with ipcring_rpc_end() if this succeeds
 * @end:	the side that it is called on: a producer's is a client's
 * @arg:	the user's struct ipcring_call, read once
 *
 * Return: 0, -EFAULT, -EINVAL, -E2BIG, -EBADF.
 */
int ipcring_rpc_begin(struct ipcring_rpc *rpc, struct ipcring_end *end, const void __user *arg)
{
	int ret;

	ret = ipcring_copy_param(&rpc->param, sizeof(rpc->param), sizeof(rpc->param), arg);
	if (ret)
		return ret;
	ret = ipcring_check_call(&rpc->param, end->role);
	if (ret)
		return ret;
	return ipcring_rpc_open(rpc, end);
}

/**
 * ipcring_rpc_report() - tell the user how far a call came
 * @rpc:	the call
 * @arg:	the user's struct ipcring_call
 *
 * Return: 0, -EFAULT.
 */
int ipcring_rpc_report(const struct ipcring_rpc *rpc, void __user *arg)
{
	struct ipcring_call __user *call = arg;

	if (put_user(rpc->param.sent, &call->sent) ||
	    put_user(rpc->param.recv_len, &call->recv_len) ||
	    put_user(rpc->param.lane, &call->lane))
		return -EFAULT;
	return 0;
}

/**
 * ipcring_rpc_end() - let go of what ipcring_rpc_begin() took
 * @rpc:	the call
 */
void ipcring_rpc_end(struct ipcring_rpc *rpc)
{
	if (rpc->other)
		fput(rpc->other);
}

/* A peer that stores a position to and fro must not keep a killed task from dying. */
static int ipcring_rpc_wait(struct ipcring_rpc *rpc)
{
	ktime_t deadline = min_t(u64, rpc->param.deadline, KTIME_MAX);
	int ret;

	do {
		ret = ipcring_rpc_try(rpc, 0);
		if (ret != -EAGAIN)
			return ret;
		ret = ipcring_rpc_sleep(rpc, deadline == KTIME_MAX ? NULL : &deadline);
		if (ret)
			return ret;
	} while (!fatal_signal_pending(current));
	ipcring_baton(rpc->recv);
	return -EINTR;
}

/**
 * ipcring_ioc_call() - IPCRING_IOC_CALL on a producer, IPCRING_IOC_REPLY_WAIT on a
 *			consumer
 * @end:	the side
 * @arg:	the user's struct ipcring_call
 *
 * Context: may sleep; no locks held.
 * Return: 0, or as struct ipcring_call.
 */
long ipcring_ioc_call(struct ipcring_end *end, void __user *arg)
{
	struct ipcring_rpc rpc;
	int ret;

	ret = ipcring_rpc_begin(&rpc, end, arg);
	if (ret)
		return ret;
	ret = ipcring_rpc_wait(&rpc);
	/* Also when it was cut short: @sent keeps a restart from sending twice. */
	if (ipcring_rpc_report(&rpc, arg))
		ret = -EFAULT;
	ipcring_rpc_end(&rpc);
	return ret;
}
