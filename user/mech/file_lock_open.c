// SPDX-License-Identifier: GPL-2.0
/* file-lock: the file and its first locks, and who is at the other end. */
#define _GNU_SOURCE
#include <stdlib.h>
#include "file_lock.h"
#include "names.h"
#include "shm_back.h"

static struct file_lock_mech file_lock_shape(size_t size)
{
	return (struct file_lock_mech){
		.fd = { -1, -1 },
		.size = size,
		.slots = ring_open_slots(size) + 2,
		.stride = ring_stride((__u32)size),
		.out = 1,
	};
}

int file_lock_probe(const struct mech_cfg *cfg, struct mech_why *why)
{
	const struct file_lock_mech f = file_lock_shape(cfg->size);

	return shm_back_probe(SHM_BACK_FILE, (size_t)file_lock_at(&f, SIDE_COUNT, 0), why);
}

/* Both sides' first locks: of slot 1 of what it sends into, and 0 of what it receives from. */
static int file_lock_begin(const struct file_lock_mech *f, int side)
{
	int ret = file_lock_do(f->fd[side], F_OFD_SETLK, F_WRLCK, file_lock_at(f, side, f->out));

	return ret ? ret : file_lock_do(f->fd[side], F_OFD_SETLK, F_WRLCK,
					file_lock_at(f, !side, f->in));
}

static int file_lock_make(struct file_lock_mech *f, const char *path)
{
	int ret = 0;

	for (int side = 0; !ret && side < SIDE_COUNT; side++) {
		f->fd[side] = open(path, O_RDWR | O_CLOEXEC | (side ? 0 : O_CREAT | O_EXCL), 0600);
		if (f->fd[side] < 0)
			return -errno;
		if (!side)
			ret = -posix_fallocate(f->fd[side], 0, file_lock_at(f, SIDE_COUNT, 0));
		if (!ret)
			ret = file_lock_begin(f, side);
	}
	return ret;
}

/* Nobody opens it again, so its name can go at once. */
int file_lock_open(struct mech *m)
{
	struct file_lock_mech *f = malloc(sizeof(*f));
	struct names_name name;
	int ret;

	m->priv = f;
	if (!f)
		return -ENOMEM;
	*f = file_lock_shape(m->cfg.size);
	ret = names_make(NAMES_PATH, &name);
	if (!ret)
		ret = file_lock_make(f, name.text);
	names_drop(&name);
	return ret;
}

/*
 * An open file's locks say of no process that it is the owner. If that is asked for, each has
 * one of its own, too, behind the slots. To close the file would be to lose it.
 */
int file_lock_attach(struct mech *m)
{
	struct file_lock_mech *f = m->priv;

	if (f->fd[m->side] < 0)
		return -EBADF;
	if (f->fd[!m->side] >= 0)
		close(f->fd[!m->side]);
	f->fd[!m->side] = -1;
	return m->creds ? file_lock_do(f->fd[m->side], F_SETLK, F_WRLCK,
				       file_lock_who(f, m->side)) : 0;
}

int file_lock_cred(struct mech *m, struct mech_cred *cred)
{
	const struct file_lock_mech *f = m->priv;
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET,
		.l_start = file_lock_who(f, !m->side), .l_len = 1,
	};

	if (fcntl(f->fd[m->side], F_GETLK, &lock))
		return -errno;
	if (lock.l_type == F_UNLCK)
		return -ESRCH;
	*cred = (struct mech_cred){ .pid = lock.l_pid, .uid = (uid_t)-1 };
	return 0;
}

int file_lock_leave(struct mech *m)
{
	struct file_lock_mech *f = m->priv;

	for (int side = 0; side < SIDE_COUNT; side++) {
		if (f->fd[side] >= 0)
			close(f->fd[side]);
		f->fd[side] = -1;
	}
	return 0;
}

void file_lock_close(struct mech *m)
{
	if (m->priv)
		file_lock_leave(m);
	free(m->priv);
}
