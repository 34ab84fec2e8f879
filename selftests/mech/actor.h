/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A process that does with a mechanism what it is told: one order at a time, over a socket.
 * Its reports lie in a page that it shares with who told it.
 */
#ifndef SELFTESTS_MECH_ACTOR_H
#define SELFTESTS_MECH_ACTOR_H

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "mech.h"
#include "msg.h"

/* So many messages fill whatever can be full. */
#define ACTOR_MESSAGES	1000000u
#define ACTOR_LANES	2
#define ACTOR_LANE_SHIFT 48
/* Bytes that are kept of a message as it came. */
#define ACTOR_RAW	256
/* One look at who gives no sign. */
#define ACTOR_LOOK_MS	5
/* One that runs so long without an end goes round in circles. */
#define ACTOR_RUNS_MS	1000

/**
 * struct actor_page - what an actor reports while it acts and after
 * @done:	messages through in this order
 * @stop:	it is to end the order after the message at hand
 * @inside:	it is in the send() that is looked at closely
 * @got:	messages received, in all orders
 * @corrupt:	of them, those that nobody sent so
 * @twice:	received before
 * @late:	received after a later one of their lane
 * @first:	number of the first one of an order
 * @seen:	which were received, by lane
 * @cred:	what cred() said
 * @word:	a number for what has no better place
 * @kept:	bytes as they came
 * @text:	words
 */
struct actor_page {
	_Atomic uint64_t done;
	_Atomic bool stop;
	_Atomic bool inside;
	uint64_t got;
	uint64_t corrupt;
	uint64_t twice;
	uint64_t late;
	uint64_t first;
	uint64_t last[ACTOR_LANES];
	unsigned char seen[ACTOR_LANES][ACTOR_MESSAGES / 8 + 8];
	struct mech_cred cred;
	uint64_t word;
	unsigned char kept[ACTOR_RAW];
	char text[200];
};

struct actor;

/**
 * struct actor_order - one order
 * @act:	what to do; the address is the same in all processes, which are forked
 * @n:		so many messages
 * @from:	number of the first one
 * @lane:	whose they are
 * @prio:	of them
 * @size:	of them, 0: as the instance was opened for
 * @patience:	ms to try again after -EAGAIN
 */
struct actor_order {
	int (*act)(struct actor *me, const struct actor_order *o);
	uint64_t n;
	uint64_t from;
	unsigned int lane;
	unsigned int prio;
	size_t size;
	unsigned int patience;
};

/**
 * struct actor - a process
 * @pid:	0: not there
 * @busy:	it has an order that it did not answer yet
 * @ours:	this end of its socket
 * @theirs:	its own
 * @page:	its reports
 * @m:		the instance; the actor's own copy is in the actor
 * @io:		its operations
 * @out:	what it sends
 * @in:		what it received
 */
struct actor {
	pid_t pid;
	bool busy;
	int ours;
	int theirs;
	struct actor_page *page;
	struct mech *m;
	struct mech_io io;
	void *out;
	void *in;
};

static inline uint64_t actor_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* What orders are made of. */

/* One try, and again while there is patience and nothing else to say. */
static inline int actor_try(struct actor *me, const struct actor_order *o, enum mech_dir dir)
{
	const uint64_t end = actor_ms() + o->patience;
	int ret;

	do {
		ret = dir == MECH_IN ? me->io.recv(me->m, me->in) : me->io.send(me->m, me->out);
		if (ret != -EAGAIN || !o->patience || me->page->stop)
			return ret;
		sched_yield();
	} while (actor_ms() < end);
	return ret;
}

static inline uint64_t actor_number(unsigned int lane, uint64_t n)
{
	return n | (uint64_t)lane << ACTOR_LANE_SHIFT;
}

static inline int actor_send(struct actor *me, const struct actor_order *o)
{
	int ret = 0;

	me->m->prio = o->prio;
	for (uint64_t i = 0; !ret && i < o->n && !me->page->stop; i++) {
		msg_fill(me->out, me->m->cfg.size, actor_number(o->lane, o->from + i),
			 MSG_SALT(SIDE_SENDER));
		ret = actor_try(me, o, MECH_OUT);
		if (!ret)
			me->page->done = i + 1;
	}
	return ret;
}

static inline void actor_note(struct actor *me)
{
	const uint64_t seq = ((struct msg_head *)me->in)->seq;
	const uint64_t lane = seq >> ACTOR_LANE_SHIFT, n = seq & ((1ULL << ACTOR_LANE_SHIFT) - 1);
	struct actor_page *p = me->page;
	unsigned char *byte, bit = 1u << n % 8;

	p->got++;
	if (!msg_check(me->in, me->m->cfg.size, MSG_SALT(SIDE_SENDER)) || lane >= ACTOR_LANES ||
	    n >= ACTOR_MESSAGES) {
		p->corrupt++;
		return;
	}
	byte = &p->seen[lane][n / 8];
	p->twice += !!(*byte & bit);
	*byte |= bit;
	p->late += n + 1 < p->last[lane];
	p->last[lane] = n + 1;
}

static inline int actor_recv(struct actor *me, const struct actor_order *o)
{
	int ret = 0;

	for (uint64_t i = 0; !ret && i < o->n && !me->page->stop; i++) {
		ret = actor_try(me, o, MECH_IN);
		if (ret)
			break;
		actor_note(me);
		if (!i)
			me->page->first = ((struct msg_head *)me->in)->seq;
		me->page->done = i + 1;
	}
	return ret;
}

/* Which of a lane's first @n it has. */
static inline bool actor_has(const struct actor *a, unsigned int lane, uint64_t n)
{
	return a->page->seen[lane][n / 8] & 1u << n % 8;
}

static inline uint64_t actor_missing(const struct actor *a, unsigned int lane, uint64_t n)
{
	uint64_t missing = 0;

	for (uint64_t i = 0; i < n; i++)
		missing += !actor_has(a, lane, i);
	return missing;
}

static inline int actor_exit(struct actor *me, const struct actor_order *o)
{
	_exit(0);
}

/* Its life: orders until nobody gives any. */
static inline void actor_live(struct actor *me)
{
	const size_t full = me->m->cfg.size;
	struct actor_order o;

	for (;;) {
		ssize_t n = recv(me->theirs, &o, sizeof(o), 0);
		int ret;

		/* Signals may be the mechanism's way. */
		if (n < 0 && errno == EINTR)
			continue;
		if (n != sizeof(o))
			break;
		me->m->cfg.size = o.size ? o.size : full;
		me->page->done = 0;
		me->page->stop = false;
		ret = o.act(me, &o);
		if (send(me->theirs, &ret, sizeof(ret), MSG_NOSIGNAL) != sizeof(ret))
			break;
	}
	_exit(0);
}

/* What its director does. */

/* Before the instance is opened, so that what it opens can be told from this. */
static inline int actor_make(struct actor *a)
{
	int fd[2];

	*a = (struct actor){ .ours = -1, .theirs = -1 };
	a->page = mmap(NULL, sizeof(*a->page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	if (a->page == MAP_FAILED || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd))
		return -errno;
	a->ours = fd[0];
	a->theirs = fd[1];
	return 0;
}

static inline void actor_start(struct actor *a, const struct actor_order *o)
{
	a->page->done = 0;
	a->page->stop = false;
	a->busy = send(a->ours, o, sizeof(*o), MSG_NOSIGNAL) == sizeof(*o);
}

/* Asleep, or so it seems: what a process does is in its /proc/PID/stat, behind its name. */
static inline bool actor_asleep(const struct actor *a)
{
	char path[32], line[512] = "", *end;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", a->pid);
	f = fopen(path, "r");
	if (!f)
		return false;
	if (!fgets(line, sizeof(line), f))
		*line = '\0';
	fclose(f);
	end = strrchr(line, ')');
	return end && (end[2] == 'S' || end[2] == 'D');
}

/*
 * What it says to its order: 0 or -errno; -EINPROGRESS if it sleeps in it and no message
 * moves for @patience ms, or if it runs and none does for much longer; -ESRCH if it died.
 */
static inline int actor_end(struct actor *a, unsigned int patience)
{
	struct pollfd p = { .fd = a->ours, .events = POLLIN };
	unsigned int asleep = 0, runs = 0;
	uint64_t done = 0;
	int ret;

	if (!a->busy)
		return -ESRCH;
	while (poll(&p, 1, ACTOR_LOOK_MS) <= 0) {
		const bool still = a->page->done == done;

		done = a->page->done;
		asleep = still && actor_asleep(a) ? asleep + ACTOR_LOOK_MS : 0;
		runs = still && !asleep ? runs + ACTOR_LOOK_MS : 0;
		if (asleep >= patience || runs >= ACTOR_RUNS_MS + 2 * patience)
			return -EINPROGRESS;
	}
	a->busy = false;
	return recv(a->ours, &ret, sizeof(ret), 0) == sizeof(ret) ? ret : -ESRCH;
}

static inline int actor_do(struct actor *a, const struct actor_order *o)
{
	actor_start(a, o);
	/* One that tries does not sleep, but may be kept waiting. */
	return actor_end(a, o->patience ? o->patience : ACTOR_LOOK_MS * 4);
}

/* After this it is not there any more. Return: its status, as of waitpid(). */
static inline int actor_reap(struct actor *a)
{
	int status = 0;

	if (a->pid)
		waitpid(a->pid, &status, 0);
	a->pid = 0;
	a->busy = false;
	return status;
}

static inline void actor_kill(struct actor *a)
{
	if (a->pid)
		kill(a->pid, SIGKILL);
	actor_reap(a);
}

#endif /* SELFTESTS_MECH_ACTOR_H */
