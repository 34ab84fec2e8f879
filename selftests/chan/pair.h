/* SPDX-License-Identifier: GPL-2.0 */
/* A client's and a server's view of two channels: requests and answers. */
#ifndef SELFTESTS_PAIR_H
#define SELFTESTS_PAIR_H

#include "chan.h"
#include "ioctl_call.h"

struct pair {
	struct chan req;
	struct chan rep;
};

#define OPEN_PAIR(p, slots, msg_size) do { \
	OPEN_CHAN(&(p)->req, slots, msg_size); \
	OPEN_CHAN(&(p)->rep, slots, msg_size); \
} while (0)

static inline void pair_close(struct pair *p)
{
	chan_close(&p->req);
	chan_close(&p->rep);
}

/* A CALL that sends the string @msg and takes the answer into @buf. */
static inline struct ipcring_call call_param(int fd, const char *msg, void *buf, uint32_t len)
{
	return (struct ipcring_call){
		.size = sizeof(struct ipcring_call), .fd = fd,
		.send_buf = (uintptr_t)msg, .send_len = msg ? strlen(msg) : 0,
		.recv_buf = (uintptr_t)buf, .recv_len = len,
		.lane = 0xcccccccc, .deadline = IPCRING_NO_TIMEOUT,
	};
}

static inline int chan_call(int fd, struct ipcring_call *p)
{
	return errno_or(ioctl(fd, IPCRING_IOC_CALL, p));
}

static inline int chan_reply_wait(int fd, struct ipcring_call *p)
{
	return errno_or(ioctl(fd, IPCRING_IOC_REPLY_WAIT, p));
}

/*
 * Answers each request with its bytes, the first one raised by one, until the clients
 * are gone. Returns how many it answered, or -errno.
 */
static inline int pair_serve(struct pair *p, uint32_t flags)
{
	struct ipcring_call call;
	int n, ret;
	char buf[64];

	call = call_param(-1, NULL, buf, sizeof(buf));
	call.flags = flags;
	for (n = 0; (ret = chan_reply_wait(p->req.cons, &call)) == 0; n++) {
		uint32_t len = call.recv_len;

		buf[0]++;
		call = call_param(p->rep.prod, NULL, buf, sizeof(buf));
		call.flags = flags;
		call.send_buf = (uintptr_t)buf;
		call.send_len = len;
	}
	return ret == -EPIPE ? n : ret;
}

#endif /* SELFTESTS_PAIR_H */
