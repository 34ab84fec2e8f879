/* SPDX-License-Identifier: GPL-2.0 */
/* The measured loop: what a worker process does between fork and exit. */
#ifndef IPCSCOPE_WORKER_H
#define IPCSCOPE_WORKER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "cell.h"
#include "clock.h"

/*
 * Where several senders share a receiver, the upper bits of a message's number say whose
 * it is; a lane on its own is 0, and its numbers are as they are.
 */
#define WORKER_LANE_SHIFT	48
#define WORKER_SEQ_MASK		((1ULL << WORKER_LANE_SHIFT) - 1)

/**
 * struct worker_block - one block as one worker saw it
 * @start:	clock before its first message, 0: it answers or drains
 * @end:	clock after its last verified message, 0: it only sends, or answers
 * @rejected:	messages handled on a wrong CPU
 */
struct worker_block {
	uint64_t start;
	uint64_t end;
	uint64_t rejected;
};

/**
 * enum worker_state - how far a worker has come; only ever rises
 * @WORKER_NEW:		forked
 * @WORKER_READY:	pinned and attached, waits for the start
 * @WORKER_DONE:	all blocks through
 * @WORKER_FAILED:	gave up; error and step say why
 */
enum worker_state {
	WORKER_NEW,
	WORKER_READY,
	WORKER_DONE,
	WORKER_FAILED
};

/**
 * struct worker_side - one worker's part of the shared memory
 * @state:	enum worker_state, a futex word
 * @progress:	messages received so far: shows that the launch is alive
 * @sent:	messages sent; the lane is in its upper bits
 * @error:	-errno of the step that failed
 * @step:	what failed: "pin", "attach", "send", "recv"
 * @verify:	what arrived, unless it gathers
 * @count:	counts over the measured blocks
 * @service_ns:	CPU time of a receiver in the kernel over them, lane 0 only
 * @fifo:	it ran as a real-time task
 */
struct worker_side {
	_Atomic uint32_t state;
	_Atomic uint64_t progress;
	_Atomic uint64_t sent;
	int error;
	char step[16];
	struct verify verify;
	struct cell_side count;
	uint64_t service_ns;
	bool fifo;
} __attribute__((aligned(128)));

/**
 * struct worker_lane - what a gathering receiver knows of one lane
 * @verify:	what arrived
 * @answered:	answers sent
 */
struct worker_lane {
	struct verify verify;
	uint64_t answered;
};

/**
 * struct worker_shared - memory shared by supervisor and workers
 * @go:		futex word: the supervisor lets the workers start
 * @turn:	futex word: passages through the workers' barrier
 * @arrived:	workers waiting at the barrier
 * @nworkers:	how many there are
 * @nblocks:	blocks of each
 * @nlanes:	how many lanes
 * @side:	one for each worker
 *
 * Behind it lie round-trip times by lane, the blocks by worker, and the lanes.
 */
struct worker_shared {
	_Atomic uint32_t go;
	_Atomic uint32_t turn;
	_Atomic uint32_t arrived;
	unsigned int nworkers;
	unsigned int nblocks;
	unsigned int nlanes;
	struct worker_side side[];
};

static inline struct hist *worker_latency(struct worker_shared *s, unsigned int lane)
{
	return (struct hist *)&s->side[s->nworkers] + lane;
}

static inline struct worker_block *worker_blocks(struct worker_shared *s, unsigned int worker)
{
	return (struct worker_block *)worker_latency(s, s->nlanes) + (size_t)worker * s->nblocks;
}

static inline struct worker_lane *worker_lanes(struct worker_shared *s)
{
	return (struct worker_lane *)worker_blocks(s, s->nworkers);
}

/**
 * struct worker_cfg - what a worker needs to know
 * @cell:	what to run
 * @clock:	the clock
 * @messages:	of a block
 * @warmup:	before the first block
 * @blocks:	how many
 * @gate:	word to set while measuring, NULL: none
 * @stamps:	where this launch's own stamps go, NULL: there are none
 * @shared:	the shared memory
 */
struct worker_cfg {
	const struct cell *cell;
	const struct clock *clock;
	uint64_t messages;
	uint64_t warmup;
	unsigned int blocks;
	volatile uint32_t *gate;
	struct phase_shared *stamps;
	struct worker_shared *shared;
};

/* Bytes of shared memory for a cell. */
size_t worker_shared_size(const struct cell *c, unsigned int blocks);

/* Make it ready for a launch: all zero but the numbers of things. */
void worker_shared_init(struct worker_shared *s, const struct cell *c, unsigned int blocks);

/**
 * worker_run() - be one worker, from pinning to the last block
 * @cfg:	what to do
 * @m:		the open instances, one for each lane or one for all; this process' copy
 * @number:	which worker of the cell
 *
 * A sender without a couple (MECH_T_SOLO, MECH_T_SERVED) is its own receiver. Reports
 * through @cfg->shared. Return: 0 or -errno, for the exit status.
 */
int worker_run(const struct worker_cfg *cfg, struct mech *m, unsigned int number);

/* Sleep while @word is @value, for at most @timeout_ms; -1: no limit. */
void worker_futex_wait(_Atomic uint32_t *word, uint32_t value, int timeout_ms);
void worker_futex_wake(_Atomic uint32_t *word);

#endif /* IPCSCOPE_WORKER_H */
