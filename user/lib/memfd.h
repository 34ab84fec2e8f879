/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libipcring: channels in a memfd or in a file of /dev/shm.
 *
 * Who is there is said by open file description locks: an endpoint is an open file
 * description of its own that holds the lock on its role's byte. The kernel drops it
 * when the last descriptor of it is closed, whatever killed the last process, and a
 * descriptor passed on keeps it. The description's file offset tells which byte it is.
 * Mappings are made through other descriptions, so that they hold no lock.
 */
#ifndef IPCRING_MEMFD_H
#define IPCRING_MEMFD_H

#include "lib.h"

#define MEMFD_MAGIC	0x31676e6972637069ULL	/* "ipcring1" */

/* Bytes to lock. No data is meant, the locks are advisory. */
#define MEMFD_LOCK_PROD		0				/* + lane */
#define MEMFD_LOCK_CONS		IPCRING_LANES_MAX		/* + place */
#define MEMFD_LOCK_CONTROL	(MEMFD_LOCK_CONS + IPCRING_CONSUMERS_MAX)
#define MEMFD_LOCK_REMOVE	(MEMFD_LOCK_CONTROL + 1)	/* who unlinks a dead name */
#define MEMFD_OBSERVER		(MEMFD_LOCK_REMOVE + 1)		/* an offset only */

/**
 * struct memfd_lane - what a lane has beside the ring
 * @bell:	futex that the producer sleeps on, rung when there is room
 * @corrupt:	positions or a length broke the protocol
 * @drops:	as struct ipcring_stats
 * @prod_waits:	likewise
 * @prod_wakes:	likewise
 * @cons_wakes:	likewise
 * @corruptions: likewise
 * @pad:	fills the cache line
 */
struct memfd_lane {
	__u32 bell;
	__u32 corrupt;
	__u64 drops;
	__u64 prod_waits;
	__u64 prod_wakes;
	__u64 cons_wakes;
	__u64 corruptions;
	__u64 pad[2];
};

/**
 * struct memfd_head - first pages of a channel
 * @magic:	MEMFD_MAGIC
 * @geom:	what it is
 * @uid:	creator's effective uid
 * @gid:	creator's effective gid
 * @mode:	rights on the name
 * @bell:	futex that consumers sleep on
 * @prod_opened: a producer was there
 * @cons_opened: a consumer was there
 * @cons_waits:	as struct ipcring_stats
 * @name:	the channel's, or empty
 * @pad:	fills the cache line
 * @lane:	by number
 */
struct memfd_head {
	__u64 magic;
	struct lib_geom geom;
	__u32 uid;
	__u32 gid;
	__u32 mode;
	__u32 bell;
	__u32 prod_opened;
	__u32 cons_opened;
	__u64 cons_waits;
	char name[IPCRING_NAME_SIZE];
	__u64 pad[6];
	struct memfd_lane lane[IPCRING_LANES_MAX];
};

/* Locks. */

/* Take a byte's lock, or -EBUSY. */
int memfd_lock(int fd, off_t byte);

/* Does another open file description hold a lock in there? */
bool memfd_locked(int fd, off_t first, off_t nr);

/* Names. */

/**
 * memfd_name_file() - a file without a name yet
 *
 * Return: descriptor or -errno.
 */
int memfd_name_file(void);

/**
 * memfd_name_link() - give a file its name; a dead owner's is taken over
 * @fd:		file, its control lock held
 * @name:	channel's name
 *
 * Return: 0, -EEXIST, or what linkat() says.
 */
int memfd_name_link(int fd, const char *name);

/* The name's file, if it is a living channel's: descriptor or -errno. */
int memfd_name_open(const char *name, int flags);

/* Remove the name if its owner is gone: 0, or -EEXIST it is in use. */
int memfd_name_reap(const char *name);

/* The file's permissions for a channel's rights. */
mode_t memfd_name_mode(__u32 rights);

/* May the caller take this role? 0 or -EACCES. */
int memfd_name_may(const struct memfd_head *head, __u32 role);

/* Sleeping. */

/* Are the peers of this side, who were there, all gone? */
bool memfd_gone(const struct ipcring_handle *h);

void memfd_ring(__u32 *bell);

int memfd_wait(struct ipcring_handle *h, __u32 need, __u64 deadline);
void memfd_wake(struct ipcring_handle *h, __u32 lane);
void memfd_pass(struct ipcring_handle *h);
int memfd_wait_any(struct ipcring *const *ends, unsigned int nr, __u64 deadline, __u64 *ready);

#endif /* IPCRING_MEMFD_H */
