// SPDX-License-Identifier: GPL-2.0
/*
 * pcq-rseq: the queues of `pcq-local`, mapped: sent to in a restartable sequence, received
 * from memory. System calls only to sleep and wake.
 */
#include <sys/rseq.h>
#include "pcq_open.h"

/**
 * struct pcq_rseq_mech - state of one instance
 * @ends:	endpoints of both sets, not mapped
 * @out:	what this worker sends into, NULL before it is attached
 * @in:		what it receives from
 */
struct pcq_rseq_mech {
	struct pcq_ends ends;
	struct ipcring_pcq *out;
	struct ipcring_pcq *in;
};

static int pcq_rseq_probe(const struct mech_cfg *cfg, struct mech_why *why)
{
	if (__rseq_size)
		return pcq_open_probe(cfg, why);
	mech_because(why, "the C library has registered no rseq area; unset GLIBC_TUNABLES, or take a kernel with CONFIG_RSEQ");
	return -EOPNOTSUPP;
}

static int pcq_rseq_open(struct mech *m)
{
	struct pcq_rseq_mech *p = calloc(1, sizeof(*p));

	m->priv = p;
	return p ? pcq_open_ends(m, &p->ends, IPCRING_PCQ_MAP_SENDERS, 0) : -ENOMEM;
}

/* Mappings do not cross a fork(), so each worker makes its own. */
static int pcq_rseq_attach(struct mech *m)
{
	struct pcq_rseq_mech *p = m->priv;
	int ret = pcq_open_attach(m, &p->ends);

	if (!ret)
		ret = ipcring_pcq_import(ipcring_pcq_fd(p->ends.out[m->side]), 0, &p->out);
	if (!ret)
		ret = ipcring_pcq_import(ipcring_pcq_fd(p->ends.in[m->side]), 0, &p->in);
	pcq_open_close(&p->ends);
	return ret;
}

static int pcq_rseq_leave(struct mech *m)
{
	pcq_open_close(&((struct pcq_rseq_mech *)m->priv)->ends);
	return 0;
}

static int pcq_rseq_send(struct mech *m, const void *buf)
{
	const struct pcq_rseq_mech *p = m->priv;

	return ipcring_pcq_send(p->out, buf, (__u32)m->cfg.size,
				m->nowait ? 0 : IPCRING_NO_TIMEOUT);
}

static int pcq_rseq_recv(struct mech *m, void *buf)
{
	const struct pcq_rseq_mech *p = m->priv;
	const __u32 size = (__u32)m->cfg.size;
	ssize_t n = m->nowait ? ipcring_pcq_try_recv(p->in, buf, size, NULL) :
				ipcring_pcq_recv(p->in, buf, size, NULL, IPCRING_NO_TIMEOUT);

	if (n == (ssize_t)m->cfg.size)
		return 0;
	return n < 0 ? (int)n : n ? -EBADMSG : -EPIPE;
}

static int pcq_rseq_fd(const struct mech *m, enum mech_dir dir)
{
	const struct pcq_rseq_mech *p = m->priv;

	return ipcring_pcq_fd(dir == MECH_IN ? p->in : p->out);
}

/* A look at memory arms nothing; poll() does, and knows of a peer that is gone. */
static int pcq_rseq_arm(struct mech *m, enum mech_dir dir)
{
	const short ready = dir == MECH_IN ? POLLIN : POLLOUT;
	struct pollfd p = { .fd = pcq_rseq_fd(m, dir), .events = ready };
	int n = poll(&p, 1, 0);

	if (n <= 0)
		return n && errno != EINTR ? -errno : -EAGAIN;
	return p.revents & ready ? 0 : -EPIPE;
}

static void pcq_rseq_close(struct mech *m)
{
	struct pcq_rseq_mech *p = m->priv;

	if (p) {
		ipcring_pcq_close(p->out);
		ipcring_pcq_close(p->in);
		pcq_open_close(&p->ends);
	}
	free(p);
}

const struct mech_ops mech_pcq_rseq = {
	.name = "pcq-rseq",
	.summary = "per-CPU queue of /dev/ipcring, mapped: sent in a restartable sequence, without a system call",
	.choices = PCQ_CHOICES "; glibc's rseq area; both sides on one CPU",
	.rev = 2,
	.traits = MECH_T_BOUNDARIES | MECH_T_BACKPRESSURE | MECH_T_PERSISTENT | MECH_T_KMOD |
		  MECH_T_FANIN | MECH_T_ONE_CPU | MECH_T_HANGUP | MECH_T_ORDER |
		  MECH_T_ATOMIC,
	.waits = (MECH_W_TRY | MECH_W_POLL) & ~MECH_W_SPIN,
	.max_msg = IPCRING_PCQ_MSG_MAX,
	.probe = pcq_rseq_probe,
	.open = pcq_rseq_open,
	.attach = pcq_rseq_attach,
	.leave = pcq_rseq_leave,
	.send = pcq_rseq_send,
	.recv = pcq_rseq_recv,
	.fd = pcq_rseq_fd,
	.arm = pcq_rseq_arm,
	.close = pcq_rseq_close,
};
