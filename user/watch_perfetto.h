/* SPDX-License-Identifier: GPL-2.0 */
/* Every call and message as trace events, for ui.perfetto.dev. */
#ifndef IPCSCOPE_WATCH_PERFETTO_H
#define IPCSCOPE_WATCH_PERFETTO_H

#include "watch.h"

struct watch_perfetto;

/* 0 or -errno, the reason in @why. */
int watch_perfetto_open(struct watch_perfetto **out, const char *path, struct mech_why *why);

void watch_perfetto_add(struct watch_perfetto *p, const struct watch_event *ev);

/**
 * watch_perfetto_close() - end the file
 * @p:		accepts NULL
 * @w:		knows the names, NULL: drop the file
 * @why:	one line on error
 *
 * Return: how many events found no room, or -errno.
 */
long watch_perfetto_close(struct watch_perfetto *p, const struct watch *w, struct mech_why *why);

#endif /* IPCSCOPE_WATCH_PERFETTO_H */
