// SPDX-License-Identifier: GPL-2.0
/* libipcring: what an error means where it came from, and what to do about it. */
#define _GNU_SOURCE
#include "lib.h"

#define ALL	(~0u)
#define AT(op)	(1u << IPCRING_OP_##op)
#define GETS	(AT(ENDPOINT) | AT(OPEN))
#define MOVES	(AT(SEND) | AT(RECV) | AT(WAIT))
#define MAKES	(AT(CREATE) | GETS)

/**
 * struct lib_error - a line for an error
 * @error:	errno
 * @ops:	AT() of where it says this; the first that matches counts
 * @text:	the line
 */
struct lib_error {
	int error;
	unsigned int ops;
	const char *text;
};

static const struct lib_error lib_errors[] = {
	{
		EINVAL, AT(CREATE),
		"a value is out of its range: slots and bytes are powers of two, msg_size 1..65536 (with records at most bytes - 8), lanes and consumers at most 64, mode only with a name; or IPCRING_BACKEND is neither module nor memfd",
	},
	{
		EINVAL, AT(OPEN),
		"no such lane or role, a bad name (1..63 bytes, no '/'), a file of /dev/shm/ipcring.NAME that is no channel, or IPCRING_BACKEND is neither module nor memfd",
	},
	{
		EINVAL, AT(ENDPOINT),
		"no such lane or role, or the descriptor is no channel's",
	},
	{
		EEXIST, AT(CREATE),
		"the name is taken: choose another, or close the channel that has it; memfd: of another user's dead creator, remove /dev/shm/ipcring.NAME as that user or root",
	},
	{
		E2BIG, AT(CREATE),
		"the data of all lanes exceed module parameter max_ring_bytes: fewer slots, bytes or lanes, or raise it in /sys/module/ipcring/parameters",
	},
	{
		EDQUOT, AT(CREATE),
		"over module parameter max_user_channels or max_user_bytes: close channels, raise it in /sys/module/ipcring/parameters, or have CAP_SYS_RESOURCE",
	},
	{
		EPERM, AT(CREATE),
		"over RLIMIT_MEMLOCK: raise it (ulimit -l), make the ring smaller, or have CAP_IPC_LOCK",
	},
	{
		ENOMEM, AT(CREATE),
		"no memory, or over the memory cgroup's limit (memory.max): make the ring smaller or raise it",
	},
	{
		ENOSPC, AT(CREATE),
		"/dev/shm is full: remove what is not needed, or mount it larger",
	},
	{
		EOPNOTSUPP, AT(CREATE),
		"a memfd channel has trust mode T0 only and no NUMA nodes: load ipcring.ko, or ask for IPCRING_TRUST_DEFAULT",
	},
	{
		EOPNOTSUPP, GETS,
		"IPCRING_COPY needs the module, which copies: load ipcring.ko, or leave the flag out",
	},
	{
		EACCES, AT(CREATE),
		"/dev/ipcring: permission denied: give your group access to it, or set IPCRING_BACKEND=memfd in all programs that are to meet",
	},
	{
		EACCES, AT(OPEN),
		"the channel's mode does not give you this role (4 consume, 2 produce, 1 observe), or /dev/ipcring is not accessible",
	},
	{
		EACCES, ALL,
		"a producer sees its own lane only: ask with an observer or the control handle",
	},
	{
		ENOENT, AT(OPEN),
		"no channel of that name: is its creator running, as a program with the same backend (IPCRING_BACKEND), user namespace and /dev/shm?",
	},
	{
		ENOENT, MAKES,
		"no /dev/ipcring: load ipcring.ko; or, with backend memfd, /proc or /dev/shm is not mounted",
	},
	{
		ENODEV, MAKES,
		"/dev/ipcring has no module behind it: load ipcring.ko, or set IPCRING_BACKEND=memfd",
	},
	{
		EBUSY, GETS,
		"the lane has a producer already, or there are as many consumers as the channel was made for: close one, take IPCRING_ANY_LANE, or create it with more",
	},
	{
		EMFILE, ALL,
		"this process has too many open files: close some, or raise RLIMIT_NOFILE (ulimit -n)",
	},
	{
		ENFILE, ALL,
		"the system has too many open files: raise fs.file-max",
	},
	{
		ENOMEM, MAKES | AT(WAIT),
		"no memory, or over the memory cgroup's limit (memory.max)",
	},
	{
		EMSGSIZE, AT(SEND),
		"the message is empty or longer than the channel's msg_size",
	},
	{
		EMSGSIZE, AT(RECV),
		"the buffer is smaller than the message, which stays queued: msg_size bytes always suffice",
	},
	{
		EAGAIN, AT(SEND),
		"there is no room: wait (ipcring_wait()), or send with a deadline",
	},
	{
		EAGAIN, AT(RECV),
		"no message is there: wait (ipcring_wait()), or receive with a deadline",
	},
	{
		EPIPE, AT(SEND),
		"every consumer is gone, nobody will read this",
	},
	{
		EPIPE, AT(RECV) | AT(WAIT),
		"the peers were there and are gone",
	},
	{
		EBADMSG, MOVES,
		"the lane is corrupt, its peer broke the protocol: a new producer endpoint starts it afresh",
	},
	{
		EBADF, MOVES,
		"not an endpoint of this role: a producer sends, a consumer receives, a control handle does neither",
	},
	{
		ETIMEDOUT, MOVES,
		"the deadline has passed",
	},
	{
		EINTR, MOVES,
		"a signal came: call again, deadlines are absolute",
	},
	{
		EINVAL, AT(WAIT),
		"not 1..64 endpoints of one backend",
	},
	{
		EINVAL, AT(RECV),
		"a round needs both endpoints, resv 0, and for a reply both a producer and a payload, or neither",
	},
	{
		ENOTTY, ALL,
		"this module or kind of handle does not know the command: ask IPCRING_IOC_FEATURES",
	},
};

const char *ipcring_strerror(enum ipcring_op op, int error)
{
	const char *text;

	if (error < 0)
		error = -error;
	for (size_t i = 0; i < sizeof(lib_errors) / sizeof(lib_errors[0]); i++)
		if (lib_errors[i].error == error && lib_errors[i].ops & (1u << op))
			return lib_errors[i].text;
	text = strerrordesc_np(error);
	return text ? text : "unknown error";
}
