// SPDX-License-Identifier: GPL-2.0
/* posix-mq: two POSIX message queues, one each way, that each side opens by their names. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <mqueue.h>
#include <stdlib.h>
#include "posix_mq_make.h"

/**
 * struct posix_mq - state of one instance
 * @name:	by sending side
 * @size:	of the messages that the queues are for: what is received needs as much room
 * @queue:	by direction, then by m->nowait: two descriptions of each queue, of which one
 *		does not wait; neither call asks for more than its descriptor says
 */
struct posix_mq {
	struct names_name name[SIDE_COUNT];
	size_t size;
	mqd_t queue[MECH_DIRS][2];
};

static int posix_mq_open(struct mech *m)
{
	struct posix_mq *q = calloc(1, sizeof(*q));

	m->priv = q;
	if (!q)
		return -ENOMEM;
	q->size = m->cfg.size;
	return posix_mq_make(q->name, q->size);
}

static int posix_mq_attach(struct mech *m)
{
	struct posix_mq *q = m->priv;

	for (int i = 0; i < MECH_DIRS * 2; i++) {
		const enum mech_dir dir = i / 2;
		const int mode = dir == MECH_IN ? O_RDONLY : O_WRONLY;
		const int side = dir == MECH_IN ? !m->side : m->side;

		q->queue[dir][i % 2] = mq_open(q->name[side].text,
					       mode | O_CLOEXEC | (i % 2 ? O_NONBLOCK : 0));
		if (q->queue[dir][i % 2] < 0)
			return -errno;
	}
	return 0;
}

static int posix_mq_send(struct mech *m, const void *buf)
{
	struct posix_mq *q = m->priv;

	return mq_send(q->queue[MECH_OUT][m->nowait], buf, m->cfg.size, m->prio) ? -errno : 0;
}

static int posix_mq_recv(struct mech *m, void *buf)
{
	struct posix_mq *q = m->priv;
	ssize_t n = mq_receive(q->queue[MECH_IN][m->nowait], buf, q->size, NULL);

	return n < 0 ? -errno : (size_t)n == m->cfg.size ? 0 : -EBADMSG;
}

static int posix_mq_fd(const struct mech *m, enum mech_dir dir)
{
	const struct posix_mq *q = m->priv;

	return q->queue[dir][true];
}

static void posix_mq_close(struct mech *m)
{
	struct posix_mq *q = m->priv;

	for (int side = 0; q && side < SIDE_COUNT; side++)
		names_drop(&q->name[side]);
	free(q);
}

const struct mech_ops mech_posix_mq = {
	.name = "posix-mq",
	.summary = "POSIX message queues: mq_send and mq_receive",
	.choices = "a queue each way for 64 KiB or two messages of just the size, or for fs.mqueue.msg_max (10) for whom the kernel lets no more; RLIMIT_MSGQUEUE raised where allowed; each queue opened with and without O_NONBLOCK, so no call needs a timeout",
	.rev = 1,
	.traits = MECH_T_BOUNDARIES | MECH_T_ORDER | MECH_T_BACKPRESSURE | MECH_T_PERSISTENT |
		  MECH_T_LASTING | MECH_T_PRIORITY | MECH_T_FANIN | MECH_T_ATOMIC,
	.waits = MECH_W_TRY | MECH_W_POLL,
	.max_msg = 16 << 20,
	.probe = posix_mq_make_probe,
	.open = posix_mq_open,
	.attach = posix_mq_attach,
	.send = posix_mq_send,
	.recv = posix_mq_recv,
	.fd = posix_mq_fd,
	.close = posix_mq_close,
};
