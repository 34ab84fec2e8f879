/* SPDX-License-Identifier: GPL-2.0 */
/* Traits of what a mechanism is made of: the objects, the memory, the module, the receiver. */
#ifndef SELFTESTS_MECH_OBJECTS_H
#define SELFTESTS_MECH_OBJECTS_H

#include <linux/ipcring.h>
#include <linux/ipcring_pcq.h>
#include <sys/ioctl.h>
#include "scene.h"

/* As of the one look that a process takes: too large for its stack. */
static struct look objects_look;

/* What this worker has open that was not there before the instance. */
static void objects_mine(struct actor *me)
{
	struct scene *s = (struct scene *)((char *)me->m - offsetof(struct scene, m));

	look_take(&objects_look);
	look_new(&objects_look, &s->before);
}

static int objects_count(struct actor *me, const struct actor_order *o)
{
	const struct look_object *most;

	objects_mine(me);
	most = look_most(&objects_look);
	me->page->word = most ? look_count(&objects_look, most->kind) : 0;
	snprintf(me->page->text, sizeof(me->page->text), "%s", most ? look_word(most) : "");
	return 0;
}

static void trait_duplex(struct scene *s)
{
	const struct actor_order o = { .act = objects_count };
	const struct actor_page *p;

	if (!scene_set(s))
		return;
	if (actor_do(&s->sender[0], &o)) {
		say(s, V_BROKEN, "what the sender has open cannot be counted");
		return;
	}
	p = s->sender[0].page;
	if (!p->word)
		say(s, V_LACKS, "the sender has nothing open that another process could have, too");
	else
		say(s, p->word == 1 ? V_HOLDS : V_LACKS, "the sender has %llu of a kind for both ways: %s",
		    (unsigned long long)p->word, p->text);
}

/* Is the message that was sent to be found in memory that is shared? */
static int objects_search(struct actor *me, const struct actor_order *o)
{
	const size_t skip = sizeof(struct msg_head), len = me->m->cfg.size - skip;
	const struct look_object *at;

	msg_fill(me->out, me->m->cfg.size, o->from, MSG_SALT(SIDE_SENDER));
	objects_mine(me);
	me->page->word = 0;
	for (unsigned int i = 0; i < objects_look.n; i++) {
		at = &objects_look.object[i];
		if (at->start)
			me->page->word += !!memmem((void *)at->start, at->end - at->start,
						   (char *)me->out + skip, len);
	}
	return 0;
}

/* Does its name say where the payload is? */
static bool objects_named(const char *name)
{
	const char *last = strrchr(name, '-');

	return last && (!strcmp(last, "-slots") || !strcmp(last, "-shm"));
}

static void trait_notifies(struct scene *s)
{
	const struct actor_order o = { .act = objects_search };
	const bool named = objects_named(s->ops->name);

	if (!scene_set(s) || !scene_send(s, 1, 0))
		return;
	if (actor_do(s->receiver, &o))
		say(s, V_BROKEN, "the receiver's mappings cannot be searched");
	else if (named && !s->receiver->page->word)
		say(s, V_BROKEN, "its name says that the payload is in shared memory: not in the receiver's");
	else if (named)
		say(s, V_HOLDS, "its name says that it notifies, and the payload is in shared memory");
	else
		say(s, V_LACKS, "its name ends neither in -slots nor in -shm; the payload %s in shared memory",
		    s->receiver->page->word ? "is" : "is not");
}

static int objects_of_module(struct actor *me, const struct actor_order *o)
{
	objects_mine(me);
	me->page->word = 0;
	for (unsigned int i = 0; i < objects_look.n; i++)
		me->page->word += !!strstr(objects_look.object[i].kind, "ipcring");
	return 0;
}

static void trait_kmod(struct scene *s)
{
	const struct actor_order o = { .act = objects_of_module };

	if (!scene_set(s))
		return;
	if (actor_do(&s->sender[0], &o))
		say(s, V_BROKEN, "what the sender has open cannot be counted");
	else
		say(s, s->sender[0].page->word ? V_HOLDS : V_LACKS,
		    "the sender has %llu files of ipcring open",
		    (unsigned long long)s->sender[0].page->word);
}

/* Messages that went the way that only a sender on the queue's CPU can take. */
static int objects_local(struct actor *me, const struct actor_order *o)
{
	objects_mine(me);
	me->page->word = 0;
	for (unsigned int i = 0; i < objects_look.n; i++) {
		struct ipcring_pcq_stats stats = { .size = sizeof(stats), .cpu = IPCRING_PCQ_ANY };
		const struct look_object *at = &objects_look.object[i];

		if (strstr(at->kind, "ipcring") && !ioctl(at->fd, IPCRING_IOC_PCQ_STATS, &stats))
			me->page->word += stats.local;
	}
	return 0;
}

static void trait_one_cpu(struct scene *s)
{
	const struct actor_order o = { .act = objects_local };

	if (!scene_set(s) || !scene_send(s, 1, 0))
		return;
	if (actor_do(&s->sender[0], &o))
		say(s, V_BROKEN, "the queues cannot be asked");
	else
		say(s, s->sender[0].page->word ? V_HOLDS : V_LACKS, "%s",
		    s->sender[0].page->word ? "a message took the lane of the queue's own CPU" :
					      "there is nothing to it that one CPU has for itself");
}

/* Alone with itself: another process has nothing of what one sends. */
static void trait_solo(struct scene *s)
{
	const struct actor_order mine = { .act = actor_recv, .n = 1, .patience = SCENE_STAYS_OUT };
	int ret;

	if (!scene_set(s))
		return;
	if (scene_solo(s)) {
		s->receiver = &s->other;
		if (!scene_enter(s, s->receiver, SIDE_RECEIVER, 0) ||
		    !scene_entered(s, s->receiver))
			return;
	}
	if (!scene_send(s, 1, 0))
		return;
	s->patience = scene_solo(s) ? SCENE_STAYS_OUT : SCENE_COMES;
	if (scene_recv(s, 1, &ret) == 1 && !s->receiver->page->corrupt) {
		say(s, V_LACKS, "another process got the message");
		return;
	}
	ret = actor_do(&s->sender[0], &mine);
	if (ret || s->sender[0].page->corrupt)
		say(s, V_BROKEN, "neither another process nor the sender got the message: %s",
		    scene_error(ret));
	else
		say(s, V_HOLDS, "the sender got its message, another process did not");
}

static int objects_service_ns(struct actor *me, const struct actor_order *o)
{
	uint64_t ns = 0;

	return me->m->ops->service_ns ? me->m->ops->service_ns(me->m, &ns) : -EOPNOTSUPP;
}

/* Is there an answer although nobody else is there? And is it the kernel that answers? */
static void trait_served(struct scene *s)
{
	const struct actor_order service = { .act = objects_service_ns };
	const struct actor_order send = { .act = actor_send, .n = 1, .patience = SCENE_STAYS_OUT };
	int ret;

	if (scene_solo(s)) {
		say(s, V_MEANINGLESS, "the sender is its receiver");
		return;
	}
	if (!scene_set(s))
		return;
	actor_kill(s->receiver);
	s->receiver = &s->sender[0];
	ret = actor_do(s->receiver, &send);
	if (!ret)
		scene_recv(s, 1, &ret);
	if (ret) {
		say(s, V_LACKS, "nobody answers a lone sender: %s", scene_error(ret));
		return;
	}
	ret = actor_do(s->receiver, &service);
	if (ret)
		say(s, V_BROKEN, "a lone sender gets an answer, and service_ns(): %s",
		    scene_error(ret));
	else
		say(s, V_HOLDS, "a lone sender gets an answer, and the thread that gave it is known");
}

#endif /* SELFTESTS_MECH_OBJECTS_H */
