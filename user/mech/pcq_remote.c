// SPDX-License-Identifier: GPL-2.0
/*
 * pcq-remote: per-CPU queues of /dev/ipcring, written to as from another CPU: the remote
 * lane, wherever the sender is, so that same-cpu shows what the two lanes differ by.
 */
#include "fd_uring.h"
#include "pcq_open.h"

static int pcq_remote_open(struct mech *m)
{
	return pcq_mech_open(m, IPCRING_PCQ_EP_ORDERED);
}

const struct mech_ops mech_pcq_remote = {
	.name = "pcq-remote",
	.summary = "per-CPU queue of /dev/ipcring, its lane for other CPUs: write() and read()",
	.choices = PCQ_CHOICES "; IPCRING_PCQ_EP_ORDERED",
	.rev = 2,
	.traits = MECH_T_BOUNDARIES | MECH_T_BACKPRESSURE | MECH_T_PERSISTENT | MECH_T_KMOD |
		  MECH_T_FANIN | MECH_T_HANGUP | MECH_T_ORDER | MECH_T_ATOMIC,
	.waits = MECH_W_FD,
	.max_msg = IPCRING_PCQ_MSG_MAX,
	.probe = pcq_open_probe,
	.open = pcq_remote_open,
	.attach = pcq_mech_attach,
	.leave = pcq_mech_leave,
	.send = fd_pair_send,
	.recv = fd_pair_recv,
	.fd = fd_pair_fd,
	.uring = &fd_uring,
	.close = pcq_mech_close,
};
