// SPDX-License-Identifier: GPL-2.0
/*
 * Parked commands: io_uring commands that wait for a peer, with no task asleep.
 *
 * A parked command is an entry on the wait queue of the side that it waits for. Who
 * wakes it sends it to its submitter's task work, where user memory can be reached and
 * the command tries again. So there are three that may want it at the same time: the
 * waker, io_uring's cancellation, and the one who parks it. @state says whose it is:
 *
 *   PARKING  the parker's		-> PARKED, or RUNNING if news came
 *   NEWS     the parker's, and it was woken meanwhile	-> RUNNING
 *   PARKED   nobody's; who makes it RUNNING owns it: waker or cancellation
 *   RUNNING  its task work's, queued or running	-> PARKING, or it ends
 *
 * Who is revoked (IPCRING_URING_CANCEL) is woken, and its task work ends it: whatever its
 * state, it is still there as long as the ring's list of cancelable commands has it.
 *
 * Task work and both cancellations have the ring's uring_lock. Whoever gives a command
 * away does not touch it afterwards: it may be gone.
 *
 * A waker has the lock of a wait queue, and io_uring may wake others from there: none of
 * those wakes a side of a channel, so it does not come back.
 *
 * All entries of a queue are woken: a submitter may take its time until it looks at its
 * task work, so a message must not be one command's alone.
 */
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "compat.h"
#include "uring.h"

enum ipcring_park_state { IPCRING_PARKING, IPCRING_NEWS, IPCRING_PARKED, IPCRING_RUNNING };

/**
 * struct ipcring_park - a command that waits
 * @wait:	on the wait queue of ipcring_op_side()
 * @state:	enum ipcring_park_state
 * @cmd:	io_uring's side of it
 * @joined:	the side that it called ipcring_arm_asleep() on, or NULL
 * @revoked:	it was cancelled; under uring_lock
 * @op:		what it is
 */
struct ipcring_park {
	struct wait_queue_entry wait;
	atomic_t state;
	struct io_uring_cmd *cmd;
	struct ipcring_end *joined;
	bool revoked;
	struct ipcring_op op;
};

static void ipcring_park_work(struct io_uring_cmd *cmd, unsigned int issue_flags, bool dead);
IPCRING_TASK_WORK(ipcring_park_tw, ipcring_park_work);

static struct ipcring_park **ipcring_park_of(struct io_uring_cmd *cmd)
{
	return io_uring_cmd_to_pdu(cmd, struct ipcring_park *);
}

/* Called with the queue's lock held. */
static int ipcring_park_wake(struct wait_queue_entry *wait, unsigned int mode, int flags, void *key)
{
	struct ipcring_park *park = container_of(wait, struct ipcring_park, wait);
	int old = atomic_read(&park->state);
	int new;

	do {
		if (old != IPCRING_PARKING && old != IPCRING_PARKED)
			return 0;
		new = old == IPCRING_PARKED ? IPCRING_RUNNING : IPCRING_NEWS;
	} while (!atomic_try_cmpxchg(&park->state, &old, new));
	if (new == IPCRING_RUNNING) {
		list_del_init(&wait->entry);
		ipcring_uring_wake(park->cmd, ipcring_park_tw);
	}
	return 1;
}

/* Not each time it looks: who leaves has all others look. NULL: it waits for nobody. */
static void ipcring_park_join(struct ipcring_park *park, struct ipcring_end *end)
{
	struct ipcring_end *old = park->joined;

	if (end == old)
		return;
	park->joined = end;
	if (old)
		ipcring_leave(old);
}

/*
 * Cancelable before it is visible: a peer that completes it the moment after takes the
 * mark away again. Then as ipcring_sleep(): on the queue, in the event word, a look.
 */
static void ipcring_park_wait(struct ipcring_park *park, unsigned int issue_flags)
{
	struct ipcring_end *end = ipcring_op_side(&park->op);

	ipcring_park_join(park, end);
	atomic_set(&park->state, IPCRING_PARKING);
	io_uring_cmd_mark_cancelable(park->cmd, issue_flags);
	add_wait_queue(&end->wq, &park->wait);
	/* Or another thread of this side is at it: its end is no news from the peer. */
	if (ipcring_arm_asleep(end, ipcring_op_need(&park->op)) == -EAGAIN || ipcring_want(end)) {
		atomic64_inc(&end->waits);
		if (atomic_cmpxchg(&park->state, IPCRING_PARKING, IPCRING_PARKED) ==
		    IPCRING_PARKING)
			return;
	}
	atomic_set(&park->state, IPCRING_RUNNING);
	remove_wait_queue(&end->wq, &park->wait);
	io_uring_cmd_complete_in_task(park->cmd, ipcring_park_tw);
}

static void ipcring_park_done(struct ipcring_park *park, ssize_t ret, unsigned int issue_flags)
{
	struct io_uring_cmd *cmd = park->cmd;

	ipcring_park_join(park, NULL);
	ipcring_op_end(&park->op);
	kfree(park);
	io_uring_cmd_done(cmd, ret, issue_flags);
}

/*
 * @dead: this is not the submitter, or it exits: there is no user memory any more. Probes
 * attach here, hence the fixed name and arguments, and neither inlined nor cloned.
 */
static noinline __noclone void ipcring_park_work(struct io_uring_cmd *cmd,
						 unsigned int issue_flags, bool dead)
{
	struct ipcring_park *park = *ipcring_park_of(cmd);
	ssize_t ret = -ECANCELED;

	if (!dead && !park->revoked && !fatal_signal_pending(current))
		ret = ipcring_op_try(&park->op, cmd, issue_flags);
	if (ret == -EAGAIN)
		ipcring_park_wait(park, issue_flags);
	else
		ipcring_park_done(park, ret, issue_flags);
}

/**
 * ipcring_park() - let a command wait
 * @op:		the command; what it holds is not the caller's any more, however this ends
 * @cmd:	io_uring's side of it
 * @issue_flags: io_uring's
 *
 * Return: -EIOCBQUEUED it waits, or is completed already; -ENOMEM.
 */
int ipcring_park(struct ipcring_op *op, struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	struct ipcring_park *park = kmalloc(sizeof(*park), GFP_KERNEL_ACCOUNT);

	if (!park) {
		ipcring_op_end(op);
		return -ENOMEM;
	}
	init_waitqueue_func_entry(&park->wait, ipcring_park_wake);
	park->cmd = cmd;
	park->joined = NULL;
	park->revoked = false;
	park->op = *op;
	*ipcring_park_of(cmd) = park;
	ipcring_park_wait(park, issue_flags);
	return -EIOCBQUEUED;
}

/**
 * ipcring_park_cancel() - IO_URING_F_CANCEL: the ring or the submitter goes away
 * @cmd:	io_uring's side of the command, which is not completed yet
 * @issue_flags: io_uring's
 *
 * What is not parked just now is left to its task work, which cancels it itself or
 * parks it: io_uring asks until nothing is left.
 *
 * Context: uring_lock is held.
 * Return: 0.
 */
int ipcring_park_cancel(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	struct ipcring_park *park = *ipcring_park_of(cmd);

	if (atomic_cmpxchg(&park->state, IPCRING_PARKED, IPCRING_RUNNING) != IPCRING_PARKED)
		return 0;
	remove_wait_queue(&ipcring_op_side(&park->op)->wq, &park->wait);
	ipcring_park_done(park, -ECANCELED, issue_flags);
	return 0;
}

static bool ipcring_park_revoke_one(struct ipcring_park *park)
{
	struct wait_queue_head *wq = &ipcring_op_side(&park->op)->wq;
	unsigned long irq;

	if (park->revoked)
		return false;
	park->revoked = true;
	spin_lock_irqsave(&wq->lock, irq);
	ipcring_park_wake(&park->wait, 0, 0, NULL);
	spin_unlock_irqrestore(&wq->lock, irq);
	return true;
}

/* Those of the same file: nobody else's are known to be ours. */
static int ipcring_park_revoke_ring(const struct ipcring_op *op, struct io_ring_ctx *ctx,
				    struct file *file)
{
	struct io_kiocb *req;
	int nr = 0;

	lockdep_assert_held(&ctx->uring_lock);
	hlist_for_each_entry(req, &ctx->cancelable_uring_cmd, hash_node) {
		struct io_uring_cmd *cmd = io_kiocb_to_cmd(req, struct io_uring_cmd);

		if (cmd->file != file || req->cqe.user_data != op->addr)
			continue;
		nr += ipcring_park_revoke_one(*ipcring_park_of(cmd));
		if (nr && !(op->flags & IPCRING_URING_CANCEL_ALL))
			break;
	}
	return nr ? nr : -ENOENT;
}

/**
 * ipcring_park_revoke() - IPCRING_URING_CANCEL
 * @op:		which commands
 * @cmd:	io_uring's side of the command that cancels them
 * @issue_flags: io_uring's
 *
 * Return: how many; -ENOENT none.
 */
int ipcring_park_revoke(const struct ipcring_op *op, struct io_uring_cmd *cmd,
			unsigned int issue_flags)
{
	struct io_ring_ctx *ctx = cmd_to_io_kiocb(cmd)->ctx;
	int ret;

	/* A worker has not got it: as io_ring_submit_lock(). */
	if (issue_flags & IO_URING_F_UNLOCKED)
		mutex_lock(&ctx->uring_lock);
	ret = ipcring_park_revoke_ring(op, ctx, cmd->file);
	if (issue_flags & IO_URING_F_UNLOCKED)
		mutex_unlock(&ctx->uring_lock);
	return ret;
}
