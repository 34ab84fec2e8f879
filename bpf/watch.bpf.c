// SPDX-License-Identifier: GPL-2.0
/* All probes of `ipcscope trace`, which share their maps. */
#include "watch_sched.bpf.h"
#include "watch_pipe.bpf.h"
#include "watch_unix.bpf.h"
#include "watch_msg.bpf.h"
