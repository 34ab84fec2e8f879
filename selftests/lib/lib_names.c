// SPDX-License-Identifier: GPL-2.0
/* libipcring: channels by name: who finds them, who may, and what a dead creator leaves. */
#include "lib.h"
#include "wrap.h"
#include <grp.h>

#define USER	65534
#define OTHER	65533

static void give_way(void)
{
	for (int i = 0; i < 10; i++)
		sched_yield();
}

int __wrap_fstat(int fd, struct stat *st)
{
	give_way();
	return __real_fstat(fd, st);
}

int __wrap_unlink(const char *path)
{
	give_way();
	return __real_unlink(path);
}

static struct ipcring_options named(const char *name, __u32 mode)
{
	return (struct ipcring_options){
		.name = name, .mode = mode, .slots = 4, .msg_size = 64, .consumers = 2, .lanes = 2,
	};
}

TEST_F(lib, found_while_the_control_is_open)
{
	struct ipcring_options opt = named(self->name, 0600);
	struct ipcring *control, *again, *out, *in;

	NEED(NAMES);
	EXPECT_EQ(-ENOENT, ipcring_open(self->name, PRODUCER, 0, 0, &out));
	ASSERT_EQ(0, ipcring_create(&opt, &control));
	EXPECT_EQ(-EEXIST, ipcring_create(&opt, &again));
	ASSERT_EQ(0, ipcring_open(self->name, PRODUCER, 0, 0, &out));
	EXPECT_EQ(-EBUSY, ipcring_open(self->name, PRODUCER, 0, 0, &again));
	EXPECT_EQ(-EINVAL, ipcring_open(self->name, PRODUCER, 2, 0, &again));
	EXPECT_EQ(-EINVAL, ipcring_open(self->name, IPCRING_ROLE_CONTROL, 0, 0, &again));
	EXPECT_EQ(-EINVAL, ipcring_open("", PRODUCER, 0, 0, &again));
	ASSERT_EQ(0, ipcring_open(self->name, CONSUMER, 0, 0, &in));
	ipcring_close(control);
	EXPECT_EQ(-ENOENT, ipcring_open(self->name, OBSERVER, 0, 0, &again));
	/* The channel lives on without its name, which is free. */
	ASSERT_EQ(0, ipcring_create(&opt, &control));
	EXPECT_EQ(0, send_u64(out, 9, 0));
	EXPECT_EQ(9, recv_u64(in, FOREVER));
	ipcring_close(control);
	ipcring_close(out);
	ipcring_close(in);
}

TEST_F(lib, name_lives_while_a_passed_control_does)
{
	struct ipcring_options opt = named(self->name, 0600);
	struct ipcring *control, *passed, *end;

	NEED(NAMES);
	ASSERT_EQ(0, ipcring_create(&opt, &control));
	ASSERT_EQ(0, ipcring_import(ipcring_fd(control), 0, &passed));
	ipcring_close(control);
	ASSERT_EQ(0, ipcring_open(self->name, PRODUCER, 0, 0, &end));
	ipcring_close(end);
	ipcring_close(passed);
	EXPECT_EQ(-ENOENT, ipcring_open(self->name, PRODUCER, 0, 0, &end));
}

/* In a child: as @uid, can this role be had? Its exit status is the errno. */
static int attempt(const char *name, uid_t uid, gid_t gid, __u32 role)
{
	pid_t pid = fork();

	if (!pid) {
		struct ipcring *end;

		if (setgroups(0, NULL) || setgid(gid) || setuid(uid))
			_exit(255);
		_exit(-ipcring_open(name, role, 0, 0, &end));
	}
	return reap(pid);
}

TEST_F(lib, rights)
{
	static const struct {
		__u32 mode;
		uid_t uid;
		gid_t gid;
		int error[4];	/* by role */
	} cells[] = {
		{ 0700, USER, OTHER, { 0, 0, 0, 0 } },
		{ 0400, USER, OTHER, { 0, EACCES, 0, EACCES } },
		{ 0200, USER, OTHER, { 0, 0, EACCES, EACCES } },
		{ 0100, USER, OTHER, { 0, EACCES, EACCES, 0 } },
		{ 0077, USER, OTHER, { 0, EACCES, EACCES, EACCES } },
		{ 0070, OTHER, USER, { 0, 0, 0, 0 } },
		{ 0020, OTHER, USER, { 0, 0, EACCES, EACCES } },
		{ 0010, OTHER, USER, { 0, EACCES, EACCES, 0 } },
		{ 0707, OTHER, USER, { 0, EACCES, EACCES, EACCES } },
		{ 0007, OTHER, OTHER, { 0, 0, 0, 0 } },
		{ 0004, OTHER, OTHER, { 0, EACCES, 0, EACCES } },
		{ 0001, OTHER, OTHER, { 0, EACCES, EACCES, 0 } },
		{ 0770, OTHER, OTHER, { 0, EACCES, EACCES, EACCES } },
		{ 0000, 0, 0, { 0, 0, 0, 0 } },
	};

	NEED(NAMES);
	if (geteuid())
		SKIP(return, "takes other users' identities: run as root");
	if (self->module)
		chmod(DEVICE, 0666);
	for (size_t i = 0; i < ARRAY_LEN(cells); i++) {
		struct ipcring_options opt = named(self->name, cells[i].mode);
		struct ipcring *control;

		ASSERT_EQ(0, setegid(USER));
		ASSERT_EQ(0, seteuid(USER));
		ASSERT_EQ(0, ipcring_create(&opt, &control));
		ASSERT_EQ(0, seteuid(0));
		ASSERT_EQ(0, setegid(0));
		for (__u32 role = PRODUCER; role <= OBSERVER; role++) {
			EXPECT_EQ(cells[i].error[role], attempt(self->name, cells[i].uid,
								cells[i].gid, role))
				TH_LOG("cell %zu, role %u", i, role);
		}
		ipcring_close(control);
	}
	if (self->module)
		chmod(DEVICE, 0600);
}

static pid_t creator(const char *name, int ready)
{
	pid_t pid = fork();

	if (!pid) {
		struct ipcring_options opt = named(name, 0600);
		struct ipcring *control;
		char ok = !ipcring_create(&opt, &control);

		(void)!write(ready, &ok, 1);
		for (;;)
			pause();
	}
	return pid;
}

TEST_F(lib, dead_creators_name_is_free)
{
	struct ipcring_options opt = named(self->name, 0600);
	struct ipcring *control, *end;
	int ready[2];
	char ok = 0;
	pid_t pid;

	NEED(NAMES);
	ASSERT_EQ(0, pipe(ready));
	pid = creator(self->name, ready[1]);
	ASSERT_EQ(1, read(ready[0], &ok, 1));
	ASSERT_EQ(1, ok);
	EXPECT_EQ(-EEXIST, ipcring_create(&opt, &control));
	ASSERT_EQ(0, ipcring_open(self->name, PRODUCER, 0, 0, &end));
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, reap(pid));
	/* An endpoint does not keep the name. */
	EXPECT_EQ(-ENOENT, ipcring_open(self->name, CONSUMER, 0, 0, &control));
	ASSERT_EQ(0, ipcring_create(&opt, &control));
	ipcring_close(end);
	ASSERT_EQ(0, ipcring_open(self->name, CONSUMER, 0, 0, &end));
	ipcring_close(end);
	ipcring_close(control);
}

#define RACERS	6
#define RACES	100

/**
 * struct race - what the racers share
 * @won:	who have the name
 * @most:	most who had it at once
 * @wins:	how often it was had
 * @error:	an errno that nobody should see
 */
struct race {
	int won;
	int most;
	int wins;
	int error;
};

/* The winner counts itself in and out while it has the name, or dies with it. */
static void race(struct race *r, const char *name, unsigned int seed)
{
	struct ipcring_options opt = named(name, 0600);

	for (int i = 0; i < RACES; i++) {
		struct ipcring *control;
		int ret = ipcring_create(&opt, &control), now;

		if (ret) {
			if (ret != -EEXIST)
				r->error = ret;
			sched_yield();
			continue;
		}
		now = __atomic_add_fetch(&r->won, 1, __ATOMIC_SEQ_CST);
		if (now > __atomic_load_n(&r->most, __ATOMIC_SEQ_CST))
			__atomic_store_n(&r->most, now, __ATOMIC_SEQ_CST);
		__atomic_add_fetch(&r->wins, 1, __ATOMIC_SEQ_CST);
		sched_yield();
		__atomic_sub_fetch(&r->won, 1, __ATOMIC_SEQ_CST);
		if (next_random(&seed) % 4 == 0)
			kill(getpid(), SIGKILL);
		ipcring_close(control);
	}
	_exit(0);
}

TEST_F(lib, one_creator_wins)
{
	struct ipcring_options opt = named(self->name, 0600);
	struct ipcring *control;
	struct race *r;
	pid_t pid[RACERS];

	NEED(NAMES);
	r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, r);
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < RACERS; i++) {
			pid[i] = fork();
			ASSERT_LE(0, pid[i]);
			if (!pid[i])
				race(r, self->name, round * RACERS + i + 1);
		}
		for (int i = 0; i < RACERS; i++)
			reap(pid[i]);
	}
	EXPECT_EQ(1, r->most);
	EXPECT_EQ(0, r->error);
	EXPECT_LE(20, r->wins);
	TH_LOG("%d creations", r->wins);
	/* Whatever the last one left behind, it is not in the way. */
	ASSERT_EQ(0, ipcring_create(&opt, &control));
	ipcring_close(control);
}

TEST_F(lib, foreign_file_is_left_alone)
{
	struct ipcring_options opt = named(self->name, 0600);
	struct ipcring *control, *end;
	char path[128];
	int fd;

	if (self->module)
		SKIP(return, "about memfd");
	snprintf(path, sizeof(path), "/dev/shm/ipcring.%s", self->name);
	fd = open(path, O_CREAT | O_EXCL | O_RDWR, 0600);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EEXIST, ipcring_create(&opt, &control));
	EXPECT_EQ(-EINVAL, ipcring_open(self->name, PRODUCER, 0, 0, &end));
	EXPECT_EQ(0, unlink(path));
	ASSERT_EQ(0, symlink("/dev/null", path));
	EXPECT_EQ(-EEXIST, ipcring_create(&opt, &control));
	EXPECT_EQ(-ELOOP, ipcring_open(self->name, PRODUCER, 0, 0, &end));
	EXPECT_EQ(0, unlink(path));
	ASSERT_EQ(0, mkfifo(path, 0600));
	EXPECT_EQ(-EEXIST, ipcring_create(&opt, &control));
	EXPECT_EQ(-EINVAL, ipcring_open(self->name, PRODUCER, 0, 0, &end));
	EXPECT_EQ(0, unlink(path));
}

TEST_F(lib, file_is_gone_after_close)
{
	struct ipcring_options opt = named(self->name, 0604);
	struct ipcring *control;
	struct stat st;
	char path[128];

	if (self->module)
		SKIP(return, "about memfd");
	snprintf(path, sizeof(path), "/dev/shm/ipcring.%s", self->name);
	umask(0777);
	ASSERT_EQ(0, ipcring_create(&opt, &control));
	ASSERT_EQ(0, stat(path, &st));
	EXPECT_EQ(0606, st.st_mode & 0777);
	ipcring_close(control);
	EXPECT_EQ(-1, stat(path, &st));
}

TEST_HARNESS_MAIN
