/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For mechanisms whose sides each have a socket: send() and recv() rather than write() and
 * read(), as each call says by a flag whether it waits, and raises no SIGPIPE.
 */
#ifndef IPCSCOPE_MECH_SOCK_PAIR_H
#define IPCSCOPE_MECH_SOCK_PAIR_H

#include "fd_pair.h"

/**
 * struct sock_pair - the sockets
 * @fd:		first: the hooks of fd_pair.h take it for theirs
 * @from:	who sent what was received last, with m->creds; .pid is 0: nobody knows
 */
struct sock_pair {
	struct fd_pair fd;
	struct mech_cred from;
};

/* Hooks of a mechanism whose state begins with a struct sock_pair: of a stream, ... */
int sock_pair_send_stream(struct mech *m, const void *buf);
int sock_pair_recv_stream(struct mech *m, void *buf);

/* ... and where a message moves whole, or not at all. */
int sock_pair_send_packet(struct mech *m, const void *buf);
int sock_pair_recv_packet(struct mech *m, void *buf);

/* SCM_CREDENTIALS, for sock_pair_attach() asked the kernel for them if m->creds. */
int sock_pair_cred(struct mech *m, struct mech_cred *cred);
int sock_pair_attach(struct mech *m);

/**
 * sock_pair_fit() - give a socket room for a message that is not split
 * @fd:		it
 * @size:	bytes of the message
 * @why:	NULL, or reason of -EMSGSIZE
 *
 * Leaves the send buffer as it is if the message fits; else it will hold two, beyond
 * net.core.wmem_max if this user may.
 * Return: 0, -EMSGSIZE if it does not fit, or -errno.
 */
int sock_pair_fit(int fd, size_t size, struct mech_why *why);

#endif /* IPCSCOPE_MECH_SOCK_PAIR_H */
