// SPDX-License-Identifier: GPL-2.0
/* What user space has compiled in never changes. kmod/chan.c pins the same. */
#include "chan.h"

#define FIXED(type, member, offset) \
	_Static_assert(offsetof(struct type, member) == (offset), #type "." #member)

_Static_assert(sizeof(struct ipcring_side) == 256, "side");
FIXED(ipcring_side, pos, 0);
FIXED(ipcring_side, event, 128);

_Static_assert(sizeof(struct ipcring_slot) == 8, "slot");
FIXED(ipcring_slot, len, 0);
FIXED(ipcring_slot, resv, 4);

_Static_assert(sizeof(struct ipcring_features) == 16, "features");
FIXED(ipcring_features, resv, 4);
FIXED(ipcring_features, features, 8);

_Static_assert(sizeof(struct ipcring_create) == 32, "create");
FIXED(ipcring_create, flags, 4);
FIXED(ipcring_create, slots, 8);
FIXED(ipcring_create, msg_size, 12);
FIXED(ipcring_create, resv, 16);

_Static_assert(sizeof(struct ipcring_endpoint) == 16, "endpoint");
FIXED(ipcring_endpoint, flags, 4);
FIXED(ipcring_endpoint, role, 8);
FIXED(ipcring_endpoint, resv, 12);

_Static_assert(sizeof(struct ipcring_info) == 56, "info");
FIXED(ipcring_info, role, 4);
FIXED(ipcring_info, slots, 8);
FIXED(ipcring_info, msg_size, 12);
FIXED(ipcring_info, stride, 16);
FIXED(ipcring_info, state, 20);
FIXED(ipcring_info, data_bytes, 24);
FIXED(ipcring_info, id, 32);
FIXED(ipcring_info, prod_pos, 40);
FIXED(ipcring_info, cons_pos, 48);

_Static_assert(sizeof(struct ipcring_wait) == 16, "wait");
FIXED(ipcring_wait, flags, 4);
FIXED(ipcring_wait, deadline, 8);

TEST(ioctl_numbers)
{
	EXPECT_EQ(0xb700, IPCRING_IOC_FEATURES);
	EXPECT_EQ(0xb701, IPCRING_IOC_CREATE);
	EXPECT_EQ(0xb702, IPCRING_IOC_ENDPOINT);
	EXPECT_EQ(0xb703, IPCRING_IOC_INFO);
	EXPECT_EQ(0xb704, IPCRING_IOC_WAIT);
	EXPECT_EQ(0xb705, IPCRING_IOC_WAKE);
}

TEST(mmap_offsets)
{
	EXPECT_EQ(0, IPCRING_OFF_PROD);
	EXPECT_EQ(1ULL << 32, IPCRING_OFF_CONS);
	EXPECT_EQ(1ULL << 33, IPCRING_OFF_DATA);
}

TEST_HARNESS_MAIN
