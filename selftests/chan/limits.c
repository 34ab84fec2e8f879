// SPDX-License-Identifier: GPL-2.0
/*
 * Each limit has its errno, and what was counted is given back: a limit that
 * leaves room for one channel is met a thousand times.
 */
#include "lane.h"
#include "peer.h"
#include "user.h"

#include <sys/resource.h>
#include <sys/stat.h>

#define MAX_RING	MODULE_PARAM("max_ring_bytes")
#define MAX_CHANNELS	MODULE_PARAM("max_user_channels")
#define MAX_BYTES	MODULE_PARAM("max_user_bytes")
#define FILE_MAX	"/proc/sys/fs/file-max"

FIXTURE(limits) {
	int dev;
	char old_ring[32];
	char old_channels[32];
	char old_bytes[32];
};

FIXTURE_SETUP(limits)
{
	OPEN_DEVICE(self->dev);
	if (!read_file(MAX_CHANNELS, self->old_channels, 32) ||
	    !read_file(MAX_BYTES, self->old_bytes, 32))
		SETUP_SKIP("no " MAX_CHANNELS " or " MAX_BYTES);
	ASSERT_TRUE(read_file(MAX_RING, self->old_ring, 32));
	if (!write_file(MAX_CHANNELS, self->old_channels))
		SETUP_SKIP(MAX_CHANNELS ": not writable; be root");
}

FIXTURE_TEARDOWN(limits)
{
	write_file(MAX_RING, self->old_ring);
	write_file(MAX_CHANNELS, self->old_channels);
	write_file(MAX_BYTES, self->old_bytes);
	close(self->dev);
}

static const struct user plain = { "user", 1000, 1000, 1000, 1000, .caps = 0 };
static const struct user other = { "other", 1001, 1001, 1001, 1001, .caps = 0 };
static const struct user resource = { "resource", 1000, 1000, 1000, 1000,
				      .caps = CAP(SYS_RESOURCE) };
static const struct user ipc_lock = { "ipc_lock", 1000, 1000, 1000, 1000,
				      .caps = CAP(IPC_LOCK) };

/* In a child: what it must find, or it ends. */
static void must(bool ok, int line, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "# limits.c:%d: %s\n", line, what);
	_exit(1);
}

#define MUST(x)	must(x, __LINE__, #x)

#define FDS	8

static void close_all(const int *fd, int nr)
{
	for (int i = 0; i < nr; i++)
		close(fd[i]);
}

static int three_channels(void *arg)
{
	int dev = *(int *)arg, fd[FDS];

	for (int round = 0; round < 300; round++) {
		for (int i = 0; i < 3; i++) {
			fd[i] = chan_create(dev, 1, 8);
			MUST(fd[i] >= 0);
		}
		MUST(chan_create(dev, 1, 8) == -EDQUOT);
		MUST(chan_create(dev, 3, 8) == -EINVAL);
		close(fd[1]);
		fd[1] = chan_create(dev, 1, 8);
		MUST(fd[1] >= 0);
		MUST(chan_create(dev, 1, 8) == -EDQUOT);
		close_all(fd, 3);
	}
	return 0;
}

static int four_channels(void *arg)
{
	for (int i = 0; i < 4; i++)
		MUST(chan_create(*(int *)arg, 1, 8) >= 0);
	return 0;
}

TEST_F(limits, channels_of_a_user)
{
	ASSERT_TRUE(write_file(MAX_CHANNELS, "3"));
	EXPECT_EQ(0, user_run(&plain, false, three_channels, &self->dev));
	/* Those of the dead are given back, and another user's are another's. */
	EXPECT_EQ(0, user_run(&plain, false, three_channels, &self->dev));
	EXPECT_EQ(0, user_run(&other, false, three_channels, &self->dev));
	EXPECT_EQ(0, user_run(&resource, false, four_channels, &self->dev));
}

static int hold(void *arg)
{
	int *pipe = arg;
	char byte;

	MUST(chan_create(pipe[2], 1, 8) >= 0);
	MUST(chan_create(pipe[2], 1, 8) == -EDQUOT);
	MUST(write(pipe[1], "x", 1) == 1);
	return read(pipe[0], &byte, 1) == 1 ? 0 : 2;
}

/* One count for all of a user's processes; a capability exempts, and is not counted out. */
TEST_F(limits, channels_of_all_processes)
{
	ASSERT_TRUE(write_file(MAX_CHANNELS, "1"));
	for (int round = 0; round < 10; round++) {
		int to[2], from[2], status;
		pid_t pid;

		ASSERT_EQ(0, pipe(to) || pipe(from));
		pid = fork_child();
		if (pid == 0) {
			int arg[3] = { to[0], from[1], self->dev };

			_exit(user_become(&plain) ? 99 : hold(arg));
		}
		ASSERT_EQ(1, read(from[0], &status, 1));
		if (round % 2)
			kill(pid, SIGKILL);
		ASSERT_EQ(1, write(to[1], "x", 1));
		EXPECT_EQ(round % 2 ? 128 + SIGKILL : 0, reap(pid));
		close(to[0]);
		close(to[1]);
		close(from[0]);
		close(from[1]);
	}
}

/* What holds a channel counts: an endpoint, a mapping. */
static int last_reference(void *arg)
{
	int dev = *(int *)arg, control = chan_create(dev, 1, 8), prod, other;
	void *mem;

	MUST(control >= 0);
	prod = chan_producer(control, 0);
	MUST(prod >= 0);
	close(control);
	MUST(chan_create(dev, 1, 8) == -EDQUOT);
	mem = map_region(prod, PROT_READ, IPCRING_OFF_DATA, 4096);
	MUST(mem != MAP_FAILED);
	close(prod);
	MUST(chan_create(dev, 1, 8) == -EDQUOT);
	munmap(mem, 4096);
	other = chan_create(dev, 1, 8);
	MUST(other >= 0);
	return 0;
}

TEST_F(limits, channel_counts_until_its_last_reference)
{
	ASSERT_TRUE(write_file(MAX_CHANNELS, "1"));
	EXPECT_EQ(0, user_run(&plain, false, last_reference, &self->dev));
}

/* 64 KiB of data and the pages beside fit twice into 256 KiB, four times they do not. */
static int bytes_of_user(void *arg)
{
	int dev = *(int *)arg, fd[FDS];

	for (int round = 0; round < 300; round++) {
		int n = 0;

		while (n < FDS && (fd[n] = CREATE_CHAN(dev, .slots = 1024, .msg_size = 56)) >= 0)
			n++;
		MUST(n == 2 || n == 3);
		MUST(fd[n] == -EDQUOT);
		MUST(CREATE_CHAN(dev, .slots = 8192, .msg_size = 56) == -EDQUOT);
		close_all(fd, n);
	}
	return 0;
}

/* Double mapping is no double memory; every lane is counted. */
static int bytes_of_kinds(void *arg)
{
	int dev = *(int *)arg, fd;

	fd = CREATE_CHAN(dev, .flags = IPCRING_CREATE_RECORDS, .bytes = 131072, .msg_size = 8);
	MUST(fd >= 0);
	close(fd);
	MUST(CREATE_CHAN(dev, .flags = IPCRING_CREATE_RECORDS, .bytes = 262144,
			 .msg_size = 8) == -EDQUOT);
	fd = CREATE_CHAN(dev, .slots = 1024, .msg_size = 56, .lanes = 2);
	MUST(fd >= 0);
	close(fd);
	MUST(CREATE_CHAN(dev, .slots = 1024, .msg_size = 56, .lanes = 4) == -EDQUOT);
	fd = CREATE_CHAN(dev, .slots = 1024, .msg_size = 56, .lanes = 2);
	MUST(fd >= 0);
	return 0;
}

static int bytes_unbound(void *arg)
{
	MUST(CREATE_CHAN(*(int *)arg, .slots = 8192, .msg_size = 56) >= 0);
	return 0;
}

TEST_F(limits, bytes_of_a_user)
{
	ASSERT_TRUE(write_file(MAX_BYTES, "262144"));
	EXPECT_EQ(0, user_run(&plain, false, bytes_of_user, &self->dev));
	EXPECT_EQ(0, user_run(&plain, false, bytes_of_kinds, &self->dev));
	EXPECT_EQ(0, user_run(&plain, false, bytes_of_user, &self->dev));
	EXPECT_EQ(0, user_run(&resource, false, bytes_unbound, &self->dev));
}

TEST_F(limits, data_of_all_lanes)
{
	int fd;

	ASSERT_TRUE(write_file(MAX_RING, "65536"));
	EXPECT_EQ(-E2BIG, CREATE_CHAN(self->dev, .slots = 2048, .msg_size = 56));
	EXPECT_EQ(-E2BIG, CREATE_CHAN(self->dev, .slots = 1024, .msg_size = 56, .lanes = 2));
	EXPECT_EQ(-E2BIG, CREATE_CHAN(self->dev, .slots = 65536, .msg_size = 65536, .lanes = 64));
	EXPECT_EQ(-E2BIG, CREATE_CHAN(self->dev, .flags = IPCRING_CREATE_RECORDS,
				      .bytes = 131072, .msg_size = 8));
	EXPECT_EQ(-E2BIG, CREATE_CHAN(self->dev, .flags = IPCRING_CREATE_RECORDS,
				      .bytes = 32768, .msg_size = 8, .lanes = 3));
	fd = CREATE_CHAN(self->dev, .slots = 1024, .msg_size = 56);
	EXPECT_LE(0, fd);
	close(fd);
	fd = CREATE_CHAN(self->dev, .flags = IPCRING_CREATE_RECORDS, .bytes = 65536,
			 .msg_size = 8);
	EXPECT_LE(0, fd);
	close(fd);
	fd = CREATE_CHAN(self->dev, .slots = 64, .msg_size = 56, .lanes = 16);
	EXPECT_LE(0, fd);
	close(fd);
}

static int set_memlock(size_t bytes)
{
	struct rlimit limit = { .rlim_cur = bytes, .rlim_max = RLIM_INFINITY };

	return errno_or(setrlimit(RLIMIT_MEMLOCK, &limit));
}

static int memlock(void *arg)
{
	int dev = *(int *)arg, fd[FDS];

	MUST(set_memlock(262144) == 0);
	for (int round = 0; round < 300; round++) {
		int n = 0;

		while (n < FDS && (fd[n] = CREATE_CHAN(dev, .slots = 1024, .msg_size = 56)) >= 0)
			n++;
		MUST(n == 2 || n == 3);
		MUST(fd[n] == -EPERM);
		close_all(fd, n);
	}
	MUST(CREATE_CHAN(dev, .slots = 4096, .msg_size = 56) == -EPERM);
	MUST(set_memlock(0) == 0);
	MUST(CREATE_CHAN(dev, .slots = 1, .msg_size = 8) == -EPERM);
	MUST(set_memlock(RLIM_INFINITY) == 0);
	MUST(CREATE_CHAN(dev, .slots = 4096, .msg_size = 56) >= 0);
	return 0;
}

static int memlock_exempt(void *arg)
{
	MUST(set_memlock(0) == 0);
	MUST(CREATE_CHAN(*(int *)arg, .slots = 4096, .msg_size = 56) >= 0);
	return 0;
}

TEST_F(limits, locked_memory)
{
	EXPECT_EQ(0, user_run(&plain, false, memlock, &self->dev));
	EXPECT_EQ(0, user_run(&plain, false, memlock, &self->dev));
	EXPECT_EQ(0, user_run(&ipc_lock, false, memlock_exempt, &self->dev));
	/* Who was exempt leaves nothing behind that somebody else must pay. */
	EXPECT_EQ(0, user_run(&plain, false, memlock, &self->dev));
}

/* A failure at the last step gives back what the steps before it took. */
static int no_fd(void *arg)
{
	struct rlimit limit = { .rlim_max = 4096 };
	int dev = *(int *)arg, control, first;

	first = dup(dev);
	close(first);
	limit.rlim_cur = first;
	MUST(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	for (int i = 0; i < 300; i++)
		MUST(CREATE_CHAN(dev, .slots = 1024, .msg_size = 56, .mode = 0600,
				 .name = "limits") == -EMFILE);
	limit.rlim_cur = first + 1;
	MUST(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	control = CREATE_CHAN(dev, .slots = 1024, .msg_size = 56, .mode = 0600, .name = "limits");
	MUST(control >= 0);
	for (int i = 0; i < 300; i++) {
		MUST(chan_producer(control, 0) == -EMFILE);
		MUST(chan_consumer(control) == -EMFILE);
		MUST(chan_observer(control) == -EMFILE);
		MUST(chan_open(dev, "limits", IPCRING_ROLE_PRODUCER) == -EMFILE);
	}
	limit.rlim_cur = 4096;
	MUST(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	MUST(chan_open(dev, "limits", IPCRING_ROLE_PRODUCER) >= 0);
	MUST(chan_consumer(control) >= 0);
	return 0;
}

TEST_F(limits, no_file_descriptor)
{
	ASSERT_TRUE(write_file(MAX_CHANNELS, "1"));
	ASSERT_TRUE(write_file(MAX_BYTES, "131072"));
	EXPECT_EQ(0, user_run(&plain, false, no_fd, &self->dev));
	EXPECT_EQ(0, user_run(&plain, false, no_fd, &self->dev));
}

static int no_file(void *arg)
{
	int *fd = arg;

	for (int i = 0; i < 300; i++) {
		MUST(CREATE_CHAN(fd[0], .slots = 1024, .msg_size = 56, .mode = 0600,
				 .name = "limits2") == -ENFILE);
		MUST(chan_producer(fd[1], 0) == -ENFILE);
		MUST(chan_consumer(fd[1]) == -ENFILE);
		MUST(chan_observer(fd[1]) == -ENFILE);
		MUST(chan_open(fd[0], "limits", IPCRING_ROLE_CONSUMER) == -ENFILE);
	}
	return 0;
}

TEST_F(limits, no_file_in_the_system)
{
	int fd[2] = { self->dev, chan_create_named(self->dev, "limits", 0777) };
	char old[32];

	ASSERT_LE(0, fd[1]);
	ASSERT_TRUE(read_file(FILE_MAX, old, sizeof(old)));
	ASSERT_TRUE(write_file(MAX_CHANNELS, "1"));
	ASSERT_TRUE(write_file(MAX_BYTES, "131072"));
	ASSERT_TRUE(write_file(FILE_MAX, "0"));
	EXPECT_EQ(0, user_run(&plain, false, no_file, fd));
	EXPECT_TRUE(write_file(FILE_MAX, old));
	EXPECT_EQ(0, chan_state(fd[1]));
	EXPECT_LE(0, chan_producer(fd[1], 0));
	EXPECT_LE(0, chan_consumer(fd[1]));
	close(fd[1]);
}

#define GROUP	"/sys/fs/cgroup/ipcring-limits"

static long group_bytes(void)
{
	char text[32];

	return read_file(GROUP "/memory.current", text, sizeof(text)) ? atol(text) : -1;
}

/* 16 MiB of data, of one lane, of 64, of records: the group pays, and gets it back. */
static int in_group(int dev)
{
	struct ipcring_create kind[] = {
		{ .slots = 4096, .msg_size = 4088 },
		{ .slots = 64, .msg_size = 4088, .lanes = 64 },
		{ .flags = IPCRING_CREATE_RECORDS, .bytes = 16 << 20, .msg_size = 64 },
	};
	const long size = 16 << 20, slack = 2 << 20;

	for (size_t i = 0; i < 3 * ARRAY_LEN(kind); i++) {
		struct ipcring_create *p = &kind[i % ARRAY_LEN(kind)];
		long before = group_bytes(), during;
		int fd;

		p->size = sizeof(*p);
		fd = chan_create_param(dev, p);
		MUST(fd >= 0);
		during = group_bytes();
		MUST(during >= before + size - slack && during <= before + size + slack);
		close(fd);
		MUST(group_bytes() <= before + slack);
	}
	MUST(write_file(GROUP "/memory.max", "8388608"));
	for (size_t i = 0; i < ARRAY_LEN(kind); i++)
		MUST(chan_create_param(dev, &kind[i]) == -ENOMEM);
	MUST(group_bytes() <= slack);
	MUST(chan_create(dev, 64, 4088) >= 0);
	return 0;
}

TEST_F_TIMEOUT(limits, memory_cgroup, 120)
{
	pid_t pid;

	write_file("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	if (mkdir(GROUP, 0700))
		SKIP(return, GROUP ": %s; needs cgroup2 and root", strerror(errno));
	if (group_bytes() < 0) {
		rmdir(GROUP);
		SKIP(return, GROUP ": no memory controller");
	}
	pid = fork_child();
	if (pid == 0)
		_exit(write_file(GROUP "/cgroup.procs", "0") ? in_group(self->dev) : 2);
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(0, rmdir(GROUP));
}

TEST_HARNESS_MAIN
