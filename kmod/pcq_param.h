/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What users of per-CPU queues ask for, checked: functions of the argument alone.
 * Compiled into the kernel module and into user space (fuzzer), as param.h is.
 */
#ifndef IPCRING_PCQ_PARAM_H
#define IPCRING_PCQ_PARAM_H

#include <linux/ipcring_pcq.h>

#include "param.h"

/**
 * struct pcq_geo - a set's shape, immutable
 * @slots:	messages that each lane holds
 * @data:	bytes of memory of a lane's slots, whole pages
 * @stride:	distance of two slots in bytes
 * @msg_size:	largest payload in bytes
 * @cpus:	one more than the largest possible CPU's number
 * @flags:	IPCRING_PCQ_MAP_SENDERS
 */
struct pcq_geo {
	__u64 slots;
	__u64 data;
	__u32 stride;
	__u32 msg_size;
	__u32 cpus;
	__u32 flags;
};

#endif /* IPCRING_PCQ_PARAM_H */
