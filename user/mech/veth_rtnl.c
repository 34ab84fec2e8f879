// SPDX-License-Identifier: GPL-2.0
/* The kernel comes round to parts of what it is told later: nothing is to be done before. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/time.h>
#include "veth_rtnl.h"

/* What does not come in this time never will. */
#define VETH_RTNL_PATIENCE_S	10

int veth_rtnl_open(struct veth_rtnl *r)
{
	const struct timeval patience = { .tv_sec = VETH_RTNL_PATIENCE_S };
	int ret;

	r->ask = nl_socket_alloc();
	r->hear = nl_socket_alloc();
	if (!r->ask || !r->hear)
		return -NLE_NOMEM;
	nl_socket_disable_seq_check(r->hear);
	ret = nl_connect(r->ask, NETLINK_ROUTE);
	if (!ret)
		ret = nl_connect(r->hear, NETLINK_ROUTE);
	if (!ret)
		ret = nl_socket_add_memberships(r->hear, RTNLGRP_LINK, RTNLGRP_IPV6_ROUTE, 0);
	if (!ret && setsockopt(nl_socket_get_fd(r->hear), SOL_SOCKET, SO_RCVTIMEO, &patience,
			       sizeof(patience)))
		ret = -NLE_FAILURE;
	return ret;
}

void veth_rtnl_close(struct veth_rtnl *r)
{
	nl_socket_free(r->ask);
	nl_socket_free(r->hear);
}

int veth_rtnl_until(struct veth_rtnl *r, int (*ready)(struct nl_sock *ask, const void *arg),
		    const void *arg)
{
	int ret;

	do {
		ret = ready(r->ask, arg);
		if (!ret)
			ret = nl_recvmsgs_default(r->hear);
		else if (ret > 0)
			return 0;
	} while (ret >= 0);
	return ret;
}

int veth_rtnl_errno(int nl)
{
	return !nl ? 0 : nl == -NLE_PERM ? -EPERM : nl == -NLE_OPNOTSUPP ? -EOPNOTSUPP :
	       nl == -NLE_NOMEM ? -ENOMEM : nl == -NLE_AGAIN ? -ETIMEDOUT : -EIO;
}
