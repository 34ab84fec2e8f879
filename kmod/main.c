// SPDX-License-Identifier: GPL-2.0
/* /dev/ipcring: the device that makes channels and sets of per-CPU queues. */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "chan.h"
#include "pcq.h"
#include "uring.h"

static unsigned long max_ring_bytes = 64UL << 20;
module_param(max_ring_bytes, ulong, 0644);
MODULE_PARM_DESC(max_ring_bytes, "Largest data of all lanes of a channel or set in bytes");

/**
 * ipcring_copy_param() - copy an ioctl's struct, whose first u32 is its size
 * @param:	where to
 * @size:	its size as this module knows it
 * @first:	its size in the first version
 * @arg:	the user's struct
 *
 * Return: 0, -EFAULT, -EINVAL too short, -E2BIG longer with a non-zero tail.
 */
int ipcring_copy_param(void *param, size_t size, size_t first, const void __user *arg)
{
	u32 usize;

	if (get_user(usize, (const u32 __user *)arg))
		return -EFAULT;
	if (usize < first)
		return -EINVAL;
	if (usize > PAGE_SIZE)
		return -E2BIG;
	return copy_struct_from_user(param, size, arg, usize);
}

/**
 * ipcring_copy_result() - copy an ioctl's struct back, as far as the user knows it
 * @arg:	the user's struct
 * @param:	ours; its first u32 is the size that ipcring_copy_param() read
 * @size:	its size as this module knows it
 *
 * Return: 0, -EFAULT.
 */
int ipcring_copy_result(void __user *arg, const void *param, size_t size)
{
	size_t usize = *(const u32 *)param;

	return copy_to_user(arg, param, min(size, usize)) ? -EFAULT : 0;
}

static long ipcring_ioc_features(void __user *arg)
{
	struct ipcring_features param;
	int ret;

	ret = ipcring_copy_param(&param, sizeof(param), sizeof(param), arg);
	if (ret)
		return ret;
	if (param.resv)
		return -EINVAL;
	param.features = IPCRING_FEAT_RW | IPCRING_FEAT_MMAP | IPCRING_FEAT_RECORDS |
			 IPCRING_FEAT_LANES | IPCRING_FEAT_NAMES;
	param.features |= IPCRING_FEAT_CALL | IPCRING_FEAT_WAIT_ANY | ipcring_uring_features();
	param.features |= IPCRING_FEAT_PCQ | IPCRING_FEAT_PCQ_SERVICE;
	return ipcring_copy_result(arg, &param, sizeof(param));
}

static long ipcring_ioc_create(const void __user *arg)
{
	struct ipcring_create param;
	int ret;

	ret = ipcring_copy_param(&param, sizeof(param), IPCRING_CREATE_SIZE_V1, arg);
	if (ret)
		return ret;
	return ipcring_create(&param, READ_ONCE(max_ring_bytes));
}

static long ipcring_ioc_open(const void __user *arg)
{
	struct ipcring_open param;
	int ret;

	ret = ipcring_copy_param(&param, sizeof(param), sizeof(param), arg);
	return ret ? ret : ipcring_open(&param);
}

static long ipcring_dev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case IPCRING_IOC_FEATURES:
		return ipcring_ioc_features((void __user *)arg);
	case IPCRING_IOC_CREATE:
		return ipcring_ioc_create((void __user *)arg);
	case IPCRING_IOC_OPEN:
		return ipcring_ioc_open((void __user *)arg);
	case IPCRING_IOC_PCQ_CREATE:
		return pcq_ioc_create((void __user *)arg, READ_ONCE(max_ring_bytes));
	case IPCRING_IOC_WAIT_ANY:
		return ipcring_ioc_wait_any((void __user *)arg);
	default:
		return -ENOIOCTLCMD;
	}
}

static const struct file_operations ipcring_dev_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = ipcring_dev_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice ipcring_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ipcring",
	.mode = 0600,
	.fops = &ipcring_dev_fops,
};

static int __init ipcring_init(void)
{
	int ret;

	ret = pcq_cpu_init();
	if (ret)
		return ret;
	ret = misc_register(&ipcring_misc);
	if (ret)
		pcq_cpu_exit();
	return ret;
}
module_init(ipcring_init);

static void __exit ipcring_exit(void)
{
	misc_deregister(&ipcring_misc);
	pcq_cpu_exit();
}
module_exit(ipcring_exit);

MODULE_DESCRIPTION("Message channels over shared rings, and per-CPU queues");
MODULE_LICENSE("GPL");
MODULE_VERSION("0");
