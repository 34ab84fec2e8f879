// SPDX-License-Identifier: GPL-2.0
/* Shared memory of all kinds: made, mapped, removed. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>
#include "shm_back.h"

/* Open what has a name; with O_CREAT, make it. -1 and errno. */
static int shm_back_open(const struct shm_back *b, int create)
{
	const int flags = O_RDWR | O_CLOEXEC | create;

	return b->kind == SHM_BACK_POSIX ? shm_open(b->name.text, flags, 0600) :
					   open(b->name.text, flags, 0600);
}

static int shm_back_map(struct shm_back *b, int fd)
{
	void *mem = mmap(NULL, b->len, PROT_READ | PROT_WRITE,
			 MAP_SHARED | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);

	if (mem == MAP_FAILED)
		return -errno;
	b->mem = mem;
	return 0;
}

static int shm_back_map_sysv(struct shm_back *b, int flags)
{
	int id = shmget(b->name.key, flags ? b->len : 0, flags);
	void *mem = id < 0 ? (void *)-1 : shmat(id, NULL, 0);

	if (mem == (void *)-1)
		return -errno;
	b->mem = mem;
	return 0;
}

/* Who can make it shorter can have the other side killed by SIGBUS. */
static int shm_back_size(const struct shm_back *b, int fd)
{
	if (ftruncate(fd, (off_t)b->len))
		return -errno;
	return b->kind == SHM_BACK_MEMFD &&
	       fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) ? -errno : 0;
}

static int shm_back_create_fd(struct shm_back *b)
{
	int fd = b->kind == SHM_BACK_MEMFD ? shm_back_memfd() : shm_back_open(b, O_CREAT | O_EXCL);
	int ret = fd < 0 ? -errno : shm_back_size(b, fd);

	if (!ret)
		ret = shm_back_map(b, fd);
	if (b->kind == SHM_BACK_MEMFD)
		b->fd = fd;
	else if (fd >= 0)
		close(fd);
	return ret;
}

int shm_back_create(struct shm_back *b, enum shm_back_kind kind, size_t len)
{
	static const enum names_kind names[] = {
		[SHM_BACK_SYSV] = NAMES_SEGMENT, [SHM_BACK_POSIX] = NAMES_SHM,
		[SHM_BACK_FILE] = NAMES_PATH,
	};
	int ret = 0;

	*b = (struct shm_back){ .kind = kind, .fd = -1, .len = len };
	if (kind == SHM_BACK_ANON)
		return shm_back_map(b, -1);
	if (kind != SHM_BACK_MEMFD)
		ret = names_make(names[kind], &b->name);
	if (ret)
		return ret;
	return kind == SHM_BACK_SYSV ? shm_back_map_sysv(b, IPC_CREAT | IPC_EXCL | 0600) :
				       shm_back_create_fd(b);
}

static void shm_back_unmap(struct shm_back *b)
{
	if (b->mem && b->kind == SHM_BACK_SYSV)
		shmdt(b->mem);
	else if (b->mem)
		munmap(b->mem, b->len);
	b->mem = NULL;
}

void shm_back_ready(struct shm_back *b)
{
	if (b->kind != SHM_BACK_ANON)
		shm_back_unmap(b);
}

static int shm_back_attach_fd(struct shm_back *b)
{
	int fd = b->kind == SHM_BACK_MEMFD ? b->fd : shm_back_open(b, 0);
	int ret;

	if (fd < 0)
		return b->kind == SHM_BACK_MEMFD ? -EBADF : -errno;
	ret = shm_back_map(b, fd);
	close(fd);
	b->fd = -1;
	return ret;
}

int shm_back_attach(struct shm_back *b)
{
	int ret = 0;

	if (b->kind == SHM_BACK_SYSV)
		ret = shm_back_map_sysv(b, 0);
	else if (b->kind != SHM_BACK_ANON)
		ret = shm_back_attach_fd(b);
	if (ret)
		return ret;
	return b->mem ? shm_back_populate(b->mem, b->len) : -EBADF;
}

int shm_back_populate(void *at, size_t len)
{
	if (!madvise(at, len, MADV_POPULATE_WRITE) || errno == EINVAL)
		return 0;
	return errno == EFAULT ? -ENOSPC : -errno;
}

void shm_back_leave(struct shm_back *b)
{
	shm_back_unmap(b);
	if (b->kind == SHM_BACK_MEMFD && b->fd >= 0) {
		close(b->fd);
		b->fd = -1;
	}
}

void shm_back_close(struct shm_back *b)
{
	shm_back_leave(b);
	names_drop(&b->name);
}
