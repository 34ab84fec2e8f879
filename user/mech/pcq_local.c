// SPDX-License-Identifier: GPL-2.0
/*
 * pcq-local: per-CPU queues of /dev/ipcring, both sides on the queues' CPU: write() takes
 * the local lane, which has no locked instruction.
 */
#include "fd_uring.h"
#include "pcq_open.h"

static int pcq_local_open(struct mech *m)
{
	return pcq_mech_open(m, 0);
}

const struct mech_ops mech_pcq_local = {
	.name = "pcq-local",
	.summary = "per-CPU queue of /dev/ipcring, sent to on its CPU: write() and read()",
	.choices = PCQ_CHOICES "; both sides on one CPU",
	.rev = 2,
	.traits = MECH_T_BOUNDARIES | MECH_T_BACKPRESSURE | MECH_T_PERSISTENT | MECH_T_KMOD |
		  MECH_T_FANIN | MECH_T_ONE_CPU | MECH_T_HANGUP | MECH_T_ORDER |
		  MECH_T_ATOMIC,
	.waits = MECH_W_FD & ~MECH_W_SPIN,
	.max_msg = IPCRING_PCQ_MSG_MAX,
	.probe = pcq_open_probe,
	.open = pcq_local_open,
	.attach = pcq_mech_attach,
	.leave = pcq_mech_leave,
	.send = fd_pair_send,
	.recv = fd_pair_recv,
	.fd = fd_pair_fd,
	.uring = &fd_uring,
	.close = pcq_mech_close,
};
