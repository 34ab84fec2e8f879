/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From stamps to sums: what the loader does after a launch, and the probes do with the
 * messages for which there is no record left.
 */
#ifndef IPCSCOPE_FOLD_H
#define IPCSCOPE_FOLD_H

#ifndef __always_inline
#define __always_inline	inline __attribute__((always_inline))
#endif

/* No instruction for it before BPF v4: halve the range six times. */
static __always_inline __u32 fold_log2(__u64 v)
{
	__u32 h, n = 0;

#pragma GCC unroll 6
	for (h = 32; h; h >>= 1) {
		if (v >> h) {
			v >>= h;
			n += h;
		}
	}
	return n;
}

static __always_inline void fold_add(struct phase_stat *st, __u64 from, __u64 to)
{
	__u64 len = to - from;
	__u32 i = len, h;

	st->n++;
	st->sum += len;
	if ((__s64)len < 0) {
		st->negative++;
		return;
	}
	if (len >> (PHASE_HIST_P + 1)) {
		h = fold_log2(len) - PHASE_HIST_P;
		i = (h << PHASE_HIST_P) + (len >> (h & 63));
	}
	if (i < PHASE_HIST)
		st->hist[i]++;
}

static __always_inline void fold_kernel(struct phase_sum *sum, const struct phase_rec *m)
{
	fold_add(&sum->phase[PHASE_COPY_IN], m->s, m->e);
	if (m->class == PHASE_WOKEN) {
		fold_add(&sum->phase[PHASE_WAKE], m->e, m->w);
		fold_add(&sum->phase[PHASE_RUN_QUEUE], m->w, m->r);
		fold_add(&sum->phase[PHASE_DEQUEUE], m->r, m->d);
	} else {
		fold_add(&sum->phase[PHASE_QUEUED], m->e, m->d);
	}
	fold_add(&sum->phase[PHASE_EXIT], m->d, m->x);
}

static __always_inline void fold_user(struct phase_sum *sum, const struct phase_rec *m)
{
	if (m->class > PHASE_RELAYED) {
		fold_add(&sum->phase[PHASE_PASSED], m->s, m->x);
		return;
	}
	fold_add(&sum->phase[PHASE_SEND], m->s, m->e ? m->e : m->w);
	if (m->e)
		fold_add(&sum->phase[PHASE_WAKE], m->e, m->w);
	fold_add(&sum->phase[PHASE_RUN_QUEUE], m->w, m->r);
	if (m->d)
		fold_add(&sum->phase[PHASE_DEQUEUE], m->r, m->d);
	fold_add(&sum->phase[PHASE_RECEIVE], m->d ? m->d : m->r, m->x);
}

/* What does not depend on the stamps there are. */
static __always_inline void fold_common(struct phase_sum *sum, const struct phase_rec *m)
{
	sum->measured++;
	sum->total += m->x - m->s;
	sum->slept += m->class <= PHASE_RELAYED;
	if (m->class < PHASE_CLASSES)
		sum->class[m->class]++;
}

#endif /* IPCSCOPE_FOLD_H */
