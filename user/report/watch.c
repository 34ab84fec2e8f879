// SPDX-License-Identifier: GPL-2.0
/* `ipcscope trace` for people. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include "../watch_result.h"
#include "number.h"

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "?";
}

static uint64_t count(const json_t *o, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(o, key));
}

/* "n/a" where there is none. */
static const char *figure(const json_t *o, const char *key, char *buf, size_t len)
{
	const json_t *v = json_object_get(o, key);

	return json_is_number(v) ? report_number(buf, len, json_number_value(v)) : "n/a";
}

static const char *end_name(const json_t *flow, const char *key, char *buf, size_t len)
{
	const json_t *p = json_object_get(flow, key);

	snprintf(buf, len, "%s/%llu", text(p, "name"), (unsigned long long)count(p, "pid"));
	return buf;
}

static const json_t *phase_of(const json_t *flow, const char *name)
{
	json_t *p;
	size_t i;

	json_array_foreach(json_object_get(flow, "phases"), i, p)
		if (!strcmp(text(p, "name"), name))
			return p;
	return NULL;
}

static void print_phases(const json_t *flow, FILE *f)
{
	char mean[32], n[32];
	json_t *p;
	size_t i;

	fputs("   ", f);
	json_array_foreach(json_object_get(flow, "phases"), i, p) {
		uint64_t have = count(p, "n");

		if (!have || !strcmp(text(p, "name"), "total"))
			continue;
		fprintf(f, " %s %s", text(p, "name"), figure(p, "mean", mean, sizeof(mean)));
		if (have != count(flow, "messages"))
			fprintf(f, " (of %s)", report_count(n, sizeof(n), have));
	}
	fputc('\n', f);
}

static void print_cpus(const json_t *flow, FILE *f)
{
	char n[32];
	json_t *c;
	size_t i;

	fputs("    CPUs", f);
	json_array_foreach(json_object_get(flow, "cpus"), i, c)
		fprintf(f, " %llu>%llu %s", (unsigned long long)count(c, "from"),
			(unsigned long long)count(c, "to"),
			report_count(n, sizeof(n), count(c, "messages")));
	fputc('\n', f);
}

static void print_flow(const json_t *flow, FILE *f)
{
	char from[40], to[40], n[32], bytes[32], rate[32], mean[32], p50[32], p99[32];
	const json_t *total = phase_of(flow, "total");

	fprintf(f, "%s -> %s  %s %s\n", end_name(flow, "from", from, sizeof(from)),
		end_name(flow, "to", to, sizeof(to)), text(flow, "kind"), text(flow, "object"));
	fprintf(f, "    %s messages, %s bytes, %s a second; mean %s p50 %s p99 %s; %llu woken\n",
		report_count(n, sizeof(n), count(flow, "messages")),
		report_count(bytes, sizeof(bytes), count(flow, "bytes")),
		figure(flow, "per_second", rate, sizeof(rate)),
		figure(total, "mean", mean, sizeof(mean)), figure(total, "p50", p50, sizeof(p50)),
		figure(total, "p99", p99, sizeof(p99)), (unsigned long long)count(flow, "slept"));
	print_phases(flow, f);
	print_cpus(flow, f);
}

static void print_graph(const json_t *result, FILE *f)
{
	char from[40], to[40], n[32], bytes[32];
	json_t *e;
	size_t i;

	fputs("\nWho talks to whom:\n", f);
	json_array_foreach(json_object_get(result, "graph"), i, e)
		fprintf(f, "  %s -> %s: %s messages, %s bytes, over %llu\n",
			end_name(e, "from", from, sizeof(from)), end_name(e, "to", to, sizeof(to)),
			report_count(n, sizeof(n), count(e, "messages")),
			report_count(bytes, sizeof(bytes), count(e, "bytes")),
			(unsigned long long)count(e, "flows"));
}

static void print_stamps(const json_t *m, FILE *f)
{
	const char *const names[] = { "S", "E", "W", "R", "D", "X" };
	const json_t *stamps = json_object_get(m, "stamps");
	char buf[32];

	fputs("   ", f);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const json_t *v = json_object_get(stamps, names[i]);

		if (json_is_null(v))
			fprintf(f, " %s n/a", names[i]);
		else
			fprintf(f, " %s +%s", names[i],
				report_count(buf, sizeof(buf), count(stamps, names[i])));
	}
	fputc('\n', f);
}

static void print_meanwhile(const json_t *m, FILE *f)
{
	char buf[32];
	json_t *c, *r;
	size_t i, j;

	json_array_foreach(json_object_get(m, "cpus"), i, c) {
		fprintf(f, "    CPU %llu:", (unsigned long long)count(c, "cpu"));
		json_array_foreach(json_object_get(c, "ran"), j, r)
			fprintf(f, "%s %s %s (%llu x)", j ? "," : "", text(r, "what"),
				report_count(buf, sizeof(buf), count(r, "ns")),
				(unsigned long long)count(r, "times"));
		fputs(json_is_true(json_object_get(c, "whole")) ? "\n" :
		      " - and what was overwritten before it was looked at\n", f);
	}
}

static void print_tail(const json_t *result, FILE *f)
{
	const json_t *tail = json_object_get(result, "tail");
	char from[40], to[40], n[32], total[32];
	json_t *m;
	size_t i;

	if (!json_array_size(tail))
		return;
	fprintf(f, "\nSlowest messages%s:\n", strcmp(text(result, "unit"), "none") ? "" :
		" (times are the emulator's: they say what came when, not how long it takes)");
	json_array_foreach(tail, i, m) {
		fprintf(f, "%zu. %s  %s -> %s  %s %s, %s bytes\n", i + 1,
			report_count(total, sizeof(total), count(m, "total")),
			end_name(m, "from", from, sizeof(from)), end_name(m, "to", to, sizeof(to)),
			text(m, "kind"), text(m, "object"),
			report_count(n, sizeof(n), count(m, "bytes")));
		print_stamps(m, f);
		print_meanwhile(m, f);
	}
}

static void print_certificate(const json_t *result, FILE *f)
{
	char n[32];
	json_t *l;
	size_t i;

	fputs("\nCertificate:\n", f);
	json_array_foreach(json_object_get(result, "certificate"), i, l) {
		bool violated = json_is_true(json_object_get(l, "zero")) && count(l, "n");

		fprintf(f, "  %14s  %s%s\n", report_count(n, sizeof(n), count(l, "n")),
			text(l, "text"), violated ? "  <- VIOLATED" : "");
	}
	fputs("             n/a  pairs that are wrong: the payloads are not ours to check\n", f);
	if (*text(result, "absent"))
		fprintf(f, "  this kernel lacks: %s; what needs them is not seen\n",
			text(result, "absent"));
}

int watch_report(const json_t *result, FILE *f)
{
	const char *unit = text(result, "unit");
	json_t *flow;
	size_t i;

	fprintf(f, "\nTimes are %s.\n\n", !strcmp(unit, "insn") ? "instructions" :
		!strcmp(unit, "none") ? "an emulator's, and not shown" : "ns");
	json_array_foreach(json_object_get(result, "flows"), i, flow)
		print_flow(flow, f);
	print_graph(result, f);
	print_tail(result, f);
	print_certificate(result, f);
	return fflush(f) || ferror(f) ? -EIO : 0;
}
