/* SPDX-License-Identifier: GPL-2.0 */
/* `ipcscope trace`: who talks to whom among programs that were not started here. */
#ifndef IPCSCOPE_WATCH_CMD_H
#define IPCSCOPE_WATCH_CMD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "mech.h"

/* More processes than anybody would name one by one. */
#define WATCH_PIDS_MAX	64
/* Slowest messages that are kept with what went on meanwhile. */
#define WATCH_TAIL_MAX	100

/**
 * struct watch_args - the command line of `ipcscope trace`
 * @help:	print help, do nothing
 * @all:	every process
 * @pid:	processes to follow
 * @npids:	how many
 * @command:	program to start and follow, NULL none
 * @duration_ms: how long, 0: until it ends or is interrupted
 * @json:	result file, NULL none
 * @perfetto:	file of slices and arrows, NULL none
 * @tail:	how many of the slowest messages to show
 */
struct watch_args {
	bool help;
	bool all;
	pid_t pid[WATCH_PIDS_MAX];
	unsigned int npids;
	char **command;
	uint64_t duration_ms;
	const char *json;
	const char *perfetto;
	unsigned int tail;
};

/**
 * watch_args_parse() - parse what follows `ipcscope`
 * @a:		filled
 * @argc:	words
 * @argv:	"trace" first; must outlive @a
 * @why:	one line on error
 *
 * Return: 0 or -EINVAL.
 */
int watch_args_parse(struct watch_args *a, int argc, char **argv, struct mech_why *why);

/**
 * watch_main() - the command
 * @argc:	words
 * @argv:	"trace" first
 *
 * Return: the exit status, as documented in watch_help().
 */
int watch_main(int argc, char **argv);

/* Help on standard output. */
void watch_help(void);

#endif /* IPCSCOPE_WATCH_CMD_H */
