/* SPDX-License-Identifier: GPL-2.0 */
/*
 * In-kernel phases of a cell: the harness' side of bpf/. The core knows nothing
 * of BPF; it opens a probe set by mechanism name, arms it for two processes and
 * reads plain numbers back.
 */
#ifndef IPCSCOPE_TRACE_H
#define IPCSCOPE_TRACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "mech.h"

#define TRACE_PHASES_MAX	9
#define TRACE_HOOKS_MAX		16

/**
 * enum trace_class - how a message came to its receiver
 * @TRACE_WOKEN:	its own send ended the receiver's sleep
 * @TRACE_RELAYED:	another task's or an interrupt's wake did, after its send began
 * @TRACE_SHARED:	sent while the receiver came out of a sleep that an earlier wake had
 *			ended: one wake for many
 * @TRACE_BACKLOG:	sent before the receiver began to ask for it
 * @TRACE_RUNNING:	sent while the receiver ran, or polled
 * @TRACE_CLASSES:	how many there are
 */
enum trace_class {
	TRACE_WOKEN,
	TRACE_RELAYED,
	TRACE_SHARED,
	TRACE_BACKLOG,
	TRACE_RUNNING,
	TRACE_CLASSES
};

/* "woken", "relayed", "shared-wake", "backlog", "running" */
const char *trace_class_name(enum trace_class class);

/**
 * struct trace_phase - one phase of a message's way, summed over all messages
 * @name:	"copy-in", "wake", ...
 * @hook:	where its end is stamped, e.g. "fexit/copy_page_from_iter"
 * @absent:	the hook is missing on this kernel: print "n/a", never 0
 * @n:		messages that have this phase (one whose receiver did not sleep has
 *		"queued" in place of "wake", "run-queue" and "dequeue")
 * @sum:	total, in ns of bpf_ktime_get_ns()
 * @p50:	median over those messages, upper edge of its histogram bucket
 * @p99:	99th percentile, likewise; 0 with fewer than 1000 messages
 */
struct trace_phase {
	const char *name;
	const char *hook;
	bool absent;
	uint64_t n;
	uint64_t sum;
	uint64_t p50;
	uint64_t p99;
};

/**
 * struct trace_cert - zero-loss certificate; a line that must be 0 fails the cell
 * @sent:	sends seen by the probes, warm-up included
 * @received:	receives paired with their send
 * @in_flight:	sends without a receive at the end
 * @unmatched:	receives without a send; must be 0
 * @missed:	probe runs that the kernel skipped, because the same probe was running
 *		on that CPU; must be 0. A preemptible kernel (7.3, -rt) can skip those
 *		of one task while another is preempted within a probe, and does not
 *		tell whose it skipped.
 * @map_failed:	failed map updates; must be 0
 * @overwritten: slots reused before they were read; must be 0
 * @negative:	phases with a negative length; must be 0
 * @mispaired:	payload sequence differed from the paired send's; must be 0
 * @unreadable:	payload could not be read for that cross-check; must be 0
 */
struct trace_cert {
	uint64_t sent;
	uint64_t received;
	uint64_t in_flight;
	uint64_t unmatched;
	uint64_t missed;
	uint64_t map_failed;
	uint64_t overwritten;
	uint64_t negative;
	uint64_t mispaired;
	uint64_t unreadable;
};

/**
 * struct trace_result - what the probes saw of all launches since trace_open()
 * @measured:	messages whose send began while the gate was open
 * @total:	sum over them of receive exit minus send entry, in ns
 * @slept:	of them: the receiver slept, and was woken after the send had begun
 * @set:	name of the probe set
 * @class:	messages by class; they add up to @measured
 * @classless:	nobody could tell who was woken: @class means nothing
 * @nphases:	entries in @phase; their sums add up to @total exactly
 * @phase:	in the order of the message's way
 * @cert:	covers every message of the launches
 */
struct trace_result {
	uint64_t measured;
	uint64_t total;
	uint64_t slept;
	const char *set;
	uint64_t class[TRACE_CLASSES];
	bool classless;
	unsigned int nphases;
	struct trace_phase phase[TRACE_PHASES_MAX];
	struct trace_cert cert;
};

/**
 * struct trace_choice - where one stamp would be taken, or why it would not
 * @hook:	"fentry/pipe_write"
 * @used:	it would be
 * @why:	else why not
 */
struct trace_choice {
	char hook[64];
	bool used;
	char why[160];
};

/**
 * struct trace_plan - what would be chosen for a mechanism here
 * @set:	name of the probe set
 * @why:	why not the mechanism's own, "" if it is
 * @n:		entries in @choice
 * @choice:	hooks of that set
 */
struct trace_plan {
	const char *set;
	struct mech_why why;
	unsigned int n;
	struct trace_choice choice[TRACE_HOOKS_MAX];
};

struct trace;
struct phase_shared;

/**
 * trace_open() - load the probe set of a mechanism
 * @out:	the handle, NULL on error
 * @mech:	mechanism name
 * @why:	the reason in words on error
 *
 * Handles of the same set share its probes: of those, only one may be started at a time.
 * Not thread-safe: while it runs, what libbpf has to say is taken for @why.
 *
 * Return: 0; -EOPNOTSUPP there is no probe set for @mech, or this kernel cannot
 * run it; -EPERM this user may not; another -errno.
 */
int trace_open(struct trace **out, const char *mech, struct mech_why *why);

/**
 * trace_open_any() - load the best that can be had here
 * @out:	the handle, NULL on error
 * @mech:	mechanism name
 * @wait:	its wait policy
 * @light:	do not ask for the mechanism's own set
 * @why:	why it is not the mechanism's own set, "" if it is; the reason on error
 *
 * As trace_open(); where that cannot be, or cannot see @wait, it is the set "any": stamps
 * of the worker itself (trace_stamps()), and the scheduler's where this kernel gives them.
 *
 * Return: 0 or -errno.
 */
int trace_open_any(struct trace **out, const char *mech, enum mech_wait wait, bool light,
		   struct mech_why *why);

/**
 * trace_explain() - say what trace_open_any() would choose, and why
 * @plan:	filled
 * @mech:	mechanism name
 * @wait:	its wait policy
 *
 * Loads an empty program of each kind to see whether this kernel takes it; nothing else.
 */
void trace_explain(struct trace_plan *plan, const char *mech, enum mech_wait wait);

/**
 * trace_stamps() - where the workers put their own stamps
 * @t:		the handle
 *
 * Return: shared memory as that of trace_gate(), or NULL: the probes have all stamps.
 */
struct phase_shared *trace_stamps(struct trace *t);

/**
 * trace_drain() - make room for records
 * @sh:		from trace_stamps()
 *
 * For the one that writes them, when there are as many as fit.
 */
void trace_drain(struct phase_shared *sh);

/**
 * trace_start() - attach for one launch
 * @t:		the handle
 * @sender:	the sending process
 * @receiver:	the receiving process; 0 the sender is
 * @why:	the reason in words on error
 *
 * Both are single-threaded, have sent nothing yet, and the receiver is not yet in
 * its first receive: a call that began before the hooks were there is not seen.
 *
 * Return: 0 or -errno.
 */
int trace_start(struct trace *t, pid_t sender, pid_t receiver, struct mech_why *why);

/**
 * trace_empties() - attach programs that do nothing beside each probe, too
 * @t:		the handle
 * @copies:	how many, at most 4
 * @why:	the reason in words on error
 *
 * For the launches after it.
 *
 * Return: 0; -EOPNOTSUPP there is no probe that they could stand beside.
 */
int trace_empties(struct trace *t, unsigned int copies, struct mech_why *why);

/**
 * trace_gate() - the word that opens the measured part
 * @t:		the handle
 *
 * Return: shared memory that lives as long as @t and is inherited over fork():
 * the sender stores 1 after warm-up and 0 after the last measured message.
 */
volatile uint32_t *trace_gate(struct trace *t);

/**
 * trace_stop() - detach and read the counts of all launches so far
 * @t:		the handle
 * @res:	filled
 *
 * Called after both processes are done sending and receiving.
 *
 * Return: 0 or -errno.
 */
int trace_stop(struct trace *t, struct trace_result *res);

/* Accepts NULL. */
void trace_close(struct trace *t);

#endif /* IPCSCOPE_TRACE_H */
