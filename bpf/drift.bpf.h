/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between the kernels, 6.1 to 7.3. Nothing else in bpf/ knows one
 * kernel from another. The first part is for the loader, too.
 */
#ifndef IPCSCOPE_DRIFT_BPF_H
#define IPCSCOPE_DRIFT_BPF_H

/*
 * Function names, tried in this order. In 6.15 "pipe: don't update {a,c,m}time
 * for anonymous pipes" renamed both; fifo_pipe_write() and fifo_pipe_read() call
 * them, so these names alone see every pipe once.
 */
#define DRIFT_PIPE_WRITE	"anon_pipe_write", "pipe_write"
#define DRIFT_PIPE_READ		"anon_pipe_read", "pipe_read"

/* With PREEMPT_RT a spinlock is a mutex, and spin_unlock_irq() leaves interrupts alone. */
#define DRIFT_SPIN_UNLOCK_IRQ	"rt_spin_unlock", "_raw_spin_unlock_irq"

#ifdef __bpf__

/*
 * Values are the running kernel's. f1982740f5e7 ("iov_iter: Convert iterate*()
 * to inline funcs", 6.7) renumbered them.
 */
enum iter_type {
	ITER_IOVEC,
	ITER_UBUF,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* Before de4f5fed3f23 ("iov_iter: add iter_iovec() helper", 6.4). */
struct iov_iter___iov {
	const struct iovec *iov;
};

/* Since then. */
struct iov_iter___new {
	const struct iovec *__iov;
};

/* Since "vsock/virtio: fix rx_bytes accounting for stream sockets". */
struct virtio_vsock_sock___used {
	__u32 buf_used;
};

#pragma clang attribute pop

static __always_inline const void *drift_iovec(struct iov_iter *i)
{
	if (bpf_core_field_exists(struct iov_iter___new, __iov))
		return BPF_CORE_READ((struct iov_iter___new *)i, __iov);
	return BPF_CORE_READ((struct iov_iter___iov *)i, iov);
}

/*
 * Store the user address that the next byte goes to or comes from, 0 where it
 * cannot be told: a vector of several buffers counts only with its first. By
 * pointer, because the verifier takes @ubuf for a kernel pointer on some kernels
 * and for a number on others; read back from a map it is a number on all.
 */
static __always_inline void drift_user_base(struct iov_iter *i, __u64 *base)
{
	const struct iovec *iov;

	*base = 0;
	if (i->iov_offset)
		return;
	if (i->iter_type == bpf_core_enum_value(enum iter_type, ITER_UBUF)) {
		*base = (__u64)i->ubuf;
	} else if (i->iter_type == bpf_core_enum_value(enum iter_type, ITER_IOVEC)) {
		iov = drift_iovec(i);
		bpf_core_read(base, sizeof(*base), &iov->iov_base);
	}
}

/*
 * All that ever arrived: what was given free and what was not. A packet that is read in
 * part counts whole until it is given free, by @buf_used; without it, @rx_bytes does so.
 */
static __always_inline __u32 drift_vsock_arrived(struct virtio_vsock_sock *v)
{
	struct virtio_vsock_sock___used *used = (struct virtio_vsock_sock___used *)v;

	if (bpf_core_field_exists(struct virtio_vsock_sock___used, buf_used))
		return BPF_CORE_READ(v, fwd_cnt) + BPF_CORE_READ(used, buf_used);
	return BPF_CORE_READ(v, fwd_cnt) + BPF_CORE_READ(v, rx_bytes);
}

#endif /* __bpf__ */

#endif /* IPCSCOPE_DRIFT_BPF_H */
