// SPDX-License-Identifier: GPL-2.0
/* Trust modes: the table of mappings, and what T2 promises the consumer. */
#include "lane.h"
#include "peer.h"

#define PAGE	4096u

FIXTURE(trust) {
	struct many m;
	int observer;
	struct ipcring_info info;
};

/* What the header's table allows: PROD, CONS, DATA of the producer, then the consumer. */
FIXTURE_VARIANT(trust) {
	uint32_t flags;
	const char *allowed[6];
};

#define VARIANT(name, f, ...) \
	FIXTURE_VARIANT_ADD(trust, name) { .flags = f, .allowed = { __VA_ARGS__ } }

#define T0	"rw", "rw", "rw", "rw", "rw", "rw"
#define T1	"rw", "r", "rw", "r", "rw", "r"
#define T2	"", "", "", "r", "rw", "r"

VARIANT(t0, IPCRING_CREATE_TRUST_ALL, T0);
VARIANT(t1, 0, T1);
VARIANT(t2, IPCRING_CREATE_TRUST_NONE, T2);
VARIANT(t0_records, IPCRING_CREATE_RECORDS | IPCRING_CREATE_TRUST_ALL, T0);
VARIANT(t1_records, IPCRING_CREATE_RECORDS, T1);
VARIANT(t2_records, IPCRING_CREATE_RECORDS | IPCRING_CREATE_TRUST_NONE, T2);

#define RECORDS(flags)	((flags) & IPCRING_CREATE_RECORDS)

FIXTURE_SETUP(trust)
{
	OPEN_MANY(&self->m, 2, 1, .flags = variant->flags,
		  .slots = RECORDS(variant->flags) ? 0 : 64,
		  .bytes = RECORDS(variant->flags) ? 8192 : 0, .msg_size = 120);
	self->observer = chan_observer(self->m.control);
	ASSERT_LE(0, self->observer);
	ASSERT_EQ(0, chan_info(self->m.cons[0], &self->info));
}

FIXTURE_TEARDOWN(trust)
{
	close(self->observer);
	many_close(&self->m);
}

static const uint64_t region_off[] = { IPCRING_OFF_PROD, IPCRING_OFF_CONS, IPCRING_OFF_DATA };
static const char *const region_name[] = { "PROD", "CONS", "DATA" };

static int try_map(int fd, int prot, int flags, uint64_t offset, size_t len)
{
	void *mem = mmap(NULL, len, prot, flags, fd, offset);

	if (mem == MAP_FAILED)
		return -errno;
	munmap(mem, len);
	return 0;
}

static size_t region_len(const struct ipcring_info *info, int region)
{
	return region == 2 ? info->data_bytes : PAGE;
}

static int want_map(const char *allowed, int prot)
{
	if ((prot & PROT_WRITE) && !strchr(allowed, 'w'))
		return -EACCES;
	return strchr(allowed, 'r') ? 0 : -EACCES;
}

TEST_F(trust, info_says_the_mode)
{
	EXPECT_EQ(variant->flags, self->info.flags);
	EXPECT_EQ(2, self->info.lanes);
	EXPECT_EQ(1, self->info.consumers);
	EXPECT_EQ(RECORDS(variant->flags) ? 16384 : 8192, self->info.data_bytes);
	EXPECT_EQ(RECORDS(variant->flags) ? 8192 : 0, self->info.bytes);
	EXPECT_EQ(RECORDS(variant->flags) ? 0 : 64, self->info.slots);
	EXPECT_EQ(RECORDS(variant->flags) ? 0 : 128, self->info.stride);
}

TEST_F(trust, modes_exclude_each_other)
{
	EXPECT_EQ(-EINVAL, CREATE_CHAN(self->m.dev, .slots = 4, .msg_size = 64,
				       .flags = IPCRING_CREATE_TRUST_ALL |
						IPCRING_CREATE_TRUST_NONE));
}

/* Each role, lane, region and protection. */
TEST_F(trust, table)
{
	static const int prots[] = { PROT_NONE, PROT_READ, PROT_WRITE, PROT_READ | PROT_WRITE };
	const int fd[] = { self->m.prod[0], self->m.prod[1], self->m.cons[0] };
	int cells = 0;

	for (int who = 0; who < 3; who++) {
		for (int cell = 0; cell < 2 * 3 * 4; cell++) {
			int lane = cell / 12, region = cell / 4 % 3, prot = prots[cell % 4];
			const char *allowed = variant->allowed[who / 2 * 3 + region];
			int want = want_map(who == !lane ? "" : allowed, prot), ret;

			ret = try_map(fd[who], prot, MAP_SHARED,
				      region_off[region] + IPCRING_OFF_LANE(lane),
				      region_len(&self->info, region));
			EXPECT_EQ(want, ret)
				TH_LOG("fd %d lane %d %s prot %d", who, lane,
				       region_name[region], prot);
			cells++;
		}
	}
	EXPECT_EQ(72, cells);
}

TEST_F(trust, others_map_nothing)
{
	const int fd[] = { self->m.control, self->observer };

	for (int i = 0; i < 2; i++)
		for (int region = 0; region < 3; region++)
			for (int prot = PROT_READ; prot <= (PROT_READ | PROT_WRITE); prot++)
				EXPECT_EQ(-EACCES, try_map(fd[i], prot, MAP_SHARED,
							   region_off[region],
							   region_len(&self->info, region)));
}

TEST_F(trust, wrong_shapes)
{
	const int fd = self->m.cons[0];

	for (int region = 0; region < 3; region++) {
		uint64_t off = region_off[region] + IPCRING_OFF_LANE(1);
		size_t len = region_len(&self->info, region);

		EXPECT_EQ(-EINVAL, try_map(fd, PROT_READ, MAP_PRIVATE, off, len));
		EXPECT_EQ(-EINVAL, try_map(fd, PROT_READ, MAP_SHARED, off, len + PAGE));
		EXPECT_EQ(-EINVAL, try_map(fd, PROT_READ, MAP_SHARED, off + PAGE, len));
		EXPECT_EQ(-EINVAL, try_map(fd, PROT_READ, MAP_SHARED, off + (3ULL << 32), len));
		EXPECT_EQ(-EINVAL, try_map(fd, PROT_READ, MAP_SHARED,
					   off + IPCRING_OFF_LANE(1), len));
		EXPECT_EQ(-EINVAL, try_map(fd, PROT_READ, MAP_SHARED,
					   off + IPCRING_OFF_LANE(64), len));
		EXPECT_EQ(-EPERM, try_map(fd, PROT_READ | PROT_EXEC, MAP_SHARED, off, len));
	}
	/* Half of what is mapped twice is not the region. */
	EXPECT_EQ(-EINVAL, try_map(fd, PROT_READ, MAP_SHARED, IPCRING_OFF_DATA,
				   self->info.data_bytes / 2));
}

/* A page of the hostile producer's that stalls the copy, for a half-written message. */
static void half_write_and_die(int fd)
{
	pid_t pid = fork_child();
	struct stall s;

	if (pid == 0) {
		if (stall_open(&s, 1))
			_exit(1);
		memset(s.mem, 0xee, PAGE);
		chan_write(fd, s.mem + PAGE - 60, 120);
		_exit(2);
	}
	if (wait_blocked(pid, SYS_write))
		kill(pid, SIGKILL);
	reap(pid);
}

/* Everything a producer's fd can be asked, with the arguments of a vandal. */
static void vandalise(int fd, uint64_t *seed)
{
	const uint64_t lane = IPCRING_OFF_LANE(rnd_below(seed, 3));
	uint8_t junk[256];

	for (size_t i = 0; i < sizeof(junk); i++)
		junk[i] = rnd(seed);

	switch (rnd_below(seed, 8)) {
	case 0 ... 2:
		chan_write(fd, junk, 1 + rnd_below(seed, 120));
		break;
	case 3:
		chan_wake(fd);
		break;
	case 4:
		memcpy(junk, &(uint32_t){ sizeof(junk) }, 4);
		ioctl(fd, IPCRING_IOC_FEATURES + rnd_below(seed, 12), junk);
		break;
	case 5:
		try_map(fd, PROT_READ | PROT_WRITE, MAP_SHARED,
			region_off[rnd_below(seed, 3)] + lane, PAGE);
		break;
	case 6:
		chan_wait(fd, 0);
		break;
	default:
		chan_poll(fd, POLLOUT);
	}
}

/*
 * In T2 what the consumer sees was written by the kernel and stays: fill the lane,
 * keep a copy of the view, let a hostile producer do what it can, compare.
 */
TEST_F_TIMEOUT(trust, view_does_not_change_under_the_consumer, 120)
{
	size_t len = self->info.data_bytes;
	struct mapped_cons mc;
	uint8_t *copy, msg[120];
	uint64_t seed = 42;
	__u64 pos;

	if (!(variant->flags & IPCRING_CREATE_TRUST_NONE))
		return;
	ASSERT_EQ(0, mapped_open(&mc, self->m.cons[0]));
	for (int lap = 0; lap < 100; lap++)
		for (size_t i = 0; i < 2; i++) {
			memset(msg, lap, sizeof(msg));
			ASSERT_EQ(77, chan_write(self->m.prod[0], msg, 77));
			ASSERT_EQ(77, chan_read(self->m.cons[0], msg, 120));
		}
	set_nonblock(self->m.prod[0], true);
	while (chan_write(self->m.prod[0], msg, sizeof(msg)) > 0)
		rnd(&seed);
	pos = mc.lane[0].prod->pos;
	copy = malloc(len);
	memcpy(copy, mc.lane[0].data, len);
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 1000; i++)
			vandalise(self->m.prod[0], &seed);
		ASSERT_EQ(0, memcmp(copy, mc.lane[0].data, len));
		ASSERT_EQ(pos, mc.lane[0].prod->pos);
		close(self->m.prod[0]);
		ASSERT_EQ(0, memcmp(copy, mc.lane[0].data, len));
		ASSERT_EQ(pos, mc.lane[0].prod->pos);
		self->m.prod[0] = chan_endpoint_lane(self->m.control, IPCRING_ROLE_PRODUCER, 0,
						     IPCRING_EP_NONBLOCK);
		ASSERT_LE(0, self->m.prod[0]);
	}
	free(copy);
	mapped_close(&mc);
}

/* A message half copied when its producer was killed is in none's way. */
TEST_F(trust, half_a_message_of_the_dead)
{
	struct mapped_cons mc;
	uint8_t msg[120], copy[120];
	uint32_t lane;

	ASSERT_EQ(0, mapped_open(&mc, self->m.cons[0]));
	memset(msg, 0x11, sizeof(msg));
	ASSERT_EQ(120, chan_write(self->m.prod[0], msg, sizeof(msg)));
	half_write_and_die(self->m.prod[0]);
	close(self->m.prod[0]);
	self->m.prod[0] = chan_producer(self->m.control, 0);
	ASSERT_LE(0, self->m.prod[0]);
	EXPECT_EQ(120, mapped_recv(&mc, copy, &lane));
	EXPECT_EQ(0, memcmp(copy, msg, sizeof(msg)));
	EXPECT_EQ(-ETIMEDOUT, chan_wait(self->m.cons[0], 0));
	memset(msg, 0x22, sizeof(msg));
	ASSERT_EQ(120, chan_write(self->m.prod[0], msg, sizeof(msg)));
	EXPECT_EQ(120, mapped_recv(&mc, copy, &lane));
	EXPECT_EQ(0, memcmp(copy, msg, sizeof(msg)));
	mapped_close(&mc);
}

/* The owners' views show each other's stores, and T0's everybody's. */
TEST_F(trust, all_views_are_one_memory)
{
	struct ring prod, cons;
	__u64 pos;
	__u32 len;

	if (variant->flags & IPCRING_CREATE_TRUST_NONE)
		return;
	ASSERT_EQ(0, map_lane(self->m.prod[1], 1, &prod));
	ASSERT_EQ(0, map_lane(self->m.cons[0], 1, &cons));
	ASSERT_EQ(0, lane_send(self->m.prod[1], &prod, "view", 4));
	ASSERT_EQ(0, ring_peek(&cons, &pos, &len));
	EXPECT_EQ(4, len);
	EXPECT_EQ(0, memcmp(ring_payload(ring_slot(&cons, pos)), "view", 4));
	ring_release(&cons, pos, len);
	EXPECT_EQ(cons.cons->pos, prod.cons->pos);
	if (variant->flags & IPCRING_CREATE_TRUST_ALL) {
		prod.cons->event = 77;
		EXPECT_EQ(77, cons.cons->event);
	}
}

TEST_HARNESS_MAIN
