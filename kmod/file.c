// SPDX-License-Identifier: GPL-2.0
/*
 * The files of a channel: control, endpoints, observers. Each shows in its fdinfo, as
 * "ipcring-NAME:\tVALUE", the fields of IPCRING_IOC_INFO and IPCRING_IOC_STATS under
 * their names: a producer's are of its lane, others' of all lanes together.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/seq_file.h>

#include "call.h"
#include "chan.h"
#include "uring.h"

static const struct file_operations ipcring_observer_fops;

/* @lane: a producer's, else all. */
static struct ipcring_chan *ipcring_file_chan(struct file *file, u32 *role, u32 *lane)
{
	struct ipcring_end *end = ipcring_file_end(file);

	*lane = IPCRING_LANE_ALL;
	if (!end) {
		*role = file->f_op == &ipcring_observer_fops ? IPCRING_ROLE_OBSERVER :
							       IPCRING_ROLE_CONTROL;
		return file->private_data;
	}
	*role = end->role;
	if (end->lane)
		*lane = end->lane->nr;
	return end->chan;
}

static void ipcring_file_info(struct file *file, struct ipcring_info *info)
{
	struct ipcring_chan *chan;
	u32 role, lane;

	chan = ipcring_file_chan(file, &role, &lane);
	ipcring_get_info(chan, role, lane == IPCRING_LANE_ALL ? 0 : lane, info);
}

static long ipcring_ioc_info(struct file *file, void __user *arg)
{
	struct ipcring_info param;
	int ret;

	ret = ipcring_copy_param(&param, sizeof(param), IPCRING_INFO_SIZE_V1, arg);
	if (ret)
		return ret;
	ipcring_file_info(file, &param);
	return ipcring_copy_result(arg, &param, sizeof(param));
}

static long ipcring_ioc_stats(struct file *file, void __user *arg)
{
	struct ipcring_stats param;
	struct ipcring_chan *chan;
	u32 role, lane;
	int ret;

	ret = ipcring_copy_param(&param, sizeof(param), sizeof(param), arg);
	if (ret)
		return ret;
	chan = ipcring_file_chan(file, &role, &lane);
	ret = ipcring_check_stats(&param, &chan->geo, lane);
	if (ret)
		return ret;
	ipcring_get_stats(chan, param.lane, &param);
	return ipcring_copy_result(arg, &param, sizeof(param));
}

/* What every file of a channel can be asked. */
static long ipcring_ask(struct file *file, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case IPCRING_IOC_INFO:
		return ipcring_ioc_info(file, (void __user *)arg);
	case IPCRING_IOC_STATS:
		return ipcring_ioc_stats(file, (void __user *)arg);
	default:
		return -ENOIOCTLCMD;
	}
}

/* The fields of struct ipcring_info and struct ipcring_stats, of all the file may see. */
static void ipcring_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct ipcring_stats stats = { 0 };
	struct ipcring_info info;
	struct ipcring_chan *chan;
	u32 role, lane;

	chan = ipcring_file_chan(file, &role, &lane);
	ipcring_get_stats(chan, lane, &stats);
	ipcring_file_info(file, &info);
	seq_printf(m, "ipcring-id:\t%llu\n", info.id);
	seq_printf(m, "ipcring-role:\t%u\n", info.role);
	seq_printf(m, "ipcring-lane:\t%u\n", info.lane);
	seq_printf(m, "ipcring-state:\t%#x\n", stats.state);
	seq_printf(m, "ipcring-flags:\t%#x\n", info.flags);
	seq_printf(m, "ipcring-lanes:\t%u\n", info.lanes);
	seq_printf(m, "ipcring-consumers:\t%u\n", info.consumers);
	seq_printf(m, "ipcring-slots:\t%u\n", info.slots);
	seq_printf(m, "ipcring-bytes:\t%llu\n", info.bytes);
	seq_printf(m, "ipcring-msg-size:\t%u\n", info.msg_size);
	seq_printf(m, "ipcring-prod-pos:\t%llu\n", stats.prod_pos);
	seq_printf(m, "ipcring-cons-pos:\t%llu\n", stats.cons_pos);
	seq_printf(m, "ipcring-depth:\t%llu\n", stats.depth);
	seq_printf(m, "ipcring-drops:\t%llu\n", stats.drops);
	seq_printf(m, "ipcring-prod-waits:\t%llu\n", stats.prod_waits);
	seq_printf(m, "ipcring-prod-wakes:\t%llu\n", stats.prod_wakes);
	seq_printf(m, "ipcring-cons-waits:\t%llu\n", stats.cons_waits);
	seq_printf(m, "ipcring-cons-wakes:\t%llu\n", stats.cons_wakes);
	seq_printf(m, "ipcring-corruptions:\t%llu\n", stats.corruptions);
}

/* Endpoints */

static long ipcring_end_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct ipcring_end *end = file->private_data;

	switch (cmd) {
	case IPCRING_IOC_WAIT:
		return ipcring_ioc_wait(end, (void __user *)arg);
	case IPCRING_IOC_WAKE:
		return ipcring_ioc_wake(end, arg);
	case IPCRING_IOC_CALL:
		return end->lane ? ipcring_ioc_call(end, (void __user *)arg) : -ENOIOCTLCMD;
	case IPCRING_IOC_REPLY_WAIT:
		return end->lane ? -ENOIOCTLCMD : ipcring_ioc_call(end, (void __user *)arg);
	case IPCRING_IOC_WAIT_ANY:
		return ipcring_ioc_wait_any((void __user *)arg);
	default:
		return ipcring_ask(file, cmd, arg);
	}
}

static int ipcring_end_mmap(struct file *file, struct vm_area_struct *vma)
{
	return ipcring_mmap_end(file->private_data, vma);
}

static int ipcring_end_release(struct inode *inode, struct file *file)
{
	struct ipcring_end *end = file->private_data;
	struct ipcring_chan *chan = end->chan;

	ipcring_close_end(end);
	ipcring_chan_put(chan);
	return 0;
}

static const struct file_operations ipcring_producer_fops = {
	.owner = THIS_MODULE,
	.write_iter = ipcring_write_iter,
	.poll = ipcring_poll,
	.mmap = ipcring_end_mmap,
	.unlocked_ioctl = ipcring_end_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.uring_cmd = ipcring_uring_cmd,
	.release = ipcring_end_release,
	.show_fdinfo = ipcring_show_fdinfo,
};

static const struct file_operations ipcring_consumer_fops = {
	.owner = THIS_MODULE,
	.read_iter = ipcring_read_iter,
	.poll = ipcring_poll,
	.mmap = ipcring_end_mmap,
	.unlocked_ioctl = ipcring_end_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.uring_cmd = ipcring_uring_cmd,
	.release = ipcring_end_release,
	.show_fdinfo = ipcring_show_fdinfo,
};

/**
 * ipcring_file_end() - the side that a file belongs to
 * @file:	any file
 *
 * Return: the side, as long as the caller keeps @file; NULL: not an endpoint.
 */
struct ipcring_end *ipcring_file_end(struct file *file)
{
	if (file->f_op == &ipcring_producer_fops || file->f_op == &ipcring_consumer_fops)
		return file->private_data;
	return NULL;
}

/**
 * ipcring_new_file() - make a file and find it a number
 * @name:	as /proc/PID/fd shows it
 * @fops:	its operations
 * @priv:	its private_data: the caller's reference on it becomes the file's
 * @flags:	access mode and O_NONBLOCK
 * @fd:		out: for fd_install(), or put_unused_fd() and fput()
 *
 * Return: the file, or an error pointer: -EMFILE, -ENFILE, -ENOMEM.
 */
struct file *ipcring_new_file(const char *name, const struct file_operations *fops, void *priv,
			      int flags, int *fd)
{
	struct file *file;

	*fd = get_unused_fd_flags(O_CLOEXEC);
	if (*fd < 0)
		return ERR_PTR(*fd);
	file = anon_inode_getfile(name, fops, priv, flags);
	if (IS_ERR(file)) {
		put_unused_fd(*fd);
		return file;
	}
	stream_open(file_inode(file), file);
	file->f_mode |= FMODE_NOWAIT;
	return file;
}

/* Of a reserved end: the caller unreserves it if this fails. */
static int ipcring_end_file(struct ipcring_end *end, int flags)
{
	bool producer = end->role == IPCRING_ROLE_PRODUCER;
	struct file *file;
	int fd;

	kref_get(&end->chan->ref);
	file = ipcring_new_file(producer ? "[ipcring-producer]" : "[ipcring-consumer]",
				producer ? &ipcring_producer_fops : &ipcring_consumer_fops,
				end, O_RDWR | flags, &fd);
	if (IS_ERR(file)) {
		ipcring_chan_put(end->chan);
		return PTR_ERR(file);
	}
	ipcring_open_end(end);
	fd_install(fd, file);
	return fd;
}

/* Control and observers */

static int ipcring_chan_release(struct inode *inode, struct file *file)
{
	ipcring_chan_put(file->private_data);
	return 0;
}

static const struct file_operations ipcring_observer_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = ipcring_ask,
	.compat_ioctl = compat_ptr_ioctl,
	.release = ipcring_chan_release,
	.show_fdinfo = ipcring_show_fdinfo,
};

static int ipcring_observer_file(struct ipcring_chan *chan, int flags)
{
	struct file *file;
	int fd;

	kref_get(&chan->ref);
	file = ipcring_new_file("[ipcring-observer]", &ipcring_observer_fops, chan,
				IPCRING_O_NOTHING | flags, &fd);
	if (IS_ERR(file)) {
		ipcring_chan_put(chan);
		return PTR_ERR(file);
	}
	fd_install(fd, file);
	return fd;
}

/* Return: the reserved end, or an error pointer: -EBUSY. */
static struct ipcring_end *ipcring_find_place(struct ipcring_chan *chan, u32 flags, u32 role,
					      u32 lane)
{
	struct ipcring_end *end = &chan->cons;
	u32 last = flags & IPCRING_EP_ANY_LANE ? chan->geo.lanes - 1 : lane;
	int ret;

	do {
		if (role == IPCRING_ROLE_PRODUCER)
			end = &chan->lanes[array_index_nospec(lane, chan->geo.lanes)].prod;
		ret = ipcring_reserve_end(end);
	} while (ret && lane++ < last);
	return ret ? ERR_PTR(ret) : end;
}

static int ipcring_open_role(struct ipcring_chan *chan, u32 flags, u32 role, u32 lane)
{
	int f_flags = flags & IPCRING_EP_NONBLOCK ? O_NONBLOCK : 0;
	struct ipcring_end *end;
	int ret;

	ret = ipcring_check_endpoint(flags, role, lane, chan->geo.lanes);
	if (ret)
		return ret;
	if (role == IPCRING_ROLE_OBSERVER)
		return ipcring_observer_file(chan, f_flags);

	end = ipcring_find_place(chan, flags, role, lane);
	if (IS_ERR(end))
		return PTR_ERR(end);
	ret = ipcring_end_file(end, f_flags);
	if (ret < 0)
		ipcring_unreserve_end(end);
	return ret;
}

static long ipcring_ioc_endpoint(struct ipcring_chan *chan, const void __user *arg)
{
	struct ipcring_endpoint param;
	int ret;

	ret = ipcring_copy_param(&param, sizeof(param), sizeof(param), arg);
	if (ret)
		return ret;
	return ipcring_open_role(chan, param.flags, param.role, param.lane);
}

static long ipcring_control_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	if (cmd == IPCRING_IOC_ENDPOINT)
		return ipcring_ioc_endpoint(file->private_data, (void __user *)arg);
	return ipcring_ask(file, cmd, arg);
}

static int ipcring_control_release(struct inode *inode, struct file *file)
{
	ipcring_name_remove(file->private_data);
	return ipcring_chan_release(inode, file);
}

static const struct file_operations ipcring_control_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = ipcring_control_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.release = ipcring_control_release,
	.show_fdinfo = ipcring_show_fdinfo,
};

/**
 * ipcring_create() - make a channel and its control fd
 * @param:	what the user asks for
 * @max_bytes:	largest data of all lanes
 *
 * Return: a file descriptor, or an errno of struct ipcring_create.
 */
int ipcring_create(const struct ipcring_create *param, u64 max_bytes)
{
	struct ipcring_chan *chan;
	struct ipcring_geo geo;
	struct file *file;
	int ret, fd;

	ret = ipcring_check_create(param, PAGE_SIZE, &geo);
	if (ret)
		return ret;
	ret = ipcring_check_nodes(&geo);
	if (ret)
		return ret;
	if (geo.data * geo.lanes > max_bytes)
		return -E2BIG;
	chan = ipcring_chan_alloc(&geo);
	if (IS_ERR(chan))
		return PTR_ERR(chan);
	file = ipcring_new_file("[ipcring]", &ipcring_control_fops, chan, IPCRING_O_NOTHING, &fd);
	if (IS_ERR(file)) {
		ipcring_chan_put(chan);
		return PTR_ERR(file);
	}
	if (param->name[0]) {
		ret = ipcring_name_publish(chan, param->name, param->mode);
		if (ret)
			goto put_file;
	}
	fd_install(fd, file);
	return fd;

put_file:
	/* Puts the channel, too. */
	put_unused_fd(fd);
	fput(file);
	return ret;
}

/**
 * ipcring_open() - get an endpoint of a channel that has a name
 * @param:	what the user asks for
 *
 * Return: a file descriptor, or an errno of struct ipcring_open.
 */
int ipcring_open(const struct ipcring_open *param)
{
	struct ipcring_chan *chan;
	u32 right;
	int ret;

	ret = ipcring_check_open(param, &right);
	if (ret)
		return ret;
	chan = ipcring_name_open(param->name, right);
	if (IS_ERR(chan))
		return PTR_ERR(chan);
	ret = ipcring_open_role(chan, param->flags, param->role, param->lane);
	ipcring_chan_put(chan);
	return ret;
}
