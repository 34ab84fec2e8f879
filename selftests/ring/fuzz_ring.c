// SPDX-License-Identifier: GPL-2.0
/*
 * kmod/ring.h against a peer, and an own side, that store what they like: before any
 * access to a shared word the input may change one. Nothing outside of the mapping is
 * touched (guard pages and ASan), work is bounded, and only documented values return.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void step(void);

#define RING_MEMORY_MODEL
#define ring_load(p)		({ step(); *(volatile __u64 *)(p); })
#define ring_load_acquire(p)	ring_load(p)
#define ring_store(p, v)	({ step(); *(volatile __u64 *)(p) = (v); })
#define ring_store_release(p, v) ring_store(p, v)
#define ring_cas(p, old, new)	({ \
	step(); \
	bool same = *(p) == (old); \
	if (same) \
		*(p) = (new); \
	same; \
})
#define ring_full_barrier()	step()

#include "ring.h"

#define PAGE		4096u
#define DATA		(2 * PAGE)	/* of records: the same page twice */
#define MSG_MAX		200u

static unsigned char *data;
static struct ipcring_side prod, cons;
static struct ring ring;

static const uint8_t *input;
static size_t left;
static unsigned int steps;

static unsigned int take(void)
{
	if (!left)
		return 0;
	left--;
	return *input++;
}

static uint64_t take_word(void)
{
	uint64_t word = 0;

	for (int i = 0; i < 8; i++)
		word = word << 8 | take();
	return word;
}

/* Values near what is there find more than random ones. */
static uint64_t value(uint64_t now)
{
	unsigned int how = take();

	switch (how % 4) {
	case 0:
		return now + (int8_t)take();
	case 1:
		return ring_head(cons.pos + how / 64, take());
	case 2:
		return now + ((uint64_t)take() << (how / 4));
	default:
		return take_word();
	}
}

static void disturb(unsigned int which)
{
	uint64_t *words[] = { (uint64_t *)&prod.pos, (uint64_t *)&prod.event,
			      (uint64_t *)&cons.pos, (uint64_t *)&cons.event };
	uint64_t *word = words[which % 4];

	if (which & 4)
		word = (uint64_t *)ring_slot(&ring, (which & 8 ? cons.pos : prod.pos) & ~7ULL);
	*word = value(*word);
}

static void step(void)
{
	unsigned int what;

	if (++steps > 4 * PAGE)
		abort();	/* ring_seal() needs most: a few for each slot */
	if (!left)
		return;
	what = take();
	if (what >= 0xe0)
		disturb(what);
}

static void expect(int ret)
{
	if (ret && ret != -EAGAIN && ret != -EBADMSG)
		abort();
}

static void send(void)
{
	__u32 len = 1 + take() % ring.msg_size;
	__u64 pos;
	int ret = ring_reserve(&ring, len, &pos);

	expect(ret);
	if (ret)
		return;
	memset(ring_payload(ring_slot(&ring, pos)), 0xa5, len);
	ring_wake_consumer(&ring, pos, ring_publish(&ring, pos, len));
}

static void receive(bool claim)
{
	unsigned char copy[MSG_MAX];
	__u64 pos, next;
	__u32 len;
	int ret = ring_peek(&ring, &pos, &len);

	expect(ret);
	if (ret)
		return;
	if (!len || len > ring.msg_size)
		abort();
	memcpy(copy, ring_payload(ring_slot(&ring, pos)), len);
	next = pos + ring_units(&ring, len);
	if (!claim)
		ring_release(&ring, pos, len);
	else if (!ring_claim(&ring, pos, len))
		return;
	ring_wake_producer(&ring, pos, next);
}

static void act(unsigned int what)
{
	steps = 0;
	switch (what % 6) {
	case 0:
	case 1:
		send();
		break;
	case 2:
		receive(false);
		break;
	case 3:
		receive(true);
		break;
	case 4:
		ring_arm_consumer(&ring);
		ring_arm_producer(&ring, 1 + take() % ring.msg_size);
		break;
	default:
		ring_seal(&ring);
	}
}

/* The last byte of the mapping is followed by a page that nobody may touch. */
static void map(void)
{
	int fd = memfd_create("fuzz", 0);
	unsigned char *area = mmap(NULL, DATA + 2 * PAGE, PROT_NONE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (fd < 0 || area == MAP_FAILED || ftruncate(fd, PAGE))
		abort();
	data = area + PAGE;
	for (size_t off = 0; off < DATA; off += PAGE)
		if (mmap(data + off, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			 fd, 0) == MAP_FAILED)
			abort();
}

static void start(unsigned int shape)
{
	__u32 slots = 1u << (shape >> 1) % 5;

	ring = (struct ring){ .prod = &prod, .cons = &cons, .data = data, .size = PAGE,
			      .msg_size = MSG_MAX };
	if (shape & 1) {
		ring.size = slots;
		ring.stride = ring_stride(MSG_MAX);
		/* Slots end where the mapping ends. */
		ring.data = data + DATA - slots * ring.stride;
	}
	memset(data, 0, PAGE);
	prod = (struct ipcring_side){ .event = ~0ULL };
	cons = (struct ipcring_side){ .event = ~0ULL };
	prod.pos = shape & 0x80 ? ~0ULL - 63 : 0;
	cons.pos = prod.pos;
	steps = 0;
	ring_seal(&ring);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	if (!data)
		map();
	left = 0;
	start(size ? *bytes : 0);
	input = bytes;
	left = size;
	for (int i = 0; left && i < 200; i++)
		act(take());
	return 0;
}
