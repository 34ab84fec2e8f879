// SPDX-License-Identifier: GPL-2.0
/* IPCRING_IOC_WAIT_ANY. */
#include "pair.h"

#define SOON	(now_ns() + 10 * 1000 * 1000)

FIXTURE(wait_any) {
	struct pair p;
	int32_t fds[IPCRING_WAIT_ANY_MAX + 1];
	struct ipcring_wait_any arg;
	char buf[64];
};

FIXTURE_SETUP(wait_any)
{
	OPEN_PAIR(&self->p, 1, 64);
	self->fds[0] = self->p.req.cons;
	self->fds[1] = self->p.rep.cons;
	self->arg = (struct ipcring_wait_any){
		.size = sizeof(self->arg), .fds = (uintptr_t)self->fds, .nr = 2,
		.ready = 0xcccccccccccccccc,
	};
}

FIXTURE_TEARDOWN(wait_any)
{
	pair_close(&self->p);
}

static int wait_any(int fd, struct ipcring_wait_any *arg)
{
	return errno_or(ioctl(fd, IPCRING_IOC_WAIT_ANY, arg));
}

TEST_F(wait_any, deadline_zero_only_looks)
{
	EXPECT_NE(0, chan_features(self->p.req.dev) & IPCRING_FEAT_WAIT_ANY);
	EXPECT_EQ(-ETIMEDOUT, wait_any(self->p.req.dev, &self->arg));
	EXPECT_EQ(0xcccccccccccccccc, self->arg.ready);
	ASSERT_EQ(1, chan_write(self->p.rep.prod, "x", 1));
	EXPECT_EQ(0, wait_any(self->p.req.dev, &self->arg));
	EXPECT_EQ(2, self->arg.ready);
	ASSERT_EQ(1, chan_write(self->p.req.prod, "x", 1));
	EXPECT_EQ(0, wait_any(self->p.req.prod, &self->arg));
	EXPECT_EQ(3, self->arg.ready);
}

TEST_F(wait_any, deadline_future_is_kept)
{
	self->arg.deadline = SOON;
	EXPECT_EQ(-ETIMEDOUT, wait_any(self->p.req.dev, &self->arg));
	EXPECT_LE(self->arg.deadline, now_ns());
}

TEST_F(wait_any, wrong_arguments)
{
	struct ipcring_wait_any bad[5];

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		bad[i] = self->arg;
	bad[0].size--;
	bad[1].flags = 1;
	bad[2].nr = 0;
	bad[3].nr = IPCRING_WAIT_ANY_MAX + 1;
	bad[4].resv = 1;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		EXPECT_EQ(-EINVAL, wait_any(self->p.req.dev, &bad[i]));
	EXPECT_EQ(-EFAULT, wait_any(self->p.req.dev, BAD_PTR));
	self->arg.fds = (uintptr_t)BAD_PTR;
	EXPECT_EQ(-EFAULT, wait_any(self->p.req.dev, &self->arg));
	EXPECT_EQ(-ENOTTY, wait_any(self->p.req.control, &self->arg));
}

/* A good file comes before the bad one, and the references of both are let go again. */
TEST_F(wait_any, wrong_files)
{
	int fds[2];

	ASSERT_EQ(0, pipe2(fds, O_CLOEXEC));
	self->fds[1] = -1;
	EXPECT_EQ(-EBADF, wait_any(self->p.req.dev, &self->arg));
	self->fds[1] = self->p.req.control;
	EXPECT_EQ(-EINVAL, wait_any(self->p.req.dev, &self->arg));
	self->fds[1] = fds[0];
	EXPECT_EQ(-EINVAL, wait_any(self->p.req.dev, &self->arg));
	close(self->p.req.cons);
	close(self->p.req.prod);
	EXPECT_EQ(0, chan_state(self->p.req.control));
	signal(SIGPIPE, SIG_IGN);
	close(fds[0]);
	EXPECT_EQ(-EPIPE, chan_write(fds[1], "x", 1));
	close(fds[1]);
}

TEST_F(wait_any, the_same_more_than_once)
{
	struct ioctl_call t = { self->p.req.dev, IPCRING_IOC_WAIT_ANY, &self->arg };

	for (int i = 0; i < IPCRING_WAIT_ANY_MAX; i++)
		self->fds[i] = self->p.req.cons;
	self->arg.nr = IPCRING_WAIT_ANY_MAX;
	self->arg.deadline = IPCRING_NO_TIMEOUT;
	ASSERT_TRUE(ioctl_start(&t));
	ASSERT_EQ(1, chan_write(self->p.req.prod, "x", 1));
	EXPECT_EQ(0, ioctl_finish(&t));
	EXPECT_EQ(~0ULL, self->arg.ready);
}

TEST_F(wait_any, either_wakes)
{
	const int prod[] = { self->p.req.prod, self->p.rep.prod };
	const int cons[] = { self->p.req.cons, self->p.rep.cons };

	self->arg.deadline = IPCRING_NO_TIMEOUT;
	for (int i = 0; i < 2; i++) {
		struct ioctl_call t = { prod[0], IPCRING_IOC_WAIT_ANY, &self->arg };

		ASSERT_TRUE(ioctl_start(&t));
		ASSERT_EQ(1, chan_write(prod[i], "x", 1));
		EXPECT_EQ(0, ioctl_finish(&t));
		EXPECT_EQ(1U << i, self->arg.ready);
		ASSERT_EQ(1, chan_read(cons[i], self->buf, 64));
	}
}

TEST_F(wait_any, room_wakes)
{
	struct ioctl_call t = { self->p.req.cons, IPCRING_IOC_WAIT_ANY, &self->arg };

	self->fds[0] = self->p.req.prod;
	self->fds[1] = self->p.rep.cons;
	self->arg.deadline = IPCRING_NO_TIMEOUT;
	ASSERT_EQ(1, chan_write(self->p.req.prod, "x", 1));
	ASSERT_TRUE(ioctl_start(&t));
	ASSERT_EQ(1, chan_read(self->p.req.cons, self->buf, 64));
	EXPECT_EQ(0, ioctl_finish(&t));
	EXPECT_EQ(1, self->arg.ready);
}

TEST_F(wait_any, mapped_peers_wake)
{
	const int prod[] = { self->p.req.prod, self->p.rep.prod };
	const int cons[] = { self->p.req.cons, self->p.rep.cons };
	struct ring r;

	self->arg.deadline = IPCRING_NO_TIMEOUT;
	for (int i = 0; i < 2; i++) {
		struct ioctl_call t = { self->p.req.dev, IPCRING_IOC_WAIT_ANY, &self->arg };

		ASSERT_EQ(0, map_ring(prod[i], &r));
		ASSERT_TRUE(ioctl_start(&t));
		ASSERT_EQ(0, map_send(prod[i], &r, "x", 1));
		EXPECT_EQ(0, ioctl_finish(&t));
		EXPECT_EQ(1U << i, self->arg.ready);
		ASSERT_EQ(1, chan_read(cons[i], self->buf, 64));
		unmap_ring(&r);
	}
}

TEST_F(wait_any, a_hangup_is_news)
{
	struct ioctl_call t = { self->p.req.dev, IPCRING_IOC_WAIT_ANY, &self->arg };

	self->arg.deadline = IPCRING_NO_TIMEOUT;
	ASSERT_TRUE(ioctl_start(&t));
	close(self->p.rep.prod);
	EXPECT_EQ(0, ioctl_finish(&t));
	EXPECT_EQ(2, self->arg.ready);
	self->arg.deadline = 0;
	EXPECT_EQ(0, wait_any(self->p.req.dev, &self->arg));
}

/* It holds what it waits for. */
TEST_F(wait_any, closed_while_it_waits)
{
	struct ioctl_call t = { self->p.req.dev, IPCRING_IOC_WAIT_ANY, &self->arg };

	self->arg.deadline = IPCRING_NO_TIMEOUT;
	ASSERT_TRUE(ioctl_start(&t));
	close(self->p.req.cons);
	EXPECT_EQ(-EBUSY, chan_endpoint(self->p.req.control, IPCRING_ROLE_CONSUMER, 0));
	ASSERT_EQ(1, chan_write(self->p.req.prod, "x", 1));
	EXPECT_EQ(0, ioctl_finish(&t));
	EXPECT_EQ(1, self->arg.ready);
	self->p.req.cons = chan_endpoint(self->p.req.control, IPCRING_ROLE_CONSUMER, 0);
	EXPECT_LE(0, self->p.req.cons);
}

static void on_signal(int sig)
{
}

TEST_F(wait_any, signal_interrupts)
{
	struct ioctl_call t = { self->p.req.dev, IPCRING_IOC_WAIT_ANY, &self->arg };
	struct sigaction sa = { .sa_handler = on_signal };

	ASSERT_EQ(0, sigaction(SIGUSR1, &sa, NULL));
	self->arg.deadline = IPCRING_NO_TIMEOUT;
	ASSERT_TRUE(ioctl_start(&t));
	ASSERT_EQ(0, pthread_kill(t.thread, SIGUSR1));
	EXPECT_EQ(-EINTR, ioctl_finish(&t));
}

TEST_F(wait_any, signal_restarts)
{
	struct ioctl_call t = { self->p.req.dev, IPCRING_IOC_WAIT_ANY, &self->arg };
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	ASSERT_EQ(0, sigaction(SIGUSR1, &sa, NULL));
	self->arg.deadline = SOON;
	ioctl_start(&t);
	pthread_kill(t.thread, SIGUSR1);
	EXPECT_EQ(-ETIMEDOUT, ioctl_finish(&t));
	EXPECT_LE(self->arg.deadline, now_ns());
}

TEST_HARNESS_MAIN
