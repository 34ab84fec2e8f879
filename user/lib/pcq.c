// SPDX-License-Identifier: GPL-2.0
/* libipcring: handles of per-CPU queues, and what is asked of the module. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "lib_pcq.h"

static int lib_ioctl(int fd, unsigned long cmd, void *arg)
{
	int ret = ioctl(fd, cmd, arg);

	return ret < 0 ? -errno : ret;
}

/* -ENOTTY of a module that knows no sets. */
static int lib_pcq_command(struct ipcring_pcq_create *arg)
{
	int dev = open("/dev/ipcring", O_RDWR | O_CLOEXEC);
	int ret;

	if (dev < 0)
		return -errno;
	ret = lib_ioctl(dev, IPCRING_IOC_PCQ_CREATE, arg);
	close(dev);
	return ret == -ENOTTY ? -EOPNOTSUPP : ret;
}

static int lib_map(int fd, size_t len, bool writable, __u64 offset, void *at)
{
	void *p = mmap(NULL, len, PROT_READ | (writable ? PROT_WRITE : 0), MAP_SHARED, fd,
		       (off_t)offset);

	if (p == MAP_FAILED)
		return -errno;
	memcpy(at, &p, sizeof(p));
	return 0;
}

/* A hole among the possible CPUs has no queue. */
static bool lib_pcq_possible(const struct ipcring_pcq *h, __u32 cpu)
{
	struct ipcring_pcq_stats stats = { .size = sizeof(stats), .cpu = cpu };

	return h->nr == 1 || !ipcring_pcq_stats(h, &stats);
}

static int lib_pcq_map_queue(const struct ipcring_pcq *h, struct lib_pcq_queue *q)
{
	struct ring *local = &q->lane[LIB_PCQ_LOCAL], *remote = &q->lane[LIB_PCQ_REMOTE];
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	bool sender = h->role == IPCRING_PCQ_SENDER;
	__u64 at = IPCRING_PCQ_OFF_CPU(q->cpu);
	int ret;

	ret = lib_map(h->fd, page, false, at + IPCRING_PCQ_OFF_STATE, &q->state);
	if (!ret)
		ret = lib_map(h->fd, page, sender, at + IPCRING_PCQ_OFF_PROD, &local->prod);
	if (!ret)
		ret = lib_map(h->fd, page, !sender, at + IPCRING_PCQ_OFF_CONS, &local->cons);
	if (!ret)
		ret = lib_map(h->fd, h->data_bytes, sender, at + IPCRING_PCQ_OFF_LOCAL,
			      &local->data);
	if (ret || sender)
		return ret;
	remote->cons = local->cons + 1;
	return lib_map(h->fd, h->data_bytes, false, at + IPCRING_PCQ_OFF_REMOTE, &remote->data);
}

static int lib_pcq_map(struct ipcring_pcq *h, const struct ipcring_pcq_info *info)
{
	bool all = h->cpu == IPCRING_PCQ_THIS || h->cpu == IPCRING_PCQ_ANY;
	int ret = 0;

	h->nr = all ? info->cpus : 1;
	h->first = all ? 0 : h->cpu;
	h->queues = calloc(h->nr, sizeof(*h->queues));
	if (!h->queues)
		return -ENOMEM;
	for (__u32 i = 0; !ret && i < h->nr; i++) {
		struct lib_pcq_queue *q = &h->queues[i];

		q->cpu = h->first + i;
		for (__u32 lane = 0; lane < LIB_PCQ_LANES; lane++)
			q->lane[lane] = lib_pcq_lane(info);
		if (lib_pcq_possible(h, q->cpu))
			ret = lib_pcq_map_queue(h, q);
	}
	return ret;
}

static void lib_pcq_unmap(const struct ipcring_pcq *h, const struct lib_pcq_queue *q)
{
	const struct ring *local = &q->lane[LIB_PCQ_LOCAL], *remote = &q->lane[LIB_PCQ_REMOTE];
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (q->state)
		munmap((void *)q->state, page);
	if (local->prod)
		munmap(local->prod, page);
	if (local->cons)
		munmap(local->cons, page);
	if (local->data)
		munmap(local->data, h->data_bytes);
	if (remote->data)
		munmap(remote->data, h->data_bytes);
}

/* Without a map for senders, or in order, there is only the kernel's way. */
static bool lib_pcq_maps(const struct ipcring_pcq_info *info, __u32 flags)
{
	if (flags & IPCRING_PCQ_COPY)
		return false;
	if (info->role == IPCRING_PCQ_SENDER)
		return info->flags & IPCRING_PCQ_MAP_SENDERS &&
		       !(flags & IPCRING_PCQ_EP_ORDERED);
	return info->role == IPCRING_PCQ_RECEIVER;
}

/* A handle of @fd, which is its own from then on, or closed. */
static int lib_pcq_handle(int fd, __u32 flags, struct ipcring_pcq **out)
{
	struct ipcring_pcq_info info = { .size = sizeof(info) };
	struct ipcring_pcq *h = calloc(1, sizeof(*h));
	int ret;

	if (!h) {
		close(fd);
		return -ENOMEM;
	}
	h->fd = fd;
	h->pid = getpid();
	ret = ipcring_pcq_info(h, &info);
	if (!ret) {
		h->role = info.role;
		h->cpu = info.cpu;
		h->msg_size = info.msg_size;
		h->data_bytes = info.data_bytes;
		if (lib_pcq_maps(&info, flags))
			ret = lib_pcq_map(h, &info);
	}
	if (ret)
		ipcring_pcq_close(h);
	else
		*out = h;
	return ret;
}

int ipcring_pcq_create(const struct ipcring_pcq_options *opt, struct ipcring_pcq **control)
{
	static const struct ipcring_pcq_options zero;
	struct ipcring_pcq_create arg = {
		.size = sizeof(arg), .flags = opt->flags, .slots = opt->slots,
		.msg_size = opt->msg_size,
	};
	int fd;

	if (memcmp(opt->resv, zero.resv, sizeof(zero.resv)))
		return -EINVAL;
	fd = lib_pcq_command(&arg);
	return fd < 0 ? fd : lib_pcq_handle(fd, 0, control);
}

int ipcring_pcq_endpoint(struct ipcring_pcq *control, __u32 role, __u32 cpu, __u32 flags,
			 struct ipcring_pcq **end)
{
	struct ipcring_pcq_endpoint arg = {
		.size = sizeof(arg), .flags = flags & ~IPCRING_PCQ_COPY, .role = role, .cpu = cpu,
	};
	int fd = lib_ioctl(control->fd, IPCRING_IOC_PCQ_ENDPOINT, &arg);

	return fd < 0 ? fd : lib_pcq_handle(fd, flags, end);
}

int ipcring_pcq_import(int fd, __u32 flags, struct ipcring_pcq **h)
{
	int own;

	if (flags & ~IPCRING_PCQ_COPY)
		return -EINVAL;
	own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return own < 0 ? -errno : lib_pcq_handle(own, flags, h);
}

void ipcring_pcq_close(struct ipcring_pcq *h)
{
	if (!h)
		return;
	for (__u32 i = 0; h->queues && h->pid == getpid() && i < h->nr; i++)
		lib_pcq_unmap(h, &h->queues[i]);
	close(h->fd);
	free(h->queues);
	free(h);
}

int ipcring_pcq_fd(const struct ipcring_pcq *h)
{
	return h->fd;
}

int ipcring_pcq_bell(struct ipcring_pcq *control, __u32 cpu, __u32 mode, __u32 flags)
{
	struct ipcring_pcq_bell arg = {
		.size = sizeof(arg), .flags = flags, .cpu = cpu, .mode = mode,
	};

	return lib_ioctl(control->fd, IPCRING_IOC_PCQ_BELL, &arg);
}

int ipcring_pcq_start(struct ipcring_pcq *control, __u32 cpu, __u32 work, __u32 flags,
		      const struct ipcring_pcq *out)
{
	struct ipcring_pcq_service arg = {
		.size = sizeof(arg), .flags = flags, .cpu = cpu, .work = work,
		.fd = out ? out->fd : -1,
	};

	return lib_ioctl(control->fd, IPCRING_IOC_PCQ_START, &arg);
}

int ipcring_pcq_stop(struct ipcring_pcq *control, __u32 cpu)
{
	return lib_ioctl(control->fd, IPCRING_IOC_PCQ_STOP, (void *)(uintptr_t)cpu);
}

int ipcring_pcq_info(const struct ipcring_pcq *h, struct ipcring_pcq_info *info)
{
	return lib_ioctl(h->fd, IPCRING_IOC_PCQ_INFO, info);
}

int ipcring_pcq_stats(const struct ipcring_pcq *h, struct ipcring_pcq_stats *stats)
{
	return lib_ioctl(h->fd, IPCRING_IOC_PCQ_STATS, stats);
}
