// SPDX-License-Identifier: GPL-2.0
/* libipcring: handles, and which backend they belong to. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <time.h>
#include <unistd.h>
#include "lib.h"

#define NS_PER_S	1000000000ULL

bool lib_name_ok(const char *name)
{
	size_t len = strnlen(name, IPCRING_NAME_SIZE);

	if (!len || len == IPCRING_NAME_SIZE)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)name[i];

		if (c < ' ' || c == 0x7f || c == '/')
			return false;
	}
	return true;
}

int lib_lanes(struct ipcring_handle *h, __u32 nr)
{
	h->nr_lanes = nr;
	h->lanes = nr == 1 ? &h->pub.cur : calloc(nr, sizeof(*h->lanes));
	return h->lanes ? 0 : -ENOMEM;
}

void lib_start(struct ipcring_handle *h)
{
	for (__u32 n = 0; n < h->nr_lanes; n++) {
		if (h->role == IPCRING_ROLE_PRODUCER)
			ipcring_cursor_producer(&h->lanes[n]);
		else
			ipcring_cursor_consumer(&h->lanes[n]);
	}
	if (h->nr_lanes == 1 && (h->role == IPCRING_ROLE_PRODUCER || h->consumers == 1))
		h->pub.fast = h->role;
}

/* The backend that flags and environment name, NULL: none; or -EINVAL. */
static int lib_named_backend(__u32 flags, const struct lib_backend **b)
{
	const char *env = secure_getenv("IPCRING_BACKEND");
	__u32 only = flags & (IPCRING_ONLY_MODULE | IPCRING_ONLY_MEMFD);

	*b = NULL;
	if (only == (IPCRING_ONLY_MODULE | IPCRING_ONLY_MEMFD))
		return -EINVAL;
	if (only == IPCRING_ONLY_MODULE || (!only && env && !strcmp(env, "module")))
		*b = &lib_module;
	else if (only == IPCRING_ONLY_MEMFD || (env && !strcmp(env, "memfd")))
		*b = &lib_memfd;
	else if (env && *env)
		return -EINVAL;
	return 0;
}

static int lib_choose(__u32 flags, const struct lib_backend **b)
{
	int ret = lib_named_backend(flags, b);

	if (!ret && !*b)
		*b = access("/dev/ipcring", F_OK) ? &lib_memfd : &lib_module;
	return ret;
}

static struct ipcring_handle *lib_new(const struct lib_backend *b)
{
	struct ipcring_handle *h = aligned_alloc(64, (sizeof(*h) + 63) & ~(size_t)63);

	if (!h)
		return NULL;
	memset(h, 0, sizeof(*h));
	h->backend = b;
	h->fd = -1;
	h->pid = getpid();
	h->nr_lanes = 1;
	h->consumers = 1;
	return h;
}

/* What has been made of @h, or it is closed again: @ret goes through. */
static int lib_made(struct ipcring_handle *h, int ret, struct ipcring **out)
{
	if (ret)
		ipcring_close(&h->pub);
	else
		*out = &h->pub;
	return ret;
}

int ipcring_create(const struct ipcring_options *opt, struct ipcring **control)
{
	static const struct ipcring_options zero;
	const struct lib_backend *b;
	struct ipcring_handle *h;
	int ret;

	if (opt->flags & ~(IPCRING_ONLY_MODULE | IPCRING_ONLY_MEMFD | IPCRING_CREATE_NODES) ||
	    (unsigned int)opt->trust > IPCRING_TRUST_NONE ||
	    memcmp(opt->resv, zero.resv, sizeof(zero.resv)) ||
	    (opt->name ? !lib_name_ok(opt->name) : opt->mode))
		return -EINVAL;
	ret = lib_choose(opt->flags, &b);
	if (ret)
		return ret;
	h = lib_new(b);
	if (!h)
		return -ENOMEM;
	h->role = IPCRING_ROLE_CONTROL;
	return lib_made(h, b->create(opt, h), control);
}

static bool lib_place_ok(const struct lib_place *at)
{
	if (at->flags & ~(LIB_FLAGS | IPCRING_EP_NONBLOCK))
		return false;
	switch (at->role) {
	case IPCRING_ROLE_PRODUCER:
		return true;
	case IPCRING_ROLE_CONSUMER:
	case IPCRING_ROLE_OBSERVER:
		return !at->lane;
	default:
		return false;
	}
}

int ipcring_endpoint(struct ipcring *control, __u32 role, __u32 lane, __u32 flags,
		     struct ipcring **end)
{
	const struct lib_place at = { .role = role, .lane = lane, .flags = flags };
	struct ipcring_handle *h;

	if (!lib_place_ok(&at))
		return -EINVAL;
	h = lib_new(lib_handle(control)->backend);
	if (!h)
		return -ENOMEM;
	h->role = role;
	return lib_made(h, h->backend->endpoint(lib_handle(control), &at, h), end);
}

int ipcring_open(const char *name, __u32 role, __u32 lane, __u32 flags, struct ipcring **end)
{
	const struct lib_place at = { .role = role, .lane = lane, .flags = flags };
	const struct lib_backend *b;
	struct ipcring_handle *h;
	int ret;

	if (!lib_place_ok(&at) || !lib_name_ok(name))
		return -EINVAL;
	ret = lib_choose(flags, &b);
	if (ret)
		return ret;
	h = lib_new(b);
	if (!h)
		return -ENOMEM;
	h->role = role;
	return lib_made(h, b->open(name, &at, h), end);
}

int ipcring_import(int fd, __u32 flags, struct ipcring **r)
{
	struct ipcring_info info = { .size = sizeof(info) };
	struct ipcring_handle *h;
	int own;

	if (flags & ~IPCRING_COPY)
		return -EINVAL;
	own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (own < 0)
		return -errno;
	h = lib_new(lib_module.info(&(struct ipcring_handle){ .fd = own }, &info) ?
		    &lib_memfd : &lib_module);
	if (!h) {
		close(own);
		return -ENOMEM;
	}
	return lib_made(h, h->backend->import(own, flags, h), r);
}

void ipcring_close(struct ipcring *r)
{
	struct ipcring_handle *h = lib_handle(r);

	if (!h)
		return;
	h->backend->close(h);
	if (h->lanes != &h->pub.cur)
		free(h->lanes);
	free(h);
}

int ipcring_fd(const struct ipcring *r)
{
	return lib_handle(r)->fd;
}

int ipcring_backend(const struct ipcring *r)
{
	const struct lib_backend *b;
	int ret = 0;

	if (r)
		b = lib_handle(r)->backend;
	else
		ret = lib_choose(0, &b);
	if (ret)
		return ret;
	return b == &lib_module ? IPCRING_BACKEND_MODULE : IPCRING_BACKEND_MEMFD;
}

__u64 ipcring_deadline(__u64 ns)
{
	struct timespec ts;
	__u64 now;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = (__u64)ts.tv_sec * NS_PER_S + (__u64)ts.tv_nsec;
	return ns > IPCRING_NO_TIMEOUT - now ? IPCRING_NO_TIMEOUT : now + ns;
}

int ipcring_info(const struct ipcring *r, struct ipcring_info *info)
{
	return lib_handle(r)->backend->info(lib_handle(r), info);
}

int ipcring_stats(const struct ipcring *r, struct ipcring_stats *stats)
{
	return lib_handle(r)->backend->stats(lib_handle(r), stats);
}

static bool lib_is_end(const struct ipcring_handle *h)
{
	return h->role == IPCRING_ROLE_PRODUCER || h->role == IPCRING_ROLE_CONSUMER;
}

void ipcring_wake(struct ipcring *r)
{
	struct ipcring_handle *h = lib_handle(r);

	if (lib_is_end(h))
		h->backend->wake(h, r->lane == IPCRING_LANE_ALL ? 0 : r->lane);
}

int ipcring_wait(struct ipcring *r, __u64 deadline)
{
	struct ipcring_handle *h = lib_handle(r);

	return lib_is_end(h) ? h->backend->wait(h, 0, deadline) : -EBADF;
}

int ipcring_wait_any(struct ipcring *const *ends, unsigned int nr, __u64 deadline, __u64 *ready)
{
	const struct lib_backend *b;

	if (!nr || nr > IPCRING_WAIT_ANY_MAX)
		return -EINVAL;
	b = lib_handle(ends[0])->backend;
	for (unsigned int i = 0; i < nr; i++)
		if (lib_handle(ends[i])->backend != b || !lib_is_end(lib_handle(ends[i])))
			return -EINVAL;
	return b->wait_any(ends, nr, deadline, ready);
}
