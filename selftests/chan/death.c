// SPDX-License-Identifier: GPL-2.0
/* A side dies by SIGKILL; the other finds out, and the role is free again. */
#include "chan.h"

FIXTURE(death) {
	struct chan c;
	struct ring r;
	char buf[64];
};

FIXTURE_SETUP(death)
{
	OPEN_CHAN(&self->c, 2, 64);
}

FIXTURE_TEARDOWN(death)
{
	chan_close(&self->c);
}

/* Fork a child that holds the only copy of @keep, fills the ring and sleeps. */
static pid_t spawn_producer(struct chan *c, bool mapped)
{
	pid_t pid = fork();
	struct ring r;

	if (pid) {
		close(c->prod);
		return pid;
	}
	close(c->cons);
	close(c->control);
	if (mapped) {
		if (map_ring(c->prod, &r))
			_exit(1);
		for (;;)
			map_send(c->prod, &r, "x", 1);
	}
	for (;;)
		chan_write(c->prod, "x", 1);
}

static pid_t spawn_consumer(struct chan *c)
{
	pid_t pid = fork();
	char buf[64];

	if (pid) {
		close(c->cons);
		return pid;
	}
	close(c->prod);
	close(c->control);
	for (;;)
		chan_read(c->cons, buf, sizeof(buf));
}

/* The peer is alive, holds its endpoint, and does nothing. */
static int stop(pid_t pid)
{
	int status;

	if (kill(pid, SIGSTOP) || waitpid(pid, &status, WUNTRACED) != pid)
		return -errno;
	return WIFSTOPPED(status) ? 0 : -ECHILD;
}

static void expect_drain(struct __test_metadata *_metadata, struct chan *c)
{
	char buf[64];

	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(POLLIN | POLLHUP, chan_poll(c->cons, POLLIN));
		EXPECT_EQ(1, chan_read(c->cons, buf, sizeof(buf)));
	}
	EXPECT_EQ(POLLHUP, chan_poll(c->cons, POLLIN));
	EXPECT_EQ(0, chan_read(c->cons, buf, sizeof(buf)));
	EXPECT_EQ(-EPIPE, chan_wait(c->cons, IPCRING_NO_TIMEOUT));
}

TEST_F(death, consumer_drains_after_producer)
{
	pid_t pid = spawn_producer(&self->c, false);

	ASSERT_TRUE(wait_blocked(pid, SYS_write));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(128 + SIGKILL, reap(pid));
	expect_drain(_metadata, &self->c);
}

TEST_F(death, consumer_drains_after_mapped_producer)
{
	pid_t pid = spawn_producer(&self->c, true);

	ASSERT_TRUE(wait_blocked(pid, SYS_ioctl));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(128 + SIGKILL, reap(pid));
	expect_drain(_metadata, &self->c);
}

TEST_F(death, sleeping_reader_sees_the_end)
{
	struct call read = { CALL_READ, self->c.cons, self->buf, sizeof(self->buf) };
	pid_t pid = spawn_producer(&self->c, false);

	ASSERT_TRUE(wait_blocked(pid, SYS_write));
	ASSERT_EQ(0, stop(pid));
	ASSERT_EQ(1, chan_read(self->c.cons, self->buf, 1));
	ASSERT_EQ(1, chan_read(self->c.cons, self->buf, 1));
	ASSERT_TRUE(call_start(&read));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(0, call_finish(&read));
	ASSERT_EQ(128 + SIGKILL, reap(pid));
}

TEST_F(death, writer_after_consumer_gets_epipe_and_no_signal)
{
	pid_t pid = spawn_consumer(&self->c);

	signal(SIGPIPE, SIG_DFL);
	ASSERT_TRUE(wait_blocked(pid, SYS_read));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(128 + SIGKILL, reap(pid));
	EXPECT_EQ(-EPIPE, chan_write(self->c.prod, "x", 1));
	EXPECT_EQ(POLLOUT | POLLERR, chan_poll(self->c.prod, POLLOUT));
}

TEST_F(death, sleeping_writer_gets_epipe)
{
	struct call write = { CALL_WRITE, self->c.prod, "x", 1 };
	pid_t pid = spawn_consumer(&self->c);

	ASSERT_TRUE(wait_blocked(pid, SYS_read));
	ASSERT_EQ(0, stop(pid));
	ASSERT_EQ(1, chan_write(self->c.prod, "x", 1));
	ASSERT_EQ(1, chan_write(self->c.prod, "x", 1));
	ASSERT_TRUE(call_start(&write));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(-EPIPE, call_finish(&write));
	ASSERT_EQ(128 + SIGKILL, reap(pid));
}

/* Killed between filling a slot and its head: nothing was sent. */
TEST_F(death, half_written_slot_is_not_a_message)
{
	pid_t pid = fork();
	struct ring r;
	__u64 pos;

	if (pid == 0) {
		if (map_ring(self->c.prod, &r) || ring_reserve(&r, 1, &pos))
			_exit(1);
		memset(ring_payload(ring_slot(&r, pos)), 0xff, r.msg_size);
		raise(SIGKILL);
	}
	close(self->c.prod);
	ASSERT_EQ(128 + SIGKILL, reap(pid));
	EXPECT_EQ(0, chan_read(self->c.cons, self->buf, sizeof(self->buf)));

	self->c.prod = chan_endpoint(self->c.control, IPCRING_ROLE_PRODUCER, 0);
	ASSERT_LE(0, self->c.prod);
	ASSERT_EQ(1, chan_write(self->c.prod, "y", 1));
	ASSERT_EQ(1, chan_read(self->c.cons, self->buf, sizeof(self->buf)));
	EXPECT_EQ('y', self->buf[0]);
}

TEST_F(death, role_is_handed_out_again)
{
	pid_t pid = spawn_consumer(&self->c);

	ASSERT_TRUE(wait_blocked(pid, SYS_read));
	EXPECT_EQ(-EBUSY, chan_endpoint(self->c.control, IPCRING_ROLE_CONSUMER, 0));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(128 + SIGKILL, reap(pid));
	EXPECT_EQ(-EPIPE, chan_write(self->c.prod, "x", 1));
	self->c.cons = chan_endpoint(self->c.control, IPCRING_ROLE_CONSUMER, 0);
	ASSERT_LE(0, self->c.cons);
	EXPECT_EQ(1, chan_write(self->c.prod, "x", 1));
	EXPECT_EQ(1, chan_read(self->c.cons, self->buf, sizeof(self->buf)));
}

/* While no peer ever came, a side waits as for a slow one. */
TEST_F(death, peer_that_never_was_is_not_gone)
{
	int control = chan_create(self->c.dev, 2, 64);
	int cons = chan_endpoint(control, IPCRING_ROLE_CONSUMER, 0);
	struct call read = { CALL_READ, cons, self->buf, sizeof(self->buf) };
	int prod;

	ASSERT_TRUE(call_start(&read));
	prod = chan_endpoint(control, IPCRING_ROLE_PRODUCER, 0);
	ASSERT_LE(0, prod);
	ASSERT_EQ(1, chan_write(prod, "x", 1));
	EXPECT_EQ(1, call_finish(&read));
	close(prod);
	close(cons);
	close(control);
}

TEST_HARNESS_MAIN
