// SPDX-License-Identifier: GPL-2.0
/* unix-dgram and unix-seqpacket, -path, -abstract: messages that arrive as they were sent. */
#define _GNU_SOURCE
#include <string.h>
#include "unix.h"

#define UNIX_PACKET_CHOICES	\
	"; both ways on one socket; SO_SNDBUF is net.core.wmem_default, or two messages (SO_SNDBUFFORCE where allowed); send(MSG_NOSIGNAL) and recv(), MSG_DONTWAIT while a side tries; SO_PASSCRED for cred() only"

/* Connected to each other, a queue has no other limit; of several senders it has one. */
#define UNIX_PACKET_QUEUE	\
	"; several senders' queue is net.unix.max_dgram_qlen long, as the system has it"

/* A message is one buffer, most of it in one piece: is there one? */
static int unix_packet_try(int fd[2], const struct mech_cfg *cfg, struct mech_why *why)
{
	int ret = sock_pair_fit(fd[0], cfg->size, why);
	void *buf;

	if (ret)
		return ret;
	buf = calloc(1, cfg->size);
	if (!buf)
		return -ENOMEM;
	if (send(fd[0], buf, cfg->size, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
		ret = -errno;
		mech_because(why, "the kernel has no buffer of %zu bytes in a piece: %s; give --size %d or less",
			     cfg->size, strerror(-ret), 65536);
	}
	free(buf);
	return ret;
}

static int unix_packet_probe(const struct mech_cfg *cfg, struct mech_why *why)
{
	int fd[2], ret;

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fd))
		return -errno;
	ret = unix_packet_try(fd, cfg, why);
	close(fd[0]);
	close(fd[1]);
	return ret;
}

#define UNIX_DGRAM_TRAITS	(MECH_T_BOUNDARIES | MECH_T_FANIN | MECH_T_ATOMIC)

UNIX_MECH(unix_dgram, "unix-dgram", SOCK_DGRAM, UNIX_PAIR, unix_packet_probe, UNIX_DGRAM_TRAITS,
	  packet, "socketpair(AF_UNIX, SOCK_DGRAM): send and recv",
	  "no name, and no other limit of the queue than" UNIX_PACKET_CHOICES);

UNIX_MECH(unix_dgram_path, "unix-dgram-path", SOCK_DGRAM, UNIX_PATH, unix_packet_probe,
	  UNIX_DGRAM_TRAITS, packet,
	  "two Unix datagram sockets that know each other's path: send and recv",
	  "bound in /tmp, connected both ways" UNIX_PACKET_CHOICES UNIX_PACKET_QUEUE);

UNIX_MECH(unix_dgram_abstract, "unix-dgram-abstract", SOCK_DGRAM, UNIX_ABSTRACT, unix_packet_probe,
	  UNIX_DGRAM_TRAITS, packet,
	  "two Unix datagram sockets that know each other's abstract address: send and recv",
	  "addresses that the kernel chose, connected both ways" UNIX_PACKET_CHOICES
	  UNIX_PACKET_QUEUE);

UNIX_MECH(unix_seqpacket, "unix-seqpacket", SOCK_SEQPACKET, UNIX_PAIR, unix_packet_probe,
	  MECH_T_BOUNDARIES | MECH_T_HANGUP | MECH_T_FANIN | MECH_T_ATOMIC, packet,
	  "socketpair(AF_UNIX, SOCK_SEQPACKET): send and recv",
	  "no name" UNIX_PACKET_CHOICES);

UNIX_MECH(unix_seqpacket_path, "unix-seqpacket-path", SOCK_SEQPACKET, UNIX_PATH, unix_packet_probe,
	  MECH_T_BOUNDARIES | MECH_T_HANGUP, packet,
	  "connect() to a Unix seqpacket server by path: send and recv",
	  "bound in /tmp; a connection has one sender" UNIX_PACKET_CHOICES);

UNIX_MECH(unix_seqpacket_abstract, "unix-seqpacket-abstract", SOCK_SEQPACKET, UNIX_ABSTRACT,
	  unix_packet_probe, MECH_T_BOUNDARIES | MECH_T_HANGUP, packet,
	  "connect() to a Unix seqpacket server by abstract address: send and recv",
	  "an address that the kernel chose; a connection has one sender" UNIX_PACKET_CHOICES);
