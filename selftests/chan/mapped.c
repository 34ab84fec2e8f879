// SPDX-License-Identifier: GPL-2.0
/*
 * 100 000 sequence-checked messages between two processes, over every mix of system calls and
 * mapping, ring depth and starting position; a tenth of them where a kernel is slow.
 */
#include "chan.h"

#define MESSAGES	100000u

FIXTURE(mapped) {
	struct chan c;
	uint64_t messages;
	uint64_t start;
};

FIXTURE_VARIANT(mapped) {
	uint32_t slots;
	bool map_prod;
	bool map_cons;
	bool wraps;
};

#define VARIANT(name, s, p, c, over) \
	FIXTURE_VARIANT_ADD(mapped, name) { \
		.slots = s, .map_prod = p, .map_cons = c, .wraps = over }

VARIANT(write_to_read, 16, false, false, false);
VARIANT(write_to_read_1, 1, false, false, false);
VARIANT(mapped_to_mapped, 16, true, true, false);
VARIANT(mapped_to_mapped_1, 1, true, true, false);
VARIANT(mapped_to_mapped_wrap, 16, true, true, true);
VARIANT(mapped_to_read, 16, true, false, false);
VARIANT(mapped_to_read_1, 1, true, false, false);
VARIANT(mapped_to_read_wrap, 16, true, false, true);
VARIANT(write_to_mapped, 16, false, true, false);
VARIANT(write_to_mapped_1, 1, false, true, false);
VARIANT(write_to_mapped_wrap, 1, false, true, true);

struct message {
	uint64_t seq;
	uint64_t check;
};

static uint32_t message_len(uint64_t seq)
{
	return sizeof(struct message) + seq % 41;
}

static void message_make(uint8_t *buf, uint64_t seq)
{
	struct message m = { .seq = seq, .check = ~seq * 0x9e3779b97f4a7c15ULL };

	memcpy(buf, &m, sizeof(m));
	memset(buf + sizeof(m), (uint8_t)seq, seq % 41);
}

/* The sending child. Its mapping must be its own: none is inherited. */
static int send_all(int fd, bool mapped, uint64_t messages)
{
	struct ring r = { 0 };
	int ret;

	if (mapped && map_ring(fd, &r))
		return 1;
	for (uint64_t seq = 0; seq < messages; seq++) {
		uint8_t buf[64];
		uint32_t len = message_len(seq);

		message_make(buf, seq);
		ret = mapped ? map_send(fd, &r, buf, len) : chan_write(fd, buf, len);
		if (ret != (mapped ? 0 : (int)len))
			return 2;
	}
	return 0;
}

static int start_at(struct chan *c, uint64_t start)
{
	struct ring p, q;

	if (!start)
		return 0;
	if (map_ring(c->prod, &p) || map_ring(c->cons, &q))
		return -1;
	ring_store(&p.prod->pos, start);
	ring_store(&q.cons->pos, start);
	unmap_ring(&p);
	unmap_ring(&q);
	return 0;
}

FIXTURE_SETUP(mapped)
{
	self->messages = kernel_is_slow() ? MESSAGES / 10 : MESSAGES;
	/* Positions are the sides' own words: a test may start them where it likes. */
	self->start = variant->wraps ? ~0ULL - self->messages / 2 : 0;
	OPEN_CHAN(&self->c, variant->slots, 64);
	ASSERT_EQ(0, start_at(&self->c, self->start));
}

FIXTURE_TEARDOWN(mapped)
{
	chan_close(&self->c);
}

TEST_F_TIMEOUT(mapped, every_message_once_and_in_order, 200)
{
	struct ipcring_info info;
	struct ring r = { 0 };
	pid_t pid;

	pid = fork();
	ASSERT_LE(0, pid);
	if (pid == 0) {
		close(self->c.cons);
		_exit(send_all(self->c.prod, variant->map_prod, self->messages));
	}
	close(self->c.prod);
	if (variant->map_cons)
		ASSERT_EQ(0, map_ring(self->c.cons, &r));
	for (uint64_t seq = 0; seq < self->messages; seq++) {
		uint8_t want[64], got[64];
		int ret;

		message_make(want, seq);
		ret = variant->map_cons ? map_recv(self->c.cons, &r, got) :
					  chan_read(self->c.cons, got, sizeof(got));
		ASSERT_EQ(message_len(seq), ret);
		ASSERT_EQ(0, memcmp(want, got, ret));
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(0, chan_read(self->c.cons, &info, sizeof(info)));
	ASSERT_EQ(0, chan_info(self->c.control, &info));
	EXPECT_EQ(self->start + self->messages, info.prod_pos);
	EXPECT_EQ(self->start + self->messages, info.cons_pos);
	EXPECT_EQ(0, info.state & IPCRING_ST_CORRUPT);
}

TEST_HARNESS_MAIN
