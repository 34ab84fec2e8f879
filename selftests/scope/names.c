// SPDX-License-Identifier: GPL-2.0
/*
 * Names: what a killed run leaves behind goes with the next start, wherever it was killed, and
 * nothing else does. All in a mount and IPC namespace with a /tmp and a /dev/shm of its own.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "kselftest_harness.h"
#include "names.h"

/* Its own: where and what the kernel has of all kinds. */
FIXTURE(names) {
	char top[64];
	struct mech_why why;
};

static bool names_apart(void)
{
	const uid_t uid = geteuid();
	char map[32];
	int fd;

	if (!unshare(CLONE_NEWNS | CLONE_NEWIPC))
		return true;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWIPC))
		return false;
	snprintf(map, sizeof(map), "0 %u 1", uid);
	fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
	return fd >= 0 && write(fd, map, strlen(map)) == (ssize_t)strlen(map) && !close(fd);
}

FIXTURE_SETUP(names)
{
	if (!names_apart())
		SKIP(return, "no namespace of one's own: %s", strerror(errno));
	ASSERT_EQ(0, mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	ASSERT_EQ(0, mount("tmpfs", "/tmp", "tmpfs", 0, "mode=1777"));
	ASSERT_EQ(0, mount("tmpfs", "/dev/shm", "tmpfs", 0, "mode=1777"));
	snprintf(self->top, sizeof(self->top), "/tmp/ipcscope-%u", geteuid());
	memset(&self->why, 0, sizeof(self->why));
}

FIXTURE_TEARDOWN(names)
{
	names_end();
}

/* Create what the name is for. Return: 0 or -errno. */
static int create(const struct names_name *n)
{
	int fd;

	switch (n->kind) {
	case NAMES_PATH:
		fd = open(n->text, O_CREAT | O_EXCL, 0600);
		break;
	case NAMES_MQ:
		fd = mq_open(n->text, O_CREAT | O_EXCL | O_RDWR, 0600, NULL);
		break;
	case NAMES_SHM:
		fd = shm_open(n->text, O_CREAT | O_EXCL | O_RDWR, 0600);
		break;
	case NAMES_SEM:
		return sem_open(n->text, O_CREAT | O_EXCL, 0600, 0) == SEM_FAILED ? -errno : 0;
	case NAMES_MSGQ:
		return msgget(n->key, IPC_CREAT | IPC_EXCL | 0600) < 0 ? -errno : 0;
	case NAMES_SEMSET:
		return semget(n->key, 1, IPC_CREAT | IPC_EXCL | 0600) < 0 ? -errno : 0;
	default:
		return shmget(n->key, 4096, IPC_CREAT | IPC_EXCL | 0600) < 0 ? -errno : 0;
	}
	return fd < 0 || close(fd) ? -errno : 0;
}

/* Is it there? */
static bool there(const struct names_name *n)
{
	const int again = create(n);
	struct names_name name = *n;

	if (again == -EEXIST)
		return true;
	if (!again)
		names_drop(&name);
	return false;
}

/* One of each kind, made and created; the names are in memory that the caller shares. */
static int create_all(struct names_name *names)
{
	int ret = 0;

	for (int kind = 0; !ret && kind < NAMES_KINDS; kind++) {
		ret = names_make(kind, &names[kind]);
		if (!ret)
			ret = create(&names[kind]);
	}
	return ret;
}

static unsigned int count_there(const struct names_name *names)
{
	unsigned int n = 0;

	for (int kind = 0; kind < NAMES_KINDS; kind++)
		n += there(&names[kind]);
	return n;
}

static void *shared(size_t len)
{
	return mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

/* A run of its own, which has one of each kind and says so, and waits to be killed. */
static pid_t start_run(struct names_name *names, int *error)
{
	int ready[2];
	char byte;
	pid_t pid;

	if (pipe(ready))
		return -1;
	pid = fork();
	if (!pid) {
		struct mech_why why;

		*error = names_begin(&why);
		if (!*error)
			*error = create_all(names);
		close(ready[0]);
		close(ready[1]);
		for (;;)
			pause();
	}
	close(ready[1]);
	/* The end comes when it closes both. */
	while (read(ready[0], &byte, 1) > 0)
		;
	close(ready[0]);
	return pid;
}

static void kill_run(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

TEST_F(names, differ_and_are_dropped)
{
	struct names_name a[NAMES_KINDS], b[NAMES_KINDS];

	ASSERT_EQ(0, names_begin(&self->why));
	ASSERT_EQ(0, create_all(a));
	ASSERT_EQ(0, create_all(b));
	for (int kind = 0; kind < NAMES_KINDS; kind++) {
		EXPECT_STRNE(a[kind].text, b[kind].text);
		EXPECT_EQ(kind >= NAMES_MSGQ, a[kind].key != 0);
		EXPECT_TRUE(kind < NAMES_MSGQ || a[kind].key != b[kind].key);
	}
	EXPECT_EQ(NAMES_KINDS, count_there(a));
	for (int kind = 0; kind < NAMES_KINDS; kind++)
		names_drop(&a[kind]);
	EXPECT_EQ(NAMES_KINDS, count_there(b));
	names_end();
	EXPECT_EQ(0, count_there(b));
	EXPECT_NE(0, access(self->top, F_OK));
}

TEST_F(names, of_a_run_that_lives_are_left_alone)
{
	struct names_name *names = shared(NAMES_KINDS * sizeof(*names));
	int *error = shared(sizeof(*error));
	pid_t pid = start_run(names, error);

	ASSERT_EQ(0, *error);
	EXPECT_EQ(0, names_begin(&self->why));
	EXPECT_EQ(NAMES_KINDS, count_there(names));
	kill_run(pid);
	EXPECT_EQ(NAMES_KINDS, count_there(names));
	EXPECT_EQ(0, names_begin(&self->why));
	EXPECT_EQ(0, count_there(names));
	EXPECT_NE(0, access(self->top, F_OK));
}

/* A start that cannot look at a run must not take it for dead. */
TEST_F(names, of_a_run_that_cannot_be_looked_at_are_left_alone)
{
	struct names_name *names = shared(NAMES_KINDS * sizeof(*names));
	int *error = shared(sizeof(*error));
	struct rlimit few;
	pid_t pid = start_run(names, error);

	ASSERT_EQ(0, *error);
	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &few));
	/* So many as to reach the record, and one less, ... */
	for (rlim_t n = 3; n < 16; n++) {
		few.rlim_cur = n;
		ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &few));
		names_begin(&self->why);
	}
	few.rlim_cur = few.rlim_max;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &few));
	EXPECT_EQ(NAMES_KINDS, count_there(names));
	kill_run(pid);
	EXPECT_EQ(0, names_begin(&self->why));
	EXPECT_EQ(0, count_there(names));
}

/* What a run does between its first name and its end. */
static void act(struct names_name *names, volatile bool *done)
{
	struct mech_why why;

	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	if (!names_begin(&why) && !create_all(names))
		for (int kind = 0; kind < NAMES_KINDS; kind += 2)
			names_drop(&names[kind]);
	names_end();
	*done = true;
	_exit(0);
}

/* Run it up to its @n-th stop at a system call, and kill it there. */
static void cut_at(struct names_name *names, volatile bool *done, unsigned int n)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		act(names, done);
	waitpid(pid, &status, 0);
	for (unsigned int i = 0; i < n && WIFSTOPPED(status); i++) {
		ptrace(PTRACE_SYSCALL, pid, NULL, 0);
		waitpid(pid, &status, 0);
	}
	if (!WIFSTOPPED(status))
		return;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* What sem_open() puts its semaphores together in has a name of the C library's. */
static unsigned int count_files(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *e;
	unsigned int n = 0;

	while (dir && (e = readdir(dir)))
		n += *e->d_name != '.' &&
		     (strncmp(e->d_name, "sem.", 4) || strlen(e->d_name) != 10);
	if (dir)
		closedir(dir);
	return n;
}

TEST_F_TIMEOUT(names, go_wherever_the_run_was_killed, 60)
{
	struct names_name *names = shared(NAMES_KINDS * sizeof(*names));
	volatile bool *done = shared(sizeof(*done));
	unsigned int n;

	for (n = 0; !*done && _metadata->passed; n++) {
		memset(names, 0, NAMES_KINDS * sizeof(*names));
		cut_at(names, done, n);
		ASSERT_EQ(0, names_begin(&self->why));
		for (int kind = 0; kind < NAMES_KINDS; kind++)
			if (*names[kind].text || names[kind].key)
				EXPECT_FALSE(there(&names[kind]));
		EXPECT_EQ(0, count_files("/tmp")) {
			TH_LOG("killed at stop %u", n);
		}
		EXPECT_EQ(0, count_files("/dev/shm")) {
			TH_LOG("killed at stop %u", n);
		}
	}
	EXPECT_GT(n, 100);
}

#define STARTERS	6
#define STARTS		60

/* Starts and ends that meet: each has its own, and none another's. */
TEST_F_TIMEOUT(names, of_many_starts_at_once, 60)
{
	int status, bad = 0;

	for (int i = 0; i < STARTERS; i++) {
		if (fork())
			continue;
		for (int k = 0; k < STARTS; k++) {
			struct names_name names[NAMES_KINDS];
			struct mech_why why;

			if (names_begin(&why) || create_all(names))
				_exit(1);
			if (count_there(names) != NAMES_KINDS)
				_exit(2);
			names_end();
			if (count_there(names))
				_exit(3);
		}
		_exit(0);
	}
	for (int i = 0; i < STARTERS; i++) {
		ASSERT_LT(0, wait(&status));
		bad += !!status;
	}
	EXPECT_EQ(0, bad);
	EXPECT_NE(0, access(self->top, F_OK));
}

/* A record as a killed run leaves it. */
static void leave_record(const char *top, const char *text)
{
	char path[128];
	int fd;

	mkdir(top, 0700);
	snprintf(path, sizeof(path), "%s/run-AAAAAA", top);
	mkdir(path, 0700);
	strcat(path, "/names");
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
	close(fd);
}

TEST_F(names, of_a_line_that_was_cut_are_of_nothing)
{
	ASSERT_LE(0, open("/tmp/whole", O_CREAT | O_EXCL, 0600));
	ASSERT_LE(0, open("/tmp/cut", O_CREAT | O_EXCL, 0600));
	leave_record(self->top, "nonsense\n99 0 /tmp/cut\n0 0 /tmp/whole\n0 0 /tmp/cut");
	ASSERT_EQ(0, names_begin(&self->why));
	EXPECT_NE(0, access("/tmp/whole", F_OK));
	EXPECT_EQ(0, access("/tmp/cut", F_OK));
	EXPECT_NE(0, access(self->top, F_OK));
}

/* A full disk: no name, no half a line, and the next one is all right. */
TEST_F(names, without_room_for_the_record)
{
	struct names_name a, b;
	int fd, ret = 0;

	ASSERT_EQ(0, mount("tmpfs", "/tmp", "tmpfs", 0, "mode=1777,size=8k"));
	ASSERT_EQ(0, names_begin(&self->why));
	fd = open("/tmp/fill", O_CREAT | O_WRONLY, 0600);
	ASSERT_EQ(0, names_make(NAMES_PATH, &a));
	while (write(fd, &a, sizeof(a)) > 0)
		;
	/* The record's page holds some. */
	for (int i = 0; !ret && i < 200; i++)
		ret = names_make(NAMES_PATH, &b);
	EXPECT_EQ(-ENOSPC, ret);
	EXPECT_EQ('\0', *b.text);
	ASSERT_EQ(0, ftruncate(fd, 0));
	ASSERT_EQ(0, names_make(NAMES_SHM, &b));
	ASSERT_EQ(0, create(&b));
	if (!fork())
		_exit(names_begin(&self->why));
	ASSERT_LT(0, wait(&ret));
	EXPECT_EQ(0, ret);
	EXPECT_TRUE(there(&b));
	names_end();
	EXPECT_FALSE(there(&b));
}

static void expect_refusal(struct __test_metadata *_metadata, struct mech_why *why, const char *top)
{
	/* Whoever waits for a lock here waits for ever. */
	alarm(10);
	EXPECT_GT(0, names_begin(why));
	alarm(0);
	EXPECT_NE(NULL, strstr(why->text, top)) {
		TH_LOG("said: %s", why->text);
	}
}

TEST_F(names, in_a_place_that_is_a_trap)
{
	int fd;

	ASSERT_EQ(0, mkdir("/tmp/other", 0700));
	ASSERT_EQ(0, symlink("/tmp/other", self->top));
	expect_refusal(_metadata, &self->why, self->top);
	ASSERT_EQ(0, unlink(self->top));
	ASSERT_LE(0, open(self->top, O_CREAT | O_EXCL, 0600));
	expect_refusal(_metadata, &self->why, self->top);
	ASSERT_EQ(0, unlink(self->top));
	ASSERT_EQ(0, mkdir(self->top, 0700));
	ASSERT_EQ(0, chmod(self->top, 0770));
	expect_refusal(_metadata, &self->why, self->top);
	if (chown(self->top, 12345, -1))
		SKIP(return, "this user cannot give a directory away");
	ASSERT_EQ(0, chmod(self->top, 0755));
	fd = open(self->top, O_RDONLY);
	ASSERT_EQ(0, flock(fd, LOCK_EX));
	expect_refusal(_metadata, &self->why, self->top);
	EXPECT_EQ(0, access(self->top, F_OK));
}

/* A link in the place of a run leads nowhere. */
TEST_F(names, behind_a_link)
{
	char link[128];

	ASSERT_LE(0, open("/tmp/mine", O_CREAT | O_EXCL, 0600));
	leave_record("/tmp/elsewhere", "0 0 /tmp/mine\n");
	ASSERT_EQ(0, mkdir(self->top, 0700));
	snprintf(link, sizeof(link), "%s/run-BBBBBB", self->top);
	ASSERT_EQ(0, symlink("/tmp/elsewhere/run-AAAAAA", link));
	ASSERT_EQ(0, names_begin(&self->why));
	EXPECT_EQ(0, access("/tmp/mine", F_OK));
	EXPECT_EQ(0, access("/tmp/elsewhere/run-AAAAAA/names", F_OK));
}

TEST_HARNESS_MAIN
