/* SPDX-License-Identifier: GPL-2.0 */
/* Two pipes, one each way, for mechanisms that differ in how they move bytes through them. */
#ifndef IPCSCOPE_MECH_PIPE_PAIR_H
#define IPCSCOPE_MECH_PIPE_PAIR_H

#include "fd_pair.h"

/* The kernel's default, and what the rings take, too. */
#define PIPE_PAIR_BYTES		65536

/**
 * pipe_pair_probe() - are there pipes of that capacity for this configuration?
 * @cfg:	what the core asks for
 * @why:	reason of a refusal
 * @bytes:	capacity
 *
 * Return: 0 or -errno.
 */
int pipe_pair_probe(const struct mech_cfg *cfg, struct mech_why *why, int bytes);

/**
 * pipe_pair_open() - create both
 * @p:		filled
 * @flags:	of pipe2()
 * @bytes:	capacity
 *
 * What a failure leaves open is for fd_pair_close(). Return: 0 or -errno.
 */
int pipe_pair_open(struct fd_pair *p, int flags, int bytes);

#endif /* IPCSCOPE_MECH_PIPE_PAIR_H */
