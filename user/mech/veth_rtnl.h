/* SPDX-License-Identifier: GPL-2.0 */
/* Questions to rtnetlink, and waiting for what it says. Errors are libnl's. */
#ifndef IPCSCOPE_MECH_VETH_RTNL_H
#define IPCSCOPE_MECH_VETH_RTNL_H

#include <netlink/netlink.h>

/**
 * struct veth_rtnl - sockets of the namespace that they were made in, wherever they are used
 * @ask:	for requests and their answers
 * @hear:	for what happens to links and to routes of IPv6
 */
struct veth_rtnl {
	struct nl_sock *ask;
	struct nl_sock *hear;
};

/* To be closed after a failure, too; a zeroed one can be. */
int veth_rtnl_open(struct veth_rtnl *r);
void veth_rtnl_close(struct veth_rtnl *r);

/**
 * veth_rtnl_until() - sleep until something is so
 * @r:		sockets
 * @ready:	asks: 1: it is, 0: not yet, < 0: an error
 * @arg:	its own
 *
 * Return: 0, or an error: -NLE_AGAIN after ten seconds without news.
 */
int veth_rtnl_until(struct veth_rtnl *r, int (*ready)(struct nl_sock *ask, const void *arg),
		    const void *arg);

/* As -errno, those that tell what to do; others are -EIO. */
int veth_rtnl_errno(int nl);

#endif /* IPCSCOPE_MECH_VETH_RTNL_H */
