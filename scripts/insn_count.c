// SPDX-License-Identifier: GPL-2.0
/*
 * A TCG plugin for scripts/where: how often did the guest execute each instruction
 * between the marks of the measured loop (user/mark.h)?
 *
 *   qemu-system-x86_64 ... -plugin insn_count.so,out=FILE[,stacks=FILE]
 *
 * At exit FILE gets a line "windows N", then a line "ADDRESS COUNT LOCKED" for each kernel
 * address, in 16 hexadecimal digits and decimal. LOCKED is COUNT again, or 0: is it an
 * instruction that locks the bus or drains the store buffer? User space is a line or two
 * with address 0: processes share addresses. The file named by stacks= gets the same by the
 * calls that led there, see insn_stack.h. For one vCPU, since those of several would share a
 * window.
 *
 * Counting costs the guest nothing: its clock counts its own instructions only.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "insn_stack.h"
#include "plugin.h"

/* A booted guest has executed about 700,000 different addresses; a power of two. */
#define COUNTERS	(1u << 22)

/* In one place for good: QEMU keeps pointers to @count in translated code. */
struct counter {
	uint64_t addr;
	bool locked;
	uint64_t count;
	uint64_t at_begin;
	uint64_t sum;
};

static struct counter counters[COUNTERS];
static unsigned int used;
static uint64_t windows;
static bool in_window;
static FILE *out;

/* No code lies there, and 0 is an empty counter. */
#define USER_SPACE	1u
#define USER_LOCKED	2u

static void die(const char *what)
{
	fprintf(stderr, "insn_count: %s\n", what);
	abort();
}

static bool is_kernel(uint64_t addr)
{
	return addr >> 63;
}

static struct counter *counter_find(uint64_t addr)
{
	/* Fibonacci hashing: the upper bits of the product, as many as COUNTERS has. */
	uint64_t i = addr * 0x9e3779b97f4a7c15ULL >> (64 - __builtin_ctz(COUNTERS));

	while (counters[i].addr != addr) {
		if (!counters[i].addr) {
			if (++used > COUNTERS / 2)
				die("too many different instructions; raise COUNTERS");
			counters[i].addr = addr;
			break;
		}
		i = (i + 1) % COUNTERS;
	}
	return &counters[i];
}

static void window_begin(unsigned int vcpu, void *arg)
{
	(void)vcpu;
	(void)arg;
	for (size_t i = 0; i < COUNTERS; i++)
		counters[i].at_begin = counters[i].count;
	in_window = true;
	stack_window(true);
}

static void window_end(unsigned int vcpu, void *arg)
{
	(void)vcpu;
	(void)arg;
	if (!in_window)
		return;
	in_window = false;
	stack_window(false);
	windows++;
	for (size_t i = 0; i < COUNTERS; i++)
		counters[i].sum += counters[i].count - counters[i].at_begin;
}

/* 'B', 'E', or 0: not one of user/mark.h. */
static char mark_kind(const struct qemu_plugin_insn *insn)
{
	static const char mark[] = { 0x0f, 0x1f, (char)0x84, 0x00, 's', 'p', 'c' };
	const char *data = qemu_plugin_insn_data(insn);

	if (qemu_plugin_insn_size(insn) != sizeof(mark) + 1 || memcmp(data, mark, sizeof(mark)))
		return 0;
	return data[sizeof(mark)];
}

static bool is_prefix(unsigned char byte)
{
	static const unsigned char prefixes[] = {
		0x66, 0x67, 0xf2, 0xf3, 0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65,
	};

	return memchr(prefixes, byte, sizeof(prefixes));
}

/* A lock prefix; xchg with memory, which has it for nothing; mfence. */
static bool is_locked(const struct qemu_plugin_insn *insn)
{
	const unsigned char *byte = qemu_plugin_insn_data(insn);
	size_t size = qemu_plugin_insn_size(insn), i = 0;

	while (i < size && is_prefix(byte[i]))
		i++;
	if (i < size && byte[i] == 0xf0)
		return true;
	if (i < size && (byte[i] & 0xf0) == 0x40)
		i++;	/* REX */
	if (i + 1 < size && (byte[i] & 0xfe) == 0x86)
		return byte[i + 1] < 0xc0;
	return i + 2 < size && byte[i] == 0x0f && byte[i + 1] == 0xae && byte[i + 2] >= 0xf0 &&
	       byte[i + 2] < 0xf8;
}

static struct counter *counter_of(uint64_t addr, const struct qemu_plugin_insn *insn)
{
	bool locked = is_locked(insn);
	uint64_t user = locked ? USER_LOCKED : USER_SPACE;
	struct counter *c = counter_find(is_kernel(addr) ? addr : user);

	c->locked = locked;
	return c;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	(void)id;
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint64_t addr = qemu_plugin_insn_vaddr(insn);
		struct counter *c = counter_of(addr, insn);
		char kind = is_kernel(addr) ? 0 : mark_kind(insn);

		if (kind == 'B')
			qemu_plugin_register_vcpu_insn_exec_cb(insn, window_begin,
							       PLUGIN_NO_REGS, NULL);
		else if (kind == 'E')
			qemu_plugin_register_vcpu_insn_exec_cb(insn, window_end,
							       PLUGIN_NO_REGS, NULL);
		stack_watch(insn, is_kernel(addr) ? addr : 0);
		qemu_plugin_register_vcpu_insn_exec_inline(insn, PLUGIN_INLINE_ADD_U64,
							   &c->count, 1);
	}
}

static void finish(qemu_plugin_id_t id, void *arg)
{
	(void)id;
	(void)arg;
	fprintf(out, "windows %llu\n", (unsigned long long)windows);
	for (size_t i = 0; i < COUNTERS; i++) {
		const struct counter *c = &counters[i];

		if (c->sum)
			fprintf(out, "%016llx %llu %llu\n",
				(unsigned long long)(is_kernel(c->addr) ? c->addr : 0),
				(unsigned long long)c->sum,
				(unsigned long long)(c->locked ? c->sum : 0));
	}
	if (stack_write() || fclose(out))
		die("the counts could not be written");
}

int qemu_plugin_version = 1;

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info_t *info, int argc,
			char **argv)
{
	(void)info;
	if (argc < 1 || argc > 2 || strncmp(argv[0], "out=", 4) ||
	    (argc == 2 && strncmp(argv[1], "stacks=", 7))) {
		fprintf(stderr, "insn_count: say out=FILE, then perhaps stacks=FILE\n");
		return -EINVAL;
	}
	out = fopen(argv[0] + 4, "w");
	if (!out) {
		fprintf(stderr, "insn_count: %s: %s\n", argv[0] + 4, strerror(errno));
		return -errno;
	}
	if (argc == 2 && stack_open(argv[1] + 7)) {
		fprintf(stderr, "insn_count: %s: cannot be written\n", argv[1] + 7);
		return -EIO;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, finish, NULL);
	return 0;
}
