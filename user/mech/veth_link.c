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
#include <sys/time.h>
#include "veth.h"
#include "veth_link.h"

/* The name of both ends: each is alone where it is. */
#define VETH_LINK_NAME		"veth0"
/* A link that does not come up in this time never will. */
#define VETH_LINK_PATIENCE_S	10

/* Of libnl's errors, those that tell what to do. */
static int veth_link_errno(int nl)
{
	return !nl ? 0 : nl == -NLE_PERM ? -EPERM : nl == -NLE_OPNOTSUPP ? -EOPNOTSUPP :
	       nl == -NLE_AGAIN ? -ETIMEDOUT : -EIO;
}

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

/* 1: the link is up, 0: it is not, < 0: an error of libnl. */
static int veth_link_is_up(struct nl_sock *nl)
{
	struct rtnl_link *link = NULL;
	int ret = rtnl_link_get_kernel(nl, 0, VETH_LINK_NAME, &link);

	if (!ret)
		ret = rtnl_link_get_operstate(link) == IF_OPER_UP;
	rtnl_link_put(link);
	return ret;
}

/*
 * The end that came up first, the receiver's, had no carrier, and what it sends is dropped until
 * the kernel has come round to that. The other has one from the beginning. @events hears of it.
 */
static int veth_link_wait(struct nl_sock *nl, struct nl_sock *events)
{
	const struct timeval patience = { .tv_sec = VETH_LINK_PATIENCE_S };
	int ret;

	nl_socket_disable_seq_check(events);
	setsockopt(nl_socket_get_fd(events), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	ret = nl_socket_add_membership(events, RTNLGRP_LINK);
	while (!ret) {
		ret = veth_link_is_up(nl);
		if (!ret)
			ret = nl_recvmsgs_default(events);
	}
	return ret < 0 ? ret : 0;
}

/* Nobody else can have it: without the detection of duplicates, which would take a second. */
static int veth_link_address(struct nl_sock *nl, int domain, const char *text)
{
	struct rtnl_addr *address = rtnl_addr_alloc();
	struct nl_addr *local = NULL;
	struct rtnl_link *link = NULL;
	int ret = address ? nl_addr_parse(text, domain, &local) : -NLE_NOMEM;

	if (!ret)
		ret = rtnl_link_get_kernel(nl, 0, VETH_LINK_NAME, &link);
	if (!ret)
		ret = rtnl_addr_set_local(address, local);
	if (!ret) {
		rtnl_addr_set_ifindex(address, rtnl_link_get_ifindex(link));
		rtnl_addr_set_prefixlen(address, domain == AF_INET6 ? 126 : 30);
		rtnl_addr_set_flags(address, domain == AF_INET6 ? IFA_F_NODAD : 0);
		ret = rtnl_addr_add(nl, address, 0);
	}
	rtnl_link_put(link);
	nl_addr_put(local);
	rtnl_addr_put(address);
	return ret;
}

static int veth_link_all(struct nl_sock *const nl[], int sender_ns, int domain)
{
	int ret = veth_link_join(nl[SIDE_RECEIVER], sender_ns);

	if (!ret)
		ret = veth_link_up(nl[SIDE_RECEIVER], domain);
	if (!ret)
		ret = veth_link_up(nl[SIDE_SENDER], domain);
	if (!ret)
		ret = veth_link_wait(nl[SIDE_RECEIVER], nl[VETH_LINK_EVENTS]);
	for (int side = 0; !ret && side < SIDE_COUNT; side++)
		ret = veth_link_address(nl[side], domain, veth_text(domain, side));
	return ret;
}

int veth_link_make(struct nl_sock *const nl[], int sender_ns, int domain)
{
	return veth_link_errno(veth_link_all(nl, sender_ns, domain));
}
