// SPDX-License-Identifier: GPL-2.0
/* A side stores nonsense in its own pages. The lane dies, the kernel does not. */
#include "chan.h"

#define SLOTS	4

FIXTURE(hostile) {
	struct chan c;
	struct ring prod;
	struct ring cons;
	char buf[64];
};

/* Positions after the store; the difference is nonsense, or the length is. */
FIXTURE_VARIANT(hostile) {
	uint64_t head;
	uint64_t tail;
	uint32_t len;
};

FIXTURE_VARIANT_ADD(hostile, tail_ahead) { .head = 0, .tail = 1, .len = 1 };
FIXTURE_VARIANT_ADD(hostile, tail_far_ahead) { .head = 0, .tail = 1ULL << 63, .len = 1 };
FIXTURE_VARIANT_ADD(hostile, tail_behind) { .head = SLOTS + 1, .tail = 0, .len = 1 };
FIXTURE_VARIANT_ADD(hostile, head_far_ahead) { .head = ~0ULL << 8, .tail = 0, .len = 1 };
FIXTURE_VARIANT_ADD(hostile, wrapped) { .head = 2, .tail = ~0ULL - SLOTS, .len = 1 };
FIXTURE_VARIANT_ADD(hostile, length_zero) { .head = 1, .tail = 0, .len = 0 };
FIXTURE_VARIANT_ADD(hostile, length_over) { .head = 1, .tail = 0, .len = 65 };
FIXTURE_VARIANT_ADD(hostile, length_huge) { .head = 1, .tail = 0, .len = ~0u };

FIXTURE_SETUP(hostile)
{
	OPEN_CHAN(&self->c, SLOTS, 64);
	ASSERT_EQ(0, map_ring(self->c.prod, &self->prod));
	ASSERT_EQ(0, map_ring(self->c.cons, &self->cons));
}

FIXTURE_TEARDOWN(hostile)
{
	chan_close(&self->c);
}

#define STRIKE() do { \
	ring_store_release(&ring_slot(&self->prod, variant->tail)->head, \
			   ring_head(variant->tail, variant->len)); \
	ring_store_release(&self->prod.prod->pos, variant->head); \
	ring_store_release(&self->cons.cons->pos, variant->tail); \
} while (0)

#define BAD_LENGTH()	(variant->head - variant->tail <= SLOTS)

static void expect_dead(struct __test_metadata *_metadata, struct chan *c)
{
	char buf[64];

	EXPECT_EQ(-EBADMSG, chan_read(c->cons, buf, sizeof(buf)));
	EXPECT_EQ(-EBADMSG, chan_write(c->prod, "x", 1));
	EXPECT_EQ(-EBADMSG, chan_wait(c->cons, 0));
	EXPECT_EQ(-EBADMSG, chan_wait(c->prod, IPCRING_NO_TIMEOUT));
	EXPECT_EQ(POLLERR, chan_poll(c->cons, POLLIN | POLLOUT));
	EXPECT_EQ(POLLERR, chan_poll(c->prod, POLLIN | POLLOUT));
	EXPECT_EQ(0, chan_wake(c->prod));
	EXPECT_NE(0, chan_state(c->control) & IPCRING_ST_CORRUPT);
}

TEST_F(hostile, found_by_read)
{
	if (!BAD_LENGTH())
		return;
	STRIKE();
	EXPECT_EQ(-EBADMSG, chan_read(self->c.cons, self->buf, sizeof(self->buf)));
	expect_dead(_metadata, &self->c);
}

TEST_F(hostile, found_by_consumer_poll)
{
	if (!BAD_LENGTH())
		return;
	STRIKE();
	EXPECT_EQ(POLLERR, chan_poll(self->c.cons, POLLIN));
	expect_dead(_metadata, &self->c);
}

TEST_F(hostile, found_by_consumer_wait)
{
	if (!BAD_LENGTH())
		return;
	STRIKE();
	EXPECT_EQ(-EBADMSG, chan_wait(self->c.cons, IPCRING_NO_TIMEOUT));
	expect_dead(_metadata, &self->c);
}

/* The producer never reads a length, the consumer never reads prod.pos. */
TEST_F(hostile, found_by_write)
{
	if (BAD_LENGTH())
		return;
	STRIKE();
	EXPECT_EQ(-EBADMSG, chan_write(self->c.prod, "x", 1));
	expect_dead(_metadata, &self->c);
}

TEST_F(hostile, found_by_producer_poll)
{
	if (BAD_LENGTH())
		return;
	STRIKE();
	EXPECT_EQ(POLLERR, chan_poll(self->c.prod, POLLOUT));
	expect_dead(_metadata, &self->c);
}

TEST_F(hostile, repair_comes_too_late)
{
	if (!BAD_LENGTH())
		return;
	STRIKE();
	EXPECT_EQ(-EBADMSG, chan_read(self->c.cons, self->buf, sizeof(self->buf)));
	ring_store_release(&self->prod.prod->pos, 0);
	ring_store_release(&self->cons.cons->pos, 0);
	expect_dead(_metadata, &self->c);
}

/* What the bad producer left behind is not the next one's fault. */
TEST_F(hostile, next_producer_starts_afresh)
{
	if (!BAD_LENGTH())
		return;
	STRIKE();
	EXPECT_EQ(-EBADMSG, chan_read(self->c.cons, self->buf, sizeof(self->buf)));
	unmap_ring(&self->prod);
	close(self->c.prod);
	EXPECT_EQ(-EBADMSG, chan_read(self->c.cons, self->buf, sizeof(self->buf)));
	self->c.prod = chan_endpoint(self->c.control, IPCRING_ROLE_PRODUCER, 0);
	ASSERT_LE(0, self->c.prod);
	EXPECT_EQ(0, chan_state(self->c.control) & IPCRING_ST_CORRUPT);
	for (int i = 0; i < SLOTS; i++)
		ASSERT_EQ(1, chan_write(self->c.prod, "y", 1));
	for (int i = 0; i < SLOTS; i++)
		EXPECT_EQ(1, chan_read(self->c.cons, self->buf, sizeof(self->buf)));
	EXPECT_EQ('y', self->buf[0]);
}

/* Whoever sleeps on the other side is told. */
TEST_F(hostile, sleeping_writer_is_told)
{
	struct call write = { CALL_WRITE, self->c.prod, "x", 1 };

	for (int i = 0; i < SLOTS; i++)
		ASSERT_EQ(1, chan_write(self->c.prod, "x", 1));
	ASSERT_TRUE(call_start(&write));
	ring_store(&ring_slot(&self->prod, 0)->head, ring_head(0, 0));
	EXPECT_EQ(-EBADMSG, chan_read(self->c.cons, self->buf, sizeof(self->buf)));
	EXPECT_EQ(-EBADMSG, call_finish(&write));
}

TEST_F(hostile, sleeping_reader_is_told)
{
	struct call read = { CALL_READ, self->c.cons, self->buf, sizeof(self->buf) };

	ASSERT_TRUE(call_start(&read));
	ring_store_release(&self->cons.cons->pos, 77);
	EXPECT_EQ(-EBADMSG, chan_write(self->c.prod, "x", 1));
	EXPECT_EQ(-EBADMSG, call_finish(&read));
}

/* Event words decide about system calls of the storing side's peer, no more. */
TEST_F(hostile, event_words_cannot_lose_a_kernel_wakeup)
{
	struct call read = { CALL_READ, self->c.cons, self->buf, sizeof(self->buf) };

	ASSERT_TRUE(call_start(&read));
	ring_store(&self->cons.cons->event, variant->head * 3);
	ring_store(&self->prod.prod->event, variant->tail * 5);
	ASSERT_EQ(1, chan_write(self->c.prod, "x", 1));
	EXPECT_EQ(1, call_finish(&read));
}

/* One side scribbles while the other calls: any errno of the contract, no crash. */
static void *scribble(void *arg)
{
	struct ring *r = arg;

	for (uint32_t i = 0; i < 20000; i++) {
		ring_store(&r->prod->pos, (uint64_t)i * 0x9e3779b97f4a7c15ULL >> (i % 64));
		ring_store(&r->prod->event, i);
		memset(r->data, i, r->stride);
		if (i % 64 == 0)
			sched_yield();
	}
	return NULL;
}

TEST_F(hostile, scribbling_while_reading)
{
	pthread_t thread;

	set_nonblock(self->c.cons, true);
	ASSERT_EQ(0, pthread_create(&thread, NULL, scribble, &self->prod));
	for (int i = 0; i < 5000; i++) {
		int ret = chan_read(self->c.cons, self->buf, sizeof(self->buf));

		ASSERT_TRUE(ret == -EAGAIN || ret == -EBADMSG || (ret > 0 && ret <= 64));
		chan_poll(self->c.cons, POLLIN);
	}
	pthread_join(thread, NULL);
}

TEST_HARNESS_MAIN
