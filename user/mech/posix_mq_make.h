/* SPDX-License-Identifier: GPL-2.0 */
/* Making the queues of posix-mq as long as this user may have them. */
#ifndef IPCSCOPE_MECH_POSIX_MQ_MAKE_H
#define IPCSCOPE_MECH_POSIX_MQ_MAKE_H

#include "names.h"

/**
 * posix_mq_make() - create a queue in each direction
 * @name:	by sending side, filled; to be dropped, after a failure, too
 * @size:	bytes of a message
 *
 * Return: 0 or -errno.
 */
int posix_mq_make(struct names_name name[SIDE_COUNT], size_t size);

/* Can it, for such messages? 0, or -errno and @why. */
int posix_mq_make_probe(const struct mech_cfg *cfg, struct mech_why *why);

#endif /* IPCSCOPE_MECH_POSIX_MQ_MAKE_H */
