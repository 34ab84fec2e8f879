/* SPDX-License-Identifier: GPL-2.0 */
/* What the two ways to read and write the eventfds of `eventfd-slots` have in common. */
#ifndef IPCSCOPE_MECH_EVENTFD_SLOTS_H
#define IPCSCOPE_MECH_EVENTFD_SLOTS_H

#include "slots.h"

/**
 * struct eventfd_slots - state of one instance
 * @slots:	the slots; first, for their hooks
 * @fd:		by sending side and enum slots_kind, -1: none
 */
struct eventfd_slots {
	struct slots slots;
	int fd[SIDE_COUNT][SLOTS_KINDS];
};

/* WAIT_URING: one io_uring for each worker, each read and write is an entry of it. */
extern const struct mech_io eventfd_slots_uring;

#endif /* IPCSCOPE_MECH_EVENTFD_SLOTS_H */
