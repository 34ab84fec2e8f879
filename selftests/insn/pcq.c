// SPDX-License-Identifier: GPL-2.0
/*
 * What a message costs to send to a per-CPU queue, way by way, in instructions; for
 * pcq_host.sh, which boots a guest for each and counts.
 *
 *   pcq WAY	one of the table below
 *
 * Between the marks MESSAGES messages of 64 bytes are sent, and nothing else: the lanes are
 * deep enough. Nobody sleeps at the other end.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ipcring.h"
#include "ipcring_pcq.h"
#include "mark.h"

#define MESSAGES	1024u
#define BATCH		16u
#define CPU		0u

struct way {
	const char *name;
	__u32 flags;	/* of the endpoint */
	unsigned int batch;
	__u32 len;
};

static const struct way ways[] = {
	{ "rseq", 0, 1, 64 },
	{ "rseq-4080", 0, 1, 4080 },
	{ "write", IPCRING_PCQ_COPY, 1, 64 },
	{ "write-4080", IPCRING_PCQ_COPY, 1, 4080 },
	{ "remote", IPCRING_PCQ_EP_ORDERED, 1, 64 },
	{ "rseq-16", 0, BATCH, 64 },
	{ "write-16", IPCRING_PCQ_COPY, BATCH, 64 },
	{ "remote-16", IPCRING_PCQ_EP_ORDERED, BATCH, 64 },
};

static unsigned char buf[4080];

static void die(const char *what, int error)
{
	fprintf(stderr, "pcq: %s: %s\n", what, strerror(-error));
	exit(1);
}

static const struct way *way_called(const char *name)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		if (!strcmp(ways[i].name, name))
			return &ways[i];
	fprintf(stderr, "pcq: %s: no such way\n", name);
	exit(2);
}

static int send_some(const struct ipcring_pcq *out, const struct way *w)
{
	struct ipcring_pcq_msg msgs[BATCH];

	if (w->batch == 1)
		return ipcring_pcq_send(out, buf, w->len, IPCRING_NO_TIMEOUT) ?: 1;
	for (unsigned int i = 0; i < w->batch; i++)
		msgs[i] = (struct ipcring_pcq_msg){ .addr = (size_t)buf, .len = w->len };
	return ipcring_pcq_send_batch(out, msgs, w->batch, IPCRING_NO_TIMEOUT);
}

/* So many, and take them out again. */
static void run(const struct ipcring_pcq *out, struct ipcring_pcq *in, const struct way *w,
		bool marked)
{
	unsigned int n = 0;
	int ret = 1;

	if (marked)
		mark_begin();
	for (; n < MESSAGES && ret > 0; n += (unsigned int)ret)
		ret = send_some(out, w);
	if (marked)
		mark_end();
	if (ret < 0)
		die("send", ret);
	for (; n; n--)
		if (ipcring_pcq_try_recv(in, buf, sizeof(buf), NULL) != (ssize_t)w->len)
			die("receive", 0);
}

int main(int argc, char **argv)
{
	const struct way *w = way_called(argc > 1 ? argv[1] : "");
	const struct ipcring_pcq_options opt = {
		.flags = IPCRING_PCQ_MAP_SENDERS, .slots = MESSAGES, .msg_size = sizeof(buf),
	};
	struct ipcring_pcq *control, *in, *out;
	__u64 aborts, local;
	cpu_set_t set;
	int ret;

	CPU_ZERO(&set);
	CPU_SET(CPU, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("CPU 0", -1);
	ret = ipcring_pcq_create(&opt, &control);
	if (!ret)
		ret = ipcring_pcq_endpoint(control, IPCRING_PCQ_RECEIVER, CPU, 0, &in);
	if (!ret)
		ret = ipcring_pcq_endpoint(control, IPCRING_PCQ_SENDER, CPU, w->flags, &out);
	if (ret)
		die("no set", ret);
	/* Once to fault in what there is. */
	run(out, in, w, false);
	local = ipcring_pcq_counts()->local;
	aborts = ipcring_pcq_counts()->aborts;
	run(out, in, w, true);
	local = ipcring_pcq_counts()->local - local;
	aborts = ipcring_pcq_counts()->aborts - aborts;
	printf("local %llu aborts %llu\n", (unsigned long long)local, (unsigned long long)aborts);
	return 0;
}
