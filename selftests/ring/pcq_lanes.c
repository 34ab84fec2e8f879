// SPDX-License-Identifier: GPL-2.0
/* kmod/pcq_lane.h, one call after the other: edges of both lanes, and hostile words. */
#include "kselftest_harness.h"
#include "pcq_lane.h"

#define SLOTS	4u
#define STRIDE	64u
#define MSG	40u

FIXTURE(lanes) {
	struct ipcring_side prod, cons[2];
	unsigned char data[SLOTS * STRIDE] __attribute__((__aligned__(64)));
	struct ring r;
};

FIXTURE_VARIANT(lanes) {
	__u64 start;
};

FIXTURE_VARIANT_ADD(lanes, from_0) { 0 };
FIXTURE_VARIANT_ADD(lanes, over_32_bits) { (1ULL << 32) - 3 };
FIXTURE_VARIANT_ADD(lanes, over_64_bits) { ~0ULL - 2 };

FIXTURE_SETUP(lanes)
{
	self->prod.pos = variant->start;
	self->cons[0].pos = variant->start;
	self->cons[1].pos = 0;
	self->r = (struct ring){
		.prod = &self->prod, .cons = self->cons, .data = self->data, .size = SLOTS,
		.stride = STRIDE, .msg_size = PCQ_FROM_BYTES + MSG,
	};
}

FIXTURE_TEARDOWN(lanes)
{
}

TEST_F(lanes, remote_holds_as_many_as_there_are_slots)
{
	__u64 pos, from = variant->start;
	__u32 len;

	for (int round = 0; round < 3; round++, from += SLOTS) {
		for (__u64 i = 0; i < SLOTS; i++) {
			EXPECT_EQ(SLOTS - i, pcq_free_remote(&self->r));
			ASSERT_EQ(0, pcq_reserve_remote(&self->r, &pos));
			EXPECT_EQ(from + i, pos);
			pcq_publish_remote(&self->r, pos, (__u32)i + 1);
		}
		EXPECT_EQ(0, pcq_free_remote(&self->r));
		EXPECT_EQ(-EAGAIN, pcq_reserve_remote(&self->r, &pos));
		for (__u64 i = 0; i < SLOTS; i++) {
			EXPECT_EQ(i == SLOTS - 1 ? 1 : 2, pcq_ready(&self->r));
			ASSERT_EQ(0, pcq_peek(&self->r, &pos, &len));
			EXPECT_EQ(i + 1, len);
			ASSERT_TRUE(pcq_claim(&self->r, pos));
			EXPECT_FALSE(pcq_claim(&self->r, pos));
		}
		EXPECT_EQ(0, pcq_ready(&self->r));
		EXPECT_EQ(-EAGAIN, pcq_peek(&self->r, &pos, &len));
	}
}

TEST_F(lanes, a_gap_holds_up_what_is_behind_it)
{
	__u64 first, second, pos;
	__u32 len;

	ASSERT_EQ(0, pcq_reserve_remote(&self->r, &first));
	ASSERT_EQ(0, pcq_reserve_remote(&self->r, &second));
	pcq_publish_remote(&self->r, second, 2);
	EXPECT_EQ(-EAGAIN, pcq_peek(&self->r, &pos, &len));
	pcq_publish_remote(&self->r, first, 1);
	ASSERT_EQ(0, pcq_peek(&self->r, &pos, &len));
	EXPECT_EQ(first, pos);
	EXPECT_EQ(1, len);
	EXPECT_EQ(2, pcq_ready(&self->r));
}

/* Whoever maps CONS stores what it likes. */
TEST_F(lanes, remote_finds_nonsense_in_cons_pos)
{
	static const __u64 lies[] = { 1, 1000, 1ULL << 63, 0ULL - SLOTS - 1 };
	__u64 pos;

	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		self->cons[0].pos = variant->start + lies[i];
		EXPECT_EQ(-EBADMSG, pcq_reserve_remote(&self->r, &pos));
	}
	EXPECT_EQ(variant->start, self->prod.pos);
}

TEST_F(lanes, local_goes_on_behind_a_head_that_is_alone)
{
	__u64 pos, own = variant->start;

	for (__u64 i = 0; i < SLOTS; i++) {
		ASSERT_EQ(0, pcq_reserve_local(&self->r, MSG, &pos));
		EXPECT_EQ(own + i, pos);
		/* As the library's sequence. */
		ring_store(&self->prod.pos, pos);
		ring_store_release(&ring_slot(&self->r, pos)->head, ring_head(pos, 9));
		EXPECT_EQ(SLOTS - 1 - i, pcq_free_local(&self->r));
	}
	EXPECT_EQ(-EAGAIN, pcq_reserve_local(&self->r, MSG, &pos));
}

TEST_F(lanes, lengths_that_are_nonsense)
{
	static const __u32 lies[] = { 0, 1, PCQ_FROM_BYTES, PCQ_FROM_BYTES + MSG + 1, ~0u };
	__u64 pos;
	__u32 len;

	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		ring_slot(&self->r, variant->start)->head = ring_head(variant->start, lies[i]);
		EXPECT_EQ(-EBADMSG, pcq_peek(&self->r, &pos, &len));
		EXPECT_EQ(0, pcq_ready(&self->r));
	}
	ring_slot(&self->r, variant->start)->head = ring_head(variant->start, PCQ_FROM_BYTES + MSG);
	ASSERT_EQ(0, pcq_peek(&self->r, &pos, &len));
	EXPECT_EQ(MSG, len);
}

TEST_F(lanes, lanes_take_turns)
{
	__u32 turn = pcq_turn(self->cons);

	self->cons[0].pos++;
	EXPECT_EQ(!turn, pcq_turn(self->cons));
	self->cons[1].pos++;
	EXPECT_EQ(turn, pcq_turn(self->cons));
}

TEST_HARNESS_MAIN
