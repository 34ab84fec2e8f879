// SPDX-License-Identifier: GPL-2.0
/*
 * CPUs come and go while every CPU sends to every other, and no message is lost.
 *
 *   hotplug [CYCLES [SEED]]		default: 60 cycles, and a random seed
 *
 * A cycle takes a random CPU offline, sometimes another one, too, lets messages pass,
 * and brings them back. Three sets:
 *
 *   mix	senders bound to each CPU, to THIS, to ANY, and batches; blocking or not; on
 *		each CPU. Receivers bound to each CPU and to ANY, read()ing and poll()ing, and
 *		services on up to three CPUs, whose answers go to
 *   echo	receivers bound to ANY
 *   lanes	senders bound to each CPU, ordered or not, and one receiver a queue, so that the
 *		order in each lane can be watched
 *
 * Every message has its byte in a table: it must have arrived once. What senders and
 * receivers counted must be what the statistics say. Doorbells are changed meanwhile.
 */
#include "traffic.h"

#define SENDERS_MAX	(6 * CPUS_MAX)
#define RECEIVERS_MAX	(2 * CPUS_MAX + 4)
/* Messages that must arrive, from anybody, before the next CPU moves. */
#define STEP		40
#define SERVICES	3
/* Without a message for so long something is stuck. */
#define PATIENCE	(120 * 1000000000ULL)

static struct ends mix = { .name = "mix" };
static struct ends echo = { .name = "echo", .answers = true };
static struct ends lanes = { .name = "lanes", .lanes = true };
static struct sender sender[SENDERS_MAX];
static struct receiver receiver[RECEIVERS_MAX];
static uint32_t nr_receivers;
static uint64_t seed;

static const struct {
	uint32_t work;
	uint32_t flags;
} services[SERVICES] = {
	{ IPCRING_PCQ_FORWARD, 0 },
	{ IPCRING_PCQ_ECHO, IPCRING_PCQ_SERVICE_POLL },
	{ IPCRING_PCQ_ECHO, 0 },
};

/* CPU 1 and up. */
static uint32_t nr_services(void)
{
	return nr_cpus - 1 < SERVICES ? nr_cpus - 1 : SERVICES;
}

/* What everybody does, for who looks at a run that is stuck. */
static void dump_tasks(void)
{
	char path[64], text[256], comm[32];
	struct dirent *e;
	DIR *d = opendir("/proc/self/task");

	while (d && (e = readdir(d))) {
		snprintf(path, sizeof(path), "/proc/self/task/%.16s/comm", e->d_name);
		if (!read_file(path, comm, sizeof(comm)))
			continue;
		comm[strcspn(comm, "\n")] = '\0';
		snprintf(path, sizeof(path), "/proc/self/task/%.16s/syscall", e->d_name);
		if (read_file(path, text, sizeof(text)))
			printf("# %-15s %s", comm, text);
	}
}

static void dump(const struct ends *e)
{
	struct ipcring_pcq_stats s;

	for (uint32_t cpu = 0; cpu < nr_cpus && !pcq_stats(e->control, cpu, &s); cpu++)
		printf("# %s %u: local %llu remote %llu received %llu served %llu refused %llu wakes %llu ipis %llu suppressed %llu coalesced %llu waits %llu %llu state %u\n",
		       e->name, cpu, s.local, s.remote, s.received, s.served, s.refused, s.wakes,
		       s.ipis, s.suppressed, s.coalesced, s.recv_waits, s.send_waits, s.state);
}

static void give_up(const char *what)
{
	printf("# stuck: %s\n", what);
	dump(&mix);
	dump(&echo);
	dump(&lanes);
	dump_tasks();
	printf("not ok 1 nobody is stuck\n");
	exit(1);
}

/* Give way until @cond; progress keeps hope alive. */
#define AWAIT(cond, what) do { \
	uint64_t seen_ = now_at(&progress), since_ = now_ns(); \
	while (!(cond)) { \
		sched_yield(); \
		if (seen_ != now_at(&progress)) { \
			seen_ = now_at(&progress); \
			since_ = now_ns(); \
		} \
		if (now_ns() - since_ > PATIENCE) \
			give_up(what); \
	} \
} while (0)

static void let_pass(uint64_t n)
{
	uint64_t from = now_at(&progress);

	AWAIT(now_at(&progress) >= from + n, "messages while CPUs move");
}

/* Threads */

static void name_thread(pthread_t thread, const struct ends *e, const char *what, uint32_t nr)
{
	char name[16];

	snprintf(name, sizeof(name), "%.1s-%.8s-%u", e->name, what, nr % 100);
	pthread_setname_np(thread, name);
}

static void add_sender(struct ends *e, enum kind how, uint32_t cpu)
{
	struct sender *s = &sender[nr_senders];

	*s = (struct sender){ .ends = e, .kind = how, .id = nr_senders++, .home = cpu };
}

static int add_receiver(struct ends *e, uint32_t cpu, bool polls)
{
	struct receiver *r = &receiver[nr_receivers++];

	*r = (struct receiver){ .ends = e, .cpu = cpu, .polls = polls };
	r->fd = pcq_endpoint(e->control, IPCRING_PCQ_RECEIVER, cpu,
			     polls ? IPCRING_PCQ_EP_NONBLOCK : 0);
	r->next = calloc(SENDERS_MAX, sizeof(*r->next));
	return r->next ? r->fd : -ENOMEM;
}

static int add_all(void)
{
	int ret = 0;

	for (uint32_t cpu = 0; cpu < nr_cpus && ret >= 0; cpu++) {
		for (int how = SEND_BOUND; how <= SEND_BATCH; how++)
			add_sender(&mix, how, cpu);
		add_sender(&lanes, SEND_BOUND, cpu);
		add_sender(&lanes, SEND_ORDERED, cpu);
		ret = add_receiver(&mix, cpu, false);
		if (ret >= 0)
			ret = add_receiver(&lanes, cpu, cpu % 2);
	}
	for (int polls = 0; polls < 2 && ret >= 0; polls++) {
		ret = add_receiver(&mix, ANY, polls);
		if (ret >= 0)
			ret = add_receiver(&echo, ANY, polls);
	}
	return ret < 0 ? ret : 0;
}

static int start_threads(void)
{
	for (uint32_t i = 0; i < nr_receivers; i++) {
		struct receiver *r = &receiver[i];

		if (pthread_create(&r->thread, NULL, receiver_thread, r))
			return -EAGAIN;
		name_thread(r->thread, r->ends, r->polls ? "poll" : "recv", r->cpu);
	}
	for (uint32_t i = 0; i < nr_senders; i++) {
		struct sender *s = &sender[i];

		if (pthread_create(&s->thread, NULL, sender_thread, s))
			return -EAGAIN;
		name_thread(s->thread, s->ends, kind_name[s->kind], s->home);
	}
	return 0;
}

static int set_up(int dev)
{
	int ret = ends_open(&mix, dev) ?: ends_open(&echo, dev) ?: ends_open(&lanes, dev);

	ret = ret ?: add_all();
	for (uint32_t i = 0; i < nr_services() && !ret; i++)
		ret = pcq_start(mix.control, 1 + i, services[i].work, services[i].flags,
				echo.any[0]);
	hits = mmap(NULL, (size_t)nr_senders * SEQ_MAX, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (hits == MAP_FAILED)
		return -errno;
	senders = sender;
	return ret ?: start_threads();
}

/* CPUs */

static bool cpu_set_online(uint32_t cpu, bool online)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/online", cpu);
	return write_file(path, online ? "1" : "0");
}

/* Nobody gets anything into this queue, and its service holds still. */
static void check_offline(uint32_t cpu)
{
	char c = 'x';
	int ret = chan_write(lanes.bound[cpu][1], &c, 1);

	count(&lanes.refused, 1);
	if (ret != -ENXIO)
		complain("CPU %u is offline, and a send to it returns %d", cpu, ret);
	if (STAT(mix.control, cpu, state) & IPCRING_PCQ_ST_ONLINE)
		complain("CPU %u is offline, but not its queue", cpu);
	ret = pcq_start(lanes.control, cpu, IPCRING_PCQ_DRAIN, 0, -1);
	if (ret != -ENXIO)
		complain("CPU %u is offline, and START there returns %d", cpu, ret);
	if (cpu <= nr_services() && task_state(service_tid(cpu, NULL)) != 'P')
		complain("CPU %u is offline, and its service not parked", cpu);
}

/* Its thread is there again, bound, and works. */
static void check_service(uint32_t cpu)
{
	pid_t tid = service_tid(cpu, NULL);
	uint64_t served = STAT(mix.control, cpu, served);

	if (!tid)
		complain("CPU %u has lost its service", cpu);
	AWAIT(task_bound_to(tid, cpu), "a service that is not bound again");
	AWAIT(STAT(mix.control, cpu, served) != served, "a service that does not serve");
}

static void ring_otherwise(void)
{
	struct ends *e = rnd(&seed) & 1 ? &mix : &lanes;
	uint32_t cpu = rnd_below(&seed, nr_cpus);
	uint32_t mode = rnd(&seed) & 1 ? IPCRING_PCQ_BELL_IPI : IPCRING_PCQ_BELL_WAKE;
	int ret = pcq_bell(e->control, cpu, mode, 0);

	if (ret)
		complain("%s: BELL of CPU %u: %s", e->name, cpu, strerror(-ret));
}

static void cycle(void)
{
	uint32_t cpu = 1 + rnd_below(&seed, nr_cpus - 1), other = 0;

	if (!cpu_set_online(cpu, false)) {
		complain("CPU %u does not go offline: %s", cpu, strerror(errno));
		return;
	}
	check_offline(cpu);
	if (nr_cpus > 2 && rnd_below(&seed, 4) == 0)
		other = 1 + cpu % (nr_cpus - 1);
	if (other && !cpu_set_online(other, false))
		other = 0;
	let_pass(rnd_below(&seed, STEP));
	ring_otherwise();
	if (!cpu_set_online(cpu, true))
		complain("CPU %u does not come back: %s", cpu, strerror(errno));
	if (other && !cpu_set_online(other, true))
		complain("CPU %u does not come back: %s", other, strerror(errno));
	let_pass(rnd_below(&seed, STEP));
}

/* The end */

static void join_receivers(const struct ends *e)
{
	for (uint32_t i = 0; i < nr_receivers; i++)
		if (receiver[i].ends == e)
			pthread_join(receiver[i].thread, NULL);
}

/* Senders end, are closed, and so receivers read the end when all is received. */
static void finish(void)
{
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < nr_senders; i++)
		pthread_join(sender[i].thread, NULL);
	ends_close_senders(&mix);
	ends_close_senders(&lanes);
	join_receivers(&mix);
	join_receivers(&lanes);
	for (uint32_t cpu = 1; cpu <= nr_services(); cpu++)
		if (pcq_stop(mix.control, cpu))
			complain("CPU %u's service does not stop", cpu);
	ends_close_senders(&echo);
	join_receivers(&echo);
}

static void same(const struct ends *e, const char *what, uint64_t counted, uint64_t stats)
{
	if (counted != stats)
		complain("%s: %s: %llu, but statistics say %llu", e->name, what,
			 (unsigned long long)counted, (unsigned long long)stats);
}

/* What users counted is what the statistics say; @served: by services. */
static void check_stats(const struct ends *e, uint64_t served)
{
	struct ipcring_pcq_stats s;

	if (pcq_stats(e->control, ANY, &s)) {
		complain("%s: no statistics", e->name);
		return;
	}
	same(e, "sent", e->sent, s.local + s.remote);
	same(e, "received and served", e->received + served, s.received);
	same(e, "refused", e->refused, s.refused);
	same(e, "sent and received", e->sent, s.received);
	printf("# %s: sent %llu (%llu local), refused %llu, received %llu, served %llu, undelivered %llu\n",
	       e->name, s.local + s.remote, s.local, s.refused, s.received, s.served,
	       s.undelivered);
	printf("# %s: doorbells: wake-ups %llu, interrupts %llu, suppressed %llu, coalesced %llu; waits %llu, %llu; fences %llu\n",
	       e->name, s.wakes, s.ipis, s.suppressed, s.coalesced, s.recv_waits, s.send_waits,
	       s.fences);
}

/* Return: messages that were sent and did not arrive. */
static uint64_t missing(void)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < nr_senders; i++) {
		for (uint64_t seq = 0; seq < sender[i].seq; seq++)
			n += !hits[(size_t)i * SEQ_MAX + seq];
		if (hits[(size_t)i * SEQ_MAX + sender[i].seq])
			complain("sender %u: a message more than it has sent", i);
	}
	return n;
}

static void check_all(void)
{
	uint64_t served = STAT(mix.control, ANY, served);
	uint64_t undelivered = STAT(mix.control, ANY, undelivered), lost = missing();

	echo.sent = served - undelivered;
	/* Services are refused by CPUs that are offline, and only so. */
	echo.refused = undelivered;
	check_stats(&mix, served);
	check_stats(&echo, 0);
	check_stats(&lanes, 0);
	if (lost != undelivered)
		complain("%llu messages are lost", (unsigned long long)(lost - undelivered));
	for (uint32_t i = 0; i < nr_senders; i++)
		if (!sender[i].seq)
			complain("sender %u never got one out", i);
}

static int skip(const char *why)
{
	printf("1..0 # SKIP %s\n", why);
	return 4;
}

int main(int argc, char **argv)
{
	uint64_t cycles = argc > 1 ? strtoull(argv[1], NULL, 0) : 60, begin;
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC), ret;

	seed = argc > 2 ? strtoull(argv[2], NULL, 0) : random_seed();
	nr_cpus = cpu_nr_online();
	printf("TAP version 13\n");
	if (dev < 0)
		return skip("no " DEVICE ", or not root");
	if (nr_cpus < 2 || nr_cpus > CPUS_MAX ||
	    access("/sys/devices/system/cpu/cpu1/online", W_OK))
		return skip("2 to 16 CPUs are needed, and the right to take them offline");
	printf("1..1\n# %llu cycles, seed %llu, %u CPUs\n", (unsigned long long)cycles,
	       (unsigned long long)seed, nr_cpus);
	fflush(stdout);
	ret = set_up(dev);
	if (ret) {
		printf("not ok 1 set up: %s\n", strerror(-ret));
		return 1;
	}
	begin = now_ns();
	for (uint64_t i = 0; i < cycles; i++) {
		cycle();
		if (cycles > 100 && i % 100 == 99)
			fprintf(stderr, "# %llu cycles\n", (unsigned long long)i + 1);
	}
	for (uint32_t cpu = 1; cpu <= nr_services(); cpu++)
		check_service(cpu);
	finish();
	check_all();
	printf("# %llu s\n", (unsigned long long)(now_ns() - begin) / 1000000000);
	printf("%sok 1 every message arrived once, in order, or was refused\n",
	       wrong ? "not " : "");
	return !!wrong;
}
