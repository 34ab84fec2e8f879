/* SPDX-License-Identifier: GPL-2.0 */
/* What the mechanisms on a ring have in common. */
#ifndef IPCSCOPE_MECH_RING_OPEN_H
#define IPCSCOPE_MECH_RING_OPEN_H

#include "lib/ipcring.h"
#include "fd_pair.h"

/* A pipe's default: so many bytes of slots, that depth is not a hidden axis. */
#define RING_BYTES	65536u

/**
 * struct ring_ends - endpoints by side, NULL: none
 * @in:		what this side receives from
 * @out:	what this side sends into
 * @lane:	of many senders: each one's lane, the first one's in @out, too
 * @lanes:	how many
 */
struct ring_ends {
	struct ipcring *in[SIDE_COUNT];
	struct ipcring *out[SIDE_COUNT];
	struct ipcring **lane;
	unsigned int lanes;
};

/* Depth of a ring of RING_BYTES, at least two so that the sides can overlap. */
static inline __u32 ring_open_slots(size_t size)
{
	__u32 slots = 2;

	while (slots * 2 * ring_stride((__u32)size) <= RING_BYTES)
		slots *= 2;
	return slots;
}

/* Is there a device, and may we use it? */
int ring_open_probe(const struct mech_cfg *cfg, struct mech_why *why);

/*
 * Two channels of the module, one each way, whose endpoints let the kernel copy. Senders
 * that share an instance have a lane each. What was opened before an error is in @e.
 */
int ring_open_channels(const struct mech *m, struct ring_ends *e, __u32 flags);

/* In a worker: make @out what this one sends into. */
static inline void ring_open_choose(const struct mech *m, struct ring_ends *e)
{
	if (m->side == SIDE_SENDER && m->index)
		e->out[SIDE_SENDER] = e->lane[m->index];
}

/* Accepts zeroed ones. */
void ring_open_close(struct ring_ends *e);

#endif /* IPCSCOPE_MECH_RING_OPEN_H */
