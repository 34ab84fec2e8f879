/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every message carries: a sequence number, a checksum over everything, and
 * a payload that differs from message to message and between the directions, so
 * that a stale buffer or a message read back by its own sender is found.
 */
#ifndef IPCSCOPE_MSG_H
#define IPCSCOPE_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/**
 * struct msg_head - first bytes of every message
 * @seq:	counts from 0 in each direction
 * @sum:	msg_sum() of the whole message with this field left out
 */
struct msg_head {
	uint64_t seq;
	uint64_t sum;
};

#define MSG_MIN		sizeof(struct msg_head)

/* Odd, so that multiplying by it is a bijection; 2^64 / golden ratio. */
#define MSG_STEP	0x9e3779b97f4a7c15ULL

/* Mark of a direction: so large that no number of the other one makes the same payload. */
#define MSG_SALT(side)	((side) * 0xd1b54a32d192ed03ULL)

/*
 * Fletcher's checksum on 64-bit words: the second sum weighs each word by its
 * place, so exchanged words are found; two additions a word.
 */
struct msg_sum {
	uint64_t a;
	uint64_t b;
};

static inline void msg_sum_add(struct msg_sum *s, uint64_t word)
{
	s->a += word;
	s->b += s->a;
}

static inline uint64_t msg_sum_end(const struct msg_sum *s)
{
	return s->b ^ (s->a << 32 | s->a >> 32);
}

/**
 * msg_fill() - write a whole message
 * @buf:	8-byte aligned
 * @len:	at least MSG_MIN
 * @seq:	its number
 * @salt:	its direction's MSG_SALT()
 */
static inline void msg_fill(void *buf, size_t len, uint64_t seq, uint64_t salt)
{
	struct msg_head *head = buf;
	struct msg_sum sum = { seq + salt, len };
	uint64_t *word = (uint64_t *)(head + 1);
	uint64_t value = (seq + salt) * MSG_STEP;
	size_t left = len - MSG_MIN;

	for (; left >= 8; left -= 8) {
		value += MSG_STEP;
		*word++ = value;
		msg_sum_add(&sum, value);
	}
	if (left) {
		value = (value + MSG_STEP) & ((1ULL << (8 * left)) - 1);
		memcpy(word, &value, left);
		msg_sum_add(&sum, value);
	}
	head->seq = seq;
	head->sum = msg_sum_end(&sum);
}

/**
 * msg_check() - read a whole message
 * @buf:	8-byte aligned
 * @len:	its length
 * @salt:	MSG_SALT() of the direction that it should have come from
 *
 * Return: true if the checksum holds; then its number can be trusted.
 */
static inline bool msg_check(const void *buf, size_t len, uint64_t salt)
{
	const struct msg_head *head = buf;
	struct msg_sum sum = { head->seq + salt, len };
	const uint64_t *word = (const uint64_t *)(head + 1);
	size_t left = len - MSG_MIN;

	for (; left >= 8; left -= 8)
		msg_sum_add(&sum, *word++);
	if (left) {
		uint64_t value = 0;

		memcpy(&value, word, left);
		msg_sum_add(&sum, value);
	}
	return head->sum == msg_sum_end(&sum);
}

#endif /* IPCSCOPE_MSG_H */
