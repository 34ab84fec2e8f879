// SPDX-License-Identifier: GPL-2.0
/*
 * The calls that wake and that sleep, where messages lie in shared memory: a message has their
 * stamps if it needed them, and if it was them that it needed.
 */
#include "stamped.h"
#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/eventfd.h>

#define MESSAGES	200
#define SIZE		64

/**
 * struct box - what the two share
 * @sent:	how many messages there are; the futex
 * @sleeps:	the receiver is about to sleep
 * @msg:	messages
 */
static struct box {
	_Atomic uint32_t sent;
	_Atomic uint32_t sleeps;
	char msg[MESSAGES][SIZE];
} *box;

/* The receiver's next. */
static uint32_t next;

enum kind { FUTEX, EVENTFD, PIPE };

static enum kind kind;

static int wake(const struct cell *c)
{
	const uint64_t one = 1;

	if (kind == FUTEX)
		return syscall(SYS_futex, &box->sent, FUTEX_WAKE, 1, NULL, NULL, 0) >= 0;
	return write(c->wfd, &one, sizeof(one)) == sizeof(one);
}

static void sleep_once(const struct cell *c)
{
	uint64_t count;

	if (kind == FUTEX)
		syscall(SYS_futex, &box->sent, FUTEX_WAIT, next, NULL, NULL, 0);
	else if (read(c->rfd, &count, sizeof(count)) != sizeof(count))
		_exit(5);
}

static int box_send(struct mech *m, const void *buf)
{
	const struct cell *c = m->priv;
	uint32_t i = atomic_load(&box->sent);

	memcpy(box->msg[i], buf, c->size);
	atomic_store(&box->sent, i + 1);
	return atomic_exchange(&box->sleeps, 0) && !wake(c) ? -EIO : 0;
}

static int box_recv(struct mech *m, void *buf)
{
	const struct cell *c = m->priv;

	while (atomic_load(&box->sent) == next) {
		atomic_store(&box->sleeps, 1);
		if (atomic_load(&box->sent) == next)
			sleep_once(c);
	}
	memcpy(buf, box->msg[next++], c->size);
	return 0;
}

static bool box_asleep(const struct cell *c)
{
	unsigned long arg;

	if (kind == FUTEX)
		return blocked_in(c->receiver, SYS_futex, &arg) && arg == (unsigned long)box;
	return blocked_in_read(c->receiver, c->rfd);
}

static const struct cell_io box_io = { NULL, NULL, box_asleep };

static int sleep_send(const struct cell *c)
{
	char *buf = calloc(1, c->size);

	STAMPED(w, SIDE_SENDER, c, box_send, box_recv);
	for (uint64_t i = 0; i < c->n; i++) {
		if (c->shape == IN_STEP)
			await_sleep(c, i);
		*c->gate = i >= c->first && i < c->last;
		memcpy(buf, &i, sizeof(i));
		if (w.io.send(w.m, buf))
			return 1;
	}
	*c->gate = 0;
	return 0;
}

static int sleep_recv(const struct cell *c)
{
	char *buf = calloc(1, c->size);

	STAMPED(w, SIDE_RECEIVER, c, box_send, box_recv);
	for (uint64_t i = 0; i < c->n; i++) {
		if (w.io.recv(w.m, buf) || memcmp(buf, &i, sizeof(i)))
			return 3;
		*c->seen = (i + 1) * c->size;
	}
	return 0;
}

FIXTURE(sleep)
{
	struct trace *t;
	int fd[2];
};

/* @mech: whose set; @hooked: it is for that kind of sleep */
FIXTURE_VARIANT(sleep)
{
	const char *mech;
	enum kind kind;
	bool hooked;
};

FIXTURE_VARIANT_ADD(sleep, futex)
{
	.mech = "shm-futex",
	.kind = FUTEX,
	.hooked = true,
};

FIXTURE_VARIANT_ADD(sleep, eventfd)
{
	.mech = "eventfd-shm",
	.kind = EVENTFD,
	.hooked = true,
};

FIXTURE_VARIANT_ADD(sleep, elsewhere)
{
	.mech = "shm-futex",
	.kind = PIPE,
	.hooked = false,
};

FIXTURE_SETUP(sleep)
{
	kind = variant->kind;
	next = 0;
	box = mmap(NULL, sizeof(*box), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, box);
	ASSERT_EQ(0, pipe(self->fd));
	if (kind == EVENTFD) {
		self->fd[0] = eventfd(0, 0);
		self->fd[1] = self->fd[0];
	}
	OPEN_TRACE(self->t, variant->mech);
	stamps = trace_stamps(self->t);
	ASSERT_NE(NULL, stamps);
}

FIXTURE_TEARDOWN(sleep)
{
	trace_close(self->t);
}

/* As cell_run(), with the workers of this file. */
static void sleep_run(struct __test_metadata *_metadata, struct cell *c, struct trace *t,
		      struct trace_result *res)
{
	struct mech_why why = { "" };
	int status[2];

	cell_launch(_metadata, c, t);
	cell_replace(_metadata, c, 1, sleep_recv);
	cell_replace(_metadata, c, 0, sleep_send);
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
	EXPECT_EQ(c->n, res->cert.sent);
	expect_clean_cert(_metadata, &res->cert);
	EXPECT_EQ(c->last - c->first, res->measured);
}

static void expect_sleeps(struct __test_metadata *_metadata, const struct trace_result *res,
			  uint64_t slept, bool hooked)
{
	uint64_t sum = 0;

	/* Where fentry is refused, the scheduler's stamps are left. */
	hooked = hooked && !phase(res, "wake")->absent;
	EXPECT_EQ(phase(res, "wake")->absent, phase(res, "dequeue")->absent);
	EXPECT_EQ(6, res->nphases);
	for (unsigned int i = 0; i < res->nphases; i++)
		sum += res->phase[i].sum;
	EXPECT_EQ(res->total, sum);
	EXPECT_EQ(slept, res->slept);
	EXPECT_EQ(slept, res->class[TRACE_WOKEN]);
	EXPECT_EQ(slept, phase(res, "send")->n);
	EXPECT_EQ(hooked ? slept : 0, phase(res, "wake")->n);
	EXPECT_EQ(slept, phase(res, "run-queue")->n);
	EXPECT_EQ(hooked ? slept : 0, phase(res, "dequeue")->n);
	EXPECT_EQ(slept, phase(res, "receive")->n);
	EXPECT_EQ(res->measured - slept, phase(res, "passed")->n);
}

#define CELL(how, cpu) { .io = &box_io, .wfd = self->fd[1], .rfd = self->fd[0],	\
	.size = SIZE, .n = MESSAGES, .first = 20, .last = 180, .same_cpu = cpu, .shape = how }

TEST_F(sleep, woken)
{
	struct cell c = CELL(IN_STEP, true);
	struct trace_result res;

	sleep_run(_metadata, &c, self->t, &res);
	expect_sleeps(_metadata, &res, 160, variant->hooked);
}

TEST_F(sleep, woken_two_cpus)
{
	struct cell c = CELL(IN_STEP, false);
	struct trace_result res;

	sleep_run(_metadata, &c, self->t, &res);
	expect_sleeps(_metadata, &res, 160, variant->hooked);
}

/* Nobody sleeps, so nobody calls the kernel, and the messages are there all the same. */
TEST_F(sleep, nobody_sleeps)
{
	struct cell c = CELL(BACKLOG, true);
	struct trace_result res;

	sleep_run(_metadata, &c, self->t, &res);
	expect_sleeps(_metadata, &res, 0, variant->hooked);
	EXPECT_EQ(160, res.class[TRACE_BACKLOG]);
}

/* Some sleep, some find it there: each is the one or the other. */
TEST_F(sleep, stream)
{
	struct cell c = CELL(STREAM, true);
	struct trace_result res;

	sleep_run(_metadata, &c, self->t, &res);
	expect_sleeps(_metadata, &res, res.slept, variant->hooked);
}

TEST_HARNESS_MAIN
