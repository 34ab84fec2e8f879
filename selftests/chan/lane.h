/* SPDX-License-Identifier: GPL-2.0 */
/* The mapped side of channels with several lanes, records and trust modes. */
#ifndef SELFTESTS_LANE_H
#define SELFTESTS_LANE_H

#include "open.h"

static inline bool lane_writes(const struct ipcring_info *info, uint32_t role)
{
	return (info->flags & IPCRING_CREATE_TRUST_ALL) || info->role == role;
}

static inline void *lane_map(int fd, uint32_t lane, uint64_t region, size_t len, bool write)
{
	return map_region(fd, PROT_READ | (write ? PROT_WRITE : 0),
			  region + IPCRING_OFF_LANE(lane), len);
}

static inline size_t lane_bytes(const struct ring *r)
{
	size_t page = getpagesize();

	return r->stride ? (r->size * r->stride + page - 1) & -page : 2 * r->size;
}

static inline void unmap_lane(struct ring *r)
{
	munmap(r->prod, getpagesize());
	munmap(r->cons, getpagesize());
	munmap(r->data, lane_bytes(r));
}

/* A region that cannot be mapped leaves the others mapped: the test is over. */
static inline int map_lane(int fd, uint32_t lane, struct ring *r)
{
	struct ipcring_info info;
	int ret = chan_info(fd, &info);

	if (ret)
		return ret;
	r->size = info.slots ? info.slots : info.bytes;
	r->stride = info.stride;
	r->msg_size = info.msg_size;
	r->prod = lane_map(fd, lane, IPCRING_OFF_PROD, getpagesize(),
			   lane_writes(&info, IPCRING_ROLE_PRODUCER));
	if (r->prod == MAP_FAILED)
		return -errno;
	r->cons = lane_map(fd, lane, IPCRING_OFF_CONS, getpagesize(),
			   lane_writes(&info, IPCRING_ROLE_CONSUMER));
	if (r->cons == MAP_FAILED)
		return -errno;
	r->data = lane_map(fd, lane, IPCRING_OFF_DATA, info.data_bytes,
			   lane_writes(&info, IPCRING_ROLE_PRODUCER));
	return r->data == MAP_FAILED ? -errno : 0;
}

/* Send over the mapping; sleep in WAIT while there is no room. */
static inline int lane_send(int fd, const struct ring *r, const void *buf, uint32_t len)
{
	__u64 pos;
	int ret;

	while ((ret = ring_reserve(r, len, &pos)) == -EAGAIN) {
		ret = chan_wait_ready(fd, IPCRING_NO_TIMEOUT, r->stride ? 0 : len, NULL);
		if (ret)
			return ret;
	}
	if (ret)
		return ret;
	memcpy(ring_payload(ring_slot(r, pos)), buf, len);
	return ring_wake_consumer(r, pos, ring_publish(r, pos, len)) ? chan_wake(fd) : 0;
}

/**
 * struct mapped_cons - a consumer that looks at the lanes it was handed
 * @fd:		its endpoint
 * @nr:		number of lanes
 * @shared:	other consumers share the work: claim, do not release
 * @ready:	lanes to look at
 * @next:	the lane to look at first
 * @lane:	its view of them
 */
struct mapped_cons {
	int fd;
	uint32_t nr;
	bool shared;
	uint64_t ready;
	uint32_t next;
	struct ring lane[MANY_MAX];
};

static inline int mapped_open(struct mapped_cons *mc, int fd)
{
	struct ipcring_info info;
	int ret = chan_info(fd, &info);

	*mc = (struct mapped_cons){ .fd = fd, .nr = info.lanes, .shared = info.consumers > 1 };
	for (uint32_t i = 0; !ret && i < mc->nr; i++)
		ret = map_lane(fd, i, &mc->lane[i]);
	return ret;
}

static inline void mapped_close(struct mapped_cons *mc)
{
	for (uint32_t i = 0; i < mc->nr; i++)
		unmap_lane(&mc->lane[i]);
}

/* -EAGAIN: empty, and armed if nothing came meanwhile; 0: another was faster. */
static inline int mapped_take(struct mapped_cons *mc, uint32_t lane, void *buf)
{
	const struct ring *r = &mc->lane[lane];
	__u64 pos, next;
	__u32 len;
	int ret = ring_peek(r, &pos, &len);

	if (ret == -EAGAIN) {
		ring_arm_consumer(r);
		ret = ring_peek(r, &pos, &len);
	}
	if (ret)
		return ret;
	memcpy(buf, ring_payload(ring_slot(r, pos)), len);
	next = pos + ring_units(r, len);
	if (!mc->shared)
		ring_release(r, pos, len);
	else if (!ring_claim(r, pos, len))
		return 0;
	if (ring_wake_producer(r, pos, next))
		ret = chan_wake(mc->fd);
	return ret ? ret : (int)len;
}

/* The next message of a lane that is ready, in turn; -EAGAIN: none is. */
static inline int mapped_try(struct mapped_cons *mc, void *buf, uint32_t *from)
{
	for (uint32_t i = 0; i < mc->nr; i++) {
		uint32_t lane = (mc->next + i) % mc->nr;
		int ret;

		if (!(mc->ready >> lane & 1))
			continue;
		do
			ret = mapped_take(mc, lane, buf);
		while (!ret);
		if (ret > 0) {
			mc->next = lane + 1;
			*from = lane;
			return ret;
		}
		mc->ready &= ~(1ULL << lane);
	}
	return -EAGAIN;
}

/* Length, or what WAIT said: -EPIPE the end. */
static inline int mapped_recv(struct mapped_cons *mc, void *buf, uint32_t *from)
{
	uint64_t ready;
	int ret;

	while ((ret = mapped_try(mc, buf, from)) == -EAGAIN) {
		ret = chan_wait_ready(mc->fd, IPCRING_NO_TIMEOUT, 0, &ready);
		if (ret)
			return ret;
		mc->ready |= ready;
	}
	return ret;
}

#endif /* SELFTESTS_LANE_H */
