/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The mapped side of a queue. Sending is for one thread that is pinned to the queue's CPU
 * and has the local lane to itself: the restartable sequence is the library's business.
 */
#ifndef SELFTESTS_PCQ_MAP_H
#define SELFTESTS_PCQ_MAP_H

#include "set.h"

#define FROM_BYTES	((uint32_t)sizeof(struct ipcring_pcq_from))

/**
 * struct map - one queue, as an endpoint maps it
 * @fd:		the endpoint
 * @cpu:	the queue
 * @page:	bytes of a page
 * @data_bytes:	bytes of a lane's slots
 * @state:	what the kernel shows
 * @lane:	local, remote; a sender has no remote lane's slots, nobody its producer's
 *		page: @prod is NULL
 */
struct map {
	int fd;
	uint32_t cpu;
	size_t page;
	size_t data_bytes;
	struct ipcring_pcq_state *state;
	struct ring lane[2];
};

static inline uint64_t map_offset(uint64_t region, uint32_t cpu)
{
	return region + IPCRING_PCQ_OFF_CPU(cpu);
}

/* What cannot be mapped leaves the rest mapped: the test is over. */
static inline int map_open(struct map *m, int fd, uint32_t cpu)
{
	struct ipcring_pcq_info info;
	int ret = pcq_info(fd, &info);
	const bool send = !ret && info.role == IPCRING_PCQ_SENDER;
	const int prod = PROT_READ | (send ? PROT_WRITE : 0);
	const int cons = PROT_READ | (send ? 0 : PROT_WRITE);
	struct ring *r = m->lane;

	*m = (struct map){ .fd = fd, .cpu = cpu, .page = getpagesize(),
			   .data_bytes = info.data_bytes };
	if (ret)
		return ret;
	r[0] = (struct ring){ .size = info.slots, .stride = info.stride,
			      .msg_size = info.msg_size + FROM_BYTES };
	r[1] = r[0];
	m->state = map_region(fd, PROT_READ, map_offset(IPCRING_PCQ_OFF_STATE, cpu), m->page);
	r[0].prod = map_region(fd, prod, map_offset(IPCRING_PCQ_OFF_PROD, cpu), m->page);
	r[0].cons = map_region(fd, cons, map_offset(IPCRING_PCQ_OFF_CONS, cpu), m->page);
	r[0].data = map_region(fd, prod, map_offset(IPCRING_PCQ_OFF_LOCAL, cpu), m->data_bytes);
	if ((void *)m->state == MAP_FAILED || r[0].prod == MAP_FAILED ||
	    r[0].cons == MAP_FAILED || r[0].data == MAP_FAILED)
		return -errno;
	r[1].cons = r[0].cons + 1;
	if (send)
		return 0;
	r[1].data = map_region(fd, PROT_READ, map_offset(IPCRING_PCQ_OFF_REMOTE, cpu),
			       m->data_bytes);
	return r[1].data == MAP_FAILED ? -errno : 0;
}

static inline void map_close(struct map *m)
{
	munmap(m->state, m->page);
	munmap(m->lane[0].prod, m->page);
	munmap(m->lane[0].cons, m->page);
	munmap(m->lane[0].data, m->data_bytes);
	if (m->lane[1].data)
		munmap(m->lane[1].data, m->data_bytes);
}

static inline struct ipcring_pcq_from *map_from(const struct map *m, int lane, uint64_t pos)
{
	return ring_payload(ring_slot(&m->lane[lane], pos));
}

/* Publish into the local lane and ring, if the bell says so. -EAGAIN: full. */
static inline int map_send_local(struct map *m, const void *buf, uint32_t len)
{
	const struct ring *r = &m->lane[0];
	struct ipcring_pcq_from *from;
	__u64 pos;
	int ret = ring_reserve(r, len + FROM_BYTES, &pos);

	if (ret)
		return ret;
	from = map_from(m, 0, pos);
	*from = (struct ipcring_pcq_from){ .cpu = m->cpu };
	memcpy(from + 1, buf, len);
	ring_publish(r, pos, len + FROM_BYTES);
	if (ring_load(&m->state->fence))
		ring_full_barrier();
	return ring_load(&m->state->bell) == IPCRING_PCQ_ARMED ? pcq_wake(m->fd, m->cpu) : 0;
}

/* Length of the payload. -EAGAIN: nothing is there. */
static inline int map_try_recv(struct map *m, int lane, void *buf, uint32_t *sent_on)
{
	const struct ring *r = &m->lane[lane];
	struct ipcring_pcq_from from;
	__u64 pos;
	__u32 len;
	int ret;

	do {
		ret = ring_peek(r, &pos, &len);
		if (ret)
			return ret;
		if (len <= FROM_BYTES)
			return -EBADMSG;
		from = *map_from(m, lane, pos);
		memcpy(buf, map_from(m, lane, pos) + 1, len - FROM_BYTES);
	} while (!ring_claim(r, pos, len));
	*sent_on = lane ? from.cpu : m->cpu;
	ring_full_barrier();
	ret = ring_load(&m->state->room) ? pcq_wake(m->fd, m->cpu) : 0;
	return ret ? ret : (int)(len - FROM_BYTES);
}

/* Both lanes, and sleep in WAIT; what WAIT says if that fails. */
static inline int map_recv_any(struct map *m, void *buf, uint32_t *sent_on)
{
	int ret;

	for (;;) {
		for (int lane = 0; lane < 2; lane++) {
			ret = map_try_recv(m, lane, buf, sent_on);
			if (ret != -EAGAIN)
				return ret;
		}
		ret = chan_wait(m->fd, IPCRING_NO_TIMEOUT);
		if (ret)
			return ret;
	}
}

#endif /* SELFTESTS_PCQ_MAP_H */
