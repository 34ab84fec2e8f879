// SPDX-License-Identifier: GPL-2.0
/* libipcring: messages, where the inline path cannot go on by itself. */
#define _GNU_SOURCE
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>
#include "lib.h"

/**
 * struct lib_took - messages that were taken from one lane
 * @c:		its cursor
 * @old:	consumer position before the first
 * @now:	consumer position after the last
 * @len:	bytes of the last
 */
struct lib_took {
	struct ipcring_cursor *c;
	__u64 old;
	__u64 now;
	__u32 len;
};

/* A deadline of 0 does not wait, so nothing is late. */
static int lib_late(int ret, __u64 deadline)
{
	return ret == -ETIMEDOUT && !deadline ? -EAGAIN : ret;
}

static ssize_t lib_write(const struct ipcring_handle *h, const void *buf, __u32 len, bool wait)
{
	struct iovec iov = { .iov_base = (void *)buf, .iov_len = len };
	ssize_t n = wait ? write(h->fd, buf, len) : pwritev2(h->fd, &iov, 1, -1, RWF_NOWAIT);

	return n < 0 ? -errno : n;
}

static ssize_t lib_read(const struct ipcring_handle *h, void *buf, __u32 size, bool wait)
{
	struct iovec iov = { .iov_base = buf, .iov_len = size };
	ssize_t n = wait ? read(h->fd, buf, size) : preadv2(h->fd, &iov, 1, -1, RWF_NOWAIT);

	return n < 0 ? -errno : n;
}

/* Mapped: it was tried inline. */
static int lib_send_fast(struct ipcring_handle *h, const void *buf, __u32 len, __u64 deadline)
{
	int ret;

	do {
		ret = h->backend->wait(h, len, deadline);
		if (ret)
			return lib_late(ret, deadline);
		ret = ipcring_try_send(&h->pub, buf, len);
	} while (ret == -EAGAIN);
	return ret;
}

int ipcring_send_slow(struct ipcring *r, const void *buf, __u32 len, __u64 deadline)
{
	struct ipcring_handle *h = lib_handle(r);
	ssize_t n;

	if (h->role != IPCRING_ROLE_PRODUCER)
		return -EBADF;
	if (r->fast)
		return lib_send_fast(h, buf, len, deadline);
	while ((n = lib_write(h, buf, len, deadline == IPCRING_NO_TIMEOUT)) == -EAGAIN) {
		int ret = h->backend->wait(h, len, deadline);

		if (ret)
			return lib_late(ret, deadline);
	}
	return n < 0 ? (int)n : 0;
}

/* Where consumers share a lane: what was copied counts only if it can be claimed. */
static int lib_take_shared(struct ipcring_cursor *c, void *buf, __u32 size, struct lib_took *t)
{
	const struct ring *r = &c->ring;
	int ret;

	do {
		ret = ring_peek(r, &t->old, &t->len);
		if (ret)
			return ret;
		if (t->len > size)
			return -EMSGSIZE;
		memcpy(buf, ring_payload(ring_slot(r, t->old)), t->len);
	} while (!ring_claim(r, t->old, t->len));
	t->now = t->old + ring_units(r, t->len);
	return 0;
}

static int lib_take_from(const struct ipcring_handle *h, struct ipcring_cursor *c, void *buf,
			 __u32 size, struct lib_took *t)
{
	int ret;

	t->c = c;
	if (h->consumers > 1)
		return lib_take_shared(c, buf, size, t);
	t->old = c->pos;
	ret = ipcring_take(c, buf, size, &t->len);
	t->now = c->pos;
	return ret;
}

/* One message from the lanes in turn. Where there are more, a corrupt one is set aside. */
static int lib_take(struct ipcring_handle *h, void *buf, __u32 size, struct lib_took *t)
{
	for (__u32 i = 0; i < h->nr_lanes; i++) {
		__u32 n = (h->next + i) % h->nr_lanes;
		int ret = lib_take_from(h, &h->lanes[n], buf, size, t);

		if (ret == -EAGAIN || (ret == -EBADMSG && h->nr_lanes > 1))
			continue;
		if (!ret) {
			h->pub.lane = n;
			h->next = (n + 1) % h->nr_lanes;
		}
		return ret;
	}
	return -EAGAIN;
}

static void lib_wake_producer(struct ipcring_handle *h, const struct lib_took *t)
{
	if (ring_wake_producer(&t->c->ring, t->old, t->now))
		h->backend->wake(h, h->pub.lane);
}

/* Take one, sleeping for it. The producer is still to be woken. */
static int lib_take_wait(struct ipcring_handle *h, void *buf, __u32 size, __u64 deadline,
			 struct lib_took *t)
{
	bool slept = false;
	int ret;

	while ((ret = lib_take(h, buf, size, t)) == -EAGAIN) {
		ret = h->backend->wait(h, 0, deadline);
		if (ret)
			return lib_late(ret, deadline);
		slept = true;
	}
	/* We may have slept, and armed, for others who still do. */
	if (slept && h->consumers > 1 && h->backend->pass)
		h->backend->pass(h);
	return ret;
}

static ssize_t lib_recv_copy(struct ipcring_handle *h, void *buf, __u32 size, __u64 deadline)
{
	ssize_t n;

	h->pub.lane = h->nr_lanes > 1 ? IPCRING_LANE_ALL : 0;
	while ((n = lib_read(h, buf, size, deadline == IPCRING_NO_TIMEOUT)) == -EAGAIN) {
		int ret = h->backend->wait(h, 0, deadline);

		if (ret)
			return ret == -EPIPE ? 0 : lib_late(ret, deadline);
	}
	return n;
}

/* One lane and no other consumer: it was tried inline. */
static ssize_t lib_recv_fast(struct ipcring_handle *h, void *buf, __u32 size, __u64 deadline)
{
	ssize_t n;

	do {
		int ret = h->backend->wait(h, 0, deadline);

		if (ret)
			return ret == -EPIPE ? 0 : lib_late(ret, deadline);
		n = ipcring_try_recv(&h->pub, buf, size);
	} while (n == -EAGAIN);
	return n;
}

ssize_t ipcring_recv_slow(struct ipcring *r, void *buf, __u32 size, __u64 deadline)
{
	struct ipcring_handle *h = lib_handle(r);
	struct lib_took t;
	int ret;

	if (h->role != IPCRING_ROLE_CONSUMER)
		return -EBADF;
	if (!h->lanes)
		return lib_recv_copy(h, buf, size, deadline);
	if (r->fast)
		return lib_recv_fast(h, buf, size, deadline);
	ret = lib_take_wait(h, buf, size, deadline, &t);
	if (ret)
		return ret == -EPIPE ? 0 : ret;
	lib_wake_producer(h, &t);
	return t.len;
}

static int lib_send_batch_copy(struct ipcring *r, const struct iovec *msgs, unsigned int nr,
			       __u64 deadline)
{
	unsigned int n;

	for (n = 0; n < nr; n++) {
		int ret = ipcring_send_slow(r, msgs[n].iov_base, (__u32)msgs[n].iov_len,
					    n ? 0 : deadline);

		if (ret)
			return n ? (int)n : ret;
	}
	return (int)n;
}

/* A length beyond 32 bits must not look like a short one. */
static bool lib_lengths_ok(const struct iovec *msgs, unsigned int nr)
{
	for (unsigned int n = 0; n < nr; n++)
		if (msgs[n].iov_len > IPCRING_BYTES_MAX)
			return false;
	return nr && nr <= (unsigned int)__INT_MAX__;
}

int ipcring_send_batch(struct ipcring *r, const struct iovec *msgs, unsigned int nr,
		       __u64 deadline)
{
	struct ipcring_cursor *c = &r->cur;
	__u64 old = c->pos;
	unsigned int n = 0;
	int ret;

	if (!lib_lengths_ok(msgs, nr))
		return -EMSGSIZE;
	if (r->fast != IPCRING_ROLE_PRODUCER)
		return lib_send_batch_copy(r, msgs, nr, deadline);
	do {
		ret = ipcring_put(c, msgs[n].iov_base, (__u32)msgs[n].iov_len);
	} while (!ret && ++n < nr);
	if (!n && ret == -EAGAIN)
		ret = ipcring_send_slow(r, msgs[0].iov_base, (__u32)msgs[0].iov_len, deadline);
	if (!n)
		return ret ? ret : 1;
	if (ring_wake_consumer(&c->ring, old, c->pos))
		ipcring_wake(r);
	return (int)n;
}

int ipcring_recv_batch(struct ipcring *r, struct iovec *msgs, unsigned int nr, __u64 deadline)
{
	struct ipcring_handle *h = lib_handle(r);
	struct lib_took t, more;
	unsigned int n = 1;
	ssize_t ret;

	if (!lib_lengths_ok(msgs, nr))
		return -EMSGSIZE;
	if (h->role != IPCRING_ROLE_CONSUMER || !h->lanes) {
		ret = ipcring_recv_slow(r, msgs[0].iov_base, (__u32)msgs[0].iov_len, deadline);
		if (ret > 0)
			msgs[0].iov_len = (size_t)ret;
		return ret > 0 ? 1 : (int)ret;
	}
	ret = lib_take_wait(h, msgs[0].iov_base, (__u32)msgs[0].iov_len, deadline, &t);
	if (ret)
		return ret == -EPIPE ? 0 : (int)ret;
	msgs[0].iov_len = t.len;
	for (; n < nr; n++) {
		if (lib_take_from(h, t.c, msgs[n].iov_base, (__u32)msgs[n].iov_len, &more))
			break;
		msgs[n].iov_len = more.len;
		t.now = more.now;
	}
	lib_wake_producer(h, &t);
	return (int)n;
}

/* Both endpoints are the kernel's to copy for: one system call. */
static ssize_t lib_call_copy(struct ipcring_round *c, unsigned long cmd, int fd, int other)
{
	struct ipcring_call arg = {
		.size = sizeof(arg), .fd = other, .sent = c->sent, .deadline = c->deadline,
		.send_buf = (__u64)(uintptr_t)c->send, .send_len = c->send_len,
		.recv_buf = (__u64)(uintptr_t)c->recv, .recv_len = c->recv_len,
	};
	int ret = ioctl(fd, cmd, &arg) ? -errno : 0;

	c->sent = arg.sent;
	c->from->lane = arg.lane;
	return ret ? lib_late(ret, c->deadline) : (ssize_t)arg.recv_len;
}

static bool lib_copies(const struct ipcring *r)
{
	return !lib_handle(r)->lanes && lib_handle(r)->backend == &lib_module;
}

static ssize_t lib_call_recv(const struct ipcring_round *c)
{
	ssize_t n = ipcring_recv(c->from, c->recv, c->recv_len, c->deadline);

	return n ? n : -EPIPE;
}

ssize_t ipcring_call(struct ipcring_round *c)
{
	int ret = 0;

	if (!c->to || !c->from || c->sent > 1 || c->resv)
		return -EINVAL;
	if (lib_copies(c->to) && lib_copies(c->from))
		return lib_call_copy(c, IPCRING_IOC_CALL, ipcring_fd(c->to), ipcring_fd(c->from));
	if (!c->sent)
		ret = ipcring_send(c->to, c->send, c->send_len, c->deadline);
	if (ret)
		return ret;
	c->sent = 1;
	return lib_call_recv(c);
}

ssize_t ipcring_reply_wait(struct ipcring_round *c)
{
	int ret = 0;

	if (!c->from || !c->to != !c->send || c->sent > 1 || c->resv)
		return -EINVAL;
	if (lib_copies(c->from) && (!c->to || lib_copies(c->to)))
		return lib_call_copy(c, IPCRING_IOC_REPLY_WAIT, ipcring_fd(c->from),
				     c->to ? ipcring_fd(c->to) : -1);
	if (c->to && !c->sent)
		ret = ipcring_send(c->to, c->send, c->send_len, c->deadline);
	if (ret && ret != -EPIPE)
		return ret;
	c->sent = 1;
	return lib_call_recv(c);
}
