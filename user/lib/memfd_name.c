// SPDX-License-Identifier: GPL-2.0
/*
 * libipcring: names of memfd channels, /dev/shm/ipcring.NAME.
 *
 * A file gets its name when it is complete and its control lock is held, so a file
 * whose control lock is free is a dead creator's. It is unlinked only under the remove
 * lock of that file, and a free control lock is never taken again: so between the
 * check and the unlink() the name still means that file.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "memfd.h"

#define MEMFD_DIR	"/dev/shm"
#define MEMFD_PATH	(sizeof(MEMFD_DIR "/ipcring.") + IPCRING_NAME_SIZE)

/* Each try that fails found a name that another creator has just made. */
#define MEMFD_TRIES	16

int memfd_lock(int fd, off_t byte)
{
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1,
	};

	if (!fcntl(fd, F_OFD_SETLK, &lock))
		return 0;
	return errno == EAGAIN || errno == EACCES ? -EBUSY : -errno;
}

bool memfd_locked(int fd, off_t first, off_t nr)
{
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = first, .l_len = nr,
	};

	return fcntl(fd, F_OFD_GETLK, &lock) || lock.l_type != F_UNLCK;
}

static void memfd_path(char path[MEMFD_PATH], const char *name)
{
	snprintf(path, MEMFD_PATH, "%s/ipcring.%.*s", MEMFD_DIR, (int)IPCRING_NAME_SIZE - 1, name);
}

static bool memfd_is_channel(int fd)
{
	struct stat st;
	__u64 magic;

	return !fstat(fd, &st) && S_ISREG(st.st_mode) &&
	       pread(fd, &magic, sizeof(magic), 0) == sizeof(magic) && magic == MEMFD_MAGIC;
}

/* O_NONBLOCK and O_NOFOLLOW: what lies there may be anybody's trap. */
static int memfd_open_path(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	if (memfd_is_channel(fd))
		return fd;
	close(fd);
	return -EINVAL;
}

static bool memfd_same(int fd, const char *path)
{
	struct stat a, b;

	return !fstat(fd, &a) && !lstat(path, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

int memfd_name_reap(const char *name)
{
	char path[MEMFD_PATH];
	int fd, ret = 0;

	memfd_path(path, name);
	fd = memfd_open_path(path, O_RDWR);
	if (fd < 0)
		return fd == -ENOENT ? 0 : -EEXIST;
	if (memfd_lock(fd, MEMFD_LOCK_REMOVE) || memfd_locked(fd, MEMFD_LOCK_CONTROL, 1))
		ret = -EEXIST;
	else if (memfd_same(fd, path) && unlink(path))
		ret = -EEXIST;
	close(fd);
	return ret;
}

int memfd_name_file(void)
{
	int fd = open(MEMFD_DIR, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : fd;
}

int memfd_name_link(int fd, const char *name)
{
	char path[MEMFD_PATH], self[32];

	memfd_path(path, name);
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	for (int i = 0; i < MEMFD_TRIES; i++) {
		int ret;

		if (!linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW))
			return 0;
		if (errno != EEXIST)
			return -errno;
		ret = memfd_name_reap(name);
		if (ret)
			return ret;
	}
	return -EEXIST;
}

int memfd_name_open(const char *name, int flags)
{
	char path[MEMFD_PATH];
	int fd;

	memfd_path(path, name);
	fd = memfd_open_path(path, flags);
	if (fd < 0 || memfd_locked(fd, MEMFD_LOCK_CONTROL, 1))
		return fd;
	close(fd);
	return -ENOENT;
}

mode_t memfd_name_mode(__u32 rights)
{
	mode_t mode = 0600;	/* the owner's right is checked by memfd_name_may() only */

	for (int shift = 0; shift <= 3; shift += 3) {
		__u32 class = rights >> shift & 7;

		mode |= (mode_t)(class & 6 ? 6 : class ? 4 : 0) << shift;
	}
	return mode;
}

static bool memfd_in_group(gid_t gid)
{
	gid_t groups[64];	/* who has more is root's, and may be refused */
	int nr = getgroups(64, groups);

	for (int i = 0; i < nr; i++)
		if (groups[i] == gid)
			return true;
	return getegid() == gid;
}

int memfd_name_may(const struct memfd_head *head, __u32 role)
{
	static const __u32 need[] = {
		[IPCRING_ROLE_PRODUCER] = 2,
		[IPCRING_ROLE_CONSUMER] = 4,
		[IPCRING_ROLE_OBSERVER] = 1,
	};
	__u32 rights = head->mode;

	if (!geteuid())
		return 0;
	if (geteuid() == head->uid)
		rights >>= 6;
	else if (memfd_in_group(head->gid))
		rights >>= 3;
	return rights & need[role] ? 0 : -EACCES;
}
