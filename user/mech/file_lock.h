/* SPDX-License-Identifier: GPL-2.0 */
/* The file of file-lock: where its slots and their locks are. */
#ifndef IPCSCOPE_MECH_FILE_LOCK_H
#define IPCSCOPE_MECH_FILE_LOCK_H

#include <fcntl.h>
#include "ring_open.h"

/**
 * struct file_lock_mech - state of one instance
 * @fd:		by side: the file, opened once for each; its locks belong to that, not to a
 *		process, so open() takes the first ones for those to come. -1: none
 * @size:	of a message
 * @slots:	of each direction
 * @stride:	their distance; at the end of each is its message's position
 * @out:	position of the slot that this side fills next
 * @in:		of the slot that it emptied last
 * @seen:	its peer had not gone past this one with what it emptied last
 */
struct file_lock_mech {
	int fd[SIDE_COUNT];
	size_t size;
	__u64 slots;
	size_t stride;
	__u64 out;
	__u64 in;
	__u64 seen;
};

static inline off_t file_lock_at(const struct file_lock_mech *f, int lane, __u64 pos)
{
	return (off_t)(((__u64)lane * f->slots + pos % f->slots) * f->stride);
}

/* Where the processes' own locks are, that say who they are. */
static inline off_t file_lock_who(const struct file_lock_mech *f, int side)
{
	return file_lock_at(f, SIDE_COUNT, 0) + side;
}

/* The first byte stands for the slot. @how: F_OFD_SETLK or F_OFD_SETLKW. */
static inline int file_lock_do(int fd, int how, short type, off_t at)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = 1 };

	while (fcntl(fd, how, &lock))
		if (errno != EINTR)
			return errno == EACCES ? -EAGAIN : -errno;
	return 0;
}

/* Hooks outside of the measured loop. */
int file_lock_probe(const struct mech_cfg *cfg, struct mech_why *why);
int file_lock_open(struct mech *m);
int file_lock_attach(struct mech *m);
int file_lock_leave(struct mech *m);
int file_lock_cred(struct mech *m, struct mech_cred *cred);
void file_lock_close(struct mech *m);

#endif /* IPCSCOPE_MECH_FILE_LOCK_H */
