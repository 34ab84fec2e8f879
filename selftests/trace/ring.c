// SPDX-License-Identifier: GPL-2.0
/* The probes of the ring channel against runs whose outcome is known. */
#include "traced.h"
#include <sys/ioctl.h>
#include <linux/ipcring.h>

#define DEVICE		"/dev/ipcring"

FIXTURE(ring)
{
	struct trace *t;
};

FIXTURE_VARIANT(ring)
{
	enum shape shape;
	bool same_cpu;
};

FIXTURE_VARIANT_ADD(ring, in_step_same_cpu)
{
	.shape = IN_STEP,
	.same_cpu = true,
};

FIXTURE_VARIANT_ADD(ring, in_step_two_cpus)
{
	.shape = IN_STEP,
	.same_cpu = false,
};

FIXTURE_VARIANT_ADD(ring, backlog)
{
	.shape = BACKLOG,
	.same_cpu = false,
};

FIXTURE_VARIANT_ADD(ring, stream_same_cpu)
{
	.shape = STREAM,
	.same_cpu = true,
};

FIXTURE_VARIANT_ADD(ring, stream_two_cpus)
{
	.shape = STREAM,
	.same_cpu = false,
};

static int ring_create(int dev, uint32_t slots, uint32_t msg_size)
{
	struct ipcring_create p = { .size = sizeof(p), .slots = slots, .msg_size = msg_size };

	return ioctl(dev, IPCRING_IOC_CREATE, &p);
}

static int ring_endpoint(int control, uint32_t role)
{
	struct ipcring_endpoint p = { .size = sizeof(p), .role = role };

	return ioctl(control, IPCRING_IOC_ENDPOINT, &p);
}

static void cell_open(struct __test_metadata *_metadata, struct cell *c, uint32_t slots)
{
	int control, dev = open(DEVICE, O_RDWR);

	ASSERT_LE(0, dev);
	control = ring_create(dev, slots, c->size);
	ASSERT_LE(0, control);
	c->wfd = ring_endpoint(control, IPCRING_ROLE_PRODUCER);
	ASSERT_LE(0, c->wfd);
	c->rfd = ring_endpoint(control, IPCRING_ROLE_CONSUMER);
	ASSERT_LE(0, c->rfd);
	close(control);
	close(dev);
}

FIXTURE_SETUP(ring)
{
	OPEN_TRACE(self->t, "ring");
}

FIXTURE_TEARDOWN(ring)
{
	trace_close(self->t);
}

#define CELL(...) {							\
	.shape = variant->shape, .same_cpu = variant->same_cpu, __VA_ARGS__ }

TEST_F(ring, size_16)
{
	struct cell c = CELL(.size = 16, .n = 1200, .first = 100, .last = 1150);

	cell_open(_metadata, &c, 2048);
	expect_all(_metadata, &c, self->t);
}

TEST_F(ring, size_64)
{
	struct cell c = CELL(.size = 64, .n = 200, .first = 0, .last = 200);

	cell_open(_metadata, &c, 256);
	expect_all(_metadata, &c, self->t);
	expect_all(_metadata, &c, self->t);
}

TEST_F(ring, size_65536)
{
	struct cell c = CELL(.size = 65536, .n = 32, .first = 3, .last = 4);

	cell_open(_metadata, &c, 32);
	expect_all(_metadata, &c, self->t);
}

/* A full ring makes the sender wait. */
TEST_F(ring, depth_1)
{
	struct cell c = CELL(.size = 64, .n = 200, .first = 0, .last = 200);

	if (c.shape == BACKLOG)
		c.shape = STREAM;
	cell_open(_metadata, &c, 1);
	expect_all(_metadata, &c, self->t);
}

/* Others' messages at the same time are nobody's business. */
TEST_F(ring, foreign_pair)
{
	struct cell other = { .size = 64, .n = 1u << 16, .shape = STREAM };
	struct cell c = CELL(.size = 64, .n = 200, .first = 0, .last = 200);

	cell_open(_metadata, &other, 64);
	cell_open(_metadata, &c, 256);
	foreign_start(_metadata, &other);
	expect_all(_metadata, &c, self->t);
	foreign_stop(&other);
}

FIXTURE(channel)
{
	struct trace *t;
};

FIXTURE_SETUP(channel)
{
	OPEN_TRACE(self->t, "ring");
}

FIXTURE_TEARDOWN(channel)
{
	trace_close(self->t);
}

static int send_from_1(const struct cell *c)
{
	char buf[64] = "";

	for (uint64_t i = 1; i < c->n; i++) {
		memcpy(buf, &i, sizeof(i));
		if (write(c->wfd, buf, sizeof(buf)) != sizeof(buf))
			return 1;
	}
	return 0;
}

/* Sent by somebody else: a receive without a send. */
TEST_F(channel, unmatched)
{
	struct cell c = { .size = 64, .n = 101, .first = 0, .last = 100 };
	struct mech_why why = { "" };
	struct trace_result res;
	char forged[64] = "";

	cell_open(_metadata, &c, 128);
	ASSERT_EQ(64, write(c.wfd, forged, 64));
	cell_launch(_metadata, &c, self->t);
	cell_replace(_metadata, &c, 0, send_from_1);
	ASSERT_EQ(0, trace_start(self->t, c.sender, c.receiver, &why));
	ASSERT_TRUE(cell_go(&c, 0));
	ASSERT_EQ(0, reap(c.sender));
	ASSERT_TRUE(cell_go(&c, 1));
	EXPECT_EQ(0, reap(c.receiver));
	STOP_TRACE(self->t, &res);
	EXPECT_EQ(100, res.cert.sent);
	EXPECT_EQ(100, res.cert.received);
	EXPECT_EQ(1, res.cert.unmatched);
	EXPECT_EQ(0, res.cert.mispaired);
}

/* Received by somebody else: sent, and never seen to arrive. */
TEST_F(channel, in_flight)
{
	struct cell c = { .size = 64, .n = 100, .first = 0, .last = 100,
			  .shape = BACKLOG };
	struct mech_why why = { "" };
	struct trace_result res;
	char stolen[64];

	cell_open(_metadata, &c, 128);
	cell_launch(_metadata, &c, self->t);
	ASSERT_EQ(0, trace_start(self->t, c.sender, c.receiver, &why));
	ASSERT_TRUE(cell_go(&c, 0));
	ASSERT_EQ(0, reap(c.sender));
	ASSERT_EQ(64, read(c.rfd, stolen, 64));
	ASSERT_TRUE(cell_go(&c, 1));
	while (*c.seen != 99 * 64 || !blocked_in_read(c.receiver, c.rfd))
		sched_yield();
	kill(c.receiver, SIGKILL);
	reap(c.receiver);
	STOP_TRACE(self->t, &res);
	EXPECT_EQ(100, res.cert.sent);
	EXPECT_EQ(99, res.cert.received);
	EXPECT_EQ(1, res.cert.in_flight);
	EXPECT_EQ(0, res.cert.mispaired);
}

TEST_HARNESS_MAIN
