// SPDX-License-Identifier: GPL-2.0
/* vsock-stream, vsock-seqpacket: sockets for virtual machines, from this one to itself. */
#define _GNU_SOURCE
#include "inet.h"
#include <linux/vm_sockets.h>

/* The kernel's default, and as much as it takes without SO_VM_SOCKETS_BUFFER_MAX_SIZE. */
#define VSOCK_BUFFER	262144

#define VSOCK_CHOICES	"CID 1 (VMADDR_CID_LOCAL); SO_VM_SOCKETS_BUFFER_SIZE: as many messages as 262144 bytes hold; sleeps in read, write"

/*
 * A packet that finds less room than it needs goes in part, and a sender that then may not wait
 * has no way to learn which (vsock_connectible_sendmsg()). Room for a whole number of messages
 * never is a part of one.
 */
static int vsock_option(int fd, const struct mech_cfg *cfg)
{
	const unsigned long long whole = VSOCK_BUFFER / cfg->size * cfg->size;
	const unsigned long long room = whole ? whole : VSOCK_BUFFER;

	return setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_BUFFER_SIZE, &room, sizeof(room)) ? -errno : 0;
}

#define VSOCK(id, title, about, kind, more, none, max)					\
static const struct inet id##_inet = {							\
	.domain = AF_VSOCK, .type = kind, .option = vsock_option,			\
};											\
											\
static int id##_probe(const struct mech_cfg *cfg, struct mech_why *why)			\
{											\
	return inet_probe(&id##_inet, cfg, why);					\
}											\
											\
static int id##_open(struct mech *m)							\
{											\
	return inet_open(&id##_inet, m);						\
}											\
											\
const struct mech_ops mech_##id = {							\
	.name = title,									\
	.summary = about,								\
	.choices = VSOCK_CHOICES,							\
	.rev = 1,									\
	.traits = MECH_T_BACKPRESSURE | MECH_T_PERSISTENT | MECH_T_ORDER |		\
		  MECH_T_DUPLEX | MECH_T_HANGUP | (more),				\
	.unsaid = none,									\
	.waits = MECH_W_FD,								\
	.max_msg = max,									\
	.probe = id##_probe,								\
	.open = id##_open,								\
	.attach = fd_pair_attach,							\
	.leave = fd_pair_leave,								\
	.send = fd_pair_send,								\
	.recv = fd_pair_recv,								\
	.fd = fd_pair_fd,								\
	.uring = &fd_uring,								\
	.close = fd_pair_free,								\
}

VSOCK(vsock_stream, "vsock-stream", "AF_VSOCK over loopback, SOCK_STREAM: write and read",
      SOCK_STREAM, 0, MECH_T_FANIN, 0);
VSOCK(vsock_seqpacket, "vsock-seqpacket", "AF_VSOCK over loopback, SOCK_SEQPACKET: write and read",
      SOCK_SEQPACKET, MECH_T_BOUNDARIES | MECH_T_FANIN | MECH_T_ATOMIC, 0, VSOCK_BUFFER);
