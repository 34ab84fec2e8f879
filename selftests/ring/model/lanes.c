// SPDX-License-Identifier: GPL-2.0
/*
 * read() from all lanes by their ready bits, and the baton that a consumer hands on
 * when it leaves the kernel while others sleep, exclusively, on the same queue.
 */
#include "scene.h"

/* The lane is empty: clear its bit, arm, look again; bit clear means armed since. */
static void set_aside(int lane)
{
	__u64 bit = 1ULL << lane;

	model_rmw(&scene_ready, bit, 0, "clear_ready");
	if (scene_arm_consumer(lane))
		model_rmw(&scene_ready, 0, bit, "clear_ready");
}

static bool try_recv(const struct scene *scene)
{
	for (int lane = 0; lane < scene->lanes; lane++) {
		if (scene->lanes > 1 &&
		    !(model_load(&scene_ready, false, "try_recv") >> lane & 1))
			continue;
		if (scene_take(scene, lane))
			return true;
		if (scene->lanes > 1)
			set_aside(lane);
	}
	return false;
}

/* ipcring_arm() of a consumer: all lanes. What is found is marked for try_recv(). */
static bool arm(const struct scene *scene)
{
	bool found = false;

	for (int lane = 0; lane < scene->lanes; lane++) {
		if (!scene_arm_consumer(lane))
			continue;
		found = true;
		if (scene->lanes > 1)
			model_rmw(&scene_ready, 0, 1ULL << lane, "ipcring_arm");
	}
	return found;
}

static void sleep(const struct scene *scene)
{
	model_prepare(&scene_cons_queue, true);
	if (!arm(scene))
		model_block(&scene_cons_queue);
	model_finish(&scene_cons_queue);
}

static void pass_baton(const struct scene *scene)
{
	if (!scene->shared || model_dropped("the baton"))
		return;
	model_fence("pass_baton");
	if (model_load(&scene_cons_queue, false, "pass_baton") && arm(scene))
		model_wake(&scene_cons_queue);
}

void scene_reader(const struct model_program *program)
{
	const struct scene *scene = program->arg;

	for (int n = 0; n < scene->takes[model_self()]; n++) {
		while (!try_recv(scene))
			sleep(scene);
		pass_baton(scene);
	}
}
