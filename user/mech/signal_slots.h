/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Slots in anonymous shared memory, and a queued real-time signal for each message and each
 * slot that is free again: its value says which slot. Nothing else is shared, for the queue is
 * the kernel's. How a process takes its signals is the mechanism's.
 */
#ifndef IPCSCOPE_MECH_SIGNAL_SLOTS_H
#define IPCSCOPE_MECH_SIGNAL_SLOTS_H

#include <signal.h>
#include "mech.h"

/* Of both sides: the lowest is delivered first, and an urgent message before the others. */
#define SIGNAL_SLOTS_FREE	(SIGRTMIN + 0)
#define SIGNAL_SLOTS_URGENT	(SIGRTMIN + 1)
#define SIGNAL_SLOTS_FULL	(SIGRTMIN + 2)

/**
 * struct signal_slots - one instance, as one worker sees it
 * @pid:	shared: who has which slots: the senders, then the receiver; NULL: none
 * @data:	shared: the slots
 * @len:	bytes mapped from @pid
 * @stride:	distance of two slots in bytes
 * @slots:	of each process
 * @all:	of all of them
 * @id:		of this instance, among those of a process
 * @me:		this process' place in @pid
 * @receiver:	the receiver's place
 * @info:	what is sent, but for the value
 * @set:	what is taken: for room only FREE
 * @fd:		by enum mech_dir, for mechanisms that take from descriptors; -1: none
 * @next:	another instance of this process
 * @nfull:	messages that were taken off the queue
 * @nread:	those of them that were received
 * @nfreed:	those of them whose senders were told
 * @nfree:	own slots to send in
 * @free:	which, the next one last
 * @full:	slots of messages, by these counts modulo @all
 */
struct signal_slots {
	pid_t *pid;
	unsigned char *data;
	size_t len;
	size_t stride;
	uint32_t slots;
	uint32_t all;
	uint32_t id;
	uint32_t me;
	uint32_t receiver;
	siginfo_t info;
	sigset_t set[MECH_DIRS];
	int fd[MECH_DIRS];
	struct signal_slots *next;
	uint64_t nfull;
	uint64_t nread;
	uint64_t nfreed;
	uint32_t nfree;
	uint32_t *free;
	uint32_t full[];
};

/* Hooks of a mechanism whose state it is. */
int signal_slots_probe(const struct mech_cfg *cfg, struct mech_why *why);
int signal_slots_open(struct mech *m);
int signal_slots_attach(struct mech *m);
int signal_slots_leave(struct mech *m);
void signal_slots_close(struct mech *m);

/* The receiver sends to the first sender: where there are more, messages go one way. */
static inline uint32_t signal_slots_to(const struct signal_slots *s, int sig, uint32_t slot)
{
	const uint32_t owner = slot / s->slots;

	if (sig == SIGNAL_SLOTS_FREE)
		return owner;
	return owner == s->receiver ? 0 : s->receiver;
}

/* One more of this process. */
void signal_slots_join(struct signal_slots *s);

/* Tell the instance that a signal is for: it may be another one of this process. */
void signal_slots_took(struct signal_slots *s, int sig, uint32_t value);

/* Take a signal of s->set[dir] by sigtimedwait(); NULL: sleep for it. 0 or -errno. */
int signal_slots_take(struct signal_slots *s, enum mech_dir dir, const struct timespec *timeout);

/*
 * The mechanism's own: @take takes one or more of s->set[dir], and sleeps for them unless
 * m->nowait, which is -EAGAIN. 0 or -errno.
 */
int signal_slots_send(struct mech *m, const void *buf, int (*take)(struct mech *, enum mech_dir));
int signal_slots_recv(struct mech *m, void *buf, int (*take)(struct mech *, enum mech_dir));

#endif /* IPCSCOPE_MECH_SIGNAL_SLOTS_H */
