// SPDX-License-Identifier: GPL-2.0
#include <string.h>
#include "amp.h"
#include "group.h"
#include "number.h"

static int amp_is(json_t *cell, const char *place)
{
	return !strcmp(group_string(cell, "placement"), place) &&
	       !strcmp(group_string(cell, "status"), "ok") &&
	       json_is_object(json_object_get(cell, "throughput"));
}

/* The same work on as many CPUs. */
static json_t *amp_partner(json_t *cells, json_t *amp)
{
	json_t *cell;
	size_t i;

	json_array_foreach(cells, i, cell)
		if (amp_is(cell, "smp") &&
		    group_integer(cell, "run") == group_integer(amp, "run") &&
		    group_integer(cell, "cpus") == group_integer(amp, "cpus") &&
		    group_integer(cell, "size") == group_integer(amp, "size") &&
		    !strcmp(group_string(cell, "mech"), group_string(amp, "mech")))
			return cell;
	return NULL;
}

static double amp_rate(json_t *cell)
{
	return json_number_value(json_object_get(json_object_get(cell, "throughput"), "rate"));
}

/* CPU time of one side for each message, n/a where the clock counts all CPUs'. */
static void amp_cpu(json_t *cell, const char *side, char *buf, size_t len)
{
	json_t *counters = json_object_get(cell, "counters");
	json_t *ns = json_object_get(json_object_get(counters, side), "cpu_ns");
	const uint64_t messages = group_integer(counters, "messages");

	if (json_is_integer(ns) && messages)
		report_number(buf, len, (double)json_integer_value(ns) / (double)messages);
	else
		strcpy(buf, "n/a");
}

static void amp_line(json_t *cell, const char *name, double against, FILE *f)
{
	const double rate = amp_rate(cell), cpus = (double)group_integer(cell, "cpus");
	char total[24], each[24], client[24], service[24], ratio[16] = "";

	amp_cpu(cell, "sender", client, sizeof(client));
	amp_cpu(cell, "receiver", service, sizeof(service));
	if (against > 0)
		snprintf(ratio, sizeof(ratio), "%.2f", rate / against);
	fprintf(f, "%5llu  %-4s %8llu %12s %12s %10s %10s %9s\n",
		(unsigned long long)group_integer(cell, "cpus"), name,
		(unsigned long long)group_integer(cell, "width"),
		report_number(total, sizeof(total), rate),
		report_number(each, sizeof(each), rate / cpus), client, service, ratio);
}

static void amp_head(json_t *cell, FILE *f)
{
	json_t *service = json_object_get(cell, "service");
	const char *unit = group_string(cell, "unit");

	fprintf(f, "\na service core beside the same CPUs used alike: %s, %llu-byte round trips, run %llu [per %s]\n",
		group_string(cell, "mech"), (unsigned long long)group_integer(cell, "size"),
		(unsigned long long)group_integer(cell, "run") + 1,
		strcmp(unit, "ns") ? "million units" : "second");
	fprintf(f, "  amp: a %s thread on CPU %llu (%s; %s) polls; smp: each CPU has a client and its server, which sleep\n",
		group_string(service, "thread"),
		(unsigned long long)group_integer(service, "cpu"),
		strcmp(group_string(service, "scheduler"), "fifo") ?
			"not real-time: SCHED_FIFO not permitted" : "SCHED_FIFO",
		json_is_true(json_object_get(service, "isolated")) ? "isolated" : "not isolated");
	fprintf(f, "%5s  %-4s %8s %12s %12s %10s %10s %9s\n", "", "", "", "", "", "CPU-ns of", "CPU-ns of",
		"");
	fprintf(f, "%5s  %-4s %8s %12s %12s %10s %10s %9s\n", "CPUs", "", "clients", "rate", "per CPU",
		"clients", "servers", "amp/smp");
}

static int amp_same(json_t *a, json_t *b)
{
	return a && group_integer(a, "run") == group_integer(b, "run") &&
	       group_integer(a, "size") == group_integer(b, "size") &&
	       !strcmp(group_string(a, "mech"), group_string(b, "mech"));
}

/* Does another line follow under the same head? */
static int amp_more(json_t *cells, size_t i)
{
	json_t *cell = json_array_get(cells, i), *next;

	while ((next = json_array_get(cells, ++i)))
		if (amp_is(next, "amp"))
			return amp_same(next, cell);
	return 0;
}

static void amp_meaning(json_t *cell, FILE *f)
{
	if (strcmp(group_string(cell, "unit"), "insn"))
		return;
	fputs("  Counted, not timed: who waits gives its turn away and costs nothing, so that a service with\n"
	      "  too many clients does not show; what is compared is the work that is executed. CPU time is\n"
	      "  n/a, as a task's includes the turns of other CPUs.\n", f);
}

void amp_print(json_t *cells, FILE *f)
{
	json_t *cell, *last = NULL;
	size_t i;

	json_array_foreach(cells, i, cell) {
		json_t *smp;

		if (!amp_is(cell, "amp"))
			continue;
		if (!amp_same(last, cell))
			amp_head(cell, f);
		smp = amp_partner(cells, cell);
		amp_line(cell, "amp", smp ? amp_rate(smp) : 0, f);
		if (smp)
			amp_line(smp, "smp", 0, f);
		if (!amp_more(cells, i))
			amp_meaning(cell, f);
		last = cell;
	}
}
