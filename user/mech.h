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

/**
 * enum mech_wait - what a side does while it has nothing to do
 * @WAIT_BLOCK:	sleep in the kernel
 * @WAIT_SPIN:	try again and again, never sleep
 * @WAIT_COUNT:	how many there are
 */
enum mech_wait {
	WAIT_BLOCK,
	WAIT_SPIN,
	WAIT_COUNT
};

#define MECH_W_BLOCK	(1u << WAIT_BLOCK)
#define MECH_W_SPIN	(1u << WAIT_SPIN)

/* Traits: the semantics a user gets. */
#define MECH_T_BOUNDARIES	(1u << 0)	/* one receive returns one message */
#define MECH_T_BACKPRESSURE	(1u << 1)	/* a full queue makes the sender wait */
#define MECH_T_PERSISTENT	(1u << 2)	/* queued messages survive their sender */
#define MECH_T_FDPASS		(1u << 3)	/* can carry file descriptors */
#define MECH_T_KMOD		(1u << 4)	/* needs ipcring.ko */
#define MECH_T_SOLO		(1u << 5)	/* both sides are one thread: nothing crosses */
#define MECH_T_FANIN		(1u << 6)	/* several senders can share an instance */
#define MECH_T_SERVED		(1u << 7)	/* the receiver is a kernel thread that echoes */
#define MECH_T_ONE_CPU		(1u << 8)	/* is what it is on one CPU only */

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
 * struct mech_cfg - what the core asks of a mechanism
 * @size:	bytes of every message, at least 16
 * @wait:	wait policy of both sides
 * @senders:	how many share an instance; more than 1 with MECH_T_FANIN only, and then
 *		messages go one way, unless the mechanism is MECH_T_SERVED
 */
struct mech_cfg {
	size_t size;
	enum mech_wait wait;
	unsigned int senders;
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

/**
 * struct mech - one open instance of a mechanism
 * @cfg:	set before open()
 * @side:	set before attach()
 * @priv:	the mechanism's own state
 * @index:	which of cfg.senders a sender is, from 0; set before attach()
 * @cpu:	where the sides will run, the first sender's for SIDE_SENDER; set before open()
 */
struct mech {
	struct mech_cfg cfg;
	enum mech_side side;
	void *priv;
	unsigned int index;
	int cpu[SIDE_COUNT];
};

/**
 * struct mech_ops - a mechanism
 * @name:	required: command-line word and result key
 * @summary:	required: one line for `ipcscope list`
 * @rev:	required, from 1: raise it when a change alters what is measured;
 *		it is part of the definition hash
 * @traits:	MECH_T_*
 * @waits:	required: MECH_W_* that it can do
 * @max_msg:	largest message in bytes, 0: no fixed limit
 * @probe:	optional: can it run here with this configuration? -errno and
 *		@why make the cell a SKIP. Limits that a sysctl sets belong here.
 * @open:	required: create both directions, in the supervisor, before fork
 * @attach:	optional: called in each worker, after pinning, @side is set
 * @send:	required: move one message of cfg.size bytes to the other side.
 *		With WAIT_SPIN it returns -EAGAIN at once, nothing moved, while
 *		there is no room; the core relaxes the CPU and calls again.
 * @recv:	required: take the next message into @buf; -EAGAIN likewise
 * @call:	optional: send @out, then take the next message into @in, as one
 *		operation; used in pingpong, where both sides do just that. A
 *		mechanism that has it still needs send() and recv() for the first
 *		and the last message.
 * @service_ns:	with MECH_T_SERVED: CPU time of the receiver's thread so far
 * @close:	required: undo open(), in the supervisor, after all workers
 *		are gone; accepts what a failed open() left behind
 *
 * All return 0 or -errno. send(), recv() and call() run in the measured loop: one
 * call to the mechanism proper and no more.
 */
struct mech_ops {
	const char *name;
	const char *summary;
	unsigned int rev;
	unsigned int traits;
	unsigned int waits;
	size_t max_msg;

	int (*probe)(const struct mech_cfg *cfg, struct mech_why *why);
	int (*open)(struct mech *m);
	int (*attach)(struct mech *m);
	int (*send)(struct mech *m, const void *buf);
	int (*recv)(struct mech *m, void *buf);
	int (*call)(struct mech *m, const void *out, void *in);
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
