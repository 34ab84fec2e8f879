/* SPDX-License-Identifier: GPL-2.0 */
/* What becomes of a message when it was received: phases, who to whom, the ring. */
#ifndef IPCSCOPE_WATCH_FINISH_BPF_H
#define IPCSCOPE_WATCH_FINISH_BPF_H

#include "watch_core.bpf.h"

/* No instruction for it before BPF v4: halve the range six times. */
static __always_inline __u32 watch_log2(__u64 v)
{
	__u32 h, n = 0;

#pragma unroll
	for (h = 32; h; h >>= 1) {
		if (v >> h) {
			v >>= h;
			n += h;
		}
	}
	return n;
}

static __noinline int watch_phase(struct watch_stat *st, __u64 from, __u64 to)
{
	__u64 len = to - from;
	__u32 i = len, h;

	if (!st)
		return 0;
	if ((__s64)len < 0) {
		watch_count(WATCH_NEGATIVE);
		i = 0;
	} else if (len >> WATCH_HIST_BITS) {
		i = WATCH_HIST - 1;
	} else if (len >> (WATCH_HIST_P + 1)) {
		h = watch_log2(len) - WATCH_HIST_P;
		i = (h << WATCH_HIST_P) + (len >> (h & 63));
	}
	__sync_fetch_and_add(&st->n, 1);
	__sync_fetch_and_add(&st->sum, len);
	if (i < WATCH_HIST)
		__sync_fetch_and_add(&st->hist[i], 1);
	return 0;
}

/* The entry of @key, or where there is no room of all objects of its kind. */
static __noinline struct watch_edge *watch_edge_of(struct watch_edge_key *key)
{
	struct watch_edge *edge = bpf_map_lookup_elem(&edges, key);
	long err;
	int i;

	for (i = 0; i < 2 && !edge; i++) {
		err = bpf_map_update_elem(&edges, key, &zero_edge, BPF_NOEXIST);
		edge = bpf_map_lookup_elem(&edges, key);
		if (!err && edge)
			edge->id = __sync_fetch_and_add(&uids, 1) + 1;
		if (edge)
			break;
		watch_count(WATCH_NO_EDGE);
		key->obj = 0;
		edge = bpf_map_lookup_elem(&edges, key);
	}
	return edge;
}

static __noinline int watch_pair_add(struct watch_edge *edge, __u32 from)
{
	struct watch_pair key = { .from = from, .to = bpf_get_smp_processor_id() };
	__u64 one = 1, *n;

	if (!edge)
		return 0;
	key.edge = edge->id;
	n = bpf_map_lookup_elem(&pairs, &key);
	if (!n && !bpf_map_update_elem(&pairs, &key, &one, BPF_NOEXIST))
		return 0;
	if (!n)
		n = bpf_map_lookup_elem(&pairs, &key);
	if (n)
		__sync_fetch_and_add(n, 1);
	else
		watch_count(WATCH_NO_PAIR);
	return 0;
}

static __noinline int watch_emit(struct watch_task *t, struct watch_msg *m, __u64 d, __u64 x)
{
	struct watch_event *ev = bpf_ringbuf_reserve(&ring, sizeof(*ev), 0);

	if (!ev) {
		watch_count(WATCH_DROPPED);
		return 0;
	}
	__builtin_memset(ev, 0, sizeof(*ev));
	ev->type = WATCH_EV_MSG;
	ev->kind = m->kind;
	ev->obj = t->obj;
	ev->bytes = m->bytes;
	ev->s = m->s;
	ev->e = m->e;
	if (t->run.a == m->tid && t->run.b == m->nr) {
		ev->w = t->run_w;
		ev->r = t->run_r;
	}
	ev->d = d;
	ev->x = x;
	ev->from_tid = m->tid;
	ev->from_tgid = m->tgid;
	ev->to_tid = bpf_get_current_pid_tgid();
	ev->to_tgid = t->tgid;
	ev->from_cpu = m->cpu;
	ev->to_cpu = bpf_get_smp_processor_id();
	bpf_ringbuf_submit(ev, 0);
	return 0;
}

/* Message @m is received by @t: copied at @d, left at @x. */
static __noinline int watch_finish(struct watch_task *t, struct watch_msg *m, __u64 d, __u64 x)
{
	struct watch_edge_key key = { };
	struct watch_edge *edge;

	if (!t || !m || (!m->followed && !t->followed))
		return 0;
	if (!m->followed)
		watch_count(WATCH_SENT_OTHERS);
	watch_count(WATCH_RECEIVED);
	key.obj = t->obj;
	key.kind = m->kind;
	key.from = m->tgid;
	key.to = t->tgid;
	edge = watch_edge_of(&key);
	if (!edge)
		return 0;
	__sync_fetch_and_add(&edge->n, 1);
	__sync_fetch_and_add(&edge->bytes, m->bytes);
	watch_phase(&edge->phase[WATCH_COPY_IN], m->s, m->e);
	if (t->run.a == m->tid && t->run.b == m->nr) {
		__sync_fetch_and_add(&edge->slept, 1);
		watch_phase(&edge->phase[WATCH_WAKE], m->e, t->run_w);
		watch_phase(&edge->phase[WATCH_RUN_QUEUE], t->run_w, t->run_r);
		watch_phase(&edge->phase[WATCH_DEQUEUE], t->run_r, d);
	} else {
		watch_phase(&edge->phase[WATCH_QUEUED], m->e, d);
	}
	watch_phase(&edge->phase[WATCH_EXIT], d, x);
	watch_phase(&edge->phase[WATCH_TOTAL], m->s, x);
	watch_pair_add(edge, m->cpu);
	if (x - m->s > ctl.slowest || !ctl.slowest)
		watch_emit(t, m, d, x);
	return 0;
}

/* Pieces that a task took in its call wait for its X under its own name, from the second on. */
static __always_inline struct watch_key watch_done_key(__u64 nr)
{
	__u32 tid = bpf_get_current_pid_tgid();

	return (struct watch_key){ .a = 1ULL << 63 >> 1 | tid, .b = nr };
}

/* Stamp D: the whole of the piece at @key was copied to @t. False: it is not known. */
static __noinline int watch_take(struct watch_task *t, struct watch_key *key)
{
	__u64 now = bpf_ktime_get_ns();
	struct watch_msg *m, copy;
	struct watch_key again;

	if (!t)
		return 0;
	m = bpf_map_lookup_elem(&msgs, key);
	if (!m)
		return 0;
	copy = *m;
	copy.state = __sync_lock_test_and_set(&m->state, WATCH_TAKEN);
	bpf_map_delete_elem(&msgs, key);
	if (copy.state != WATCH_LAST)
		return 1;
	if (!t->ndone) {
		t->done = copy;
		t->done_d = now;
	} else {
		again = watch_done_key(t->ndone);
		copy.end = now;
		if (bpf_map_update_elem(&msgs, &again, &copy, BPF_ANY))
			watch_count(WATCH_NO_MSG);
	}
	t->ndone++;
	return 1;
}

static long watch_finish_next(__u32 i, void *unused)
{
	struct watch_task *t = watch_current();
	struct watch_key key = watch_done_key(i + 1);
	struct watch_msg *m = bpf_map_lookup_elem(&msgs, &key), copy;

	if (!m || !t)
		return 0;
	copy = *m;
	bpf_map_delete_elem(&msgs, &key);
	watch_finish(t, &copy, copy.end, t->d);
	return 0;
}

/* The call to receive is left. */
static __noinline int watch_received(struct watch_task *t)
{
	__u64 x = bpf_ktime_get_ns();
	struct watch_msg copy;

	if (!t)
		return 0;
	t->op = WATCH_IDLE;
	if (ctl.calls && t->followed)
		watch_emit_call(t, WATCH_EV_RECV, t->s, x, bpf_get_current_pid_tgid());
	if (!t->ndone)
		return 0;
	copy = t->done;
	watch_finish(t, &copy, t->done_d, x);
	t->d = x;
	if (t->ndone > 1)
		bpf_loop(t->ndone - 1, watch_finish_next, NULL, 0);
	t->ndone = 0;
	return 0;
}

#endif /* IPCSCOPE_WATCH_FINISH_BPF_H */
