/* SPDX-License-Identifier: GPL-2.0 */
/* The loader's state of `ipcscope trace`, shared by watch.c and watch_read.c. */
#ifndef IPCSCOPE_WATCH_READ_H
#define IPCSCOPE_WATCH_READ_H

/**
 * struct watch - loaded probes
 * @cfg:	what to watch
 * @skel:	the skeleton; its bss is mapped
 * @ring:	single messages
 * @fn:		gets them
 * @arg:	given to @fn
 * @ncpus:	possible CPUs
 * @ctx:	what they were doing, WATCH_CTX entries each
 * @head:	entries each has made
 * @ctx_size:	mapped
 * @head_size:	mapped
 * @absent:	hooks that this kernel does not have
 */
struct watch {
	struct watch_cfg cfg;
	struct watch_bpf *skel;
	struct ring_buffer *ring;
	watch_event_fn *fn;
	void *arg;
	unsigned int ncpus;
	struct watch_ctx *ctx;
	__u64 *head;
	size_t ctx_size;
	size_t head_size;
	char absent[160];
};

#endif /* IPCSCOPE_WATCH_READ_H */
