// SPDX-License-Identifier: GPL-2.0
/* Services that cannot go on: no room, nobody there, stopped, closed, killed, in a circle. */
#include "served.h"

#include <sys/stat.h>

#define SLOTS	4
#define SIZE	64

FIXTURE(end) {
	struct set in;
	struct set out;
	long refs;
};

FIXTURE_VARIANT(end) {
	uint32_t flags;
};

FIXTURE_VARIANT_ADD(end, sleep) {
	.flags = 0,
};

FIXTURE_VARIANT_ADD(end, poll) {
	.flags = IPCRING_PCQ_SERVICE_POLL,
};

FIXTURE_VARIANT_ADD(end, fifo_poll) {
	.flags = IPCRING_PCQ_SERVICE_FIFO | IPCRING_PCQ_SERVICE_POLL,
};

FIXTURE_SETUP(end)
{
	NEED_CPUS(2);
	self->refs = module_refcount();
	OPEN_SET(&self->in, 1, .slots = SLOTS, .msg_size = SIZE);
	OPEN_SET(&self->out, 0, .slots = SLOTS, .msg_size = SIZE);
	set_nonblock(self->in.sender, true);
	set_nonblock(self->in.receiver, true);
	set_nonblock(self->out.receiver, true);
	ASSERT_EQ(0, cpu_pin(0));
}

FIXTURE_TEARDOWN(end)
{
	set_close(&self->in);
	set_close(&self->out);
	WAIT_FOR(!service_tid(1, NULL));
	/* Files are put in our name: gone when close() returns, and so are services. */
	EXPECT_EQ(self->refs, module_refcount());
}

#define START(work, fd) \
	ASSERT_EQ(0, pcq_start(self->in.control, 1, IPCRING_PCQ_##work, variant->flags, fd))

/* @n messages, numbered from @first; as many as have room. */
static uint32_t fill(int fd, uint32_t first, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (chan_write(fd, &(uint32_t){ first + i }, 4) != 4)
			return i;
	return n;
}

/* What is there, which must be numbered from @first; how many, ~0: a wrong one. */
static uint32_t empty(int fd, uint32_t first)
{
	uint32_t nr, n = 0;

	while (chan_read(fd, &nr, 4) == 4)
		if (nr != first + n++)
			return ~0u;
	return n;
}

/* All is full: SLOTS in the output, one in hand, SLOTS in the input. */
static bool block(struct _test_data_end *self, uint32_t flags)
{
	uint32_t sent = 0;

	if (pcq_start(self->in.control, 1, IPCRING_PCQ_FORWARD, flags, self->out.sender))
		return false;
	while (sent < 2 * SLOTS + 1) {
		sent += fill(self->in.sender, sent, 2 * SLOTS + 1 - sent);
		sched_yield();
	}
	WAIT_FOR(STAT(self->in.observer, 1, served) == SLOTS + 1);
	if (!(flags & IPCRING_PCQ_SERVICE_POLL))
		WAIT_FOR(kthread_asleep(service_tid(1, NULL)));
	return STAT(self->out.observer, 0, remote) == SLOTS &&
	       chan_write(self->in.sender, "x", 1) == -EAGAIN;
}

TEST_F(end, no_room)
{
	uint32_t got = 0;

	ASSERT_EQ(true, block(self, variant->flags));
	EXPECT_EQ(SLOTS + 1, STAT(self->in.observer, 1, served));
	while (got < 2 * SLOTS + 1) {
		uint32_t n = empty(self->out.receiver, got);

		ASSERT_NE(~0u, n);
		got += n;
		sched_yield();
	}
	EXPECT_EQ(0, STAT(self->in.observer, 1, undelivered));
	/* Room again, and more: it goes on. */
	ASSERT_EQ(1, fill(self->in.sender, got, 1));
	WAIT_FOR(empty(self->out.receiver, got) == 1);
}

/* Where @self stands after the end of a service that block() had stopped. */
static void check_blocked(struct __test_metadata *_metadata, struct _test_data_end *self)
{
	EXPECT_EQ(SLOTS + 1, STAT(self->in.observer, 1, served));
	EXPECT_EQ(1, STAT(self->in.observer, 1, undelivered));
	EXPECT_EQ(0, STAT(self->in.observer, 1, state) & IPCRING_PCQ_ST_SERVICE);
	WAIT_FOR(!service_tid(1, NULL));
	EXPECT_EQ(SLOTS, empty(self->out.receiver, 0));
	/* The one in hand is the one that is counted. */
	EXPECT_EQ(SLOTS, empty(self->in.receiver, SLOTS + 1));
}

TEST_F(end, stop_without_room)
{
	ASSERT_EQ(true, block(self, variant->flags));
	EXPECT_EQ(0, pcq_stop(self->in.control, 1));
	check_blocked(_metadata, self);
}

TEST_F(end, close_without_room)
{
	ASSERT_EQ(true, block(self, variant->flags));
	EXPECT_EQ(0, close(self->in.control));
	check_blocked(_metadata, self);
}

/* With the next one it goes on where it was. */
TEST_F(end, start_again)
{
	ASSERT_EQ(true, block(self, variant->flags));
	EXPECT_EQ(0, pcq_stop(self->in.control, 1));
	EXPECT_EQ(SLOTS, empty(self->out.receiver, 0));
	START(FORWARD, self->out.sender);
	WAIT_FOR(STAT(self->in.observer, 1, served) == 2 * SLOTS + 1);
	/* All are out when it has stopped: there is room. */
	EXPECT_EQ(0, pcq_stop(self->in.control, 1));
	EXPECT_EQ(SLOTS, empty(self->out.receiver, SLOTS + 1));
	EXPECT_EQ(1, STAT(self->in.observer, 1, undelivered));
}

/* Whoever would read the answers goes while it waits for room. */
TEST_F(end, readers_go)
{
	ASSERT_EQ(true, block(self, variant->flags));
	close(self->out.receiver);
	WAIT_FOR(STAT(self->in.observer, 1, undelivered) == SLOTS + 1);
	EXPECT_EQ(2 * SLOTS + 1, STAT(self->in.observer, 1, served));
	self->out.receiver = pcq_receiver(self->out.control, 0);
	ASSERT_LE(0, self->out.receiver);
	set_nonblock(self->out.receiver, true);
	EXPECT_EQ(SLOTS, empty(self->out.receiver, 0));
	ASSERT_EQ(1, fill(self->in.sender, 77, 1));
	WAIT_FOR(empty(self->out.receiver, 77) == 1);
	EXPECT_EQ(SLOTS + 1, STAT(self->in.observer, 1, undelivered));
}

TEST_F(end, too_long)
{
	int small = PCQ_CREATE(self->in.dev, .slots = SLOTS, .msg_size = 4);
	int fd = pcq_sender(small, 0), receiver = pcq_receiver(small, 0);
	uint32_t nr;

	ASSERT_LE(0, fd);
	ASSERT_LE(0, receiver);
	START(FORWARD, fd);
	ASSERT_EQ(5, chan_write(self->in.sender, "12345", 5));
	ASSERT_EQ(1, fill(self->in.sender, 5, 1));
	ASSERT_EQ(4, chan_read(receiver, &nr, 4));
	EXPECT_EQ(5, nr);
	EXPECT_EQ(1, STAT(self->in.observer, 1, undelivered));
	EXPECT_EQ(2, STAT(self->in.observer, 1, served));
	EXPECT_EQ(0, pcq_stop(self->in.control, 1));
	close(fd);
	close(receiver);
	close(small);
}

/* Nothing but its own file is left of the other set. */
TEST_F(end, only_the_service_holds_it)
{
	struct set out;

	OPEN_SET(&out, ANY, .slots = SLOTS, .msg_size = SIZE);
	START(ECHO, out.sender);
	set_close(&out);
	/* Nobody was, or is, there to read: never one answer. */
	ASSERT_EQ(1, fill(self->in.sender, 0, 1));
	WAIT_FOR(STAT(self->in.observer, 1, undelivered) == 1);
	EXPECT_EQ(0, pcq_stop(self->in.control, 1));
}

/* Two sets that answer each other for ever; then both go, in the middle of it. */
TEST_F(end, circle)
{
	int in = pcq_sender(self->in.control, ANY), out = pcq_sender(self->out.control, ANY);
	uint32_t flags = variant->flags;

	/* Both are CPU 1's: one that never gives way would leave the other next to nothing. */
	if (flags & IPCRING_PCQ_SERVICE_FIFO)
		flags &= ~IPCRING_PCQ_SERVICE_POLL;
	ASSERT_EQ(0, pcq_start(self->in.control, 1, IPCRING_PCQ_ECHO, flags, out));
	ASSERT_EQ(0, pcq_start(self->out.control, 1, IPCRING_PCQ_ECHO, 0, in));
	close(in);
	close(out);
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(2, send_on(self->in.sender, 1, "go", 2));
	WAIT_FOR(STAT(self->in.observer, 1, served) > 300);
	EXPECT_LT(200, STAT(self->out.observer, 1, served));
	EXPECT_EQ(0, STAT(self->out.observer, 1, undelivered));
	/* The owner's files close themselves in the teardown. */
}

static volatile bool over;

static void *sender_thread(void *arg)
{
	struct _test_data_end *self = arg;
	uint32_t nr = 0;

	cpu_pin(0);
	while (!over)
		if (!fill(self->in.sender, nr, 1))
			sched_yield();
		else
			nr++;
	return (void *)(uintptr_t)nr;
}

/* Started and stopped as fast as can be, while messages come: each is somewhere. */
TEST_F_TIMEOUT(end, storm, 200)
{
	uint64_t sent, got = 0, last = 0, left;
	pthread_t thread;
	void *ret;
	uint32_t nr;

	over = false;
	ASSERT_EQ(0, pthread_create(&thread, NULL, sender_thread, self));
	for (int i = 0; i < 300; i++) {
		START(FORWARD, self->out.sender);
		if (i % 3)
			WAIT_FOR(STAT(self->in.observer, 1, served) != last);
		EXPECT_EQ(0, pcq_stop(self->in.control, 1));
		last = STAT(self->in.observer, 1, served);
		while (chan_read(self->out.receiver, &nr, 4) == 4)
			got++;
	}
	over = true;
	ASSERT_EQ(0, pthread_join(thread, &ret));
	sent = (uintptr_t)ret;
	for (left = 0; chan_read(self->in.receiver, &nr, 4) == 4;)
		left++;
	EXPECT_EQ(sent, last + left);
	EXPECT_EQ(last, got + STAT(self->in.observer, 1, undelivered));
	EXPECT_LT(0, got);
}

/* kill -9: everything it had goes with it. */
TEST_F(end, killed)
{
	int fd[2];
	char c;
	pid_t pid;

	ASSERT_EQ(0, pipe(fd));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		int dev = open(DEVICE, O_RDWR), in, out, sender;

		in = PCQ_CREATE(dev, .slots = SLOTS, .msg_size = SIZE);
		out = PCQ_CREATE(dev, .slots = SLOTS, .msg_size = SIZE);
		sender = pcq_sender(out, ANY);
		if (pcq_receiver(out, 0) < 0)
			_exit(1);
		if (pcq_start(in, 1, IPCRING_PCQ_ECHO, variant->flags, sender))
			_exit(1);
		sender = pcq_sender(in, 1);
		(void)!write(fd[1], "", 1);
		/* Full before long: killed asleep, most of the time. */
		for (;;)
			chan_write(sender, "x", 1);
	}
	ASSERT_EQ(1, read(fd[0], &c, 1));
	WAIT_FOR(service_tid(1, NULL));
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, reap(pid));
	WAIT_FOR(!service_tid(1, NULL));
	close(fd[0]);
	close(fd[1]);
}

/*
 * Tracing a function through an instance of its own ends in synchronize_rcu_tasks(): all
 * tasks have to pass a point where they hold no trampoline. It comes back.
 */
TEST_F_TIMEOUT(end, rcu_tasks, 200)
{
	static const char *const dir = "/sys/kernel/tracing/instances/pcq";

	if (mkdir(dir, 0700))
		SKIP(return, "%s: %s", dir, strerror(errno));
	START(DRAIN, -1);
	EXPECT_EQ(true, write_file("/sys/kernel/tracing/instances/pcq/set_ftrace_filter",
				   "pcq_try_recv\n"));
	EXPECT_EQ(true, write_file("/sys/kernel/tracing/instances/pcq/current_tracer",
				   "function\n"));
	ASSERT_EQ(1, fill(self->in.sender, 0, 1));
	WAIT_FOR(STAT(self->in.observer, 1, served) == 1);
	EXPECT_EQ(true, write_file("/sys/kernel/tracing/instances/pcq/current_tracer", "nop\n"));
	EXPECT_EQ(0, rmdir(dir));
	EXPECT_NE(0, STAT(self->in.observer, 1, state) & IPCRING_PCQ_ST_SERVICE);
}

TEST_HARNESS_MAIN
