/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libipcring: sets of per-CPU queues, of the module only. See <linux/ipcring_pcq.h> for
 * what all of it means.
 *
 *	struct ipcring_pcq_options opt = {
 *		.flags = IPCRING_PCQ_MAP_SENDERS, .slots = 64, .msg_size = 256,
 *	};
 *	struct ipcring_pcq *control, *in, *out;
 *
 *	ipcring_pcq_create(&opt, &control);
 *	ipcring_pcq_endpoint(control, IPCRING_PCQ_RECEIVER, 3, 0, &in);
 *	ipcring_pcq_endpoint(control, IPCRING_PCQ_SENDER, 3, 0, &out);
 *	ipcring_pcq_send(out, buf, len, IPCRING_NO_TIMEOUT);
 *	n = ipcring_pcq_recv(in, buf, sizeof(buf), &cpu, IPCRING_NO_TIMEOUT);
 *
 * A sender that runs on the CPU whose queue it is sends without a system call, without a
 * locked instruction and without a barrier, in a restartable sequence (rseq(2)) of the
 * area that the C library registers: if the set was made with IPCRING_PCQ_MAP_SENDERS, on
 * x86-64, with glibc 2.35 or later that has not been told not to
 * (GLIBC_TUNABLES=glibc.pthread.rseq=0). Everywhere else, and when it is disturbed
 * IPCRING_PCQ_TRIES times in a row, the kernel sends for it. ipcring_pcq_counts() tells.
 *
 * Handles
 * =======
 * A receiver is used by one thread at a time; make more of them. A sender is used by as
 * many threads as like to at once, and by their signal handlers, too. Handles are used in
 * the process that made them: pass their fd (fork, SCM_RIGHTS) and ipcring_pcq_import() it
 * there; an inherited handle can only be closed.
 *
 * All functions return 0 or more, or -errno. Deadlines are as in <ipcring.h>: absolute
 * CLOCK_MONOTONIC times in ns, IPCRING_NO_TIMEOUT, or 0, which does not wait.
 */
#ifndef IPCRING_LIB_PCQ_H
#define IPCRING_LIB_PCQ_H

#include <sys/types.h>
#include <linux/ipcring_pcq.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Flag of ipcring_pcq_endpoint() and ipcring_pcq_import(): do not map. */
#define IPCRING_PCQ_COPY	(1u << 16)

/*
 * Each one costs a quantum, a move or a signal: who is disturbed more often than this
 * within one message is single-stepped by a debugger, which would never end.
 */
#define IPCRING_PCQ_TRIES	8u

struct ipcring_pcq;

/**
 * struct ipcring_pcq_options - what set to make; zero what is not meant
 * @flags:	IPCRING_PCQ_MAP_SENDERS
 * @slots:	messages that each lane holds, a power of two
 * @msg_size:	largest payload in bytes
 * @resv:	0
 */
struct ipcring_pcq_options {
	__u32 flags;
	__u32 slots;
	__u32 msg_size;
	__u32 resv[5];
};

/**
 * ipcring_pcq_create() - make a set
 * @opt:	what it is
 * @control:	out: control handle; closing it ends the set's services
 *
 * Return: 0, or as IPCRING_IOC_PCQ_CREATE and open("/dev/ipcring"); -EOPNOTSUPP the
 * module has no sets.
 */
int ipcring_pcq_create(const struct ipcring_pcq_options *opt, struct ipcring_pcq **control);

/**
 * ipcring_pcq_endpoint() - get an endpoint of a set
 * @control:	control handle
 * @role:	IPCRING_PCQ_SENDER, _RECEIVER or _OBSERVER
 * @cpu:	a CPU, IPCRING_PCQ_THIS or IPCRING_PCQ_ANY; observer: 0
 * @flags:	IPCRING_PCQ_COPY, IPCRING_PCQ_EP_*
 * @end:	out: the endpoint
 *
 * Return: 0, or as IPCRING_IOC_PCQ_ENDPOINT and mmap(), -ENOMEM.
 */
int ipcring_pcq_endpoint(struct ipcring_pcq *control, __u32 role, __u32 cpu, __u32 flags,
			 struct ipcring_pcq **end);

/**
 * ipcring_pcq_import() - make a handle of an fd that was passed here
 * @fd:		what ipcring_pcq_fd() gave; it is duplicated and stays open
 * @flags:	IPCRING_PCQ_COPY
 * @h:		out: handle with that fd's right
 *
 * A sender whose fd was made with IPCRING_PCQ_EP_ORDERED needs IPCRING_PCQ_COPY: the fd
 * does not tell.
 *
 * Return: 0, -EBADF, -ENOTTY no set's, or as ipcring_pcq_endpoint().
 */
int ipcring_pcq_import(int fd, __u32 flags, struct ipcring_pcq **h);

/**
 * ipcring_pcq_close() - give a handle back
 * @h:		handle, or NULL; no thread is using it
 */
void ipcring_pcq_close(struct ipcring_pcq *h);

/**
 * ipcring_pcq_fd() - the descriptor that carries a handle's right
 * @h:		handle
 *
 * Return: a descriptor to poll, to pass on, for io_uring and for ioctl(); O_CLOEXEC, the
 * handle's own.
 */
int ipcring_pcq_fd(const struct ipcring_pcq *h);

/**
 * ipcring_pcq_send() - send one message
 * @h:		sender
 * @buf:	payload
 * @len:	its bytes, 1..msg_size
 * @deadline:	until when to wait for room
 *
 * In the local lane it learns only where there is no room that no receiver is left.
 *
 * Context: any thread, any signal handler.
 * Return: 0, -EMSGSIZE, -EAGAIN no room and @deadline 0, -ETIMEDOUT, or as write() in
 * <linux/ipcring_pcq.h>; -EINVAL a receiver, -EBADF a control handle or an observer.
 */
int ipcring_pcq_send(const struct ipcring_pcq *h, const void *buf, __u32 len, __u64 deadline);

/**
 * ipcring_pcq_recv() - receive one message
 * @h:		receiver
 * @buf:	room for the payload; check what is in it, the sender may be hostile
 * @size:	bytes of it
 * @cpu:	out: CPU that it was sent on; NULL: never mind
 * @deadline:	until when to wait for one
 *
 * Mapped, it makes no system call while there are messages and no sender waits for room.
 *
 * Return: its bytes; 0 every message was received and no sender is left; -EAGAIN none and
 * @deadline 0, -ETIMEDOUT, or as read() in <linux/ipcring_pcq.h>; -EINVAL a sender, -EBADF
 * a control handle or an observer.
 */
ssize_t ipcring_pcq_recv(struct ipcring_pcq *h, void *buf, __u32 size, __u32 *cpu, __u64 deadline);

/**
 * ipcring_pcq_try_recv() - receive one message if there is one; never waits
 * @h:		receiver
 * @buf:	as ipcring_pcq_recv()
 * @size:	as ipcring_pcq_recv()
 * @cpu:	as ipcring_pcq_recv()
 *
 * For who polls: mapped, it makes no system call but to wake a sender, does not arm, and
 * does not see that the senders are gone.
 *
 * Return: its bytes, -EAGAIN, or as ipcring_pcq_recv().
 */
ssize_t ipcring_pcq_try_recv(struct ipcring_pcq *h, void *buf, __u32 size, __u32 *cpu);

/**
 * ipcring_pcq_send_batch() - send messages, one doorbell for all
 * @h:		sender
 * @msgs:	payloads: @addr, @len, and @cpu 0
 * @nr:		1..IPCRING_PCQ_BATCH_MAX
 * @deadline:	until when to wait for room
 *
 * Return: how many were sent, at least one; or the first one's error as
 * ipcring_pcq_send().
 */
int ipcring_pcq_send_batch(const struct ipcring_pcq *h, const struct ipcring_pcq_msg *msgs,
			   __u32 nr, __u64 deadline);

/**
 * ipcring_pcq_recv_batch() - receive what is there
 * @h:		receiver
 * @msgs:	room for payloads; out: @len and @cpu of each
 * @nr:		1..IPCRING_PCQ_BATCH_MAX
 * @deadline:	until when to wait for the first
 *
 * Return: how many were received, or as ipcring_pcq_recv().
 */
int ipcring_pcq_recv_batch(struct ipcring_pcq *h, struct ipcring_pcq_msg *msgs, __u32 nr,
			   __u64 deadline);

/**
 * ipcring_pcq_wait() - wait until an endpoint can go on
 * @h:		receiver: a message is there; sender: there is room
 * @deadline:	until when; 0 looks once
 *
 * Return: 0, or as IPCRING_IOC_WAIT.
 */
int ipcring_pcq_wait(const struct ipcring_pcq *h, __u64 deadline);

/**
 * ipcring_pcq_bell() - choose how doorbells ring
 * @control:	control handle
 * @cpu:	a CPU, or IPCRING_PCQ_ANY for all
 * @mode:	IPCRING_PCQ_BELL_WAKE, _IPI or _POLL
 * @flags:	IPCRING_PCQ_BELL_ISOLATED
 *
 * Return: 0, or as IPCRING_IOC_PCQ_BELL.
 */
int ipcring_pcq_bell(struct ipcring_pcq *control, __u32 cpu, __u32 mode, __u32 flags);

/**
 * ipcring_pcq_start() - start a service
 * @control:	control handle
 * @cpu:	whose queue it serves
 * @work:	IPCRING_PCQ_DRAIN, _ECHO or _FORWARD
 * @flags:	IPCRING_PCQ_SERVICE_*
 * @out:	another set's sender; DRAIN: NULL
 *
 * Return: 0, or as IPCRING_IOC_PCQ_START.
 */
int ipcring_pcq_start(struct ipcring_pcq *control, __u32 cpu, __u32 work, __u32 flags,
		      const struct ipcring_pcq *out);

/**
 * ipcring_pcq_stop() - stop a service
 * @control:	control handle
 * @cpu:	whose queue it serves
 *
 * Return: 0, or as IPCRING_IOC_PCQ_STOP.
 */
int ipcring_pcq_stop(struct ipcring_pcq *control, __u32 cpu);

/**
 * ipcring_pcq_info() - look at a set
 * @h:		any handle
 * @info:	in: @size is set; out: as IPCRING_IOC_PCQ_INFO
 *
 * Return: 0 or -errno.
 */
int ipcring_pcq_info(const struct ipcring_pcq *h, struct ipcring_pcq_info *info);

/**
 * ipcring_pcq_stats() - look at a queue, or all
 * @h:		any handle
 * @stats:	in: @size and @cpu are set; out: as IPCRING_IOC_PCQ_STATS
 *
 * Return: 0, -EINVAL no such CPU.
 */
int ipcring_pcq_stats(const struct ipcring_pcq *h, struct ipcring_pcq_stats *stats);

/**
 * struct ipcring_pcq_counts - how a thread's messages were sent
 * @local:	in a local lane, without a system call
 * @aborts:	times that a sequence was disturbed and began again
 * @calls:	system calls that sent, or tried to
 * @rings:	IPCRING_IOC_WAKE, as a receiver slept
 */
struct ipcring_pcq_counts {
	__u64 local;
	__u64 aborts;
	__u64 calls;
	__u64 rings;
};

/**
 * ipcring_pcq_counts() - the calling thread's, since it began
 *
 * Return: counters that go on counting, valid as long as the thread lives.
 */
const struct ipcring_pcq_counts *ipcring_pcq_counts(void);

#ifdef __cplusplus
}
#endif

#endif /* IPCRING_LIB_PCQ_H */
