// SPDX-License-Identifier: GPL-2.0
/* The loader of the probes of `ipcscope trace`: user/watch.h over a libbpf skeleton. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/types.h>
#include "drift.bpf.h"
#include "watch.h"
#include "../user/watch.h"
#include "watch.skel.h"
#include "watch_read.h"

/* The kernel's own number; libc has no word for it. */
#define ENOTSUPP	524

/* PROC_PID_INIT_INO: the initial namespace, whose process ids the probes see. */
#define INIT_PID_NS	0xEFFFFFFCu

_Static_assert(WATCH_PHASES <= WATCH_PHASES_MAX, "struct watch_flow is too small");
_Static_assert(WATCH_COUNTS <= WATCH_COUNTS_MAX, "struct watch_sum is too small");

/* Programs whose target has had other names; the others' are those of their sections. */
static const struct {
	const char *prog;
	const char *names[3];
} moved[] = {
	{ "watch_pipe_write", { DRIFT_PIPE_WRITE } },
	{ "watch_pipe_write_end", { DRIFT_PIPE_WRITE } },
	{ "watch_pipe_read", { DRIFT_PIPE_READ } },
	{ "watch_pipe_read_end", { DRIFT_PIPE_READ } },
};

/* Only for what the CPUs were doing meanwhile; on other architectures some are absent. */
static const char *const context_progs[] = {
	"watch_irq", "watch_irq_end", "watch_softirq", "watch_softirq_end", "watch_timer",
	"watch_timer_end",
};

__attribute__((format(printf, 3, 4)))
static int fail(struct mech_why *why, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
	return err;
}

/* What libbpf complains of first; it has no other way to say why. */
static char complaint[160];

static int keep_first(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	if (level == LIBBPF_WARN && !complaint[0]) {
		vsnprintf(complaint, sizeof(complaint), fmt, ap);
		complaint[strcspn(complaint, "\n")] = '\0';
	}
	return 0;
}

static bool has_func(const struct btf *btf, const char *name)
{
	return btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) > 0;
}

static bool has_tracepoint(const struct btf *btf, const char *name)
{
	char tp[64];

	snprintf(tp, sizeof(tp), "btf_trace_%s", name);
	return btf__find_by_name_kind(btf, tp, BTF_KIND_TYPEDEF) > 0;
}

static bool is_context(const char *prog)
{
	for (size_t i = 0; i < sizeof(context_progs) / sizeof(context_progs[0]); i++)
		if (!strcmp(context_progs[i], prog))
			return true;
	return false;
}

/* The first of its names that this kernel has, NULL none. */
static const char *target_of(const struct btf *btf, const char *prog, const char *own)
{
	for (size_t i = 0; i < sizeof(moved) / sizeof(moved[0]); i++) {
		if (strcmp(moved[i].prog, prog))
			continue;
		for (int n = 0; moved[i].names[n]; n++)
			if (has_func(btf, moved[i].names[n]))
				return moved[i].names[n];
		return NULL;
	}
	return has_func(btf, own) ? own : NULL;
}

static int aim(struct watch *w, const struct btf *btf, struct bpf_program *prog,
	       struct mech_why *why)
{
	const char *section = bpf_program__section_name(prog);
	const char *name = bpf_program__name(prog), *own = strchr(section, '/') + 1, *target;
	size_t used = strlen(w->absent);

	if (is_context(name) && !w->cfg.context)
		return bpf_program__set_autoload(prog, false);
	if (!strncmp(section, "tp_btf/", 7)) {
		if (has_tracepoint(btf, own))
			return 0;
		if (!is_context(name))
			return fail(why, -EOPNOTSUPP, "this kernel has no %s", section);
		target = NULL;
	} else {
		target = target_of(btf, name, own);
	}
	if (target)
		return bpf_program__set_attach_target(prog, 0, target);
	snprintf(w->absent + used, sizeof(w->absent) - used, "%s%s", used ? ", " : "", own);
	return bpf_program__set_autoload(prog, false);
}

static int aim_all(struct watch *w, struct mech_why *why)
{
	struct btf *btf = btf__load_vmlinux_btf();
	struct bpf_program *prog;
	int err = 0;

	if (!btf)
		return fail(why, -EOPNOTSUPP,
			    "no type information of this kernel; it needs CONFIG_DEBUG_INFO_BTF");
	bpf_object__for_each_program(prog, w->skel->obj)
		if (!err)
			err = aim(w, btf, prog, why);
	btf__free(btf);
	return err;
}

static int check_host(struct mech_why *why)
{
	struct stat st;

	if (!stat("/proc/self/ns/pid", &st) && st.st_ino != INIT_PID_NS)
		return fail(why, -EOPNOTSUPP,
			    "tracing does not work inside a PID namespace; run it outside");
	if (geteuid())
		return fail(why, -EPERM, "tracing needs root");
	return 0;
}

static int put_in(struct watch *w, struct mech_why *why)
{
	int err;

	w->ncpus = libbpf_num_possible_cpus();
	if (w->cfg.context) {
		bpf_map__set_max_entries(w->skel->maps.context, w->ncpus * WATCH_CTX);
		bpf_map__set_max_entries(w->skel->maps.context_head, w->ncpus);
	}
	err = watch_bpf__load(w->skel);
	if (err == -EPERM || err == -ENOTSUPP || err == -EINVAL)
		return fail(why, -EOPNOTSUPP, "this kernel refuses the probes (fentry): %s",
			    complaint);
	if (err)
		return fail(why, err, "cannot load the probes: %s", complaint);
	err = watch_bpf__attach(w->skel);
	if (err)
		return fail(why, err == -ENOTSUPP || err == -EPERM ? -EOPNOTSUPP : err,
			    "this kernel refuses the probes (fentry): %s", complaint);
	return 0;
}

static void *map_array(const struct bpf_map *map, size_t size)
{
	void *p = mmap(NULL, size, PROT_READ, MAP_SHARED, bpf_map__fd(map), 0);

	return p == MAP_FAILED ? NULL : p;
}

static size_t page_up(size_t n)
{
	size_t page = sysconf(_SC_PAGESIZE);

	return (n + page - 1) / page * page;
}

static int map_context(struct watch *w, struct mech_why *why)
{
	w->ctx_size = page_up(sizeof(*w->ctx) * WATCH_CTX * w->ncpus);
	w->head_size = page_up(sizeof(*w->head) * w->ncpus);
	w->ctx = map_array(w->skel->maps.context, w->ctx_size);
	w->head = map_array(w->skel->maps.context_head, w->head_size);
	if (w->ctx && w->head)
		return 0;
	return fail(why, -ENOMEM, "no memory for what the CPUs are doing");
}

static void configure(struct watch *w)
{
	struct watch_ctl *ctl = &w->skel->bss->ctl;

	ctl->all = w->cfg.all;
	ctl->self = getpid();
	ctl->calls = w->cfg.calls;
	ctl->slowest = w->cfg.calls || w->cfg.max_tail ? 0 : WATCH_NEVER;
	ctl->context = w->cfg.context;
}

static int set_up(struct watch *w, struct mech_why *why)
{
	int err;

	w->skel = watch_bpf__open();
	if (!w->skel)
		return fail(why, -errno, "cannot open the probes: %s", complaint);
	err = aim_all(w, why);
	if (!err)
		err = put_in(w, why);
	if (!err && w->cfg.context)
		err = map_context(w, why);
	if (!err)
		configure(w);
	return err;
}

static int on_event(void *arg, void *data, size_t size)
{
	struct watch *w = arg;

	(void)size;
	if (w->fn)
		w->fn(w->arg, data);
	return 0;
}

int watch_open(struct watch **out, const struct watch_cfg *cfg, struct mech_why *why)
{
	libbpf_print_fn_t before;
	struct watch *w;
	int err;

	*out = NULL;
	err = check_host(why);
	if (err)
		return err;
	w = calloc(1, sizeof(*w));
	if (!w)
		return fail(why, -ENOMEM, "no memory for the probes");
	w->cfg = *cfg;
	complaint[0] = '\0';
	before = libbpf_set_print(keep_first);
	err = set_up(w, why);
	libbpf_set_print(before);
	if (!err) {
		w->ring = ring_buffer__new(bpf_map__fd(w->skel->maps.ring), on_event, w, NULL);
		if (!w->ring)
			err = fail(why, -ENOMEM, "no memory for the ring");
	}
	if (err) {
		watch_close(w);
		return err;
	}
	*out = w;
	return 0;
}

/* The name is the kernel's, cut at 15 bytes and ended by a newline. */
static void read_comm(pid_t pid, char comm[16])
{
	char path[32];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	f = fopen(path, "r");
	if (!f)
		return;
	if (fgets(comm, 16, f))
		comm[strcspn(comm, "\n")] = '\0';
	fclose(f);
}

int watch_follow(struct watch *w, pid_t pid)
{
	struct watch_proc p = { .followed = 1 };
	__u32 tgid = pid;

	read_comm(pid, p.comm);
	return bpf_map_update_elem(bpf_map__fd(w->skel->maps.procs), &tgid, &p, BPF_ANY) ?
		-errno : 0;
}

void watch_start(struct watch *w)
{
	__atomic_store_n(&w->skel->bss->ctl.on, 1, __ATOMIC_SEQ_CST);
}

int watch_poll(struct watch *w, int timeout_ms, watch_event_fn *fn, void *arg)
{
	int ret;

	w->fn = fn;
	w->arg = arg;
	ret = timeout_ms ? ring_buffer__poll(w->ring, timeout_ms) : ring_buffer__consume(w->ring);
	return ret < 0 && ret != -EINTR ? ret : 0;
}

void watch_slowest(struct watch *w, uint64_t ns)
{
	if (!w->cfg.calls)
		__atomic_store_n(&w->skel->bss->ctl.slowest, ns, __ATOMIC_RELAXED);
}

/* Detaching waits for the programs that have seen @on still set. */
void watch_stop(struct watch *w)
{
	__atomic_store_n(&w->skel->bss->ctl.on, 0, __ATOMIC_SEQ_CST);
	watch_bpf__detach(w->skel);
}

void watch_close(struct watch *w)
{
	if (!w)
		return;
	ring_buffer__free(w->ring);
	if (w->ctx)
		munmap(w->ctx, w->ctx_size);
	if (w->head)
		munmap(w->head, w->head_size);
	watch_bpf__destroy(w->skel);
	free(w);
}
