// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include "ladder.h"

static int keep(struct ladder *a, int fd)
{
	if (fd < 0)
		return -errno;
	a->fd[a->n++] = fd;
	return 0;
}

/* Where a loaded program is attached, the kernel knows; for a module by that one's types. */
static int same_place(const struct bpf_program *prog, struct bpf_prog_load_opts *opts)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);
	int btf;

	if (bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len))
		return -errno;
	opts->expected_attach_type = bpf_program__expected_attach_type(prog);
	opts->attach_btf_id = info.attach_btf_id;
	btf = bpf_btf_get_fd_by_id(info.attach_btf_obj_id);
	if (btf < 0)
		return -errno;
	opts->attach_btf_obj_fd = (__u32)btf;
	return 0;
}

static int load_empty(const struct bpf_program *prog)
{
	const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	const enum bpf_prog_type type = bpf_program__type(prog);
	int err = 0, fd;

	LIBBPF_OPTS(bpf_prog_load_opts, opts);
	if (type == BPF_PROG_TYPE_TRACING)
		err = same_place(prog, &opts);
	if (err)
		return err;
	fd = bpf_prog_load(type, "ipcscope_empty", "GPL", nothing, 2, &opts);
	err = fd < 0 ? -errno : fd;
	if (opts.attach_btf_obj_fd)
		close((int)opts.attach_btf_obj_fd);
	return err;
}

static int attach_empty(struct ladder *a, const struct bpf_program *prog)
{
	const char *name = strchr(bpf_program__section_name(prog), '/') + 1;
	const bool typed = bpf_program__type(prog) == BPF_PROG_TYPE_TRACING;
	int fd = load_empty(prog);

	if (fd < 0)
		return fd;
	a->fd[a->n++] = fd;
	return keep(a, bpf_raw_tracepoint_open(typed ? NULL : name, fd));
}

int ladder_attach(struct ladder *a, const struct loaded *l, unsigned int copies)
{
	struct bpf_program *prog;
	int err = 0;

	a->n = 0;
	if (!l->s.obj)
		return -EOPNOTSUPP;
	for (unsigned int i = 0; !err && i < copies; i++)
		bpf_object__for_each_program(prog, l->s.obj) {
			if (!err && bpf_program__autoload(prog))
				err = attach_empty(a, prog);
		}
	if (err)
		ladder_detach(a);
	return err;
}

void ladder_detach(struct ladder *a)
{
	while (a->n)
		close(a->fd[--a->n]);
}
