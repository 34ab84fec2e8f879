// SPDX-License-Identifier: GPL-2.0
/* What a set is once it is made: INFO, its identity, its memory's nodes, its life. */
#include "map.h"

FIXTURE(create) {
	int dev;
};

FIXTURE_SETUP(create)
{
	OPEN_DEVICE(self->dev);
}

FIXTURE_TEARDOWN(create)
{
	close(self->dev);
}

static uint32_t possible_cpus(void)
{
	char text[256], *last;

	if (!read_file("/sys/devices/system/cpu/possible", text, sizeof(text)))
		return 0;
	last = strpbrk(text, "-,") ? text + strcspn(text, "\n") : text;
	while (last > text && last[-1] >= '0' && last[-1] <= '9')
		last--;
	return strtoul(last, NULL, 10) + 1;
}

/* The same of every fd, but role and binding. */
TEST_F(create, info)
{
	const uint32_t bound[] = { 0, 0, THIS, ANY };
	const struct { uint32_t size, stride; } shape[] = {
		{ 1, 64 }, { 48, 64 }, { 49, 128 }, { 112, 128 }, { 113, 192 }, { 4080, 4096 },
	};

	for (size_t i = 0; i < ARRAY_LEN(shape); i++) {
		struct ipcring_pcq_info info, first;
		int control = PCQ_CREATE(self->dev, .slots = 8, .msg_size = shape[i].size,
					 .flags = i % 2 ? IPCRING_PCQ_MAP_SENDERS : 0);

		ASSERT_LE(0, control);
		ASSERT_EQ(0, pcq_info(control, &first));
		EXPECT_EQ(sizeof(first), first.size);
		EXPECT_EQ(IPCRING_PCQ_CONTROL, first.role);
		EXPECT_EQ(0, first.cpu);
		EXPECT_EQ(i % 2 ? IPCRING_PCQ_MAP_SENDERS : 0, first.flags);
		EXPECT_EQ(8, first.slots);
		EXPECT_EQ(shape[i].size, first.msg_size);
		EXPECT_EQ(shape[i].stride, first.stride);
		EXPECT_EQ(possible_cpus(), first.cpus);
		EXPECT_EQ((8 * shape[i].stride + 4095) & ~4095ULL, first.data_bytes);
		for (uint32_t role = 1; role < 4; role++)
			for (size_t b = 0; b < (role == IPCRING_PCQ_OBSERVER ? 1 : 4); b++) {
				int fd = pcq_endpoint(control, role, bound[b], 0);

				ASSERT_LE(0, fd);
				ASSERT_EQ(0, pcq_info(fd, &info));
				EXPECT_EQ(role, info.role);
				EXPECT_EQ(bound[b], info.cpu);
				info.role = IPCRING_PCQ_CONTROL;
				info.cpu = 0;
				EXPECT_EQ(0, memcmp(&first, &info, sizeof(info)));
				close(fd);
			}
		close(control);
	}
}

/* Never reused, not even by a channel. */
TEST_F(create, id)
{
	struct ipcring_pcq_info set;
	struct ipcring_info chan;
	uint64_t last = 0;

	for (int i = 0; i < 20; i++) {
		int fd = i % 3 ? PCQ_CREATE(self->dev, .slots = 2, .msg_size = 8) :
				 chan_create(self->dev, 2, 8);

		ASSERT_LE(0, fd);
		ASSERT_EQ(0, i % 3 ? pcq_info(fd, &set) : chan_info(fd, &chan));
		EXPECT_LT(last, i % 3 ? set.id : chan.id);
		last = i % 3 ? set.id : chan.id;
		close(fd);
	}
}

/* A set of every possible CPU, also of the offline. All start empty. */
TEST_F(create, starts_empty)
{
	int control = PCQ_CREATE(self->dev, .slots = 2, .msg_size = 8);
	struct ipcring_pcq_stats stats, zero;
	struct ipcring_pcq_info info;

	ASSERT_LE(0, control);
	ASSERT_EQ(0, pcq_info(control, &info));
	for (uint32_t cpu = 0; cpu <= info.cpus; cpu++) {
		uint32_t nr = cpu == info.cpus ? ANY : cpu;

		ASSERT_EQ(0, pcq_stats(control, nr, &stats));
		zero = (struct ipcring_pcq_stats){ .size = sizeof(zero), .cpu = nr,
						   .state = stats.state };
		EXPECT_EQ(0, memcmp(&zero, &stats, sizeof(zero)));
		EXPECT_EQ(0, stats.state & ~IPCRING_PCQ_ST_ONLINE);
	}
	ASSERT_EQ(0, pcq_stats(control, sched_getcpu(), &stats));
	EXPECT_EQ(IPCRING_PCQ_ST_ONLINE, stats.state);
	close(control);
}

/* Node of a page of ours, or -errno. */
static int node_of(volatile char *page)
{
	void *pages[] = { (void *)page };
	int node = -ENODATA;
	char byte = page[0];

	(void)byte;
	if (syscall(SYS_move_pages, 0, 1, pages, NULL, &node, 0))
		return -errno;
	return node;
}

static int node_of_cpu(uint32_t cpu)
{
	for (int node = 0; node < 8; node++) {
		char path[96];

		snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/cpu%u", node, cpu);
		if (!access(path, F_OK))
			return node;
	}
	return 0;
}

/* Each queue's memory lies on its CPU's node. */
TEST_F(create, nodes)
{
	int control = PCQ_CREATE(self->dev, .slots = 64, .msg_size = 112), receiver;
	struct ipcring_pcq_info info;
	struct map m;

	ASSERT_LE(0, control);
	receiver = pcq_receiver(control, ANY);
	ASSERT_LE(0, receiver);
	ASSERT_EQ(0, pcq_info(control, &info));
	for (uint32_t cpu = 0; cpu < info.cpus; cpu++) {
		int want = node_of_cpu(cpu);

		ASSERT_EQ(0, map_open(&m, receiver, cpu));
		EXPECT_EQ(want, node_of((char *)m.state));
		EXPECT_EQ(want, node_of((char *)m.lane[0].prod));
		EXPECT_EQ(want, node_of((char *)m.lane[0].cons));
		for (int lane = 0; lane < 2; lane++)
			for (size_t at = 0; at < m.data_bytes; at += m.page)
				EXPECT_EQ(want, node_of((char *)m.lane[lane].data + at));
		map_close(&m);
	}
	close(receiver);
	close(control);
}

/* A set lives as long as any fd of it: each alone, the rest closed. */
TEST_F(create, lives_by_any_fd)
{
	for (int keep = 0; keep < 4; keep++) {
		struct ipcring_pcq_info info;
		struct set s;
		int *fd[] = { &s.control, &s.sender, &s.receiver, &s.observer };

		OPEN_SET(&s, 0, .slots = 2, .msg_size = 8);
		for (int i = 0; i < 4; i++)
			if (i != keep)
				close(*fd[i]);
		EXPECT_EQ(0, pcq_info(*fd[keep], &info));
		EXPECT_EQ(keep, info.role);
		EXPECT_EQ(2, info.slots);
		close(*fd[keep]);
		close(s.dev);
	}
}

/* An fd of one set has no power over another. */
TEST_F(create, two_sets)
{
	struct set a, b;
	char buf[8];

	OPEN_SET(&a, 0, .slots = 2, .msg_size = 8);
	OPEN_SET(&b, 0, .slots = 2, .msg_size = 8);
	ASSERT_EQ(1, chan_write(a.sender, "a", 1));
	ASSERT_EQ(1, chan_write(b.sender, "b", 1));
	ASSERT_EQ(1, chan_read(b.receiver, buf, 8));
	EXPECT_EQ('b', buf[0]);
	set_nonblock(b.receiver, true);
	EXPECT_EQ(-EAGAIN, chan_read(b.receiver, buf, 8));
	ASSERT_EQ(1, chan_read(a.receiver, buf, 8));
	EXPECT_EQ('a', buf[0]);
	set_close(&a);
	set_close(&b);
}

TEST_HARNESS_MAIN
