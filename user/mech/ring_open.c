// SPDX-License-Identifier: GPL-2.0
/* Channels of /dev/ipcring for the mechanisms on them: ring.c, ring_call.c and so on. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/utsname.h>
#include "ring_open.h"

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
	return ret;
}

static int ring_open_one(const struct mech *m, struct ring_ends *e, enum mech_side side)
{
	const __u32 lanes = side == SIDE_SENDER ? m->cfg.senders : 1;
	const __u32 flags = IPCRING_COPY | (mech_tries(&m->cfg) ? IPCRING_EP_NONBLOCK : 0);
	struct ipcring *control;
	int ret = ring_open_create(ring_open_slots(m->cfg.size), m->cfg.size, lanes, &control);

	if (ret)
		return ret;
	e->lanes = lanes > 1 ? lanes : e->lanes;
	ret = lanes > 1 ? ring_open_lanes(e, control, flags) :
	      ipcring_endpoint(control, IPCRING_ROLE_PRODUCER, 0, flags, &e->out[side]);
	if (!ret)
		ret = ipcring_endpoint(control, IPCRING_ROLE_CONSUMER, 0, flags, &e->in[!side]);
	ipcring_close(control);
	return ret;
}

int ring_open_channels(const struct mech *m, struct ring_ends *e)
{
	int ret = 0;

	for (int side = 0; !ret && side < SIDE_COUNT; side++)
		ret = ring_open_one(m, e, side);
	return ret;
}

/* Move an endpoint out of the reach of ring_open_close(). */
static struct ipcring *ring_open_take(struct ipcring **end)
{
	struct ipcring *taken = *end;

	*end = NULL;
	return taken;
}

int ring_open_attach(const struct mech *m, struct ring_ends *e)
{
	const bool lane = m->side == SIDE_SENDER && e->lane;
	struct ipcring *out = ring_open_take(lane ? &e->lane[m->index] : &e->out[m->side]);
	struct ipcring *in = ring_open_take(&e->in[m->side]);

	ring_open_close(e);
	e->out[m->side] = out;
	e->in[m->side] = in;
	return out && in ? 0 : -EBADF;
}

void ring_open_close(struct ring_ends *e)
{
	for (unsigned int i = 0; e->lane && i < e->lanes; i++)
		ipcring_close(e->lane[i]);
	free(e->lane);
	for (int side = 0; side < SIDE_COUNT; side++) {
		ipcring_close(e->out[side]);
		ipcring_close(e->in[side]);
	}
	*e = (struct ring_ends){ 0 };
}

int ring_ends_open(struct mech *m)
{
	m->priv = calloc(1, sizeof(struct ring_ends));
	return m->priv ? ring_open_channels(m, m->priv) : -ENOMEM;
}

int ring_ends_attach(struct mech *m)
{
	return ring_open_attach(m, m->priv);
}

int ring_ends_leave(struct mech *m)
{
	ring_open_close(m->priv);
	return 0;
}

int ring_ends_fd(const struct mech *m, enum mech_dir dir)
{
	const struct ring_ends *e = m->priv;

	return ipcring_fd(dir == MECH_IN ? e->in[m->side] : e->out[m->side]);
}

void ring_ends_close(struct mech *m)
{
	if (m->priv)
		ring_open_close(m->priv);
	free(m->priv);
}
