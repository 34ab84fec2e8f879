/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * /dev/ipcring: sets of per-CPU queues.
 *
 * A *set* has one bounded queue for each possible CPU. A queue has two *lanes*:
 *
 *   local   written only by who runs on that CPU, with preemption off (the kernel) or
 *           in a restartable sequence (user space): no locked instruction, no barrier
 *   remote  written by who runs elsewhere, in the kernel, by any number of senders at
 *           once; a sender that stops anywhere does not stop another one
 *
 * Each lane holds @slots messages. Its free slots are the senders' credits: where there
 * is none, a send waits or is refused with -EAGAIN, and nothing is ever dropped. Messages
 * of one lane are received in the order they were sent; between the two lanes, and so for
 * a thread that changes its CPU while it sends to one queue, there is no order, unless it
 * sends with IPCRING_PCQ_EP_ORDERED, which leaves the local lane alone.
 *
 * Handles are file descriptors, and each gives exactly one right:
 *   control fd   IPCRING_IOC_PCQ_CREATE on /dev/ipcring. Hands out the others, says how
 *                doorbells ring, starts and stops services. These end when it is closed.
 *   sender fd    sends to the queue it is *bound* to: CPU n's, or IPCRING_PCQ_THIS, that
 *                of the CPU the caller runs on at the moment, or IPCRING_PCQ_ANY, as THIS
 *                while there is room there, else the next online CPU's that has room
 *                (not an isolated one's, see below; no order at all).
 *   receiver fd  receives from the queue it is bound to: CPU n's, or IPCRING_PCQ_THIS,
 *                that of the CPU on which the call began, or IPCRING_PCQ_ANY, all of
 *                them, in turn, so that none starves.
 *   observer fd  looks at the state and the statistics, and only that.
 *
 * All are O_CLOEXEC; passing one passes exactly its right; none can be reopened through
 * /proc. A set lives until its last fd and its last mapping are gone. Any number of senders
 * and receivers may be open at once; each message goes to exactly one receiver.
 *
 * Ways to move a message, to be mixed freely:
 *   write()/read()  One message a call; poll(), epoll, O_NONBLOCK, io_uring READ, WRITE
 *                   and POLL_ADD work. The kernel copies.
 *   IPCRING_IOC_PCQ_SEND, _RECV  Up to IPCRING_PCQ_BATCH_MAX messages a call, one
 *                   doorbell for each queue.
 *   mmap()          Local lane without a system call, remote lanes received without one.
 *
 * Memory layout
 * =============
 *   region                    mmap offset, + IPCRING_PCQ_OFF_CPU(n)  length
 *   struct ipcring_pcq_state    IPCRING_PCQ_OFF_STATE                  one page
 *   struct ipcring_side         IPCRING_PCQ_OFF_PROD                   one page
 *   2 x struct ipcring_side     IPCRING_PCQ_OFF_CONS                   one page
 *   slots of the local lane     IPCRING_PCQ_OFF_LOCAL                  info.data_bytes
 *   slots of the remote lane    IPCRING_PCQ_OFF_REMOTE                 info.data_bytes
 *
 *              sender             receiver
 *   STATE      r                  r
 *   PROD       rw                 r
 *   CONS       r                  rw
 *   LOCAL      rw                 r
 *   REMOTE     -                  r
 *
 * of the queue that the endpoint is bound to; bound to THIS or ANY: of all. Senders map
 * only a set that was created with IPCRING_PCQ_MAP_SENDERS: they share each local lane and
 * so trust each other. Without it what a receiver sees was written by the kernel and does
 * not change until it is given back. Receivers map any set; they trust each other, too.
 * Lengths, refusals and lifetime are those of a ring channel's mappings (ipcring.h).
 *
 * Both lanes are rings of fixed slots as in ipcring.h, positions free-running 64-bit
 * message counts, slot n & (slots - 1) holding message n when its head says so. Behind
 * the head (struct ipcring_slot) stands struct ipcring_pcq_from, then the payload. The
 * length in the head counts both. prod.pos of the local lane may lag behind the heads by
 * one message; that of the remote lane is not mapped. CONS holds two struct ipcring_side,
 * the local lane's and the remote lane's; their @pos is moved on by compare-and-exchange
 * only, as several receivers may be at work (ring_claim()). @event is not used.
 *
 * Local send from user space (rseq; lib: ipcring_pcq.h)
 *   begin   cpu = rseq.cpu_id_start; start of the sequence; rseq.cpu_id == cpu, or away
 *           pos = prod.pos, or prod.pos + 1 if the head there says that it is sent
 *           if pos - cons.pos (acquire) == slots: full, leave
 *           store prod.pos = pos; fill ipcring_pcq_from and the payload of slot pos
 *   commit  store the head of slot pos (release): the one store that ends the sequence
 *   after   load state.bell, with a full barrier before if state.fence; if it says ARMED,
 *           IPCRING_IOC_WAKE with the CPU whose queue it is
 * A thread that is preempted, moved or signalled before the commit starts again.
 * What io_uring does for a thread when it is interrupted does not stop a sequence: a ring
 * that WRITEs to a set which its thread maps is made with IORING_SETUP_DEFER_TASKRUN.
 *
 * Sleep and wake
 * ==============
 * Each queue has one *bell*, a word that only the kernel writes:
 *
 *   AWAKE   receivers look by themselves: senders do nothing (a *suppressed* doorbell)
 *   ARMED   a receiver sleeps: the sender that moves it on to RUNG rings
 *   RUNG    it is being woken: senders do nothing (a *coalesced* doorbell)
 *
 *   receiver: bell = ARMED; BARRIER (E); look again; only if nothing came, sleep.
 *   sender:   publish; BARRIER (F); look at the bell.
 *
 * E pairs with F: at least one sees the other's store. In the remote lane both are full
 * barriers. In the local lane F is none, as long as state.fence is 0: a receiver that arms
 * on the queue's own CPU is in order with everybody there, one that arms elsewhere makes
 * that CPU execute a full barrier, by an IPI. state.fence is 1, and F a full barrier,
 * while a receiver is bound to ANY, and always on an isolated CPU.
 *
 * IPCRING_IOC_WAIT and IPCRING_IOC_WAKE (ipcring.h, struct ipcring_wait, @ready 0,
 * @need 0) do for mapped sides:
 *   WAIT on a receiver  arm and wait for a message; on a sender wait for room
 *   WAKE on a sender    argument n: messages were put into CPU n's local lane: ring
 *   WAKE on a receiver  argument n: messages were taken: wake CPU n's senders, which sleep
 *                       while state.room is 1 (look at it after a full barrier)
 * Errors as there, -EINVAL: n is not a CPU that the endpoint is bound to.
 *
 * Doorbells
 * =========
 * How a queue's doorbell rings is set by IPCRING_IOC_PCQ_BELL:
 *   WAKE  the sender wakes the receivers itself (the default)
 *   IPI   a sender on another CPU interrupts the queue's, which wakes them there, if the
 *         interrupt is not on its way already
 *   POLL  never: read(), RECV and WAIT that find nothing look again and again, giving way
 *         to other tasks and to signals; poll() says what is there now and wakes nobody
 *
 * A CPU is *isolated* here if it is nohz_full or outside the housekeeping CPUs of the
 * scheduler's domains (isolcpus). Unless the bell was set with IPCRING_PCQ_BELL_ISOLATED,
 * no interrupt of ours is sent to it: IPI rings as WAKE, arming needs none (fence is 1),
 * ANY does not choose it. A task that sleeps there is woken, as by any system call. What
 * counts is the time of CREATE, or of the last BELL: a cpuset made later changes nothing.
 *
 * CPU hotplug
 * ===========
 * A queue whose CPU is offline keeps its messages, and every receiver that is bound to
 * it, or to ANY, receives them as before, from any CPU. A new send to it is refused with
 * -ENXIO, a sender that waits for room there is woken and told the same, and ANY chooses
 * another. A service of that CPU pauses, and goes on when it is back. THIS never meets an
 * offline CPU, but -ENXIO in the moment before its CPU goes.
 *
 * Errors common to all ioctls: as in ipcring.h.
 *
 * write() on a sender fd
 *   -EMSGSIZE  longer than msg_size, or empty
 *   -EAGAIN    O_NONBLOCK and there is no room
 *   -ENXIO     the CPU is offline (ANY: no CPU is left to choose)
 *   -EPIPE     receivers (or services) were there and none is left; no SIGPIPE
 *   -EBADMSG   the queue is corrupt: a mapping stored nonsense; it stays so
 *   -EFAULT, -EINTR (restartable) nothing was sent
 *   -EINVAL    a receiver fd, -EBADF a control or observer fd
 * read() on a receiver fd
 *   0          every message was received and no sender is open any more
 *   -EMSGSIZE  the buffer is smaller than the message, which stays queued
 *   -EAGAIN    O_NONBLOCK and nothing is there
 *   -EBADMSG   the queue is corrupt (ANY: it is set aside; all of them are)
 *   -EFAULT (the message stays queued), -EINTR (restartable)
 *   -EINVAL    a sender fd, -EBADF a control or observer fd
 *   While its peer was never opened, an endpoint waits as for a slow peer.
 * poll()
 *   receiver: EPOLLIN message there; EPOLLHUP senders were there and none is left;
 *             EPOLLERR corrupt
 *   sender:   EPOLLOUT room in the lane that write() would take now; EPOLLERR corrupt,
 *             offline, or receivers were there and none is left
 *   A poll() that finds nothing arms, and so does an -EAGAIN for an empty queue: read
 *   until it comes, then wait for the next edge. Bound to THIS it is about the CPU on
 *   which it looks, each time: who moves does not hear of what is left behind. Beside
 *   readers that sleep, use no EPOLLEXCLUSIVE: who is woken so and goes away without a
 *   look leaves the others asleep until the next bell.
 */
#ifndef _UAPI_LINUX_IPCRING_PCQ_H
#define _UAPI_LINUX_IPCRING_PCQ_H

#include <linux/ipcring.h>

/* Feature bits of struct ipcring_features. */
#define IPCRING_FEAT_PCQ	(1ULL << 10)	/* this file, but services */
#define IPCRING_FEAT_PCQ_SERVICE (1ULL << 11)	/* services */

/* Limits of struct ipcring_pcq_create. */
#define IPCRING_PCQ_SLOTS_MIN	2u
#define IPCRING_PCQ_SLOTS_MAX	65536u
#define IPCRING_PCQ_MSG_MIN	1u
#define IPCRING_PCQ_MSG_MAX	4080u	/* a copy with preemption off stays below a page */
#define IPCRING_PCQ_BATCH_MAX	256u

/* Instead of a CPU's number. */
#define IPCRING_PCQ_THIS	(~0u)
#define IPCRING_PCQ_ANY		(~0u - 1)
#define IPCRING_PCQ_BOUND	(~0u - 2)	/* the one the endpoint is bound to */

/* mmap offsets. */
#define IPCRING_PCQ_OFF_STATE	0x000000000ULL
#define IPCRING_PCQ_OFF_PROD	0x100000000ULL
#define IPCRING_PCQ_OFF_CONS	0x200000000ULL
#define IPCRING_PCQ_OFF_LOCAL	0x300000000ULL
#define IPCRING_PCQ_OFF_REMOTE	0x400000000ULL
#define IPCRING_PCQ_OFF_CPU(n)	((__u64)(n) << 36)

/* Values of struct ipcring_pcq_state.bell. */
#define IPCRING_PCQ_AWAKE	0u
#define IPCRING_PCQ_ARMED	1u
#define IPCRING_PCQ_RUNG	2u

/**
 * struct ipcring_pcq_state - what the kernel shows of a queue
 * @bell:	IPCRING_PCQ_AWAKE, _ARMED or _RUNG
 * @fence:	1: a local sender needs a full barrier before it looks at @bell
 * @online:	1: the CPU takes new messages
 * @corrupt:	1: a mapping stored nonsense
 * @pad0:	fills a pair of cache lines: senders read it, receivers and senders the next
 * @room:	1: a sender waits for room
 * @pad1:	fills the second pair of lines
 */
struct ipcring_pcq_state {
	__u32 bell;
	__u32 fence;
	__u32 online;
	__u32 corrupt;
	__u8 pad0[112];
	__u32 room;
	__u8 pad1[124];
};

/**
 * struct ipcring_pcq_from - stands before each payload
 * @cpu:	CPU that it was sent on; in a local lane the lane's own, whatever it says
 * @resv:	0
 */
struct ipcring_pcq_from {
	__u32 cpu;
	__u32 resv;
};

#define IPCRING_PCQ_MAP_SENDERS	(1u << 0)	/* senders may map */

/**
 * struct ipcring_pcq_create - IPCRING_IOC_PCQ_CREATE on /dev/ipcring
 * @size:	in: sizeof(struct ipcring_pcq_create)
 * @flags:	in: IPCRING_PCQ_MAP_SENDERS
 * @slots:	in: messages that each lane holds, a power of two
 * @msg_size:	in: largest payload in bytes, IPCRING_PCQ_MSG_MIN..IPCRING_PCQ_MSG_MAX
 *
 * Each queue's memory is its CPU's node's, if that has some. It is charged as a ring
 * channel's of so many bytes: module parameters max_ring_bytes (all lanes of all possible
 * CPUs), max_user_channels and max_user_bytes, RLIMIT_MEMLOCK, the memory cgroup.
 *
 * Return: a control fd, or as IPCRING_IOC_CREATE -EINVAL, -E2BIG, -EDQUOT, -EPERM,
 * -ENOMEM, -EMFILE, -ENFILE.
 */
struct ipcring_pcq_create {
	__u32 size;
	__u32 flags;
	__u32 slots;
	__u32 msg_size;
};

#define IPCRING_PCQ_EP_NONBLOCK	(1u << 0)	/* the new fd is O_NONBLOCK */
#define IPCRING_PCQ_EP_ORDERED	(1u << 1)	/* sender: always the remote lane */

/* Roles of struct ipcring_pcq_endpoint and struct ipcring_pcq_info. */
#define IPCRING_PCQ_CONTROL	0u
#define IPCRING_PCQ_SENDER	1u
#define IPCRING_PCQ_RECEIVER	2u
#define IPCRING_PCQ_OBSERVER	3u

/**
 * struct ipcring_pcq_endpoint - IPCRING_IOC_PCQ_ENDPOINT on a control fd
 * @size:	in: sizeof(struct ipcring_pcq_endpoint)
 * @flags:	in: IPCRING_PCQ_EP_*
 * @role:	in: IPCRING_PCQ_SENDER, _RECEIVER or _OBSERVER
 * @cpu:	in: a possible CPU, IPCRING_PCQ_THIS or IPCRING_PCQ_ANY; observer: 0
 *
 * Return: an endpoint fd, or -EINVAL unknown role, no such CPU, ORDERED for another role;
 * -ENOMEM, -EMFILE, -ENFILE.
 */
struct ipcring_pcq_endpoint {
	__u32 size;
	__u32 flags;
	__u32 role;
	__u32 cpu;
};

/**
 * struct ipcring_pcq_info - IPCRING_IOC_PCQ_INFO on any fd of a set
 * @size:	in: sizeof(struct ipcring_pcq_info)
 * @role:	out: IPCRING_PCQ_* of this fd
 * @cpu:	out: what an endpoint is bound to, else 0
 * @flags:	out: of create
 * @slots:	out: messages that each lane holds
 * @msg_size:	out: largest payload in bytes
 * @stride:	out: distance of two slots in bytes: 16 + msg_size, rounded up to 64
 * @cpus:	out: one more than the largest possible CPU's number
 * @data_bytes:	out: length of a lane's slots as they are mapped
 * @id:		out: the set's number in tracepoints and fdinfo, never reused, not even by
 *		a channel
 */
struct ipcring_pcq_info {
	__u32 size;
	__u32 role;
	__u32 cpu;
	__u32 flags;
	__u32 slots;
	__u32 msg_size;
	__u32 stride;
	__u32 cpus;
	__u64 data_bytes;
	__u64 id;
};

/**
 * struct ipcring_pcq_msg - one message of a batch
 * @addr:	pointer to the payload, or to room for it
 * @len:	in: bytes of it; out (RECV): bytes received
 * @cpu:	SEND: 0; RECV out: CPU that it was sent on
 */
struct ipcring_pcq_msg {
	__u64 addr;
	__u32 len;
	__u32 cpu;
};

#define IPCRING_PCQ_DONTWAIT	(1u << 0)	/* as if O_NONBLOCK */

/**
 * struct ipcring_pcq_batch - IPCRING_IOC_PCQ_SEND on a sender fd, _RECV on a receiver fd
 * @size:	in: sizeof(struct ipcring_pcq_batch)
 * @flags:	in: IPCRING_PCQ_DONTWAIT
 * @cpu:	in: IPCRING_PCQ_BOUND; with an endpoint bound to ANY also a possible CPU
 * @nr:		in: messages, 1..IPCRING_PCQ_BATCH_MAX
 * @msgs:	in: pointer to @nr struct ipcring_pcq_msg
 * @deadline:	in: absolute CLOCK_MONOTONIC time in ns, or IPCRING_NO_TIMEOUT
 *
 * SEND waits until all are sent. RECV waits for the first and takes what is there then.
 * Each doorbell rings once, at the end of the call or before it sleeps.
 *
 * Return: number of messages sent or received, at least 1: what stops it later is told by
 * the next call; or the first one's error as write() and read() have them, read()'s 0
 * being 0, and
 *   -EINVAL	a flag, @nr, @cpu, a @cpu of a message to send that is not 0
 *   -ETIMEDOUT	nothing was moved before the deadline
 */
struct ipcring_pcq_batch {
	__u32 size;
	__u32 flags;
	__u32 cpu;
	__u32 nr;
	__u64 msgs;
	__u64 deadline;
};

/* Modes of struct ipcring_pcq_bell. */
#define IPCRING_PCQ_BELL_WAKE	0u
#define IPCRING_PCQ_BELL_IPI	1u
#define IPCRING_PCQ_BELL_POLL	2u

#define IPCRING_PCQ_BELL_ISOLATED (1u << 0)	/* interrupt it even if it is isolated */

/**
 * struct ipcring_pcq_bell - IPCRING_IOC_PCQ_BELL on a control fd
 * @size:	in: sizeof(struct ipcring_pcq_bell)
 * @flags:	in: IPCRING_PCQ_BELL_*
 * @cpu:	in: a possible CPU, or IPCRING_PCQ_ANY for all queues
 * @mode:	in: IPCRING_PCQ_BELL_WAKE, _IPI or _POLL
 *
 * Receivers that sleep are woken, and sleep or poll as the new mode says.
 *
 * Return: 0, or -EINVAL; -EPERM BELL_ISOLATED without CAP_SYS_NICE.
 */
struct ipcring_pcq_bell {
	__u32 size;
	__u32 flags;
	__u32 cpu;
	__u32 mode;
};

/* What a service does with a message. */
#define IPCRING_PCQ_DRAIN	0u	/* forget it */
#define IPCRING_PCQ_ECHO	1u	/* send it to the CPU that it came from */
#define IPCRING_PCQ_FORWARD	2u	/* send it on */

#define IPCRING_PCQ_SERVICE_POLL (1u << 0)	/* a dedicated core: never sleep */
#define IPCRING_PCQ_SERVICE_FIFO (1u << 1)	/* SCHED_FIFO; with POLL of the least priority */

/**
 * struct ipcring_pcq_service - IPCRING_IOC_PCQ_START on a control fd
 * @size:	in: sizeof(struct ipcring_pcq_service)
 * @flags:	in: IPCRING_PCQ_SERVICE_*
 * @cpu:	in: a possible CPU whose queue it is to serve
 * @work:	in: IPCRING_PCQ_DRAIN, _ECHO or _FORWARD
 * @fd:		in: ECHO and FORWARD: a sender fd of another set, for ECHO one that is bound
 *		to ANY; DRAIN: -1
 * @resv:	0
 *
 * A kernel thread, on that CPU, that receives what comes to its queue, beside other
 * receivers, one message after the other. Where the answer finds no room it waits with the
 * message in hand. An answer that can never arrive (-ENXIO, -EPIPE, -EBADMSG, and -EMSGSIZE:
 * the other set's messages are shorter) is counted in stats.undelivered. It pauses while its
 * CPU is offline, and goes on with what it has in hand. IPCRING_IOC_PCQ_STOP with the CPU as
 * its argument, or closing the control fd, ends it: what it has in hand goes out before, or
 * if there is no room at that moment it is counted in stats.undelivered, too, so that nobody
 * waits for another's readers. What it has not taken stays queued.
 *
 * SERVICE_POLL and SERVICE_FIFO together are of the least real-time priority, as
 * sched_set_fifo_low() has it, in turn with others of that. What is not real-time on that
 * CPU, threads of the kernel among it, has only what real-time throttling leaves (sysctl
 * kernel.sched_rt_runtime_us, 5 % of each second, or the fair server of newer kernels).
 * Where that is turned off (-1) such a CPU cannot be taken offline, and waits of others for
 * a grace period of RCU or for work on all CPUs may end only when the service does.
 *
 * Return: 0, or
 *   -EINVAL	a value out of its range; @fd is not such a sender, or of this set
 *   -EBADF	@fd is not open
 *   -EPERM	no CAP_SYS_NICE: a service takes CPU time outside the caller's control group
 *   -EBUSY	that CPU's queue has one
 *   -ENXIO	that CPU is offline
 *   -ENOMEM, -EINTR
 * STOP: 0, -EINVAL no such CPU, -ESRCH no service there.
 */
struct ipcring_pcq_service {
	__u32 size;
	__u32 flags;
	__u32 cpu;
	__u32 work;
	__s32 fd;
	__u32 resv;
};

/**
 * struct ipcring_pcq_stats - IPCRING_IOC_PCQ_STATS on any fd of a set
 * @size:	in: sizeof(struct ipcring_pcq_stats)
 * @cpu:	in: a possible CPU, or IPCRING_PCQ_ANY for the sum
 * @local:	out: messages sent in the local lane, mapped senders' included
 * @remote:	out: messages sent in the remote lane
 * @received:	out: messages received of both lanes, mapped receivers' included
 * @refused:	out: sends refused with -EAGAIN or -ENXIO
 * @wakes:	out: doorbells that woke receivers from the sender's CPU
 * @ipis:	out: doorbells that interrupted the queue's CPU
 * @suppressed:	out: doorbells spared as the bell said AWAKE, or ARMED by a poll() or an -EAGAIN
 *		whose caller is not waiting
 * @coalesced:	out: doorbells spared as it said RUNG, or the interrupt was on its way
 * @recv_waits:	out: times a receiver went to sleep
 * @send_waits:	out: times a sender went to sleep
 * @fences:	out: interrupts that made the queue's CPU execute a barrier for an arming,
 *		or as state.fence became 1
 * @served:	out: messages that services took
 * @undelivered: out: of them, those whose answer could not be sent
 * @service_ns:	out: CPU time of the service that runs, in ns, as of its last sleep or tick
 * @state:	out: struct ipcring_pcq_state: bit 0 online, bit 1 corrupt, bit 2 a service;
 *		for the sum: any
 * @resv:	0
 *
 * wakes + ipis + suppressed + coalesced is the number of doorbells that came up: one for
 * each write(), each SEND and queue (two if it had to wait in between), each WAKE of a
 * sender, each answer of a service or several at once. Mapped senders that do not
 * call WAKE are in @local only.
 *
 * Return: 0, -EINVAL no such CPU.
 */
struct ipcring_pcq_stats {
	__u32 size;
	__u32 cpu;
	__u64 local;
	__u64 remote;
	__u64 received;
	__u64 refused;
	__u64 wakes;
	__u64 ipis;
	__u64 suppressed;
	__u64 coalesced;
	__u64 recv_waits;
	__u64 send_waits;
	__u64 fences;
	__u64 served;
	__u64 undelivered;
	__u64 service_ns;
	__u32 state;
	__u32 resv;
};

#define IPCRING_PCQ_ST_ONLINE	(1u << 0)
#define IPCRING_PCQ_ST_CORRUPT	(1u << 1)
#define IPCRING_PCQ_ST_SERVICE	(1u << 2)

#define IPCRING_IOC_PCQ_CREATE	_IO(IPCRING_IOC_MAGIC, 0x40)
#define IPCRING_IOC_PCQ_ENDPOINT _IO(IPCRING_IOC_MAGIC, 0x41)
#define IPCRING_IOC_PCQ_INFO	_IO(IPCRING_IOC_MAGIC, 0x42)
#define IPCRING_IOC_PCQ_STATS	_IO(IPCRING_IOC_MAGIC, 0x43)
#define IPCRING_IOC_PCQ_SEND	_IO(IPCRING_IOC_MAGIC, 0x44)
#define IPCRING_IOC_PCQ_RECV	_IO(IPCRING_IOC_MAGIC, 0x45)
#define IPCRING_IOC_PCQ_BELL	_IO(IPCRING_IOC_MAGIC, 0x46)
#define IPCRING_IOC_PCQ_START	_IO(IPCRING_IOC_MAGIC, 0x47)
#define IPCRING_IOC_PCQ_STOP	_IO(IPCRING_IOC_MAGIC, 0x48)

#endif /* _UAPI_LINUX_IPCRING_PCQ_H */
