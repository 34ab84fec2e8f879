/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fault injection: the N-th allocation or copy of a call fails (/proc/thread-self/fail-nth),
 * for N = 1, 2, ... until there are no more. Needs a kernel with failslab, fail_page_alloc
 * and fail_usercopy: scripts/kernels 6.1-kasan.
 */
#ifndef SELFTESTS_NTH_H
#define SELFTESTS_NTH_H

#include "open.h"
#include "user.h"

#include <liburing.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#define FAIL_NTH	"/proc/thread-self/fail-nth"
#define DEBUGFS		"/sys/kernel/debug"
#define MAX_CHANNELS	MODULE_PARAM("max_user_channels")
#define MAX_BYTES	MODULE_PARAM("max_user_bytes")
#define NTH_MAX		20000
/*
 * A submission to io_uring has 10, 11 or 12 chances, the copy being the last of them: it is
 * passed over in (2/3)^(3 * 8) of all runs, one in 17,000. Others differ less.
 */
#define NTH_SPARED	3	/* times in a row that the N-th chance did not come */
#define NTH_WALKS	8

/**
 * struct nth - a task in which a call's N-th chance to fail does
 * @fd:		its fail-nth
 * @nth:	N; 0: nothing fails
 * @injected:	in the last call it came to that
 * @faults:	how many nth_each() has injected
 */
struct nth {
	int fd;
	int nth;
	bool injected;
	int faults;
};

/* In a child: what it must find, or it ends. */
static inline void nth_must(const struct nth *n, bool ok, const char *file, int line,
			    const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "# %s:%d: fault %d: %s\n", file, line, n->nth, what);
	_exit(1);
}

#define NTH_MUST(n, x)	nth_must(n, x, __FILE__, __LINE__, #x)

/* In task context with GFP_KERNEL, too, and in silence. */
static inline bool nth_arm_kind(const char *kind)
{
	char path[64];

	snprintf(path, sizeof(path), DEBUGFS "/%s/verbose", kind);
	if (!write_file(path, "0"))
		return false;
	snprintf(path, sizeof(path), DEBUGFS "/%s/ignore-gfp-wait", kind);
	return write_file(path, "N") || !strcmp(kind, "fail_usercopy");
}

static inline bool nth_arm(void)
{
	if (access(DEBUGFS "/failslab", F_OK))
		mount("none", DEBUGFS, "debugfs", 0, NULL);
	return nth_arm_kind("failslab") && nth_arm_kind("fail_page_alloc") &&
	       write_file(DEBUGFS "/fail_page_alloc/min-order", "0") &&
	       nth_arm_kind("fail_usercopy");
}

/* In a fixture's setup. */
#define NTH_ARM() do { \
	if (access(FAIL_NTH, F_OK)) \
		SETUP_SKIP(FAIL_NTH ": not there; scripts/vm --kernel 6.1-kasan"); \
	ASSERT_TRUE(nth_arm()); \
} while (0)

static inline void nth_open(struct nth *n)
{
	/* Else the file of a task that changed its uid is root's. */
	NTH_MUST(n, prctl(PR_SET_DUMPABLE, 1) == 0);
	n->fd = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
	NTH_MUST(n, n->fd >= 0);
}

static inline void nth_on(struct nth *n)
{
	char buf[16];
	int len = snprintf(buf, sizeof(buf), "%d", n->nth);

	if (n->nth)
		NTH_MUST(n, pwrite(n->fd, buf, len, 0) == len);
}

/*
 * What is left of the count is 0 if the fault was injected. If it was not, it may hit the
 * read that asks, or the write that calls it off.
 */
static inline int nth_off(struct nth *n, int ret)
{
	char buf[16] = "";

	if (!n->nth)
		return ret;
	n->injected = pread(n->fd, buf, sizeof(buf) - 1, 0) > 0 && atoi(buf) == 0;
	if (pwrite(n->fd, "0", 1, 0) != 1)
		NTH_MUST(n, pwrite(n->fd, "0", 1, 0) == 1);
	return ret;
}

#define NTH_FAULT(n, call) (nth_on(n), nth_off(n, call))

/* Return: of the faults up to the last, how many were told. */
static inline int nth_walk(struct nth *n, int (*call)(void *arg), void *arg)
{
	int failed = 0, spared = 0, ret;

	for (n->nth = 1; n->nth < NTH_MAX && spared < NTH_SPARED; n->nth++) {
		int nth = n->nth;

		ret = call(arg);
		NTH_MUST(n, ret == 0 || (n->injected && (ret == -ENOMEM || ret == -EFAULT)));
		spared = n->injected ? 0 : spared + 1;
		n->faults += n->injected;
		failed += ret < 0;
		n->nth = 0;
		NTH_MUST(n, call(arg) == 0);
		n->nth = nth;
	}
	NTH_MUST(n, n->nth < NTH_MAX);
	n->nth = 0;
	return failed;
}

/*
 * @call is to put its faults into NTH_FAULT() and to look what became of it. After each
 * fault it works. What a call has to allocate differs by what is in stock, so one that was
 * not failed once may have been passed over. Return: how many faults were told.
 */
static inline int nth_each(struct nth *n, int (*call)(void *arg), void *arg)
{
	int failed = 0;

	n->faults = 0;
	for (int walk = 0; walk < NTH_WALKS; walk++)
		failed += nth_walk(n, call, arg);
	return failed;
}

/* io_uring: a ring of its own each time, so that none has requests in store. */

static inline struct io_uring_sqe *nth_uring_open(const struct nth *n, struct io_uring *u)
{
	struct io_uring_sqe *sqe;

	NTH_MUST(n, io_uring_queue_init(4, u, 0) == 0);
	sqe = io_uring_get_sqe(u);
	if (!sqe)
		abort();
	return sqe;
}

/* It says -EAGAIN of a request that it has no memory for. */
static inline int nth_uring_submit(struct nth *n, struct io_uring *u)
{
	int ret = NTH_FAULT(n, io_uring_submit(u));

	NTH_MUST(n, ret == 1 || ret == -EAGAIN || ret == -ENOMEM || ret == -EFAULT);
	return ret == 1 ? 0 : ret == -EFAULT ? ret : -ENOMEM;
}

static inline int nth_uring_result(const struct nth *n, struct io_uring *u)
{
	struct io_uring_cqe *cqe;

	NTH_MUST(n, io_uring_wait_cqe(u, &cqe) == 0);
	return cqe->res;
}

static inline int nth_uring_run(struct nth *n, struct io_uring *u)
{
	int ret = nth_uring_submit(n, u);

	if (!ret)
		ret = nth_uring_result(n, u);
	io_uring_queue_exit(u);
	return ret;
}

static inline int close_if(int fd)
{
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

/* Room for one object of @bytes, and no more: what is lost is missed. In a test. */
#define NTH_ROOM(bytes) do { \
	const struct rlimit limit_ = { bytes, bytes }; \
	char text_[32]; \
	\
	snprintf(text_, sizeof(text_), "%lu", (unsigned long)(bytes)); \
	ASSERT_TRUE(write_file(MAX_CHANNELS, "1")); \
	ASSERT_TRUE(write_file(MAX_BYTES, text_)); \
	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit_)); \
} while (0)

#endif /* SELFTESTS_NTH_H */
