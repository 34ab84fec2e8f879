// SPDX-License-Identifier: GPL-2.0
/* Where the probes of eventfds are attached. */
#include "sets.h"
#include "eventfd.skel.h"

SET_SKELETON(eventfd)

const struct probe_set set_eventfd = {
	.mechs = { "eventfd-slots" },
	.open = set_open_eventfd,
	.hooks = {
		{ "send_enter", "fentry", { "eventfd_write" }, 0, 0 },
		{ "wake", "fentry", { "__wake_up_locked_key" }, 0, 0 },
		{ "unlock", "fentry", { DRIFT_SPIN_UNLOCK_IRQ },
		  BIT(PHASE_COPY_IN) | SET_COPIED, 0 },
		SET_SCHED,
		{ "recv_enter", "fentry", { "eventfd_read" }, 0, 0 },
		{ "recv_exit", "fexit", { "eventfd_read" }, BIT(PHASE_EXIT), 0 },
	},
};
