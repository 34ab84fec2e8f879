// SPDX-License-Identifier: GPL-2.0
/* The module stays while anything of a set is in use, and goes when nothing is. */
#include "map.h"

FIXTURE(unload) {
	struct set s;
};

FIXTURE_SETUP(unload)
{
	if (geteuid())
		SETUP_SKIP("not root");
	OPEN_SET(&self->s, 0, .slots = 4, .msg_size = 64, .flags = IPCRING_PCQ_MAP_SENDERS);
}

FIXTURE_TEARDOWN(unload)
{
	set_close(&self->s);
}

static int unload(void)
{
	return errno_or(syscall(SYS_delete_module, "ipcring", O_NONBLOCK));
}

/* Close all but one, and try with that alone. */
static void only(struct set *s, int keep)
{
	int *const fds[] = { &s->dev, &s->control, &s->sender, &s->receiver, &s->observer };

	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		if (*fds[i] == keep)
			continue;
		close(*fds[i]);
		*fds[i] = -1;
	}
}

TEST_F(unload, refused_with_a_control_fd)
{
	struct ipcring_pcq_info info;

	only(&self->s, self->s.control);
	EXPECT_EQ(-EWOULDBLOCK, unload());
	EXPECT_EQ(0, pcq_info(self->s.control, &info));
}

TEST_F(unload, refused_with_a_sender_fd)
{
	only(&self->s, self->s.sender);
	EXPECT_EQ(-EWOULDBLOCK, unload());
	EXPECT_EQ(-EPIPE, chan_write(self->s.sender, "x", 1));
}

TEST_F(unload, refused_with_a_receiver_fd)
{
	char buf[64];

	ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	only(&self->s, self->s.receiver);
	EXPECT_EQ(-EWOULDBLOCK, unload());
	EXPECT_EQ(1, chan_read(self->s.receiver, buf, sizeof(buf)));
}

TEST_F(unload, refused_with_an_observer_fd)
{
	only(&self->s, self->s.observer);
	EXPECT_EQ(-EWOULDBLOCK, unload());
}

TEST_F(unload, refused_with_a_mapping_alone)
{
	volatile struct ipcring_side *side;

	side = map_region(self->s.receiver, PROT_READ | PROT_WRITE, IPCRING_PCQ_OFF_CONS, 4096);
	ASSERT_NE(MAP_FAILED, (void *)side);
	only(&self->s, -2);
	EXPECT_EQ(-EWOULDBLOCK, unload());
	side->pos = 1;
	EXPECT_EQ(1, side->pos);
}

/* As many references after as before, after a bit of everything. */
TEST_F(unload, references_are_given_back)
{
	long before;
	char buf[64];

	only(&self->s, self->s.dev);
	before = module_refcount();
	if (before < 0)
		SKIP(return, "no /sys/module/ipcring/refcnt");
	for (int i = 0; i < 50; i++) {
		struct set s;
		struct map m;

		OPEN_SET(&s, i % 2 ? ANY : 0, .slots = 4, .msg_size = 64,
			 .flags = IPCRING_PCQ_MAP_SENDERS);
		EXPECT_LT(before, module_refcount());
		ASSERT_EQ(0, pcq_bell(s.control, ANY, i % 3, 0));
		ASSERT_EQ(1, chan_write(s.sender, "x", 1));
		ASSERT_EQ(1, chan_read(s.receiver, buf, 64));
		ASSERT_EQ(0, map_open(&m, s.receiver, 0));
		EXPECT_GT(0, pcq_endpoint(s.control, 9, 0, 0));
		map_close(&m);
		set_close(&s);
	}
	EXPECT_EQ(before, module_refcount());
}

TEST_HARNESS_MAIN
