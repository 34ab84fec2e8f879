// SPDX-License-Identifier: GPL-2.0
/* Several threads on one endpoint, beside a peer that never stops. */
#include "chan.h"

#define MESSAGES	5000u

FIXTURE(threads) {
	struct chan c;
};

/* A mapped peer wakes only whom the event word asks it to wake. */
FIXTURE_VARIANT(threads) {
	uint32_t slots;
	bool mapped;
};

FIXTURE_VARIANT_ADD(threads, one_slot) { .slots = 1 };
FIXTURE_VARIANT_ADD(threads, two_slots) { .slots = 2 };
FIXTURE_VARIANT_ADD(threads, one_slot_mapped) { .slots = 1, .mapped = true };
FIXTURE_VARIANT_ADD(threads, two_slots_mapped) { .slots = 2, .mapped = true };

FIXTURE_SETUP(threads)
{
	OPEN_CHAN(&self->c, variant->slots, 64);
}

FIXTURE_TEARDOWN(threads)
{
	chan_close(&self->c);
}

/* What the threads share. Each ends with the errno that ended it, 0 for none. */
struct work {
	int fd;
	int moved;
	bool done;
};

static void *reader(void *arg)
{
	struct work *w = arg;
	char buf[64];
	int ret;

	do {
		ret = chan_read(w->fd, buf, sizeof(buf));
		if (ret > 0)
			__atomic_fetch_add(&w->moved, 1, __ATOMIC_RELAXED);
	} while (ret > 0);
	return (void *)(long)ret;
}

static void *writer(void *arg)
{
	struct work *w = arg;
	int ret = 1;

	while (ret == 1 && __atomic_fetch_add(&w->moved, 1, __ATOMIC_RELAXED) < (int)MESSAGES)
		ret = chan_write(w->fd, "x", 1);
	return (void *)(long)(ret == 1 ? 0 : ret);
}

static void *poller(void *arg)
{
	struct work *w = arg;
	int seen = 0;

	while (!(seen & POLLERR) && !__atomic_load_n(&w->done, __ATOMIC_ACQUIRE))
		seen |= chan_poll(w->fd, POLLIN | POLLOUT);
	return (void *)(long)(seen & POLLERR ? -EBADMSG : 0);
}

static int produce(struct chan *c, bool mapped)
{
	struct ring r;
	int ret = 0;

	if (mapped && map_ring(c->prod, &r))
		return 1;
	for (uint32_t i = 0; i < MESSAGES && ret >= 0; i++)
		ret = mapped ? map_send(c->prod, &r, "x", 1) : chan_write(c->prod, "x", 1);
	return ret < 0 ? 2 : 0;
}

static int consume(struct chan *c, bool mapped)
{
	char buf[64];
	struct ring r;
	int ret = 1;

	if (mapped && map_ring(c->cons, &r))
		return 1;
	for (uint32_t i = 0; i < MESSAGES && ret == 1; i++)
		ret = mapped ? map_recv(c->cons, &r, buf) : chan_read(c->cons, buf, 64);
	return ret == 1 ? 0 : 2;
}

static long finish(pthread_t thread)
{
	void *ret;

	pthread_join(thread, &ret);
	return (long)ret;
}

TEST_F(threads, two_readers_and_a_poller)
{
	struct work w = { .fd = self->c.cons };
	pthread_t a, b, p;
	pid_t pid = fork();

	if (pid == 0) {
		close(self->c.cons);
		_exit(produce(&self->c, variant->mapped));
	}
	close(self->c.prod);
	ASSERT_EQ(0, pthread_create(&p, NULL, poller, &w));
	ASSERT_EQ(0, pthread_create(&a, NULL, reader, &w));
	ASSERT_EQ(0, pthread_create(&b, NULL, reader, &w));
	EXPECT_EQ(0, finish(a));
	EXPECT_EQ(0, finish(b));
	__atomic_store_n(&w.done, true, __ATOMIC_RELEASE);
	EXPECT_EQ(0, finish(p));
	EXPECT_EQ(MESSAGES, w.moved);
	EXPECT_EQ(0, chan_state(self->c.control) & IPCRING_ST_CORRUPT);
	EXPECT_EQ(0, reap(pid));
}

TEST_F(threads, two_writers_and_a_poller)
{
	struct work w = { .fd = self->c.prod };
	struct work p = { .fd = self->c.prod };
	pthread_t a, b, c;
	pid_t pid = fork();

	if (pid == 0) {
		close(self->c.prod);
		_exit(consume(&self->c, variant->mapped));
	}
	ASSERT_EQ(0, pthread_create(&c, NULL, poller, &p));
	ASSERT_EQ(0, pthread_create(&a, NULL, writer, &w));
	ASSERT_EQ(0, pthread_create(&b, NULL, writer, &w));
	EXPECT_EQ(0, finish(a));
	EXPECT_EQ(0, finish(b));
	__atomic_store_n(&p.done, true, __ATOMIC_RELEASE);
	EXPECT_EQ(0, finish(c));
	EXPECT_EQ(0, chan_state(self->c.control) & IPCRING_ST_CORRUPT);
	EXPECT_EQ(0, reap(pid));
}

TEST_HARNESS_MAIN
