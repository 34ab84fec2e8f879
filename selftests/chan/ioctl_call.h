/* SPDX-License-Identifier: GPL-2.0 */
/* An ioctl that blocks, watched from outside. */
#ifndef SELFTESTS_IOCTL_CALL_H
#define SELFTESTS_IOCTL_CALL_H

#include "chan.h"

/* A blocking ioctl in a thread of its own. */
struct ioctl_call {
	int fd;
	unsigned long cmd;
	void *arg;
	pthread_t thread;
	pid_t tid;
	bool done;
	int ret;
};

static inline void *ioctl_thread(void *arg)
{
	struct ioctl_call *c = arg;

	__atomic_store_n(&c->tid, gettid(), __ATOMIC_RELEASE);
	c->ret = errno_or(ioctl(c->fd, c->cmd, c->arg));
	__atomic_store_n(&c->done, true, __ATOMIC_RELEASE);
	return NULL;
}

/* Come back when the call sleeps, or false if it ended. */
static inline bool ioctl_start(struct ioctl_call *c)
{
	if (pthread_create(&c->thread, NULL, ioctl_thread, c))
		return false;
	while (!__atomic_load_n(&c->tid, __ATOMIC_ACQUIRE))
		sched_yield();
	while (!task_blocked_in(c->tid, SYS_ioctl)) {
		if (__atomic_load_n(&c->done, __ATOMIC_ACQUIRE))
			return false;
		sched_yield();
	}
	return true;
}

static inline int ioctl_finish(struct ioctl_call *c)
{
	pthread_join(c->thread, NULL);
	return c->ret;
}

#endif /* SELFTESTS_IOCTL_CALL_H */
