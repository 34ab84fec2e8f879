// SPDX-License-Identifier: GPL-2.0
/* unix-stream, -path, -abstract: one connection, both ways; a byte stream. */
#define _GNU_SOURCE
#include "unix.h"

/*
 * Linux queues at least so much as one buffer, which nobody's comes into
 * (unix_stream_sendmsg(): UNIX_SKB_FRAGS_SZ). No manual promises it; the checksums tell.
 */
#define UNIX_STREAM_WHOLE	32768

#define UNIX_STREAM_CHOICES	\
	"; both ways on one socket; SO_SNDBUF is net.core.wmem_default, hundreds of small messages; send(MSG_NOSIGNAL) and recv(MSG_WAITALL), MSG_DONTWAIT while a side tries; SO_PASSCRED for cred() only"

static int unix_stream_probe(const struct mech_cfg *cfg, struct mech_why *why)
{
	if (cfg->senders <= 1 || cfg->size <= UNIX_STREAM_WHOLE)
		return 0;
	mech_because(why, "writes of several senders may mix over %d bytes; give --size %d or less",
		     UNIX_STREAM_WHOLE, UNIX_STREAM_WHOLE);
	return -EMSGSIZE;
}

UNIX_MECH(unix_stream, "unix-stream", SOCK_STREAM, UNIX_PAIR, unix_stream_probe,
	  MECH_T_HANGUP | MECH_T_FANIN, stream,
	  "socketpair(AF_UNIX, SOCK_STREAM): send and recv",
	  "no name" UNIX_STREAM_CHOICES);

UNIX_MECH(unix_stream_path, "unix-stream-path", SOCK_STREAM, UNIX_PATH, NULL, MECH_T_HANGUP,
	  stream,
	  "connect() to a Unix stream server by path: send and recv",
	  "bound in /tmp; a connection has one sender" UNIX_STREAM_CHOICES);

UNIX_MECH(unix_stream_abstract, "unix-stream-abstract", SOCK_STREAM, UNIX_ABSTRACT, NULL,
	  MECH_T_HANGUP, stream,
	  "connect() to a Unix stream server by abstract address: send and recv",
	  "an address that the kernel chose; a connection has one sender" UNIX_STREAM_CHOICES);
