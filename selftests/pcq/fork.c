// SPDX-License-Identifier: GPL-2.0
/* Endpoints over fork() and exec(): inherited as files, closed on exec, one end for all. */
#include "map.h"

FIXTURE(fork) {
	struct set s;
	char buf[64];
};

FIXTURE_SETUP(fork)
{
	NEED_CPUS(2);
	OPEN_SET(&self->s, 0, .slots = 4, .msg_size = 64, .flags = IPCRING_PCQ_MAP_SENDERS);
}

FIXTURE_TEARDOWN(fork)
{
	set_close(&self->s);
	cpu_unpin();
}

TEST_F(fork, child_sends)
{
	for (uint32_t on = 0; on < 2; on++) {
		pid_t pid = fork();

		if (pid == 0) {
			cpu_pin(on);
			_exit(chan_write(self->s.sender, "child", 5) == 5 ? 0 : 1);
		}
		EXPECT_EQ(0, reap(pid));
		EXPECT_EQ(5, chan_read(self->s.receiver, self->buf, 64));
		EXPECT_EQ(0, memcmp("child", self->buf, 5));
	}
}

/* Parent and child share the end: the message goes to one of them. */
TEST_F(fork, child_receives)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(chan_read(self->s.receiver, self->buf, 64) == 4 ? self->buf[0] : 1);
	ASSERT_TRUE(wait_blocked(pid, SYS_read));
	ASSERT_EQ(4, chan_write(self->s.sender, "mine", 4));
	EXPECT_EQ('m', reap(pid));
	set_nonblock(self->s.receiver, true);
	EXPECT_EQ(-EAGAIN, chan_read(self->s.receiver, self->buf, 64));
}

/* An end is open until the last of those who inherited it has closed it. */
TEST_F(fork, last_one_out)
{
	int sync[2];
	pid_t pid;

	ASSERT_EQ(0, pipe(sync));
	set_nonblock(self->s.receiver, true);
	pid = fork();
	if (pid == 0) {
		close(sync[1]);
		_exit(read(sync[0], self->buf, 1));
	}
	close(self->s.sender);
	EXPECT_EQ(-EAGAIN, chan_read(self->s.receiver, self->buf, 64));
	close(sync[1]);
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(0, chan_read(self->s.receiver, self->buf, 64));
	close(sync[0]);
}

/* None of the five survives exec. */
TEST_F(fork, closed_on_exec)
{
	const int fds[] = { self->s.control, self->s.sender, self->s.receiver, self->s.observer };
	char script[256];
	pid_t pid;
	int len = 0;

	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		len += snprintf(script + len, sizeof(script) - len,
				"[ ! -e /proc/self/fd/%d ] || exit %zu; ", fds[i], i + 1);
	pid = fork();
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", script, NULL);
		_exit(100);
	}
	EXPECT_EQ(0, reap(pid));
}

/* Passed on over exec on purpose, it is what it was. */
TEST_F(fork, kept_over_exec)
{
	char script[128];
	pid_t pid;

	snprintf(script, sizeof(script), "printf again >&%d", self->s.sender);
	pid = fork();
	if (pid == 0) {
		fcntl(self->s.sender, F_SETFD, 0);
		execl("/bin/sh", "sh", "-c", script, NULL);
		_exit(100);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(5, chan_read(self->s.receiver, self->buf, 64));
	EXPECT_EQ(0, memcmp("again", self->buf, 5));
}

/* A mapping that the owner wants inherited is memory of the set's, in the child, too. */
TEST_F(fork, mapping_in_a_child)
{
	struct map m;
	pid_t pid;

	ASSERT_EQ(0, cpu_pin(0));
	ASSERT_EQ(0, map_open(&m, self->s.sender, 0));
	if (madvise(m.state, m.page, MADV_DOFORK))
		SKIP(return, "MADV_DOFORK: %s", strerror(errno));
	ASSERT_EQ(0, madvise(m.lane[0].prod, m.page, MADV_DOFORK));
	ASSERT_EQ(0, madvise(m.lane[0].cons, m.page, MADV_DOFORK));
	ASSERT_EQ(0, madvise(m.lane[0].data, m.data_bytes, MADV_DOFORK));
	pid = fork();
	if (pid == 0) {
		close(self->s.sender);
		m.fd = -1;
		/* Nobody sleeps: no WAKE, so no fd is needed. */
		_exit(map_send_local(&m, "mapped", 6) ? 1 : 0);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(6, chan_read(self->s.receiver, self->buf, 64));
	EXPECT_EQ(0, memcmp("mapped", self->buf, 6));
	/* The child's mapping counted, and is gone. */
	map_close(&m);
	close(self->s.sender);
	EXPECT_EQ(0, chan_read(self->s.receiver, self->buf, 64));
}

/* Everybody is gone, only messages are left: the set goes with its last fd. */
TEST_F(fork, dies_full)
{
	for (int i = 0; i < 20; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			struct ipcring_pcq_create p = { .size = sizeof(p), .slots = 4,
							.msg_size = 8 };
			int control = pcq_create_param(self->s.dev, &p);
			int sender = pcq_endpoint(control, IPCRING_PCQ_SENDER, ANY,
						  IPCRING_PCQ_EP_NONBLOCK);

			while (chan_write(sender, "x", 1) == 1)
				;
			kill(getpid(), SIGKILL);
		}
		EXPECT_EQ(128 + SIGKILL, reap(pid));
	}
}

TEST_HARNESS_MAIN
