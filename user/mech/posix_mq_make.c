// SPDX-License-Identifier: GPL-2.0
/* Limits of POSIX message queues: what is asked for, and what says no. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include "posix_mq_make.h"

/* What the rings take, too; at least two messages. */
#define POSIX_MQ_MAKE_BYTES	65536

/* Of fs.mqueue; 0: it cannot be read. */
static long posix_mq_make_limit(const char *name)
{
	char path[64];
	long value = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/sys/fs/mqueue/%s", name);
	f = fopen(path, "re");
	if (f && fscanf(f, "%ld", &value) != 1)
		value = 0;
	if (f)
		fclose(f);
	return value;
}

/* Bytes of all of a user's queues: as many as this process may ask for. */
static void posix_mq_make_raise(struct rlimit *r)
{
	*r = (struct rlimit){ RLIM_INFINITY, RLIM_INFINITY };
	if (!setrlimit(RLIMIT_MSGQUEUE, r) || getrlimit(RLIMIT_MSGQUEUE, r))
		return;
	r->rlim_cur = r->rlim_max;
	setrlimit(RLIMIT_MSGQUEUE, r);
}

/* Who is not above fs.mqueue.msg_max gets a queue for fewer messages. */
static int posix_mq_make_one(struct names_name *name, size_t size)
{
	const int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
	const long limit = posix_mq_make_limit("msg_max"), fit = (long)(POSIX_MQ_MAKE_BYTES / size);
	struct mq_attr attr = { .mq_maxmsg = fit > 2 ? fit : 2, .mq_msgsize = (long)size };
	int ret = names_make(NAMES_MQ, name);
	mqd_t q;

	if (ret)
		return ret;
	q = mq_open(name->text, flags, 0600, &attr);
	if (q < 0 && errno == EINVAL && limit && attr.mq_maxmsg > limit) {
		attr.mq_maxmsg = limit;
		q = mq_open(name->text, flags, 0600, &attr);
	}
	return q < 0 || mq_close(q) ? -errno : 0;
}

int posix_mq_make(struct names_name name[SIDE_COUNT], size_t size)
{
	struct rlimit r;
	int ret;

	posix_mq_make_raise(&r);
	ret = posix_mq_make_one(&name[SIDE_SENDER], size);
	return ret ? ret : posix_mq_make_one(&name[SIDE_RECEIVER], size);
}

int posix_mq_make_probe(const struct mech_cfg *cfg, struct mech_why *why)
{
	struct names_name name[SIDE_COUNT] = { { 0 }, { 0 } };
	int ret = posix_mq_make(name, cfg->size);
	struct rlimit r;

	posix_mq_make_raise(&r);
	names_drop(&name[SIDE_SENDER]);
	names_drop(&name[SIDE_RECEIVER]);
	if (ret == -EINVAL)
		mech_because(why, "size %zu is over fs.mqueue.msgsize_max = %ld; raise it with sysctl -w fs.mqueue.msgsize_max=%zu",
			     cfg->size, posix_mq_make_limit("msgsize_max"), cfg->size);
	else if (ret == -EMFILE)
		mech_because(why, "two queues of %zu-byte messages are over your RLIMIT_MSGQUEUE = %llu bytes; raise it with ulimit -q",
			     cfg->size, (unsigned long long)r.rlim_cur);
	else if (ret == -ENOSPC)
		mech_because(why, "all queues are taken, fs.mqueue.queues_max = %ld; remove some from /dev/mqueue or raise it",
			     posix_mq_make_limit("queues_max"));
	else if (ret)
		mech_because(why, "this kernel gives no queue: %s; it needs CONFIG_POSIX_MQUEUE",
			     strerror(-ret));
	return ret;
}
