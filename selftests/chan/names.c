// SPDX-License-Identifier: GPL-2.0
/* Names: what one may be, how long it lives, and what OPEN gives. */
#include "open.h"
#include "peer.h"

#define NAME	"ipcring-selftest"

FIXTURE(names) {
	int dev;
	char buf[64];
};

FIXTURE_SETUP(names)
{
	OPEN_DEVICE(self->dev);
	if (!(chan_features(self->dev) & IPCRING_FEAT_NAMES))
		SETUP_SKIP("this module knows no names");
}

FIXTURE_TEARDOWN(names)
{
	close(self->dev);
}

static int create_bytes(int dev, const void *name, size_t len, uint32_t mode)
{
	struct ipcring_create p = { .size = sizeof(p), .slots = 4, .msg_size = 64, .mode = mode };

	memcpy(p.name, name, len);
	return chan_create_param(dev, &p);
}

static uint64_t id_of(int fd)
{
	struct ipcring_info info;

	return chan_info(fd, &info) ? 0 : info.id;
}

TEST_F(names, bad_bytes)
{
	char name[4] = "a?b";

	EXPECT_EQ(-EINVAL, create_bytes(self->dev, "/", 2, 0600));
	EXPECT_EQ(-EINVAL, create_bytes(self->dev, "a/b", 4, 0600));
	for (int c = 1; c < 256; c++) {
		bool bad = c < 32 || c == 127 || c == '/';
		int fd;

		name[1] = c;
		fd = create_bytes(self->dev, name, 4, 0600);
		EXPECT_TRUE(bad ? fd == -EINVAL : fd >= 0)
			TH_LOG("byte %#x gave %d", c, fd);
		if (fd >= 0)
			close(fd);
	}
}

TEST_F(names, without_an_end)
{
	char name[IPCRING_NAME_SIZE];
	int fd;

	memset(name, 'x', sizeof(name));
	EXPECT_EQ(-EINVAL, create_bytes(self->dev, name, sizeof(name), 0600));
	name[63] = '\0';
	fd = create_bytes(self->dev, name, sizeof(name), 0600);
	ASSERT_LE(0, fd);
	EXPECT_LE(0, chan_open(self->dev, name, IPCRING_ROLE_OBSERVER));
	name[62] = '\0';
	EXPECT_EQ(-ENOENT, chan_open(self->dev, name, IPCRING_ROLE_OBSERVER));
	close(fd);
}

/* Neither 1..63 bytes, then NULs, nor all 0. */
TEST_F(names, bytes_behind_the_end)
{
	EXPECT_EQ(-EINVAL, create_bytes(self->dev, "a\0b", 4, 0600));
	EXPECT_EQ(-EINVAL, create_bytes(self->dev, "\0x", 2, 0));
	EXPECT_EQ(-EINVAL, create_bytes(self->dev, "\0x", 2, 0600));
}

TEST_F(names, mode)
{
	int fd;

	EXPECT_EQ(-EINVAL, create_bytes(self->dev, "", 0, 0600));
	EXPECT_EQ(-EINVAL, create_bytes(self->dev, NAME, sizeof(NAME), 01000));
	EXPECT_EQ(-EINVAL, create_bytes(self->dev, NAME, sizeof(NAME), ~0u));
	EXPECT_EQ(-ENOENT, chan_open(self->dev, NAME, IPCRING_ROLE_OBSERVER));
	fd = create_bytes(self->dev, NAME, sizeof(NAME), 0777);
	EXPECT_LE(0, fd);
	close(fd);
	fd = create_bytes(self->dev, NAME, sizeof(NAME), 0);
	EXPECT_LE(0, fd);
	close(fd);
}

TEST_F(names, open_arguments)
{
	struct ipcring_open p = { .size = sizeof(p), .role = IPCRING_ROLE_PRODUCER };
	int control = chan_create_named(self->dev, NAME, 0777);

	ASSERT_LE(0, control);
	name_set(p.name, NAME);
	EXPECT_EQ(-EFAULT, errno_or(ioctl(self->dev, IPCRING_IOC_OPEN, BAD_PTR)));
	p.size = sizeof(p) - 1;
	EXPECT_EQ(-EINVAL, errno_or(ioctl(self->dev, IPCRING_IOC_OPEN, &p)));
	p.size = sizeof(p);
	p.flags = 1u << 31;
	EXPECT_EQ(-EINVAL, errno_or(ioctl(self->dev, IPCRING_IOC_OPEN, &p)));

	EXPECT_EQ(-EINVAL, chan_open(self->dev, NAME, IPCRING_ROLE_CONTROL));
	EXPECT_EQ(-EINVAL, chan_open(self->dev, NAME, IPCRING_ROLE_OBSERVER + 1));
	EXPECT_EQ(-EINVAL, chan_open(self->dev, NAME, ~0u));
	EXPECT_EQ(-EINVAL, chan_open_lane(self->dev, NAME, IPCRING_ROLE_PRODUCER, 1, 0));
	EXPECT_EQ(-EINVAL, chan_open_lane(self->dev, NAME, IPCRING_ROLE_CONSUMER, 1, 0));
	EXPECT_EQ(-EINVAL, chan_open_lane(self->dev, NAME, IPCRING_ROLE_CONSUMER, 0,
					  IPCRING_EP_ANY_LANE));
	EXPECT_EQ(0, chan_state(control));
	close(control);
}

/* A name that is taken leaves what is there alone. */
TEST_F(names, taken)
{
	int control = chan_create_named(self->dev, NAME, 0600);
	int fd;

	ASSERT_LE(0, control);
	EXPECT_EQ(-EEXIST, chan_create_named(self->dev, NAME, 0600));
	EXPECT_EQ(-EEXIST, chan_create_named(self->dev, NAME, 0777));
	fd = chan_open(self->dev, NAME, IPCRING_ROLE_OBSERVER);
	ASSERT_LE(0, fd);
	EXPECT_EQ(id_of(control), id_of(fd));
	close(fd);
	close(control);
}

TEST_F(names, unknown)
{
	int control = chan_create_named(self->dev, NAME, 0600);

	ASSERT_LE(0, control);
	EXPECT_EQ(-ENOENT, chan_open(self->dev, "ipcring-selftes", IPCRING_ROLE_OBSERVER));
	EXPECT_EQ(-ENOENT, chan_open(self->dev, "ipcring-selftest2", IPCRING_ROLE_OBSERVER));
	EXPECT_EQ(-ENOENT, chan_open(self->dev, "Ipcring-selftest", IPCRING_ROLE_OBSERVER));
	close(control);
	EXPECT_EQ(-ENOENT, chan_open(self->dev, NAME, IPCRING_ROLE_OBSERVER));
}

/* A channel without a name is found by none. */
TEST_F(names, none)
{
	int control = chan_create(self->dev, 4, 64);
	int fd = chan_open(self->dev, "", IPCRING_ROLE_OBSERVER);

	ASSERT_LE(0, control);
	EXPECT_TRUE(fd == -EINVAL || fd == -ENOENT);
	close(control);
}

TEST_F(names, open_gives_the_role)
{
	static const uint32_t role[] = {
		IPCRING_ROLE_PRODUCER, IPCRING_ROLE_CONSUMER, IPCRING_ROLE_OBSERVER,
	};
	int control = chan_create_named(self->dev, NAME, 0700);

	ASSERT_LE(0, control);
	for (size_t i = 0; i < ARRAY_LEN(role); i++) {
		int fd = chan_open(self->dev, NAME, role[i]);
		struct ipcring_info info;

		ASSERT_LE(0, fd);
		EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
		EXPECT_EQ(0, fcntl(fd, F_GETFL) & O_NONBLOCK);
		ASSERT_EQ(0, chan_info(fd, &info));
		EXPECT_EQ(role[i], info.role);
		EXPECT_EQ(id_of(control), info.id);
		if (role[i] != IPCRING_ROLE_OBSERVER)
			EXPECT_EQ(-EBUSY, chan_open(self->dev, NAME, role[i]));
		close(fd);
	}
	close(control);
}

TEST_F(names, open_takes_flags_and_lanes)
{
	struct ipcring_create p = { .size = sizeof(p), .slots = 4, .msg_size = 64, .lanes = 3,
				    .mode = 0600, .name = NAME };
	int control = chan_create_param(self->dev, &p), lane2, fd;
	struct ipcring_info info;

	ASSERT_LE(0, control);
	lane2 = chan_open_lane(self->dev, NAME, IPCRING_ROLE_PRODUCER, 2, IPCRING_EP_NONBLOCK);
	ASSERT_LE(0, lane2);
	EXPECT_NE(0, fcntl(lane2, F_GETFL) & O_NONBLOCK);
	ASSERT_EQ(0, chan_info(lane2, &info));
	EXPECT_EQ(2, info.lane);
	EXPECT_EQ(-EBUSY, chan_open_lane(self->dev, NAME, IPCRING_ROLE_PRODUCER, 2, 0));
	EXPECT_EQ(-EINVAL, chan_open_lane(self->dev, NAME, IPCRING_ROLE_PRODUCER, 3, 0));
	for (uint32_t i = 0; i < 2; i++) {
		fd = chan_open_lane(self->dev, NAME, IPCRING_ROLE_PRODUCER, 0,
				    IPCRING_EP_ANY_LANE);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, chan_info(fd, &info));
		EXPECT_EQ(i, info.lane);
	}
	EXPECT_EQ(-EBUSY, chan_open_lane(self->dev, NAME, IPCRING_ROLE_PRODUCER, 0,
					 IPCRING_EP_ANY_LANE));
	close(control);
}

TEST_F(names, unrelated_ends_meet)
{
	int control = chan_create_named(self->dev, NAME, 0600);
	pid_t pid = fork_child();

	if (pid == 0) {
		int dev = open(DEVICE, O_RDWR);
		int prod = chan_open(dev, NAME, IPCRING_ROLE_PRODUCER);

		_exit(chan_write(prod, "by name", 7) == 7 ? 0 : 1);
	}
	ASSERT_LE(0, control);
	ASSERT_EQ(0, reap(pid));
	EXPECT_EQ(7, chan_read(chan_open(self->dev, NAME, IPCRING_ROLE_CONSUMER),
			       self->buf, sizeof(self->buf)));
	EXPECT_EQ(0, memcmp(self->buf, "by name", 7));
	close(control);
}

/* The name is the control file's; the channel is everybody's. */
TEST_F(names, free_while_endpoints_live)
{
	int control = chan_create_named(self->dev, NAME, 0600), second, fd;
	int prod = chan_open(self->dev, NAME, IPCRING_ROLE_PRODUCER);
	int cons = chan_open(self->dev, NAME, IPCRING_ROLE_CONSUMER);
	uint64_t id = id_of(control);

	ASSERT_LE(0, prod);
	ASSERT_LE(0, cons);
	ASSERT_EQ(1, chan_write(prod, "a", 1));
	close(control);
	EXPECT_EQ(-ENOENT, chan_open(self->dev, NAME, IPCRING_ROLE_OBSERVER));
	ASSERT_EQ(1, chan_write(prod, "b", 1));
	EXPECT_EQ(1, chan_read(cons, self->buf, sizeof(self->buf)));

	second = chan_create_named(self->dev, NAME, 0600);
	ASSERT_LE(0, second);
	fd = chan_open(self->dev, NAME, IPCRING_ROLE_CONSUMER);
	ASSERT_LE(0, fd);
	EXPECT_NE(id, id_of(fd));
	EXPECT_EQ(id, id_of(cons));
	EXPECT_EQ(-ETIMEDOUT, chan_wait(fd, 0));
	EXPECT_EQ(1, chan_read(cons, self->buf, sizeof(self->buf)));
	EXPECT_EQ('b', self->buf[0]);
	close(prod);
	EXPECT_EQ(0, chan_read(cons, self->buf, sizeof(self->buf)));
	/* The dead channel's end leaves its namesake alone. */
	close(cons);
	EXPECT_EQ(0, chan_wake(fd));
	EXPECT_LE(0, chan_open(self->dev, NAME, IPCRING_ROLE_OBSERVER));
	close(second);
}

TEST_F(names, lives_with_the_last_control_fd)
{
	int control = chan_create_named(self->dev, NAME, 0600), copy = dup(control);
	pid_t pid;

	ASSERT_LE(0, copy);
	close(control);
	EXPECT_EQ(-EEXIST, chan_create_named(self->dev, NAME, 0600));
	pid = fork_child();
	if (pid == 0)
		pause();
	close(copy);
	EXPECT_LE(0, chan_open(self->dev, NAME, IPCRING_ROLE_OBSERVER));
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, reap(pid));
	EXPECT_EQ(-ENOENT, chan_open(self->dev, NAME, IPCRING_ROLE_OBSERVER));
}

/* What fails leaves no name behind. */
TEST_F(names, failed_create_takes_no_name)
{
	struct ipcring_create p = { .size = sizeof(p), .slots = 65536, .msg_size = 65536,
				    .mode = 0600, .name = NAME };
	int control;

	EXPECT_EQ(-E2BIG, chan_create_param(self->dev, &p));
	EXPECT_EQ(-ENOENT, chan_open(self->dev, NAME, IPCRING_ROLE_OBSERVER));
	control = chan_create_named(self->dev, NAME, 0600);
	EXPECT_LE(0, control);
	close(control);
}

struct race {
	int dev;
	int rounds;
	uint32_t tries;
	uint32_t won;
	uint32_t wrong;
	bool over;
};

/* An fd of a live channel, or no such name; anything else is wrong. */
static void *race_open(void *arg)
{
	struct race *r = arg;

	while (!__atomic_load_n(&r->over, __ATOMIC_ACQUIRE)) {
		int fd = chan_open_lane(r->dev, NAME, IPCRING_ROLE_PRODUCER, 0,
					IPCRING_EP_NONBLOCK);

		__atomic_add_fetch(&r->tries, 1, __ATOMIC_RELAXED);
		if (fd >= 0) {
			int ret = chan_write(fd, "x", 1);

			if (!id_of(fd) || (ret != 1 && ret != -EAGAIN))
				__atomic_add_fetch(&r->wrong, 1, __ATOMIC_RELAXED);
			__atomic_add_fetch(&r->won, 1, __ATOMIC_RELAXED);
			close(fd);
		} else if (fd != -ENOENT && fd != -EBUSY) {
			__atomic_add_fetch(&r->wrong, 1, __ATOMIC_RELAXED);
		}
	}
	return NULL;
}

TEST_F(names, race_of_open_against_close)
{
	struct race race = { .dev = self->dev };
	pthread_t thread[2];

	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, race_open, &race));
	for (int i = 0; i < 1000; i++) {
		uint32_t tries = __atomic_load_n(&race.tries, __ATOMIC_RELAXED);
		int control = chan_create_named(self->dev, NAME, 0600);

		ASSERT_LE(0, control);
		/* Every other time somebody has the time to open it. */
		while (i % 2 && __atomic_load_n(&race.tries, __ATOMIC_RELAXED) - tries < 3)
			sched_yield();
		close(control);
	}
	__atomic_store_n(&race.over, true, __ATOMIC_RELEASE);
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	EXPECT_EQ(0, race.wrong);
	EXPECT_LE(100, race.won);
}

/* Of those who create the same name at once, one does; @won counts the holders. */
static void *race_create(void *arg)
{
	struct race *r = arg;

	for (int i = 0; i < r->rounds; i++) {
		int fd = chan_create_named(r->dev, NAME, 0600);

		if (fd == -EEXIST)
			continue;
		if (fd < 0 || __atomic_add_fetch(&r->won, 1, __ATOMIC_SEQ_CST) != 1)
			__atomic_add_fetch(&r->wrong, 1, __ATOMIC_RELAXED);
		if (i % 3 == 0)
			sched_yield();
		__atomic_sub_fetch(&r->won, 1, __ATOMIC_SEQ_CST);
		close(fd);
	}
	return NULL;
}

TEST_F(names, race_of_create_against_create)
{
	struct race race = { .dev = self->dev, .rounds = 1000 };
	pthread_t thread[3];

	for (int i = 0; i < 3; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, race_create, &race));
	for (int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	EXPECT_EQ(0, race.wrong);
	EXPECT_EQ(-ENOENT, chan_open(self->dev, NAME, IPCRING_ROLE_OBSERVER));
}

TEST_HARNESS_MAIN
