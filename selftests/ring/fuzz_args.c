// SPDX-License-Identifier: GPL-2.0
/*
 * kmod/param.h: whatever passes a check keeps to every limit that the contract
 * documents, and what it makes of it overflows nothing.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "param.h"

#define PAGE	4096u

static void must(bool holds)
{
	if (!holds)
		abort();
}

static bool power_of_two(uint64_t n)
{
	return __builtin_popcountll(n) == 1;
}

static void check_geometry(const struct ipcring_create *p, const struct ipcring_geo *geo)
{
	bool records = p->flags & IPCRING_CREATE_RECORDS;
	uint64_t bytes = records ? geo->size : geo->size * geo->stride;

	must(p->msg_size >= IPCRING_MSG_MIN && p->msg_size <= IPCRING_MSG_MAX);
	must(geo->msg_size == p->msg_size && power_of_two(geo->size));
	must(geo->lanes >= 1 && geo->lanes <= IPCRING_LANES_MAX);
	must(geo->consumers >= 1 && geo->consumers <= IPCRING_CONSUMERS_MAX);
	must(!p->lanes || geo->lanes == p->lanes);
	must(!p->consumers || geo->consumers == p->consumers);
	must(geo->data % PAGE == 0 && geo->data >= bytes && geo->data < bytes + PAGE);
	if (records) {
		must(!p->slots && !geo->stride && geo->size == p->bytes);
		must(p->bytes >= IPCRING_BYTES_MIN && p->bytes <= IPCRING_BYTES_MAX);
		must(p->msg_size <= p->bytes - 8);
	} else {
		must(!p->bytes && geo->size == p->slots);
		must(p->slots >= IPCRING_SLOTS_MIN && p->slots <= IPCRING_SLOTS_MAX);
		must(geo->stride % 64 == 0 && geo->stride >= p->msg_size + 8);
	}
}

static void check_name(const uint8_t *name)
{
	size_t len = strnlen((const char *)name, IPCRING_NAME_SIZE);

	must(len >= 1 && len < IPCRING_NAME_SIZE);
	for (size_t i = 0; i < IPCRING_NAME_SIZE; i++)
		must(i < len ? name[i] >= 32 && name[i] != 127 && name[i] != '/' : !name[i]);
}

static void check_create(const struct ipcring_create *p, const struct ipcring_geo *geo)
{
	bool named = false;

	for (size_t i = 0; i < IPCRING_NAME_SIZE; i++)
		named |= p->name[i];
	must(!(p->flags & ~15u) && !p->resv);
	must((p->flags & 6) != 6);
	must(p->mode <= (named ? 0777 : 0));
	if (named)
		check_name(p->name);
	if (p->flags & IPCRING_CREATE_NODES)
		must(p->prod_node >= -1 && p->cons_node >= -1);
	else
		must(!p->prod_node && !p->cons_node);
	check_geometry(p, geo);
}

static void check_open(const struct ipcring_open *p, uint32_t right)
{
	check_name(p->name);
	must(!(p->flags & ~3u));
	must(p->role >= IPCRING_ROLE_PRODUCER && p->role <= IPCRING_ROLE_OBSERVER);
	must(p->role == IPCRING_ROLE_PRODUCER ? p->lane < IPCRING_LANES_MAX : !p->lane);
	must(!(p->flags & IPCRING_EP_ANY_LANE) ||
	     (p->role == IPCRING_ROLE_PRODUCER && !p->lane));
	must(right == (p->role == IPCRING_ROLE_CONSUMER ? 4u :
		       p->role == IPCRING_ROLE_PRODUCER ? 2u : 1u));
}

/* What passes is rare among random bytes: fold the numbers into their ranges. */
static void fold(struct ipcring_create *p)
{
	p->flags &= 31;
	if (p->slots & 1u << 31)
		p->slots = 1u << p->slots % 20;
	if (p->bytes & 1ULL << 63)
		p->bytes = 1ULL << p->bytes % 40;
	if (p->lanes & 1u << 31)
		p->lanes %= 70;
	if (p->consumers & 1u << 31)
		p->consumers %= 70;
	if (p->msg_size & 1u << 31)
		p->msg_size %= IPCRING_MSG_MAX + 2;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct ipcring_create create = { .size = 0 };
	struct ipcring_open open = { .size = 0 };
	struct ipcring_geo geo;
	uint32_t right;
	int ret;

	memcpy(&create, bytes, size < sizeof(create) ? size : sizeof(create));
	memcpy(&open, bytes, size < sizeof(open) ? size : sizeof(open));
	fold(&create);
	ret = ipcring_check_create(&create, PAGE, &geo);
	must(!ret || ret == -EINVAL);
	if (!ret)
		check_create(&create, &geo);
	ret = ipcring_check_open(&open, &right);
	must(!ret || ret == -EINVAL);
	if (!ret)
		check_open(&open, right);
	return 0;
}
