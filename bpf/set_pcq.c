// SPDX-License-Identifier: GPL-2.0
/* Where the probes of the module's per-CPU queues are attached. */
#include "sets.h"
#include "pcq.skel.h"

SET_SKELETON(pcq)

/* The programs are the same; by which lane a message goes is not. */
#define PCQ_SET(mech, local, remote)								\
	.mechs = { mech },									\
	.module = "ipcring",									\
	.open = set_open_pcq,									\
	.hooks = {										\
		{ "send_enter", "fentry", { "pcq_write_iter" }, 0, 0 },				\
		{ "enqueue_local", "tp_btf", { "ipcring_pcq_send_local" }, local, 0 },		\
		{ "enqueue_remote", "tp_btf", { "ipcring_pcq_send_remote" }, remote, 0 },	\
		SET_SCHED,									\
		{ "recv_enter", "fentry", { "pcq_read_iter" }, 0, 0 },				\
		{ "dequeue", "tp_btf", { "ipcring_pcq_recv" }, SET_COPIED, 0 },			\
		{ "recv_exit", "fexit", { "pcq_read_iter" }, BIT(PHASE_EXIT), 0 },		\
	}

const struct probe_set set_pcq_local = {
	PCQ_SET("pcq-local", BIT(PHASE_COPY_IN), 0),
};

const struct probe_set set_pcq_remote = {
	PCQ_SET("pcq-remote", 0, BIT(PHASE_COPY_IN)),
};
