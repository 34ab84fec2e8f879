// SPDX-License-Identifier: GPL-2.0
/* user/trace.h over the loaded probe sets. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <linux/types.h>
#include "phase.h"
#include "fold.h"
#include "ladder.h"
#include "load.h"
#include "trace.h"

/**
 * struct trace - a probe set and what it saw of one cell
 * @l:		the set, maybe shared with other cells
 * @mech:	the mechanism it was opened for
 * @link:	attached programs
 * @nlinks:	entries in @link
 * @empties:	programs that do nothing, to be attached beside each one
 * @ladder:	those that are
 * @missed:	recursion misses of all programs before trace_start()
 * @cert:	of all launches that ended
 * @sum:	likewise
 */
struct trace {
	struct loaded *l;
	const char *mech;
	struct bpf_link *link[SET_HOOKS_MAX];
	unsigned int nlinks;
	unsigned int empties;
	struct ladder ladder;
	uint64_t missed;
	struct trace_cert cert;
	struct phase_sum sum;
};

static const char *const phase_names[PHASE_COUNT] = {
	[PHASE_COPY_IN]	  = "copy-in",
	[PHASE_QUEUED]	  = "queued",
	[PHASE_WAKE]	  = "wake",
	[PHASE_RUN_QUEUE] = "run-queue",
	[PHASE_DEQUEUE]	  = "dequeue",
	[PHASE_EXIT]	  = "exit",
	[PHASE_SEND]	  = "send",
	[PHASE_RECEIVE]	  = "receive",
	[PHASE_PASSED]	  = "passed",
};

/* On the message's way, that is. */
static const enum phase_id phase_order[] = {
	PHASE_SEND, PHASE_COPY_IN, PHASE_QUEUED, PHASE_WAKE, PHASE_RUN_QUEUE, PHASE_DEQUEUE,
	PHASE_RECEIVE, PHASE_PASSED, PHASE_EXIT,
};

_Static_assert(PHASE_COUNT <= TRACE_PHASES_MAX, "struct trace_result is too small");
_Static_assert(sizeof(phase_order) / sizeof(phase_order[0]) == PHASE_COUNT, "one is missing");
_Static_assert(SET_HOOKS_MAX <= TRACE_HOOKS_MAX, "struct trace_plan is too small");
/* The probes' names, which know no header, and the harness'. */
static const enum trace_class class_of[PHASE_CLASSES] = {
	[PHASE_WOKEN] = TRACE_WOKEN, [PHASE_RELAYED] = TRACE_RELAYED,
	[PHASE_SHARED] = TRACE_SHARED, [PHASE_BACKLOG] = TRACE_BACKLOG,
	[PHASE_RUNNING] = TRACE_RUNNING,
};

const char *trace_class_name(enum trace_class class)
{
	static const char *const name[] = {
		[TRACE_WOKEN] = "woken", [TRACE_RELAYED] = "relayed",
		[TRACE_SHARED] = "shared-wake", [TRACE_BACKLOG] = "backlog",
		[TRACE_RUNNING] = "running",
	};

	return name[class];
}

static int open_set(struct trace **out, const struct probe_set *set, const char *mech,
		    struct mech_why *why)
{
	struct trace *t = calloc(1, sizeof(*t));
	int err;

	*out = NULL;
	if (!t)
		return host_fail(why, -ENOMEM, "no memory for the probes");
	t->mech = mech;
	err = load_get(&t->l, set, why);
	if (err)
		free(t);
	else
		*out = t;
	return err;
}

int trace_open(struct trace **out, const char *mech, struct mech_why *why)
{
	const struct probe_set *set = sets_find(mech);

	*out = NULL;
	if (!set)
		return host_fail(why, -EOPNOTSUPP, "there is no probe set");
	return open_set(out, set, mech, why);
}

int trace_open_any(struct trace **out, const char *mech, enum mech_wait wait, bool light,
		   struct mech_why *why)
{
	const struct probe_set *set = host_own_set(mech, wait, why);
	struct mech_why any;
	int err;

	if (light)
		host_fail(why, 0, "fewer probes were asked for (--light)");
	if (set && !light && !open_set(out, set, mech, why))
		return 0;
	err = open_set(out, &set_any, mech, &any);
	if (err)
		*why = any;
	else if ((*out)->l->why.text[0])
		*why = (*out)->l->why;
	return err;
}

/* Runs that the kernel skipped because the same program was running on that CPU. */
static uint64_t count_missed(struct trace *t)
{
	struct bpf_program *prog;
	uint64_t missed = 0;

	if (!t->l->s.obj)
		return 0;
	bpf_object__for_each_program(prog, t->l->s.obj) {
		struct bpf_prog_info info = {};
		__u32 len = sizeof(info);
		int fd = bpf_program__fd(prog);

		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &len))
			missed += info.recursion_misses;
	}
	return missed;
}

static void detach(struct trace *t)
{
	ladder_detach(&t->ladder);
	while (t->nlinks)
		bpf_link__destroy(t->link[--t->nlinks]);
}

static void forget_launch(struct phase_shared *sh)
{
	memset(sh, 0, offsetof(struct phase_shared, rec));
}

static int attach_all(struct trace *t, struct mech_why *why)
{
	struct bpf_program *prog;
	struct bpf_link *link;

	if (!t->l->s.obj)
		return 0;
	bpf_object__for_each_program(prog, t->l->s.obj) {
		if (!bpf_program__autoload(prog))
			continue;
		link = bpf_program__attach(prog);
		if (!link)
			return host_fail(why, -errno, "cannot attach %s: %s",
					 bpf_program__section_name(prog), host_complaint());
		t->link[t->nlinks++] = link;
	}
	return 0;
}

int trace_start(struct trace *t, pid_t sender, pid_t receiver, struct mech_why *why)
{
	struct phase_shared *sh = t->l->sh;
	int err;

	forget_launch(sh);
	sh->ctl.sender = sender;
	sh->ctl.receiver = receiver ? receiver : sender;
	t->missed = count_missed(t);
	host_listen();
	err = attach_all(t, why);
	if (!err && t->empties) {
		err = ladder_attach(&t->ladder, t->l, t->empties);
		if (err)
			host_fail(why, err, "cannot attach empty programs: %s", strerror(-err));
	}
	if (err)
		detach(t);
	host_ignore();
	return err;
}

int trace_empties(struct trace *t, unsigned int copies, struct mech_why *why)
{
	if (copies && !t->l->s.obj)
		return host_fail(why, -EOPNOTSUPP, "there are no probes here to stand beside");
	t->empties = copies;
	return 0;
}

volatile uint32_t *trace_gate(struct trace *t)
{
	return &t->l->sh->ctl.gate;
}

struct phase_shared *trace_stamps(struct trace *t)
{
	return t->l->set->stamps ? t->l->sh : NULL;
}

void trace_drain(struct phase_shared *sh)
{
	for (uint64_t i = 0; i < sh->nrec; i++) {
		fold_common(&sh->sum, &sh->rec[i]);
		if (sh->rec[i].user)
			fold_user(&sh->sum, &sh->rec[i]);
		else
			fold_kernel(&sh->sum, &sh->rec[i]);
	}
	sh->nrec = 0;
}

static void add_phase(struct phase_stat *to, const struct phase_stat *from)
{
	to->n += from->n;
	to->sum += from->sum;
	to->negative += from->negative;
	for (unsigned int i = 0; i < PHASE_HIST; i++)
		to->hist[i] += from->hist[i];
}

static void add_sum(struct phase_sum *to, const struct phase_sum *from)
{
	to->measured += from->measured;
	to->total += from->total;
	to->slept += from->slept;
	for (int i = 0; i < PHASE_CLASSES; i++)
		to->class[i] += from->class[i];
	for (int i = 0; i < PHASE_COUNT; i++)
		add_phase(&to->phase[i], &from->phase[i]);
}

/* The largest value that falls into bucket @i. */
static uint64_t bucket_top(unsigned int i)
{
	unsigned int shift;

	if (i < 2u << PHASE_HIST_P)
		return i;
	shift = (i >> PHASE_HIST_P) - 1;
	i = (i & (BIT(PHASE_HIST_P) - 1)) + BIT(PHASE_HIST_P);
	return (((uint64_t)i + 1) << shift) - 1;
}

static uint64_t percentile(const struct phase_stat *st, unsigned int percent)
{
	uint64_t n = st->n - st->negative, seen = 0;

	for (unsigned int i = 0; n && i < PHASE_HIST; i++) {
		seen += st->hist[i];
		if (seen * 100 >= n * percent)
			return bucket_top(i);
	}
	return 0;
}

static void read_phase(const struct trace *t, enum phase_id id, struct trace_result *res)
{
	const struct phase_stat *st = &t->sum.phase[id];

	res->cert.negative += st->negative;
	if (!(set_phases(t->l->set) & BIT(id)))
		return;
	res->phase[res->nphases++] = (struct trace_phase){
		.name = phase_names[id],
		.hook = t->l->hook[id],
		.absent = t->l->absent & BIT(id),
		.n = st->n,
		.sum = st->sum,
		.p50 = percentile(st, 50),
		.p99 = st->n >= 1000 ? percentile(st, 99) : 0,
	};
}

/*
 * A process may write to or read from other pipes, too. Only what the sender
 * wrote to and the receiver read from is between them.
 */
static void add_channels(const struct phase_shared *sh, struct trace_cert *cert)
{
	for (int i = 0; i < PHASE_CHANS; i++) {
		if (!sh->tx[i].sent || !sh->rx[i].reads)
			continue;
		cert->sent += sh->tx[i].sent;
		cert->received += sh->rx[i].received;
		cert->unmatched += sh->rx[i].unmatched + sh->tx[i].torn;
		cert->overwritten += sh->tx[i].overwritten;
	}
	cert->in_flight = cert->sent - cert->received;
}

int trace_stop(struct trace *t, struct trace_result *res)
{
	struct phase_shared *sh = t->l->sh;

	detach(t);
	trace_drain(sh);
	add_sum(&t->sum, &sh->sum);
	add_channels(sh, &t->cert);
	t->cert.missed += count_missed(t) - t->missed;
	t->cert.map_failed += sh->snd.no_chan + sh->rcv.no_chan;
	t->cert.mispaired += sh->rcv.mispaired;
	t->cert.unreadable += sh->rcv.unreadable;
	*res = (struct trace_result){
		.measured = t->sum.measured,
		.total = t->sum.total,
		.slept = t->sum.slept,
		.set = set_name(t->l->set),
		.classless = t->l->absent & BIT(PHASE_RUN_QUEUE),
		.cert = t->cert,
	};
	for (int i = 0; i < PHASE_CLASSES; i++)
		res->class[class_of[i]] = t->sum.class[i];
	for (int i = 0; i < PHASE_COUNT; i++)
		read_phase(t, phase_order[i], res);
	return 0;
}

void trace_close(struct trace *t)
{
	if (!t)
		return;
	detach(t);
	load_put(t->l);
	free(t);
}
