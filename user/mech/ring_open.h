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

/**
 * ring_open_send() - send a message into a ring, sleeping as the mechanism does
 * @m:		the instance
 * @r:		the ring
 * @buf:	the message
 * @sleep:	wait for room: arm, look again, sleep; 0 to try again, or -errno
 * @wake:	wake the consumer: 0 or -errno
 *
 * Return: 0 or -errno; -EAGAIN only where the instance spins.
 */
static inline int ring_open_send(struct mech *m, const struct ring *r, const void *buf,
				 int (*sleep)(struct mech *m), int (*wake)(struct mech *m))
{
	bool asked;
	int ret;

	while ((ret = ipcring_push(r, buf, (__u32)m->cfg.size, &asked))) {
		if (ret != -EAGAIN || m->cfg.wait == WAIT_SPIN)
			return ret;
		ret = sleep(m);
		if (ret)
			return ret;
	}
	return asked ? wake(m) : 0;
}

/* The same for receiving: @sleep waits for a message, @wake wakes the producer. */
static inline int ring_open_recv(struct mech *m, const struct ring *r, void *buf,
				 int (*sleep)(struct mech *m), int (*wake)(struct mech *m))
{
	bool asked;
	__u32 len;
	int ret;

	while ((ret = ipcring_pop(r, buf, (__u32)m->cfg.size, &len, &asked))) {
		if (ret != -EAGAIN || m->cfg.wait == WAIT_SPIN)
			return ret;
		ret = sleep(m);
		if (ret)
			return ret;
	}
	if (len != m->cfg.size)
		return -EBADMSG;
	return asked ? wake(m) : 0;
}

/* Is there a device, and may we use it? */
int ring_open_probe(const struct mech_cfg *cfg, struct mech_why *why);

/* Two channels, one each way. What was opened before an error is in @p. */
int ring_open_channels(const struct mech *m, struct fd_pair *p, __u32 flags);

#endif /* IPCSCOPE_MECH_RING_OPEN_H */
