// SPDX-License-Identifier: GPL-2.0
/*
 * binder: calls to the receiver, which is the context manager. A message of the sender's is a
 * call, and the receiver's is the answer to it; if the receiver has none, and only takes the
 * next call, the answer is empty.
 */
#define _GNU_SOURCE
#include <string.h>
#include "binder_open.h"

/* What came, if it is one; an empty answer says only that the call was taken. */
static int binder_take(struct mech *m, void *buf)
{
	struct binder *b = m->priv;

	if (b->io.got.data_size != m->cfg.size)
		return -EBADMSG;
	memcpy(buf, (const void *)(uintptr_t)b->io.got.data.ptr.buffer, m->cfg.size);
	return 0;
}

/* The sender's calls are one after the other, as a thread's are. */
static int binder_send(struct mech *m, const void *buf)
{
	struct binder *b = m->priv;
	const bool calls = m->side == SIDE_SENDER;
	int ret = 0;

	if (calls && b->pending)
		ret = binder_io_await(&b->io, BR_REPLY, m->nowait);
	else if (!calls && !b->pending)
		ret = -ENOTCONN;
	if (ret)
		return ret;
	b->pending = calls;
	binder_io_message(&b->io, calls ? BC_TRANSACTION : BC_REPLY, buf, m->cfg.size);
	return binder_io_flush(&b->io);
}

static int binder_recv(struct mech *m, void *buf)
{
	struct binder *b = m->priv;
	const bool calls = m->side == SIDE_SENDER;
	int ret;

	if (!calls && b->pending) {
		binder_io_message(&b->io, BC_REPLY, NULL, 0);
		b->pending = false;
	}
	ret = binder_io_await(&b->io, calls ? BR_REPLY : BR_TRANSACTION, m->nowait);
	if (ret)
		return ret;
	b->pending = !calls;
	return binder_take(m, buf);
}

static int binder_call(struct mech *m, const void *out, void *in)
{
	struct binder *b = m->priv;
	const bool calls = m->side == SIDE_SENDER;
	int ret;

	binder_io_message(&b->io, calls ? BC_TRANSACTION : BC_REPLY, out, m->cfg.size);
	ret = binder_io_await(&b->io, calls ? BR_REPLY : BR_TRANSACTION, false);
	return ret ? ret : binder_take(m, in);
}

static int binder_fd(const struct mech *m, enum mech_dir dir)
{
	const struct binder *b = m->priv;

	(void)dir;
	return b->io.fd;
}

/* Who called, or answered: the driver says it with each message. */
static int binder_cred(struct mech *m, struct mech_cred *cred)
{
	const struct binder *b = m->priv;

	*cred = (struct mech_cred){ b->io.got.sender_pid, b->io.got.sender_euid };
	return 0;
}

const struct mech_ops mech_binder = {
	.name = "binder",
	.summary = "calls through /dev/binder: BC_TRANSACTION and BC_REPLY",
	.choices = "synchronous calls, no objects; 4 MiB mapped by each process; one context manager: an instance each has /dev/binder, /dev/binder1, ...; sleeps in ioctl",
	.rev = 1,
	.traits = MECH_T_BOUNDARIES | MECH_T_ORDER | MECH_T_BACKPRESSURE | MECH_T_PERSISTENT |
		  MECH_T_FANIN | MECH_T_ATOMIC | MECH_T_CREDENTIALS | MECH_T_DUPLEX,
	.waits = MECH_W_TRY | MECH_W_POLL,
	.probe = binder_open_probe,
	.open = binder_open_device,
	.attach = binder_open_attach,
	.send = binder_send,
	.recv = binder_recv,
	.call = binder_call,
	.fd = binder_fd,
	.room_reads = true,
	.cred = binder_cred,
	.close = binder_open_close,
};
