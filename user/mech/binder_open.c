// SPDX-License-Identifier: GPL-2.0
/* Devices of binder: one for each instance, since a context has one manager. */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "binder_open.h"

#define BINDER_OPEN_DEVICES	16
/* The driver forgets a dead manager in a work queue; so often a new one gives way to that. */
#define BINDER_OPEN_TRIES	100000
/* More than the driver's own bytes beside a message, and the pages that it rounds up to. */
#define BINDER_OPEN_EXTRA	8192

/* Which devices this process has instances of. */
static unsigned int binder_open_taken;

static void binder_open_name(char *device, size_t size, unsigned int number)
{
	if (number)
		snprintf(device, size, "/dev/binder%u", number);
	else
		snprintf(device, size, "/dev/binder");
}

int binder_open_probe(const struct mech_cfg *cfg, struct mech_why *why)
{
	const size_t limit = BINDER_IO_MAP / (cfg->senders + 1) - BINDER_OPEN_EXTRA;

	if (access("/dev/binder", R_OK | W_OK)) {
		const int err = -errno;

		mech_because(why, "/dev/binder: %s; be root, modprobe binder_linux (CONFIG_ANDROID_BINDER_IPC)",
			     strerror(-err));
		return err;
	}
	if (cfg->size <= limit)
		return 0;
	mech_because(why, "size %zu: messages of %u senders have 4 MiB, which the driver has no knob for; give --size %zu or less",
		     cfg->size, cfg->senders, limit);
	return -EMSGSIZE;
}

int binder_open_device(struct mech *m)
{
	struct binder *b = calloc(1, sizeof(*b));

	m->priv = b;
	if (!b)
		return -ENOMEM;
	b->io.fd = -1;
	while (b->number < BINDER_OPEN_DEVICES && binder_open_taken & 1u << b->number)
		b->number++;
	if (b->number == BINDER_OPEN_DEVICES)
		return -EBUSY;
	binder_open_taken |= 1u << b->number;
	binder_open_name(b->device, sizeof(b->device), b->number);
	return access(b->device, R_OK | W_OK) ? -errno : 0;
}

/* A process does everything about it by itself: the driver knows it by its memory. */
static int binder_open_manage(struct binder *b)
{
	const struct flat_binder_object node = { .hdr.type = BINDER_TYPE_BINDER };
	int ret, tries = BINDER_OPEN_TRIES;

	do {
		ret = ioctl(b->io.fd, BINDER_SET_CONTEXT_MGR_EXT, &node) ? -errno : 0;
	} while (ret == -EBUSY && tries-- && !sched_yield());
	if (ret)
		return ret;
	binder_io_command(&b->io, BC_ENTER_LOOPER);
	return binder_io_flush(&b->io);
}

int binder_open_attach(struct mech *m)
{
	struct binder *b = m->priv;
	int ret = binder_io_open(&b->io, b->device, mech_tries(&m->cfg));

	return ret || m->side == SIDE_SENDER ? ret : binder_open_manage(b);
}

void binder_open_close(struct mech *m)
{
	struct binder *b = m->priv;

	if (b && *b->device)
		binder_open_taken &= ~(1u << b->number);
	free(b);
}
