// SPDX-License-Identifier: GPL-2.0
/* sysv-msg: two SysV message queues, one each way, that each side opens by their keys. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include "sysv_msg_make.h"

/**
 * struct sysv_msg - state of one instance
 * @name:	by sending side
 * @queue:	likewise; a side opens both
 * @msg:	staging for the mtype that msgsnd() wants before the text
 */
struct sysv_msg {
	struct names_name name[SIDE_COUNT];
	int queue[SIDE_COUNT];
	struct {
		long mtype;
		char text[];
	} msg;
};

static int sysv_msg_open(struct mech *m)
{
	struct sysv_msg *q = calloc(1, sizeof(*q) + m->cfg.size);

	m->priv = q;
	return q ? sysv_msg_make(q->name, m->cfg.size) : -ENOMEM;
}

static int sysv_msg_attach(struct mech *m)
{
	struct sysv_msg *q = m->priv;

	q->msg.mtype = 1;
	for (int side = 0; side < SIDE_COUNT; side++) {
		q->queue[side] = msgget(q->name[side].key, 0);
		if (q->queue[side] < 0)
			return -errno;
	}
	return 0;
}

static int sysv_msg_flags(const struct mech *m)
{
	return m->nowait ? IPC_NOWAIT : 0;
}

static int sysv_msg_send(struct mech *m, const void *buf)
{
	struct sysv_msg *q = m->priv;

	memcpy(q->msg.text, buf, m->cfg.size);
	return msgsnd(q->queue[m->side], &q->msg, m->cfg.size, sysv_msg_flags(m)) ? -errno : 0;
}

static int sysv_msg_recv(struct mech *m, void *buf)
{
	struct sysv_msg *q = m->priv;
	ssize_t n = msgrcv(q->queue[!m->side], &q->msg, m->cfg.size, 0, sysv_msg_flags(m));

	if (n != (ssize_t)m->cfg.size)
		return n >= 0 ? -EBADMSG : errno == ENOMSG ? -EAGAIN : -errno;
	memcpy(buf, q->msg.text, m->cfg.size);
	return 0;
}

/* The last sender, which is that of the last message; of what user it is, the queue forgets. */
static int sysv_msg_cred(struct mech *m, struct mech_cred *cred)
{
	struct sysv_msg *q = m->priv;
	struct msqid_ds ds;

	if (msgctl(q->queue[!m->side], IPC_STAT, &ds))
		return -errno;
	*cred = (struct mech_cred){ ds.msg_lspid, (uid_t)-1 };
	return 0;
}

static void sysv_msg_close(struct mech *m)
{
	struct sysv_msg *q = m->priv;

	for (int side = 0; q && side < SIDE_COUNT; side++)
		names_drop(&q->name[side]);
	free(q);
}

const struct mech_ops mech_sysv_msg = {
	.name = "sysv-msg",
	.summary = "SysV message queues: msgsnd and msgrcv",
	.choices = "a queue each way, one message type: to pick by type walks the queue, so no priorities; msg_qbytes raised from kernel.msgmnb to 64 KiB or two messages, for whom the kernel lets; IPC_NOWAIT while a side tries",
	.rev = 2,
	.traits = MECH_T_BOUNDARIES | MECH_T_ORDER | MECH_T_BACKPRESSURE | MECH_T_PERSISTENT |
		  MECH_T_LASTING | MECH_T_FANIN | MECH_T_ATOMIC | MECH_T_CREDENTIALS,
	.waits = MECH_W_TRY,
	.probe = sysv_msg_make_probe,
	.open = sysv_msg_open,
	.attach = sysv_msg_attach,
	.send = sysv_msg_send,
	.recv = sysv_msg_recv,
	.cred = sysv_msg_cred,
	.close = sysv_msg_close,
};
