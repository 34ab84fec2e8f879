// SPDX-License-Identifier: GPL-2.0
/* Endpoints: what each role may do, and who may have one. */
#include "chan.h"

#include <sys/resource.h>

FIXTURE(roles) {
	struct chan c;
	char buf[64];
};

FIXTURE_SETUP(roles)
{
	OPEN_CHAN(&self->c, 4, 64);
}

FIXTURE_TEARDOWN(roles)
{
	chan_close(&self->c);
}

TEST_F(roles, producer_cannot_read)
{
	ASSERT_EQ(1, chan_write(self->c.prod, "x", 1));
	EXPECT_EQ(-EINVAL, chan_read(self->c.prod, self->buf, sizeof(self->buf)));
}

TEST_F(roles, consumer_cannot_write)
{
	EXPECT_EQ(-EINVAL, chan_write(self->c.cons, "x", 1));
}

TEST_F(roles, control_can_do_neither)
{
	ASSERT_EQ(1, chan_write(self->c.prod, "x", 1));
	EXPECT_EQ(-EBADF, chan_read(self->c.control, self->buf, sizeof(self->buf)));
	EXPECT_EQ(-EBADF, chan_write(self->c.control, "x", 1));
}

TEST_F(roles, control_maps_nothing)
{
	const uint64_t off[] = { IPCRING_OFF_PROD, IPCRING_OFF_CONS, IPCRING_OFF_DATA };

	for (size_t i = 0; i < ARRAY_LEN(off); i++) {
		EXPECT_EQ(MAP_FAILED, map_region(self->c.control, PROT_READ, off[i], 4096));
		EXPECT_EQ(EACCES, errno);
	}
}

TEST_F(roles, nothing_seeks)
{
	EXPECT_EQ(-ESPIPE, errno_or(lseek(self->c.prod, 0, SEEK_CUR)));
	EXPECT_EQ(-ESPIPE, errno_or(pread(self->c.cons, self->buf, 1, 0)));
	EXPECT_EQ(-ESPIPE, errno_or(pwrite(self->c.prod, self->buf, 1, 0)));
}

TEST_F(roles, unknown_role)
{
	EXPECT_EQ(-EINVAL, chan_endpoint(self->c.control, IPCRING_ROLE_CONTROL, 0));
	EXPECT_EQ(-EINVAL, chan_endpoint(self->c.control, IPCRING_ROLE_OBSERVER + 1, 0));
	EXPECT_EQ(-EINVAL, chan_endpoint(self->c.control, ~0u, 0));
}

TEST_F(roles, one_endpoint_a_role)
{
	EXPECT_EQ(-EBUSY, chan_endpoint(self->c.control, IPCRING_ROLE_PRODUCER, 0));
	EXPECT_EQ(-EBUSY, chan_endpoint(self->c.control, IPCRING_ROLE_CONSUMER, 0));
}

/* A duplicate is the same endpoint: the role is free after the last. */
TEST_F(roles, role_is_free_when_its_last_fd_closes)
{
	int copy = dup(self->c.prod);

	ASSERT_LE(0, copy);
	close(self->c.prod);
	EXPECT_EQ(-EBUSY, chan_endpoint(self->c.control, IPCRING_ROLE_PRODUCER, 0));
	close(copy);
	self->c.prod = chan_endpoint(self->c.control, IPCRING_ROLE_PRODUCER, 0);
	EXPECT_LE(0, self->c.prod);
}

TEST_F(roles, mapping_keeps_its_role)
{
	struct ring r;

	ASSERT_EQ(0, map_ring(self->c.prod, &r));
	close(self->c.prod);
	EXPECT_EQ(-EBUSY, chan_endpoint(self->c.control, IPCRING_ROLE_PRODUCER, 0));
	unmap_ring(&r);
	self->c.prod = chan_endpoint(self->c.control, IPCRING_ROLE_PRODUCER, 0);
	EXPECT_LE(0, self->c.prod);
}

TEST_F(roles, successor_goes_on_where_the_first_ended)
{
	ASSERT_EQ(1, chan_write(self->c.prod, "a", 1));
	ASSERT_EQ(1, chan_write(self->c.prod, "b", 1));
	ASSERT_EQ(1, chan_read(self->c.cons, self->buf, 1));
	close(self->c.prod);
	close(self->c.cons);
	self->c.prod = chan_endpoint(self->c.control, IPCRING_ROLE_PRODUCER, 0);
	self->c.cons = chan_endpoint(self->c.control, IPCRING_ROLE_CONSUMER, 0);
	ASSERT_EQ(1, chan_write(self->c.prod, "c", 1));
	ASSERT_EQ(1, chan_read(self->c.cons, self->buf, 1));
	EXPECT_EQ('b', self->buf[0]);
	ASSERT_EQ(1, chan_read(self->c.cons, self->buf, 1));
	EXPECT_EQ('c', self->buf[0]);
}

TEST_F(roles, no_file_descriptor)
{
	struct rlimit limit = { .rlim_cur = self->c.control, .rlim_max = 4096 };

	close(self->c.prod);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(-EMFILE, chan_endpoint(self->c.control, IPCRING_ROLE_PRODUCER, 0));
	EXPECT_EQ(IPCRING_ST_CONSUMER, chan_state(self->c.control));
	limit.rlim_cur = 4096;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_LE(0, chan_endpoint(self->c.control, IPCRING_ROLE_PRODUCER, 0));
}

TEST_F(roles, fd_flags)
{
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->c.prod, F_GETFD));
	EXPECT_EQ(0, fcntl(self->c.prod, F_GETFL) & O_NONBLOCK);
	close(self->c.cons);
	self->c.cons = chan_endpoint(self->c.control, IPCRING_ROLE_CONSUMER, IPCRING_EP_NONBLOCK);
	ASSERT_LE(0, self->c.cons);
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->c.cons, F_GETFD));
	EXPECT_NE(0, fcntl(self->c.cons, F_GETFL) & O_NONBLOCK);
	EXPECT_EQ(-EAGAIN, chan_read(self->c.cons, self->buf, sizeof(self->buf)));
}

TEST_F(roles, info_names_role_and_state)
{
	struct ipcring_info a, b;

	ASSERT_EQ(0, chan_info(self->c.prod, &a));
	ASSERT_EQ(0, chan_info(self->c.cons, &b));
	EXPECT_EQ(IPCRING_ROLE_PRODUCER, a.role);
	EXPECT_EQ(IPCRING_ROLE_CONSUMER, b.role);
	EXPECT_EQ(a.id, b.id);
	EXPECT_EQ(IPCRING_ST_PRODUCER | IPCRING_ST_CONSUMER, a.state);
	close(self->c.cons);
	EXPECT_EQ(IPCRING_ST_PRODUCER, chan_state(self->c.prod));
}

TEST_F(roles, fdinfo_shows_the_state)
{
	char path[64], text[1024] = "", want[64];
	struct ipcring_info info;
	int fd;

	ASSERT_EQ(1, chan_write(self->c.prod, "x", 1));
	ASSERT_EQ(0, chan_info(self->c.prod, &info));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", self->c.cons);
	fd = open(path, O_RDONLY);
	ASSERT_LE(0, fd);
	ASSERT_LT(0, read(fd, text, sizeof(text) - 1));
	close(fd);
	snprintf(want, sizeof(want), "ipcring-id:\t%llu\n", (unsigned long long)info.id);
	EXPECT_NE(NULL, strstr(text, want));
	EXPECT_NE(NULL, strstr(text, "ipcring-role:\t2\n"));
	EXPECT_NE(NULL, strstr(text, "ipcring-prod-pos:\t1\n"));
	EXPECT_NE(NULL, strstr(text, "ipcring-cons-pos:\t0\n"));
}

TEST_HARNESS_MAIN
