/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Traits of what a message can carry besides its bytes, and how far: credentials, descriptors,
 * to another computer. Where a mechanism has no hook for it, its socket is asked whether it
 * could have one.
 */
#ifndef SELFTESTS_MECH_CARRY_H
#define SELFTESTS_MECH_CARRY_H

#include <fcntl.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include "scene.h"

#define CARRY_TOKEN	"carried from one process to another"

/**
 * union carry_control - room for the ancillary data of one message
 * @head:	alignment
 * @room:	for credentials and a descriptor
 */
union carry_control {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(int))];
};

/* The socket that this side reads or writes, if it is one of this domain. */
static int carry_socket(struct actor *me, enum mech_dir dir, int domain)
{
	int fd = me->m->ops->fd ? me->m->ops->fd(me->m, dir) : -1, value = -1;
	socklen_t len = sizeof(value);

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &value, &len) || value != domain)
		return -1;
	return fd;
}

static int carry_cred(struct actor *me, const struct actor_order *o)
{
	return me->m->ops->cred(me->m, &me->page->cred);
}

static int carry_ask(struct actor *me, const struct actor_order *o)
{
	int fd = carry_socket(me, MECH_IN, AF_UNIX), one = 1;

	if (fd < 0)
		return -ENOTSOCK;
	return setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)) ? -errno : 0;
}

/* Take a message from the socket itself, with what the kernel adds to it. */
static int carry_take_raw(struct actor *me, const struct actor_order *o)
{
	struct iovec iov = { .iov_base = me->in, .iov_len = me->m->cfg.size };
	union carry_control control = { 0 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int fd = carry_socket(me, MECH_IN, AF_UNIX);

	if (fd < 0)
		return -ENOTSOCK;
	if (recvmsg(fd, &msg, MSG_DONTWAIT) < 0)
		return -errno;
	me->page->word = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		struct ucred cred;

		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_CREDENTIALS) {
			memcpy(&cred, CMSG_DATA(c), sizeof(cred));
			me->page->cred = (struct mech_cred){ cred.pid, cred.uid };
			me->page->word |= 1u << SCM_CREDENTIALS;
		} else if (c->cmsg_type == SCM_RIGHTS) {
			me->page->word |= 1u << SCM_RIGHTS;
		}
	}
	return 0;
}

/* A queue of SysV IPC keeps who sent last: its table has it in a column. */
static bool carry_sysv_tells(const struct scene *s, pid_t pid)
{
	FILE *f = fopen("/proc/sysvipc/msg", "r");
	char line[512];
	bool tells = false;
	int lspid;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%*d %*d %*o %*u %*u %d", &lspid) == 1)
			tells = tells || lspid == pid;
	if (f)
		fclose(f);
	return tells;
}

static void carry_compare_cred(struct scene *s, pid_t sender, const char *how)
{
	const struct mech_cred *c = &s->receiver->page->cred;

	if (c->pid == sender && (c->uid == (uid_t)-1 || c->uid == geteuid()))
		say(s, V_HOLDS, "%s names the sender, process %d", how, sender);
	else
		say(s, V_LACKS, "%s names process %d of user %u, the sender is %d of user %u", how,
		    c->pid, c->uid, sender, geteuid());
}

/* No hook: could it have one? */
static void carry_could_tell(struct scene *s, pid_t sender)
{
	const struct actor_order ask = { .act = carry_ask }, take = { .act = carry_take_raw };
	const bool asked = !actor_do(s->receiver, &ask);

	if (!scene_send(s, 1, 0))
		return;
	if (asked && !actor_do(s->receiver, &take) &&
	    s->receiver->page->word & 1u << SCM_CREDENTIALS)
		carry_compare_cred(s, sender, "SO_PASSCRED, were it used,");
	else if (carry_sysv_tells(s, sender))
		say(s, V_HOLDS, "msg_lspid, were it asked for, names the sender");
	else
		say(s, V_LACKS, "no cred(), and no socket or queue that would know");
}

static void trait_credentials(struct scene *s)
{
	const struct actor_order o = { .act = carry_cred };
	pid_t sender;
	int ret;

	if (scene_solo(s)) {
		say(s, V_MEANINGLESS, "the receiver is the sender");
		return;
	}
	s->patience = SCENE_COMES;
	s->creds = s->ops->cred;
	if (!scene_set(s))
		return;
	sender = s->sender[0].pid;
	if (!s->ops->cred && s->claimed) {
		say(s, V_LACKS, "there is no cred()");
		return;
	}
	if (!s->ops->cred) {
		carry_could_tell(s, sender);
		return;
	}
	if (!scene_send(s, 1, 0))
		return;
	if (scene_recv(s, 1, &ret) < 1) {
		say(s, V_BROKEN, "recv: %s", scene_error(ret));
		return;
	}
	ret = actor_do(s->receiver, &o);
	if (ret)
		say(s, V_LACKS, "cred(): %s", scene_error(ret));
	else
		carry_compare_cred(s, sender, "cred()");
}

static int carry_token(void)
{
	int fd = memfd_create("token", MFD_CLOEXEC);

	if (fd >= 0 && write(fd, CARRY_TOKEN, sizeof(CARRY_TOKEN)) != sizeof(CARRY_TOKEN)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int carry_pass(struct actor *me, const struct actor_order *o)
{
	int fd = carry_token();
	int ret = fd < 0 ? -ENOMEM : me->m->ops->pass(me->m, fd);

	close(fd);
	return ret;
}

static int carry_take(struct actor *me, const struct actor_order *o)
{
	char text[sizeof(CARRY_TOKEN)] = "";
	int fd = -1, ret;

	do {
		ret = me->m->ops->take(me->m, &fd);
	} while (ret == -EAGAIN);
	if (ret)
		return ret;
	if (pread(fd, text, sizeof(text), 0) != sizeof(text) || strcmp(text, CARRY_TOKEN))
		ret = -EBADMSG;
	close(fd);
	return ret;
}

/* A message that has a descriptor with it, from the socket itself. */
static int carry_pass_raw(struct actor *me, const struct actor_order *o)
{
	struct iovec iov = { .iov_base = me->out, .iov_len = me->m->cfg.size };
	union carry_control control = { 0 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = CMSG_SPACE(sizeof(int)),
	};
	int fd = carry_socket(me, MECH_OUT, AF_UNIX), token;

	if (fd < 0)
		return -ENOTSOCK;
	token = carry_token();
	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.head), &token, sizeof(token));
	return sendmsg(fd, &msg, MSG_DONTWAIT) < 0 ? -errno : 0;
}

static void trait_fdpass(struct scene *s)
{
	const bool hooks = s->ops->pass && s->ops->take;
	const struct actor_order pass = { .act = hooks ? carry_pass : carry_pass_raw };
	struct actor_order take = { .act = hooks ? carry_take : carry_take_raw };
	int passed, taken;

	if (scene_solo(s)) {
		say(s, V_MEANINGLESS, "the receiver is the sender");
		return;
	}
	if (!scene_set(s))
		return;
	passed = actor_do(&s->sender[0], &pass);
	taken = passed ? passed : actor_do(s->receiver, &take);
	if (hooks && passed + taken)
		say(s, V_LACKS, "pass() or take(): %s", scene_error(taken));
	else if (hooks)
		say(s, V_HOLDS, "a file arrived, open, with what was in it");
	else if (s->claimed)
		say(s, V_LACKS, "there is no pass() and take()");
	else if (!passed && !taken && s->receiver->page->word & 1u << SCM_RIGHTS)
		say(s, V_HOLDS, "no pass() and take(), but SCM_RIGHTS works");
	else
		say(s, V_LACKS, "no pass() and take(), and no socket for SCM_RIGHTS");
}

/* The network namespace of the socket that it uses, or its own. */
static int carry_where(struct actor *me, const struct actor_order *o)
{
	int fd = me->m->ops->fd ? me->m->ops->fd(me->m, MECH_IN) : -1;
	int ns = fd < 0 ? -1 : ioctl(fd, SIOCGSKNS);
	struct stat st;
	int ret;

	ret = ns < 0 ? stat("/proc/self/ns/net", &st) : fstat(ns, &st);
	if (ret)
		return -errno;
	if (ns >= 0)
		close(ns);
	me->page->word = st.st_ino;
	return 0;
}

static void trait_cross_host(struct scene *s)
{
	const struct actor_order where = { .act = carry_where };
	struct mech_cfg cfg = scene_cfg(s->ops);
	struct mech_why why = { "" };
	uint64_t got;
	int ret;

	if (scene_solo(s)) {
		say(s, V_MEANINGLESS, "both sides are one thread");
		return;
	}
	cfg.apart = true;
	ret = s->ops->probe ? s->ops->probe(&cfg, &why) : 0;
	if (ret) {
		say(s, s->claimed ? V_SKIPPED : V_LACKS, "sides on two computers: %s",
		    *why.text ? why.text : strerror(-ret));
		return;
	}
	s->patience = SCENE_COMES;
	if (!scene_open(s, &cfg) || !scene_cast(s, 1) || !scene_send(s, SCENE_FEW, 0))
		return;
	got = scene_recv(s, s->sent, &ret);
	if (got < s->sent) {
		say(s, V_LACKS, "%llu of %u messages came: %s", (unsigned long long)got, s->sent,
		    scene_error(ret));
		return;
	}
	if (actor_do(&s->sender[0], &where) || actor_do(s->receiver, &where))
		say(s, V_BROKEN, "where are the sides?");
	else if (s->sender[0].page->word == s->receiver->page->word)
		say(s, V_LACKS, "both sides are in one network namespace");
	else
		say(s, V_HOLDS, "%u messages came from one network namespace to another",
		    s->sent);
}

#endif /* SELFTESTS_MECH_CARRY_H */
