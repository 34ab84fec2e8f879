// SPDX-License-Identifier: GPL-2.0
/*
 * ring-call: the channels of `ring`; a round trip is IPCRING_IOC_CALL on one side and
 * IPCRING_IOC_REPLY_WAIT on the other, one system call each.
 */
#define _GNU_SOURCE
#include "ring_open.h"

static int ring_call_send(struct mech *m, const void *buf)
{
	const struct ring_ends *e = m->priv;

	return ipcring_send(e->out[m->side], buf, (__u32)m->cfg.size, IPCRING_NO_TIMEOUT);
}

/* The end is none: the peer was to go on. */
static int ring_call_length(const struct mech *m, ssize_t len)
{
	if (len < 0)
		return (int)len;
	return (size_t)len == m->cfg.size ? 0 : len ? -EBADMSG : -EPIPE;
}

static int ring_call_recv(struct mech *m, void *buf)
{
	const struct ring_ends *e = m->priv;

	return ring_call_length(m, ipcring_recv(e->in[m->side], buf, (__u32)m->cfg.size,
						IPCRING_NO_TIMEOUT));
}

static int ring_call_call(struct mech *m, const void *out, void *in)
{
	const struct ring_ends *e = m->priv;
	struct ipcring_round round = {
		.to = e->out[m->side],
		.from = e->in[m->side],
		.send = out,
		.recv = in,
		.send_len = (__u32)m->cfg.size,
		.recv_len = (__u32)m->cfg.size,
		.deadline = IPCRING_NO_TIMEOUT,
	};

	return ring_call_length(m, m->side == SIDE_SENDER ? ipcring_call(&round) :
							    ipcring_reply_wait(&round));
}

const struct mech_ops mech_ring_call = {
	.name = "ring-call",
	.summary = "ring channel of /dev/ipcring: CALL and REPLY_WAIT; streams by write() and read()",
	.choices = RING_CHOICES "; the woken peer takes the CPU where both share it",
	.rev = 2,
	.traits = MECH_T_BOUNDARIES | MECH_T_BACKPRESSURE | MECH_T_PERSISTENT | MECH_T_KMOD |
		  MECH_T_FANIN | MECH_T_HANGUP | MECH_T_ORDER | MECH_T_ATOMIC,
	.waits = MECH_W_BLOCK,
	.max_msg = IPCRING_MSG_MAX,
	.probe = ring_open_probe,
	.open = ring_ends_open,
	.attach = ring_ends_attach,
	.leave = ring_ends_leave,
	.send = ring_call_send,
	.recv = ring_call_recv,
	.call = ring_call_call,
	.close = ring_ends_close,
};
