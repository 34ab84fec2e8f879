/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ipcring

#if !defined(IPCRING_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define IPCRING_TRACE_H

#include <linux/tracepoint.h>
#include <uapi/linux/ipcring.h>
#include <uapi/linux/ipcring_pcq.h>

#define ipcring_show_role(role) \
	__print_symbolic(role, \
			 { IPCRING_ROLE_PRODUCER, "producer" }, \
			 { IPCRING_ROLE_CONSUMER, "consumer" })

DECLARE_EVENT_CLASS(ipcring_msg,
	TP_PROTO(u64 chan, u64 pos, u32 len, u32 lane),
	TP_ARGS(chan, pos, len, lane),
	TP_STRUCT__entry(
		__field(u64, chan)
		__field(u64, pos)
		__field(u32, len)
		__field(u32, lane)
	),
	TP_fast_assign(
		__entry->chan = chan;
		__entry->pos = pos;
		__entry->len = len;
		__entry->lane = lane;
	),
	TP_printk("chan=%llu pos=%llu len=%u lane=%u", __entry->chan, __entry->pos,
		  __entry->len, __entry->lane)
);

/* Message @pos is about to be published; the consumer cannot see it yet. */
DEFINE_EVENT(ipcring_msg, ipcring_send,
	TP_PROTO(u64 chan, u64 pos, u32 len, u32 lane),
	TP_ARGS(chan, pos, len, lane));

/* Message @pos was copied out and its slot given back. */
DEFINE_EVENT(ipcring_msg, ipcring_recv,
	TP_PROTO(u64 chan, u64 pos, u32 len, u32 lane),
	TP_ARGS(chan, pos, len, lane));

DECLARE_EVENT_CLASS(ipcring_sleep,
	TP_PROTO(u64 chan, u32 role, u64 pos, u32 lane),
	TP_ARGS(chan, role, pos, lane),
	TP_STRUCT__entry(
		__field(u64, chan)
		__field(u64, pos)
		__field(u32, role)
		__field(u32, lane)
	),
	TP_fast_assign(
		__entry->chan = chan;
		__entry->pos = pos;
		__entry->role = role;
		__entry->lane = lane;
	),
	TP_printk("chan=%llu role=%s pos=%llu lane=%d", __entry->chan,
		  ipcring_show_role(__entry->role), __entry->pos, (int)__entry->lane)
);

/*
 * A task of side @role goes to sleep; @pos is where its side stands. A consumer waits
 * for all lanes: if there are more, @lane is IPCRING_LANE_ALL, and @pos means nothing.
 */
DEFINE_EVENT(ipcring_sleep, ipcring_wait,
	TP_PROTO(u64 chan, u32 role, u64 pos, u32 lane),
	TP_ARGS(chan, role, pos, lane));

/* The sleepers of side @role are about to be woken; @pos is where the peer stands in @lane. */
DEFINE_EVENT(ipcring_sleep, ipcring_wake,
	TP_PROTO(u64 chan, u32 role, u64 pos, u32 lane),
	TP_ARGS(chan, role, pos, lane));

#define pcq_show_mode(mode) \
	__print_symbolic(mode, \
			 { IPCRING_PCQ_BELL_WAKE, "wake" }, \
			 { IPCRING_PCQ_BELL_IPI, "ipi" }, \
			 { IPCRING_PCQ_BELL_POLL, "poll" })

#define pcq_show_role(role) \
	__print_symbolic(role, \
			 { IPCRING_PCQ_SENDER, "sender" }, \
			 { IPCRING_PCQ_RECEIVER, "receiver" })

/*
 * A message of a set of per-CPU queues: @set, @cpu (the queue), @lane (0 local, 1 remote)
 * and @pos are one message's alone. @from is the CPU that it was sent on.
 */
DECLARE_EVENT_CLASS(ipcring_pcq_msg,
	TP_PROTO(u64 set, u32 cpu, u32 lane, u64 pos, u32 len, u32 from),
	TP_ARGS(set, cpu, lane, pos, len, from),
	TP_STRUCT__entry(
		__field(u64, set)
		__field(u64, pos)
		__field(u32, cpu)
		__field(u32, lane)
		__field(u32, len)
		__field(u32, from)
	),
	TP_fast_assign(
		__entry->set = set;
		__entry->pos = pos;
		__entry->cpu = cpu;
		__entry->lane = lane;
		__entry->len = len;
		__entry->from = from;
	),
	TP_printk("set=%llu cpu=%u lane=%u pos=%llu len=%u from=%u", __entry->set,
		  __entry->cpu, __entry->lane, __entry->pos, __entry->len, __entry->from)
);

/* It is about to be published in the local lane; no receiver can see it yet. */
DEFINE_EVENT(ipcring_pcq_msg, ipcring_pcq_send_local,
	TP_PROTO(u64 set, u32 cpu, u32 lane, u64 pos, u32 len, u32 from),
	TP_ARGS(set, cpu, lane, pos, len, from));

/* Likewise in the remote lane. */
DEFINE_EVENT(ipcring_pcq_msg, ipcring_pcq_send_remote,
	TP_PROTO(u64 set, u32 cpu, u32 lane, u64 pos, u32 len, u32 from),
	TP_ARGS(set, cpu, lane, pos, len, from));

/* It was copied out and its slot given back. */
DEFINE_EVENT(ipcring_pcq_msg, ipcring_pcq_recv,
	TP_PROTO(u64 set, u32 cpu, u32 lane, u64 pos, u32 len, u32 from),
	TP_ARGS(set, cpu, lane, pos, len, from));

DECLARE_EVENT_CLASS(ipcring_pcq_doorbell,
	TP_PROTO(u64 set, u32 cpu, u32 mode),
	TP_ARGS(set, cpu, mode),
	TP_STRUCT__entry(
		__field(u64, set)
		__field(u32, cpu)
		__field(u32, mode)
	),
	TP_fast_assign(
		__entry->set = set;
		__entry->cpu = cpu;
		__entry->mode = mode;
	),
	TP_printk("set=%llu cpu=%u mode=%s", __entry->set, __entry->cpu,
		  pcq_show_mode(__entry->mode))
);

/* A doorbell rings, as @mode says: receivers are about to be woken, or @cpu interrupted. */
DEFINE_EVENT(ipcring_pcq_doorbell, ipcring_pcq_bell,
	TP_PROTO(u64 set, u32 cpu, u32 mode),
	TP_ARGS(set, cpu, mode));

/* It was spared, as nobody sleeps; @mode is the queue's. */
DEFINE_EVENT(ipcring_pcq_doorbell, ipcring_pcq_suppressed,
	TP_PROTO(u64 set, u32 cpu, u32 mode),
	TP_ARGS(set, cpu, mode));

/* It was spared, as another one has rung already; @mode is the queue's. */
DEFINE_EVENT(ipcring_pcq_doorbell, ipcring_pcq_coalesced,
	TP_PROTO(u64 set, u32 cpu, u32 mode),
	TP_ARGS(set, cpu, mode));

/* A task goes to sleep; @cpu is the queue, or IPCRING_PCQ_ANY. */
TRACE_EVENT(ipcring_pcq_wait,
	TP_PROTO(u64 set, u32 role, u32 cpu),
	TP_ARGS(set, role, cpu),
	TP_STRUCT__entry(
		__field(u64, set)
		__field(u32, role)
		__field(u32, cpu)
	),
	TP_fast_assign(
		__entry->set = set;
		__entry->role = role;
		__entry->cpu = cpu;
	),
	TP_printk("set=%llu role=%s cpu=%d", __entry->set, pcq_show_role(__entry->role),
		  (int)__entry->cpu)
);

/*
 * A turn of the service of queue @cpu of set @set: it served so many messages. The answers
 * of @undelivered of them cannot be sent, the others' are there, and were rung for.
 */
TRACE_EVENT(ipcring_pcq_serve,
	TP_PROTO(u64 set, u32 cpu, u32 served, u32 undelivered),
	TP_ARGS(set, cpu, served, undelivered),
	TP_STRUCT__entry(
		__field(u64, set)
		__field(u32, cpu)
		__field(u32, served)
		__field(u32, undelivered)
	),
	TP_fast_assign(
		__entry->set = set;
		__entry->cpu = cpu;
		__entry->served = served;
		__entry->undelivered = undelivered;
	),
	TP_printk("set=%llu cpu=%u served=%u undelivered=%u", __entry->set, __entry->cpu,
		  __entry->served, __entry->undelivered)
);

#endif /* IPCRING_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
