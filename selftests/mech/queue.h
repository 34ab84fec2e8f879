/* SPDX-License-Identifier: GPL-2.0 */
/* Traits of a queue: boundaries, order, priority, and what happens when it is full. */
#ifndef SELFTESTS_MECH_QUEUE_H
#define SELFTESTS_MECH_QUEUE_H

#include <sys/ioctl.h>
#include "fd_uring.h"
#include "scene.h"

/* One receive for as much as two messages, whatever it says; the bytes are kept. */
static int queue_recv_raw(struct actor *me, const struct actor_order *o)
{
	int ret;

	memset(me->in, 0xcc, ACTOR_RAW);
	ret = actor_try(me, o, MECH_IN);
	memcpy(me->page->kept, me->in, ACTOR_RAW);
	return ret;
}

/* Are these the first @len bytes of message @n, which is @size long? */
static bool queue_is_message(const unsigned char *at, size_t len, size_t size, uint64_t n)
{
	unsigned char want[ACTOR_RAW] __attribute__((aligned(8)));

	msg_fill(want, size, n, MSG_SALT(SIDE_SENDER));
	return !memcmp(at, want, len);
}

/* Return: 0, -EAGAIN: there is no room, or what was said. */
static int queue_send_sized(struct scene *s, uint64_t n, size_t size)
{
	const struct actor_order o = {
		.act = actor_send, .n = 1, .from = n, .size = size, .patience = SCENE_COMES,
	};
	int ret = actor_do(&s->sender[0], &o);

	if (ret && ret != -EAGAIN)
		say(s, V_BROKEN, "send: %s", scene_error(ret));
	return ret;
}

/* The second message, where the first one's room is needed: the receiver asks for it, first. */
static int queue_one_at_a_time(struct scene *s, size_t size, const struct actor_order *raw)
{
	int ret;

	if (scene_solo(s)) {
		ret = queue_send_sized(s, 1, size);
		return ret ? ret : actor_do(s->receiver, raw);
	}
	actor_start(s->receiver, raw);
	ret = queue_send_sized(s, 1, size);
	return ret ? ret : actor_end(s->receiver, SCENE_COMES);
}

/*
 * read() by itself, once what was sent is there, as far as the descriptor tells: recv() may
 * put parts together just because the trait is not claimed.
 */
static int queue_read_fd(struct actor *me, const struct actor_order *o)
{
	const uint64_t end = actor_ms() + o->patience;
	int fd = me->m->ops->fd(me->m, MECH_IN), there = 0;
	ssize_t n;

	while (actor_ms() < end && (ioctl(fd, FIONREAD, &there) || there < (int)o->n))
		sched_yield();
	n = read(fd, me->in, o->size);
	me->page->word = n < 0 ? 0 : (uint64_t)n;
	return n < 0 ? -errno : 0;
}

/* Two in one receive: are they two for the kernel, of which recv() asks again and again? */
static void queue_glued(struct scene *s, size_t half)
{
	const struct actor_order drain = { .act = actor_recv, .n = 4, .size = half };
	const struct actor_order look = {
		.act = queue_read_fd, .n = 3 * half, .size = 2 * half, .patience = SCENE_STAYS_OUT,
	};

	say(s, V_LACKS, "one receive took of two messages");
	if (s->ops->uring != &fd_uring || !mech_tries(&s->m.cfg))
		return;
	actor_do(s->receiver, &drain);
	if (queue_send_sized(s, 2, half) || queue_send_sized(s, 3, 2 * half))
		return;
	if (!actor_do(s->receiver, &look) && s->receiver->page->word == half)
		say(s, V_HOLDS, "recv() put two messages together, of which read() takes one");
}

/*
 * A message of half the size that the instance is for, and one of all of it. A receive for
 * the whole size takes of both, or it takes one; then the next one gets the second, whole.
 * Where there is no room for two, the second one has to wait for the first receive.
 */
static void trait_boundaries(struct scene *s)
{
	const struct actor_order raw = { .act = queue_recv_raw, .patience = SCENE_COMES };
	struct mech_cfg cfg = scene_cfg(s->ops);
	const size_t half = cfg.size >= 2 * MSG_MIN ? cfg.size / 2 : MSG_MIN, size = 2 * half;
	const unsigned char *kept;
	int ret, second;

	cfg.size = size;
	if (!scene_open(s, &cfg) || !scene_cast(s, 1) || queue_send_sized(s, 0, half))
		return;
	second = scene_solo(s) ? -EAGAIN : queue_send_sized(s, 1, size);
	if (second && second != -EAGAIN)
		return;
	kept = s->receiver->page->kept;
	ret = actor_do(s->receiver, &raw);
	if (scene_waits(ret)) {
		say(s, V_BROKEN, "two messages are there, and a receive waits");
		return;
	}
	if (!ret && queue_is_message(kept, half, half, 0) &&
	    queue_is_message(kept + half, half, size, 1)) {
		queue_glued(s, half);
		return;
	}
	if (second)
		ret = queue_one_at_a_time(s, size, &raw);
	else
		ret = actor_do(s->receiver, &raw);
	if (!ret && queue_is_message(kept, size, size, 1))
		say(s, V_HOLDS, "a receive for more than a message took it; the next one got the next");
	else
		say(s, V_BROKEN, "a receive for more than a message took no more, and the next one: %s",
		    ret ? scene_error(ret) : "something else");
}

#define QUEUE_ROUNDS	40

/* Few at a time, so that they have room, and several; or one, which is asked for first. */
static bool queue_round(struct scene *s, uint64_t from, int *ret)
{
	const struct actor_order one = { .act = actor_recv, .n = 1, .patience = SCENE_COMES };

	if (s->room != 1)
		return scene_send(s, SCENE_FEW, from) && scene_recv(s, s->sent, ret) == s->sent;
	actor_start(s->receiver, &one);
	if (!scene_send(s, 1, from))
		return false;
	*ret = actor_end(s->receiver, SCENE_COMES);
	return !*ret;
}

static void trait_order(struct scene *s)
{
	uint64_t sent = 0, late;
	int ret = 0, rounds = 0;

	if (scene_solo(s)) {
		say(s, V_MEANINGLESS, "one message is all that there ever is");
		return;
	}
	s->patience = SCENE_COMES;
	if (!scene_set(s))
		return;
	for (; rounds < QUEUE_ROUNDS && queue_round(s, sent, &ret); rounds++)
		sent += s->sent;
	late = s->receiver->page->late;
	if (rounds < QUEUE_ROUNDS || s->receiver->page->corrupt)
		say(s, V_BROKEN, "after %llu messages: %s", (unsigned long long)sent,
		    scene_error(ret));
	else
		say(s, late ? V_LACKS : V_HOLDS, "%llu of %llu messages came after a later one",
		    (unsigned long long)late, (unsigned long long)sent);
}

static void trait_priority(struct scene *s)
{
	struct actor_order urgent = {
		.act = actor_send, .n = 1, .from = 2, .prio = 1, .patience = SCENE_STAYS_OUT,
	};
	uint64_t got;
	int ret;

	if (scene_solo(s)) {
		say(s, V_MEANINGLESS, "one message is all that there ever is");
		return;
	}
	s->patience = SCENE_COMES;
	if (!scene_set(s) || !scene_send(s, 2, 0))
		return;
	ret = s->sent == 2 ? actor_do(&s->sender[0], &urgent) : -EAGAIN;
	if (scene_waits(ret)) {
		say(s, V_LACKS, "two messages leave no room for an urgent one");
		return;
	}
	got = ret ? 0 : scene_recv(s, 3, &ret);
	if (got < 3)
		say(s, V_BROKEN, "%llu of 3 messages: %s", (unsigned long long)got,
		    scene_error(ret));
	else
		say(s, s->receiver->page->first == 2 ? V_HOLDS : V_LACKS,
		    "of two messages and then an urgent one, number %llu came first",
		    (unsigned long long)s->receiver->page->first);
}

/* Until the sender waits, or has sent @n. Return: how many are sent, or to be. */
static uint64_t queue_fill(struct scene *s, uint64_t n, bool *waits)
{
	const struct actor_order fill = { .act = actor_send, .n = n };
	struct actor *a = &s->sender[0];
	int ret = actor_do(a, &fill);
	uint64_t sent = a->page->done;

	*waits = scene_waits(ret);
	if (ret == -EINPROGRESS) {
		/* It gets through with the one at hand, and no more. */
		a->page->stop = true;
		sent++;
	} else if (ret && !*waits) {
		say(s, V_BROKEN, "send: %s, after %llu messages", scene_error(ret),
		    (unsigned long long)sent);
		return 0;
	}
	return sent;
}

/* Is any of @sent lost for ever? One more message comes after them all, and tells. */
static uint64_t queue_lost(struct scene *s, uint64_t sent)
{
	uint64_t lost;
	int ret;

	scene_recv(s, sent, &ret);
	lost = actor_missing(s->receiver, 0, sent);
	if (!lost || s->sender[0].busy)
		return lost;
	s->patience = SCENE_COMES;
	if (!scene_send(s, 1, sent))
		return lost;
	scene_recv(s, 1, &ret);
	s->patience = SCENE_STAYS_OUT;
	scene_recv(s, sent, &ret);
	return actor_missing(s->receiver, 0, sent);
}

/* With what room there is: some does for most, and for those that never wait. */
static bool queue_overfill(struct scene *s, uint64_t n)
{
	bool waits;
	uint64_t sent = queue_fill(s, n, &waits), lost;
	const uint64_t room = sent - s->sender[0].busy;
	int ret = 0;

	if (!sent)
		return s->found->what == V_BROKEN ? false :
		       say(s, V_BROKEN, "the first message waits already");
	/* What one thread sends, it receives; there is no more than one to be had, however. */
	lost = queue_lost(s, sent);
	if (!lost && waits && s->sender[0].busy)
		ret = actor_end(&s->sender[0], SCENE_COMES);
	if (lost)
		say(s, V_LACKS, "%llu of %llu messages are lost", (unsigned long long)lost,
		    (unsigned long long)sent);
	else if (ret)
		say(s, V_BROKEN, "there is room again, and send says: %s", scene_error(ret));
	else if (waits)
		say(s, V_HOLDS, "the sender waits after %llu messages; all of them came",
		    (unsigned long long)room);
	else
		say(s, V_BROKEN, "%llu messages without a wait, and none is lost",
		    (unsigned long long)sent);
	return s->found->what == V_BROKEN && !waits && !ret;
}

/* How full is full? Some tens of thousands is, nearly always; or the most. */
static void trait_backpressure(struct scene *s)
{
	if (!scene_set(s))
		return;
	if (queue_overfill(s, 30000) && scene_again(s) && scene_set(s))
		queue_overfill(s, ACTOR_MESSAGES);
	if (s->found->what != V_HOLDS || !mech_tries(&s->m.cfg) ||
	    !(s->ops->waits & MECH_W_BLOCK))
		return;
	/* It says so; now it has to sleep. */
	if (scene_again(s) && scene_set_asleep(s))
		queue_overfill(s, ACTOR_MESSAGES);
	if (s->found->what != V_HOLDS)
		s->found->what = V_BROKEN;
}

#endif /* SELFTESTS_MECH_QUEUE_H */
