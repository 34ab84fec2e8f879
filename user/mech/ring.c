// SPDX-License-Identifier: GPL-2.0
/* ring: two channels of /dev/ipcring, one each way; the kernel copies. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include "ring_open.h"

/**
 * struct ring_mech - state of one instance
 * @fd:		descriptors of @ends; first, for fd_pair_send()
 * @ends:	both channels' endpoints, which own them
 */
struct ring_mech {
	struct fd_pair fd;
	struct ring_ends ends;
};

static int ring_open_create(__u32 slots, size_t size, __u32 lanes, struct ipcring **control)
{
	const struct ipcring_options opt = {
		.flags = IPCRING_ONLY_MODULE, .slots = slots, .msg_size = (__u32)size,
		.lanes = lanes,
	};

	return ipcring_create(&opt, control);
}

int ring_open_probe(const struct mech_cfg *cfg, struct mech_why *why)
{
	struct ipcring *control;
	struct utsname un;
	int ret;

	if (cfg->senders > IPCRING_LANES_MAX) {
		mech_because(why, "a ring channel has up to %u lanes, one for each sender; give --width %u or less",
			     IPCRING_LANES_MAX, IPCRING_LANES_MAX);
		return -EINVAL;
	}
	ret = ring_open_create(2, cfg->size, cfg->senders, &control);
	if (!ret) {
		ipcring_close(control);
		return 0;
	}
	uname(&un);
	if (ret == -ENOENT)
		mech_because(why, "no /dev/ipcring; load it with insmod build/%s/ipcring.ko",
			     un.release);
	else if (ret == -EACCES)
		mech_because(why, "/dev/ipcring: permission denied; run as root or give your group access to it");
	else
		mech_because(why, "/dev/ipcring: creating a channel: %s",
			     ipcring_strerror(IPCRING_OP_CREATE, ret));
	return ret;
}

static int ring_open_lanes(struct ring_ends *e, struct ipcring *control, __u32 flags)
{
	int ret = 0;

	e->lane = calloc(e->lanes, sizeof(*e->lane));
	if (!e->lane)
		return -ENOMEM;
	for (unsigned int i = 0; !ret && i < e->lanes; i++)
		ret = ipcring_endpoint(control, IPCRING_ROLE_PRODUCER, i, flags, &e->lane[i]);
	e->out[SIDE_SENDER] = e->lane[0];
	return ret;
}

static int ring_open_one(const struct mech *m, struct ring_ends *e, enum mech_side side,
			 __u32 flags)
{
	const __u32 lanes = side == SIDE_SENDER ? m->cfg.senders : 1;
	struct ipcring *control;
	int ret = ring_open_create(ring_open_slots(m->cfg.size), m->cfg.size, lanes, &control);

	if (ret)
		return ret;
	flags |= IPCRING_COPY;
	e->lanes = lanes > 1 ? lanes : e->lanes;
	ret = lanes > 1 ? ring_open_lanes(e, control, flags) :
	      ipcring_endpoint(control, IPCRING_ROLE_PRODUCER, 0, flags, &e->out[side]);
	if (!ret)
		ret = ipcring_endpoint(control, IPCRING_ROLE_CONSUMER, 0, flags, &e->in[!side]);
	ipcring_close(control);
	return ret;
}

int ring_open_channels(const struct mech *m, struct ring_ends *e, __u32 flags)
{
	int ret = 0;

	for (int side = 0; !ret && side < SIDE_COUNT; side++)
		ret = ring_open_one(m, e, side, flags);
	return ret;
}

void ring_open_close(struct ring_ends *e)
{
	if (e->lane)
		e->out[SIDE_SENDER] = NULL;
	for (unsigned int i = 0; e->lane && i < e->lanes; i++)
		ipcring_close(e->lane[i]);
	free(e->lane);
	for (int side = 0; side < SIDE_COUNT; side++) {
		ipcring_close(e->out[side]);
		ipcring_close(e->in[side]);
	}
}

static int ring_mech_open(struct mech *m)
{
	struct ring_mech *r = calloc(1, sizeof(*r));
	int ret;

	m->priv = r;
	if (!r)
		return -ENOMEM;
	ret = ring_open_channels(m, &r->ends, m->cfg.wait == WAIT_SPIN ? IPCRING_EP_NONBLOCK : 0);
	for (int side = 0; !ret && side < SIDE_COUNT; side++) {
		r->fd.out[side] = ipcring_fd(r->ends.out[side]);
		r->fd.in[side] = ipcring_fd(r->ends.in[side]);
	}
	return ret;
}

static int ring_mech_attach(struct mech *m)
{
	struct ring_mech *r = m->priv;

	ring_open_choose(m, &r->ends);
	r->fd.out[m->side] = ipcring_fd(r->ends.out[m->side]);
	return 0;
}

static void ring_mech_close(struct mech *m)
{
	struct ring_mech *r = m->priv;

	if (r)
		ring_open_close(&r->ends);
	free(r);
}

const struct mech_ops mech_ring = {
	.name = "ring",
	.summary = "ring channel of /dev/ipcring: write() and read()",
	.rev = 2,
	.traits = MECH_T_BOUNDARIES | MECH_T_BACKPRESSURE | MECH_T_PERSISTENT | MECH_T_KMOD |
		  MECH_T_FANIN,
	.waits = MECH_W_BLOCK | MECH_W_SPIN,
	.max_msg = IPCRING_MSG_MAX,
	.probe = ring_open_probe,
	.open = ring_mech_open,
	.attach = ring_mech_attach,
	.send = fd_pair_send,
	.recv = fd_pair_recv,
	.close = ring_mech_close,
};
