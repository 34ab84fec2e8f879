// SPDX-License-Identifier: GPL-2.0
/* ring: two channels of /dev/ipcring, one each way; the kernel copies. */
#define _GNU_SOURCE
#include "fd_uring.h"
#include "ring_open.h"

/**
 * struct ring_mech - state of one instance
 * @ends:	both channels' endpoints; first, for ring_ends_close()
 * @in:		descriptor that this worker receives from
 * @out:	descriptor that it sends into
 */
struct ring_mech {
	struct ring_ends ends;
	int in;
	int out;
};

static int ring_mech_open(struct mech *m)
{
	struct ring_mech *r = calloc(1, sizeof(*r));

	m->priv = r;
	return r ? ring_open_channels(m, &r->ends) : -ENOMEM;
}

static int ring_mech_attach(struct mech *m)
{
	struct ring_mech *r = m->priv;
	int ret = ring_open_attach(m, &r->ends);

	if (ret)
		return ret;
	r->out = ipcring_fd(r->ends.out[m->side]);
	r->in = ipcring_fd(r->ends.in[m->side]);
	return 0;
}

static int ring_mech_send(struct mech *m, const void *buf)
{
	const struct ring_mech *r = m->priv;

	return fd_pair_write(m, r->out, buf);
}

static int ring_mech_recv(struct mech *m, void *buf)
{
	const struct ring_mech *r = m->priv;

	return fd_pair_read(m, r->in, buf);
}

const struct mech_ops mech_ring = {
	.name = "ring",
	.summary = "ring channel of /dev/ipcring: write() and read()",
	.choices = RING_CHOICES "; the kernel copies; O_NONBLOCK where a side tries",
	.rev = 3,
	.traits = MECH_T_BOUNDARIES | MECH_T_BACKPRESSURE | MECH_T_PERSISTENT | MECH_T_KMOD |
		  MECH_T_FANIN | MECH_T_HANGUP | MECH_T_ORDER | MECH_T_ATOMIC,
	.waits = MECH_W_FD,
	.max_msg = IPCRING_MSG_MAX,
	.probe = ring_open_probe,
	.open = ring_mech_open,
	.attach = ring_mech_attach,
	.leave = ring_ends_leave,
	.send = ring_mech_send,
	.recv = ring_mech_recv,
	.fd = ring_ends_fd,
	.uring = &fd_uring,
	.close = ring_ends_close,
};
