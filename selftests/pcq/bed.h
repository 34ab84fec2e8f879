/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libipcring's local lane over two beds: the module, and plain shared memory with a
 * kernel of our own that does for a sender what write() and SEND would. The library is
 * the same: its handles are filled in by hand, its system calls caught by the linker
 * (--wrap). So the restartable sequence is tested wherever there is rseq.
 */
#ifndef SELFTESTS_PCQ_BED_H
#define SELFTESTS_PCQ_BED_H

#include "set.h"
#include "lib_pcq.h"

#include <sched.h>
#include <stdarg.h>
#include <sys/mman.h>

#include <linux/rseq.h>

/* The library's sequences, as the linker has collected them. */
extern const struct rseq_cs __start___rseq_cs[], __stop___rseq_cs[];

#define BED_SLOTS	64u
#define BED_MSG		1024u
/* A descriptor that nobody opens. */
#define FAKE_FD		0x7a11

/* One queue of plain memory, followed by the slots of its lanes. */
struct fake_queue {
	struct ipcring_pcq_state state;
	struct ipcring_side prod[LIB_PCQ_LANES];
	struct ipcring_side cons[LIB_PCQ_LANES];
	__u64 reserved;
	__u32 wakes;
};

/**
 * struct bed - a set, and handles of it
 * @module:	of the module, else of plain memory
 * @cpu:	what they are bound to
 * @cpus:	queues
 * @control:	module: control handle
 * @out:	sender; a child process needs its own, bed_attach()
 * @in:		receiver
 * @fake:	plain memory, shared with children
 * @bytes:	of it
 */
struct bed {
	bool module;
	__u32 cpu;
	__u32 cpus;
	struct ipcring_pcq *control;
	struct ipcring_pcq *out;
	struct ipcring_pcq *in;
	unsigned char *fake;
	size_t bytes;
};

static struct bed *fake_bed;

int __real_ioctl(int fd, unsigned long cmd, ...);
ssize_t __real_write(int fd, const void *buf, size_t len);

static inline struct ring fake_shape(void)
{
	const struct ipcring_pcq_info info = {
		.slots = BED_SLOTS, .msg_size = BED_MSG, .stride = ring_stride(BED_MSG + 8),
	};

	return lib_pcq_lane(&info);
}

static inline size_t fake_lane_bytes(void)
{
	return (size_t)BED_SLOTS * fake_shape().stride;
}

static inline size_t fake_bytes(void)
{
	return (sizeof(struct fake_queue) + 63) / 64 * 64 + LIB_PCQ_LANES * fake_lane_bytes();
}

static inline struct fake_queue *fake_queue(const struct bed *b, __u32 cpu)
{
	return (struct fake_queue *)(b->fake + cpu * fake_bytes());
}

static inline struct ring fake_lane(const struct bed *b, __u32 cpu, __u32 lane)
{
	struct fake_queue *q = fake_queue(b, cpu);
	struct ring r = fake_shape();

	r.prod = &q->prod[lane];
	r.cons = &q->cons[lane];
	r.data = b->fake + (cpu + 1) * fake_bytes() - (LIB_PCQ_LANES - lane) * fake_lane_bytes();
	return r;
}

/* As the kernel's, where nothing interrupts between the exchange and the head. */
static inline int fake_remote(const struct bed *b, __u32 cpu, const void *buf, __u32 len)
{
	struct fake_queue *q = fake_queue(b, cpu);
	struct ring r = fake_lane(b, cpu, LIB_PCQ_REMOTE);
	struct ipcring_pcq_from from = { .cpu = (__u32)sched_getcpu() };
	struct ipcring_slot *slot;
	__u64 pos;

	do {
		pos = ring_load_acquire(&q->reserved);
		if (pos - ring_load_acquire(&r.cons->pos) >= r.size)
			return -EAGAIN;
	} while (!ring_cas(&q->reserved, pos, pos + 1));
	slot = ring_slot(&r, pos);
	memcpy(ring_payload(slot), &from, sizeof(from));
	memcpy((char *)ring_payload(slot) + sizeof(from), buf, len);
	ring_store_release(&slot->head, ring_head(pos, len + (__u32)sizeof(from)));
	return 0;
}

/* Who runs there finds the local lane full, and who does not takes the other one. */
static inline int fake_send(const struct bed *b, const void *buf, __u32 len)
{
	__u32 here = (__u32)sched_getcpu();
	__u32 cpu = b->cpu == IPCRING_PCQ_THIS ? here : b->cpu;
	struct ring r = fake_lane(b, cpu, LIB_PCQ_LOCAL);
	__u64 pos;

	if (cpu == here && ring_reserve(&r, len + 8, &pos) == -EAGAIN)
		return -EAGAIN;
	return fake_remote(b, cpu, buf, len);
}

ssize_t __wrap_write(int fd, const void *buf, size_t len);
ssize_t __wrap_write(int fd, const void *buf, size_t len)
{
	int ret;

	if (fd != FAKE_FD)
		return __real_write(fd, buf, len);
	ret = fake_send(fake_bed, buf, (__u32)len);
	errno = -ret;
	return ret ? -1 : (ssize_t)len;
}

static inline int fake_ioctl(unsigned long cmd, void *arg)
{
	const struct ipcring_pcq_batch *batch = arg;
	const struct ipcring_pcq_msg *msg;

	switch (cmd) {
	case IPCRING_IOC_PCQ_SEND:
		msg = (const struct ipcring_pcq_msg *)(uintptr_t)batch->msgs;
		return fake_send(fake_bed, (void *)(uintptr_t)msg->addr, msg->len) ?: 1;
	case IPCRING_IOC_WAKE:
		fake_queue(fake_bed, (__u32)(uintptr_t)arg)->wakes++;
		return 0;
	case IPCRING_IOC_WAIT:
		sched_yield();
		return ((struct ipcring_wait *)arg)->deadline ? 0 : -ETIMEDOUT;
	default:
		return -ENOTTY;
	}
}

int __wrap_ioctl(int fd, unsigned long cmd, ...);
int __wrap_ioctl(int fd, unsigned long cmd, ...)
{
	va_list args;
	void *arg;
	int ret;

	va_start(args, cmd);
	arg = va_arg(args, void *);
	va_end(args);
	if (fd != FAKE_FD)
		return __real_ioctl(fd, cmd, arg);
	ret = fake_ioctl(cmd, arg);
	errno = ret < 0 ? -ret : 0;
	return ret < 0 ? -1 : ret;
}

/* What the library would have mapped. */
static inline struct ipcring_pcq *fake_handle(const struct bed *b, __u32 role, __u32 cpu)
{
	struct ipcring_pcq *h = calloc(1, sizeof(*h));
	bool all = cpu == IPCRING_PCQ_THIS || cpu == IPCRING_PCQ_ANY;

	if (!h)
		return NULL;
	*h = (struct ipcring_pcq){
		.fd = FAKE_FD, .role = role, .cpu = cpu, .msg_size = BED_MSG,
		.first = all ? 0 : cpu, .nr = all ? b->cpus : 1,
	};
	h->queues = calloc(h->nr, sizeof(*h->queues));
	for (__u32 i = 0; h->queues && i < h->nr; i++) {
		struct lib_pcq_queue *q = &h->queues[i];

		q->cpu = h->first + i;
		q->state = &fake_queue(b, q->cpu)->state;
		for (__u32 lane = 0; lane < LIB_PCQ_LANES; lane++)
			q->lane[lane] = fake_lane(b, q->cpu, lane);
	}
	return h;
}

static inline int fake_open(struct bed *b, __u32 receiver)
{
	b->cpus = (__u32)sysconf(_SC_NPROCESSORS_CONF);
	b->bytes = b->cpus * fake_bytes();
	b->fake = mmap(NULL, b->bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (b->fake == MAP_FAILED)
		return -errno;
	b->out = fake_handle(b, IPCRING_PCQ_SENDER, b->cpu);
	b->in = fake_handle(b, IPCRING_PCQ_RECEIVER, receiver);
	fake_bed = b;
	return b->out && b->in ? 0 : -ENOMEM;
}

/* @receiver: what it is bound to, where that is not what the sender is */
static inline int bed_open(struct bed *b, bool module, __u32 cpu, __u32 receiver)
{
	const struct ipcring_pcq_options opt = {
		.flags = IPCRING_PCQ_MAP_SENDERS, .slots = BED_SLOTS, .msg_size = BED_MSG,
	};
	int ret;

	*b = (struct bed){ .module = module, .cpu = cpu };
	if (!module)
		return fake_open(b, receiver);
	ret = ipcring_pcq_create(&opt, &b->control);
	if (!ret)
		ret = ipcring_pcq_endpoint(b->control, IPCRING_PCQ_SENDER, cpu, 0, &b->out);
	if (!ret)
		ret = ipcring_pcq_endpoint(b->control, IPCRING_PCQ_RECEIVER, receiver, 0, &b->in);
	return ret;
}

static inline void bed_close(struct bed *b)
{
	if (b->module) {
		ipcring_pcq_close(b->in);
		ipcring_pcq_close(b->out);
		ipcring_pcq_close(b->control);
	} else if (b->fake) {
		munmap(b->fake, b->bytes);
		free(b->in->queues);
		free(b->in);
		free(b->out->queues);
		free(b->out);
	}
}

/* A child's sender: mappings are not inherited. */
static inline int bed_attach(struct bed *b)
{
	return b->module ? ipcring_pcq_import(ipcring_pcq_fd(b->out), 0, &b->out) : 0;
}

/* Both beds, in a fixture's setup. */
#define BED_OPEN(b, kind, cpu, receiver) do { \
	bool bed_module = !strcmp(kind, "module"); \
	int bed_ret; \
	if (bed_module && access("/dev/ipcring", F_OK)) \
		SETUP_SKIP("no /dev/ipcring: load the module"); \
	bed_ret = bed_open(b, bed_module, cpu, receiver); \
	if (bed_ret == -EOPNOTSUPP) \
		SETUP_SKIP("this module has no per-CPU queues"); \
	ASSERT_EQ(0, bed_ret); \
} while (0)

/*
 * Messages say whose they are and which, and their bytes follow from that. Three bytes
 * are the fewest.
 */
static inline void bed_fill(unsigned char *buf, __u32 len, unsigned int who, unsigned int seq)
{
	buf[0] = (unsigned char)who;
	buf[1] = (unsigned char)seq;
	buf[2] = (unsigned char)(seq >> 8);
	for (__u32 i = 3; i < len; i++)
		buf[i] = (unsigned char)(who * 31 + seq + i * 7);
}

/* Return: false: not as it was filled. */
static inline bool bed_read(const unsigned char *buf, __u32 len, unsigned int *who,
			    unsigned int *seq)
{
	*who = buf[0];
	*seq = buf[1] | buf[2] << 8;
	for (__u32 i = 3; i < len; i++)
		if (buf[i] != (unsigned char)(*who * 31 + *seq + i * 7))
			return false;
	return len >= 3;
}

#endif /* SELFTESTS_PCQ_BED_H */
