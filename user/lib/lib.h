/* SPDX-License-Identifier: GPL-2.0 */
/* libipcring's inside: what a handle is, and what a backend does. */
#ifndef IPCRING_LIB_INSIDE_H
#define IPCRING_LIB_INSIDE_H

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include "ipcring.h"

struct memfd_head;
struct ipcring_handle;

#define LIB_FLAGS	(IPCRING_COPY | IPCRING_ONLY_MODULE | IPCRING_ONLY_MEMFD)

/**
 * struct lib_place - an endpoint that is asked for
 * @role:	IPCRING_ROLE_*
 * @lane:	producer: lane or IPCRING_ANY_LANE
 * @flags:	IPCRING_EP_NONBLOCK, IPCRING_COPY
 */
struct lib_place {
	__u32 role;
	__u32 lane;
	__u32 flags;
};

/**
 * struct lib_backend - where channels live
 * @create:	make a channel; a control handle
 * @open:	an endpoint by name
 * @endpoint:	an endpoint by control handle
 * @import:	a handle of @fd, which is the handle's own from then on
 * @wait:	arm, look, sleep, until the endpoint can go on; @need: producer, payload to
 *		have room for, 0: the largest. As ipcring_wait().
 * @wake:	wake the peer that sleeps on a lane
 * @pass:	optional: other consumers may sleep although there is work
 * @wait_any:	as ipcring_wait_any()
 * @info:	as ipcring_info()
 * @stats:	as ipcring_stats()
 * @close:	undo what made the handle, all but its memory
 */
struct lib_backend {
	int (*create)(const struct ipcring_options *opt, struct ipcring_handle *h);
	int (*open)(const char *name, const struct lib_place *at, struct ipcring_handle *h);
	int (*endpoint)(const struct ipcring_handle *control, const struct lib_place *at,
			struct ipcring_handle *h);
	int (*import)(int fd, __u32 flags, struct ipcring_handle *h);
	int (*wait)(struct ipcring_handle *h, __u32 need, __u64 deadline);
	void (*wake)(struct ipcring_handle *h, __u32 lane);
	void (*pass)(struct ipcring_handle *h);
	int (*wait_any)(struct ipcring *const *ends, unsigned int nr, __u64 deadline,
			__u64 *ready);
	int (*info)(const struct ipcring_handle *h, struct ipcring_info *info);
	int (*stats)(const struct ipcring_handle *h, struct ipcring_stats *stats);
	void (*close)(struct ipcring_handle *h);
};

extern const struct lib_backend lib_module;
extern const struct lib_backend lib_memfd;

/**
 * struct lib_geom - what a channel is; immutable
 * @slots:	depth of a lane in messages, 0: byte records
 * @msg_size:	largest payload
 * @bytes:	with records the capacity of a lane
 * @lanes:	from 1
 * @consumers:	from 1
 */
struct lib_geom {
	__u32 slots;
	__u32 msg_size;
	__u64 bytes;
	__u32 lanes;
	__u32 consumers;
};

/**
 * struct ipcring_handle - a handle, all of it
 * @pub:	what inline functions use; first
 * @backend:	where the channel lives
 * @lanes:	cursors by lane, one for a producer; NULL: nothing is mapped
 * @fd:		descriptor that carries the right, -1: none yet
 * @role:	IPCRING_ROLE_*
 * @nr_lanes:	cursors in @lanes, also without any
 * @consumers:	largest number of consumers; over 1 they claim messages
 * @next:	consumer: lane to look at first
 * @records:	byte records
 * @pid:	who made it: elsewhere the module's mappings are not there
 * @data_bytes:	length of a lane's data as it is mapped
 * @head:	memfd: the channel's first pages
 * @mem_len:	memfd: bytes mapped from @head
 * @geom:	memfd: what the channel is; a checked copy
 */
struct ipcring_handle {
	struct ipcring pub;
	const struct lib_backend *backend;
	struct ipcring_cursor *lanes;
	int fd;
	__u32 role;
	__u32 nr_lanes;
	__u32 consumers;
	__u32 next;
	bool records;
	pid_t pid;
	size_t data_bytes;
	struct memfd_head *head;
	size_t mem_len;
	struct lib_geom geom;
};

static inline struct ipcring_handle *lib_handle(const struct ipcring *r)
{
	return (struct ipcring_handle *)r;
}

/* Is @name one that the contract allows? */
bool lib_name_ok(const char *name);

/* Room for the cursors: 0 or -ENOMEM. */
int lib_lanes(struct ipcring_handle *h, __u32 nr);

/* The cursors' rings are mapped: stand where the side has to, choose the path. */
void lib_start(struct ipcring_handle *h);

#endif /* IPCRING_LIB_INSIDE_H */
