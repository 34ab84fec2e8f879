/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory that two processes share, of any kind: the supervisor makes it, each worker maps it
 * for itself. Only anonymous memory is inherited as it is mapped.
 */
#ifndef IPCSCOPE_MECH_SHM_BACK_H
#define IPCSCOPE_MECH_SHM_BACK_H

#include "names.h"

/**
 * enum shm_back_kind - where the memory comes from
 * @SHM_BACK_ANON:	mmap(MAP_ANONYMOUS), inherited
 * @SHM_BACK_SYSV:	shmget() and shmat(), found by its key
 * @SHM_BACK_POSIX:	shm_open() and mmap(), found by its name
 * @SHM_BACK_MEMFD:	memfd_create() and mmap(), its descriptor is inherited
 * @SHM_BACK_FILE:	open() and mmap() of a file, found by its path
 */
enum shm_back_kind {
	SHM_BACK_ANON,
	SHM_BACK_SYSV,
	SHM_BACK_POSIX,
	SHM_BACK_MEMFD,
	SHM_BACK_FILE
};

/**
 * struct shm_back - one piece of it, as one process sees it; a zeroed one is none
 * @kind:	what it is
 * @name:	of those that are found by it
 * @fd:		of a memfd, -1: none
 * @mem:	where it is mapped here, NULL: it is not
 * @len:	its bytes
 */
struct shm_back {
	enum shm_back_kind kind;
	struct names_name name;
	int fd;
	unsigned char *mem;
	size_t len;
};

/* Is there such memory, and @len bytes of it? */
int shm_back_probe(enum shm_back_kind kind, size_t len, struct mech_why *why);

/* Is there room for @len bytes below @path, where files of that sort go? */
int shm_back_probe_room(const char *path, size_t len, struct mech_why *why);

/* A memfd of our kind of flags, or -1 and errno. */
int shm_back_memfd(void);

/* In open(): make it, zeroed, and map it. */
int shm_back_create(struct shm_back *b, enum shm_back_kind kind, size_t len);

/* After that, when it is initialised: who wants it has to attach. */
void shm_back_ready(struct shm_back *b);

/*
 * In a worker: map it. The pages come here, so that the first lap has no page faults; Linux
 * before 5.14 cannot do that, and takes them. -EBADF: it is gone.
 */
int shm_back_attach(struct shm_back *b);

/* Pages of a part of what is mapped. -ENOSPC where touching them would be a SIGBUS. */
int shm_back_populate(void *at, size_t len);

/* In the supervisor: hold no more than is needed to remove it. */
void shm_back_leave(struct shm_back *b);

/* Remove it. Accepts one that shm_back_create() failed to make. */
void shm_back_close(struct shm_back *b);

#endif /* IPCSCOPE_MECH_SHM_BACK_H */
