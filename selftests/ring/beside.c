// SPDX-License-Identifier: GPL-2.0
/*
 * Several threads on one side of a ring: whatever the others do between two accesses,
 * a look is no false proof. "Nothing is there" at the position that was armed means
 * that the peer will call; anything else has to be told apart from it.
 */
#include <string.h>

#include "beside.h"
#include "kselftest_harness.h"

#define MSG_SIZE	56
/* More accesses than any function of ring.h makes. */
#define STEPS		12

static struct ipcring_side prod, cons;
static _Alignas(64) unsigned char data[2 * 256];
static struct ring ring;

static void start(__u32 stride, __u64 size, __u64 pos)
{
	beside = NULL;
	prod = (struct ipcring_side){ .pos = pos, .event = ~0ULL };
	cons = (struct ipcring_side){ .pos = pos, .event = ~0ULL };
	memset(data, 0, sizeof(data));
	ring = (struct ring){
		.prod = &prod, .cons = &cons, .data = data, .size = size, .stride = stride,
		.msg_size = stride ? MSG_SIZE : 24,
	};
	ring_seal(&ring);
}

static int send(__u32 len)
{
	__u64 pos;
	int ret = ring_reserve(&ring, len, &pos);

	if (!ret) {
		memset(ring_payload(ring_slot(&ring, pos)), 0xff, len);
		ring_publish(&ring, pos, len);
	}
	return ret;
}

static int recv(void)
{
	__u64 pos;
	__u32 len;
	int ret = ring_peek(&ring, &pos, &len);

	return ret ? ret : !ring_claim(&ring, pos, len);
}

static void fill(void)
{
	while (!send(8))
		;
}

/* Another consumer takes everything, and the producer goes on for more than a lap. */
static void lap(void)
{
	for (int i = 0; i < 11; i++) {
		recv();
		send(i % 2 ? 24 : 1);
	}
	fill();
}

static void drain(void)
{
	while (!recv())
		;
}

/* Is the consumer sent to sleep beside a full ring, or told that it is corrupt? */
static int look_while_lapped(int steps)
{
	__u64 armed, pos;
	__u32 len;
	int ret;

	send(8);
	armed = ring_arm_consumer(&ring);
	step_in(lap, steps);
	ret = ring_peek(&ring, &pos, &len);
	beside = NULL;
	return ret == -EAGAIN && pos != armed ? 0 : ret;
}

TEST(a_lapped_look_is_no_proof)
{
	for (int steps = 0; steps < STEPS; steps++) {
		start(64, 1, 7);
		EXPECT_EQ(0, look_while_lapped(steps));
		start(64, 4, ~0ULL - 3);
		EXPECT_EQ(0, look_while_lapped(steps));
		start(0, 32, 64);
		EXPECT_EQ(0, look_while_lapped(steps));
		start(0, 128, 8);
		EXPECT_EQ(0, look_while_lapped(steps));
	}
}

/* The same for who waits for room beside another sender. */
static void overtake(void)
{
	drain();
	send(8);
	drain();
}

static int look_for_room(int steps)
{
	__u64 armed, pos;
	int ret;

	fill();
	armed = ring_arm_producer(&ring, 8);
	step_in(overtake, steps);
	ret = ring_reserve(&ring, 8, &pos);
	if (beside || ret != -EAGAIN || pos != armed)
		ret = 0;
	beside = NULL;
	return ret;
}

TEST(an_overtaken_look_is_no_proof)
{
	for (int steps = 0; steps < STEPS; steps++) {
		start(64, 1, 7);
		EXPECT_EQ(0, look_for_room(steps));
		start(64, 4, ~0ULL - 3);
		EXPECT_EQ(0, look_for_room(steps));
		start(0, 64, 64);
		EXPECT_EQ(0, look_for_room(steps));
	}
}

/* Another consumer finds the next message taken, too, and goes to sleep. */
static __u64 sleeper;

static void take_and_arm(void)
{
	recv();
	sleeper = ring_arm_consumer(&ring);
}

TEST(an_old_wish_replaces_no_newer_one)
{
	for (int steps = 0; steps < STEPS; steps++) {
		__u64 armed;

		start(64, 4, 5);
		send(8);
		sleeper = 5;
		step_in(take_and_arm, steps);
		armed = ring_arm_consumer(&ring);
		beside = NULL;
		EXPECT_EQ(sleeper, cons.event);
		/* Nobody believes to be armed who is not. */
		EXPECT_TRUE(armed == RING_NOT_ARMED || armed <= cons.event);
	}
}

/* A word that holds what nobody armed, because who did is gone, is no obstacle. */
TEST(a_hostile_wish_is_replaced)
{
	__u64 bad[] = { 0, 1000, ~0ULL - 1, 1ULL << 63, 4, 6 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		start(64, 4, 5);
		cons.event = bad[i];
		EXPECT_EQ(5, ring_arm_consumer(&ring));
		EXPECT_EQ(5, cons.event);
		fill();
		prod.event = bad[i];
		EXPECT_EQ(9, ring_arm_producer(&ring, 8));
		EXPECT_EQ(5, prod.event);
	}
}

/* The smaller record has room first, whoever armed last. */
TEST(the_first_wish_stays)
{
	start(0, 64, 64);
	fill();
	ring_arm_producer(&ring, 1);
	EXPECT_EQ(64 + 15, prod.event);
	ring_arm_producer(&ring, 24);
	EXPECT_EQ(64 + 15, prod.event);
	EXPECT_EQ(0, recv());
	ring_arm_producer(&ring, 24);
	EXPECT_EQ(64 + 31, prod.event);
	ring_arm_producer(&ring, 9);
	EXPECT_EQ(64 + 23, prod.event);
}

TEST_HARNESS_MAIN
