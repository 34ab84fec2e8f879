// SPDX-License-Identifier: GPL-2.0
/* sysv-msg: two private SysV message queues, one each way, one message type. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include "mech.h"

/**
 * struct sysv_msg_mech - state of one instance
 * @queue:	by sending side, -1: none
 * @flags:	IPC_NOWAIT where a side spins
 * @msg:	staging for the mtype that msgsnd() wants before the text
 */
struct sysv_msg_mech {
	int queue[SIDE_COUNT];
	int flags;
	struct {
		long mtype;
		char text[];
	} msg;
};

static int sysv_msg_probe(const struct mech_cfg *cfg, struct mech_why *why)
{
	struct msginfo info;

	if (msgctl(0, IPC_INFO, (struct msqid_ds *)&info) < 0) {
		int err = -errno;

		mech_because(why, "msgctl: %s; a kernel with CONFIG_SYSVIPC is needed",
			     strerror(-err));
		return err;
	}
	if (cfg->size > (size_t)info.msgmax || cfg->size > (size_t)info.msgmnb) {
		const bool max = cfg->size > (size_t)info.msgmax;

		mech_because(why, "size %zu is over kernel.%s = %d; raise it with sysctl -w kernel.%s=%zu",
			     cfg->size, max ? "msgmax" : "msgmnb", max ? info.msgmax : info.msgmnb,
			     max ? "msgmax" : "msgmnb", cfg->size);
		return -EMSGSIZE;
	}
	return 0;
}

static int sysv_msg_open(struct mech *m)
{
	struct sysv_msg_mech *q = calloc(1, sizeof(*q) + m->cfg.size);

	m->priv = q;
	if (!q)
		return -ENOMEM;
	q->queue[SIDE_SENDER] = -1;
	q->queue[SIDE_RECEIVER] = -1;
	q->flags = m->cfg.wait == WAIT_SPIN ? IPC_NOWAIT : 0;
	q->msg.mtype = 1;
	for (int side = 0; side < SIDE_COUNT; side++) {
		q->queue[side] = msgget(IPC_PRIVATE, 0600);
		if (q->queue[side] < 0)
			return -errno;
	}
	return 0;
}

static int sysv_msg_send(struct mech *m, const void *buf)
{
	struct sysv_msg_mech *q = m->priv;

	memcpy(q->msg.text, buf, m->cfg.size);
	return msgsnd(q->queue[m->side], &q->msg, m->cfg.size, q->flags) ? -errno : 0;
}

static int sysv_msg_recv(struct mech *m, void *buf)
{
	struct sysv_msg_mech *q = m->priv;
	ssize_t n = msgrcv(q->queue[!m->side], &q->msg, m->cfg.size, 0, q->flags);

	if (n < 0)
		return errno == ENOMSG ? -EAGAIN : -errno;
	if ((size_t)n != m->cfg.size)
		return -EBADMSG;
	memcpy(buf, q->msg.text, m->cfg.size);
	return 0;
}

static void sysv_msg_close(struct mech *m)
{
	struct sysv_msg_mech *q = m->priv;

	for (int side = 0; q && side < SIDE_COUNT; side++)
		if (q->queue[side] >= 0)
			msgctl(q->queue[side], IPC_RMID, NULL);
	free(q);
}

const struct mech_ops mech_sysv_msg = {
	.name = "sysv-msg",
	.summary = "SysV message queues: msgsnd() and msgrcv()",
	.rev = 1,
	.traits = MECH_T_BOUNDARIES | MECH_T_BACKPRESSURE | MECH_T_PERSISTENT | MECH_T_FANIN,
	.waits = MECH_W_BLOCK | MECH_W_SPIN,
	.probe = sysv_msg_probe,
	.open = sysv_msg_open,
	.send = sysv_msg_send,
	.recv = sysv_msg_recv,
	.close = sysv_msg_close,
};
