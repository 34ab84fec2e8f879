// SPDX-License-Identifier: GPL-2.0
/* The protocol of /dev/binder, as much of it as messages without objects need. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "binder_io.h"

int binder_io_open(struct binder_io *io, const char *device, bool nonblock)
{
	struct binder_version version = { 0 };
	void *map;

	io->fd = open(device, O_RDWR | O_CLOEXEC | (nonblock ? O_NONBLOCK : 0));
	if (io->fd < 0)
		return -errno;
	if (ioctl(io->fd, BINDER_VERSION, &version) ||
	    ioctl(io->fd, BINDER_SET_MAX_THREADS, &(__u32){ 0 }))
		return -errno;
	if (version.protocol_version != BINDER_CURRENT_PROTOCOL_VERSION)
		return -EPROTONOSUPPORT;
	map = mmap(NULL, BINDER_IO_MAP, PROT_READ, MAP_PRIVATE | MAP_NORESERVE, io->fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	io->map = map;
	return 0;
}

void binder_io_close(struct binder_io *io)
{
	if (io->map)
		munmap(io->map, BINDER_IO_MAP);
	if (io->fd >= 0)
		close(io->fd);
	io->map = NULL;
	io->fd = -1;
}

static void binder_io_put(struct binder_io *io, const void *bytes, size_t len)
{
	memcpy(io->out + io->out_len, bytes, len);
	io->out_len += len;
}

void binder_io_command(struct binder_io *io, __u32 command)
{
	binder_io_put(io, &command, sizeof(command));
}

static void binder_io_give_back(struct binder_io *io)
{
	if (!io->held)
		return;
	binder_io_command(io, BC_FREE_BUFFER);
	binder_io_put(io, &io->held, sizeof(io->held));
	io->held = 0;
}

void binder_io_message(struct binder_io *io, __u32 command, const void *buf, size_t size)
{
	const struct binder_transaction_data tr = {
		.data_size = size, .data.ptr.buffer = (binder_uintptr_t)(uintptr_t)buf,
	};

	binder_io_give_back(io);
	binder_io_command(io, command);
	binder_io_put(io, &tr, sizeof(tr));
}

/* @room: for what it may bring. What was done is forgotten, even if it brought nothing. */
static int binder_io_turn(struct binder_io *io, size_t room)
{
	struct binder_write_read bwr = {
		.write_size = io->out_len, .write_buffer = (binder_uintptr_t)(uintptr_t)io->out,
		.read_size = room, .read_buffer = (binder_uintptr_t)(uintptr_t)io->in,
	};
	int ret = ioctl(io->fd, BINDER_WRITE_READ, &bwr) ? -errno : 0;

	io->out_len -= bwr.write_consumed;
	memmove(io->out, io->out + bwr.write_consumed, io->out_len);
	io->in_at = 0;
	io->in_len = bwr.read_consumed;
	return ret == -EINTR ? 0 : ret;
}

int binder_io_flush(struct binder_io *io)
{
	int ret = 0;

	while (!ret && io->out_len)
		ret = binder_io_turn(io, 0);
	return ret;
}

/* The next command of those that came. 1: @wanted, 0: another one, or none, -errno: a failure. */
static int binder_io_next(struct binder_io *io, __u32 wanted)
{
	const unsigned char *at = io->in + io->in_at;
	__u32 command;

	memcpy(&command, at, sizeof(command));
	io->in_at += sizeof(command) + _IOC_SIZE(command);
	if (command == wanted) {
		memcpy(&io->got, at + sizeof(command), sizeof(io->got));
		io->held = io->got.data.ptr.buffer;
		return 1;
	}
	/* That who called is dead is not the answering side's concern: others may call. */
	if (wanted != BR_REPLY)
		return 0;
	return command == BR_DEAD_REPLY ? -EPIPE : command == BR_FAILED_REPLY ? -ENOBUFS : 0;
}

int binder_io_await(struct binder_io *io, __u32 wanted, bool nowait)
{
	struct pollfd p = { .fd = io->fd, .events = POLLIN };
	int ret;

	binder_io_give_back(io);
	for (;;) {
		while (io->in_at < io->in_len) {
			ret = binder_io_next(io, wanted);
			if (ret)
				return ret < 0 ? ret : 0;
		}
		ret = binder_io_turn(io, sizeof(io->in));
		if (ret == -EAGAIN && !nowait)
			ret = poll(&p, 1, -1) < 0 && errno != EINTR ? -errno : 0;
		if (ret)
			return ret;
	}
}
