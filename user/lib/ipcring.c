// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "ipcring.h"

int ipcring_create(__u32 slots, __u32 msg_size)
{
	struct ipcring_create arg = {
		.size = sizeof(arg), .slots = slots, .msg_size = msg_size,
	};
	int dev = open("/dev/ipcring", O_RDWR | O_CLOEXEC), fd;

	if (dev < 0)
		return -errno;
	fd = ioctl(dev, IPCRING_IOC_CREATE, &arg);
	if (fd < 0)
		fd = -errno;
	close(dev);
	return fd;
}

int ipcring_endpoint(int control, __u32 role, __u32 flags)
{
	struct ipcring_endpoint arg = { .size = sizeof(arg), .flags = flags, .role = role };
	int fd = ioctl(control, IPCRING_IOC_ENDPOINT, &arg);

	return fd < 0 ? -errno : fd;
}

static int ipcring_map_one(int fd, size_t len, bool writable, off_t offset, void **at)
{
	void *p = mmap(NULL, len, PROT_READ | (writable ? PROT_WRITE : 0), MAP_SHARED, fd, offset);

	if (p == MAP_FAILED)
		return -errno;
	*at = p;
	return 0;
}

static size_t ipcring_data_bytes(const struct ring *r)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return ((size_t)r->size * r->stride + page - 1) / page * page;
}

int ipcring_map(int fd, struct ring *r)
{
	struct ipcring_info info = { .size = sizeof(info) };
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	bool producer;
	int ret;

	*r = (struct ring){ 0 };
	if (ioctl(fd, IPCRING_IOC_INFO, &info))
		return -errno;
	producer = info.role == IPCRING_ROLE_PRODUCER;
	r->size = info.slots;
	r->stride = info.stride;
	r->msg_size = info.msg_size;
	ret = ipcring_map_one(fd, page, producer, IPCRING_OFF_PROD, (void **)&r->prod);
	if (!ret)
		ret = ipcring_map_one(fd, page, !producer, IPCRING_OFF_CONS, (void **)&r->cons);
	if (!ret)
		ret = ipcring_map_one(fd, info.data_bytes, producer, IPCRING_OFF_DATA,
				      (void **)&r->data);
	if (ret)
		ipcring_unmap(r);
	return ret;
}

void ipcring_unmap(struct ring *r)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (r->prod)
		munmap(r->prod, page);
	if (r->cons)
		munmap(r->cons, page);
	if (r->data)
		munmap(r->data, ipcring_data_bytes(r));
	*r = (struct ring){ 0 };
}

int ipcring_wait(int fd)
{
	struct ipcring_wait arg = { .size = sizeof(arg), .deadline = IPCRING_NO_TIMEOUT };

	return ioctl(fd, IPCRING_IOC_WAIT, &arg) ? -errno : 0;
}

int ipcring_wake(int fd)
{
	return ioctl(fd, IPCRING_IOC_WAKE, 0) ? -errno : 0;
}
