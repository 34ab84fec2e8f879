// SPDX-License-Identifier: GPL-2.0
/* Mapping rights: one variant a region and role. */
#include "chan.h"

#include <sys/prctl.h>

#define SLOTS		64
#define DATA_BYTES	(2 * 4096)	/* 64 slots of 128 bytes */

FIXTURE(mmap) {
	struct chan c;
	int fd;
	void *mem;
};

FIXTURE_VARIANT(mmap) {
	uint32_t role;
	uint64_t offset;
	size_t len;
	bool writable;
};

#define VARIANT(name, r, o, l, w) \
	FIXTURE_VARIANT_ADD(mmap, name) { \
		.role = IPCRING_ROLE_##r, .offset = IPCRING_OFF_##o, .len = l, .writable = w }

VARIANT(producer_prod, PRODUCER, PROD, 4096, true);
VARIANT(producer_cons, PRODUCER, CONS, 4096, false);
VARIANT(producer_data, PRODUCER, DATA, DATA_BYTES, true);
VARIANT(consumer_prod, CONSUMER, PROD, 4096, false);
VARIANT(consumer_cons, CONSUMER, CONS, 4096, true);
VARIANT(consumer_data, CONSUMER, DATA, DATA_BYTES, false);

FIXTURE_SETUP(mmap)
{
	OPEN_CHAN(&self->c, SLOTS, 120);
	self->fd = variant->role == IPCRING_ROLE_PRODUCER ? self->c.prod : self->c.cons;
	self->mem = map_region(self->fd, PROT_READ, variant->offset, variant->len);
	ASSERT_NE(MAP_FAILED, self->mem);
}

FIXTURE_TEARDOWN(mmap)
{
	chan_close(&self->c);
}

static int try_map(int fd, int prot, int flags, uint64_t offset, size_t len)
{
	void *mem = mmap(NULL, len, prot, flags, fd, offset);

	if (mem == MAP_FAILED)
		return -errno;
	munmap(mem, len);
	return 0;
}

TEST_F(mmap, private)
{
	EXPECT_EQ(-EINVAL, try_map(self->fd, PROT_READ, MAP_PRIVATE,
				   variant->offset, variant->len));
	EXPECT_EQ(-EINVAL, try_map(self->fd, PROT_READ | PROT_WRITE, MAP_PRIVATE,
				   variant->offset, variant->len));
}

TEST_F(mmap, wrong_length)
{
	EXPECT_EQ(-EINVAL, try_map(self->fd, PROT_READ, MAP_SHARED,
				   variant->offset, variant->len + 4096));
	EXPECT_EQ(-EINVAL, try_map(self->fd, PROT_READ, MAP_SHARED,
				   variant->offset, variant->len * 1024));
	if (variant->len > 4096)
		EXPECT_EQ(-EINVAL, try_map(self->fd, PROT_READ, MAP_SHARED,
					   variant->offset, variant->len - 4096));
}

TEST_F(mmap, wrong_offset)
{
	EXPECT_EQ(-EINVAL, try_map(self->fd, PROT_READ, MAP_SHARED,
				   variant->offset + 4096, variant->len));
	EXPECT_EQ(-EINVAL, try_map(self->fd, PROT_READ, MAP_SHARED,
				   variant->offset + (4ULL << 32), variant->len));
	EXPECT_EQ(-EINVAL, try_map(self->fd, PROT_READ, MAP_SHARED,
				   1ULL << 62, variant->len));
}

TEST_F(mmap, writable_only_for_the_owner)
{
	EXPECT_EQ(variant->writable ? 0 : -EACCES,
		  try_map(self->fd, PROT_READ | PROT_WRITE, MAP_SHARED,
			  variant->offset, variant->len));
	EXPECT_EQ(variant->writable ? 0 : -EACCES,
		  try_map(self->fd, PROT_WRITE, MAP_SHARED, variant->offset, variant->len));
}

TEST_F(mmap, never_writable_later)
{
	int ret = errno_or(mprotect(self->mem, variant->len, PROT_READ | PROT_WRITE));

	EXPECT_EQ(variant->writable ? 0 : -EACCES, ret);
}

/* ptrace and /proc/PID/mem write where the page tables do not allow it. */
TEST_F(mmap, never_writable_by_force)
{
	int fd = open("/proc/self/mem", O_RDWR);
	ssize_t ret;

	ASSERT_LE(0, fd);
	ret = pwrite(fd, "x", 1, (uintptr_t)self->mem);
	EXPECT_EQ(-EIO, errno_or(ret));
	EXPECT_EQ(0, *(volatile char *)self->mem);
	close(fd);
}

TEST_F(mmap, never_executable)
{
	EXPECT_EQ(-EPERM, try_map(self->fd, PROT_READ | PROT_EXEC, MAP_SHARED,
				  variant->offset, variant->len));
	EXPECT_EQ(-EACCES, errno_or(mprotect(self->mem, variant->len, PROT_READ | PROT_EXEC)));
}

TEST_F(mmap, cannot_grow)
{
	void *mem = mremap(self->mem, variant->len, variant->len * 2, MREMAP_MAYMOVE);

	EXPECT_EQ(MAP_FAILED, mem);
	EXPECT_EQ(EFAULT, errno);
}

TEST_F(mmap, can_move_and_be_cut)
{
	char *mem = mmap(NULL, variant->len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, mem);
	ASSERT_EQ(mem, mremap(self->mem, variant->len, variant->len,
			      MREMAP_MAYMOVE | MREMAP_FIXED, mem));
	EXPECT_EQ(0, *(volatile char *)mem);
	EXPECT_EQ(0, munmap(mem, 4096));
	if (variant->len > 4096)
		EXPECT_EQ(0, mem[4096]);
}

TEST_F(mmap, is_shared_memory)
{
	volatile uint8_t *a, *b;

	if (!variant->writable)
		return;
	a = map_region(self->fd, PROT_READ | PROT_WRITE, variant->offset, variant->len);
	ASSERT_NE(MAP_FAILED, a);
	b = map_region(self->fd == self->c.prod ? self->c.cons : self->c.prod, PROT_READ,
		       variant->offset, variant->len);
	ASSERT_NE(MAP_FAILED, b);
	a[variant->len - 1] = 0x5a;
	EXPECT_EQ(0x5a, b[variant->len - 1]);
}

/* Fresh pages hold nothing of anyone's, and no sleeper. */
TEST_F(mmap, starts_clean)
{
	const struct ipcring_side *side = self->mem;
	const uint8_t *bytes = self->mem;

	for (size_t i = 0; i < variant->len; i++)
		if (variant->offset == IPCRING_OFF_DATA ||
		    i - offsetof(struct ipcring_side, event) >= sizeof(side->event))
			ASSERT_EQ(0, bytes[i]);
	if (variant->offset != IPCRING_OFF_DATA)
		EXPECT_EQ(~0ULL, side->event);
}

TEST_F(mmap, not_in_a_core_dump)
{
	char line[512], *flags = NULL;
	bool here = false;
	FILE *f = fopen("/proc/self/smaps", "r");

	ASSERT_NE(NULL, f);
	while (!flags && fgets(line, sizeof(line), f)) {
		unsigned long start;

		if (sscanf(line, "%lx-", &start) == 1 && strchr(line, '-') && line[0] != 'V')
			here = start == (unsigned long)self->mem;
		if (here && !strncmp(line, "VmFlags:", 8))
			flags = line;
	}
	ASSERT_NE(NULL, flags);
	EXPECT_NE(NULL, strstr(flags, " dd"));
	EXPECT_NE(NULL, strstr(flags, " de"));
	EXPECT_NE(NULL, strstr(flags, " dc"));
	EXPECT_EQ(NULL, strstr(flags, " me"));
	EXPECT_EQ(variant->writable, !!strstr(flags, " mw"));
	fclose(f);
}

TEST_F(mmap, not_inherited_over_fork)
{
	pid_t pid = fork();

	if (pid == 0) {
		/* The harness's own handlers stay out of it. */
		signal(SIGSEGV, SIG_DFL);
		prctl(PR_SET_DUMPABLE, 0);
		_exit(*(volatile char *)self->mem);
	}
	EXPECT_EQ(128 + SIGSEGV, reap(pid));
}

TEST_F(mmap, outlives_its_fds)
{
	chan_close(&self->c);
	EXPECT_EQ(0, *(volatile char *)self->mem);
	self->c = (struct chan){ -1, -1, -1, -1 };
}

TEST_HARNESS_MAIN
