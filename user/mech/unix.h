/* SPDX-License-Identifier: GPL-2.0 */
/* Unix sockets of all types: made as a pair, or found by path or by abstract address. */
#ifndef IPCSCOPE_MECH_UNIX_H
#define IPCSCOPE_MECH_UNIX_H

#include <sys/socket.h>
#include <sys/un.h>
#include "fd_uring.h"
#include "names.h"
#include "sock_pair.h"

/**
 * enum unix_naming - how the sides find each other
 * @UNIX_PAIR:		socketpair()
 * @UNIX_PATH:		bound to a path
 * @UNIX_ABSTRACT:	bound to an abstract address that the kernel chose: nobody else's
 */
enum unix_naming {
	UNIX_PAIR,
	UNIX_PATH,
	UNIX_ABSTRACT
};

/**
 * struct unix_mech - state of one instance
 * @pair:	the sockets; first: the hooks of sock_pair.h take it for theirs
 * @type:	SOCK_*
 * @naming:	how the sides find each other
 * @bound:	named: by side, -1: none; of a stream or seqpacket the receiver's, which listens
 * @name:	of paths, by side
 * @address:	of @bound
 * @len:	of @address
 */
struct unix_mech {
	struct sock_pair pair;
	int type;
	enum unix_naming naming;
	int bound[SIDE_COUNT];
	struct names_name name[SIDE_COUNT];
	struct sockaddr_un address[SIDE_COUNT];
	socklen_t len[SIDE_COUNT];
};

/* unix_named.c: @bound and @address of open(); this side's socket of attach(), or -errno. */
int unix_named_open(struct mech *m);
int unix_named_enter(const struct mech *m);

/* Hooks that all types share. */
int unix_open(struct mech *m, int type, enum unix_naming naming);
int unix_attach(struct mech *m);
int unix_leave(struct mech *m);
int unix_pass(struct mech *m, int fd);
int unix_take(struct mech *m, int *fd);
void unix_close(struct mech *m);

#define UNIX_TRAITS	(MECH_T_ORDER | MECH_T_DUPLEX | MECH_T_BACKPRESSURE | \
			 MECH_T_PERSISTENT | MECH_T_CREDENTIALS | MECH_T_FDPASS)

/**
 * UNIX_MECH() - one mechanism: a type and a naming
 * @sym:	name in C
 * @word:	name on the command line
 * @kind:	SOCK_*
 * @how:	enum unix_naming
 * @probes:	its probe()
 * @more:	traits besides UNIX_TRAITS
 * @flow:	stream or packet
 * @text:	its summary
 * @chosen:	its choices
 */
#define UNIX_MECH(sym, word, kind, how, probes, more, flow, text, chosen)	\
static int sym##_open(struct mech *m)						\
{										\
	return unix_open(m, kind, how);						\
}										\
										\
const struct mech_ops mech_##sym = {						\
	.name = word,								\
	.summary = text,							\
	.choices = chosen,							\
	.rev = 3,								\
	.traits = UNIX_TRAITS | (more),						\
	.waits = MECH_W_FD,							\
	.probe = probes,							\
	.open = sym##_open,							\
	.attach = unix_attach,							\
	.leave = unix_leave,							\
	.send = sock_pair_send_##flow,					\
	.recv = sock_pair_recv_##flow,					\
	.fd = fd_pair_fd,							\
	.uring = &fd_uring,							\
	.cred = sock_pair_cred,							\
	.pass = unix_pass,							\
	.take = unix_take,							\
	.close = unix_close,							\
}

#endif /* IPCSCOPE_MECH_UNIX_H */
