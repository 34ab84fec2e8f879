/* SPDX-License-Identifier: GPL-2.0 */
/* What is between two computers. Only veth.c includes it. */
#ifndef IPCSCOPE_MECH_VETH_LINK_H
#define IPCSCOPE_MECH_VETH_LINK_H

#include "veth_rtnl.h"

/**
 * veth_link_make() - a veth pair, one end each, up, with an address that is ready
 * @r:		by side, in its namespace
 * @sender_ns:	the sender's namespace
 * @domain:	AF_INET or AF_INET6
 *
 * Return: 0 or an error of libnl.
 */
int veth_link_make(struct veth_rtnl r[], int sender_ns, int domain);

#endif /* IPCSCOPE_MECH_VETH_LINK_H */
