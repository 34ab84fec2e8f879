// SPDX-License-Identifier: GPL-2.0
/* The loader of the probe sets: user/trace.h over libbpf skeletons. */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/types.h>
#include "phase.h"
#include "sets.h"
#include "trace.h"

/* The kernel's own number; libc has no word for it. */
#define ENOTSUPP	524

/* PROC_PID_INIT_INO: the initial namespace, whose process ids the probes see. */
#define INIT_PID_NS	0xEFFFFFFCu

/**
 * struct trace - a loaded probe set
 * @set:	which
 * @mech:	the mechanism it was opened for
 * @s:		its skeleton; s.sh is mapped MAP_SHARED after loading
 * @absent:	phases without their hooks
 * @hook:	per phase, the hook that ends it
 * @link:	attached programs
 * @nlinks:	entries in @link
 * @missed:	recursion misses of all programs before trace_start()
 * @cert:	of all launches that ended
 */
struct trace {
	const struct probe_set *set;
	const char *mech;
	struct set_skel s;
	unsigned int absent;
	char hook[PHASE_COUNT][48];
	struct bpf_link *link[SET_HOOKS_MAX];
	unsigned int nlinks;
	uint64_t missed;
	struct trace_cert cert;
};

static const char *const phase_names[PHASE_COUNT] = {
	[PHASE_COPY_IN]	  = "copy-in",
	[PHASE_QUEUED]	  = "queued",
	[PHASE_WAKE]	  = "wake",
	[PHASE_RUN_QUEUE] = "run-queue",
	[PHASE_DEQUEUE]	  = "dequeue",
	[PHASE_EXIT]	  = "exit",
};

_Static_assert(PHASE_COUNT <= TRACE_PHASES_MAX, "struct trace_result is too small");

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

static bool has_hook(const struct btf *btf, const char *kind, const char *name)
{
	char tp[64];

	if (strcmp(kind, "tp_btf"))
		return btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) > 0;
	snprintf(tp, sizeof(tp), "btf_trace_%s", name);
	return btf__find_by_name_kind(btf, tp, BTF_KIND_TYPEDEF) > 0;
}

static const char *pick_name(const struct btf *btf, const struct set_hook *h)
{
	for (int i = 0; i < SET_NAMES_MAX && h->names[i]; i++)
		if (has_hook(btf, h->kind, h->names[i]))
			return h->names[i];
	return NULL;
}

static int aim(struct trace *t, const struct btf *btf, const struct set_hook *h,
	       struct mech_why *why)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(t->s.obj, h->prog);
	const char *name = pick_name(btf, h);

	for (int i = 0; i < PHASE_COUNT; i++)
		if (h->ends & BIT(i))
			snprintf(t->hook[i], sizeof(t->hook[i]), "%s/%s", h->kind,
				 name ? name : h->names[0]);
	if (name && strcmp(h->kind, "tp_btf"))
		return bpf_program__set_attach_target(prog, 0, name);
	if (name)
		return 0;
	if (!h->needs)
		return fail(why, -EOPNOTSUPP, "%s: cannot be traced, this kernel has no %s/%s",
			    t->mech, h->kind, h->names[0]);
	t->absent |= h->needs;
	return bpf_program__set_autoload(prog, false);
}

static int aim_all(struct trace *t, struct mech_why *why)
{
	struct btf *vmlinux, *module = NULL;
	int err = 0;

	vmlinux = btf__load_vmlinux_btf();
	if (!vmlinux)
		return fail(why, -EOPNOTSUPP,
			    "no type information of this kernel; it needs CONFIG_DEBUG_INFO_BTF");
	if (t->set->module)
		module = btf__load_module_btf(t->set->module, vmlinux);
	if (t->set->module && !module)
		err = fail(why, -EOPNOTSUPP,
			   "/sys/kernel/btf/%s: not there; load %s.ko, built with BTF",
			   t->set->module, t->set->module);
	for (const struct set_hook *h = t->set->hooks; !err && h->prog; h++)
		err = aim(t, module ? module : vmlinux, h, why);
	btf__free(module);
	btf__free(vmlinux);
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

static int load_set(struct trace *t, struct mech_why *why)
{
	int err = t->s.load(t->s.skel);

	if (err == -EPERM || err == -ENOTSUPP)
		return fail(why, -EOPNOTSUPP, "this kernel refuses the probes (fentry): %s",
			    complaint);
	if (err)
		return fail(why, err, "cannot load the probes: %s", complaint);
	return 0;
}

int trace_open(struct trace **out, const char *mech, struct mech_why *why)
{
	const struct probe_set *set = sets_find(mech);
	libbpf_print_fn_t before;
	struct trace *t;
	int err;

	*out = NULL;
	if (!set)
		return fail(why, -EOPNOTSUPP, "there is no probe set");
	err = check_host(why);
	if (err)
		return err;
	t = calloc(1, sizeof(*t));
	if (!t)
		return fail(why, -ENOMEM, "no memory for the probes");
	t->set = set;
	t->mech = mech;
	complaint[0] = '\0';
	before = libbpf_set_print(keep_first);
	err = set->open(&t->s);
	if (err)
		fail(why, err, "cannot open the probes: %s", complaint);
	if (!err)
		err = aim_all(t, why);
	if (!err)
		err = load_set(t, why);
	libbpf_set_print(before);
	if (err) {
		trace_close(t);
		return err;
	}
	*out = t;
	return 0;
}

/* Runs that the kernel skipped because the same program was running on that CPU. */
static uint64_t count_missed(struct trace *t)
{
	struct bpf_program *prog;
	uint64_t missed = 0;

	bpf_object__for_each_program(prog, t->s.obj) {
		struct bpf_prog_info info = {};
		__u32 len = sizeof(info);
		int fd = bpf_program__fd(prog);

		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &len))
			missed += info.recursion_misses;
	}
	return missed;
}

static void detach(struct trace *t)
{
	while (t->nlinks)
		bpf_link__destroy(t->link[--t->nlinks]);
}

/* Everything of the last launch but the sums, which span all launches. */
static void forget_launch(struct phase_shared *sh)
{
	memset(sh, 0, offsetof(struct phase_shared, sum));
	memset(sh->slot, 0, sizeof(sh->slot));
}

int trace_start(struct trace *t, pid_t sender, pid_t receiver, struct mech_why *why)
{
	struct bpf_program *prog;
	struct bpf_link *link;
	libbpf_print_fn_t before;
	int err = 0;

	forget_launch(t->s.sh);
	t->s.sh->ctl.sender = sender;
	t->s.sh->ctl.receiver = receiver;
	t->missed = count_missed(t);
	complaint[0] = '\0';
	before = libbpf_set_print(keep_first);
	bpf_object__for_each_program(prog, t->s.obj) {
		if (!bpf_program__autoload(prog))
			continue;
		link = bpf_program__attach(prog);
		if (!link) {
			err = fail(why, -errno, "cannot attach %s: %s",
				   bpf_program__section_name(prog), complaint);
			detach(t);
			break;
		}
		t->link[t->nlinks++] = link;
	}
	libbpf_set_print(before);
	return err;
}

volatile uint32_t *trace_gate(struct trace *t)
{
	return &t->s.sh->ctl.gate;
}

/* The largest value that falls into bucket @i. */
static uint64_t bucket_top(unsigned int i)
{
	unsigned int shift;

	if (i < 2u << PHASE_HIST_P)
		return i;
	shift = (i >> PHASE_HIST_P) - 1;
	i = (i & (BIT(PHASE_HIST_P) - 1)) + BIT(PHASE_HIST_P);
	return (((uint64_t)i + 1) << shift) - 1;
}

static uint64_t percentile(const struct phase_stat *st, unsigned int percent)
{
	uint64_t n = st->n - st->negative, seen = 0;

	for (unsigned int i = 0; n && i < PHASE_HIST; i++) {
		seen += st->hist[i];
		if (seen * 100 >= n * percent)
			return bucket_top(i);
	}
	return 0;
}

static void read_phases(const struct trace *t, struct trace_result *res)
{
	for (int i = 0; i < PHASE_COUNT; i++) {
		const struct phase_stat *st = &t->s.sh->sum.phase[i];

		res->phase[res->nphases++] = (struct trace_phase){
			.name = phase_names[i],
			.hook = t->hook[i],
			.absent = t->absent & BIT(i),
			.n = st->n,
			.sum = st->sum,
			.p50 = percentile(st, 50),
			.p99 = st->n >= 1000 ? percentile(st, 99) : 0,
		};
		res->cert.negative += st->negative;
	}
}

/*
 * A process may write to or read from other pipes, too. Only what the sender
 * wrote to and the receiver read from is between them.
 */
static void add_channels(const struct phase_shared *sh, struct trace_cert *cert)
{
	for (int i = 0; i < PHASE_CHANS; i++) {
		if (!sh->tx[i].sent || !sh->rx[i].reads)
			continue;
		cert->sent += sh->tx[i].sent;
		cert->received += sh->rx[i].received;
		cert->unmatched += sh->rx[i].unmatched + sh->tx[i].torn;
		cert->overwritten += sh->tx[i].overwritten;
	}
	cert->in_flight = cert->sent - cert->received;
}

int trace_stop(struct trace *t, struct trace_result *res)
{
	const struct phase_shared *sh = t->s.sh;

	detach(t);
	add_channels(sh, &t->cert);
	t->cert.missed += count_missed(t) - t->missed;
	t->cert.map_failed += sh->snd.no_chan + sh->rcv.no_chan;
	t->cert.mispaired += sh->rcv.mispaired;
	t->cert.unreadable += sh->rcv.unreadable;
	*res = (struct trace_result){
		.measured = sh->sum.measured,
		.total = sh->sum.total,
		.slept = sh->sum.slept,
		.cert = t->cert,
	};
	read_phases(t, res);
	return 0;
}

void trace_close(struct trace *t)
{
	if (!t)
		return;
	detach(t);
	if (t->s.skel)
		t->s.destroy(t->s.skel);
	free(t);
}
