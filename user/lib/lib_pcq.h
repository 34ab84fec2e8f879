/* SPDX-License-Identifier: GPL-2.0 */
/* libipcring's inside: handles of per-CPU queues. */
#ifndef IPCRING_LIB_PCQ_INSIDE_H
#define IPCRING_LIB_PCQ_INSIDE_H

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include "ipcring_pcq.h"
#include "lib_pcq_lane.h"

/**
 * struct ipcring_pcq - a handle
 * @fd:		descriptor that carries the right
 * @role:	IPCRING_PCQ_*
 * @cpu:	what an endpoint is bound to: a CPU, IPCRING_PCQ_THIS or _ANY
 * @msg_size:	largest payload in bytes
 * @first:	CPU of @queues[0]
 * @nr:		queues from there; 0: nothing is mapped
 * @next:	receiver from all: index of the queue to look at first
 * @pid:	who made it: elsewhere the mappings are not there
 * @data_bytes:	length of a lane's slots as they are mapped
 * @queues:	those of CPUs that are not possible have no state
 */
struct ipcring_pcq {
	int fd;
	__u32 role;
	__u32 cpu;
	__u32 msg_size;
	__u32 first;
	__u32 nr;
	__u32 next;
	pid_t pid;
	size_t data_bytes;
	struct lib_pcq_queue *queues;
};

/* NULL: @cpu's queue is not mapped. */
static inline struct lib_pcq_queue *lib_pcq_queue(const struct ipcring_pcq *h, __u32 cpu)
{
	return cpu - h->first < h->nr ? &h->queues[cpu - h->first] : NULL;
}

#endif /* IPCRING_LIB_PCQ_INSIDE_H */
