// SPDX-License-Identifier: GPL-2.0
#include "verify.h"

static void verify_advance(struct verify *v, uint64_t by)
{
	v->next += by;
	v->recent = by < 64 ? v->recent << by : 0;
}

static void verify_jump(struct verify *v, uint64_t seq)
{
	v->lost += seq - v->next;
	verify_advance(v, seq - v->next + 1);
	v->recent |= 1;
}

static void verify_late(struct verify *v, uint64_t seq)
{
	uint64_t age = v->next - 1 - seq;

	/* Older than the window: a repeat is far likelier than so late a first. */
	if (age >= 64 || v->recent & 1ULL << age) {
		v->duplicated++;
		return;
	}
	v->recent |= 1ULL << age;
	v->reordered++;
	v->lost--;
}

void verify_irregular(struct verify *v, uint64_t seq, bool intact)
{
	if (!intact) {
		v->corrupt++;
		verify_advance(v, 1);
		v->recent |= 1;
	} else if (seq > v->next) {
		verify_jump(v, seq);
	} else {
		verify_late(v, seq);
	}
}

void verify_merge(struct verify *to, const struct verify *from)
{
	to->received += from->received;
	to->lost += from->lost;
	to->duplicated += from->duplicated;
	to->reordered += from->reordered;
	to->corrupt += from->corrupt;
}
