// SPDX-License-Identifier: GPL-2.0
/* The numbers of linux/ipcring_pcq.h, written down a second time: they never change. */
#include "set.h"

#define SIZE(type, bytes)	EXPECT_EQ(bytes, sizeof(struct ipcring_pcq_##type))
#define AT(type, field, offset)	EXPECT_EQ(offset, offsetof(struct ipcring_pcq_##type, field))

TEST(shared_memory)
{
	SIZE(state, 256);
	AT(state, bell, 0);
	AT(state, fence, 4);
	AT(state, online, 8);
	AT(state, corrupt, 12);
	AT(state, room, 128);
	SIZE(from, 8);
	AT(from, cpu, 0);
	AT(from, resv, 4);
	EXPECT_EQ(256, sizeof(struct ipcring_side));
}

TEST(create_and_endpoint)
{
	SIZE(create, 16);
	AT(create, flags, 4);
	AT(create, slots, 8);
	AT(create, msg_size, 12);
	SIZE(endpoint, 16);
	AT(endpoint, flags, 4);
	AT(endpoint, role, 8);
	AT(endpoint, cpu, 12);
}

TEST(info)
{
	SIZE(info, 48);
	AT(info, role, 4);
	AT(info, cpu, 8);
	AT(info, flags, 12);
	AT(info, slots, 16);
	AT(info, msg_size, 20);
	AT(info, stride, 24);
	AT(info, cpus, 28);
	AT(info, data_bytes, 32);
	AT(info, id, 40);
}

TEST(batch)
{
	SIZE(msg, 16);
	AT(msg, len, 8);
	AT(msg, cpu, 12);
	SIZE(batch, 32);
	AT(batch, flags, 4);
	AT(batch, cpu, 8);
	AT(batch, nr, 12);
	AT(batch, msgs, 16);
	AT(batch, deadline, 24);
}

TEST(bell_and_service)
{
	SIZE(bell, 16);
	AT(bell, flags, 4);
	AT(bell, cpu, 8);
	AT(bell, mode, 12);
	SIZE(service, 24);
	AT(service, flags, 4);
	AT(service, cpu, 8);
	AT(service, work, 12);
	AT(service, fd, 16);
	AT(service, resv, 20);
}

TEST(stats)
{
	SIZE(stats, 128);
	AT(stats, cpu, 4);
	AT(stats, local, 8);
	AT(stats, remote, 16);
	AT(stats, received, 24);
	AT(stats, refused, 32);
	AT(stats, wakes, 40);
	AT(stats, ipis, 48);
	AT(stats, suppressed, 56);
	AT(stats, coalesced, 64);
	AT(stats, recv_waits, 72);
	AT(stats, send_waits, 80);
	AT(stats, fences, 88);
	AT(stats, served, 96);
	AT(stats, undelivered, 104);
	AT(stats, service_ns, 112);
	AT(stats, state, 120);
	AT(stats, resv, 124);
}

TEST(commands)
{
	EXPECT_EQ(0xb740, IPCRING_IOC_PCQ_CREATE);
	EXPECT_EQ(0xb741, IPCRING_IOC_PCQ_ENDPOINT);
	EXPECT_EQ(0xb742, IPCRING_IOC_PCQ_INFO);
	EXPECT_EQ(0xb743, IPCRING_IOC_PCQ_STATS);
	EXPECT_EQ(0xb744, IPCRING_IOC_PCQ_SEND);
	EXPECT_EQ(0xb745, IPCRING_IOC_PCQ_RECV);
	EXPECT_EQ(0xb746, IPCRING_IOC_PCQ_BELL);
	EXPECT_EQ(0xb747, IPCRING_IOC_PCQ_START);
	EXPECT_EQ(0xb748, IPCRING_IOC_PCQ_STOP);
}

TEST(constants)
{
	EXPECT_EQ(2, IPCRING_PCQ_SLOTS_MIN);
	EXPECT_EQ(65536, IPCRING_PCQ_SLOTS_MAX);
	EXPECT_EQ(1, IPCRING_PCQ_MSG_MIN);
	EXPECT_EQ(4080, IPCRING_PCQ_MSG_MAX);
	EXPECT_EQ(256, IPCRING_PCQ_BATCH_MAX);
	EXPECT_EQ(0xffffffff, IPCRING_PCQ_THIS);
	EXPECT_EQ(0xfffffffe, IPCRING_PCQ_ANY);
	EXPECT_EQ(0xfffffffd, IPCRING_PCQ_BOUND);
	EXPECT_EQ(1, IPCRING_PCQ_MAP_SENDERS);
	EXPECT_EQ(1, IPCRING_PCQ_EP_NONBLOCK);
	EXPECT_EQ(2, IPCRING_PCQ_EP_ORDERED);
	EXPECT_EQ(1, IPCRING_PCQ_DONTWAIT);
	EXPECT_EQ(1, IPCRING_PCQ_BELL_ISOLATED);
	EXPECT_EQ(1, IPCRING_PCQ_SERVICE_POLL);
	EXPECT_EQ(2, IPCRING_PCQ_SERVICE_FIFO);
	EXPECT_EQ(0x400, IPCRING_FEAT_PCQ);
	EXPECT_EQ(0x800, IPCRING_FEAT_PCQ_SERVICE);
}

TEST(enumerations)
{
	EXPECT_EQ(0, IPCRING_PCQ_CONTROL);
	EXPECT_EQ(1, IPCRING_PCQ_SENDER);
	EXPECT_EQ(2, IPCRING_PCQ_RECEIVER);
	EXPECT_EQ(3, IPCRING_PCQ_OBSERVER);
	EXPECT_EQ(0, IPCRING_PCQ_AWAKE);
	EXPECT_EQ(1, IPCRING_PCQ_ARMED);
	EXPECT_EQ(2, IPCRING_PCQ_RUNG);
	EXPECT_EQ(0, IPCRING_PCQ_BELL_WAKE);
	EXPECT_EQ(1, IPCRING_PCQ_BELL_IPI);
	EXPECT_EQ(2, IPCRING_PCQ_BELL_POLL);
	EXPECT_EQ(0, IPCRING_PCQ_DRAIN);
	EXPECT_EQ(1, IPCRING_PCQ_ECHO);
	EXPECT_EQ(2, IPCRING_PCQ_FORWARD);
	EXPECT_EQ(1, IPCRING_PCQ_ST_ONLINE);
	EXPECT_EQ(2, IPCRING_PCQ_ST_CORRUPT);
	EXPECT_EQ(4, IPCRING_PCQ_ST_SERVICE);
}

TEST(offsets)
{
	EXPECT_EQ(0, IPCRING_PCQ_OFF_STATE);
	EXPECT_EQ(1ULL << 32, IPCRING_PCQ_OFF_PROD);
	EXPECT_EQ(2ULL << 32, IPCRING_PCQ_OFF_CONS);
	EXPECT_EQ(3ULL << 32, IPCRING_PCQ_OFF_LOCAL);
	EXPECT_EQ(4ULL << 32, IPCRING_PCQ_OFF_REMOTE);
	EXPECT_EQ(3ULL << 36, IPCRING_PCQ_OFF_CPU(3));
}

TEST(feature)
{
	int dev;

	OPEN_DEVICE(dev);
	EXPECT_EQ(IPCRING_FEAT_PCQ, chan_features(dev) & IPCRING_FEAT_PCQ);
	close(dev);
}

TEST_HARNESS_MAIN
