/* SPDX-License-Identifier: GPL-2.0 */
/* Two computers: network namespaces without a name, joined by a veth pair. */
#ifndef IPCSCOPE_MECH_VETH_H
#define IPCSCOPE_MECH_VETH_H

#include <sys/socket.h>
#include "mech.h"

#define VETH_NONE	((struct veth){ -1, { -1, -1 } })

/**
 * struct veth - both, and where we came from; descriptors of namespaces, -1: none
 * @home:	this thread's
 * @ns:		by side
 *
 * What is created in one of them keeps it alive, and the last one that goes takes the links
 * along: whoever is killed leaves nothing.
 */
struct veth {
	int home;
	int ns[SIDE_COUNT];
};

/**
 * veth_open() - create them, with links that are up and addresses that are ready
 * @v:		filled
 * @domain:	AF_INET or AF_INET6
 * @why:	reason of a failure
 *
 * This thread's namespace is what it was, afterwards.
 * Return: 0 or -errno.
 */
int veth_open(struct veth *v, int domain, struct mech_why *why);

/* @side's address, of those that RFC 2544 and RFC 5180 set aside for benchmarks. */
static inline const char *veth_text(int domain, enum mech_side side)
{
	if (domain == AF_INET6)
		return side == SIDE_SENDER ? "2001:2::1" : "2001:2::2";
	return side == SIDE_SENDER ? "198.18.0.1" : "198.18.0.2";
}

/* This thread goes to @side's computer; veth_home(): and back. Return: 0 or -errno. */
int veth_enter(const struct veth *v, enum mech_side side);
int veth_home(const struct veth *v);

/* What was created in them stays. */
void veth_close(struct veth *v);

#endif /* IPCSCOPE_MECH_VETH_H */
