/* SPDX-License-Identifier: GPL-2.0 */
/* Two io_urings that post to each other: their state, and what is outside of the loop. */
#ifndef IPCSCOPE_MECH_MSG_RING_H
#define IPCSCOPE_MECH_MSG_RING_H

#include <liburing.h>
#include "shm_ring.h"

/**
 * struct msg_ring - state of one instance
 * @shm:	slots both ways; first, for its hooks
 * @uring:	of each side; inherited, as who posts needs the other's descriptor
 * @opened:	how many there are
 * @messages:	posted to us, and not yet received
 */
struct msg_ring {
	struct shm_ring shm;
	struct io_uring uring[SIDE_COUNT];
	int opened;
	__u64 messages;
};

/* The hooks of these names. */
int msg_ring_probe(const struct mech_cfg *cfg, struct mech_why *why);
int msg_ring_open(struct mech *m);
int msg_ring_attach(struct mech *m);
int msg_ring_leave(struct mech *m);
void msg_ring_close(struct mech *m);

#endif /* IPCSCOPE_MECH_MSG_RING_H */
