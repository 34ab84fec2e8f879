/* SPDX-License-Identifier: GPL-2.0 */
/* The hostile process of storm.c. It may do anything that it can; nobody else may notice. */
#ifndef SELFTESTS_VANDAL_H
#define SELFTESTS_VANDAL_H

#include "lane.h"
#include "peer.h"
#include "user.h"

#include <sys/time.h>

#define FDS	24
#define MAPS	24

enum action { SCRIBBLE, TRANSFER, IOCTL, MAPPING, REOPEN, STALL, FORK, DIE, ACTIONS };

static const char *const action_name[] = {
	"scribble", "transfer", "ioctl", "mapping", "reopen", "stall", "fork", "die",
};

/*
 * Of 10000 decisions. To scribble is cheap: that decision is BURST steps. With the
 * thread that only transfers, four of five steps are stores into shared words.
 */
#define BURST	16

static const uint16_t action_weight[] = { 8000, 1300, 500, 120, 50, 18, 6, 6 };

/**
 * struct toll - what all vandals of a run have done, in memory that outlives them
 * @steps:	hostile actions so far
 * @limit:	how many there shall be
 * @done:	by kind
 * @over:	the time is up
 */
struct toll {
	uint64_t steps;
	uint64_t limit;
	uint64_t done[ACTIONS];
	bool over;
};

struct view {
	uint8_t *mem;
	size_t len;
};

/**
 * struct vandal - one life
 * @toll:	shared
 * @seed:	its randomness
 * @dev:	/dev/ipcring
 * @name:	channels of others that it may produce for
 * @names:	how many
 * @fd:		whatever it has got hold of, -1: nothing
 * @view:	whatever of it is mapped
 * @edge:	the last bytes before an unmapped page
 * @stall:	a page that holds back who touches it
 * @stall_fd:	endpoint to stall on, -1: none wanted
 */
struct vandal {
	struct toll *toll;
	uint64_t seed;
	int dev;
	const char *const *name;
	int names;
	int fd[FDS];
	struct view view[MAPS];
	uint8_t *edge;
	struct stall stall;
	int stall_fd;
};

/* An open one, if the first few tries find one. */
static inline int any_fd(struct vandal *v)
{
	int fd = -1;

	for (int i = 0; i < 8 && fd < 0; i++) {
		uint32_t slot = rnd_below(&v->seed, FDS + 1);

		fd = slot == FDS ? v->dev : v->fd[slot];
	}
	return fd;
}

/* As likely one that is mapped as one that is not, if most are. */
static inline struct view *any_view(struct vandal *v)
{
	struct view *view = &v->view[rnd_below(&v->seed, MAPS)];

	for (int i = 0; i < 4 && !view->mem; i++)
		view = &v->view[rnd_below(&v->seed, MAPS)];
	return view;
}

static inline void keep_fd(struct vandal *v, int fd)
{
	int *slot = &v->fd[rnd_below(&v->seed, FDS)];

	if (fd < 0)
		return;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	close(*slot);
	*slot = fd;
}

/* Values that matter to the protocol, more often than any others. */
static inline uint64_t nasty(struct vandal *v, uint64_t now)
{
	uint64_t r = rnd(&v->seed);

	switch (r >> 60) {
	case 0 ... 3:
		return now + (r & 31) - 16;
	case 4:
		return 0;
	case 5:
		return ~0ULL - (r & 3);
	case 6:
		return ring_head(now, r & 127);
	case 7 ... 8:
		return ring_head(r & 63, r >> 8 & 127);
	case 9:
		return (r & 0xff) << (r >> 8 & 63);
	case 10:
		return r & 0x1fff & ~7ULL;
	default:
		return r;
	}
}

/* The words of the protocol half the time: what is read-only kills, and is a life's end. */
static inline void scribble_word(struct vandal *v)
{
	struct view *view = any_view(v);
	uint64_t r = rnd(&v->seed), *word;
	size_t off;

	if (!view->mem)
		return;
	off = (r & 1 ? (r >> 8 & 1) * 128 : r >> 16) % view->len & ~7ULL;
	word = (uint64_t *)(view->mem + off);
	__atomic_store_n(word, nasty(v, __atomic_load_n(word, __ATOMIC_RELAXED)),
			 __ATOMIC_RELEASE);
}

static inline void do_scribble(struct vandal *v)
{
	for (int i = 0; i < BURST; i++)
		scribble_word(v);
}

static inline void do_transfer(struct vandal *v, uint64_t *seed)
{
	uint8_t buf[256];
	int fd = v->fd[rnd_below(seed, FDS)];

	switch (rnd_below(seed, 8)) {
	case 0 ... 2:
		memset(buf, rnd(seed), sizeof(buf));
		chan_write(fd, buf, rnd_below(seed, 66));
		break;
	case 3 ... 4:
		chan_read(fd, buf, sizeof(buf));
		break;
	case 5:
		chan_poll(fd, POLLIN | POLLOUT);
		break;
	case 6:
		chan_wait(fd, 0);
		break;
	default:
		chan_wake(fd);
	}
}

/* Pointers of every kind, a channel's own pages among them. */
static inline void *any_pointer(struct vandal *v, uint8_t *buf)
{
	struct view *view = any_view(v);

	switch (rnd_below(&v->seed, 12)) {
	case 0:
		return NULL;
	case 1:
		return v->edge - rnd_below(&v->seed, 128);
	case 2:
		return view->mem ? view->mem + rnd_below(&v->seed, view->len) : NULL;
	case 3:
		return (void *)(0xffff888000000000ULL + rnd_below(&v->seed, 1 << 30));
	case 4:
		return (void *)rnd(&v->seed);
	default:
		return buf;
	}
}

static inline void fill_param(struct vandal *v, uint8_t *buf, size_t size)
{
	static const uint32_t sizes[] = { 0, 4, 16, 24, 32, 56, 64, 80, 88, 112, 4096, 4097 };
	uint32_t word;

	for (size_t i = 0; i < size; i += 4) {
		word = rnd_below(&v->seed, 3) ? 0 : rnd(&v->seed) >> rnd_below(&v->seed, 64);
		memcpy(buf + i, &word, 4);
	}
	word = sizes[rnd_below(&v->seed, ARRAY_LEN(sizes))];
	memcpy(buf, &word, 4);
}

/* What creates a descriptor gives one to keep; those that wait are cut short by a signal. */
static inline void do_ioctl(struct vandal *v)
{
	uint8_t buf[8192];
	unsigned int nr = rnd_below(&v->seed, 13);
	unsigned int cmd = nr < 12 ? _IO(IPCRING_IOC_MAGIC, nr) : (unsigned int)rnd(&v->seed);
	int ret;

	fill_param(v, buf, sizeof(buf));
	ret = errno_or(ioctl(any_fd(v), cmd, any_pointer(v, buf)));
	if (cmd == IPCRING_IOC_CREATE || cmd == IPCRING_IOC_ENDPOINT || cmd == IPCRING_IOC_OPEN)
		keep_fd(v, ret);
}

static inline void view_forget(struct view *view)
{
	if (view->mem)
		munmap(view->mem, view->len);
	view->mem = NULL;
}

static inline void view_map(struct vandal *v)
{
	static const uint64_t region[] = { IPCRING_OFF_PROD, IPCRING_OFF_CONS, IPCRING_OFF_DATA };
	struct view *view = any_view(v);
	uint32_t r = rnd_below(&v->seed, 4);
	uint64_t off = r < 3 ? region[r] : rnd_below(&v->seed, 8) * 4096ULL;
	int fd = any_fd(v), prot = PROT_READ | PROT_WRITE;
	struct ipcring_info info;
	size_t len = 4096;

	/* Others' channels are what it is here for. */
	if (rnd_below(&v->seed, 3) == 0)
		fd = v->fd[rnd_below(&v->seed, v->names)];

	if (r == 2 && chan_info(fd, &info) == 0)
		len = info.data_bytes;
	off += IPCRING_OFF_LANE(rnd_below(&v->seed, 8) ? 0 : rnd_below(&v->seed, 4));
	if (rnd_below(&v->seed, 16) == 0)
		prot = rnd_below(&v->seed, 8);
	view_forget(view);
	view->mem = mmap(NULL, len, prot, rnd_below(&v->seed, 16) ? MAP_SHARED : MAP_PRIVATE,
			 fd, off);
	view->len = len;
	/* Where it cannot write it would only die. */
	if (view->mem == MAP_FAILED || mprotect(view->mem, len, PROT_READ | PROT_WRITE)) {
		if (view->mem != MAP_FAILED)
			munmap(view->mem, len);
		view->mem = NULL;
	}
}

static inline void view_cut(struct vandal *v, struct view *view)
{
	size_t pages = view->len / 4096, cut = 1 + rnd_below(&v->seed, pages);

	if (cut == pages) {
		view_forget(view);
		return;
	}
	munmap(view->mem, cut * 4096);
	view->mem += cut * 4096;
	view->len -= cut * 4096;
}

static inline void view_remap(struct vandal *v, struct view *view)
{
	static const int how[] = { 0, MREMAP_MAYMOVE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP };
	size_t old = rnd_below(&v->seed, 4) ? view->len : 0;
	size_t new = rnd_below(&v->seed, 2) ? view->len : 2 * view->len;
	uint8_t *mem = mremap(view->mem, old, new, how[rnd_below(&v->seed, 3)]);

	if (mem == MAP_FAILED || mem == view->mem)
		return;
	/* What an old size of 0 doubled, and what it left behind. */
	munmap(view->mem, view->len);
	view->mem = mem;
	view->len = new;
}

static inline void do_mapping(struct vandal *v)
{
	static const int advice[] = {
		MADV_NORMAL, MADV_WILLNEED, MADV_DONTNEED, MADV_REMOVE, MADV_DONTFORK, MADV_DOFORK,
		MADV_MERGEABLE, MADV_HUGEPAGE, MADV_DONTDUMP, MADV_DODUMP, MADV_FREE,
		MADV_WIPEONFORK, MADV_COLD, MADV_PAGEOUT, MADV_POPULATE_READ, MADV_POPULATE_WRITE,
	};
	struct view *view = any_view(v);

	if (!view->mem) {
		view_map(v);
		return;
	}
	switch (rnd_below(&v->seed, 8)) {
	case 0:
		view_cut(v, view);
		break;
	case 1:
		view_remap(v, view);
		break;
	case 2 ... 3:
		madvise(view->mem, view->len, advice[rnd_below(&v->seed, ARRAY_LEN(advice))]);
		break;
	case 4:
		mprotect(view->mem, view->len, rnd_below(&v->seed, 8));
		mprotect(view->mem, view->len, PROT_READ | PROT_WRITE);
		break;
	case 5:
		msync(view->mem, view->len, MS_SYNC);
		mlock(view->mem, view->len);
		break;
	case 6:
		view_forget(view);
		break;
	default:
		view_map(v);
	}
}

/* Channels of its own, of every kind, both ends in one hand. */
static inline void make_channel(struct vandal *v)
{
	const bool records = rnd_below(&v->seed, 2);
	const uint32_t trust[] = { 0, 0, IPCRING_CREATE_TRUST_ALL, IPCRING_CREATE_TRUST_NONE };
	int control = CREATE_CHAN(v->dev,
				  .flags = (records ? IPCRING_CREATE_RECORDS : 0) |
					   trust[rnd_below(&v->seed, 4)],
				  .slots = records ? 0 : 1u << rnd_below(&v->seed, 7),
				  .bytes = records ? 4096u << rnd_below(&v->seed, 2) : 0,
				  .msg_size = 1 + rnd_below(&v->seed, 64),
				  .lanes = 1 + rnd_below(&v->seed, 3),
				  .consumers = 1 + rnd_below(&v->seed, 2));

	if (control < 0)
		return;
	keep_fd(v, chan_producer(control, 0));
	keep_fd(v, chan_consumer(control));
	keep_fd(v, chan_endpoint_lane(control, IPCRING_ROLE_PRODUCER, 0, IPCRING_EP_ANY_LANE));
	if (rnd_below(&v->seed, 2))
		keep_fd(v, chan_observer(control));
	keep_fd(v, control);
}

/* A corrupt lane starts afresh once nothing of it is held: let go of all. */
static inline void start_over(struct vandal *v)
{
	for (int i = 0; i < MAPS; i++)
		view_forget(&v->view[i]);
	for (int i = 0; i < FDS; i++) {
		close(v->fd[i]);
		v->fd[i] = -1;
	}
	make_channel(v);
	make_channel(v);
	for (int i = 0; i < v->names; i++) {
		close(v->fd[i]);
		v->fd[i] = chan_open_lane(v->dev, v->name[i], IPCRING_ROLE_PRODUCER, 0,
					  IPCRING_EP_NONBLOCK);
	}
	for (int i = 0; i < 4 * MAPS; i++)
		view_map(v);
}

static inline void do_reopen(struct vandal *v)
{
	int *slot = &v->fd[rnd_below(&v->seed, FDS)];

	switch (rnd_below(&v->seed, 7)) {
	case 0:
		close(*slot);
		*slot = -1;
		break;
	case 1:
		keep_fd(v, dup(any_fd(v)));
		break;
	case 2:
		make_channel(v);
		break;
	case 3:
		start_over(v);
		break;
	case 4:
		keep_fd(v, chan_endpoint_lane(*slot, 1 + rnd_below(&v->seed, 3),
					      rnd_below(&v->seed, 3), 0));
		break;
	default:
		keep_fd(v, chan_open(v->dev, v->name[rnd_below(&v->seed, v->names)],
				     1 + rnd_below(&v->seed, 3)));
	}
}

/* The staller: in its copy until the other thread lets it go, or for ever. */
static inline void *stall_thread(void *arg)
{
	struct vandal *v = arg;

	for (;;) {
		int fd = __atomic_load_n(&v->stall_fd, __ATOMIC_ACQUIRE);

		if (fd < 0) {
			sched_yield();
			continue;
		}
		if (chan_write(fd, v->stall.mem + 4096 - 4, 16) < 0)
			chan_read(fd, v->stall.mem + 4096 - 4, 256);
		madvise(v->stall.mem + 4096, 4096, MADV_DONTNEED);
		__atomic_store_n(&v->stall_fd, -1, __ATOMIC_RELEASE);
	}
	return NULL;
}

static inline void do_stall(struct vandal *v)
{
	int fd = v->fd[rnd_below(&v->seed, FDS)];

	if (v->stall.uffd < 0)
		return;
	if (rnd_below(&v->seed, 2))
		stall_let_go(&v->stall, 0);
	else if (__atomic_load_n(&v->stall_fd, __ATOMIC_ACQUIRE) < 0 && fd >= 0)
		__atomic_store_n(&v->stall_fd, fd, __ATOMIC_RELEASE);
}

/* A child with what MADV_DOFORK gave it, which strikes and dies one way or the other. */
static inline void do_fork(struct vandal *v)
{
	struct view *view = any_view(v);
	pid_t pid;

	if (view->mem)
		madvise(view->mem, view->len, MADV_DOFORK);
	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 8; i++) {
			do_scribble(v);
			do_transfer(v, &v->seed);
		}
		if (rnd_below(&v->seed, 2))
			raise(SIGKILL);
		_exit(0);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static inline void do_die(struct vandal *v)
{
	if (rnd_below(&v->seed, 2))
		raise(SIGKILL);
	_exit(0);
}

static inline void vandal_act(struct vandal *v, enum action a)
{
	static void (*const act[])(struct vandal *v) = {
		[SCRIBBLE] = do_scribble, [IOCTL] = do_ioctl, [MAPPING] = do_mapping,
		[REOPEN] = do_reopen, [STALL] = do_stall, [FORK] = do_fork, [DIE] = do_die,
	};

	if (a == TRANSFER)
		do_transfer(v, &v->seed);
	else
		act[a](v);
}

static inline enum action any_action(uint64_t *seed)
{
	uint32_t r = rnd_below(seed, 10000);
	enum action a = 0;

	while (r >= action_weight[a])
		r -= action_weight[a++];
	return a;
}

static inline bool vandal_step(struct toll *t, enum action a)
{
	uint32_t steps = a == SCRIBBLE ? BURST : 1;

	if (__atomic_load_n(&t->over, __ATOMIC_RELAXED) ||
	    __atomic_load_n(&t->steps, __ATOMIC_RELAXED) >= t->limit)
		return false;
	__atomic_add_fetch(&t->steps, steps, __ATOMIC_RELAXED);
	__atomic_add_fetch(&t->done[a], steps, __ATOMIC_RELAXED);
	return true;
}

/* Beside the scribbling thread, so that a call finds words that change under it. */
static inline void *transfer_thread(void *arg)
{
	struct vandal *v = arg;
	uint64_t seed = v->seed + 1;

	while (vandal_step(v->toll, TRANSFER)) {
		do_transfer(v, &seed);
		for (int i = rnd_below(&seed, 4); i; i--)
			sched_yield();
	}
	return NULL;
}

static inline void on_tick(int sig)
{
}

/* Calls that wait are cut short; SIGSEGV, for a view that is gone, is a death. */
static inline void vandal_setup(struct vandal *v)
{
	struct itimerval tick = { { 0, 2000 }, { 0, 2000 } };
	struct sigaction sa = { .sa_handler = on_tick };
	pthread_t thread;

	for (int i = 0; i < FDS; i++)
		v->fd[i] = -1;
	sigaction(SIGALRM, &sa, NULL);
	v->edge = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(v->edge + 4096, 4096);
	v->edge += 4096;
	v->stall_fd = -1;
	if (stall_open(&v->stall, 1))
		v->stall.uffd = -1;
	start_over(v);
	pthread_create(&thread, NULL, transfer_thread, v);
	pthread_create(&thread, NULL, stall_thread, v);
	setitimer(ITIMER_REAL, &tick, NULL);
}

/* One life. Return: 0, the work is done. */
static inline int vandal_live(struct vandal *v)
{
	static const struct user vandal = { "vandal", 1000, 1000, 1000, 1000,
					    .caps = CAP(SYS_PTRACE) };

	if (user_become(&vandal))
		return 2;
	vandal_setup(v);
	for (;;) {
		enum action a = any_action(&v->seed);

		if (!vandal_step(v->toll, a))
			return 0;
		vandal_act(v, a);
	}
}

#endif /* SELFTESTS_VANDAL_H */
