// SPDX-License-Identifier: GPL-2.0
/*
 * The Trace Event Format, JSON object form: "X" complete slices, "s" and "f" flow ends, "M"
 * names. Times are microseconds, with three decimals: nanoseconds. A flow end belongs to the
 * slice of its thread that encloses its time: the send from S to its exit encloses E, the
 * receive from its entry to X encloses D.
 */
#include <errno.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../bpf/watch.h"
#include "watch.h"
#include "watch_perfetto.h"

/* Some 100 MB; the viewers become slow beyond. */
#define EVENTS_MAX	500000
/* Threads whose names are written. */
#define THREADS_MAX	4096

struct thread {
	__u32 tid;
	__u32 tgid;
};

struct watch_perfetto {
	FILE *f;
	char *path;
	unsigned long n;
	unsigned long left_out;
	unsigned int nthreads;
	struct thread thread[THREADS_MAX];
};

int watch_perfetto_open(struct watch_perfetto **out, const char *path, struct mech_why *why)
{
	struct watch_perfetto *p = calloc(1, sizeof(*p));

	*out = NULL;
	if (!p)
		return -ENOMEM;
	p->path = strdup(path);
	p->f = p->path ? fopen(path, "we") : NULL;
	if (!p->f) {
		int err = -errno;

		mech_because(why, "--perfetto: %s: %s", path, strerror(-err));
		free(p->path);
		free(p);
		return err;
	}
	fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n", p->f);
	*out = p;
	return 0;
}

static void note_thread(struct watch_perfetto *p, __u32 tid, __u32 tgid)
{
	for (unsigned int i = 0; i < p->nthreads; i++)
		if (p->thread[i].tid == tid)
			return;
	if (p->nthreads < THREADS_MAX)
		p->thread[p->nthreads++] = (struct thread){ tid, tgid };
}

static void begin(struct watch_perfetto *p, const char *ph, __u32 tgid, __u32 tid, uint64_t t)
{
	note_thread(p, tid, tgid);
	fprintf(p->f, "%s{\"ph\":\"%s\",\"pid\":%u,\"tid\":%u,\"ts\":%llu.%03llu", p->n ? ",\n" : "",
		ph, tgid, tid, (unsigned long long)(t / 1000), (unsigned long long)(t % 1000));
	p->n++;
}

static void add_slice(struct watch_perfetto *p, const struct watch_event *ev)
{
	const char *what = ev->type == WATCH_EV_SEND ? "send" :
			   ev->type == WATCH_EV_RECV ? "receive" : "sleep";
	unsigned long long len = ev->x - ev->s;
	char obj[48];

	begin(p, "X", ev->from_tgid, ev->from_tid, ev->s);
	fprintf(p->f, ",\"dur\":%llu.%03llu,\"cat\":\"ipc\",\"name\":\"%s", len / 1000, len % 1000,
		what);
	if (ev->type == WATCH_EV_SLEEP)
		fprintf(p->f, "\",\"args\":{\"cpu\":%u}}", ev->from_cpu);
	else
		fprintf(p->f, " %s\",\"args\":{\"object\":\"%s\",\"bytes\":%llu,\"cpu\":%u}}",
			watch_kind_name(ev->kind),
			watch_obj_name(obj, sizeof(obj), ev->kind, ev->obj),
			(unsigned long long)ev->bytes, ev->from_cpu);
}

static void add_flow(struct watch_perfetto *p, const struct watch_event *ev)
{
	unsigned long id = p->n;

	begin(p, "s", ev->from_tgid, ev->from_tid, ev->e);
	fprintf(p->f, ",\"id\":%lu,\"cat\":\"ipc\",\"name\":\"message\"}", id);
	begin(p, "f", ev->to_tgid, ev->to_tid, ev->d);
	fprintf(p->f, ",\"bp\":\"e\",\"id\":%lu,\"cat\":\"ipc\",\"name\":\"message\"}", id);
}

void watch_perfetto_add(struct watch_perfetto *p, const struct watch_event *ev)
{
	if (p->n >= EVENTS_MAX)
		p->left_out++;
	else if (ev->type == WATCH_EV_MSG)
		add_flow(p, ev);
	else
		add_slice(p, ev);
}

static void add_names(struct watch_perfetto *p, const struct watch *w)
{
	for (unsigned int i = 0; i < p->nthreads; i++) {
		const struct thread *t = &p->thread[i];
		const char *name = watch_proc_name(w, (pid_t)t->tgid);

		/* Only a quote or a backslash of ASCII would have to be escaped. */
		if (strpbrk(name, "\"\\"))
			name = "?";
		fprintf(p->f, ",\n{\"ph\":\"M\",\"pid\":%u,\"tid\":%u,\"name\":\"process_name\",\"args\":{\"name\":\"%s\"}}",
			t->tgid, t->tid, name);
		fprintf(p->f, ",\n{\"ph\":\"M\",\"pid\":%u,\"tid\":%u,\"name\":\"thread_name\",\"args\":{\"name\":\"%s\"}}",
			t->tgid, t->tid, name);
	}
}

long watch_perfetto_close(struct watch_perfetto *p, const struct watch *w, struct mech_why *why)
{
	long ret;

	if (!p)
		return 0;
	ret = (long)p->left_out;
	if (w)
		add_names(p, w);
	fputs("\n]}\n", p->f);
	if (ferror(p->f) | fclose(p->f)) {
		ret = -EIO;
		mech_because(why, "--perfetto: %s: cannot be written; give it room", p->path);
	}
	if (!w)
		remove(p->path);
	free(p->path);
	free(p);
	return ret;
}
