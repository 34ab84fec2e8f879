/* SPDX-License-Identifier: GPL-2.0 */
/* Ways from one process to the other, one of each kind that `ipcscope trace` knows. */
#ifndef SELFTESTS_WAYS_H
#define SELFTESTS_WAYS_H

#include <fcntl.h>
#include <mqueue.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/socket.h>
#include <unistd.h>

/* More than a pipe or an sk_buff holds, and no multiple of a page. */
#define LARGE		150001

/**
 * struct way - one object
 * @fd:		to receive from, to send to
 * @id:		System V queue
 * @mq:		POSIX queue
 * @size:	of a message
 * @n:		messages
 */
struct way {
	int fd[2];
	int id;
	mqd_t mq;
	size_t size;
	unsigned int n;
};

static inline bool pipe_open(struct way *w)
{
	return !pipe(w->fd);
}

static inline bool swap_open(struct way *w, int type)
{
	int fd[2];

	if (socketpair(AF_UNIX, type, 0, fd))
		return false;
	w->fd[0] = fd[1];
	w->fd[1] = fd[0];
	return true;
}

static inline bool stream_open(struct way *w)
{
	return swap_open(w, SOCK_STREAM);
}

static inline bool dgram_open(struct way *w)
{
	return swap_open(w, SOCK_DGRAM);
}

static inline bool seqpacket_open(struct way *w)
{
	return swap_open(w, SOCK_SEQPACKET);
}

static inline int fd_send(struct way *w)
{
	char *buf = calloc(1, w->size);

	for (unsigned int i = 0; i < w->n; i++)
		if (write(w->fd[1], buf, w->size) != (ssize_t)w->size)
			return 1;
	return 0;
}

static inline int fd_recv(struct way *w)
{
	size_t left = w->n * w->size;
	char *buf = malloc(w->size);
	ssize_t ret;

	for (; left; left -= ret) {
		ret = read(w->fd[0], buf, w->size);
		if (ret <= 0)
			return 1;
	}
	return 0;
}

static inline bool sysv_open(struct way *w)
{
	w->id = msgget(IPC_PRIVATE, 0600);
	return w->id >= 0;
}

static inline void sysv_close(struct way *w)
{
	msgctl(w->id, IPC_RMID, NULL);
}

static inline int sysv_send(struct way *w)
{
	long *buf = calloc(1, sizeof(long) + w->size);

	*buf = 1;
	for (unsigned int i = 0; i < w->n; i++)
		if (msgsnd(w->id, buf, w->size, 0))
			return 1;
	return 0;
}

static inline int sysv_recv(struct way *w)
{
	long *buf = calloc(1, sizeof(long) + w->size);

	for (unsigned int i = 0; i < w->n; i++)
		if (msgrcv(w->id, buf, w->size, 0, 0) != (ssize_t)w->size)
			return 1;
	return 0;
}

static inline bool mq_make(struct way *w)
{
	struct mq_attr attr = { .mq_maxmsg = 4, .mq_msgsize = 8192 };

	w->mq = mq_open("/watch_test", O_RDWR | O_CREAT, 0600, &attr);
	mq_unlink("/watch_test");
	return w->mq != (mqd_t)-1;
}

static inline void mq_end(struct way *w)
{
	mq_close(w->mq);
}

static inline int mq_send_all(struct way *w)
{
	char *buf = calloc(1, w->size);

	for (unsigned int i = 0; i < w->n; i++)
		if (mq_send(w->mq, buf, w->size, i % 3))
			return 1;
	return 0;
}

static inline int mq_recv_all(struct way *w)
{
	char *buf = malloc(8192);

	for (unsigned int i = 0; i < w->n; i++)
		if (mq_receive(w->mq, buf, 8192, NULL) != (ssize_t)w->size)
			return 1;
	return 0;
}

static inline void fd_close(struct way *w)
{
	close(w->fd[0]);
	close(w->fd[1]);
}

/* Kinds of objects; the last ones only with messages that are sent in several pieces. */
static const struct kind {
	const char *name;
	size_t size;
	bool (*open)(struct way *w);
	int (*send)(struct way *w);
	int (*recv)(struct way *w);
	void (*close)(struct way *w);
} kinds[] = {
	{ "pipe", 64, pipe_open, fd_send, fd_recv, fd_close },
	{ "unix-stream", 64, stream_open, fd_send, fd_recv, fd_close },
	{ "unix-dgram", 64, dgram_open, fd_send, fd_recv, fd_close },
	{ "unix-seqpacket", 5000, seqpacket_open, fd_send, fd_recv, fd_close },
	{ "sysv-msg", 64, sysv_open, sysv_send, sysv_recv, sysv_close },
	{ "posix-mq", 64, mq_make, mq_send_all, mq_recv_all, mq_end },
	{ "pipe", LARGE, pipe_open, fd_send, fd_recv, fd_close },
	{ "unix-stream", LARGE, stream_open, fd_send, fd_recv, fd_close },
	{ "sysv-msg", 8000, sysv_open, sysv_send, sysv_recv, sysv_close },
	{ "posix-mq", 8000, mq_make, mq_send_all, mq_recv_all, mq_end },
};

#define KINDS	(sizeof(kinds) / sizeof(kinds[0]))
#define SMALL	6

#endif /* SELFTESTS_WAYS_H */
