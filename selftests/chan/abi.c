// SPDX-License-Identifier: GPL-2.0
/* What user space has compiled in never changes. kmod/chan.c pins the same. */
#include "chan.h"

#define FIXED(type, member, offset) \
	_Static_assert(offsetof(struct type, member) == (offset), #type "." #member)

_Static_assert(sizeof(struct ipcring_side) == 256, "side");
FIXED(ipcring_side, pos, 0);
FIXED(ipcring_side, event, 128);

_Static_assert(sizeof(struct ipcring_slot) == 8, "slot");
FIXED(ipcring_slot, head, 0);

_Static_assert(sizeof(struct ipcring_features) == 16, "features");
FIXED(ipcring_features, resv, 4);
FIXED(ipcring_features, features, 8);

_Static_assert(sizeof(struct ipcring_create) == 112, "create");
FIXED(ipcring_create, flags, 4);
FIXED(ipcring_create, slots, 8);
FIXED(ipcring_create, msg_size, 12);
FIXED(ipcring_create, lanes, 16);
FIXED(ipcring_create, consumers, 20);
FIXED(ipcring_create, bytes, 24);
FIXED(ipcring_create, mode, IPCRING_CREATE_SIZE_V1);
FIXED(ipcring_create, prod_node, 36);
FIXED(ipcring_create, cons_node, 40);
FIXED(ipcring_create, resv, 44);
FIXED(ipcring_create, name, 48);

_Static_assert(sizeof(struct ipcring_endpoint) == 16, "endpoint");
FIXED(ipcring_endpoint, flags, 4);
FIXED(ipcring_endpoint, role, 8);
FIXED(ipcring_endpoint, lane, 12);

_Static_assert(sizeof(struct ipcring_open) == 80, "open");
FIXED(ipcring_open, flags, 4);
FIXED(ipcring_open, role, 8);
FIXED(ipcring_open, lane, 12);
FIXED(ipcring_open, name, 16);

_Static_assert(sizeof(struct ipcring_info) == 80, "info");
FIXED(ipcring_info, role, 4);
FIXED(ipcring_info, slots, 8);
FIXED(ipcring_info, msg_size, 12);
FIXED(ipcring_info, stride, 16);
FIXED(ipcring_info, state, 20);
FIXED(ipcring_info, data_bytes, 24);
FIXED(ipcring_info, id, 32);
FIXED(ipcring_info, prod_pos, 40);
FIXED(ipcring_info, cons_pos, 48);
FIXED(ipcring_info, flags, IPCRING_INFO_SIZE_V1);
FIXED(ipcring_info, lanes, 60);
FIXED(ipcring_info, consumers, 64);
FIXED(ipcring_info, lane, 68);
FIXED(ipcring_info, bytes, 72);

_Static_assert(sizeof(struct ipcring_stats) == 88, "stats");
FIXED(ipcring_stats, lane, 4);
FIXED(ipcring_stats, prod_pos, 8);
FIXED(ipcring_stats, cons_pos, 16);
FIXED(ipcring_stats, depth, 24);
FIXED(ipcring_stats, drops, 32);
FIXED(ipcring_stats, prod_waits, 40);
FIXED(ipcring_stats, prod_wakes, 48);
FIXED(ipcring_stats, cons_waits, 56);
FIXED(ipcring_stats, cons_wakes, 64);
FIXED(ipcring_stats, corruptions, 72);
FIXED(ipcring_stats, state, 80);
FIXED(ipcring_stats, resv, 84);

_Static_assert(sizeof(struct ipcring_wait) == 32, "wait");
FIXED(ipcring_wait, flags, 4);
FIXED(ipcring_wait, deadline, 8);
FIXED(ipcring_wait, ready, IPCRING_WAIT_SIZE_V1);
FIXED(ipcring_wait, need, 24);
FIXED(ipcring_wait, resv, 28);

_Static_assert(sizeof(struct ipcring_wait_any) == 40, "wait_any");
FIXED(ipcring_wait_any, flags, 4);
FIXED(ipcring_wait_any, fds, 8);
FIXED(ipcring_wait_any, nr, 16);
FIXED(ipcring_wait_any, resv, 20);
FIXED(ipcring_wait_any, deadline, 24);
FIXED(ipcring_wait_any, ready, 32);

_Static_assert(sizeof(struct ipcring_call) == 56, "call");
FIXED(ipcring_call, flags, 4);
FIXED(ipcring_call, fd, 8);
FIXED(ipcring_call, sent, 12);
FIXED(ipcring_call, send_buf, 16);
FIXED(ipcring_call, recv_buf, 24);
FIXED(ipcring_call, send_len, 32);
FIXED(ipcring_call, recv_len, 36);
FIXED(ipcring_call, lane, 40);
FIXED(ipcring_call, resv, 44);
FIXED(ipcring_call, deadline, 48);

_Static_assert(sizeof(struct ipcring_uring) == 16, "uring");
FIXED(ipcring_uring, addr, 0);
FIXED(ipcring_uring, len, 8);
FIXED(ipcring_uring, flags, 12);

TEST(ioctl_numbers)
{
	EXPECT_EQ(0xb700, IPCRING_IOC_FEATURES);
	EXPECT_EQ(0xb701, IPCRING_IOC_CREATE);
	EXPECT_EQ(0xb702, IPCRING_IOC_ENDPOINT);
	EXPECT_EQ(0xb703, IPCRING_IOC_INFO);
	EXPECT_EQ(0xb704, IPCRING_IOC_WAIT);
	EXPECT_EQ(0xb705, IPCRING_IOC_WAKE);
	EXPECT_EQ(0xb706, IPCRING_IOC_OPEN);
	EXPECT_EQ(0xb707, IPCRING_IOC_STATS);
	EXPECT_EQ(0xb708, IPCRING_IOC_WAIT_ANY);
	EXPECT_EQ(0xb709, IPCRING_IOC_CALL);
	EXPECT_EQ(0xb70a, IPCRING_IOC_REPLY_WAIT);
	EXPECT_EQ(0xb720, IPCRING_URING_SEND);
	EXPECT_EQ(0xb721, IPCRING_URING_RECV);
	EXPECT_EQ(0xb722, IPCRING_URING_CALL);
}

TEST(mmap_offsets)
{
	EXPECT_EQ(0, IPCRING_OFF_PROD);
	EXPECT_EQ(1ULL << 32, IPCRING_OFF_CONS);
	EXPECT_EQ(1ULL << 33, IPCRING_OFF_DATA);
	EXPECT_EQ(63ULL << 36, IPCRING_OFF_LANE(63));
}

TEST_HARNESS_MAIN
