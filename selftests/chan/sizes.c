// SPDX-License-Identifier: GPL-2.0
/* Threads of one producer that want room for records of different sizes. */
#include "chan.h"

#define BYTES	4096u
#define QUARTER	1016u	/* payload of a record that takes a quarter of the lane */
#define SMALL	8u
#define LARGE	3000u	/* fits when three quarters are free */

FIXTURE(sizes) {
	struct chan c;
	struct ring r;		/* the consumer's */
	char buf[BYTES];
};

FIXTURE_SETUP(sizes)
{
	struct ipcring_create p = {
		.size = sizeof(p), .flags = IPCRING_CREATE_RECORDS, .bytes = BYTES,
		.msg_size = LARGE,
	};

	OPEN_DEVICE(self->c.dev);
	self->c.control = errno_or(ioctl(self->c.dev, IPCRING_IOC_CREATE, &p));
	ASSERT_LE(0, self->c.control);
	self->c.prod = chan_endpoint(self->c.control, IPCRING_ROLE_PRODUCER, 0);
	ASSERT_LE(0, self->c.prod);
	self->c.cons = chan_endpoint(self->c.control, IPCRING_ROLE_CONSUMER, 0);
	ASSERT_LE(0, self->c.cons);
	ASSERT_EQ(0, map_ring(self->c.cons, &self->r));
	self->r.size = BYTES;
	for (int i = 0; i < 4; i++)
		ASSERT_EQ(QUARTER, chan_write(self->c.prod, self->buf, QUARTER));
}

FIXTURE_TEARDOWN(sizes)
{
	chan_close(&self->c);
}

struct need {
	int fd;
	uint32_t bytes;
	pthread_t thread;
	pid_t tid;
	bool done;
	int ret;
};

static void *need_thread(void *arg)
{
	struct need *n = arg;
	struct ipcring_wait p = {
		.size = sizeof(p), .deadline = IPCRING_NO_TIMEOUT, .need = n->bytes,
	};

	__atomic_store_n(&n->tid, gettid(), __ATOMIC_RELEASE);
	n->ret = errno_or(ioctl(n->fd, IPCRING_IOC_WAIT, &p));
	__atomic_store_n(&n->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static bool need_blocked(struct need *n)
{
	pid_t tid;

	do {
		if (__atomic_load_n(&n->done, __ATOMIC_ACQUIRE))
			return false;
		sched_yield();
		tid = __atomic_load_n(&n->tid, __ATOMIC_ACQUIRE);
	} while (!tid || !task_blocked_in(tid, SYS_ioctl));
	return true;
}

static bool need_start(struct need *n)
{
	return !pthread_create(&n->thread, NULL, need_thread, n) && need_blocked(n);
}

static int need_finish(struct need *n)
{
	pthread_join(n->thread, NULL);
	return n->ret;
}

/* The one that wanted less is content and goes; the other one is still told. */
TEST_F(sizes, small_leaves_large_waits)
{
	struct need small = { .fd = self->c.prod, .bytes = SMALL };
	struct need large = { .fd = self->c.prod, .bytes = LARGE };

	ASSERT_TRUE(need_start(&small));
	ASSERT_TRUE(need_start(&large));
	ASSERT_EQ(QUARTER, map_recv(self->c.cons, &self->r, self->buf));
	ASSERT_EQ(0, need_finish(&small));
	ASSERT_TRUE(need_blocked(&large));
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(QUARTER, map_recv(self->c.cons, &self->r, self->buf));
	EXPECT_EQ(0, need_finish(&large));
}

/* The same with the small one's room taken again before the large one looks. */
TEST_F(sizes, small_is_sent_large_waits)
{
	struct need small = { .fd = self->c.prod, .bytes = QUARTER };
	struct need large = { .fd = self->c.prod, .bytes = LARGE };

	ASSERT_TRUE(need_start(&large));
	ASSERT_TRUE(need_start(&small));
	ASSERT_EQ(QUARTER, map_recv(self->c.cons, &self->r, self->buf));
	ASSERT_EQ(0, need_finish(&small));
	ASSERT_EQ(QUARTER, chan_write(self->c.prod, self->buf, QUARTER));
	ASSERT_TRUE(need_blocked(&large));
	for (int i = 0; i < 4; i++)
		ASSERT_EQ(QUARTER, map_recv(self->c.cons, &self->r, self->buf));
	EXPECT_EQ(0, need_finish(&large));
}

TEST_HARNESS_MAIN
