/* SPDX-License-Identifier: GPL-2.0 */
/* Children that are somebody else: uid, groups, capabilities, user namespace. */
#ifndef SELFTESTS_USER_H
#define SELFTESTS_USER_H

#include "open.h"

#include <grp.h>
#include <linux/capability.h>
#include <sys/fsuid.h>

/* Bits of capabilities below 32; everything this directory needs is. */
#define CAP(name)	(1u << CAP_##name)

/* Exactly the capabilities of @low, effective and permitted. */
static inline int caps_set(uint32_t low, uint32_t high)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ .effective = low, .permitted = low },
		{ .effective = high, .permitted = high },
	};

	return errno_or(syscall(SYS_capset, &head, data));
}

/**
 * struct user - who a child becomes
 * @name:	for the table
 * @ruid:	real and saved uid
 * @euid:	effective uid
 * @rgid:	real and saved gid
 * @egid:	effective gid
 * @group:	the one supplementary group, 0: none
 * @caps:	capabilities to keep, below 32; ~0: as the kernel leaves them
 */
struct user {
	const char *name;
	uid_t ruid;
	uid_t euid;
	gid_t rgid;
	gid_t egid;
	gid_t group;
	uint32_t caps;
};

#define CAPS_ALL	(~0u)

static inline int user_become(const struct user *u)
{
	if (syscall(SYS_setgroups, u->group ? 1 : 0, &u->group))
		return -errno;
	if (syscall(SYS_setresgid, u->rgid, u->egid, u->rgid))
		return -errno;
	/* Without this no capability survives the change of the uid. */
	if (syscall(SYS_prctl, 8 /* PR_SET_KEEPCAPS */, 1))
		return -errno;
	if (syscall(SYS_setresuid, u->ruid, u->euid, u->ruid))
		return -errno;
	return u->caps == CAPS_ALL ? 0 : caps_set(u->caps, 0);
}

/* A child's user namespace in which every id keeps its number. */
static inline bool write_id_maps(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	if (!write_file(path, "0 0 100000"))
		return false;
	snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
	return write_file(path, "0 0 100000");
}

/*
 * Run @fn in a child that has become @u, in a new user namespace first if @userns.
 * Return: its result (0..99), or 100 and more: it did not get that far.
 */
static inline int user_run(const struct user *u, bool userns, int (*fn)(void *), void *arg)
{
	int sync[2][2];
	char byte = 0;
	pid_t pid;

	if (pipe2(sync[0], O_CLOEXEC) || pipe2(sync[1], O_CLOEXEC))
		return 100;
	pid = fork();
	if (pid == 0) {
		close(sync[0][0]);
		close(sync[1][1]);
		if (userns && unshare(CLONE_NEWUSER))
			_exit(101);
		/* The maps are the parent's to write. */
		if (write(sync[0][1], &byte, 1) != 1 || read(sync[1][0], &byte, 1) != 1)
			_exit(102);
		if (user_become(u))
			_exit(103);
		_exit(fn(arg));
	}
	close(sync[0][1]);
	close(sync[1][0]);
	if (read(sync[0][0], &byte, 1) == 1 && (!userns || write_id_maps(pid)))
		(void)!write(sync[1][1], &byte, 1);
	close(sync[0][0]);
	close(sync[1][1]);
	return reap(pid);
}

#endif /* SELFTESTS_USER_H */
