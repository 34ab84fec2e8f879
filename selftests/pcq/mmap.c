// SPDX-License-Identifier: GPL-2.0
/* Mappings: one variant a region and role. Whole, shared, of the queue that is bound. */
#include "map.h"

#include <sys/prctl.h>

#define SLOTS		64
#define DATA_BYTES	(2 * 4096)	/* 64 slots of 128 bytes */
#define CPU		1u

FIXTURE(mmap) {
	struct set s;
	int fd;
	uint64_t offset;
	uint32_t cpus;
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
		.role = IPCRING_PCQ_##r, .offset = IPCRING_PCQ_OFF_##o, .len = l, .writable = w }

VARIANT(sender_state, SENDER, STATE, 4096, false);
VARIANT(sender_prod, SENDER, PROD, 4096, true);
VARIANT(sender_cons, SENDER, CONS, 4096, false);
VARIANT(sender_local, SENDER, LOCAL, DATA_BYTES, true);
VARIANT(receiver_state, RECEIVER, STATE, 4096, false);
VARIANT(receiver_prod, RECEIVER, PROD, 4096, false);
VARIANT(receiver_cons, RECEIVER, CONS, 4096, true);
VARIANT(receiver_local, RECEIVER, LOCAL, DATA_BYTES, false);
VARIANT(receiver_remote, RECEIVER, REMOTE, DATA_BYTES, false);

FIXTURE_SETUP(mmap)
{
	struct ipcring_pcq_info info;

	NEED_CPUS(2);
	OPEN_SET(&self->s, CPU, .slots = SLOTS, .msg_size = 112,
		 .flags = IPCRING_PCQ_MAP_SENDERS);
	ASSERT_EQ(0, pcq_info(self->s.control, &info));
	ASSERT_EQ(DATA_BYTES, info.data_bytes);
	self->cpus = info.cpus;
	self->fd = variant->role == IPCRING_PCQ_SENDER ? self->s.sender : self->s.receiver;
	self->offset = map_offset(variant->offset, CPU);
	self->mem = map_region(self->fd, PROT_READ, self->offset, variant->len);
	ASSERT_NE(MAP_FAILED, self->mem);
}

FIXTURE_TEARDOWN(mmap)
{
	set_close(&self->s);
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
	EXPECT_EQ(-EINVAL, try_map(self->fd, PROT_READ, MAP_PRIVATE, self->offset,
				   variant->len));
	EXPECT_EQ(-EINVAL, try_map(self->fd, PROT_READ | PROT_WRITE, MAP_PRIVATE,
				   self->offset, variant->len));
}

TEST_F(mmap, wrong_length)
{
	const size_t len[] = { variant->len + 4096, variant->len * 2, variant->len * 1024,
			       variant->len / 2 };

	for (size_t i = 0; i < ARRAY_LEN(len); i++) {
		if (len[i] % 4096 == 0)
			EXPECT_EQ(-EINVAL, try_map(self->fd, PROT_READ, MAP_SHARED, self->offset,
						   len[i]));
	}
}

TEST_F(mmap, wrong_offset)
{
	const uint64_t off[] = {
		self->offset + 4096, self->offset + variant->len,
		map_offset(5ULL << 32, CPU), map_offset(15ULL << 32, CPU),
		1ULL << 62,
	};

	for (size_t i = 0; i < ARRAY_LEN(off); i++)
		EXPECT_EQ(-EINVAL, try_map(self->fd, PROT_READ, MAP_SHARED, off[i],
					   variant->len));
}

/* The queue that it is bound to, and no other's; nor that of a CPU that there is not. */
TEST_F(mmap, of_the_bound_queue_only)
{
	int any = pcq_endpoint(self->s.control, variant->role, ANY, 0);
	int this = pcq_endpoint(self->s.control, variant->role, THIS, 0);

	ASSERT_LE(0, any);
	ASSERT_LE(0, this);
	for (uint32_t cpu = 0; cpu < self->cpus; cpu++) {
		uint64_t off = map_offset(variant->offset, cpu);

		EXPECT_EQ(cpu == CPU ? 0 : -EACCES,
			  try_map(self->fd, PROT_READ, MAP_SHARED, off, variant->len));
		EXPECT_EQ(0, try_map(any, PROT_READ, MAP_SHARED, off, variant->len));
		EXPECT_EQ(0, try_map(this, PROT_READ, MAP_SHARED, off, variant->len));
	}
	for (uint32_t cpu = self->cpus; cpu < 4096; cpu += 511) {
		uint64_t off = map_offset(variant->offset, cpu);

		EXPECT_EQ(-EINVAL, try_map(any, PROT_READ, MAP_SHARED, off, variant->len));
		EXPECT_EQ(-EINVAL, try_map(this, PROT_READ, MAP_SHARED, off, variant->len));
		EXPECT_EQ(-EINVAL, try_map(self->fd, PROT_READ, MAP_SHARED, off, variant->len));
	}
	close(any);
	close(this);
}

TEST_F(mmap, writable_only_for_the_owner)
{
	EXPECT_EQ(variant->writable ? 0 : -EACCES,
		  try_map(self->fd, PROT_READ | PROT_WRITE, MAP_SHARED, self->offset,
			  variant->len));
	EXPECT_EQ(variant->writable ? 0 : -EACCES,
		  try_map(self->fd, PROT_WRITE, MAP_SHARED, self->offset, variant->len));
}

TEST_F(mmap, never_writable_later)
{
	int ret = errno_or(mprotect(self->mem, variant->len, PROT_READ | PROT_WRITE));

	EXPECT_EQ(variant->writable ? 0 : -EACCES, ret);
}

/* ptrace and /proc/PID/mem write where the page tables do not allow it. */
TEST_F(mmap, never_writable_by_force)
{
	char before = *(volatile char *)self->mem;
	int fd = open("/proc/self/mem", O_RDWR);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EIO, errno_or(pwrite(fd, "x", 1, (uintptr_t)self->mem)));
	EXPECT_EQ(before, *(volatile char *)self->mem);
	close(fd);
}

TEST_F(mmap, never_executable)
{
	EXPECT_EQ(-EPERM, try_map(self->fd, PROT_READ | PROT_EXEC, MAP_SHARED, self->offset,
				  variant->len));
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
	char before = *(volatile char *)self->mem;

	ASSERT_NE(MAP_FAILED, mem);
	ASSERT_EQ(mem, mremap(self->mem, variant->len, variant->len,
			      MREMAP_MAYMOVE | MREMAP_FIXED, mem));
	EXPECT_EQ(before, *(volatile char *)mem);
	EXPECT_EQ(0, munmap(mem, 4096));
	if (variant->len > 4096)
		EXPECT_EQ(0, mem[4096]);
}

/* What one side writes, the other sees, of the same set and queue only. */
TEST_F(mmap, is_shared_memory)
{
	int peer = self->fd == self->s.sender ? self->s.receiver : self->s.sender;
	volatile uint8_t *a, *b, *c;
	struct set other;

	if (!variant->writable)
		return;
	OPEN_SET(&other, CPU, .slots = SLOTS, .msg_size = 112, .flags = IPCRING_PCQ_MAP_SENDERS);
	a = map_region(self->fd, PROT_READ | PROT_WRITE, self->offset, variant->len);
	ASSERT_NE(MAP_FAILED, a);
	b = map_region(peer, PROT_READ, self->offset, variant->len);
	ASSERT_NE(MAP_FAILED, b);
	c = map_region(other.receiver, PROT_READ, self->offset, variant->len);
	ASSERT_NE(MAP_FAILED, c);
	a[variant->len - 1] = 0x5a;
	EXPECT_EQ(0x5a, b[variant->len - 1]);
	EXPECT_EQ(0, c[variant->len - 1]);
	set_close(&other);
}

/* Fresh pages hold nothing of anyone's. */
TEST_F(mmap, starts_clean)
{
	const struct ipcring_pcq_state *state = self->mem;
	const uint8_t *bytes = self->mem;
	const struct ipcring_side *side = self->mem;

	if (variant->offset == IPCRING_PCQ_OFF_STATE) {
		EXPECT_EQ(IPCRING_PCQ_AWAKE, state->bell);
		EXPECT_EQ(1, state->online);
		EXPECT_EQ(0, state->corrupt);
		EXPECT_EQ(0, state->room);
	} else if (variant->offset == IPCRING_PCQ_OFF_LOCAL ||
		   variant->offset == IPCRING_PCQ_OFF_REMOTE) {
		for (size_t i = 0; i < variant->len; i++)
			ASSERT_EQ(0, bytes[i]);
	} else {
		EXPECT_EQ(0, side[0].pos);
		EXPECT_EQ(0, side[1].pos);
	}
	for (size_t i = 2 * sizeof(*side); i < 4096; i++)
		ASSERT_EQ(0, bytes[i]);
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

/* Unless its owner asks for it. */
TEST_F(mmap, inherited_on_request)
{
	pid_t pid;

	/* Later kernels let nobody ask for it where pages were inserted one by one. */
	if (madvise(self->mem, variant->len, MADV_DOFORK))
		SKIP(return, "MADV_DOFORK: %s", strerror(errno));
	pid = fork();
	if (pid == 0) {
		(void)*(volatile char *)self->mem;
		_exit(mprotect(self->mem, variant->len, PROT_READ | PROT_WRITE) ? errno : 0);
	}
	EXPECT_EQ(variant->writable ? 0 : EACCES, reap(pid));
}

TEST_F(mmap, outlives_its_fds)
{
	char before = *(volatile char *)self->mem;

	set_close(&self->s);
	EXPECT_EQ(before, *(volatile char *)self->mem);
	self->s = (struct set){ -1, -1, -1, -1, -1 };
}

/* Without MAP_SENDERS receivers map as ever, senders nothing. */
TEST_F(mmap, senders_only_if_created_so)
{
	bool sender = variant->role == IPCRING_PCQ_SENDER;
	struct set s;

	OPEN_SET(&s, CPU, .slots = SLOTS, .msg_size = 112);
	EXPECT_EQ(sender ? -EACCES : 0,
		  try_map(sender ? s.sender : s.receiver, PROT_READ, MAP_SHARED, self->offset,
			  variant->len));
	set_close(&s);
}

TEST_HARNESS_MAIN
