// SPDX-License-Identifier: GPL-2.0
/*
 * The files of a set of per-CPU queues: control, senders, receivers, observers. Each shows
 * in its fdinfo, as "ipcring-NAME:\tVALUE", the fields of IPCRING_IOC_PCQ_INFO and
 * IPCRING_IOC_PCQ_STATS under their names: an endpoint's that is bound to a CPU are of that
 * one's queue, others' of all queues together.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "pcq.h"

static const struct file_operations pcq_observer_fops;

/**
 * struct pcq_view - what a file is
 * @set:	its set
 * @role:	IPCRING_PCQ_*
 * @cpu:	what an endpoint is bound to, else 0
 */
struct pcq_view {
	struct pcq_set *set;
	u32 role;
	u32 cpu;
};

static struct pcq_view pcq_file_view(struct file *file)
{
	struct pcq_end *end = pcq_file_end(file);

	if (end)
		return (struct pcq_view){ end->set, end->role, end->cpu };
	return (struct pcq_view){
		.set = file->private_data,
		.role = file->f_op == &pcq_observer_fops ? IPCRING_PCQ_OBSERVER :
							   IPCRING_PCQ_CONTROL,
	};
}

static void pcq_get_info(const struct pcq_view *view, struct ipcring_pcq_info *info)
{
	const struct pcq_geo *geo = &view->set->geo;

	info->role = view->role;
	info->cpu = view->cpu;
	info->flags = geo->flags;
	info->slots = geo->slots;
	info->msg_size = geo->msg_size;
	info->stride = geo->stride;
	info->cpus = geo->cpus;
	info->data_bytes = geo->data;
	info->id = view->set->id;
}

static long pcq_ioc_info(struct file *file, void __user *arg)
{
	const struct pcq_view view = pcq_file_view(file);
	struct ipcring_pcq_info param;
	int ret;

	ret = ipcring_copy_param(&param, sizeof(param), sizeof(param), arg);
	if (ret)
		return ret;
	pcq_get_info(&view, &param);
	return ipcring_copy_result(arg, &param, sizeof(param));
}

static long pcq_ioc_stats(struct file *file, void __user *arg)
{
	struct pcq_set *set = pcq_file_view(file).set;
	struct ipcring_pcq_stats param;
	int ret;

	ret = ipcring_copy_param(&param, sizeof(param), sizeof(param), arg);
	if (ret)
		return ret;
	ret = ipcring_check_pcq_stats(&param, set->geo.cpus);
	if (ret)
		return ret;
	if (param.cpu != IPCRING_PCQ_ANY && !pcq_find_queue(set, param.cpu))
		return -EINVAL;
	pcq_get_stats(set, param.cpu, &param);
	return ipcring_copy_result(arg, &param, sizeof(param));
}

/* What every file of a set can be asked. */
static long pcq_ask(struct file *file, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case IPCRING_IOC_PCQ_INFO:
		return pcq_ioc_info(file, (void __user *)arg);
	case IPCRING_IOC_PCQ_STATS:
		return pcq_ioc_stats(file, (void __user *)arg);
	default:
		return -ENOIOCTLCMD;
	}
}

static void pcq_show_info(struct seq_file *m, const struct pcq_view *view)
{
	struct ipcring_pcq_info info;

	pcq_get_info(view, &info);
	seq_printf(m, "ipcring-id:\t%llu\n", info.id);
	seq_printf(m, "ipcring-role:\t%u\n", info.role);
	seq_printf(m, "ipcring-cpu:\t%u\n", info.cpu);
	seq_printf(m, "ipcring-flags:\t%#x\n", info.flags);
	seq_printf(m, "ipcring-slots:\t%u\n", info.slots);
	seq_printf(m, "ipcring-msg-size:\t%u\n", info.msg_size);
	seq_printf(m, "ipcring-stride:\t%u\n", info.stride);
	seq_printf(m, "ipcring-cpus:\t%u\n", info.cpus);
	seq_printf(m, "ipcring-data-bytes:\t%llu\n", info.data_bytes);
}

static void pcq_show_stats(struct seq_file *m, const struct pcq_view *view)
{
	const bool one = view->role == IPCRING_PCQ_SENDER || view->role == IPCRING_PCQ_RECEIVER;
	struct ipcring_pcq_stats stats = { 0 };

	pcq_get_stats(view->set, one && pcq_find_queue(view->set, view->cpu) ? view->cpu :
									      IPCRING_PCQ_ANY,
		      &stats);
	seq_printf(m, "ipcring-state:\t%#x\n", stats.state);
	seq_printf(m, "ipcring-local:\t%llu\n", stats.local);
	seq_printf(m, "ipcring-remote:\t%llu\n", stats.remote);
	seq_printf(m, "ipcring-received:\t%llu\n", stats.received);
	seq_printf(m, "ipcring-refused:\t%llu\n", stats.refused);
	seq_printf(m, "ipcring-wakes:\t%llu\n", stats.wakes);
	seq_printf(m, "ipcring-ipis:\t%llu\n", stats.ipis);
	seq_printf(m, "ipcring-suppressed:\t%llu\n", stats.suppressed);
	seq_printf(m, "ipcring-coalesced:\t%llu\n", stats.coalesced);
	seq_printf(m, "ipcring-recv-waits:\t%llu\n", stats.recv_waits);
	seq_printf(m, "ipcring-send-waits:\t%llu\n", stats.send_waits);
	seq_printf(m, "ipcring-fences:\t%llu\n", stats.fences);
	seq_printf(m, "ipcring-served:\t%llu\n", stats.served);
	seq_printf(m, "ipcring-undelivered:\t%llu\n", stats.undelivered);
	seq_printf(m, "ipcring-service-ns:\t%llu\n", stats.service_ns);
}

static void pcq_show_fdinfo(struct seq_file *m, struct file *file)
{
	const struct pcq_view view = pcq_file_view(file);

	pcq_show_info(m, &view);
	pcq_show_stats(m, &view);
}

/* Endpoints */

static int pcq_end_mmap(struct file *file, struct vm_area_struct *vma)
{
	return pcq_mmap_end(file->private_data, vma);
}

static int pcq_end_release(struct inode *inode, struct file *file)
{
	struct pcq_end *end = file->private_data;

	pcq_close_end(end);
	pcq_set_put(end->set);
	kfree(end);
	return 0;
}

static long pcq_end_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct pcq_end *end = file->private_data;

	switch (cmd) {
	case IPCRING_IOC_WAIT:
		return pcq_ioc_wait(end, (void __user *)arg);
	case IPCRING_IOC_WAKE:
		return pcq_ioc_wake(end, arg);
	case IPCRING_IOC_PCQ_SEND:
		if (end->role != IPCRING_PCQ_SENDER)
			return -ENOIOCTLCMD;
		return pcq_ioc_send(end, file, (void __user *)arg);
	case IPCRING_IOC_PCQ_RECV:
		if (end->role != IPCRING_PCQ_RECEIVER)
			return -ENOIOCTLCMD;
		return pcq_ioc_recv(end, file, (void __user *)arg);
	default:
		return pcq_ask(file, cmd, arg);
	}
}

static const struct file_operations pcq_sender_fops = {
	.owner = THIS_MODULE,
	.write_iter = pcq_write_iter,
	.poll = pcq_poll,
	.mmap = pcq_end_mmap,
	.unlocked_ioctl = pcq_end_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.release = pcq_end_release,
	.show_fdinfo = pcq_show_fdinfo,
};

static const struct file_operations pcq_receiver_fops = {
	.owner = THIS_MODULE,
	.read_iter = pcq_read_iter,
	.poll = pcq_poll,
	.mmap = pcq_end_mmap,
	.unlocked_ioctl = pcq_end_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.release = pcq_end_release,
	.show_fdinfo = pcq_show_fdinfo,
};

/**
 * pcq_file_end() - the endpoint that a file is
 * @file:	any file
 *
 * Return: the endpoint, as long as the caller keeps @file; NULL: it is none of a set.
 */
struct pcq_end *pcq_file_end(struct file *file)
{
	if (file->f_op == &pcq_sender_fops || file->f_op == &pcq_receiver_fops)
		return file->private_data;
	return NULL;
}

/* The caller's reference on the set becomes the file's, if there is one. */
static int pcq_end_file(struct pcq_set *set, const struct ipcring_pcq_endpoint *param)
{
	bool sender = param->role == IPCRING_PCQ_SENDER;
	struct pcq_end *end;
	struct file *file;
	int fd;

	end = kzalloc(sizeof(*end), GFP_KERNEL_ACCOUNT);
	if (!end)
		return -ENOMEM;
	end->set = set;
	end->role = param->role;
	end->cpu = param->cpu;
	end->ordered = param->flags & IPCRING_PCQ_EP_ORDERED;
	file = ipcring_new_file(sender ? "[ipcring-sender]" : "[ipcring-receiver]",
				sender ? &pcq_sender_fops : &pcq_receiver_fops, end,
				O_RDWR | (param->flags & IPCRING_PCQ_EP_NONBLOCK ? O_NONBLOCK : 0),
				&fd);
	if (IS_ERR(file)) {
		kfree(end);
		return PTR_ERR(file);
	}
	pcq_open_end(end);
	fd_install(fd, file);
	return fd;
}

/* Control and observers */

static int pcq_set_release(struct inode *inode, struct file *file)
{
	pcq_set_put(file->private_data);
	return 0;
}

static const struct file_operations pcq_observer_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = pcq_ask,
	.compat_ioctl = compat_ptr_ioctl,
	.release = pcq_set_release,
	.show_fdinfo = pcq_show_fdinfo,
};

/* Likewise. */
static int pcq_set_file(struct pcq_set *set, const char *name, const struct file_operations *fops,
			int flags)
{
	struct file *file;
	int fd;

	file = ipcring_new_file(name, fops, set, IPCRING_O_NOTHING | flags, &fd);
	if (IS_ERR(file))
		return PTR_ERR(file);
	fd_install(fd, file);
	return fd;
}

static bool pcq_can_bind(struct pcq_set *set, u32 cpu)
{
	return cpu == IPCRING_PCQ_THIS || cpu == IPCRING_PCQ_ANY || pcq_find_queue(set, cpu);
}

static long pcq_ioc_endpoint(struct pcq_set *set, const void __user *arg)
{
	struct ipcring_pcq_endpoint param;
	int ret;

	ret = ipcring_copy_param(&param, sizeof(param), sizeof(param), arg);
	if (ret)
		return ret;
	ret = ipcring_check_pcq_endpoint(&param, set->geo.cpus);
	if (ret)
		return ret;
	kref_get(&set->ref);
	if (param.role == IPCRING_PCQ_OBSERVER)
		ret = pcq_set_file(set, "[ipcring-pcq-observer]", &pcq_observer_fops,
				   param.flags & IPCRING_PCQ_EP_NONBLOCK ? O_NONBLOCK : 0);
	else if (pcq_can_bind(set, param.cpu))
		ret = pcq_end_file(set, &param);
	else
		ret = -EINVAL;
	if (ret < 0)
		pcq_set_put(set);
	return ret;
}

static long pcq_ioc_bell(struct pcq_set *set, const void __user *arg)
{
	struct ipcring_pcq_bell param;
	int ret;

	ret = ipcring_copy_param(&param, sizeof(param), sizeof(param), arg);
	if (ret)
		return ret;
	ret = ipcring_check_pcq_bell(&param, set->geo.cpus);
	if (ret)
		return ret;
	if (param.cpu != IPCRING_PCQ_ANY && !pcq_find_queue(set, param.cpu))
		return -EINVAL;
	return pcq_set_bell(set, &param);
}

static long pcq_control_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct pcq_set *set = file->private_data;

	switch (cmd) {
	case IPCRING_IOC_PCQ_ENDPOINT:
		return pcq_ioc_endpoint(set, (void __user *)arg);
	case IPCRING_IOC_PCQ_BELL:
		return pcq_ioc_bell(set, (void __user *)arg);
	case IPCRING_IOC_PCQ_START:
		return pcq_ioc_start(set, (void __user *)arg);
	case IPCRING_IOC_PCQ_STOP:
		return pcq_ioc_stop(set, arg);
	default:
		return pcq_ask(file, cmd, arg);
	}
}

/* A service's output may be a sender of a set that ours serves: they all end here. */
static int pcq_control_release(struct inode *inode, struct file *file)
{
	pcq_stop_services(file->private_data);
	return pcq_set_release(inode, file);
}

static const struct file_operations pcq_control_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = pcq_control_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.release = pcq_control_release,
	.show_fdinfo = pcq_show_fdinfo,
};

/**
 * pcq_ioc_create() - IPCRING_IOC_PCQ_CREATE
 * @arg:	the user's struct ipcring_pcq_create
 * @max_bytes:	largest data of all lanes of all CPUs
 *
 * Return: a control fd, or as struct ipcring_pcq_create.
 */
long pcq_ioc_create(const void __user *arg, u64 max_bytes)
{
	struct ipcring_pcq_create param;
	struct pcq_set *set;
	struct pcq_geo geo;
	int ret;

	ret = ipcring_copy_param(&param, sizeof(param), sizeof(param), arg);
	if (ret)
		return ret;
	ret = ipcring_check_pcq_create(&param, PAGE_SIZE, nr_cpu_ids, &geo);
	if (ret)
		return ret;
	if (geo.data * PCQ_NR_LANES * num_possible_cpus() > max_bytes)
		return -E2BIG;
	set = pcq_set_alloc(&geo);
	if (IS_ERR(set))
		return PTR_ERR(set);
	ret = pcq_set_file(set, "[ipcring-pcq]", &pcq_control_fops, 0);
	if (ret < 0)
		pcq_set_put(set);
	return ret;
}
