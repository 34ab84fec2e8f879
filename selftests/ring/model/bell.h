/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Per-CPU queues for the model checker: the lanes are kmod/pcq_lane.h, real lines; the
 * bell is kmod/pcq_bell.c and the library's, written down once more (kernel.txt).
 *
 * Thread 0 is the queue's CPU where the lane is the local one: whatever runs there is in
 * program order. An arming receiver's interrupt is a full barrier on that thread, between
 * any two of its accesses, and on the receiver's own.
 */
#ifndef BELL_H
#define BELL_H

#include "model.h"
#include "pcq_lane.h"

#define BELL_IDS	16

/**
 * struct bell_scene - a program's parameters; sends and takes are per thread
 * @remote:	the remote lane, where F is a full barrier, else the local one
 * @any:	receivers are bound to ANY: state.fence is 1, and no interrupt is sent
 * @late:	they come while the sender is at work: the fence is set then, by thread 1
 * @polls:	nobody sleeps
 * @mapped:	the sender commits by the head alone, as the library
 * @sends:	messages
 * @takes:	messages; if more than are sent, somebody may sleep in the end
 */
struct bell_scene {
	bool remote;
	bool any;
	bool late;
	bool polls;
	bool mapped;
	__u8 sends[MODEL_THREADS];
	__u8 takes[MODEL_THREADS];
};

void bell_setup(const struct model_program *program);
const char *bell_judge(const struct model_program *program);
void bell_sender(const struct model_program *program);
void bell_receiver(const struct model_program *program);

#endif /* BELL_H */
