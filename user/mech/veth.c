// SPDX-License-Identifier: GPL-2.0
/* Two computers: the namespaces, by unshare() and setns(). */
#define _GNU_SOURCE
#include <fcntl.h>
#include <netlink/netlink.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>
#include "veth.h"
#include "veth_link.h"

static int veth_here(void)
{
	return open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
}

int veth_enter(const struct veth *v, enum mech_side side)
{
	return setns(v->ns[side], CLONE_NEWNET) ? -errno : 0;
}

int veth_home(const struct veth *v)
{
	return setns(v->home, CLONE_NEWNET) ? -errno : 0;
}

/* A socket of rtnetlink that is of this namespace wherever it is used. */
static struct nl_sock *veth_rtnl(void)
{
	struct nl_sock *nl = nl_socket_alloc();

	if (nl && !nl_connect(nl, NETLINK_ROUTE))
		return nl;
	nl_socket_free(nl);
	return NULL;
}

/* Ends in the receiver's. */
static int veth_unshare(struct veth *v, struct nl_sock *nl[])
{
	v->home = veth_here();
	if (v->home < 0)
		return -errno;
	for (int side = 0; side < SIDE_COUNT; side++) {
		if (unshare(CLONE_NEWNET))
			return -errno;
		v->ns[side] = veth_here();
		if (v->ns[side] < 0)
			return -errno;
		nl[side] = veth_rtnl();
		if (!nl[side])
			return -ENOMEM;
	}
	nl[VETH_LINK_EVENTS] = veth_rtnl();
	return nl[VETH_LINK_EVENTS] ? 0 : -ENOMEM;
}

int veth_open(struct veth *v, int domain, struct mech_why *why)
{
	struct nl_sock *nl[VETH_LINK_SOCKETS] = { NULL };
	int ret, back = 0;

	*v = VETH_NONE;
	ret = veth_unshare(v, nl);
	if (ret)
		mech_because(why, "unshare(CLONE_NEWNET): %s; it takes CAP_SYS_ADMIN, be root, and room below user.max_net_namespaces",
			     strerror(-ret));
	if (!ret) {
		ret = veth_link_make(nl, v->ns[SIDE_SENDER], domain);
		if (ret)
			mech_because(why, "a veth pair: %s; it takes CAP_NET_ADMIN, be root, and the kernel's module, modprobe veth",
				     strerror(-ret));
	}
	for (int i = 0; i < VETH_LINK_SOCKETS; i++)
		nl_socket_free(nl[i]);
	if (v->home >= 0)
		back = veth_home(v);
	return ret ? ret : back;
}

void veth_close(struct veth *v)
{
	for (int side = 0; side < SIDE_COUNT; side++)
		if (v->ns[side] >= 0)
			close(v->ns[side]);
	if (v->home >= 0)
		close(v->home);
	*v = VETH_NONE;
}
