// SPDX-License-Identifier: GPL-2.0
/* Byte records: sizes, the wrap, exact fill, and who waits for how much room. */
#include "lane.h"
#include "peer.h"

FIXTURE(records) {
	struct chan c;
	struct ring prod;
	struct ring cons;
	uint8_t *buf;
	uint8_t *msg;
};

FIXTURE_VARIANT(records) {
	uint32_t bytes;
	uint32_t msg_size;
};

FIXTURE_VARIANT_ADD(records, small) { .bytes = 4096, .msg_size = 1000 };
/* One record of the largest size is all that there is room for. */
FIXTURE_VARIANT_ADD(records, one) { .bytes = 4096, .msg_size = 4088 };
FIXTURE_VARIANT_ADD(records, big) { .bytes = 131072, .msg_size = IPCRING_MSG_MAX };

FIXTURE_SETUP(records)
{
	OPEN_DEVICE(self->c.dev);
	self->c.control = CREATE_CHAN(self->c.dev, .flags = IPCRING_CREATE_RECORDS,
				      .bytes = variant->bytes, .msg_size = variant->msg_size);
	ASSERT_LE(0, self->c.control);
	self->c.prod = chan_producer(self->c.control, 0);
	ASSERT_LE(0, self->c.prod);
	self->c.cons = chan_consumer(self->c.control);
	ASSERT_LE(0, self->c.cons);
	ASSERT_EQ(0, map_lane(self->c.prod, 0, &self->prod));
	ASSERT_EQ(0, map_lane(self->c.cons, 0, &self->cons));
	self->buf = malloc(variant->msg_size + 16);
	self->msg = malloc(variant->msg_size + 16);
}

FIXTURE_TEARDOWN(records)
{
	free(self->buf);
	free(self->msg);
	chan_close(&self->c);
}

static uint32_t units(uint32_t len)
{
	return (8 + len + 7) & ~7u;
}

static void fill(uint8_t *msg, uint32_t len, uint64_t seed)
{
	for (uint32_t i = 0; i < len; i++)
		msg[i] = rnd(&seed);
}

/* Of either side, one of two ways. */
static int send_by(struct chan *c, struct ring *r, bool mapped, const void *msg, uint32_t len)
{
	if (!mapped)
		return chan_write(c->prod, msg, len);
	return lane_send(c->prod, r, msg, len) ?: (int)len;
}

static int recv_by(struct chan *c, struct ring *r, bool mapped, void *buf, uint32_t size)
{
	return mapped ? map_recv(c->cons, r, buf) : chan_read(c->cons, buf, size);
}

TEST_F(records, create_arguments)
{
	const int dev = self->c.dev;
	const uint32_t flags = IPCRING_CREATE_RECORDS;

	EXPECT_EQ(-EINVAL, CREATE_CHAN(dev, .flags = flags, .bytes = 0, .msg_size = 8));
	EXPECT_EQ(-EINVAL, CREATE_CHAN(dev, .flags = flags, .bytes = 2048, .msg_size = 8));
	EXPECT_EQ(-EINVAL, CREATE_CHAN(dev, .flags = flags, .bytes = 6144, .msg_size = 8));
	EXPECT_EQ(-EINVAL, CREATE_CHAN(dev, .flags = flags, .bytes = 2ULL * IPCRING_BYTES_MAX,
				       .msg_size = 8));
	EXPECT_EQ(-EINVAL, CREATE_CHAN(dev, .flags = flags, .bytes = 1ULL << 63, .msg_size = 8));
	EXPECT_EQ(-EINVAL, CREATE_CHAN(dev, .flags = flags, .bytes = (1ULL << 32) + 4096,
				       .msg_size = 8));
	EXPECT_EQ(-EINVAL, CREATE_CHAN(dev, .flags = flags, .bytes = 4096, .msg_size = 0));
	EXPECT_EQ(-EINVAL, CREATE_CHAN(dev, .flags = flags, .bytes = 4096, .msg_size = 4089));
	EXPECT_EQ(-EINVAL, CREATE_CHAN(dev, .flags = flags, .bytes = 1 << 20,
				       .msg_size = IPCRING_MSG_MAX + 1));
	EXPECT_EQ(-EINVAL, CREATE_CHAN(dev, .flags = flags, .bytes = 4096, .msg_size = 8,
				       .slots = 4));
	EXPECT_EQ(-EINVAL, CREATE_CHAN(dev, .slots = 4, .bytes = 4096, .msg_size = 8));
}

TEST_F(records, geometry)
{
	struct ipcring_info info;

	ASSERT_EQ(0, chan_info(self->c.control, &info));
	EXPECT_EQ(IPCRING_CREATE_RECORDS, info.flags);
	EXPECT_EQ(0, info.slots);
	EXPECT_EQ(0, info.stride);
	EXPECT_EQ(variant->bytes, info.bytes);
	EXPECT_EQ(2 * variant->bytes, info.data_bytes);
	EXPECT_EQ(variant->msg_size, info.msg_size);
}

TEST_F(records, too_long_or_empty)
{
	EXPECT_EQ(-EMSGSIZE, chan_write(self->c.prod, self->msg, variant->msg_size + 1));
	EXPECT_EQ(-EMSGSIZE, chan_write(self->c.prod, self->msg, 0));
	EXPECT_EQ(-ETIMEDOUT, chan_wait(self->c.cons, 0));
	EXPECT_EQ(0, self->cons.prod->pos);
}

TEST_F(records, short_buffer_leaves_the_record)
{
	fill(self->msg, 9, 1);
	ASSERT_EQ(9, chan_write(self->c.prod, self->msg, 9));
	EXPECT_EQ(-EMSGSIZE, chan_read(self->c.cons, self->buf, 8));
	EXPECT_EQ(0, self->cons.cons->pos);
	EXPECT_EQ(-EFAULT, chan_read(self->c.cons, BAD_PTR, 9));
	EXPECT_EQ(9, chan_read(self->c.cons, self->buf, 9));
	EXPECT_EQ(0, memcmp(self->buf, self->msg, 9));
	EXPECT_EQ(24, self->cons.cons->pos);
}

/* A bad buffer sends nothing, and what follows takes the place. */
TEST_F(records, bad_buffer_sends_nothing)
{
	EXPECT_EQ(-EFAULT, chan_write(self->c.prod, BAD_PTR, 9));
	EXPECT_EQ(0, self->cons.prod->pos);
	ASSERT_EQ(3, chan_write(self->c.prod, "abc", 3));
	EXPECT_EQ(3, chan_read(self->c.cons, self->buf, 3));
	EXPECT_EQ(0, memcmp(self->buf, "abc", 3));
}

/* Each length once, from 1 to msg_size (a sample of the longer ones), at any offset. */
TEST_F(records, every_length)
{
	uint64_t pos = 0;

	for (uint32_t len = 1; len <= variant->msg_size; len += len < 1100 ? 1 : 997) {
		fill(self->msg, len, len);
		memset(self->buf, POISON, variant->msg_size + 16);
		ASSERT_EQ(len, chan_write(self->c.prod, self->msg, len));
		pos += units(len);
		ASSERT_EQ(pos, self->cons.prod->pos);
		ASSERT_EQ(len, chan_read(self->c.cons, self->buf, variant->msg_size));
		ASSERT_EQ(0, memcmp(self->buf, self->msg, len));
		ASSERT_EQ(POISON, self->buf[len]);
		ASSERT_EQ(pos, self->prod.cons->pos);
	}
	EXPECT_LT(variant->bytes, pos);
}

/* A record over the end lies in one piece for both sides, and in both halves. */
TEST_F(records, contiguous_over_the_wrap)
{
	uint32_t len = variant->msg_size, start = variant->bytes - units(len) / 2 / 8 * 8;
	__u64 pos = 0;
	uint32_t half;

	while (pos < start) {
		uint32_t n = start - pos < units(len) ? start - pos : units(len);

		ASSERT_EQ(n - 8, chan_write(self->c.prod, self->msg, n - 8));
		ASSERT_EQ(n - 8, chan_read(self->c.cons, self->buf, variant->msg_size));
		pos += n;
	}
	ASSERT_EQ(start, self->cons.cons->pos);
	fill(self->msg, len, 7);
	ASSERT_EQ(0, lane_send(self->c.prod, &self->prod, self->msg, len));
	EXPECT_EQ(len, *(uint64_t *)(self->cons.data + start));
	EXPECT_EQ(0, memcmp(self->cons.data + start + 8, self->msg, len));
	half = variant->bytes - start;
	EXPECT_EQ(0, memcmp(self->cons.data, self->msg + half - 8, len - (half - 8)));
	EXPECT_EQ(0, memcmp(self->prod.data, self->prod.data + variant->bytes, variant->bytes));
	EXPECT_EQ(len, chan_read(self->c.cons, self->buf, variant->msg_size));
	EXPECT_EQ(0, memcmp(self->buf, self->msg, len));
}

/* The kernel writes over the wrap as the mapping does. */
TEST_F(records, contiguous_when_written)
{
	uint32_t len = variant->msg_size;

	for (uint32_t i = 0; i < 4 * variant->bytes / units(len) + 3; i++) {
		__u64 pos = self->cons.cons->pos;
		uint8_t *at = self->cons.data + (pos & (variant->bytes - 1));

		fill(self->msg, len - i % 2, i);
		ASSERT_EQ(len - i % 2, chan_write(self->c.prod, self->msg, len - i % 2));
		ASSERT_EQ(len - i % 2, *(uint64_t *)at);
		ASSERT_EQ(0, memcmp(at + 8, self->msg, len - i % 2));
		ASSERT_EQ(len - i % 2, map_recv(self->c.cons, &self->cons, self->buf));
	}
	EXPECT_EQ(0, memcmp(self->cons.data, self->cons.data + variant->bytes, variant->bytes));
}

/* To the last byte, and not one more. */
TEST_F(records, exact_fill)
{
	uint32_t left = variant->bytes;

	set_nonblock(self->c.prod, true);
	while (left) {
		uint32_t len = left - 8 < variant->msg_size ? left - 8 : variant->msg_size;

		/* What stays behind must hold a record, too. */
		if (left - units(len) && left - units(len) < 16)
			len -= 16;
		EXPECT_EQ(len, chan_write(self->c.prod, self->msg, len));
		left -= units(len);
	}
	EXPECT_EQ(variant->bytes, self->cons.prod->pos);
	EXPECT_EQ(-EAGAIN, chan_write(self->c.prod, "x", 1));
	EXPECT_EQ(0, chan_poll(self->c.prod, POLLOUT));
	EXPECT_EQ(-ETIMEDOUT, chan_wait_ready(self->c.prod, 0, 1, NULL));
	ASSERT_LT(0, chan_read(self->c.cons, self->buf, variant->msg_size));
	EXPECT_EQ(0, chan_wait_ready(self->c.prod, 0, 1, NULL));
	EXPECT_EQ(1, chan_write(self->c.prod, "x", 1));
}

TEST_F(records, need)
{
	uint32_t room, used = variant->msg_size / 2;

	EXPECT_EQ(-EINVAL, chan_wait_ready(self->c.prod, 0, variant->msg_size + 1, NULL));
	EXPECT_EQ(-EINVAL, chan_wait_ready(self->c.prod, 0, ~0u, NULL));
	EXPECT_EQ(-EINVAL, chan_wait_ready(self->c.cons, 0, 1, NULL));
	EXPECT_EQ(0, chan_wait_ready(self->c.prod, 0, variant->msg_size, NULL));
	set_nonblock(self->c.prod, true);
	while (variant->bytes - self->cons.prod->pos >= units(variant->msg_size) + units(used))
		ASSERT_EQ(used, chan_write(self->c.prod, self->msg, used));
	while (variant->bytes - self->cons.prod->pos >= units(variant->msg_size))
		ASSERT_LT(0, chan_write(self->c.prod, self->msg, 8));
	/* Not for the largest, which 0 means and poll() asks for; for one that fits. */
	room = variant->bytes - self->cons.prod->pos;
	ASSERT_LE(16, room);
	EXPECT_EQ(-ETIMEDOUT, chan_wait_ready(self->c.prod, 0, 0, NULL));
	EXPECT_EQ(-ETIMEDOUT, chan_wait_ready(self->c.prod, 0, variant->msg_size, NULL));
	EXPECT_EQ(0, chan_poll(self->c.prod, POLLOUT));
	EXPECT_EQ(0, chan_wait_ready(self->c.prod, 0, room - 8, NULL));
	EXPECT_EQ(-EAGAIN, chan_write(self->c.prod, self->msg, variant->msg_size));
	EXPECT_EQ(room - 8, chan_write(self->c.prod, self->msg, room - 8));
	EXPECT_EQ(-ETIMEDOUT, chan_wait_ready(self->c.prod, 0, 1, NULL));
}

TEST_F(records, sleeping_writer_wakes_when_there_is_room_for_it)
{
	struct call write = { CALL_WRITE, self->c.prod, self->msg, variant->msg_size };
	uint32_t n = 0;

	fill(self->msg, variant->msg_size, 3);
	set_nonblock(self->c.prod, true);
	while (chan_write(self->c.prod, "12345678", 8) == 8)
		n++;
	set_nonblock(self->c.prod, false);
	EXPECT_EQ(variant->bytes / 16, n);
	ASSERT_TRUE(call_start(&write));
	for (uint32_t i = 0; i < units(variant->msg_size) / 16; i++)
		ASSERT_EQ(8, chan_read(self->c.cons, self->buf, 8));
	if (units(variant->msg_size) % 16)
		ASSERT_EQ(8, chan_read(self->c.cons, self->buf, 8));
	EXPECT_EQ(variant->msg_size, call_finish(&write));
}

/* A mapped consumer that sees the event word wakes a writer that needs much, too. */
TEST_F(records, mapped_consumer_wakes_the_writer)
{
	struct call write = { CALL_WRITE, self->c.prod, self->msg, variant->msg_size };
	uint32_t n = 0;

	set_nonblock(self->c.prod, true);
	while (chan_write(self->c.prod, "12345678", 8) == 8)
		n++;
	set_nonblock(self->c.prod, false);
	ASSERT_TRUE(call_start(&write));
	while (n--)
		ASSERT_EQ(8, map_recv(self->c.cons, &self->cons, self->buf));
	EXPECT_EQ(variant->msg_size, call_finish(&write));
}

struct mix {
	struct chan *c;
	struct ring *r;
	uint32_t msg_size;
	uint32_t count;
	bool mapped;
	bool alternate;
	int ret;
};

static void *mix_send(void *arg)
{
	struct mix *m = arg;
	uint8_t *msg = malloc(m->msg_size);
	uint64_t seed = 99;

	for (uint32_t i = 0; i < m->count && !m->ret; i++) {
		uint32_t len = 1 + rnd_below(&seed, m->msg_size);
		int ret;

		fill(msg, len, i);
		ret = send_by(m->c, m->r, m->mapped, msg, len);
		m->ret = ret == len ? 0 : ret;
	}
	free(msg);
	close(m->c->prod);
	return NULL;
}

/* Random sizes, each way to send with each way to receive. */
TEST_F_TIMEOUT(records, mixed_sizes, 120)
{
	for (int way = 0; way < 4; way++) {
		struct mix m = { &self->c, &self->prod, variant->msg_size, 1000, way & 1 };
		uint64_t seed = 99;
		pthread_t thread;

		if (variant->msg_size > 8192)
			m.count = 200;
		ASSERT_EQ(0, pthread_create(&thread, NULL, mix_send, &m));
		for (uint32_t i = 0; i < m.count; i++) {
			uint32_t len = 1 + rnd_below(&seed, variant->msg_size);

			ASSERT_EQ(len, recv_by(&self->c, &self->cons, way & 2, self->buf,
					       variant->msg_size));
			fill(self->msg, len, i);
			ASSERT_EQ(0, memcmp(self->buf, self->msg, len));
		}
		pthread_join(thread, NULL);
		EXPECT_EQ(0, m.ret);
		unmap_lane(&self->prod);
		EXPECT_EQ(0, chan_read(self->c.cons, self->buf, 1));
		self->c.prod = chan_producer(self->c.control, 0);
		ASSERT_LE(0, self->c.prod);
		ASSERT_EQ(0, map_lane(self->c.prod, 0, &self->prod));
	}
}

/* Published is what prod.pos says: heads behind it are nothing. */
TEST_F(records, unpublished_is_nothing)
{
	ring_store(&ring_slot(&self->prod, 0)->head, 8);
	set_nonblock(self->c.cons, true);
	EXPECT_EQ(-EAGAIN, chan_read(self->c.cons, self->buf, variant->msg_size));
	ring_store_release(&self->prod.prod->pos, 16);
	EXPECT_EQ(8, chan_read(self->c.cons, self->buf, variant->msg_size));
}

#define EXPECT_CORRUPT() do { \
	EXPECT_EQ(-EBADMSG, chan_read(self->c.cons, self->buf, variant->msg_size)); \
	EXPECT_EQ(-EBADMSG, chan_write(self->c.prod, "x", 1)); \
	EXPECT_EQ(POLLERR, chan_poll(self->c.cons, POLLIN)); \
	EXPECT_NE(0, chan_state(self->c.control) & IPCRING_ST_CORRUPT); \
} while (0)

TEST_F(records, position_off_by_one_is_corrupt)
{
	ring_store_release(&self->prod.prod->pos, 15);
	EXPECT_CORRUPT();
}

TEST_F(records, record_longer_than_published_is_corrupt)
{
	ring_store(&ring_slot(&self->prod, 0)->head, 9);
	ring_store_release(&self->prod.prod->pos, 16);
	EXPECT_CORRUPT();
}

TEST_F(records, length_over_msg_size_is_corrupt)
{
	ring_store(&ring_slot(&self->prod, 0)->head, variant->msg_size + 1);
	ring_store_release(&self->prod.prod->pos, variant->bytes);
	EXPECT_CORRUPT();
}

TEST_F(records, position_over_the_capacity_is_corrupt)
{
	ring_store(&ring_slot(&self->prod, 0)->head, 8);
	ring_store_release(&self->prod.prod->pos, variant->bytes + 8);
	EXPECT_CORRUPT();
}

TEST_HARNESS_MAIN
