// SPDX-License-Identifier: GPL-2.0
/* The memory model: which values a load may see, and what a store hands on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state.h"

/* All words that threads share lie in the program's statics; an alias has its cell. */
#define WORDS_MAX	64

static struct {
	const __u64 *word;
	unsigned int cell;
} words[WORDS_MAX];

static struct {
	const char *name;
	enum model_class class;
	int owner;
} cells[MODEL_CELLS];

static unsigned int nr_words, nr_cells;

void (*model_published)(const __u64 *word);

static void die(const char *what)
{
	fprintf(stderr, "model: %s: %s\n", program->name, what);
	exit(1);
}

void memory_reset(void)
{
	nr_words = 0;
	nr_cells = 0;
	model_published = NULL;
	memset(&now, 0, sizeof(now));
}

void model_cell(__u64 *word, const char *name, enum model_class class, __u64 value, int owner)
{
	unsigned int cell = nr_cells++;

	if (nr_words == WORDS_MAX || nr_cells > MODEL_CELLS)
		die("too many cells");
	words[nr_words].word = word;
	words[nr_words++].cell = cell;
	cells[cell].name = name;
	cells[cell].class = class;
	cells[cell].owner = owner;
	now.message[cell] = (struct message){ .value = value };
	for (; cell < MODEL_CELLS; cell++)
		now.first[cell + 1] = nr_cells;
}

static unsigned int cell_of(const __u64 *word)
{
	for (unsigned int i = 0; i < nr_words; i++)
		if (words[i].word == word)
			return words[i].cell;
	die("access outside of the cells");
	return 0;
}

void model_alias(__u64 *alias, const __u64 *word)
{
	unsigned int cell = cell_of(word);

	if (nr_words == WORDS_MAX)
		die("too many words");
	words[nr_words].word = alias;
	words[nr_words++].cell = cell;
}

static void join(struct view *view, const struct view *other)
{
	for (int i = 0; i < MODEL_CELLS; i++)
		if (view->at[i] < other->at[i])
			view->at[i] = other->at[i];
}

static int stored(unsigned int cell)
{
	return now.first[cell + 1] - now.first[cell];
}

static struct message *message_at(unsigned int cell, int index)
{
	return &now.message[now.first[cell] + index];
}

static struct message *newest(unsigned int cell)
{
	return &now.message[now.first[cell + 1] - 1];
}

__u64 model_last(const __u64 *word)
{
	return newest(cell_of(word))->value;
}

/* Thread @t sees the message @index. */
static __u64 see(struct thread *t, unsigned int cell, int index, bool acquire)
{
	const struct message *m = message_at(cell, index);

	if (t->cur.at[cell] < index)
		t->cur.at[cell] = index;
	if (acquire)
		join(&t->cur, &m->view);
	join(&t->acq, &m->view);
	join(&t->acq, &t->cur);
	return m->value;
}

/*
 * Append to the cell; @from: the message that a read-modify-write continues, or NULL.
 * What that one handed on is handed on: a release sequence.
 */
static void append(struct thread *t, unsigned int cell, __u64 value, bool release,
		   const struct message *from)
{
	int end = now.first[MODEL_CELLS], at = now.first[cell + 1];
	struct message new = { .value = value };

	if (end == MODEL_MESSAGES)
		die("too many messages");
	t->cur.at[cell] = stored(cell);
	t->acq.at[cell] = stored(cell);
	new.view = release ? t->cur : t->rel;
	new.view.at[cell] = stored(cell);
	if (from)
		join(&new.view, &from->view);
	memmove(&now.message[at + 1], &now.message[at], (end - at) * sizeof(new));
	now.message[at] = new;
	for (; cell < MODEL_CELLS; cell++)
		now.first[cell + 1]++;
}

static __u64 change(struct thread *t, unsigned int cell, __u64 value)
{
	const struct access *a = &t->next;
	struct message from = *newest(cell);

	see(t, cell, stored(cell) - 1, a->acquire);
	append(t, cell, value, a->release, &from);
	return from.value;
}

static void fence(struct thread *t)
{
	join(&t->acq, &t->cur);
	join(&now.sc, &t->acq);
	t->cur = now.sc;
	t->acq = now.sc;
	t->rel = now.sc;
}

/* The message that the choice means, or -1: success, of a compare-and-exchange. */
static int cas_choice(const struct thread *t, int choice)
{
	unsigned int cell = t->next.cell;
	int n = stored(cell);

	for (int i = t->cur.at[cell]; i < n; i++)
		if (message_at(cell, i)->value != t->next.value && !choice--)
			return i;
	return -1;
}

static int cas_choices(const struct thread *t)
{
	unsigned int cell = t->next.cell;
	int n = newest(cell)->value == t->next.value;

	for (int i = t->cur.at[cell]; i < stored(cell); i++)
		n += message_at(cell, i)->value != t->next.value;
	return n;
}

static unsigned int exclusive(unsigned int queue)
{
	return (queue >> 8) & queue & 0xff;
}

int memory_choices(int i)
{
	const struct thread *t = &now.thread[i];
	unsigned int cell = t->next.cell;
	int n;

	switch (t->next.kind) {
	case MODEL_LOAD:
		return stored(cell) - t->cur.at[cell];
	case MODEL_CAS:
		return cas_choices(t);
	case MODEL_WAKE:
		n = __builtin_popcount(exclusive((unsigned int)newest(cell)->value));
		return n ? n : 1;
	case MODEL_LOCK:
		return !newest(cell)->value;
	case MODEL_BLOCK:
		return t->woken;
	case MODEL_DONE:
	case MODEL_FAIL:
		return 0;
	default:
		return 1;
	}
}

/* All who wait unexclusively, and one of the others: whichever comes first in the queue. */
static void wake(struct thread *t, int choice)
{
	unsigned int cell = t->next.cell, queue = (unsigned int)newest(cell)->value;
	unsigned int rest = exclusive(queue), woken = queue & 0xff & ~rest;

	for (; choice; choice--)
		rest &= rest - 1;
	woken |= rest & -rest;
	change(t, cell, queue & ~(woken | woken << 8));
	for (int i = 0; i < MODEL_THREADS; i++)
		if (woken & 1u << i)
			now.thread[i].woken = true;
}

static __u64 do_cas(struct thread *t, int choice)
{
	int index = cas_choice(t, choice);

	if (index >= 0) {
		see(t, t->next.cell, index, program->strong);
		return 0;
	}
	change(t, t->next.cell, t->next.second);
	return 1;
}

static void do_store(struct thread *t)
{
	const struct access *a = &t->next;

	append(t, a->cell, a->value, a->release, NULL);
	if (model_published && !strcmp(a->where, "ring_publish"))
		for (unsigned int i = 0; i < nr_words; i++)
			if (words[i].cell == a->cell)
				model_published(words[i].word);
}

__u64 memory_do(int i, int choice)
{
	struct thread *t = &now.thread[i];
	const struct access *a = &t->next;

	switch (a->kind) {
	case MODEL_LOAD:
		return see(t, a->cell, t->cur.at[a->cell] + choice, a->acquire);
	case MODEL_STORE:
		do_store(t);
		return 0;
	case MODEL_CAS:
		return do_cas(t, choice);
	case MODEL_RMW:
		return change(t, a->cell, (newest(a->cell)->value & ~a->value) | a->second);
	case MODEL_LOCK:
		return change(t, a->cell, 1);
	case MODEL_WAKE:
		wake(t, choice);
		return 0;
	case MODEL_PAUSE:
		return 0;
	case MODEL_BLOCK:
		return see(t, a->cell, stored(a->cell) - 1, true);
	case MODEL_INTERRUPT:
		fence(t);
		fence(&now.thread[a->value]);
		fence(t);
		return 0;
	default:	/* a fence, or a part that begins: the kernel is full of them */
		fence(t);
		return 0;
	}
}

/*
 * An access to a word that nobody else writes need not be tried in any other order. A
 * load sees the same whenever it happens. A store only adds a value: who would have
 * loaded before it can load the old one as well after it, because only his own view
 * could forbid that.
 */
bool memory_eager(int i)
{
	const struct access *a = &now.thread[i].next;

	return (a->kind == MODEL_LOAD || a->kind == MODEL_STORE || a->kind == MODEL_CAS) &&
		cells[a->cell].owner == i;
}

static bool ended(const struct thread *t)
{
	return t->next.kind == MODEL_DONE || t->next.kind == MODEL_FAIL;
}

static void forget_before(struct view *view, const struct view *base)
{
	for (int i = 0; i < MODEL_CELLS; i++)
		view->at[i] -= view->at[i] < base->at[i] ? view->at[i] : base->at[i];
}

static void oldest_seen(struct view *base)
{
	memset(base, 0xff, sizeof(*base));
	for (int i = 0; i < program->threads; i++)
		for (int c = 0; c < MODEL_CELLS && !ended(&now.thread[i]); c++)
			if (now.thread[i].cur.at[c] < base->at[c])
				base->at[c] = now.thread[i].cur.at[c];
	for (int c = 0; c < MODEL_CELLS; c++)
		if (c >= (int)nr_cells)
			base->at[c] = 0;
		else if (base->at[c] >= stored(c))
			base->at[c] = stored(c) - 1;
}

void memory_forget(void)
{
	struct view base;
	int to = 0, from = 0;

	oldest_seen(&base);
	for (unsigned int c = 0; c < nr_cells; c++) {
		int n = stored(c) - base.at[c];

		from = now.first[c] + base.at[c];
		memmove(&now.message[to], &now.message[from], n * sizeof(struct message));
		for (int i = to; i < to + n; i++)
			forget_before(&now.message[i].view, &base);
		now.first[c] = to;
		to += n;
		if (c + 1 < nr_cells)
			continue;
		for (c++; c <= MODEL_CELLS; c++)
			now.first[c] = to;
	}
	forget_before(&now.sc, &base);
	for (int i = 0; i < program->threads; i++) {
		struct thread *t = &now.thread[i];

		forget_before(&t->cur, &base);
		forget_before(&t->acq, &base);
		forget_before(&t->rel, &base);
	}
}

static const char * const verb[] = {
	[MODEL_START] = "begins", [MODEL_LOAD] = "load", [MODEL_STORE] = "store",
	[MODEL_CAS] = "compare-and-exchange", [MODEL_RMW] = "read-modify-write",
	[MODEL_WAKE] = "wake", [MODEL_FENCE] = "full barrier", [MODEL_LOCK] = "lock",
	[MODEL_INTERRUPT] = "interrupts the CPU",
	[MODEL_BLOCK] = "wakes up", [MODEL_PAUSE] = "pauses", [MODEL_DONE] = "done", [MODEL_FAIL] = "",
};

static void describe_value(const struct thread *t, int choice, char *text, size_t size)
{
	const struct access *a = &t->next;
	long long value = (long long)a->value;
	int index = -1;

	if (a->kind == MODEL_LOAD)
		index = t->cur.at[a->cell] + choice;
	else if (a->kind == MODEL_CAS)
		index = cas_choice(t, choice);
	if (index >= 0)
		snprintf(text, size, "%s %s: %lld%s", cells[a->cell].name,
			 a->kind == MODEL_CAS ? "fails" : "is",
			 (long long)message_at(a->cell, index)->value,
			 index < stored(a->cell) - 1 ? " (an old value)" : "");
	else if (a->kind == MODEL_CAS || a->kind == MODEL_RMW)
		snprintf(text, size, "%s from %lld to %lld", cells[a->cell].name,
			 (long long)newest(a->cell)->value,
			 (long long)(a->kind == MODEL_CAS ? a->second :
				     (newest(a->cell)->value & ~a->value) | a->second));
	else if (a->kind == MODEL_STORE)
		snprintf(text, size, "%s = %lld", cells[a->cell].name, value);
	else if (a->kind != MODEL_START && a->kind != MODEL_FENCE && a->kind != MODEL_PAUSE &&
		 a->kind != MODEL_INTERRUPT)
		snprintf(text, size, "%s", cells[a->cell].name);
	else
		*text = 0;
}

void memory_describe(int i, int choice, char *text, size_t size)
{
	const struct thread *t = &now.thread[i];
	const struct access *a = &t->next;
	char value[128];

	describe_value(t, choice, value, sizeof(value));
	snprintf(text, size, "%-10s %-20s %s%s%s %s", program->name_of[i],
		 a->where ? a->where : "", verb[a->kind],
		 a->acquire && a->kind == MODEL_LOAD ? " acquire" : "",
		 a->release && a->kind == MODEL_STORE ? " release" : "", value);
}

/* A mutant makes an access weaker. Return: false, it is left out. */
static bool mutate(struct access *a)
{
	if (!mutant || mutant->kind != a->kind || strcmp(mutant->where, a->where) ||
	    (mutant->class && mutant->class != cells[a->cell].class))
		return true;
	if (mutant->to == MODEL_DROP)
		return false;
	a->acquire = false;
	a->release = false;
	return true;
}

static __u64 access(struct access a)
{
	bool ordered = a.kind != MODEL_FENCE && a.kind != MODEL_INTERRUPT && program->strong;

	a.acquire |= ordered;
	a.release |= ordered;
	if (!mutate(&a))
		return 0;
	return park(a);
}

__u64 model_load(const __u64 *word, bool acquire, const char *where)
{
	return access((struct access){ .kind = MODEL_LOAD, .acquire = acquire,
				       .cell = cell_of(word), .where = where });
}

void model_store(__u64 *word, __u64 value, bool release, const char *where)
{
	struct access a = { .kind = MODEL_STORE, .release = release, .value = value,
			    .cell = cell_of(word), .where = where };

	access(a);
}

bool model_cas(__u64 *word, __u64 old, __u64 new, const char *where)
{
	if (mutant && mutant->kind == MODEL_CAS && mutant->to == MODEL_PLAIN &&
	    !strcmp(mutant->where, where)) {
		if (model_load(word, false, where) != old)
			return false;
		if (old != new)
			model_store(word, new, true, where);
		return true;
	}
	return access((struct access){ .kind = MODEL_CAS, .acquire = true, .release = true,
				       .value = old, .second = new,
				       .cell = cell_of(word), .where = where });
}

__u64 model_rmw(__u64 *word, __u64 clear, __u64 set, const char *where)
{
	return access((struct access){ .kind = MODEL_RMW, .value = clear, .second = set,
				       .cell = cell_of(word), .where = where });
}

void model_fence(const char *where)
{
	access((struct access){ .kind = MODEL_FENCE, .where = where });
}

void model_interrupt(int other, const char *where)
{
	access((struct access){ .kind = MODEL_INTERRUPT, .value = other, .where = where });
}

void model_pause(void)
{
	access((struct access){ .kind = MODEL_PAUSE, .where = "pause" });
}

void model_lock(__u64 *lock, const char *where)
{
	struct access a = { .kind = MODEL_LOCK, .acquire = true,
			    .cell = cell_of(lock), .where = where };

	access(a);
}

void model_unlock(__u64 *lock, const char *where)
{
	model_store(lock, 0, true, where);
}

/* The queue's own lock makes each of these one ordered step. */
static void queue_access(enum model_kind kind, __u64 *queue, __u64 clear, __u64 set,
			 const char *where)
{
	struct access a = { .kind = kind, .acquire = true, .release = true,
			    .value = clear, .second = set,
			    .cell = cell_of(queue), .where = where };

	access(a);
}

void model_prepare(__u64 *queue, bool exclusively)
{
	__u64 bit = 1u << self;

	now.thread[self].woken = false;
	queue_access(MODEL_RMW, queue, 0, bit | (exclusively ? bit << 8 : 0), "prepare_to_wait");
	model_fence("prepare_to_wait");
}

void model_block(__u64 *queue)
{
	queue_access(MODEL_BLOCK, queue, 0, 0, "schedule");
}

void model_finish(__u64 *queue)
{
	__u64 bit = 1u << self;

	queue_access(MODEL_RMW, queue, bit | bit << 8, 0, "finish_wait");
	now.thread[self].woken = false;
}

void model_wake(__u64 *queue)
{
	model_fence("wq_has_sleeper");
	if (model_load(queue, false, "wq_has_sleeper"))
		queue_access(MODEL_WAKE, queue, 0, 0, "wake_up");
}
