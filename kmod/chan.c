// SPDX-License-Identifier: GPL-2.0
/* Channels: their parts, and who is there. */
#include <linux/build_bug.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "chan.h"

/* Users map these: they never change. */
static_assert(sizeof(struct ipcring_side) == 256);
static_assert(offsetof(struct ipcring_side, pos) == 0);
static_assert(offsetof(struct ipcring_side, event) == 128);
static_assert(sizeof(struct ipcring_slot) == 8);
static_assert(sizeof(struct ipcring_features) == 16);
static_assert(offsetof(struct ipcring_create, mode) == IPCRING_CREATE_SIZE_V1);
static_assert(sizeof(struct ipcring_create) == 112);
static_assert(sizeof(struct ipcring_endpoint) == 16);
static_assert(sizeof(struct ipcring_open) == 80);
static_assert(offsetof(struct ipcring_info, flags) == IPCRING_INFO_SIZE_V1);
static_assert(sizeof(struct ipcring_info) == 80);
static_assert(sizeof(struct ipcring_stats) == 88);
static_assert(offsetof(struct ipcring_wait, ready) == IPCRING_WAIT_SIZE_V1);
static_assert(sizeof(struct ipcring_wait) == 32);
static_assert(sizeof(struct ipcring_side) <= PAGE_SIZE);

static void ipcring_init_end(struct ipcring_end *end, struct ipcring_chan *chan,
			     struct ipcring_lane *lane)
{
	end->chan = chan;
	end->lane = lane;
	end->role = lane ? IPCRING_ROLE_PRODUCER : IPCRING_ROLE_CONSUMER;
	spin_lock_init(&end->lock);
	end->least = U32_MAX;
	mutex_init(&end->xfer);
	init_waitqueue_head(&end->wq);
}

static int ipcring_add_lane(struct ipcring_chan *chan, u32 nr)
{
	struct ipcring_lane *lane = &chan->lanes[nr];

	lane->nr = nr;
	ipcring_init_end(&lane->prod, chan, lane);
	return ipcring_alloc_lane(lane, &chan->geo);
}

static void ipcring_all_ready(struct ipcring_chan *chan)
{
	atomic64_set(&chan->ready, GENMASK_ULL(chan->geo.lanes - 1, 0));
}

/* A number that no channel and no set ever had. */
u64 ipcring_new_id(void)
{
	static atomic64_t last_id;

	return atomic64_inc_return(&last_id);
}

/**
 * ipcring_chan_alloc() - make a channel
 * @geo:	its shape
 *
 * Return: the channel, to be given up with ipcring_chan_put(), or an error pointer:
 * -ENOMEM, -EDQUOT, -EPERM.
 */
struct ipcring_chan *ipcring_chan_alloc(const struct ipcring_geo *geo)
{
	struct ipcring_chan *chan;
	u32 nr;
	int ret;

	chan = kvzalloc(struct_size(chan, lanes, geo->lanes), GFP_KERNEL_ACCOUNT);
	if (!chan)
		return ERR_PTR(-ENOMEM);
	chan->geo = *geo;
	kref_init(&chan->ref);
	spin_lock_init(&chan->lock);
	ipcring_init_end(&chan->cons, chan, NULL);
	chan->plain = geo->lanes == 1 && geo->consumers == 1;
	/* Nobody has armed a lane yet: look at all. */
	ipcring_all_ready(chan);
	ret = ipcring_charge(&chan->charge, ipcring_lane_pages(geo) * geo->lanes);
	if (ret)
		goto free_chan;
	for (nr = 0; nr < geo->lanes; nr++) {
		ret = ipcring_add_lane(chan, nr);
		if (ret)
			goto free_lanes;
	}
	chan->id = ipcring_new_id();
	return chan;

free_lanes:
	while (nr)
		ipcring_free_lane(&chan->lanes[--nr]);
	ipcring_uncharge(&chan->charge);
free_chan:
	kvfree(chan);
	return ERR_PTR(ret);
}

static void ipcring_chan_free(struct kref *ref)
{
	struct ipcring_chan *chan = container_of(ref, struct ipcring_chan, ref);

	for (u32 nr = 0; nr < chan->geo.lanes; nr++)
		ipcring_free_lane(&chan->lanes[nr]);
	ipcring_uncharge(&chan->charge);
	kvfree(chan);
}

/* Of the last reference: nobody sleeps, nothing is mapped, no file is left. */
void ipcring_chan_put(struct ipcring_chan *chan)
{
	kref_put(&chan->ref, ipcring_chan_free);
}

/**
 * ipcring_reserve_end() - take a place at a side
 * @end:	the side
 *
 * Return: 0, the caller opens or unreserves it; -EBUSY no place is free.
 */
int ipcring_reserve_end(struct ipcring_end *end)
{
	struct ipcring_chan *chan = end->chan;
	u32 places = end->lane ? 1 : chan->geo.consumers;
	int ret = -EBUSY;

	spin_lock(&chan->lock);
	if (end->nr_taken < places) {
		WRITE_ONCE(end->nr_taken, end->nr_taken + 1);
		ret = 0;
	}
	spin_unlock(&chan->lock);
	return ret;
}

void ipcring_unreserve_end(struct ipcring_end *end)
{
	spin_lock(&end->chan->lock);
	WRITE_ONCE(end->nr_taken, end->nr_taken - 1);
	spin_unlock(&end->chan->lock);
}

/* A new producer starts a corrupt lane afresh: the last one's end left it sound. */
static bool ipcring_open_lane(struct ipcring_lane *lane)
{
	bool was_corrupt = lane->corrupt;

	lockdep_assert_held(&lane->prod.chan->lock);
	WRITE_ONCE(lane->corrupt, false);
	/* Release: pairs with the load in ipcring_look_lane(). */
	smp_store_release(&lane->epoch, lane->epoch + 1);
	return was_corrupt;
}

/**
 * ipcring_open_end() - the reserved place has a file: the peer sees it
 * @end:	the side
 */
void ipcring_open_end(struct ipcring_end *end)
{
	struct ipcring_chan *chan = end->chan;
	bool look = false;

	spin_lock(&chan->lock);
	if (end->lane) {
		look = ipcring_open_lane(end->lane);
		chan->nr_prods++;
		WRITE_ONCE(chan->prods_gone, false);
	} else {
		chan->nr_cons++;
		WRITE_ONCE(chan->cons_gone, false);
	}
	spin_unlock(&chan->lock);
	if (!look)
		return;
	/* Consumers had set it aside: who sleeps has not armed it. */
	ipcring_set_ready(end->lane);
	ipcring_wake(&chan->cons, end->lane, ring_load(&end->lane->ring.prod->pos),
		     IPCRING_WAKE_END);
}

static void ipcring_close_producer(struct ipcring_lane *lane)
{
	struct ipcring_chan *chan = lane->prod.chan;

	/* Before the place is free: nobody else may write to the lane yet. */
	if (ring_seal(&lane->ring))
		atomic64_inc(&lane->drops);
	/* A mapped producer may have died between its message and its WAKE. */
	ipcring_set_ready(lane);
	spin_lock(&chan->lock);
	WRITE_ONCE(lane->prod.nr_taken, 0);
	if (!--chan->nr_prods)
		/* Release: the last message is visible before, see ipcring_look(). */
		smp_store_release(&chan->prods_gone, true);
	spin_unlock(&chan->lock);
	ipcring_wake(&chan->cons, lane, ring_load(&lane->ring.prod->pos), IPCRING_WAKE_END);
}

static void ipcring_close_consumer(struct ipcring_chan *chan)
{
	/* What was handed out to this one has to be looked at by the others. */
	ipcring_all_ready(chan);
	spin_lock(&chan->lock);
	WRITE_ONCE(chan->cons.nr_taken, chan->cons.nr_taken - 1);
	if (!--chan->nr_cons)
		/* Release: the last place is free before, see ipcring_look_send(). */
		smp_store_release(&chan->cons_gone, true);
	spin_unlock(&chan->lock);
	for (u32 nr = 0; nr < chan->geo.lanes; nr++) {
		struct ipcring_lane *lane = &chan->lanes[nr];

		ipcring_wake(&lane->prod, lane, ring_load(&lane->ring.cons->pos), IPCRING_WAKE_END);
	}
	ipcring_edge(&chan->cons, 0);
}

/**
 * ipcring_close_end() - a file of a side, and with it its last mapping, is gone
 * @end:	the side
 */
void ipcring_close_end(struct ipcring_end *end)
{
	if (end->lane)
		ipcring_close_producer(end->lane);
	else
		ipcring_close_consumer(end->chan);
}

static u32 ipcring_lane_state(const struct ipcring_lane *lane)
{
	return (READ_ONCE(lane->prod.nr_taken) ? IPCRING_ST_PRODUCER : 0) |
	       (READ_ONCE(lane->prod.chan->cons.nr_taken) ? IPCRING_ST_CONSUMER : 0) |
	       (READ_ONCE(lane->corrupt) ? IPCRING_ST_CORRUPT : 0);
}

static u32 ipcring_state(const struct ipcring_chan *chan)
{
	u32 state = 0;

	for (u32 nr = 0; nr < chan->geo.lanes; nr++)
		state |= ipcring_lane_state(&chan->lanes[nr]);
	return state;
}

/**
 * ipcring_get_info() - what a channel looks like now
 * @chan:	the channel
 * @role:	IPCRING_ROLE_* of who asks
 * @lane:	a producer's lane, else 0
 * @info:	out, but for its size
 */
void ipcring_get_info(struct ipcring_chan *chan, u32 role, u32 lane, struct ipcring_info *info)
{
	const struct ipcring_geo *geo = &chan->geo;
	const struct ring *r = &chan->lanes[lane].ring;

	info->role = role;
	info->slots = geo->stride ? geo->size : 0;
	info->msg_size = geo->msg_size;
	info->stride = geo->stride;
	info->state = ipcring_state(chan);
	info->data_bytes = ipcring_mapped_bytes(geo);
	info->id = chan->id;
	info->prod_pos = ring_load(&r->prod->pos);
	info->cons_pos = ring_load(&r->cons->pos);
	info->flags = geo->flags;
	info->lanes = geo->lanes;
	info->consumers = geo->consumers;
	info->lane = lane;
	info->bytes = geo->stride ? 0 : geo->size;
}

static void ipcring_add_stats(const struct ipcring_lane *lane, struct ipcring_stats *stats)
{
	u64 head = ring_load(&lane->ring.prod->pos);
	u64 tail = ring_load(&lane->ring.cons->pos);

	stats->prod_pos += head;
	stats->cons_pos += tail;
	/* Consumed meanwhile, or nonsense: then nothing is queued that we know of. */
	if (head - tail <= lane->ring.size)
		stats->depth += head - tail;
	stats->drops += atomic64_read(&lane->drops);
	stats->prod_waits += atomic64_read(&lane->prod.waits);
	stats->prod_wakes += atomic64_read(&lane->prod_wakes);
	stats->cons_wakes += atomic64_read(&lane->cons_wakes);
	stats->corruptions += atomic64_read(&lane->corruptions);
	stats->state |= ipcring_lane_state(lane);
}

/**
 * ipcring_get_stats() - what happened in a channel until now
 * @chan:	the channel
 * @lane:	a lane, or IPCRING_LANE_ALL
 * @stats:	out, but for its size
 */
void ipcring_get_stats(struct ipcring_chan *chan, u32 lane, struct ipcring_stats *stats)
{
	*stats = (struct ipcring_stats){ .size = stats->size, .lane = lane };
	stats->cons_waits = atomic64_read(&chan->cons.waits);
	for (u32 nr = 0; nr < chan->geo.lanes; nr++)
		if (lane == nr || lane == IPCRING_LANE_ALL)
			ipcring_add_stats(&chan->lanes[nr], stats);
}
