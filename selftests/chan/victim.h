/* SPDX-License-Identifier: GPL-2.0 */
/* What dies in kill.c: senders and receivers, one of each path, that count in public. */
#ifndef SELFTESTS_VICTIM_H
#define SELFTESTS_VICTIM_H

#include "lane.h"
#include "peer.h"

#include <linux/io_uring.h>

#define MSG_MAX	256u
#define NEVER	(~0ULL)

#define SENDER_STALLS	1u
#define RECEIVER_STALLS	2u

/**
 * struct shown - what a victim has done, in memory that outlives it
 * @intent:	messages that a sender has begun to send
 * @done:	messages that it knows to be sent: those are committed
 * @taken:	receiver: number after the last message that it has accounted for
 * @wrong:	a message that was not the one after the last
 * @stall_at:	message in whose copy to stall
 * @stalled:	it is about to: SENDER_STALLS, RECEIVER_STALLS
 */
struct shown {
	uint64_t intent;
	uint64_t done;
	uint64_t taken;
	uint64_t wrong;
	uint64_t stall_at;
	uint64_t stalled;
};

/* A little of io_uring: one request at a time. */
struct uring {
	int fd;
	uint32_t *sq_tail;
	uint32_t *cq_head;
	uint32_t *cq_tail;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
};

/**
 * struct victim - one side
 * @fd:		its endpoint
 * @fd2:	CALL: the endpoint of the other direction
 * @mapped:	uses its mapping
 * @uring:	uses io_uring
 * @call:	CALL or REPLY_WAIT
 * @stalls:	in the copy of message @s->stall_at
 * @s:		what it shows
 * @r, @mc, @u, @stall: its own, whichever it needs
 */
struct victim {
	int fd;
	int fd2;
	bool mapped;
	bool uring;
	bool call;
	bool stalls;
	struct shown *s;
	struct ring r;
	struct mapped_cons mc;
	struct uring u;
	struct stall stall;
};

static inline int uring_open(struct uring *u)
{
	struct io_uring_params p = { .flags = 0 };
	char *ring;

	u->fd = syscall(SYS_io_uring_setup, 1, &p);
	if (u->fd < 0)
		return -errno;
	ring = mmap(NULL, p.cq_off.cqes + p.cq_entries * sizeof(*u->cqes),
		    PROT_READ | PROT_WRITE, MAP_SHARED, u->fd, IORING_OFF_SQ_RING);
	u->sqes = mmap(NULL, sizeof(*u->sqes), PROT_READ | PROT_WRITE, MAP_SHARED, u->fd,
		       IORING_OFF_SQES);
	if (ring == MAP_FAILED || u->sqes == MAP_FAILED)
		return -errno;
	u->sq_tail = (uint32_t *)(ring + p.sq_off.tail);
	u->cq_head = (uint32_t *)(ring + p.cq_off.head);
	u->cq_tail = (uint32_t *)(ring + p.cq_off.tail);
	u->cqes = (struct io_uring_cqe *)(ring + p.cq_off.cqes);
	*(uint32_t *)(ring + p.sq_off.array) = 0;
	return 0;
}

static inline int uring_do(struct uring *u, uint8_t op, int fd, void *buf, uint32_t len)
{
	uint32_t mask = 1;
	int ret;

	*u->sqes = (struct io_uring_sqe){
		.opcode = op, .fd = fd, .addr = (uintptr_t)buf, .len = len, .off = -1,
	};
	__atomic_store_n(u->sq_tail, *u->sq_tail + 1, __ATOMIC_RELEASE);
	syscall(SYS_io_uring_enter, u->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0);
	while (__atomic_load_n(u->cq_tail, __ATOMIC_ACQUIRE) == *u->cq_head)
		syscall(SYS_io_uring_enter, u->fd, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0);
	ret = u->cqes[*u->cq_head & mask].res;
	__atomic_store_n(u->cq_head, *u->cq_head + 1, __ATOMIC_RELEASE);
	return ret;
}

/* Anything from 16 bytes on, so that a copy can stall in the middle. */
static inline uint32_t msg_len(uint64_t nr)
{
	return 16 + rnd(&nr) % (MSG_MAX - 16);
}

static inline void msg_fill(uint64_t *msg, uint64_t nr)
{
	uint8_t *bytes = (uint8_t *)msg;

	msg[0] = nr;
	memset(bytes + 8, nr, msg_len(nr) - 8);
}

static inline bool msg_is(const uint64_t *msg, int len, uint64_t nr)
{
	const uint8_t *bytes = (const uint8_t *)msg;

	if (len != (int)msg_len(nr) || msg[0] != nr)
		return false;
	for (int i = 8; i < len; i++)
		if (bytes[i] != (uint8_t)nr)
			return false;
	return true;
}

static inline int victim_call(struct victim *v, unsigned int cmd, void *send, uint32_t len,
			      void *recv)
{
	struct ipcring_call c = {
		.size = sizeof(c), .fd = len ? v->fd2 : -1, .send_buf = len ? (uintptr_t)send : 0,
		.recv_buf = (uintptr_t)recv, .send_len = len, .recv_len = MSG_MAX,
		.deadline = IPCRING_NO_TIMEOUT,
	};
	int ret = errno_or(ioctl(v->fd, cmd, &c));

	return ret ? ret : (int)c.recv_len;
}

/* Half in an ordinary page, half in one that is held back. */
static inline void *victim_buffer(struct victim *v, uint64_t nr, void *usual, uint32_t who)
{
	if (!v->stalls || nr != v->s->stall_at || stall_open(&v->stall, 1))
		return usual;
	__atomic_or_fetch(&v->s->stalled, who, __ATOMIC_SEQ_CST);
	return v->stall.mem + 4096 - 8;
}

static inline int victim_send(struct victim *v, uint64_t nr)
{
	uint64_t usual[MSG_MAX / 8 + 1];
	uint32_t len = msg_len(nr);
	void *msg;
	int ret;

	msg_fill(usual, nr);
	if (v->mapped)
		return lane_send(v->fd, &v->r, usual, len);
	msg = victim_buffer(v, nr, usual, SENDER_STALLS);
	if (msg != usual)
		*(uint64_t *)msg = nr;
	if (v->uring)
		ret = uring_do(&v->u, IORING_OP_WRITE, v->fd, msg, len);
	else
		ret = chan_write(v->fd, msg, len);
	return ret == (int)len ? 0 : ret;
}

static inline int victim_recv(struct victim *v, uint64_t nr, uint64_t *usual)
{
	uint32_t lane;
	int ret;

	if (v->mapped)
		return mapped_recv(&v->mc, usual, &lane);
	if (v->uring)
		ret = uring_do(&v->u, IORING_OP_READ, v->fd, usual, MSG_MAX);
	else
		ret = chan_read(v->fd, victim_buffer(v, nr, usual, RECEIVER_STALLS), MSG_MAX);
	return ret == 0 ? -EPIPE : ret;
}

/* Both run until the peer is gone: 0; anything else is a failure. */
static inline int run_sender(struct victim *v)
{
	for (uint64_t nr = 0;; nr++) {
		int ret;

		__atomic_store_n(&v->s->intent, nr + 1, __ATOMIC_SEQ_CST);
		ret = victim_send(v, nr);
		if (ret)
			return ret == -EPIPE ? 0 : 20;
		__atomic_store_n(&v->s->done, nr + 1, __ATOMIC_SEQ_CST);
	}
}

static inline int run_receiver(struct victim *v)
{
	uint64_t msg[MSG_MAX / 8 + 1];

	for (uint64_t nr = 0;; nr++) {
		int ret = victim_recv(v, nr, msg);

		if (ret == -EPIPE)
			return 0;
		if (ret < 0)
			return 21;
		if (!msg_is(msg, ret, nr))
			v->s->wrong = nr + 1;
		__atomic_store_n(&v->s->taken, nr + 1, __ATOMIC_SEQ_CST);
	}
}

/* fd sends requests, fd2 takes answers: each is the request again. */
static inline int run_client(struct victim *v)
{
	uint64_t msg[MSG_MAX / 8 + 1], answer[MSG_MAX / 8 + 1];

	for (uint64_t nr = 0;; nr++) {
		int ret;

		msg_fill(msg, nr);
		__atomic_store_n(&v->s->intent, nr + 1, __ATOMIC_SEQ_CST);
		ret = victim_call(v, IPCRING_IOC_CALL, msg, msg_len(nr), answer);
		if (ret == -EPIPE)
			return 0;
		if (ret < 0)
			return 22;
		if (!msg_is(answer, ret, nr))
			v->s->wrong = nr + 1;
		__atomic_store_n(&v->s->done, nr + 1, __ATOMIC_SEQ_CST);
	}
}

static inline int run_server(struct victim *v)
{
	uint64_t msg[MSG_MAX / 8 + 1], answer[MSG_MAX / 8 + 1];
	uint32_t len = 0;

	for (uint64_t nr = 0;; nr++) {
		int ret = victim_call(v, IPCRING_IOC_REPLY_WAIT, answer, len, msg);

		if (ret == -EPIPE)
			return 0;
		if (ret < 0)
			return 23;
		if (!msg_is(msg, ret, nr))
			v->s->wrong = nr + 1;
		__atomic_store_n(&v->s->taken, nr + 1, __ATOMIC_SEQ_CST);
		memcpy(answer, msg, ret);
		len = ret;
	}
}

/* In the child; the mappings are its own, as its endpoint is. */
static inline int victim_run(struct victim *v, bool sender)
{
	if (v->uring && uring_open(&v->u))
		return 24;
	if (v->mapped && (sender ? map_lane(v->fd, 0, &v->r) : mapped_open(&v->mc, v->fd)))
		return 25;
	if (v->call)
		return sender ? run_client(v) : run_server(v);
	return sender ? run_sender(v) : run_receiver(v);
}

#endif /* SELFTESTS_VICTIM_H */
