/* SPDX-License-Identifier: GPL-2.0 */
/* What the mechanisms on sets of per-CPU queues have in common. */
#ifndef IPCSCOPE_MECH_PCQ_OPEN_H
#define IPCSCOPE_MECH_PCQ_OPEN_H

#include "lib/ipcring_pcq.h"
#include "fd_pair.h"

/* As RING_BYTES: what a lane holds is no hidden axis. */
#define PCQ_BYTES	65536u

/* For @choices of all of them. */
#define PCQ_CHOICES	"64 KiB of slots a lane, doorbells wake the receiver, or with spin nobody"

/**
 * struct pcq_ends - two sets, one each way, NULL: none
 * @control:	by sending side, of a set that has a service
 * @in:		what this side receives from
 * @out:	what this side sends into
 */
struct pcq_ends {
	struct ipcring_pcq *control[SIDE_COUNT];
	struct ipcring_pcq *in[SIDE_COUNT];
	struct ipcring_pcq *out[SIDE_COUNT];
};

/**
 * struct pcq_mech - state of an instance that write()s and read()s
 * @fd:		descriptors of @ends in a worker; first, for fd_pair_send()
 * @ends:	the endpoints, which own them
 */
struct pcq_mech {
	struct fd_pair fd;
	struct pcq_ends ends;
};

/* Is there a device with such sets, and may we use it? */
int pcq_open_probe(const struct mech_cfg *cfg, struct mech_why *why);

/* A set of one way, whose receivers never ask for a doorbell if they spin. */
int pcq_open_set(const struct mech *m, __u32 flags, struct ipcring_pcq **control);

/*
 * Two sets whose queues are those of the CPUs of the sides: one is enough for two CPUs, but
 * not for one. @map: IPCRING_PCQ_MAP_SENDERS; @flags: of the senders. What was opened
 * before an error is in @e.
 */
int pcq_open_ends(const struct mech *m, struct pcq_ends *e, __u32 map, __u32 flags);

/*
 * In a worker: keep what this side sends into and receives from, and drop the rest, or nobody
 * would see its owner go. 0 or -EBADF.
 */
int pcq_open_attach(const struct mech *m, struct pcq_ends *e);

/* Accepts zeroed ones, and leaves such behind. */
void pcq_open_close(struct pcq_ends *e);

/* open(), attach(), leave() and close() of a struct pcq_mech. */
int pcq_mech_open(struct mech *m, __u32 flags);
int pcq_mech_attach(struct mech *m);
int pcq_mech_leave(struct mech *m);
void pcq_mech_close(struct mech *m);

#endif /* IPCSCOPE_MECH_PCQ_OPEN_H */
