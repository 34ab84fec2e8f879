/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Services seen from outside: their threads in /proc, and conditions that are waited for by
 * looking again and again, each time giving way. What never comes true ends with the test's
 * time.
 */
#ifndef SELFTESTS_PCQ_SERVED_H
#define SELFTESTS_PCQ_SERVED_H

#include "set.h"

#include <dirent.h>

#define WAIT_FOR(cond) do { \
	while (!(cond)) \
		sched_yield(); \
} while (0)

/* As /proc has it: R, S, P parked; 0: it has gone, as /proc may notice late. */
static inline char task_state(pid_t tid)
{
	char path[64], text[512], *end;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	if (!read_file(path, text, sizeof(text)))
		return 0;
	end = strrchr(text, ')');
	return end && end[1] && end[2] != 'X' ? end[2] : 0;
}

/*
 * The thread that serves a queue of CPU @cpu; *@nr of them, if not NULL. 0: none. One that
 * was stopped has left the module, but takes a moment to leave the kernel: WAIT_FOR() that.
 */
static inline pid_t service_tid(uint32_t cpu, int *nr)
{
	char path[64], comm[32], want[32];
	struct dirent *e;
	pid_t tid = 0;
	DIR *d = opendir("/proc");

	snprintf(want, sizeof(want), "ipcring_pcq/%u\n", cpu);
	if (nr)
		*nr = 0;
	while (d && (e = readdir(d))) {
		snprintf(path, sizeof(path), "/proc/%.16s/comm", e->d_name);
		if (atoi(e->d_name) <= 0 || !read_file(path, comm, sizeof(comm)) ||
		    strcmp(comm, want) || !task_state(atoi(e->d_name)))
			continue;
		tid = atoi(e->d_name);
		if (nr)
			(*nr)++;
	}
	if (d)
		closedir(d);
	return tid;
}

/* Off its CPU: the kernel answers then only, see task_blocked_in(). */
static inline bool kthread_asleep(pid_t tid)
{
	char path[64], text[256];

	snprintf(path, sizeof(path), "/proc/%d/syscall", tid);
	return task_state(tid) == 'S' && read_file(path, text, sizeof(text)) && text[0] != 'r';
}

static inline bool task_bound_to(pid_t tid, uint32_t cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	return !sched_getaffinity(tid, sizeof(set), &set) && CPU_COUNT(&set) == 1 &&
	       CPU_ISSET(cpu, &set);
}

/* Fields of a queue's statistics, or -1. */
#define STAT(fd, cpu, field) ({ \
	struct ipcring_pcq_stats stat_; \
	pcq_stats(fd, cpu, &stat_) ? (uint64_t)-1 : (uint64_t)stat_.field; \
})

#define DOORBELLS(fd, cpu) ({ \
	struct ipcring_pcq_stats bells_; \
	pcq_stats(fd, cpu, &bells_) ? (uint64_t)-1 : \
		bells_.wakes + bells_.ipis + bells_.suppressed + bells_.coalesced; \
})

/* Nonblocking send on a CPU; the caller comes back to where it was allowed. */
static inline int send_on(int fd, uint32_t cpu, const void *buf, size_t len)
{
	cpu_set_t old;
	int ret;

	sched_getaffinity(0, sizeof(old), &old);
	ret = cpu_pin(cpu);
	if (!ret)
		ret = chan_write(fd, buf, len);
	sched_setaffinity(0, sizeof(old), &old);
	return ret;
}

/* One message without waiting, of an end bound to @cpu of ANY, or else BOUND. */
static inline int recv_from(int fd, uint32_t cpu, void *buf, uint32_t len, uint32_t *sent_on)
{
	struct ipcring_pcq_msg msg = pcq_msg(buf, len);
	struct ipcring_pcq_batch p = pcq_batch(&msg, 1);
	int ret;

	p.cpu = cpu;
	p.flags = IPCRING_PCQ_DONTWAIT;
	ret = pcq_recv(fd, &p);
	if (sent_on)
		*sent_on = msg.cpu;
	return ret == 1 ? (int)msg.len : ret ? ret : -EPIPE;
}

#endif /* SELFTESTS_PCQ_SERVED_H */
