/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The members of kernel structures that the probes of `ipcscope trace` read, and no others.
 * The loader finds their real offsets in the running kernel's BTF.
 */
#ifndef IPCSCOPE_WATCH_KERNEL_BPF_H
#define IPCSCOPE_WATCH_KERNEL_BPF_H

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct super_block {
	unsigned long s_magic;
};

struct inode {
	struct super_block *i_sb;
	unsigned long i_ino;
};

struct file {
	void *private_data;
	struct inode *f_inode;
};

struct fdtable {
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct task_struct {
	int pid;
	int tgid;
	char comm[16];
	struct task_struct *group_leader;
	struct files_struct *files;
};

struct kiocb {
	struct file *ki_filp;
};

struct iov_iter {
	unsigned long count;
};

/* Only its place counts. */
struct mutex {
};

struct pipe_buffer {
	unsigned int offset;
	unsigned int len;
};

/* Since 6.15 head and tail are in an anonymous union; their names are the same. */
struct pipe_inode_info {
	struct mutex mutex;	/* over its buffers */
	unsigned int head;
	unsigned int tail;
	unsigned int ring_size;
	struct pipe_buffer *bufs;
};

struct socket {
	short type;
};

struct socket_alloc {
	struct socket socket;
	struct inode vfs_inode;
};

struct sock {
	struct socket *sk_socket;
};

struct msghdr {
};

struct sk_buff {
	unsigned int len;
};

struct kern_ipc_perm {
};

struct msg_msg {
};

struct msg_queue {
	struct kern_ipc_perm q_perm;
	unsigned long q_qnum;
};

struct mq_attr {
	long mq_curmsgs;
};

struct mqueue_inode_info {
	struct inode vfs_inode;
	struct mq_attr attr;
};

struct irqaction {
	const char *name;
};

#pragma clang attribute pop

#endif /* IPCSCOPE_WATCH_KERNEL_BPF_H */
