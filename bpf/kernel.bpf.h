/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The members of kernel structures that the probes read, and no others. The
 * loader finds their real offsets in the running kernel's BTF. What is not the
 * same on all kernels is in drift.bpf.h.
 */
#ifndef IPCSCOPE_KERNEL_BPF_H
#define IPCSCOPE_KERNEL_BPF_H

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct task_struct {
	int pid;
};

struct file {
	void *private_data;
};

struct kiocb {
	struct file *ki_filp;
};

/* Only its place counts. */
struct mutex {
};

struct pipe_inode_info {
	struct mutex mutex;	/* over its buffers */
};

struct iovec {
	void *iov_base;
};

struct iov_iter {
	__u8 iter_type;
	unsigned long iov_offset;
	unsigned long count;
	void *ubuf;
};

#pragma clang attribute pop

#endif /* IPCSCOPE_KERNEL_BPF_H */
