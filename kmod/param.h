/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What users ask for, checked: functions of the argument alone. Compiled into the
 * kernel module and into user space (fuzzer), as ring.h is.
 */
#ifndef IPCRING_PARAM_H
#define IPCRING_PARAM_H

#include "ring.h"

/**
 * struct ipcring_geo - a channel's shape, immutable
 * @size:	capacity of a lane: slots, or bytes of records
 * @data:	bytes of memory of a lane's data region, whole pages
 * @stride:	distance of two slots in bytes; 0: byte records
 * @msg_size:	largest payload in bytes
 * @lanes:	1..IPCRING_LANES_MAX
 * @consumers:	1..IPCRING_CONSUMERS_MAX
 * @flags:	IPCRING_CREATE_*
 * @prod_node:	NUMA node of the producers' pages, -1 for any
 * @cons_node:	NUMA node of the consumers' pages and the data, -1 for any
 */
struct ipcring_geo {
	__u64 size;
	__u64 data;
	__u32 stride;
	__u32 msg_size;
	__u32 lanes;
	__u32 consumers;
	__u32 flags;
	__s32 prod_node;
	__s32 cons_node;
};

/* Bytes of a lane's data region as it is mapped: records twice in a row. */
static inline __u64 ipcring_mapped_bytes(const struct ipcring_geo *geo)
{
	return geo->stride ? geo->data : 2 * geo->data;
}

static inline bool ipcring_is_pow2(__u64 n)
{
	return n && !(n & (n - 1));
}

static inline bool ipcring_all_zero(const __u8 *bytes, size_t len)
{
	while (len--)
		if (bytes[len])
			return false;
	return true;
}

static inline int ipcring_check_slots(const struct ipcring_create *p, __u64 page,
				      struct ipcring_geo *geo)
{
	if (p->slots < IPCRING_SLOTS_MIN || p->slots > IPCRING_SLOTS_MAX ||
	    !ipcring_is_pow2(p->slots) || p->bytes)
		return -EINVAL;
	geo->size = p->slots;
	geo->stride = ring_stride(p->msg_size);
	geo->data = (geo->size * geo->stride + page - 1) & ~(page - 1);
	return 0;
}

/* The region is mapped twice in a row: whole pages. */
static inline int ipcring_check_records(const struct ipcring_create *p, __u64 page,
					struct ipcring_geo *geo)
{
	if (p->bytes < IPCRING_BYTES_MIN || p->bytes < page || p->bytes > IPCRING_BYTES_MAX ||
	    !ipcring_is_pow2(p->bytes) || p->slots)
		return -EINVAL;
	if (p->msg_size > p->bytes - sizeof(struct ipcring_slot))
		return -EINVAL;
	geo->size = p->bytes;
	geo->stride = 0;
	geo->data = p->bytes;
	return 0;
}

/**
 * ipcring_check_name() - check a name
 * @name:	IPCRING_NAME_SIZE bytes
 *
 * Return: 0, -EINVAL.
 */
static inline int ipcring_check_name(const __u8 *name)
{
	__u32 len;

	for (len = 0; len < IPCRING_NAME_SIZE && name[len]; len++)
		if (name[len] < 0x20 || name[len] == 0x7f || name[len] == '/')
			return -EINVAL;
	if (!len || len == IPCRING_NAME_SIZE)
		return -EINVAL;
	return ipcring_all_zero(name + len, IPCRING_NAME_SIZE - len) ? 0 : -EINVAL;
}

/* Without a name there is nothing to have rights on. */
static inline int ipcring_check_named(const struct ipcring_create *p)
{
	if (ipcring_all_zero(p->name, sizeof(p->name)))
		return p->mode ? -EINVAL : 0;
	return p->mode > 0777 ? -EINVAL : ipcring_check_name(p->name);
}

static inline int ipcring_check_numa(const struct ipcring_create *p, struct ipcring_geo *geo)
{
	bool nodes = p->flags & IPCRING_CREATE_NODES;

	if (nodes ? p->prod_node < -1 || p->cons_node < -1 : p->prod_node || p->cons_node)
		return -EINVAL;
	geo->prod_node = nodes ? p->prod_node : -1;
	geo->cons_node = nodes ? p->cons_node : -1;
	return 0;
}

/**
 * ipcring_check_create() - check a struct ipcring_create, but for what depends on
 *			    the system: nodes and names that exist, limits
 * @p:		the kernel's copy
 * @page:	size of a page
 * @geo:	out: the channel's shape
 *
 * Return: 0, -EINVAL.
 */
static inline int ipcring_check_create(const struct ipcring_create *p, __u64 page,
				       struct ipcring_geo *geo)
{
	const __u32 trust = IPCRING_CREATE_TRUST_ALL | IPCRING_CREATE_TRUST_NONE;

	int ret;

	if (p->flags & ~(trust | IPCRING_CREATE_RECORDS | IPCRING_CREATE_NODES) ||
	    (p->flags & trust) == trust)
		return -EINVAL;
	if (p->lanes > IPCRING_LANES_MAX || p->consumers > IPCRING_CONSUMERS_MAX)
		return -EINVAL;
	if (p->resv || ipcring_check_named(p) || ipcring_check_numa(p, geo))
		return -EINVAL;
	if (p->msg_size < IPCRING_MSG_MIN || p->msg_size > IPCRING_MSG_MAX)
		return -EINVAL;
	if (p->flags & IPCRING_CREATE_RECORDS)
		ret = ipcring_check_records(p, page, geo);
	else
		ret = ipcring_check_slots(p, page, geo);
	if (ret)
		return ret;
	geo->msg_size = p->msg_size;
	geo->lanes = p->lanes ? p->lanes : 1;
	geo->consumers = p->consumers ? p->consumers : 1;
	geo->flags = p->flags;
	return 0;
}

/**
 * ipcring_check_endpoint() - check what kind of endpoint is asked for
 * @flags:	IPCRING_EP_*
 * @role:	IPCRING_ROLE_*
 * @lane:	the producer's lane
 * @lanes:	number of lanes
 *
 * Return: 0, -EINVAL.
 */
static inline int ipcring_check_endpoint(__u32 flags, __u32 role, __u32 lane, __u32 lanes)
{
	if (flags & ~(IPCRING_EP_NONBLOCK | IPCRING_EP_ANY_LANE))
		return -EINVAL;
	if (flags & IPCRING_EP_ANY_LANE && (role != IPCRING_ROLE_PRODUCER || lane))
		return -EINVAL;
	if (role < IPCRING_ROLE_PRODUCER || role > IPCRING_ROLE_OBSERVER)
		return -EINVAL;
	return lane < (role == IPCRING_ROLE_PRODUCER ? lanes : 1) ? 0 : -EINVAL;
}

/**
 * ipcring_check_open() - check a struct ipcring_open, but for the channel's lanes
 * @p:		the kernel's copy
 * @right:	out: bit of the mode that is needed
 *
 * Return: 0, -EINVAL.
 */
static inline int ipcring_check_open(const struct ipcring_open *p, __u32 *right)
{
	int ret;

	ret = ipcring_check_endpoint(p->flags, p->role, p->lane, IPCRING_LANES_MAX);
	if (ret)
		return ret;
	/* Consume 4, produce 2, observe 1. */
	*right = p->role == IPCRING_ROLE_CONSUMER ? 4 : p->role == IPCRING_ROLE_PRODUCER ? 2 : 1;
	return ipcring_check_name(p->name);
}

/**
 * ipcring_check_wait() - check a struct ipcring_wait
 * @p:		the kernel's copy
 * @geo:	the channel's shape
 * @role:	IPCRING_ROLE_* of the endpoint
 *
 * Return: 0, -EINVAL.
 */
static inline int ipcring_check_wait(const struct ipcring_wait *p, const struct ipcring_geo *geo,
				     __u32 role)
{
	bool records = role == IPCRING_ROLE_PRODUCER && !geo->stride;

	if (p->flags || p->resv || p->need > (records ? geo->msg_size : 0))
		return -EINVAL;
	return 0;
}

/**
 * ipcring_check_stats() - check a struct ipcring_stats
 * @p:		the kernel's copy
 * @geo:	the channel's shape
 * @own:	lane of the asking producer, IPCRING_LANE_ALL for other roles
 *
 * Return: 0, -EINVAL, -EACCES.
 */
static inline int ipcring_check_stats(const struct ipcring_stats *p,
				      const struct ipcring_geo *geo, __u32 own)
{
	if (p->resv || (p->lane >= geo->lanes && p->lane != IPCRING_LANE_ALL))
		return -EINVAL;
	return own == IPCRING_LANE_ALL || own == p->lane ? 0 : -EACCES;
}

/**
 * ipcring_check_call() - check a struct ipcring_call
 * @p:		the kernel's copy
 * @role:	IPCRING_ROLE_* of the endpoint that it is called on
 *
 * Return: 0, -EINVAL.
 */
static inline int ipcring_check_call(const struct ipcring_call *p, __u32 role)
{
	if (p->flags & ~IPCRING_CALL_HERE || p->sent > 1 || p->resv)
		return -EINVAL;
	if (role == IPCRING_ROLE_CONSUMER && p->fd == -1 && (p->send_buf || p->send_len))
		return -EINVAL;
	return 0;
}

/**
 * ipcring_check_wait_any() - check a struct ipcring_wait_any
 * @p:		the kernel's copy
 *
 * Return: 0, -EINVAL.
 */
static inline int ipcring_check_wait_any(const struct ipcring_wait_any *p)
{
	if (p->flags || p->resv || p->nr < 1 || p->nr > IPCRING_WAIT_ANY_MAX)
		return -EINVAL;
	return 0;
}

#endif /* IPCRING_PARAM_H */
