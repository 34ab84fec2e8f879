// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "capacity.h"
#include "msg.h"

/* One look at who fills, and how many without a change mean that it sleeps. */
#define CAPACITY_TICK_NS	2000000
#define CAPACITY_TICKS		10

/**
 * struct capacity_side - what a side has done
 * @attached:	attach() is through
 * @go:		the supervisor has left, so it may begin
 * @end:	it does nothing more
 * @error:	of what failed
 * @sent:	messages
 */
struct capacity_side {
	_Atomic bool attached;
	_Atomic bool go;
	_Atomic bool end;
	int error;
	_Atomic uint64_t sent;
};

static void capacity_tick(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = CAPACITY_TICK_NS }, NULL);
}

static bool capacity_dead(pid_t pid)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid;
}

/* One that tries; but a service of the kernel that spins would take this CPU. */
static enum mech_wait capacity_wait(const struct mech_ops *ops)
{
	enum mech_wait wait = WAIT_SPIN;

	if (ops->waits & 1u << wait && !(ops->traits & MECH_T_SERVED))
		return wait;
	for (wait = 0; wait < WAIT_COUNT - 1 && !(ops->waits & 1u << wait); wait++)
		;
	return wait;
}

static int capacity_fill(struct mech *m, const struct mech_io *io, struct capacity_side *s)
{
	void *buf = aligned_alloc(128, (m->cfg.size + 127) / 128 * 128);
	int ret = buf ? 0 : -ENOMEM;

	for (uint64_t i = 0; !ret && i < CAPACITY_MAX; i++) {
		msg_fill(buf, m->cfg.size, i, MSG_SALT(SIDE_SENDER));
		ret = io->send(m, buf);
		if (!ret)
			s->sent = i + 1;
	}
	return ret ? ret : -ERANGE;
}

/* A side: the receiver is there, and receives nothing. */
static void capacity_be(struct mech *m, enum mech_side side, struct capacity_side *s)
{
	const struct mech_ops *ops = m->ops;
	const bool uring = m->cfg.wait == WAIT_URING && ops->uring;
	const struct mech_io io = uring ? *ops->uring :
				  (struct mech_io){ .send = ops->send, .recv = ops->recv };

	cpu_set_t set;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	CPU_ZERO(&set);
	CPU_SET((size_t)m->cpu[side], &set);
	sched_setaffinity(0, sizeof(set), &set);
	m->side = side;
	m->nowait = mech_tries(&m->cfg);
	s->error = ops->attach ? ops->attach(m) : 0;
	if (!s->error && io.attach)
		s->error = io.attach(m);
	s->attached = !s->error;
	while (s->attached && !s->go)
		capacity_tick();
	if (s->attached && side == SIDE_SENDER)
		s->error = capacity_fill(m, &io, s);
	s->end = true;
	for (;;)
		pause();
}

/* Its state stands behind its name, in which anything may stand. */
static bool capacity_asleep(pid_t pid)
{
	char path[32], line[512] = "", *end;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (!fgets(line, sizeof(line), f))
		*line = '\0';
	fclose(f);
	end = strrchr(line, ')');
	return end && end[1] == ' ' && end[2] == 'S';
}

/* Until it is through, or sleeps in a message as the mechanism has no way to try. */
static int capacity_watch(struct capacity_side *s, pid_t pid)
{
	uint64_t sent = 0;

	for (unsigned int asleep = 0; !s->end && asleep < CAPACITY_TICKS; asleep++) {
		if (!capacity_asleep(pid) || s->sent != sent)
			asleep = 0;
		sent = s->sent;
		if (capacity_dead(pid))
			return -ECHILD;
		capacity_tick();
	}
	return s->end ? s->error : -EAGAIN;
}

static int capacity_attached(struct capacity_side *s, pid_t pid)
{
	while (!s->attached && !s->end) {
		if (capacity_dead(pid))
			return -ECHILD;
		capacity_tick();
	}
	return s->attached ? 0 : s->error;
}

static int capacity_play(struct mech *m, struct capacity_side *s, pid_t pid[SIDE_COUNT])
{
	const int sides = m->ops->traits & (MECH_T_SOLO | MECH_T_SERVED) ? 1 : SIDE_COUNT;
	int ret = 0;

	for (int side = 0; side < sides; side++) {
		pid[side] = fork();
		if (!pid[side])
			capacity_be(m, side, &s[side]);
		if (pid[side] < 0)
			return -errno;
	}
	for (int side = 0; !ret && side < sides; side++)
		ret = capacity_attached(&s[side], pid[side]);
	if (!ret && m->ops->leave)
		ret = m->ops->leave(m);
	if (ret)
		return ret;
	s[SIDE_SENDER].go = true;
	ret = capacity_watch(&s[SIDE_SENDER], pid[SIDE_SENDER]);
	return ret == -EAGAIN ? 0 : ret;
}

int capacity_measure(const struct mech_ops *ops, size_t size, uint64_t *n)
{
	struct mech m = {
		.ops = ops,
		.cfg = { .size = size, .wait = capacity_wait(ops), .senders = 1 },
		.cpu = { sched_getcpu(), sched_getcpu() },
	};
	const size_t len = SIDE_COUNT * sizeof(struct capacity_side);
	pid_t pid[SIDE_COUNT] = { 0 };
	struct capacity_side *s;
	int ret;

	s = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (s == MAP_FAILED)
		return -errno;
	ret = ops->open(&m);
	if (!ret)
		ret = capacity_play(&m, s, pid);
	for (int side = 0; side < SIDE_COUNT; side++) {
		if (pid[side] <= 0)
			continue;
		kill(pid[side], SIGKILL);
		waitpid(pid[side], NULL, 0);
	}
	ops->close(&m);
	*n = s[SIDE_SENDER].sent;
	munmap(s, len);
	return ret;
}
