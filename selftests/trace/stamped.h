/* SPDX-License-Identifier: GPL-2.0 */
/* For tests of the harness' own stamps: a worker as far as those see one. */
#ifndef SELFTESTS_STAMPED_H
#define SELFTESTS_STAMPED_H

#define _GNU_SOURCE
#include "traced.h"
/* The harness has a cell, too. */
#define cell harness_cell
#include "worker_loop.h"
#undef cell
#include "../../bpf/phase.h"

static struct phase_shared *stamps;

/* As worker_run() has it when it calls worker_stamp_prepare(). */
#define STAMPED(worker_, which, c, send_, recv_)				\
	static const struct mech_ops _ops = { .name = "test" };			\
	const struct worker_cfg _cfg = { .stamps = stamps };			\
	const struct cell_worker _role = { .side = which };			\
	struct mech worker_##_m = { .ops = &_ops, .priv = (void *)(c) };	\
	struct worker worker_ = {						\
		.cfg = &_cfg, .ops = &_ops, .role = &_role, .m = &worker_##_m,	\
		.io = { .send = send_, .recv = recv_ },				\
	};									\
	worker_stamp_prepare(&worker_)

#endif /* SELFTESTS_STAMPED_H */
