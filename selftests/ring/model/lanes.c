// SPDX-License-Identifier: GPL-2.0
/*
 * read() from all lanes by their ready bits, and the baton that a consumer hands on
 * when it leaves the kernel while others sleep, exclusively, on the same queue.
 *
 * A function here is called as the kernel's, without "ipcring_": kernel.txt has the
 * list. Not modelled: where the round begins (chan->next), corrupt lanes, hangup, deadlines.
 */
#include "scene.h"

static bool arm_lane(int lane)
{
	bool found = scene_arm_consumer(lane);

	return found && !model_dropped("the look after a bit was cleared");
}

static void andnot_ready(int lane)
{
	model_rmw(&scene_ready, 1ULL << lane, 0, "clear_ready");
}

/* The lane is empty: bit clear means armed since. */
static void clear_ready(int lane)
{
	bool late = model_dropped("clearing the bit before the look");
	bool found;

	if (!late)
		andnot_ready(lane);
	found = arm_lane(lane);
	if (late && !found)
		andnot_ready(lane);
	if (!late && found)
		model_rmw(&scene_ready, 0, 1ULL << lane, "clear_ready");
}

/* Return: the lane that a message was taken from, or -1. */
static int take_any(const struct scene *scene)
{
	__u64 ready = 1, from, to;

	if (scene->lanes > 1)
		ready = model_load(&scene_ready, false, __func__);
	for (int lane = 0; lane < scene->lanes; lane++) {
		if (!(ready >> lane & 1))
			continue;
		if (scene_take(scene, lane, &from, &to))
			return lane;
		if (scene->lanes > 1)
			clear_ready(lane);
	}
	return -1;
}

/* ipcring_arm() of consumers. What is found is marked for take_any(). */
static bool look_lanes(const struct scene *scene)
{
	__u64 ready = 0;

	for (int lane = 0; lane < scene->lanes; lane++)
		if (scene_arm_consumer(lane))
			ready |= 1ULL << lane;
	if (scene->lanes > 1 && ready)
		model_rmw(&scene_ready, 0, ready, __func__);
	return ready;
}

/* A round of it: what was woken takes, or comes back. */
static void do_sleep(const struct scene *scene, bool interrupted)
{
	model_prepare(&scene_cons_queue, true);
	if (!look_lanes(scene) && !interrupted)
		model_block(&scene_cons_queue);
	model_finish(&scene_cons_queue);
}

static void pass_baton(const struct scene *scene)
{
	if (!scene->shared || model_dropped("the baton"))
		return;
	model_fence(__func__);
	if (model_load(&scene_cons_queue, false, __func__) && look_lanes(scene))
		model_wake(&scene_cons_queue);
}

/* ipcring_recv_any() */
static bool recv_any(const struct scene *scene)
{
	int lane = take_any(scene);

	if (lane < 0)
		return false;
	pass_baton(scene);
	scene_wake_producer(lane);
	return true;
}

void scene_reader(const struct model_program *program)
{
	const struct scene *scene = program->arg;

	for (int n = 0; n < scene->takes[model_self()]; n++)
		while (!recv_any(scene))
			do_sleep(scene, false);
}

void scene_taker(const struct model_program *program)
{
	const struct scene *scene = program->arg;

	for (int n = 0; n < scene->takes[model_self()]; n++)
		recv_any(scene);
}

void scene_interrupted_reader(const struct model_program *program)
{
	const struct scene *scene = program->arg;

	if (recv_any(scene))
		return;
	do_sleep(scene, true);
	pass_baton(scene);
}
