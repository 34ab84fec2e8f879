/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Common to the tests of per-CPU queues: one thin wrapper per call, each returning what
 * the system call returns or -errno, outputs poisoned first. What endpoints have in
 * common with a channel's (read, write, poll, WAIT) is in chan.h.
 */
#ifndef SELFTESTS_PCQ_SET_H
#define SELFTESTS_PCQ_SET_H

#include "open.h"
#include "ioctl_call.h"

#include <linux/ipcring_pcq.h>

#define THIS	IPCRING_PCQ_THIS
#define ANY	IPCRING_PCQ_ANY
#define BOUND	IPCRING_PCQ_BOUND

/* PCQ_CREATE(dev, .slots = 4, .msg_size = 64) */
#define PCQ_CREATE(dev, ...) pcq_create_param(dev, &(struct ipcring_pcq_create){ \
	.size = sizeof(struct ipcring_pcq_create), __VA_ARGS__ })

static inline int pcq_create_param(int dev, const struct ipcring_pcq_create *p)
{
	return errno_or(ioctl(dev, IPCRING_IOC_PCQ_CREATE, p));
}

static inline int pcq_endpoint(int control, uint32_t role, uint32_t cpu, uint32_t flags)
{
	struct ipcring_pcq_endpoint p = { .size = sizeof(p), .role = role, .cpu = cpu,
					  .flags = flags };

	return errno_or(ioctl(control, IPCRING_IOC_PCQ_ENDPOINT, &p));
}

static inline int pcq_sender(int control, uint32_t cpu)
{
	return pcq_endpoint(control, IPCRING_PCQ_SENDER, cpu, 0);
}

static inline int pcq_receiver(int control, uint32_t cpu)
{
	return pcq_endpoint(control, IPCRING_PCQ_RECEIVER, cpu, 0);
}

static inline int pcq_observer(int control)
{
	return pcq_endpoint(control, IPCRING_PCQ_OBSERVER, 0, 0);
}

static inline int pcq_info(int fd, struct ipcring_pcq_info *info)
{
	memset(info, POISON, sizeof(*info));
	info->size = sizeof(*info);
	return errno_or(ioctl(fd, IPCRING_IOC_PCQ_INFO, info));
}

static inline int pcq_stats(int fd, uint32_t cpu, struct ipcring_pcq_stats *stats)
{
	memset(stats, POISON, sizeof(*stats));
	stats->size = sizeof(*stats);
	stats->cpu = cpu;
	stats->resv = 0;
	return errno_or(ioctl(fd, IPCRING_IOC_PCQ_STATS, stats));
}

static inline int pcq_bell(int control, uint32_t cpu, uint32_t mode, uint32_t flags)
{
	struct ipcring_pcq_bell p = { .size = sizeof(p), .cpu = cpu, .mode = mode,
				      .flags = flags };

	return errno_or(ioctl(control, IPCRING_IOC_PCQ_BELL, &p));
}

static inline int pcq_start(int control, uint32_t cpu, uint32_t work, uint32_t flags, int fd)
{
	struct ipcring_pcq_service p = { .size = sizeof(p), .cpu = cpu, .work = work,
					 .flags = flags, .fd = fd };

	return errno_or(ioctl(control, IPCRING_IOC_PCQ_START, &p));
}

static inline int pcq_stop(int control, uint32_t cpu)
{
	return errno_or(ioctl(control, IPCRING_IOC_PCQ_STOP, (unsigned long)cpu));
}

/* WAKE with the CPU whose queue it is. WAIT is chan_wait(). */
static inline int pcq_wake(int fd, uint32_t cpu)
{
	return errno_or(ioctl(fd, IPCRING_IOC_WAKE, (unsigned long)cpu));
}

/* A batch; the caller may change what is not the default. */
static inline struct ipcring_pcq_batch pcq_batch(struct ipcring_pcq_msg *msgs, uint32_t nr)
{
	return (struct ipcring_pcq_batch){
		.size = sizeof(struct ipcring_pcq_batch), .cpu = BOUND, .nr = nr,
		.msgs = (uintptr_t)msgs, .deadline = IPCRING_NO_TIMEOUT,
	};
}

static inline struct ipcring_pcq_msg pcq_msg(const void *addr, uint32_t len)
{
	return (struct ipcring_pcq_msg){ .addr = (uintptr_t)addr, .len = len };
}

static inline int pcq_send(int fd, const struct ipcring_pcq_batch *p)
{
	return errno_or(ioctl(fd, IPCRING_IOC_PCQ_SEND, p));
}

static inline int pcq_recv(int fd, const struct ipcring_pcq_batch *p)
{
	return errno_or(ioctl(fd, IPCRING_IOC_PCQ_RECV, p));
}

/* CPUs. */

static inline int cpu_nr_online(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN);
}

/* The first CPU of a list like "2-3,5", or -1. */
static inline int cpu_first_of(const char *path)
{
	char text[128];

	if (!read_file(path, text, sizeof(text)) || text[0] < '0' || text[0] > '9')
		return -1;
	return atoi(text);
}

/* The first CPU that is to be left alone, or -1. */
static inline int cpu_isolated(void)
{
	int cpu = cpu_first_of("/sys/devices/system/cpu/isolated");

	return cpu >= 0 ? cpu : cpu_first_of("/sys/devices/system/cpu/nohz_full");
}

/* CPUs 0.. that ANY sends to from elsewhere: isolated are the last, if any. */
static inline int cpu_nr_chosen(void)
{
	int isolated = cpu_isolated();

	return isolated > 0 ? isolated : cpu_nr_online();
}

/* This thread runs there, and nowhere else, from now on. */
static inline int cpu_pin(uint32_t cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return errno_or(sched_setaffinity(0, sizeof(set), &set));
}

static inline int cpu_unpin(void)
{
	cpu_set_t set;

	memset(&set, 0xff, sizeof(set));
	return errno_or(sched_setaffinity(0, sizeof(set), &set));
}

/* A test that needs the CPUs 0..nr-1. In a fixture's setup or a test. */
#define NEED_CPUS(nr) do { \
	if (cpu_nr_online() < (nr)) \
		SETUP_SKIP("%d CPUs online, %d needed; scripts/vm --cpus %d", \
			   cpu_nr_online(), (nr), (nr)); \
} while (0)

/**
 * struct set - a set of queues with the endpoints that most tests want
 * @dev:	/dev/ipcring
 * @control:	control fd
 * @sender:	bound to @cpu
 * @receiver:	bound to @cpu
 * @observer:	observer fd
 * @cpu:	what they are bound to
 */
struct set {
	int dev;
	int control;
	int sender;
	int receiver;
	int observer;
	uint32_t cpu;
};

/* OPEN_SET(&self->s, cpu, .slots = 4, .msg_size = 64); cpu may be THIS or ANY */
#define OPEN_SET(s, bound, ...) do { \
	OPEN_DEVICE((s)->dev); \
	(s)->cpu = (bound); \
	(s)->control = PCQ_CREATE((s)->dev, __VA_ARGS__); \
	ASSERT_LE(0, (s)->control); \
	(s)->sender = pcq_sender((s)->control, (s)->cpu); \
	ASSERT_LE(0, (s)->sender); \
	(s)->receiver = pcq_receiver((s)->control, (s)->cpu); \
	ASSERT_LE(0, (s)->receiver); \
	(s)->observer = pcq_observer((s)->control); \
	ASSERT_LE(0, (s)->observer); \
} while (0)

static inline void set_close(struct set *s)
{
	close(s->sender);
	close(s->receiver);
	close(s->observer);
	close(s->control);
	close(s->dev);
}

/* A blocking call, or ioctl, that runs on @cpu; the caller stays where it is. */

static inline bool call_start_on(struct call *c, uint32_t cpu)
{
	cpu_set_t old;
	bool blocked;

	sched_getaffinity(0, sizeof(old), &old);
	cpu_pin(cpu);
	blocked = call_start(c);
	sched_setaffinity(0, sizeof(old), &old);
	return blocked;
}

static inline bool ioctl_start_on(struct ioctl_call *c, uint32_t cpu)
{
	cpu_set_t old;
	bool blocked;

	sched_getaffinity(0, sizeof(old), &old);
	cpu_pin(cpu);
	blocked = ioctl_start(c);
	sched_setaffinity(0, sizeof(old), &old);
	return blocked;
}

#endif /* SELFTESTS_PCQ_SET_H */
