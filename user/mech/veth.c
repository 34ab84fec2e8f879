// SPDX-License-Identifier: GPL-2.0
/* Two computers: the namespaces, by unshare() and setns(). */
#define _GNU_SOURCE
#include <fcntl.h>
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

/* Ends in the receiver's. */
static int veth_unshare(struct veth *v, struct veth_rtnl r[])
{
	int ret;

	v->home = veth_here();
	if (v->home < 0)
		return -errno;
	for (int side = 0; side < SIDE_COUNT; side++) {
		if (unshare(CLONE_NEWNET))
			return -errno;
		v->ns[side] = veth_here();
		if (v->ns[side] < 0)
			return -errno;
		ret = veth_rtnl_open(&r[side]);
		if (ret)
			return veth_rtnl_errno(ret);
	}
	return 0;
}

int veth_open(struct veth *v, int domain, struct mech_why *why)
{
	struct veth_rtnl r[SIDE_COUNT] = { { NULL } };
	int ret, back = 0;

	*v = VETH_NONE;
	ret = veth_unshare(v, r);
	if (ret)
		mech_because(why, "unshare(CLONE_NEWNET): %s; it takes CAP_SYS_ADMIN, be root, and room below user.max_net_namespaces",
			     strerror(-ret));
	if (!ret) {
		ret = veth_rtnl_errno(veth_link_make(r, v->ns[SIDE_SENDER], domain));
		if (ret)
			mech_because(why, "a veth pair: %s; it takes CAP_NET_ADMIN, be root, and the kernel's module, modprobe veth",
				     strerror(-ret));
	}
	for (int side = 0; side < SIDE_COUNT; side++)
		veth_rtnl_close(&r[side]);
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
