// SPDX-License-Identifier: GPL-2.0
/*
 * The workers' own stamps and the scheduler's, and the class of each message, against runs whose
 * outcome is known. The mechanism is a pipe; its send and receive are called as a worker does.
 */
#include "stamped.h"

/* One wake for two: the receiver cannot come between them. PAIRS is IN_STEP otherwise. */
#define PAIRS	((enum shape)(STREAM + 1))
#define RELAYED	((enum shape)(STREAM + 2))
#define POLLED	((enum shape)(STREAM + 3))

static int pipe_send(struct mech *m, const void *buf)
{
	const struct cell *c = m->priv;

	return write(c->wfd, buf, c->size) == c->size ? 0 : -errno;
}

static int pipe_recv(struct mech *m, void *buf)
{
	const struct cell *c = m->priv;

	return read(c->rfd, buf, c->size) == c->size ? 0 : -errno;
}

#define WORKER(worker_, which, c)	STAMPED(worker_, which, c, pipe_send, pipe_recv)

/* How often the receiver found nothing: it is between two tries, or in one. */
static volatile uint64_t *tries;

static void await(const struct cell *c, uint64_t i)
{
	uint64_t before;

	if (c->shape == IN_STEP || c->shape == RELAYED)
		await_sleep(c, i);
	/* Asleep, as this is a real-time task: one that is starved would be let past it. */
	while (c->shape == PAIRS && !(i % 2) &&
	       (*c->seen != i * c->size || !blocked_in_read(c->receiver, c->rfd)))
		usleep(100);
	if (c->shape != POLLED)
		return;
	while (*c->seen != i * c->size)
		sched_yield();
	before = *tries;
	while (*tries == before)
		sched_yield();
}

static int any_send(const struct cell *c)
{
	struct sched_param p = { .sched_priority = 1 };
	char *buf = calloc(1, c->size);

	WORKER(w, SIDE_SENDER, c);
	if (c->shape == PAIRS && sched_setscheduler(0, SCHED_FIFO, &p))
		return 4;
	for (uint64_t i = 0; i < c->n; i++) {
		await(c, i);
		*c->gate = i >= c->first && i < c->last;
		memcpy(buf, &i, sizeof(i));
		if (w.io.send(w.m, buf))
			return 1;
	}
	*c->gate = 0;
	return 0;
}

static int any_recv(const struct cell *c)
{
	char *buf = calloc(1, c->size);
	int ret;

	WORKER(w, SIDE_RECEIVER, c);
	for (uint64_t i = 0; i < c->n; i++) {
		while ((ret = w.io.recv(w.m, buf)) == -EAGAIN) {
			++*tries;
			sched_yield();
		}
		if (ret || memcmp(buf, &i, sizeof(i)))
			return 3;
		*c->seen = (i + 1) * c->size;
	}
	return 0;
}

/* From one pipe into another: whoever wakes the receiver, it is not the sender. */
static pid_t relay(int from, int to, size_t size)
{
	pid_t pid = fork();
	char *buf;

	if (pid)
		return pid;
	buf = malloc(size);
	while (read(from, buf, size) == size && write(to, buf, size) == size)
		;
	_exit(0);
}

FIXTURE(any)
{
	struct trace *t;
	int fd[2];
	int relay[2];
	pid_t relayer;
	struct mech_why why;
};

FIXTURE_SETUP(any)
{
	ASSERT_EQ(0, pipe(self->fd));
	ASSERT_EQ(0, pipe(self->relay));
	ASSERT_EQ(0, trace_open_any(&self->t, "test", WAIT_BLOCK, false, &self->why));
	EXPECT_NE(NULL, strstr(self->why.text, "no probe set"))
		TH_LOG("%s", self->why.text);
	stamps = trace_stamps(self->t);
	ASSERT_NE(NULL, stamps);
	tries = mmap(NULL, sizeof(*tries), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		     -1, 0);
	ASSERT_NE(MAP_FAILED, tries);
}

FIXTURE_TEARDOWN(any)
{
	if (self->relayer) {
		kill(self->relayer, SIGKILL);
		reap(self->relayer);
	}
	trace_close(self->t);
}

/* As cell_run(), with the workers of this file. */
static void any_run(struct __test_metadata *_metadata, struct cell *c, struct trace *t,
		    struct trace_result *res)
{
	struct mech_why why = { "" };
	int status[2] = { -1, -1 };

	cell_launch(_metadata, c, t);
	cell_replace(_metadata, c, 1, any_recv);
	cell_replace(_metadata, c, 0, any_send);
	ASSERT_EQ(0, trace_start(t, c->sender, c->receiver, &why))
		TH_LOG("%s", why.text);
	if (c->shape != BACKLOG)
		ASSERT_TRUE(cell_go(c, 1));
	ASSERT_TRUE(cell_go(c, 0));
	status[0] = reap(c->sender);
	if (c->shape == BACKLOG)
		ASSERT_TRUE(cell_go(c, 1));
	status[1] = reap(c->receiver);
	memset(res, 0xcc, sizeof(*res));
	STOP_TRACE(t, res);
	EXPECT_EQ(0, status[0]);
	EXPECT_EQ(0, status[1]);
	EXPECT_EQ(c->past_n + c->n, res->cert.sent);
	expect_clean_cert(_metadata, &res->cert);
	EXPECT_EQ(0, strcmp("any", res->set));
	EXPECT_EQ(c->last - c->first, res->measured);
	c->past_n += c->n;
}

static void expect_parts(struct __test_metadata *_metadata, const struct trace_result *res)
{
	uint64_t sum = 0;

	EXPECT_EQ(4, res->nphases);
	for (unsigned int i = 0; i < res->nphases; i++) {
		EXPECT_FALSE(res->phase[i].absent);
		sum += res->phase[i].sum;
	}
	EXPECT_EQ(res->total, sum);
	EXPECT_EQ(res->slept, phase(res, "send")->n);
	EXPECT_EQ(res->slept, phase(res, "run-queue")->n);
	EXPECT_EQ(res->slept, phase(res, "receive")->n);
	EXPECT_EQ(res->measured - res->slept, phase(res, "passed")->n);
}

#define CELL(how) { .wfd = self->fd[1], .rfd = self->fd[0], .size = 64, .n = 200,	\
	.first = 20, .last = 180, .same_cpu = true, .shape = how }

TEST_F(any, woken)
{
	struct cell c = CELL(IN_STEP);
	struct trace_result res;

	any_run(_metadata, &c, self->t, &res);
	expect_parts(_metadata, &res);
	expect_classes(_metadata, &c, &res);
}

TEST_F(any, woken_two_cpus)
{
	struct cell c = CELL(IN_STEP);
	struct trace_result res;

	c.same_cpu = false;
	any_run(_metadata, &c, self->t, &res);
	expect_parts(_metadata, &res);
	expect_classes(_metadata, &c, &res);
}

TEST_F(any, backlog)
{
	struct cell c = CELL(BACKLOG);
	struct trace_result res;

	any_run(_metadata, &c, self->t, &res);
	expect_parts(_metadata, &res);
	expect_classes(_metadata, &c, &res);
}

TEST_F(any, shared_wake)
{
	struct cell c = CELL(PAIRS);
	struct trace_result res;

	any_run(_metadata, &c, self->t, &res);
	expect_parts(_metadata, &res);
	expect_classes(_metadata, &c, &res);
	EXPECT_EQ(80, res.class[TRACE_WOKEN]);
	EXPECT_EQ(80, res.class[TRACE_SHARED]);
}

TEST_F(any, relayed)
{
	struct cell c = CELL(RELAYED);
	struct trace_result res;

	c.wfd = self->relay[1];
	self->relayer = relay(self->relay[0], self->fd[1], c.size);
	any_run(_metadata, &c, self->t, &res);
	expect_parts(_metadata, &res);
	expect_classes(_metadata, &c, &res);
	EXPECT_EQ(160, res.class[TRACE_RELAYED]);
}

TEST_F(any, running)
{
	struct cell c = CELL(POLLED);
	struct trace_result res;

	ASSERT_EQ(0, fcntl(self->fd[0], F_SETFL, O_NONBLOCK));
	any_run(_metadata, &c, self->t, &res);
	expect_parts(_metadata, &res);
	expect_classes(_metadata, &c, &res);
	EXPECT_EQ(160, res.class[TRACE_RUNNING]);
}

/* More than there is room for: those before are summed to make some. */
TEST_F(any, more_than_records)
{
	struct cell c = CELL(STREAM);
	struct trace_result res;

	c.size = 16;
	c.n = 2 * PHASE_RECORDS + 1000;
	c.last = c.n;
	any_run(_metadata, &c, self->t, &res);
	expect_parts(_metadata, &res);
	expect_classes(_metadata, &c, &res);
}

/* Without the scheduler's stamps there is the whole, and no zero in place of a part. */
TEST_F(any, no_probes)
{
	struct cell c = CELL(BACKLOG);
	struct trace_result res;
	struct mech_why why;

	trace_close(self->t);
	ASSERT_EQ(0, seteuid(65534));
	ASSERT_EQ(0, trace_open_any(&self->t, "pipe", WAIT_BLOCK, false, &why));
	EXPECT_NE(NULL, strstr(why.text, "root"))
		TH_LOG("%s", why.text);
	stamps = trace_stamps(self->t);
	ASSERT_NE(NULL, stamps);
	any_run(_metadata, &c, self->t, &res);
	EXPECT_TRUE(res.classless);
	EXPECT_TRUE(phase(&res, "send")->absent);
	EXPECT_TRUE(phase(&res, "run-queue")->absent);
	EXPECT_TRUE(phase(&res, "receive")->absent);
	EXPECT_EQ(160, phase(&res, "passed")->n);
	EXPECT_EQ(res.total, phase(&res, "passed")->sum);
}

/* What nobody sent is not taken for a message. */
TEST_F(any, unsent)
{
	struct cell c = CELL(BACKLOG);
	struct trace_result res;
	struct mech_why why;
	uint64_t msg[8] = { 7 };

	ASSERT_EQ(0, trace_start(self->t, getpid(), 0, &why));
	WORKER(w, SIDE_RECEIVER, &c);
	ASSERT_EQ(sizeof(msg), write(self->fd[1], msg, sizeof(msg)));
	EXPECT_EQ(0, w.io.recv(w.m, msg));
	stamps->tx[0].sent = 1;
	ASSERT_EQ(0, trace_stop(self->t, &res));
	EXPECT_EQ(1, res.cert.unmatched);
	EXPECT_EQ(0, res.cert.received);
}

TEST_HARNESS_MAIN
