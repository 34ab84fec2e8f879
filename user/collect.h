/* SPDX-License-Identifier: GPL-2.0 */
/* From what the workers of a launch saw to the counts and samples of their cell. */
#ifndef IPCSCOPE_COLLECT_H
#define IPCSCOPE_COLLECT_H

#include <stdbool.h>
#include "launch.h"

/**
 * collect_launch() - add a launch to its cell's arm
 * @l:		the launch, over
 * @complete:	all blocks are through: samples are taken and the messages judged
 *
 * Return: 0 or -ENOMEM.
 */
int collect_launch(struct launch *l, bool complete);

#endif /* IPCSCOPE_COLLECT_H */
