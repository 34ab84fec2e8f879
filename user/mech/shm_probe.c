// SPDX-License-Identifier: GPL-2.0
/* What this system has of each kind of shared memory, and how much of it. */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "shm_back.h"

/* Since Linux 6.3, and since then one is told to say it. Debian 12's headers do not. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL	0x0008U
#endif

int shm_back_memfd(void)
{
	const unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd = memfd_create("ipcscope", flags | MFD_NOEXEC_SEAL);

	return fd < 0 && errno == EINVAL ? memfd_create("ipcscope", flags) : fd;
}

static int shm_back_probe_sysv(size_t len, struct mech_why *why)
{
	struct shminfo info;

	if (shmctl(0, IPC_INFO, (struct shmid_ds *)&info) < 0) {
		int err = -errno;

		mech_because(why, "shmctl: %s; a kernel with CONFIG_SYSVIPC is needed",
			     strerror(-err));
		return err;
	}
	if (len <= info.shmmax)
		return 0;
	mech_because(why, "a segment of %zu bytes is over kernel.shmmax = %lu; raise it with sysctl -w kernel.shmmax=%zu",
		     len, info.shmmax, len);
	return -EMSGSIZE;
}

int shm_back_probe_room(const char *path, size_t len, struct mech_why *why)
{
	unsigned long long room;
	struct statvfs fs;

	if (statvfs(path, &fs)) {
		int err = -errno;

		mech_because(why, "%s: %s; a tmpfs has to be mounted there", path, strerror(-err));
		return err;
	}
	room = (unsigned long long)fs.f_bavail * fs.f_frsize;
	/* A tmpfs without a limit has no blocks at all. */
	if (!fs.f_blocks || len <= room)
		return 0;
	mech_because(why, "%zu bytes are needed in %s, %llu are free; make room there, or remount it with a larger size",
		     len, path, room);
	return -EMSGSIZE;
}

static int shm_back_probe_memfd(struct mech_why *why)
{
	int fd = shm_back_memfd();

	if (fd < 0) {
		int err = -errno;

		mech_because(why, "memfd_create: %s; a kernel with CONFIG_MEMFD_CREATE is needed",
			     strerror(-err));
		return err;
	}
	close(fd);
	return 0;
}

int shm_back_probe(enum shm_back_kind kind, size_t len, struct mech_why *why)
{
	switch (kind) {
	case SHM_BACK_SYSV:
		return shm_back_probe_sysv(len, why);
	case SHM_BACK_POSIX:
		return shm_back_probe_room("/dev/shm", len, why);
	case SHM_BACK_FILE:
		return shm_back_probe_room("/tmp", len, why);
	case SHM_BACK_MEMFD:
		return shm_back_probe_memfd(why);
	default:
		return 0;
	}
}
