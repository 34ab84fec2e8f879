// SPDX-License-Identifier: GPL-2.0
/*
 * pipe-splice: vmsplice() puts the sender's pages themselves into a pipe, and copies out of
 * them at the other end. What the sender overwrites too early arrives as something else.
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include "pipe_pair.h"

#define PIPE_SPLICE_PAGE	4096u
/* A message takes a slot of the pipe for each page, however small: room for 256. */
#define PIPE_SPLICE_SLOTS	256u
#define PIPE_SPLICE_BYTES	(PIPE_SPLICE_SLOTS * PIPE_SPLICE_PAGE)

/**
 * struct pipe_splice - state of one instance
 * @fd:		the pipes; first: the hooks of fd_pair.h take it for theirs
 * @lent:	the sender's messages, which the pipe may still refer to
 * @stride:	bytes from one to the next
 * @count:	how many places there are
 * @next:	which is filled next
 */
struct pipe_splice {
	struct fd_pair fd;
	unsigned char *lent;
	size_t stride;
	unsigned int count;
	unsigned int next;
};

static int pipe_splice_probe(const struct mech_cfg *cfg, struct mech_why *why)
{
	return pipe_pair_probe(cfg, why, PIPE_SPLICE_BYTES);
}

/* A small message lies within a page, so it takes one slot, and goes in whole. */
static size_t pipe_splice_stride(size_t size)
{
	size_t stride = 64;

	while (stride < size && stride < PIPE_SPLICE_PAGE)
		stride *= 2;
	return (size + stride - 1) / stride * stride;
}

static int pipe_splice_open(struct mech *m)
{
	int flags = O_CLOEXEC | (mech_tries(&m->cfg) ? O_NONBLOCK : 0);
	struct pipe_splice *p = calloc(1, sizeof(*p));

	m->priv = p;
	return p ? pipe_pair_open(&p->fd, flags, PIPE_SPLICE_BYTES) : -ENOMEM;
}

/*
 * A place is filled again after so many other messages went in as take all slots: those of its
 * own have come out, and read() leaves no slot before it has copied.
 */
static int pipe_splice_attach(struct mech *m)
{
	struct pipe_splice *p = m->priv;
	void *mem;

	p->stride = pipe_splice_stride(m->cfg.size);
	p->count = PIPE_SPLICE_SLOTS / (unsigned int)((m->cfg.size + PIPE_SPLICE_PAGE - 1) /
						      PIPE_SPLICE_PAGE) + 2;
	p->next = 0;
	mem = mmap(NULL, p->count * p->stride, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (mem == MAP_FAILED)
		return -errno;
	p->lent = mem;
	return fd_pair_attach(m);
}

static int pipe_splice_send(struct mech *m, const void *buf)
{
	struct pipe_splice *p = m->priv;
	unsigned char *place = p->lent + p->next * p->stride;
	const unsigned int flags = m->nowait ? SPLICE_F_NONBLOCK : 0;
	size_t done = 0;

	memcpy(place, buf, m->cfg.size);
	while (done < m->cfg.size) {
		const struct iovec part = { place + done, m->cfg.size - done };
		ssize_t n = vmsplice(p->fd.out[m->side], &part, 1, flags);

		if (n < 0) {
			int ret = fd_pair_resume(m, p->fd.out[m->side], POLLOUT, done);

			if (ret)
				return ret;
			continue;
		}
		done += (size_t)n;
	}
	p->next = p->next + 1 < p->count ? p->next + 1 : 0;
	return 0;
}

const struct mech_ops mech_pipe_splice = {
	.name = "pipe-splice",
	.summary = "a pipe of the sender's own pages: vmsplice and read",
	.choices = "the message is first copied into a ring of the sender's own pages, which is longer than the pipe, as its buffer is filled again at once: that takes the place of write()'s copy; read() at the other end, as splice() into memory would copy, too; no SPLICE_F_GIFT, the pages stay; F_SETPIPE_SZ 1 MiB: 256 slots, a message has one or more",
	.rev = 1,
	.traits = MECH_T_ORDER | MECH_T_BACKPRESSURE | MECH_T_PERSISTENT | MECH_T_FANIN |
		  MECH_T_HANGUP,
	.waits = MECH_W_TRY | MECH_W_POLL,
	.probe = pipe_splice_probe,
	.open = pipe_splice_open,
	.attach = pipe_splice_attach,
	.leave = fd_pair_leave,
	.send = pipe_splice_send,
	.recv = fd_pair_recv,
	.fd = fd_pair_fd,
	.close = fd_pair_free,
};
