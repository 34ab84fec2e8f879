// SPDX-License-Identifier: GPL-2.0
/*
 * kill -9 of the producer, the consumer or both at random points of every path.
 *
 *   kill [POINTS [SEED]]
 *
 * What a sender has called sent is committed: it must be received exactly once and
 * in order. What it was about to send may be. Afterwards the lane must work again
 * and nothing may be left: channels are made by a user whose quota is what one round
 * needs. The kinds of points:
 *
 *   step   stopped wherever it was, then single-stepped a random number of times:
 *          any instruction of a mapped side, any system call of the others
 *   run    as soon as it has sent or received a random number of messages
 *   sleep  while it waits for a peer that was stopped
 *   copy   within the kernel's copy, on a page that userfaultfd holds back
 */
#define CHAN_PLAIN
#include "victim.h"
#include "user.h"

#include <sys/ptrace.h>

#define SLOTS	8
#define LANES	3

enum kind { STEP, RUN, SLEEP, COPY, KINDS };
enum who { SENDER, RECEIVER, BOTH, WHOS };

static const char *const kind_name[] = { "step", "run", "sleep", "copy" };
static const char *const who_name[] = { "sender", "receiver", "both" };

/**
 * struct path - one way to move messages
 * @name:	for the report
 * @create:	the channel
 * @feature:	that the module must have
 */
struct path {
	const char *name;
	struct ipcring_create create;
	uint64_t feature;
	bool mapped_send;
	bool mapped_recv;
	bool uring;
	bool call;
};

#define RECORDS	.flags = IPCRING_CREATE_RECORDS, .bytes = 4096

static const struct path paths[] = {
	{ "write, read", { .slots = SLOTS }, 0 },
	{ "mapped", { .slots = SLOTS }, 0, true, true },
	{ "mapped, read", { .slots = SLOTS }, 0, true, false },
	{ "write, mapped", { .slots = SLOTS }, 0, false, true },
	{ "records", { RECORDS }, IPCRING_FEAT_RECORDS },
	{ "records, mapped", { RECORDS }, IPCRING_FEAT_RECORDS, true, true },
	{ "lanes", { .slots = SLOTS, .lanes = LANES }, IPCRING_FEAT_LANES },
	{ "lanes, mapped", { .slots = SLOTS, .lanes = LANES }, IPCRING_FEAT_LANES, true, true },
	{ "shared", { .slots = SLOTS, .consumers = 4 }, IPCRING_FEAT_LANES },
	{ "shared, mapped", { RECORDS, .consumers = 4 }, IPCRING_FEAT_LANES, true, true },
	{ "io_uring", { .slots = SLOTS }, 0, .uring = true },
	{ "CALL", { .slots = SLOTS }, IPCRING_FEAT_CALL, .call = true },
};

/**
 * struct round - one kill
 * @state:	of the generator when it began
 * @control:	the channel, and with CALL that of the answers
 * @v:		the two sides
 * @pid:	their processes
 * @s:		what they show
 */
struct round {
	const struct path *path;
	uint64_t *seed;
	uint64_t state;
	enum kind kind;
	enum who who;
	int dev;
	int control[2];
	int fd[2];
	int answer[2];
	pid_t pid[2];
	struct shown *s;
};

static uint64_t (*count)[WHOS];	/* by kind, in memory of all */
static const char *stage = "start";

static const struct round *now;	/* that of this process */

/* The end of a path: the victims that are left die with this process. */
static void must(bool ok, int line, const char *what)
{
	const struct shown *s = now->s;

	if (ok)
		return;
	printf("# kill.c:%d: %s\n", line, what);
	printf("# %s: state %#llx, %s, %s, at %s: intent %llu done %llu taken %llu wrong %llu\n",
	       now->path->name, (unsigned long long)now->state, kind_name[now->kind],
	       who_name[now->who], stage, (unsigned long long)s->intent,
	       (unsigned long long)s->done, (unsigned long long)s->taken,
	       (unsigned long long)s->wrong);
	fflush(stdout);
	_exit(1);
}

#define MUST(x)	must(x, __LINE__, #x)

static uint64_t get(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

/* What a dead io_uring held is given back by a kernel thread, soon. */
static bool not_yet(const struct round *r, int ret)
{
	if (!r->path->uring || (ret != -EDQUOT && ret != -EBUSY))
		return false;
	sched_yield();
	return true;
}

static int create(const struct round *r)
{
	struct ipcring_create p = r->path->create;
	int fd;

	p.size = sizeof(p);
	p.msg_size = MSG_MAX;
	do
		fd = chan_create_param(r->dev, &p);
	while (not_yet(r, fd));
	return fd;
}

static int endpoint(const struct round *r, uint32_t role)
{
	int fd;

	do
		fd = chan_endpoint(r->control[0], role, 0);
	while (not_yet(r, fd));
	return fd;
}

static void open_round(struct round *r)
{
	memset(r->control, -1, sizeof(r->control));
	memset(r->answer, -1, sizeof(r->answer));
	r->control[0] = create(r);
	MUST(r->control[0] >= 0);
	r->fd[SENDER] = chan_producer(r->control[0], 0);
	r->fd[RECEIVER] = chan_consumer(r->control[0]);
	MUST(r->fd[SENDER] >= 0 && r->fd[RECEIVER] >= 0);
	if (!r->path->call)
		return;
	r->control[1] = create(r);
	MUST(r->control[1] >= 0);
	r->answer[SENDER] = chan_consumer(r->control[1]);
	r->answer[RECEIVER] = chan_producer(r->control[1], 0);
	MUST(r->answer[SENDER] >= 0 && r->answer[RECEIVER] >= 0);
}

static void close_fds(int *fd)
{
	for (int i = 0; i < 2; i++) {
		if (fd[i] >= 0)
			close(fd[i]);
		fd[i] = -1;
	}
}

/* A side in a process of its own, with its endpoints and no other; it stops first. */
static pid_t start(struct round *r, enum who side)
{
	struct victim v = {
		.fd = r->fd[side], .fd2 = r->answer[side], .uring = r->path->uring,
		.mapped = side == SENDER ? r->path->mapped_send : r->path->mapped_recv,
		.call = r->path->call, .s = r->s,
	};
	bool victim = r->who == side || r->who == BOTH;
	pid_t pid = fork_child();

	if (pid)
		return pid;
	close_fds(r->control);
	close(r->fd[!side]);
	close(r->answer[!side]);
	v.stalls = victim && r->kind == COPY;
	if (victim && r->kind == STEP) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
	}
	_exit(victim_run(&v, side == SENDER));
}

static void start_both(struct round *r)
{
	memset(r->s, 0, sizeof(*r->s));
	r->s->stall_at = r->kind == COPY ? rnd_below(r->seed, 40) : NEVER;
	for (int side = 0; side < 2; side++) {
		r->pid[side] = start(r, side);
		MUST(r->pid[side] > 0);
	}
	close_fds(r->fd);
	close_fds(r->answer);
}

static uint64_t progress(const struct round *r, enum who side)
{
	return get(side == SENDER ? &r->s->done : &r->s->taken);
}

/* Off its CPU in a call that waits for the peer. */
static bool asleep(pid_t pid)
{
	return task_blocked_in(pid, SYS_read) || task_blocked_in(pid, SYS_write) ||
	       task_blocked_in(pid, SYS_ioctl) || task_blocked_in(pid, SYS_io_uring_enter);
}

static bool ended(pid_t pid)
{
	siginfo_t si = { .si_pid = 0 };

	return waitid(P_PID, pid, &si, WEXITED | WNOHANG | WNOWAIT) == 0 && si.si_pid;
}

static void let_run(const struct round *r, enum who side, uint64_t messages)
{
	while (progress(r, side) < messages && !ended(r->pid[side])) {
		if (get(&r->s->stalled) || (r->who == BOTH && asleep(r->pid[side])))
			break;
		sched_yield();
	}
}

/* Until it stops; false: it sleeps in a call, or has ended, which is left to be seen. */
static bool stepped(pid_t pid)
{
	for (int spin = 1;; spin++) {
		siginfo_t si = { .si_pid = 0 };
		int status;

		waitid(P_PID, pid, &si, WSTOPPED | WEXITED | WNOHANG | WNOWAIT);
		if (si.si_pid) {
			if (si.si_code != CLD_TRAPPED && si.si_code != CLD_STOPPED)
				return false;
			return waitpid(pid, &status, WUNTRACED | WNOHANG) == pid;
		}
		if (spin % 64 == 0 && asleep(pid))
			return false;
		sched_yield();
	}
}

static void kill_step(struct round *r, enum who side)
{
	pid_t pid = r->pid[side];
	uint32_t steps = rnd_below(r->seed, 300);

	if (!stepped(pid))
		return;
	/* Then go on from wherever a stop finds it, with whatever is in the ring. */
	ptrace(PTRACE_CONT, pid, 0, 0);
	let_run(r, side, rnd_below(r->seed, 60));
	kill(pid, SIGSTOP);
	if (!stepped(pid))
		return;
	while (steps--) {
		if (ptrace(PTRACE_SINGLESTEP, pid, 0, 0) || !stepped(pid))
			return;
	}
}

static void kill_asleep(struct round *r, enum who side)
{
	pid_t peer = r->pid[!side];
	int status;

	let_run(r, side, rnd_below(r->seed, 60));
	if (r->who != BOTH && kill(peer, SIGSTOP) == 0)
		waitpid(peer, &status, WUNTRACED);
	while (!asleep(r->pid[side]) && !ended(r->pid[side]))
		sched_yield();
}

static void kill_copying(struct round *r, enum who side)
{
	/* A mapped side copies by itself; the other may be first to stall. */
	while (!get(&r->s->stalled) && !ended(r->pid[side]) && progress(r, side) < 60) {
		if (asleep(r->pid[side]) && asleep(r->pid[!side]))
			return;
		sched_yield();
	}
	while (get(&r->s->stalled) && !asleep(r->pid[side]) && !ended(r->pid[side]))
		sched_yield();
}

static void kill_one(struct round *r, enum who side)
{
	switch (r->kind) {
	case STEP:
		kill_step(r, side);
		break;
	case RUN:
		let_run(r, side, rnd_below(r->seed, 60));
		break;
	case SLEEP:
		kill_asleep(r, side);
		break;
	default:
		kill_copying(r, side);
	}
	kill(r->pid[side], SIGKILL);
	if (r->kind == SLEEP)
		kill(r->pid[!side], SIGCONT);
}

static int end_of(pid_t pid)
{
	int status;

	do {
		if (waitpid(pid, &status, 0) != pid)
			return -1;
	} while (WIFSTOPPED(status));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* A survivor goes on to the end by itself and says 0. */
static void reap_both(struct round *r)
{
	for (int side = 0; side < 2; side++) {
		bool victim = r->who == side || r->who == BOTH;
		int status = end_of(r->pid[side]);

		MUST(victim || status == 0);
		/* The other one's end may have come first. */
		MUST(!victim || status == 128 + SIGKILL || status == 0);
	}
	MUST(r->s->wrong == 0);
}

/* What the dead left: in order, from the first that is not accounted for. */
static void drain(struct round *r, uint64_t *next)
{
	uint64_t msg[MSG_MAX / 8 + 1], taken = r->s->taken;
	int cons = endpoint(r, IPCRING_ROLE_CONSUMER);
	struct ipcring_info info;
	bool first = true;

	MUST(cons >= 0);
	MUST(chan_info(cons, &info) == 0);
	*next = taken;
	for (;; first = false, (*next)++) {
		int ret = chan_read(cons, msg, sizeof(msg));

		if (ret == 0)
			break;
		MUST(ret > 0);
		/* Taken, and dead before it could say so. */
		if (first && msg[0] == taken + 1 && !(r->s->stalled & RECEIVER_STALLS))
			(*next)++;
		MUST(msg_is(msg, ret, *next));
		MUST(!first || !info.slots || info.cons_pos == *next);
	}
	if (first && info.slots)
		*next = info.cons_pos;
	MUST(!first || !(r->s->stalled & RECEIVER_STALLS) || *next == taken);
	MUST(*next >= taken && *next <= taken + (r->s->intent - taken));
	close(cons);
}

static void check_received(struct round *r)
{
	uint64_t next = r->s->taken;
	bool unsaid = r->who != SENDER;

	if (r->who != SENDER)
		drain(r, &next);
	/* Without positions that count messages: the last may be taken and unsaid. */
	if (next + 1 == r->s->done && unsaid && !r->path->create.slots &&
	    !(r->s->stalled & RECEIVER_STALLS))
		next++;
	MUST(r->s->done <= next);
	MUST(next <= r->s->intent);
	/* Whose copy stalled for ever has neither sent nor taken that message. */
	MUST(!(r->s->stalled & SENDER_STALLS) || next == r->s->stall_at);
	MUST(!(r->s->stalled & RECEIVER_STALLS) || r->s->taken == r->s->stall_at);
}

/* A new pair goes on where the dead ended, on both ways. */
static void check_reusable(struct round *r)
{
	struct mapped_cons mc;
	struct ring ring;
	uint64_t msg[4];
	uint32_t lane;
	int prod = endpoint(r, IPCRING_ROLE_PRODUCER);
	int cons = endpoint(r, IPCRING_ROLE_CONSUMER);

	MUST(prod >= 0 && cons >= 0);
	MUST(map_lane(prod, 0, &ring) == 0 && mapped_open(&mc, cons) == 0);
	MUST(chan_wake(prod) == 0);
	MUST(chan_wait(cons, 0) == -ETIMEDOUT);
	for (uint64_t i = 0; i < 3 * SLOTS; i++) {
		if (i & 1)
			MUST(chan_write(prod, &i, 8) == 8);
		else
			MUST(lane_send(prod, &ring, &i, 8) == 0);
		if (i & 2)
			MUST(chan_read(cons, msg, sizeof(msg)) == 8);
		else
			MUST(mapped_recv(&mc, msg, &lane) == 8);
		MUST(msg[0] == i);
	}
	unmap_lane(&ring);
	mapped_close(&mc);
	close(prod);
	close(cons);
}

static void run_round(struct round *r)
{
	stage = "open";
	open_round(r);
	stage = "start";
	start_both(r);
	stage = "kill";
	if (r->who == BOTH) {
		enum who first = rnd_below(r->seed, 2);

		kill_one(r, first);
		stage = "kill the other";
		kill_one(r, !first);
	} else {
		kill_one(r, r->who);
	}
	stage = "end of the survivor";
	reap_both(r);
	stage = "drain";
	check_received(r);
	stage = "reuse";
	check_reusable(r);
	close_fds(r->control);
	count[r->kind][r->who]++;
}

/* Name what hangs; the time is far beyond what a round takes anywhere. */
static void on_alarm(int sig)
{
	static const char text[] = "# a round hangs\n";

	(void)!write(STDOUT_FILENO, text, sizeof(text) - 1);
	(void)!write(STDOUT_FILENO, stage, strlen(stage));
	_exit(99);
}

static int run_path(const struct path *path, int dev, uint64_t seed, uint32_t points)
{
	struct round r = { .path = path, .dev = dev, .seed = &seed,
			   .s = shared_alloc(sizeof(struct shown)) };

	now = &r;
	for (uint32_t i = 0; i < points; i++) {
		r.state = seed;
		r.kind = rnd_below(&seed, KINDS);
		r.who = rnd_below(&seed, WHOS);
		alarm(120);
		run_round(&r);
	}
	alarm(0);
	return 0;
}

/* As the user with the quota; CAP_SYS_PTRACE is for userfaultfd and /proc. */
static int path_child(const struct path *path, int dev, uint64_t seed, uint32_t points)
{
	static const struct user user = { "victim", 1000, 1000, 1000, 1000,
					  .caps = CAP(SYS_PTRACE) };
	pid_t pid = fork();
	int ret;

	if (pid)
		return reap(pid);
	signal(SIGALRM, on_alarm);
	if (user_become(&user) || prctl(PR_SET_DUMPABLE, 1))
		_exit(98);
	ret = run_path(path, dev, seed, points);
	fflush(stdout);
	_exit(ret);
}

/* The module's own references: whoever died gave back theirs, if late. */
static bool refcount_back(long before)
{
	for (int i = 0; i < 1000000; i++) {
		if (module_refcount() == before)
			return true;
		sched_yield();
	}
	printf("# module refcount %ld, was %ld\n", module_refcount(), before);
	return false;
}

static int run_all(int dev, uint32_t points, uint64_t seed)
{
	const uint64_t features = chan_features(dev);
	long refs = module_refcount();
	int failed = 0;

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		uint32_t n = points * (i + 1) / ARRAY_LEN(paths) - points * i / ARRAY_LEN(paths);
		const struct path *p = &paths[i];
		int ret;

		if (p->feature & ~features) {
			printf("ok %zu %s # SKIP this module does not know it\n", i + 1, p->name);
			continue;
		}
		write_file(MODULE_PARAM("max_user_channels"), p->call ? "2" : "1");
		fflush(stdout);
		ret = path_child(p, dev, seed + i, n);
		if (ret)
			printf("# result %d\n", ret);
		if (ret || !refcount_back(refs)) {
			failed++;
			printf("not ");
		}
		printf("ok %zu %s: %u points\n", i + 1, p->name, n);
	}
	return failed;
}

static void print_counts(void)
{
	for (int k = 0; k < KINDS; k++)
		printf("# %-6s: sender %llu, receiver %llu, both %llu\n", kind_name[k],
		       (unsigned long long)count[k][0], (unsigned long long)count[k][1],
		       (unsigned long long)count[k][2]);
}

int main(int argc, char **argv)
{
	uint32_t points = argc > 1 ? strtoul(argv[1], NULL, 0) : 120;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : random_seed();
	char old[32] = "";
	int dev, failed;

	printf("TAP version 13\n1..%zu\n# %u points, seed %llu\n", ARRAY_LEN(paths), points,
	       (unsigned long long)seed);
	dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	read_file(MODULE_PARAM("max_user_channels"), old, sizeof(old));
	if (dev < 0 || geteuid()) {
		for (size_t i = 0; i < ARRAY_LEN(paths); i++)
			printf("ok %zu # SKIP no " DEVICE ", or not root\n", i + 1);
		return 4;
	}
	count = shared_alloc(KINDS * sizeof(*count));
	failed = run_all(dev, points, seed);
	write_file(MODULE_PARAM("max_user_channels"), old);
	print_counts();
	return failed != 0;
}
