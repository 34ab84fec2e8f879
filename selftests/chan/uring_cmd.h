/* SPDX-License-Identifier: GPL-2.0 */
/* Common to the tests of IORING_OP_URING_CMD. */
#ifndef SELFTESTS_URING_CMD_H
#define SELFTESTS_URING_CMD_H

#include "pair.h"

#include <liburing.h>

#ifndef IORING_SETUP_SINGLE_ISSUER
#define IORING_SETUP_SINGLE_ISSUER	(1U << 12)
#endif
#ifndef IORING_SETUP_DEFER_TASKRUN
#define IORING_SETUP_DEFER_TASKRUN	(1U << 13)
#endif

/* Not into functions that setjmp() makes special. */
#define __noinline __attribute__((noinline, unused))

static inline int ring_setup(struct io_uring *u, uint32_t setup)
{
	struct io_uring_params p = { .flags = setup, .sq_thread_idle = 1 };

	return io_uring_queue_init_params(8, u, &p);
}

static inline struct io_uring_sqe *get_sqe(struct io_uring *u, uint32_t op, int fd,
					   const void *addr, uint32_t len)
{
	struct ipcring_uring arg = { .addr = (uintptr_t)addr, .len = len };
	struct io_uring_sqe *sqe = io_uring_get_sqe(u);

	if (!sqe)
		abort();
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = fd;
	sqe->cmd_op = op;
	sqe->user_data = op;
	memcpy(sqe->cmd, &arg, sizeof(arg));
	return sqe;
}

/* The consumers' place is free again once the command has let go of its file. */
static inline int reopen(struct chan *c)
{
	int fd;

	while ((fd = chan_endpoint(c->control, IPCRING_ROLE_CONSUMER, 0)) == -EBUSY)
		sched_yield();
	return fd;
}

/* Runs what completed for us meanwhile. */
static __noinline int get_events(struct io_uring *u)
{
	return syscall(SYS_io_uring_enter, u->ring_fd, 0, 0, IORING_ENTER_GETEVENTS, NULL, 0);
}

static __noinline bool pending(struct io_uring *u)
{
	/* SQPOLL: another thread submits. */
	while (io_uring_sq_ready(u))
		sched_yield();
	get_events(u);
	return io_uring_cq_ready(u) == 0;
}

static __noinline int64_t next_cqe(struct io_uring *u, uint64_t *data)
{
	struct io_uring_cqe *cqe;
	int ret;

	do
		ret = io_uring_wait_cqe(u, &cqe);
	while (ret == -EINTR);
	if (ret)
		return INT64_MIN;
	ret = cqe->res;
	if (data)
		*data = cqe->user_data;
	io_uring_cqe_seen(u, cqe);
	return ret;
}

/* Submit a command and wait for it. */
static __noinline int64_t run(struct io_uring *u, uint8_t flags, uint32_t op, int fd,
			      const void *addr, uint32_t len)
{
	get_sqe(u, op, fd, addr, len)->flags |= flags;
	return io_uring_submit(u) >= 1 ? next_cqe(u, NULL) : INT64_MIN;
}

/* Until a worker of io_uring's sleeps: a new one has first taken what there was to do. */
static __noinline void wait_worker(void)
{
	char path[64], name[16], state = 0;

	while (state != 'S') {
		for (int tid = getpid(); tid < getpid() + 20 && state != 'S'; tid++) {
			FILE *f;

			snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
			f = fopen(path, "re");
			if (!f)
				continue;
			if (fscanf(f, "%*d (%15[^)]) %c", name, &state) != 2 ||
			    strncmp(name, "iou-wrk", 7))
				state = 0;
			fclose(f);
		}
		sched_yield();
	}
}

#endif /* SELFTESTS_URING_CMD_H */
