/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracing of programs that were not started here: the command's side of bpf/watch.c. The
 * command knows nothing of BPF; it gets plain numbers.
 */
#ifndef IPCSCOPE_WATCH_USER_H
#define IPCSCOPE_WATCH_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "mech.h"

#define WATCH_PHASES_MAX	7
#define WATCH_COUNTS_MAX	24

/**
 * struct watch_cfg - what to watch
 * @all:	every process, else those of watch_follow() and their descendants
 * @calls:	hand over all messages, calls and sleeps one by one
 * @context:	keep what the CPUs were doing
 * @max_tail:	hand over this many slowest messages; 0: none
 */
struct watch_cfg {
	bool all;
	bool calls;
	bool context;
	unsigned int max_tail;
};

/**
 * struct watch_phase_sum - one phase of a flow's messages
 * @name:	"copy-in", ...; the last is "total"
 * @n:		messages that have it
 * @sum:	in ns
 * @p50:	median, upper edge of its histogram bucket
 * @p99:	99th percentile, likewise; 0 with fewer than 1000 messages
 */
struct watch_phase_sum {
	const char *name;
	uint64_t n;
	uint64_t sum;
	uint64_t p50;
	uint64_t p99;
};

/**
 * struct watch_flow - messages from one process to another over one object
 * @id:		number, to find its CPU pairs
 * @kind:	"pipe", "unix-stream", ...
 * @obj:	what its object is called, as "pipe:[4711]"
 * @from:	sending process
 * @to:		receiving process
 * @n:		messages
 * @bytes:	of them
 * @slept:	messages whose receiver slept and was woken by their sender
 * @phase:	the sums of all but the last add up to that of the last
 */
struct watch_flow {
	uint32_t id;
	const char *kind;
	char obj[48];
	pid_t from;
	pid_t to;
	uint64_t n;
	uint64_t bytes;
	uint64_t slept;
	struct watch_phase_sum phase[WATCH_PHASES_MAX];
};

struct watch_cpus {
	uint32_t flow;
	unsigned int from;
	unsigned int to;
	uint64_t n;
};

/**
 * struct watch_line - a line of the certificate
 * @name:	in JSON
 * @text:	for people
 * @n:		how often
 * @zero:	must be 0
 */
struct watch_line {
	const char *name;
	const char *text;
	uint64_t n;
	bool zero;
};

/**
 * struct watch_sum - what was seen
 * @flow:	sorted by messages, most first
 * @nflows:	how many
 * @cpus:	CPU pairs of them
 * @ncpus:	how many
 * @line:	the certificate
 * @nlines:	how many
 * @violated:	a line that must be 0 is not, or the balance does not hold
 * @absent:	hooks that this kernel does not have, in words; "" none
 */
struct watch_sum {
	struct watch_flow *flow;
	size_t nflows;
	struct watch_cpus *cpus;
	size_t ncpus;
	struct watch_line line[WATCH_COUNTS_MAX];
	size_t nlines;
	bool violated;
	char absent[160];
};

struct watch_event;
struct watch_ctx;
struct watch;

/* Called from watch_poll() for each message, call and sleep that is handed over. */
typedef void watch_event_fn(void *arg, const struct watch_event *ev);

/**
 * watch_open() - load and attach the probes, which do not count yet
 * @out:	the handle, NULL on error
 * @cfg:	what to watch
 * @why:	the reason in words on error
 *
 * Return: 0; -EOPNOTSUPP this kernel refuses; -EPERM this user may not; another -errno.
 */
int watch_open(struct watch **out, const struct watch_cfg *cfg, struct mech_why *why);

/* Follow a process, and those that it will fork. 0 or -errno. */
int watch_follow(struct watch *w, pid_t pid);

/* From now on everything counts. */
void watch_start(struct watch *w);

/**
 * watch_poll() - fetch events for a while
 * @w:		the handle
 * @timeout_ms:	how long at most; 0: only what is there
 * @fn:		gets them
 * @arg:	given to @fn
 *
 * Return: 0, also when it was interrupted, or -errno.
 */
int watch_poll(struct watch *w, int timeout_ms, watch_event_fn *fn, void *arg);

/* Only messages that took longer than @ns are handed over. */
void watch_slowest(struct watch *w, uint64_t ns);

/**
 * watch_context() - what a CPU was doing
 * @w:		the handle, opened with @context
 * @cpu:	which
 * @from:	since then, CLOCK_MONOTONIC ns
 * @to:		until then
 * @out:	its switches and interrupts in order, the last switch before @from first
 * @max:	room there
 * @whole:	none that belongs there was overwritten or left out
 *
 * Return: how many were stored.
 */
size_t watch_context(const struct watch *w, unsigned int cpu, uint64_t from, uint64_t to,
		     struct watch_ctx *out, size_t max, bool *whole);

/* Stop counting and detach. */
void watch_stop(struct watch *w);

/* What was counted; after watch_stop(). 0 or -errno; release with watch_sum_free(). */
int watch_read(struct watch *w, struct watch_sum *sum);

void watch_sum_free(struct watch_sum *sum);

/* The name of a process that was seen, "?" for others. */
const char *watch_proc_name(const struct watch *w, pid_t pid);

/* "pipe", ... of enum watch_kind. */
const char *watch_kind_name(unsigned int kind);

/* What an object is called: "pipe:[4711]". Returns @buf. */
char *watch_obj_name(char *buf, size_t len, unsigned int kind, uint64_t obj);

/* Accepts NULL. */
void watch_close(struct watch *w);

#endif /* IPCSCOPE_WATCH_USER_H */
