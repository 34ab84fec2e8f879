/* SPDX-License-Identifier: GPL-2.0 */
/* Traits of several senders that share an instance: that they can, and that none is torn. */
#ifndef SELFTESTS_MECH_SEVERAL_H
#define SELFTESTS_MECH_SEVERAL_H

#include <sys/ptrace.h>
#include "scene.h"

/* Steps of one sender while which others act; and those of them with one at each. */
#define SEVERAL_STEPS	3000
#define SEVERAL_CLOSE	400
/* Large messages of each sender. */
#define SEVERAL_EACH	2
/* Messages of each in a crowd, of which not all have room; and where none waits for any. */
#define SEVERAL_CROWD	400
#define SEVERAL_LOOSE	4

static bool several_set(struct scene *s, size_t size, enum mech_wait wait)
{
	struct mech_cfg cfg = scene_cfg(s->ops);

	cfg.size = size;
	cfg.senders = 2;
	cfg.wait = wait;
	return scene_open(s, &cfg) && scene_cast(s, 2);
}

/* Stop, to be led through one send() by a tracer. */
static int several_send_led(struct actor *me, const struct actor_order *o)
{
	int ret;

	msg_fill(me->out, me->m->cfg.size, o->from, MSG_SALT(SIDE_SENDER));
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		return -errno;
	me->page->inside = true;
	raise(SIGSTOP);
	ret = me->io.send(me->m, me->out);
	me->page->inside = false;
	return ret;
}

/**
 * struct several - two senders of which one is led
 * @sent:	messages of the other one so far
 * @error:	what it said last
 * @drain:	the receiver waits for messages all the time, as it cannot try
 */
struct several {
	uint64_t sent;
	int error;
	bool drain;
};

/* The other sender sends one, unless it is at it still, and the receiver takes what is there. */
static void several_interfere(struct scene *s, struct several *v)
{
	struct actor_order send = { .act = actor_send, .n = 1, .from = v->sent, .lane = 1 };
	const struct actor_order drain = { .act = actor_recv, .n = 16 };
	struct actor *b = &s->sender[1];

	if (!b->busy)
		actor_start(b, &send);
	/* It may wait for the one that is led. */
	v->error = actor_end(b, 2 * ACTOR_LOOK_MS);
	v->sent += !v->error;
	if (!v->drain)
		actor_do(s->receiver, &drain);
}

/* One instruction after the other. Return: false if it died. */
static bool several_lead(struct scene *s, struct several *v)
{
	struct actor *a = &s->sender[0];
	int status, sig = 0;

	if (waitpid(a->pid, &status, 0) != a->pid || !WIFSTOPPED(status))
		return false;
	for (unsigned int i = 0; a->page->inside && i < SEVERAL_STEPS; i++) {
		if (ptrace(PTRACE_SINGLESTEP, a->pid, NULL, sig) ||
		    waitpid(a->pid, &status, 0) != a->pid || !WIFSTOPPED(status))
			return false;
		/* What is not the tracer's is the mechanism's. */
		sig = WSTOPSIG(status);
		if (sig == SIGTRAP || sig == SIGSTOP)
			sig = 0;
		if (i < SEVERAL_CLOSE || i % 8 == 0)
			several_interfere(s, v);
	}
	return !ptrace(PTRACE_DETACH, a->pid, NULL, sig);
}

/* What both sent has to be there. */
static void several_count(struct scene *s, uint64_t a, uint64_t b)
{
	const struct actor_page *p = s->receiver->page;
	uint64_t lost, end = actor_ms() + SCENE_COMES;
	const struct actor_order rest = {
		.act = actor_recv, .n = 16, .patience = s->patience,
	};

	/* They come as long as they do. */
	do {
		lost = actor_missing(s->receiver, 0, a) + actor_missing(s->receiver, 1, b);
		if (!lost)
			break;
		if (s->receiver->busy)
			actor_end(s->receiver, s->patience);
		else
			actor_do(s->receiver, &rest);
	} while (lost > actor_missing(s->receiver, 0, a) + actor_missing(s->receiver, 1, b) &&
		 actor_ms() < end);
	lost = actor_missing(s->receiver, 0, a) + actor_missing(s->receiver, 1, b);
	if (lost || p->corrupt || p->twice)
		say(s, V_LACKS, "while one sent %llu, another one %llu: %llu are lost, %llu came twice, %llu broken",
		    (unsigned long long)a, (unsigned long long)b, (unsigned long long)lost,
		    (unsigned long long)p->twice, (unsigned long long)p->corrupt);
	else
		say(s, V_HOLDS, "all came, of one that sent %llu, and of another one's %llu meanwhile",
		    (unsigned long long)a, (unsigned long long)b);
}

/* Both send, each until it is through or waits; only then does anybody receive. */
static bool several_send_all(struct scene *s, const struct actor_order *o)
{
	struct actor_order send = *o;
	int ret;

	for (int i = 0; i < 2; i++) {
		send.lane = (unsigned int)i;
		actor_start(&s->sender[i], &send);
		ret = mech_tries(&s->m.cfg) ? 0 : actor_end(&s->sender[i], 4 * ACTOR_LOOK_MS);
		if (ret && ret != -EINPROGRESS)
			return say(s, V_BROKEN, "send: %s", scene_error(ret));
	}
	return true;
}

/* As many as do not fit, and as large as they may be: each waits for room by turns. */
static void several_crowd(struct scene *s)
{
	static const size_t sizes[] = { 16000, 4096, 1024, 64, 16 };
	const bool waits = s->ops->traits & MECH_T_BACKPRESSURE;
	const struct actor_order send = {
		.act = actor_send, .n = waits ? SEVERAL_CROWD : SEVERAL_LOOSE,
		.patience = SCENE_COMES,
	};
	struct mech_cfg cfg = scene_cfg(s->ops);
	const struct actor_page *p;
	struct mech_why why;
	uint64_t got;
	int ret = -EMSGSIZE;

	cfg.senders = 2;
	for (size_t i = 0; ret && i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		cfg.size = sizes[i];
		if (!s->ops->max_msg || cfg.size <= s->ops->max_msg)
			ret = s->ops->probe ? s->ops->probe(&cfg, &why) : 0;
	}
	if (s->ops->waits & MECH_W_BLOCK)
		cfg.wait = WAIT_BLOCK;
	if (!scene_again(s) || !several_set(s, cfg.size, cfg.wait) || !several_send_all(s, &send))
		return;
	s->patience = SCENE_COMES;
	got = scene_recv(s, 2 * send.n, &ret);
	p = s->receiver->page;
	if (p->corrupt || p->twice || got < 2 * send.n)
		say(s, V_LACKS, "two senders' %llu messages of %zu bytes: %llu came, %llu torn",
		    2 * (unsigned long long)send.n, cfg.size, (unsigned long long)p->got,
		    (unsigned long long)p->corrupt);
	else
		say(s, V_HOLDS, "two senders' messages came, sent at once and between instructions");
}

/*
 * One sender is led through its send(), instruction by instruction, and another one sends a
 * whole message after each: where two cannot share, this hits it each time. Then many at once.
 */
static void trait_fanin(struct scene *s)
{
	const struct actor_order led = { .act = several_send_led, .n = 1 };
	struct actor_order all = { .act = actor_recv, .n = ACTOR_MESSAGES };
	struct actor_order again = { .act = actor_send, .n = 1, .patience = SCENE_COMES };
	struct mech_cfg cfg = scene_cfg(s->ops);
	struct mech_why why = { "" };
	struct several v = { 0 };
	int ret;

	if (scene_solo(s)) {
		say(s, V_MEANINGLESS, "one thread is the only sender");
		return;
	}
	cfg.senders = 2;
	ret = s->ops->probe ? s->ops->probe(&cfg, &why) : 0;
	if (ret) {
		say(s, V_LACKS, "probe() of two senders: %s",
		    *why.text ? why.text : strerror(-ret));
		return;
	}
	if (!several_set(s, cfg.size, cfg.wait)) {
		s->found->what = V_LACKS;
		return;
	}
	v.drain = !mech_tries(&s->m.cfg);
	if (v.drain)
		actor_start(s->receiver, &all);
	actor_start(&s->sender[0], &led);
	if (!several_lead(s, &v)) {
		say(s, V_LACKS, "the sender died of another one");
		return;
	}
	ret = actor_end(&s->sender[0], SCENE_COMES);
	if (s->sender[1].busy)
		v.sent += !actor_end(&s->sender[1], SCENE_COMES);
	/* There was no room, as the other one had it. */
	if (ret == -EAGAIN)
		ret = actor_do(&s->sender[0], &again);
	if (ret)
		say(s, V_LACKS, "a sender that another one interferes with: %s", scene_error(ret));
	else if (!v.sent)
		say(s, V_LACKS, "a second sender cannot send: %s", scene_error(v.error));
	else
		several_count(s, 1, v.sent);
	if (s->found->what == V_HOLDS)
		several_crowd(s);
}

/* The largest message that one sender can send: larger than what any queue holds, if it may be. */
static size_t several_largest(const struct scene *s)
{
	static const size_t sizes[] = {
		4000000, 1000000, 200000, 100000, 65536, 65000, 8192, 4096, 1024, 64, 16,
	};
	struct mech_cfg cfg = scene_cfg(s->ops);
	struct mech_why why;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		cfg.size = sizes[i];
		if (s->ops->max_msg && cfg.size > s->ops->max_msg)
			continue;
		if (!s->ops->probe || !s->ops->probe(&cfg, &why))
			return cfg.size;
	}
	return MSG_MIN;
}

/*
 * One sender stands still in the middle of its message, and what comes then is the other one's:
 * left alone, the first may get all the room each time, and nothing is torn. For what does not
 * claim to keep a message whole; what can be told from it is told by what came.
 */
static void several_hold(struct scene *s)
{
	const struct actor_order one = { .act = actor_recv, .n = 1, .patience = SCENE_COMES };

	kill(s->sender[0].pid, SIGSTOP);
	actor_start(s->receiver, &one);
	actor_end(s->receiver, 4 * ACTOR_LOOK_MS);
	kill(s->sender[0].pid, SIGCONT);
	if (s->receiver->busy)
		actor_end(s->receiver, SCENE_COMES);
}

/* Two senders at once, each in the middle of a message as long as there is no room for it. */
static void several_large(struct scene *s)
{
	const struct actor_order send = {
		.act = actor_send, .n = SEVERAL_EACH, .patience = SCENE_COMES,
	};
	const struct actor_page *p;
	int ret;

	if (!several_send_all(s, &send))
		return;
	if (!s->claimed)
		several_hold(s);
	p = s->receiver->page;
	scene_recv(s, 2 * SEVERAL_EACH - p->got, &ret);
	if (p->corrupt)
		say(s, V_LACKS, "of two senders' %d messages of %zu bytes %llu are torn",
		    2 * SEVERAL_EACH, s->m.cfg.size, (unsigned long long)p->corrupt);
	else if (ret)
		say(s, V_LACKS, "of two senders' %d messages of %zu bytes %llu came: %s",
		    2 * SEVERAL_EACH, s->m.cfg.size, (unsigned long long)p->got, scene_error(ret));
	else
		say(s, V_HOLDS, "two senders' %d messages of %zu bytes came whole",
		    2 * SEVERAL_EACH, s->m.cfg.size);
}

static void trait_atomic(struct scene *s)
{
	const size_t size = several_largest(s);
	struct mech_cfg cfg = scene_cfg(s->ops);
	struct mech_why why = { "" };

	if (!(s->ops->traits & MECH_T_FANIN)) {
		say(s, V_MEANINGLESS, "one sender is all that there can be");
		return;
	}
	cfg.size = size;
	cfg.senders = 2;
	if (s->ops->waits & MECH_W_BLOCK)
		cfg.wait = WAIT_BLOCK;
	/* A claim is one for all sizes; without it the reason is shown to be one. */
	if (s->claimed && s->ops->probe && s->ops->probe(&cfg, &why)) {
		say(s, V_LACKS, "one sender can send %zu bytes, two cannot: %s", size, why.text);
		return;
	}
	s->patience = SCENE_COMES;
	if (several_set(s, size, cfg.wait))
		several_large(s);
}

#endif /* SELFTESTS_MECH_SEVERAL_H */
