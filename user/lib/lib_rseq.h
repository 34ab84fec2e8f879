/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A message into a local lane in one restartable sequence: no locked instruction and no
 * barrier, as the kernel restarts a thread that it preempts, moves or signals in between
 * (rseq(2), the area that glibc registers). On x86-64; elsewhere nobody is ever there.
 */
#ifndef IPCRING_LIB_RSEQ_H
#define IPCRING_LIB_RSEQ_H

#include <linux/ipcring_pcq.h>
#include "ipcring/ring.h"

/* What lib_rseq_put() returns, besides 0. */
#define LIB_RSEQ_FULL		1
#define LIB_RSEQ_AWAY		2
#define LIB_RSEQ_ABORTED	3

/* No CPU has that number. */
#define LIB_RSEQ_NOWHERE	(~0u)

#include <features.h>

#if defined(__x86_64__) && defined(__GLIBC_PREREQ)
#if __GLIBC_PREREQ(2, 35)
#define LIB_RSEQ
#endif
#endif

#ifdef LIB_RSEQ
#include <stddef.h>
#include <sys/rseq.h>

static inline struct rseq *lib_rseq(void)
{
	return (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
}

/**
 * lib_rseq_cpu() - where does the caller run?
 *
 * Return: the CPU, true until it is moved, or LIB_RSEQ_NOWHERE: no rseq here.
 */
static inline __u32 lib_rseq_cpu(void)
{
	if (!__rseq_size)
		return LIB_RSEQ_NOWHERE;
	return __atomic_load_n(&lib_rseq()->cpu_id_start, __ATOMIC_RELAXED);
}

/* So that nobody looks for the sequence where the library was. */
static inline void lib_rseq_leave(struct rseq *rs)
{
	*(volatile __u64 *)((char *)rs + offsetof(struct rseq, rseq_cs)) = 0;
}

/* The payload: see below. */
#define LIB_RSEQ_COPY \
	"cmpq $16, %[len]\n\t" \
	"jb 7f\n\t" \
	"movl $16, %%edx\n" \
	"6:\tmovups -16(%[buf],%%rdx), %%xmm0\n\t" \
	"movups %%xmm0, (%%rcx,%%rdx)\n\t" \
	"addq $16, %%rdx\n\t" \
	"cmpq %[len], %%rdx\n\t" \
	"jbe 6b\n\t" \
	"movups -16(%[buf],%[len]), %%xmm0\n\t" \
	"movups %%xmm0, (%%rcx,%[len])\n\t" \
	"jmp 9f\n" \
	"7:\tcmpq $8, %[len]\n\t" \
	"jb 8f\n\t" \
	"movq (%[buf]), %%rdx\n\t" \
	"movq -8(%[buf],%[len]), %%rsi\n\t" \
	"movq %%rdx, 16(%%rcx)\n\t" \
	"movq %%rsi, 8(%%rcx,%[len])\n\t" \
	"jmp 9f\n" \
	"8:\txorl %%edx, %%edx\n" \
	"10:\tmovb (%[buf],%%rdx), %%sil\n\t" \
	"movb %%sil, 16(%%rcx,%%rdx)\n\t" \
	"incq %%rdx\n\t" \
	"cmpq %[len], %%rdx\n\t" \
	"jb 10b\n"

/*
 * Registers in the sequence: rax position, rcx slot, rdx scratch and offset into the
 * payload, rsi and xmm0 data. Everything else was loaded before and does not change.
 *
 *   1	begins right behind the store of rseq_cs: a thread that is disturbed there aborts
 *   5	the position is right: prod.pos, or 1 more
 *   6	payload of 16 bytes and more: whole ones, then the last 16, which may overlap
 *   7	payload below 16: the first 8 and the last 8
 *   8	payload below 8: bytes
 *   9	head; it is written by one store, the last instruction
 *   2	end
 *   4	abort, behind the signature that rseq(2) wants to see there (an undefined
 *	instruction that has it as its operand)
 *
 * x86 keeps loads in order, and stores, and no store goes before a load: that is all that
 * acquire and release ask for. cons.pos is loaded behind prod.pos.
 */
static inline __attribute__((__always_inline__)) int
lib_rseq_try(struct rseq *rs, const struct ring *r, __u32 cpu, const void *buf, __u64 len)
{
	__asm__ goto(".pushsection __rseq_cs, \"aw\"\n\t"
		     ".balign 32\n"
		     "3:\t.long 0, 0\n\t"
		     ".quad 1f, 2f - 1f, 4f\n\t"
		     ".popsection\n\t"
		     ".pushsection .text.unlikely, \"ax\", @progbits\n\t"
		     ".byte 0x0f, 0xb9, 0x3d\n\t"
		     ".long %c[sig]\n"
		     "4:\tjmp %l[aborted]\n\t"
		     ".popsection\n\t"
		     "leaq 3b(%%rip), %%rax\n\t"
		     "movq %%rax, %c[cs](%[rs])\n"
		     "1:\tcmpl %[cpu], %c[id](%[rs])\n\t"
		     "jne %l[away]\n\t"
		     "movq %c[pos](%[prod]), %%rax\n\t"
		     "movq %%rax, %%rcx\n\t"
		     "andq %[mask], %%rcx\n\t"
		     "imulq %[stride], %%rcx\n\t"
		     "addq %[data], %%rcx\n\t"
		     "leal 1(%%rax), %%edx\n\t"
		     "cmpl %%edx, 4(%%rcx)\n\t"
		     "jne 5f\n\t"
		     "incq %%rax\n\t"
		     "movq %%rax, %%rcx\n\t"
		     "andq %[mask], %%rcx\n\t"
		     "imulq %[stride], %%rcx\n\t"
		     "addq %[data], %%rcx\n"
		     "5:\tmovq %%rax, %%rdx\n\t"
		     "subq %c[pos](%[cons]), %%rdx\n\t"
		     "cmpq %[mask], %%rdx\n\t"
		     "ja %l[full]\n\t"
		     "movq %%rax, %c[pos](%[prod])\n\t"
		     "movl %[cpu], 8(%%rcx)\n\t"
		     "movl $0, 12(%%rcx)\n\t"
		     LIB_RSEQ_COPY
		     "9:\tincq %%rax\n\t"
		     "shlq $32, %%rax\n\t"
		     "leaq 8(%%rax,%[len]), %%rax\n\t"
		     "movq %%rax, (%%rcx)\n"
		     "2:\n\t"
		     :
		     : [sig] "i" (RSEQ_SIG), [cs] "i" (offsetof(struct rseq, rseq_cs)),
		       [id] "i" (offsetof(struct rseq, cpu_id)),
		       [pos] "i" (offsetof(struct ipcring_side, pos)),
		       [rs] "r" (rs), [cpu] "r" (cpu), [prod] "r" (r->prod),
		       [cons] "r" (r->cons), [data] "r" (r->data), [mask] "r" (r->size - 1),
		       [stride] "r" ((__u64)r->stride), [buf] "r" (buf), [len] "r" (len)
		     : "rax", "rcx", "rdx", "rsi", "xmm0", "cc", "memory"
		     : full, away, aborted);
	lib_rseq_leave(rs);
	return 0;
full:
	lib_rseq_leave(rs);
	return LIB_RSEQ_FULL;
away:
	lib_rseq_leave(rs);
	return LIB_RSEQ_AWAY;
aborted:
	return LIB_RSEQ_ABORTED;
}

/**
 * lib_rseq_put() - one attempt to send to a local lane
 * @r:		the lane
 * @cpu:	whose it is
 * @buf:	payload
 * @len:	its bytes, 1..msg_size
 *
 * Return: 0 or LIB_RSEQ_*; all but 0: nothing was sent.
 */
static inline int lib_rseq_put(const struct ring *r, __u32 cpu, const void *buf, __u32 len)
{
	/* The head, the sender and the payload lie one behind the other; 9: adds 8 to len. */
	_Static_assert(sizeof(struct ipcring_slot) == 8, "the payload follows at 16");
	_Static_assert(sizeof(struct ipcring_pcq_from) == 8, "the payload follows at 16");

	return lib_rseq_try(lib_rseq(), r, cpu, buf, len);
}

#else /* !LIB_RSEQ */

static inline __u32 lib_rseq_cpu(void)
{
	return LIB_RSEQ_NOWHERE;
}

static inline int lib_rseq_put(const struct ring *r, __u32 cpu, const void *buf, __u32 len)
{
	(void)r;
	(void)cpu;
	(void)buf;
	(void)len;
	return LIB_RSEQ_AWAY;
}

#endif /* LIB_RSEQ */

#endif /* IPCRING_LIB_RSEQ_H */
