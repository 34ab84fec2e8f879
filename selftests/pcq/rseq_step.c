// SPDX-License-Identifier: GPL-2.0
/*
 * ipcring_pcq_send() and the restartable sequence in it, disturbed at each instruction. A
 * tracer stops a sender where the call begins, steps on, and hides the sequence from the
 * kernel while it does (or the first step would abort it); then shows it again, does its
 * worst, and lets go. What was sent must arrive once, in the order that the commit gave it.
 */
#include "kselftest_harness.h"
#include "bed.h"

#include <sys/ptrace.h>
#include <sys/rseq.h>
#include <sys/user.h>
#include <sys/wait.h>

#define CPU	0u
#define OTHER	1u

/* Where a stopped sender stands. */
enum stand {
	BEFORE,
	INSIDE,
	AFTER
};

/* Whose messages. */
#define VICTIM	1u
#define HANDLER	2u
#define RIVAL	3u

enum action {
	NOTHING,
	SIGNAL,
	MOVE,
	SEND,
	KILL,
	NR_ACTIONS
};

/**
 * struct victim - a sender in a process of its own
 * @pid:	it
 * @mem:	its memory
 * @order:	pipe: lengths of messages that it is to send
 * @reply:	pipe: struct reply of each
 * @seq:	of its next message
 * @stand:	where it was stopped
 * @caller:	where the call returns to
 */
struct victim {
	pid_t pid;
	int mem;
	int order[2];
	int reply[2];
	unsigned int seq;
	enum stand stand;
	__u64 caller;
};

struct reply {
	int ret;
	struct ipcring_pcq_counts counts;
};

static struct bed bed;
static unsigned int handler_seq;

static int send_one(unsigned int who, unsigned int seq, __u32 len)
{
	unsigned char buf[BED_MSG];

	bed_fill(buf, len, who, seq);
	return ipcring_pcq_send(bed.out, buf, len, 0);
}

static void handler(int sig)
{
	int saved = errno;

	if (send_one(HANDLER, handler_seq++, 20))
		_exit(3);
	errno = saved;
}

/* A child: send as ordered until the pipe is closed. */
static void serve(int in, int out, unsigned int who)
{
	unsigned int seq = 0;
	__u32 len;

	signal(SIGUSR1, handler);
	if (bed_attach(&bed) || cpu_pin(CPU))
		_exit(1);
	while (read(in, &len, sizeof(len)) == sizeof(len)) {
		struct reply reply = { .ret = send_one(who, seq++, len) };

		reply.counts = *ipcring_pcq_counts();
		if (write(out, &reply, sizeof(reply)) != sizeof(reply))
			_exit(2);
	}
	_exit(0);
}

static int victim_start(struct victim *v, unsigned int who)
{
	char path[32];

	*v = (struct victim){ 0 };
	if (pipe2(v->order, O_CLOEXEC) || pipe2(v->reply, O_CLOEXEC))
		return -errno;
	v->pid = fork();
	if (!v->pid) {
		close(v->order[1]);
		serve(v->order[0], v->reply[1], who);
	}
	close(v->order[0]);
	close(v->reply[1]);
	snprintf(path, sizeof(path), "/proc/%d/mem", v->pid);
	v->mem = open(path, O_RDWR | O_CLOEXEC);
	if (v->pid < 0 || v->mem < 0)
		return -errno;
	return who == VICTIM && ptrace(PTRACE_SEIZE, v->pid, 0, 0) ? -errno : 0;
}

static void victim_end(struct victim *v)
{
	kill(v->pid, SIGKILL);
	waitpid(v->pid, NULL, __WALL);
	close(v->mem);
	close(v->order[1]);
	close(v->reply[0]);
}

static int order(struct victim *v, __u32 len)
{
	v->seq++;
	return write(v->order[1], &len, sizeof(len)) == sizeof(len) ? 0 : -EIO;
}

static int answer(struct victim *v, struct reply *reply)
{
	return read(v->reply[0], reply, sizeof(*reply)) == sizeof(*reply) ? 0 : -EIO;
}

static int poke(struct victim *v, const void *at, const void *what, size_t len)
{
	return pwrite(v->mem, what, len, (off_t)(uintptr_t)at) == (ssize_t)len ? 0 : -EIO;
}

/* What the kernel looks at when it has stopped us. The child's is where ours is. */
static int show(struct victim *v, __u64 cs)
{
	return poke(v, &lib_rseq()->rseq_cs, &cs, sizeof(cs));
}

static int wait_for_trap(struct victim *v)
{
	int status;

	if (waitpid(v->pid, &status, __WALL) != v->pid)
		return -errno;
	return WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP ? 0 : -EPROTO;
}

/* prod.pos lags behind the heads by one message, or not. */
static void set_lag(bool lags)
{
	const struct ring *r = &bed.out->queues[0].lane[LIB_PCQ_LOCAL];

	ring_store(&r->prod->pos, ring_next(r, ring_load(&r->prod->pos)) - lags);
}

static int rip(struct victim *v, __u64 *ip)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, v->pid, 0, &regs))
		return -errno;
	*ip = regs.rip;
	return 0;
}

/* It stands before the first instruction of its next call. */
static int run_to_call(struct victim *v, __u32 len)
{
	const unsigned char *call = (const unsigned char *)ipcring_pcq_send;
	const unsigned char int3 = 0xcc;
	struct user_regs_struct regs;
	int ret = poke(v, call, &int3, 1);

	v->stand = BEFORE;
	if (!ret)
		ret = order(v, len);
	if (!ret)
		ret = wait_for_trap(v);
	if (ret || ptrace(PTRACE_GETREGS, v->pid, 0, &regs) || regs.rip != (uintptr_t)call + 1)
		return ret ? ret : -EPROTO;
	regs.rip = (uintptr_t)call;
	if (pread(v->mem, &v->caller, sizeof(v->caller), (off_t)regs.rsp) != sizeof(v->caller) ||
	    ptrace(PTRACE_SETREGS, v->pid, 0, &regs))
		return -EIO;
	return poke(v, call, call, 1);
}

/*
 * Return: instructions that were executed, fewer than @steps if the call came back. The
 * sequence is hidden if that is where they end.
 */
static int step(struct victim *v, const struct rseq_cs *cs, int steps)
{
	__u64 ip = 0;

	for (int n = 0; n < steps; n++) {
		if (ptrace(PTRACE_SINGLESTEP, v->pid, 0, 0) || wait_for_trap(v) || rip(v, &ip))
			return -EPROTO;
		if (ip == v->caller)
			return n + 1 < steps ? n + 1 : steps;
		if (ip - cs->start_ip < cs->post_commit_offset) {
			if (v->stand != INSIDE && show(v, 0))
				return -EIO;
			v->stand = INSIDE;
		} else if (v->stand == INSIDE) {
			v->stand = AFTER;
		}
	}
	return steps;
}

static int pin(pid_t pid, __u32 cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(pid, sizeof(set), &set) ? -errno : 0;
}

static int rival_sends(struct victim *rival)
{
	struct reply reply;

	if (order(rival, 30) || answer(rival, &reply))
		return -EIO;
	return reply.ret;
}

/* The victim stands somewhere in the call. */
static int disturb(struct victim *v, struct victim *rival, const struct rseq_cs *cs,
		   enum action what)
{
	int sig = what == SIGNAL ? SIGUSR1 : what == KILL ? SIGKILL : 0;
	int ret = 0;

	if (v->stand == INSIDE)
		ret = show(v, (__u64)(uintptr_t)cs);
	if (!ret && what == MOVE)
		ret = pin(v->pid, OTHER);
	if (!ret && what == SEND)
		ret = rival_sends(rival);
	if (ret)
		return ret;
	if (what == KILL) {
		victim_end(v);
		return 0;
	}
	return ptrace(PTRACE_CONT, v->pid, 0, sig) ? -errno : 0;
}

/* What arrived: bit 4 * n: the n-th message was so-and-so's. */
struct drained {
	unsigned int nr;
	unsigned int who[8];
	unsigned int seq[8];
	__u32 len[8];
	__u32 cpu[8];
};

static int drain(struct drained *d)
{
	unsigned char buf[BED_MSG];
	ssize_t n;

	d->nr = 0;
	while ((n = ipcring_pcq_try_recv(bed.in, buf, sizeof(buf), &d->cpu[d->nr])) > 0) {
		if (!bed_read(buf, (__u32)n, &d->who[d->nr], &d->seq[d->nr]))
			return -EPROTO;
		d->len[d->nr++] = (__u32)n;
		if (d->nr == 8)
			return -E2BIG;
	}
	return n == -EAGAIN ? 0 : (int)n;
}

FIXTURE(step) {
	struct victim victim;
	struct victim rival;
	const struct rseq_cs *cs;
	struct ipcring_pcq_counts before;
	bool lags;
	unsigned int disturbances;
};

FIXTURE_VARIANT(step) {
	const char *bed;
};

FIXTURE_VARIANT_ADD(step, memory) { "memory" };

FIXTURE_VARIANT_ADD(step, module) { "module" };

FIXTURE_SETUP(step)
{
	if (!__rseq_size)
		SETUP_SKIP("no rseq: kernel or C library too old, or GLIBC_TUNABLES says so");
	NEED_CPUS(2);
	BED_OPEN(&bed, variant->bed, CPU, CPU);
	/* One sequence, or the tracer would have to look for the right one. */
	ASSERT_EQ(1, __stop___rseq_cs - __start___rseq_cs);
	self->cs = __start___rseq_cs;
	ASSERT_EQ(0, cpu_pin(OTHER));
	ASSERT_EQ(0, victim_start(&self->victim, VICTIM));
	ASSERT_EQ(0, victim_start(&self->rival, RIVAL));
	handler_seq = 0;
}

FIXTURE_TEARDOWN(step)
{
	victim_end(&self->victim);
	victim_end(&self->rival);
	bed_close(&bed);
}

/* How many instructions does a message of @len take? Leaves the lane empty. */
static int instructions(struct __test_metadata *_metadata, struct _test_data_step *self, __u32 len)
{
	struct drained d;
	struct reply reply;
	int n;

	ASSERT_EQ(0, rival_sends(&self->rival));
	ASSERT_EQ(0, drain(&d));
	set_lag(self->lags);
	ASSERT_EQ(0, run_to_call(&self->victim, len));
	n = step(&self->victim, self->cs, 1000);
	ASSERT_EQ(AFTER, self->victim.stand);
	ASSERT_EQ(0, ptrace(PTRACE_CONT, self->victim.pid, 0, 0));
	ASSERT_EQ(0, answer(&self->victim, &reply));
	ASSERT_EQ(0, reply.ret);
	self->before = reply.counts;
	ASSERT_EQ(0, drain(&d));
	ASSERT_EQ(1, d.nr);
	return n;
}

/* Which of the messages that arrived is @who's? They are as many as there are senders. */
static int place_of(const struct drained *d, unsigned int who)
{
	for (unsigned int i = 0; i < d->nr; i++)
		if (d->who[i] == who)
			return (int)i;
	return -1;
}

/* Before the commit it began again, behind what came meanwhile; after it, it was first. */
static void check_order(struct __test_metadata *_metadata, const struct drained *d,
			const struct victim *v, __u32 len, enum action what)
{
	bool committed = v->stand == AFTER;
	int mine = place_of(d, VICTIM);

	ASSERT_LE(0, mine);
	EXPECT_EQ(v->seq - 1, d->seq[mine]);
	EXPECT_EQ(len, d->len[mine]);
	EXPECT_EQ(what == MOVE && !committed ? OTHER : CPU, d->cpu[mine]);
	ASSERT_EQ(what == SIGNAL || what == SEND ? 2 : 1, d->nr);
	if (d->nr == 2) {
		EXPECT_EQ(what == SIGNAL ? HANDLER : RIVAL, d->who[!mine]);
		EXPECT_EQ(!committed, mine);
	}
}

static void check_counts(struct __test_metadata *_metadata, struct _test_data_step *self,
			 const struct reply *reply, enum action what)
{
	const struct ipcring_pcq_counts *c = &reply->counts, *b = &self->before;
	bool moved = what == MOVE && self->victim.stand != AFTER;

	EXPECT_EQ(0, reply->ret);
	/* It may be preempted once more, by whom it likes, before it is hidden or after. */
	EXPECT_LE(self->victim.stand == INSIDE, c->aborts - b->aborts);
	EXPECT_EQ(moved, c->calls - b->calls);
	EXPECT_EQ(!moved + (what == SIGNAL), c->local - b->local);
	self->before = *c;
}

/* A killed sender has sent its message if it came to the commit, and nobody waits for it. */
static void bury(struct __test_metadata *_metadata, struct _test_data_step *self)
{
	bool committed = self->victim.stand == AFTER;
	struct drained d;

	ASSERT_EQ(0, drain(&d));
	ASSERT_EQ(committed, d.nr);
	EXPECT_TRUE(!committed || d.who[0] == VICTIM);
	ASSERT_EQ(0, rival_sends(&self->rival));
	ASSERT_EQ(0, drain(&d));
	ASSERT_EQ(1, d.nr);
	EXPECT_EQ(RIVAL, d.who[0]);
	ASSERT_EQ(0, victim_start(&self->victim, VICTIM));
	memset(&self->before, 0, sizeof(self->before));
}

static void disturb_at(struct __test_metadata *_metadata, struct _test_data_step *self, __u32 len,
		       int k, enum action what)
{
	struct victim *v = &self->victim;
	struct reply reply;
	struct drained d;

	set_lag(self->lags);
	ASSERT_EQ(0, run_to_call(v, len));
	ASSERT_EQ(k, step(v, self->cs, k));
	ASSERT_EQ(0, disturb(v, &self->rival, self->cs, what));
	self->disturbances++;
	if (what == KILL) {
		bury(_metadata, self);
		return;
	}
	ASSERT_EQ(0, answer(v, &reply));
	ASSERT_EQ(0, pin(v->pid, CPU));
	ASSERT_EQ(0, drain(&d));
	check_order(_metadata, &d, v, len, what);
	check_counts(_metadata, self, &reply, what);
}

/*
 * Each of the ways that a payload is copied, and a loop that turns; both of prod.pos's. The
 * sequence is the same on every kernel; with lockdep each of the 160,000 steps takes ten times
 * as long, and half of the ways have to do. It is scripts/run-tests that ends a program which
 * hangs, after what settings say (300 s) times its factor for a slow kernel (6), and not this.
 */
TEST_F_TIMEOUT(step, disturbed_at_every_instruction, 1800)
{
	static const __u32 lengths[] = { 3, 100, 12, 20 };
	const size_t ways = access("/proc/lockdep_stats", F_OK) ? 4 : 2;

	for (size_t i = 0; i < ways; i++) {
		__u32 len = lengths[i];
		int n;

		self->lags = i % 2;
		n = instructions(_metadata, self, len);
		TH_LOG("%u bytes, prod.pos %s: %d instructions", len,
		       self->lags ? "lags" : "is right", n);
		ASSERT_LT(50, n);
		for (int k = 0; k < n; k++)
			for (int what = 0; what < NR_ACTIONS; what++)
				disturb_at(_metadata, self, len, k, what);
	}
	TH_LOG("%u disturbances", self->disturbances);
}

/* Without room it leaves early, wherever it was disturbed, and nothing has changed. */
TEST_F_TIMEOUT(step, disturbed_while_the_lane_is_full, 300)
{
	struct drained d;
	struct reply reply;
	int k = 0;

	for (unsigned int i = 0; i < BED_SLOTS; i++)
		ASSERT_EQ(0, rival_sends(&self->rival));
	do {
		ASSERT_EQ(0, run_to_call(&self->victim, 20));
		ASSERT_EQ(k, step(&self->victim, self->cs, k));
		ASSERT_EQ(0, disturb(&self->victim, &self->rival, self->cs, NOTHING));
		ASSERT_EQ(0, answer(&self->victim, &reply));
		ASSERT_EQ(-EAGAIN, reply.ret);
	} while (k++, self->victim.stand != AFTER);
	for (unsigned int i = 0; i < BED_SLOTS; i++) {
		unsigned char buf[BED_MSG];
		unsigned int who, seq;

		ASSERT_EQ(30, ipcring_pcq_try_recv(bed.in, buf, sizeof(buf), NULL));
		ASSERT_TRUE(bed_read(buf, 30, &who, &seq));
		EXPECT_EQ(i, seq);
	}
	ASSERT_EQ(0, drain(&d));
	EXPECT_EQ(0, d.nr);
	EXPECT_LT(50, k);
}

/* Who is stepped through the sequence never gets to its end, but to the system call. */
TEST_F_TIMEOUT(step, single_stepped_all_the_way, 60)
{
	struct victim *v = &self->victim;
	struct reply reply;
	struct drained d;
	int status = 0, steps = 0;

	instructions(_metadata, self, 20);
	ASSERT_EQ(0, run_to_call(v, 20));
	ASSERT_EQ(0, fcntl(v->reply[0], F_SETFL, O_NONBLOCK));
	while (answer(v, &reply)) {
		ASSERT_GT(100000, steps++);
		ASSERT_EQ(0, ptrace(PTRACE_SINGLESTEP, v->pid, 0, 0));
		ASSERT_EQ(v->pid, waitpid(v->pid, &status, __WALL));
		ASSERT_TRUE(WIFSTOPPED(status));
	}
	EXPECT_EQ(0, reply.ret);
	EXPECT_EQ(IPCRING_PCQ_TRIES, reply.counts.aborts - self->before.aborts);
	EXPECT_EQ(1, reply.counts.calls - self->before.calls);
	EXPECT_EQ(0, reply.counts.local - self->before.local);
	ASSERT_EQ(0, drain(&d));
	ASSERT_EQ(1, d.nr);
	EXPECT_EQ(VICTIM, d.who[0]);
	TH_LOG("%d steps", steps);
}

TEST_HARNESS_MAIN
