/* SPDX-License-Identifier: GPL-2.0 */
/* WAIT_URING for mechanisms that read from one descriptor and write to another. */
#ifndef IPCSCOPE_MECH_FD_URING_H
#define IPCSCOPE_MECH_FD_URING_H

#include <liburing.h>
#include "mech.h"

/*
 * One io_uring for each worker (SINGLE_ISSUER, DEFER_TASKRUN, registered files), and an entry
 * for what moves on the descriptors that the mechanism's fd() names: SEND and RECV if they
 * are sockets of streams, else WRITE and READ. A round trip is one submission of two linked
 * entries, and one more for each part in which a stream moves what is left.
 */
extern const struct mech_io fd_uring;

/* Places in its table of registered files, and whose completion it is. */
enum {
	FD_URING_OUT,
	FD_URING_IN,
	FD_URING_FILES
};

/**
 * struct fd_uring_state - what m->uring is
 * @ring:	the io_uring, of this worker only
 * @stream:	by place: a socket whose messages have no boundaries
 */
struct fd_uring_state {
	struct io_uring ring;
	bool stream[FD_URING_FILES];
};

/* Make m->uring, for the descriptors that fd() names. */
int fd_uring_attach(struct mech *m);

/**
 * fd_uring_run() - submit what is prepared, sleep for one completion
 * @u:		the io_uring
 * @which:	NULL, or the completion's data
 *
 * Whatever interrupts the sleep: who is stopped and goes on has its entries under way still.
 * Return: the completion's result, or -errno.
 */
int fd_uring_run(struct io_uring *u, __u64 *which);

/* Can this process have such an io_uring? 0, or -errno and @why. */
int fd_uring_probe(struct mech_why *why);

/* Words for @error of io_uring_setup(). Return: @error. */
int fd_uring_because(struct mech_why *why, int error);

#endif /* IPCSCOPE_MECH_FD_URING_H */
