// SPDX-License-Identifier: GPL-2.0
/* Channels: their memory and their files. */
#include <linux/anon_inodes.h>
#include <linux/build_bug.h>
#include <linux/file.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "chan.h"
#include "compat.h"

/* Users map these: they never change. */
static_assert(sizeof(struct ipcring_side) == 256);
static_assert(offsetof(struct ipcring_side, pos) == 0);
static_assert(offsetof(struct ipcring_side, event) == 128);
static_assert(sizeof(struct ipcring_slot) == 8);
static_assert(sizeof(struct ipcring_features) == 16);
static_assert(offsetof(struct ipcring_create, mode) == IPCRING_CREATE_SIZE_V1);
static_assert(sizeof(struct ipcring_create) == 112);
static_assert(sizeof(struct ipcring_endpoint) == 16);
static_assert(offsetof(struct ipcring_info, flags) == IPCRING_INFO_SIZE_V1);
static_assert(sizeof(struct ipcring_info) == 80);
static_assert(offsetof(struct ipcring_wait, ready) == IPCRING_WAIT_SIZE_V1);
static_assert(sizeof(struct ipcring_wait) == 32);
static_assert(sizeof(struct ipcring_side) <= PAGE_SIZE);

/* Index in ipcring_chan.pages. */
#define IPCRING_PAGE_PROD	0u
#define IPCRING_PAGE_CONS	1u
#define IPCRING_PAGE_DATA	2u

/* No page asks for the OOM killer: a channel is not worth a process. */
#define IPCRING_GFP	(GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

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

/* Memory */

static void ipcring_free_pages(struct ipcring_chan *chan)
{
	while (chan->nr_pages)
		__free_page(chan->pages[--chan->nr_pages]);
	kvfree(chan->pages);
}

static int ipcring_alloc_pages(struct ipcring_chan *chan, unsigned int nr)
{
	struct page *page;

	chan->pages = kvcalloc(nr, sizeof(*chan->pages), GFP_KERNEL_ACCOUNT);
	if (!chan->pages)
		return -ENOMEM;
	while (chan->nr_pages < nr) {
		page = alloc_page(IPCRING_GFP | __GFP_ZERO);
		if (!page)
			goto free_pages;
		chan->pages[chan->nr_pages++] = page;
	}
	return 0;

free_pages:
	ipcring_free_pages(chan);
	return -ENOMEM;
}

static int ipcring_map_ring(struct ipcring_chan *chan)
{
	struct ring *r = &chan->ring;
	void *mem;

	mem = vmap(chan->pages, chan->nr_pages, VM_MAP, PAGE_KERNEL);
	if (!mem)
		return -ENOMEM;
	r->prod = mem + IPCRING_PAGE_PROD * PAGE_SIZE;
	r->cons = mem + IPCRING_PAGE_CONS * PAGE_SIZE;
	r->data = mem + IPCRING_PAGE_DATA * PAGE_SIZE;
	/* Nobody waits yet, and no position ever gets there. */
	r->prod->event = ~0ULL;
	r->cons->event = ~0ULL;
	return 0;
}

static void ipcring_init_end(struct ipcring_chan *chan, struct ipcring_end *end, u32 role)
{
	end->chan = chan;
	end->peer = role == IPCRING_ROLE_PRODUCER ? &chan->cons : &chan->prod;
	end->role = role;
	spin_lock_init(&end->lock);
	mutex_init(&end->xfer);
	init_waitqueue_head(&end->wq);
}

static u64 ipcring_data_bytes(u32 slots, u32 stride)
{
	return PAGE_ALIGN((u64)slots * stride);
}

static struct ipcring_chan *ipcring_chan_alloc(u32 slots, u32 msg_size)
{
	static atomic64_t last_id;
	struct ipcring_chan *chan;
	u64 bytes;
	int ret;

	chan = kzalloc(sizeof(*chan), GFP_KERNEL_ACCOUNT);
	if (!chan)
		return ERR_PTR(-ENOMEM);
	kref_init(&chan->ref);
	chan->ring.size = slots;
	chan->ring.msg_size = msg_size;
	chan->ring.stride = ring_stride(msg_size);
	ipcring_init_end(chan, &chan->prod, IPCRING_ROLE_PRODUCER);
	ipcring_init_end(chan, &chan->cons, IPCRING_ROLE_CONSUMER);

	bytes = ipcring_data_bytes(slots, chan->ring.stride);
	ret = ipcring_alloc_pages(chan, IPCRING_PAGE_DATA + (bytes >> PAGE_SHIFT));
	if (ret)
		goto free_chan;
	ret = ipcring_map_ring(chan);
	if (ret)
		goto free_pages;
	chan->id = atomic64_inc_return(&last_id);
	return chan;

free_pages:
	ipcring_free_pages(chan);
free_chan:
	kfree(chan);
	return ERR_PTR(ret);
}

static void ipcring_chan_free(struct kref *ref)
{
	struct ipcring_chan *chan = container_of(ref, struct ipcring_chan, ref);

	vunmap(chan->ring.prod);
	ipcring_free_pages(chan);
	kfree(chan);
}

/* Mapping */

/**
 * struct ipcring_region - what one mmap() maps
 * @first:	index of its first page
 * @nr:		number of pages
 * @writer:	IPCRING_ROLE_* that may write to it
 */
struct ipcring_region {
	unsigned int first;
	unsigned int nr;
	u32 writer;
};

static bool ipcring_find_region(const struct ipcring_chan *chan, u64 offset,
				struct ipcring_region *region)
{
	region->nr = 1;
	switch (offset) {
	case IPCRING_OFF_PROD:
		region->first = IPCRING_PAGE_PROD;
		region->writer = IPCRING_ROLE_PRODUCER;
		return true;
	case IPCRING_OFF_CONS:
		region->first = IPCRING_PAGE_CONS;
		region->writer = IPCRING_ROLE_CONSUMER;
		return true;
	case IPCRING_OFF_DATA:
		region->first = IPCRING_PAGE_DATA;
		region->nr = chan->nr_pages - IPCRING_PAGE_DATA;
		region->writer = IPCRING_ROLE_PRODUCER;
		return true;
	default:
		return false;
	}
}

static int ipcring_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ipcring_end *end = file->private_data;
	struct ipcring_region region;
	unsigned long nr;
	int ret;

	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (!ipcring_find_region(end->chan, (u64)vma->vm_pgoff << PAGE_SHIFT, &region))
		return -EINVAL;
	if (vma_pages(vma) != region.nr)
		return -EINVAL;
	if (vma->vm_flags & VM_EXEC)
		return -EPERM;
	if (region.writer != end->role) {
		if (vma->vm_flags & VM_WRITE)
			return -EACCES;
		vm_flags_clear(vma, VM_MAYWRITE);
	}
	vm_flags_clear(vma, VM_MAYEXEC);
	vm_flags_set(vma, VM_DONTCOPY | VM_DONTEXPAND | VM_DONTDUMP);
	nr = region.nr;
	ret = vm_insert_pages(vma, vma->vm_start, end->chan->pages + region.first, &nr);
	/* It says that of a page table that could not be allocated. */
	return ret == -EFAULT ? -ENOMEM : ret;
}

/* Files */

static u32 ipcring_state(const struct ipcring_chan *chan)
{
	return (READ_ONCE(chan->prod.taken) ? IPCRING_ST_PRODUCER : 0) |
	       (READ_ONCE(chan->cons.taken) ? IPCRING_ST_CONSUMER : 0) |
	       (READ_ONCE(chan->corrupt) ? IPCRING_ST_CORRUPT : 0);
}

static void ipcring_get_info(const struct ipcring_chan *chan, u32 role, struct ipcring_info *info)
{
	const struct ring *r = &chan->ring;

	info->role = role;
	info->slots = r->size;
	info->msg_size = r->msg_size;
	info->stride = r->stride;
	info->state = ipcring_state(chan);
	info->data_bytes = ipcring_data_bytes(r->size, r->stride);
	info->id = chan->id;
	info->prod_pos = ring_load(&r->prod->pos);
	info->cons_pos = ring_load(&r->cons->pos);
	info->flags = 0;
	info->lanes = 1;
	info->consumers = 1;
	info->lane = 0;
	info->bytes = 0;
}

static long ipcring_ioc_info(const struct ipcring_chan *chan, u32 role, void __user *arg)
{
	struct ipcring_info param;
	int ret;

	ret = ipcring_copy_param(&param, sizeof(param), IPCRING_INFO_SIZE_V1, arg);
	if (ret)
		return ret;
	ipcring_get_info(chan, role, &param);
	return ipcring_copy_result(arg, &param, sizeof(param));
}

static void ipcring_show(struct seq_file *m, const struct ipcring_chan *chan, u32 role)
{
	struct ipcring_info info;

	ipcring_get_info(chan, role, &info);
	seq_printf(m, "ipcring-id:\t%llu\n", info.id);
	seq_printf(m, "ipcring-role:\t%u\n", info.role);
	seq_printf(m, "ipcring-state:\t%#x\n", info.state);
	seq_printf(m, "ipcring-slots:\t%u\n", info.slots);
	seq_printf(m, "ipcring-msg-size:\t%u\n", info.msg_size);
	seq_printf(m, "ipcring-prod-pos:\t%llu\n", info.prod_pos);
	seq_printf(m, "ipcring-cons-pos:\t%llu\n", info.cons_pos);
}

static void ipcring_end_fdinfo(struct seq_file *m, struct file *file)
{
	const struct ipcring_end *end = file->private_data;

	ipcring_show(m, end->chan, end->role);
}

static long ipcring_end_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct ipcring_end *end = file->private_data;

	switch (cmd) {
	case IPCRING_IOC_INFO:
		return ipcring_ioc_info(end->chan, end->role, (void __user *)arg);
	case IPCRING_IOC_WAIT:
		return ipcring_ioc_wait(end, (void __user *)arg);
	case IPCRING_IOC_WAKE:
		return ipcring_ioc_wake(end, arg);
	default:
		return -ENOIOCTLCMD;
	}
}

static int ipcring_end_release(struct inode *inode, struct file *file)
{
	struct ipcring_end *end = file->private_data;

	ipcring_hangup(end);
	kref_put(&end->chan->ref, ipcring_chan_free);
	return 0;
}

static const struct file_operations ipcring_producer_fops = {
	.owner = THIS_MODULE,
	.write_iter = ipcring_write_iter,
	.poll = ipcring_poll,
	.mmap = ipcring_mmap,
	.unlocked_ioctl = ipcring_end_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.release = ipcring_end_release,
	.show_fdinfo = ipcring_end_fdinfo,
};

static const struct file_operations ipcring_consumer_fops = {
	.owner = THIS_MODULE,
	.read_iter = ipcring_read_iter,
	.poll = ipcring_poll,
	.mmap = ipcring_mmap,
	.unlocked_ioctl = ipcring_end_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.release = ipcring_end_release,
	.show_fdinfo = ipcring_end_fdinfo,
};

/* The caller's reference on the channel becomes the file's. */
static struct file *ipcring_new_file(const char *name, const struct file_operations *fops,
				     void *priv, int flags, int *fd)
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

static int ipcring_take(struct ipcring_end *end)
{
	int ret = -EBUSY;

	spin_lock(&end->lock);
	if (!end->taken) {
		WRITE_ONCE(end->taken, true);
		ret = 0;
	}
	spin_unlock(&end->lock);
	return ret;
}

static void ipcring_untake(struct ipcring_end *end)
{
	spin_lock(&end->lock);
	WRITE_ONCE(end->taken, false);
	spin_unlock(&end->lock);
}

static int ipcring_open_end(struct ipcring_end *end, int flags)
{
	bool producer = end->role == IPCRING_ROLE_PRODUCER;
	struct file *file;
	int fd;

	kref_get(&end->chan->ref);
	file = ipcring_new_file(producer ? "[ipcring-producer]" : "[ipcring-consumer]",
				producer ? &ipcring_producer_fops : &ipcring_consumer_fops,
				end, O_RDWR | flags, &fd);
	if (IS_ERR(file)) {
		kref_put(&end->chan->ref, ipcring_chan_free);
		return PTR_ERR(file);
	}
	spin_lock(&end->lock);
	WRITE_ONCE(end->gone, false);
	spin_unlock(&end->lock);
	fd_install(fd, file);
	return fd;
}

static long ipcring_ioc_endpoint(struct ipcring_chan *chan, const void __user *arg)
{
	struct ipcring_endpoint param;
	struct ipcring_end *end;
	int ret;

	ret = ipcring_copy_param(&param, sizeof(param), sizeof(param), arg);
	if (ret)
		return ret;
	if (param.flags & ~IPCRING_EP_NONBLOCK || param.lane)
		return -EINVAL;
	if (param.role != IPCRING_ROLE_PRODUCER && param.role != IPCRING_ROLE_CONSUMER)
		return -EINVAL;
	if (READ_ONCE(chan->corrupt))
		return -EBADMSG;

	end = param.role == IPCRING_ROLE_PRODUCER ? &chan->prod : &chan->cons;
	ret = ipcring_take(end);
	if (ret)
		return ret;
	ret = ipcring_open_end(end, param.flags & IPCRING_EP_NONBLOCK ? O_NONBLOCK : 0);
	if (ret < 0)
		ipcring_untake(end);
	return ret;
}

static long ipcring_control_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct ipcring_chan *chan = file->private_data;

	switch (cmd) {
	case IPCRING_IOC_ENDPOINT:
		return ipcring_ioc_endpoint(chan, (void __user *)arg);
	case IPCRING_IOC_INFO:
		return ipcring_ioc_info(chan, IPCRING_ROLE_CONTROL, (void __user *)arg);
	default:
		return -ENOIOCTLCMD;
	}
}

static void ipcring_control_fdinfo(struct seq_file *m, struct file *file)
{
	ipcring_show(m, file->private_data, IPCRING_ROLE_CONTROL);
}

static int ipcring_control_release(struct inode *inode, struct file *file)
{
	struct ipcring_chan *chan = file->private_data;

	kref_put(&chan->ref, ipcring_chan_free);
	return 0;
}

static const struct file_operations ipcring_control_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = ipcring_control_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.release = ipcring_control_release,
	.show_fdinfo = ipcring_control_fdinfo,
};

static int ipcring_check_create(const struct ipcring_create *param, u64 max_bytes)
{
	if (param->flags || param->lanes > 1 || param->consumers > 1 || param->bytes)
		return -EINVAL;
	if (param->mode || param->prod_node || param->cons_node || param->resv ||
	    memchr_inv(param->name, 0, sizeof(param->name)))
		return -EINVAL;
	if (param->slots < IPCRING_SLOTS_MIN || param->slots > IPCRING_SLOTS_MAX ||
	    !is_power_of_2(param->slots))
		return -EINVAL;
	if (param->msg_size < IPCRING_MSG_MIN || param->msg_size > IPCRING_MSG_MAX)
		return -EINVAL;
	if (ipcring_data_bytes(param->slots, ring_stride(param->msg_size)) > max_bytes)
		return -E2BIG;
	return 0;
}

/**
 * ipcring_chan_create() - make a channel and its control fd
 * @param:	what the user asks for
 * @max_bytes:	largest data region
 *
 * Return: a file descriptor, or an errno of struct ipcring_create.
 */
int ipcring_chan_create(const struct ipcring_create *param, u64 max_bytes)
{
	struct ipcring_chan *chan;
	struct file *file;
	int ret;

	ret = ipcring_check_create(param, max_bytes);
	if (ret)
		return ret;
	chan = ipcring_chan_alloc(param->slots, param->msg_size);
	if (IS_ERR(chan))
		return PTR_ERR(chan);
	/* Access mode 3: neither reads nor writes nor maps, see open(2). */
	file = ipcring_new_file("[ipcring]", &ipcring_control_fops, chan, O_ACCMODE, &ret);
	if (IS_ERR(file)) {
		kref_put(&chan->ref, ipcring_chan_free);
		return PTR_ERR(file);
	}
	fd_install(ret, file);
	return ret;
}
