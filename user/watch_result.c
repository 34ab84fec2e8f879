// SPDX-License-Identifier: GPL-2.0
#include <string.h>
#include "watch.h"
#include "watch_result.h"

/* A time, where the clock's unit may be shown. */
static json_t *time_json(double v, const char *unit)
{
	return strcmp(unit, "none") ? json_real(v) : json_null();
}

static json_t *phases_json(const struct watch_flow *f, const char *unit)
{
	json_t *list = json_array();

	for (int i = 0; i < WATCH_PHASES_MAX; i++) {
		const struct watch_phase_sum *p = &f->phase[i];
		double mean = p->n ? (double)(int64_t)p->sum / (double)p->n : 0;

		json_t *o = json_pack("{s:s,s:I}", "name", p->name, "n", (json_int_t)p->n);

		json_object_set_new(o, "sum", time_json((double)(int64_t)p->sum, unit));
		json_object_set_new(o, "mean", p->n ? time_json(mean, unit) : json_null());
		json_object_set_new(o, "p50", p->n ? time_json((double)p->p50, unit) : json_null());
		json_object_set_new(o, "p99",
				    p->p99 ? time_json((double)p->p99, unit) : json_null());
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *cpus_json(const struct watch_sum *sum, uint32_t flow)
{
	json_t *list = json_array();

	for (size_t i = 0; i < sum->ncpus; i++) {
		const struct watch_cpus *c = &sum->cpus[i];

		if (c->flow != flow)
			continue;
		json_array_append_new(list, json_pack("{s:i,s:i,s:I}", "from", (int)c->from, "to",
						      (int)c->to, "messages", (json_int_t)c->n));
	}
	return list;
}

static json_t *proc_json(const struct watch *w, pid_t pid)
{
	return json_pack("{s:i,s:s}", "pid", (int)pid, "name", watch_proc_name(w, pid));
}

static json_t *flow_json(const struct watch *w, const struct watch_sum *sum,
			 const struct watch_flow *f, uint64_t ns, const char *unit)
{
	double rate = ns ? (double)f->n * 1e9 / (double)ns : 0;

	return json_pack("{s:s,s:s,s:o,s:o,s:I,s:I,s:I,s:o,s:o,s:o}", "kind", f->kind,
			 "object", f->obj, "from", proc_json(w, f->from), "to",
			 proc_json(w, f->to), "messages", (json_int_t)f->n, "bytes",
			 (json_int_t)f->bytes, "slept", (json_int_t)f->slept, "per_second",
			 time_json(rate, unit), "phases", phases_json(f, unit), "cpus",
			 cpus_json(sum, f->id));
}

/* Add a flow to the entry of its two processes in @graph, made on first sight. */
static void add_to_graph(json_t *graph, const struct watch *w, const struct watch_flow *f)
{
	json_t *e;
	size_t i;

	json_array_foreach(graph, i, e) {
		json_int_t from, to, messages, bytes, flows;

		if (json_unpack(e, "{s:{s:I},s:{s:I},s:I,s:I,s:I}", "from", "pid", &from, "to",
				"pid", &to, "messages", &messages, "bytes", &bytes,
				"flows", &flows))
			continue;
		if (from != f->from || to != f->to)
			continue;
		json_object_set_new(e, "messages", json_integer(messages + (json_int_t)f->n));
		json_object_set_new(e, "bytes", json_integer(bytes + (json_int_t)f->bytes));
		json_object_set_new(e, "flows", json_integer(flows + 1));
		return;
	}
	e = json_pack("{s:o,s:o,s:I,s:I,s:I}", "from", proc_json(w, f->from), "to",
		      proc_json(w, f->to), "messages", (json_int_t)f->n, "bytes",
		      (json_int_t)f->bytes, "flows", (json_int_t)1);
	json_array_append_new(graph, e);
}

static json_t *lines_json(const struct watch_sum *sum)
{
	json_t *list = json_array();

	for (size_t i = 0; i < sum->nlines; i++) {
		const struct watch_line *l = &sum->line[i];

		json_array_append_new(list, json_pack("{s:s,s:s,s:I,s:b}", "name", l->name, "text",
						      l->text, "n", (json_int_t)l->n, "zero",
						      l->zero));
	}
	return list;
}

json_t *watch_result(const struct watch *w, const struct watch_sum *sum, uint64_t ns,
		     const char *unit)
{
	json_t *flows = json_array(), *graph = json_array();

	for (size_t i = 0; i < sum->nflows; i++) {
		json_array_append_new(flows, flow_json(w, sum, &sum->flow[i], ns, unit));
		add_to_graph(graph, w, &sum->flow[i]);
	}
	return json_pack("{s:s,s:s,s:I,s:o,s:o,s:o,s:b,s:s}", "schema", "ipcscope-trace/1", "unit",
			 unit, "duration", (json_int_t)ns, "flows", flows, "graph", graph,
			 "certificate", lines_json(sum), "violated", sum->violated, "absent",
			 sum->absent);
}
