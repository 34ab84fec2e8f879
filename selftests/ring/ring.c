// SPDX-License-Identifier: GPL-2.0
/* kmod/ring.h, function by function: edges, nonsense, and positions that wrap. */
#include <string.h>

#include "ring.h"
#include "kselftest_harness.h"

#define MSG_SIZE	56

FIXTURE(ring) {
	struct ipcring_side prod;
	struct ipcring_side cons;
	unsigned char data[8 * 64];
	struct ring r;
	__u64 pos;
	__u32 len;
};

/* Where the positions start: they are free-running, so each must do. */
FIXTURE_VARIANT(ring) {
	__u32 slots;
	__u64 start;
};

FIXTURE_VARIANT_ADD(ring, one_slot) { .slots = 1, .start = 0 };
FIXTURE_VARIANT_ADD(ring, two_slots) { .slots = 2, .start = 1 };
FIXTURE_VARIANT_ADD(ring, eight_slots) { .slots = 8, .start = 5 };
FIXTURE_VARIANT_ADD(ring, over_32_bits) { .slots = 8, .start = (1ULL << 32) - 3 };
FIXTURE_VARIANT_ADD(ring, sign_bit) { .slots = 8, .start = (1ULL << 63) - 3 };
FIXTURE_VARIANT_ADD(ring, wraps) { .slots = 8, .start = ~0ULL - 2 };
FIXTURE_VARIANT_ADD(ring, one_slot_wraps) { .slots = 1, .start = ~0ULL };

FIXTURE_SETUP(ring)
{
	self->r = (struct ring){
		.prod = &self->prod, .cons = &self->cons, .data = self->data,
		.size = variant->slots, .stride = ring_stride(MSG_SIZE), .msg_size = MSG_SIZE,
	};
	self->prod.pos = variant->start;
	self->cons.pos = variant->start;
	self->prod.event = ~0ULL;
	self->cons.event = ~0ULL;
	ring_seal(&self->r);
	memset(&self->pos, 0xcc, sizeof(self->pos));
	memset(&self->len, 0xcc, sizeof(self->len));
}

FIXTURE_TEARDOWN(ring)
{
}

static int send(struct ring *r, __u32 len)
{
	__u64 pos;
	int ret = ring_reserve(r, len, &pos);

	if (ret)
		return ret;
	*(__u64 *)ring_payload(ring_slot(r, pos)) = pos;
	ring_publish(r, pos, len);
	return 0;
}

static void fill(struct ring *r)
{
	while (!send(r, 8))
		;
}

TEST_F(ring, empty_and_full)
{
	EXPECT_EQ(-EAGAIN, ring_peek(&self->r, &self->pos, &self->len));
	for (__u32 i = 0; i < variant->slots; i++)
		ASSERT_EQ(0, send(&self->r, 8));
	EXPECT_EQ(-EAGAIN, ring_reserve(&self->r, 1, &self->pos));
	EXPECT_EQ(variant->start + variant->slots, self->pos);
}

TEST_F(ring, messages_in_order)
{
	for (__u32 lap = 0; lap < 40; lap++) {
		__u64 want = variant->start + lap;

		ASSERT_EQ(0, send(&self->r, 8 + lap % 3));
		ASSERT_EQ(0, ring_peek(&self->r, &self->pos, &self->len));
		ASSERT_EQ(want, self->pos);
		ASSERT_EQ(8 + lap % 3, self->len);
		ASSERT_EQ(want, *(__u64 *)ring_payload(ring_slot(&self->r, self->pos)));
		ring_release(&self->r, self->pos, self->len);
	}
}

TEST_F(ring, reserve_and_peek_change_nothing)
{
	ASSERT_EQ(0, ring_reserve(&self->r, 1, &self->pos));
	ASSERT_EQ(0, ring_reserve(&self->r, 1, &self->pos));
	EXPECT_EQ(variant->start, self->pos);
	ASSERT_EQ(0, send(&self->r, 8));
	ASSERT_EQ(0, ring_peek(&self->r, &self->pos, &self->len));
	ASSERT_EQ(0, ring_peek(&self->r, &self->pos, &self->len));
	EXPECT_EQ(variant->start, self->pos);
	EXPECT_EQ(variant->start, self->cons.pos);
}

TEST_F(ring, slots_stay_inside)
{
	__u64 pos[] = { 0, 1, variant->start, ~0ULL, 1ULL << 63, 0x123456789abcdefULL };

	for (size_t i = 0; i < sizeof(pos) / sizeof(*pos); i++) {
		ptrdiff_t off = (unsigned char *)ring_slot(&self->r, pos[i]) - self->data;

		EXPECT_LE(0, off);
		EXPECT_GE((variant->slots - 1) * 64, off);
		EXPECT_EQ(0, off % 64);
	}
}

TEST_F(ring, nonsense_positions)
{
	__u64 gap[] = { variant->slots + 1, 1ULL << 32, 1ULL << 63, ~0ULL - 8, ~0ULL };

	for (size_t i = 0; i < sizeof(gap) / sizeof(*gap); i++) {
		self->prod.pos = self->cons.pos + gap[i];
		EXPECT_EQ(-EBADMSG, ring_reserve(&self->r, 1, &self->pos));
	}
}

TEST_F(ring, nonsense_lengths)
{
	__u32 bad[] = { 0, MSG_SIZE + 1, 1u << 31, ~0u };

	ASSERT_EQ(0, send(&self->r, 8));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		ring_slot(&self->r, variant->start)->head = ring_head(variant->start, bad[i]);
		EXPECT_EQ(-EBADMSG, ring_peek(&self->r, &self->pos, &self->len));
	}
	ring_slot(&self->r, variant->start)->head = ring_head(variant->start, 1);
	EXPECT_EQ(0, ring_peek(&self->r, &self->pos, &self->len));
	ring_slot(&self->r, variant->start)->head = ring_head(variant->start, MSG_SIZE);
	EXPECT_EQ(0, ring_peek(&self->r, &self->pos, &self->len));
}

/* Words of a side that never armed are reached by no position near the start. */
TEST_F(ring, nobody_armed)
{
	if (variant->start > 1ULL << 63)
		return;
	EXPECT_FALSE(ring_wake_consumer(&self->r, variant->start, variant->start + 1));
	EXPECT_FALSE(ring_wake_producer(&self->r, variant->start, variant->start + 8));
}

TEST_F(ring, armed_consumer_wakes_at_the_next_message)
{
	__u64 at = variant->start;

	ring_arm_consumer(&self->r);
	EXPECT_EQ(at, self->cons.event);
	EXPECT_FALSE(ring_wake_consumer(&self->r, at - 1, at));
	EXPECT_TRUE(ring_wake_consumer(&self->r, at, at + 1));
	EXPECT_FALSE(ring_wake_consumer(&self->r, at + 1, at + 2));
}

TEST_F(ring, armed_producer_wakes_at_the_next_free_slot)
{
	__u64 at = variant->start;

	fill(&self->r);
	ring_arm_producer(&self->r, 1);
	EXPECT_EQ(at, self->prod.event);
	EXPECT_FALSE(ring_wake_producer(&self->r, at - 1, at));
	EXPECT_TRUE(ring_wake_producer(&self->r, at, at + 1));
	EXPECT_FALSE(ring_wake_producer(&self->r, at + 1, at + 2));
}

/* A batch that jumps over the wish grants it, once. */
TEST_F(ring, batches_pass_an_event)
{
	__u64 at = variant->start;

	self->cons.event = at + 3;
	EXPECT_FALSE(ring_wake_consumer(&self->r, at, at + 3));
	EXPECT_TRUE(ring_wake_consumer(&self->r, at, at + 4));
	EXPECT_TRUE(ring_wake_consumer(&self->r, at + 3, at + 8));
	EXPECT_FALSE(ring_wake_consumer(&self->r, at + 4, at + 8));
	EXPECT_FALSE(ring_wake_consumer(&self->r, at, at));
}

TEST(stride)
{
	EXPECT_EQ(64, ring_stride(1));
	EXPECT_EQ(64, ring_stride(56));
	EXPECT_EQ(128, ring_stride(57));
	EXPECT_EQ(65600, ring_stride(IPCRING_MSG_MAX));
}

TEST_HARNESS_MAIN
