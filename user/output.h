/* SPDX-License-Identifier: GPL-2.0 */
/* A result file: checked before anything is measured, whole or not there at all. */
#ifndef IPCSCOPE_OUTPUT_H
#define IPCSCOPE_OUTPUT_H

#include <jansson.h>
#include <stdio.h>
#include "mech.h"

/**
 * struct output - an output file in the making
 * @path:	where it is to be, "-" for standard output, NULL: none wanted
 * @target:	the existing file that it names, NULL: none
 * @temp:	temporary file beside it, NULL when written in place
 * @f:		open file, NULL: none
 */
struct output {
	const char *path;
	char *target;
	char *temp;
	FILE *f;
};

/**
 * output_open() - make sure that a file can be written later
 * @o:		filled; end with output_commit() or output_discard()
 * @path:	file, "-" for standard output, NULL for none
 * @why:	reason on error
 *
 * A regular file is written beside its place and renamed when whole; anything else (a
 * device, a pipe) in place.
 *
 * Return: 0 or -errno.
 */
int output_open(struct output *o, const char *path, struct mech_why *why);

/**
 * output_commit() - write the result
 * @o:		from output_open(); closed in any case
 * @result:	what to write
 * @why:	on error: what went wrong and where the result was put instead
 *
 * When the place turns out to be full, the result goes to the first of $TMPDIR, /tmp,
 * /dev/shm that takes it: nothing measured is lost.
 *
 * Return: 0 or -errno.
 */
int output_commit(struct output *o, json_t *result, struct mech_why *why);

/* Leave no file behind. */
void output_discard(struct output *o);

#endif /* IPCSCOPE_OUTPUT_H */
