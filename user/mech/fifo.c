// SPDX-License-Identifier: GPL-2.0
/* fifo: two mkfifo(), one each way, that each side opens by their paths; write() and read(). */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/stat.h>
#include "fd_uring.h"
#include "names.h"
#include "pipe_pair.h"

/**
 * struct fifo - state of one instance
 * @fd:		what a side opened; first: the hooks of fd_pair.h take it for theirs
 * @name:	by sending side
 * @keeper:	likewise, open for both, by the supervisor, until all sides are attached: an
 *		open() for one finds the other then, and nothing that is sent meanwhile is lost
 */
struct fifo {
	struct fd_pair fd;
	struct names_name name[SIDE_COUNT];
	int keeper[SIDE_COUNT];
};

static int fifo_probe(const struct mech_cfg *cfg, struct mech_why *why)
{
	return pipe_pair_probe(cfg, why, PIPE_PAIR_BYTES);
}

static int fifo_open(struct mech *m)
{
	struct fifo *f = calloc(1, sizeof(*f));
	int ret = 0;

	m->priv = f;
	if (!f)
		return -ENOMEM;
	f->fd = FD_PAIR_NONE;
	f->keeper[SIDE_SENDER] = -1;
	f->keeper[SIDE_RECEIVER] = -1;
	for (int side = 0; !ret && side < SIDE_COUNT; side++) {
		ret = names_make(NAMES_PATH, &f->name[side]);
		if (ret)
			break;
		if (mkfifo(f->name[side].text, 0600))
			return -errno;
		f->keeper[side] = open(f->name[side].text, O_RDWR | O_CLOEXEC);
		if (f->keeper[side] < 0)
			return -errno;
	}
	return ret;
}

static int fifo_leave(struct mech *m)
{
	struct fifo *f = m->priv;

	for (int side = 0; side < SIDE_COUNT; side++) {
		if (f->keeper[side] >= 0)
			close(f->keeper[side]);
		f->keeper[side] = -1;
	}
	return 0;
}

/*
 * O_NONBLOCK: without a keeper an open() for writing would wait for a reader, and fails now.
 * Who sleeps in the call has it taken away.
 */
static int fifo_enter(const struct mech *m, const struct names_name *name, int mode)
{
	int fd = open(name->text, mode | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return errno == ENXIO ? -EBADF : -errno;
	if (fd_pair_nonblock(&m->cfg) || !fcntl(fd, F_SETFL, 0))
		return fd;
	close(fd);
	return -errno;
}

static int fifo_attach(struct mech *m)
{
	struct fifo *f = m->priv;
	int out = fifo_enter(m, &f->name[m->side], O_WRONLY);
	int in = out < 0 ? out : fifo_enter(m, &f->name[!m->side], O_RDONLY);

	f->fd.out[m->side] = out;
	f->fd.in[m->side] = in;
	fifo_leave(m);
	return in < 0 ? in : 0;
}

static void fifo_close(struct mech *m)
{
	struct fifo *f = m->priv;

	for (int side = 0; f && side < SIDE_COUNT; side++)
		names_drop(&f->name[side]);
	if (f)
		fifo_leave(m);
	fd_pair_free(m);
}

const struct mech_ops mech_fifo = {
	.name = "fifo",
	.summary = "mkfifo(): open by path, write and read",
	.choices = "one FIFO each way of 64 KiB, the default; each side opens one for reading, the other for writing, so that a side's end is seen; O_NONBLOCK unless a side sleeps in the call; several senders up to PIPE_BUF",
	.rev = 2,
	.traits = MECH_T_ORDER | MECH_T_BACKPRESSURE | MECH_T_PERSISTENT | MECH_T_FANIN |
		  MECH_T_HANGUP,
	.waits = MECH_W_FD,
	.probe = fifo_probe,
	.open = fifo_open,
	.attach = fifo_attach,
	.leave = fifo_leave,
	.send = fd_pair_send,
	.recv = fd_pair_recv,
	.fd = fd_pair_fd,
	.uring = &fd_uring,
	.close = fifo_close,
};
