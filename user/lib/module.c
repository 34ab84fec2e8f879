// SPDX-License-Identifier: GPL-2.0
/* libipcring: channels of /dev/ipcring. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "lib.h"

static int module_device(void)
{
	int dev = open("/dev/ipcring", O_RDWR | O_CLOEXEC);

	return dev < 0 ? -errno : dev;
}

/* A command of the device that gives an fd. */
static int module_command(unsigned long cmd, void *arg)
{
	int dev = module_device(), fd;

	if (dev < 0)
		return dev;
	fd = ioctl(dev, cmd, arg);
	if (fd < 0)
		fd = -errno;
	close(dev);
	return fd;
}

static __u32 module_create_flags(const struct ipcring_options *opt)
{
	__u32 flags = opt->flags & IPCRING_CREATE_NODES;

	if (opt->bytes)
		flags |= IPCRING_CREATE_RECORDS;
	if (opt->trust == IPCRING_TRUST_ALL)
		flags |= IPCRING_CREATE_TRUST_ALL;
	if (opt->trust == IPCRING_TRUST_NONE)
		flags |= IPCRING_CREATE_TRUST_NONE;
	return flags;
}

static int module_create(const struct ipcring_options *opt, struct ipcring_handle *h)
{
	struct ipcring_create arg = {
		.size = sizeof(arg), .flags = module_create_flags(opt),
		.slots = opt->slots, .msg_size = opt->msg_size, .bytes = opt->bytes,
		.lanes = opt->lanes, .consumers = opt->consumers, .mode = opt->mode,
	};

	if (opt->flags & IPCRING_CREATE_NODES) {
		arg.prod_node = opt->prod_node;
		arg.cons_node = opt->cons_node;
	}
	if (opt->name)
		memcpy(arg.name, opt->name, strlen(opt->name));
	h->fd = module_command(IPCRING_IOC_CREATE, &arg);
	return h->fd < 0 ? h->fd : 0;
}

static int module_info(const struct ipcring_handle *h, struct ipcring_info *info)
{
	return ioctl(h->fd, IPCRING_IOC_INFO, info) ? -errno : 0;
}

static int module_stats(const struct ipcring_handle *h, struct ipcring_stats *stats)
{
	return ioctl(h->fd, IPCRING_IOC_STATS, stats) ? -errno : 0;
}

static int module_map_one(int fd, size_t len, bool writable, __u64 offset, void *at)
{
	void *p = mmap(NULL, len, PROT_READ | (writable ? PROT_WRITE : 0), MAP_SHARED, fd,
		       (off_t)offset);

	if (p == MAP_FAILED)
		return -errno;
	memcpy(at, &p, sizeof(p));
	return 0;
}

static int module_map_lane(const struct ipcring_handle *h, __u32 lane, struct ring *r)
{
	bool producer = h->role == IPCRING_ROLE_PRODUCER;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	__u64 at = IPCRING_OFF_LANE(lane);
	int ret;

	ret = module_map_one(h->fd, page, producer, at + IPCRING_OFF_PROD, &r->prod);
	if (!ret)
		ret = module_map_one(h->fd, page, !producer, at + IPCRING_OFF_CONS, &r->cons);
	if (!ret)
		ret = module_map_one(h->fd, h->data_bytes, producer, at + IPCRING_OFF_DATA,
				     &r->data);
	return ret;
}

static int module_map(struct ipcring_handle *h, const struct ipcring_info *info)
{
	bool producer = h->role == IPCRING_ROLE_PRODUCER;
	int ret = lib_lanes(h, producer ? 1 : h->nr_lanes);

	h->data_bytes = info->data_bytes;
	for (__u32 n = 0; !ret && n < h->nr_lanes; n++) {
		struct ring *r = &h->lanes[n].ring;

		r->size = info->bytes ? info->bytes : info->slots;
		r->stride = info->stride;
		r->msg_size = info->msg_size;
		ret = module_map_lane(h, producer ? info->lane : n, r);
	}
	return ret;
}

/* The handle has an fd: learn the rest, and map what it may. */
static int module_start(struct ipcring_handle *h, __u32 flags)
{
	struct ipcring_info info = { .size = sizeof(info) };
	int ret = module_info(h, &info);

	if (ret)
		return ret;
	h->role = info.role;
	h->nr_lanes = info.lanes ? info.lanes : 1;	/* modules of before lanes */
	h->consumers = info.consumers ? info.consumers : 1;
	h->records = info.bytes;
	h->pub.lane = info.lane;
	if (flags & IPCRING_COPY || (h->role != IPCRING_ROLE_PRODUCER &&
				     h->role != IPCRING_ROLE_CONSUMER))
		return 0;
	if (info.flags & IPCRING_CREATE_TRUST_NONE && h->role == IPCRING_ROLE_PRODUCER)
		return 0;
	ret = module_map(h, &info);
	if (ret)
		return ret;
	lib_start(h);
	/* A producer that died may have published and not woken. */
	if (h->role == IPCRING_ROLE_PRODUCER)
		ipcring_wake(&h->pub);
	return 0;
}

static __u32 module_flags(const struct lib_place *at)
{
	return (at->flags & IPCRING_EP_NONBLOCK) |
	       (at->lane == IPCRING_ANY_LANE ? IPCRING_EP_ANY_LANE : 0);
}

static __u32 module_lane(const struct lib_place *at)
{
	return at->lane == IPCRING_ANY_LANE ? 0 : at->lane;
}

static int module_endpoint(const struct ipcring_handle *control, const struct lib_place *at,
			   struct ipcring_handle *h)
{
	struct ipcring_endpoint arg = {
		.size = sizeof(arg), .role = at->role,
		.flags = module_flags(at), .lane = module_lane(at),
	};

	h->fd = ioctl(control->fd, IPCRING_IOC_ENDPOINT, &arg);
	return h->fd < 0 ? -errno : module_start(h, at->flags);
}

static int module_open(const char *name, const struct lib_place *at, struct ipcring_handle *h)
{
	struct ipcring_open arg = {
		.size = sizeof(arg), .role = at->role,
		.flags = module_flags(at), .lane = module_lane(at),
	};

	memcpy(arg.name, name, strlen(name));
	h->fd = module_command(IPCRING_IOC_OPEN, &arg);
	return h->fd < 0 ? h->fd : module_start(h, at->flags);
}

static int module_import(int fd, __u32 flags, struct ipcring_handle *h)
{
	h->fd = fd;
	return module_start(h, flags);
}

static int module_wait(struct ipcring_handle *h, __u32 need, __u64 deadline)
{
	struct ipcring_wait arg = { .size = sizeof(arg), .deadline = deadline };

	/* One slot is as good as another, and @need has to be 0. */
	if (h->role == IPCRING_ROLE_PRODUCER && h->records)
		arg.need = need;
	return ioctl(h->fd, IPCRING_IOC_WAIT, &arg) ? -errno : 0;
}

static void module_wake(struct ipcring_handle *h, __u32 lane)
{
	(void)lane;	/* a consumer wakes the producers of all lanes */
	ioctl(h->fd, IPCRING_IOC_WAKE, 0);
}

static int module_wait_any(struct ipcring *const *ends, unsigned int nr, __u64 deadline,
			   __u64 *ready)
{
	__s32 fds[IPCRING_WAIT_ANY_MAX];
	struct ipcring_wait_any arg = {
		.size = sizeof(arg), .fds = (__u64)(uintptr_t)fds, .nr = nr, .deadline = deadline,
	};

	for (unsigned int i = 0; i < nr; i++)
		fds[i] = ipcring_fd(ends[i]);
	if (ioctl(fds[0], IPCRING_IOC_WAIT_ANY, &arg))
		return -errno;
	*ready = arg.ready;
	return 0;
}

static void module_close(struct ipcring_handle *h)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	bool mapped = h->lanes && h->pid == getpid();

	for (__u32 n = 0; mapped && n < h->nr_lanes; n++) {
		const struct ring *r = &h->lanes[n].ring;

		if (r->prod)
			munmap(r->prod, page);
		if (r->cons)
			munmap(r->cons, page);
		if (r->data)
			munmap(r->data, h->data_bytes);
	}
	if (h->fd >= 0)
		close(h->fd);
}

const struct lib_backend lib_module = {
	.create = module_create,
	.open = module_open,
	.endpoint = module_endpoint,
	.import = module_import,
	.wait = module_wait,
	.wake = module_wake,
	.wait_any = module_wait_any,
	.info = module_info,
	.stats = module_stats,
	.close = module_close,
};
