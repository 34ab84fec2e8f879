/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One instance of a mechanism, its supervisor (this process) and its actors. A trait is
 * looked at in a scene of its own, and what is found is either that it holds or that it does
 * not, whatever is claimed: to claim is the mechanism's, to compare is traits.c's.
 */
#ifndef SELFTESTS_MECH_SCENE_H
#define SELFTESTS_MECH_SCENE_H

#include <stdarg.h>
#include "actor.h"
#include "look.h"
#include "names.h"

#define SCENE_ACTORS	4
/* What has to come has so long, what must not come so long: ms. */
#define SCENE_COMES	5000
#define SCENE_STAYS_OUT	60
/* s; then the scene is cut. */
#define SCENE_LIMIT	60
/* Messages where it does not matter how many. */
#define SCENE_FEW	3
#define SCENE_SIZE	64

/**
 * enum verdict - what is found
 * @V_NOTHING:		nothing yet
 * @V_HOLDS:		the mechanism has the trait
 * @V_LACKS:		it does not
 * @V_MEANINGLESS:	such a mechanism cannot have it: not applicable
 * @V_SKIPPED:		this system lacks something
 * @V_BROKEN:		it is neither one thing nor the other
 */
enum verdict {
	V_NOTHING,
	V_HOLDS,
	V_LACKS,
	V_MEANINGLESS,
	V_SKIPPED,
	V_BROKEN
};

/**
 * struct finding - what a scene reports, in memory that it shares
 * @what:	what is found
 * @text:	what was seen
 */
struct finding {
	enum verdict what;
	char text[300];
};

/**
 * struct scene - one
 * @ops:	the mechanism
 * @claimed:	does it claim the trait? Decides how long to wait, and how hard it is made to show
 *		that it has it not
 * @patience:	that is, in ms
 * @found:	the report
 * @m:		the instance
 * @creds:	cred() will be asked
 * @room:	messages that there is room for, 0: not known to be few
 * @sent:	messages that went last
 * @opened:	open() was called
 * @before:	objects that there were before
 * @sender:	actors that send
 * @receiver:	the one that receives; a sender if the mechanism has one thread
 * @spare:	another one
 */
struct scene {
	const struct mech_ops *ops;
	bool claimed;
	unsigned int patience;
	struct finding *found;
	struct mech m;
	bool creds;
	unsigned int room;
	unsigned int sent;
	bool opened;
	struct look before;
	struct actor sender[2];
	struct actor other;
	struct actor spare;
	struct actor *receiver;
};

static inline bool __attribute__((format(printf, 3, 4)))
say(struct scene *s, enum verdict what, const char *fmt, ...)
{
	va_list ap;

	s->found->what = what;
	va_start(ap, fmt);
	vsnprintf(s->found->text, sizeof(s->found->text), fmt, ap);
	va_end(ap);
	return false;
}

static inline bool scene_solo(const struct scene *s)
{
	return s->ops->traits & MECH_T_SOLO;
}

static inline bool scene_served(const struct scene *s)
{
	return s->ops->traits & MECH_T_SERVED;
}

/* Nothing came, and it went on waiting. */
static inline bool scene_waits(int ret)
{
	return ret == -EAGAIN || ret == -EINPROGRESS;
}

static inline const char *scene_error(int ret)
{
	return ret == -EINPROGRESS ? "it sleeps" : ret == -EAGAIN ? "nothing there" :
	       ret == -ESRCH ? "it died" : strerror(-ret);
}

/* A policy that tries, if it has one. */
static inline enum mech_wait scene_wait(const struct mech_ops *ops)
{
	static const enum mech_wait best[] = {
		WAIT_SPIN, WAIT_BLOCK, WAIT_URING, WAIT_SPIN_BLOCK, WAIT_POLL,
	};

	for (size_t i = 0; i < sizeof(best) / sizeof(best[0]); i++)
		if (ops->waits & 1u << best[i])
			return best[i];
	return WAIT_BLOCK;
}

static inline size_t scene_size(const struct mech_ops *ops)
{
	return ops->max_msg && ops->max_msg < SCENE_SIZE ? ops->max_msg : SCENE_SIZE;
}

/* All that most scenes want of an instance. */
static inline struct mech_cfg scene_cfg(const struct mech_ops *ops)
{
	return (struct mech_cfg){ .size = scene_size(ops), .wait = scene_wait(ops), .senders = 1 };
}

/* The first and the last that we may use: one CPU for all, and one for a service. */
static inline int scene_cpu(bool last)
{
	cpu_set_t set;
	int cpu = 0;

	sched_getaffinity(0, sizeof(set), &set);
	for (int i = 0; i < CPU_SETSIZE; i++) {
		if (!CPU_ISSET(i, &set))
			continue;
		cpu = i;
		if (!last)
			break;
	}
	return cpu;
}

static inline bool scene_open(struct scene *s, const struct mech_cfg *cfg)
{
	struct names_name none;
	int ret;

	/* The record of names is there once one was made: no object of the mechanism's. */
	if (!names_make(NAMES_PATH, &none))
		names_drop(&none);
	s->m = (struct mech){
		.ops = s->ops,
		.cfg = *cfg,
		.creds = s->creds,
		.cpu = { scene_cpu(false), scene_cpu(scene_served(s)) },
	};
	look_take(&s->before);
	s->opened = true;
	ret = s->ops->open(&s->m);
	return !ret || say(s, V_BROKEN, "open: %s", strerror(-ret));
}

static inline void scene_drop_others(struct scene *s, struct actor *me)
{
	struct actor *all[SCENE_ACTORS] = { &s->sender[0], &s->sender[1], &s->other, &s->spare };

	for (int i = 0; i < SCENE_ACTORS; i++) {
		if (all[i]->ours >= 0)
			close(all[i]->ours);
		if (all[i] != me && all[i]->theirs >= 0)
			close(all[i]->theirs);
	}
}

static inline int scene_attach(struct actor *me, const struct actor_order *o)
{
	int ret = me->m->ops->attach ? me->m->ops->attach(me->m) : 0;

	return ret || !me->io.attach ? ret : me->io.attach(me->m);
}

static inline void scene_be(struct scene *s, struct actor *me, enum mech_side side,
			    unsigned int index)
{
	const size_t twice = s->m.cfg.size * 2;
	/* As many bytes as a raw receive paints and keeps. */
	const size_t room = ((twice > ACTOR_RAW ? twice : ACTOR_RAW) + 127) / 128 * 128;
	cpu_set_t set;

	alarm(0);
	/* A worker's way to hear of a dead peer is the error. */
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	scene_drop_others(s, me);
	CPU_ZERO(&set);
	CPU_SET(s->m.cpu[SIDE_SENDER], &set);
	sched_setaffinity(0, sizeof(set), &set);
	me->m = &s->m;
	me->m->side = side;
	me->m->index = index;
	me->m->nowait = mech_tries(&s->m.cfg);
	me->io = s->m.cfg.wait == WAIT_URING && s->ops->uring ? *s->ops->uring :
		 (struct mech_io){ .send = s->ops->send, .recv = s->ops->recv };
	me->out = aligned_alloc(128, room);
	me->in = aligned_alloc(128, room);
	memset(me->out, 0xcc, room);
	memset(me->in, 0xcc, room);
	actor_live(me);
}

/* Fork one, which begins to attach: others may have to do so, too, before it can. */
static inline bool scene_enter(struct scene *s, struct actor *a, enum mech_side side,
			       unsigned int index)
{
	const struct actor_order o = { .act = scene_attach };

	a->pid = fork();
	if (a->pid < 0)
		return say(s, V_BROKEN, "fork: %s", strerror(errno));
	if (!a->pid)
		scene_be(s, a, side, index);
	/* Its end is its own, or nobody would see it go. */
	close(a->theirs);
	a->theirs = -1;
	actor_start(a, &o);
	return true;
}

static inline bool scene_entered(struct scene *s, struct actor *a)
{
	int ret = actor_end(a, SCENE_COMES);

	return !ret || say(s, V_BROKEN, "attach: %s", scene_error(ret));
}

static inline enum mech_side scene_receiving_side(const struct scene *s)
{
	return scene_served(s) ? SIDE_SENDER : SIDE_RECEIVER;
}

/* The actors come, and the supervisor leaves the instance to them, as in a launch. */
static inline bool scene_cast(struct scene *s, unsigned int senders)
{
	int ret;

	for (unsigned int i = 0; i < senders; i++)
		if (!scene_enter(s, &s->sender[i], SIDE_SENDER, i))
			return false;
	s->receiver = scene_solo(s) ? &s->sender[0] : &s->other;
	if (!scene_solo(s) && !scene_enter(s, s->receiver, scene_receiving_side(s), 0))
		return false;
	for (unsigned int i = 0; i < senders; i++)
		if (!scene_entered(s, &s->sender[i]))
			return false;
	if (!scene_solo(s) && !scene_entered(s, s->receiver))
		return false;
	ret = s->ops->leave ? s->ops->leave(&s->m) : 0;
	return !ret || say(s, V_BROKEN, "leave: %s", strerror(-ret));
}

/* The usual beginning. */
static inline bool scene_set(struct scene *s)
{
	const struct mech_cfg cfg = scene_cfg(s->ops);

	return scene_open(s, &cfg) && scene_cast(s, 1);
}

/* And with sides that sleep; false without a word where they cannot. */
static inline bool scene_set_asleep(struct scene *s)
{
	struct mech_cfg cfg = scene_cfg(s->ops);

	cfg.wait = WAIT_BLOCK;
	return scene_open(s, &cfg) && scene_cast(s, 1);
}

static inline void scene_clear(struct scene *s)
{
	actor_kill(&s->sender[0]);
	actor_kill(&s->sender[1]);
	actor_kill(&s->other);
	actor_kill(&s->spare);
	if (s->opened)
		s->ops->close(&s->m);
	s->opened = false;
}

/* A second scene of the same trait: new actors, as if nothing had been. */
static inline bool scene_again(struct scene *s)
{
	scene_clear(s);
	return !actor_make(&s->sender[0]) && !actor_make(&s->sender[1]) &&
	       !actor_make(&s->other) && !actor_make(&s->spare);
}

/*
 * @n messages of lane 0, which are numbered from @from, or as many of them as there is room for,
 * and one at least: s->sent.
 */
static inline bool scene_send(struct scene *s, uint64_t n, uint64_t from)
{
	const struct actor_order o = {
		.act = actor_send, .n = s->room && s->room < n ? s->room : n, .from = from,
		.patience = SCENE_COMES,
	};
	int ret = actor_do(&s->sender[0], &o);

	s->sent = (unsigned int)s->sender[0].page->done;
	if (ret == -EAGAIN && s->sent) {
		s->room = s->sent;
		ret = 0;
	}
	return !ret || say(s, V_BROKEN, "send: %s", scene_error(ret));
}

/* Up to @n messages, as long as there is patience. What the receiver says is in @ret. */
static inline uint64_t scene_recv(struct scene *s, uint64_t n, int *ret)
{
	const struct actor_order o = { .act = actor_recv, .n = n, .patience = s->patience };

	*ret = actor_do(s->receiver, &o);
	return s->receiver->page->done;
}

#endif /* SELFTESTS_MECH_SCENE_H */
