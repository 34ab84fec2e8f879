// SPDX-License-Identifier: GPL-2.0
/*
 * libipcring: how the sides of a memfd channel sleep.
 *
 * A sleeper reads its bell, arms, looks again, and sleeps while the bell has not
 * changed; a waker that the event tells to rings it. So no wake-up is lost between two
 * that live. One that is killed between its message and the bell, and one whose death
 * nobody tells, are why nobody sleeps longer than a slice without looking again.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "memfd.h"

#define NS_PER_S	1000000000ULL
#define SLICE_NS	(IPCRING_MEMFD_SLICE_MS * 1000000ULL)

/* Other consumers may move the position while we arm; a slice later all is well again. */
#define MEMFD_REARM	64

void memfd_ring(__u32 *bell)
{
	__atomic_fetch_add(bell, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, bell, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static void memfd_count(__u64 *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

void memfd_wake(struct ipcring_handle *h, __u32 lane)
{
	struct memfd_lane *l = &h->head->lane[lane];

	if (h->role == IPCRING_ROLE_PRODUCER) {
		memfd_count(&l->cons_wakes);
		memfd_ring(&h->head->bell);
	} else {
		memfd_count(&l->prod_wakes);
		memfd_ring(&l->bell);
	}
}

void memfd_pass(struct ipcring_handle *h)
{
	memfd_ring(&h->head->bell);
}

bool memfd_gone(const struct ipcring_handle *h)
{
	const struct memfd_head *head = h->head;

	/* Acquire: who said so holds its lock, pairs with memfd_here(). */
	if (h->role == IPCRING_ROLE_CONSUMER)
		return __atomic_load_n(&head->prod_opened, __ATOMIC_ACQUIRE) &&
		       !memfd_locked(h->fd, MEMFD_LOCK_PROD, IPCRING_LANES_MAX);
	return __atomic_load_n(&head->cons_opened, __ATOMIC_ACQUIRE) &&
	       !memfd_locked(h->fd, MEMFD_LOCK_CONS, IPCRING_CONSUMERS_MAX);
}

static void memfd_arm_consumer(const struct ipcring_handle *h, const struct ring *r)
{
	for (int i = 0; i < MEMFD_REARM; i++)
		if (ring_arm_consumer(r) == ring_load(&r->cons->pos) || h->consumers == 1)
			return;
}

static int memfd_corrupt(struct memfd_lane *l)
{
	if (!__atomic_exchange_n(&l->corrupt, 1, __ATOMIC_RELAXED))
		memfd_count(&l->corruptions);
	return -EBADMSG;
}

static int memfd_look_consumer(const struct ipcring_handle *h)
{
	int ret = -EAGAIN;

	for (__u32 n = 0; n < h->nr_lanes; n++)
		memfd_arm_consumer(h, &h->lanes[n].ring);
	for (__u32 n = 0; n < h->nr_lanes && ret == -EAGAIN; n++) {
		__u64 pos;
		__u32 len;

		ret = ring_peek(&h->lanes[n].ring, &pos, &len);
		if (ret != -EBADMSG)
			continue;
		memfd_corrupt(&h->head->lane[n]);
		if (h->nr_lanes > 1)
			ret = -EAGAIN;	/* set aside */
	}
	return ret;
}

static int memfd_look_producer(const struct ipcring_handle *h, __u32 need)
{
	const struct ring *r = &h->pub.cur.ring;
	__u64 pos;
	int ret;

	if (!need)
		need = r->msg_size;
	ring_arm_producer(r, need);
	ret = ring_reserve(r, need, &pos);
	return ret == -EBADMSG ? memfd_corrupt(&h->head->lane[h->pub.lane]) : ret;
}

static __u32 *memfd_bell(const struct ipcring_handle *h)
{
	return h->role == IPCRING_ROLE_CONSUMER ? &h->head->bell : &h->head->lane[h->pub.lane].bell;
}

/* -EAGAIN: sleep while the bell is what it was before. */
static int memfd_look(const struct ipcring_handle *h, __u32 need)
{
	/* Before the look: what the peer did before it went is not overlooked. */
	bool gone = memfd_gone(h);
	int ret = h->role == IPCRING_ROLE_CONSUMER ? memfd_look_consumer(h) :
						     memfd_look_producer(h, need);

	return ret == -EAGAIN && gone ? -EPIPE : ret;
}

static __u64 memfd_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (__u64)ts.tv_sec * NS_PER_S + (__u64)ts.tv_nsec;
}

/* Until when to sleep, or -ETIMEDOUT. */
static int memfd_slice(__u64 deadline, struct timespec *until)
{
	__u64 now = memfd_now(), end = now + SLICE_NS;

	if (now >= deadline)
		return -ETIMEDOUT;
	if (end > deadline)
		end = deadline;
	until->tv_sec = (time_t)(end / NS_PER_S);
	until->tv_nsec = (long)(end % NS_PER_S);
	return 0;
}

static void memfd_count_wait(const struct ipcring_handle *h)
{
	memfd_count(h->role == IPCRING_ROLE_CONSUMER ? &h->head->cons_waits :
						       &h->head->lane[h->pub.lane].prod_waits);
}

int memfd_wait(struct ipcring_handle *h, __u32 need, __u64 deadline)
{
	__u32 *bell = memfd_bell(h);
	struct timespec until;

	for (;;) {
		/* Acquire: the bell before the look; pairs with memfd_ring(). */
		__u32 seen = __atomic_load_n(bell, __ATOMIC_ACQUIRE);
		int ret = memfd_look(h, need);

		if (ret != -EAGAIN)
			return ret;
		ret = memfd_slice(deadline, &until);
		if (ret && !deadline && h->role == IPCRING_ROLE_PRODUCER)
			memfd_count(&h->head->lane[h->pub.lane].drops);
		if (ret)
			return ret;
		memfd_count_wait(h);
		if (syscall(SYS_futex, bell, FUTEX_WAIT_BITSET, seen, &until, NULL,
			    FUTEX_BITSET_MATCH_ANY) && errno != EAGAIN && errno != ETIMEDOUT)
			return -errno;
	}
}

/* Which can go on? For the others @w is what to sleep on. */
static __u64 memfd_look_any(struct ipcring *const *ends, unsigned int nr, struct futex_waitv *w)
{
	__u64 ready = 0;

	for (unsigned int i = 0; i < nr; i++) {
		struct ipcring_handle *h = lib_handle(ends[i]);
		__u32 *bell = memfd_bell(h);

		w[i] = (struct futex_waitv){
			.uaddr = (__u64)(uintptr_t)bell, .flags = FUTEX_32,
			.val = __atomic_load_n(bell, __ATOMIC_ACQUIRE),
		};
		if (memfd_look(h, 0) != -EAGAIN)
			ready |= 1ULL << i;
	}
	return ready;
}

int memfd_wait_any(struct ipcring *const *ends, unsigned int nr, __u64 deadline, __u64 *ready)
{
	struct futex_waitv w[IPCRING_WAIT_ANY_MAX];
	struct timespec until;
	int ret;

	while (!(*ready = memfd_look_any(ends, nr, w))) {
		ret = memfd_slice(deadline, &until);
		if (ret)
			return ret;
		if (syscall(SYS_futex_waitv, w, nr, 0, &until, CLOCK_MONOTONIC) < 0 &&
		    errno != EAGAIN && errno != ETIMEDOUT)
			return -errno;
	}
	return 0;
}
