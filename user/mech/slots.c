// SPDX-License-Identifier: GPL-2.0
/* Bounded buffers of slots: their memory. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "slots.h"

#define SLOTS_PAGE	4096u

int slots_open(struct slots *s, size_t size)
{
	size_t one;
	void *mem;

	s->slots = ring_open_slots(size);
	s->stride = ring_stride((uint32_t)size);
	one = sizeof(struct slots_lane) + (size_t)s->slots * s->stride;
	one = (one + SLOTS_PAGE - 1) / SLOTS_PAGE * SLOTS_PAGE;
	mem = mmap(NULL, SIDE_COUNT * one, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		   -1, 0);
	if (mem == MAP_FAILED)
		return -errno;
	s->len = SIDE_COUNT * one;
	for (int side = 0; side < SIDE_COUNT; side++)
		s->lane[side] = (struct slots_lane *)((unsigned char *)mem + side * one);
	return 0;
}

/* Linux before 5.14 cannot map them ahead, and takes the faults in the first lap. */
int slots_attach(const struct slots *s)
{
	if (!s->lane[0])
		return -EBADF;
	return madvise(s->lane[0], s->len, MADV_POPULATE_WRITE) && errno != EINVAL ? -errno : 0;
}

void slots_drop(struct slots *s)
{
	if (s->lane[0])
		munmap(s->lane[0], s->len);
	*s = (struct slots){ 0 };
}

int slots_attach_hook(struct mech *m)
{
	return slots_attach(m->priv);
}

int slots_leave_hook(struct mech *m)
{
	slots_drop(m->priv);
	return 0;
}

void slots_close_hook(struct mech *m)
{
	if (m->priv)
		slots_drop(m->priv);
	free(m->priv);
}
