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
 * @PATTERN_COUNT:	how many there are
 */
enum cell_pattern {
	PATTERN_PINGPONG,
	PATTERN_STREAM,
	PATTERN_COUNT
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
 * struct cell_side - counts of one worker over the measured blocks
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
 * @launches:	pairs of processes run
 * @nsamples:	blocks kept
 * @blocks_rejected: blocks left out because a side was on a wrong CPU in them
 * @sample:	cost of each kept block per message (round trip for pingpong)
 * @latency:	round-trip times, pingpong only
 * @verify:	what the receivers saw, warm-up included
 * @sent:	messages sent, warm-up included
 * @forward:	of them, those from sender to receiver: what probes see
 * @measured:	messages of all measured blocks, rejected ones included: what @side counts
 * @side:	per worker
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
	struct cell_side side[SIDE_COUNT];
};

/**
 * enum cell_condition - the arms of a cell, interleaved when both run
 * @ARM_PLAIN:	no probes anywhere: the cell's result
 * @ARM_TRACED:	probes attached: phases, and by difference their cost
 * @ARM_COUNT:	how many there are
 */
enum cell_condition {
	ARM_PLAIN,
	ARM_TRACED,
	ARM_COUNT
};

/**
 * struct cell - one cell
 * @ops:	mechanism
 * @cfg:	size and wait policy
 * @pattern:	flow
 * @place:	placement asked for
 * @cpu:	CPUs chosen for it, valid unless skipped
 * @status:	outcome so far
 * @why:	reason unless @status is CELL_OK
 * @arm:	measurements
 * @trace:	open probe set, NULL if none
 * @trace_why:	why there is none although asked for, else empty
 * @phases:	what the probes saw, cumulative over launches
 */
struct cell {
	const struct mech_ops *ops;
	struct mech_cfg cfg;
	enum cell_pattern pattern;
	enum topo_place place;
	int cpu[SIDE_COUNT];
	enum cell_status status;
	struct mech_why why;
	struct cell_arm arm[ARM_COUNT];
	struct trace *trace;
	struct mech_why trace_why;
	struct trace_result phases;
};

const char *cell_pattern_name(enum cell_pattern pattern);
const char *cell_wait_name(enum mech_wait wait);
const char *cell_status_name(enum cell_status status);

/* "pipe/pingpong/block/64/same-cpu" */
void cell_id(const struct cell *c, char *buf, size_t len);

/* The first failure counts; later ones are its consequences. */
void cell_fail(struct cell *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif /* IPCSCOPE_CELL_H */
