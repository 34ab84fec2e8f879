/* SPDX-License-Identifier: GPL-2.0 */
/* Traits that show when somebody is gone: persistent, lasting, hang-up. */
#ifndef SELFTESTS_MECH_LIFE_H
#define SELFTESTS_MECH_LIFE_H

#include "scene.h"

static void life_leave(struct actor *a)
{
	const struct actor_order o = { .act = actor_exit };

	actor_do(a, &o);
	actor_reap(a);
}

/* What the receiver has of the few messages that were sent while all was well. */
static void life_count(struct scene *s, const char *when)
{
	int ret;
	uint64_t got = scene_recv(s, s->sent, &ret);

	if (got == s->sent && !s->receiver->page->corrupt)
		say(s, V_HOLDS, "%u messages came %s", s->sent, when);
	else if (got || s->receiver->page->corrupt)
		say(s, V_BROKEN, "%llu of %u messages came %s, %llu of them broken",
		    (unsigned long long)got, s->sent, when,
		    (unsigned long long)s->receiver->page->corrupt);
	else
		say(s, V_LACKS, "no message came %s: %s", when, scene_error(ret));
}

static void trait_persistent(struct scene *s)
{
	if (scene_solo(s)) {
		say(s, V_MEANINGLESS, "the receiver is the sender");
		return;
	}
	if (!scene_set(s) || !scene_send(s, SCENE_FEW, 0))
		return;
	life_leave(&s->sender[0]);
	life_count(s, "after their sender exited");
}

/* Is there anything left that keeps the queue alive, in the one process that there is? */
static const char *life_kept(struct scene *s)
{
	static struct look now;

	look_take(&now);
	look_new(&now, &s->before);
	for (unsigned int i = 0; i < now.n; i++)
		if (strncmp(now.object[i].kind, "SysV ", 5))
			return look_word(&now.object[i]);
	return NULL;
}

static void trait_lasting(struct scene *s)
{
	const char *kept;
	int ret;

	if (scene_solo(s)) {
		say(s, V_MEANINGLESS, "the receiver is the sender");
		return;
	}
	if (!scene_set(s) || !scene_send(s, SCENE_FEW, 0))
		return;
	life_leave(&s->sender[0]);
	life_leave(s->receiver);
	kept = life_kept(s);
	s->receiver = &s->spare;
	if (!scene_enter(s, s->receiver, scene_receiving_side(s), 0))
		return;
	ret = actor_end(s->receiver, s->patience);
	if (ret) {
		say(s, V_LACKS, "nothing to attach to once nobody has it open: %s",
		    scene_error(ret));
		return;
	}
	life_count(s, "once nobody had it open any more");
	if (kept && s->found->what == V_HOLDS)
		say(s, V_BROKEN, "the supervisor still has %s open after leave()", kept);
}

/* Errors that say that nobody is there. */
static bool life_gone(int ret)
{
	return ret == -EPIPE || ret == -ECONNRESET || ret == -ECONNREFUSED || ret == -ENOTCONN ||
	       ret == -ECONNABORTED || ret == -EOWNERDEAD || ret == -ESHUTDOWN;
}

/* The peer is killed after an exchange, while the receiver waits or before it does. */
static bool life_hangup(struct scene *s, bool asleep)
{
	struct actor_order o = { .act = actor_recv, .n = 1, .patience = SCENE_COMES };
	int ret;

	if (!(asleep ? scene_set_asleep(s) : scene_set(s)) || !scene_send(s, 1, 0))
		return false;
	ret = actor_do(s->receiver, &o);
	if (ret)
		return say(s, V_BROKEN, "recv, while all is well: %s", scene_error(ret));
	o.patience = s->patience;
	if (asleep) {
		actor_start(s->receiver, &o);
		ret = actor_end(s->receiver, SCENE_STAYS_OUT);
		if (ret != -EINPROGRESS)
			return say(s, V_BROKEN, "recv does not sleep: %s", scene_error(ret));
		actor_kill(&s->sender[0]);
		ret = actor_end(s->receiver, s->patience);
	} else {
		actor_kill(&s->sender[0]);
		ret = actor_do(s->receiver, &o);
	}
	say(s, life_gone(ret) ? V_HOLDS : scene_waits(ret) ? V_LACKS : V_BROKEN,
	    "once the sender was killed, recv: %s", scene_error(ret));
	return s->found->what != V_BROKEN;
}

static void trait_hangup(struct scene *s)
{
	enum verdict tried;

	if (scene_solo(s) || scene_served(s)) {
		say(s, V_MEANINGLESS, "there is no peer that could be killed");
		return;
	}
	if (!life_hangup(s, false) || !(s->ops->waits & MECH_W_BLOCK))
		return;
	tried = s->found->what;
	/* Who only tries may look at memory, and that says nothing; who sleeps has to know. */
	if (!scene_again(s) || !life_hangup(s, true) || s->found->what == tried)
		return;
	if (s->found->what == V_HOLDS)
		say(s, V_HOLDS, "a receiver that sleeps hears of it, one that only tries does not");
	else
		say(s, V_BROKEN, "a receiver that tries hears of it, one that sleeps does not");
}

#endif /* SELFTESTS_MECH_LIFE_H */
