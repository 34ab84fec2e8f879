/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the message queues have in common: the kernel keeps a message in a struct
 * msg_msg from the sender's copy to the receiver's, be it queued or handed to a
 * receiver that sleeps for it. Its address is what is paired: no two messages
 * have one at a time. A slot's place is the message's number, because addresses
 * might meet in one slot; a receive looks first where the next message should be.
 */
#ifndef IPCSCOPE_MSG_BPF_H
#define IPCSCOPE_MSG_BPF_H

#include "phase.bpf.h"

/* Send entry: @base is where the caller has the message. */
static __always_inline void msg_enter(const void *base)
{
	sh.snd.iter = 0;
	sh.snd.left = 1;
	sh.snd.base = (__u64)base;
	phase_enter();
}

/* The slot of the last message sent on @chan, if that is @msg. */
static __always_inline struct phase_slot *msg_last(__u32 chan, __u64 msg)
{
	struct phase_slot *m = &sh.slot[chan][(sh.tx[chan].sent - 1) & SLOT_MASK];

	return m->nr && m->end == msg ? m : NULL;
}

/* Stamp E; where it was too early, because the queue was full, once more. */
static __always_inline void msg_enqueue(__u64 msg, __u64 now)
{
	__u32 chan = sh.snd.chan & CHAN_MASK;
	struct phase_slot *m;

	if (!sh.snd.left)
		return;
	if (sh.snd.iter == msg) {
		m = msg_last(chan, msg);
		if (m)
			m->e = now;
		return;
	}
	sh.snd.iter = msg;
	phase_enqueue(sh.tx[chan].sent, msg, now);
}

/* The sender frees @msg: it took back what it could not send, or it is another's. */
static __always_inline void msg_withdraw(__u64 msg)
{
	__u32 chan = sh.snd.chan & CHAN_MASK;
	struct phase_slot *m;

	if (sh.snd.iter != msg)
		return;
	m = msg_last(chan, msg);
	if (!m)
		return;
	m->nr = 0;
	sh.snd.iter = 0;
	sh.snd.woken_by = 0;
	sh.tx[chan].sent--;
}

static __always_inline bool msg_is_at(__u32 chan, __u64 place, __u64 msg)
{
	const struct phase_slot *m = &sh.slot[chan][place & SLOT_MASK];

	return m->nr && m->end == msg && m->key == place;
}

/* From the newest back: stop at the message that is taken. */
static long msg_search(__u32 i, void *unused)
{
	__u32 chan = sh.rcv.chan & CHAN_MASK;
	__u64 place = sh.rcv.avail - 1 - i;

	if (!msg_is_at(chan, place, sh.rcv.base))
		return 0;
	sh.rcv.pos = place;
	sh.rcv.copied = 1;
	return 1;
}

/* Receive entry. */
static __always_inline void msg_recv_enter(void)
{
	phase_recv_enter();
	sh.rcv.copied = 0;
	sh.rcv.iter = 1;
}

/*
 * Stamp D: what was received is freed. From here on its address may be another's,
 * so the slot forgets it.
 */
static __always_inline void msg_dequeue(__u64 msg, __u64 now)
{
	__u32 chan = sh.rcv.chan & CHAN_MASK;
	__u64 sent;

	if (!sh.rcv.iter)
		return;
	sh.rcv.d = now;
	if (msg_is_at(chan, sh.rx[chan].start, msg)) {
		sh.rcv.pos = sh.rx[chan].start;
		sh.rcv.copied = 1;
	} else {
		sent = *(volatile __u64 *)&sh.tx[chan].sent;
		sh.rcv.base = msg;
		sh.rcv.avail = sent;
		bpf_loop(sent < PHASE_SLOTS ? sent : PHASE_SLOTS, msg_search, NULL, 0);
	}
	if (!sh.rcv.copied)
		return;
	sh.rx[chan].start = sh.rcv.pos + 1;
	sh.slot[chan][sh.rcv.pos & SLOT_MASK].end = 0;
}

/* Stamp X; @base is where the caller has it now, @ret what the call returns. */
static __always_inline void msg_recv_exit(__u64 base, __s64 ret, __u64 now)
{
	struct phase_slot *m;
	__u32 chan;
	bool readable;
	__u64 seq = 0;

	sh.rcv.x = now;
	sh.rcv.iter = 0;
	if (ret < 0)
		return;
	chan = sh.rcv.chan & CHAN_MASK;
	sh.rx[chan].reads++;
	if (!sh.rcv.copied) {
		sh.rx[chan].unmatched++;
		return;
	}
	m = &sh.slot[chan][sh.rcv.pos & SLOT_MASK];
	readable = phase_peek(base, &seq);
	phase_finish(m, seq, readable);
}

#endif /* IPCSCOPE_MSG_BPF_H */
