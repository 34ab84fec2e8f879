/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The newest kernel's names on older kernels. No other file of the module knows
 * that kernels differ; kmod/Kbuild probes the headers for IPCRING_HAS_*.
 */
#ifndef IPCRING_COMPAT_H
#define IPCRING_COMPAT_H

#include <linux/bits.h>
#include <linux/mm.h>
#ifdef IPCRING_HAS_io_uring_cmd_mark_cancelable
#include <linux/io_uring/cmd.h>
#else
#include <linux/io_uring.h>
#endif
#include <uapi/linux/ipcring.h>

/* Before 6.3 drivers wrote vma->vm_flags themselves. */
#ifndef IPCRING_HAS_vm_flags_set
static inline void vm_flags_set(struct vm_area_struct *vma, unsigned long flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, unsigned long flags)
{
	vma->vm_flags &= ~flags;
}
#endif

/*
 * The way to wake onto this CPU, since 6.6: default_wake_function() takes
 * WF_CURRENT_CPU, a number of kernel/sched/sched.h. It travels in the upper half of
 * the wake-up's key, whose lower half are poll()'s events.
 */
#if defined(IPCRING_HAS___wake_up_on_current_cpu) && BITS_PER_LONG == 64
#define IPCRING_WF_HERE		0x40
#define IPCRING_KEY_HERE	BIT(32)
#else
#define IPCRING_WF_HERE		0
#define IPCRING_KEY_HERE	0UL
#endif

/*
 * io_uring's commands. Before 6.7 nothing can cancel one that waits, and what a command
 * returned was taken for its failure unless it was 0. Before 6.12 task work is not told
 * that its task is dead.
 */
#ifdef IPCRING_HAS_PARK
#define IPCRING_CAN_PARK	1
#else
#define IPCRING_CAN_PARK	0
#define IO_URING_F_CANCEL	0
#endif

#ifdef IPCRING_HAS_io_uring_mshot_cmd_post_cqe
#define IPCRING_CAN_MSHOT	1
#else
#define IPCRING_CAN_MSHOT	0
#define IORING_URING_CMD_MULTISHOT	0
#endif

/* A third argument for the second half of a CQE32, until 6.18. */
#ifndef IPCRING_HAS_io_uring_cmd_done32
#define io_uring_cmd_done(cmd, ret, flags)	io_uring_cmd_done(cmd, ret, 0, flags)
#endif

/* The command's part of the SQE. */
static inline const struct ipcring_uring *ipcring_uring_arg(const struct io_uring_cmd *cmd)
{
#if defined(IPCRING_HAS_io_uring_sqe128_cmd)
	return io_uring_sqe_cmd(cmd->sqe, struct ipcring_uring);
#elif defined(IPCRING_HAS_io_uring_cmd_mark_cancelable)
	return io_uring_sqe_cmd(cmd->sqe);
#else
	return cmd->cmd;
#endif
}

/* Which buffers it asks for; 0 where it cannot. */
static inline u16 ipcring_uring_group(const struct io_uring_cmd *cmd)
{
#ifdef IPCRING_HAS_io_uring_mshot_cmd_post_cqe
	return READ_ONCE(cmd->sqe->buf_group);
#else
	return 0;
#endif
}

/* What to return from file_operations.uring_cmd. */
static inline int ipcring_uring_result(struct io_uring_cmd *cmd, int ret, unsigned int flags)
{
	if (IPCRING_CAN_PARK || ret <= 0)
		return ret;
	io_uring_cmd_done(cmd, ret, flags);
	return -EIOCBQUEUED;
}

/*
 * io_uring_cmd_complete_in_task() under the lock of a wait queue: since 7.x io_uring wants
 * to know, as it wakes others there and then.
 */
#ifdef IPCRING_HAS_IOU_F_TWQ_IN_WAKE
#define ipcring_uring_wake(cmd, tw) \
	__io_uring_cmd_do_in_task(cmd, tw, IOU_F_TWQ_IN_WAKE)
#else
#define ipcring_uring_wake(cmd, tw)	io_uring_cmd_complete_in_task(cmd, tw)
#endif

/*
 * IPCRING_TASK_WORK() - define a callback for io_uring_cmd_complete_in_task()
 * @name:	the callback
 * @work:	void work(cmd, issue_flags, dead), declared before
 */
#ifdef IPCRING_HAS_IO_URING_CMD_TASK_WORK_ISSUE_FLAGS
#define IPCRING_TASK_WORK(name, work) \
static void name(struct io_tw_req req, io_tw_token_t tw) \
{ \
	work(io_uring_cmd_from_tw(req), IO_URING_CMD_TASK_WORK_ISSUE_FLAGS, tw.cancel); \
}
#else
#define IPCRING_TASK_WORK(name, work) \
static void name(struct io_uring_cmd *cmd, unsigned int issue_flags) \
{ \
	work(cmd, issue_flags, issue_flags & IO_URING_F_TASK_DEAD); \
}
#endif

#endif /* IPCRING_COMPAT_H */
