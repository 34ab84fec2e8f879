// SPDX-License-Identifier: GPL-2.0
/*
 * ring-uring-cmd: the channels of `ring`, driven by the module's own io_uring commands;
 * a round trip of the opening side is one CALL.
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/ioctl.h>
#include "lib/ipcring/uring.h"
#include "ring_uring.h"

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
	mech_because(why, "this kernel cannot cancel an io_uring command, so the module's never wait; use Linux 6.7 or later, or ring-uring");
	return -EOPNOTSUPP;
}

static void ring_uring_cmd_prep(struct mech *m, __u32 op, const void *addr, __u32 len)
{
	struct io_uring_sqe *sqe = ring_uring_sqe(m->priv);

	io_uring_prep_ipcring(sqe, op, op == IPCRING_URING_RECV ? RING_URING_IN : RING_URING_OUT,
			      addr, len);
	sqe->flags |= IOSQE_FIXED_FILE;
}

static int ring_uring_cmd_send(struct mech *m, const void *buf)
{
	ring_uring_cmd_prep(m, IPCRING_URING_SEND, buf, (__u32)m->cfg.size);
	return ring_uring_run(m);
}

static int ring_uring_cmd_recv(struct mech *m, void *buf)
{
	ring_uring_cmd_prep(m, IPCRING_URING_RECV, buf, (__u32)m->cfg.size);
	return ring_uring_run(m);
}

/* The answering side's answer and next question are the same on the wire. */
static int ring_uring_cmd_call(struct mech *m, const void *out, void *in)
{
	const struct ring_uring *r = m->priv;
	struct ipcring_call call = {
		.size = sizeof(call),
		.fd = ipcring_fd(r->ends.in[m->side]),
		.send_buf = (uintptr_t)out,
		.recv_buf = (uintptr_t)in,
		.send_len = (__u32)m->cfg.size,
		.recv_len = (__u32)m->cfg.size,
		.deadline = IPCRING_NO_TIMEOUT,
	};

	ring_uring_cmd_prep(m, IPCRING_URING_CALL, &call, sizeof(call));
	return ring_uring_run(m);
}

const struct mech_ops mech_ring_uring_cmd = {
	.name = "ring-uring-cmd",
	.summary = "ring channel of /dev/ipcring: its io_uring commands SEND, RECV and CALL",
	.rev = 1,
	.traits = MECH_T_BOUNDARIES | MECH_T_BACKPRESSURE | MECH_T_PERSISTENT | MECH_T_KMOD |
		  MECH_T_FANIN,
	.waits = MECH_W_BLOCK,
	.max_msg = IPCRING_MSG_MAX,
	.probe = ring_uring_cmd_probe,
	.open = ring_uring_open,
	.attach = ring_uring_attach,
	.send = ring_uring_cmd_send,
	.recv = ring_uring_cmd_recv,
	.call = ring_uring_cmd_call,
	.close = ring_uring_close,
};
