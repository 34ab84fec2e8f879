// SPDX-License-Identifier: GPL-2.0
/* Two programs pass a known number of messages: the graph has that edge, with that number. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "traced.h"
#include "watch.h"
#include "ways.h"

#define MESSAGES	300
FIXTURE(watch)
{
	struct watch *w;
	struct watch_sum sum;
	struct way way[KINDS];
	pid_t from[KINDS];
	pid_t to[KINDS];
};

FIXTURE_SETUP(watch)
{
	struct watch_cfg cfg = { };
	struct mech_why why = { "" };
	int err = watch_open(&self->w, &cfg, &why);

	if (err) {
		ASSERT_EQ(NULL, self->w);
		ASSERT_TRUE(err == -EOPNOTSUPP || err == -EPERM) TH_LOG("%s", why.text);
		SETUP_SKIP("%s", why.text);
	}
}

FIXTURE_TEARDOWN(watch)
{
	watch_sum_free(&self->sum);
	watch_close(self->w);
}

/* A process that does @work once it is let go on. */
static pid_t stopped(struct way *way, int (*work)(struct way *way))
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		raise(SIGSTOP);
		_exit(work(way));
	}
	waitpid(pid, &status, WUNTRACED);
	return pid;
}

static uint64_t line(const struct watch_sum *sum, const char *name)
{
	for (size_t i = 0; i < sum->nlines; i++)
		if (!strcmp(sum->line[i].name, name))
			return sum->line[i].n;
	return ~0ULL;
}

static const struct watch_flow *flow(const struct watch_sum *sum, pid_t from, pid_t to)
{
	static const struct watch_flow none = { .kind = "none" };

	for (size_t i = 0; i < sum->nflows; i++)
		if (sum->flow[i].from == from && sum->flow[i].to == to)
			return &sum->flow[i];
	return &none;
}

/* The parts are the whole, and each message is in each phase that it must have. */
static void expect_phases(struct __test_metadata *_metadata, const struct watch_flow *f)
{
	uint64_t sum = 0;

	for (int i = 0; i < WATCH_PHASES_MAX - 1; i++)
		sum += f->phase[i].sum;
	EXPECT_EQ(f->phase[6].sum, sum);
	EXPECT_EQ(f->n, f->phase[0].n);
	EXPECT_EQ(f->n, f->phase[5].n);
	EXPECT_EQ(f->n, f->phase[6].n);
	EXPECT_EQ(f->n - f->slept, f->phase[1].n);
	EXPECT_EQ(f->slept, f->phase[2].n);
	EXPECT_EQ(f->slept, f->phase[3].n);
	EXPECT_EQ(f->slept, f->phase[4].n);
}

static void expect_exactly(struct __test_metadata *_metadata, const struct watch_sum *sum,
			   const char *kind, uint64_t n, uint64_t bytes, pid_t from, pid_t to)
{
	const struct watch_flow *f = flow(sum, from, to);
	uint64_t pairs = 0;

	EXPECT_STREQ(kind, f->kind);
	EXPECT_EQ(n, f->n);
	EXPECT_EQ(bytes, f->bytes);
	for (size_t i = 0; i < sum->ncpus; i++)
		pairs += sum->cpus[i].flow == f->id ? sum->cpus[i].n : 0;
	EXPECT_EQ(n, pairs);
	expect_phases(_metadata, f);
}

static void expect_clean(struct __test_metadata *_metadata, const struct watch_sum *sum,
			 uint64_t n)
{
	EXPECT_EQ(n, line(sum, "sent"));
	for (size_t i = 0; i < sum->nlines; i++) {
		const struct watch_line *l = &sum->line[i];

		EXPECT_EQ(0, l->zero ? l->n : 0)
			TH_LOG("%s", l->text);
	}
	EXPECT_FALSE(sum->violated);
}

/* A preemptible kernel skips probe runs; it says so, and such a run proves nothing. */
#define READ_SUM(self) do {							\
	watch_stop((self)->w);							\
	ASSERT_EQ(0, watch_read((self)->w, &(self)->sum));			\
	if (line(&(self)->sum, "missed") && preemptible())			\
		SETUP_SKIP("probe runs lost to preemption");			\
} while (0)

static void go(pid_t pid)
{
	kill(pid, SIGCONT);
}

/* All kinds at once: as many processes, which know nothing of each other. */
static void launch(struct __test_metadata *_metadata, struct _test_data_watch *self, size_t nkinds,
		   unsigned int n)
{
	for (size_t i = 0; i < nkinds; i++) {
		self->way[i] = (struct way){ .size = kinds[i].size, .n = n };
		ASSERT_TRUE(kinds[i].open(&self->way[i]))
			TH_LOG("%s", kinds[i].name);
		self->from[i] = stopped(&self->way[i], kinds[i].send);
		self->to[i] = stopped(&self->way[i], kinds[i].recv);
	}
}

static void follow_all(struct __test_metadata *_metadata, struct _test_data_watch *self,
		       const pid_t *pid, size_t nkinds)
{
	for (size_t i = 0; i < nkinds; i++)
		ASSERT_EQ(0, watch_follow(self->w, pid[i]));
}

static void go_all(const pid_t *pid, size_t nkinds)
{
	for (size_t i = 0; i < nkinds; i++)
		go(pid[i]);
}

static void reap_all(struct __test_metadata *_metadata, const pid_t *pid, size_t nkinds)
{
	for (size_t i = 0; i < nkinds; i++) {
		EXPECT_EQ(0, reap(pid[i]))
			TH_LOG("%s", kinds[i].name);
	}
}

static void close_all(struct _test_data_watch *self, size_t nkinds)
{
	for (size_t i = 0; i < nkinds; i++)
		kinds[i].close(&self->way[i]);
}

/* And one pair beside them that nobody follows, of which nothing is shown. */
TEST_F(watch, exactly)
{
	struct way other = { .size = 64, .n = MESSAGES };
	pid_t from, to;

	launch(_metadata, self, KINDS, MESSAGES);
	ASSERT_TRUE(pipe_open(&other));
	from = stopped(&other, fd_send);
	to = stopped(&other, fd_recv);
	follow_all(_metadata, self, self->from, KINDS);
	follow_all(_metadata, self, self->to, KINDS);
	watch_start(self->w);
	go(from);
	go(to);
	go_all(self->to, KINDS);
	go_all(self->from, KINDS);
	reap_all(_metadata, self->from, KINDS);
	reap_all(_metadata, self->to, KINDS);
	EXPECT_EQ(0, reap(from));
	EXPECT_EQ(0, reap(to));
	READ_SUM(self);
	EXPECT_EQ(KINDS, self->sum.nflows);
	for (size_t i = 0; i < KINDS; i++)
		expect_exactly(_metadata, &self->sum, kinds[i].name, MESSAGES,
			       MESSAGES * kinds[i].size, self->from[i], self->to[i]);
	expect_clean(_metadata, &self->sum, KINDS * MESSAGES);
	EXPECT_EQ(KINDS * MESSAGES, line(&self->sum, "received"));
	EXPECT_EQ(0, line(&self->sum, "in_flight"));
	EXPECT_EQ(0, line(&self->sum, "before"));
	EXPECT_EQ(0, line(&self->sum, "closed"));
	close_all(self, KINDS);
}

/*
 * Only the receivers are followed, and they wait since before tracing began. What a read of
 * a pipe gets that began before cannot be timed, so it is not among the received.
 */
TEST_F(watch, receiver_waits)
{
	launch(_metadata, self, SMALL, 20);
	follow_all(_metadata, self, self->to, SMALL);
	go_all(self->to, SMALL);
	for (size_t i = 0; i < 4; i++)
		while (!blocked_in_read(self->to[i], self->way[i].fd[0]))
			sched_yield();
	usleep(300000);
	watch_start(self->w);
	go_all(self->from, SMALL);
	reap_all(_metadata, self->from, SMALL);
	reap_all(_metadata, self->to, SMALL);
	READ_SUM(self);
	EXPECT_FALSE(self->sum.violated);
	for (size_t i = 0; i < SMALL; i++) {
		EXPECT_EQ(i ? 20 : 19, flow(&self->sum, self->from[i], self->to[i])->n)
			TH_LOG("%s", kinds[i].name);
	}
	EXPECT_EQ(SMALL * 20 - 1, line(&self->sum, "received"));
	close_all(self, SMALL);
}

/* What was sent before is said to be so; what comes after is counted. */
TEST_F(watch, before)
{
	struct way all[SMALL];

	for (size_t i = 0; i < SMALL; i++) {
		all[i] = (struct way){ .size = kinds[i].size, .n = 1 };
		ASSERT_TRUE(kinds[i].open(&all[i]));
		ASSERT_EQ(0, kinds[i].send(&all[i]));
		self->way[i] = all[i];
		self->way[i].n = 2;
		all[i].n = 3;
		self->from[i] = stopped(&self->way[i], kinds[i].send);
		self->to[i] = stopped(&all[i], kinds[i].recv);
	}
	follow_all(_metadata, self, self->from, SMALL);
	follow_all(_metadata, self, self->to, SMALL);
	watch_start(self->w);
	go_all(self->from, SMALL);
	reap_all(_metadata, self->from, SMALL);
	go_all(self->to, SMALL);
	reap_all(_metadata, self->to, SMALL);
	READ_SUM(self);
	expect_clean(_metadata, &self->sum, SMALL * 2);
	EXPECT_EQ(SMALL * 2, line(&self->sum, "received"));
	EXPECT_EQ(SMALL, line(&self->sum, "before"));
	for (size_t i = 0; i < SMALL; i++) {
		EXPECT_EQ(2, flow(&self->sum, self->from[i], self->to[i])->n)
			TH_LOG("%s", kinds[i].name);
	}
	close_all(self, SMALL);
}

/* Nobody receives: in flight while the object lives, thrown away with it. */
static void send_only(struct __test_metadata *_metadata, struct _test_data_watch *self)
{
	launch(_metadata, self, SMALL, 3);
	for (size_t i = 0; i < SMALL; i++) {
		kill(self->to[i], SIGKILL);
		reap(self->to[i]);
	}
	follow_all(_metadata, self, self->from, SMALL);
	watch_start(self->w);
	go_all(self->from, SMALL);
	reap_all(_metadata, self->from, SMALL);
}

TEST_F(watch, in_flight)
{
	send_only(_metadata, self);
	READ_SUM(self);
	expect_clean(_metadata, &self->sum, SMALL * 3);
	EXPECT_EQ(0, line(&self->sum, "received"));
	EXPECT_EQ(SMALL * 3, line(&self->sum, "in_flight"));
	close_all(self, SMALL);
}

TEST_F(watch, closed)
{
	send_only(_metadata, self);
	close_all(self, SMALL);
	/* The kernel frees some of it later. */
	usleep(500000);
	READ_SUM(self);
	expect_clean(_metadata, &self->sum, SMALL * 3);
	EXPECT_EQ(0, line(&self->sum, "received"));
	EXPECT_EQ(SMALL * 3, line(&self->sum, "closed"));
	EXPECT_EQ(0, line(&self->sum, "in_flight"));
}

static int fork_and_send(struct way *way)
{
	pid_t pid = fork();

	if (!pid)
		_exit(fd_send(way));
	return reap(pid);
}

/* A child that is forked later is followed, and is somebody else than its parent. */
TEST_F(watch, forked_later)
{
	struct way way = { .size = 64, .n = 20 };
	pid_t from, to;

	ASSERT_TRUE(pipe_open(&way));
	from = stopped(&way, fork_and_send);
	to = stopped(&way, fd_recv);
	ASSERT_EQ(0, watch_follow(self->w, from));
	watch_start(self->w);
	go(to);
	go(from);
	EXPECT_EQ(0, reap(from));
	EXPECT_EQ(0, reap(to));
	READ_SUM(self);
	ASSERT_EQ(1, self->sum.nflows);
	EXPECT_NE(from, self->sum.flow[0].from);
	EXPECT_EQ(to, self->sum.flow[0].to);
	EXPECT_EQ(20, self->sum.flow[0].n);
	expect_clean(_metadata, &self->sum, 20);
	fd_close(&way);
}

/* Their writes, each more than the pipe holds, come in pieces, one between the other's. */
TEST_F(watch, two_writers)
{
	struct way one = { .size = LARGE, .n = 20 }, both;
	pid_t a, b, to;

	ASSERT_TRUE(pipe_open(&one));
	both = one;
	both.n = 40;
	a = stopped(&one, fd_send);
	b = stopped(&one, fd_send);
	to = stopped(&both, fd_recv);
	ASSERT_EQ(0, watch_follow(self->w, to));
	watch_start(self->w);
	go(a);
	go(b);
	go(to);
	EXPECT_EQ(0, reap(a));
	EXPECT_EQ(0, reap(b));
	EXPECT_EQ(0, reap(to));
	READ_SUM(self);
	EXPECT_EQ(2, self->sum.nflows);
	expect_exactly(_metadata, &self->sum, "pipe", 20, 20 * LARGE, a, to);
	expect_exactly(_metadata, &self->sum, "pipe", 20, 20 * LARGE, b, to);
	expect_clean(_metadata, &self->sum, 40);
	fd_close(&one);
}

/* Takes what there is room for, again and again: each call that moved bytes is a message. */
static int send_some(struct way *way)
{
	size_t left = 10 * way->size;
	char *buf = calloc(1, left);
	ssize_t ret;
	int calls = 0;

	fcntl(way->fd[1], F_SETFL, O_NONBLOCK);
	while (left) {
		ret = write(way->fd[1], buf, left);
		if (ret < 0 && errno != EAGAIN)
			return 255;
		if (ret < 0) {
			sched_yield();
			continue;
		}
		left -= ret;
		calls++;
	}
	return calls;
}

TEST_F(watch, short_writes)
{
	struct way way = { .size = LARGE, .n = 10 };
	int calls;
	pid_t from, to;

	ASSERT_TRUE(pipe_open(&way));
	from = stopped(&way, send_some);
	to = stopped(&way, fd_recv);
	ASSERT_EQ(0, watch_follow(self->w, from));
	watch_start(self->w);
	go(from);
	go(to);
	calls = reap(from);
	EXPECT_EQ(0, reap(to));
	READ_SUM(self);
	ASSERT_LT(1, calls);
	ASSERT_GT(255, calls);
	expect_clean(_metadata, &self->sum, calls);
	EXPECT_EQ(calls, line(&self->sum, "received"));
	EXPECT_EQ(calls, self->sum.flow[0].n + line(&self->sum, "untimed"));
	fd_close(&way);
}

/* Out of the pipe by splice(): not seen, and not taken for anything else. */
static int splice_out(struct way *way)
{
	int null = open("/dev/null", O_WRONLY);

	for (size_t left = way->n * way->size; left;) {
		ssize_t ret = splice(way->fd[0], NULL, null, NULL, left, 0);

		if (ret <= 0)
			return 1;
		left -= ret;
	}
	return 0;
}

TEST_F(watch, spliced)
{
	struct way way = { .size = 64, .n = 200 };
	pid_t from, to;

	ASSERT_TRUE(pipe_open(&way));
	from = stopped(&way, fd_send);
	to = stopped(&way, splice_out);
	ASSERT_EQ(0, watch_follow(self->w, from));
	watch_start(self->w);
	go(from);
	EXPECT_EQ(0, reap(from));
	go(to);
	EXPECT_EQ(0, reap(to));
	/* Somebody has to look at the pipe. */
	from = stopped(&way, fd_send);
	ASSERT_EQ(0, watch_follow(self->w, from));
	go(from);
	EXPECT_EQ(0, reap(from));
	to = stopped(&way, fd_recv);
	go(to);
	EXPECT_EQ(0, reap(to));
	READ_SUM(self);
	expect_clean(_metadata, &self->sum, 400);
	EXPECT_EQ(1, line(&self->sum, "foreign"));
	EXPECT_EQ(200, line(&self->sum, "spliced"));
	EXPECT_EQ(200, line(&self->sum, "received"));
	fd_close(&way);
}

TEST_HARNESS_MAIN
