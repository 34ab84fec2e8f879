// SPDX-License-Identifier: GPL-2.0
/*
 * ring-mmap: the channels of `ring`, mapped. No system call while both sides run;
 * IPCRING_IOC_WAIT and IPCRING_IOC_WAKE when one sleeps.
 */
#define _GNU_SOURCE
#include "ring_open.h"

/**
 * struct ring_mmap_mech - state of one instance
 * @ends:	endpoints of both channels, not mapped
 * @out:	what this worker sends into, NULL before it is attached
 * @in:		what it receives from
 */
struct ring_mmap_mech {
	struct ring_ends ends;
	struct ipcring *out;
	struct ipcring *in;
};

static int ring_mmap_open(struct mech *m)
{
	struct ring_mmap_mech *r = calloc(1, sizeof(*r));

	m->priv = r;
	return r ? ring_open_channels(m, &r->ends) : -ENOMEM;
}

/* Mappings do not cross a fork(), so each worker makes its own. */
static int ring_mmap_attach(struct mech *m)
{
	struct ring_mmap_mech *r = m->priv;
	int ret = ring_open_attach(m, &r->ends);

	if (!ret)
		ret = ipcring_import(ipcring_fd(r->ends.out[m->side]), 0, &r->out);
	if (!ret)
		ret = ipcring_import(ipcring_fd(r->ends.in[m->side]), 0, &r->in);
	ring_open_close(&r->ends);
	return ret;
}

static int ring_mmap_leave(struct mech *m)
{
	ring_open_close(&((struct ring_mmap_mech *)m->priv)->ends);
	return 0;
}

static int ring_mmap_send(struct mech *m, const void *buf)
{
	const struct ring_mmap_mech *r = m->priv;
	int ret = ipcring_try_send(r->out, buf, (__u32)m->cfg.size);

	if (ret != -EAGAIN || m->nowait)
		return ret;
	return ipcring_send_slow(r->out, buf, (__u32)m->cfg.size, IPCRING_NO_TIMEOUT);
}

static int ring_mmap_recv(struct mech *m, void *buf)
{
	const struct ring_mmap_mech *r = m->priv;
	ssize_t n = ipcring_try_recv(r->in, buf, (__u32)m->cfg.size);

	if (n == -EAGAIN && !m->nowait)
		n = ipcring_recv_slow(r->in, buf, (__u32)m->cfg.size, IPCRING_NO_TIMEOUT);
	if (n == (ssize_t)m->cfg.size)
		return 0;
	return n < 0 ? (int)n : n ? -EBADMSG : -EPIPE;
}

static int ring_mmap_fd(const struct mech *m, enum mech_dir dir)
{
	const struct ring_mmap_mech *r = m->priv;

	return ipcring_fd(dir == MECH_IN ? r->in : r->out);
}

/* The kernel arms, looks again, and knows of all lanes, and of a peer that is gone. */
static int ring_mmap_arm(struct mech *m, enum mech_dir dir)
{
	const struct ring_mmap_mech *r = m->priv;
	int ret = ipcring_wait(dir == MECH_IN ? r->in : r->out, 0);

	return ret == -ETIMEDOUT ? -EAGAIN : ret;
}

static void ring_mmap_close(struct mech *m)
{
	struct ring_mmap_mech *r = m->priv;

	if (r) {
		ipcring_close(r->out);
		ipcring_close(r->in);
		ring_open_close(&r->ends);
	}
	free(r);
}

const struct mech_ops mech_ring_mmap = {
	.name = "ring-mmap",
	.summary = "ring channel of /dev/ipcring, mapped; system calls only to sleep and wake",
	.choices = RING_CHOICES "; payload copied in and out once; sleeps in IPCRING_IOC_WAIT",
	.rev = 3,
	.traits = MECH_T_BOUNDARIES | MECH_T_BACKPRESSURE | MECH_T_PERSISTENT | MECH_T_KMOD |
		  MECH_T_FANIN | MECH_T_HANGUP | MECH_T_ORDER | MECH_T_ATOMIC,
	.waits = MECH_W_TRY | MECH_W_POLL,
	.max_msg = IPCRING_MSG_MAX,
	.probe = ring_open_probe,
	.open = ring_mmap_open,
	.attach = ring_mmap_attach,
	.leave = ring_mmap_leave,
	.send = ring_mmap_send,
	.recv = ring_mmap_recv,
	.fd = ring_mmap_fd,
	.arm = ring_mmap_arm,
	.close = ring_mmap_close,
};
