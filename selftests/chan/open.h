/* SPDX-License-Identifier: GPL-2.0 */
/* Thin wrappers of what takes options: CREATE, ENDPOINT, OPEN, STATS, WAIT. */
#ifndef SELFTESTS_OPEN_H
#define SELFTESTS_OPEN_H

#include "chan.h"

/* CREATE_CHAN(dev, .slots = 4, .msg_size = 64, .name = "x") */
#define CREATE_CHAN(dev, ...) chan_create_param(dev, &(struct ipcring_create){ \
	.size = sizeof(struct ipcring_create), __VA_ARGS__ })

static inline int chan_create_param(int dev, struct ipcring_create *p)
{
	return errno_or(ioctl(dev, IPCRING_IOC_CREATE, p));
}

static inline void name_set(uint8_t *to, const char *name)
{
	snprintf((char *)to, IPCRING_NAME_SIZE, "%s", name);
}

static inline int chan_create_named(int dev, const char *name, uint32_t mode)
{
	struct ipcring_create p = { .size = sizeof(p), .slots = 4, .msg_size = 64, .mode = mode };

	name_set(p.name, name);
	return chan_create_param(dev, &p);
}

static inline int chan_endpoint_lane(int control, uint32_t role, uint32_t lane, uint32_t flags)
{
	struct ipcring_endpoint p = { .size = sizeof(p), .role = role, .lane = lane,
				      .flags = flags };

	return errno_or(ioctl(control, IPCRING_IOC_ENDPOINT, &p));
}

static inline int chan_producer(int control, uint32_t lane)
{
	return chan_endpoint_lane(control, IPCRING_ROLE_PRODUCER, lane, 0);
}

static inline int chan_consumer(int control)
{
	return chan_endpoint_lane(control, IPCRING_ROLE_CONSUMER, 0, 0);
}

static inline int chan_observer(int control)
{
	return chan_endpoint_lane(control, IPCRING_ROLE_OBSERVER, 0, 0);
}

static inline int chan_open_lane(int dev, const char *name, uint32_t role, uint32_t lane,
				 uint32_t flags)
{
	struct ipcring_open p = { .size = sizeof(p), .role = role, .lane = lane, .flags = flags };

	name_set(p.name, name);
	return errno_or(ioctl(dev, IPCRING_IOC_OPEN, &p));
}

static inline int chan_open(int dev, const char *name, uint32_t role)
{
	return chan_open_lane(dev, name, role, 0, 0);
}

static inline int chan_stats(int fd, uint32_t lane, struct ipcring_stats *stats)
{
	memset(stats, POISON, sizeof(*stats));
	stats->size = sizeof(*stats);
	stats->lane = lane;
	stats->resv = 0;
	return errno_or(ioctl(fd, IPCRING_IOC_STATS, stats));
}

/* @ready may be NULL. */
static inline int chan_wait_ready(int fd, uint64_t deadline, uint32_t need, uint64_t *ready)
{
	struct ipcring_wait p = { .size = sizeof(p), .deadline = deadline, .need = need };
	int ret = errno_or(ioctl(fd, IPCRING_IOC_WAIT, &p));

	if (ready)
		*ready = p.ready;
	return ret;
}

/* A channel of several lanes and consumers; endpoints not opened are -1. */
#define MANY_MAX	16

struct many {
	int dev;
	int control;
	int prod[MANY_MAX];
	int cons[MANY_MAX];
	uint32_t lanes;
	uint32_t consumers;
};

#define OPEN_MANY(m, nl, nc, ...) do { \
	OPEN_DEVICE((m)->dev); \
	memset((m)->prod, -1, sizeof((m)->prod)); \
	memset((m)->cons, -1, sizeof((m)->cons)); \
	(m)->lanes = (nl); \
	(m)->consumers = (nc); \
	(m)->control = CREATE_CHAN((m)->dev, .lanes = (m)->lanes, .consumers = (m)->consumers, \
				   __VA_ARGS__); \
	ASSERT_LE(0, (m)->control); \
	for (uint32_t i_ = 0; i_ < (m)->lanes; i_++) { \
		(m)->prod[i_] = chan_producer((m)->control, i_); \
		ASSERT_LE(0, (m)->prod[i_]); \
	} \
	for (uint32_t i_ = 0; i_ < (m)->consumers; i_++) { \
		(m)->cons[i_] = chan_consumer((m)->control); \
		ASSERT_LE(0, (m)->cons[i_]); \
	} \
} while (0)

static inline void many_close(struct many *m)
{
	for (uint32_t i = 0; i < MANY_MAX; i++) {
		close(m->prod[i]);
		close(m->cons[i]);
	}
	close(m->control);
	close(m->dev);
}

/* Files below /sys and /proc. */

static inline bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	close(fd);
	return ok;
}

static inline bool read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd >= 0 ? read(fd, text, size - 1) : -1;

	close(fd);
	text[len > 0 ? len : 0] = '\0';
	return len > 0;
}

#define MODULE_PARAM(name)	"/sys/module/ipcring/parameters/" name

static inline long module_refcount(void)
{
	char text[32];

	return read_file("/sys/module/ipcring/refcnt", text, sizeof(text)) ? atol(text) : -1;
}

#endif /* SELFTESTS_OPEN_H */
