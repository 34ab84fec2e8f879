// SPDX-License-Identifier: GPL-2.0
/* The one that has many peers: the receiver of fanin, the service of amp. */
#define _GNU_SOURCE
#include "worker_loop.h"

/* Returns how far the lane has moved on: what was lost on the way included. */
static uint64_t worker_verify(struct worker *w, struct worker_lane *lane, uint64_t seq, bool known)
{
	const uint64_t before = lane->verify.next;
	const uint64_t n = atomic_load_explicit(&w->me->progress, memory_order_relaxed);

	verify_message(&lane->verify, seq, known && msg_check(w->in, w->size, w->salt_in));
	atomic_store_explicit(&w->me->progress, n + 1, memory_order_relaxed);
	worker_misplaced(w);
	return lane->verify.next - before;
}

/* Whose message is it? A number that says nothing is lane 0's, and corrupt there. */
static uint64_t worker_sort(struct worker *w)
{
	const struct msg_head *head = w->in;
	const uint64_t lane = head->seq >> WORKER_LANE_SHIFT;
	const bool known = lane < w->cfg->shared->nlanes;

	return worker_verify(w, &w->lanes[known ? lane : 0], head->seq & WORKER_SEQ_MASK, known);
}

/* Up to the last number of each lane's block. */
int worker_gather(struct worker *w, uint64_t n, struct worker_block *b)
{
	uint64_t left = n * w->cfg->shared->nlanes, moved;
	int ret;

	while (left) {
		ret = w->io.recv(w->m, w->in);
		if (ret == -EAGAIN)
			ret = worker_again(w, MECH_IN);
		if (ret)
			return worker_fail(w->me, "recv", ret);
		moved = worker_sort(w);
		left -= moved < left ? moved : left;
	}
	b->end = clock_now(w->cfg->clock);
	return 0;
}

static int worker_answer(struct worker *w, struct mech *m, struct worker_lane *lane)
{
	int ret;

	msg_fill(w->out, w->size, lane->answered, w->salt_out);
	while ((ret = w->io.send(m, w->out))) {
		if (ret != -EAGAIN)
			return worker_fail(w->me, "send", ret);
		mech_relax();
	}
	lane->answered++;
	atomic_store_explicit(&w->me->sent, ++w->seq, memory_order_relaxed);
	return 0;
}

/* One message of one client, if there is one. Return: 1, 0 there is none, or -errno. */
static int worker_serve_one(struct worker *w, unsigned int i, uint64_t *left)
{
	struct worker_lane *lane = &w->lanes[i];
	const struct msg_head *head = w->in;
	uint64_t moved;
	int ret;

	ret = w->io.recv(&w->m[i], w->in);
	if (ret == -EAGAIN)
		return 0;
	if (ret)
		return worker_fail(w->me, "recv", ret);
	moved = worker_verify(w, lane, head->seq, true);
	*left -= moved < *left ? moved : *left;
	ret = worker_answer(w, &w->m[i], lane);
	return ret ? ret : 1;
}

/* In turn, one of each: no client is served twice while another waits. */
int worker_serve(struct worker *w, uint64_t n)
{
	const unsigned int clients = w->cfg->shared->nlanes;
	uint64_t left = n * clients;

	while (left) {
		bool idle = true;

		for (unsigned int i = 0; i < clients; i++) {
			int ret = worker_serve_one(w, i, &left);

			if (ret < 0)
				return ret;
			idle = idle && !ret;
		}
		if (idle)
			mech_relax();
	}
	return 0;
}
