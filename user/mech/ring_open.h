/* SPDX-License-Identifier: GPL-2.0 */
/* What the mechanisms on a ring have in common. */
#ifndef IPCSCOPE_MECH_RING_OPEN_H
#define IPCSCOPE_MECH_RING_OPEN_H

#include "lib/ipcring.h"
#include "fd_pair.h"

/* A pipe's default: so many bytes of slots, that depth is not a hidden axis. */
#define RING_BYTES	65536u

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

/* Two channels, one each way. What was opened before an error is in @p. */
int ring_open_channels(const struct mech *m, struct fd_pair *p, __u32 flags);

#endif /* IPCSCOPE_MECH_RING_OPEN_H */
