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
	unsigned int flags;
	int pid;
};

/* x86-64: what a system call was given. */
struct pt_regs {
	unsigned long si;
	unsigned long dx;
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

struct pipe_buffer {
	unsigned int len;
};

struct pipe_inode_info {
	struct mutex mutex;	/* over its buffers */
	unsigned int head;
	unsigned int ring_size;
	struct pipe_buffer *bufs;
};

/* Only their addresses count. */
struct msg_msg {
};

struct kern_ipc_perm {
};

/* Only its place counts; it begins with its lock. */
struct wait_queue_head {
};

struct eventfd_ctx {
	struct wait_queue_head wqh;
	__u64 count;
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

struct io_uring_cmd {
	__u32 cmd_op;
};

struct msghdr {
	struct iov_iter msg_iter;
};

struct in6_addr {
	union {
		__u32 u6_addr32[4];
	} in6_u;
};

struct sock_common {
	__u32 skc_daddr;
	__u32 skc_rcv_saddr;
	__u16 skc_dport;	/* big-endian */
	__u16 skc_num;
	unsigned short skc_family;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
};

struct sk_buff_head {
};

struct sock {
	struct sock_common __sk_common;
	struct sk_buff_head sk_receive_queue;
};

struct socket {
	struct sock *sk;
};

struct sk_buff {
	struct sock *sk;
	unsigned int len;
	unsigned char *head;
	char cb[48];
};

struct netlink_skb_parms {
	__u32 portid;
};

struct unix_sock {
	struct sock *peer;
};

struct tcp_sock {
	__u32 write_seq;
	__u32 rcv_nxt;
	__u32 copied_seq;
};

struct sockaddr_vm {
	unsigned int svm_port;
};

struct vsock_sock {
	struct sockaddr_vm local_addr;
	struct sockaddr_vm remote_addr;
	void *trans;
};

struct virtio_vsock_sock {
	__u32 tx_cnt;
	__u32 fwd_cnt;
	__u32 rx_bytes;
};

#pragma clang attribute pop

#define MSG_PEEK	2

#endif /* IPCSCOPE_KERNEL_BPF_H */
