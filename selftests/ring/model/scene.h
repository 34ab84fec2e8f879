/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the model checker's programs are made of: lanes, the two sides' system calls as
 * kmod/ makes them of ring.h, and the wait queues below them.
 *
 * The lines of ring.h are the real ones. Those of the kernel around them are written
 * down here once more, and so are the lines that the contract asks a mapped side for.
 * kernel.txt says which is which; model_host.sh fails if the kernel's text has changed.
 */
#ifndef SCENE_H
#define SCENE_H

#include "model.h"
#include "ring.h"

#define SCENE_LANES	2

/* Messages of a lane's second producer are numbered from here. */
#define SCENE_AGAIN	16

/**
 * struct scene - a program's parameters; sends, takes are per thread
 * @size:	of each lane, in slots or bytes
 * @records:	byte records of 16 and 24 bytes in turn, else slots
 * @lanes:	number of lanes; thread n produces for lane n
 * @alone:	thread 0 produces for all lanes
 * @shared:	consumers claim
 * @syscalls:	sides write() and read(), else they are mapped
 * @arms:	mapped sides arm and look by themselves before they call WAIT
 * @polls:	nobody sleeps
 * @writers:	two threads write() to lane 0
 * @filled:	per lane, so many messages are there when it begins
 * @armed:	the consumers have found all lanes empty before, and armed them
 * @sends:	messages of the first part; @alone: per lane
 * @again:	messages of the second part, numbered from SCENE_AGAIN
 * @takes:	messages of the first part; 0: until all of @again are there
 * @may_sleep:	bit n: thread n may be asleep in the end, if it cannot go on
 */
struct scene {
	__u64 size;
	bool records;
	int lanes;
	bool alone;
	bool shared;
	bool syscalls;
	bool arms;
	bool polls;
	bool writers;
	__u8 filled[SCENE_LANES];
	bool armed;
	__u8 sends[MODEL_THREADS];
	__u8 again[MODEL_THREADS];
	__u8 takes[MODEL_THREADS];
	unsigned int may_sleep;
};

void scene_setup(const struct model_program *program);
const char *scene_judge(const struct model_program *program);

/* Threads. */
void scene_producer(const struct model_program *program);
void scene_lone_producer(const struct model_program *program);
void scene_consumer(const struct model_program *program);
/* Calls WAIT before it looks by itself. */
void scene_waiting_consumer(const struct model_program *program);
/* Second parts: the file was closed and opened anew, or another process took it over. */
void scene_reopened_producer(const struct model_program *program);
void scene_inherited_producer(const struct model_program *program);
void scene_next_consumer(const struct model_program *program);
/* write() beside other threads. */
void scene_writer(const struct model_program *program);
/*
 * Consumers of all lanes: read() that sleeps; so many attempts that never sleep, of one
 * who is busy; and read() that a signal ends after it has slept once.
 */
void scene_reader(const struct model_program *program);
void scene_taker(const struct model_program *program);
void scene_interrupted_reader(const struct model_program *program);

/* For lanes.c. */
extern struct ring scene_ring[SCENE_LANES];
extern __u64 scene_ready, scene_cons_queue, scene_prod_queue[SCENE_LANES];
bool scene_take(const struct scene *scene, int lane, __u64 *from, __u64 *to);
bool scene_arm_consumer(int lane);
void scene_call_wake(const struct scene *scene, int lane);
void scene_wake_producer(int lane);

#endif /* SCENE_H */
