/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libipcring: message channels between threads and processes.
 *
 * A channel is a bounded queue of messages, or several (lanes), each with one producer;
 * the consumers take from all of them. One process creates it, with or without a name,
 * and keeps the control handle; producers and consumers open it by name, or are handed
 * an endpoint. See <linux/ipcring.h> for what all of it means.
 *
 *	struct ipcring_options opt = {
 *		.name = "demo", .mode = 0600, .slots = 64, .msg_size = 256,
 *	};
 *	struct ipcring *control, *in, *out;
 *
 *	ipcring_create(&opt, &control);
 *	ipcring_endpoint(control, IPCRING_ROLE_CONSUMER, 0, 0, &in);
 *	n = ipcring_recv(in, buf, sizeof(buf), IPCRING_NO_TIMEOUT);
 *
 * and somewhere else
 *
 *	ipcring_open("demo", IPCRING_ROLE_PRODUCER, 0, 0, &out);
 *	ipcring_send(out, buf, len, IPCRING_NO_TIMEOUT);
 *
 * Backends
 * ========
 * module	/dev/ipcring, all of the contract.
 * memfd	Where there is no /dev/ipcring: the same ring in a memfd, or, with a name,
 *		in the file /dev/shm/ipcring.NAME, and futexes. Needs /proc. The
 *		differences:
 *
 *   trust	T0 only: whoever has an endpoint can write all of the channel's memory and
 *		break it for everybody. Other trust modes are refused (-EOPNOTSUPP).
 *   rights	The file lets in whoever may produce or consume, for writing, and whoever
 *		may observe, for reading. That a producer does not consume is checked by
 *		this library only. Root (euid 0) has CAP_IPC_OWNER's rights.
 *   names	are shared by those who see the same /dev/shm. The name of a creator that
 *		was killed is taken over by the next create of the same user or root; for
 *		others it stays -EEXIST.
 *   hangup	A closed endpoint is seen at once, one whose process was killed within
 *		IPCRING_MEMFD_SLICE_MS by who sleeps, at once by who comes to sleep.
 *   fd		cannot be polled, read, written or given to io_uring.
 *   limits	none but the memory; NUMA nodes are refused (-EOPNOTSUPP).
 *   signals	end a sleep with -EINTR even with SA_RESTART.
 *
 * Which one a handle has is chosen when a channel is created or opened: the flags
 * IPCRING_ONLY_MODULE and IPCRING_ONLY_MEMFD, else IPCRING_BACKEND=module|memfd in the
 * environment, else the module if /dev/ipcring is there. One that is there and may not
 * be used is an error: else two programs would wait for each other on two backends.
 *
 * Handles
 * =======
 * A handle is used by one thread at a time, and in the process that made it: pass its
 * fd (fork, SCM_RIGHTS) and ipcring_import() it there. An endpoint whose fd was passed
 * must no longer be used here, but closed; an inherited handle can only be closed, and
 * its fd passed. All functions return 0 or more, or -errno.
 *
 * Deadlines are absolute CLOCK_MONOTONIC times in ns, see ipcring_deadline(), or
 * IPCRING_NO_TIMEOUT, or 0, which does not wait.
 */
#ifndef IPCRING_LIB_H
#define IPCRING_LIB_H

#include <sys/types.h>
#include <sys/uio.h>
#include "ipcring/fast.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Flags of struct ipcring_options, ipcring_endpoint(), ipcring_open(), ipcring_import(). */
#define IPCRING_COPY		(1u << 16)	/* do not map: write() and read() */
#define IPCRING_ONLY_MODULE	(1u << 17)	/* this backend */
#define IPCRING_ONLY_MEMFD	(1u << 18)	/* or this one */

#define IPCRING_ANY_LANE	(~0u)		/* a producer's first free lane */

#define IPCRING_MEMFD_SLICE_MS	100u	/* how long the death of a peer goes unseen */

/**
 * enum ipcring_trust - who may map what, see <linux/ipcring.h>
 * @IPCRING_TRUST_DEFAULT:	T1 of the module, T0 of a memfd
 * @IPCRING_TRUST_ALL:		T0
 * @IPCRING_TRUST_SPLIT:	T1, module only
 * @IPCRING_TRUST_NONE:		T2, module only
 */
enum ipcring_trust {
	IPCRING_TRUST_DEFAULT,
	IPCRING_TRUST_ALL,
	IPCRING_TRUST_SPLIT,
	IPCRING_TRUST_NONE
};

/**
 * struct ipcring_options - what channel to make; zero what is not meant
 * @name:	1..63 bytes without '/' and control characters, or NULL
 * @mode:	rights on the name: 4 consume, 2 produce, 1 observe; 0600 is both for
 *		the creator's user
 * @flags:	IPCRING_ONLY_*, IPCRING_CREATE_NODES: the nodes count
 * @slots:	depth of a lane in messages, a power of two; 0 with @bytes
 * @msg_size:	largest payload in bytes
 * @bytes:	0, or byte records: capacity of a lane in bytes, a power of two
 * @lanes:	number of lanes, 0 means 1
 * @consumers:	largest number of consumers, 0 means 1
 * @trust:	who may map what
 * @prod_node:	NUMA node of the producers' pages, or -1
 * @cons_node:	NUMA node of the consumers' pages and the data, or -1
 * @resv:	0
 */
struct ipcring_options {
	const char *name;
	__u32 mode;
	__u32 flags;
	__u32 slots;
	__u32 msg_size;
	__u64 bytes;
	__u32 lanes;
	__u32 consumers;
	enum ipcring_trust trust;
	__s32 prod_node;
	__s32 cons_node;
	__u32 resv[5];
};

/**
 * struct ipcring - a handle: control, producer, consumer or observer
 * @cur:	private: place in the lane
 * @fast:	private: IPCRING_ROLE_* whose inline path may be taken, or 0
 * @lane:	private: see ipcring_lane()
 *
 * The library's own allocation, which goes on behind this. The layout is part of the
 * library's ABI, because inline functions are compiled into programs.
 */
struct ipcring {
	struct ipcring_cursor cur;
	__u32 fast;
	__u32 lane;
};

/**
 * ipcring_create() - make a channel
 * @opt:	what it is
 * @control:	out: control handle; closing it frees the name
 *
 * Return: 0, or as IPCRING_IOC_CREATE and open("/dev/ipcring"); memfd: -EINVAL,
 * -EEXIST, -EOPNOTSUPP, -ENOSPC, -ENOMEM, -EMFILE, -ENFILE, or what /dev/shm says.
 */
int ipcring_create(const struct ipcring_options *opt, struct ipcring **control);

/**
 * ipcring_endpoint() - get an endpoint of a channel
 * @control:	control handle
 * @role:	IPCRING_ROLE_PRODUCER, _CONSUMER or _OBSERVER
 * @lane:	producer: its lane or IPCRING_ANY_LANE; else 0
 * @flags:	IPCRING_COPY, IPCRING_EP_NONBLOCK (for who uses the fd)
 * @end:	out: the endpoint
 *
 * Return: 0, -EINVAL, -EBUSY the lane or all lanes have a producer or there are
 * consumers enough, -EOPNOTSUPP IPCRING_COPY of a memfd, -ENOMEM, -EMFILE, -ENFILE.
 */
int ipcring_endpoint(struct ipcring *control, __u32 role, __u32 lane, __u32 flags,
		     struct ipcring **end);

/**
 * ipcring_open() - get an endpoint of a named channel
 * @name:	as in struct ipcring_options
 * @role:	as ipcring_endpoint()
 * @lane:	as ipcring_endpoint()
 * @flags:	as ipcring_endpoint(), and IPCRING_ONLY_*
 * @end:	out: the endpoint
 *
 * Return: as ipcring_endpoint(), -ENOENT no such name, -EACCES.
 */
int ipcring_open(const char *name, __u32 role, __u32 lane, __u32 flags, struct ipcring **end);

/**
 * ipcring_import() - make a handle of an fd that was passed here
 * @fd:		what ipcring_fd() gave; it is duplicated and stays open
 * @flags:	IPCRING_COPY
 * @r:		out: handle with that fd's right
 *
 * Return: 0, -EBADF, -EINVAL not a channel's, -ENOMEM, -EMFILE, -ENFILE.
 */
int ipcring_import(int fd, __u32 flags, struct ipcring **r);

/**
 * ipcring_close() - give a handle back
 * @r:		handle, or NULL
 */
void ipcring_close(struct ipcring *r);

/**
 * ipcring_fd() - the descriptor that carries a handle's right
 * @r:		handle
 *
 * Return: a descriptor to pass on, O_CLOEXEC, the handle's own. Of the module, poll
 * it or give it to io_uring, too (with IPCRING_COPY where messages are moved).
 */
int ipcring_fd(const struct ipcring *r);

#define IPCRING_BACKEND_MODULE	1
#define IPCRING_BACKEND_MEMFD	2

/**
 * ipcring_backend() - where a handle's channel lives
 * @r:		handle, or NULL: where a new channel would, now
 *
 * Return: IPCRING_BACKEND_*; with NULL also -EINVAL, IPCRING_BACKEND in the
 * environment is no backend.
 */
int ipcring_backend(const struct ipcring *r);

/**
 * ipcring_deadline() - a time from now on
 * @ns:		nanoseconds
 *
 * Return: the deadline, IPCRING_NO_TIMEOUT if it is that far away.
 */
__u64 ipcring_deadline(__u64 ns);

/* What the inline functions call when they cannot go on, -EAGAIN, by themselves. */
int ipcring_send_slow(struct ipcring *r, const void *buf, __u32 len, __u64 deadline);
ssize_t ipcring_recv_slow(struct ipcring *r, void *buf, __u32 size, __u64 deadline);
void ipcring_wake(struct ipcring *r);

/**
 * ipcring_send() - send one message
 * @r:		producer
 * @buf:	payload
 * @len:	its bytes, 1..msg_size
 * @deadline:	until when to wait for room
 *
 * Mapped, it makes no system call while there is room and the consumer runs, and
 * learns only where there is no room that the consumer is gone.
 *
 * Return: 0, -EMSGSIZE, -EAGAIN no room and @deadline 0, -ETIMEDOUT, -EPIPE every
 * consumer is gone, -EBADMSG the lane is corrupt, -EINTR, -EBADF not a producer.
 */
static inline int ipcring_send(struct ipcring *r, const void *buf, __u32 len, __u64 deadline)
{
	int ret = -EAGAIN;
	bool wake;

	if (r->fast == IPCRING_ROLE_PRODUCER)
		ret = ipcring_push(&r->cur, buf, len, &wake);
	if (ret == -EAGAIN)
		return ipcring_send_slow(r, buf, len, deadline);
	if (!ret && wake)
		ipcring_wake(r);
	return ret;
}

/**
 * ipcring_recv() - receive one message
 * @r:		consumer
 * @buf:	room for the payload; check what is in it, the sender may be hostile
 * @size:	bytes of it
 * @deadline:	until when to wait for one
 *
 * Return: its bytes; 0 every message was consumed and no producer is left; -EMSGSIZE
 * @size is too small (the message stays), -EAGAIN none and @deadline 0, -ETIMEDOUT,
 * -EBADMSG the only lane is corrupt, -EINTR, -EBADF not a consumer.
 */
static inline ssize_t ipcring_recv(struct ipcring *r, void *buf, __u32 size, __u64 deadline)
{
	int ret = -EAGAIN;
	__u32 len;
	bool wake;

	if (r->fast == IPCRING_ROLE_CONSUMER)
		ret = ipcring_pop(&r->cur, buf, size, &len, &wake);
	if (ret == -EAGAIN)
		return ipcring_recv_slow(r, buf, size, deadline);
	if (ret)
		return ret;
	if (wake)
		ipcring_wake(r);
	return len;
}

/**
 * ipcring_try_send() - send one message if there is room; never waits
 * @r:		producer
 * @buf:	payload
 * @len:	its bytes, 1..msg_size
 *
 * For who polls: mapped, it makes no system call but to wake the consumer, and does
 * not see that the consumer is gone.
 *
 * Return: 0, -EAGAIN, or as ipcring_send().
 */
static inline int ipcring_try_send(struct ipcring *r, const void *buf, __u32 len)
{
	bool wake;
	int ret;

	if (r->fast != IPCRING_ROLE_PRODUCER)
		return ipcring_send_slow(r, buf, len, 0);
	ret = ipcring_push(&r->cur, buf, len, &wake);
	if (!ret && wake)
		ipcring_wake(r);
	return ret;
}

/**
 * ipcring_try_recv() - receive one message if there is one; never waits
 * @r:		consumer
 * @buf:	room for the payload
 * @size:	bytes of it
 *
 * As ipcring_try_send(): mapped, it does not see that the producers are gone. Of
 * several lanes or consumers it is ipcring_recv() with a deadline of 0.
 *
 * Return: its bytes, -EAGAIN, or as ipcring_recv().
 */
static inline ssize_t ipcring_try_recv(struct ipcring *r, void *buf, __u32 size)
{
	__u32 len;
	bool wake;
	int ret;

	if (r->fast != IPCRING_ROLE_CONSUMER)
		return ipcring_recv_slow(r, buf, size, 0);
	ret = ipcring_pop(&r->cur, buf, size, &len, &wake);
	if (ret)
		return ret;
	if (wake)
		ipcring_wake(r);
	return len;
}

/**
 * ipcring_lane() - the lane of the last message received, or a producer's own
 * @r:		endpoint
 *
 * Return: the lane; IPCRING_LANE_ALL: read() does not say.
 */
static inline __u32 ipcring_lane(const struct ipcring *r)
{
	return r->lane;
}

/**
 * ipcring_send_batch() - send messages, the consumer is woken once for all
 * @r:		producer
 * @msgs:	payloads
 * @nr:		how many, from 1
 * @deadline:	until when to wait for room for the first
 *
 * Return: how many were sent, at least one, or as ipcring_send().
 */
int ipcring_send_batch(struct ipcring *r, const struct iovec *msgs, unsigned int nr,
		       __u64 deadline);

/**
 * ipcring_recv_batch() - receive what is there, the producers are woken once for all
 * @r:		consumer
 * @msgs:	room for payloads; out: iov_len is the message's
 * @nr:		how many, from 1
 * @deadline:	until when to wait for the first
 *
 * Return: how many were received, or as ipcring_recv().
 */
int ipcring_recv_batch(struct ipcring *r, struct iovec *msgs, unsigned int nr, __u64 deadline);

/**
 * struct ipcring_round - send this, then wait for that
 * @to:		producer that @send goes out by
 * @from:	consumer that @recv comes from
 * @send:	payload; NULL and @to NULL: nothing to send (ipcring_reply_wait() only)
 * @recv:	room for a payload
 * @send_len:	bytes of @send
 * @recv_len:	bytes of @recv
 * @sent:	in: 1 it was sent before, only wait; out: 1 it is sent
 * @resv:	0
 * @deadline:	for both halves
 */
struct ipcring_round {
	struct ipcring *to;
	struct ipcring *from;
	const void *send;
	void *recv;
	__u32 send_len;
	__u32 recv_len;
	__u32 sent;
	__u32 resv;
	__u64 deadline;
};

/**
 * ipcring_call() - a client's round trip
 * @c:		what to send and where; call again with the same after -EINTR or
 *		-ETIMEDOUT, and it goes on where it was
 *
 * One system call where the kernel copies for both endpoints (IPCRING_COPY).
 *
 * Return: bytes received; or as ipcring_send() with @sent 0, as ipcring_recv() with
 * @sent 1, where the end is -EPIPE.
 */
ssize_t ipcring_call(struct ipcring_round *c);

/**
 * ipcring_reply_wait() - a server's answer and its next request
 * @c:		as ipcring_call(); an answer that finds no reader (-EPIPE) is dropped
 *
 * Return: as ipcring_call().
 */
ssize_t ipcring_reply_wait(struct ipcring_round *c);

/**
 * ipcring_wait() - wait until an endpoint can go on
 * @r:		consumer: a message is there; producer: there is room for the largest
 * @deadline:	until when; 0 looks once
 *
 * Return: 0, -ETIMEDOUT, -EPIPE it cannot and the peers are gone, -EBADMSG, -EINTR,
 * -EBADF not an endpoint.
 */
int ipcring_wait(struct ipcring *r, __u64 deadline);

/**
 * ipcring_wait_any() - wait until one of several endpoints can go on
 * @ends:	endpoints of one backend
 * @nr:		1..IPCRING_WAIT_ANY_MAX
 * @deadline:	until when
 * @ready:	out: bit i: @ends[i] can go on, or would be told why not
 *
 * Return: 0, -EINVAL, -EBADF, -ETIMEDOUT, -EINTR, -ENOMEM; -ENOSYS memfd on Linux
 * before 5.16.
 */
int ipcring_wait_any(struct ipcring *const *ends, unsigned int nr, __u64 deadline, __u64 *ready);

/**
 * ipcring_info() - look at a channel
 * @r:		any handle
 * @info:	in: @size is set; out: as IPCRING_IOC_INFO
 *
 * Return: 0 or -errno.
 */
int ipcring_info(const struct ipcring *r, struct ipcring_info *info);

/**
 * ipcring_stats() - look at a lane, or all
 * @r:		any handle
 * @stats:	in: @size and @lane are set; out: as IPCRING_IOC_STATS
 *
 * Return: 0, -EINVAL no such lane, -EACCES a producer's foreign lane.
 */
int ipcring_stats(const struct ipcring *r, struct ipcring_stats *stats);

/**
 * enum ipcring_op - what was tried, for ipcring_strerror()
 * @IPCRING_OP_CREATE:	 ipcring_create()
 * @IPCRING_OP_ENDPOINT: ipcring_endpoint(), ipcring_import()
 * @IPCRING_OP_OPEN:	 ipcring_open()
 * @IPCRING_OP_SEND:	 ipcring_send() and its kin
 * @IPCRING_OP_RECV:	 ipcring_recv(), ipcring_call(), ipcring_reply_wait()
 * @IPCRING_OP_WAIT:	 ipcring_wait(), ipcring_wait_any()
 */
enum ipcring_op {
	IPCRING_OP_CREATE,
	IPCRING_OP_ENDPOINT,
	IPCRING_OP_OPEN,
	IPCRING_OP_SEND,
	IPCRING_OP_RECV,
	IPCRING_OP_WAIT
};

/**
 * ipcring_strerror() - what an error means here, and what to do about it
 * @op:		what was tried
 * @error:	what it returned, -errno or errno
 *
 * Return: one line, static; strerror()'s where there is no more to say.
 */
const char *ipcring_strerror(enum ipcring_op op, int error);

#ifdef __cplusplus
}
#endif

#endif /* IPCRING_LIB_H */
