/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Traffic that is accounted for to the last message: senders of every kind on every CPU,
 * receivers of every kind, and for each message a byte that says how often it arrived.
 */
#ifndef SELFTESTS_PCQ_TRAFFIC_H
#define SELFTESTS_PCQ_TRAFFIC_H

#define CHAN_PLAIN
#include "peer.h"
#include "served.h"

#include <stdarg.h>
#include <sys/resource.h>

#define CPUS_MAX	16
#define SLOTS		16
#define BATCH		8
/* Messages of a sender in a run: as much address space, of which what is sent is used. */
#define SEQ_MAX		(64u << 20)

enum kind { SEND_BOUND, SEND_THIS, SEND_ANY, SEND_BATCH, SEND_ORDERED, KINDS };

static const char *const kind_name[KINDS] = { "bound", "this", "any", "batch", "ordered" };

/**
 * struct message - what is sent
 * @sender:	index of the sender
 * @to:		queue that it was sent to, or THIS or ANY
 * @seq:	counts the sender's messages
 * @order:	counts the sender's messages to @to
 * @sign:	of the others
 */
struct message {
	uint32_t sender;
	uint32_t to;
	uint64_t seq;
	uint64_t order;
	uint64_t sign;
};

/**
 * struct ends - a set, and what may be sent with; [1] is O_NONBLOCK
 * @sent:	messages that all its senders have sent
 * @refused:	attempts that failed with -EAGAIN or -ENXIO
 * @received:	messages that all its receivers got
 * @lanes:	one receiver a queue: the order in its lanes is watched
 * @answers:	services send to it
 */
struct ends {
	const char *name;
	int control;
	int bound[CPUS_MAX][2];
	int ordered[CPUS_MAX][2];
	int this[2];
	int any[2];
	uint64_t sent;
	uint64_t refused;
	uint64_t received;
	bool lanes;
	bool answers;
};

struct sender {
	struct ends *ends;
	enum kind kind;
	uint32_t id;
	uint32_t home;		/* CPU; while that is offline anywhere */
	uint64_t seq;
	uint64_t order[CPUS_MAX];
	uint64_t refused;
	pthread_t thread;
};

struct receiver {
	struct ends *ends;
	int fd;
	bool polls;		/* O_NONBLOCK and poll() */
	uint32_t cpu;		/* what it is bound to */
	/* What comes next at least, by sender and lane. */
	uint64_t (*next)[2];
	pthread_t thread;
};

/* The run. */
static uint32_t nr_cpus;
static uint32_t nr_senders;
static struct sender *senders;
static uint8_t *hits;		/* [sender][SEQ_MAX] */
static bool stop;
static uint64_t progress;	/* messages received, of all sets */
static uint64_t wrong;

__attribute__((format(printf, 1, 2)))
static void complain(const char *fmt, ...)
{
	char text[256];
	va_list args;

	if (__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED) >= 20)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	printf("# %s\n", text);
	fflush(stdout);
}

static void count(uint64_t *what, uint64_t n)
{
	__atomic_fetch_add(what, n, __ATOMIC_RELAXED);
}

static uint64_t now_at(const uint64_t *what)
{
	return __atomic_load_n(what, __ATOMIC_RELAXED);
}

static uint64_t sign(const struct message *m)
{
	uint64_t state = m->sender ^ (uint64_t)m->to << 32 ^ m->seq << 8 ^ m->order << 40;

	return rnd(&state);
}

/* Beside whoever moves the CPUs, and the kernel's threads for that: they come first. */
static void stay_behind(void)
{
	setpriority(PRIO_PROCESS, gettid(), 19);
}

/* Senders */

static uint32_t sender_to(const struct sender *s, uint64_t n)
{
	if (s->kind == SEND_THIS)
		return THIS;
	return s->kind == SEND_ANY ? ANY : n % nr_cpus;
}

static struct message message(const struct sender *s, uint32_t to, uint32_t later)
{
	struct message m = {
		.sender = s->id, .to = to, .seq = s->seq + later,
		.order = to < nr_cpus ? s->order[to] + later : 0,
	};

	m.sign = sign(&m);
	return m;
}

/* Return: messages sent, or -errno. */
static int send_batch(struct sender *s, uint32_t to, bool nowait, uint32_t nr)
{
	struct ipcring_pcq_msg msg[BATCH];
	struct ipcring_pcq_batch p = pcq_batch(msg, nr);
	struct message m[BATCH];

	p.cpu = to;
	p.flags = nowait ? IPCRING_PCQ_DONTWAIT : 0;
	for (uint32_t i = 0; i < nr; i++) {
		m[i] = message(s, to, i);
		msg[i] = pcq_msg(&m[i], sizeof(m[i]));
	}
	return pcq_send(s->ends->any[0], &p);
}

static int send_one(struct sender *s, uint32_t to, bool nowait)
{
	struct message m = message(s, to, 0);
	const struct ends *e = s->ends;
	const int fd[KINDS] = {
		[SEND_BOUND] = e->bound[to % CPUS_MAX][nowait],
		[SEND_ORDERED] = e->ordered[to % CPUS_MAX][nowait],
		[SEND_THIS] = e->this[nowait], [SEND_ANY] = e->any[nowait],
	};
	int ret = chan_write(fd[s->kind], &m, sizeof(m));

	return ret == sizeof(m) ? 1 : ret;
}

/* It is sent, or refused, or something is wrong. */
static void sender_count(struct sender *s, uint32_t to, int ret)
{
	if (ret == -EAGAIN || ret == -ENXIO) {
		s->refused++;
		sched_yield();
	} else if (ret <= 0) {
		complain("%s sender %u to %d: %s", kind_name[s->kind], s->id, (int)to,
			 strerror(-ret));
		sched_yield();
	} else {
		s->seq += ret;
		if (to < nr_cpus)
			s->order[to] += ret;
	}
}

static void *sender_thread(void *arg)
{
	struct sender *s = arg;
	uint64_t seed = s->id;

	stay_behind();
	for (uint64_t n = 0; !__atomic_load_n(&stop, __ATOMIC_RELAXED); n++) {
		uint32_t to = sender_to(s, n);
		bool nowait = rnd(&seed) & 1;

		/* Hotplug has moved us away, for good. */
		if (n % 32 == 0)
			cpu_pin(s->home);
		if (s->seq + BATCH > SEQ_MAX) {
			complain("sender %u: more than %u messages", s->id, SEQ_MAX);
			break;
		}
		if (s->kind == SEND_BATCH)
			sender_count(s, to, send_batch(s, to, nowait,
						       1 + rnd_below(&seed, BATCH)));
		else
			sender_count(s, to, send_one(s, to, nowait));
	}
	count(&s->ends->sent, s->seq);
	count(&s->ends->refused, s->refused);
	return NULL;
}

/* Receivers */

/* The lane is known by the CPU that it was sent on, unless it was sent in order. */
static void watch_order(struct receiver *r, const struct message *m, uint32_t sent_on,
			bool ordered)
{
	uint64_t *next = &r->next[m->sender][sent_on == r->cpu && !ordered];

	if (ordered ? m->order != *next : m->order < *next)
		complain("queue %u, sender %u: %llu after %llu", r->cpu, m->sender,
			 (unsigned long long)m->order, (unsigned long long)*next - 1);
	*next = m->order + 1;
}

static void receiver_count(struct receiver *r, const struct message *m, uint32_t len,
			   uint32_t sent_on)
{
	if (len != sizeof(*m) || m->sign != sign(m) || m->sender >= nr_senders ||
	    m->seq >= SEQ_MAX || sent_on >= nr_cpus) {
		complain("%s, queue %d: a message that nobody sent", r->ends->name, (int)r->cpu);
		return;
	}
	if (!r->ends->answers && m->to < nr_cpus && r->cpu < nr_cpus && m->to != r->cpu)
		complain("queue %u got a message to %u", r->cpu, m->to);
	if (__atomic_fetch_add(&hits[(size_t)m->sender * SEQ_MAX + m->seq], 1, __ATOMIC_RELAXED))
		complain("sender %u, message %llu: twice", m->sender, (unsigned long long)m->seq);
	if (r->ends->lanes)
		watch_order(r, m, sent_on, senders[m->sender].kind == SEND_ORDERED);
}

/* Return: messages, 0 the end, -errno. */
static int receive(struct receiver *r)
{
	struct ipcring_pcq_msg msg[BATCH];
	struct ipcring_pcq_batch p = pcq_batch(msg, BATCH);
	struct message m[BATCH];
	int ret;

	for (uint32_t i = 0; i < BATCH; i++)
		msg[i] = pcq_msg(&m[i], sizeof(m[i]));
	ret = pcq_recv(r->fd, &p);
	for (int i = 0; i < ret; i++)
		receiver_count(r, &m[i], msg[i].len, msg[i].cpu);
	return ret;
}

static void *receiver_thread(void *arg)
{
	struct receiver *r = arg;
	uint64_t received = 0;
	int ret;

	stay_behind();
	for (;;) {
		struct pollfd p = { .fd = r->fd, .events = POLLIN };

		if (r->polls)
			poll(&p, 1, -1);
		ret = receive(r);
		if (ret == -EAGAIN)
			continue;
		if (ret <= 0)
			break;
		received += ret;
		count(&progress, ret);
	}
	if (ret)
		complain("%s, receiver of %d: %s", r->ends->name, (int)r->cpu, strerror(-ret));
	count(&r->ends->received, received);
	return NULL;
}

/* Set up */

static int pair_of(int control, uint32_t cpu, uint32_t flags, int fd[2])
{
	fd[0] = pcq_endpoint(control, IPCRING_PCQ_SENDER, cpu, flags);
	fd[1] = pcq_endpoint(control, IPCRING_PCQ_SENDER, cpu, flags | IPCRING_PCQ_EP_NONBLOCK);
	return fd[0] < 0 ? fd[0] : fd[1] < 0 ? fd[1] : 0;
}

static int ends_open(struct ends *e, int dev)
{
	int ret;

	e->control = PCQ_CREATE(dev, .slots = SLOTS, .msg_size = sizeof(struct message));
	if (e->control < 0)
		return e->control;
	ret = pair_of(e->control, THIS, 0, e->this);
	ret = ret ?: pair_of(e->control, ANY, 0, e->any);
	for (uint32_t cpu = 0; cpu < nr_cpus && !ret; cpu++) {
		ret = pair_of(e->control, cpu, 0, e->bound[cpu]);
		ret = ret ?: pair_of(e->control, cpu, IPCRING_PCQ_EP_ORDERED, e->ordered[cpu]);
	}
	return ret;
}

static void ends_close_senders(struct ends *e)
{
	for (int i = 0; i < 2; i++) {
		close(e->this[i]);
		close(e->any[i]);
		for (uint32_t cpu = 0; cpu < nr_cpus; cpu++) {
			close(e->bound[cpu][i]);
			close(e->ordered[cpu][i]);
		}
	}
}

#endif /* SELFTESTS_PCQ_TRAFFIC_H */
