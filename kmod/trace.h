/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ipcring

#if !defined(IPCRING_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define IPCRING_TRACE_H

#include <linux/tracepoint.h>
#include <uapi/linux/ipcring.h>

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

#endif /* IPCRING_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
