// SPDX-License-Identifier: GPL-2.0
/*
 * null: no communication at all, the floor of the harness.
 *
 * One thread plays both sides and hands the message over by remembering where it
 * lies. What a null cell costs (filling, checking, counting, the clock, two indirect
 * calls) is in every other cell, too. Read it as the template of a mechanism: this
 * file has every hook, each as small as it can be.
 */
#include <stdlib.h>
#include <string.h>
#include "mech.h"

/**
 * struct null_mech - state of one instance
 * @buf:	the one message under way
 */
struct null_mech {
	const void *buf;
};

/* Before fork, in the supervisor: everything that both sides must share. */
static int null_open(struct mech *m)
{
	m->priv = calloc(1, sizeof(struct null_mech));
	return m->priv ? 0 : -ENOMEM;
}

/* One whole message of m->cfg.size bytes, in the direction that m->side says. */
static int null_send(struct mech *m, const void *buf)
{
	struct null_mech *n = m->priv;

	n->buf = buf;
	return 0;
}

static int null_recv(struct mech *m, void *buf)
{
	struct null_mech *n = m->priv;

	memcpy(buf, n->buf, m->cfg.size);
	return 0;
}

/* In the supervisor, after both workers are gone; also after a failed open(). */
static void null_close(struct mech *m)
{
	free(m->priv);
}

const struct mech_ops mech_null = {
	.name = "null",
	.summary = "no communication: the cost of the harness itself",
	.choices = "one thread is both sides, and a message a pointer; one copy, into the receiver's buffer",
	.rev = 1,
	.traits = MECH_T_BOUNDARIES | MECH_T_SOLO,
	.waits = MECH_W_BLOCK,
	.open = null_open,
	.send = null_send,
	.recv = null_recv,
	.close = null_close,
};
