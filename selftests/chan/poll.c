// SPDX-License-Identifier: GPL-2.0
/* poll(), select() and epoll, level- and edge-triggered. */
#include "chan.h"

#include <sys/epoll.h>
#include <sys/select.h>

#define BOTH	(POLLIN | POLLOUT)

FIXTURE(poll) {
	struct chan c;
	int ep;
	char buf[64];
};

FIXTURE_SETUP(poll)
{
	OPEN_CHAN(&self->c, 2, 64);
	self->ep = epoll_create1(EPOLL_CLOEXEC);
	ASSERT_LE(0, self->ep);
}

FIXTURE_TEARDOWN(poll)
{
	close(self->ep);
	chan_close(&self->c);
}

static int add(int ep, int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events };

	return errno_or(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev));
}

/* The events of the one file that is ready now, 0 if none is. */
static int ready(int ep)
{
	struct epoll_event ev = { .events = 0xcccccccc };
	int ret = errno_or(epoll_wait(ep, &ev, 1, 0));

	return ret == 1 ? (int)ev.events : ret;
}

TEST_F(poll, empty_ring)
{
	EXPECT_EQ(POLLOUT, chan_poll(self->c.prod, BOTH));
	EXPECT_EQ(0, chan_poll(self->c.cons, BOTH));
}

TEST_F(poll, message_there)
{
	ASSERT_EQ(1, chan_write(self->c.prod, "x", 1));
	EXPECT_EQ(POLLOUT, chan_poll(self->c.prod, BOTH));
	EXPECT_EQ(POLLIN, chan_poll(self->c.cons, BOTH));
}

TEST_F(poll, full_ring)
{
	ASSERT_EQ(1, chan_write(self->c.prod, "x", 1));
	ASSERT_EQ(1, chan_write(self->c.prod, "y", 1));
	EXPECT_EQ(0, chan_poll(self->c.prod, BOTH));
	EXPECT_EQ(POLLIN, chan_poll(self->c.cons, BOTH));
	ASSERT_EQ(1, chan_read(self->c.cons, self->buf, 1));
	EXPECT_EQ(POLLOUT, chan_poll(self->c.prod, BOTH));
}

TEST_F(poll, producer_is_gone)
{
	ASSERT_EQ(1, chan_write(self->c.prod, "x", 1));
	close(self->c.prod);
	EXPECT_EQ(POLLIN | POLLHUP, chan_poll(self->c.cons, BOTH));
	ASSERT_EQ(1, chan_read(self->c.cons, self->buf, 1));
	EXPECT_EQ(POLLHUP, chan_poll(self->c.cons, BOTH));
	self->c.prod = chan_endpoint(self->c.control, IPCRING_ROLE_PRODUCER, 0);
	EXPECT_EQ(0, chan_poll(self->c.cons, BOTH));
}

TEST_F(poll, consumer_is_gone)
{
	close(self->c.cons);
	EXPECT_EQ(POLLOUT | POLLERR, chan_poll(self->c.prod, BOTH));
	self->c.cons = chan_endpoint(self->c.control, IPCRING_ROLE_CONSUMER, 0);
	EXPECT_EQ(POLLOUT, chan_poll(self->c.prod, BOTH));
}

TEST_F(poll, full_and_consumer_is_gone)
{
	ASSERT_EQ(1, chan_write(self->c.prod, "x", 1));
	ASSERT_EQ(1, chan_write(self->c.prod, "y", 1));
	close(self->c.cons);
	EXPECT_EQ(POLLERR, chan_poll(self->c.prod, BOTH));
}

TEST_F(poll, peer_that_never_was)
{
	int control = chan_create(self->c.dev, 2, 64);
	int prod = chan_endpoint(control, IPCRING_ROLE_PRODUCER, 0);
	int cons = chan_endpoint(control, IPCRING_ROLE_CONSUMER, 0);
	int other = chan_create(self->c.dev, 2, 64);
	int alone = chan_endpoint(other, IPCRING_ROLE_CONSUMER, 0);

	EXPECT_EQ(POLLOUT, chan_poll(prod, BOTH));
	EXPECT_EQ(0, chan_poll(cons, BOTH));
	EXPECT_EQ(0, chan_poll(alone, BOTH));
	close(prod);
	close(cons);
	close(alone);
	close(control);
	close(other);
}

TEST_F(poll, control_is_never_of_interest)
{
	/* A file without poll() counts as always readable and writable. */
	EXPECT_EQ(POLLIN | POLLOUT, chan_poll(self->c.control, BOTH));
}

TEST_F(poll, sleeper_is_woken_by_message)
{
	struct call poll = { CALL_POLL, self->c.cons };

	ASSERT_TRUE(call_start(&poll));
	ASSERT_EQ(1, chan_write(self->c.prod, "x", 1));
	EXPECT_EQ(POLLIN, call_finish(&poll));
}

TEST_F(poll, sleeper_is_woken_by_space)
{
	struct call poll = { CALL_POLL, self->c.prod };

	ASSERT_EQ(1, chan_write(self->c.prod, "x", 1));
	ASSERT_EQ(1, chan_write(self->c.prod, "y", 1));
	ASSERT_TRUE(call_start(&poll));
	ASSERT_EQ(1, chan_read(self->c.cons, self->buf, 1));
	EXPECT_EQ(POLLOUT, call_finish(&poll));
}

TEST_F(poll, sleeper_is_woken_by_hangup)
{
	struct call poll = { CALL_POLL, self->c.cons };

	ASSERT_TRUE(call_start(&poll));
	close(self->c.prod);
	EXPECT_EQ(POLLHUP, call_finish(&poll));
}

/* A mapped producer looks at the event word alone: poll() must have armed it. */
TEST_F(poll, sleeper_is_woken_by_mapped_producer)
{
	struct call poll = { CALL_POLL, self->c.cons };
	struct ring r;

	ASSERT_EQ(0, map_ring(self->c.prod, &r));
	ASSERT_TRUE(call_start(&poll));
	ASSERT_EQ(0, map_send(self->c.prod, &r, "x", 1));
	EXPECT_EQ(POLLIN, call_finish(&poll));
}

TEST_F(poll, sleeper_is_woken_by_mapped_consumer)
{
	struct call poll = { CALL_POLL, self->c.prod };
	struct ring r;

	ASSERT_EQ(0, map_ring(self->c.cons, &r));
	ASSERT_EQ(1, chan_write(self->c.prod, "x", 1));
	ASSERT_EQ(1, chan_write(self->c.prod, "y", 1));
	ASSERT_TRUE(call_start(&poll));
	ASSERT_EQ(1, map_recv(self->c.cons, &r, self->buf));
	EXPECT_EQ(POLLOUT, call_finish(&poll));
}

TEST_F(poll, epoll_level)
{
	ASSERT_EQ(0, add(self->ep, self->c.cons, EPOLLIN));
	EXPECT_EQ(0, ready(self->ep));
	ASSERT_EQ(1, chan_write(self->c.prod, "x", 1));
	EXPECT_EQ(EPOLLIN, ready(self->ep));
	EXPECT_EQ(EPOLLIN, ready(self->ep));
	ASSERT_EQ(1, chan_read(self->c.cons, self->buf, 1));
	EXPECT_EQ(0, ready(self->ep));
	close(self->c.prod);
	EXPECT_EQ(EPOLLHUP, ready(self->ep));
}

TEST_F(poll, epoll_edge)
{
	ASSERT_EQ(0, add(self->ep, self->c.cons, EPOLLIN | EPOLLET));
	EXPECT_EQ(0, ready(self->ep));
	ASSERT_EQ(1, chan_write(self->c.prod, "x", 1));
	EXPECT_EQ(EPOLLIN, ready(self->ep));
	EXPECT_EQ(0, ready(self->ep));
	ASSERT_EQ(1, chan_write(self->c.prod, "y", 1));
	EXPECT_EQ(EPOLLIN, ready(self->ep));
}

TEST_F(poll, epoll_edge_of_space)
{
	ASSERT_EQ(1, chan_write(self->c.prod, "x", 1));
	ASSERT_EQ(1, chan_write(self->c.prod, "y", 1));
	ASSERT_EQ(0, add(self->ep, self->c.prod, EPOLLOUT | EPOLLET));
	EXPECT_EQ(0, ready(self->ep));
	ASSERT_EQ(1, chan_read(self->c.cons, self->buf, 1));
	EXPECT_EQ(EPOLLOUT, ready(self->ep));
}

/* epoll asks once an edge: after that, only the read that finds nothing can arm. */
TEST_F(poll, epoll_edge_of_mapped_producer)
{
	struct ring r;

	set_nonblock(self->c.cons, true);
	ASSERT_EQ(0, map_ring(self->c.prod, &r));
	ASSERT_EQ(0, add(self->ep, self->c.cons, EPOLLIN | EPOLLET));
	for (int i = 0; i < 4; i++) {
		ASSERT_EQ(0, map_send(self->c.prod, &r, "x", 1));
		EXPECT_EQ(EPOLLIN, ready(self->ep));
		EXPECT_EQ(1, chan_read(self->c.cons, self->buf, 1));
		EXPECT_EQ(-EAGAIN, chan_read(self->c.cons, self->buf, 1));
	}
}

TEST_F(poll, epoll_edge_of_mapped_consumer)
{
	struct ring r;

	set_nonblock(self->c.prod, true);
	ASSERT_EQ(0, map_ring(self->c.cons, &r));
	ASSERT_EQ(0, add(self->ep, self->c.prod, EPOLLOUT | EPOLLET));
	EXPECT_EQ(EPOLLOUT, ready(self->ep));
	for (int i = 0; i < 4; i++) {
		while (chan_write(self->c.prod, "x", 1) == 1)
			;
		EXPECT_EQ(0, ready(self->ep));
		ASSERT_EQ(1, map_recv(self->c.cons, &r, self->buf));
		EXPECT_EQ(EPOLLOUT, ready(self->ep));
	}
}

/* The wait queue must outlive the epoll that still points at it. */
TEST_F(poll, epoll_of_a_closed_endpoint)
{
	ASSERT_EQ(0, add(self->ep, self->c.cons, EPOLLIN));
	close(self->c.cons);
	EXPECT_EQ(-EPIPE, chan_write(self->c.prod, "x", 1));
	EXPECT_EQ(0, ready(self->ep));
}

TEST_F(poll, select_agrees)
{
	struct timeval zero = { 0 };
	fd_set in, out;

	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_SET(self->c.cons, &in);
	FD_SET(self->c.prod, &out);
	EXPECT_EQ(1, select(64, &in, &out, NULL, &zero));
	EXPECT_FALSE(FD_ISSET(self->c.cons, &in));
	EXPECT_TRUE(FD_ISSET(self->c.prod, &out));
}

TEST_HARNESS_MAIN
