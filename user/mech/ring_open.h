/* SPDX-License-Identifier: GPL-2.0 */
/* What the mechanisms on a ring have in common. */
#ifndef IPCSCOPE_MECH_RING_OPEN_H
#define IPCSCOPE_MECH_RING_OPEN_H

#include "lib/ipcring.h"
#include "fd_pair.h"

/* A pipe's default: so many bytes of slots, that depth is not a hidden axis. */
#define RING_BYTES	65536u

/* For @choices of all of them. */
#define RING_CHOICES	"64 KiB of slots each way, a lane for each sender"

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
 * Two channels of the module, one each way, whose endpoints let the kernel copy; they do not
 * wait where the policy tries. Senders that share an instance have a lane each. What was
 * opened before an error is in @e.
 */
int ring_open_channels(const struct mech *m, struct ring_ends *e);

/*
 * In a worker: keep what this one sends into and receives from, as @out and @in of its side,
 * and drop the rest, or nobody would see its owner go. 0 or -EBADF.
 */
int ring_open_attach(const struct mech *m, struct ring_ends *e);

/* Accepts zeroed ones, and leaves such behind. */
void ring_open_close(struct ring_ends *e);

/* open(), attach(), leave(), fd() and close() of a mechanism whose state is a struct ring_ends. */
int ring_ends_open(struct mech *m);
int ring_ends_attach(struct mech *m);
int ring_ends_leave(struct mech *m);
int ring_ends_fd(const struct mech *m, enum mech_dir dir);
void ring_ends_close(struct mech *m);

#endif /* IPCSCOPE_MECH_RING_OPEN_H */
