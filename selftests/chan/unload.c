// SPDX-License-Identifier: GPL-2.0
/* The module stays while anything of it is in use. reload.sh shows that it goes. */
#include "chan.h"

FIXTURE(unload) {
	struct chan c;
};

FIXTURE_SETUP(unload)
{
	if (geteuid())
		SETUP_SKIP("not root");
	OPEN_CHAN(&self->c, 4, 64);
}

FIXTURE_TEARDOWN(unload)
{
	chan_close(&self->c);
}

static int unload(void)
{
	return errno_or(syscall(SYS_delete_module, "ipcring", O_NONBLOCK));
}

/* Close all but one, and try with that alone. */
#define ONLY(keep) do { \
	int fds[] = { self->c.dev, self->c.control, self->c.prod, self->c.cons }; \
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) \
		if (fds[i] != (keep)) \
			close(fds[i]); \
} while (0)

TEST_F(unload, refused_with_the_device_open)
{
	ONLY(self->c.dev);
	EXPECT_EQ(-EWOULDBLOCK, unload());
}

TEST_F(unload, refused_with_a_control_fd)
{
	ONLY(self->c.control);
	EXPECT_EQ(-EWOULDBLOCK, unload());
	EXPECT_EQ(0, chan_state(self->c.control));
}

TEST_F(unload, refused_with_a_producer_fd)
{
	ONLY(self->c.prod);
	EXPECT_EQ(-EWOULDBLOCK, unload());
}

TEST_F(unload, refused_with_a_consumer_fd)
{
	ONLY(self->c.cons);
	EXPECT_EQ(-EWOULDBLOCK, unload());
}

TEST_F(unload, refused_with_a_mapping_alone)
{
	volatile struct ipcring_side *side;

	side = map_region(self->c.cons, PROT_READ | PROT_WRITE, IPCRING_OFF_CONS, 4096);
	ASSERT_NE(MAP_FAILED, (void *)side);
	ONLY(-1);
	EXPECT_EQ(-EWOULDBLOCK, unload());
	side->pos = 1;
	EXPECT_EQ(1, side->pos);
}

TEST_HARNESS_MAIN
