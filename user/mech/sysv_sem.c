// SPDX-License-Identifier: GPL-2.0
/* sysv-sem-slots: slots in shared memory, counted by the semaphores of one SysV set. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include "names.h"
#include "slots.h"

/**
 * struct sysv_sem - state of one instance
 * @slots:	the slots; first, for their hooks
 * @name:	the set's key
 * @set:	its number, -1: none
 */
struct sysv_sem {
	struct slots slots;
	struct names_name name;
	int set;
};

/* Places in the set: two counts for each direction, then who is there. */
#define SYSV_SEM_COUNT(from, kind)	((from) * SLOTS_KINDS + (kind))
#define SYSV_SEM_WHO(side)		(SIDE_COUNT * SLOTS_KINDS + (side))
#define SYSV_SEM_SIZE			SYSV_SEM_WHO(SIDE_COUNT)

static int sysv_sem_probe(const struct mech_cfg *cfg, struct mech_why *why)
{
	struct seminfo info;
	int err;

	(void)cfg;
	if (semctl(0, 0, IPC_INFO, &info) < 0) {
		err = -errno;
		mech_because(why, "semctl: %s; a kernel with CONFIG_SYSVIPC is needed",
			     strerror(-err));
		return err;
	}
	if (info.semmsl >= SYSV_SEM_SIZE)
		return 0;
	mech_because(why, "a set of %d semaphores is over SEMMSL = %d; raise it with sysctl -w kernel.sem (the first number)",
		     SYSV_SEM_SIZE, info.semmsl);
	return -ENOSPC;
}

static int sysv_sem_op(int set, int number, short by, short flags)
{
	struct sembuf op = { .sem_num = (unsigned short)number, .sem_op = by, .sem_flg = flags };

	while (semop(set, &op, 1))
		if (errno != EINTR)
			return -errno;
	return 0;
}

static int sysv_sem_open(struct mech *m)
{
	struct sysv_sem *s = calloc(1, sizeof(*s));
	unsigned short value[SYSV_SEM_SIZE] = { 0 };
	int ret;

	m->priv = s;
	if (!s)
		return -ENOMEM;
	s->set = -1;
	ret = slots_open(&s->slots, m->cfg.size);
	if (!ret)
		ret = names_make(NAMES_SEMSET, &s->name);
	if (ret)
		return ret;
	s->set = semget(s->name.key, SYSV_SEM_SIZE, IPC_CREAT | IPC_EXCL | 0600);
	for (int side = 0; side < SIDE_COUNT; side++)
		value[SYSV_SEM_COUNT(side, SLOTS_FREE)] = (unsigned short)s->slots.slots;
	return s->set < 0 || semctl(s->set, 0, SETALL, value) < 0 ? -errno : 0;
}

/* Each side leaves its process where nobody else operates on the set: see cred(). */
static int sysv_sem_attach(struct mech *m)
{
	struct sysv_sem *s = m->priv;
	int ret = slots_attach(&s->slots);

	if (ret)
		return ret;
	s->set = semget(s->name.key, 0, 0);
	return s->set < 0 ? -errno : sysv_sem_op(s->set, SYSV_SEM_WHO(m->side), 1, 0);
}

static int sysv_sem_wait(struct mech *m, enum mech_side from, enum slots_kind kind)
{
	return sysv_sem_op(((struct sysv_sem *)m->priv)->set, SYSV_SEM_COUNT(from, kind), -1,
			   m->nowait ? IPC_NOWAIT : 0);
}

static int sysv_sem_post(struct mech *m, enum mech_side from, enum slots_kind kind)
{
	return sysv_sem_op(((struct sysv_sem *)m->priv)->set, SYSV_SEM_COUNT(from, kind), 1, 0);
}

static int sysv_sem_send(struct mech *m, const void *buf)
{
	return slots_send(m, m->priv, buf, sysv_sem_wait, sysv_sem_post);
}

static int sysv_sem_recv(struct mech *m, void *buf)
{
	return slots_recv(m, m->priv, buf, sysv_sem_wait, sysv_sem_post);
}

/* A count's own GETPID names its receiver, who was the last to operate on it. */
static int sysv_sem_cred(struct mech *m, struct mech_cred *cred)
{
	if (m->cfg.senders > 1)
		return -EOPNOTSUPP;
	cred->pid = semctl(((struct sysv_sem *)m->priv)->set, SYSV_SEM_WHO(!m->side), GETPID);
	cred->uid = (uid_t)-1;
	return cred->pid < 0 ? -errno : 0;
}

static void sysv_sem_close(struct mech *m)
{
	if (m->priv)
		names_drop(&((struct sysv_sem *)m->priv)->name);
	slots_close_hook(m);
}

const struct mech_ops mech_sysv_sem_slots = {
	.name = "sysv-sem-slots",
	.summary = "slots in shared memory, counted by SysV semaphores",
	.choices = "64 KiB of slots each way; one set for both directions, found by its key; semop() of one operation, no SEM_UNDO: each is a system call, and sleeps there",
	.rev = 1,
	.traits = MECH_T_BOUNDARIES | MECH_T_BACKPRESSURE | MECH_T_PERSISTENT | MECH_T_FANIN |
		  MECH_T_ORDER | MECH_T_DUPLEX | MECH_T_ATOMIC | MECH_T_CREDENTIALS |
		  MECH_T_NOTIFIES,
	.waits = MECH_W_TRY,
	.probe = sysv_sem_probe,
	.open = sysv_sem_open,
	.attach = sysv_sem_attach,
	.leave = slots_leave_hook,
	.send = sysv_sem_send,
	.recv = sysv_sem_recv,
	.cred = sysv_sem_cred,
	.close = sysv_sem_close,
};
