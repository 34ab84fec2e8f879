// SPDX-License-Identifier: GPL-2.0
/* What this kernel lets a probe set do: found out by doing it, with programs that do nothing. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include "host.h"

/* PROC_PID_INIT_INO: the initial namespace, whose process ids the probes see. */
#define INIT_PID_NS	0xEFFFFFFCu

/* The kernel's own number; libc has no word for it. */
#define ENOTSUPP	524

int host_fail(struct mech_why *why, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
	return err;
}

static char complaint[160];
static libbpf_print_fn_t print_before;

static int keep_first(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	if (level == LIBBPF_WARN && !complaint[0]) {
		vsnprintf(complaint, sizeof(complaint), fmt, ap);
		complaint[strcspn(complaint, "\n")] = '\0';
	}
	return 0;
}

void host_listen(void)
{
	complaint[0] = '\0';
	print_before = libbpf_set_print(keep_first);
}

const char *host_complaint(void)
{
	return complaint;
}

void host_ignore(void)
{
	libbpf_set_print(print_before);
}

const struct probe_set *host_own_set(const char *mech, enum mech_wait wait, struct mech_why *why)
{
	const struct probe_set *set = sets_find(mech);

	why->text[0] = '\0';
	if (!set)
		host_fail(why, 0, "%s has no probe set of its own", mech);
	else if (set->unseen & 1u << wait)
		host_fail(why, 0, "the probe set of %s does not see this way to wait", mech);
	else
		return set;
	return NULL;
}

int host_check(struct mech_why *why)
{
	struct stat st;

	if (!stat("/proc/self/ns/pid", &st) && st.st_ino != INIT_PID_NS)
		return host_fail(why, -EOPNOTSUPP,
				 "tracing does not work inside a PID namespace; run it outside");
	if (geteuid())
		return host_fail(why, -EPERM, "tracing needs root");
	return 0;
}

int host_types_open(struct host_types *types, const struct probe_set *set, struct mech_why *why)
{
	*types = (struct host_types){ .vmlinux = btf__load_vmlinux_btf() };
	if (!types->vmlinux)
		return host_fail(why, -EOPNOTSUPP,
				 "no type information of this kernel; it needs CONFIG_DEBUG_INFO_BTF");
	if (!set->module)
		return 0;
	types->module = btf__load_module_btf(set->module, types->vmlinux);
	if (types->module)
		return 0;
	return host_fail(why, -EOPNOTSUPP,
			 "/sys/kernel/btf/%s: not there; load %s.ko, built with BTF",
			 set->module, set->module);
}

void host_types_free(struct host_types *types)
{
	btf__free(types->module);
	btf__free(types->vmlinux);
}

static int type_of(const struct btf *btf, const char *kind, const char *name)
{
	char tp[64];

	if (*kind == 'f')
		return btf__find_by_name_kind(btf, name, BTF_KIND_FUNC);
	snprintf(tp, sizeof(tp), "btf_trace_%s", name);
	return btf__find_by_name_kind(btf, tp, BTF_KIND_TYPEDEF);
}

/**
 * struct kind - a way to attach
 * @name:	as struct set_hook has it
 * @on:		function or tracepoint of every kernel that has the kind
 * @type:	of the program
 * @attach:	likewise
 * @known:	it was tried
 * @err:	what came of it
 */
struct kind {
	const char *name;
	const char *on;
	enum bpf_prog_type type;
	enum bpf_attach_type attach;
	bool known;
	int err;
};

static struct kind kinds[] = {
	{ "fentry", "bpf_fentry_test1", BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, false, 0 },
	{ "fexit", "bpf_fentry_test1", BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT, false, 0 },
	{ "tp_btf", "sched_waking", BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP, false, 0 },
	{ "raw_tp", "sched_waking", BPF_PROG_TYPE_RAW_TRACEPOINT, 0, false, 0 },
};

/* Loading is not enough: without direct calls of ftrace the kernel refuses to attach. */
static int try_kind(const struct host_types *types, const struct kind *k)
{
	const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	const bool typed = k->type == BPF_PROG_TYPE_TRACING;
	const int id = typed ? type_of(types->vmlinux, k->name, k->on) : 0;
	int prog, link, err = 0;

	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = k->attach);
	if (id < 0)
		return -ENOENT;
	opts.attach_btf_id = (__u32)id;
	prog = bpf_prog_load(k->type, "ipcscope_try", "GPL", nothing, 2, &opts);
	if (prog < 0)
		return -errno;
	link = bpf_raw_tracepoint_open(typed ? NULL : k->on, prog);
	if (link < 0)
		err = -errno;
	else
		close(link);
	close(prog);
	return err;
}

static int can(const struct host_types *types, const char *kind)
{
	struct kind *k = kinds;

	while (strcmp(k->name, kind))
		k++;
	if (!k->known)
		k->err = try_kind(types, k);
	k->known = true;
	return k->err;
}

/* Those of the module come first; its own are nowhere else, and it may need others', too. */
static const char *pick_name(const struct host_types *types, const struct set_hook *h)
{
	const struct btf *btf = types->module ? types->module : types->vmlinux;

	for (int i = 0; i < SET_NAMES_MAX && h->names[i]; i++)
		if (type_of(btf, h->kind, h->names[i]) > 0)
			return h->names[i];
	return NULL;
}

const char *host_choose(const struct host_types *types, const struct set_hook *h,
			struct trace_choice *choice)
{
	const char *name = pick_name(types, h);
	int err = can(types, h->kind);

	snprintf(choice->hook, sizeof(choice->hook), "%s/%s", h->kind, name ? name : h->names[0]);
	choice->used = name && !err;
	choice->why[0] = '\0';
	if (!name)
		snprintf(choice->why, sizeof(choice->why), "this kernel has no such %s",
			 *h->kind == 'f' ? "function" : "tracepoint");
	else if (err)
		snprintf(choice->why, sizeof(choice->why), "this kernel refuses %s: %s", h->kind,
			 err == -ENOTSUPP ? "not supported here" : strerror(-err));
	return choice->used ? name : NULL;
}
