// SPDX-License-Identifier: GPL-2.0
/* Wrong arguments: the errors that all commands share, one variant a command. */
#include "chan.h"

enum kind { DEV, CONTROL, PROD, CONS, KINDS };

/* A command's struct, with room behind it for a later version's fields. */
union param {
	uint32_t size;
	struct ipcring_features features;
	struct ipcring_create create;
	struct ipcring_endpoint endpoint;
	struct ipcring_info info;
	struct ipcring_wait wait;
	uint8_t bytes[8192];
};

FIXTURE(args) {
	struct chan c;
	int fd[KINDS];
	union param p;
};

FIXTURE_VARIANT(args) {
	unsigned long cmd;
	uint32_t size;
	uint32_t first;		/* size of the first version */
	unsigned int kinds;	/* bit mask: where the command is known */
	bool out;		/* the struct is written back, and has no flags */
	uint32_t zero[4];	/* offsets of words that must be zero; 0 ends */
};

FIXTURE_VARIANT_ADD(args, features) {
	.cmd = IPCRING_IOC_FEATURES, .size = sizeof(struct ipcring_features), .first = 16,
	.kinds = 1 << DEV, .out = true, .zero = { 4 },
};

FIXTURE_VARIANT_ADD(args, create) {
	.cmd = IPCRING_IOC_CREATE,
	.size = sizeof(struct ipcring_create), .first = IPCRING_CREATE_SIZE_V1,
	.kinds = 1 << DEV, .zero = { 24, 32, 44 },
};

FIXTURE_VARIANT_ADD(args, endpoint) {
	.cmd = IPCRING_IOC_ENDPOINT, .size = sizeof(struct ipcring_endpoint), .first = 16,
	.kinds = 1 << CONTROL, .zero = { 12 },
};

FIXTURE_VARIANT_ADD(args, info) {
	.cmd = IPCRING_IOC_INFO, .size = sizeof(struct ipcring_info), .first = IPCRING_INFO_SIZE_V1,
	.kinds = 1 << CONTROL | 1 << PROD | 1 << CONS, .out = true,
};

FIXTURE_VARIANT_ADD(args, wait) {
	.cmd = IPCRING_IOC_WAIT, .size = sizeof(struct ipcring_wait), .first = IPCRING_WAIT_SIZE_V1,
	.kinds = 1 << PROD | 1 << CONS, .zero = { 4, 28 },
};

FIXTURE_SETUP(args)
{
	OPEN_CHAN(&self->c, 4, 64);
	/* The role under test is free, and every wait would succeed at once. */
	ASSERT_EQ(1, chan_write(self->c.prod, "x", 1));
	self->fd[DEV] = self->c.dev;
	self->fd[CONTROL] = chan_create(self->c.dev, 4, 64);
	ASSERT_LE(0, self->fd[CONTROL]);
	self->fd[PROD] = self->c.prod;
	self->fd[CONS] = self->c.cons;

	switch (variant->cmd) {
	case IPCRING_IOC_CREATE:
		self->p.create.slots = 1;
		self->p.create.msg_size = 1;
		break;
	case IPCRING_IOC_ENDPOINT:
		self->p.endpoint.role = IPCRING_ROLE_PRODUCER;
		break;
	}
	self->p.size = variant->size;
}

FIXTURE_TEARDOWN(args)
{
	close(self->fd[CONTROL]);
	chan_close(&self->c);
}

/* The first kind of file that knows the command. */
#define FD()	(self->fd[__builtin_ctz(variant->kinds)])
#define CALL()	errno_or(ioctl(FD(), variant->cmd, &self->p))

TEST_F(args, bad_pointer)
{
	EXPECT_EQ(-EFAULT, errno_or(ioctl(FD(), variant->cmd, BAD_PTR)));
}

/* The size is readable, the rest is not. */
TEST_F(args, pointer_to_half_a_struct)
{
	size_t page = getpagesize();
	uint8_t *mem;

	mem = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, mem);
	ASSERT_EQ(0, munmap(mem + page, page));
	memcpy(mem + page - 8, &self->p, 8);
	EXPECT_EQ(-EFAULT, errno_or(ioctl(FD(), variant->cmd, mem + page - 8)));
}

/* What was to be written back cannot be. */
TEST_F(args, read_only_struct)
{
	size_t page = getpagesize();
	void *mem;

	if (!variant->out)
		return;
	mem = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, mem);
	memcpy(mem, &self->p, variant->size);
	ASSERT_EQ(0, mprotect(mem, page, PROT_READ));
	EXPECT_EQ(-EFAULT, errno_or(ioctl(FD(), variant->cmd, mem)));
}

TEST_F(args, short_struct)
{
	self->p.size = variant->first - 1;
	EXPECT_EQ(-EINVAL, CALL());
	self->p.size = 0;
	EXPECT_EQ(-EINVAL, CALL());
}

TEST_F(args, later_struct_with_unknown_field)
{
	self->p.size = variant->size + 8;
	self->p.bytes[variant->size + 7] = 1;
	EXPECT_EQ(-E2BIG, CALL());
}

TEST_F(args, later_struct_with_zero_tail)
{
	self->p.size = variant->size + 8;
	EXPECT_LE(0, CALL());
}

TEST_F(args, struct_longer_than_a_page)
{
	self->p.size = 4097;
	EXPECT_EQ(-E2BIG, CALL());
	self->p.size = ~0u;
	EXPECT_EQ(-E2BIG, CALL());
}

TEST_F(args, exact_struct_on_every_kind)
{
	for (int kind = 0; kind < KINDS; kind++) {
		int ret = errno_or(ioctl(self->fd[kind], variant->cmd, &self->p));

		/* Success is 0 or an fd. */
		EXPECT_EQ(variant->kinds & 1u << kind ? 0 : -ENOTTY, ret < 0 ? ret : 0);
	}
}

TEST_F(args, reserved_fields)
{
	for (size_t i = 0; i < ARRAY_LEN(variant->zero) && variant->zero[i]; i++) {
		self->p.bytes[variant->zero[i]] = 1;
		EXPECT_EQ(-EINVAL, CALL());
		self->p.bytes[variant->zero[i]] = 0;
	}
	EXPECT_LE(0, CALL());
}

/* FEATURES and INFO have no flags. */
TEST_F(args, unknown_flags)
{
	uint32_t known = 0;

	if (variant->out)
		return;
	if (variant->cmd == IPCRING_IOC_ENDPOINT)
		known = IPCRING_EP_NONBLOCK | IPCRING_EP_ANY_LANE;
	if (variant->cmd == IPCRING_IOC_CREATE)
		known = IPCRING_CREATE_TRUST_ALL | IPCRING_CREATE_TRUST_NONE |
			IPCRING_CREATE_NODES;
	for (int bit = 0; bit < 32; bit++) {
		self->p.create.flags = 1u << bit;
		if (!(known & 1u << bit))
			EXPECT_EQ(-EINVAL, CALL());
	}
}

FIXTURE(other) {
	struct chan c;
};

FIXTURE_SETUP(other)
{
	OPEN_CHAN(&self->c, 4, 64);
}

FIXTURE_TEARDOWN(other)
{
	chan_close(&self->c);
}

TEST_F(other, wake_takes_no_argument)
{
	EXPECT_EQ(-EINVAL, errno_or(ioctl(self->c.prod, IPCRING_IOC_WAKE, 1)));
	EXPECT_EQ(-EINVAL, errno_or(ioctl(self->c.cons, IPCRING_IOC_WAKE, &self->c)));
	EXPECT_EQ(0, chan_wake(self->c.prod));
	EXPECT_EQ(0, chan_wake(self->c.cons));
	EXPECT_EQ(-ENOTTY, chan_wake(self->c.control));
	EXPECT_EQ(-ENOTTY, chan_wake(self->c.dev));
}

TEST_F(other, unknown_commands)
{
	int fds[] = { self->c.dev, self->c.control, self->c.prod, self->c.cons };
	const unsigned long sized = _IOWR(IPCRING_IOC_MAGIC, 3, struct ipcring_info);
	struct ipcring_info info = { .size = sizeof(info) };

	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		EXPECT_EQ(-ENOTTY, errno_or(ioctl(fds[i], _IO(IPCRING_IOC_MAGIC, 0x7f), 0)));
		/* The right number with a size in it is another command. */
		EXPECT_EQ(-ENOTTY, errno_or(ioctl(fds[i], sized, &info)));
	}
}

TEST_HARNESS_MAIN
