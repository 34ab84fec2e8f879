/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names of what outlives a process (queues, segments, semaphores, files): unique per run,
 * and written down before they are used, so that the next start removes what a killed one
 * left behind. All of a user's is below /tmp/ipcscope-UID: a directory for each run, with its
 * files, and its record, which its process keeps locked.
 *
 * One thread only.
 */
#ifndef IPCSCOPE_NAMES_H
#define IPCSCOPE_NAMES_H

#include <sys/ipc.h>
#include "mech.h"

/**
 * enum names_kind - what a name is for
 * @NAMES_PATH:	a file, FIFO or socket in the file system: an absolute path
 * @NAMES_MQ:	mq_open()
 * @NAMES_SHM:	shm_open()
 * @NAMES_SEM:	sem_open()
 * @NAMES_MSGQ:	msgget()
 * @NAMES_SEMSET: semget()
 * @NAMES_SEGMENT: shmget()
 * @NAMES_KINDS: how many there are
 */
enum names_kind {
	NAMES_PATH,
	NAMES_MQ,
	NAMES_SHM,
	NAMES_SEM,
	NAMES_MSGQ,
	NAMES_SEMSET,
	NAMES_SEGMENT,
	NAMES_KINDS
};

/**
 * struct names_name - one name
 * @kind:	what it is for
 * @key:	of the SysV kinds, else 0
 * @text:	of the others, "" if there is none: a zeroed one is no name
 */
struct names_name {
	enum names_kind kind;
	key_t key;
	char text[100];
};

/**
 * names_make() - a name that no one else has
 * @kind:	what for
 * @name:	filled
 *
 * For open() of a mechanism, in the supervisor, before the object is created; create it with
 * O_EXCL or IPC_EXCL and mode 0600.
 * Return: 0 or -errno.
 */
int names_make(enum names_kind kind, struct names_name *name);

/**
 * names_drop() - remove the object, if it is there, and forget the name
 * @name:	of names_make(), or zeroed
 *
 * For close(), in the supervisor.
 */
void names_drop(struct names_name *name);

/**
 * names_begin() - remove what killed runs of this user left, and begin a run
 * @why:	reason of a failure
 *
 * For main(), once, before anything is opened. The run's directory comes with its first name.
 * Return: 0 or -errno.
 */
int names_begin(struct mech_why *why);

/* Remove all that this run named, and its record. Harmless without names. */
void names_end(void);

#endif /* IPCSCOPE_NAMES_H */
