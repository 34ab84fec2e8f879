// SPDX-License-Identifier: GPL-2.0
/*
 * kmod/param.h, kmod/pcq_param.h: whatever passes a check keeps to every limit that the
 * contract documents, and what it makes of it overflows nothing.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pcq_param.h"

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

#define CPUS	4u

static bool is_cpu_or_any(uint32_t cpu)
{
	return cpu < CPUS || cpu == IPCRING_PCQ_ANY;
}

static void check_pcq_create(const uint8_t *bytes)
{
	struct ipcring_pcq_create p;
	struct pcq_geo geo;

	memcpy(&p, bytes, sizeof(p));
	if (p.slots & 1u << 31)
		p.slots = 1u << p.slots % 20;
	if (p.msg_size & 1u << 31)
		p.msg_size %= IPCRING_PCQ_MSG_MAX + 2;
	p.flags &= 3;
	if (ipcring_check_pcq_create(&p, PAGE, CPUS, &geo))
		return;
	must(p.flags <= IPCRING_PCQ_MAP_SENDERS && geo.flags == p.flags);
	must(p.msg_size >= IPCRING_PCQ_MSG_MIN && p.msg_size <= IPCRING_PCQ_MSG_MAX);
	must(p.slots >= IPCRING_PCQ_SLOTS_MIN && p.slots <= IPCRING_PCQ_SLOTS_MAX);
	must(geo.slots == p.slots && power_of_two(p.slots) && geo.msg_size == p.msg_size);
	must(geo.stride % 64 == 0 && geo.stride >= p.msg_size + 16 && geo.stride <= PAGE);
	must(geo.data % PAGE == 0 && geo.data >= geo.slots * geo.stride);
	must(geo.data < geo.slots * geo.stride + PAGE && geo.cpus == CPUS);
}

static void check_pcq_endpoint(const uint8_t *bytes)
{
	struct ipcring_pcq_endpoint p;

	memcpy(&p, bytes, sizeof(p));
	p.flags &= 7;
	p.role &= 7;
	if (ipcring_check_pcq_endpoint(&p, CPUS))
		return;
	must(p.role >= IPCRING_PCQ_SENDER && p.role <= IPCRING_PCQ_OBSERVER && p.flags <= 3);
	must(p.role == IPCRING_PCQ_SENDER || !(p.flags & IPCRING_PCQ_EP_ORDERED));
	must(p.role == IPCRING_PCQ_OBSERVER ? !p.cpu :
	     is_cpu_or_any(p.cpu) || p.cpu == IPCRING_PCQ_THIS);
}

static void check_pcq_batch(const uint8_t *bytes)
{
	struct ipcring_pcq_batch p;
	uint32_t bound = bytes[0] % CPUS;

	memcpy(&p, bytes, sizeof(p));
	p.flags &= 3;
	p.nr &= 1023;
	if (bytes[0] & 128)
		bound = bytes[0] & 64 ? IPCRING_PCQ_ANY : IPCRING_PCQ_THIS;
	if (ipcring_check_pcq_batch(&p, bound, CPUS))
		return;
	must(p.flags <= IPCRING_PCQ_DONTWAIT && p.nr >= 1 && p.nr <= IPCRING_PCQ_BATCH_MAX);
	must(p.cpu == IPCRING_PCQ_BOUND || (bound == IPCRING_PCQ_ANY && p.cpu < CPUS));
}

static void check_pcq_bell(const uint8_t *bytes)
{
	struct ipcring_pcq_bell p;

	memcpy(&p, bytes, sizeof(p));
	p.flags &= 3;
	if (ipcring_check_pcq_bell(&p, CPUS))
		return;
	must(p.flags <= IPCRING_PCQ_BELL_ISOLATED && p.mode <= IPCRING_PCQ_BELL_POLL);
	must(is_cpu_or_any(p.cpu));
}

static void check_pcq_service(const uint8_t *bytes)
{
	struct ipcring_pcq_service p;

	memcpy(&p, bytes, sizeof(p));
	p.flags &= 7;
	p.work &= 7;
	if (ipcring_check_pcq_service(&p, CPUS))
		return;
	must(p.flags <= 3 && p.cpu < CPUS && p.work <= IPCRING_PCQ_FORWARD && !p.resv);
	must(p.work != IPCRING_PCQ_DRAIN || p.fd == -1);
}

static void check_pcq(const uint8_t *bytes)
{
	check_pcq_create(bytes);
	check_pcq_endpoint(bytes);
	check_pcq_batch(bytes);
	check_pcq_bell(bytes);
	check_pcq_service(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct ipcring_create create = { .size = 0 };
	struct ipcring_open open = { .size = 0 };
	uint8_t pcq[sizeof(struct ipcring_pcq_batch)] = { 0 };
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
	memcpy(pcq, bytes, size < sizeof(pcq) ? size : sizeof(pcq));
	check_pcq(pcq);
	return 0;
}
