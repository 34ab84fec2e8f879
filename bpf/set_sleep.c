// SPDX-License-Identifier: GPL-2.0
/*
 * Where messages lie in shared memory, and the kernel is called only to sleep and to wake: the
 * harness' own stamps as in the set "any", and those of these two calls. A message that needs
 * neither makes no event in the kernel, and has no phases but its passing.
 */
#include "sets.h"
#include "any.skel.h"

SET_SKELETON(any)

#define SLEEP_SCHED	(BIT(PHASE_SEND) | BIT(PHASE_RUN_QUEUE) | BIT(PHASE_RECEIVE))
#define SLEEP_PHASES	(SLEEP_SCHED | BIT(PHASE_WAKE) | BIT(PHASE_DEQUEUE) | BIT(PHASE_PASSED))
#define SLEEP_WAKING	(BIT(PHASE_SEND) | BIT(PHASE_WAKE))
#define SLEEP_SWITCHED	BIT(PHASE_RUN_QUEUE)

#define SLEEP_HOOKS(wake, sleep)							\
	{ "waking", "tp_btf", { "sched_waking" }, SLEEP_WAKING, SLEEP_SCHED },		\
	{ "waking_raw", "raw_tp", { "sched_waking" }, SLEEP_WAKING, SLEEP_SCHED },	\
	{ "switched", "tp_btf", { "sched_switch" }, SLEEP_SWITCHED, SLEEP_SCHED },	\
	{ "switched_raw", "raw_tp", { "sched_switch" }, SLEEP_SWITCHED, SLEEP_SCHED },	\
	{ "wake_call", "fentry", { wake }, BIT(PHASE_SEND), BIT(PHASE_WAKE) },		\
	{ "sleep_exit", "fexit", { sleep }, BIT(PHASE_DEQUEUE), BIT(PHASE_DEQUEUE) }

#define SLEEP_SET(id, wake, sleep, ...)			\
const struct probe_set set_##id = {			\
	.name = #id,					\
	.mechs = { __VA_ARGS__ },			\
	.phases = SLEEP_PHASES,				\
	.stamps = "user/receive",			\
	.open = set_open_any,				\
	.hooks = { SLEEP_HOOKS(wake, sleep) },		\
};

/* Also those of the C library: its semaphores and condition variables are futexes. */
SLEEP_SET(futex, "futex_wake", "futex_wait",
	  "futex-slots", "shm-futex", "shm-sysv-futex", "shm-posix-futex", "shm-memfd-futex",
	  "posix-sem-slots", "posix-sem-named-slots",
	  "shm-sysv-sem", "shm-posix-sem", "shm-memfd-sem",
	  "shm-sysv-cond", "shm-posix-cond", "shm-memfd-cond", "mmap-file", "vm-writev")

SLEEP_SET(eventfd_shm, "eventfd_write", "eventfd_read", "eventfd-shm")

SLEEP_SET(msg_ring, "io_msg_ring", "__x64_sys_io_uring_enter", "msg-ring-slots")
