/* SPDX-License-Identifier: GPL-2.0 */
/* The slowest messages, and what else went on. */
#ifndef IPCSCOPE_WATCH_TAIL_H
#define IPCSCOPE_WATCH_TAIL_H

#include <jansson.h>
#include "watch.h"

struct watch_tail;

/* Room for @k messages; NULL: no memory. */
struct watch_tail *watch_tail_new(unsigned int k);

/* A message: kept if it is among the slowest, with what its CPUs did between its S and X. */
void watch_tail_add(struct watch_tail *tail, struct watch *w, const struct watch_event *ev);

/* An array, slowest first; NULL: no memory. */
json_t *watch_tail_json(const struct watch_tail *tail, const struct watch *w);

/* Accepts NULL. */
void watch_tail_free(struct watch_tail *tail);

#endif /* IPCSCOPE_WATCH_TAIL_H */
