// SPDX-License-Identifier: GPL-2.0
/*
 * file-lock: slots in a plain file, one lock each (fcntl), which is all that anybody waits for.
 * Each side of a direction always holds one: the sender that of the slot it fills next, the
 * receiver that of the slot it emptied last. Both take the lock of the next slot before they
 * let go of that one, so neither overtakes the other. With three slots or more, they are never
 * stuck, too. What a side that dies held is let go, but then the slot is not what it should be.
 */
#define _GNU_SOURCE
#include <sys/uio.h>
#include "file_lock.h"

static int file_lock_take(const struct mech *m, int lane, __u64 pos)
{
	const struct file_lock_mech *f = m->priv;

	return file_lock_do(f->fd[m->side], m->nowait ? F_OFD_SETLK : F_OFD_SETLKW, F_WRLCK,
			    file_lock_at(f, lane, pos));
}

static int file_lock_drop(const struct mech *m, int lane, __u64 pos)
{
	const struct file_lock_mech *f = m->priv;

	return file_lock_do(f->fd[m->side], F_OFD_SETLK, F_UNLCK, file_lock_at(f, lane, pos));
}

/*
 * The sender has got the lock of the slot that the receiver was seen at: has it moved on, or
 * died? Where it holds two just now, that of the first may not be what is found: then that one
 * is empty, too.
 */
static int file_lock_look(const struct mech *m)
{
	struct file_lock_mech *f = m->priv;
	const off_t begin = file_lock_at(f, m->side, 0);
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET,
		.l_start = begin, .l_len = (off_t)(f->slots * f->stride),
	};
	__u64 slot;

	if (fcntl(f->fd[m->side], F_OFD_GETLK, &lock))
		return -errno;
	if (lock.l_type == F_UNLCK)
		return -EPIPE;
	slot = (__u64)(lock.l_start - begin) / f->stride;
	f->seen += (slot + f->slots - f->seen % f->slots) % f->slots;
	return 0;
}

static int file_lock_send(struct mech *m, const void *buf)
{
	struct file_lock_mech *f = m->priv;
	const struct iovec part[] = {
		{ (void *)buf, f->size }, { &f->out, sizeof(f->out) },
	};
	const ssize_t len = (ssize_t)(f->size + sizeof(f->out));
	ssize_t n;
	int ret = file_lock_take(m, m->side, f->out + 1);

	if (!ret && f->out + 1 == f->seen + f->slots)
		ret = file_lock_look(m);
	if (ret)
		return ret;
	n = pwritev(f->fd[m->side], part, 2, file_lock_at(f, m->side, f->out));
	if (n != len)
		return n < 0 ? -errno : -ENOSPC;
	return file_lock_drop(m, m->side, f->out++);
}

static int file_lock_recv(struct mech *m, void *buf)
{
	struct file_lock_mech *f = m->priv;
	__u64 pos = 0;
	const struct iovec part[] = { { buf, f->size }, { &pos, sizeof(pos) } };
	const ssize_t len = (ssize_t)(f->size + sizeof(pos));
	int ret = file_lock_take(m, !m->side, f->in + 1);
	ssize_t n;

	if (ret)
		return ret;
	n = preadv(f->fd[m->side], part, 2, file_lock_at(f, !m->side, f->in + 1));
	if (n != len)
		return n < 0 ? -errno : -EBADMSG;
	/* Not the sender, but its end has given us the lock. */
	if (pos != f->in + 1)
		return -EPIPE;
	return file_lock_drop(m, !m->side, f->in++);
}

const struct mech_ops mech_file_lock = {
	.name = "file-lock",
	.summary = "slots in a plain file, record locks to wait",
	.choices = "file in /tmp, pwritev and preadv, never synced; 64 KiB of slots each way or 2, and 2 more; F_OFD_SETLKW, which looks for no deadlocks",
	.rev = 1,
	.traits = MECH_T_BOUNDARIES | MECH_T_ORDER | MECH_T_BACKPRESSURE | MECH_T_PERSISTENT |
		  MECH_T_DUPLEX | MECH_T_HANGUP | MECH_T_CREDENTIALS,
	.waits = MECH_W_TRY,
	.probe = file_lock_probe,
	.open = file_lock_open,
	.attach = file_lock_attach,
	.leave = file_lock_leave,
	.send = file_lock_send,
	.recv = file_lock_recv,
	.cred = file_lock_cred,
	.close = file_lock_close,
};
