/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sets of per-CPU queues. Contract: include/uapi/linux/ipcring_pcq.h; the lanes'
 * algorithm: pcq_lane.h, on top of ring.h.
 *
 * Lifetime: every file holds a reference on the set and every mapping holds its file;
 * a service holds the file that its answers go out by. A doorbell's interrupt that is on
 * its way holds nothing: pcq_quiesce() waits for it before a queue is freed.
 *
 * Locks, outermost first:
 *
 *   pcq_set.service_lock	services start and stop; a mutex
 *   cpus_read_lock()		a CPU comes or goes
 *   pcq_set.lock		who is open; never held while sleeping
 *   pcq_queue.lock		the bell, the fence, the wish for room; never held while sleeping
 *
 * No lock is held across a user copy: receivers claim what they have copied (ring_claim()),
 * senders copy with preemption and page faults off, and fault in what was missing outside.
 * A wait queue's lock sleeps on -rt, so nothing is woken with preemption off.
 *
 * Words in shared pages change under our feet. Only ring.h reads them, once each.
 */
#ifndef IPCRING_PCQ_H
#define IPCRING_PCQ_H

#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/fs.h>
#include <linux/irq_work.h>
#include <linux/kref.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/nospec.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <uapi/linux/ipcring_pcq.h>

#include "common.h"
#include "pcq_lane.h"
#include "pcq_param.h"
#include "ring.h"

struct iov_iter;
struct pcq_service;
struct pcq_set;

/* The lanes of a queue. */
#define PCQ_LOCAL	0u
#define PCQ_REMOTE	1u
#define PCQ_NR_LANES	2u

/* Beside BIT(lane) in pcq_queue.wanted: senders bound to ANY, and poll() of those to THIS. */
#define PCQ_WANT_ANY	BIT(PCQ_NR_LANES)

/*
 * What is counted, on the CPU where it happens: the fields of struct ipcring_pcq_stats of
 * the same names, which pcq_get_stats() adds up. What was sent and received the lanes count
 * themselves: their positions do.
 */
enum pcq_count {
	PCQ_REFUSED,
	PCQ_WAKES,
	PCQ_IPIS,
	PCQ_SUPPRESSED,
	PCQ_COALESCED,
	PCQ_RECV_WAITS,
	PCQ_SEND_WAITS,
	PCQ_FENCES,
	PCQ_SERVED,
	PCQ_UNDELIVERED,
	PCQ_NR_COUNTS
};

/**
 * struct pcq_counters - one CPU's, of one queue
 * @n:		by enum pcq_count; written on this CPU with preemption off
 */
struct pcq_counters {
	u64 n[PCQ_NR_COUNTS];
};

/**
 * struct pcq_queue - one CPU's queue
 * @set:	the set
 * @cpu:	the CPU
 * @state:	the page that users read; the kernel alone writes it
 * @local:	the local lane
 * @remote:	the remote lane; its producer's side is not mapped by anybody
 * @mode:	IPCRING_PCQ_BELL_*
 * @isolated:	not to be interrupted, and not opted in
 * @lock:	the bell, the fence and the senders' wish for room
 * @fenced:	every local sender has seen state->fence: arming needs no interrupt
 * @armed:	counts how often the bell was armed, see @synced
 * @synced:	the last time it was, every local sender that may not have seen it was seen
 * @wanted:	who wants room: BIT(lane), PCQ_WANT_ANY
 * @sleepers:	senders that wait in send_wq exclusively
 * @recv_wq:	receivers that wait for this queue, exclusive but for poll() and WAIT
 * @send_wq:	senders that wait for room in a lane, likewise
 * @csd:	the doorbell's interrupt
 * @ringing:	it is on its way, and has woken nobody yet: whoever sets it sends it
 * @in_flight:	interrupts on their way, or at work
 * @rt_work:	-rt: wakes outside of the interrupt
 * @counters:	statistics
 * @service:	who serves it, or NULL
 * @nr_pages:	of @pages, ours
 * @pages:	state, prod, cons, remote lane's prod, both lanes' slots
 */
struct pcq_queue {
	struct pcq_set *set;
	u32 cpu;
	struct ipcring_pcq_state *state;
	struct ring local;
	struct ring remote;
	u32 mode;			/* under lock; read without */
	bool isolated;			/* under lock; read without */
	spinlock_t lock;		/* state->bell, ->fence, ->room, and up to sleepers */
	bool fenced;
	bool synced;
	u32 armed;
	u32 wanted;
	u32 sleepers[PCQ_NR_LANES];
	wait_queue_head_t recv_wq;
	wait_queue_head_t send_wq[PCQ_NR_LANES];
	call_single_data_t csd;
	atomic_t ringing;
	atomic_t in_flight;
	struct irq_work rt_work;
	struct pcq_counters __percpu *counters;
	struct pcq_service *service;	/* under set->service_lock */
	unsigned int nr_pages;
	struct page **pages;
};

/**
 * struct pcq_set - a set of queues
 * @geo:	its shape
 * @id:		number for tracepoints and fdinfo, from the channels' counter
 * @ref:	held by every file
 * @charge:	who pays
 * @lock:	who is open
 * @nr_senders:	open sender files; a service's output is one
 * @nr_receivers: open receiver files and services
 * @nr_any:	of them, files bound to ANY
 * @senders_gone: senders were there and none is left; receivers read it without lock
 * @receivers_gone: receivers were there and none is left; senders read it without lock
 * @any_recv_wq: receivers bound to ANY, and poll() of those bound to THIS
 * @any_send_wq: senders, likewise
 * @next_recv:	where a receiver bound to ANY looks first, to be fair; a hint
 * @bounce:	a message each CPU: the remote lane's senders copy before they reserve
 * @node:	in the list of sets that CPU hotplug walks
 * @service_lock: services
 * @queue:	by CPU, NULL if not possible; @geo.cpus of them
 */
struct pcq_set {
	struct pcq_geo geo;
	u64 id;
	struct kref ref;
	struct ipcring_charge charge;
	spinlock_t lock;		/* nr_*, *_gone */
	u32 nr_senders;
	u32 nr_receivers;
	u32 nr_any;
	bool senders_gone;
	bool receivers_gone;
	wait_queue_head_t any_recv_wq;
	wait_queue_head_t any_send_wq;
	u32 next_recv;
	void __percpu *bounce;
	struct hlist_node node;
	struct mutex service_lock;	/* queue[]->service */
	struct pcq_queue *queue[];
};

/**
 * struct pcq_end - an open sender or receiver
 * @set:	the set
 * @role:	IPCRING_PCQ_SENDER or _RECEIVER
 * @cpu:	what it is bound to: a CPU, IPCRING_PCQ_THIS or _ANY
 * @ordered:	IPCRING_PCQ_EP_ORDERED
 * @mapped:	it has, or had, mappings: it may leave without its WAKE
 * @service:	of a service: it waits for messages even if no sender is left, as another
 *		may come, and in a corrupt queue, until it is called off
 */
struct pcq_end {
	struct pcq_set *set;
	u32 role;
	u32 cpu;
	bool ordered;
	bool mapped;			/* no lock; only ever set */
	bool service;
};

/**
 * struct pcq_at - where a send goes, or went
 * @cpu:	the queue; IPCRING_PCQ_ANY: not known yet
 * @lane:	PCQ_LOCAL or PCQ_REMOTE; with IPCRING_PCQ_ANY meaningless
 */
struct pcq_at {
	u32 cpu;
	u32 lane;
};

/**
 * struct pcq_dest - where a message is received
 * @to:		room for it; advanced only if it was received
 * @msg:	of a batch, its @len and @cpu are stored; else NULL
 * @from:	out: CPU that it was sent on
 */
struct pcq_dest {
	struct iov_iter *to;
	struct ipcring_pcq_msg __user *msg;
	u32 from;
};

/* How to transfer. */
#define PCQ_NOWAIT	BIT(0)	/* arm before -EAGAIN: poll() and O_NONBLOCK count on it */
#define PCQ_NOBELL	BIT(1)	/* the caller rings with pcq_ring() later */
#define PCQ_TRY		BIT(2)	/* do not wait, nor arm, nor, for a message to send, fault */

/* pcq.c: the set */
struct pcq_set *pcq_set_alloc(const struct pcq_geo *geo);
void pcq_set_put(struct pcq_set *set);
void pcq_open_end(struct pcq_end *end);
void pcq_close_end(struct pcq_end *end);
struct pcq_queue *pcq_find_queue(struct pcq_set *set, u32 cpu);
void pcq_get_stats(struct pcq_set *set, u32 cpu, struct ipcring_pcq_stats *stats);

/* pcq_mem.c: pages and mappings */
unsigned long pcq_queue_pages(const struct pcq_geo *geo);
int pcq_alloc_memory(struct pcq_queue *q);
void pcq_free_memory(struct pcq_queue *q);
int pcq_mmap_end(struct pcq_end *end, struct vm_area_struct *vma);

/* pcq_file.c: files and ioctls */
long pcq_ioc_create(const void __user *arg, u64 max_bytes);
struct pcq_end *pcq_file_end(struct file *file);

/* pcq_cpu.c: hotplug and isolation */
int pcq_cpu_init(void);
void pcq_cpu_exit(void);
void pcq_cpu_add(struct pcq_set *set);
void pcq_cpu_del(struct pcq_set *set);
bool pcq_cpu_isolated(u32 cpu);

/* pcq_bell.c: doorbells */
void pcq_bell_init(struct pcq_queue *q);
void pcq_quiesce(struct pcq_queue *q);
void pcq_ring(struct pcq_queue *q, bool local);
bool pcq_arm(struct pcq_queue *q);
void pcq_leave(struct pcq_queue *q, unsigned int *mine);
int pcq_set_bell(struct pcq_set *set, const struct ipcring_pcq_bell *param);
void pcq_update_fence(struct pcq_queue *q);
void pcq_wake_all(struct pcq_set *set);
void pcq_wake_queue(struct pcq_queue *q);
int pcq_corrupt(struct pcq_queue *q);

/* pcq_room.c: room for senders */
struct pcq_at pcq_send_at(const struct pcq_end *end, u32 cpu);
int pcq_look_send(struct pcq_end *end, const struct pcq_at *at);
void pcq_want_room(struct pcq_end *end, u32 cpu);
void pcq_room(struct pcq_queue *q, u32 lane);
void pcq_room_all(struct pcq_queue *q);
void pcq_pass_room(struct pcq_set *set, const struct pcq_at *at);
int pcq_sleep_send(struct pcq_end *end, u32 cpu, ktime_t *deadline, bool one, struct pcq_at *at);
int pcq_wait_send(struct pcq_end *end, u32 cpu, ktime_t *deadline);

/* pcq_wait.c: sleep until there is a message, poll() */
int pcq_look_recv(struct pcq_end *end, u32 cpu);
int pcq_arm_recv(struct pcq_end *end, u32 cpu);
void pcq_leave_recv(struct pcq_set *set, u32 cpu, unsigned int mine);
int pcq_wait_recv(struct pcq_end *end, u32 cpu, ktime_t *deadline);
__poll_t pcq_poll(struct file *file, poll_table *wait);
long pcq_ioc_wait(struct pcq_end *end, const void __user *arg);
long pcq_ioc_wake(struct pcq_end *end, unsigned long arg);

/* pcq_xfer.c: one message */
int pcq_send(struct pcq_end *end, u32 cpu, struct iov_iter *from, unsigned int how,
	     ktime_t *deadline, struct pcq_at *at);
int pcq_recv(struct pcq_end *end, u32 cpu, struct pcq_dest *dest, unsigned int how,
	     ktime_t *deadline);
ssize_t pcq_try_send(struct pcq_end *end, u32 cpu, struct iov_iter *from, unsigned int how,
		     u32 *sent_to);
ssize_t pcq_try_recv(struct pcq_end *end, u32 cpu, struct iov_iter *to, unsigned int how,
		     u32 *sent_on);
void pcq_refused(struct pcq_end *end, u32 cpu);
ssize_t pcq_write_iter(struct kiocb *iocb, struct iov_iter *from);
ssize_t pcq_read_iter(struct kiocb *iocb, struct iov_iter *to);

/* pcq_batch.c: many */
long pcq_ioc_send(struct pcq_end *end, struct file *file, const void __user *arg);
long pcq_ioc_recv(struct pcq_end *end, struct file *file, const void __user *arg);

/* pcq_service.c: kernel threads */
long pcq_ioc_start(struct pcq_set *set, const void __user *arg);
long pcq_ioc_stop(struct pcq_set *set, unsigned long arg);
void pcq_stop_services(struct pcq_set *set);
void pcq_park_service(struct pcq_queue *q);
void pcq_unpark_service(struct pcq_queue *q);
u64 pcq_service_ns(struct pcq_queue *q);

/* Count @n of something at the queue, on this CPU. */
static inline void pcq_add(struct pcq_queue *q, enum pcq_count what, u64 n)
{
	this_cpu_add(q->counters->n[what], n);
}

static inline void pcq_inc(struct pcq_queue *q, enum pcq_count what)
{
	pcq_add(q, what, 1);
}

/* What @cpu, of a caller, means with this endpoint. */
static inline u32 pcq_target(const struct pcq_end *end, u32 cpu)
{
	return cpu == IPCRING_PCQ_BOUND ? end->cpu : cpu;
}

/* Likewise; a receiver that is bound to THIS stays with the queue where its call began. */
static inline u32 pcq_recv_target(const struct pcq_end *end, u32 cpu)
{
	cpu = pcq_target(end, cpu);
	return cpu == IPCRING_PCQ_THIS ? raw_smp_processor_id() : cpu;
}

/* The first queue of @target, a CPU or IPCRING_PCQ_ANY, from CPU @nr on; NULL: none. */
static inline struct pcq_queue *pcq_next_queue(struct pcq_set *set, u32 target, u32 *nr)
{
	if (target != IPCRING_PCQ_ANY)
		return *nr == target ? set->queue[array_index_nospec(target, set->geo.cpus)] : NULL;
	while (*nr < set->geo.cpus && !set->queue[*nr])
		++*nr;
	return *nr < set->geo.cpus ? set->queue[*nr] : NULL;
}

#define pcq_for_each_queue(q, set, target) \
	for (u32 pcq_nr = (target) == IPCRING_PCQ_ANY ? 0 : (target); \
	     ((q) = pcq_next_queue(set, target, &pcq_nr)); pcq_nr++)

/* Whose statistics count what @target does. */
static inline struct pcq_queue *pcq_count_at(struct pcq_set *set, u32 target)
{
	return set->queue[target < set->geo.cpus ? target : raw_smp_processor_id()];
}

static inline struct ring *pcq_lane(struct pcq_queue *q, u32 lane)
{
	return lane == PCQ_LOCAL ? &q->local : &q->remote;
}

static inline u64 pcq_free(struct pcq_queue *q, u32 lane)
{
	return lane == PCQ_LOCAL ? pcq_free_local(&q->local) : pcq_free_remote(&q->remote);
}

/* Must who waits give up? A service has no signals: it is told to stop, or to pause. */
static inline bool pcq_called_off(void)
{
	if (current->flags & PF_KTHREAD)
		return kthread_should_stop() || kthread_should_park();
	return signal_pending(current);
}

/* Likewise who was overtaken by others, again and again: a task only if it is killed. */
static inline bool pcq_must_stop(void)
{
	return current->flags & PF_KTHREAD ? pcq_called_off() : fatal_signal_pending(current);
}

#endif /* IPCRING_PCQ_H */
