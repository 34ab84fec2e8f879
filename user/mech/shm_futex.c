// SPDX-License-Identifier: GPL-2.0
/* shm-futex, shm-sysv-futex, shm-posix-futex, shm-memfd-futex: a futex to sleep and wake. */
#define _GNU_SOURCE
#include "shm_futex.h"

SHM_MECH(shm_futex, SHM_BACK_ANON, shm_futex, NULL,
	 .name = "shm-futex",
	 .summary = "ring in anonymous shared memory, futex to sleep and wake",
	 .choices = "mmap, inherited; " SHM_MECH_RING SHM_FUTEX_DETAILS,
	 .rev = 4, .traits = SHM_MECH_TRAITS, .waits = MECH_W_TRY);

SHM_MECHS(shm_futex, futex, NULL, MECH_W_TRY, "futex to sleep and wake", SHM_FUTEX_DETAILS)
