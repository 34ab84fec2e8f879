// SPDX-License-Identifier: GPL-2.0
/* Probes for write() and read() on the module's ring channel. */
#include "ring_iter.bpf.h"
