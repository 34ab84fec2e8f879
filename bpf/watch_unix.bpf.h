/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Unix sockets. Paired is the sk_buff, from its filling to its emptying. The object is the
 * socket that receives.
 */
#ifndef IPCSCOPE_WATCH_UNIX_BPF_H
#define IPCSCOPE_WATCH_UNIX_BPF_H

#include "watch_finish.bpf.h"

#define MSG_PEEK	2
#define SOCK_STREAM	1
#define SOCK_SEQPACKET	5

static __always_inline bool unix_kind(__u32 kind)
{
	return kind >= WATCH_UNIX_STREAM && kind <= WATCH_UNIX_SEQPACKET;
}

static __always_inline __u32 unix_type(struct socket *sock)
{
	switch (BPF_CORE_READ(sock, type)) {
	case SOCK_STREAM:
		return WATCH_UNIX_STREAM;
	case SOCK_SEQPACKET:
		return WATCH_UNIX_SEQPACKET;
	}
	return WATCH_UNIX_DGRAM;
}

/* What /proc/PID/fd calls it; 0 if it has none (any more). */
static __always_inline __u64 unix_ino(struct socket *sock)
{
	return sock ? BPF_CORE_READ((struct socket_alloc *)sock, vfs_inode.i_ino) : 0;
}

static __noinline int unix_send(struct socket *sock)
{
	struct watch_task *t = watch_enter();

	if (t)
		watch_begin(t, WATCH_SEND, unix_type(sock), 0);
	return 0;
}

SEC("fentry/unix_stream_sendmsg")
int BPF_PROG(watch_stream_send, struct socket *sock)
{
	return watch_on() ? unix_send(sock) : 0;
}

SEC("fentry/unix_dgram_sendmsg")
int BPF_PROG(watch_dgram_send, struct socket *sock)
{
	return watch_on() ? unix_send(sock) : 0;
}

/* The last hook before the receiver's queue. */
SEC("fexit/skb_copy_datagram_from_iter")
int BPF_PROG(watch_skb_fill, struct sk_buff *skb, int offset, struct iov_iter *from, int len)
{
	struct watch_key key = { .a = (__u64)skb };
	struct watch_task *t;
	__u64 ret = 0;

	if (!watch_on())
		return 0;
	t = watch_current();
	if (!t || t->op != WATCH_SEND || !unix_kind(t->kind))
		return 0;
	bpf_get_func_ret(ctx, &ret);
	if (ret)
		return 0;
	t->moved += len;
	watch_enqueue(t, &key, 0, !from->count);
	return 0;
}

static __noinline int unix_sent(__s64 ret)
{
	struct watch_task *t = watch_current();

	if (t && t->op == WATCH_SEND && unix_kind(t->kind))
		watch_sent(t, ret);
	return 0;
}

SEC("fexit/unix_stream_sendmsg")
int BPF_PROG(watch_stream_sent)
{
	__u64 ret = 0;

	if (!watch_on())
		return 0;
	bpf_get_func_ret(ctx, &ret);
	return unix_sent((int)ret);
}

SEC("fexit/unix_dgram_sendmsg")
int BPF_PROG(watch_dgram_sent)
{
	__u64 ret = 0;

	if (!watch_on())
		return 0;
	bpf_get_func_ret(ctx, &ret);
	return unix_sent((int)ret);
}

static __noinline int unix_recv(struct socket *sock, int flags)
{
	struct watch_task *t = watch_enter();

	if (t)
		watch_begin(t, flags & MSG_PEEK ? WATCH_PEEK : WATCH_RECV, unix_type(sock),
			    unix_ino(sock));
	return 0;
}

SEC("fentry/unix_stream_recvmsg")
int BPF_PROG(watch_stream_recv, struct socket *sock, struct msghdr *msg, unsigned long size,
	     int flags)
{
	return watch_on() ? unix_recv(sock, flags) : 0;
}

SEC("fentry/__unix_dgram_recvmsg")
int BPF_PROG(watch_dgram_recv, struct sock *sk, struct msghdr *msg, unsigned long size, int flags)
{
	return watch_on() ? unix_recv(sk->sk_socket, flags) : 0;
}

/*
 * A receive without a send: from before tracing, if nothing that was sent since then has come
 * out of the same socket, for what goes in first comes out first.
 */
static __always_inline void unix_unknown(struct watch_task *t)
{
	__u64 key = watch_obj_key(t->kind, t->obj);

	if (!t->followed)
		return;
	if (t->obj && bpf_map_lookup_elem(&objs, &key))
		watch_count(WATCH_UNMATCHED);
	else
		watch_count(WATCH_BEFORE);
}

SEC("fexit/skb_copy_datagram_iter")
int BPF_PROG(watch_skb_empty, struct sk_buff *skb, int offset, struct iov_iter *to, int len)
{
	struct watch_key key = { .a = (__u64)skb };
	struct watch_task *t;
	struct watch_msg *m;
	__u64 ret = 0;
	__u32 kind;

	if (!watch_on())
		return 0;
	t = watch_current();
	if (t && t->op == WATCH_PEEK)
		return 0;
	m = bpf_map_lookup_elem(&msgs, &key);
	if (!m && (!t || t->op != WATCH_RECV || !unix_kind(t->kind)))
		return 0;
	bpf_get_func_ret(ctx, &ret);
	kind = m ? m->kind : t->kind;
	if ((int)ret || (kind == WATCH_UNIX_STREAM && (__u32)(offset + len) < skb->len))
		return 0;
	/* The call began before tracing did. */
	if (!t || t->op != WATCH_RECV) {
		t = watch_enter();
		if (!t)
			return 0;
		watch_begin(t, WATCH_RECV, kind, 0);
	}
	t->moved += len;
	if (watch_take(t, &key))
		watch_object(watch_obj_key(t->kind, t->obj), 0);
	else
		unix_unknown(t);
	return 0;
}

static __noinline int unix_received(struct socket *sock)
{
	struct watch_task *t = watch_current();

	if (!t || !unix_kind(t->kind))
		return 0;
	if (t->op == WATCH_PEEK)
		t->op = WATCH_IDLE;
	if (t->op != WATCH_RECV)
		return 0;
	if (!t->obj)
		t->obj = unix_ino(sock);
	watch_received(t);
	return 0;
}

SEC("fexit/unix_stream_recvmsg")
int BPF_PROG(watch_stream_received, struct socket *sock)
{
	return watch_on() ? unix_received(sock) : 0;
}

SEC("fexit/__unix_dgram_recvmsg")
int BPF_PROG(watch_dgram_received, struct sock *sk)
{
	return watch_on() ? unix_received(sk->sk_socket) : 0;
}

/* Thrown away. What was received goes by consume_skb(), and is not known any more. */
SEC("tp_btf/kfree_skb")
int BPF_PROG(watch_skb_drop, struct sk_buff *skb)
{
	if (watch_on())
		watch_freed((__u64)skb);
	return 0;
}

SEC("fentry/unix_release_sock")
int BPF_PROG(watch_unix_release, struct sock *sk)
{
	struct socket *sock = sk->sk_socket;
	__u64 key;

	if (!watch_on() || !sock)
		return 0;
	key = watch_obj_key(unix_type(sock), unix_ino(sock));
	bpf_map_delete_elem(&objs, &key);
	return 0;
}

#endif /* IPCSCOPE_WATCH_UNIX_BPF_H */
