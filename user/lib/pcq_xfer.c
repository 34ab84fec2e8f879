// SPDX-License-Identifier: GPL-2.0
/* libipcring: messages of per-CPU queues, in the mapped lanes or by the kernel. */
#define _GNU_SOURCE
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "lib_pcq.h"

/*
 * The static model is the cheapest, and of so few bytes that it does not matter to who
 * loads the library later.
 */
static __thread struct ipcring_pcq_counts counts __attribute__((tls_model("initial-exec")));

const struct ipcring_pcq_counts *ipcring_pcq_counts(void)
{
	return &counts;
}

/* The queue whose local lane we may use now, or NULL. */
static struct lib_pcq_queue *lib_pcq_mine(const struct ipcring_pcq *h)
{
	__u32 cpu = lib_rseq_cpu();

	return h->role == IPCRING_PCQ_SENDER && cpu != LIB_RSEQ_NOWHERE ?
	       lib_pcq_queue(h, cpu) : NULL;
}

/* Return: the queue that it went into, or NULL: the kernel has to send it. */
static struct lib_pcq_queue *lib_pcq_local(const struct ipcring_pcq *h, const void *buf, __u32 len)
{
	for (unsigned int n = 0; n < IPCRING_PCQ_TRIES; n++) {
		struct lib_pcq_queue *q = lib_pcq_mine(h);
		int ret;

		/* The corrupt one takes no more: the kernel says so. */
		if (!q || ring_load(&q->state->corrupt))
			return NULL;
		ret = lib_pcq_put(q, buf, len);
		if (!ret) {
			counts.local++;
			return q;
		}
		if (ret == LIB_RSEQ_FULL)
			return NULL;
		counts.aborts += ret == LIB_RSEQ_ABORTED;
	}
	return NULL;
}

static void lib_pcq_ring(const struct ipcring_pcq *h, const struct lib_pcq_queue *q)
{
	if (!lib_pcq_armed(q))
		return;
	counts.rings++;
	ioctl(h->fd, IPCRING_IOC_WAKE, (unsigned long)q->cpu);
}

static void lib_pcq_room(const struct ipcring_pcq *h, const struct lib_pcq_queue *q)
{
	if (lib_pcq_wanted(q))
		ioctl(h->fd, IPCRING_IOC_WAKE, (unsigned long)q->cpu);
}

int ipcring_pcq_wait(const struct ipcring_pcq *h, __u64 deadline)
{
	struct ipcring_wait arg = { .size = sizeof(arg), .deadline = deadline };

	return ioctl(h->fd, IPCRING_IOC_WAIT, &arg) < 0 ? -errno : 0;
}

/* SEND or RECV. An O_NONBLOCK descriptor does not wait in there. */
static int lib_pcq_batch(const struct ipcring_pcq *h, unsigned long cmd,
			 const struct ipcring_pcq_msg *msgs, __u32 nr, __u64 deadline)
{
	struct ipcring_pcq_batch arg = {
		.size = sizeof(arg), .flags = deadline ? 0 : IPCRING_PCQ_DONTWAIT,
		.cpu = IPCRING_PCQ_BOUND, .nr = nr, .msgs = (__u64)(uintptr_t)msgs,
		.deadline = deadline,
	};
	int ret;

	if (!deadline)
		arg.deadline = IPCRING_NO_TIMEOUT;
	for (;;) {
		ret = ioctl(h->fd, cmd, &arg);
		if (ret >= 0 || errno != EAGAIN || !deadline)
			return ret < 0 ? -errno : ret;
		ret = ipcring_pcq_wait(h, deadline);
		/* What it means that the peers are gone says the transfer. */
		if (ret && ret != -EPIPE)
			return ret;
	}
}

static int lib_pcq_call(const struct ipcring_pcq *h, const void *buf, __u32 len, __u64 deadline)
{
	const struct ipcring_pcq_msg msg = { .addr = (__u64)(uintptr_t)buf, .len = len };
	int ret;

	counts.calls++;
	if (deadline == IPCRING_NO_TIMEOUT) {
		if (write(h->fd, buf, len) >= 0)
			return 0;
		if (errno != EAGAIN)
			return -errno;
	}
	ret = lib_pcq_batch(h, IPCRING_IOC_PCQ_SEND, &msg, 1, deadline);
	return ret < 0 ? ret : 0;
}

int ipcring_pcq_send(const struct ipcring_pcq *h, const void *buf, __u32 len, __u64 deadline)
{
	const struct lib_pcq_queue *q;

	if (len - 1 >= h->msg_size)
		return -EMSGSIZE;
	q = lib_pcq_local(h, buf, len);
	if (!q)
		return lib_pcq_call(h, buf, len, deadline);
	lib_pcq_ring(h, q);
	return 0;
}

/* As many as go into one queue before something is in the way. */
static __u32 lib_pcq_local_batch(const struct ipcring_pcq *h, const struct ipcring_pcq_msg *msgs,
				 __u32 nr)
{
	const struct lib_pcq_queue *q = NULL, *now;
	__u32 n;

	for (n = 0; n < nr; n++) {
		if (msgs[n].len - 1 >= h->msg_size || msgs[n].cpu)
			break;
		now = lib_pcq_local(h, (void *)(uintptr_t)msgs[n].addr, msgs[n].len);
		if (!now)
			break;
		if (q && now != q)
			lib_pcq_ring(h, q);
		q = now;
	}
	if (q)
		lib_pcq_ring(h, q);
	return n;
}

int ipcring_pcq_send_batch(const struct ipcring_pcq *h, const struct ipcring_pcq_msg *msgs,
			   __u32 nr, __u64 deadline)
{
	__u32 n;

	if (!nr || nr > IPCRING_PCQ_BATCH_MAX)
		return -EINVAL;
	n = lib_pcq_local_batch(h, msgs, nr);
	if (n)
		return (int)n;
	counts.calls++;
	return lib_pcq_batch(h, IPCRING_IOC_PCQ_SEND, msgs, nr, deadline);
}

/* The queue of the CPU that we run on, or were running on a moment ago. */
static struct lib_pcq_queue *lib_pcq_here(const struct ipcring_pcq *h)
{
	__u32 cpu = lib_rseq_cpu();

	return lib_pcq_queue(h, cpu == LIB_RSEQ_NOWHERE ? (__u32)sched_getcpu() : cpu);
}

static int lib_pcq_get_any(struct ipcring_pcq *h, struct ipcring_pcq_msg *m,
			   struct lib_pcq_queue **q)
{
	for (__u32 i = 0; i < h->nr; i++) {
		__u32 n = (h->next + i) % h->nr;
		int ret;

		*q = &h->queues[n];
		if (!(*q)->state)
			continue;
		ret = lib_pcq_get(*q, m);
		/* The corrupt one is set aside; that all of them are, the kernel says. */
		if (ret == -EAGAIN || ret == -EBADMSG)
			continue;
		if (!ret)
			h->next = (n + 1) % h->nr;
		return ret;
	}
	return -EAGAIN;
}

/* @q: out: where it was taken from. */
static int lib_pcq_get_one(struct ipcring_pcq *h, struct ipcring_pcq_msg *m,
			   struct lib_pcq_queue **q)
{
	if (h->cpu == IPCRING_PCQ_ANY)
		return lib_pcq_get_any(h, m, q);
	*q = h->cpu == IPCRING_PCQ_THIS ? lib_pcq_here(h) : h->queues;
	return *q ? lib_pcq_get(*q, m) : -EAGAIN;
}

static int lib_pcq_get_wait(struct ipcring_pcq *h, struct ipcring_pcq_msg *m, __u64 deadline,
			    struct lib_pcq_queue **q)
{
	int ret;

	while ((ret = lib_pcq_get_one(h, m, q)) == -EAGAIN) {
		ret = ipcring_pcq_wait(h, deadline);
		if (ret)
			return ret == -ETIMEDOUT && !deadline ? -EAGAIN : ret;
	}
	return ret;
}

/* Return: 1, 0 for the end, or -errno. */
static int lib_pcq_recv_first(struct ipcring_pcq *h, struct ipcring_pcq_msg *m, __u64 deadline)
{
	struct lib_pcq_queue *q;
	int ret;

	if (!h->queues || h->role != IPCRING_PCQ_RECEIVER)
		return lib_pcq_batch(h, IPCRING_IOC_PCQ_RECV, m, 1, deadline);
	ret = lib_pcq_get_wait(h, m, deadline, &q);
	if (ret)
		return ret == -EPIPE ? 0 : ret;
	lib_pcq_room(h, q);
	return 1;
}

/* What ipcring_pcq_recv() returns of a batch of one. */
static ssize_t lib_pcq_took(int ret, const struct ipcring_pcq_msg *m, __u32 *cpu)
{
	if (ret <= 0)
		return ret;
	if (cpu)
		*cpu = m->cpu;
	return m->len;
}

ssize_t ipcring_pcq_recv(struct ipcring_pcq *h, void *buf, __u32 size, __u32 *cpu, __u64 deadline)
{
	struct ipcring_pcq_msg m = { .addr = (__u64)(uintptr_t)buf, .len = size };
	int ret = lib_pcq_recv_first(h, &m, deadline);

	return lib_pcq_took(ret, &m, cpu);
}

ssize_t ipcring_pcq_try_recv(struct ipcring_pcq *h, void *buf, __u32 size, __u32 *cpu)
{
	struct ipcring_pcq_msg m = { .addr = (__u64)(uintptr_t)buf, .len = size };
	struct lib_pcq_queue *q;
	int ret;

	if (!h->queues || h->role != IPCRING_PCQ_RECEIVER)
		return ipcring_pcq_recv(h, buf, size, cpu, 0);
	ret = lib_pcq_get_one(h, &m, &q);
	if (ret)
		return ret;
	lib_pcq_room(h, q);
	return lib_pcq_took(1, &m, cpu);
}

int ipcring_pcq_recv_batch(struct ipcring_pcq *h, struct ipcring_pcq_msg *msgs, __u32 nr,
			   __u64 deadline)
{
	struct lib_pcq_queue *q;
	__u32 n;
	int ret;

	if (!nr || nr > IPCRING_PCQ_BATCH_MAX)
		return -EINVAL;
	if (!h->queues || h->role != IPCRING_PCQ_RECEIVER)
		return lib_pcq_batch(h, IPCRING_IOC_PCQ_RECV, msgs, nr, deadline);
	ret = lib_pcq_recv_first(h, msgs, deadline);
	for (n = 1; ret > 0 && n < nr; n++) {
		if (lib_pcq_get_one(h, &msgs[n], &q))
			break;
		lib_pcq_room(h, q);
	}
	return ret > 0 ? (int)n : ret;
}
