// SPDX-License-Identifier: GPL-2.0
/* Making channels: geometry, limits, resources. */
#include "chan.h"
#include <linux/ipcring_pcq.h>

#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define MAX_RING_BYTES	"/sys/module/ipcring/parameters/max_ring_bytes"
#define FILE_MAX	"/proc/sys/fs/file-max"

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	close(fd);
	return ok;
}

static bool read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd >= 0 ? read(fd, text, size - 1) : -1;

	close(fd);
	text[len > 0 ? len : 0] = '\0';
	return len > 0;
}

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

TEST_F(create, values_out_of_range)
{
	EXPECT_EQ(-EINVAL, chan_create(self->dev, 0, 64));
	EXPECT_EQ(-EINVAL, chan_create(self->dev, 3, 64));
	EXPECT_EQ(-EINVAL, chan_create(self->dev, IPCRING_SLOTS_MAX * 2, 64));
	EXPECT_EQ(-EINVAL, chan_create(self->dev, 1u << 31, 64));
	EXPECT_EQ(-EINVAL, chan_create(self->dev, 4, 0));
	EXPECT_EQ(-EINVAL, chan_create(self->dev, 4, IPCRING_MSG_MAX + 1));
	EXPECT_EQ(-EINVAL, chan_create(self->dev, 4, ~0u));
}

/* 65536 slots of 65600 bytes are more than 32 bits can count. */
TEST_F(create, larger_than_the_module_allows)
{
	EXPECT_EQ(-E2BIG, chan_create(self->dev, IPCRING_SLOTS_MAX, IPCRING_MSG_MAX));
}

TEST_F(create, limit_is_a_module_parameter)
{
	char old[32];
	int fd;

	ASSERT_TRUE(read_file(MAX_RING_BYTES, old, sizeof(old)));
	if (!write_file(MAX_RING_BYTES, "8192"))
		SKIP(return, MAX_RING_BYTES ": not writable; be root");
	fd = chan_create(self->dev, 64, 120);
	EXPECT_LE(0, fd);
	close(fd);
	EXPECT_EQ(-E2BIG, chan_create(self->dev, 128, 120));
	EXPECT_TRUE(write_file(MAX_RING_BYTES, old));
}

TEST_F(create, no_file_descriptor)
{
	struct rlimit limit = { .rlim_cur = self->dev + 1, .rlim_max = 4096 };

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(-EMFILE, chan_create(self->dev, 4, 64));
}

/* The system's limit does not bind root: a child without rights finds it. */
TEST_F(create, no_file_in_the_system)
{
	int control = chan_create(self->dev, 4, 64);
	char old[32];
	pid_t pid;

	ASSERT_LE(0, control);
	ASSERT_TRUE(read_file(FILE_MAX, old, sizeof(old)));
	if (!write_file(FILE_MAX, "0"))
		SKIP(return, FILE_MAX ": not writable; be root");
	pid = fork();
	if (pid == 0) {
		if (setuid(65534))
			_exit(1);
		if (chan_create(self->dev, 4, 64) != -ENFILE)
			_exit(2);
		if (chan_endpoint(control, IPCRING_ROLE_PRODUCER, 0) != -ENFILE)
			_exit(3);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_TRUE(write_file(FILE_MAX, old));
	/* A failed endpoint leaves the role free. */
	EXPECT_EQ(0, chan_state(control));
	EXPECT_LE(0, chan_endpoint(control, IPCRING_ROLE_PRODUCER, 0));
	close(control);
}

/* The pages are the caller's: its memory cgroup pays, and says no. */
TEST_F(create, no_memory)
{
	const char *group = "/sys/fs/cgroup/ipcring-selftest";
	char path[96];
	pid_t pid;

	write_file("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	if (mkdir(group, 0700))
		SKIP(return, "%s: %s; needs cgroup2 and root", group, strerror(errno));
	snprintf(path, sizeof(path), "%s/memory.max", group);
	if (!write_file(path, "4194304")) {
		rmdir(group);
		SKIP(return, "%s: no memory controller", path);
	}
	snprintf(path, sizeof(path), "%s/cgroup.procs", group);
	pid = fork();
	if (pid == 0) {
		if (!write_file(path, "0"))
			_exit(1);
		if (chan_create(self->dev, 4096, 4088) != -ENOMEM)
			_exit(2);
		_exit(chan_create(self->dev, 4, 64) < 0 ? 3 : 0);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(0, rmdir(group));
}

TEST_F(create, features)
{
	const uint64_t want = IPCRING_FEAT_RW | IPCRING_FEAT_MMAP | IPCRING_FEAT_RECORDS |
			      IPCRING_FEAT_LANES | IPCRING_FEAT_NAMES;
	struct ipcring_features p = { .size = sizeof(p), .features = ~0ULL };

	ASSERT_EQ(0, errno_or(ioctl(self->dev, IPCRING_IOC_FEATURES, &p)));
	EXPECT_EQ(want, p.features & want);
	EXPECT_EQ(0, p.features & ~(2 * IPCRING_FEAT_PCQ_SERVICE - 1));
	EXPECT_EQ(sizeof(p), p.size);
}

TEST_F(create, fd_closes_on_exec)
{
	int fd = chan_create(self->dev, 4, 64);

	ASSERT_LE(0, fd);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	close(fd);
}

TEST_F(create, geometry)
{
	static const struct {
		uint32_t slots, msg_size, stride;
		uint64_t data_bytes;
	} row[] = {
		{ 1, 1, 64, 4096 },
		{ 64, 56, 64, 4096 },
		{ 64, 57, 128, 8192 },
		{ 2, 4096, 4160, 12288 },
		{ IPCRING_SLOTS_MAX, 56, 64, 4 << 20 },
		{ 512, IPCRING_MSG_MAX, 65600, 65600 * 512 },
	};

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		int fd = chan_create(self->dev, row[i].slots, row[i].msg_size);
		struct ipcring_info info;

		ASSERT_LE(0, fd);
		ASSERT_EQ(0, chan_info(fd, &info));
		EXPECT_EQ(sizeof(info), info.size);
		EXPECT_EQ(IPCRING_ROLE_CONTROL, info.role);
		EXPECT_EQ(row[i].slots, info.slots);
		EXPECT_EQ(row[i].msg_size, info.msg_size);
		EXPECT_EQ(row[i].stride, info.stride);
		EXPECT_EQ(row[i].data_bytes, info.data_bytes);
		EXPECT_EQ(0, info.state);
		EXPECT_EQ(0, info.prod_pos);
		EXPECT_EQ(0, info.cons_pos);
		close(fd);
	}
}

TEST_F(create, ids_are_never_reused)
{
	uint64_t last = 0;

	for (int i = 0; i < 8; i++) {
		int fd = chan_create(self->dev, 1, 1);
		struct ipcring_info info;

		ASSERT_LE(0, fd);
		ASSERT_EQ(0, chan_info(fd, &info));
		EXPECT_LT(last, info.id);
		last = info.id;
		close(fd);
	}
}

TEST_F(create, channel_outlives_the_device_file)
{
	int fd = chan_create(self->dev, 1, 1);

	ASSERT_LE(0, fd);
	close(self->dev);
	EXPECT_EQ(0, chan_state(fd));
	EXPECT_LE(0, chan_endpoint(fd, IPCRING_ROLE_PRODUCER, 0));
}

TEST_HARNESS_MAIN
