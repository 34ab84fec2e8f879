/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What TCP, UDP and vsock share: two connected sockets, over loopback or, but for vsock,
 * between two computers.
 */
#ifndef IPCSCOPE_MECH_INET_H
#define IPCSCOPE_MECH_INET_H

#include <sys/socket.h>
#include "fd_pair.h"
#include "fd_uring.h"

/**
 * struct inet - which sockets
 * @domain:	AF_INET, AF_INET6 or AF_VSOCK
 * @type:	SOCK_STREAM, SOCK_SEQPACKET or SOCK_DGRAM
 * @apart:	between two computers, whatever cfg.apart says
 * @option:	optional: set what else a new socket needs; 0 or -errno
 * @probe:	optional: more reasons why not, on a socket as open() will make it
 */
struct inet {
	int domain;
	int type;
	bool apart;
	int (*option)(int fd, enum mech_side side, const struct mech_cfg *cfg);
	int (*probe)(int fd, struct mech_why *why);
};

/* probe() and open() of a mechanism; the other hooks are fd_pair.h's. */
int inet_probe(const struct inet *inet, const struct mech_cfg *cfg, struct mech_why *why);
int inet_open(const struct inet *inet, struct mech *m);

/* probe() and open() of the mechanism whose struct inet is id_inet. */
#define INET_HOOKS(id)									\
static int id##_probe(const struct mech_cfg *cfg, struct mech_why *why)			\
{											\
	return inet_probe(&id##_inet, cfg, why);					\
}											\
											\
static int id##_open(struct mech *m)							\
{											\
	return inet_open(&id##_inet, m);						\
}

#endif /* IPCSCOPE_MECH_INET_H */
