// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <string.h>
#include <sys/socket.h>
#include "sock_pair.h"

/* What the kernel keeps of a send buffer for itself, where messages are not split. */
#define SOCK_PAIR_OVERHEAD	32

/* The rest of a message has to move, so that only a side which never sleeps tries for it. */
static int sock_pair_flags(const struct mech *m, size_t done)
{
	const bool try = m->nowait && (!done || m->cfg.wait == WAIT_SPIN);

	return MSG_NOSIGNAL | (try ? MSG_DONTWAIT : 0);
}

/* After a failed part, as fd_pair_resume(): 0 to go on. */
static int sock_pair_resume(size_t done)
{
	if (errno == EAGAIN && done)
		mech_relax();
	else if (errno != EINTR)
		return -errno;
	return 0;
}

/* recv(), and who sent it. */
static ssize_t sock_pair_recv_from(struct sock_pair *p, int fd, void *buf, size_t len, int flags)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct iovec part = { buf, len };
	struct msghdr msg = {
		.msg_iov = &part, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(fd, &msg, flags);
	struct cmsghdr *c = n < 0 ? NULL : CMSG_FIRSTHDR(&msg);
	struct ucred cred;

	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS) {
		memcpy(&cred, CMSG_DATA(c), sizeof(cred));
		p->from = (struct mech_cred){ cred.pid, cred.uid };
	}
	return n;
}

static ssize_t sock_pair_take(struct mech *m, void *buf, size_t len, int flags)
{
	struct sock_pair *p = m->priv;
	int fd = p->fd.in[m->side];

	return m->creds ? sock_pair_recv_from(p, fd, buf, len, flags) : recv(fd, buf, len, flags);
}

int sock_pair_send_stream(struct mech *m, const void *buf)
{
	const struct sock_pair *p = m->priv;

	for (size_t done = 0; done < m->cfg.size; ) {
		ssize_t n = send(p->fd.out[m->side], (const char *)buf + done, m->cfg.size - done,
				 sock_pair_flags(m, done));
		int ret = n < 0 ? sock_pair_resume(done) : 0;

		if (ret)
			return ret;
		done += n < 0 ? 0 : (size_t)n;
	}
	return 0;
}

/* MSG_WAITALL: a large message is one call, however many turns it takes. */
int sock_pair_recv_stream(struct mech *m, void *buf)
{
	for (size_t done = 0; done < m->cfg.size; ) {
		ssize_t n = sock_pair_take(m, (char *)buf + done, m->cfg.size - done,
					   sock_pair_flags(m, done) | MSG_WAITALL);
		int ret = n < 0 ? sock_pair_resume(done) : n ? 0 : -EPIPE;

		if (ret)
			return ret;
		done += n < 0 ? 0 : (size_t)n;
	}
	return 0;
}

int sock_pair_send_packet(struct mech *m, const void *buf)
{
	const struct sock_pair *p = m->priv;

	return send(p->fd.out[m->side], buf, m->cfg.size, sock_pair_flags(m, 0)) < 0 ? -errno : 0;
}

int sock_pair_recv_packet(struct mech *m, void *buf)
{
	ssize_t n = sock_pair_take(m, buf, m->cfg.size, sock_pair_flags(m, 0) | MSG_TRUNC);

	if (n < 0)
		return -errno;
	return (size_t)n == m->cfg.size ? 0 : n ? -EBADMSG : -EPIPE;
}

int sock_pair_cred(struct mech *m, struct mech_cred *cred)
{
	const struct sock_pair *p = m->priv;

	*cred = p->from;
	return cred->pid ? 0 : -ENODATA;
}

int sock_pair_attach(struct mech *m)
{
	const struct sock_pair *p = m->priv;
	const int one = 1;
	int ret = fd_pair_attach(m);

	if (ret || !m->creds)
		return ret;
	return setsockopt(p->fd.in[m->side], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)) ?
		-errno : 0;
}

int sock_pair_fit(int fd, size_t size, struct mech_why *why)
{
	const int want = (int)(size + SOCK_PAIR_OVERHEAD);
	socklen_t len = sizeof(int);
	int have;

	if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &have, &len))
		return -errno;
	if (want <= have)
		return 0;
	/* What is asked for is doubled. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &want, sizeof(want)))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &want, sizeof(want));
	if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &have, &len))
		return -errno;
	if (want <= have)
		return 0;
	if (why)
		mech_because(why, "size %zu is over what a send buffer may hold, %d; raise it with sysctl -w net.core.wmem_max=%d",
			     size, have - SOCK_PAIR_OVERHEAD, want);
	return -EMSGSIZE;
}
