/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What both ends of a connection agree on: addresses and ports. The ports make one
 * half of the channel's object, a sum of the addresses the other; two connections
 * of one process would have to share both ports to be mixed up. Each way is a
 * channel of its own.
 */
#ifndef IPCSCOPE_INET_BPF_H
#define IPCSCOPE_INET_BPF_H

#include "enq.bpf.h"

#define INET_FAMILY6	10

/* Weighs an address by its place, so that a pair and the pair the other way round differ. */
#define INET_WEIGHT	31

static __always_inline __u32 inet_fold(const struct in6_addr *a)
{
	const __u32 *w = a->in6_u.u6_addr32;

	return ((w[0] * INET_WEIGHT + w[1]) * INET_WEIGHT + w[2]) * INET_WEIGHT + w[3];
}

/* The way from the socket's own end to the other, or the way back. */
static __always_inline __u64 inet_way(struct sock *sk, bool out)
{
	struct sock_common *c = &sk->__sk_common;
	__u32 here = c->skc_rcv_saddr, there = c->skc_daddr;
	__u64 port = c->skc_num, peer = bpf_ntohs(c->skc_dport);

	if (c->skc_family == INET_FAMILY6) {
		here = inet_fold(&c->skc_v6_rcv_saddr);
		there = inet_fold(&c->skc_v6_daddr);
	}
	if (out)
		return port << 48 | peer << 32 | (__u32)(here * INET_WEIGHT + there);
	return peer << 48 | port << 32 | (__u32)(there * INET_WEIGHT + here);
}

static __always_inline __u64 inet_snd(struct sock *sk)
{
	if (sh.snd_link.sk != (__u64)sk) {
		sh.snd_link.obj = inet_way(sk, true);
		sh.snd_link.sk = (__u64)sk;
	}
	return sh.snd_link.obj;
}

static __always_inline __u64 inet_rcv(struct sock *sk)
{
	if (sh.rcv_link.sk != (__u64)sk) {
		sh.rcv_link.obj = inet_way(sk, false);
		sh.rcv_link.sk = (__u64)sk;
	}
	return sh.rcv_link.obj;
}

/* The channel that something is enqueued to @sk for, -1: none. */
static __always_inline int inet_enq(struct sock *sk)
{
	int chan = enq_known((__u64)sk);

	if (chan < 0 && sh.enq.other != (__u64)sk)
		chan = enq_learn((__u64)sk, inet_way(sk, false));
	return chan;
}

#endif /* IPCSCOPE_INET_BPF_H */
