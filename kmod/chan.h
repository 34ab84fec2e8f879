/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ring channel: one object in shared pages, two ends, and the files that
 * reach it. Contract: include/uapi/linux/ipcring.h; algorithm: ring.h.
 *
 * Lifetime: every file holds a reference on the channel and every mapping holds
 * its file, so pages and wait queues outlive whoever can reach them.
 *
 * Locks, outermost first. No side ever takes a lock of its peer's:
 *
 *   end->xfer	one transfer of a side at a time; held across the user copy
 *   end->lock	the end's state and its event word; never held while sleeping
 *
 * Words in shared pages change under our feet. Only ring.h reads them, once each.
 */
#ifndef IPCRING_CHAN_H
#define IPCRING_CHAN_H

#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "ring.h"

struct ipcring_chan;

/**
 * struct ipcring_end - one side of a channel
 * @chan:	the channel
 * @peer:	the other side
 * @role:	IPCRING_ROLE_*
 * @taken:	an endpoint is open, or about to be; written under @lock
 * @gone:	an endpoint was open and is closed; written under @lock, the peer
 *		reads it without
 * @lock:	state, and the order of arming: an older position must not replace
 *		a newer one in the event word
 * @xfer:	serialises read() or write() on this side
 * @wq:		tasks of this side that wait for the peer
 */
struct ipcring_end {
	struct ipcring_chan *chan;
	struct ipcring_end *peer;
	u32 role;
	bool taken;
	bool gone;
	spinlock_t lock;	/* taken, gone, the event word */
	struct mutex xfer;	/* one transfer at a time */
	wait_queue_head_t wq;
};

/**
 * struct ipcring_chan - a channel
 * @ring:	immutable geometry, and the kernel's mapping of the shared pages
 * @corrupt:	the protocol was broken; never cleared
 * @id:		number for tracepoints and fdinfo, never reused
 * @prod:	the producer's side
 * @cons:	the consumer's side
 * @ref:	held by every file
 * @nr_pages:	length of @pages
 * @pages:	producer's page, consumer's page, data
 */
struct ipcring_chan {
	struct ring ring;
	bool corrupt;
	u64 id;
	struct ipcring_end prod;
	struct ipcring_end cons;
	struct kref ref;
	unsigned int nr_pages;
	struct page **pages;
};

/* chan.c */
int ipcring_chan_create(const struct ipcring_create *param, u64 max_bytes);
int ipcring_copy_param(void *param, size_t size, size_t first, const void __user *arg);
int ipcring_copy_result(void __user *arg, const void *param, size_t size);

/* xfer.c */
ssize_t ipcring_write_iter(struct kiocb *iocb, struct iov_iter *from);
ssize_t ipcring_read_iter(struct kiocb *iocb, struct iov_iter *to);

/* wait.c */
void ipcring_corrupt(struct ipcring_chan *chan);
void ipcring_hangup(struct ipcring_end *end);
void ipcring_wake(struct ipcring_end *end, u64 pos);
int ipcring_arm(struct ipcring_end *end);
int ipcring_sleep(struct ipcring_end *end, ktime_t *deadline);
__poll_t ipcring_poll(struct file *file, poll_table *wait);
long ipcring_ioc_wait(struct ipcring_end *end, void __user *arg);
long ipcring_ioc_wake(struct ipcring_end *end, unsigned long arg);

/* The peer closes after its last message, so what @gone shows was loaded first. */
static inline int ipcring_verdict(struct ipcring_end *end, bool gone, int found)
{
	if (unlikely(READ_ONCE(end->chan->corrupt)))
		return -EBADMSG;
	if (unlikely(found == -EBADMSG))
		ipcring_corrupt(end->chan);
	return found == -EAGAIN && gone ? -EPIPE : found;
}

/**
 * ipcring_look_send() - can the producer go on?
 * @end:	the producer's side
 * @len:	payload in bytes
 * @pos:	out: position of the next message
 *
 * Return: 0, -EAGAIN full, -EPIPE full and the consumer is gone, -EBADMSG.
 */
static inline int ipcring_look_send(struct ipcring_end *end, u32 len, u64 *pos)
{
	/* Acquire: pairs with the release in ipcring_hangup(). */
	bool gone = smp_load_acquire(&end->peer->gone);

	return ipcring_verdict(end, gone, ring_reserve(&end->chan->ring, len, pos));
}

/**
 * ipcring_look_recv() - can the consumer go on?
 * @end:	the consumer's side
 * @pos:	out: position of the oldest message
 * @len:	out: its length
 *
 * Return: 0, -EAGAIN empty, -EPIPE empty and the producer is gone, -EBADMSG.
 */
static inline int ipcring_look_recv(struct ipcring_end *end, u64 *pos, u32 *len)
{
	/* Acquire: pairs with the release in ipcring_hangup(). */
	bool gone = smp_load_acquire(&end->peer->gone);

	return ipcring_verdict(end, gone, ring_peek(&end->chan->ring, pos, len));
}

#endif /* IPCRING_CHAN_H */
