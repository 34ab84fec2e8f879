// SPDX-License-Identifier: GPL-2.0
/* From the maps of `ipcscope trace` to plain numbers. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/types.h>
#include "watch.h"
#include "../user/watch.h"
#include "watch.skel.h"
#include "watch_read.h"

static const char *const kind_names[WATCH_KINDS] = {
	[WATCH_PIPE]		= "pipe",
	[WATCH_FIFO]		= "fifo",
	[WATCH_UNIX_STREAM]	= "unix-stream",
	[WATCH_UNIX_DGRAM]	= "unix-dgram",
	[WATCH_UNIX_SEQPACKET]	= "unix-seqpacket",
	[WATCH_SYSV_MSG]	= "sysv-msg",
	[WATCH_POSIX_MQ]	= "posix-mq",
};

static const char *const phase_names[WATCH_PHASES] = {
	[WATCH_COPY_IN]	  = "copy-in",
	[WATCH_QUEUED]	  = "queued",
	[WATCH_WAKE]	  = "wake",
	[WATCH_RUN_QUEUE] = "run-queue",
	[WATCH_DEQUEUE]	  = "dequeue",
	[WATCH_EXIT]	  = "exit",
	[WATCH_TOTAL]	  = "total",
};

const char *watch_kind_name(unsigned int kind)
{
	return kind < WATCH_KINDS ? kind_names[kind] : "?";
}

/* As /proc/PID/fd and ipcs have it. */
char *watch_obj_name(char *buf, size_t len, unsigned int kind, uint64_t obj)
{
	static const char *const prefix[WATCH_KINDS] = {
		[WATCH_PIPE] = "pipe", [WATCH_FIFO] = "fifo", [WATCH_UNIX_STREAM] = "socket",
		[WATCH_UNIX_DGRAM] = "socket", [WATCH_UNIX_SEQPACKET] = "socket",
		[WATCH_SYSV_MSG] = "msqid", [WATCH_POSIX_MQ] = "mqueue",
	};
	const char *name = kind < WATCH_KINDS ? prefix[kind] : "?";

	if (!obj)
		snprintf(buf, len, "%s:others", name);
	else
		snprintf(buf, len, "%s:[%llu]", name,
			 (unsigned long long)(kind == WATCH_SYSV_MSG ? obj - 1 : obj));
	return buf;
}

/* The largest value that falls into bucket @i. */
static uint64_t bucket_top(unsigned int i)
{
	unsigned int shift;

	if (i < 2u << WATCH_HIST_P)
		return i;
	shift = (i >> WATCH_HIST_P) - 1;
	i = (i & ((1u << WATCH_HIST_P) - 1)) + (1u << WATCH_HIST_P);
	return (((uint64_t)i + 1) << shift) - 1;
}

static uint64_t percentile(const struct watch_stat *st, unsigned int percent)
{
	uint64_t seen = 0;

	for (unsigned int i = 0; st->n && i < WATCH_HIST; i++) {
		seen += st->hist[i];
		if (seen * 100 >= st->n * percent)
			return bucket_top(i);
	}
	return 0;
}

static void read_flow(const struct watch_edge_key *key, const struct watch_edge *edge,
		      struct watch_flow *f)
{
	*f = (struct watch_flow){
		.id = edge->id,
		.kind = watch_kind_name(key->kind),
		.from = key->from,
		.to = key->to,
		.n = edge->n,
		.bytes = edge->bytes,
		.slept = edge->slept,
	};
	watch_obj_name(f->obj, sizeof(f->obj), key->kind, key->obj);
	for (int i = 0; i < WATCH_PHASES; i++)
		f->phase[i] = (struct watch_phase_sum){
			.name = phase_names[i],
			.n = edge->phase[i].n,
			.sum = edge->phase[i].sum,
			.p50 = percentile(&edge->phase[i], 50),
			.p99 = edge->phase[i].n >= 1000 ? percentile(&edge->phase[i], 99) : 0,
		};
}

static int most_first(const void *a, const void *b)
{
	const struct watch_flow *x = a, *y = b;

	if (x->n != y->n)
		return x->n < y->n ? 1 : -1;
	return strcmp(x->obj, y->obj);
}

static int read_flows(const struct watch *w, struct watch_sum *sum)
{
	int fd = bpf_map__fd(w->skel->maps.edges);
	struct watch_edge_key key, *prev = NULL;
	struct watch_edge *edge = malloc(sizeof(*edge));

	sum->flow = calloc(WATCH_EDGES, sizeof(*sum->flow));
	if (!edge || !sum->flow) {
		free(edge);
		return -ENOMEM;
	}
	while (sum->nflows < WATCH_EDGES && !bpf_map_get_next_key(fd, prev, &key)) {
		prev = &key;
		if (!bpf_map_lookup_elem(fd, &key, edge) && edge->n)
			read_flow(&key, edge, &sum->flow[sum->nflows++]);
	}
	free(edge);
	qsort(sum->flow, sum->nflows, sizeof(*sum->flow), most_first);
	return 0;
}

static int read_cpus(const struct watch *w, struct watch_sum *sum)
{
	int fd = bpf_map__fd(w->skel->maps.pairs);
	struct watch_pair key, *prev = NULL;
	__u64 n;

	sum->cpus = calloc(WATCH_PAIRS, sizeof(*sum->cpus));
	if (!sum->cpus)
		return -ENOMEM;
	while (sum->ncpus < WATCH_PAIRS && !bpf_map_get_next_key(fd, prev, &key)) {
		prev = &key;
		if (!bpf_map_lookup_elem(fd, &key, &n))
			sum->cpus[sum->ncpus++] = (struct watch_cpus){
				.flow = key.edge, .from = key.from, .to = key.to, .n = n,
			};
	}
	return 0;
}

static bool in_flight(const struct watch_msg *m)
{
	return m->followed && m->state == WATCH_LAST;
}

/* Sent, and neither received nor gone: in an object, or in the hands of a receiver. */
static uint64_t count_in_flight(const struct watch *w)
{
	int fd = bpf_map__fd(w->skel->maps.msgs), tasks = bpf_map__fd(w->skel->maps.tasks);
	struct watch_key key, *prev = NULL;
	__u32 tid, *before = NULL;
	struct watch_task t;
	struct watch_msg m;
	uint64_t n = 0;

	while (!bpf_map_get_next_key(fd, prev, &key)) {
		prev = &key;
		n += !bpf_map_lookup_elem(fd, &key, &m) && in_flight(&m);
	}
	while (!bpf_map_get_next_key(tasks, before, &tid)) {
		before = &tid;
		n += !bpf_map_lookup_elem(tasks, &tid, &t) && t.op == WATCH_RECV &&
		     t.kind > WATCH_FIFO && t.ndone && in_flight(&t.done);
	}
	return n;
}

/* Runs that the kernel skipped because the same program was running on that CPU. */
static uint64_t count_missed(const struct watch *w)
{
	struct bpf_program *prog;
	uint64_t missed = 0;

	bpf_object__for_each_program(prog, w->skel->obj) {
		struct bpf_prog_info info = {};
		__u32 len = sizeof(info);
		int fd = bpf_program__fd(prog);

		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &len))
			missed += info.recursion_misses;
	}
	return missed;
}

static void add_line(struct watch_sum *sum, const char *name, const char *text, uint64_t n,
		     bool zero)
{
	sum->line[sum->nlines++] = (struct watch_line){ name, text, n, zero };
	sum->violated |= zero && n;
}

static void read_losses(const struct watch *w, struct watch_sum *sum)
{
	const __u64 *c = w->skel->bss->counts;
	const struct {
		const char *name;
		const char *text;
		uint64_t n;
	} zero[] = {
		{ "unmatched", "received without a send", c[WATCH_UNMATCHED] },
		{ "missed", "probe runs skipped by the kernel", count_missed(w) },
		{ "map_full", "not followed: no room for its task, object, message or name",
		  c[WATCH_NO_TASK] + c[WATCH_NO_OBJ] + c[WATCH_NO_MSG] + c[WATCH_NO_PROC] },
		{ "no_edge", "counted without object: no room in the graph",
		  c[WATCH_NO_EDGE] + c[WATCH_NO_PAIR] },
		{ "dropped", "single messages not fetched in time", c[WATCH_DROPPED] },
		{ "negative", "phases of negative length", c[WATCH_NEGATIVE] },
	};

	for (size_t i = 0; i < sizeof(zero) / sizeof(zero[0]); i++)
		add_line(sum, zero[i].name, zero[i].text, zero[i].n, true);
}

/* sent = received + in flight + what became of the others, each counted for itself. */
static void read_lines(const struct watch *w, struct watch_sum *sum)
{
	const __u64 *c = w->skel->bss->counts;
	uint64_t sent = c[WATCH_SENT] + c[WATCH_SENT_OTHERS] - c[WATCH_ABORTED];
	uint64_t received = c[WATCH_RECEIVED] + c[WATCH_UNTIMED];
	uint64_t flying = count_in_flight(w);
	uint64_t gone = c[WATCH_CLOSED] + c[WATCH_SPLICED] + c[WATCH_LATE];
	uint64_t off = sent - received - flying - gone;

	add_line(sum, "sent", "sent", sent, false);
	add_line(sum, "received", "received", received, false);
	add_line(sum, "in_flight", "in flight at the end", flying, false);
	add_line(sum, "closed", "thrown away with its object", c[WATCH_CLOSED], false);
	add_line(sum, "spliced", "taken by splice(), unseen", c[WATCH_SPLICED], false);
	add_line(sum, "late", "received by a call that began before tracing", c[WATCH_LATE], false);
	add_line(sum, "coalesced", "made one with another", 0, false);
	add_line(sum, "balance", "sent less all of these", (int64_t)off < 0 ? -off : off, true);
	add_line(sum, "before", "receives of what was sent before tracing", c[WATCH_BEFORE], false);
	add_line(sum, "untimed", "of the received: before it was whole", c[WATCH_UNTIMED], false);
	add_line(sum, "foreign", "times that others moved a pipe's bytes", c[WATCH_FOREIGN], false);
	read_losses(w, sum);
}

int watch_read(struct watch *w, struct watch_sum *sum)
{
	int err;

	*sum = (struct watch_sum){ };
	err = read_flows(w, sum);
	if (!err)
		err = read_cpus(w, sum);
	if (err) {
		watch_sum_free(sum);
		return err;
	}
	read_lines(w, sum);
	memcpy(sum->absent, w->absent, sizeof(sum->absent));
	return 0;
}

void watch_sum_free(struct watch_sum *sum)
{
	free(sum->flow);
	free(sum->cpus);
	*sum = (struct watch_sum){ };
}

const char *watch_proc_name(const struct watch *w, pid_t pid)
{
	static struct watch_proc p;
	__u32 tgid = pid;

	if (bpf_map_lookup_elem(bpf_map__fd(w->skel->maps.procs), &tgid, &p))
		return "?";
	p.comm[sizeof(p.comm) - 1] = '\0';
	/* Any bytes will do for the kernel, for JSON they will not. */
	for (char *c = p.comm; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return p.comm;
}

size_t watch_context(const struct watch *w, unsigned int cpu, uint64_t from, uint64_t to,
		     struct watch_ctx *out, size_t max, bool *whole)
{
	const struct watch_ctx *ring = w->ctx + (size_t)cpu * WATCH_CTX;
	uint64_t head, first, i;
	size_t n = 0;

	*whole = false;
	if (cpu >= w->ncpus)
		return 0;
	head = __atomic_load_n(&w->head[cpu], __ATOMIC_ACQUIRE);
	first = head > WATCH_CTX ? head - WATCH_CTX : 0;
	/* Back to the switch that brought in who ran at @from. */
	for (i = head; i > first; i--) {
		const struct watch_ctx *c = &ring[(i - 1) % WATCH_CTX];

		if (c->t <= from && c->type == WATCH_CTX_SWITCH)
			break;
	}
	*whole = i > first;
	for (i -= *whole; i < head && n < max; i++) {
		out[n] = ring[i % WATCH_CTX];
		if (out[n].t > to)
			break;
		n++;
	}
	*whole &= n < max;
	/* What was overwritten meanwhile is not what it was. */
	if (__atomic_load_n(&w->head[cpu], __ATOMIC_ACQUIRE) > i - n + WATCH_CTX)
		*whole = false;
	return n;
}
