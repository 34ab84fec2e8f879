// SPDX-License-Identifier: GPL-2.0
/*
 * Death and work sharing in kmod/ring.h: what a producer leaves behind, at whatever
 * store it was killed and however hostile it was, and who owns a message.
 */
#include "lane.h"
#include "kselftest_harness.h"

FIXTURE(seal) {
	struct lane lane;
	__u64 unit;
	__u64 pos;
	__u32 len;
};

FIXTURE_VARIANT(seal) {
	__u32 slots;
	__u64 start;
};

FIXTURE_VARIANT_ADD(seal, one_slot) { .slots = 1, .start = 3 };
FIXTURE_VARIANT_ADD(seal, eight_slots) { .slots = 8, .start = 5 };
FIXTURE_VARIANT_ADD(seal, slots_over_32_bits) { .slots = 8, .start = (1ULL << 32) - 4 };
FIXTURE_VARIANT_ADD(seal, slots_half_of_32_bits) { .slots = 8, .start = (1ULL << 31) - 4 };
FIXTURE_VARIANT_ADD(seal, slots_wrap) { .slots = 8, .start = ~0ULL - 3 };
FIXTURE_VARIANT_ADD(seal, records) { .slots = 0, .start = 64 };
FIXTURE_VARIANT_ADD(seal, records_wrap) { .slots = 0, .start = ~0ULL - 23 };

FIXTURE_SETUP(seal)
{
	lane_init(&self->lane, variant->slots, variant->start);
	self->unit = variant->slots ? 1 : 16;
	memset(&self->pos, 0xcc, sizeof(self->pos));
	memset(&self->len, 0xcc, sizeof(self->len));
}

FIXTURE_TEARDOWN(seal)
{
	lane_free(&self->lane);
}

/* After whatever, the lane takes and gives exactly what honest sides put in. */
static int works(struct lane *lane)
{
	unsigned char sent = 0, got = 0;

	while (!lane_send(lane, 8, sent))
		sent++;
	for (int i = 0; i < 100; i++) {
		if (lane_recv(lane, 8) != got++)
			return -1;
		if (lane_send(lane, 8, sent++))
			return -2;
	}
	return 0;
}

TEST_F(seal, an_honest_lane_keeps_everything)
{
	EXPECT_FALSE(ring_seal(&self->lane.r));
	ASSERT_EQ(0, lane_send(&self->lane, 8, 42));
	EXPECT_FALSE(ring_seal(&self->lane.r));
	EXPECT_EQ(variant->start + self->unit, self->lane.prod.pos);
	EXPECT_EQ(42, lane_recv(&self->lane, 8));
	EXPECT_FALSE(ring_seal(&self->lane.r));
	EXPECT_EQ(0, works(&self->lane));
}

TEST_F(seal, a_full_lane_keeps_everything)
{
	unsigned char n = 0;

	while (!lane_send(&self->lane, 8, n))
		n++;
	EXPECT_FALSE(ring_seal(&self->lane.r));
	for (unsigned char i = 0; i != n; i++)
		ASSERT_EQ(i, lane_recv(&self->lane, 8));
	EXPECT_EQ(0, works(&self->lane));
}

/* Killed between the stores of ring_publish(): with slots it is sent, else it never was. */
TEST_F(seal, killed_between_the_stores)
{
	bool sent = variant->slots;

	ASSERT_EQ(0, lane_send(&self->lane, 8, 42));
	self->lane.prod.pos = variant->start;
	EXPECT_FALSE(ring_seal(&self->lane.r));
	EXPECT_EQ(variant->start + sent, self->lane.prod.pos);
	EXPECT_EQ(sent ? 42 : -EAGAIN, lane_recv(&self->lane, 8));
	EXPECT_EQ(0, works(&self->lane));
}

TEST_F(seal, killed_between_the_stores_and_taken)
{
	if (!variant->slots)
		return;
	ASSERT_EQ(0, lane_send(&self->lane, 8, 42));
	self->lane.prod.pos = variant->start;
	EXPECT_EQ(42, lane_recv(&self->lane, 8));
	EXPECT_FALSE(ring_seal(&self->lane.r));
	EXPECT_EQ(variant->start + 1, self->lane.prod.pos);
	EXPECT_EQ(0, works(&self->lane));
}

/* The same, and somebody takes the mapping over: nothing is sealed. */
TEST_F(seal, killed_between_the_stores_and_taken_over)
{
	bool sent = variant->slots;

	ASSERT_EQ(0, lane_send(&self->lane, 8, 42));
	self->lane.prod.pos = variant->start;
	EXPECT_EQ(variant->slots == 1 ? -EAGAIN : 0,
		  ring_reserve(&self->lane.r, 8, &self->pos));
	EXPECT_EQ(variant->start + sent, self->pos);
	EXPECT_EQ(self->pos, ring_arm_producer(&self->lane.r, 8));
	EXPECT_EQ(sent ? 42 : -EAGAIN, lane_recv(&self->lane, 8));
	EXPECT_EQ(0, works(&self->lane));
}

TEST_F(seal, nonsense_of_the_producer)
{
	__u64 bad[] = { 1000000, ~0ULL, 1ULL << 32, 1ULL << 63, 4 };
	size_t n = sizeof(bad) / sizeof(*bad) - !!variant->slots;

	for (size_t i = 0; i < n; i++) {
		self->lane.prod.pos = self->lane.cons.pos + bad[i];
		/* One less is what a producer may lag with slots. */
		EXPECT_EQ(!(variant->slots && bad[i] == ~0ULL), ring_seal(&self->lane.r));
		EXPECT_EQ(self->lane.cons.pos, self->lane.prod.pos);
		EXPECT_EQ(0, works(&self->lane));
		while (lane_recv(&self->lane, 8) >= 0)
			;
	}
}

/* Heads prepared for messages that the next producer has not sent yet. */
TEST_F(seal, leftovers_are_not_messages)
{
	struct ring *r = &self->lane.r;
	__u64 at = variant->start;

	if (variant->slots < 2)
		return;
	ASSERT_EQ(0, lane_send(&self->lane, 8, 42));
	for (__u64 i = 2; i < 8; i++)
		ring_slot(r, at + i)->head = ring_head(at + i, 8);
	EXPECT_FALSE(ring_seal(r));
	EXPECT_EQ(at + 1, self->lane.prod.pos);
	ASSERT_EQ(0, lane_send(&self->lane, 8, 43));
	EXPECT_EQ(42, lane_recv(&self->lane, 8));
	EXPECT_EQ(43, lane_recv(&self->lane, 8));
	EXPECT_EQ(-EAGAIN, lane_recv(&self->lane, 8));
	EXPECT_EQ(0, works(&self->lane));
}

/* A record or slot of a bad length ends the sound part, wherever it lies. */
TEST_F(seal, a_bad_length_ends_it)
{
	struct ring *r = &self->lane.r;
	__u32 bad[] = { 0, ~0u, 1u << 20 };
	__u64 second = variant->start + self->unit;

	if (variant->slots == 1)
		return;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		ASSERT_EQ(0, lane_send(&self->lane, 8, 42));
		ASSERT_EQ(0, lane_send(&self->lane, 8, 43));
		second = self->lane.cons.pos + self->unit;
		ring_slot(r, second)->head = variant->slots ? ring_head(second, bad[i]) : bad[i];
		EXPECT_TRUE(ring_seal(r));
		EXPECT_EQ(second, self->lane.prod.pos);
		EXPECT_EQ(42, lane_recv(&self->lane, 8));
		EXPECT_EQ(-EAGAIN, lane_recv(&self->lane, 8));
	}
	EXPECT_EQ(0, works(&self->lane));
}

/* A hostile consumer, too, is gone some day: the next producer starts afresh. */
TEST_F(seal, nonsense_of_the_consumer)
{
	__u64 bad[] = { 1, 7, 1000000, ~0ULL, 1ULL << 32, 1ULL << 63 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		self->lane.cons.pos = self->lane.prod.pos + bad[i];
		ring_seal(&self->lane.r);
		/* What it stepped back over is there again. */
		while (lane_recv(&self->lane, 8) >= 0)
			;
		EXPECT_EQ(0, works(&self->lane));
		while (lane_recv(&self->lane, 8) >= 0)
			;
	}
}

TEST_F(seal, each_message_is_claimed_once)
{
	struct ring *r = &self->lane.r;

	ASSERT_EQ(0, lane_send(&self->lane, 8, 42));
	ASSERT_EQ(0, ring_peek(r, &self->pos, &self->len));
	EXPECT_EQ(variant->start, self->pos);
	EXPECT_TRUE(ring_claim(r, self->pos, self->len));
	EXPECT_FALSE(ring_claim(r, self->pos, self->len));
	EXPECT_EQ(variant->start + self->unit, self->lane.cons.pos);
	EXPECT_EQ(-EAGAIN, ring_peek(r, &self->pos, &self->len));
}

TEST_HARNESS_MAIN
