// SPDX-License-Identifier: GPL-2.0
/* What a side does when it has nothing to do: the wait policies. */
#define _GNU_SOURCE
#include <sys/epoll.h>
#include <unistd.h>
#include "worker_loop.h"

/*
 * Tries of a WAIT_SPIN_BLOCK side before it sleeps. As KVM's halt polling does: twice as many
 * after a spin that ended with a message, half as many after one that ended in sleep. The most
 * are some 50 us of pauses, about what a sleep and a wake-up on another CPU take.
 */
#define WORKER_TRIES_MIN	16u
#define WORKER_TRIES_MAX	1024u

/* Edge-triggered: who waits has tried, and seen nothing. */
static int worker_watch(struct worker *w, enum mech_dir dir)
{
	const bool reads = dir == MECH_IN || w->ops->room_reads;
	struct epoll_event ev = { .events = (reads ? EPOLLIN : EPOLLOUT) | EPOLLET };
	int fd = w->ops->fd(w->m, dir);

	if (fd < 0)
		return fd;
	w->epoll[dir] = epoll_create1(EPOLL_CLOEXEC);
	if (w->epoll[dir] < 0 || epoll_ctl(w->epoll[dir], EPOLL_CTL_ADD, fd, &ev))
		return -errno;
	return 0;
}

int worker_wait_prepare(struct worker *w)
{
	const enum mech_wait wait = w->cfg->cell->cfg.wait;
	int ret = 0;

	w->tries = WORKER_TRIES_MIN;
	for (unsigned int i = 0; i < w->instances; i++)
		w->m[i].nowait = mech_tries(&w->m[i].cfg);
	for (enum mech_dir dir = 0; !ret && wait == WAIT_POLL && dir < MECH_DIRS; dir++)
		ret = worker_watch(w, dir);
	return ret;
}

static int worker_try(struct worker *w, enum mech_dir dir)
{
	return dir == MECH_IN ? w->io.recv(w->m, w->in) : w->io.send(w->m, w->out);
}

static int worker_spin(struct worker *w, enum mech_dir dir)
{
	int ret;

	do {
		mech_relax();
		ret = worker_try(w, dir);
	} while (ret == -EAGAIN);
	return ret;
}

static int worker_poll(struct worker *w, enum mech_dir dir)
{
	struct epoll_event ev;
	int ret;

	do {
		ret = w->ops->arm ? w->ops->arm(w->m, dir) : -EAGAIN;
		if (ret == -EAGAIN)
			ret = epoll_wait(w->epoll[dir], &ev, 1, -1) < 0 && errno != EINTR ?
				-errno : 0;
		if (!ret)
			ret = worker_try(w, dir);
	} while (ret == -EAGAIN);
	return ret;
}

static int worker_spin_block(struct worker *w, enum mech_dir dir)
{
	int ret = -EAGAIN;

	for (unsigned int i = 0; ret == -EAGAIN && i < w->tries; i++) {
		mech_relax();
		ret = worker_try(w, dir);
	}
	if (ret != -EAGAIN) {
		w->tries = w->tries < WORKER_TRIES_MAX ? w->tries * 2 : WORKER_TRIES_MAX;
		return ret;
	}
	w->tries = w->tries > WORKER_TRIES_MIN ? w->tries / 2 : WORKER_TRIES_MIN;
	w->m->nowait = false;
	ret = worker_try(w, dir);
	w->m->nowait = true;
	return ret;
}

int worker_again(struct worker *w, enum mech_dir dir)
{
	switch (w->cfg->cell->cfg.wait) {
	case WAIT_SPIN:
		return worker_spin(w, dir);
	case WAIT_SPIN_BLOCK:
		return worker_spin_block(w, dir);
	case WAIT_POLL:
		return worker_poll(w, dir);
	default:
		return -EAGAIN;
	}
}
