// SPDX-License-Identifier: GPL-2.0
/* Wrong arguments: the errors that all commands share, one variant a command. */
#include "set.h"

enum kind { DEV, CONTROL, SENDER, RECEIVER, OBSERVER, KINDS };

#define SET_FDS	(1 << CONTROL | 1 << SENDER | 1 << RECEIVER | 1 << OBSERVER)

/* A command's struct, with room behind it for a later version's fields. */
union param {
	uint32_t size;
	struct ipcring_pcq_create create;
	struct ipcring_pcq_endpoint endpoint;
	struct ipcring_pcq_info info;
	struct ipcring_pcq_stats stats;
	struct ipcring_pcq_batch batch;
	struct ipcring_pcq_bell bell;
	struct ipcring_pcq_service service;
	struct ipcring_wait wait;
	uint8_t bytes[8192];
};

FIXTURE(args) {
	struct set s;
	int fd[KINDS];
	union param p;
	struct ipcring_pcq_msg msg;
	char buf[64];
};

FIXTURE_VARIANT(args) {
	unsigned long cmd;
	uint32_t size;
	uint32_t first;		/* size of the first version */
	unsigned int kinds;	/* bit mask: where the command is known */
	bool out;		/* the struct is written back */
	int flags;		/* offset of the flags, -1: has none */
	uint32_t known;		/* flags that are good */
	uint32_t zero[4];	/* offsets of words that must be zero; 0 ends */
	union param p;
};

FIXTURE_VARIANT_ADD(args, create) {
	.cmd = IPCRING_IOC_PCQ_CREATE,
	.size = sizeof(struct ipcring_pcq_create), .first = 16,
	.kinds = 1 << DEV, .flags = 4, .known = IPCRING_PCQ_MAP_SENDERS,
	.p.create = { .slots = 2, .msg_size = 1 },
};

FIXTURE_VARIANT_ADD(args, endpoint) {
	.cmd = IPCRING_IOC_PCQ_ENDPOINT,
	.size = sizeof(struct ipcring_pcq_endpoint), .first = 16,
	.kinds = 1 << CONTROL, .flags = 4,
	.known = IPCRING_PCQ_EP_NONBLOCK | IPCRING_PCQ_EP_ORDERED,
	.p.endpoint = { .role = IPCRING_PCQ_SENDER },
};

FIXTURE_VARIANT_ADD(args, info) {
	.cmd = IPCRING_IOC_PCQ_INFO,
	.size = sizeof(struct ipcring_pcq_info), .first = 48,
	.kinds = SET_FDS, .out = true, .flags = -1,
};

FIXTURE_VARIANT_ADD(args, stats) {
	.cmd = IPCRING_IOC_PCQ_STATS,
	.size = sizeof(struct ipcring_pcq_stats), .first = 128,
	.kinds = SET_FDS, .out = true, .flags = -1, .zero = { 124 },
};

FIXTURE_VARIANT_ADD(args, send) {
	.cmd = IPCRING_IOC_PCQ_SEND,
	.size = sizeof(struct ipcring_pcq_batch), .first = 32,
	.kinds = 1 << SENDER, .flags = 4, .known = IPCRING_PCQ_DONTWAIT,
};

FIXTURE_VARIANT_ADD(args, recv) {
	.cmd = IPCRING_IOC_PCQ_RECV,
	.size = sizeof(struct ipcring_pcq_batch), .first = 32,
	.kinds = 1 << RECEIVER, .flags = 4, .known = IPCRING_PCQ_DONTWAIT,
};

FIXTURE_VARIANT_ADD(args, bell) {
	.cmd = IPCRING_IOC_PCQ_BELL,
	.size = sizeof(struct ipcring_pcq_bell), .first = 16,
	.kinds = 1 << CONTROL, .flags = 4, .known = IPCRING_PCQ_BELL_ISOLATED,
};

FIXTURE_VARIANT_ADD(args, start) {
	.cmd = IPCRING_IOC_PCQ_START,
	.size = sizeof(struct ipcring_pcq_service), .first = 24,
	.kinds = 1 << CONTROL, .flags = 4,
	.known = IPCRING_PCQ_SERVICE_POLL | IPCRING_PCQ_SERVICE_FIFO, .zero = { 20 },
	.p.service = { .work = IPCRING_PCQ_DRAIN, .fd = -1 },
};

FIXTURE_VARIANT_ADD(args, wait) {
	.cmd = IPCRING_IOC_WAIT, .size = sizeof(struct ipcring_wait),
	.first = IPCRING_WAIT_SIZE_V1,
	.kinds = 1 << SENDER | 1 << RECEIVER, .flags = 4, .zero = { 16, 24, 28 },
};

FIXTURE_SETUP(args)
{
	OPEN_SET(&self->s, 0, .slots = 4, .msg_size = 64);
	if (variant->cmd == IPCRING_IOC_PCQ_START &&
	    !(chan_features(self->s.dev) & IPCRING_FEAT_PCQ_SERVICE))
		SETUP_SKIP("no services: IPCRING_FEAT_PCQ_SERVICE is not set");
	/* Every wait succeeds at once. */
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	self->fd[DEV] = self->s.dev;
	self->fd[CONTROL] = self->s.control;
	self->fd[SENDER] = self->s.sender;
	self->fd[RECEIVER] = self->s.receiver;
	self->fd[OBSERVER] = self->s.observer;
	self->p = variant->p;
	self->p.size = variant->size;
	self->msg = pcq_msg(self->buf, 64);
	if (variant->cmd == IPCRING_IOC_PCQ_SEND || variant->cmd == IPCRING_IOC_PCQ_RECV)
		self->p.batch = pcq_batch(&self->msg, 1);
}

FIXTURE_TEARDOWN(args)
{
	set_close(&self->s);
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
	for (uint32_t size = 0; size < variant->first; size++) {
		self->p.size = size;
		EXPECT_EQ(-EINVAL, CALL()) TH_LOG("size %u", size);
	}
}

TEST_F(args, later_struct_with_unknown_field)
{
	for (uint32_t at = 0; at < 8; at++) {
		self->p.size = variant->size + 8;
		self->p.bytes[variant->size + at] = 1;
		EXPECT_EQ(-E2BIG, CALL());
		self->p.bytes[variant->size + at] = 0;
	}
}

TEST_F(args, later_struct_with_zero_tail)
{
	self->p.size = variant->size + 8;
	EXPECT_LE(0, CALL());
}

TEST_F(args, struct_of_a_page)
{
	self->p.size = 4096;
	EXPECT_LE(0, CALL());
}

TEST_F(args, struct_longer_than_a_page)
{
	self->p.size = 4097;
	EXPECT_EQ(-E2BIG, CALL());
	self->p.size = ~0u;
	EXPECT_EQ(-E2BIG, CALL());
}

/* What lies behind the caller's struct is not written to. */
TEST_F(args, writes_no_further)
{
	if (!variant->out)
		return;
	memset(self->p.bytes + variant->size, POISON, 64);
	EXPECT_LE(0, CALL());
	for (int i = 0; i < 64; i++)
		EXPECT_EQ(POISON, self->p.bytes[variant->size + i]);
}

TEST_F(args, exact_struct_on_every_kind)
{
	for (int kind = 0; kind < KINDS; kind++) {
		int ret = errno_or(ioctl(self->fd[kind], variant->cmd, &self->p));

		/* Success is 0, a count or an fd. */
		EXPECT_EQ(variant->kinds & 1u << kind ? 0 : -ENOTTY, ret < 0 ? ret : 0)
			TH_LOG("kind %d: %d", kind, ret);
	}
}

TEST_F(args, reserved_fields)
{
	for (size_t i = 0; i < ARRAY_LEN(variant->zero) && variant->zero[i]; i++) {
		for (int byte = 0; byte < 4; byte++) {
			self->p.bytes[variant->zero[i] + byte] = 0x80;
			EXPECT_EQ(-EINVAL, CALL());
			self->p.bytes[variant->zero[i] + byte] = 0;
		}
	}
	EXPECT_LE(0, CALL());
}

TEST_F(args, unknown_flags)
{
	for (int bit = 0; bit < 32 && variant->flags >= 0; bit++) {
		uint32_t flags = 1u << bit;

		memcpy(self->p.bytes + variant->flags, &flags, sizeof(flags));
		if (!(variant->known & flags))
			EXPECT_EQ(-EINVAL, CALL()) TH_LOG("flag %#x", flags);
	}
}

/* A refused command has changed nothing: the next one's counts are as before. */
TEST_F(args, refused_does_nothing)
{
	struct ipcring_pcq_stats before, after;

	if (variant->out)
		return;
	ASSERT_EQ(0, pcq_stats(self->s.observer, ANY, &before));
	self->p.size = variant->first - 1;
	EXPECT_EQ(-EINVAL, CALL());
	self->p.size = 4097;
	EXPECT_EQ(-E2BIG, CALL());
	EXPECT_EQ(-EFAULT, errno_or(ioctl(FD(), variant->cmd, BAD_PTR)));
	ASSERT_EQ(0, pcq_stats(self->s.observer, ANY, &after));
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
}

FIXTURE(commands) {
	struct set s;
};

FIXTURE_SETUP(commands)
{
	OPEN_SET(&self->s, 0, .slots = 4, .msg_size = 64);
}

FIXTURE_TEARDOWN(commands)
{
	set_close(&self->s);
}

/* The commands of channels and of their fds are none of a set's, and the reverse. */
TEST_F(commands, of_channels)
{
	const unsigned long cmd[] = {
		IPCRING_IOC_FEATURES, IPCRING_IOC_CREATE, IPCRING_IOC_ENDPOINT, IPCRING_IOC_INFO,
		IPCRING_IOC_OPEN, IPCRING_IOC_STATS, IPCRING_IOC_CALL, IPCRING_IOC_REPLY_WAIT,
	};
	const int fds[] = { self->s.control, self->s.sender, self->s.receiver, self->s.observer };
	struct ipcring_pcq_info info;
	struct ipcring_pcq_stats stats;
	int control, prod;

	for (size_t c = 0; c < ARRAY_LEN(cmd); c++)
		for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
			EXPECT_EQ(-ENOTTY, errno_or(ioctl(fds[i], cmd[c], BAD_PTR)))
				TH_LOG("command %#lx, fd %zu", cmd[c], i);
		}
	control = chan_create(self->s.dev, 4, 64);
	ASSERT_LE(0, control);
	prod = chan_endpoint(control, IPCRING_ROLE_PRODUCER, 0);
	ASSERT_LE(0, prod);
	EXPECT_EQ(-ENOTTY, pcq_info(control, &info));
	EXPECT_EQ(-ENOTTY, pcq_info(prod, &info));
	EXPECT_EQ(-ENOTTY, pcq_stats(prod, 0, &stats));
	EXPECT_EQ(-ENOTTY, pcq_sender(control, 0));
	EXPECT_EQ(-ENOTTY, pcq_bell(control, 0, IPCRING_PCQ_BELL_WAKE, 0));
	EXPECT_EQ(-ENOTTY, pcq_stop(control, 0));
	close(prod);
	close(control);
}

TEST_F(commands, unknown)
{
	const int fds[] = { self->s.dev, self->s.control, self->s.sender, self->s.receiver,
			    self->s.observer };
	const unsigned long cmd[] = {
		_IO(IPCRING_IOC_MAGIC, 0x3f), _IO(IPCRING_IOC_MAGIC, 0x49),
		_IO(IPCRING_IOC_MAGIC, 0xff), _IO('T', 0x01),
		/* The right number with a size in it is another command. */
		_IOWR(IPCRING_IOC_MAGIC, 0x42, struct ipcring_pcq_info),
	};

	for (size_t c = 0; c < ARRAY_LEN(cmd); c++)
		for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
			EXPECT_EQ(-ENOTTY, errno_or(ioctl(fds[i], cmd[c], BAD_PTR)))
				TH_LOG("command %#lx, fd %zu", cmd[c], i);
		}
}

/* A channel's WAIT_ANY takes no endpoint of a set, which it could not wait for. */
TEST_F(commands, wait_any)
{
	int32_t fd = self->s.receiver;
	struct ipcring_wait_any p = { .size = sizeof(p), .fds = (uintptr_t)&fd, .nr = 1 };

	EXPECT_EQ(-EINVAL, errno_or(ioctl(self->s.dev, IPCRING_IOC_WAIT_ANY, &p)));
	EXPECT_EQ(-ENOTTY, errno_or(ioctl(self->s.receiver, IPCRING_IOC_WAIT_ANY, &p)));
}

TEST_HARNESS_MAIN
