// SPDX-License-Identifier: GPL-2.0
/* vsock-stream, vsock-seqpacket: sockets for virtual machines, from this one to itself. */
#define _GNU_SOURCE
#include "inet.h"
#include <linux/vm_sockets.h>

/* Under way at most: messages, and bytes if that is less, the kernel's default. */
#define VSOCK_MESSAGES	256
#define VSOCK_BYTES	262144
/* More than the kernel counts for a packet, of 64 KiB at most, beside its bytes: 576 in 7.3. */
#define VSOCK_PACKET	1024

#define VSOCK_CHOICES	"CID 1 (VMADDR_CID_LOCAL); SO_VM_SOCKETS_BUFFER_SIZE of the sender 256 messages, 262144 bytes at most, of the receiver with 1024 more for each packet; sleeps in read, write"

/*
 * A packet that finds less room than it needs goes in part, and a sender that then may not wait
 * has no way to learn which (vsock_connectible_sendmsg()): so the buffers hold a whole number of
 * messages. Newer kernels reset a connection where the receiver's, less what they count for
 * packets, is full, which a sender does not know; but they let it send no more than its own.
 */
static int vsock_option(int fd, enum mech_side side, const struct mech_cfg *cfg)
{
	const unsigned long long size = cfg->size, most = VSOCK_BYTES / size;
	const unsigned long long n = most < 2 ? 2 : most < VSOCK_MESSAGES ? most : VSOCK_MESSAGES;
	const unsigned long long packets = n * (size / 65536 + 1) * VSOCK_PACKET;
	const unsigned long long more = side == SIDE_RECEIVER ? (packets + size - 1) / size : 0;
	const unsigned long long room = (n + more) * size;

	return setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_BUFFER_MAX_SIZE, &room, sizeof(room)) ||
	       setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_BUFFER_SIZE, &room, sizeof(room)) ?
		-errno : 0;
}

/* Whole messages, whoever sends them. */
#define VSOCK_WHOLE	(MECH_T_BOUNDARIES | MECH_T_FANIN | MECH_T_ATOMIC)

#define VSOCK(id, title, about, kind)							\
static const struct inet id##_inet = {							\
	.domain = AF_VSOCK, .type = kind, .option = vsock_option,			\
};											\
											\
INET_HOOKS(id)										\
											\
const struct mech_ops mech_##id = {							\
	.name = title,									\
	.summary = about,								\
	.choices = VSOCK_CHOICES,							\
	.rev = 1,									\
	.traits = MECH_T_BACKPRESSURE | MECH_T_PERSISTENT | MECH_T_ORDER |		\
		  MECH_T_DUPLEX | MECH_T_HANGUP |					\
		  (kind == SOCK_SEQPACKET ? VSOCK_WHOLE : 0),				\
	.unsaid = kind == SOCK_STREAM ? MECH_T_FANIN : 0,				\
	.waits = MECH_W_FD,								\
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

VSOCK(vsock_stream, "vsock-stream", "AF_VSOCK over loopback: write and read", SOCK_STREAM);
VSOCK(vsock_seqpacket, "vsock-seqpacket", "the same, SOCK_SEQPACKET", SOCK_SEQPACKET);
