// SPDX-License-Identifier: GPL-2.0
/* mmap-file: the ring of `shm-futex` in a regular file that both sides map. */
#define _GNU_SOURCE
#include "shm_futex.h"

SHM_MECH(mmap_file, SHM_BACK_FILE, shm_futex, NULL,
	 .name = "mmap-file",
	 .summary = "ring in a mapped file, futex to sleep and wake",
	 .choices = "file in /tmp, opened by path, never synced; " SHM_MECH_RING SHM_FUTEX_DETAILS,
	 .rev = 1, .traits = SHM_MECH_TRAITS | MECH_T_LASTING, .waits = MECH_W_TRY);
