/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A model checker for kmod/ring.h: threads of a small program run its real lines, and
 * every access to a shared word is a point where any other thread may go first.
 * All orders are tried, and every value that the memory model lets a load see.
 *
 * Memory is the view machine of RC11 (the C11 model as repaired by Lahav and others,
 * PLDI 2017) for relaxed, acquire and release accesses, read-modify-writes and full
 * fences: a cell is the list of the values stored to it; a thread has a view, the
 * oldest value of each cell that it may still see; a release store hands its thread's
 * view on to who loads it with acquire; full fences are ordered among each other.
 * So a store can be seen late and in another order, and a load can be early, wherever
 * no barrier forbids it.
 *
 * Covered: all RC11 executions of the program, hence all of x86 (TSO), and of ARMv8
 * and RISC-V but for the following. Barrier A orders loads before a later store: the
 * mutants that lack it put them in the other order themselves, see scene.c.
 * Not covered: a load that is satisfied after a later store of its own thread (load
 * buffering: RC11 forbids it, and here a test and a branch lie in between); a store
 * that goes, in the order of its cell's values, before one that was executed earlier
 * (the only cells with two writers are written by read-modify-writes or under locks);
 * livelock (a cycle is a visited state); and what needs more threads, messages or
 * slots than the program has. States are told apart by a 128-bit hash.
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#define RING_MEMORY_MODEL
#define ring_load(p)		model_load(p, false, __func__)
#define ring_load_acquire(p)	model_load(p, true, __func__)
#define ring_store(p, v)	model_store(p, v, false, __func__)
#define ring_store_release(p, v) model_store(p, v, true, __func__)
#define ring_cas(p, old, new)	model_cas(p, old, new, __func__)
#define ring_full_barrier()	model_fence(__func__)

/* Bounds of the engine; one that does not suffice ends the run. */
#define MODEL_THREADS	4
#define MODEL_CELLS	24
#define MODEL_MESSAGES	160
#define MODEL_STACK	1536
#define MODEL_GHOSTS	32

enum model_kind {
	MODEL_START,
	MODEL_LOAD,
	MODEL_STORE,
	MODEL_CAS,
	MODEL_RMW,
	MODEL_WAKE,
	MODEL_FENCE,
	MODEL_INTERRUPT,
	MODEL_LOCK,
	MODEL_BLOCK,
	MODEL_PAUSE,
	MODEL_DONE,
	MODEL_FAIL,
};

/* What a word is, for mutants. */
enum model_class {
	MODEL_ANY,
	MODEL_PROD_POS,
	MODEL_PROD_EVENT,
	MODEL_CONS_POS,
	MODEL_CONS_EVENT,
	MODEL_HEAD,	/* of a slot, or a word of record data */
	MODEL_PAYLOAD,
	MODEL_QUEUE,
	MODEL_READY,
	MODEL_LOCKED,
};

/**
 * struct model_mutant - one line of the algorithm, made weaker or left out
 * @name:	what is printed
 * @where:	function that the access is in
 * @kind:	the access
 * @class:	the word; MODEL_ANY: whichever
 * @to:		what becomes of it
 */
struct model_mutant {
	const char *name;
	const char *where;
	enum model_kind kind;
	enum model_class class;
	enum {
		MODEL_RELAX,	/* acquire and release go */
		MODEL_DROP,	/* the fence, lock or read-modify-write goes */
		MODEL_PLAIN,	/* a compare-and-exchange becomes a load, then a store */
	} to;
};

struct model_program;

typedef void (*model_part)(const struct model_program *program);

/**
 * struct model_program - what to explore
 * @name:	what is printed
 * @setup:	names the cells, in the state before all threads
 * @threads:	number of threads
 * @thread:	a thread's parts: one that is killed, or returns, goes on with its next
 * @name_of:	the threads' names
 * @killable:	bit n: thread n's first part may be killed at any access outside of
 *		model_kernel()
 * @strong:	every access is acquire or release: weaker than x86, stronger than ARM
 * @judge:	called in the end, when nobody can go on: NULL, or what is wrong; it may
 *		look at model_last() and model_asleep()
 * @arg:	for @setup and @thread
 */
struct model_program {
	const char *name;
	void (*setup)(const struct model_program *program);
	int threads;
	const char *name_of[MODEL_THREADS];
	unsigned int killable;
	bool strong;
	model_part thread[MODEL_THREADS][2];
	const char *(*judge)(const struct model_program *program);
	const void *arg;
};

struct model_result {
	const char *violation;	/* NULL: none */
	unsigned long states;
	unsigned long steps;	/* transitions */
	unsigned long ends;	/* states in which nobody can go on */
	unsigned int depth;	/* of the longest path */
	double seconds;
};

/* Explore @program, with @mutant unless NULL; a violation's interleaving is printed. */
struct model_result model_run(const struct model_program *program,
			      const struct model_mutant *mutant);

/* For setup(): a word that threads share. @owner: the only thread that writes it, or -1. */
void model_cell(__u64 *word, const char *name, enum model_class class, __u64 value, int owner);
/* The word at @alias is the same as the one at @word. */
void model_alias(__u64 *alias, const __u64 *word);

/* For threads: accesses; @where is the function's name. */
__u64 model_load(const __u64 *word, bool acquire, const char *where);
void model_store(__u64 *word, __u64 value, bool release, const char *where);
bool model_cas(__u64 *word, __u64 old, __u64 new, const char *where);
/* *word = (*word & ~clear) | set, unordered as set_bit(). Return: the value before. */
__u64 model_rmw(__u64 *word, __u64 clear, __u64 set, const char *where);
void model_fence(const char *where);
/*
 * Have thread @other execute a full barrier, between any two of its accesses, and wait for
 * it. What @other stores must not lie in cells of its own.
 */
void model_interrupt(int other, const char *where);
/* In a loop that only loads. */
void model_pause(void);
void model_lock(__u64 *lock, const char *where);
void model_unlock(__u64 *lock, const char *where);

/*
 * A wait queue is one word: bit n, thread n waits; bit n + 8, exclusively. These are
 * prepare_to_wait(), schedule(), finish_wait() and wq_has_sleeper() with wake_up().
 */
void model_prepare(__u64 *queue, bool exclusive);
void model_block(__u64 *queue);
void model_finish(__u64 *queue);
void model_wake(__u64 *queue);

/* For threads: not an access, takes effect with the access before. */
void model_fail(const char *what) __attribute__((noreturn));
int model_self(void);
unsigned char *model_ghost(void);
/* What a killed thread does in the kernel it does to the end. */
void model_kernel(bool in);
/* Does the mutant leave @what out? For lines that are no accesses. */
bool model_dropped(const char *what);

/* For judge(). */
__u64 model_last(const __u64 *word);
bool model_asleep(int thread);

/*
 * Called with the access that publishes: ring_publish()'s store to a head (slots) or
 * to prod.pos (records).
 */
extern void (*model_published)(const __u64 *word);

#endif /* MODEL_H */
