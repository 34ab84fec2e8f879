/* SPDX-License-Identifier: GPL-2.0 */
/* A lane for the unit tests: the producer's view, with the data mapped twice in a row. */
#ifndef LANE_H
#define LANE_H

#define _GNU_SOURCE	/* memfd_create() */

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ring.h"

#define LANE_BYTES	8192u
#define LANE_MSG	56u

struct lane {
	struct ipcring_side prod;
	struct ipcring_side cons;
	struct ring r;
};

/* Return: LANE_BYTES of memory, followed by the same once more; exits if it cannot. */
static inline unsigned char *lane_data(void)
{
	int fd = memfd_create("lane", 0);
	unsigned char *data = mmap(NULL, 2 * LANE_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
				   -1, 0);

	if (fd < 0 || data == MAP_FAILED || ftruncate(fd, LANE_BYTES))
		exit(1);
	for (size_t off = 0; off < 2 * LANE_BYTES; off += LANE_BYTES)
		if (mmap(data + off, LANE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			 fd, 0) == MAP_FAILED)
			exit(1);
	close(fd);
	return data;
}

static inline void lane_free(struct lane *lane)
{
	munmap(lane->r.data, 2 * LANE_BYTES);
}

/* @slots: 0 for LANE_BYTES of records */
static inline void lane_init(struct lane *lane, __u32 slots, __u64 start)
{
	*lane = (struct lane){
		.prod = { .pos = start, .event = ~0ULL },
		.cons = { .pos = start, .event = ~0ULL },
		.r = {
			.prod = &lane->prod, .cons = &lane->cons, .data = lane_data(),
			.size = slots ? slots : LANE_BYTES,
			.stride = slots ? ring_stride(LANE_MSG) : 0,
			.msg_size = slots ? LANE_MSG : LANE_BYTES - 8,
		},
	};
	ring_seal(&lane->r);
}

/* Each byte of a message says which it is. */
static inline int lane_send(struct lane *lane, __u32 len, unsigned char tag)
{
	__u64 pos;
	int ret = ring_reserve(&lane->r, len, &pos);

	if (ret)
		return ret;
	memset(ring_payload(ring_slot(&lane->r, pos)), tag, len);
	ring_publish(&lane->r, pos, len);
	return 0;
}

/* Return: -errno, or the tag of the message, which must be @len bytes of it; else 256. */
static inline int lane_recv(struct lane *lane, __u32 len)
{
	const unsigned char *payload;
	__u64 pos;
	__u32 got;
	int ret = ring_peek(&lane->r, &pos, &got);

	if (ret)
		return ret;
	payload = ring_payload(ring_slot(&lane->r, pos));
	for (__u32 i = 0; i < got; i++)
		if (got != len || payload[i] != payload[0])
			return 256;
	ret = payload[0];
	return ring_claim(&lane->r, pos, got) ? ret : 256;
}

#endif /* LANE_H */
