// SPDX-License-Identifier: GPL-2.0
/* WAIT_ANY: sleep until one of several endpoints can go on. */
#include <linux/file.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "chan.h"

/* One endpoint of a struct ipcring_any. */
struct ipcring_any_entry {
	struct wait_queue_entry wait;
	struct file *file;
	struct ipcring_end *end;
};

/* @nr entries hold a reference on their file; those up to @nr_queued are queued. */
struct ipcring_any {
	u32 nr;
	u32 nr_queued;
	struct ipcring_any_entry entries[];
};

static int ipcring_any_get(struct ipcring_any *any, int fd)
{
	struct ipcring_any_entry *entry = &any->entries[any->nr];

	entry->file = fget(fd);
	if (!entry->file)
		return -EBADF;
	entry->end = ipcring_file_end(entry->file);
	if (!entry->end) {
		fput(entry->file);
		return -EINVAL;
	}
	/* Wakes, and stays queued: the endpoints are looked at after each wake-up. */
	init_waitqueue_entry(&entry->wait, current);
	any->nr++;
	return 0;
}

static void ipcring_any_put(struct ipcring_any *any)
{
	while (any->nr_queued) {
		struct ipcring_any_entry *entry = &any->entries[--any->nr_queued];

		remove_wait_queue(&entry->end->wq, &entry->wait);
	}
	while (any->nr)
		fput(any->entries[--any->nr].file);
	kfree(any);
}

/* The list is read once, an fd at a time; what it says later does not matter. */
static struct ipcring_any *ipcring_any_open(const struct ipcring_wait_any *param)
{
	const s32 __user *fds = u64_to_user_ptr(param->fds);
	struct ipcring_any *any;
	int ret = 0;
	s32 fd;

	any = kzalloc(struct_size(any, entries, param->nr), GFP_KERNEL_ACCOUNT);
	if (!any)
		return ERR_PTR(-ENOMEM);
	for (u32 i = 0; !ret && i < param->nr; i++) {
		ret = get_user(fd, fds + i);
		if (!ret)
			ret = ipcring_any_get(any, fd);
	}
	if (ret) {
		ipcring_any_put(any);
		return ERR_PTR(ret);
	}
	return any;
}

static void ipcring_any_queue(struct ipcring_any *any)
{
	while (any->nr_queued < any->nr) {
		struct ipcring_any_entry *entry = &any->entries[any->nr_queued++];

		add_wait_queue(&entry->end->wq, &entry->wait);
	}
}

/* Bit i: entry i would not have to wait. */
static u64 ipcring_any_look(struct ipcring_any *any, int (*look)(struct ipcring_end *, u32))
{
	u64 ready = 0;

	for (u32 i = 0; i < any->nr; i++) {
		struct ipcring_end *end = any->entries[i].end;

		if (look(end, end->lane ? end->chan->geo.msg_size : 0) != -EAGAIN)
			ready |= BIT_ULL(i);
	}
	return ready;
}

static void ipcring_any_count(struct ipcring_any *any)
{
	for (u32 i = 0; i < any->nr; i++)
		atomic64_inc(&any->entries[i].end->waits);
}

/* As ipcring_sleep(): visible on the queues and in the event words, then a last look. */
static int ipcring_any_sleep(struct ipcring_any *any, ktime_t *deadline, u64 *ready)
{
	bool expired = false;
	int ret = 0;

	ipcring_any_queue(any);
	do {
		/* Its barrier, and those of ipcring_arm(), pair with ipcring_wake()'s. */
		set_current_state(TASK_INTERRUPTIBLE);
		*ready = ipcring_any_look(any, ipcring_arm);
		if (*ready)
			break;
		ret = -ETIMEDOUT;
		if (expired)
			break;
		ret = -ERESTARTSYS;
		if (signal_pending(current))
			break;
		ipcring_any_count(any);
		expired = !schedule_hrtimeout_range(deadline, 0, HRTIMER_MODE_ABS);
		*ready = ipcring_any_look(any, ipcring_look);
	} while (!*ready);
	__set_current_state(TASK_RUNNING);
	return *ready ? 0 : ret;
}

static int ipcring_any_wait(struct ipcring_any *any, u64 until, u64 *ready)
{
	ktime_t deadline = min_t(u64, until, KTIME_MAX);

	*ready = ipcring_any_look(any, ipcring_look);
	if (*ready)
		return 0;
	if (!deadline)
		return -ETIMEDOUT;
	return ipcring_any_sleep(any, deadline == KTIME_MAX ? NULL : &deadline, ready);
}

/**
 * ipcring_ioc_wait_any() - IPCRING_IOC_WAIT_ANY
 * @arg:	the user's struct ipcring_wait_any
 *
 * Context: may sleep; no locks held.
 * Return: 0, or as struct ipcring_wait_any.
 */
long ipcring_ioc_wait_any(void __user *arg)
{
	struct ipcring_wait_any param;
	struct ipcring_any *any;
	int ret;

	ret = ipcring_copy_param(&param, sizeof(param), sizeof(param), arg);
	if (ret)
		return ret;
	ret = ipcring_check_wait_any(&param);
	if (ret)
		return ret;
	any = ipcring_any_open(&param);
	if (IS_ERR(any))
		return PTR_ERR(any);
	ret = ipcring_any_wait(any, param.deadline, &param.ready);
	ipcring_any_put(any);
	return ret ? ret : ipcring_copy_result(arg, &param, sizeof(param));
}
