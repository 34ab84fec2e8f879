// SPDX-License-Identifier: GPL-2.0
/* The io_uring of fd_uring.c: whether there can be one, made, and slept in. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "fd_uring.h"

/* A round trip is two entries. */
#define FD_URING_ENTRIES	4
#define FD_URING_FLAGS		(IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN)

/* sysctl kernel.io_uring_disabled, of Linux 6.6; 0: not that. */
static int fd_uring_disabled(void)
{
	FILE *f = fopen("/proc/sys/kernel/io_uring_disabled", "re");
	int value = 0;

	if (f && fscanf(f, "%d", &value) != 1)
		value = 0;
	if (f)
		fclose(f);
	return value;
}

int fd_uring_because(struct mech_why *why, int error)
{
	if (error == -EPERM && fd_uring_disabled())
		mech_because(why, "kernel.io_uring_disabled is %d; set it with sysctl -w kernel.io_uring_disabled=0",
			     fd_uring_disabled());
	else if (error == -EPERM)
		mech_because(why, "io_uring_setup: %s; a seccomp filter, as containers have, forbids it: run outside",
			     strerror(-error));
	else if (error == -ENOSYS)
		mech_because(why, "this kernel has no io_uring; take one with CONFIG_IO_URING");
	else if (error == -EINVAL)
		mech_because(why, "this kernel's io_uring has no DEFER_TASKRUN; use Linux 6.1 or later");
	else
		mech_because(why, "io_uring_setup: %s; raise ulimit -l if it is short of memory",
			     strerror(-error));
	return error;
}

int fd_uring_probe(struct mech_why *why)
{
	struct io_uring u;
	int ret = io_uring_queue_init(FD_URING_ENTRIES, &u, FD_URING_FLAGS);

	if (ret)
		return fd_uring_because(why, ret);
	io_uring_queue_exit(&u);
	return 0;
}

int fd_uring_attach(struct mech *m)
{
	struct fd_uring_state *s = calloc(1, sizeof(*s));
	int files[FD_URING_FILES], ret;
	struct stat st;

	m->uring = s;
	if (!s)
		return -ENOMEM;
	for (int i = 0; i < FD_URING_FILES; i++) {
		files[i] = m->ops->fd(m, i == FD_URING_IN ? MECH_IN : MECH_OUT);
		if (fstat(files[i], &st))
			return -errno;
		/*
		 * Not of packets: a SEND that finds the receiver's queue full has used up its
		 * data, and says -ENODATA when io_uring comes back with the rest (netlink).
		 */
		s->stream[i] = S_ISSOCK(st.st_mode) && !(m->ops->traits & MECH_T_BOUNDARIES);
	}
	ret = io_uring_queue_init(FD_URING_ENTRIES, &s->ring, FD_URING_FLAGS);
	if (ret)
		return ret;
	ret = io_uring_register_ring_fd(&s->ring);
	return ret < 0 ? ret : io_uring_register_files(&s->ring, files, FD_URING_FILES);
}

/* An interrupted call says how many it submitted, and nothing of a completion. */
int fd_uring_run(struct io_uring *u, __u64 *which)
{
	struct io_uring_cqe *cqe;
	int ret;

	do {
		ret = io_uring_submit_and_wait(u, 1);
	} while (ret == -EINTR);
	if (ret < 0)
		return ret;
	do {
		ret = io_uring_wait_cqe(u, &cqe);
	} while (ret == -EINTR);
	if (ret)
		return ret;
	ret = cqe->res;
	if (which)
		*which = io_uring_cqe_get_data64(cqe);
	io_uring_cqe_seen(u, cqe);
	return ret;
}
