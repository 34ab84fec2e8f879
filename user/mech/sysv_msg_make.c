// SPDX-License-Identifier: GPL-2.0
/* Limits of SysV message queues: what is asked for, and what says no. */
#define _GNU_SOURCE
#include <sys/ipc.h>
#include <sys/msg.h>
#include "sysv_msg_make.h"

/* What the rings take, too; a larger message has room for two. */
#define SYSV_MSG_MAKE_BYTES	65536

/* Who may not have more than kernel.msgmnb bytes in a queue keeps that. */
static int sysv_msg_make_one(struct names_name *name, size_t size)
{
	const size_t want = 2 * size > SYSV_MSG_MAKE_BYTES ? 2 * size : SYSV_MSG_MAKE_BYTES;
	int queue, ret = names_make(NAMES_MSGQ, name);
	struct msqid_ds ds;

	if (ret)
		return ret;
	queue = msgget(name->key, IPC_CREAT | IPC_EXCL | 0600);
	if (queue < 0 || msgctl(queue, IPC_STAT, &ds))
		return -errno;
	if (ds.msg_qbytes < want) {
		ds.msg_qbytes = want;
		if (msgctl(queue, IPC_SET, &ds) && (errno != EPERM || msgctl(queue, IPC_STAT, &ds)))
			return -errno;
	}
	return size > ds.msg_qbytes ? -EMSGSIZE : 0;
}

int sysv_msg_make(struct names_name name[SIDE_COUNT], size_t size)
{
	int ret = sysv_msg_make_one(&name[SIDE_SENDER], size);

	return ret ? ret : sysv_msg_make_one(&name[SIDE_RECEIVER], size);
}

int sysv_msg_make_probe(const struct mech_cfg *cfg, struct mech_why *why)
{
	struct names_name name = { 0 };
	struct msginfo info;
	const char *knob;
	bool max;
	int ret;

	if (msgctl(0, IPC_INFO, (struct msqid_ds *)&info) < 0) {
		mech_because(why, "this kernel has no SysV message queues, CONFIG_SYSVIPC");
		return -EOPNOTSUPP;
	}
	max = cfg->size > (size_t)info.msgmax;
	knob = max ? "msgmax" : "msgmnb";
	ret = max ? -EMSGSIZE : sysv_msg_make_one(&name, cfg->size);
	names_drop(&name);
	if (ret == -EMSGSIZE)
		mech_because(why, "size %zu is over kernel.%s = %d; raise it with sysctl -w kernel.%s=%zu",
			     cfg->size, knob, max ? info.msgmax : info.msgmnb, knob, cfg->size);
	else if (ret == -ENOSPC)
		mech_because(why, "all queues are taken, kernel.msgmni = %d; remove some (ipcs -q) or raise it",
			     info.msgmni);
	return ret;
}
