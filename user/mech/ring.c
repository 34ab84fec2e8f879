// SPDX-License-Identifier: GPL-2.0
/* ring: two channels of /dev/ipcring, one each way; the kernel copies. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include "ring_open.h"

int ring_open_probe(const struct mech_cfg *cfg, struct mech_why *why)
{
	int fd = ipcring_create(2, (__u32)cfg->size);
	struct utsname un;

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	uname(&un);
	if (fd == -ENOENT)
		mech_because(why, "no /dev/ipcring; load it with insmod build/%s/ipcring.ko",
			     un.release);
	else if (fd == -EACCES)
		mech_because(why, "/dev/ipcring: permission denied; run as root or give your group access to it");
	else
		mech_because(why, "/dev/ipcring: creating a channel: %s", strerror(-fd));
	return fd;
}

static int ring_open_one(const struct mech *m, int *out, int *in, __u32 flags)
{
	int control = ipcring_create(ring_open_slots(m->cfg.size), (__u32)m->cfg.size);

	if (control < 0)
		return control;
	*out = ipcring_endpoint(control, IPCRING_ROLE_PRODUCER, flags);
	*in = ipcring_endpoint(control, IPCRING_ROLE_CONSUMER, flags);
	close(control);
	return *out < 0 ? *out : *in < 0 ? *in : 0;
}

int ring_open_channels(const struct mech *m, struct fd_pair *p, __u32 flags)
{
	int ret = 0;

	*p = FD_PAIR_NONE;
	for (int side = 0; !ret && side < SIDE_COUNT; side++)
		ret = ring_open_one(m, &p->out[side], &p->in[!side], flags);
	return ret;
}

static int ring_mech_open(struct mech *m)
{
	m->priv = malloc(sizeof(struct fd_pair));
	if (!m->priv)
		return -ENOMEM;
	return ring_open_channels(m, m->priv,
				  m->cfg.wait == WAIT_SPIN ? IPCRING_EP_NONBLOCK : 0);
}

const struct mech_ops mech_ring = {
	.name = "ring",
	.summary = "ring channel of /dev/ipcring: write() and read()",
	.rev = 1,
	.traits = MECH_T_BOUNDARIES | MECH_T_BACKPRESSURE | MECH_T_PERSISTENT | MECH_T_KMOD,
	.waits = MECH_W_BLOCK | MECH_W_SPIN,
	.max_msg = IPCRING_MSG_MAX,
	.probe = ring_open_probe,
	.open = ring_mech_open,
	.send = fd_pair_send,
	.recv = fd_pair_recv,
	.close = fd_pair_free,
};
