/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Common to the channel tests: one thin wrapper per call, each returning what
 * the system call returns or -errno, and a way to watch a call that blocks.
 */
#ifndef SELFTESTS_CHAN_H
#define SELFTESTS_CHAN_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ring.h"
/* Programs that are no harness's: with a main() of their own. */
#ifndef CHAN_PLAIN
#include "kselftest_harness.h"
#endif

#define DEVICE		"/dev/ipcring"
#define POISON		0xcc
#define BAD_PTR		bad_ptr()
#define ARRAY_LEN(a)	(sizeof(a) / sizeof((a)[0]))

static inline int errno_or(long ret)
{
	return ret < 0 ? -errno : ret;
}

/* Not mapped, and the compiler must not know. */
static inline void *bad_ptr(void)
{
	void *volatile p = (void *)8;

	return p;
}

/* The harness of 6.1 runs the test even if its setup skipped. */
#define SETUP_SKIP(...)	SKIP(longjmp(_metadata->env, 1), __VA_ARGS__)

/* A macro, so that SKIP and ASSERT name the caller's line. */
#define OPEN_DEVICE(fd) do { \
	(fd) = open(DEVICE, O_RDWR | O_CLOEXEC); \
	if ((fd) < 0 && (errno == ENOENT || errno == EACCES)) \
		SETUP_SKIP(DEVICE ": %s; load ipcring.ko and be root", strerror(errno)); \
	ASSERT_LE(0, fd); \
} while (0)

static inline uint64_t chan_features(int dev)
{
	struct ipcring_features p = { .size = sizeof(p) };

	return ioctl(dev, IPCRING_IOC_FEATURES, &p) ? 0 : p.features;
}

static inline int chan_create(int dev, uint32_t slots, uint32_t msg_size)
{
	struct ipcring_create p = { .size = sizeof(p), .slots = slots, .msg_size = msg_size };

	return errno_or(ioctl(dev, IPCRING_IOC_CREATE, &p));
}

static inline int chan_endpoint(int control, uint32_t role, uint32_t flags)
{
	struct ipcring_endpoint p = { .size = sizeof(p), .role = role, .flags = flags };

	return errno_or(ioctl(control, IPCRING_IOC_ENDPOINT, &p));
}

static inline int chan_info(int fd, struct ipcring_info *info)
{
	memset(info, POISON, sizeof(*info));
	info->size = sizeof(*info);
	return errno_or(ioctl(fd, IPCRING_IOC_INFO, info));
}

static inline int chan_state(int fd)
{
	struct ipcring_info info;
	int ret = chan_info(fd, &info);

	return ret ? ret : (int)info.state;
}

static inline int chan_wait(int fd, uint64_t deadline)
{
	struct ipcring_wait p = { .size = sizeof(p), .deadline = deadline };

	return errno_or(ioctl(fd, IPCRING_IOC_WAIT, &p));
}

static inline int chan_wake(int fd)
{
	return errno_or(ioctl(fd, IPCRING_IOC_WAKE, 0));
}

static inline int chan_read(int fd, void *buf, size_t len)
{
	return errno_or(read(fd, buf, len));
}

static inline int chan_write(int fd, const void *buf, size_t len)
{
	return errno_or(write(fd, buf, len));
}

static inline int chan_poll(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events, .revents = (short)0xcccc };
	int ret = errno_or(poll(&p, 1, 0));

	return ret < 0 ? ret : p.revents;
}

static inline void set_nonblock(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}

/* One channel with both endpoints, as most tests want it. */
struct chan {
	int dev;
	int control;
	int prod;
	int cons;
};

#define OPEN_CHAN(c, slots, msg_size) do { \
	OPEN_DEVICE((c)->dev); \
	(c)->control = chan_create((c)->dev, slots, msg_size); \
	ASSERT_LE(0, (c)->control); \
	(c)->prod = chan_endpoint((c)->control, IPCRING_ROLE_PRODUCER, 0); \
	ASSERT_LE(0, (c)->prod); \
	(c)->cons = chan_endpoint((c)->control, IPCRING_ROLE_CONSUMER, 0); \
	ASSERT_LE(0, (c)->cons); \
} while (0)

static inline void chan_close(struct chan *c)
{
	close(c->prod);
	close(c->cons);
	close(c->control);
	close(c->dev);
}

/* The mapped side. */

static inline void *map_region(int fd, int prot, uint64_t offset, size_t len)
{
	return mmap(NULL, len, prot, MAP_SHARED, fd, offset);
}

static inline int map_ring(int fd, struct ring *r)
{
	struct ipcring_info info;
	int ret, prod, cons;

	ret = chan_info(fd, &info);
	if (ret)
		return ret;
	prod = PROT_READ | (info.role == IPCRING_ROLE_PRODUCER ? PROT_WRITE : 0);
	cons = PROT_READ | (info.role == IPCRING_ROLE_CONSUMER ? PROT_WRITE : 0);
	r->prod = map_region(fd, prod, IPCRING_OFF_PROD, getpagesize());
	r->cons = map_region(fd, cons, IPCRING_OFF_CONS, getpagesize());
	r->data = map_region(fd, prod, IPCRING_OFF_DATA, info.data_bytes);
	r->size = info.slots;
	r->stride = info.stride;
	r->msg_size = info.msg_size;
	if (r->prod == MAP_FAILED || r->cons == MAP_FAILED || r->data == MAP_FAILED)
		return -errno;
	return 0;
}

static inline void unmap_ring(struct ring *r)
{
	size_t bytes = (size_t)r->size * r->stride;

	munmap(r->prod, getpagesize());
	munmap(r->cons, getpagesize());
	munmap(r->data, (bytes + getpagesize() - 1) & -(size_t)getpagesize());
}

/* Send over the mapping; sleep in WAIT while the ring is full. */
static inline int map_send(int fd, const struct ring *r, const void *buf, uint32_t len)
{
	__u64 pos;
	int ret;

	while ((ret = ring_reserve(r, len, &pos)) == -EAGAIN) {
		ret = chan_wait(fd, IPCRING_NO_TIMEOUT);
		if (ret)
			return ret;
	}
	if (ret)
		return ret;
	memcpy(ring_payload(ring_slot(r, pos)), buf, len);
	return ring_wake_consumer(r, pos, ring_publish(r, pos, len)) ? chan_wake(fd) : 0;
}

static inline int map_recv(int fd, const struct ring *r, void *buf)
{
	__u64 pos;
	__u32 len;
	int ret;

	while ((ret = ring_peek(r, &pos, &len)) == -EAGAIN) {
		ret = chan_wait(fd, IPCRING_NO_TIMEOUT);
		if (ret)
			return ret;
	}
	if (ret)
		return ret;
	memcpy(buf, ring_payload(ring_slot(r, pos)), len);
	if (ring_wake_producer(r, pos, ring_release(r, pos, len))) {
		ret = chan_wake(fd);
		if (ret)
			return ret;
	}
	return len;
}

/* The beginning of a file of /proc/PID. */
static inline bool task_file(pid_t tid, const char *name, char *text, size_t size)
{
	char path[64];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", tid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	len = read(fd, text, size - 1);
	close(fd);
	text[len > 0 ? len : 0] = '\0';
	return len > 0;
}

/* Asleep, or about to be. A task that is on its way to another CPU's queue shows R. */
static inline bool task_asleep(pid_t tid)
{
	char text[256], *name;

	if (!task_file(tid, "stat", text, sizeof(text)))
		return false;
	name = strrchr(text, ')');
	return name && (name[2] == 'S' || name[2] == 'D');
}

/*
 * Has a task come to rest in system call @nr? The kernel answers only for a task
 * that is off its CPU, so this is no guess, and no test needs to sleep. One that was
 * woken, but is not in its CPU's queue yet, is off it, too: so ask for that before.
 */
static inline bool task_blocked_in(pid_t tid, long nr)
{
	char text[256];

	return task_asleep(tid) && task_file(tid, "syscall", text, sizeof(text)) &&
	       text[0] != 'r' && strtol(text, NULL, 10) == nr;
}

/* False: the task ended instead. */
static inline bool wait_blocked(pid_t tid, long nr)
{
	while (!task_blocked_in(tid, nr)) {
		siginfo_t si = { .si_pid = 0 };

		if (waitid(P_PID, tid, &si, WEXITED | WNOHANG | WNOWAIT) == 0 && si.si_pid)
			return false;
		sched_yield();
	}
	return true;
}

/* A blocking call in a thread of its own. */
enum call_op { CALL_READ, CALL_WRITE, CALL_WAIT, CALL_POLL };

struct call {
	enum call_op op;
	int fd;
	void *buf;
	size_t len;
	uint64_t deadline;
	pthread_t thread;
	pid_t tid;
	bool done;
	int ret;
};

static inline void *call_thread(void *arg)
{
	struct call *c = arg;
	struct pollfd p = { .fd = c->fd, .events = POLLIN | POLLOUT };

	__atomic_store_n(&c->tid, gettid(), __ATOMIC_RELEASE);
	switch (c->op) {
	case CALL_READ:
		c->ret = chan_read(c->fd, c->buf, c->len);
		break;
	case CALL_WRITE:
		c->ret = chan_write(c->fd, c->buf, c->len);
		break;
	case CALL_WAIT:
		c->ret = chan_wait(c->fd, c->deadline);
		break;
	case CALL_POLL:
		c->ret = errno_or(poll(&p, 1, -1));
		c->ret = c->ret == 1 ? p.revents : c->ret;
		break;
	}
	__atomic_store_n(&c->done, true, __ATOMIC_RELEASE);
	return NULL;
}

/* Come back when the call sleeps, or false if it ended. */
static inline bool call_blocked(struct call *c)
{
	static const long nr[] = { SYS_read, SYS_write, SYS_ioctl, SYS_poll };

	while (!task_blocked_in(c->tid, nr[c->op])) {
		if (__atomic_load_n(&c->done, __ATOMIC_ACQUIRE))
			return false;
		sched_yield();
	}
	return true;
}

static inline bool call_start(struct call *c)
{
	c->tid = 0;
	c->done = false;
	if (pthread_create(&c->thread, NULL, call_thread, c))
		return false;
	while (!__atomic_load_n(&c->tid, __ATOMIC_ACQUIRE))
		sched_yield();
	return call_blocked(c);
}

static inline int call_finish(struct call *c)
{
	pthread_join(c->thread, NULL);
	return c->ret;
}

/* Kernels that check themselves (scripts/kernels 6.1-kasan) are slower by an order. */
static inline bool kernel_is_slow(void)
{
	return access("/proc/lockdep_stats", F_OK) == 0;
}

static inline uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* Exit status of a child, or 128 + the signal that killed it. */
static inline int reap(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

#endif /* SELFTESTS_CHAN_H */
