// SPDX-License-Identifier: GPL-2.0
/*
 * Who may write into another process's memory: whom the kernel lets trace it. Between processes
 * of one user that is a matter of Yama, of core dumps and of CAP_SYS_PTRACE.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include "vm_writev.h"

#define VM_WRITEV_SCOPE	"/proc/sys/kernel/yama/ptrace_scope"

/* Of Yama's scopes: who is a child, or was named, may be traced. */
#define VM_WRITEV_RELATED	1
#define VM_WRITEV_NOBODY		3

/* A kernel without Yama is as one with scope 0. */
static int vm_writev_scope(void)
{
	int fd = open(VM_WRITEV_SCOPE, O_RDONLY | O_CLOEXEC);
	char digit = '0';

	if (fd >= 0 && read(fd, &digit, 1) != 1)
		digit = '0';
	if (fd >= 0)
		close(fd);
	return digit - '0';
}

static bool vm_writev_capable(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return !syscall(SYS_capget, &head, data) &&
	       data[0].effective & CAP_TO_MASK(CAP_SYS_PTRACE);
}

/* Into oneself is allowed to everybody, if there is the call. */
static int vm_writev_call(struct mech_why *why)
{
	char from = 1, to = 0;
	const struct iovec local = { &from, 1 }, remote = { &to, 1 };
	int err;

	if (process_vm_writev(getpid(), &local, 1, &remote, 1, 0) == 1)
		return 0;
	err = -errno;
	mech_because(why, "process_vm_writev: %s; %s", strerror(-err), err == -EPERM ?
		     "a seccomp filter forbids it, as that of a container does" :
		     "a kernel with CONFIG_CROSS_MEMORY_ATTACH is needed");
	return err;
}

int vm_writev_probe(const struct mech_cfg *cfg, struct mech_why *why)
{
	const int scope = vm_writev_scope();
	int ret = vm_writev_call(why);

	(void)cfg;
	if (ret)
		return ret;
	if (scope >= VM_WRITEV_NOBODY) {
		mech_because(why, "kernel.yama.ptrace_scope = %d forbids it to everybody until the next boot",
			     scope);
		return -EPERM;
	}
	if (vm_writev_capable())
		return 0;
	if (scope > VM_WRITEV_RELATED) {
		mech_because(why, "kernel.yama.ptrace_scope = %d wants CAP_SYS_PTRACE; run as root, or sysctl -w kernel.yama.ptrace_scope=1",
			     scope);
		return -EPERM;
	}
	if (prctl(PR_GET_DUMPABLE) == 1)
		return 0;
	mech_because(why, "this program may not be traced (PR_GET_DUMPABLE), and CAP_SYS_PTRACE is not there; run as root, or a copy of it without file capabilities");
	return -EPERM;
}
