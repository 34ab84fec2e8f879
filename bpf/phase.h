/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the probes, their loader and the harness' own stamps share. No includes: the
 * probes have their types from <linux/bpf.h>, the others from <linux/types.h>.
 *
 * One message has up to six stamps, on its way from the sender to the receiver:
 *
 *   S  the write that carries its first byte is entered
 *   E  its last byte is enqueued, the receiver cannot see it yet
 *   W  the sender wakes the receiver, after E and before its next S
 *   R  the receiver, which slept, is switched in because of that
 *   D  the read that takes its last byte has copied it
 *   X  that read is left
 *
 * W and R exist only for a message whose own wake ended a sleep. A phase is the
 * difference of two neighbours, so the phases of a message add up to X - S.
 *
 * Where the harness stamps S and X itself, before it calls send and after receive
 * has returned (set "any"), W may be anybody's, and E and D are other things, if there
 * are any: the message lies in shared memory, and a hook says only
 *
 *   E  the sender calls what wakes the receiver in the end
 *   D  the call in which the receiver slept is left
 *
 * One word has one writer: the sender's task, the receiver's task, the CPU that
 * switches the receiver in, or the loader while nothing is attached. So plain
 * stores do, no count is ever lost, and every group has cache lines of its own.
 */
#ifndef IPCSCOPE_PHASE_H
#define IPCSCOPE_PHASE_H

/* Objects (pipes, channels) that the two processes may use between them. */
#define PHASE_CHANS	4
/* Messages in flight that can be told apart; a pipe holds at most 4096 of 16 bytes. */
#define PHASE_SLOTS	8192

enum phase_id {
	PHASE_COPY_IN,		/* S to E */
	PHASE_QUEUED,		/* E to D, receiver not woken for this message */
	PHASE_WAKE,		/* E to W */
	PHASE_RUN_QUEUE,	/* W to R */
	PHASE_DEQUEUE,		/* R to D */
	PHASE_EXIT,		/* D to X */
	/* The harness' own S and X; WAKE and DEQUEUE as above if there are E and D: */
	PHASE_SEND,		/* S to E, or to W */
	PHASE_RECEIVE,		/* D to X, or from R */
	PHASE_PASSED,		/* S to X, receiver not woken after S */
	PHASE_COUNT
};

/* How a message came to its receiver: the first that is true; enum trace_class says more. */
enum phase_class {
	PHASE_WOKEN,		/* its own send ended the receiver's sleep */
	PHASE_RELAYED,		/* another task's or an interrupt's wake did, after S */
	PHASE_SHARED,		/* sent while the receiver came out of a sleep: one wake for many */
	PHASE_BACKLOG,		/* sent before the receiver began to ask for it */
	PHASE_RUNNING,		/* sent while the receiver ran, or polled */
	PHASE_CLASSES
};

/* Messages of a launch that are kept with all their stamps; more are only summed. */
#define PHASE_RECORDS	32768

/*
 * Log-linear histogram: values below 2 << PHASE_HIST_P have a bucket each, every
 * power of two above is cut into 1 << PHASE_HIST_P, so a bucket is at most 1/16
 * of its value wide.
 */
#define PHASE_HIST_P	4
#define PHASE_HIST	((64 - PHASE_HIST_P + 1) << PHASE_HIST_P)

#define PHASE_ALIGNED	__attribute__((aligned(128)))

/**
 * struct phase_stat - one phase over all measured messages
 * @n:		messages that have it
 * @sum:	in ns, also of the negative ones
 * @negative:	of @n, those left out of @hist
 * @hist:	the others
 */
struct phase_stat {
	__u64 n;
	__u64 sum;
	__u64 negative;
	__u32 hist[PHASE_HIST];
};

/**
 * struct phase_slot - a message between E and X; written by the sender
 * @nr:		number of this send among all, from 1; the receiver clears it at X
 * @key:	its place in the channel, from 0
 * @end:	of a stream, offset behind its last byte; of a socket of packets, its buffer
 * @s:		stamp S
 * @e:		stamp E
 * @seq:	what the sender's buffer held at S
 * @readable:	@seq could be read
 * @gate:	it counts as measured
 * @pad:	makes a slot a cache line
 */
struct phase_slot {
	__u64 nr;
	__u64 key;
	__u64 end;
	__u64 s;
	__u64 e;
	__u64 seq;
	__u32 readable;
	__u32 gate;
	__u64 pad;
};

/**
 * struct phase_ctl - written by the loader; @gate by the traced sender itself
 * @gate:	messages that begin now are measured
 * @sender:	process id in the initial namespace
 * @receiver:	likewise
 */
struct phase_ctl {
	__u32 gate;
	__s32 sender;
	__s32 receiver;
} PHASE_ALIGNED;

/**
 * struct phase_snd - state of the sender's task
 * @iter:	address of the running write's iov_iter, 0 outside
 * @base:	user buffer of the message, 0 unknown
 * @next:	user buffer of the running write; eventfd: the last object that is no channel
 * @asked:	bytes of the message
 * @left:	of them, not yet enqueued
 * @s:		stamp S
 * @seq:	first 8 bytes of the message
 * @nr:		messages sent on all channels
 * @woken_by:	@nr between E and the next S, else 0: what a wake now is due to
 * @obj:	the channel's kernel object
 * @chan:	its index
 * @readable:	@seq could be read
 * @gate:	as it was at S
 * @no_chan:	sends on more than PHASE_CHANS objects
 */
struct phase_snd {
	__u64 iter;
	__u64 base;
	__u64 next;
	__u64 asked;
	__u64 left;
	__u64 s;
	__u64 seq;
	__u64 nr;
	__u64 woken_by;
	__u64 obj;
	__u32 chan;
	__u32 readable;
	__u32 gate;
	__u32 no_chan;
} PHASE_ALIGNED;

/**
 * struct phase_wake - the last wake of the receiver by the sender; "any": by anybody
 * @nr:		message that it was due to; the switch-in takes it and stores 0
 * @t:		stamp W; "any": the switch-in takes it and stores 0
 * @e:		"any": stamp E, 0 none
 */
struct phase_wake {
	__u64 nr;
	__u64 t;
	__u64 e;
} PHASE_ALIGNED;

/**
 * struct phase_run - the last switch-in that ended a sleep by such a wake
 * @nr:		message that the wake was due to
 * @w:		stamp W
 * @r:		stamp R
 * @upto:	messages sent as of then
 * @count:	how many there were
 * @e:		"any": stamp E, 0 none
 * @d:		"any": stamp D of the receive call that slept, 0 not yet
 * @asleep:	the receiver gave up its CPU to sleep, not by preemption
 */
struct phase_run {
	__u64 nr;
	__u64 w;
	__u64 r;
	__u64 upto;
	__u64 count;
	__u64 e;
	__u64 d;
	__u32 asleep;
} PHASE_ALIGNED;

/**
 * struct phase_rcv - state of the receiver's task
 * @iter:	address of the running read's iov_iter, 0 outside
 * @base:	its user buffer, 0 unknown
 * @avail:	stream: messages sent, as of D
 * @written:	stream: bytes sent, as of D; eventfd: the last object that is no channel
 * @pos:	position (ring) or buffer (packets) of the message that was copied; eventfd: what
 *		was taken, as of D
 * @copied:	its length (ring) or 1, 0 none yet
 * @d:		stamp D
 * @x:		stamp X
 * @seen:	messages sent when it began to ask for the next one
 * @asking:	the object that it asks for the next one, plus 1; 0 it does not
 * @obj:	the channel's kernel object
 * @chan:	its index
 * @no_chan:	receives on more than PHASE_CHANS objects
 * @mispaired:	sequence numbers that differ
 * @unreadable:	on either side
 */
struct phase_rcv {
	__u64 iter;
	__u64 base;
	__u64 avail;
	__u64 written;
	__u64 pos;
	__u64 copied;
	__u64 d;
	__u64 x;
	__u64 seen;
	__u64 asking;
	__u64 obj;
	__u32 chan;
	__u32 no_chan;
	__u32 mispaired;
	__u32 unreadable;
} PHASE_ALIGNED;

/**
 * struct phase_tx - a channel, the sender's half
 * @sent:	messages
 * @off:	stream: bytes
 * @overwritten: slots whose message had not left
 * @torn:	messages that were begun and never completed
 */
struct phase_tx {
	__u64 sent;
	__u64 off;
	__u32 overwritten;
	__u32 torn;
} PHASE_ALIGNED;

/**
 * struct phase_rx - a channel, the receiver's half
 * @reads:	calls that returned a message or a part of one
 * @received:	messages paired with their send
 * @off:	stream: bytes received; packets: key of the next message to look at
 * @start:	stream: @off when the running read began
 * @begin:	stream: offset of the first byte of the next message to complete
 * @seq:	its first 8 bytes, if an earlier read took them
 * @readable:	@seq could be read
 * @unmatched:	receives without a send
 */
struct phase_rx {
	__u64 reads;
	__u64 received;
	__u64 off;
	__u64 start;
	__u64 begin;
	__u64 seq;
	__u32 readable;
	__u32 unmatched;
} PHASE_ALIGNED;

/**
 * struct phase_link - a side's socket and the channel's object, looked up once
 * @sk:		socket of its last call
 * @obj:	what that is one end of
 */
struct phase_link {
	__u64 sk;
	__u64 obj;
} PHASE_ALIGNED;

/**
 * struct phase_enq - where E is not the sender's; written by whoever enqueues
 * @sk:		by channel, the receiving socket
 * @other:	the last socket that is of no channel
 * @next:	by channel, key of the next message to be enqueued
 * @waker:	task and CPU of an E whose call is under way, 0: none is
 * @due:	number of the message
 */
struct phase_enq {
	__u64 sk[PHASE_CHANS];
	__u64 other;
	__u64 next[PHASE_CHANS];
	__u64 waker;
	__u64 due;
} PHASE_ALIGNED;

/**
 * struct phase_rec - a measured message; written by the receiver at X
 * @s:		stamps; those that it has not are 0
 * @e:		likewise
 * @w:		likewise
 * @r:		likewise
 * @d:		likewise
 * @x:		likewise
 * @nr:		its number among all, from 1
 * @class:	enum phase_class
 * @user:	S and X are the harness' own
 */
struct phase_rec {
	__u64 s;
	__u64 e;
	__u64 w;
	__u64 r;
	__u64 d;
	__u64 x;
	__u64 nr;
	__u32 class;
	__u32 user;
};

/* Of measured messages; written by the receiver at X, or by who folds its records. */
struct phase_sum {
	__u64 measured;
	__u64 total;
	__u64 slept;
	__u64 class[PHASE_CLASSES];
	struct phase_stat phase[PHASE_COUNT];
} PHASE_ALIGNED;

/**
 * struct phase_user - the harness' own stamps, written by the sending worker
 * @sending:	number of the message that it is sending, from 1; 0: none
 * @done:	number of the last one whose send has returned
 */
struct phase_user {
	__u64 sending;
	__u64 done;
} PHASE_ALIGNED;

/**
 * struct phase_call - the sender's last call that may wake; written in its context
 * @nr:		number of the message that it was sending then
 * @t:		stamp E
 */
struct phase_call {
	__u64 nr;
	__u64 t;
} PHASE_ALIGNED;

struct phase_shared {
	struct phase_ctl ctl;
	struct phase_snd snd;
	struct phase_wake wake;
	struct phase_run run;
	struct phase_rcv rcv;
	struct phase_user user;
	struct phase_call call;
	struct phase_tx tx[PHASE_CHANS];
	struct phase_rx rx[PHASE_CHANS];
	__u64 obj[PHASE_CHANS];
	struct phase_link snd_link;
	struct phase_link rcv_link;
	struct phase_enq enq;
	__u64 nrec;
	struct phase_sum sum;
	struct phase_slot slot[PHASE_CHANS][PHASE_SLOTS];
	/* The last one is for what is only summed. */
	struct phase_rec rec[PHASE_RECORDS + 1];
};

#endif /* IPCSCOPE_PHASE_H */
