// SPDX-License-Identifier: GPL-2.0
/*
 * scripts/insn_stack.c: a guest that is made up executes instructions, and each must be found
 * where the calls before it lead. The functions of QEMU that it uses are here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "insn_stack.h"

#define KERNEL(n)	(0xffffffff81000000ULL + (n))

struct qemu_plugin_insn {
	unsigned char data[8];
	size_t size;
	plugin_insn_cb exec;
	void *exec_arg;
	plugin_mem_cb mem;
	void *mem_arg;
};

const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn)
{
	return insn->data;
}

size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn)
{
	return insn->size;
}

void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, plugin_insn_cb cb,
					    int flags, void *arg)
{
	(void)flags;
	insn->exec = cb;
	insn->exec_arg = arg;
}

void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, plugin_mem_cb cb, int flags,
				      int rw, void *arg)
{
	(void)flags;
	(void)rw;
	insn->mem = cb;
	insn->mem_arg = arg;
}

bool qemu_plugin_mem_is_store(qemu_plugin_meminfo_t info)
{
	return info;
}

/* The instruction at @addr is executed; it may load from @load and store to @store. */
static void run(uint64_t addr, const char *bytes, size_t size, uint64_t load, uint64_t store)
{
	struct qemu_plugin_insn insn = { .size = size };

	memcpy(insn.data, bytes, size);
	stack_watch(&insn, addr);
	insn.exec(0, insn.exec_arg);
	if (insn.mem && load)
		insn.mem(0, false, load, insn.mem_arg);
	if (insn.mem && store)
		insn.mem(0, true, store, insn.mem_arg);
}

static void nop(uint64_t addr)
{
	run(addr, "\x90", 1, 0, 0);
}

static void call(uint64_t addr, uint64_t sp)
{
	run(addr, "\xe8\x00\x10\x00\x00", 5, 0, sp);
}

/* Through memory at the stack's own top, which must not be taken for the stack pointer. */
static void call_through_memory(uint64_t addr, uint64_t sp)
{
	run(addr, "\x41\xff\x54\x24\x08", 5, sp + 0x4000, sp);
}

static void call_next(uint64_t addr, uint64_t sp)
{
	run(addr, "\xe8\x01\x00\x00\x00", 5, 0, sp);
}

static void ret(uint64_t addr, uint64_t sp)
{
	run(addr, "\xc3", 1, sp, 0);
}

static void from_user(void)
{
	nop(0);
}

#define STACK(task)	(0xffffc90000000000ULL + (task) * 0x4000)

static void calls(void)
{
	from_user();
	call(KERNEL(0x100), STACK(1) + 0x3f00);
	nop(KERNEL(0x200));
	call_through_memory(KERNEL(0x201), STACK(1) + 0x3e00);
	nop(KERNEL(0x300));
	ret(KERNEL(0x301), STACK(1) + 0x3e00);
	nop(KERNEL(0x206));
	ret(KERNEL(0x207), STACK(1) + 0x3f00);
	nop(KERNEL(0x105));
}

/* A task sleeps in 0x800, called by 0x700; another comes from user space, and wakes it. */
static void switches(void)
{
	from_user();
	call(KERNEL(0x700), STACK(3) + 0x3f00);
	nop(KERNEL(0x800));
	from_user();
	call(KERNEL(0x900), STACK(4) + 0x3f00);
	ret(KERNEL(0x9f0), STACK(3) + 0x3e00);
	nop(KERNEL(0x801));
	ret(KERNEL(0x802), STACK(3) + 0x3f00);
	nop(KERNEL(0x705));
}

/* An interrupt runs on a stack of its own, for the one whom it hits. */
static void interrupt(void)
{
	from_user();
	call(KERNEL(0xb00), STACK(5) + 0x3f00);
	call(KERNEL(0xb80), STACK(6) + 0x3f00);
	nop(KERNEL(0xc00));
	ret(KERNEL(0xc01), STACK(6) + 0x3f00);
	ret(KERNEL(0xb85), STACK(5) + 0x3f00);
	nop(KERNEL(0xb05));
}

/*
 * A retpoline calls what follows and returns to its target, 0xe00; a stack is left without a
 * return (0xe20), which the next call shows (0xe30); the return address is moved down and found
 * there (0xe40).
 */
static void odd(void)
{
	from_user();
	call(KERNEL(0xd00), STACK(7) + 0x3f00);
	call_next(KERNEL(0xd80), STACK(7) + 0x3ef8);
	ret(KERNEL(0xd86), STACK(7) + 0x3ef8);
	nop(KERNEL(0xe00));
	call(KERNEL(0xe20), STACK(7) + 0x3e00);
	nop(KERNEL(0xe28));
	call(KERNEL(0xe30), STACK(7) + 0x3e80);
	nop(KERNEL(0xe38));
	ret(KERNEL(0xe39), STACK(7) + 0x3e80);
	call(KERNEL(0xe40), STACK(7) + 0x3e00);
	ret(KERNEL(0xe48), STACK(7) + 0x3d00);
	nop(KERNEL(0xe45));
}

int main(int argc, char **argv)
{
	if (argc != 2 || stack_open(argv[1])) {
		fprintf(stderr, "insn_stack: say where to write\n");
		return 1;
	}
	/* Not counted, but its call is known when counting begins. */
	from_user();
	call(KERNEL(0x10), STACK(2) + 0x3f00);
	stack_window(true);
	nop(KERNEL(0x20));
	calls();
	calls();
	switches();
	interrupt();
	odd();
	stack_window(false);
	nop(KERNEL(0x30));
	return stack_write() ? 1 : 0;
}
