// SPDX-License-Identifier: GPL-2.0
/* File descriptors through Unix sockets: SCM_RIGHTS, with a byte that they come with. */
#define _GNU_SOURCE
#include <string.h>
#include "unix.h"

/**
 * union unix_pass - room for a descriptor beside a message
 * @head:	alignment
 * @room:	for the header and it
 */
union unix_pass {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

int unix_pass(struct mech *m, int fd)
{
	const struct sock_pair *p = m->priv;
	union unix_pass control = { .head = {
		.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
		.cmsg_len = CMSG_LEN(sizeof(fd)),
	} };
	char zero = 0;
	struct iovec byte = { &zero, 1 };
	struct msghdr msg = {
		.msg_iov = &byte, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	const int flags = MSG_NOSIGNAL | (m->nowait ? MSG_DONTWAIT : 0);

	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	return sendmsg(p->fd.out[m->side], &msg, flags) < 0 ? -errno : 0;
}

/* Credentials may come first, if they were asked for. */
int unix_take(struct mech *m, int *fd)
{
	const struct sock_pair *p = m->priv;
	char control[CMSG_SPACE(sizeof(struct ucred)) + sizeof(union unix_pass)]
		__attribute__((aligned(sizeof(struct cmsghdr))));
	char byte;
	struct iovec part = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &part, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(p->fd.in[m->side], &msg,
			    MSG_CMSG_CLOEXEC | (m->nowait ? MSG_DONTWAIT : 0));

	if (n <= 0)
		return n ? -errno : -EPIPE;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		memcpy(fd, CMSG_DATA(c), sizeof(*fd));
		return 0;
	}
	return -EBADMSG;
}
