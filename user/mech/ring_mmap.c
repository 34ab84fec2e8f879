// SPDX-License-Identifier: GPL-2.0
/*
 * ring-mmap: the channels of `ring`, mapped. No system call while both sides run;
 * IPCRING_IOC_WAIT and IPCRING_IOC_WAKE when one sleeps.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include "ring_open.h"

/**
 * struct ring_mmap_mech - state of one instance
 * @fd:		endpoints of both channels
 * @out:	what this side sends into
 * @in:		what this side receives from
 */
struct ring_mmap_mech {
	struct fd_pair fd;
	struct ring out;
	struct ring in;
};

static int ring_mmap_open(struct mech *m)
{
	struct ring_mmap_mech *r = calloc(1, sizeof(*r));

	m->priv = r;
	return r ? ring_open_channels(m, &r->fd, 0) : -ENOMEM;
}

/* Mappings do not cross a fork(), so each worker makes its own. */
static int ring_mmap_attach(struct mech *m)
{
	struct ring_mmap_mech *r = m->priv;
	int ret = ipcring_map(r->fd.out[m->side], &r->out);

	return ret ? ret : ipcring_map(r->fd.in[m->side], &r->in);
}

static int ring_mmap_wait_room(struct mech *m)
{
	return ipcring_wait(((struct ring_mmap_mech *)m->priv)->fd.out[m->side]);
}

static int ring_mmap_wait_message(struct mech *m)
{
	return ipcring_wait(((struct ring_mmap_mech *)m->priv)->fd.in[m->side]);
}

static int ring_mmap_wake_consumer(struct mech *m)
{
	return ipcring_wake(((struct ring_mmap_mech *)m->priv)->fd.out[m->side]);
}

static int ring_mmap_wake_producer(struct mech *m)
{
	return ipcring_wake(((struct ring_mmap_mech *)m->priv)->fd.in[m->side]);
}

static int ring_mmap_send(struct mech *m, const void *buf)
{
	const struct ring_mmap_mech *r = m->priv;

	return ring_open_send(m, &r->out, buf, ring_mmap_wait_room, ring_mmap_wake_consumer);
}

static int ring_mmap_recv(struct mech *m, void *buf)
{
	const struct ring_mmap_mech *r = m->priv;

	return ring_open_recv(m, &r->in, buf, ring_mmap_wait_message, ring_mmap_wake_producer);
}

static void ring_mmap_close(struct mech *m)
{
	struct ring_mmap_mech *r = m->priv;

	if (r)
		fd_pair_close(&r->fd);
	free(r);
}

const struct mech_ops mech_ring_mmap = {
	.name = "ring-mmap",
	.summary = "ring channel of /dev/ipcring, mapped; system calls only to sleep and wake",
	.rev = 1,
	.traits = MECH_T_BOUNDARIES | MECH_T_BACKPRESSURE | MECH_T_PERSISTENT | MECH_T_KMOD,
	.waits = MECH_W_BLOCK | MECH_W_SPIN,
	.max_msg = IPCRING_MSG_MAX,
	.probe = ring_open_probe,
	.open = ring_mmap_open,
	.attach = ring_mmap_attach,
	.send = ring_mmap_send,
	.recv = ring_mmap_recv,
	.close = ring_mmap_close,
};
