/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * /dev/ipcring: message channels over shared rings.
 *
 * A *channel* is one or more *lanes*. A lane is a bounded queue with one producer;
 * the consumers take from all lanes. One lane and one consumer is a plain queue;
 * several lanes let producers that do not trust each other send to one consumer;
 * several consumers share the work: each message goes to exactly one of them.
 *
 * Handles are file descriptors, and each gives exactly one right:
 *   control fd    IPCRING_IOC_CREATE on /dev/ipcring. Hands out the others
 *                 (IPCRING_IOC_ENDPOINT), looks at the state, owns the name.
 *   producer fd   sends on its lane, and only that.
 *   consumer fd   receives, and only that.
 *   observer fd   looks at the state and the statistics, and only that.
 *
 * All are O_CLOEXEC. Passing one (fork, SCM_RIGHTS) passes exactly its right;
 * none can be reopened through /proc. A channel lives until its last fd and its
 * last mapping are gone. A lane has at most one open producer file, a channel at
 * most create.consumers consumer files; who closes one frees its place.
 *
 * Ways to move a message, to be mixed freely between the two sides:
 *   write()/read()  One message a call. poll(), epoll, O_NONBLOCK, IORING_OP_READ,
 *                   WRITE and POLL_ADD work. The kernel copies.
 *   IORING_OP_URING_CMD  IPCRING_URING_SEND, RECV and CALL, see below.
 *   CALL, REPLY_WAIT     send one message and wait for another in one system call.
 *   mmap()          No system call while both sides run, IPCRING_IOC_WAIT and
 *                   IPCRING_IOC_WAKE only when a side sleeps.
 *
 * Calls from several threads on one producer are serialised by the kernel; mixing write() with
 * a mapped index on the *same* lane is a bug of that side and harms only its own lane.
 *
 * Names
 * =====
 * A channel created with a name can be opened by it (IPCRING_IOC_OPEN on /dev/ipcring) from the
 * same user namespace while the control file is open; then the name is free again. create.mode
 * gives owner, group and others the rights
 *
 *   4 (r)  consume       2 (w)  produce       1 (x)  observe
 *
 * checked as SysV IPC does: the creator's effective uid, else its effective gid
 * or a supplementary group, else others. CAP_IPC_OWNER in the channel's user
 * namespace overrides. Nobody opens a control fd by name.
 *
 * Memory layout
 * =============
 *   region               mmap offset, + IPCRING_OFF_LANE(n)  length
 *   struct ipcring_side    IPCRING_OFF_PROD                    one page
 *   struct ipcring_side    IPCRING_OFF_CONS                    one page
 *   data                   IPCRING_OFF_DATA                    info.data_bytes
 *
 * Who may map what is the channel's trust mode:
 *
 *                          producer, its own lane   consumer, every lane
 *                          PROD   CONS   DATA       PROD   CONS   DATA
 *   T0 create TRUST_ALL    rw     rw     rw         rw     rw     rw
 *   T1 the default         rw     r      rw         r      rw     r
 *   T2 create TRUST_NONE   -      -      -          r      rw     r
 *
 * T0 is for the threads of one program. In T1 a side can harm its own messages and wake-ups and
 * nothing else; the payload can change while the consumer looks at it, so a consumer copies it
 * once, then checks it. In T2 producers can only write(): what a consumer sees mapped was
 * written by the kernel and does not change until that consumer gives it back. All consumers of
 * a channel are one side and trust each other. So must, but in T2, those who hold a lane in
 * turn: a mapping shows what was sent before, and pages once pinned through it (vmsplice(),
 * O_DIRECT) stay in reach, whoever comes next, until let go.
 *
 * One region per mmap(), MAP_SHARED, whole: any other offset or length is -EINVAL, an
 * executable one is -EPERM, a mapping that the table does not allow is -EACCES, and mprotect()
 * gives no mapping what mmap() would have refused (-EACCES). Mappings are not inherited over
 * fork() unless their owner asks for it (MADV_DOFORK), cannot grow (mremap() gives -EFAULT) and
 * are not dumped; they may be unmapped in part. A mapping counts as its endpoint: while one is
 * left, the place is not free and the peer sees no hangup. Control and observer fds map nothing
 * (-EACCES). The kernel never reads the geometry, which is immutable, there.
 *
 * Geometries
 * ==========
 * Fixed slots (default). Positions are free-running 64-bit message counts. Message
 * n lies in slot n & (slots - 1), slots are info.stride bytes apart. Its head and
 * up to 56 bytes of payload are one cache line, and the head alone says that the
 * message is there: a consumer never reads the producer's page.
 *
 * Byte records (IPCRING_CREATE_RECORDS). Positions are free-running 64-bit byte
 * counts, multiples of 8. A record at position p is 8 bytes of head and the
 * payload, rounded up to 8; it begins at byte p & (bytes - 1). The data region maps
 * the same bytes twice in a row, so that each record is contiguous.
 *
 *   prod.pos  published; written by the producer only. With slots it lags behind the
 *             heads by one message if the producer was killed in between.
 *   cons.pos  consumed; written by the consumers only.
 *
 * Send (slots):   read cons.pos (acquire, A); if prod.pos - cons.pos == slots, full.
 *                 Fill the payload. Store the head (release, B), then prod.pos.
 * Send (records): read cons.pos (acquire, A); if prod.pos + size - cons.pos > bytes,
 *                 full. Fill head and payload. Store prod.pos + size (release, B).
 * Receive: load the head of slot cons.pos, or prod.pos (acquire, pairs with B); if
 *          it is not message cons.pos, or equals cons.pos: empty. Use the payload.
 *          Store the next cons.pos (release, pairs with A); where consumers share
 *          the work, by compare-and-exchange, and what was copied before counts
 *          only if that succeeds.
 *
 * What is not published when a producer dies never was: its place is filled anew. Who takes a
 * producer endpoint over from a process that died calls WAKE once.
 *
 * Sleep and wake (event index)
 * ============================
 * Each side's page also holds @event: "wake me when your position passes this value", that is,
 * when your position goes from old to new and old <= event < new. The consumer arms cons.event =
 * cons.pos when it finds the lane empty; the producer arms prod.event = prod.pos + size -
 * capacity - 1 (slots: size 1, capacity slots; records: in bytes) when it finds no room. Both
 * words start as ~0, which no position reaches.
 *
 *   sleeper: store own event; FULL BARRIER (C); look again; only if nothing came,
 *            IPCRING_IOC_WAIT.
 *   waker:   publish or consume; FULL BARRIER (D); load the peer's event; if it
 *            lies in [old position, new position), IPCRING_IOC_WAKE.
 *
 * C pairs with D: at least one side sees the other's store, so no wake-up is lost.
 * IPCRING_IOC_WAIT arms and looks again itself (the kernel does C, on all lanes), so a sleeper
 * that only calls it is correct, too.
 *
 * Many lanes: the kernel keeps one *ready bit* a lane, set when its producer wrote
 * or called WAKE. read() looks only at lanes whose bit is set, in turn; WAIT hands
 * the bits out and clears them. A mapped consumer goes on polling a lane it was
 * handed until it finds it empty, arms it, and looks again.
 *
 * A side that stores nonsense harms the messages and the wake-ups of its own lane
 * and nothing else. When the kernel sees positions or a length that break the
 * protocol, the *lane* is corrupt: its producer's transfers and waits give
 * -EBADMSG and its poll() EPOLLERR. A consumer of one lane gets the same; where
 * there are more lanes, the corrupt one is set aside. A new producer endpoint, once
 * the old one is gone, starts a corrupt lane afresh; the rest, unread, is lost.
 *
 * Errors common to all ioctls: -ENOTTY unknown command or wrong kind of fd, -EFAULT bad
 * pointer, -EINVAL struct size below the first version's, unknown flag, or reserved field not
 * zero, -E2BIG a larger struct with non-zero bytes that this kernel does not know, or one
 * longer than a page.
 *
 * write() on a producer fd
 *   -EMSGSIZE  longer than msg_size, or empty
 *   -EAGAIN    O_NONBLOCK and there is no room (or another thread is sending)
 *   -EPIPE     a consumer was there and none is left; no SIGPIPE is sent
 *   -EBADMSG   the lane is corrupt
 *   -EFAULT    bad buffer; nothing was sent
 *   -EINTR     a signal came before anything was sent (restartable)
 *   -EINVAL    a consumer fd, -EBADF a control or observer fd (from the VFS: an
 *              endpoint is open for reading and writing, or it could not be mapped)
 * read() on a consumer fd
 *   0          every message was consumed and no producer is open
 *   -EMSGSIZE  the buffer is smaller than the message, which stays queued
 *   -EAGAIN    O_NONBLOCK and nothing is there (or another thread is receiving)
 *   -EBADMSG (the only lane is corrupt), -EFAULT (the message stays queued), -EINTR as above
 *   -EINVAL    a producer fd, -EBADF a control or observer fd
 * readv() and writev() of no bytes at all give 0 (from the VFS), whatever is queued.
 *   While its peer was never opened, an endpoint waits as for a slow peer.
 * poll()
 *   consumer: EPOLLIN message there; EPOLLHUP producers were there and none is left
 *   producer: EPOLLOUT room for the largest message; EPOLLERR consumers were there
 *             and none is left
 *   both:     EPOLLERR the lane, for a consumer the only lane, is corrupt
 *   A poll() that finds nothing arms the event, and so does an -EAGAIN for a
 *   full or empty lane: read or write until it comes, then wait for the next
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
#define IPCRING_BYTES_MIN	4096u
#define IPCRING_BYTES_MAX	(64u << 20)
#define IPCRING_LANES_MAX	64u
#define IPCRING_CONSUMERS_MAX	64u
#define IPCRING_NAME_SIZE	64u	/* with its terminating NUL */

/* mmap offsets; far apart so that a region can never run into the next. */
#define IPCRING_OFF_PROD	0x000000000ULL
#define IPCRING_OFF_CONS	0x100000000ULL
#define IPCRING_OFF_DATA	0x200000000ULL
#define IPCRING_OFF_LANE(n)	((__u64)(n) << 36)

/**
 * struct ipcring_side - one side's page of a lane: written by its owner, read by
 *			 the peer
 * @pos:	published (producer) or consumed (consumer), free-running
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
 * struct ipcring_slot - head of a slot or a record in the data region
 * @head:	payload bytes that follow, 1..msg_size, in the lower half; with
 *		slots the lower half of the message's position + 1 in the upper
 *		half, which says that it is there; with records 0
 *
 * Slots are info.stride bytes apart: 8 + msg_size, rounded up to 64.
 */
struct ipcring_slot {
	__u64 head;
};

/* Feature bits of struct ipcring_features. */
#define IPCRING_FEAT_RW		(1ULL << 0)	/* read(), write(), poll() */
#define IPCRING_FEAT_MMAP	(1ULL << 1)	/* mmap(), WAIT, WAKE */
#define IPCRING_FEAT_RECORDS	(1ULL << 2)	/* IPCRING_CREATE_RECORDS */
#define IPCRING_FEAT_LANES	(1ULL << 3)	/* lanes, consumers, trust modes */
#define IPCRING_FEAT_NAMES	(1ULL << 4)	/* names, OPEN */
#define IPCRING_FEAT_CALL	(1ULL << 5)	/* CALL, REPLY_WAIT */
#define IPCRING_FEAT_WAIT_ANY	(1ULL << 6)	/* WAIT_ANY */
#define IPCRING_FEAT_URING	(1ULL << 7)	/* IORING_OP_URING_CMD, never waits */
#define IPCRING_FEAT_URING_WAIT	(1ULL << 8)	/* ... waits, and can be cancelled */
#define IPCRING_FEAT_URING_MULTISHOT (1ULL << 9) /* ... RECV with provided buffers */

/**
 * struct ipcring_features - IPCRING_IOC_FEATURES on /dev/ipcring
 * @size:	in: sizeof(struct ipcring_features)
 * @resv:	0
 * @features:	out: IPCRING_FEAT_* that this module has on this kernel
 */
struct ipcring_features {
	__u32 size;
	__u32 resv;
	__u64 features;
};

/* Flags of struct ipcring_create. */
#define IPCRING_CREATE_RECORDS	(1u << 0)	/* byte records, not slots */
#define IPCRING_CREATE_TRUST_ALL (1u << 1)	/* T0: everybody maps everything */
#define IPCRING_CREATE_TRUST_NONE (1u << 2)	/* T2: producers map nothing */
#define IPCRING_CREATE_NODES	(1u << 3)	/* @prod_node and @cons_node count */

/**
 * struct ipcring_create - IPCRING_IOC_CREATE on /dev/ipcring
 * @size:	in: sizeof(struct ipcring_create)
 * @flags:	in: IPCRING_CREATE_*
 * @slots:	in: depth of each lane in messages, a power of two,
 *		IPCRING_SLOTS_MIN..IPCRING_SLOTS_MAX; with RECORDS 0
 * @msg_size:	in: largest payload in bytes, IPCRING_MSG_MIN..IPCRING_MSG_MAX; with
 *		RECORDS at most @bytes - 8
 * @lanes:	in: number of lanes, at most IPCRING_LANES_MAX; 0 means 1
 * @consumers:	in: largest number of consumer files, at most
 *		IPCRING_CONSUMERS_MAX; 0 means 1
 * @bytes:	in: with RECORDS the capacity of each lane in bytes, a power of two,
 *		IPCRING_BYTES_MIN (or a page)..IPCRING_BYTES_MAX; else 0
 * @mode:	in: rights on the name, at most 0777; without a name 0
 * @prod_node:	in: with NODES the NUMA node of the producers' pages (or -ENOMEM), -1 any
 * @cons_node:	in: with NODES the node of the consumers' pages and the data, or -1
 * @resv:	0
 * @name:	in: 1..63 bytes, no '/', no control characters, then NULs; or all 0
 *
 * The first version ended before @mode.
 *
 * Return: a control fd (O_CLOEXEC), or
 *   -EINVAL	a value out of its range, a node that has no memory, a bad name
 *   -EEXIST	the name is taken
 *   -E2BIG	the data of all lanes would exceed module parameter max_ring_bytes
 *   -EDQUOT	over module parameter max_user_channels or max_user_bytes, which
 *		CAP_SYS_RESOURCE is exempt from
 *   -EPERM	over RLIMIT_MEMLOCK, which CAP_IPC_LOCK is exempt from
 *   -ENOMEM	no memory, or the memory cgroup's limit
 *   -EMFILE, -ENFILE  no file descriptor
 */
struct ipcring_create {
	__u32 size;
	__u32 flags;
	__u32 slots;
	__u32 msg_size;
	__u32 lanes;
	__u32 consumers;
	__u64 bytes;
	__u32 mode;
	__s32 prod_node;
	__s32 cons_node;
	__u32 resv;
	__u8 name[IPCRING_NAME_SIZE];
};

#define IPCRING_CREATE_SIZE_V1	32u

/* Roles of struct ipcring_endpoint, struct ipcring_open and struct ipcring_info. */
#define IPCRING_ROLE_CONTROL	0u
#define IPCRING_ROLE_PRODUCER	1u
#define IPCRING_ROLE_CONSUMER	2u
#define IPCRING_ROLE_OBSERVER	3u

#define IPCRING_EP_NONBLOCK	(1u << 0)	/* the new fd is O_NONBLOCK */
#define IPCRING_EP_ANY_LANE	(1u << 1)	/* producer: the first free lane */

/**
 * struct ipcring_endpoint - IPCRING_IOC_ENDPOINT on a control fd
 * @size:	in: sizeof(struct ipcring_endpoint)
 * @flags:	in: IPCRING_EP_*
 * @role:	in: IPCRING_ROLE_PRODUCER, _CONSUMER or _OBSERVER
 * @lane:	in: the producer's lane; 0 for other roles and with ANY_LANE
 *
 * Return: an endpoint fd (O_CLOEXEC), or
 *   -EINVAL	an unknown role, no such lane, ANY_LANE for another role
 *   -EBUSY	the lane (all lanes) has a producer, there are @consumers consumers
 *   -ENOMEM, -EMFILE, -ENFILE
 */
struct ipcring_endpoint {
	__u32 size;
	__u32 flags;
	__u32 role;
	__u32 lane;
};

/**
 * struct ipcring_open - IPCRING_IOC_OPEN on /dev/ipcring
 * @size:	in: sizeof(struct ipcring_open)
 * @flags:	in: IPCRING_EP_*
 * @role:	in: as struct ipcring_endpoint
 * @lane:	in: as struct ipcring_endpoint
 * @name:	in: as struct ipcring_create
 *
 * Return: as IPCRING_IOC_ENDPOINT, or
 *   -ENOENT	no such name in this user namespace
 *   -EACCES	the channel's mode does not give the caller this right
 */
struct ipcring_open {
	__u32 size;
	__u32 flags;
	__u32 role;
	__u32 lane;
	__u8 name[IPCRING_NAME_SIZE];
};

/* State bits of struct ipcring_info. */
#define IPCRING_ST_PRODUCER	(1u << 0)	/* a producer is open */
#define IPCRING_ST_CONSUMER	(1u << 1)	/* a consumer is open */
#define IPCRING_ST_CORRUPT	(1u << 2)	/* a lane is corrupt */

/**
 * struct ipcring_info - IPCRING_IOC_INFO on any fd of a channel
 * @size:	in: sizeof(struct ipcring_info)
 * @role:	out: IPCRING_ROLE_* of this fd
 * @slots:	out: depth of a lane in messages, 0 with records
 * @msg_size:	out: largest payload in bytes
 * @stride:	out: distance of two slots in bytes, 0 with records
 * @state:	out: IPCRING_ST_*
 * @data_bytes:	out: length of a lane's data region as it is mapped; with records
 *		twice @bytes
 * @id:		out: the channel's number in tracepoints and fdinfo, never reused
 * @prod_pos:	out: producer position as the kernel reads it now; this fd's lane,
 *		else lane 0. IPCRING_IOC_STATS has all lanes.
 * @cons_pos:	out: consumer position, likewise
 * @flags:	out: IPCRING_CREATE_*
 * @lanes:	out: number of lanes
 * @consumers:	out: largest number of consumers
 * @lane:	out: a producer's lane, else 0
 * @bytes:	out: with records the capacity of a lane, else 0
 *
 * The first version ended before @flags.
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
	__u32 flags;
	__u32 lanes;
	__u32 consumers;
	__u32 lane;
	__u64 bytes;
};

#define IPCRING_INFO_SIZE_V1	56u
#define IPCRING_LANE_ALL	(~0u)

/**
 * struct ipcring_stats - IPCRING_IOC_STATS on any fd of a channel
 * @size:	in: sizeof(struct ipcring_stats)
 * @lane:	in: a lane, or IPCRING_LANE_ALL for the sum; a producer sees its
 *		own lane only (-EACCES)
 * @prod_pos:	out: producer position (of all lanes: the sum, as below)
 * @cons_pos:	out: consumer position
 * @depth:	out: what is queued: messages, or bytes of records and heads; 0 if nonsense
 * @drops:	out: sends refused with -EAGAIN for want of room (io_uring's first tries,
 *		too), and corrupt lanes' contents thrown away (one each)
 * @prod_waits:	out: times a producer went to sleep
 * @prod_wakes:	out: times sleeping producers were woken
 * @cons_waits:	out: times a consumer went to sleep; the channel's, for every @lane
 * @cons_wakes:	out: times sleeping consumers were woken by this lane
 * @corruptions: out: times the lane became corrupt
 * @state:	out: IPCRING_ST_* of the lane
 * @resv:	0
 *
 * What mapped sides do without a system call is in the positions only.
 *
 * Return: 0, -EINVAL no such lane, -EACCES.
 */
struct ipcring_stats {
	__u32 size;
	__u32 lane;
	__u64 prod_pos;
	__u64 cons_pos;
	__u64 depth;
	__u64 drops;
	__u64 prod_waits;
	__u64 prod_wakes;
	__u64 cons_waits;
	__u64 cons_wakes;
	__u64 corruptions;
	__u32 state;
	__u32 resv;
};

#define IPCRING_NO_TIMEOUT	(~0ULL)
/**
 * struct ipcring_wait - IPCRING_IOC_WAIT on an endpoint fd
 * @size:	in: sizeof(struct ipcring_wait)
 * @flags:	in: 0
 * @deadline:	in: absolute CLOCK_MONOTONIC time in ns (of the initial time
 *		namespace), or IPCRING_NO_TIMEOUT
 * @ready:	out, with 0: consumer: the lanes to look at, bit n for lane n; taken from
 *		the kernel's bitmap, none if another thread was faster. Producer: 0.
 * @need:	in: producer of records: payload bytes to wait room for, 0 for
 *		msg_size; else 0
 * @resv:	0
 *
 * Consumer: wait until a lane is not empty. Producer: until there is room.
 * O_NONBLOCK does not matter here; a deadline of 0 only looks. The first version
 * ended before @ready.
 *
 * Return: 0 the condition holds, or another thread of this side moved a message
 * meanwhile: look again; or
 *   -EINVAL	@need is over msg_size
 *   -ETIMEDOUT	it did not before the deadline
 *   -EPIPE	it does not, and the peers were there and are gone
 *   -EBADMSG	the lane (consumer: the only lane) is corrupt
 *   -EINTR	a signal came (restartable: the deadline is absolute)
 */
struct ipcring_wait {
	__u32 size;
	__u32 flags;
	__u64 deadline;
	__u64 ready;
	__u32 need;
	__u32 resv;
};

#define IPCRING_WAIT_SIZE_V1	16u

/*
 * IPCRING_IOC_WAKE on an endpoint fd, no argument (0, else -EINVAL): wake the peer if
 * it sleeps. A consumer wakes the producers of all lanes. Return: 0, also if none slept.
 */

#define IPCRING_WAIT_ANY_MAX	64u

/**
 * struct ipcring_wait_any - IPCRING_IOC_WAIT_ANY on /dev/ipcring or an endpoint fd
 * @size:	in: sizeof(struct ipcring_wait_any)
 * @flags:	in: 0
 * @fds:	in: pointer to @nr endpoint fds (__s32 each), of any channels
 * @nr:		in: 1..IPCRING_WAIT_ANY_MAX
 * @resv:	0
 * @deadline:	in: as struct ipcring_wait
 * @ready:	out: bit i is set if endpoint fds[i] can go on, or would be told why
 *		not (hangup, corrupt): do not wait for it
 *
 * Return: 0 @ready has a bit; or
 *   -EINVAL	@nr, or fds[i] is not an endpoint
 *   -EBADF	fds[i] is not open
 *   -ETIMEDOUT, -EINTR as IPCRING_IOC_WAIT
 *   -ENOMEM
 */
struct ipcring_wait_any {
	__u32 size;
	__u32 flags;
	__u64 fds;
	__u32 nr;
	__u32 resv;
	__u64 deadline;
	__u64 ready;
};

/* Flags of struct ipcring_call. */
#define IPCRING_CALL_HERE	(1u << 0)	/* wake the peer on this CPU, if possible */

/**
 * struct ipcring_call - IPCRING_IOC_CALL on a producer fd, IPCRING_IOC_REPLY_WAIT on
 *			 a consumer fd
 * @size:	in: sizeof(struct ipcring_call)
 * @flags:	in: IPCRING_CALL_*
 * @fd:		in: the other endpoint: for CALL the consumer that the answer comes
 *		to, for REPLY_WAIT the producer that the answer goes out by; -1: no
 *		answer to send (REPLY_WAIT only)
 * @sent:	in: 0, or 1: it was sent before, only wait. out: 1 once it is sent, so
 *		that a call cut short by a signal or the deadline can go on
 * @send_buf:	in: pointer to the payload to send; 0 with @fd -1
 * @recv_buf:	in: pointer to room for the payload to receive
 * @send_len:	in: bytes to send, 1..msg_size; 0 with @fd -1
 * @recv_len:	in: bytes of room; out: bytes received
 * @lane:	out: lane that the message came by
 * @resv:	0
 * @deadline:	in: as struct ipcring_wait, for both halves
 *
 * One system call for "send this, then wait for that": a client's whole round trip, or a
 * server's answer and its next request. The woken peer may take this CPU at once, and the
 * answer is looked for before anybody sleeps. O_NONBLOCK does not matter here. REPLY_WAIT whose
 * answer finds no reader any more (-EPIPE) waits all the same: a client that died is no reason
 * to stop serving.
 *
 * Return: 0 received; or
 *   -EMSGSIZE, -EPIPE, -EBADMSG, -EFAULT	the sending half, as write(), with
 *		@sent 0
 *   -EMSGSIZE, -EPIPE (every producer is gone), -EBADMSG, -EFAULT	the receiving
 *		half, as read(), with @sent 1
 *   -ETIMEDOUT, -EINTR (restartable) as IPCRING_IOC_WAIT; @sent says how far it came
 *   -EBADF, -EINVAL  @fd is not open, or not an endpoint of the other role
 */
struct ipcring_call {
	__u32 size;
	__u32 flags;
	__s32 fd;
	__u32 sent;
	__u64 send_buf;
	__u64 recv_buf;
	__u32 send_len;
	__u32 recv_len;
	__u32 lane;
	__u32 resv;
	__u64 deadline;
};

/**
 * struct ipcring_uring - the 16 bytes of sqe->cmd for IORING_OP_URING_CMD
 * @addr:	pointer to the payload (SEND), to room for it (RECV), or to a struct
 *		ipcring_call (CALL), which stays until the completion; CANCEL: user_data
 * @len:	bytes of it; CANCEL: 0
 * @flags:	CANCEL: 0 or IPCRING_URING_CANCEL_ALL; else 0
 *
 * sqe->cmd_op says what:
 *   IPCRING_URING_SEND    on a producer fd: as write()
 *   IPCRING_URING_RECV    on a consumer fd: as read()
 *   IPCRING_URING_CALL    on a producer fd: as IPCRING_IOC_CALL, with no deadline
 *   IPCRING_URING_CANCEL  those that are parked on this file, by the same io_uring
 *
 * cqe->res is what the system call returns; for CALL the bytes received. O_NONBLOCK does not
 * matter. With IOSQE_ASYNC a worker sleeps in the command, on every kernel;
 * IORING_OP_ASYNC_CANCEL interrupts it (-EINTR, or -ECANCELED). Else, what cannot go on is
 * parked with IPCRING_FEAT_URING_WAIT: it ends (-ECANCELED) with its task or ring or by CANCEL,
 * whose res is how many of that user_data it ended (the messages stay queued), or -ENOENT;
 * ASYNC_CANCEL does not find it. Without, it completes with -EAGAIN (CANCEL: -EOPNOTSUPP). A
 * CALL that ended so was sent if @sent is 1, and goes on when submitted again. A linked timeout
 * reaches none that waits. What waits keeps its files open. With IPCRING_FEAT_URING_MULTISHOT,
 * IORING_URING_CMD_MULTISHOT and sqe->buf_group, RECV completes once a message, @addr and @len
 * 0, into the group's buffers (IORING_CQE_F_MORE) until an error, the end (0) or -ENOBUFS (no
 * buffer, or no room for the completion: the message stays queued, its buffer is not given
 * back); not where consumers share the work.
 *   -EINVAL a flag, or the wrong role; -EOPNOTSUPP an unknown cmd_op; -ENOMEM
 */
struct ipcring_uring {
	__u64 addr;
	__u32 len;
	__u32 flags;
};

/* Without the structs' sizes, as VFIO's and iommufd's: @size says it, and may grow. */
#define IPCRING_IOC_MAGIC	0xB7
#define IPCRING_IOC_FEATURES	_IO(IPCRING_IOC_MAGIC, 0x00)
#define IPCRING_IOC_CREATE	_IO(IPCRING_IOC_MAGIC, 0x01)
#define IPCRING_IOC_ENDPOINT	_IO(IPCRING_IOC_MAGIC, 0x02)
#define IPCRING_IOC_INFO	_IO(IPCRING_IOC_MAGIC, 0x03)
#define IPCRING_IOC_WAIT	_IO(IPCRING_IOC_MAGIC, 0x04)
#define IPCRING_IOC_WAKE	_IO(IPCRING_IOC_MAGIC, 0x05)
#define IPCRING_IOC_OPEN	_IO(IPCRING_IOC_MAGIC, 0x06)
#define IPCRING_IOC_STATS	_IO(IPCRING_IOC_MAGIC, 0x07)
#define IPCRING_IOC_WAIT_ANY	_IO(IPCRING_IOC_MAGIC, 0x08)
#define IPCRING_IOC_CALL	_IO(IPCRING_IOC_MAGIC, 0x09)
#define IPCRING_IOC_REPLY_WAIT	_IO(IPCRING_IOC_MAGIC, 0x0a)

#define IPCRING_URING_SEND	_IO(IPCRING_IOC_MAGIC, 0x20)
#define IPCRING_URING_RECV	_IO(IPCRING_IOC_MAGIC, 0x21)
#define IPCRING_URING_CALL	_IO(IPCRING_IOC_MAGIC, 0x22)
#define IPCRING_URING_CANCEL	_IO(IPCRING_IOC_MAGIC, 0x23)
#define IPCRING_URING_CANCEL_ALL (1u << 0)	/* in its flags: not only one */

#endif /* _UAPI_LINUX_IPCRING_H */
