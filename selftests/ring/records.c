// SPDX-License-Identifier: GPL-2.0
/* kmod/ring.h with byte records: mixed sizes, the seam, edges, nonsense. */
#include "lane.h"
#include "kselftest_harness.h"

FIXTURE(records) {
	struct lane lane;
	__u64 pos;
	__u32 len;
};

FIXTURE_VARIANT(records) {
	__u64 start;
};

FIXTURE_VARIANT_ADD(records, zero) { .start = 0 };
FIXTURE_VARIANT_ADD(records, seam) { .start = LANE_BYTES - 8 };
FIXTURE_VARIANT_ADD(records, over_32_bits) { .start = (1ULL << 32) - 24 };
FIXTURE_VARIANT_ADD(records, sign_bit) { .start = (1ULL << 63) - 24 };
FIXTURE_VARIANT_ADD(records, wraps) { .start = ~0ULL - 23 };

FIXTURE_SETUP(records)
{
	lane_init(&self->lane, 0, variant->start);
	memset(&self->pos, 0xcc, sizeof(self->pos));
	memset(&self->len, 0xcc, sizeof(self->len));
}

FIXTURE_TEARDOWN(records)
{
	lane_free(&self->lane);
}

TEST_F(records, units)
{
	struct ring *r = &self->lane.r;

	EXPECT_EQ(16, ring_units(r, 1));
	EXPECT_EQ(16, ring_units(r, 8));
	EXPECT_EQ(24, ring_units(r, 9));
	EXPECT_EQ(IPCRING_MSG_MAX + 8, ring_units(r, IPCRING_MSG_MAX));
}

/* Sizes that share no factor with the capacity: each lap has another seam. */
TEST_F(records, mixed_sizes_are_contiguous)
{
	__u32 len = 1;

	for (int i = 0; i < 4000; i++) {
		len = (len * 13 + 7) % 1999 + 1;
		ASSERT_EQ(0, lane_send(&self->lane, len, (unsigned char)i));
		ASSERT_EQ((unsigned char)i, lane_recv(&self->lane, len));
	}
	EXPECT_EQ(-EAGAIN, lane_recv(&self->lane, 1));
}

TEST_F(records, full_to_the_last_byte)
{
	for (int i = 0; i < LANE_BYTES / 16; i++)
		ASSERT_EQ(0, lane_send(&self->lane, 8, (unsigned char)i));
	EXPECT_EQ(-EAGAIN, ring_reserve(&self->lane.r, 1, &self->pos));
	EXPECT_EQ(variant->start + LANE_BYTES, self->pos);
	for (int i = 0; i < LANE_BYTES / 16; i++)
		ASSERT_EQ((unsigned char)i, lane_recv(&self->lane, 8));
	EXPECT_EQ(-EAGAIN, ring_peek(&self->lane.r, &self->pos, &self->len));
	EXPECT_EQ(variant->start + LANE_BYTES, self->pos);
}

TEST_F(records, one_fills_it)
{
	__u32 len = LANE_BYTES - 8;

	ASSERT_EQ(0, lane_send(&self->lane, len, 7));
	EXPECT_EQ(-EAGAIN, lane_send(&self->lane, 1, 8));
	EXPECT_EQ(7, lane_recv(&self->lane, len));
	ASSERT_EQ(0, lane_send(&self->lane, 1, 9));
	EXPECT_EQ(-EAGAIN, lane_send(&self->lane, len, 8));
	EXPECT_EQ(9, lane_recv(&self->lane, 1));
	EXPECT_EQ(0, lane_send(&self->lane, len, 8));
}

TEST_F(records, nonsense_positions)
{
	__u64 gap[] = { LANE_BYTES + 8, 1, 4, 1ULL << 32, 1ULL << 63, ~0ULL - 7, ~0ULL };

	for (size_t i = 0; i < sizeof(gap) / sizeof(*gap); i++) {
		self->lane.prod.pos = variant->start + gap[i];
		self->lane.cons.pos = variant->start;
		EXPECT_EQ(-EBADMSG, ring_reserve(&self->lane.r, 1, &self->pos));
		EXPECT_EQ(-EBADMSG, ring_peek(&self->lane.r, &self->pos, &self->len));
	}
	for (__u64 off = 1; off < 8; off++) {
		self->lane.prod.pos = variant->start + off;
		self->lane.cons.pos = variant->start + off;
		EXPECT_EQ(-EBADMSG, ring_reserve(&self->lane.r, 1, &self->pos));
		self->lane.prod.pos += 64;
		EXPECT_EQ(-EBADMSG, ring_peek(&self->lane.r, &self->pos, &self->len));
	}
}

TEST_F(records, nonsense_lengths)
{
	__u64 bad[] = { 0, 25, LANE_BYTES, LANE_BYTES - 8, 1ULL << 31, ~0u, ~0u - 15, ~0ULL };

	ASSERT_EQ(0, lane_send(&self->lane, 24, 1));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		ring_slot(&self->lane.r, variant->start)->head = bad[i];
		EXPECT_EQ(-EBADMSG, ring_peek(&self->lane.r, &self->pos, &self->len));
	}
	ring_slot(&self->lane.r, variant->start)->head = 17;
	EXPECT_EQ(0, ring_peek(&self->lane.r, &self->pos, &self->len));
	EXPECT_EQ(17, self->len);
}

/* Every release up to the one that makes enough room, and not one further. */
TEST_F(records, producer_wakes_when_there_is_room)
{
	struct ring *r = &self->lane.r;
	__u64 at = variant->start;

	while (!lane_send(&self->lane, 8, 0))
		;
	self->lane.prod.event = at - 1;	/* passed; ~0 is not where positions wrap */
	EXPECT_EQ(at + LANE_BYTES, ring_arm_producer(r, 33));	/* 48 bytes */
	EXPECT_FALSE(ring_wake_producer(r, at, at + 16));
	EXPECT_FALSE(ring_wake_producer(r, at + 16, at + 32));
	EXPECT_TRUE(ring_wake_producer(r, at + 32, at + 48));
	EXPECT_TRUE(ring_wake_producer(r, at, at + 64));
	EXPECT_FALSE(ring_wake_producer(r, at + 48, at + 64));
	self->lane.cons.pos = at + 40;
	EXPECT_EQ(-EAGAIN, ring_reserve(r, 33, &self->pos));
	self->lane.cons.pos = at + 48;
	EXPECT_EQ(0, ring_reserve(r, 33, &self->pos));
}

TEST_F(records, consumer_wakes_at_the_next_record)
{
	struct ring *r = &self->lane.r;
	__u64 at = variant->start;

	EXPECT_EQ(at, ring_arm_consumer(r));
	EXPECT_FALSE(ring_wake_consumer(r, at - 16, at));
	EXPECT_TRUE(ring_wake_consumer(r, at, at + 16));
	EXPECT_TRUE(ring_wake_consumer(r, at, at + LANE_BYTES));
	EXPECT_FALSE(ring_wake_consumer(r, at + 16, at + 32));
}

TEST_HARNESS_MAIN
