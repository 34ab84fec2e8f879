// SPDX-License-Identifier: GPL-2.0
/*
 * Doorbell economy: what a burst of messages from another CPU to a sleeping receiver costs
 * in wake-ups and interrupts, by the counters of the set and by those of the kernel.
 *
 *   economy [BURSTS]
 *
 * The receiver reads on the queue's CPU and sleeps there before each burst. Each doorbell
 * that rings wakes it, so the kernel has to reach that CPU: by a function call interrupt
 * (CAL in /proc/interrupts: ours in IPI mode, the scheduler's where the CPU idles, as it
 * leaves a wake-up in that CPU's list), by a rescheduling interrupt (RES: the CPU is busy),
 * or, if it is in the idle loop and looks by itself, by none, which the tracepoint
 * sched_wake_idle_without_ipi counts. So
 *
 *   wakes + ipis = CAL + RES + without
 *
 * and in IPI mode without RES, as the interrupt's handler wakes the receiver on its own CPU:
 * what is rescheduled there was another's wake-up, on -rt one for every second doorbell. But for
 *   - what else interrupts that CPU: measured in as many rounds without messages
 *   - wake-ups that need none: the receiver was woken before it had left its CPU, which
 *     happens in the middle of a burst only. It shows on the other side of the equation.
 *   - others who are woken there from other CPUs meanwhile, most of all RCU's thread on
 *     -rt, whose work is in proportion to ours: sched_waking counts those who were there
 *     when they slept, an estimate, as they may be woken elsewhere
 * So there may be too few by SLACK for each hundred doorbells, and too many by that, twice
 * the noise, the others, and FEW. Noise comes in lumps (a timer, RCU, the load balancer):
 * a phase is repeated up to TRIES times until both agree; the counters have to add up each
 * time.
 */
#define CHAN_PLAIN
#include "set.h"
#include "peer.h"

#include <termios.h>

#define MSG	8
#define SLOTS	256		/* a burst is never refused */
#define SLACK	5
#define FEW	5
#define TRIES	3		/* of a phase, until the kernel agrees */
#define QUIET	3		/* times that the noise is measured; the worst counts */
#define EVENTS	"/sys/kernel/tracing/events/sched/"
#define WITHOUT	EVENTS "sched_wake_idle_without_ipi/"
#define WAKING	EVENTS "sched_waking/"

/* By write(), message by message, or one SEND a burst. */
enum way { WRITE, SEND, WAYS };

static const char *const way_name[] = { "write", "SEND" };
static const char *const mode_name[] = { "WAKE", "IPI", "POLL" };
static const uint32_t sizes[] = { 1, 10, 100 };

/**
 * struct irqs - interrupts of a CPU
 * @cal:	function calls
 * @res:	rescheduling
 * @without:	wake-ups of an idle CPU that needed none
 * @others:	wake-ups of other tasks, from other CPUs
 */
struct irqs {
	uint64_t cal;
	uint64_t res;
	uint64_t without;
	uint64_t others;
};

/**
 * struct run - who is there
 * @control:	of the set
 * @sender:	on CPU 0
 * @cpu:	the queue's, and the receiver's
 * @pid:	the receiver
 * @sent:	messages
 * @noise:	interrupts of @cpu in a phase without messages
 * @failed:	tests
 * @nr:		tests
 */
struct run {
	int control;
	int sender;
	uint32_t cpu;
	pid_t pid;
	uint64_t sent;
	uint64_t noise;
	uint32_t failed;
	uint32_t nr;
};

static uint64_t column(const char *text, const char *line, uint32_t cpu)
{
	const char *at = strstr(text, line);
	uint64_t n = 0;
	char *end;

	if (!at)
		return 0;
	for (uint32_t i = 0; i <= cpu; i++) {
		n = strtoull(at + (i ? 0 : strlen(line)), &end, 10);
		at = end;
	}
	return n;
}

/* Of a histogram by CPU: a line "{ cpu:   3 } hitcount:   17" for each. */
static uint64_t without_ipi(uint32_t cpu)
{
	static char text[16384];
	unsigned long long hits;
	uint32_t nr;

	read_file(WITHOUT "hist", text, sizeof(text));
	for (char *at = text; (at = strstr(at, "{ cpu:")); at++)
		if (sscanf(at, "{ cpu: %u } hitcount: %llu", &nr, &hits) == 2 && nr == cpu)
			return hits;
	return 0;
}

/* Of one by task, its CPU and the waker's. */
static uint64_t other_wakeups(uint32_t cpu)
{
	static char text[65536];
	unsigned long long hits;
	uint32_t target, waker;
	uint64_t sum = 0;

	read_file(WAKING "hist", text, sizeof(text));
	for (char *at = text; (at = strstr(at, "{ comm: ")); at++) {
		char *rest = strstr(at, ", target_cpu:");

		if (rest && strncmp(at, "{ comm: economy ", 16) &&
		    sscanf(rest, ", target_cpu: %u, common_cpu: %u } hitcount: %llu", &target,
			   &waker, &hits) == 3 && target == cpu && waker != cpu)
			sum += hits;
	}
	return sum;
}

static struct irqs irqs_now(uint32_t cpu)
{
	static char text[65536];

	if (!read_file("/proc/interrupts", text, sizeof(text)))
		text[0] = '\0';
	return (struct irqs){
		.cal = column(text, "CAL:", cpu), .res = column(text, "RES:", cpu),
		.without = without_ipi(cpu), .others = other_wakeups(cpu),
	};
}

static struct irqs irqs_since(const struct irqs *before, uint32_t cpu)
{
	struct irqs now = irqs_now(cpu);

	return (struct irqs){ now.cal - before->cal, now.res - before->res,
			      now.without - before->without, now.others - before->others };
}

static void receive(int fd, uint32_t cpu)
{
	char buf[MSG];

	cpu_pin(cpu);
	while (chan_read(fd, buf, MSG) == MSG)
		;
	_exit(0);
}

static bool settled(struct run *r, uint32_t mode)
{
	struct ipcring_pcq_stats s;

	for (;;) {
		if (pcq_stats(r->control, r->cpu, &s))
			return false;
		if (s.received == r->sent &&
		    (mode == IPCRING_PCQ_BELL_POLL || task_blocked_in(r->pid, SYS_read)))
			return true;
		sched_yield();
	}
}

static bool send_burst(struct run *r, enum way by, uint32_t size)
{
	static char msg[MSG];
	struct ipcring_pcq_msg msgs[100];
	struct ipcring_pcq_batch p = pcq_batch(msgs, size);

	r->sent += size;
	for (uint32_t i = 0; by == WRITE && i < size; i++)
		if (chan_write(r->sender, msg, MSG) != MSG)
			return false;
	if (by == WRITE)
		return true;
	for (uint32_t i = 0; i < size; i++)
		msgs[i] = pcq_msg(msg, MSG);
	return pcq_send(r->sender, &p) == (int)size;
}

static void check(struct run *r, bool ok, const char *what, const struct ipcring_pcq_stats *s,
		  const struct irqs *i)
{
	r->nr++;
	r->failed += !ok;
	printf("%sok %u %s\n", ok ? "" : "not ", r->nr, what);
	if (ok)
		return;
	printf("# wakes %llu ipis %llu suppressed %llu coalesced %llu CAL %llu RES %llu without %llu others %llu\n",
	       (unsigned long long)s->wakes, (unsigned long long)s->ipis,
	       (unsigned long long)s->suppressed, (unsigned long long)s->coalesced,
	       (unsigned long long)i->cal, (unsigned long long)i->res,
	       (unsigned long long)i->without, (unsigned long long)i->others);
}

/* The set's counters among themselves: exactly. */
static bool counters_agree(const struct ipcring_pcq_stats *s, uint32_t mode, enum way by,
			   uint32_t size, uint32_t bursts)
{
	uint64_t rung = s->wakes + s->ipis;

	if (rung + s->suppressed + s->coalesced != (by == WRITE ? bursts * size : bursts))
		return false;
	if (s->remote != bursts * size || s->received != s->remote || s->local || s->refused)
		return false;
	if (mode == IPCRING_PCQ_BELL_POLL)
		return !rung && !s->coalesced && !s->recv_waits;
	if (mode == IPCRING_PCQ_BELL_WAKE ? s->ipis : s->wakes)
		return false;
	/* It slept before each burst; nobody is woken who did not sleep. */
	if (rung < bursts || rung > s->recv_waits)
		return false;
	return rung == bursts || (by == WRITE && size > 1);
}

/* The set's and the kernel's, see the beginning. */
static bool kernel_agrees(const struct run *r, const struct ipcring_pcq_stats *s,
			  const struct irqs *i)
{
	int64_t rung = s->wakes + s->ipis;
	int64_t reached = i->cal + i->without + (s->ipis ? 0 : i->res);
	int64_t slack = rung * SLACK / 100;

	return reached >= rung - slack && reached <= rung + slack + 2 * r->noise + i->others + FEW;
}

static void print_row(const struct run *r, uint32_t mode, enum way by, uint32_t size,
		      const struct ipcring_pcq_stats *s, const struct irqs *i)
{
	double n = s->remote;

	printf("# %-4s %-5s %5u %8.0f %7llu %6llu %7llu %7llu %9.4f %9.4f %6llu %6llu %7llu %6llu %9.4f\n",
	       mode_name[mode], way_name[by], size, n, (unsigned long long)s->wakes,
	       (unsigned long long)s->ipis, (unsigned long long)s->suppressed,
	       (unsigned long long)s->coalesced, s->wakes / n, s->ipis / n,
	       (unsigned long long)i->cal, (unsigned long long)i->res,
	       (unsigned long long)i->without, (unsigned long long)i->others,
	       (i->cal + i->res + i->without) / n);
}

/* What so many bursts cost, by both counts. */
static bool measure(struct run *r, uint32_t mode, enum way by, uint32_t size, uint32_t bursts,
		    struct ipcring_pcq_stats *s, struct irqs *irqs)
{
	struct ipcring_pcq_stats before;

	if (!settled(r, mode) || pcq_stats(r->control, r->cpu, &before))
		return false;
	*irqs = irqs_now(r->cpu);
	for (uint32_t i = 0; i < bursts; i++)
		if (!send_burst(r, by, size) || !settled(r, mode))
			return false;
	*irqs = irqs_since(irqs, r->cpu);
	if (pcq_stats(r->control, r->cpu, s))
		return false;
	s->remote -= before.remote;
	s->received -= before.received;
	s->wakes -= before.wakes;
	s->ipis -= before.ipis;
	s->suppressed -= before.suppressed;
	s->coalesced -= before.coalesced;
	/* The sleep that it begins with was counted before. */
	s->recv_waits -= before.recv_waits - (mode != IPCRING_PCQ_BELL_POLL);
	return true;
}

/* A lump of noise does not come each time; an error of the counters does. */
static bool phase(struct run *r, uint32_t mode, enum way by, uint32_t size, uint32_t bursts)
{
	bool add_up = true, agrees = false;
	struct ipcring_pcq_stats s;
	struct irqs irqs;
	char what[64];

	for (int n = 0; n < TRIES && !agrees; n++) {
		if (!measure(r, mode, by, size, bursts, &s, &irqs))
			return false;
		print_row(r, mode, by, size, &s, &irqs);
		add_up &= counters_agree(&s, mode, by, size, bursts);
		agrees = kernel_agrees(r, &s, &irqs);
	}
	snprintf(what, sizeof(what), "%s, %s, bursts of %u: doorbells add up", mode_name[mode],
		 way_name[by], size);
	check(r, add_up, what, &s, &irqs);
	snprintf(what, sizeof(what), "%s, %s, bursts of %u: the kernel agrees", mode_name[mode],
		 way_name[by], size);
	check(r, agrees, what, &s, &irqs);
	return true;
}

/* Everything but messages. */
static bool measure_noise(struct run *r, uint32_t bursts)
{
	for (int n = 0; n < QUIET; n++) {
		struct irqs irqs = irqs_now(r->cpu);
		uint64_t sum;

		for (uint32_t i = 0; i < bursts; i++)
			if (!settled(r, IPCRING_PCQ_BELL_WAKE))
				return false;
		irqs = irqs_since(&irqs, r->cpu);
		sum = irqs.cal + irqs.res + irqs.without;
		if (sum > r->noise)
			r->noise = sum;
	}
	printf("# CPU %u, %u rounds without messages: %llu interrupts\n", r->cpu, bursts,
	       (unsigned long long)r->noise);
	return true;
}

static bool run(struct run *r, uint32_t bursts)
{
	if (!measure_noise(r, bursts))
		return false;
	printf("# %-4s %-5s %5s %8s %7s %6s %7s %7s %9s %9s %6s %6s %7s %6s %9s\n", "mode", "by",
	       "burst", "messages", "wakes", "ipis", "suppr.", "coal.", "wakes/msg", "ipis/msg",
	       "CAL", "RES", "without", "others", "sum/msg");
	for (uint32_t mode = 0; mode < 3; mode++) {
		if (pcq_bell(r->control, r->cpu, mode, 0))
			return false;
		for (int by = 0; by < WAYS; by++)
			for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
				if (!phase(r, mode, by, sizes[i], bursts))
					return false;
	}
	return true;
}

static int skip(const char *why)
{
	printf("TAP version 13\n1..1\nok 1 # SKIP %s\n", why);
	return 4;
}

int main(int argc, char **argv)
{
	uint32_t bursts = argc > 1 ? strtoul(argv[1], NULL, 0) : 100;
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC), receiver;
	struct run r = { .cpu = cpu_nr_chosen() - 1 };
	bool done;

	if (dev < 0)
		return skip("no " DEVICE "; load ipcring.ko and be root");
	if (cpu_nr_chosen() < 2)
		return skip("one CPU: nobody is elsewhere; scripts/vm --cpus 2");
	/*
	 * All output waits for the end: the serial line's interrupts would be counted, on
	 * -rt as wake-ups of their threads.
	 */
	setvbuf(stdout, NULL, _IOFBF, 65536);
	printf("TAP version 13\n");
	/* Without it more doorbells seem to be answered by nothing. */
	if (!write_file(WITHOUT "trigger", "hist:keys=cpu") ||
	    !write_file(WAKING "trigger", "hist:keys=comm,target_cpu,common_cpu"))
		printf("# " EVENTS ": no histograms\n");
	r.control = PCQ_CREATE(dev, .slots = SLOTS, .msg_size = MSG);
	r.sender = pcq_sender(r.control, r.cpu);
	receiver = pcq_receiver(r.control, r.cpu);
	cpu_pin(0);
	fflush(stdout);
	tcdrain(STDOUT_FILENO);
	/* A process of its own: no interrupts for a page table that both share. */
	r.pid = fork_child();
	if (r.pid == 0) {
		close(r.sender);
		receive(receiver, r.cpu);
	}
	done = r.pid > 0 && run(&r, bursts);
	printf("%sok %u all phases came to their end\n", done ? "" : "not ", ++r.nr);
	printf("1..%u\n", r.nr);
	write_file(WITHOUT "trigger", "!hist:keys=cpu");
	write_file(WAKING "trigger", "!hist:keys=comm,target_cpu,common_cpu");
	close(r.sender);
	kill(r.pid, SIGKILL);
	reap(r.pid);
	return r.failed || !done;
}
