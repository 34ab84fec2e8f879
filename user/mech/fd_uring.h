/* SPDX-License-Identifier: GPL-2.0 */
/* WAIT_URING for mechanisms that read() from one descriptor and write() to another. */
#ifndef IPCSCOPE_MECH_FD_URING_H
#define IPCSCOPE_MECH_FD_URING_H

#include "mech.h"

/*
 * One io_uring for each worker (SINGLE_ISSUER, DEFER_TASKRUN, registered files); WRITE and
 * READ on the descriptors that the mechanism's fd() names. A round trip is one submission
 * of two linked entries where a message moves whole (MECH_T_BOUNDARIES), and an entry for
 * each part that a stream moves.
 */
extern const struct mech_io fd_uring;

/* Places in its table of registered files; m->uring is a struct io_uring. */
enum {
	FD_URING_OUT,
	FD_URING_IN,
	FD_URING_FILES
};

#endif /* IPCSCOPE_MECH_FD_URING_H */
