// SPDX-License-Identifier: GPL-2.0
/*
 * What a CPU did is taken from its ring as soon as a slow message is known, before it is
 * overwritten, and added up by name: that is bounded, whatever the message took.
 */
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../bpf/watch.h"
#include "watch.h"
#include "watch_cmd.h"
#include "watch_tail.h"

/* Names of one CPU; the rest is added up as "others". */
#define RAN_MAX	12

struct ran {
	char what[40];
	uint64_t ns;
	uint64_t times;
};

/**
 * struct tail_cpu - what a CPU did
 * @cpu:	which
 * @whole:	all of it is known
 * @nran:	entries in @ran
 * @ran:	by name
 */
struct tail_cpu {
	unsigned int cpu;
	bool whole;
	unsigned int nran;
	struct ran ran[RAN_MAX];
};

struct tail_msg {
	struct watch_event ev;
	unsigned int ncpus;
	struct tail_cpu cpu[2];
};

struct watch_tail {
	unsigned int k;
	unsigned int n;
	struct watch_ctx *scratch;
	struct tail_msg msg[];
};

struct watch_tail *watch_tail_new(unsigned int k)
{
	struct watch_tail *tail = calloc(1, sizeof(*tail) + k * sizeof(tail->msg[0]));

	if (!tail)
		return NULL;
	tail->k = k;
	tail->scratch = calloc(WATCH_CTX, sizeof(*tail->scratch));
	if (!tail->scratch) {
		free(tail);
		return NULL;
	}
	return tail;
}

void watch_tail_free(struct watch_tail *tail)
{
	if (!tail)
		return;
	free(tail->scratch);
	free(tail);
}

static void add_ran(struct tail_cpu *c, const char *what, uint64_t ns)
{
	unsigned int i = 0;

	while (i < c->nran && strcmp(c->ran[i].what, what))
		i++;
	if (i == RAN_MAX) {
		i = RAN_MAX - 1;
		strcpy(c->ran[i].what, "others");
	} else if (i == c->nran) {
		snprintf(c->ran[i].what, sizeof(c->ran[i].what), "%s", what);
		c->nran++;
	}
	c->ran[i].ns += ns;
	c->ran[i].times++;
}

static const char *softirq_name(unsigned int vec)
{
	static const char *const names[] = {
		"HI", "TIMER", "NET_TX", "NET_RX", "BLOCK", "IRQ_POLL", "TASKLET", "SCHED",
		"HRTIMER", "RCU",
	};

	return vec < sizeof(names) / sizeof(names[0]) ? names[vec] : "?";
}

static const char *ctx_name(const struct watch_ctx *c, char *buf, size_t len)
{
	switch (c->type) {
	case WATCH_CTX_SWITCH:
		if (!c->id)
			return "idle";
		snprintf(buf, len, "%.15s/%u", c->name, c->id);
		break;
	case WATCH_CTX_IRQ:
		snprintf(buf, len, "irq %u %.15s", c->id, c->name);
		break;
	case WATCH_CTX_SOFTIRQ:
		snprintf(buf, len, "softirq %s", softirq_name(c->id));
		break;
	default:
		return "timer interrupt";
	}
	return buf;
}

/* The event that ends what @c begins: the next switch, or the interrupt's own end. */
static uint64_t end_of(const struct watch_ctx *c, size_t n, size_t i, uint64_t to)
{
	for (size_t j = i + 1; j < n; j++) {
		if (c[i].type == WATCH_CTX_SWITCH ? c[j].type == WATCH_CTX_SWITCH :
		    c[j].type == c[i].type + 1 && c[j].id == c[i].id)
			return c[j].t < to ? c[j].t : to;
	}
	return to;
}

static bool begins(const struct watch_ctx *c)
{
	return c->type == WATCH_CTX_SWITCH || c->type == WATCH_CTX_IRQ ||
	       c->type == WATCH_CTX_SOFTIRQ || c->type == WATCH_CTX_TIMER;
}

static void add_cpu(struct watch_tail *tail, const struct watch *w, struct tail_msg *m,
		    unsigned int cpu)
{
	struct tail_cpu *c = &m->cpu[m->ncpus++];
	uint64_t from = m->ev.s, end, start;
	char buf[40];
	size_t n;

	*c = (struct tail_cpu){ .cpu = cpu };
	n = watch_context(w, cpu, from, m->ev.x, tail->scratch, WATCH_CTX, &c->whole);
	for (size_t i = 0; i < n; i++) {
		if (!begins(&tail->scratch[i]))
			continue;
		start = tail->scratch[i].t;
		end = end_of(tail->scratch, n, i, m->ev.x);
		if (end > from)
			add_ran(c, ctx_name(&tail->scratch[i], buf, sizeof(buf)),
				end - (start > from ? start : from));
	}
}

static uint64_t took(const struct tail_msg *m)
{
	return m->ev.x - m->ev.s;
}

/* The fastest of those kept goes first; when all places are taken, it is the bar. */
static unsigned int fastest(const struct watch_tail *tail)
{
	unsigned int min = 0;

	for (unsigned int i = 1; i < tail->n; i++)
		if (took(&tail->msg[i]) < took(&tail->msg[min]))
			min = i;
	return min;
}

void watch_tail_add(struct watch_tail *tail, struct watch *w, const struct watch_event *ev)
{
	unsigned int i = tail->n;

	if (ev->type != WATCH_EV_MSG)
		return;
	if (tail->n == tail->k) {
		i = fastest(tail);
		if (ev->x - ev->s <= took(&tail->msg[i]))
			return;
	} else {
		tail->n++;
	}
	tail->msg[i] = (struct tail_msg){ .ev = *ev };
	add_cpu(tail, w, &tail->msg[i], ev->from_cpu);
	if (ev->to_cpu != ev->from_cpu)
		add_cpu(tail, w, &tail->msg[i], ev->to_cpu);
	if (tail->n == tail->k)
		watch_slowest(w, took(&tail->msg[fastest(tail)]));
}

static int most_first(const void *a, const void *b)
{
	const struct ran *x = a, *y = b;

	return x->ns < y->ns ? 1 : x->ns > y->ns ? -1 : 0;
}

static json_t *cpu_json(const struct tail_cpu *c)
{
	struct ran ran[RAN_MAX];
	json_t *list = json_array();

	memcpy(ran, c->ran, sizeof(ran));
	qsort(ran, c->nran, sizeof(ran[0]), most_first);
	for (unsigned int i = 0; i < c->nran; i++)
		json_array_append_new(list, json_pack("{s:s,s:I,s:I}", "what", ran[i].what,
						      "ns",
						      (json_int_t)ran[i].ns, "times",
						      (json_int_t)ran[i].times));
	return json_pack("{s:i,s:b,s:o}", "cpu", (int)c->cpu, "whole", c->whole, "ran", list);
}

/* Stamps are relative to S; those that a message does not have are null. */
static json_t *stamps_json(const struct watch_event *ev)
{
	json_t *w = ev->w ? json_integer((json_int_t)(ev->w - ev->s)) : json_null();
	json_t *r = ev->r ? json_integer((json_int_t)(ev->r - ev->s)) : json_null();

	return json_pack("{s:i,s:I,s:o,s:o,s:I,s:I}", "S", 0, "E", (json_int_t)(ev->e - ev->s),
			 "W", w, "R", r, "D", (json_int_t)(ev->d - ev->s), "X",
			 (json_int_t)(ev->x - ev->s));
}

static json_t *end_json(const struct watch *w, __u32 tgid, __u32 tid, __u32 cpu)
{
	return json_pack("{s:i,s:i,s:s,s:i}", "pid", (int)tgid, "tid", (int)tid, "name",
			 watch_proc_name(w, (pid_t)tgid), "cpu", (int)cpu);
}

static json_t *msg_json(const struct tail_msg *m, const struct watch *w)
{
	const struct watch_event *ev = &m->ev;
	json_t *cpus = json_array();
	char obj[48];

	for (unsigned int i = 0; i < m->ncpus; i++)
		json_array_append_new(cpus, cpu_json(&m->cpu[i]));
	return json_pack("{s:s,s:s,s:o,s:o,s:I,s:I,s:I,s:o,s:o}", "kind",
			 watch_kind_name(ev->kind), "object",
			 watch_obj_name(obj, sizeof(obj), ev->kind, ev->obj), "from",
			 end_json(w, ev->from_tgid, ev->from_tid, ev->from_cpu), "to",
			 end_json(w, ev->to_tgid, ev->to_tid, ev->to_cpu), "bytes",
			 (json_int_t)ev->bytes, "at", (json_int_t)ev->s, "total",
			 (json_int_t)(ev->x - ev->s), "stamps", stamps_json(ev), "cpus", cpus);
}

static int slowest_first(const void *a, const void *b)
{
	uint64_t x = took(*(struct tail_msg *const *)a), y = took(*(struct tail_msg *const *)b);

	return x < y ? 1 : x > y ? -1 : 0;
}

json_t *watch_tail_json(const struct watch_tail *tail, const struct watch *w)
{
	const struct tail_msg *order[WATCH_TAIL_MAX];
	json_t *list = json_array();

	for (unsigned int i = 0; i < tail->n; i++)
		order[i] = &tail->msg[i];
	qsort(order, tail->n, sizeof(order[0]), slowest_first);
	for (unsigned int i = 0; i < tail->n; i++)
		json_array_append_new(list, msg_json(order[i], w));
	return list;
}
