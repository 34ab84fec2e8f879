/* SPDX-License-Identifier: GPL-2.0 */
/* The measured loop: what a worker process does between fork and exit. */
#ifndef IPCSCOPE_WORKER_H
#define IPCSCOPE_WORKER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "cell.h"
#include "clock.h"

/**
 * struct worker_block - one block as both sides saw it
 * @start:	sender's clock before its first message
 * @end:	clock after the last verified message: sender's (pingpong) or
 *		receiver's (stream)
 * @rejected:	per side, messages handled on a wrong CPU
 */
struct worker_block {
	uint64_t start;
	uint64_t end;
	uint64_t rejected[SIDE_COUNT];
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
 * struct worker_side - one worker's half of the shared page
 * @state:	enum worker_state, a futex word
 * @progress:	messages received so far: shows that the launch is alive
 * @sent:	messages sent
 * @error:	-errno of the step that failed
 * @step:	what failed: "pin", "attach", "send", "recv"
 * @verify:	what arrived
 * @count:	counts over the measured blocks
 */
struct worker_side {
	_Atomic uint32_t state;
	_Atomic uint64_t progress;
	_Atomic uint64_t sent;
	int error;
	char step[16];
	struct verify verify;
	struct cell_side count;
} __attribute__((aligned(128)));

/**
 * struct worker_shared - memory shared by supervisor and both workers
 * @go:		futex word: the supervisor lets the workers start
 * @turn:	futex word: passages through the workers' barrier
 * @arrived:	workers waiting at the barrier
 * @side:	one half each
 * @latency:	round-trip times, written by the sender
 * @block:	measured blocks
 */
struct worker_shared {
	_Atomic uint32_t go;
	_Atomic uint32_t turn;
	_Atomic uint32_t arrived;
	struct worker_side side[SIDE_COUNT];
	struct hist latency;
	struct worker_block block[];
};

/**
 * struct worker_cfg - what a worker needs to know
 * @cell:	what to run
 * @clock:	the clock
 * @messages:	of a block
 * @warmup:	before the first block
 * @blocks:	how many
 * @gate:	word to set while measuring, NULL: none
 * @shared:	the shared memory
 */
struct worker_cfg {
	const struct cell *cell;
	const struct clock *clock;
	uint64_t messages;
	uint64_t warmup;
	unsigned int blocks;
	volatile uint32_t *gate;
	struct worker_shared *shared;
};

/* Bytes of shared memory for a number of blocks. */
size_t worker_shared_size(unsigned int blocks);

/**
 * worker_run() - be one side, from pinning to the last block
 * @cfg:	what to do
 * @m:		the open mechanism; this process' copy
 * @side:	which end; for a MECH_T_SOLO mechanism SIDE_SENDER does both
 *
 * Reports through @cfg->shared. Return: 0 or -errno, for the exit status.
 */
int worker_run(const struct worker_cfg *cfg, struct mech *m, enum mech_side side);

/* Sleep while @word is @value, for at most @timeout_ms; -1: no limit. */
void worker_futex_wait(_Atomic uint32_t *word, uint32_t value, int timeout_ms);
void worker_futex_wake(_Atomic uint32_t *word);

#endif /* IPCSCOPE_WORKER_H */
