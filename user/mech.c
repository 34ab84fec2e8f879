// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "mech.h"

/* One line to add a mechanism. The order is the report's. */
#define MECHS(M)	\
	M(null)		\
	M(pipe)		\
	M(pipe_packet)	\
	M(pipe_splice)	\
	M(fifo)		\
	M(unix_stream)	\
	M(unix_stream_path) \
	M(unix_stream_abstract) \
	M(unix_dgram)	\
	M(unix_dgram_path) \
	M(unix_dgram_abstract) \
	M(unix_seqpacket) \
	M(unix_seqpacket_path) \
	M(unix_seqpacket_abstract) \
	M(tcp4)		\
	M(tcp6)		\
	M(tcp4_veth)	\
	M(tcp6_veth)	\
	M(udp4)		\
	M(udp6)		\
	M(udp4_veth)	\
	M(udp6_veth)	\
	M(netlink)	\
	M(vsock_stream)	\
	M(vsock_seqpacket) \
	M(sysv_msg)	\
	M(posix_mq)	\
	M(signal_shm)	\
	M(sigqueue_slots) \
	M(signalfd_slots) \
	M(sysv_sem_slots) \
	M(posix_sem_slots) \
	M(posix_sem_named_slots) \
	M(eventfd_slots) \
	M(eventfd_shm)	\
	M(futex_slots)	\
	M(shm_futex)	\
	M(shm_sysv_sem)	\
	M(shm_sysv_futex) \
	M(shm_sysv_cond) \
	M(shm_sysv_spin) \
	M(shm_posix_sem) \
	M(shm_posix_futex) \
	M(shm_posix_cond) \
	M(shm_posix_spin) \
	M(shm_memfd_sem) \
	M(shm_memfd_futex) \
	M(shm_memfd_cond) \
	M(shm_memfd_spin) \
	M(mmap_file)	\
	M(file_lock)	\
	M(vm_writev)	\
	M(msg_ring)	\
	M(binder)	\
	M(ring)		\
	M(ring_call)	\
	M(ring_uring_cmd) \
	M(ring_mmap)	\
	M(pcq_local)	\
	M(pcq_remote)	\
	M(pcq_rseq)	\
	M(pcq_service)

#define MECH_DECLARE(name)	extern const struct mech_ops mech_##name;
#define MECH_ENTRY(name)	&mech_##name,

MECHS(MECH_DECLARE)

const struct mech_ops *const mech_table[] = { MECHS(MECH_ENTRY) NULL };

const struct mech_ops *mech_find(const char *name)
{
	for (size_t i = 0; mech_table[i]; i++)
		if (!strcmp(mech_table[i]->name, name))
			return mech_table[i];
	return NULL;
}

void mech_because(struct mech_why *why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
}
