/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * /dev/ipcring: message channels over a shared ring.
 *
 * A *channel* is a bounded queue of fixed-size slots, one message a slot, with
 * one producer and one consumer. Its handles are file descriptors:
 *
 *   control fd    IPCRING_IOC_CREATE on /dev/ipcring. Hands out endpoints, looks
 *                 at the state. Neither sends nor receives.
 *   producer fd   IPCRING_IOC_ENDPOINT on the control fd. Can only send.
 *   consumer fd   likewise. Can only receive.
 *
 * All are O_CLOEXEC. Passing one (fork, SCM_RIGHTS) passes exactly its right. A
 * channel lives until its last fd and its last mapping are gone. It has at most
 * one open producer and one open consumer file; when that file is closed, the
 * role can be handed out again.
 *
 * Two ways to move a message, to be mixed freely between the two sides:
 *
 *   write()/read()  One message a call. poll(), epoll, O_NONBLOCK, IORING_OP_READ,
 *                   WRITE and POLL_ADD work. The kernel copies.
 *   mmap()          No system call while both sides run, IPCRING_IOC_WAIT and
 *                   IPCRING_IOC_WAKE only when a side sleeps.
 *
 * Calls from several threads on one endpoint are serialised by the kernel;
 * mixing read() or write() with a mapped index on the *same* side is a bug of
 * that side and harms only its own channel.
 *
 * Memory layout (trust mode T1, split pages)
 * ==========================================
 *
 *   region             mmap offset        length             producer   consumer
 *   struct ipcring_side  IPCRING_OFF_PROD   one page           rw         r
 *   struct ipcring_side  IPCRING_OFF_CONS   one page           r          rw
 *   slots                IPCRING_OFF_DATA   info.data_bytes    rw         r
 *
 * One region per mmap(), MAP_SHARED, whole: any other offset or length is
 * -EINVAL, an executable one is -EPERM, a writable mapping of an "r" region is
 * -EACCES, and mprotect() gives no mapping what mmap() would have refused
 * (-EACCES). Mappings are not inherited over fork() unless their owner asks for
 * it (MADV_DOFORK), cannot grow (mremap() gives -EFAULT) and are not dumped. A
 * mapping counts as its endpoint: while one is left, the role is not free and
 * the peer sees no hangup. The control fd maps nothing (-EACCES). Geometry is
 * immutable and is never read from shared memory by the kernel.
 *
 * Protocol
 * ========
 *
 * Positions are free-running 64-bit message counts. Message n lies in slot
 * (n & (slots - 1)) at byte (n & (slots - 1)) * stride of the data region.
 *
 *   prod.pos  messages published; written by the producer only.
 *   cons.pos  messages consumed; written by the consumer only.
 *   0 <= prod.pos - cons.pos <= slots, always.
 *
 * Send:    read cons.pos (acquire, A); if prod.pos - cons.pos == slots, full.
 *          Fill the slot. Store prod.pos + 1 (release, B).
 * Receive: load prod.pos (acquire, pairs with B); if it equals cons.pos, empty.
 *          Use the slot. Store cons.pos + 1 (release, pairs with A).
 *
 * Sleep and wake (event index)
 * ============================
 *
 * Each side's page also holds @event: "wake me when your position passes this
 * value", that is, when the store of a new position n makes n - 1 == event (or
 * jumps over it). The consumer arms cons.event = cons.pos when it finds the
 * ring empty; the producer arms prod.event = cons.pos when it finds it full. Both
 * words start as ~0, which no position reaches.
 *
 *   sleeper: store own event; FULL BARRIER (C); look at the peer's position
 *            again; only if nothing came, IPCRING_IOC_WAIT.
 *   waker:   store own position (release); FULL BARRIER (D); load the peer's
 *            event; if it lies in [old position, new position), IPCRING_IOC_WAKE.
 *
 * C pairs with D: at least one side sees the other's store, so no wake-up is
 * lost. IPCRING_IOC_WAIT arms and looks again itself (the kernel does C), so a
 * sleeper that only calls it is correct, too.
 *
 * A side that stores nonsense harms the messages and the wake-ups of its own
 * channel and nothing else. When the kernel sees positions or a length that
 * break the protocol, the channel is *corrupt* for good: poll() gives EPOLLERR
 * and every transfer and wait gives -EBADMSG.
 *
 * Errors common to all ioctls: -ENOTTY unknown command or wrong kind of fd,
 * -EFAULT bad pointer, -EINVAL struct size below the first version's, unknown
 * flag, or reserved field not zero, -E2BIG a larger struct with non-zero bytes
 * that this kernel does not know, or one longer than a page.
 *
 * write() on a producer fd
 *   -EMSGSIZE  longer than msg_size, or empty
 *   -EAGAIN    O_NONBLOCK and the ring is full (or another thread is sending)
 *   -EPIPE     a consumer was there and is gone; no SIGPIPE is sent
 *   -EBADMSG   the channel is corrupt
 *   -EFAULT    bad buffer; nothing was sent
 *   -EINTR     a signal came before anything was sent (restartable)
 *   -EINVAL    a consumer fd, -EBADF a control fd (from the VFS: an endpoint is
 *              open for reading and writing, or it could not be mapped)
 * read() on a consumer fd
 *   0          every message was consumed and no producer is open
 *   -EMSGSIZE  the buffer is smaller than the message, which stays queued
 *   -EAGAIN    O_NONBLOCK and the ring is empty (or another thread is receiving)
 *   -EBADMSG, -EFAULT (the message stays queued), -EINTR as above
 *   -EINVAL    a producer fd, -EBADF a control fd
 * readv() and writev() of no bytes at all give 0 (from the VFS), whatever is queued.
 *   While its peer was never opened, an endpoint waits as for a slow peer.
 * poll()
 *   consumer: EPOLLIN message there; EPOLLHUP a producer was there and is gone
 *   producer: EPOLLOUT space there; EPOLLERR a consumer was there and is gone
 *   both:     EPOLLERR the channel is corrupt
 *   A poll() that finds nothing arms the event, and so does an -EAGAIN for a
 *   full or empty ring: read or write until it comes, then wait for the next
 *   edge. A mapped side that waits for edges must arm by itself, and look again.
 */
#ifndef _UAPI_LINUX_IPCRING_H
#define _UAPI_LINUX_IPCRING_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Limits of struct ipcring_create. */
#define IPCRING_SLOTS_MIN	1u
#define IPCRING_SLOTS_MAX	65536u
#define IPCRING_MSG_MIN		1u
#define IPCRING_MSG_MAX		65536u

/* mmap offsets; far apart so that a region can never run into the next. */
#define IPCRING_OFF_PROD	0x000000000ULL
#define IPCRING_OFF_CONS	0x100000000ULL
#define IPCRING_OFF_DATA	0x200000000ULL

/**
 * struct ipcring_side - one side's page: written by its owner, read by the peer
 * @pos:	messages published (producer) or consumed (consumer), free-running
 * @pad0:	keeps @pos alone on a pair of cache lines: x86's adjacent-line
 *		prefetcher fetches 128 bytes
 * @event:	event index: wake the owner when the peer's position passes it
 * @pad1:	fills the second pair of lines
 */
struct ipcring_side {
	__u64 pos;
	__u8 pad0[120];
	__u64 event;
	__u8 pad1[120];
};

/**
 * struct ipcring_slot - head of a slot in the data region
 * @len:	payload bytes that follow, 1..msg_size
 * @resv:	0
 *
 * Slots are @stride bytes apart: 8 + msg_size, rounded up to 64.
 */
struct ipcring_slot {
	__u32 len;
	__u32 resv;
};

/* Feature bits of struct ipcring_features. */
#define IPCRING_FEAT_RW		(1ULL << 0)	/* read(), write(), poll() */
#define IPCRING_FEAT_MMAP	(1ULL << 1)	/* mmap(), WAIT, WAKE */

/**
 * struct ipcring_features - IPCRING_IOC_FEATURES on /dev/ipcring
 * @size:	in: sizeof(struct ipcring_features)
 * @resv:	0
 * @features:	out: IPCRING_FEAT_* that this module has
 */
struct ipcring_features {
	__u32 size;
	__u32 resv;
	__u64 features;
};

/**
 * struct ipcring_create - IPCRING_IOC_CREATE on /dev/ipcring
 * @size:	in: sizeof(struct ipcring_create)
 * @flags:	in: 0
 * @slots:	in: ring depth in messages, a power of two,
 *		IPCRING_SLOTS_MIN..IPCRING_SLOTS_MAX
 * @msg_size:	in: largest payload in bytes, IPCRING_MSG_MIN..IPCRING_MSG_MAX
 * @resv:	0
 *
 * Return: a control fd (O_CLOEXEC), or
 *   -EINVAL	a value out of its range
 *   -E2BIG	the data region would exceed module parameter max_ring_bytes
 *   -ENOMEM	no memory, or the memory cgroup's limit
 *   -EMFILE, -ENFILE  no file descriptor
 */
struct ipcring_create {
	__u32 size;
	__u32 flags;
	__u32 slots;
	__u32 msg_size;
	__u64 resv[2];
};

/* Roles of struct ipcring_endpoint and struct ipcring_info. */
#define IPCRING_ROLE_CONTROL	0u
#define IPCRING_ROLE_PRODUCER	1u
#define IPCRING_ROLE_CONSUMER	2u

#define IPCRING_EP_NONBLOCK	(1u << 0)	/* the new fd is O_NONBLOCK */

/**
 * struct ipcring_endpoint - IPCRING_IOC_ENDPOINT on a control fd
 * @size:	in: sizeof(struct ipcring_endpoint)
 * @flags:	in: IPCRING_EP_*
 * @role:	in: IPCRING_ROLE_PRODUCER or IPCRING_ROLE_CONSUMER
 * @resv:	0
 *
 * Return: an endpoint fd (O_CLOEXEC), or
 *   -EINVAL	an unknown role
 *   -EBUSY	that role has an open endpoint
 *   -EBADMSG	the channel is corrupt
 *   -ENOMEM, -EMFILE, -ENFILE
 */
struct ipcring_endpoint {
	__u32 size;
	__u32 flags;
	__u32 role;
	__u32 resv;
};

/* State bits of struct ipcring_info. */
#define IPCRING_ST_PRODUCER	(1u << 0)	/* a producer is open */
#define IPCRING_ST_CONSUMER	(1u << 1)	/* a consumer is open */
#define IPCRING_ST_CORRUPT	(1u << 2)	/* the protocol was broken */

/**
 * struct ipcring_info - IPCRING_IOC_INFO on any fd of a channel
 * @size:	in: sizeof(struct ipcring_info)
 * @role:	out: IPCRING_ROLE_* of this fd
 * @slots:	out: ring depth in messages
 * @msg_size:	out: largest payload in bytes
 * @stride:	out: distance of two slots in bytes
 * @state:	out: IPCRING_ST_*
 * @data_bytes:	out: length of the data region, page-aligned
 * @id:		out: the channel's number in tracepoints and fdinfo, never reused
 * @prod_pos:	out: producer position as the kernel reads it now
 * @cons_pos:	out: consumer position as the kernel reads it now
 */
struct ipcring_info {
	__u32 size;
	__u32 role;
	__u32 slots;
	__u32 msg_size;
	__u32 stride;
	__u32 state;
	__u64 data_bytes;
	__u64 id;
	__u64 prod_pos;
	__u64 cons_pos;
};

#define IPCRING_NO_TIMEOUT	(~0ULL)

/**
 * struct ipcring_wait - IPCRING_IOC_WAIT on an endpoint fd
 * @size:	in: sizeof(struct ipcring_wait)
 * @flags:	in: 0
 * @deadline:	in: absolute CLOCK_MONOTONIC time in ns (of the initial time
 *		namespace), or IPCRING_NO_TIMEOUT
 *
 * Consumer: wait until the ring is not empty. Producer: until it is not full.
 * O_NONBLOCK does not matter here; a deadline of 0 only looks.
 *
 * Return: 0 the condition holds, or another thread of this side moved a message
 * meanwhile: look again; or
 *   -ETIMEDOUT	it did not before the deadline
 *   -EPIPE	it does not, and the peer was there and is gone
 *   -EBADMSG	the channel is corrupt
 *   -EINTR	a signal came (restartable: the deadline is absolute)
 */
struct ipcring_wait {
	__u32 size;
	__u32 flags;
	__u64 deadline;
};

/*
 * IPCRING_IOC_WAKE on an endpoint fd, no argument (0, else -EINVAL): wake the
 * peer if it sleeps. Return: 0, also when nobody slept.
 */

/*
 * The numbers leave the structs' sizes out, as VFIO's and iommufd's do: @size says
 * it, so that a struct that grows keeps its command, and a program built against a
 * newer header is understood where it asks for nothing new.
 */
#define IPCRING_IOC_MAGIC	0xB7
#define IPCRING_IOC_FEATURES	_IO(IPCRING_IOC_MAGIC, 0x00)
#define IPCRING_IOC_CREATE	_IO(IPCRING_IOC_MAGIC, 0x01)
#define IPCRING_IOC_ENDPOINT	_IO(IPCRING_IOC_MAGIC, 0x02)
#define IPCRING_IOC_INFO	_IO(IPCRING_IOC_MAGIC, 0x03)
#define IPCRING_IOC_WAIT	_IO(IPCRING_IOC_MAGIC, 0x04)
#define IPCRING_IOC_WAKE	_IO(IPCRING_IOC_MAGIC, 0x05)

#endif /* _UAPI_LINUX_IPCRING_H */
