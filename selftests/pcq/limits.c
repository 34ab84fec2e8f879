// SPDX-License-Identifier: GPL-2.0
/*
 * Each limit of CREATE has its errno, and what was counted is given back: a limit that
 * leaves room for one set is met many times. Sizes depend on the possible CPUs.
 */
#include "set.h"
#include "peer.h"
#include "user.h"

#include <sys/resource.h>
#include <sys/stat.h>

#define MAX_RING	MODULE_PARAM("max_ring_bytes")
#define MAX_CHANNELS	MODULE_PARAM("max_user_channels")
#define MAX_BYTES	MODULE_PARAM("max_user_bytes")
#define FILE_MAX	"/proc/sys/fs/file-max"
#define ROUNDS		30

/* A set of 64 slots of 64 bytes: one page a lane. */
#define SMALL		.slots = 64, .msg_size = 48
/* 16 pages a lane. */
#define LARGE		.slots = 1024, .msg_size = 48

struct arg {
	int dev;
	int control;
	uint64_t large;		/* bytes of all lanes of a LARGE set */
	uint64_t most;		/* more than all of its memory */
};

FIXTURE(limits) {
	struct arg a;
	char old_ring[32];
	char old_channels[32];
	char old_bytes[32];
};

FIXTURE_SETUP(limits)
{
	struct ipcring_pcq_info info;

	OPEN_DEVICE(self->a.dev);
	ASSERT_TRUE(read_file(MAX_CHANNELS, self->old_channels, 32));
	ASSERT_TRUE(read_file(MAX_BYTES, self->old_bytes, 32));
	ASSERT_TRUE(read_file(MAX_RING, self->old_ring, 32));
	if (!write_file(MAX_CHANNELS, self->old_channels))
		SETUP_SKIP(MAX_CHANNELS ": not writable; be root");
	self->a.control = PCQ_CREATE(self->a.dev, LARGE);
	ASSERT_LE(0, self->a.control);
	ASSERT_EQ(0, pcq_info(self->a.control, &info));
	self->a.large = 2 * info.data_bytes * info.cpus;
	self->a.most = self->a.large + 16ULL * 4096 * info.cpus;
}

FIXTURE_TEARDOWN(limits)
{
	write_file(MAX_RING, self->old_ring);
	write_file(MAX_CHANNELS, self->old_channels);
	write_file(MAX_BYTES, self->old_bytes);
	close(self->a.control);
	close(self->a.dev);
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

static bool write_number(const char *path, uint64_t n)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
	return write_file(path, text);
}

/* A set counts as a channel, beside them. */
static int two(void *arg)
{
	const struct arg *a = arg;
	int fd[2];

	for (int round = 0; round < ROUNDS; round++) {
		fd[0] = PCQ_CREATE(a->dev, SMALL);
		MUST(fd[0] >= 0);
		fd[1] = round % 2 ? PCQ_CREATE(a->dev, SMALL) : chan_create(a->dev, 1, 8);
		MUST(fd[1] >= 0);
		MUST(PCQ_CREATE(a->dev, SMALL) == -EDQUOT);
		MUST(chan_create(a->dev, 1, 8) == -EDQUOT);
		/* What is wrong is wrong before it is too much. */
		MUST(PCQ_CREATE(a->dev, .slots = 3, .msg_size = 8) == -EINVAL);
		close(fd[0]);
		close(fd[1]);
	}
	return 0;
}

static int three(void *arg)
{
	for (int i = 0; i < 3; i++)
		MUST(PCQ_CREATE(((struct arg *)arg)->dev, SMALL) >= 0);
	return 0;
}

TEST_F_TIMEOUT(limits, sets_of_a_user, 120)
{
	ASSERT_TRUE(write_file(MAX_CHANNELS, "2"));
	EXPECT_EQ(0, user_run(&plain, false, two, &self->a));
	/* Those of the dead are given back, and another user's are another's. */
	EXPECT_EQ(0, user_run(&plain, false, two, &self->a));
	EXPECT_EQ(0, user_run(&other, false, two, &self->a));
	EXPECT_EQ(0, user_run(&resource, false, three, &self->a));
}

/* What holds a set counts: an endpoint, a mapping. */
static int last_reference(void *arg)
{
	int dev = ((struct arg *)arg)->dev, control = PCQ_CREATE(dev, SMALL), receiver;
	void *mem;

	MUST(control >= 0);
	receiver = pcq_receiver(control, 0);
	MUST(receiver >= 0);
	close(control);
	MUST(PCQ_CREATE(dev, SMALL) == -EDQUOT);
	mem = map_region(receiver, PROT_READ, IPCRING_PCQ_OFF_STATE, 4096);
	MUST(mem != MAP_FAILED);
	close(receiver);
	MUST(PCQ_CREATE(dev, SMALL) == -EDQUOT);
	munmap(mem, 4096);
	MUST(PCQ_CREATE(dev, SMALL) >= 0);
	return 0;
}

TEST_F(limits, counts_until_its_last_reference)
{
	ASSERT_TRUE(write_file(MAX_CHANNELS, "1"));
	EXPECT_EQ(0, user_run(&plain, false, last_reference, &self->a));
}

static int one_large(void *arg)
{
	const struct arg *a = arg;

	for (int round = 0; round < ROUNDS; round++) {
		int fd = PCQ_CREATE(a->dev, LARGE);

		MUST(fd >= 0);
		MUST(PCQ_CREATE(a->dev, LARGE) == -EDQUOT);
		close(fd);
		MUST(PCQ_CREATE(a->dev, .slots = 4096, .msg_size = 48) == -EDQUOT);
	}
	return 0;
}

static int unbound(void *arg)
{
	MUST(PCQ_CREATE(((struct arg *)arg)->dev, .slots = 4096, .msg_size = 48) >= 0);
	return 0;
}

TEST_F_TIMEOUT(limits, bytes_of_a_user, 120)
{
	ASSERT_TRUE(write_number(MAX_BYTES, self->a.most));
	EXPECT_EQ(0, user_run(&plain, false, one_large, &self->a));
	EXPECT_EQ(0, user_run(&plain, false, one_large, &self->a));
	EXPECT_EQ(0, user_run(&resource, false, unbound, &self->a));
	/* All lanes of all possible CPUs count. */
	ASSERT_TRUE(write_number(MAX_BYTES, self->a.large - 1));
	EXPECT_EQ(1, user_run(&plain, false, one_large, &self->a));
}

/* The data of all lanes of all possible CPUs, exactly. */
TEST_F(limits, data_of_all_lanes)
{
	int fd;

	ASSERT_TRUE(write_number(MAX_RING, self->a.large));
	fd = PCQ_CREATE(self->a.dev, LARGE);
	EXPECT_LE(0, fd);
	close(fd);
	EXPECT_EQ(-E2BIG, PCQ_CREATE(self->a.dev, .slots = 2048, .msg_size = 48));
	EXPECT_EQ(-E2BIG, PCQ_CREATE(self->a.dev, .slots = 1024, .msg_size = 49));
	EXPECT_EQ(-E2BIG, PCQ_CREATE(self->a.dev, .slots = 65536, .msg_size = 4080));
	ASSERT_TRUE(write_number(MAX_RING, self->a.large - 1));
	EXPECT_EQ(-E2BIG, PCQ_CREATE(self->a.dev, LARGE));
	ASSERT_TRUE(write_number(MAX_RING, 0));
	EXPECT_EQ(-E2BIG, PCQ_CREATE(self->a.dev, .slots = 2, .msg_size = 1));
}

static int set_memlock(uint64_t bytes)
{
	struct rlimit limit = { .rlim_cur = bytes, .rlim_max = RLIM_INFINITY };

	return errno_or(setrlimit(RLIMIT_MEMLOCK, &limit));
}

static int memlock(void *arg)
{
	const struct arg *a = arg;

	MUST(set_memlock(a->most) == 0);
	for (int round = 0; round < ROUNDS; round++) {
		int fd = PCQ_CREATE(a->dev, LARGE);

		MUST(fd >= 0);
		MUST(PCQ_CREATE(a->dev, LARGE) == -EPERM);
		close(fd);
	}
	MUST(set_memlock(a->large - 1) == 0);
	MUST(PCQ_CREATE(a->dev, LARGE) == -EPERM);
	MUST(set_memlock(0) == 0);
	MUST(PCQ_CREATE(a->dev, .slots = 2, .msg_size = 1) == -EPERM);
	MUST(set_memlock(RLIM_INFINITY) == 0);
	MUST(PCQ_CREATE(a->dev, LARGE) >= 0);
	return 0;
}

static int memlock_exempt(void *arg)
{
	MUST(set_memlock(0) == 0);
	MUST(PCQ_CREATE(((struct arg *)arg)->dev, LARGE) >= 0);
	return 0;
}

TEST_F_TIMEOUT(limits, locked_memory, 120)
{
	EXPECT_EQ(0, user_run(&plain, false, memlock, &self->a));
	EXPECT_EQ(0, user_run(&plain, false, memlock, &self->a));
	EXPECT_EQ(0, user_run(&ipc_lock, false, memlock_exempt, &self->a));
	/* Who was exempt leaves nothing behind that somebody else must pay. */
	EXPECT_EQ(0, user_run(&plain, false, memlock, &self->a));
}

/* A failure at the last step gives back what the steps before it took. */
static int no_fd(void *arg)
{
	const struct arg *a = arg;
	struct rlimit limit = { .rlim_max = 4096 };
	int control, first = dup(a->dev);
	char buf[64];

	close(first);
	limit.rlim_cur = first;
	MUST(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	for (int i = 0; i < ROUNDS; i++)
		MUST(PCQ_CREATE(a->dev, LARGE) == -EMFILE);
	limit.rlim_cur = first + 1;
	MUST(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	control = PCQ_CREATE(a->dev, LARGE);
	MUST(control >= 0);
	for (int i = 0; i < ROUNDS; i++) {
		MUST(pcq_sender(control, 0) == -EMFILE);
		MUST(pcq_receiver(control, i % 2 ? ANY : 0) == -EMFILE);
		MUST(pcq_observer(control) == -EMFILE);
	}
	limit.rlim_cur = 4096;
	MUST(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	/* Nobody was there for a moment: a peer that never was is no hangup. */
	first = pcq_endpoint(control, IPCRING_PCQ_RECEIVER, 0, IPCRING_PCQ_EP_NONBLOCK);
	MUST(first >= 0);
	MUST(chan_read(first, buf, sizeof(buf)) == -EAGAIN);
	return 0;
}

TEST_F_TIMEOUT(limits, no_file_descriptor, 120)
{
	ASSERT_TRUE(write_file(MAX_CHANNELS, "1"));
	ASSERT_TRUE(write_number(MAX_BYTES, self->a.most));
	EXPECT_EQ(0, user_run(&plain, false, no_fd, &self->a));
	EXPECT_EQ(0, user_run(&plain, false, no_fd, &self->a));
}

static int no_file(void *arg)
{
	const struct arg *a = arg;

	for (int i = 0; i < ROUNDS; i++) {
		MUST(PCQ_CREATE(a->dev, LARGE) == -ENFILE);
		MUST(pcq_sender(a->control, ANY) == -ENFILE);
		MUST(pcq_receiver(a->control, i % 2 ? ANY : 0) == -ENFILE);
		MUST(pcq_observer(a->control) == -ENFILE);
	}
	return 0;
}

TEST_F_TIMEOUT(limits, no_file_in_the_system, 120)
{
	char old[32];
	int fd;

	ASSERT_TRUE(read_file(FILE_MAX, old, sizeof(old)));
	ASSERT_TRUE(write_file(MAX_CHANNELS, "1"));
	ASSERT_TRUE(write_number(MAX_BYTES, self->a.most));
	ASSERT_TRUE(write_file(FILE_MAX, "0"));
	EXPECT_EQ(0, user_run(&plain, false, no_file, &self->a));
	EXPECT_TRUE(write_file(FILE_MAX, old));
	fd = pcq_sender(self->a.control, 0);
	EXPECT_LE(0, fd);
	close(fd);
}

#define GROUP	"/sys/fs/cgroup/ipcring-pcq-limits"

static int64_t group_bytes(void)
{
	char text[32];

	return read_file(GROUP "/memory.current", text, sizeof(text)) ? atoll(text) : -1;
}

/* Sixteen megabytes or more of lanes: the group pays, and gets it back. */
static int in_group(const struct arg *a)
{
	const int64_t least = 16 << 20, slack = 4 << 20;
	uint32_t slots = 1024;
	int64_t size = a->large;

	for (; size < least; size *= 2)
		slots *= 2;
	for (int i = 0; i < 5; i++) {
		int64_t before = group_bytes(), during;
		int fd = PCQ_CREATE(a->dev, .slots = slots, .msg_size = 48);

		MUST(fd >= 0);
		during = group_bytes();
		MUST(during >= before + size - slack && during <= before + size + slack);
		close(fd);
		MUST(group_bytes() <= before + slack);
	}
	MUST(write_number(GROUP "/memory.max", size / 2));
	MUST(PCQ_CREATE(a->dev, .slots = slots, .msg_size = 48) == -ENOMEM);
	MUST(group_bytes() <= slack);
	MUST(PCQ_CREATE(a->dev, SMALL) >= 0);
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
		_exit(write_file(GROUP "/cgroup.procs", "0") ? in_group(&self->a) : 2);
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(0, rmdir(GROUP));
}

TEST_HARNESS_MAIN
