/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ring channel: one object in shared pages, its ends, and the files that
 * reach it. Contract: include/uapi/linux/ipcring.h; algorithm: ring.h.
 *
 * Lifetime: every file holds a reference on the channel and every mapping holds
 * its file, so pages and wait queues outlive whoever can reach them.
 *
 * Locks, outermost first. No side ever waits for one that its peer, or another
 * consumer, holds across a user copy:
 *
 *   end->xfer	one transfer of a side at a time; held across the user copy
 *   chan->lock	who is open; never held while sleeping
 *   end->lock	the end's event words; never held while sleeping
 *
 * Words in shared pages change under our feet. Only ring.h reads them, once each.
 */
#ifndef IPCRING_CHAN_H
#define IPCRING_CHAN_H

#include <linux/atomic.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "common.h"
#include "param.h"

struct ipcring_chan;
struct ipcring_lane;
struct ipcring_name;
struct iov_iter;

/* How to transfer: @how of ipcring_try_send(), ipcring_try_recv(), ipcring_wake(). */
#define IPCRING_NOWAIT		BIT(0)	/* not for a lock; arm before -EAGAIN */
#define IPCRING_WAKE_PLAIN	BIT(1)	/* the woken may preempt us at once */
#define IPCRING_WAKE_HERE	BIT(2)	/* onto this CPU if possible, else PLAIN */
#define IPCRING_WAKE_END	BIT(3)	/* PLAIN, and tell poll() of the end */

/**
 * struct ipcring_end - one side: of a lane its producer, of the channel all consumers
 * @chan:	the channel
 * @lane:	the producer's lane; NULL: consumers
 * @role:	IPCRING_ROLE_*
 * @nr_taken:	files that are open or about to be
 * @lock:	the order of arming: an older position must not replace a newer one
 *		in the event word
 * @least:	producer of records: the smallest payload that a sleeper wants room for, of
 *		those who armed since the last one left; else U32_MAX
 * @xfer:	serialises the transfers of this side
 * @wanted:	who cannot sleep for @xfer is on @wq: its owner wakes them when it is done
 * @wq:		tasks of this side that wait for the peer
 * @waits:	times a task of this side went to sleep
 */
struct ipcring_end {
	struct ipcring_chan *chan;
	struct ipcring_lane *lane;
	u32 role;
	u32 nr_taken;		/* under chan->lock; read without */
	spinlock_t lock;	/* the event words, least */
	u32 least;
	struct mutex xfer;	/* one transfer at a time */
	bool wanted;		/* no lock, see ipcring_want() */
	wait_queue_head_t wq;
	atomic64_t waits;
};

/**
 * struct ipcring_lane - one producer's ring
 * @ring:	immutable geometry, and the kernel's mapping of the shared pages
 * @nr:		its number
 * @epoch:	counts its producers, so that one is not blamed for the last
 * @corrupt:	the protocol was broken; until the next producer comes
 * @prod:	the producer's side
 * @drops:	messages refused, and contents thrown away
 * @prod_wakes:	times the sleeping producer was woken
 * @cons_wakes:	times sleeping consumers were woken by this lane
 * @corruptions: times it became corrupt
 * @nr_pages:	number of pages that are ours, from the first of @pages on
 * @pages:	producer's page, consumer's page, data as it is mapped
 */
struct ipcring_lane {
	struct ring ring;
	u32 nr;
	u32 epoch;		/* under chan->lock */
	bool corrupt;		/* under chan->lock; read without */
	struct ipcring_end prod;
	atomic64_t drops;
	atomic64_t prod_wakes;
	atomic64_t cons_wakes;
	atomic64_t corruptions;
	unsigned int nr_pages;
	struct page **pages;
};

/**
 * struct ipcring_chan - a channel
 * @geo:	its shape
 * @id:		number for tracepoints and fdinfo, never reused
 * @ref:	held by every file
 * @name:	in the registry while the control file is open, or NULL
 * @charge:	who pays
 * @plain:	one lane and one consumer
 * @next:	lane that the next read() looks at first, to be fair; a hint
 * @ready:	bit n: lane n is to be looked at; with one lane not used
 * @lock:	who is open
 * @nr_prods:	open producers of all lanes
 * @nr_cons:	open consumers
 * @prods_gone:	producers were there and none is left; consumers read it without lock
 * @cons_gone:	consumers were there and none is left; producers read it without lock
 * @cons:	the consumers' side
 * @lanes:	@geo.lanes of them
 */
struct ipcring_chan {
	struct ipcring_geo geo;
	u64 id;
	struct kref ref;
	struct ipcring_name *name;
	struct ipcring_charge charge;
	bool plain;
	u32 next;
	atomic64_t ready;
	spinlock_t lock;	/* nr_*, *_gone, epoch, corrupt */
	u32 nr_prods;
	u32 nr_cons;
	bool prods_gone;
	bool cons_gone;
	struct ipcring_end cons;
	struct ipcring_lane lanes[];
};

/* chan.c */
struct ipcring_chan *ipcring_chan_alloc(const struct ipcring_geo *geo);
void ipcring_chan_put(struct ipcring_chan *chan);
int ipcring_reserve_end(struct ipcring_end *end);
void ipcring_unreserve_end(struct ipcring_end *end);
void ipcring_open_end(struct ipcring_end *end);
void ipcring_close_end(struct ipcring_end *end);
void ipcring_get_info(struct ipcring_chan *chan, u32 role, u32 lane, struct ipcring_info *info);
void ipcring_get_stats(struct ipcring_chan *chan, u32 lane, struct ipcring_stats *stats);

/* mem.c */
int ipcring_check_nodes(const struct ipcring_geo *geo);
unsigned long ipcring_lane_pages(const struct ipcring_geo *geo);
int ipcring_alloc_lane(struct ipcring_lane *lane, const struct ipcring_geo *geo);
void ipcring_free_lane(struct ipcring_lane *lane);
int ipcring_mmap_end(struct ipcring_end *end, struct vm_area_struct *vma);

/* name.c */
int ipcring_name_publish(struct ipcring_chan *chan, const u8 *name, u32 mode);
void ipcring_name_remove(struct ipcring_chan *chan);
struct ipcring_chan *ipcring_name_open(const u8 *name, u32 right);

/* file.c */
struct ipcring_end *ipcring_file_end(struct file *file);
int ipcring_create(const struct ipcring_create *param, u64 max_bytes);
int ipcring_open(const struct ipcring_open *param);

/* xfer.c */
ssize_t ipcring_try_send(struct ipcring_end *end, struct iov_iter *from, unsigned int how);
ssize_t ipcring_try_recv(struct ipcring_end *end, struct iov_iter *to, unsigned int how, u32 *lane);
ssize_t ipcring_try_recv_then(struct ipcring_end *end, struct iov_iter *to, unsigned int how,
			      u32 *nr, bool (*then)(void *arg, u32 len), void *arg);
ssize_t ipcring_write_iter(struct kiocb *iocb, struct iov_iter *from);
ssize_t ipcring_read_iter(struct kiocb *iocb, struct iov_iter *to);

/* wait.c */
int ipcring_corrupt(struct ipcring_lane *lane, u32 epoch);
void ipcring_wake_up(struct ipcring_end *end, struct ipcring_lane *lane, u64 pos, unsigned int how);
void ipcring_edge(struct ipcring_end *end, int nr);
bool ipcring_want(struct ipcring_end *end);
void ipcring_hand_over(struct ipcring_end *end);
void ipcring_baton(struct ipcring_end *end);
void ipcring_leave(struct ipcring_end *end);
int ipcring_arm_lane(struct ipcring_lane *lane);
int ipcring_look(struct ipcring_end *end, u32 len);
int ipcring_arm(struct ipcring_end *end, u32 len);
int ipcring_arm_asleep(struct ipcring_end *end, u32 len);
int ipcring_sleep(struct ipcring_end *end, u32 len, ktime_t *deadline);
__poll_t ipcring_poll(struct file *file, poll_table *wait);
long ipcring_ioc_wait(struct ipcring_end *end, void __user *arg);
long ipcring_ioc_wake(struct ipcring_end *end, unsigned long arg);

/* any.c */
long ipcring_ioc_wait_any(void __user *arg);

/**
 * ipcring_wake() - wake the tasks of a side, if any sleep
 * @end:	the side to wake
 * @lane:	the lane that has news for them
 * @pos:	where the peer stands in it, for the tracepoint
 * @how:	IPCRING_WAKE_*
 */
static __always_inline void ipcring_wake(struct ipcring_end *end, struct ipcring_lane *lane,
					 u64 pos, unsigned int how)
{
	/* Its full barrier pairs with those of prepare_to_wait() and poll_wait(). */
	if (wq_has_sleeper(&end->wq))
		ipcring_wake_up(end, lane, pos, how);
}

/**
 * ipcring_look_send() - can the producer go on?
 * @end:	the producer's side
 * @len:	payload in bytes
 * @pos:	out: position of the next message
 *
 * Return: 0, -EAGAIN full, -EPIPE full and every consumer is gone, -EBADMSG.
 */
static __always_inline int ipcring_look_send(struct ipcring_end *end, u32 len, u64 *pos)
{
	struct ipcring_lane *lane = end->lane;
	/* The peer closes after its last message: acquire, see ipcring_close_end(). */
	bool gone = smp_load_acquire(&end->chan->cons_gone);
	int found = ring_reserve(&lane->ring, len, pos);

	if (unlikely(READ_ONCE(lane->corrupt)))
		return -EBADMSG;
	if (unlikely(found == -EBADMSG))
		return ipcring_corrupt(lane, READ_ONCE(lane->epoch));
	return found == -EAGAIN && gone ? -EPIPE : found;
}

/**
 * ipcring_look_lane() - is there a message in a lane?
 * @lane:	the lane
 * @pos:	out: position of the oldest message
 * @len:	out: its length
 *
 * Return: 0, -EAGAIN empty, -EBADMSG.
 */
static __always_inline int ipcring_look_lane(struct ipcring_lane *lane, u64 *pos, u32 *len)
{
	/* Acquire: what we see then is this producer's, or a later one's. */
	u32 epoch = smp_load_acquire(&lane->epoch);
	int found = ring_peek(&lane->ring, pos, len);

	if (unlikely(READ_ONCE(lane->corrupt)))
		return -EBADMSG;
	if (unlikely(found == -EBADMSG))
		return ipcring_corrupt(lane, epoch);
	return found;
}

/**
 * ipcring_set_ready() - a lane is to be looked at
 * @lane:	the lane; what its producer published was stored before
 */
static __always_inline void ipcring_set_ready(struct ipcring_lane *lane)
{
	struct ipcring_chan *chan = lane->prod.chan;

	if (chan->geo.lanes == 1)
		return;
	/* Pairs with C in ring_arm_consumer(): it sees the message or we the bit. */
	smp_mb();
	if (!(atomic64_read(&chan->ready) & BIT_ULL(lane->nr)))
		atomic64_or(BIT_ULL(lane->nr), &chan->ready);
}

#endif /* IPCRING_CHAN_H */
