// SPDX-License-Identifier: GPL-2.0
/*
 * NUMA placement: on which node the pages of each region lie.
 * Needs a guest of two nodes: scripts/vm --numa 2.
 */
#include "lane.h"

#define PAGE	4096u
#define LANES	2

FIXTURE(numa) {
	int dev;
};

FIXTURE_VARIANT(numa) {
	int32_t prod_node;
	int32_t cons_node;
	uint32_t flags;
};

#define VARIANT(name, p, c, f) \
	FIXTURE_VARIANT_ADD(numa, name) { .prod_node = p, .cons_node = c, .flags = f }

VARIANT(zero_zero, 0, 0, 0);
VARIANT(zero_one, 0, 1, 0);
VARIANT(one_zero, 1, 0, 0);
VARIANT(one_one, 1, 1, 0);
VARIANT(one_zero_records, 1, 0, IPCRING_CREATE_RECORDS);
VARIANT(zero_one_records, 0, 1, IPCRING_CREATE_RECORDS);
VARIANT(any_one, -1, 1, 0);
VARIANT(one_any, 1, -1, 0);

FIXTURE_SETUP(numa)
{
	OPEN_DEVICE(self->dev);
	if (access("/sys/devices/system/node/node1", F_OK))
		SETUP_SKIP("one NUMA node; boot with scripts/vm --numa 2");
}

FIXTURE_TEARDOWN(numa)
{
	close(self->dev);
}

static int create(int dev, int32_t prod, int32_t cons, uint32_t flags)
{
	const bool records = flags & IPCRING_CREATE_RECORDS;

	return CREATE_CHAN(dev, .flags = flags | IPCRING_CREATE_NODES, .lanes = LANES,
			   .slots = records ? 0 : 256, .bytes = records ? 16384 : 0,
			   .msg_size = 56, .prod_node = prod, .cons_node = cons);
}

/* The node of every page in @len bytes at @mem, or -1 if they do not agree. */
static int node_of(const void *mem, size_t len)
{
	int first = -1, status;

	for (size_t i = 0; i < len; i += PAGE) {
		void *page = (char *)mem + i;

		/* No nodes are given: it only says where the page is. */
		if (syscall(SYS_move_pages, 0, 1UL, &page, NULL, &status, 0))
			return -errno;
		if (status < 0)
			return status;
		if (i && status != first)
			return -1;
		first = status;
	}
	return first;
}

TEST_F(numa, pages_lie_where_they_were_asked_for)
{
	int control = create(self->dev, variant->prod_node, variant->cons_node, variant->flags);
	int cons = chan_consumer(control);
	struct ring r;

	ASSERT_LE(0, control);
	for (uint32_t lane = 0; lane < LANES; lane++) {
		ASSERT_EQ(0, map_lane(cons, lane, &r));
		/* Touched, so that there is a page to ask for. */
		EXPECT_EQ(0, r.prod->pos + r.cons->pos + r.data[0]);
		if (variant->prod_node >= 0)
			EXPECT_EQ(variant->prod_node, node_of(r.prod, PAGE));
		if (variant->cons_node >= 0) {
			EXPECT_EQ(variant->cons_node, node_of(r.cons, PAGE));
			EXPECT_EQ(variant->cons_node, node_of(r.data, lane_bytes(&r)));
		}
		unmap_lane(&r);
	}
	close(cons);
	close(control);
}

TEST_F(numa, bad_nodes)
{
	static const int32_t bad[] = { -2, 2, 63, 1023, 1024, 1 << 20, INT32_MAX, INT32_MIN };

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		EXPECT_EQ(-EINVAL, create(self->dev, bad[i], variant->cons_node, variant->flags));
		EXPECT_EQ(-EINVAL, create(self->dev, variant->prod_node, bad[i], variant->flags));
	}
}

TEST_F(numa, transfers_work_across)
{
	int control = create(self->dev, variant->prod_node, variant->cons_node, variant->flags);
	int prod = chan_producer(control, 1), cons = chan_consumer(control);
	char buf[64];

	ASSERT_LE(0, cons);
	for (int i = 0; i < 1000; i++) {
		ASSERT_EQ(4, chan_write(prod, &i, 4));
		ASSERT_EQ(4, chan_read(cons, buf, sizeof(buf)));
		ASSERT_EQ(0, memcmp(buf, &i, 4));
	}
	close(prod);
	close(cons);
	close(control);
}

TEST_HARNESS_MAIN
