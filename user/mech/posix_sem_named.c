// SPDX-License-Identifier: GPL-2.0
/* posix-sem-named-slots: slots in shared memory, and semaphores that all open by name. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "names.h"
#include "posix_sem.h"

/**
 * struct posix_sem_named - state of one instance
 * @base:	what both kinds have; first, for their hooks
 * @name:	by sending side and enum slots_kind
 */
struct posix_sem_named {
	struct posix_sem base;
	struct names_name name[SIDE_COUNT][SLOTS_KINDS];
};

/*
 * What sem_open() makes, but under its own name from the first: that has another one until it
 * is complete, and who is killed meanwhile leaves it behind.
 */
static int posix_sem_named_make(const struct names_name *name, unsigned int value)
{
	char file[sizeof(name->text) + sizeof("sem.")];
	sem_t *sem = MAP_FAILED;
	int fd, ret;

	snprintf(file, sizeof(file), "/sem.%s", name->text + 1);
	fd = shm_open(file, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd < 0)
		return -errno;
	if (!ftruncate(fd, sizeof(*sem)))
		sem = mmap(NULL, sizeof(*sem), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ret = sem == MAP_FAILED || sem_init(sem, 1, value) ? -errno : 0;
	close(fd);
	if (sem != MAP_FAILED)
		munmap(sem, sizeof(*sem));
	return ret;
}

/* What the caller had of it before is closed: what fork() left would be found instead. */
static int posix_sem_named_get(struct posix_sem_named *p, int side, int kind)
{
	sem_t **at = &p->base.sem[side][kind], *sem;

	if (*at)
		sem_close(*at);
	*at = NULL;
	sem = sem_open(p->name[side][kind].text, 0);
	if (sem == SEM_FAILED)
		return -errno;
	*at = sem;
	return 0;
}

static int posix_sem_named_open(struct mech *m)
{
	struct posix_sem_named *p = calloc(1, sizeof(*p));
	int ret;

	m->priv = p;
	if (!p)
		return -ENOMEM;
	ret = slots_open(&p->base.slots, m->cfg.size);
	for (int side = 0; !ret && side < SIDE_COUNT; side++) {
		for (int kind = 0; !ret && kind < SLOTS_KINDS; kind++) {
			ret = names_make(NAMES_SEM, &p->name[side][kind]);
			if (!ret)
				ret = posix_sem_named_make(&p->name[side][kind],
							   kind == SLOTS_FREE ?
							   p->base.slots.slots : 0);
		}
	}
	return ret;
}

static int posix_sem_named_attach(struct mech *m)
{
	struct posix_sem_named *p = m->priv;
	int ret = slots_attach(&p->base.slots);

	for (int side = 0; !ret && side < SIDE_COUNT; side++)
		for (int kind = 0; !ret && kind < SLOTS_KINDS; kind++)
			ret = posix_sem_named_get(p, side, kind);
	return ret;
}

static int posix_sem_named_leave(struct mech *m)
{
	struct posix_sem_named *p = m->priv;

	for (int side = 0; side < SIDE_COUNT; side++) {
		for (int kind = 0; kind < SLOTS_KINDS; kind++) {
			if (p->base.sem[side][kind])
				sem_close(p->base.sem[side][kind]);
			p->base.sem[side][kind] = NULL;
		}
	}
	return slots_leave_hook(m);
}

static void posix_sem_named_close(struct mech *m)
{
	struct posix_sem_named *p = m->priv;

	if (!p)
		return;
	posix_sem_named_leave(m);
	for (int side = 0; side < SIDE_COUNT; side++)
		for (int kind = 0; kind < SLOTS_KINDS; kind++)
			names_drop(&p->name[side][kind]);
	slots_close_hook(m);
}

const struct mech_ops mech_posix_sem_named_slots = {
	.name = "posix-sem-named-slots",
	.summary = "slots in shared memory, counted by named POSIX semaphores",
	.choices = "64 KiB of slots each way; four semaphores of sem_open() that each process maps by name, sem_wait() or sem_trywait(), sem_post(): no system call unless somebody sleeps",
	.rev = 1,
	.traits = MECH_T_BOUNDARIES | MECH_T_BACKPRESSURE | MECH_T_PERSISTENT | MECH_T_FANIN |
		  MECH_T_ORDER | MECH_T_ATOMIC | MECH_T_NOTIFIES,
	.waits = MECH_W_TRY,
	.open = posix_sem_named_open,
	.attach = posix_sem_named_attach,
	.leave = posix_sem_named_leave,
	.send = posix_sem_send,
	.recv = posix_sem_recv,
	.close = posix_sem_named_close,
};
