// SPDX-License-Identifier: GPL-2.0
/*
 * Probes for the io_uring commands of the module's ring channel: SEND, RECV and CALL,
 * one at a time of each side, submitted by its own task. A command that has to wait is
 * parked, and goes on in task work of the task that submitted it; so S is where it is
 * issued, and X where the attempt is left that posts its completion. A completion that
 * is posted is seen by its task only when it leaves io_uring_enter(): that is behind X.
 *
 * Not seen: multishot receives, which have buffers of io_uring's, and commands that a
 * worker of io_uring's executes.
 */
#include <linux/ipcring.h>
#include "ring_try.bpf.h"

SEC("fentry/ipcring_uring_cmd")
int BPF_PROG(cmd_enter, struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	if (phase_is(sh.ctl.sender)) {
		if (cmd->cmd_op == IPCRING_URING_SEND || cmd->cmd_op == IPCRING_URING_CALL)
			ring_send_enter((__u64)cmd);
	} else if (phase_is(sh.ctl.receiver)) {
		if (cmd->cmd_op == IPCRING_URING_RECV || cmd->cmd_op == IPCRING_URING_CALL)
			ring_recv_enter((__u64)cmd);
	}
	return 0;
}

/* Parked, it stays the receive that it was. */
static __always_inline void cmd_left(__u64 cmd)
{
	if (cmd != sh.rcv.iter)
		return;
	sh.rcv.x = bpf_ktime_get_ns();
	if (sh.rcv.copied)
		ring_received();
}

SEC("fexit/ipcring_uring_cmd")
int BPF_PROG(cmd_exit, struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	cmd_left((__u64)cmd);
	return 0;
}

SEC("fexit/ipcring_park_work")
int BPF_PROG(park_exit, struct io_uring_cmd *cmd, unsigned int issue_flags, bool dead)
{
	cmd_left((__u64)cmd);
	return 0;
}
