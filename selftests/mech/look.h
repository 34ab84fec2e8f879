/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a process has open: descriptors, shared mappings, and what lies about without either
 * (SysV queues and semaphore sets). Two looks apart, what is new is what a mechanism uses.
 */
#ifndef SELFTESTS_MECH_LOOK_H
#define SELFTESTS_MECH_LOOK_H

#include <dirent.h>
#include <errno.h>
#include <linux/kcmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define LOOK_MAX	192

/**
 * struct look_object - one
 * @kind:	what it is: "socket", "memory", "[eventfd", ...
 * @dev:	with @ino: which one, unless its inode is shared by all of its kind
 * @ino:	likewise
 * @fd:		descriptor, -1: none
 * @start:	where it is mapped, 0: nowhere
 * @end:	behind it
 */
struct look_object {
	char kind[40];
	uint64_t dev;
	uint64_t ino;
	int fd;
	unsigned long start;
	unsigned long end;
};

/**
 * struct look - all that a process sees
 * @object:	them
 * @n:		how many
 */
struct look {
	struct look_object object[LOOK_MAX];
	unsigned int n;
};

static inline void look_add(struct look *l, const struct look_object *o)
{
	if (l->n < LOOK_MAX)
		l->object[l->n++] = *o;
}

/* Kinds whose objects share an inode, and are told apart as open files. */
static inline bool look_anonymous(const struct look_object *o)
{
	return *o->kind == '[' || *o->kind == '/';
}

static inline bool look_same(const struct look_object *a, const struct look_object *b)
{
	if (strcmp(a->kind, b->kind))
		return false;
	if (!look_anonymous(a))
		return a->dev == b->dev && a->ino == b->ino;
	return a->fd == b->fd ||
	       !syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, a->fd, b->fd);
}

/* Named by path: a semaphore, a FIFO, a queue, or memory that has a name. */
static inline void look_kind(struct look_object *o, const char *link, const struct stat *st)
{
	const char *base = strrchr(link, '/');
	struct statfs fs = { 0 };

	fstatfs(o->fd, &fs);
	if (S_ISSOCK(st->st_mode))
		strcpy(o->kind, "socket");
	else if (S_ISFIFO(st->st_mode))
		strcpy(o->kind, "pipe");
	else if (fs.f_type == 0x19800202)
		strcpy(o->kind, "POSIX queue");
	else if (!strncmp(link, "anon_inode:", 11))
		/* "[ipcring-producer]" and "[ipcring-consumer]" are ends of one kind of thing. */
		snprintf(o->kind, sizeof(o->kind), "%.*s", (int)strcspn(link + 11, "-]"),
			 link + 11);
	else if (S_ISCHR(st->st_mode))
		snprintf(o->kind, sizeof(o->kind), "%s", link);
	else if (base && !strncmp(base, "/sem.", 5))
		strcpy(o->kind, "semaphore");
	else if (S_ISREG(st->st_mode) && *link == '/')
		strcpy(o->kind, "memory");
}

static inline void look_descriptors(struct look *l)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		struct look_object o = { .fd = atoi(e->d_name) };
		char path[64], link[256] = "";
		struct stat st;

		if (*e->d_name == '.' || o.fd == dirfd(dir) || fstat(o.fd, &st))
			continue;
		snprintf(path, sizeof(path), "/proc/self/fd/%d", o.fd);
		if (readlink(path, link, sizeof(link) - 1) < 0)
			continue;
		o.dev = st.st_dev;
		o.ino = st.st_ino;
		look_kind(&o, link, &st);
		/* What is not one of these (namespaces, directories) carries nothing. */
		if (*o.kind && strcmp(o.kind, "[eventpoll"))
			look_add(l, &o);
	}
	if (dir)
		closedir(dir);
}

static inline void look_mappings(struct look *l)
{
	FILE *f = fopen("/proc/self/maps", "r");
	unsigned int major, minor;
	char line[512], perms[8], path[256];
	unsigned long long ino;

	while (f && fgets(line, sizeof(line), f)) {
		struct look_object o = { .fd = -1 };

		*path = '\0';
		if (sscanf(line, "%lx-%lx %7s %*x %x:%x %llu %255s", &o.start, &o.end, perms,
			   &major, &minor, &ino, path) < 6 || perms[3] != 's')
			continue;
		/* Of a descriptor that is counted as such. */
		if (!strncmp(path, "anon_inode:", 11) || (!strncmp(path, "/dev/", 5) &&
							  strncmp(path, "/dev/shm/", 9) &&
							  strcmp(path, "/dev/zero")))
			continue;
		strcpy(o.kind, strstr(path, "/sem.") ? "semaphore" : "memory");
		/* As the kernel's makedev() and the C library's have it. */
		o.dev = (uint64_t)major << 8 | minor;
		o.ino = ino;
		/* A SysV segment's number is its id, and may be that of another inode there. */
		if (!strncmp(path, "/SYSV", 5))
			o.dev = ~0ULL;
		look_add(l, &o);
	}
	if (f)
		fclose(f);
}

/* Rows of a table of SysV IPC: key, id, ... */
static inline void look_sysv(struct look *l, const char *table, const char *kind)
{
	char path[64], line[512];
	int id, key;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/sysvipc/%s", table);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f)) {
		struct look_object o = { .fd = -1 };

		if (sscanf(line, "%d %d", &key, &id) != 2)
			continue;
		strcpy(o.kind, kind);
		o.ino = (uint64_t)id;
		look_add(l, &o);
	}
	if (f)
		fclose(f);
}

static inline void look_take(struct look *l)
{
	l->n = 0;
	look_descriptors(l);
	look_mappings(l);
	look_sysv(l, "msg", "SysV queue");
	look_sysv(l, "sem", "SysV semaphore set");
}

/* Leave in @l what is not in @before, each once. */
static inline void look_new(struct look *l, const struct look *before)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < l->n; i++) {
		const struct look_object *o = &l->object[i];
		bool old = false;

		for (unsigned int k = 0; k < before->n; k++)
			old = old || look_same(o, &before->object[k]);
		for (unsigned int k = 0; k < kept; k++)
			old = old || look_same(o, &l->object[k]);
		if (!old)
			l->object[kept++] = *o;
	}
	l->n = kept;
}

/* Its kind, for people. */
static inline const char *look_word(const struct look_object *o)
{
	return o->kind + (*o->kind == '[');
}

/* How many of that kind. */
static inline unsigned int look_count(const struct look *l, const char *kind)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < l->n; i++)
		n += !strcmp(l->object[i].kind, kind);
	return n;
}

/* The one that there is most of, NULL: there is none. */
static inline const struct look_object *look_most(const struct look *l)
{
	const struct look_object *most = NULL;

	for (unsigned int i = 0; i < l->n; i++)
		if (!most || look_count(l, l->object[i].kind) > look_count(l, most->kind))
			most = &l->object[i];
	return most;
}

#endif /* SELFTESTS_MECH_LOOK_H */
