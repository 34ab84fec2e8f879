// SPDX-License-Identifier: GPL-2.0
/*
 * ring-uring-cmd: the channels of `ring`, driven by the module's own io_uring commands;
 * a round trip of the opening side is one CALL.
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/ioctl.h>
#include "fd_uring.h"
#include "lib/ipcring/uring.h"
#include "ring_open.h"

/* @features: 0 unless they could be asked for. Return: 0 or -errno. */
static int ring_uring_cmd_features(__u64 *features)
{
	struct ipcring_features arg = { .size = sizeof(arg) };
	int fd = open("/dev/ipcring", O_RDWR | O_CLOEXEC), ret = 0;

	*features = 0;
	if (fd < 0)
		return -errno;
	if (ioctl(fd, IPCRING_IOC_FEATURES, &arg))
		ret = -errno;
	close(fd);
	*features = arg.features;
	return ret;
}

static int ring_uring_cmd_probe(const struct mech_cfg *cfg, struct mech_why *why)
{
	int ret = ring_open_probe(cfg, why);
	__u64 features;

	if (ret)
		return ret;
	ret = ring_uring_cmd_features(&features);
	if (ret) {
		mech_because(why, "/dev/ipcring: asking for its features: %s", strerror(-ret));
		return ret;
	}
	if (features & IPCRING_FEAT_URING_WAIT)
		return 0;
	mech_because(why, "this kernel cannot cancel an io_uring command, so the module's never wait; use Linux 6.7 or later, or ring --wait uring");
	return -EOPNOTSUPP;
}

/* One completion says all. The message's length is its result. */
static int ring_uring_cmd_run(struct mech *m, __u32 op, const void *addr, __u32 len)
{
	struct fd_uring_state *s = m->uring;
	struct io_uring_sqe *sqe = io_uring_get_sqe(&s->ring);
	int ret;

	io_uring_prep_ipcring(sqe, op, op == IPCRING_URING_RECV ? FD_URING_IN : FD_URING_OUT,
			      addr, len);
	sqe->flags |= IOSQE_FIXED_FILE;
	ret = fd_uring_run(&s->ring, NULL);
	if (ret <= 0)
		return ret ? ret : -EPIPE;
	return (size_t)ret == m->cfg.size ? 0 : -EBADMSG;
}

static int ring_uring_cmd_send(struct mech *m, const void *buf)
{
	return ring_uring_cmd_run(m, IPCRING_URING_SEND, buf, (__u32)m->cfg.size);
}

static int ring_uring_cmd_recv(struct mech *m, void *buf)
{
	return ring_uring_cmd_run(m, IPCRING_URING_RECV, buf, (__u32)m->cfg.size);
}

/* The answering side's answer and next question are the same on the wire. */
static int ring_uring_cmd_call(struct mech *m, const void *out, void *in)
{
	struct ipcring_call call = {
		.size = sizeof(call),
		.fd = ring_ends_fd(m, MECH_IN),
		.send_buf = (uintptr_t)out,
		.recv_buf = (uintptr_t)in,
		.send_len = (__u32)m->cfg.size,
		.recv_len = (__u32)m->cfg.size,
		.deadline = IPCRING_NO_TIMEOUT,
	};

	return ring_uring_cmd_run(m, IPCRING_URING_CALL, &call, sizeof(call));
}

static const struct mech_io ring_uring_cmd_io = {
	.attach = fd_uring_attach,
	.send = ring_uring_cmd_send,
	.recv = ring_uring_cmd_recv,
	.call = ring_uring_cmd_call,
};

const struct mech_ops mech_ring_uring_cmd = {
	.name = "ring-uring-cmd",
	.summary = "ring channel of /dev/ipcring: its io_uring commands SEND, RECV and CALL",
	.choices = RING_CHOICES "; SINGLE_ISSUER, DEFER_TASKRUN, registered files and ring",
	.rev = 2,
	.traits = MECH_T_BOUNDARIES | MECH_T_BACKPRESSURE | MECH_T_PERSISTENT | MECH_T_KMOD |
		  MECH_T_FANIN | MECH_T_HANGUP | MECH_T_ORDER | MECH_T_ATOMIC,
	.waits = MECH_W_URING,
	.max_msg = IPCRING_MSG_MAX,
	.probe = ring_uring_cmd_probe,
	.open = ring_ends_open,
	.attach = ring_ends_attach,
	.leave = ring_ends_leave,
	.send = ring_uring_cmd_send,
	.recv = ring_uring_cmd_recv,
	.fd = ring_ends_fd,
	.uring = &ring_uring_cmd_io,
	.close = ring_ends_close,
};
