// SPDX-License-Identifier: GPL-2.0
/* libipcring: channels in a memfd or in a file of /dev/shm: make, open, map, close. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "memfd.h"

static size_t memfd_pages(__u64 bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (bytes + page - 1) / page * page;
}

static bool memfd_power(__u64 n, __u64 min, __u64 max)
{
	return n >= min && n <= max && !(n & (n - 1));
}

static bool memfd_geom_ok(const struct lib_geom *g)
{
	if (!g->lanes || g->lanes > IPCRING_LANES_MAX || !g->consumers ||
	    g->consumers > IPCRING_CONSUMERS_MAX || !g->msg_size || g->msg_size > IPCRING_MSG_MAX)
		return false;
	if (!g->bytes)
		return memfd_power(g->slots, IPCRING_SLOTS_MIN, IPCRING_SLOTS_MAX);
	return !g->slots && memfd_power(g->bytes, memfd_pages(IPCRING_BYTES_MIN),
					IPCRING_BYTES_MAX) && g->msg_size <= g->bytes - 8;
}

static __u32 memfd_stride(const struct lib_geom *g)
{
	return g->bytes ? 0 : ring_stride(g->msg_size);
}

/* A lane's data in the file. */
static size_t memfd_data(const struct lib_geom *g)
{
	return g->bytes ? g->bytes : memfd_pages((__u64)g->slots * memfd_stride(g));
}

static size_t memfd_lane_at(const struct lib_geom *g, __u32 lane)
{
	return memfd_pages(sizeof(struct memfd_head)) + lane * (2 * memfd_pages(1) + memfd_data(g));
}

static size_t memfd_file_len(const struct lib_geom *g)
{
	return memfd_lane_at(g, g->lanes);
}

/* A description of its own for the same file. */
static int memfd_reopen(int fd, int flags)
{
	char self[32];
	int own;

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	own = open(self, flags | O_CLOEXEC);
	return own < 0 ? -errno : own;
}

static int memfd_map(struct ipcring_handle *h, int fd, size_t len, bool writable)
{
	void *mem = mmap(NULL, len, PROT_READ | (writable ? PROT_WRITE : 0), MAP_SHARED, fd, 0);

	if (mem == MAP_FAILED)
		return -errno;
	h->head = mem;
	h->mem_len = len;
	return 0;
}

/* Map what is there and check it: what a handle goes by must not change under it. */
static int memfd_attach(struct ipcring_handle *h, int fd, bool writable)
{
	struct lib_geom *g = &h->geom;
	struct memfd_head head;
	struct stat st;

	if (pread(fd, &head, sizeof(head), 0) != sizeof(head) || head.magic != MEMFD_MAGIC)
		return -EINVAL;
	*g = head.geom;
	if (!memfd_geom_ok(g) || fstat(fd, &st) || (size_t)st.st_size < memfd_file_len(g))
		return -EINVAL;
	h->consumers = g->consumers;
	h->nr_lanes = g->lanes;
	h->records = g->bytes;
	return memfd_map(h, fd, memfd_file_len(g), writable);
}

static struct ring memfd_lane_ring(const struct ipcring_handle *h, __u32 lane)
{
	const struct lib_geom *g = &h->geom;
	unsigned char *at = (unsigned char *)h->head + memfd_lane_at(g, lane);
	size_t page = memfd_pages(1);

	return (struct ring){
		.prod = (struct ipcring_side *)at,
		.cons = (struct ipcring_side *)(at + page),
		.data = at + 2 * page,
		.size = g->bytes ? g->bytes : g->slots,
		.stride = memfd_stride(g),
		.msg_size = g->msg_size,
	};
}

/* Records: the same bytes twice in a row. */
static int memfd_map_twice(struct ring *r, int fd, off_t at)
{
	unsigned char *mem = mmap(NULL, 2 * r->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED)
		return -errno;
	r->data = mem;	/* close() undoes it */
	for (int i = 0; i < 2; i++)
		if (mmap(mem + i * r->size, r->size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED, fd, at) == MAP_FAILED)
			return -errno;
	return 0;
}

static int memfd_cursors(struct ipcring_handle *h, int fd)
{
	const struct lib_geom *g = &h->geom;
	__u32 first = h->role == IPCRING_ROLE_PRODUCER ? h->pub.lane : 0;
	int ret = lib_lanes(h, h->role == IPCRING_ROLE_PRODUCER ? 1 : g->lanes);

	for (__u32 n = 0; !ret && n < h->nr_lanes; n++) {
		struct ring *r = &h->lanes[n].ring;

		*r = memfd_lane_ring(h, first + n);
		if (!g->bytes)
			continue;
		h->data_bytes = 2 * g->bytes;
		r->data = NULL;
		ret = memfd_map_twice(r, fd, (off_t)(memfd_lane_at(g, first + n) +
						     2 * memfd_pages(1)));
	}
	return ret;
}

/* Take a producer's lane or a consumer's place: its byte, or -errno. */
static int memfd_take_place(int fd, off_t base, __u32 first, __u32 nr)
{
	for (__u32 n = first; n < first + nr; n++) {
		int ret = memfd_lock(fd, base + n);

		if (ret != -EBUSY)
			return ret ? ret : (int)(base + n);
	}
	return -EBUSY;
}

static int memfd_place(const struct ipcring_handle *h, const struct lib_place *at)
{
	const struct lib_geom *g = &h->geom;

	switch (at->role) {
	case IPCRING_ROLE_PRODUCER:
		if (at->lane == IPCRING_ANY_LANE)
			return memfd_take_place(h->fd, MEMFD_LOCK_PROD, 0, g->lanes);
		if (at->lane >= g->lanes)
			return -EINVAL;
		return memfd_take_place(h->fd, MEMFD_LOCK_PROD, at->lane, 1);
	case IPCRING_ROLE_CONSUMER:
		return memfd_take_place(h->fd, MEMFD_LOCK_CONS, 0, g->consumers);
	default:
		return MEMFD_OBSERVER;
	}
}

/* The lock is held: tell the peers that we are, or were, there. */
static void memfd_here(struct ipcring_handle *h)
{
	struct memfd_lane *l = &h->head->lane[h->pub.lane];

	if (h->role == IPCRING_ROLE_CONSUMER) {
		__atomic_store_n(&h->head->cons_opened, 1, __ATOMIC_RELEASE);
		return;
	}
	if (l->corrupt) {
		ring_seal(&h->pub.cur.ring);
		__atomic_store_n(&l->corrupt, 0, __ATOMIC_RELAXED);
		__atomic_fetch_add(&l->drops, 1, __ATOMIC_RELAXED);
		ipcring_cursor_producer(&h->pub.cur);
	}
	__atomic_store_n(&h->head->prod_opened, 1, __ATOMIC_RELEASE);
	/* A producer that died may have published and not woken. */
	memfd_ring(&h->head->bell);
}

/* @h->fd has its place, @map is what to map. */
static int memfd_start(struct ipcring_handle *h, int map)
{
	int ret;

	if (h->role != IPCRING_ROLE_PRODUCER && h->role != IPCRING_ROLE_CONSUMER)
		return 0;
	ret = memfd_cursors(h, map);
	if (ret)
		return ret;
	lib_start(h);
	memfd_here(h);
	return 0;
}

/* @map is the file, @h->fd a description of it that has no lock yet. */
static int memfd_enter(struct ipcring_handle *h, int map, const struct lib_place *at, bool named)
{
	bool writable = at->role != IPCRING_ROLE_OBSERVER;
	int ret;

	ret = memfd_attach(h, map, writable);
	if (!ret && named)
		ret = memfd_name_may(h->head, at->role);
	if (ret)
		return ret;
	ret = memfd_place(h, at);
	if (ret < 0)
		return ret;
	lseek(h->fd, ret, SEEK_SET);
	h->pub.lane = at->role == IPCRING_ROLE_PRODUCER ? (__u32)(ret - MEMFD_LOCK_PROD) : 0;
	return memfd_start(h, map);
}

static int memfd_access(const struct lib_place *at)
{
	return at->role == IPCRING_ROLE_OBSERVER ? O_RDONLY : O_RDWR;
}

static int memfd_endpoint(const struct ipcring_handle *control, const struct lib_place *at,
			  struct ipcring_handle *h)
{
	if (at->flags & IPCRING_COPY)
		return -EOPNOTSUPP;
	h->fd = memfd_reopen(control->fd, memfd_access(at));
	return h->fd < 0 ? h->fd : memfd_enter(h, control->fd, at, false);
}

static int memfd_open(const char *name, const struct lib_place *at, struct ipcring_handle *h)
{
	int map, ret;

	if (at->flags & IPCRING_COPY)
		return -EOPNOTSUPP;
	map = memfd_name_open(name, memfd_access(at));
	if (map < 0)
		return map;
	h->fd = memfd_reopen(map, memfd_access(at));
	ret = h->fd < 0 ? h->fd : memfd_enter(h, map, at, true);
	close(map);
	return ret;
}

/* What an endpoint's file offset says. */
static int memfd_role(struct ipcring_handle *h)
{
	off_t byte = lseek(h->fd, 0, SEEK_CUR);

	if (byte < 0 || byte > MEMFD_OBSERVER || byte == MEMFD_LOCK_REMOVE)
		return -EINVAL;
	h->role = byte == MEMFD_OBSERVER ? IPCRING_ROLE_OBSERVER :
		  byte == MEMFD_LOCK_CONTROL ? IPCRING_ROLE_CONTROL :
		  byte >= MEMFD_LOCK_CONS ? IPCRING_ROLE_CONSUMER : IPCRING_ROLE_PRODUCER;
	h->pub.lane = h->role == IPCRING_ROLE_PRODUCER ? (__u32)byte : 0;
	return 0;
}

static int memfd_import(int fd, __u32 flags, struct ipcring_handle *h)
{
	int map, ret;

	h->fd = fd;
	if (flags & IPCRING_COPY)
		return -EOPNOTSUPP;
	ret = memfd_role(h);
	if (ret)
		return ret;
	/*
	 * Who was given the fd may not be let in by the file; then the mapping holds the
	 * lock, too, and the peer sees a close only a slice later.
	 */
	map = memfd_reopen(fd, h->role == IPCRING_ROLE_OBSERVER ? O_RDONLY : O_RDWR);
	ret = memfd_attach(h, map < 0 ? fd : map, h->role != IPCRING_ROLE_OBSERVER);
	if (!ret && h->role == IPCRING_ROLE_PRODUCER && h->pub.lane >= h->geom.lanes)
		ret = -EINVAL;
	if (!ret)
		ret = memfd_start(h, map < 0 ? fd : map);
	if (map >= 0)
		close(map);
	return ret;
}

static int memfd_geom_of(const struct ipcring_options *opt, struct lib_geom *g)
{
	if (opt->flags & IPCRING_CREATE_NODES ||
	    (opt->trust != IPCRING_TRUST_DEFAULT && opt->trust != IPCRING_TRUST_ALL))
		return -EOPNOTSUPP;
	if (opt->mode > 0777)
		return -EINVAL;
	*g = (struct lib_geom){
		.slots = opt->slots, .msg_size = opt->msg_size, .bytes = opt->bytes,
		.lanes = opt->lanes ? opt->lanes : 1,
		.consumers = opt->consumers ? opt->consumers : 1,
	};
	return memfd_geom_ok(g) ? 0 : -EINVAL;
}

/* Nobody sleeps yet; no position reaches ~0. */
static void memfd_init(struct ipcring_handle *h, const struct ipcring_options *opt)
{
	struct memfd_head *head = h->head;

	for (__u32 n = 0; n < h->geom.lanes; n++) {
		struct ring r = memfd_lane_ring(h, n);

		r.prod->event = ~0ULL;
		r.cons->event = ~0ULL;
	}
	head->geom = h->geom;
	head->uid = geteuid();
	head->gid = getegid();
	head->mode = opt->mode;
	if (opt->name)
		memcpy(head->name, opt->name, strlen(opt->name));
	head->magic = MEMFD_MAGIC;
}

/* All of its memory now: later there would be a SIGBUS for it. */
static int memfd_make(struct ipcring_handle *h)
{
	size_t len = memfd_file_len(&h->geom);
	int ret = posix_fallocate(h->fd, 0, (off_t)len);

	if (ret)
		return -ret;
	return memfd_map(h, h->fd, len, true);
}

static int memfd_create_file(const char *name)
{
	int fd;

	if (name)
		return memfd_name_file();
	fd = memfd_create("ipcring", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd < 0 ? -errno : fd;
}

/* The last step: from now on others find it. */
static int memfd_publish(const struct ipcring_handle *h, const struct ipcring_options *opt)
{
	if (!opt->name)
		return fcntl(h->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) ?
			-errno : 0;
	if (fchmod(h->fd, memfd_name_mode(opt->mode)))
		return -errno;
	return memfd_name_link(h->fd, opt->name);
}

static int memfd_create_channel(const struct ipcring_options *opt, struct ipcring_handle *h)
{
	int ret = memfd_geom_of(opt, &h->geom);

	if (ret)
		return ret;
	h->fd = memfd_create_file(opt->name);
	if (h->fd < 0)
		return h->fd;
	ret = memfd_make(h);
	if (ret)
		return ret;
	memfd_init(h, opt);
	ret = memfd_lock(h->fd, MEMFD_LOCK_CONTROL);
	if (ret)
		return ret;
	lseek(h->fd, MEMFD_LOCK_CONTROL, SEEK_SET);
	return memfd_publish(h, opt);
}

static __u64 memfd_pos(const __u64 *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static __u32 memfd_state(const struct ipcring_handle *h, __u32 lane, __u32 nr)
{
	int fd = memfd_reopen(h->fd, O_RDONLY);	/* a description sees no lock of its own */
	__u32 state = 0;

	if (fd < 0)
		return 0;
	if (memfd_locked(fd, MEMFD_LOCK_PROD + lane, nr))
		state |= IPCRING_ST_PRODUCER;
	if (memfd_locked(fd, MEMFD_LOCK_CONS, IPCRING_CONSUMERS_MAX))
		state |= IPCRING_ST_CONSUMER;
	close(fd);
	for (__u32 n = lane; n < lane + nr; n++)
		if (__atomic_load_n(&h->head->lane[n].corrupt, __ATOMIC_RELAXED))
			state |= IPCRING_ST_CORRUPT;
	return state;
}

static int memfd_info(const struct ipcring_handle *h, struct ipcring_info *info)
{
	const struct lib_geom *g = &h->geom;
	struct ring r = memfd_lane_ring(h, h->pub.lane);
	struct stat st;

	if (info->size != sizeof(*info))
		return -EINVAL;
	if (fstat(h->fd, &st))
		return -errno;
	*info = (struct ipcring_info){
		.size = sizeof(*info), .role = h->role, .slots = g->slots, .msg_size = g->msg_size,
		.stride = r.stride, .state = memfd_state(h, 0, g->lanes),
		.data_bytes = g->bytes ? 2 * g->bytes : memfd_data(g), .id = st.st_ino,
		.prod_pos = memfd_pos(&r.prod->pos), .cons_pos = memfd_pos(&r.cons->pos),
		.flags = IPCRING_CREATE_TRUST_ALL | (g->bytes ? IPCRING_CREATE_RECORDS : 0),
		.lanes = g->lanes, .consumers = g->consumers, .lane = h->pub.lane,
		.bytes = g->bytes,
	};
	return 0;
}

static void memfd_add_stats(const struct ipcring_handle *h, __u32 n, struct ipcring_stats *s)
{
	const struct memfd_lane *l = &h->head->lane[n];
	struct ring r = memfd_lane_ring(h, n);
	/* The consumer's first: it never passes the producer. */
	__u64 cons = memfd_pos(&r.cons->pos), prod = memfd_pos(&r.prod->pos);

	s->cons_pos += cons;
	s->prod_pos += prod;
	s->depth += prod - cons;
	s->drops += l->drops;
	s->prod_waits += l->prod_waits;
	s->prod_wakes += l->prod_wakes;
	s->cons_wakes += l->cons_wakes;
	s->corruptions += l->corruptions;
}

static int memfd_stats(const struct ipcring_handle *h, struct ipcring_stats *stats)
{
	const struct lib_geom *g = &h->geom;
	__u32 lane = stats->lane, first = lane, nr = 1;

	if (stats->size != sizeof(*stats))
		return -EINVAL;
	if (lane == IPCRING_LANE_ALL) {
		first = 0;
		nr = g->lanes;
	} else if (lane >= g->lanes) {
		return -EINVAL;
	}
	if (h->role == IPCRING_ROLE_PRODUCER && lane != h->pub.lane)
		return -EACCES;
	*stats = (struct ipcring_stats){
		.size = sizeof(*stats), .lane = lane, .cons_waits = h->head->cons_waits,
		.state = memfd_state(h, first, nr),
	};
	for (__u32 n = first; n < first + nr; n++)
		memfd_add_stats(h, n, stats);
	return 0;
}

static void memfd_close(struct ipcring_handle *h)
{
	bool end = h->lanes;
	char name[IPCRING_NAME_SIZE] = "";

	if (h->head && h->role == IPCRING_ROLE_CONTROL)
		memcpy(name, h->head->name, sizeof(name) - 1);
	if (h->fd >= 0)
		close(h->fd);
	/* The lock is free, unless others have the fd: who sleeps looks again. */
	if (end) {
		memfd_ring(&h->head->bell);
		for (__u32 n = 0; n < h->geom.lanes; n++)
			memfd_ring(&h->head->lane[n].bell);
	}
	for (__u32 n = 0; end && h->data_bytes && n < h->nr_lanes; n++)
		if (h->lanes[n].ring.data)
			munmap(h->lanes[n].ring.data, h->data_bytes);
	if (h->head)
		munmap(h->head, h->mem_len);
	if (lib_name_ok(name))
		memfd_name_reap(name);
}

const struct lib_backend lib_memfd = {
	.create = memfd_create_channel,
	.open = memfd_open,
	.endpoint = memfd_endpoint,
	.import = memfd_import,
	.wait = memfd_wait,
	.wake = memfd_wake,
	.pass = memfd_pass,
	.wait_any = memfd_wait_any,
	.info = memfd_info,
	.stats = memfd_stats,
	.close = memfd_close,
};
