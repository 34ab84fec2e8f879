/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The plug-in contract: what a mechanism is to the harness.
 *
 * A mechanism moves one message from one side to the other, and nothing else. It
 * never times, prints, pins, forks, parses options or exits: the core owns time,
 * placement, warm-up, verification and output. To add one, write mech/NAME.c
 * ending in `const struct mech_ops mech_NAME`, and add NAME to MECHS() in mech.c.
 * mech/null.c is the template.
 */
#ifndef IPCSCOPE_MECH_H
#define IPCSCOPE_MECH_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * enum mech_wait - what a side does while it has nothing to do
 * @WAIT_BLOCK:		sleep in the operation itself
 * @WAIT_SPIN:		try again and again, never sleep
 * @WAIT_SPIN_BLOCK:	try for a while that adapts, then sleep
 * @WAIT_POLL:		try, then sleep in epoll_wait(), then try again
 * @WAIT_URING:		every operation is an entry of io_uring, and so is the sleep
 * @WAIT_COUNT:		how many there are
 */
enum mech_wait {
	WAIT_BLOCK,
	WAIT_SPIN,
	WAIT_SPIN_BLOCK,
	WAIT_POLL,
	WAIT_URING,
	WAIT_COUNT
};

#define MECH_W_BLOCK		(1u << WAIT_BLOCK)
#define MECH_W_SPIN		(1u << WAIT_SPIN)
#define MECH_W_SPIN_BLOCK	(1u << WAIT_SPIN_BLOCK)
#define MECH_W_POLL		(1u << WAIT_POLL)
#define MECH_W_URING		(1u << WAIT_URING)
/* Can try without sleeping, and can sleep: that is all that these take. */
#define MECH_W_TRY		(MECH_W_BLOCK | MECH_W_SPIN | MECH_W_SPIN_BLOCK)
/* A descriptor each way, read() and write(): mech/fd_pair.h and mech/fd_uring.h do the rest. */
#define MECH_W_FD		(MECH_W_TRY | MECH_W_POLL | MECH_W_URING)

/*
 * Traits: the semantics a user gets from it on one machine. selftests/mech/traits.c asserts
 * of each that what is claimed holds, and what is not claimed does not.
 */
#define MECH_T_BOUNDARIES	(1u << 0)	/* one receive returns one message */
#define MECH_T_BACKPRESSURE	(1u << 1)	/* a full queue makes the sender wait */
#define MECH_T_PERSISTENT	(1u << 2)	/* queued messages survive their sender */
#define MECH_T_FDPASS		(1u << 3)	/* can carry descriptors: pass(), take() */
#define MECH_T_KMOD		(1u << 4)	/* needs ipcring.ko */
#define MECH_T_SOLO		(1u << 5)	/* both sides are one thread: nothing crosses */
#define MECH_T_FANIN		(1u << 6)	/* several senders can share an instance */
#define MECH_T_SERVED		(1u << 7)	/* the receiver is a kernel thread, an echo */
#define MECH_T_ONE_CPU		(1u << 8)	/* is what it is on one CPU only */
#define MECH_T_ORDER		(1u << 9)	/* messages arrive as one sent them */
#define MECH_T_DUPLEX		(1u << 10)	/* one object carries both directions */
#define MECH_T_LASTING		(1u << 11)	/* queued messages survive every process */
#define MECH_T_PRIORITY		(1u << 12)	/* one with m->prio overtakes the others */
#define MECH_T_ATOMIC		(1u << 13)	/* no message of several is torn */
#define MECH_T_CREDENTIALS	(1u << 14)	/* the kernel says who sent: cred() */
#define MECH_T_CROSS_HOST	(1u << 15)	/* works between computers: cfg.apart */
#define MECH_T_HANGUP		(1u << 16)	/* who waits for a dead peer is told */
#define MECH_T_NOTIFIES		(1u << 17)	/* no payload but what shared memory has */

/**
 * enum mech_side - which end a worker is
 * @SIDE_SENDER:	opens the exchange
 * @SIDE_RECEIVER:	answers (pingpong) or drains (stream)
 * @SIDE_COUNT:		how many there are
 */
enum mech_side {
	SIDE_SENDER,
	SIDE_RECEIVER,
	SIDE_COUNT
};

/**
 * enum mech_dir - which way a message goes, seen from a side
 * @MECH_IN:	it is received
 * @MECH_OUT:	it is sent
 * @MECH_DIRS:	how many there are
 */
enum mech_dir {
	MECH_IN,
	MECH_OUT,
	MECH_DIRS
};

/**
 * struct mech_cfg - what the core asks of a mechanism
 * @size:	bytes of every message, at least 16
 * @wait:	wait policy of both sides
 * @senders:	how many share an instance; more than 1 with MECH_T_FANIN only, and then
 *		messages go one way, unless the mechanism is MECH_T_SERVED
 * @apart:	the sides are on two computers: each in a network namespace of its own, and
 *		those are joined by a veth pair; with MECH_T_CROSS_HOST only
 */
struct mech_cfg {
	size_t size;
	enum mech_wait wait;
	unsigned int senders;
	bool apart;
};

/* Does a try have to return at once, whatever the call? For what is decided at open(). */
static inline bool mech_tries(const struct mech_cfg *cfg)
{
	return cfg->wait != WAIT_BLOCK && cfg->wait != WAIT_URING;
}

/**
 * struct mech_cred - who sent a message, by the kernel's word
 * @pid:	process
 * @uid:	its effective user, (uid_t)-1: the mechanism does not tell
 */
struct mech_cred {
	pid_t pid;
	uid_t uid;
};

/**
 * struct mech_why - a reason in words, for a SKIP or a failure
 * @text:	one line, no newline; names the value and the remedy
 */
struct mech_why {
	char text[256];
};

/* Fill a reason, cut to fit. */
void mech_because(struct mech_why *why, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

struct mech_ops;

/**
 * struct mech - one open instance of a mechanism
 * @ops:	the mechanism; set before open()
 * @cfg:	set before open()
 * @side:	set before attach()
 * @priv:	the mechanism's own state
 * @index:	which of cfg.senders a sender is, from 0; set before attach()
 * @cpu:	where the sides will run, the first sender's for SIDE_SENDER; set before open()
 * @nowait:	send() and recv() return -EAGAIN instead of sleeping: always with WAIT_SPIN and
 *		WAIT_POLL, by turns with WAIT_SPIN_BLOCK, else never
 * @prio:	priority of what send() sends, 0 or 1; the measured loop's are 0
 * @creds:	cred() will be asked, so recv() may pay for it; set before attach(), on both
 *		sides; the measured loop never does
 * @uring:	state of @ops->uring, its own
 */
struct mech {
	const struct mech_ops *ops;
	struct mech_cfg cfg;
	enum mech_side side;
	void *priv;
	unsigned int index;
	int cpu[SIDE_COUNT];
	bool nowait;
	unsigned int prio;
	bool creds;
	void *uring;
};

/**
 * struct mech_io - the operations of the measured loop, as in struct mech_ops
 * @attach:	in each worker, after the mechanism's own
 * @send:	required
 * @recv:	required
 * @call:	optional
 *
 * There is no way to close it: what attach() made goes with the worker.
 */
struct mech_io {
	int (*attach)(struct mech *m);
	int (*send)(struct mech *m, const void *buf);
	int (*recv)(struct mech *m, void *buf);
	int (*call)(struct mech *m, const void *out, void *in);
};

/**
 * struct mech_ops - a mechanism
 * @name:	required: command-line word and result key
 * @summary:	required: one line for `ipcscope list`
 * @choices:	required: what an expert would ask about: buffer sizes, flags, limits;
 *		one line for `ipcscope list -v`
 * @rev:	required, from 1: raise it when a change alters what is measured;
 *		it is part of the definition hash
 * @traits:	MECH_T_*
 * @unsaid:	those of @traits' bits that nobody promises, and a test cannot refute: order
 *		of datagrams
 * @waits:	required: MECH_W_* that it can do
 * @max_msg:	largest message in bytes, 0: no fixed limit
 * @probe:	optional: can it run here with this configuration? -errno and
 *		@why make the cell a SKIP. Limits that a sysctl sets belong here, and so does
 *		a reason in words for everything that a kernel may lack.
 * @open:	required: create both directions, in the supervisor, before fork. Named
 *		objects get their names from names_make() (names.h).
 * @attach:	optional: called in each worker, after pinning, @side is set. Named objects
 *		are opened by their names here, and a side drops what is not its own, or
 *		nobody would see it die. -EBADF if there is nothing (any more) to attach to.
 * @leave:	optional: in the supervisor, after all workers are attached: drop what it
 *		holds for them only, descriptors above all. close() still comes.
 * @send:	required: move one message of cfg.size bytes to the other side. With
 *		m->nowait it returns -EAGAIN at once, nothing moved, while there is no
 *		room; the core waits as the policy says and calls again.
 * @recv:	required: take the next message into @buf; -EAGAIN likewise
 * @call:	optional: send @out, then take the next message into @in, as one
 *		operation; used in pingpong with WAIT_BLOCK, where both sides do just that.
 *		A mechanism that has it still needs send() and recv() for the first
 *		and the last message.
 * @fd:		with MECH_W_POLL: descriptor that this side polls for room (MECH_OUT) or for
 *		a message (MECH_IN); with @uring = &fd_uring: that it reads from or writes to
 * @room_reads:	with MECH_W_POLL: where there is room, the descriptor of MECH_OUT is readable
 * @arm:	optional, with MECH_W_POLL, where a descriptor becomes ready only if asked
 *		to: ask, and look again. -EAGAIN: still nothing, so sleep; 0: try again.
 *		MECH_W_POLL has a try, an arm() and an epoll_wait() in this order.
 * @uring:	with MECH_W_URING: the operations of that policy; NULL if @send and @recv are
 *		of io_uring themselves
 * @cred:	with MECH_T_CREDENTIALS, if m->creds: who sent what recv() took last, or who
 *		is at the other end
 * @pass:	with MECH_T_FDPASS: send @fd, a descriptor of this process
 * @take:	with MECH_T_FDPASS: receive one; the caller closes it
 * @service_ns:	with MECH_T_SERVED: CPU time of the receiver's thread so far
 * @close:	required: undo open(), in the supervisor, after all workers
 *		are gone; accepts what a failed open() left behind
 *
 * All return 0 or -errno, fd() a descriptor or -errno. send(), recv() and call() run in the
 * measured loop: one call to the mechanism proper and no more.
 */
struct mech_ops {
	const char *name;
	const char *summary;
	const char *choices;
	unsigned int rev;
	unsigned int traits;
	unsigned int unsaid;
	unsigned int waits;
	size_t max_msg;

	int (*probe)(const struct mech_cfg *cfg, struct mech_why *why);
	int (*open)(struct mech *m);
	int (*attach)(struct mech *m);
	int (*leave)(struct mech *m);
	int (*send)(struct mech *m, const void *buf);
	int (*recv)(struct mech *m, void *buf);
	int (*call)(struct mech *m, const void *out, void *in);
	int (*fd)(const struct mech *m, enum mech_dir dir);
	bool room_reads;
	int (*arm)(struct mech *m, enum mech_dir dir);
	const struct mech_io *uring;
	int (*cred)(struct mech *m, struct mech_cred *cred);
	int (*pass)(struct mech *m, int fd);
	int (*take)(struct mech *m, int *fd);
	int (*service_ns)(struct mech *m, uint64_t *ns);
	void (*close)(struct mech *m);
};

/* In report order, NULL-terminated. */
extern const struct mech_ops *const mech_table[];

const struct mech_ops *mech_find(const char *name);

/* Every busy wait executes this: without it a TCG guest crawls. */
static inline void mech_relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield" ::: "memory");
#endif
}

#endif /* IPCSCOPE_MECH_H */
