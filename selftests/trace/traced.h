/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Common to the tests of the probes: two processes that pass messages in a known
 * shape, and what every traced run of them must show.
 */
#ifndef SELFTESTS_TRACED_H
#define SELFTESTS_TRACED_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trace.h"
#include "kselftest_harness.h"

/* The harness of 6.1 runs the test even if its setup skipped. */
#define SETUP_SKIP(...)	SKIP(longjmp(_metadata->env, 1), __VA_ARGS__)

/*
 * IN_STEP: a message is sent when the receiver sleeps for it, so every one wakes.
 * BACKLOG: the receiver comes when all are sent, so none does.
 * STREAM: both run as they like.
 */
enum shape { IN_STEP, BACKLOG, STREAM };

struct cell;

/**
 * struct cell_io - how messages are passed, where it is not by write() and read()
 * @send:	one message of c->size bytes
 * @recv:	bytes received, at most @room; <= 0: an error
 * @asleep:	the receiver sleeps in @recv
 */
struct cell_io {
	bool (*send)(const struct cell *c, const char *buf);
	ssize_t (*recv)(const struct cell *c, char *buf, size_t room);
	bool (*asleep)(const struct cell *c);
};

/**
 * struct cell - one launch
 * @io:		how messages are passed, NULL: by write() and read()
 * @wfd:	the sender's end
 * @rfd:	the receiver's end
 * @shape:	how the two meet
 * @n:		messages
 * @size:	of each
 * @read_size:	bytes that a read asks for, 0: what is missing of the message
 * @first:	first measured message
 * @last:	first message after the measured ones
 * @same_cpu:	both on one CPU
 * @busy:	a full queue is retried, not waited for; @wfd is O_NONBLOCK
 * @gate:	from trace_gate()
 * @seen:	shared: bytes that the receiver has got
 * @sender:	process
 * @receiver:	process
 * @go:		two bytes start the sender, the receiver
 * @past_n:	messages of earlier launches with the same handle
 * @past_measured: of them, the measured ones
 * @past_class:	of these, by class
 */
struct cell {
	const struct cell_io *io;
	int wfd;
	int rfd;
	enum shape shape;
	unsigned int n;
	size_t size;
	size_t read_size;
	unsigned int first;
	unsigned int last;
	bool same_cpu;
	bool busy;
	volatile uint32_t *gate;
	volatile uint64_t *seen;
	pid_t sender;
	pid_t receiver;
	int go[2][2];
	unsigned int past_n;
	unsigned int past_measured;
	uint64_t past_class[TRACE_CLASSES];
};

static inline void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/*
 * The kernel answers only for a task that is off its CPU, so this is no guess.
 * But a task that is being woken on another CPU still counts as blocked.
 */
static inline bool blocked_in(pid_t pid, long nr, unsigned long *arg)
{
	char path[64], text[256];
	ssize_t len;
	long now;
	int proc;

	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	proc = open(path, O_RDONLY);
	if (proc < 0)
		return false;
	len = read(proc, text, sizeof(text) - 1);
	close(proc);
	text[len > 0 ? len : 0] = '\0';
	return sscanf(text, "%ld %lx", &now, arg) == 2 && now == nr;
}

static inline bool blocked_in_read(pid_t pid, int fd)
{
	unsigned long arg;

	return blocked_in(pid, SYS_read, &arg) && arg == (unsigned long)fd;
}

static inline bool asleep(const struct cell *c)
{
	return c->io ? c->io->asleep(c) : blocked_in_read(c->receiver, c->rfd);
}

/* Everything before message @i was received, so nothing wakes the receiver now. */
static inline void await_sleep(const struct cell *c, uint64_t i)
{
	while (*c->seen != i * c->size || !asleep(c))
		sched_yield();
}

static inline bool write_all(const struct cell *c, const char *buf)
{
	size_t done = 0;
	ssize_t ret;

	while (done < c->size) {
		ret = write(c->wfd, buf + done, c->size - done);
		if (ret < 0 && errno == EAGAIN && c->busy) {
			sched_yield();
			continue;
		}
		if (ret <= 0)
			return false;
		done += ret;
	}
	return true;
}

/* Two reads: the second begins with the hooks there, and is of no message. */
static inline void await_go(const struct cell *c, int side)
{
	char byte;

	if (read(c->go[side][0], &byte, 1) != 1 || read(c->go[side][0], &byte, 1) != 1)
		_exit(2);
}

static inline int cell_send(const struct cell *c)
{
	char *buf = calloc(1, c->size);

	for (uint64_t i = 0; i < c->n; i++) {
		if (c->shape == IN_STEP)
			await_sleep(c, i);
		if (i == c->first)
			*c->gate = 1;
		if (i == c->last)
			*c->gate = 0;
		memcpy(buf, &i, sizeof(i));
		if (c->io ? !c->io->send(c, buf) : !write_all(c, buf))
			return 1;
	}
	*c->gate = 0;
	return 0;
}

/* Into one buffer for all messages, so that a read may take any number of bytes. */
static inline int cell_recv(const struct cell *c)
{
	size_t total = c->n * c->size, done = 0, want;
	char *buf = malloc(total);
	ssize_t ret;

	while (done < total) {
		want = c->read_size ? c->read_size : c->size - done % c->size;
		if (want > total - done)
			want = total - done;
		ret = c->io ? c->io->recv(c, buf + done, want) :
			      read(c->rfd, buf + done, want);
		if (ret <= 0)
			return 1;
		done += ret;
		*c->seen = done;
	}
	for (uint64_t i = 0; i < c->n; i++)
		if (memcmp(buf + i * c->size, &i, sizeof(i)))
			return 3;
	return 0;
}

static inline pid_t cell_fork(const struct cell *c, int side, int (*work)(const struct cell *c))
{
	pid_t pid = fork();

	if (pid)
		return pid;
	pin(c->same_cpu ? 0 : side);
	await_go(c, side);
	_exit(work(c));
}

static inline bool cell_go(const struct cell *c, int side)
{
	return write(c->go[side][1], "go", 2) == 2;
}

static inline int reap(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

#define OPEN_TRACE(t, mech) do { \
	struct mech_why _why = { "" }; \
	int _err = trace_open(&(t), mech, &_why); \
	if (_err) { \
		ASSERT_EQ(NULL, (t)); \
		ASSERT_NE(0, _why.text[0]); \
		ASSERT_TRUE(_err == -EOPNOTSUPP || _err == -EPERM) \
			TH_LOG("%s", _why.text); \
		SETUP_SKIP("%s", _why.text); \
	} \
} while (0)

/* Both processes wait for their bytes; the receiver first, its pid is the sender's. */
static inline void cell_launch(struct __test_metadata *_metadata, struct cell *c,
			       struct trace *t)
{
	c->gate = trace_gate(t);
	c->seen = mmap(NULL, sizeof(*c->seen), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, c->seen);
	ASSERT_EQ(0, pipe(c->go[0]));
	ASSERT_EQ(0, pipe(c->go[1]));
	c->receiver = cell_fork(c, 1, cell_recv);
	ASSERT_LT(0, c->receiver);
	c->sender = cell_fork(c, 0, cell_send);
	ASSERT_LT(0, c->sender);
}

/* Another program in a side's place, before it had its bytes. */
static inline void cell_replace(struct __test_metadata *_metadata, struct cell *c, int side,
				int (*work)(const struct cell *c))
{
	pid_t *pid = side ? &c->receiver : &c->sender;

	kill(*pid, SIGKILL);
	reap(*pid);
	*pid = cell_fork(c, side, work);
	ASSERT_LT(0, *pid);
}

/* Two processes that nobody traces, on an object of their own. */
static inline void foreign_start(struct __test_metadata *_metadata, struct cell *c)
{
	c->seen = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, c->seen);
	c->gate = (void *)(c->seen + 1);
	ASSERT_EQ(0, pipe(c->go[0]));
	ASSERT_EQ(0, pipe(c->go[1]));
	c->sender = cell_fork(c, 0, cell_send);
	c->receiver = cell_fork(c, 1, cell_recv);
	ASSERT_TRUE(cell_go(c, 0));
	ASSERT_TRUE(cell_go(c, 1));
}

static inline void foreign_stop(const struct cell *c)
{
	kill(c->sender, SIGKILL);
	kill(c->receiver, SIGKILL);
	reap(c->sender);
	reap(c->receiver);
}

/* PREEMPT_DYNAMIC: the mode in force is the one in brackets. */
static inline bool preemptible(void)
{
	FILE *file = fopen("/sys/kernel/debug/sched/preempt", "r");
	char mode[64] = "";
	struct utsname name;

	uname(&name);
	if (file) {
		if (!fgets(mode, sizeof(mode), file))
			mode[0] = 0;
		fclose(file);
	}
	return strstr(name.version, "PREEMPT_RT") || strstr(name.version, "PREEMPT ") ||
	       strstr(mode, "(full)") || strstr(mode, "(lazy)");
}

/*
 * A preemptible kernel skips probe runs, be they ours or not, while another task is
 * preempted within the probe. It says so, and such a run proves nothing.
 */
#define STOP_TRACE(t, res) do {						\
	ASSERT_EQ(0, trace_stop(t, res));					\
	if ((res)->cert.missed && preemptible())				\
		SETUP_SKIP("%llu probe runs lost to preemption",			\
			   (unsigned long long)(res)->cert.missed);		\
} while (0)

/* Start @c traced, and see it through; the exit statuses are sender's and receiver's. */
static inline void cell_run(struct __test_metadata *_metadata, struct cell *c,
			    struct trace *t, int status[2])
{
	struct mech_why why = { "" };

	cell_launch(_metadata, c, t);
	ASSERT_EQ(0, trace_start(t, c->sender, c->receiver, &why))
		TH_LOG("%s", why.text);
	if (c->shape == BACKLOG) {
		ASSERT_TRUE(cell_go(c, 0));
		status[0] = reap(c->sender);
		ASSERT_TRUE(cell_go(c, 1));
	} else {
		ASSERT_TRUE(cell_go(c, 1));
		ASSERT_TRUE(cell_go(c, 0));
		status[0] = reap(c->sender);
	}
	status[1] = reap(c->receiver);
	for (int i = 0; i < 4; i++)
		close(c->go[i / 2][i % 2]);
}

static inline const struct trace_phase *phase(const struct trace_result *res, const char *name)
{
	static const struct trace_phase none = { .n = ~0ULL };

	for (unsigned int i = 0; i < res->nphases; i++)
		if (!strcmp(res->phase[i].name, name))
			return &res->phase[i];
	return &none;
}

static inline void expect_clean_cert(struct __test_metadata *_metadata,
				     const struct trace_cert *c)
{
	EXPECT_EQ(c->sent, c->received);
	EXPECT_EQ(0, c->in_flight);
	EXPECT_EQ(0, c->unmatched);
	EXPECT_EQ(0, c->missed);
	EXPECT_EQ(0, c->map_failed);
	EXPECT_EQ(0, c->overwritten);
	EXPECT_EQ(0, c->negative);
	EXPECT_EQ(0, c->mispaired);
	EXPECT_EQ(0, c->unreadable);
}

/* Every message has one, and the shapes that are in step know which. */
static inline void expect_classes(struct __test_metadata *_metadata, const struct cell *c,
				  const struct trace_result *res)
{
	uint64_t sum = 0;

	for (int i = 0; i < TRACE_CLASSES; i++)
		sum += res->class[i];
	EXPECT_EQ(res->measured, sum);
	EXPECT_FALSE(res->classless);
	EXPECT_EQ(res->slept, res->class[TRACE_WOKEN] + res->class[TRACE_RELAYED]);
	if (c->shape == IN_STEP)
		EXPECT_EQ(c->last - c->first, res->class[TRACE_WOKEN] - c->past_class[TRACE_WOKEN]);
	if (c->shape == BACKLOG)
		EXPECT_EQ(c->last - c->first,
			  res->class[TRACE_BACKLOG] - c->past_class[TRACE_BACKLOG]);
}

/* What holds whatever the shape: the parts are the whole, nobody is missing. */
static inline void expect_whole(struct __test_metadata *_metadata, const struct cell *c,
				const struct trace_result *res)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < res->nphases; i++) {
		const struct trace_phase *p = &res->phase[i];

		sum += p->sum;
		EXPECT_FALSE(p->absent);
		EXPECT_NE(NULL, strchr(p->hook, '/'));
		EXPECT_EQ(!p->n, !p->p50);
		EXPECT_EQ(p->n < 1000, !p->p99);
		EXPECT_LE(p->p50, p->p99 ?: p->p50);
		if (p->n == 1) {
			EXPECT_LE(p->sum, p->p50);
			EXPECT_GE(p->sum + p->sum / 16, p->p50);
		}
	}
	EXPECT_EQ(res->total, sum);
	EXPECT_EQ(c->past_measured + c->last - c->first, res->measured);
	EXPECT_EQ(res->measured, phase(res, "copy-in")->n);
	EXPECT_EQ(res->measured, phase(res, "exit")->n);
	EXPECT_EQ(res->measured, res->slept + phase(res, "queued")->n);
	EXPECT_EQ(res->slept, phase(res, "wake")->n);
	EXPECT_EQ(res->slept, phase(res, "run-queue")->n);
	EXPECT_EQ(res->slept, phase(res, "dequeue")->n);
	expect_classes(_metadata, c, res);
}

static inline void expect_all(struct __test_metadata *_metadata, struct cell *c,
			      struct trace *t)
{
	struct trace_result res;
	int status[2];

	cell_run(_metadata, c, t, status);
	memset(&res, 0xcc, sizeof(res));
	STOP_TRACE(t, &res);
	EXPECT_EQ(0, status[0]);
	EXPECT_EQ(0, status[1]);
	EXPECT_EQ(c->past_n + c->n, res.cert.sent);
	expect_clean_cert(_metadata, &res.cert);
	expect_whole(_metadata, c, &res);
	c->past_n += c->n;
	c->past_measured += c->last - c->first;
	memcpy(c->past_class, res.class, sizeof(c->past_class));
}

#endif /* SELFTESTS_TRACED_H */
