/* SPDX-License-Identifier: GPL-2.0 */
/* A cell: one combination of the axes, and what was measured of it. */
#ifndef IPCSCOPE_CELL_H
#define IPCSCOPE_CELL_H

#include <stdbool.h>
#include <stdint.h>
#include "hist.h"
#include "mech.h"
#include "stats.h"
#include "topo.h"
#include "trace.h"
#include "verify.h"

/**
 * enum cell_pattern - how messages flow
 * @PATTERN_PINGPONG:	one message to and fro; cost is per round trip
 * @PATTERN_STREAM:	one way, as fast as the queue allows; cost is per message, from
 *			the sender's first to the receiver's last verified one
 * @PATTERN_PAIRS:	as many streams at once as the cell is wide, each with an instance
 *			of its own; cost is per message of all of them, from the first start
 *			to the last verified one
 * @PATTERN_FANIN:	likewise, but all senders share one instance and its one receiver
 * @PATTERN_COUNT:	how many there are
 */
enum cell_pattern {
	PATTERN_PINGPONG,
	PATTERN_STREAM,
	PATTERN_PAIRS,
	PATTERN_FANIN,
	PATTERN_COUNT
};

/**
 * struct cell_worker - one process of a cell
 * @side:	which end it is
 * @cpu:	where it runs
 * @lane:	which sender, client or pair it is, from 0
 * @gathers:	it is the receiver of all lanes
 */
struct cell_worker {
	enum mech_side side;
	int cpu;
	unsigned int lane;
	bool gathers;
};

/**
 * enum cell_status - how a cell ended
 * @CELL_OK:	measured, every message verified
 * @CELL_SKIP:	cannot run here; @why says why
 * @CELL_FAIL:	ran and cannot be trusted; @why says why
 */
enum cell_status {
	CELL_OK,
	CELL_SKIP,
	CELL_FAIL
};

/**
 * struct cell_side - counts of one side's workers over the measured blocks
 * @rejected:	messages handled on another CPU than the chosen one
 * @voluntary:	context switches because it slept
 * @involuntary: context switches because another task took the CPU
 * @cpu_ns:	CPU time
 */
struct cell_side {
	uint64_t rejected;
	uint64_t voluntary;
	uint64_t involuntary;
	uint64_t cpu_ns;
};

/**
 * struct cell_arm - measurements of a cell under one condition
 * @launches:	sets of processes run
 * @nsamples:	blocks kept
 * @blocks_rejected: blocks left out because a side was on a wrong CPU in them
 * @sample:	cost of each kept block per message (round trip for pingpong)
 * @latency:	round-trip times, pingpong only
 * @verify:	what the receivers saw, warm-up included
 * @sent:	messages sent, warm-up included
 * @forward:	of them, those from sender to receiver: what probes see
 * @measured:	messages of all measured blocks, rejected ones included: what @side counts
 * @fifo:	in every launch the gathering receiver was a real-time task
 * @side:	per side
 */
struct cell_arm {
	unsigned int launches;
	size_t nsamples;
	unsigned int blocks_rejected;
	struct stats_sample *sample;
	struct hist *latency;
	struct verify verify;
	uint64_t sent;
	uint64_t forward;
	uint64_t measured;
	bool fifo;
	struct cell_side side[SIDE_COUNT];
};

/**
 * enum cell_condition - the arms of a cell, interleaved when both run
 * @ARM_PLAIN:	no probes anywhere: the cell's result
 * @ARM_TRACED:	probes attached: phases, and by difference their cost
 * @ARM_EMPTY_1:	and beside each one a program that does nothing: by the slope, what the
 *			kernel takes to call one
 * @ARM_EMPTY_2:	two of them
 * @ARM_EMPTY_4:	four
 * @ARM_COUNT:	how many there are
 */
enum cell_condition {
	ARM_PLAIN,
	ARM_TRACED,
	ARM_EMPTY_1,
	ARM_EMPTY_2,
	ARM_EMPTY_4,
	ARM_COUNT
};

/* Empty programs beside each one of an arm with probes. */
static inline unsigned int cell_empties(enum cell_condition condition)
{
	return condition < ARM_EMPTY_1 ? 0 : 1u << (condition - ARM_EMPTY_1);
}

/**
 * struct cell_rung - one launch with probes
 * @empties:	programs that do nothing beside each of them
 * @cost:	per message (round trip for pingpong), 0: no block was kept
 * @phase:	mean of each phase over the messages that have it, 0: none has
 */
struct cell_rung {
	unsigned int empties;
	double cost;
	double phase[TRACE_PHASES_MAX];
};

/**
 * struct cell - one cell
 * @ops:	mechanism
 * @cfg:	size and wait policy
 * @pattern:	flow
 * @place:	placement asked for
 * @width:	pairs, senders or clients at once; 1 unless cell_wide()
 * @nworkers:	processes, 0 if skipped
 * @worker:	them, senders before their receivers; of a couple the even one sends
 * @service:	CPU of a service, -1: there is none
 * @isolated:	that CPU is kept free of other tasks
 * @status:	outcome so far
 * @why:	reason unless @status is CELL_OK
 * @arm:	measurements
 * @trace:	open probe set of each arm, NULL if none
 * @trace_why:	why there is none although asked for, else empty
 * @trace_note:	why it is not the mechanism's own, else empty
 * @ladder_why:	why there is no arm with empty programs although asked for, else empty
 * @phases:	what the probes saw in each arm, cumulative over launches
 * @rung:	launches with probes, if there are arms with empty programs
 * @nrungs:	how many
 */
struct cell {
	const struct mech_ops *ops;
	struct mech_cfg cfg;
	enum cell_pattern pattern;
	enum topo_place place;
	unsigned int width;
	unsigned int nworkers;
	struct cell_worker *worker;
	int service;
	bool isolated;
	enum cell_status status;
	struct mech_why why;
	struct cell_arm arm[ARM_COUNT];
	struct trace *trace[ARM_COUNT];
	struct mech_why trace_why;
	struct mech_why trace_note;
	struct mech_why ladder_why;
	struct trace_result phases[ARM_COUNT];
	struct cell_rung *rung;
	size_t nrungs;
};

const char *cell_pattern_name(enum cell_pattern pattern);
const char *cell_wait_name(enum mech_wait wait);
const char *cell_status_name(enum cell_status status);

/* Does its width say what it is? */
static inline bool cell_wide(const struct cell *c)
{
	return c->pattern >= PATTERN_PAIRS || c->place >= PLACE_PAIRS;
}

/* Does a message go to and fro? */
static inline bool cell_echoes(const struct cell *c)
{
	return c->pattern == PATTERN_PINGPONG;
}

/* Instances of the mechanism: one for each lane, or one that all senders share. */
static inline unsigned int cell_instances(const struct cell *c)
{
	const bool shared = c->pattern == PATTERN_FANIN ||
			    (c->place == PLACE_AMP && c->ops->traits & MECH_T_SERVED);

	return shared ? 1 : c->width;
}

/* How many CPUs have work in it, that of a service in the kernel included. */
unsigned int cell_cpus(const struct cell *c);

/* "pipe/pingpong/block/64/same-cpu", and "/x3" if it is wide. */
void cell_id(const struct cell *c, char *buf, size_t len);

/* The first failure counts; later ones are its consequences. */
void cell_fail(struct cell *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif /* IPCSCOPE_CELL_H */
