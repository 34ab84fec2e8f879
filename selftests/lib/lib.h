/* SPDX-License-Identifier: GPL-2.0 */
/* Common to the tests of libipcring: one body over both backends. */
#ifndef SELFTESTS_LIB_H
#define SELFTESTS_LIB_H

#include "../chan/chan.h"
#include "ipcring.h"

#define FOREVER		IPCRING_NO_TIMEOUT
#define PRODUCER	IPCRING_ROLE_PRODUCER
#define CONSUMER	IPCRING_ROLE_CONSUMER
#define OBSERVER	IPCRING_ROLE_OBSERVER

/* Far longer than anything here takes: a sleep that ends by it has not been woken. */
#define LONG_NS		30000000000ULL

FIXTURE(lib) {
	bool module;
	__u64 features;
	char name[IPCRING_NAME_SIZE];
};

FIXTURE_VARIANT(lib) {
	const char *backend;
};

FIXTURE_VARIANT_ADD(lib, memfd) {
	.backend = "memfd",
};

FIXTURE_VARIANT_ADD(lib, module) {
	.backend = "module",
};

FIXTURE_SETUP(lib)
{
	struct ipcring_features f = { .size = sizeof(f) };
	int dev;

	self->module = !strcmp(variant->backend, "module");
	self->features = ~0ULL;
	setenv("IPCRING_BACKEND", variant->backend, 1);
	snprintf(self->name, sizeof(self->name), "test.%d", getpid());
	if (!self->module)
		return;
	OPEN_DEVICE(dev);
	ASSERT_EQ(0, ioctl(dev, IPCRING_IOC_FEATURES, &f));
	self->features = f.features;
	close(dev);
}

FIXTURE_TEARDOWN(lib)
{
}

#define NEED(feature) do { \
	if (!(self->features & IPCRING_FEAT_##feature)) \
		SKIP(return, "this module has no IPCRING_FEAT_" #feature); \
} while (0)

/* A channel with a producer on each lane and one consumer. */
struct pair {
	struct ipcring *control;
	struct ipcring *out;
	struct ipcring *in;
};

static inline int pair_open(struct pair *p, const struct ipcring_options *opt, __u32 flags)
{
	int ret = ipcring_create(opt, &p->control);

	if (!ret)
		ret = ipcring_endpoint(p->control, PRODUCER, 0, flags, &p->out);
	if (!ret)
		ret = ipcring_endpoint(p->control, CONSUMER, 0, flags, &p->in);
	return ret;
}

static inline void pair_close(struct pair *p)
{
	ipcring_close(p->out);
	ipcring_close(p->in);
	ipcring_close(p->control);
}

static inline int send_u64(struct ipcring *r, __u64 value, __u64 deadline)
{
	return ipcring_send(r, &value, sizeof(value), deadline);
}

/* The value, or -errno, or -ENODATA: the end. */
static inline __s64 recv_u64(struct ipcring *r, __u64 deadline)
{
	__u64 value;
	ssize_t n = ipcring_recv(r, &value, sizeof(value), deadline);

	if (n == sizeof(value))
		return (__s64)value;
	return n < 0 ? n : n ? -EPROTO : -ENODATA;
}

/* Deterministic, so that a failure can be repeated: xorshift of Marsaglia's. */
static inline unsigned int next_random(unsigned int *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

#endif /* SELFTESTS_LIB_H */
