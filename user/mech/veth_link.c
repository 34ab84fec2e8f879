// SPDX-License-Identifier: GPL-2.0
/* The links and addresses of two computers, by rtnetlink. */
#define _GNU_SOURCE
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/inet6.h>
#include <netlink/route/link/veth.h>
#include <netlink/route/route.h>
#include "veth.h"
#include "veth_link.h"

/* The name of both ends: each is alone where it is. */
#define VETH_LINK_NAME	"veth0"

/* One end in the receiver's, and one in the sender's. */
static int veth_link_join(struct nl_sock *nl, int sender_ns)
{
	struct rtnl_link *link = rtnl_link_veth_alloc(), *peer;
	int ret;

	if (!link)
		return -NLE_NOMEM;
	peer = rtnl_link_veth_get_peer(link);
	rtnl_link_set_name(link, VETH_LINK_NAME);
	rtnl_link_set_name(peer, VETH_LINK_NAME);
	rtnl_link_set_ns_fd(peer, sender_ns);
	ret = rtnl_link_add(nl, link, NLM_F_CREATE | NLM_F_EXCL);
	rtnl_link_put(peer);
	rtnl_link_veth_release(link);
	return ret;
}

static int veth_link_set(struct nl_sock *nl, bool up)
{
	struct rtnl_link *link = rtnl_link_alloc();
	int ret;

	if (!link)
		return -NLE_NOMEM;
	rtnl_link_set_name(link, VETH_LINK_NAME);
	if (up)
		rtnl_link_set_flags(link, IFF_UP);
	else
		rtnl_link_inet6_set_addr_gen_mode(link, IN6_ADDR_GEN_MODE_NONE);
	ret = rtnl_link_change(nl, link, link, 0);
	rtnl_link_put(link);
	return ret;
}

/* Without the address that IPv6, if there is one, gives itself, and announces later. */
static int veth_link_up(struct nl_sock *nl, int domain)
{
	const int ret = veth_link_set(nl, false);

	return ret && domain == AF_INET6 ? ret : veth_link_set(nl, true);
}

static int veth_link_is_up(struct nl_sock *nl, const void *unused)
{
	struct rtnl_link *link = NULL;
	int ret = rtnl_link_get_kernel(nl, 0, VETH_LINK_NAME, &link);

	(void)unused;
	if (!ret)
		ret = rtnl_link_get_operstate(link) == IF_OPER_UP;
	rtnl_link_put(link);
	return ret;
}

/*
 * Does a packet for @address end here? An address of IPv6 gets its route later, and the kernel
 * tells of that a moment before it finds it (fib6_add_rt2node(): RTN_RTINFO). It does both
 * under a lock that whoever sets a link waits for, if to what it is.
 */
static int veth_link_is_local(struct nl_sock *nl, const void *address)
{
	struct rtnl_route *route = NULL;
	int ret = veth_link_set(nl, true);

	if (ret)
		return ret;
	if (!rtnl_route_lookup(nl, (struct nl_addr *)address, &route))
		ret = rtnl_route_get_type(route) == RTN_LOCAL;
	rtnl_route_put(route);
	return ret;
}

/* Nobody else can have it: without the detection of duplicates, which would take a second. */
static int veth_link_add(struct nl_sock *nl, struct nl_addr *local, int prefix)
{
	struct rtnl_addr *address = rtnl_addr_alloc();
	struct rtnl_link *link = NULL;
	int ret = address ? rtnl_addr_set_local(address, local) : -NLE_NOMEM;

	if (!ret)
		ret = rtnl_link_get_kernel(nl, 0, VETH_LINK_NAME, &link);
	if (!ret) {
		rtnl_addr_set_ifindex(address, rtnl_link_get_ifindex(link));
		rtnl_addr_set_prefixlen(address, prefix);
		rtnl_addr_set_flags(address, prefix > 32 ? IFA_F_NODAD : 0);
		ret = rtnl_addr_add(nl, address, 0);
	}
	rtnl_link_put(link);
	rtnl_addr_put(address);
	return ret;
}

static int veth_link_address(struct veth_rtnl *r, int domain, const char *text)
{
	struct nl_addr *local = NULL;
	int ret = nl_addr_parse(text, domain, &local);

	if (!ret)
		ret = veth_link_add(r->ask, local, domain == AF_INET6 ? 126 : 30);
	if (!ret)
		ret = veth_rtnl_until(r, veth_link_is_local, local);
	nl_addr_put(local);
	return ret;
}

/*
 * The end that comes up first has no carrier, and what it sends is dropped until the kernel
 * has come round to that; the other one has it from the beginning.
 */
int veth_link_make(struct veth_rtnl r[], int sender_ns, int domain)
{
	int ret = veth_link_join(r[SIDE_RECEIVER].ask, sender_ns);

	if (!ret)
		ret = veth_link_up(r[SIDE_RECEIVER].ask, domain);
	if (!ret)
		ret = veth_link_up(r[SIDE_SENDER].ask, domain);
	if (!ret)
		ret = veth_rtnl_until(&r[SIDE_RECEIVER], veth_link_is_up, NULL);
	for (int side = 0; !ret && side < SIDE_COUNT; side++)
		ret = veth_link_address(&r[side], domain, veth_text(domain, side));
	return ret;
}
