// SPDX-License-Identifier: GPL-2.0
/*
 * Every interleaving, depth first. A thread is a stack at a fixed address that is
 * copied away while others run; a state that was seen before is not entered again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>

#include "state.h"

struct state now;
const struct model_program *program;
const struct model_mutant *mutant;
int self;

static void *searcher[5];
static __u64 answer;
static const char *failure;

static _Alignas(64) unsigned char stacks[MODEL_THREADS][64 << 10];
static struct {
	unsigned char stack[MODEL_STACK];
	struct thread thread;
} fresh[MODEL_THREADS];

static void die(const char *what)
{
	fprintf(stderr, "model: %s: %s\n", program->name, what);
	exit(1);
}

static unsigned char *top(int t)
{
	return stacks[t] + sizeof(stacks[t]);
}

/* Of its own: one function must not hold both __builtin_setjmp() and its longjmp. */
static __attribute__((noinline, noclone, noreturn)) void jump(void **env)
{
	__builtin_longjmp(env, 1);
}

/* env[2] is the stack pointer, with gcc and with clang. */
static void save_stack(int i)
{
	struct thread *t = &now.thread[i];
	unsigned char *sp = t->env[2];

	if (sp < top(i) - MODEL_STACK || sp > top(i))
		die("a thread needs more stack than MODEL_STACK");
	t->length = top(i) - sp;
	memcpy(now.stack[i], sp, t->length);
}

/* Stop before @next. Return: its result, once the search lets it happen. */
__attribute__((noinline)) __u64 park(struct access next)
{
	struct thread *t = &now.thread[self];

	next.killable = (program->killable >> self & 1) && !t->part && !t->in_kernel;
	t->next = next;
	if (!__builtin_setjmp(t->env))
		jump(searcher);
	return answer;
}

/* Run thread @i until it stops again. */
static __attribute__((noinline)) void resume(int i, __u64 result)
{
	struct thread *t = &now.thread[i];

	self = i;
	answer = result;
	if (!__builtin_setjmp(searcher)) {
		memcpy(top(i) - t->length, now.stack[i], t->length);
		/* What a frame finds there is not what another one left behind. */
		memset(top(i) - MODEL_STACK, 0, MODEL_STACK - t->length);
		jump(t->env);
	}
	save_stack(self);
}

static void finish(enum model_kind how)
{
	struct thread *t = &now.thread[self];

	memset(&t->cur, 0, sizeof(t->cur));
	memset(&t->acq, 0, sizeof(t->acq));
	memset(&t->rel, 0, sizeof(t->rel));
	park((struct access){ .kind = how });
	abort();
}

static void body(void)
{
	park((struct access){ .kind = MODEL_START, .where = "" });
	for (;;) {
		program->thread[self][now.thread[self].part](program);
		if (now.thread[self].part || !program->thread[self][1])
			break;
		now.thread[self].part = 1;
		park((struct access){ .kind = MODEL_START, .where = "" });
	}
	finish(MODEL_DONE);
}

/* A thread's first frame; all later ones are jumps. */
static __attribute__((noinline)) void create(int i)
{
	static ucontext_t here, there;

	self = i;
	if (getcontext(&there))
		die("no context");
	there.uc_stack.ss_sp = stacks[i];
	there.uc_stack.ss_size = sizeof(stacks[i]);
	there.uc_link = NULL;
	makecontext(&there, body, 0);
	if (!__builtin_setjmp(searcher))
		swapcontext(&here, &there);
	save_stack(self);
	memcpy(fresh[self].stack, now.stack[self], MODEL_STACK);
	fresh[self].thread = now.thread[self];
}

/* The second part begins, with all that the first one did. */
static void kill_thread(int i)
{
	struct thread *t = &now.thread[i];
	struct view cur = t->cur, acq = t->acq, rel = t->rel;

	*t = fresh[i].thread;
	t->part = 1;
	t->cur = cur;
	t->acq = acq;
	t->rel = rel;
	memcpy(now.stack[i], fresh[i].stack, t->length);
}

void model_fail(const char *what)
{
	failure = what;
	finish(MODEL_FAIL);
	abort();
}

int model_self(void)
{
	return self;
}

unsigned char *model_ghost(void)
{
	return now.ghost;
}

void model_kernel(bool in)
{
	now.thread[self].in_kernel = in;
}

bool model_dropped(const char *what)
{
	return mutant && !strcmp(mutant->name, what);
}

bool model_asleep(int i)
{
	return now.thread[i].next.kind == MODEL_BLOCK;
}

/* States on the path, packed one after the other: without what is not in use. */
static struct {
	unsigned char *bytes;
	size_t used;
	size_t room;
} path;

static void pack(const void *from, size_t size)
{
	if (path.used + size > path.room) {
		path.room = (path.used + size) * 2;
		path.bytes = realloc(path.bytes, path.room);
		if (!path.bytes)
			die("no memory");
	}
	memcpy(path.bytes + path.used, from, size);
	path.used += size;
}

static size_t push_state(void)
{
	size_t at = path.used;

	pack(&now, offsetof(struct state, thread[program->threads]));
	pack(now.message, now.first[MODEL_CELLS] * sizeof(struct message));
	for (int i = 0; i < program->threads; i++)
		pack(now.stack[i], (now.thread[i].length + 7) & ~7u);
	return at;
}

static void load_state(size_t at)
{
	const unsigned char *from = path.bytes + at;
	size_t size = offsetof(struct state, thread[program->threads]);

	memcpy(&now, from, size);
	from += size;
	size = now.first[MODEL_CELLS] * sizeof(struct message);
	memcpy(now.message, from, size);
	from += size;
	for (int i = 0; i < program->threads; i++) {
		size = (now.thread[i].length + 7) & ~7u;
		memcpy(now.stack[i], from, size);
		from += size;
	}
}

/* Hashes of the states that were seen, in a table with linear probing. */
struct print {
	__u64 a;
	__u64 b;
};

static struct {
	struct print *slot;
	size_t size;	/* a power of two */
	size_t used;
} seen;

static __u64 mix(__u64 x, __u64 factor)
{
	unsigned __int128 product = (unsigned __int128)x * factor;

	return (__u64)product ^ (__u64)(product >> 64);
}

static struct print print_of(const unsigned char *bytes, size_t size)
{
	struct print p = { 0x9e3779b97f4a7c15ull, 0xc2b2ae3d27d4eb4full };

	for (size_t i = 0; i + 8 <= size; i += 8) {
		__u64 word;

		memcpy(&word, bytes + i, 8);
		p.a = mix(p.a ^ word, 0xa0761d6478bd642full);
		p.b = mix(p.b + word, 0xe7037ed1a0b428dbull) + p.a;
	}
	p.b |= 1;	/* an empty slot is all zero */
	return p;
}

static bool insert(struct print p)
{
	size_t i = p.a & (seen.size - 1);

	for (; seen.slot[i].b; i = (i + 1) & (seen.size - 1))
		if (seen.slot[i].a == p.a && seen.slot[i].b == p.b)
			return false;
	seen.slot[i] = p;
	seen.used++;
	return true;
}

static void grow(size_t size)
{
	struct print *old = seen.slot;
	size_t n = seen.size;

	seen.slot = calloc(size, sizeof(*seen.slot));
	if (!seen.slot)
		die("no memory");
	seen.size = size;
	seen.used = 0;
	for (size_t i = 0; i < n; i++)
		if (old[i].b)
			insert(old[i]);
	free(old);
}

/* Return: false if the state was there before; it is taken off the path then. */
static bool enter(size_t at)
{
	bool new;

	if (seen.used * 2 >= seen.size)
		grow(seen.size * 2);
	new = insert(print_of(path.bytes + at, path.used - at));
	if (!new)
		path.used = at;
	return new;
}

/* A choice is a thread, and which of its memory_choices(); one more: it is killed. */
#define PATH_MAX_LENGTH	4096

static struct frame {
	size_t at;
	int only;	/* this thread, because it disturbs nobody; or -1 */
	int thread;
	int choice;
} frames[PATH_MAX_LENGTH];

/* Killed after a load is killed before it. */
static bool may_die(int t)
{
	return now.thread[t].next.killable && now.sticky != 1 + t &&
		!(memory_eager(t) && now.thread[t].next.kind == MODEL_LOAD);
}

static int choices(const struct frame *f, int t)
{
	if (f->only >= 0 && f->only != t)
		return 0;
	return memory_choices(t) + may_die(t);
}

/* Step to the next choice of a frame whose state is loaded. */
static bool advance(struct frame *f)
{
	f->choice++;
	while (f->thread < program->threads && f->choice >= choices(f, f->thread)) {
		f->thread++;
		f->choice = 0;
	}
	return f->thread < program->threads;
}

/*
 * A load sees no less when it happens later, after anything that others do: only its
 * own thread's view forbids it the old values. So whoever loads goes on until it has
 * done something else (or paused), and all orders of those are all that there are.
 */
static void take(const struct frame *f)
{
	struct thread *t = &now.thread[f->thread];
	bool loads = t->next.kind == MODEL_LOAD;

	now.sticky = 0;
	if (f->choice == memory_choices(f->thread))
		kill_thread(f->thread);
	else
		resume(f->thread, memory_do(f->thread, f->choice));
	memory_forget();
	if (t->next.kind == MODEL_DONE || t->next.kind == MODEL_FAIL)
		t->length = 0;
	if (loads && memory_choices(f->thread) && t->next.kind != MODEL_PAUSE)
		now.sticky = 1 + f->thread;
}

static void start_frame(struct frame *f, size_t at)
{
	f->at = at;
	f->only = (int)now.sticky - 1;
	f->thread = 0;
	f->choice = -1;
	for (int i = 0; i < program->threads && f->only < 0; i++)
		if (memory_eager(i) || (now.thread[i].next.kind == MODEL_START &&
					!now.thread[i].part))
			f->only = i;
}

/* Is there but one way to go on? */
static bool forced(struct frame *f)
{
	start_frame(f, 0);
	f->thread = f->only;
	f->choice = 0;
	return f->only >= 0 && choices(f, f->only) == 1;
}

/* One line of a violation's interleaving. */
static void print_step(const struct frame *f)
{
	char text[256];

	if (f->choice == memory_choices(f->thread))
		snprintf(text, sizeof(text), "%-10s is killed", program->name_of[f->thread]);
	else
		memory_describe(f->thread, f->choice, text, sizeof(text));
	printf("#   %s\n", text);
}

/* Take a choice, and whatever can only follow it: states that need not be kept. */
static void go_on(const struct frame *from, bool print, struct model_result *result)
{
	struct frame f = *from;

	do {
		if (print)
			print_step(&f);
		take(&f);
		result->steps++;
	} while (!failure && forced(&f));
}

static void print_path(int depth, struct model_result *result)
{
	failure = NULL;
	for (int i = 0; i < depth; i++) {
		load_state(frames[i].at);
		go_on(&frames[i], true, result);
	}
}

/* Nobody can go on, unless somebody is killed. */
static bool stuck(void)
{
	int n = 0;

	for (int i = 0; i < program->threads; i++)
		n += memory_choices(i);
	return !n;
}

/* Return: what is wrong with the state that was just entered. */
static const char *judge(struct model_result *result)
{
	if (failure)
		return failure;
	if (!stuck())
		return NULL;
	result->ends++;
	return program->judge(program);
}

static void search(struct model_result *result)
{
	int depth = 1;

	start_frame(&frames[0], push_state());
	while (depth && !result->violation) {
		struct frame *f = &frames[depth - 1];
		size_t at;

		load_state(f->at);
		if (!advance(f)) {
			path.used = f->at;
			depth--;
			continue;
		}
		go_on(f, false, result);
		at = push_state();
		if (!failure && !enter(at))
			continue;
		result->states++;
		if (depth == PATH_MAX_LENGTH)
			die("a path is longer than PATH_MAX_LENGTH");
		start_frame(&frames[depth++], at);
		result->violation = judge(result);
		if ((int)result->depth < depth)
			result->depth = depth;
	}
	if (result->violation)
		print_path(depth - 1, result);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

struct model_result model_run(const struct model_program *which, const struct model_mutant *how)
{
	struct model_result result = { .violation = NULL };
	double start = seconds();

	program = which;
	mutant = how;
	failure = NULL;
	path.used = 0;
	memory_reset();
	free(seen.slot);
	seen.slot = NULL;
	seen.size = 0;
	grow(1 << 16);
	program->setup(program);
	for (int i = 0; i < program->threads; i++)
		create(i);
	search(&result);
	result.seconds = seconds() - start;
	return result;
}
