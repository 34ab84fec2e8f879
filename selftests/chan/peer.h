/* SPDX-License-Identifier: GPL-2.0 */
/* What tests with several processes need: shared words, a seeded generator, stalls. */
#ifndef SELFTESTS_PEER_H
#define SELFTESTS_PEER_H

#include "chan.h"

#include <linux/userfaultfd.h>
#include <sys/prctl.h>
#include <sys/random.h>

/* splitmix64: a word of state, and any seed is as good as another. */
static inline uint64_t rnd(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static inline uint32_t rnd_below(uint64_t *state, uint32_t n)
{
	return rnd(state) % n;
}

/* A number from the environment, or @def. */
static inline uint64_t env_number(const char *name, uint64_t def)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : def;
}

/* A young guest has no entropy yet, but a clock. */
static inline uint64_t random_seed(void)
{
	uint32_t seed;

	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
		seed = now_ns();
	return seed;
}

static inline void *shared_alloc(size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

/* A child that does not outlive its parent. */
static inline pid_t fork_child(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(0);
	}
	return pid;
}

/**
 * struct stall - pages whose first access waits until somebody lets it go on
 * @uffd:	holds them back
 * @mem:	an ordinary page, then @nr held back
 * @nr:		how many
 */
struct stall {
	int uffd;
	char *mem;
	size_t nr;
};

static inline int stall_open(struct stall *s, size_t nr)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	s->nr = nr;
	s->uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (s->uffd < 0)
		return -errno;
	if (ioctl(s->uffd, UFFDIO_API, &api))
		return -errno;
	s->mem = mmap(NULL, (nr + 1) * 4096, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (s->mem == MAP_FAILED)
		return -errno;
	reg.range.start = (uintptr_t)s->mem + 4096;
	reg.range.len = nr * 4096;
	return errno_or(ioctl(s->uffd, UFFDIO_REGISTER, &reg));
}

/* Over a page of zeroes. */
static inline int stall_let_go(struct stall *s, size_t page)
{
	struct uffdio_zeropage zero = {
		.range = { (uintptr_t)s->mem + 4096 * (page + 1), 4096 },
	};

	return errno_or(ioctl(s->uffd, UFFDIO_ZEROPAGE, &zero));
}

static inline void stall_close(struct stall *s)
{
	close(s->uffd);
	munmap(s->mem, (s->nr + 1) * 4096);
}

#endif /* SELFTESTS_PEER_H */
