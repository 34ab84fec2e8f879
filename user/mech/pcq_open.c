// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <string.h>
#include <sys/utsname.h>
#include "pcq_open.h"

/* Slots of a lane: a head of 16 bytes before each payload, in whole cache lines. */
static __u32 pcq_open_slots(size_t size)
{
	const size_t stride = (size + 16 + 63) / 64 * 64;
	__u32 slots = 2;

	while (slots * 2 * stride <= PCQ_BYTES)
		slots *= 2;
	return slots;
}

static int pcq_open_create(size_t size, __u32 flags, struct ipcring_pcq **control)
{
	const struct ipcring_pcq_options opt = {
		.flags = flags, .slots = pcq_open_slots(size), .msg_size = (__u32)size,
	};

	return ipcring_pcq_create(&opt, control);
}

int pcq_open_probe(const struct mech_cfg *cfg, struct mech_why *why)
{
	struct ipcring_pcq *control;
	struct utsname un;
	int ret = pcq_open_create(cfg->size, 0, &control);

	if (!ret) {
		ipcring_pcq_close(control);
		return 0;
	}
	uname(&un);
	if (ret == -ENOENT)
		mech_because(why, "no /dev/ipcring; load it with insmod build/%s/ipcring.ko",
			     un.release);
	else if (ret == -EACCES)
		mech_because(why, "/dev/ipcring: permission denied; run as root or give your group access to it");
	else
		mech_because(why, "/dev/ipcring: creating a set of per-CPU queues: %s",
			     strerror(-ret));
	return ret;
}

int pcq_open_set(const struct mech *m, __u32 flags, struct ipcring_pcq **control)
{
	int ret = pcq_open_create(m->cfg.size, flags, control);

	/* Or each look that finds nothing would ask for a doorbell. */
	if (!ret && m->cfg.wait == WAIT_SPIN)
		ret = ipcring_pcq_bell(*control, IPCRING_PCQ_ANY, IPCRING_PCQ_BELL_POLL, 0);
	return ret;
}

/* The endpoints keep the set. */
static int pcq_open_way(const struct mech *m, struct pcq_ends *e, __u32 map, __u32 flags,
			enum mech_side side)
{
	const __u32 both = IPCRING_PCQ_COPY | (mech_tries(&m->cfg) ? IPCRING_PCQ_EP_NONBLOCK : 0);
	const __u32 cpu = (__u32)m->cpu[!side];
	struct ipcring_pcq *control = NULL;
	int ret = pcq_open_set(m, map, &control);

	if (!ret)
		ret = ipcring_pcq_endpoint(control, IPCRING_PCQ_SENDER, cpu, both | flags,
					   &e->out[side]);
	if (!ret)
		ret = ipcring_pcq_endpoint(control, IPCRING_PCQ_RECEIVER, cpu, both,
					   &e->in[!side]);
	ipcring_pcq_close(control);
	return ret;
}

int pcq_open_ends(const struct mech *m, struct pcq_ends *e, __u32 map, __u32 flags)
{
	int ret = 0;

	for (int side = 0; !ret && side < SIDE_COUNT; side++)
		ret = pcq_open_way(m, e, map, flags, side);
	return ret;
}

int pcq_open_attach(const struct mech *m, struct pcq_ends *e)
{
	struct ipcring_pcq *out = e->out[m->side], *in = e->in[m->side];

	e->out[m->side] = NULL;
	e->in[m->side] = NULL;
	pcq_open_close(e);
	e->out[m->side] = out;
	e->in[m->side] = in;
	return out && in ? 0 : -EBADF;
}

void pcq_open_close(struct pcq_ends *e)
{
	for (int side = 0; side < SIDE_COUNT; side++) {
		ipcring_pcq_close(e->out[side]);
		ipcring_pcq_close(e->in[side]);
		ipcring_pcq_close(e->control[side]);
	}
	*e = (struct pcq_ends){ 0 };
}

int pcq_mech_open(struct mech *m, __u32 flags)
{
	struct pcq_mech *p = calloc(1, sizeof(*p));

	m->priv = p;
	return p ? pcq_open_ends(m, &p->ends, 0, flags) : -ENOMEM;
}

int pcq_mech_attach(struct mech *m)
{
	struct pcq_mech *p = m->priv;
	int ret = pcq_open_attach(m, &p->ends);

	if (ret)
		return ret;
	p->fd.out[m->side] = ipcring_pcq_fd(p->ends.out[m->side]);
	p->fd.in[m->side] = ipcring_pcq_fd(p->ends.in[m->side]);
	return 0;
}

int pcq_mech_leave(struct mech *m)
{
	pcq_open_close(&((struct pcq_mech *)m->priv)->ends);
	return 0;
}

void pcq_mech_close(struct mech *m)
{
	struct pcq_mech *p = m->priv;

	if (p)
		pcq_open_close(&p->ends);
	free(p);
}
