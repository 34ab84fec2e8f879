// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mqueue.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/random.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>
#include "names.h"

/* A run's record below its directory. */
#define NAMES_RECORD	"names"
/* Names of one run at once: a wide cell has a few for each of its instances. */
#define NAMES_MAX	65536

/**
 * struct names - this run's
 * @top:	"/tmp/ipcscope-UID"
 * @run:	"run-XXXXXX" below it, "" before the first name
 * @record:	its record, locked; -1: none yet
 * @count:	names made so far: makes them differ
 * @live:	those not dropped
 * @nlive:	how many
 */
static struct names {
	char top[32];
	char run[16];
	int record;
	unsigned int count;
	struct names_name *live;
	size_t nlive;
} names = { .record = -1 };

static void names_remove_key(const struct names_name *n)
{
	union { int val; struct semid_ds *buf; } arg = { 0 };
	struct msqid_ds msg;
	struct shmid_ds shm;
	struct semid_ds sem;
	int id;

	/* Somebody else's, who met the same key later, is not ours to remove. */
	if (n->kind == NAMES_MSGQ) {
		id = msgget(n->key, 0);
		if (id >= 0 && !msgctl(id, IPC_STAT, &msg) && msg.msg_perm.cuid == geteuid())
			msgctl(id, IPC_RMID, NULL);
	} else if (n->kind == NAMES_SEGMENT) {
		id = shmget(n->key, 0, 0);
		if (id >= 0 && !shmctl(id, IPC_STAT, &shm) && shm.shm_perm.cuid == geteuid())
			shmctl(id, IPC_RMID, NULL);
	} else {
		arg.buf = &sem;
		id = semget(n->key, 0, 0);
		if (id >= 0 && !semctl(id, 0, IPC_STAT, arg) && sem.sem_perm.cuid == geteuid())
			semctl(id, 0, IPC_RMID);
	}
}

static void names_remove(const struct names_name *n)
{
	switch (n->kind) {
	case NAMES_PATH:
		unlink(n->text);
		break;
	case NAMES_MQ:
		mq_unlink(n->text);
		break;
	case NAMES_SHM:
		shm_unlink(n->text);
		break;
	case NAMES_SEM:
		sem_unlink(n->text);
		break;
	default:
		names_remove_key(n);
	}
}

/* The last line of a killed run may be cut: what it would have named was not made. */
static void names_remove_recorded(int record)
{
	int copy = dup(record);
	FILE *f = copy < 0 ? NULL : fdopen(copy, "r");
	struct names_name n = { 0 };
	char *line = NULL;
	size_t room = 0;
	ssize_t len;

	if (!f && copy >= 0)
		close(copy);
	while (f && (len = getline(&line, &room, f)) > 0)
		if (line[len - 1] == '\n' &&
		    sscanf(line, "%u %d %99s", (unsigned int *)&n.kind, &n.key, n.text) == 3 &&
		    n.kind < NAMES_KINDS)
			names_remove(&n);
	free(line);
	if (f)
		fclose(f);
}

static int names_open_directory(int at, const char *path)
{
	int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* A directory with files only. */
static void names_remove_directory(int top, const char *run)
{
	int fd = names_open_directory(top, run);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	while (dir && (e = readdir(dir)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			unlinkat(dirfd(dir), e->d_name, 0);
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
	unlinkat(top, run, AT_REMOVEDIR);
}

/*
 * One whose record nobody locks is dead: the kernel unlocks what a process held. So is one
 * without a record. One that cannot be looked at may be alive.
 */
static bool names_dead(int dir)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int record = openat(dir, NAMES_RECORD, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	bool dead;

	if (record < 0)
		return errno == ENOENT;
	dead = !fcntl(record, F_SETLK, &lock);
	if (dead)
		names_remove_recorded(record);
	close(record);
	return dead;
}

static void names_sweep_run(int top, const char *run)
{
	int dir = names_open_directory(top, run);
	const bool dead = dir >= 0 && names_dead(dir);

	if (dir >= 0)
		close(dir);
	if (dead)
		names_remove_directory(top, run);
}

static void names_sweep(int top)
{
	int copy = openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *e;

	/* To unlock a file is to close any descriptor of it: our own is left alone. */
	while (dir && (e = readdir(dir)))
		if (!strncmp(e->d_name, "run-", 4) && strcmp(e->d_name, names.run))
			names_sweep_run(top, e->d_name);
	if (dir)
		closedir(dir);
	else if (copy >= 0)
		close(copy);
}

/* A directory that others could have made, or can write to, is a trap. */
static int names_check_top(int fd, struct stat *st)
{
	if (fstat(fd, st))
		return -errno;
	return st->st_uid != geteuid() || st->st_mode & 022 ? -EPERM : 0;
}

/* Is it still the one of that name? Who had the lock before may have removed it. */
static bool names_is_top(const struct stat *st)
{
	struct stat now;

	return !lstat(names.top, &now) && now.st_dev == st->st_dev && now.st_ino == st->st_ino;
}

/* Open and lock the user's directory, so that no other start sweeps meanwhile. */
static int names_lock_top(void)
{
	struct stat st;
	int fd, ret;

	snprintf(names.top, sizeof(names.top), "/tmp/ipcscope-%u", (unsigned int)geteuid());
	for (;;) {
		if (mkdir(names.top, 0700) && errno != EEXIST)
			return -errno;
		fd = names_open_directory(AT_FDCWD, names.top);
		if (fd == -ENOENT)
			continue;
		if (fd < 0)
			return fd;
		/* Before the lock: anybody can hold that of a directory of theirs. */
		ret = names_check_top(fd, &st);
		if (!ret && flock(fd, LOCK_EX))
			ret = -errno;
		if (!ret && names_is_top(&st))
			return fd;
		close(fd);
		if (ret && ret != -EINTR)
			return ret;
	}
}

int names_begin(struct mech_why *why)
{
	int fd = names_lock_top();

	if (fd < 0) {
		mech_because(why, "%s: %s; mechanisms with names need it as this user's own directory; remove what is there, or have root do so",
			     names.top, strerror(-fd));
		return fd;
	}
	names_sweep(fd);
	if (!*names.run)
		rmdir(names.top);
	close(fd);
	return 0;
}

/* The run's record, locked; what is not locked is no record. */
static int names_create_record(const char *dir)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[sizeof(names.top) + sizeof(names.run) + sizeof(NAMES_RECORD) + 2];
	int fd, err;

	snprintf(path, sizeof(path), "%s/" NAMES_RECORD, dir);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (!fcntl(fd, F_SETLK, &lock))
		return fd;
	err = -errno;
	unlink(path);
	close(fd);
	return err;
}

/* The run's directory and its record. */
static int names_first(void)
{
	char path[sizeof(names.top) + sizeof(names.run) + 1];
	int top = names_lock_top(), ret = 0;

	if (top < 0)
		return top;
	snprintf(path, sizeof(path), "%s/run-XXXXXX", names.top);
	if (mkdtemp(path))
		ret = names_create_record(path);
	else
		ret = -errno;
	if (ret >= 0) {
		names.record = ret;
		snprintf(names.run, sizeof(names.run), "%s", strrchr(path, '/') + 1);
	} else {
		rmdir(path);
	}
	close(top);
	return ret < 0 ? ret : 0;
}

static int names_choose(struct names_name *n)
{
	n->key = 0;
	if (n->kind == NAMES_PATH) {
		snprintf(n->text, sizeof(n->text), "%s/%s/%u", names.top, names.run, names.count++);
		return 0;
	}
	snprintf(n->text, sizeof(n->text), "/ipcscope-%u-%s-%u", (unsigned int)geteuid(),
		 names.run + strlen("run-"), names.count++);
	if (n->kind < NAMES_MSGQ)
		return 0;
	/* IPC_PRIVATE is 0; keys that programs choose are seldom negative. */
	if (getrandom(&n->key, sizeof(n->key), 0) != sizeof(n->key))
		return -errno;
	n->key |= INT_MIN;
	return 0;
}

/* All of a line or nothing: the next one would be the end of half a line. */
static int names_record(const struct names_name *n)
{
	off_t end = lseek(names.record, 0, SEEK_END);
	char line[160];
	int len = snprintf(line, sizeof(line), "%u %d %s\n", (unsigned int)n->kind, n->key,
			   n->text);
	ssize_t written = write(names.record, line, (size_t)len);

	if (written == len)
		return 0;
	if (written < 0)
		return -errno;
	return ftruncate(names.record, end) ? -errno : -ENOSPC;
}

int names_make(enum names_kind kind, struct names_name *name)
{
	int ret;

	*name = (struct names_name){ .kind = kind };
	if (names.nlive == NAMES_MAX)
		return -EMFILE;
	if (!names.live)
		names.live = calloc(NAMES_MAX, sizeof(*names.live));
	if (!names.live)
		return -ENOMEM;
	ret = names.record < 0 ? names_first() : 0;
	if (!ret)
		ret = names_choose(name);
	if (!ret)
		ret = names_record(name);
	if (!ret)
		names.live[names.nlive++] = *name;
	else
		*name->text = '\0';
	return ret;
}

void names_drop(struct names_name *name)
{
	if (!*name->text)
		return;
	names_remove(name);
	for (size_t i = 0; i < names.nlive; i++) {
		if (strcmp(names.live[i].text, name->text))
			continue;
		names.live[i] = names.live[--names.nlive];
		break;
	}
	*name->text = '\0';
	/* A long run's record stays short; where it cannot, the sweep finds nothing of these. */
	if (!names.nlive && ftruncate(names.record, 0))
		return;
}

void names_end(void)
{
	int top;

	for (size_t i = 0; i < names.nlive; i++)
		names_remove(&names.live[i]);
	free(names.live);
	names.live = NULL;
	names.nlive = 0;
	if (!*names.run)
		return;
	top = names_lock_top();
	if (top >= 0) {
		names_remove_directory(top, names.run);
		rmdir(names.top);
		close(top);
	}
	close(names.record);
	names.record = -1;
	*names.run = '\0';
}
