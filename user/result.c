// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "fnv.h"
#include "ladder.h"
#include "result.h"
#include "scaling.h"

/* Raise it when the measured loop changes what it measures. */
#define RESULT_LOOP_REV	3

/* What is measured, as opposed to how often: two hashes differ, two figures do not compare. */
static json_t *result_def(const struct cell *c, const struct run_cfg *cfg)
{
	char id[128], text[256], hex[17];

	cell_id(c, id, sizeof(id));
	snprintf(text, sizeof(text), "loop=%d mech=%u cell=%s messages=%llu warmup=%llu",
		 RESULT_LOOP_REV, c->ops->rev, id, (unsigned long long)cfg->messages,
		 (unsigned long long)cfg->warmup);
	snprintf(hex, sizeof(hex), "%016llx",
		 (unsigned long long)fnv_add(FNV_START, text, strlen(text)));
	return json_string(hex);
}

/* To a thousandth: more digits would say nothing. */
static json_t *result_real(double v)
{
	return json_real(round(v * 1000) / 1000);
}

static json_t *result_cost(const struct cell_arm *a, const struct clock *clock)
{
	struct stats_estimate e;

	if (!a->nsamples || clock->unit == CLOCK_NONE)
		return json_null();
	stats_estimate(a->sample, a->nsamples, &e);
	return json_pack("{s:o, s:o}", "per_msg", result_real(e.mean), "ci95", e.has_ci ?
			 json_pack("[o, o]", result_real(e.lo), result_real(e.hi)) : json_null());
}

static json_t *result_quantile(const struct hist *h, unsigned int permille)
{
	uint64_t v;

	return hist_quantile(h, permille, &v) ? json_null() : json_integer((json_int_t)v);
}

/* Non-empty buckets as [upper edge, count]: enough to merge and to draw. */
static json_t *result_buckets(const struct hist *h)
{
	json_t *all = json_array();

	for (unsigned int i = 0; i < HIST_BUCKETS; i++)
		if (h->bucket[i])
			json_array_append_new(all, json_pack("[I, I]", (json_int_t)hist_upper(i),
							     (json_int_t)h->bucket[i]));
	return all;
}

static json_t *result_latency(const struct cell_arm *a, const struct clock *clock)
{
	const struct hist *h = a->latency;

	if (!h || !h->n || clock->unit == CLOCK_NONE)
		return json_null();
	return json_pack("{s:I, s:I, s:o, s:o, s:o, s:I, s:o}", "n", (json_int_t)h->n,
			 "min", (json_int_t)hist_min(h), "p50", result_quantile(h, 500),
			 "p99", result_quantile(h, 990), "p999", result_quantile(h, 999),
			 "max", (json_int_t)h->max, "buckets", result_buckets(h));
}

static json_t *result_verify(const struct cell_arm *a)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "sent", (json_int_t)a->sent,
			 "received", (json_int_t)a->verify.received,
			 "lost", (json_int_t)a->verify.lost,
			 "duplicated", (json_int_t)a->verify.duplicated,
			 "reordered", (json_int_t)a->verify.reordered,
			 "corrupt", (json_int_t)a->verify.corrupt);
}

static json_t *result_cpus(const struct cell *c, enum mech_side side)
{
	json_t *all = json_array();

	for (unsigned int i = 0; i < c->nworkers; i++)
		if (c->worker[i].side == side ||
		    (c->place == PLACE_SMP && c->ops->traits & MECH_T_SERVED))
			json_array_append_new(all, json_integer(c->worker[i].cpu));
	/* One thread is both, or the kernel has one there. */
	if (side == SIDE_RECEIVER && c->ops->traits & MECH_T_SOLO)
		json_array_append_new(all, json_integer(c->worker[0].cpu));
	else if (side == SIDE_RECEIVER && c->ops->traits & MECH_T_SERVED &&
		 c->place != PLACE_SMP)
		json_array_append_new(all, json_integer(c->service));
	return all;
}

static json_t *result_placed(const struct cell *c)
{
	const struct cell_arm *a = &c->arm[ARM_PLAIN];

	if (!a->nsamples)
		return json_null();
	return json_pack("{s:o, s:o, s:I, s:i}", "sender", result_cpus(c, SIDE_SENDER),
			 "receiver", result_cpus(c, SIDE_RECEIVER),
			 "rejected", (json_int_t)a->side[SIDE_SENDER].rejected +
				     (json_int_t)a->side[SIDE_RECEIVER].rejected,
			 "blocks_rejected", (int)a->blocks_rejected);
}

static json_t *result_side(const struct cell_side *s, const struct clock *clock)
{
	const bool ns = clock->unit == CLOCK_NS;
	/* A guest whose clock counts instructions takes them for nanoseconds. */
	const bool insn = clock->unit == CLOCK_INSN && clock->alone;
	json_t *cpu = json_integer((json_int_t)s->cpu_ns);
	json_t *o = json_pack("{s:I, s:I, s:O, s:O}", "voluntary", (json_int_t)s->voluntary,
			      "involuntary", (json_int_t)s->involuntary,
			      "cpu_ns", ns ? cpu : json_null(),
			      "cpu_insn", insn ? cpu : json_null());

	json_decref(cpu);
	return o;
}

static json_t *result_counters(const struct cell_arm *a, const struct clock *clock)
{
	if (!a->measured)
		return json_null();
	return json_pack("{s:I, s:o, s:o}", "messages", (json_int_t)a->measured,
			 "sender", result_side(&a->side[SIDE_SENDER], clock),
			 "receiver", result_side(&a->side[SIDE_RECEIVER], clock));
}

static json_t *result_phase(const struct trace_phase *p, const struct clock *clock)
{
	if (p->absent)
		return json_pack("{s:s, s:s, s:b}", "name", p->name, "hook", p->hook, "absent", 1);
	if (!p->n || clock->unit == CLOCK_NONE)
		return json_pack("{s:s, s:s, s:I}", "name", p->name, "hook", p->hook,
				 "n", (json_int_t)p->n);
	return json_pack("{s:s, s:s, s:I, s:I, s:o, s:I, s:o}", "name", p->name, "hook", p->hook,
			 "n", (json_int_t)p->n, "sum", (json_int_t)p->sum,
			 "mean", result_real((double)p->sum / (double)p->n),
			 "p50", (json_int_t)p->p50,
			 "p99", p->p99 ? json_integer((json_int_t)p->p99) : json_null());
}

static json_t *result_phases(const struct cell *c, const struct clock *clock)
{
	const struct trace_result *t = &c->phases[ARM_TRACED];
	json_t *all = json_array();

	for (unsigned int i = 0; i < t->nphases; i++) {
		json_t *o = result_phase(&t->phase[i], clock);

		if (json_object_get(o, "mean"))
			ladder_add(o, c, i);
		json_array_append_new(all, o);
	}
	return all;
}

static json_t *result_cert(const struct trace_cert *t)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
			 "sent", (json_int_t)t->sent, "received", (json_int_t)t->received,
			 "in_flight", (json_int_t)t->in_flight,
			 "unmatched", (json_int_t)t->unmatched, "missed", (json_int_t)t->missed,
			 "map_failed", (json_int_t)t->map_failed,
			 "overwritten", (json_int_t)t->overwritten,
			 "negative", (json_int_t)t->negative,
			 "mispaired", (json_int_t)t->mispaired,
			 "unreadable", (json_int_t)t->unreadable);
}

/* Nobody could tell: then there are none, rather than zeros. */
static json_t *result_classes(const struct trace_result *t)
{
	json_t *o;

	if (t->classless)
		return json_null();
	o = json_object();
	for (enum trace_class i = 0; i < TRACE_CLASSES; i++)
		json_object_set_new(o, trace_class_name(i), json_integer((json_int_t)t->class[i]));
	return o;
}

static void result_add_trace(json_t *o, const struct cell *c, const struct clock *clock)
{
	const struct trace_result *t = &c->phases[ARM_TRACED];
	const bool timed = clock->unit != CLOCK_NONE;
	json_t *traced;

	if (*c->trace_why.text)
		json_object_set_new(o, "untraced", json_string(c->trace_why.text));
	if (!c->arm[ARM_TRACED].launches)
		return;
	traced = json_pack("{s:s, s:o, s:o, s:I, s:o, s:o, s:o}", "set", t->set,
			   "cost", result_cost(&c->arm[ARM_TRACED], clock),
			   "verify", result_verify(&c->arm[ARM_TRACED]),
			   "messages", (json_int_t)t->measured, "slept", t->classless ?
			   json_null() : json_integer((json_int_t)t->slept),
			   "classes", result_classes(t),
			   "total", timed ? json_integer((json_int_t)t->total) : json_null());
	if (*c->trace_note.text)
		json_object_set_new(traced, "note", json_string(c->trace_note.text));
	if (timed)
		ladder_add(traced, c, LADDER_COST);
	if (*c->ladder_why.text)
		json_object_set_new(traced, "no_ladder", json_string(c->ladder_why.text));
	json_object_set_new(o, "traced", traced);
	json_object_set_new(o, "phases", result_phases(c, clock));
	json_object_set_new(o, "certificate", result_cert(&t->cert));
}

/* What only cells with a width have. */
static void result_add_width(json_t *o, const struct cell *c, const struct clock *clock)
{
	const bool kernel = c->ops->traits & MECH_T_SERVED;
	json_t *service;

	json_object_set_new(o, "cpus", json_integer(cell_cpus(c)));
	json_object_set_new(o, "throughput", c->status == CELL_OK ?
			    scaling_throughput(c, clock) : json_null());
	if (c->place != PLACE_AMP)
		return;
	service = json_pack("{s:i, s:b, s:s, s:s}", "cpu", c->service, "isolated", c->isolated,
			    "thread", kernel ? "kernel" : "user", "scheduler",
			    kernel || c->arm[ARM_PLAIN].fifo ? "fifo" : "other");
	json_object_set_new(o, "service", service);
}

static json_t *result_cell(const struct cell *c, const struct run_cfg *cfg,
			   const struct clock *clock)
{
	const struct cell_arm *a = &c->arm[ARM_PLAIN];
	const bool ok = c->status == CELL_OK;
	char id[128];
	json_t *o;

	cell_id(c, id, sizeof(id));
	o = json_pack("{s:s, s:o, s:i, s:s, s:s?, s:s, s:s, s:s, s:I, s:s, s:s}",
		      "id", id, "def", result_def(c, cfg), "run", 0,
		      "status", cell_status_name(c->status), "reason", ok ? NULL : c->why.text,
		      "mech", c->ops->name, "pattern", cell_pattern_name(c->pattern),
		      "wait", cell_wait_name(c->cfg.wait), "size", (json_int_t)c->cfg.size,
		      "placement", topo_place_name(c->place),
		      "unit", clock_unit_name(clock->unit));
	if (o && cell_wide(c))
		json_object_set_new(o, "width", json_integer(c->width));
	if (!o || c->status == CELL_SKIP)
		return o;
	/* A failed cell keeps its counts, which are the evidence, and loses its figures. */
	json_object_set_new(o, "cost", ok ? result_cost(a, clock) : json_null());
	json_object_set_new(o, "latency", ok ? result_latency(a, clock) : json_null());
	json_object_set_new(o, "launches", json_integer(a->launches));
	json_object_set_new(o, "verify", result_verify(a));
	json_object_set_new(o, "placed", result_placed(c));
	json_object_set_new(o, "counters", result_counters(a, clock));
	if (cell_wide(c))
		result_add_width(o, c, clock);
	if (ok)
		result_add_trace(o, c, clock);
	return o;
}

/* Interrupted before its first launch ended: there is nothing to say about it. */
static bool result_unmeasured(const struct cell *c)
{
	return c->status == CELL_OK && !c->arm[ARM_PLAIN].launches;
}

json_t *result_build(const struct plan *plan, const struct run_cfg *cfg,
		     const struct clock *clock, json_t *manifest, bool complete)
{
	json_t *cells = json_array(), *result, *scaling;

	for (size_t i = 0; i < plan->n; i++)
		if (!result_unmeasured(&plan->cell[i]))
			json_array_append_new(cells, result_cell(&plan->cell[i], cfg, clock));
	result = json_pack("{s:s, s:b, s:{s:[o]}, s:o}", "schema", RESULT_SCHEMA,
			   "complete", complete, "manifest", "runs", manifest, "cells", cells);
	scaling = scaling_build(plan, clock);
	if (json_array_size(scaling))
		json_object_set(result, "scaling", scaling);
	json_decref(scaling);
	return result;
}

static bool result_valid(json_t *r)
{
	const char *schema = json_string_value(json_object_get(r, "schema"));

	return schema && !strcmp(schema, RESULT_SCHEMA) &&
	       json_is_array(json_object_get(r, "cells")) &&
	       json_is_array(json_object_get(json_object_get(r, "manifest"), "runs"));
}

json_t *result_load(const char *path, struct mech_why *why)
{
	json_error_t error;
	json_t *r = json_load_file(path, 0, &error);

	if (!r) {
		mech_because(why, "%s: %.120s; give a file from ipcscope run --json", path,
			     error.text);
		return NULL;
	}
	if (result_valid(r))
		return r;
	mech_because(why, "%s: not a result of schema %s", path, RESULT_SCHEMA);
	json_decref(r);
	return NULL;
}

static const char *result_string(json_t *cell, const char *key)
{
	const char *s = json_string_value(json_object_get(cell, key));

	return s ? s : "";
}

/* Same definition, and the same unit unless one of them has no figures. */
static bool result_alike(json_t *a, json_t *b)
{
	const char *ua = result_string(a, "unit"), *ub = result_string(b, "unit");

	return !strcmp(result_string(a, "def"), result_string(b, "def")) &&
	       (!strcmp(ua, ub) || !strcmp(ua, "none") || !strcmp(ub, "none"));
}

static json_t *result_run(json_t *result, json_t *cell)
{
	json_t *runs = json_object_get(json_object_get(result, "manifest"), "runs");

	return json_array_get(runs, (size_t)json_integer_value(json_object_get(cell, "run")));
}

static bool result_timed(json_t *cell)
{
	return !strcmp(result_string(cell, "status"), "ok") &&
	       strcmp(result_string(cell, "unit"), "none");
}

static const char *result_release(json_t *run)
{
	return result_string(json_object_get(run, "kernel"), "release");
}

/*
 * What differs between the systems that gave two runs their figures, NULL: nothing. Two
 * kernels may: they are not taken together, but stand side by side, each with its module.
 */
static const char *result_differs(json_t *a, json_t *b)
{
	static const char *const part[] = { "hypervisor", "tool", "kernel", "module" };
	const size_t n = strcmp(result_release(a), result_release(b)) ? 2 : 4;

	for (size_t i = 0; i < n; i++) {
		json_t *x = json_object_get(a, part[i]), *y = json_object_get(b, part[i]);

		if (x && y && !json_equal(x, y))
			return part[i];
	}
	return NULL;
}

static int result_check_system(json_t *to, json_t *old, json_t *from, json_t *cell,
			       struct mech_why *why)
{
	const char *part = NULL;

	if (result_timed(old) && result_timed(cell))
		part = result_differs(result_run(to, old), result_run(from, cell));
	if (!part)
		return 0;
	mech_because(why, "%s: the %s differs between the files, see \"%s\" in their manifests, so its figures do not compare; report them one by one",
		     result_string(cell, "id"), part, part);
	return -EINVAL;
}

static int result_check_alike(json_t *to, json_t *from, json_t *cell, struct mech_why *why)
{
	json_t *other;
	size_t i;

	json_array_foreach(json_object_get(to, "cells"), i, other) {
		if (strcmp(result_string(other, "id"), result_string(cell, "id")))
			continue;
		if (result_alike(other, cell)) {
			int ret = result_check_system(to, other, from, cell, why);

			if (ret)
				return ret;
			continue;
		}
		mech_because(why, "%s does not compare: definition %s in %s here, %s in %s there; use the same options, version and clock for both",
			     result_string(cell, "id"), result_string(other, "def"),
			     result_string(other, "unit"), result_string(cell, "def"),
			     result_string(cell, "unit"));
		return -EINVAL;
	}
	return 0;
}

/* A copy that belongs to a run that many further on. */
static json_t *result_copy(json_t *o, size_t base)
{
	json_t *copy = json_copy(o);

	json_object_set_new(copy, "run", json_integer((json_int_t)base +
			    json_integer_value(json_object_get(o, "run"))));
	return copy;
}

/* A fit is of the rounds of one run: those of others stand beside it. */
static int result_merge_scaling(json_t *to, json_t *from, size_t base)
{
	json_t *all = json_object_get(to, "scaling"), *curve;
	size_t i;

	if (!all && json_object_get(from, "scaling")) {
		all = json_array();
		if (json_object_set_new(to, "scaling", all))
			return -ENOMEM;
	}
	json_array_foreach(json_object_get(from, "scaling"), i, curve)
		if (json_array_append_new(all, result_copy(curve, base)))
			return -ENOMEM;
	return 0;
}

int result_merge(json_t *to, json_t *from, struct mech_why *why)
{
	json_t *runs = json_object_get(json_object_get(to, "manifest"), "runs");
	json_t *cells = json_object_get(to, "cells"), *cell;
	const size_t base = json_array_size(runs);
	size_t i;

	json_array_foreach(json_object_get(from, "cells"), i, cell) {
		int ret = result_check_alike(to, from, cell, why);

		if (ret)
			return ret;
		if (json_array_append_new(cells, result_copy(cell, base)))
			return -ENOMEM;
	}
	if (result_merge_scaling(to, from, base))
		return -ENOMEM;
	if (!json_is_true(json_object_get(from, "complete")))
		json_object_set_new(to, "complete", json_false());
	return json_array_extend(runs, json_object_get(json_object_get(from, "manifest"), "runs")) ?
		-ENOMEM : 0;
}

int result_write(json_t *result, FILE *f)
{
	errno = 0;
	if (json_dumpf(result, f, JSON_INDENT(1) | JSON_REAL_PRECISION(15)) ||
	    fputc('\n', f) == EOF || fflush(f))
		return errno ? -errno : -EIO;
	return 0;
}
