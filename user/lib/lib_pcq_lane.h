/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libipcring's fast path over per-CPU queues: one queue, no system call, never sleeps.
 * It works on any memory that is laid out as <linux/ipcring_pcq.h> says.
 */
#ifndef IPCRING_LIB_PCQ_LANE_H
#define IPCRING_LIB_PCQ_LANE_H

#include <string.h>
#include <linux/ipcring_pcq.h>
#include "ipcring/ring.h"
#include "lib_rseq.h"

#define LIB_PCQ_LOCAL	0u
#define LIB_PCQ_REMOTE	1u
#define LIB_PCQ_LANES	2u

/**
 * struct lib_pcq_queue - a queue as it is mapped
 * @lane:	its lanes; of a sender only the local one
 * @state:	what the kernel shows of it
 * @cpu:	whose it is
 * @next:	receiver: lane to look at first
 */
struct lib_pcq_queue {
	struct ring lane[LIB_PCQ_LANES];
	const struct ipcring_pcq_state *state;
	__u32 cpu;
	__u32 next;
};

/**
 * lib_pcq_lane() - the private view of a lane
 * @info:	of the set; @slots, @stride and @msg_size count
 *
 * Return: the view, without memory. Its messages begin with struct ipcring_pcq_from.
 */
static inline struct ring lib_pcq_lane(const struct ipcring_pcq_info *info)
{
	return (struct ring){
		.size = info->slots, .stride = info->stride,
		.msg_size = info->msg_size + (__u32)sizeof(struct ipcring_pcq_from),
	};
}

/**
 * lib_pcq_put() - send in the local lane, and ring no bell
 * @q:		the queue
 * @buf:	payload
 * @len:	its bytes, 1..msg_size
 *
 * Context: any thread and any signal handler, as often as they like at once.
 * Return: 0; LIB_RSEQ_FULL no room, or the positions are nonsense: the kernel knows;
 * LIB_RSEQ_AWAY we do not run on that CPU, or there is no rseq here; LIB_RSEQ_ABORTED
 * nothing was sent, we were disturbed.
 */
static inline int lib_pcq_put(const struct lib_pcq_queue *q, const void *buf, __u32 len)
{
	return lib_rseq_put(&q->lane[LIB_PCQ_LOCAL], q->cpu, buf, len);
}

/**
 * lib_pcq_armed() - does a receiver sleep?
 * @q:		the queue, after messages were put into its local lane
 *
 * Return: true if the bell has to be rung.
 */
static inline bool lib_pcq_armed(const struct lib_pcq_queue *q)
{
	/*
	 * F: pairs with E, see the contract. Without the fence we are in order with who
	 * arms here, and who arms elsewhere interrupts this CPU, or the one that we came
	 * from: moving on is a full barrier, too. The word is read after the lane's store,
	 * so that an interrupt in between finds the message or we find the fence.
	 */
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (ring_load_acquire(&q->state->fence))
		ring_full_barrier();
	return ring_load(&q->state->bell) == IPCRING_PCQ_ARMED;
}

/**
 * lib_pcq_take() - take a lane's oldest message
 * @q:		the queue
 * @lane:	LIB_PCQ_*
 * @m:		in: @addr and @len of room; out: @len of the message, @cpu
 *
 * Return: 0, -EAGAIN empty, -EMSGSIZE no room (the message stays), -EBADMSG.
 */
static inline int lib_pcq_take(const struct lib_pcq_queue *q, __u32 lane,
			       struct ipcring_pcq_msg *m)
{
	const struct ring *r = &q->lane[lane];
	struct ipcring_pcq_from from;
	const char *payload;
	__u32 len;
	__u64 pos;
	int ret;

	for (;;) {
		ret = ring_peek(r, &pos, &len);
		if (ret)
			return ret;
		if (len <= sizeof(from))
			return -EBADMSG;
		payload = ring_payload(ring_slot(r, pos));
		memcpy(&from, payload, sizeof(from));
		if (len - sizeof(from) <= m->len) {
			memcpy((void *)(size_t)m->addr, payload + sizeof(from),
			       len - sizeof(from));
			if (ring_claim(r, pos, len))
				break;
		} else if (ring_load(&r->cons->pos) == pos) {
			/* It is not another receiver's by now. */
			return -EMSGSIZE;
		}
	}
	m->len = len - (__u32)sizeof(from);
	m->cpu = lane == LIB_PCQ_LOCAL ? q->cpu : from.cpu;
	return 0;
}

/**
 * lib_pcq_get() - take a message from the lanes in turn
 * @q:		the queue
 * @m:		as lib_pcq_take()
 *
 * Return: as lib_pcq_take().
 */
static inline int lib_pcq_get(struct lib_pcq_queue *q, struct ipcring_pcq_msg *m)
{
	__u32 first = q->next;
	int ret = lib_pcq_take(q, first, m);

	if (ret == -EAGAIN) {
		first = !first;
		ret = lib_pcq_take(q, first, m);
	}
	if (!ret)
		q->next = !first;
	return ret;
}

/**
 * lib_pcq_wanted() - does a sender wait for the room that was made?
 * @q:		the queue, after messages were taken
 */
static inline bool lib_pcq_wanted(const struct lib_pcq_queue *q)
{
	/* ring_claim() is a full barrier on x86: it has a lock prefix. */
#ifdef __x86_64__
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
#else
	ring_full_barrier();
#endif
	return ring_load(&q->state->room);
}

#endif /* IPCRING_LIB_PCQ_LANE_H */
