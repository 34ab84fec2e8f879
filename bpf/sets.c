// SPDX-License-Identifier: GPL-2.0
/* Every probe set has its line in the list. */
#include <stddef.h>
#include <string.h>
#include "sets.h"

#define SETS(X)		\
	X(pipe)		\
	X(ring)		\
	X(unix_stream)	\
	X(unix_packet)	\
	X(netlink)	\
	X(udp4)		\
	X(udp6)		\
	X(tcp)		\
	X(vsock)	\
	X(ring_call)	\
	X(ring_cmd)	\
	X(pcq_local)	\
	X(pcq_remote)	\
	X(posix_mq)	\
	X(sysv_msg)	\
	X(splice)	\
	X(futex)	\
	X(eventfd_shm)	\
	X(eventfd)	\
	X(msg_ring)

#define SETS_DECLARE(name)	extern const struct probe_set set_##name;
#define SETS_ENTRY(name)	&set_##name,

SETS(SETS_DECLARE)

static const struct probe_set *const sets[] = { SETS(SETS_ENTRY) };

const struct probe_set *sets_find(const char *mech)
{
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		for (const char *const *m = sets[i]->mechs; *m; m++)
			if (!strcmp(*m, mech))
				return sets[i];
	return NULL;
}
