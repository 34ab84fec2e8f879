// SPDX-License-Identifier: GPL-2.0
/*
 * A hostile peer does what it can, while honest ones on the lanes beside it and on
 * other channels lose nothing.
 *
 *   storm [STEPS [SEED [SECONDS]]]
 *
 * STEPS (100000) hostile steps, or until SECONDS (0: no limit) are over. A step is
 * one hostile action; vandal.h has the mix. The vandal lives as a user of its own,
 * dies, and is replaced. Three channels that are not its own have a lane for it:
 * slots and records in T1, records in T2. Their honest producers number their messages and sign
 * them with a secret: each must arrive once and in order.
 */
#define CHAN_PLAIN
#include "vandal.h"

#define CHANNELS	3
#define LANES		3	/* the first is the vandal's */
#define FLOWS		(CHANNELS * (LANES - 1))

static const char *const name[CHANNELS] = { "storm-slots", "storm-records", "storm-t2" };

struct flow {
	uint64_t sent;
	uint64_t received;
	uint64_t wrong;
};

/**
 * struct storm - the run, in memory of all
 * @toll:	the vandals'
 * @stop:	honest producers end
 * @secret:	known to the honest
 * @flow:	of each honest producer
 * @foreign:	messages of the vandal's that consumers got
 * @corrupt:	times that its lanes became corrupt
 * @lives:	vandals so far
 */
struct storm {
	struct toll toll;
	bool stop;
	uint64_t secret;
	struct flow flow[FLOWS];
	uint64_t foreign;
	uint64_t corrupt;
	uint64_t lives;
};

struct message {
	uint64_t flow;
	uint64_t nr;
	uint64_t sign;
};

static uint64_t sign(const struct storm *s, uint64_t flow, uint64_t nr)
{
	uint64_t state = s->secret ^ nr << 8 ^ flow;

	return rnd(&state);
}

/* The second lane's producer is mapped, where its channel lets it. */
static int produce(struct storm *s, int fd, uint32_t flow, bool mapped)
{
	struct flow *f = &s->flow[flow];
	struct ring r;
	int ret = mapped ? map_lane(fd, 1 + flow % 2, &r) : 0;

	for (uint64_t nr = 0; !ret && !__atomic_load_n(&s->stop, __ATOMIC_ACQUIRE); nr++) {
		struct message m = { flow, nr, sign(s, flow, nr) };

		if (mapped)
			ret = lane_send(fd, &r, &m, sizeof(m));
		else
			ret = chan_write(fd, &m, sizeof(m)) == sizeof(m) ? 0 : -EIO;
		if (!ret)
			__atomic_store_n(&f->sent, nr + 1, __ATOMIC_RELEASE);
		/* Leave the CPU to the others now and then: there are few. */
		if (nr % 16 == 0)
			sched_yield();
	}
	return ret ? 1 : 0;
}

static void account(struct storm *s, const struct message *m, int len)
{
	struct flow *f;

	if (len != sizeof(*m) || m->flow >= FLOWS || m->sign != sign(s, m->flow, m->nr)) {
		s->foreign++;
		return;
	}
	f = &s->flow[m->flow];
	if (m->nr != f->received)
		f->wrong++;
	f->received = m->nr + 1;
}

/* By read(), and from the mapping, for a while each. */
static int consume(struct storm *s, int fd)
{
	static uint64_t buf[64 / 8 + 1];
	struct mapped_cons mc;
	uint64_t seed = s->secret;
	bool mapped = false;
	uint32_t lane;
	int ret;

	if (mapped_open(&mc, fd))
		return 1;
	for (;;) {
		if (rnd_below(&seed, 64) == 0)
			mapped = !mapped;
		ret = mapped ? mapped_recv(&mc, buf, &lane) : chan_read(fd, buf, sizeof(buf));
		if (ret == 0 || ret == -EPIPE)
			return 0;
		if (ret < 0)
			return 2;
		account(s, (struct message *)buf, ret);
	}
}

/* Honest child @i of a channel: its consumer, then its producers. */
static pid_t start_honest(struct storm *s, int control, int chan, int i)
{
	uint32_t flow = chan * (LANES - 1) + i - 1;
	int fd = i ? chan_producer(control, i) : chan_consumer(control);
	pid_t pid;

	if (fd < 0) {
		printf("# %s: no endpoint: %d\n", name[chan], fd);
		return -1;
	}
	pid = fork_child();
	if (pid == 0) {
		close(control);
		_exit(i ? produce(s, fd, flow, chan < 2 && i == 2) : consume(s, fd));
	}
	close(fd);
	return pid;
}

static pid_t start_vandal(struct storm *s, int dev, uint64_t *seed)
{
	struct vandal v = {
		.toll = &s->toll, .seed = rnd(seed), .dev = dev, .name = name, .names = CHANNELS,
	};
	pid_t pid = fork_child();

	if (pid == 0)
		_exit(vandal_live(&v));
	s->lives++;
	return pid;
}

static struct storm *storm;

static void on_alarm(int sig)
{
	storm->toll.over = true;
}

/* Until the steps are done; a vandal's end is its own business. */
static int rage(struct storm *s, int dev, uint64_t seed)
{
	while (!s->toll.over && s->toll.steps < s->toll.limit) {
		uint64_t before = s->toll.steps;
		pid_t pid = start_vandal(s, dev, &seed);
		int status = 0;

		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		if (s->toll.steps == before && WIFEXITED(status) && WEXITSTATUS(status) == 2) {
			printf("# no vandal: it could not become a user\n");
			return 1;
		}
	}
	return 0;
}

static int start_channel(struct storm *s, int dev, int chan, pid_t *pid)
{
	struct ipcring_create p = { .size = sizeof(p), .msg_size = 64, .lanes = LANES,
				    .mode = 0722 };
	int control;

	if (chan == 0) {
		p.slots = 16;
	} else {
		p.flags = IPCRING_CREATE_RECORDS | (chan == 2 ? IPCRING_CREATE_TRUST_NONE : 0);
		p.bytes = 4096;
	}
	name_set(p.name, name[chan]);
	control = chan_create_param(dev, &p);
	for (int i = 0; i < LANES && control >= 0; i++)
		pid[i] = start_honest(s, control, chan, i);
	return control;
}

static void report(const struct storm *s, uint64_t start)
{
	printf("# %llu steps in %llu s, %llu lives, %llu of the vandal's messages received, its lanes corrupt %llu times\n",
	       (unsigned long long)s->toll.steps,
	       (unsigned long long)((now_ns() - start) / 1000000000),
	       (unsigned long long)s->lives, (unsigned long long)s->foreign,
	       (unsigned long long)s->corrupt);
	printf("# mix:");
	for (int a = 0; a < ACTIONS; a++)
		printf(" %s %llu", action_name[a], (unsigned long long)s->toll.done[a]);
	printf("\n");
}

static int check_flows(const struct storm *s)
{
	int failed = 0;

	for (int i = 0; i < FLOWS; i++) {
		const struct flow *f = &s->flow[i];
		bool ok = f->sent && f->sent == f->received && !f->wrong;

		failed += !ok;
		printf("%sok %d %s lane %d: %llu sent, %llu received, %llu out of order\n",
		       ok ? "" : "not ", i + 1, name[i / 2], 1 + i % 2,
		       (unsigned long long)f->sent, (unsigned long long)f->received,
		       (unsigned long long)f->wrong);
	}
	return failed;
}

static int run(struct storm *s, int dev, uint64_t seed)
{
	pid_t pid[CHANNELS][LANES];
	int control[CHANNELS], ret = 0;
	uint64_t start = now_ns();

	for (int c = 0; c < CHANNELS; c++) {
		control[c] = start_channel(s, dev, c, pid[c]);
		if (control[c] < 0) {
			printf("# %s: %d\n", name[c], control[c]);
			return 1;
		}
	}
	ret = rage(s, dev, seed);
	__atomic_store_n(&s->stop, true, __ATOMIC_RELEASE);
	/* The producers end; then the consumers have drained and see the end. */
	for (int i = LANES - 1; i >= 0; i--)
		for (int c = 0; c < CHANNELS; c++) {
			int status = pid[c][i] > 0 ? reap(pid[c][i]) : -1;

			if (status)
				printf("# %s, honest %d: status %d\n", name[c], i, status);
			ret |= status;
		}
	for (int c = 0; c < CHANNELS; c++) {
		struct ipcring_stats stats;

		/* Of no lane but the vandal's. */
		if (!chan_stats(control[c], 0, &stats))
			s->corrupt += stats.corruptions;
		for (int lane = 1; lane < LANES; lane++)
			ret |= chan_stats(control[c], lane, &stats) || stats.corruptions;
	}
	report(s, start);
	return ret;
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : random_seed();
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC), ret;

	printf("TAP version 13\n1..%d\n", FLOWS + 1);
	if (dev < 0 || geteuid() || !(chan_features(dev) & IPCRING_FEAT_NAMES)) {
		for (int i = 0; i <= FLOWS; i++)
			printf("ok %d # SKIP no " DEVICE ", no names, or not root\n", i + 1);
		return 4;
	}
	storm = shared_alloc(sizeof(*storm));
	storm->toll.limit = argc > 1 ? strtoull(argv[1], NULL, 0) : 100000;
	storm->secret = random_seed() << 32 ^ seed ^ getpid();
	printf("# %llu steps, seed %llu\n", (unsigned long long)storm->toll.limit,
	       (unsigned long long)seed);
	signal(SIGALRM, on_alarm);
	if (argc > 3)
		alarm(strtoul(argv[3], NULL, 0));
	fflush(stdout);
	ret = run(storm, dev, seed);
	ret |= check_flows(storm);
	printf("%sok %d all honest peers came to their end\n", ret ? "not " : "", FLOWS + 1);
	return ret != 0;
}
