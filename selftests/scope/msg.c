// SPDX-License-Identifier: GPL-2.0
/* The message check and the sequence accounting. */
#include "kselftest_harness.h"
#include "msg.h"
#include "verify.h"

FIXTURE(message) {
	unsigned char buf[4096] __attribute__((aligned(8)));
};

FIXTURE_VARIANT(message) {
	size_t size;
};

FIXTURE_VARIANT_ADD(message, head_only) { .size = 16 };
FIXTURE_VARIANT_ADD(message, one_byte) { .size = 17 };
FIXTURE_VARIANT_ADD(message, odd) { .size = 61 };
FIXTURE_VARIANT_ADD(message, line) { .size = 64 };
FIXTURE_VARIANT_ADD(message, page) { .size = 4096 };

FIXTURE_SETUP(message)
{
	memset(self->buf, 0xcc, sizeof(self->buf));
	msg_fill(self->buf, variant->size, 7, 1);
}

FIXTURE_TEARDOWN(message)
{
}

TEST_F(message, intact)
{
	EXPECT_TRUE(msg_check(self->buf, variant->size, 1));
	EXPECT_EQ(7, ((struct msg_head *)self->buf)->seq);
}

TEST_F(message, every_bit_counts)
{
	for (size_t i = 0; i < variant->size * 8; i++) {
		self->buf[i / 8] ^= 1 << i % 8;
		EXPECT_FALSE(msg_check(self->buf, variant->size, 1));
		self->buf[i / 8] ^= 1 << i % 8;
	}
}

TEST_F(message, nothing_beyond_is_written)
{
	for (size_t i = variant->size; i < sizeof(self->buf); i++)
		ASSERT_EQ(0xcc, self->buf[i]);
}

TEST_F(message, direction_counts)
{
	EXPECT_FALSE(msg_check(self->buf, variant->size, 0));
}

TEST(exchanged_words_are_found)
{
	uint64_t buf[8], swap;

	msg_fill(buf, sizeof(buf), 1, 0);
	swap = buf[3];
	buf[3] = buf[5];
	buf[5] = swap;
	EXPECT_FALSE(msg_check(buf, sizeof(buf), 0));
}

TEST(a_stale_message_under_a_new_number_is_found)
{
	uint64_t buf[8];

	msg_fill(buf, sizeof(buf), 1, 0);
	((struct msg_head *)buf)->seq = 2;
	EXPECT_FALSE(msg_check(buf, sizeof(buf), 0));
}

/* A ping in the buffer of the last pong: its payload was never copied. */
TEST(a_head_before_the_other_directions_payload_is_found)
{
	uint64_t pong[8], ping[8];

	msg_fill(pong, sizeof(pong), 6, MSG_SALT(1));
	msg_fill(ping, sizeof(ping), 7, MSG_SALT(0));
	memcpy(pong, ping, sizeof(struct msg_head));
	EXPECT_FALSE(msg_check(pong, sizeof(pong), MSG_SALT(0)));
}

#define ARRIVE(...) do {							\
	const uint64_t seq_[] = { __VA_ARGS__ };				\
	for (size_t i_ = 0; i_ < sizeof(seq_) / sizeof(seq_[0]); i_++)		\
		verify_message(&v, seq_[i_], true);				\
} while (0)

#define EXPECT_COUNTS(r, l, d, o, c) do {	\
	EXPECT_EQ(r, v.received);		\
	EXPECT_EQ(l, v.lost);			\
	EXPECT_EQ(d, v.duplicated);		\
	EXPECT_EQ(o, v.reordered);		\
	EXPECT_EQ(c, v.corrupt);		\
} while (0)

TEST(in_order_is_clean)
{
	struct verify v = { 0 };

	ARRIVE(0, 1, 2, 3);
	EXPECT_COUNTS(4, 0, 0, 0, 0);
	EXPECT_TRUE(verify_clean(&v));
}

TEST(a_gap_is_loss)
{
	struct verify v = { 0 };

	ARRIVE(0, 1, 5, 6);
	EXPECT_COUNTS(4, 3, 0, 0, 0);
	EXPECT_FALSE(verify_clean(&v));
	EXPECT_EQ(7, v.next);
}

TEST(a_late_first_arrival_is_reordering_not_loss)
{
	struct verify v = { 0 };

	ARRIVE(0, 2, 1, 3);
	EXPECT_COUNTS(4, 0, 0, 1, 0);
	EXPECT_FALSE(verify_clean(&v));
}

TEST(a_second_arrival_is_duplication)
{
	struct verify v = { 0 };

	ARRIVE(0, 1, 1, 2, 0, 1);
	EXPECT_COUNTS(6, 0, 3, 0, 0);
	EXPECT_FALSE(verify_clean(&v));
}

TEST(reordered_then_duplicated)
{
	struct verify v = { 0 };

	ARRIVE(0, 2, 1, 1);
	EXPECT_COUNTS(4, 0, 1, 1, 0);
}

TEST(a_gap_does_not_forget_what_came_before)
{
	struct verify v = { 0 };

	ARRIVE(0, 1, 5, 1);
	EXPECT_COUNTS(4, 3, 1, 0, 0);
}

TEST(older_than_the_window_is_duplication)
{
	struct verify v = { 0 };

	ARRIVE(0, 100, 1);
	EXPECT_COUNTS(3, 99, 1, 0, 0);
}

TEST(corruption_takes_the_next_number)
{
	struct verify v = { 0 };

	ARRIVE(0, 1);
	verify_message(&v, 12345, false);
	ARRIVE(3, 4);
	EXPECT_COUNTS(5, 0, 0, 0, 1);
	EXPECT_EQ(5, v.next);
	EXPECT_FALSE(verify_clean(&v));
}

TEST_HARNESS_MAIN
