// SPDX-License-Identifier: GPL-2.0
/* IPCRING_IOC_CALL and IPCRING_IOC_REPLY_WAIT. */
#include "pair.h"

#define SOON	(now_ns() + 10 * 1000 * 1000)
#define ROUNDS	1000
#define KERNEL_PTR	0xffffffff81000000ULL

FIXTURE(call) {
	struct pair p;
	char buf[64];
};

FIXTURE_SETUP(call)
{
	OPEN_PAIR(&self->p, 2, 64);
	memset(self->buf, POISON, sizeof(self->buf));
}

FIXTURE_TEARDOWN(call)
{
	pair_close(&self->p);
}

/* Without the ends that are the other process's. */
static pid_t fork_server(struct pair *p, uint32_t flags)
{
	pid_t pid = fork();

	if (pid == 0) {
		close(p->req.prod);
		close(p->rep.cons);
		_exit(pair_serve(p, flags) == ROUNDS ? 0 : 1);
	}
	close(p->req.cons);
	close(p->rep.prod);
	return pid;
}

static int round_trips(struct pair *p, char *buf, uint32_t flags)
{
	for (int i = 0; i < ROUNDS; i++) {
		struct ipcring_call c = call_param(p->rep.cons, "question", buf, 64);
		int ret;

		c.flags = flags;
		ret = chan_call(p->req.prod, &c);
		if (ret)
			return ret;
		if (c.sent != 1 || c.lane != 0 || c.recv_len != 8 || memcmp(buf, "ruestion", 8))
			return -EPROTO;
	}
	return 0;
}

TEST_F(call, features)
{
	EXPECT_NE(0, chan_features(self->p.req.dev) & IPCRING_FEAT_CALL);
}

TEST_F(call, round_trips)
{
	pid_t pid = fork_server(&self->p, 0);

	EXPECT_EQ(0, round_trips(&self->p, self->buf, 0));
	close(self->p.req.prod);
	EXPECT_EQ(0, reap(pid));
}

TEST_F(call, round_trips_here)
{
	pid_t pid = fork_server(&self->p, IPCRING_CALL_HERE);

	EXPECT_EQ(0, round_trips(&self->p, self->buf, IPCRING_CALL_HERE));
	close(self->p.req.prod);
	EXPECT_EQ(0, reap(pid));
}

TEST_F(call, wrong_arguments)
{
	const struct ipcring_call good = call_param(self->p.rep.cons, "x", self->buf, 64);
	struct ipcring_call bad[6];

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		bad[i] = good;
	bad[0].size--;
	bad[1].flags = IPCRING_CALL_HERE << 1;
	bad[2].sent = 2;
	bad[3].resv = 1;
	bad[4].fd = self->p.rep.prod;
	bad[5].fd = self->p.rep.control;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		EXPECT_EQ(-EINVAL, chan_call(self->p.req.prod, &bad[i]));
	EXPECT_EQ(-EFAULT, chan_call(self->p.req.prod, BAD_PTR));
	EXPECT_EQ(-ETIMEDOUT, chan_wait(self->p.req.cons, 0));
}

TEST_F(call, larger_struct)
{
	struct { struct ipcring_call c; uint64_t more; } p = {
		call_param(self->p.rep.cons, "x", self->buf, 64), 1
	};

	p.c.size = sizeof(p);
	EXPECT_EQ(-E2BIG, chan_call(self->p.req.prod, &p.c));
	p.more = 0;
	p.c.deadline = 0;
	EXPECT_EQ(-ETIMEDOUT, chan_call(self->p.req.prod, &p.c));
	EXPECT_EQ(1, p.c.sent);
}

TEST_F(call, wrong_files)
{
	struct ipcring_call c = call_param(-1, "x", self->buf, 64);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	EXPECT_EQ(-EBADF, chan_call(self->p.req.prod, &c));
	c.fd = -2;
	EXPECT_EQ(-EBADF, chan_call(self->p.req.prod, &c));
	EXPECT_EQ(-EBADF, chan_reply_wait(self->p.req.cons, &c));
	c.fd = null;
	EXPECT_EQ(-EINVAL, chan_call(self->p.req.prod, &c));
	EXPECT_EQ(-EINVAL, chan_reply_wait(self->p.req.cons, &c));
	close(null);
}

TEST_F(call, wrong_role)
{
	struct ipcring_call c = call_param(self->p.rep.cons, "x", self->buf, 64);

	EXPECT_EQ(-ENOTTY, chan_call(self->p.req.cons, &c));
	EXPECT_EQ(-ENOTTY, chan_call(self->p.req.control, &c));
	EXPECT_EQ(-ENOTTY, chan_reply_wait(self->p.req.prod, &c));
	EXPECT_EQ(-ENOTTY, chan_reply_wait(self->p.req.control, &c));
	EXPECT_EQ(-EINVAL, chan_reply_wait(self->p.req.cons, &c));
}

/* Who answers nobody has nothing to send. */
TEST_F(call, no_answer_is_empty)
{
	struct ipcring_call c = call_param(-1, "x", self->buf, 64);

	EXPECT_EQ(-EINVAL, chan_reply_wait(self->p.req.cons, &c));
	c.send_len = 0;
	EXPECT_EQ(-EINVAL, chan_reply_wait(self->p.req.cons, &c));
	c.send_buf = 0;
	c.deadline = 0;
	EXPECT_EQ(-ETIMEDOUT, chan_reply_wait(self->p.req.cons, &c));
}

TEST_F(call, sending_half_fails)
{
	char big[65] = "";
	struct ipcring_call c = call_param(self->p.rep.cons, big, self->buf, 64);

	c.send_len = 0;
	EXPECT_EQ(-EMSGSIZE, chan_call(self->p.req.prod, &c));
	c.send_len = sizeof(big);
	EXPECT_EQ(-EMSGSIZE, chan_call(self->p.req.prod, &c));
	c.send_len = 1;
	c.send_buf = (uintptr_t)BAD_PTR;
	EXPECT_EQ(-EFAULT, chan_call(self->p.req.prod, &c));
	c.send_buf = KERNEL_PTR;
	EXPECT_EQ(-EFAULT, chan_call(self->p.req.prod, &c));
	EXPECT_EQ(0, c.sent);
	close(self->p.req.cons);
	c.send_buf = (uintptr_t)big;
	EXPECT_EQ(-EPIPE, chan_call(self->p.req.prod, &c));
	EXPECT_EQ(0, c.sent);
}

TEST_F(call, receiving_half_fails)
{
	struct ipcring_call c = call_param(self->p.rep.cons, "x", BAD_PTR, 2);

	ASSERT_EQ(3, chan_write(self->p.rep.prod, "abc", 3));
	EXPECT_EQ(-EMSGSIZE, chan_call(self->p.req.prod, &c));
	EXPECT_EQ(1, c.sent);
	EXPECT_EQ(2, c.recv_len);
	c.recv_len = 3;
	EXPECT_EQ(-EFAULT, chan_call(self->p.req.prod, &c));
	c.recv_buf = KERNEL_PTR;
	EXPECT_EQ(-EFAULT, chan_call(self->p.req.prod, &c));
	c.recv_buf = (uintptr_t)self->buf;
	EXPECT_EQ(0, chan_call(self->p.req.prod, &c));
	EXPECT_EQ(3, c.recv_len);
	EXPECT_EQ(0, memcmp("abc", self->buf, 3));
	/* All that time it was sent once. */
	EXPECT_EQ(1, chan_read(self->p.req.cons, self->buf, 64));
	EXPECT_EQ(-ETIMEDOUT, chan_wait(self->p.req.cons, 0));
}

TEST_F(call, answers_end)
{
	struct ipcring_call c = call_param(self->p.rep.cons, "x", self->buf, 64);

	close(self->p.rep.prod);
	EXPECT_EQ(-EPIPE, chan_call(self->p.req.prod, &c));
	EXPECT_EQ(1, c.sent);
}

TEST_F(call, deadline_says_how_far_it_came)
{
	struct ipcring_call c = call_param(self->p.rep.cons, "x", self->buf, 64);

	c.deadline = SOON;
	EXPECT_EQ(-ETIMEDOUT, chan_call(self->p.req.prod, &c));
	EXPECT_LE(c.deadline, now_ns());
	EXPECT_EQ(1, c.sent);
	ASSERT_EQ(1, chan_write(self->p.req.prod, "y", 1));
	c.sent = 0;
	c.deadline = SOON;
	EXPECT_EQ(-ETIMEDOUT, chan_call(self->p.req.prod, &c));
	EXPECT_EQ(0, c.sent);
}

TEST_F(call, nonblock_does_not_matter)
{
	struct ipcring_call c = call_param(self->p.rep.cons, "x", self->buf, 64);
	struct ioctl_call t = { self->p.req.prod, IPCRING_IOC_CALL, &c };

	set_nonblock(self->p.req.prod, true);
	set_nonblock(self->p.rep.cons, true);
	ASSERT_TRUE(ioctl_start(&t));
	ASSERT_EQ(1, chan_write(self->p.rep.prod, "y", 1));
	EXPECT_EQ(0, ioctl_finish(&t));
}

TEST_F(call, waits_for_room)
{
	struct ipcring_call c = call_param(self->p.rep.cons, "z", self->buf, 64);
	struct ioctl_call t = { self->p.req.prod, IPCRING_IOC_CALL, &c };
	char buf[64];

	ASSERT_EQ(1, chan_write(self->p.req.prod, "x", 1));
	ASSERT_EQ(1, chan_write(self->p.req.prod, "y", 1));
	ASSERT_TRUE(ioctl_start(&t));
	for (char want = 'x'; want <= 'z'; want++) {
		ASSERT_EQ(1, chan_read(self->p.req.cons, buf, 64));
		EXPECT_EQ(want, buf[0]);
	}
	ASSERT_EQ(1, chan_write(self->p.rep.prod, "!", 1));
	EXPECT_EQ(0, ioctl_finish(&t));
	EXPECT_EQ('!', self->buf[0]);
}

static void on_signal(int sig)
{
}

/* Sent, and asleep. */
static bool call_interrupt(struct ioctl_call *t, int sa_flags)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = sa_flags };

	return !sigaction(SIGUSR1, &sa, NULL) && ioctl_start(t) &&
	       !pthread_kill(t->thread, SIGUSR1);
}

TEST_F(call, signal_interrupts)
{
	struct ipcring_call c = call_param(self->p.rep.cons, "x", self->buf, 64);
	struct ioctl_call t = { self->p.req.prod, IPCRING_IOC_CALL, &c };

	ASSERT_TRUE(call_interrupt(&t, 0));
	EXPECT_EQ(-EINTR, ioctl_finish(&t));
	EXPECT_EQ(1, c.sent);
	EXPECT_EQ(64, c.recv_len);
}

TEST_F(call, signal_restarts_without_sending_twice)
{
	struct ipcring_call c = call_param(self->p.rep.cons, "x", self->buf, 64);
	struct ioctl_call t = { self->p.req.prod, IPCRING_IOC_CALL, &c };

	ASSERT_TRUE(call_interrupt(&t, SA_RESTART));
	/* @sent is written on the way out, so it has gone to sleep for the second time. */
	while (!__atomic_load_n(&c.sent, __ATOMIC_ACQUIRE))
		sched_yield();
	ASSERT_EQ(1, chan_write(self->p.rep.prod, "y", 1));
	EXPECT_EQ(0, ioctl_finish(&t));
	EXPECT_EQ(1, chan_read(self->p.req.cons, self->buf, 64));
	EXPECT_EQ(-ETIMEDOUT, chan_wait(self->p.req.cons, 0));
}

/* A client that died is no reason to stop serving. */
TEST_F(call, answer_finds_no_reader)
{
	struct ipcring_call c = call_param(self->p.rep.prod, "answer", self->buf, 64);

	close(self->p.rep.cons);
	ASSERT_EQ(4, chan_write(self->p.req.prod, "next", 4));
	EXPECT_EQ(0, chan_reply_wait(self->p.req.cons, &c));
	EXPECT_EQ(1, c.sent);
	EXPECT_EQ(4, c.recv_len);
}

TEST_F(call, reader_goes_while_the_answer_waits_for_room)
{
	struct ipcring_call c = call_param(self->p.rep.prod, "answer", self->buf, 64);
	struct ioctl_call t = { self->p.req.cons, IPCRING_IOC_REPLY_WAIT, &c };

	ASSERT_EQ(1, chan_write(self->p.rep.prod, "x", 1));
	ASSERT_EQ(1, chan_write(self->p.rep.prod, "y", 1));
	ASSERT_TRUE(ioctl_start(&t));
	close(self->p.rep.cons);
	ASSERT_EQ(4, chan_write(self->p.req.prod, "next", 4));
	EXPECT_EQ(0, ioctl_finish(&t));
	EXPECT_EQ(0, memcmp("next", self->buf, 4));
}

TEST_F(call, clients_are_gone)
{
	struct ipcring_call c = call_param(-1, NULL, self->buf, 64);
	struct ioctl_call t = { self->p.req.cons, IPCRING_IOC_REPLY_WAIT, &c };

	ASSERT_TRUE(ioctl_start(&t));
	close(self->p.req.prod);
	EXPECT_EQ(-EPIPE, ioctl_finish(&t));
}

TEST_F(call, killed_while_it_waits)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct ipcring_call c = call_param(self->p.rep.cons, "x", self->buf, 64);

		_exit(chan_call(self->p.req.prod, &c) ? 1 : 0);
	}
	ASSERT_TRUE(wait_blocked(pid, SYS_ioctl));
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, reap(pid));
}

/* A mapped server is armed, and told. */
TEST_F(call, answered_by_a_mapped_peer)
{
	struct ipcring_call c = call_param(self->p.rep.cons, "x", self->buf, 64);
	struct ioctl_call t = { self->p.req.prod, IPCRING_IOC_CALL, &c };
	struct ring req, rep;
	char buf[64];

	ASSERT_EQ(0, map_ring(self->p.req.cons, &req));
	ASSERT_EQ(0, map_ring(self->p.rep.prod, &rep));
	ASSERT_TRUE(ioctl_start(&t));
	ASSERT_EQ(1, map_recv(self->p.req.cons, &req, buf));
	ASSERT_EQ(0, map_send(self->p.rep.prod, &rep, "yes", 3));
	EXPECT_EQ(0, ioctl_finish(&t));
	EXPECT_EQ(3, c.recv_len);
	unmap_ring(&req);
	unmap_ring(&rep);
}

/* What is named in @fd is let go again: else its place would stay taken. */
TEST_F(call, no_reference_is_left)
{
	struct ipcring_call c = call_param(self->p.rep.cons, "x", BAD_PTR, 64);

	ASSERT_EQ(1, chan_write(self->p.rep.prod, "y", 1));
	ASSERT_EQ(-EFAULT, chan_call(self->p.req.prod, &c));
	c.fd = self->p.rep.prod;
	ASSERT_EQ(-EINVAL, chan_call(self->p.req.prod, &c));
	close(self->p.rep.cons);
	close(self->p.rep.prod);
	EXPECT_EQ(0, chan_state(self->p.rep.control));
}

TEST_HARNESS_MAIN
