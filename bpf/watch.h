/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the probes of `ipcscope trace` and their loader share. No includes: the probes
 * have their types from <linux/bpf.h>, the loader from <linux/types.h>.
 *
 * Any number of tasks send and receive. A message is what one call sends; it is known by the
 * kernel object that carries it, from its enqueuing to its receipt:
 *
 *   pipe, FIFO	the pipe and the number of the piece, counted under pipe->mutex
 *   Unix socket	the sk_buff
 *   message queue	the msg_msg
 *
 * Its stamps are those of phase.h, S E W R D X, and so are its phases, which add up to X - S.
 * A message that the kernel carries in several pieces (a write that met a full pipe, a send of
 * more than an sk_buff holds) was sent when its last piece was, and received likewise.
 */
#ifndef IPCSCOPE_WATCH_H
#define IPCSCOPE_WATCH_H

enum watch_kind {
	WATCH_PIPE,
	WATCH_FIFO,
	WATCH_UNIX_STREAM,
	WATCH_UNIX_DGRAM,
	WATCH_UNIX_SEQPACKET,
	WATCH_SYSV_MSG,
	WATCH_POSIX_MQ,
	WATCH_KINDS
};

enum watch_phase {
	WATCH_COPY_IN,		/* S to E; waiting for room is in it */
	WATCH_QUEUED,		/* E to D, receiver not woken for this message */
	WATCH_WAKE,		/* E to W */
	WATCH_RUN_QUEUE,	/* W to R */
	WATCH_DEQUEUE,		/* R to D */
	WATCH_EXIT,		/* D to X */
	WATCH_TOTAL,		/* S to X */
	WATCH_PHASES
};

/*
 * Log-linear histogram, 8 buckets a power of two: a bucket is at most 1/8 of its value wide.
 * 2^40 ns are 18 minutes; what is longer is in the last bucket.
 */
#define WATCH_HIST_P	3
#define WATCH_HIST_BITS	40
#define WATCH_HIST	((WATCH_HIST_BITS - WATCH_HIST_P + 1) << WATCH_HIST_P)

/* Bounds of what is kept; a failure to keep more is counted. */
#define WATCH_TASKS	8192	/* that have sent or received, alive */
#define WATCH_PROCS	4096	/* names of processes, also of dead ones */
#define WATCH_OBJS	4096	/* pipes, sockets and queues in use */
#define WATCH_MSGS	65536	/* pieces in flight; a pipe holds as many of one byte */
#define WATCH_EDGES	1024	/* (object, sender, receiver) */
#define WATCH_PAIRS	8192	/* (edge, CPU, CPU) */
#define WATCH_CTX	8192	/* a CPU's last switches and interrupts; a power of two */
#define WATCH_RING	(4u << 20)	/* bytes of single messages on their way to the loader */

/* Pages of a pipe that are looked at to find out what it holds; /proc/sys/fs/pipe-max-size. */
#define WATCH_PIPE_BUFS	256

enum watch_count {
	WATCH_SENT,		/* by a followed task */
	WATCH_SENT_OTHERS,	/* by another, to a followed one; known at their receipt */
	WATCH_RECEIVED,
	WATCH_UNTIMED,		/* received before it was known to be a whole message */
	WATCH_ABORTED,		/* enqueued in vain: not sent */
	WATCH_CLOSED,		/* thrown away with its object */
	WATCH_SPLICED,		/* sent, and taken by splice() */
	WATCH_LATE,		/* received by a call that began before tracing did */
	WATCH_BEFORE,		/* receives of what was sent before tracing began */
	WATCH_FOREIGN,		/* times that a pipe held other bytes than were written */
	WATCH_UNMATCHED,	/* receives without a send */
	WATCH_NO_TASK,		/* maps full */
	WATCH_NO_OBJ,
	WATCH_NO_MSG,
	WATCH_NO_EDGE,		/* counted without its object */
	WATCH_NO_PAIR,
	WATCH_NO_PROC,
	WATCH_DROPPED,		/* single messages that the loader did not fetch in time */
	WATCH_NEGATIVE,		/* phases of negative length */
	WATCH_COUNTS
};

struct watch_key {
	__u64 a;
	__u64 b;
};

enum watch_state {
	WATCH_OPEN,		/* more of the same message may follow */
	WATCH_LAST,		/* its last piece */
	WATCH_TAKEN		/* received */
};

/**
 * struct watch_msg - a piece of a message in flight
 * @nr:		how many its sender has sent, in pieces: with @tid it is unique
 * @s:		stamp S
 * @e:		stamp E
 * @end:	pipe: offset behind its last byte
 * @bytes:	of the message so far
 * @tid:	the sender
 * @tgid:	its process
 * @cpu:	the CPU of E
 * @state:	enum watch_state
 * @kind:	enum watch_kind
 * @followed:	the sender is
 */
struct watch_msg {
	__u64 nr;
	__u64 s;
	__u64 e;
	__u64 end;
	__u64 bytes;
	__u32 tid;
	__u32 tgid;
	__u32 cpu;
	__u32 state;
	__u32 kind;
	__u32 followed;
};

enum watch_op {
	WATCH_IDLE,
	WATCH_SEND,
	WATCH_RECV,
	WATCH_PEEK
};

/**
 * struct watch_task - a task that has sent or received
 * @tgid:	its process
 * @followed:	is
 * @op:		enum watch_op: the call it is in
 * @kind:	enum watch_kind of it
 * @obj:	its object: inode number or queue id
 * @lock:	pipe: address of its mutex
 * @uid:	pipe: number of the object
 * @iter:	pipe: address of the iov_iter
 * @rest:	pipe: bytes not yet moved
 * @s:		when the call was entered: stamp S
 * @moved:	bytes moved by it
 * @cur:	send: last piece enqueued; what a wake now is due to
 * @prev:	send: the one before
 * @whole:	send: the last piece was the message's end
 * @d:		pipe: stamp D
 * @first:	pipe: first piece taken
 * @ndone:	pieces taken
 * @done:	not pipe: the first of them
 * @nr:		pieces enqueued since it is known
 * @wake:	sender and its @nr that the last wake was due to, @wake_t when
 * @run:	those that the last wake from sleep was due to, @run_w, @run_r when
 * @asleep:	gave up its CPU to sleep, at @sleep_t
 */
struct watch_task {
	__u32 tgid;
	__u32 followed;
	__u32 op;
	__u32 kind;
	__u64 obj;
	__u64 lock;
	__u64 uid;
	__u64 iter;
	__u64 rest;
	__u64 s;
	__u64 moved;
	struct watch_key cur;
	struct watch_key prev;
	__u64 whole;
	__u64 d;
	__u64 first;
	__u64 ndone;
	struct watch_msg done;
	__u64 done_d;
	__u64 nr;
	struct watch_key wake;
	__u64 wake_t;
	struct watch_key run;
	__u64 run_w;
	__u64 run_r;
	__u64 asleep;
	__u64 sleep_t;
};

/**
 * struct watch_obj - a pipe, a socket that receives, a queue
 * @uid:	number, unique
 * @before:	message queue: messages in it from before tracing
 * @off_in:	pipe: bytes written
 * @off_out:	pipe: bytes read
 * @old_end:	pipe: offset behind the bytes whose origin is unknown
 * @seg_in:	pipe: pieces written
 * @seg_out:	pipe: pieces read
 * @synced:	pipe: the offsets hold
 */
struct watch_obj {
	__u64 uid;
	__u64 before;
	__u64 off_in;
	__u64 off_out;
	__u64 old_end;
	__u64 seg_in;
	__u64 seg_out;
	__u64 synced;
};

struct watch_stat {
	__u64 n;
	__u64 sum;
	__u32 hist[WATCH_HIST];
};

/* Who talks to whom over what; @obj is 0 for all objects that found no place. */
struct watch_edge_key {
	__u64 obj;
	__u32 kind;
	__u32 from;
	__u32 to;
	__u32 pad;
};

/**
 * struct watch_edge - what went that way
 * @id:		number, unique
 * @n:		messages
 * @bytes:	of them
 * @slept:	messages whose receiver slept and was woken by their sender
 * @phase:	of the messages that have it
 */
struct watch_edge {
	__u64 id;
	__u64 n;
	__u64 bytes;
	__u64 slept;
	struct watch_stat phase[WATCH_PHASES];
};

struct watch_pair {
	__u32 edge;
	__u16 from;
	__u16 to;
};

struct watch_proc {
	char comm[16];
	__u32 followed;
};

enum watch_event_type {
	WATCH_EV_MSG,		/* a message, all stamps */
	WATCH_EV_SEND,		/* a call: from s to x */
	WATCH_EV_RECV,
	WATCH_EV_SLEEP		/* off its CPU: from s to x */
};

/* On the ring; w and r are 0 where the receiver was not woken by this message. */
struct watch_event {
	__u32 type;
	__u32 kind;
	__u64 obj;
	__u64 bytes;
	__u64 s;
	__u64 e;
	__u64 w;
	__u64 r;
	__u64 d;
	__u64 x;
	__u32 from_tid;
	__u32 from_tgid;
	__u32 to_tid;
	__u32 to_tgid;
	__u32 from_cpu;
	__u32 to_cpu;
};

enum watch_ctx_type {
	WATCH_CTX_NONE,
	WATCH_CTX_SWITCH,	/* to task id */
	WATCH_CTX_IRQ,
	WATCH_CTX_IRQ_END,
	WATCH_CTX_SOFTIRQ,
	WATCH_CTX_SOFTIRQ_END,
	WATCH_CTX_TIMER,	/* the CPU's own */
	WATCH_CTX_TIMER_END
};

struct watch_ctx {
	__u64 t;
	__u32 type;
	__u32 id;
	char name[16];
};

/**
 * struct watch_ctl - written by the loader
 * @on:		the probes count; what is stored last of all
 * @all:	every process is followed
 * @self:	the process that is never looked at
 * @calls:	calls and sleeps go to the ring, too
 * @slowest:	messages that took longer go to the ring
 * @context:	switches and interrupts are kept
 */
struct watch_ctl {
	__u32 on;
	__u32 all;
	__u32 self;
	__u32 calls;
	__u64 slowest;
	__u32 context;
};

/* Messages go to the ring never; 0 for ctl.slowest is always. */
#define WATCH_NEVER	(~0ULL)

#endif /* IPCSCOPE_WATCH_H */
