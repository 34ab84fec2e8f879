/* SPDX-License-Identifier: GPL-2.0 */
/* What is between two computers. Only veth.c includes it. */
#ifndef IPCSCOPE_MECH_VETH_LINK_H
#define IPCSCOPE_MECH_VETH_LINK_H

#include "mech.h"

struct nl_sock;

/* Sockets by side, of its namespace, and one more of the receiver's for what happens there. */
enum { VETH_LINK_EVENTS = SIDE_COUNT, VETH_LINK_SOCKETS };

/**
 * veth_link_make() - a veth pair, one end each, up, with an address that is ready
 * @nl:		VETH_LINK_SOCKETS of them
 * @sender_ns:	the sender's namespace
 * @domain:	AF_INET or AF_INET6
 *
 * Return: 0 or -errno.
 */
int veth_link_make(struct nl_sock *const nl[], int sender_ns, int domain);

#endif /* IPCSCOPE_MECH_VETH_LINK_H */
