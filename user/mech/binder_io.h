/* SPDX-License-Identifier: GPL-2.0 */
/* One thread's conversation with the binder driver: commands out, commands in. */
#ifndef IPCSCOPE_MECH_BINDER_IO_H
#define IPCSCOPE_MECH_BINDER_IO_H

#include <linux/android/binder.h>
#include "mech.h"

/* What the driver maps at most: messages under way to a process lie in there. */
#define BINDER_IO_MAP	(4u << 20)

/**
 * struct binder_io - state
 * @fd:		the device, -1: none
 * @map:	where the driver puts messages, BINDER_IO_MAP bytes
 * @out_len:	bytes of @out
 * @in_at:	where @in goes on
 * @in_len:	bytes of @in
 * @got:	the transaction or reply that came last
 * @held:	its buffer, to be given back, or 0
 * @out:	commands that wait for the next ioctl()
 * @in:		commands that it brought
 */
struct binder_io {
	int fd;
	void *map;
	size_t out_len;
	size_t in_at;
	size_t in_len;
	struct binder_transaction_data got;
	binder_uintptr_t held;
	unsigned char out[256];
	unsigned char in[256];
};

/* Return: 0 or -errno; what a failed one left is closed by binder_io_close(). */
int binder_io_open(struct binder_io *io, const char *device, bool nonblock);
void binder_io_close(struct binder_io *io);

/* Put a command without an argument. */
void binder_io_command(struct binder_io *io, __u32 command);

/* Give back what is held and put BC_TRANSACTION to the context manager, or BC_REPLY. */
void binder_io_message(struct binder_io *io, __u32 command, const void *buf, size_t size);

/* Do what was put, one ioctl(). */
int binder_io_flush(struct binder_io *io);

/**
 * binder_io_await() - do what was put, and take the next BR_TRANSACTION or BR_REPLY
 * @io:		its @got is filled
 * @wanted:	which of both
 * @nowait:	-EAGAIN while there is none
 *
 * Return: 0 or -errno: -EPIPE if nobody answers any more, -ENOBUFS if there is no room for
 * what was sent.
 */
int binder_io_await(struct binder_io *io, __u32 wanted, bool nowait);

#endif /* IPCSCOPE_MECH_BINDER_IO_H */
