// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "insn_stack.h"

/* A booted guest comes to some 350,000 different places; powers of two. */
#define PLACES		(1u << 22)
#define AREAS		(1u << 16)

/* At least a page and at most the smallest kernel stack: a larger one is more areas. */
#define AREA_SHIFT	14

/* An instruction, and by which call it was reached: also a call in a chain. */
struct place {
	uint64_t addr;
	uint64_t count;
	uint32_t parent;
	uint32_t index;		/* counts from 1; 0: this one is free */
};

/* A call that has not returned. */
struct frame {
	uint64_t sp;		/* where its return address lies */
	uint64_t ret;
	uint32_t chain;
};

/* The part of a stack; its frames are ordered by falling sp. */
struct area {
	uint64_t key;
	struct frame *frames;
	size_t nr, room;
	uint32_t base;		/* the chain that led here from another area */
};

static struct place *places;
static uint32_t nr_places;
static struct area areas[AREAS];
static size_t nr_areas;
static FILE *out;

/* The guest's CPU: what is executed now was reached by @chain, and its calls go to @area. */
static uint32_t chain;
static struct area *area;
static bool from_user, odd_return, counting;

static void die(const char *what)
{
	fprintf(stderr, "insn_stack: %s\n", what);
	abort();
}

/* Fibonacci hashing: the upper bits of the product, as many as @size has. */
static uint64_t hash(uint64_t key, uint32_t size)
{
	return key * 0x9e3779b97f4a7c15ULL >> (64 - __builtin_ctz(size));
}

static struct place *place_find(uint32_t parent, uint64_t addr)
{
	uint64_t i = hash(addr ^ (uint64_t)parent << 40 ^ parent, PLACES);

	while (places[i].index && (places[i].addr != addr || places[i].parent != parent))
		i = (i + 1) % PLACES;
	if (!places[i].index) {
		if (++nr_places > PLACES / 4 * 3)
			die("too many different chains of calls; raise PLACES");
		places[i] = (struct place){ .addr = addr, .parent = parent, .index = nr_places };
	}
	return &places[i];
}

static struct area *area_find(uint64_t key)
{
	uint64_t i = hash(key, AREAS);

	while (areas[i].key && areas[i].key != key)
		i = (i + 1) % AREAS;
	if (!areas[i].key) {
		if (++nr_areas > AREAS / 2)
			die("too many stacks; raise AREAS");
		areas[i].key = key;
	}
	return &areas[i];
}

static uint32_t area_chain(const struct area *a)
{
	return a->nr ? a->frames[a->nr - 1].chain : a->base;
}

/*
 * The stack pointer is @sp: what lies below has returned, or will never. Who comes from user
 * space finds an empty stack; who comes to one without calls was led there, as by an interrupt.
 */
static void area_enter(uint64_t sp, bool below_only)
{
	struct area *a = area_find(sp >> AREA_SHIFT);

	if (from_user)
		a->nr = 0;
	from_user = false;
	while (a->nr && a->frames[a->nr - 1].sp < sp + !below_only)
		a->nr--;
	if (a != area && !a->nr)
		a->base = chain;
	area = a;
}

static void called(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t sp, void *arg)
{
	const uint64_t *site = arg;

	(void)vcpu;
	if (!qemu_plugin_mem_is_store(info))
		return;
	area_enter(sp, false);
	if (area->nr == area->room) {
		area->room = area->room ? 2 * area->room : 16;
		area->frames = realloc(area->frames, area->room * sizeof(*area->frames));
		if (!area->frames)
			die("out of memory");
	}
	chain = place_find(area_chain(area), site[0])->index;
	area->frames[area->nr++] = (struct frame){ .sp = sp, .ret = site[1], .chain = chain };
}

/*
 * A return without a call: a retpoline, which goes somewhere else, or one whose return address
 * was moved meanwhile, as error_entry does.
 */
static void returned(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t sp, void *arg)
{
	(void)vcpu;
	(void)arg;
	if (qemu_plugin_mem_is_store(info))
		return;
	area_enter(sp, true);
	if (area->nr && area->frames[area->nr - 1].sp == sp)
		area->nr--;
	else
		odd_return = true;
	chain = area_chain(area);
}

static void executed(unsigned int vcpu, void *arg)
{
	uint64_t addr = (uintptr_t)arg;

	(void)vcpu;
	if (odd_return) {
		odd_return = false;
		if (area->nr && area->frames[area->nr - 1].ret == addr) {
			area->nr--;
			chain = area_chain(area);
		}
	}
	if (counting)
		place_find(chain, addr)->count++;
}

static void executed_user(unsigned int vcpu, void *arg)
{
	(void)vcpu;
	(void)arg;
	chain = 0;
	area = NULL;
	from_user = true;
	odd_return = false;
	if (counting)
		place_find(0, 0)->count++;
}

static bool is_prefix(unsigned char byte)
{
	return memchr("\x66\x2e\x3e\xf2\xf3", byte, 5) || (byte & 0xf0) == 0x40;
}

/* 'c': a call, 'r': a return, 0: neither. A call of what follows only stores an address. */
static char kind(const unsigned char *byte, size_t size)
{
	int32_t distance;
	size_t i = 0;

	while (i < size && is_prefix(byte[i]))
		i++;
	if (i == size)
		return 0;
	if (byte[i] == 0xc3 || byte[i] == 0xc2)
		return 'r';
	if (byte[i] == 0xff && i + 1 < size)
		return (byte[i + 1] & 0x38) == 0x10 ? 'c' : 0;
	if (byte[i] != 0xe8 || i + 5 != size)
		return 0;
	memcpy(&distance, byte + i + 1, sizeof(distance));
	return distance >= 0 && distance < 32 ? 0 : 'c';
}

/* QEMU keeps the pointer in translated code, for good. */
static uint64_t *new_site(uint64_t addr, size_t size)
{
	uint64_t *site = malloc(2 * sizeof(*site));

	if (!site)
		die("out of memory");
	site[0] = addr;
	site[1] = addr + size;
	return site;
}

void stack_watch(struct qemu_plugin_insn *insn, uint64_t addr)
{
	size_t size = qemu_plugin_insn_size(insn);

	if (!out)
		return;
	if (!addr) {
		qemu_plugin_register_vcpu_insn_exec_cb(insn, executed_user, PLUGIN_NO_REGS, NULL);
		return;
	}
	qemu_plugin_register_vcpu_insn_exec_cb(insn, executed, PLUGIN_NO_REGS,
					       (void *)(uintptr_t)addr);
	switch (kind(qemu_plugin_insn_data(insn), size)) {
	case 'c':
		qemu_plugin_register_vcpu_mem_cb(insn, called, PLUGIN_NO_REGS, PLUGIN_MEM_RW,
						 new_site(addr, size));
		break;
	case 'r':
		qemu_plugin_register_vcpu_mem_cb(insn, returned, PLUGIN_NO_REGS, PLUGIN_MEM_RW,
						 NULL);
		break;
	}
}

void stack_window(bool open)
{
	counting = open;
}

int stack_open(const char *path)
{
	places = calloc(PLACES, sizeof(*places));
	if (!places)
		return -ENOMEM;
	out = fopen(path, "w");
	return out ? 0 : -errno;
}

int stack_write(void)
{
	if (!out)
		return 0;
	for (size_t i = 0; i < PLACES; i++)
		if (places[i].index)
			fprintf(out, "%u %u %016llx %llu\n", places[i].index, places[i].parent,
				(unsigned long long)places[i].addr,
				(unsigned long long)places[i].count);
	return fclose(out) ? -errno : 0;
}
