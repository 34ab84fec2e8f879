/* SPDX-License-Identifier: GPL-2.0 */
/* The two sockets of inet.h while they are made, in the supervisor. */
#ifndef IPCSCOPE_MECH_INET_END_H
#define IPCSCOPE_MECH_INET_END_H

#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include "inet.h"

/**
 * struct inet_end - one end while it is made
 * @fd:		socket, -1: none
 * @name:	what it is bound to
 */
struct inet_end {
	int fd;
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_vm vm;
	} name;
};

#define INET_END_NONE	{ { .fd = -1 }, { .fd = -1 } }

/**
 * inet_end_bind() - both sockets, each bound to a port that the kernel chooses
 * @inet:	which
 * @cfg:	for its option(); apart: the two computers live as long as the sockets
 * @end:	INET_END_NONE; to be closed after a failure, too
 * @why:	reason of a failure, if there is more to say than the error does
 *
 * Return: 0 or -errno.
 */
int inet_end_bind(const struct inet *inet, const struct mech_cfg *cfg, struct inet_end end[],
		  struct mech_why *why);

/* Connect them; a listener is gone as soon as it has done its work. Return: 0 or -errno. */
int inet_end_connect(const struct inet *inet, const struct mech_cfg *cfg, struct inet_end end[]);

#endif /* IPCSCOPE_MECH_INET_END_H */
