// SPDX-License-Identifier: GPL-2.0
/*
 * pcq-service: the receiver is a kernel thread that owns the queue of its CPU and sends
 * each message back to the CPU that it came from. One set has the requests, another one
 * the answers; clients, one on a CPU, share both.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include "fd_uring.h"
#include "pcq_open.h"

static int pcq_service_probe(const struct mech_cfg *cfg, struct mech_why *why)
{
	const struct mech m = { .cfg = *cfg };
	struct ipcring_pcq *control = NULL;
	int ret = pcq_open_probe(cfg, why);

	if (ret)
		return ret;
	ret = pcq_open_set(&m, 0, &control);
	if (!ret)
		ret = ipcring_pcq_start(control, (__u32)sched_getcpu(), IPCRING_PCQ_DRAIN, 0, NULL);
	ipcring_pcq_close(control);
	if (ret == -EPERM)
		mech_because(why, "a service needs CAP_SYS_NICE; run as root");
	else if (ret)
		mech_because(why, "starting a service: %s", strerror(-ret));
	return ret;
}

/* Requests go to the service's CPU, answers to the one that asks for them. */
static int pcq_service_endpoints(struct mech *m, struct pcq_ends *e)
{
	const __u32 flags = IPCRING_PCQ_COPY |
			    (mech_tries(&m->cfg) ? IPCRING_PCQ_EP_NONBLOCK : 0);
	int ret;

	ret = ipcring_pcq_endpoint(e->control[SIDE_SENDER], IPCRING_PCQ_SENDER,
				   (__u32)m->cpu[SIDE_RECEIVER], flags, &e->out[SIDE_SENDER]);
	if (!ret)
		ret = ipcring_pcq_endpoint(e->control[SIDE_RECEIVER], IPCRING_PCQ_RECEIVER,
					   IPCRING_PCQ_THIS, flags, &e->in[SIDE_SENDER]);
	if (!ret)
		ret = ipcring_pcq_endpoint(e->control[SIDE_RECEIVER], IPCRING_PCQ_SENDER,
					   IPCRING_PCQ_ANY, IPCRING_PCQ_COPY,
					   &e->out[SIDE_RECEIVER]);
	return ret;
}

static int pcq_service_open(struct mech *m)
{
	const __u32 flags = m->cfg.wait == WAIT_SPIN ?
			    IPCRING_PCQ_SERVICE_POLL | IPCRING_PCQ_SERVICE_FIFO : 0;
	struct pcq_mech *p = calloc(1, sizeof(*p));
	int ret = 0;

	m->priv = p;
	if (!p)
		return -ENOMEM;
	for (int side = 0; !ret && side < SIDE_COUNT; side++)
		ret = pcq_open_set(m, 0, &p->ends.control[side]);
	if (!ret)
		ret = pcq_service_endpoints(m, &p->ends);
	if (!ret)
		ret = ipcring_pcq_start(p->ends.control[SIDE_SENDER], (__u32)m->cpu[SIDE_RECEIVER],
					IPCRING_PCQ_ECHO, flags, p->ends.out[SIDE_RECEIVER]);
	if (ret)
		return ret;
	p->fd.out[SIDE_SENDER] = ipcring_pcq_fd(p->ends.out[SIDE_SENDER]);
	p->fd.in[SIDE_SENDER] = ipcring_pcq_fd(p->ends.in[SIDE_SENDER]);
	return 0;
}

/* All clients share both sets, which live as long as one of them does. */
static int pcq_service_attach(struct mech *m)
{
	const struct pcq_mech *p = m->priv;

	return p->ends.control[SIDE_SENDER] ? 0 : -EBADF;
}

static int pcq_service_ns(struct mech *m, uint64_t *ns)
{
	const struct pcq_mech *p = m->priv;
	struct ipcring_pcq_stats stats = {
		.size = sizeof(stats), .cpu = (__u32)m->cpu[SIDE_RECEIVER],
	};

	if (ioctl(p->fd.out[SIDE_SENDER], IPCRING_IOC_PCQ_STATS, &stats))
		return -errno;
	*ns = stats.service_ns;
	return 0;
}

const struct mech_ops mech_pcq_service = {
	.name = "pcq-service",
	.summary = "per-CPU queue of /dev/ipcring, served by a kernel thread that echoes",
	.choices = PCQ_CHOICES "; with spin the service polls, too, as a real-time task",
	.rev = 2,
	.traits = MECH_T_BOUNDARIES | MECH_T_BACKPRESSURE | MECH_T_PERSISTENT | MECH_T_KMOD |
		  MECH_T_FANIN | MECH_T_SERVED | MECH_T_ORDER | MECH_T_ATOMIC,
	.waits = MECH_W_FD,
	.max_msg = IPCRING_PCQ_MSG_MAX,
	.probe = pcq_service_probe,
	.open = pcq_service_open,
	.attach = pcq_service_attach,
	.leave = pcq_mech_leave,
	.send = fd_pair_send,
	.recv = fd_pair_recv,
	.fd = fd_pair_fd,
	.uring = &fd_uring,
	.service_ns = pcq_service_ns,
	.close = pcq_mech_close,
};
