/* SPDX-License-Identifier: GPL-2.0 */
/* Inside of the model checker: what a state is. */
#ifndef STATE_H
#define STATE_H

#include "model.h"

/* Views and messages hold indices of messages, counted per cell. */
struct view {
	__u8 at[MODEL_CELLS];
};

struct message {
	__u64 value;
	struct view view;
};

/**
 * struct access - what a thread is about to do
 * @kind:	MODEL_*
 * @acquire:	order
 * @release:	order
 * @killable:	the thread may die instead
 * @cell:	index
 * @value:	to store, to compare with, or to clear
 * @second:	to exchange, or to set
 * @where:	the function
 */
struct access {
	__u8 kind;
	bool acquire;
	bool release;
	bool killable;
	__u32 cell;
	__u64 value;
	__u64 second;
	const char *where;
};

/**
 * struct thread - a thread that is about to do something
 * @next:	that
 * @env:	where it goes on, for __builtin_longjmp()
 * @length:	bytes of its stack in use
 * @part:	of the program
 * @woken:	since it was last put on a wait queue
 * @in_kernel:	cannot be killed
 * @cur:	what its loads see at least
 * @acq:	what they see at least after a fence
 * @rel:	what a relaxed store hands on
 */
struct thread {
	struct access next;
	void *env[5];
	__u32 length;
	__u8 part;
	bool woken;
	bool in_kernel;
	struct view cur;
	struct view acq;
	struct view rel;
};

/**
 * struct state - everything; the stacks' and messages' unused rest is not kept
 * @sticky:	1 + the thread that has just loaded, see take(); 0: none
 * @first:	of each cell's messages in @message, and the end
 * @sc:		what the full fences have handed on
 * @ghost:	the program's own
 * @thread:	threads
 * @message:	of all cells, in the order in which they were stored
 * @stack:	copies
 */
struct state {
	__u64 sticky;
	__u8 first[MODEL_CELLS + 1];
	struct view sc;
	__u8 ghost[MODEL_GHOSTS];
	struct thread thread[MODEL_THREADS];
	struct message message[MODEL_MESSAGES];
	__u8 stack[MODEL_THREADS][MODEL_STACK];
};

extern struct state now;
extern const struct model_program *program;
extern const struct model_mutant *mutant;
extern int self;

/* search.c */
__u64 park(struct access next);

/* memory.c */
void memory_reset(void);
int memory_choices(int thread);
/* The thread's access, with choice 0..memory_choices() - 1. Return: its result. */
__u64 memory_do(int thread, int choice);
/* What no thread can see any more is forgotten, so that equal states look equal. */
void memory_forget(void);
/* Nobody is disturbed by it, whenever it happens. */
bool memory_eager(int thread);
void memory_describe(int thread, int choice, char *text, size_t size);

#endif /* STATE_H */
