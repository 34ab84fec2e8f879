/* SPDX-License-Identifier: GPL-2.0 */
/* Sequence accounting at a receiver: loss, duplication, reordering, corruption. */
#ifndef IPCSCOPE_VERIFY_H
#define IPCSCOPE_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct verify - what a receiver has seen so far
 * @next:	lowest number not yet passed
 * @recent:	bit i: message @next - 1 - i arrived, for the last 64
 * @received:	messages that arrived, good or bad
 * @lost:	numbers jumped over that never came later
 * @duplicated:	numbers that came again
 * @reordered:	numbers that came after a higher one
 * @corrupt:	messages whose checksum did not hold
 */
struct verify {
	uint64_t next;
	uint64_t recent;
	uint64_t received;
	uint64_t lost;
	uint64_t duplicated;
	uint64_t reordered;
	uint64_t corrupt;
};

/* The slow path of verify_message(): anything but the next number. */
void verify_irregular(struct verify *v, uint64_t seq, bool intact);

/**
 * verify_message() - account for one arrived message
 * @v:		the receiver's state, zeroed at first
 * @seq:	its number
 * @intact:	msg_check()'s verdict
 *
 * A corrupt message is taken for the next one: its number means nothing.
 */
static inline void verify_message(struct verify *v, uint64_t seq, bool intact)
{
	v->received++;
	if (__builtin_expect(!intact || seq != v->next, 0)) {
		verify_irregular(v, seq, intact);
		return;
	}
	v->next++;
	v->recent = v->recent << 1 | 1;
}

/* Did every message arrive once, in order and intact? */
static inline bool verify_clean(const struct verify *v)
{
	return !(v->lost | v->duplicated | v->reordered | v->corrupt);
}

/* Add @from to @to, counters only. */
void verify_merge(struct verify *to, const struct verify *from);

#endif /* IPCSCOPE_VERIFY_H */
