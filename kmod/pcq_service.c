// SPDX-License-Identifier: GPL-2.0
/*
 * Services: kernel threads that receive what comes to a CPU's queue.
 *
 * A service has at most one message in hand. It lets go of it only when the answer was
 * sent, can never be, or finds no room when the service is stopped; the last two are
 * counted. A pause keeps it.
 *
 * It works in turns, at the end of which each queue that got answers is rung once, others
 * may run, and RCU and RCU-tasks learn that the thread holds nothing of theirs: without
 * that a service that never sleeps would keep ftrace and BPF from freeing trampolines.
 *
 * The thread is bound to its CPU, but kthread_set_per_cpu() is not for modules: when the
 * CPU goes, the scheduler may push the thread away before our callback has it park, and
 * nobody binds it again but itself. Where it runs meanwhile matters to nothing but the
 * lane that its answers take.
 */
#include <linux/cpu.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/sched/stat.h>
#include <linux/slab.h>
#include <linux/topology.h>
#include <linux/uio.h>

#include "pcq.h"
#include "trace.h"

/*
 * Messages of a turn: a few microseconds in which a doorbell may be late and others on
 * this CPU have to wait, and its cost is that of 1/64 a message.
 */
#define PCQ_SERVICE_TURN	64

/**
 * struct pcq_service - a kernel thread that serves a queue
 * @q:		the queue
 * @in:		its receiver of it
 * @file:	holds @out, or NULL
 * @out:	the sender of its answers, or NULL
 * @task:	the thread
 * @work:	IPCRING_PCQ_DRAIN, _ECHO or _FORWARD
 * @polls:	IPCRING_PCQ_SERVICE_POLL
 * @fifo:	IPCRING_PCQ_SERVICE_FIFO
 * @to_ring:	CPUs whose queues got answers in this turn
 * @undelivered: messages of this turn whose answer cannot be sent
 * @holds:	@buf holds a message of @len bytes that was sent on CPU @from
 * @from:	see @holds
 * @len:	see @holds
 * @buf:	a message
 *
 * But for @task all is the thread's own as long as it runs.
 */
struct pcq_service {
	struct pcq_queue *q;
	struct pcq_end in;
	struct file *file;
	struct pcq_end *out;
	struct task_struct *task;
	u32 work;
	bool polls;
	bool fifo;
	cpumask_var_t to_ring;
	u32 undelivered;
	bool holds;
	u32 from;
	u32 len;
	u8 buf[];
};

/* The thread */

/* -ENODATA: nothing is there. */
static int pcq_service_take(struct pcq_service *svc)
{
	struct kvec vec = { .iov_base = svc->buf, .iov_len = svc->q->set->geo.msg_size };
	struct iov_iter to;
	ssize_t ret;

	iov_iter_kvec(&to, ITER_DEST, &vec, 1, vec.iov_len);
	ret = pcq_try_recv(&svc->in, IPCRING_PCQ_BOUND, &to, 0, &svc->from);
	/* 0: there is no sender, for the moment. */
	if (ret <= 0)
		return -ENODATA;
	svc->len = ret;
	svc->holds = true;
	pcq_inc(svc->q, PCQ_SERVED);
	return 0;
}

/* Where the answer goes: what pcq_try_send() calls @cpu. */
static u32 pcq_service_target(const struct pcq_service *svc)
{
	return svc->work == IPCRING_PCQ_ECHO ? svc->from : IPCRING_PCQ_BOUND;
}

static void pcq_service_give_up(struct pcq_service *svc)
{
	svc->holds = false;
	svc->undelivered++;
	pcq_inc(svc->q, PCQ_UNDELIVERED);
}

/* -EAGAIN: there is no room, or others were faster for so long that we are called off. */
static int pcq_service_answer(struct pcq_service *svc)
{
	struct kvec vec = { .iov_base = svc->buf, .iov_len = svc->len };
	struct iov_iter from;
	ssize_t ret;
	u32 cpu;

	/* A hostile receiver can have it read while it is written: half of it. */
	if (svc->work == IPCRING_PCQ_ECHO && !pcq_find_queue(svc->out->set, svc->from)) {
		pcq_service_give_up(svc);
		return 0;
	}
	iov_iter_kvec(&from, ITER_SOURCE, &vec, 1, vec.iov_len);
	ret = pcq_try_send(svc->out, pcq_service_target(svc), &from, PCQ_NOBELL, &cpu);
	if (ret == -EAGAIN || ret == -ERESTARTSYS)
		return -EAGAIN;
	if (ret < 0) {
		pcq_service_give_up(svc);
		return 0;
	}
	svc->holds = false;
	__cpumask_set_cpu(cpu, svc->to_ring);
	return 0;
}

/* Return: 0 one was served, -ENODATA nothing is there, -EAGAIN no room for the answer. */
static int pcq_service_one(struct pcq_service *svc)
{
	int ret = 0;

	if (!svc->holds)
		ret = pcq_service_take(svc);
	if (ret)
		return ret;
	if (svc->out)
		return pcq_service_answer(svc);
	svc->holds = false;
	return 0;
}

/*
 * The thread may have moved since: the bell is looked at as from elsewhere, behind a full
 * barrier, one for many messages.
 */
static void pcq_service_ring(struct pcq_service *svc)
{
	unsigned int cpu;

	for_each_cpu(cpu, svc->to_ring) {
		__cpumask_clear_cpu(cpu, svc->to_ring);
		pcq_ring(svc->out->set->queue[cpu], false);
	}
}

/* Return: as pcq_service_one() of the last; 0: there may be more. */
static int pcq_service_turn(struct pcq_service *svc)
{
	u32 served = 0;
	int ret = 0;

	svc->undelivered = 0;
	while (served < PCQ_SERVICE_TURN) {
		ret = pcq_service_one(svc);
		if (ret)
			break;
		served++;
	}
	if (served) {
		if (svc->out)
			pcq_service_ring(svc);
		trace_ipcring_pcq_serve(svc->q->set->id, svc->q->cpu, served, svc->undelivered);
	}
	return ret;
}

/* What they return is seen again, by the next attempt or by the thread's loop. */
static void pcq_service_wait(struct pcq_service *svc, int why)
{
	if (svc->polls)
		cpu_relax();
	else if (why == -ENODATA)
		pcq_wait_recv(&svc->in, IPCRING_PCQ_BOUND, NULL);
	else
		pcq_wait_send(svc->out, pcq_service_target(svc), NULL);
}

/*
 * -rt: the kernel's own threads of the least real-time priority (timers, RCU) stand in the
 * queue of one that polls; throttling does not help them, as it is for what is not real-time.
 */
static void pcq_service_give_way(struct pcq_service *svc)
{
	if (svc->fifo && svc->polls && !single_task_running())
		yield();
	cond_resched_tasks_rcu_qs();
}

/* It fails only if the CPU is about to go again: then we are to park, too. */
static void pcq_service_bind(struct pcq_service *svc)
{
	set_cpus_allowed_ptr(current, cpumask_of(svc->q->cpu));
}

/* Pushed away, and the CPU did not go, after all: no callback has told us. */
static bool pcq_service_astray(const struct pcq_service *svc)
{
	return raw_smp_processor_id() != svc->q->cpu && cpu_active(svc->q->cpu);
}

/* Receivers that sleep counted on us for what is there. */
static void pcq_service_leave(struct pcq_service *svc)
{
	pcq_leave_recv(svc->q->set, svc->q->cpu, 0);
}

static void pcq_service_pause(struct pcq_service *svc)
{
	pcq_service_leave(svc);
	kthread_parkme();
	pcq_service_bind(svc);
}

/* What it has in hand goes out, if there is room; others may be faster, but not for ever. */
static void pcq_service_finish(struct pcq_service *svc)
{
	for (u32 i = 0; i < PCQ_SERVICE_TURN && svc->holds; i++)
		pcq_service_answer(svc);
	if (svc->holds)
		pcq_service_give_up(svc);
	if (svc->out)
		pcq_service_ring(svc);
	pcq_service_leave(svc);
}

static int pcq_service_thread(void *arg)
{
	struct pcq_service *svc = arg;
	int ret;

	while (!kthread_should_stop()) {
		if (kthread_should_park()) {
			pcq_service_pause(svc);
			continue;
		}
		if (unlikely(pcq_service_astray(svc)))
			pcq_service_bind(svc);
		ret = pcq_service_turn(svc);
		if (ret)
			pcq_service_wait(svc, ret);
		pcq_service_give_way(svc);
	}
	pcq_service_finish(svc);
	return 0;
}

/* Its owner */

static void pcq_service_free(struct pcq_service *svc)
{
	if (svc->file)
		fput(svc->file);
	free_cpumask_var(svc->to_ring);
	kfree(svc);
}

/* The right to send is the file's; it may not be one of our own set, or it would hold us. */
static int pcq_service_output(struct pcq_service *svc, int fd)
{
	struct pcq_end *end;

	svc->file = fget(fd);
	if (!svc->file)
		return -EBADF;
	end = pcq_file_end(svc->file);
	if (!end || end->role != IPCRING_PCQ_SENDER || end->set == svc->in.set)
		return -EINVAL;
	if (svc->work == IPCRING_PCQ_ECHO && end->cpu != IPCRING_PCQ_ANY)
		return -EINVAL;
	svc->out = end;
	return 0;
}

static struct pcq_service *pcq_service_alloc(struct pcq_queue *q,
					     const struct ipcring_pcq_service *param)
{
	struct pcq_service *svc;
	int ret = -ENOMEM;

	svc = kzalloc_node(struct_size(svc, buf, q->set->geo.msg_size), GFP_KERNEL_ACCOUNT,
			   cpu_to_node(q->cpu));
	if (!svc)
		return ERR_PTR(-ENOMEM);
	svc->q = q;
	svc->work = param->work;
	svc->polls = param->flags & IPCRING_PCQ_SERVICE_POLL;
	svc->fifo = param->flags & IPCRING_PCQ_SERVICE_FIFO;
	svc->in = (struct pcq_end){
		.set = q->set, .role = IPCRING_PCQ_RECEIVER, .cpu = q->cpu, .service = true,
	};
	if (!zalloc_cpumask_var(&svc->to_ring, GFP_KERNEL_ACCOUNT))
		goto free;
	if (svc->work != IPCRING_PCQ_DRAIN)
		ret = pcq_service_output(svc, param->fd);
	else
		ret = 0;
	if (ret)
		goto free;
	return svc;

free:
	pcq_service_free(svc);
	return ERR_PTR(ret);
}

/* With cpus_read_lock(): the CPU stays as it is, and callbacks see a thread that runs, or none. */
static int pcq_service_run(struct pcq_service *svc)
{
	struct pcq_queue *q = svc->q;
	struct task_struct *task;

	lockdep_assert_held(&q->set->service_lock);
	if (!READ_ONCE(q->state->online))
		return -ENXIO;
	if (q->service)
		return -EBUSY;
	task = kthread_create_on_cpu(pcq_service_thread, svc, q->cpu, "ipcring_pcq/%u");
	if (IS_ERR(task))
		return PTR_ERR(task);
	svc->task = task;
	if (svc->fifo && svc->polls)
		sched_set_fifo_low(task);
	else if (svc->fifo)
		sched_set_fifo(task);
	pcq_open_end(&svc->in);
	WRITE_ONCE(q->service, svc);
	wake_up_process(task);
	return 0;
}

/**
 * pcq_ioc_start() - IPCRING_IOC_PCQ_START
 * @set:	the set
 * @arg:	the user's struct ipcring_pcq_service
 *
 * Return: 0, or as struct ipcring_pcq_service.
 */
long pcq_ioc_start(struct pcq_set *set, const void __user *arg)
{
	struct ipcring_pcq_service param;
	struct pcq_service *svc;
	struct pcq_queue *q;
	int ret;

	ret = ipcring_copy_param(&param, sizeof(param), sizeof(param), arg);
	if (ret)
		return ret;
	ret = ipcring_check_pcq_service(&param, set->geo.cpus);
	if (ret)
		return ret;
	q = pcq_find_queue(set, param.cpu);
	if (!q)
		return -EINVAL;
	if (!capable(CAP_SYS_NICE))
		return -EPERM;
	svc = pcq_service_alloc(q, &param);
	if (IS_ERR(svc))
		return PTR_ERR(svc);
	ret = mutex_lock_interruptible(&set->service_lock);
	if (!ret) {
		cpus_read_lock();
		ret = pcq_service_run(svc);
		cpus_read_unlock();
		mutex_unlock(&set->service_lock);
	}
	if (ret)
		pcq_service_free(svc);
	return ret;
}

/* Parked or not. Callbacks must not meet a thread that has gone. */
static void pcq_service_stop(struct pcq_queue *q)
{
	struct pcq_service *svc = q->service;

	lockdep_assert_held(&q->set->service_lock);
	cpus_read_lock();
	WRITE_ONCE(q->service, NULL);
	cpus_read_unlock();
	kthread_stop(svc->task);
	pcq_close_end(&svc->in);
	pcq_service_free(svc);
}

/**
 * pcq_ioc_stop() - IPCRING_IOC_PCQ_STOP
 * @set:	the set
 * @arg:	a CPU
 *
 * Return: 0, -EINVAL no such CPU, -ESRCH no service there.
 */
long pcq_ioc_stop(struct pcq_set *set, unsigned long arg)
{
	struct pcq_queue *q = arg > U32_MAX ? NULL : pcq_find_queue(set, arg);
	int ret = 0;

	if (!q)
		return -EINVAL;
	mutex_lock(&set->service_lock);
	if (q->service)
		pcq_service_stop(q);
	else
		ret = -ESRCH;
	mutex_unlock(&set->service_lock);
	return ret;
}

/**
 * pcq_stop_services() - the control file is closed
 * @set:	the set
 */
void pcq_stop_services(struct pcq_set *set)
{
	mutex_lock(&set->service_lock);
	for (u32 cpu = 0; cpu < set->geo.cpus; cpu++)
		if (set->queue[cpu] && set->queue[cpu]->service)
			pcq_service_stop(set->queue[cpu]);
	mutex_unlock(&set->service_lock);
}

/**
 * pcq_park_service() - the queue's CPU goes: its service pauses, with what it has in hand
 * @q:		the queue
 *
 * Context: a callback of CPU hotplug, so that nobody starts or stops it.
 */
void pcq_park_service(struct pcq_queue *q)
{
	if (q->service)
		kthread_park(q->service->task);
}

/**
 * pcq_unpark_service() - the queue's CPU is back: its service goes on
 * @q:		the queue
 *
 * Context: as pcq_park_service().
 */
void pcq_unpark_service(struct pcq_queue *q)
{
	if (q->service)
		kthread_unpark(q->service->task);
}

/**
 * pcq_service_ns() - CPU time of the service that runs
 * @q:		the queue
 *
 * Return: ns, as of its last sleep or tick; 0: there is none.
 */
u64 pcq_service_ns(struct pcq_queue *q)
{
	u64 ns = 0;

	mutex_lock(&q->set->service_lock);
	if (q->service)
		ns = READ_ONCE(q->service->task->se.sum_exec_runtime);
	mutex_unlock(&q->set->service_lock);
	return ns;
}
