// SPDX-License-Identifier: GPL-2.0
/*
 * A CPU goes offline: what becomes of its queue's messages, of who sleeps for them, of who
 * waits for room there, of a doorbell on its way, and of its service.
 */
#include "served.h"

#define SLOTS	4
#define SIZE	64
/* The CPU that goes, and one that stays. */
#define GOES	1
#define STAYS	0

FIXTURE(offline) {
	struct set s;		/* bound to the CPU that goes */
	int any_sender;
	int any_receiver;
};

static bool cpu_set_online(bool online)
{
	return write_file("/sys/devices/system/cpu/cpu1/online", online ? "1" : "0");
}

#define OFFLINE()	ASSERT_EQ(true, cpu_set_online(false))
#define ONLINE()	ASSERT_EQ(true, cpu_set_online(true))

FIXTURE_SETUP(offline)
{
	NEED_CPUS(2);
	if (access("/sys/devices/system/cpu/cpu1/online", W_OK))
		SETUP_SKIP("CPU 1 cannot go offline: %s", strerror(errno));
	OPEN_SET(&self->s, GOES, .slots = SLOTS, .msg_size = SIZE);
	self->any_sender = pcq_sender(self->s.control, ANY);
	ASSERT_LE(0, self->any_sender);
	self->any_receiver = -1;
}

FIXTURE_TEARDOWN(offline)
{
	cpu_set_online(true);
	close(self->any_sender);
	close(self->any_receiver);
	set_close(&self->s);
}

/* SLOTS in each lane; the local lane's say l, the remote lane's r. */
static int fill_both(struct _test_data_offline *self)
{
	int n = 0;

	set_nonblock(self->s.sender, true);
	while (send_on(self->s.sender, GOES, "l", 1) == 1)
		n++;
	while (send_on(self->s.sender, STAYS, "r", 1) == 1)
		n++;
	set_nonblock(self->s.sender, false);
	return n;
}

/* What was there before is received while it is away, or after: both lanes, by anybody. */
TEST_F(offline, messages_stay)
{
	char buf[SIZE];

	ASSERT_EQ(2 * SLOTS, fill_both(self));
	OFFLINE();
	EXPECT_EQ(0, STAT(self->s.observer, GOES, state) & IPCRING_PCQ_ST_ONLINE);
	EXPECT_EQ(POLLIN, chan_poll(self->s.receiver, POLLIN));
	for (int i = 0; i < SLOTS; i++)
		EXPECT_EQ(1, chan_read(self->s.receiver, buf, SIZE));
	self->any_receiver = pcq_receiver(self->s.control, ANY);
	ASSERT_LE(0, self->any_receiver);
	for (int i = 0; i < SLOTS / 2; i++)
		EXPECT_EQ(1, chan_read(self->any_receiver, buf, SIZE));
	ONLINE();
	EXPECT_NE(0, STAT(self->s.observer, GOES, state) & IPCRING_PCQ_ST_ONLINE);
	for (int i = 0; i < SLOTS / 2; i++)
		EXPECT_EQ(1, chan_read(self->s.receiver, buf, SIZE));
	set_nonblock(self->s.receiver, true);
	EXPECT_EQ(-EAGAIN, chan_read(self->s.receiver, buf, SIZE));
	EXPECT_EQ(2 * SLOTS, STAT(self->s.observer, GOES, received));
}

TEST_F(offline, send_is_refused)
{
	struct ipcring_pcq_msg msg = pcq_msg("x", 1);
	struct ipcring_pcq_batch p = pcq_batch(&msg, 1);

	OFFLINE();
	EXPECT_EQ(-ENXIO, chan_write(self->s.sender, "x", 1));
	EXPECT_EQ(-ENXIO, pcq_send(self->s.sender, &p));
	p.cpu = GOES;
	EXPECT_EQ(-ENXIO, pcq_send(self->any_sender, &p));
	EXPECT_EQ(3, STAT(self->s.observer, GOES, refused));
	EXPECT_EQ(POLLERR, chan_poll(self->s.sender, POLLOUT) & (POLLERR | POLLOUT));
	EXPECT_EQ(-ENXIO, chan_wait(self->s.sender, IPCRING_NO_TIMEOUT));
	EXPECT_EQ(-ENXIO, pcq_start(self->s.control, GOES, IPCRING_PCQ_DRAIN, 0, -1));
	ONLINE();
	EXPECT_EQ(POLLOUT, chan_poll(self->s.sender, POLLOUT));
	EXPECT_EQ(1, chan_write(self->s.sender, "x", 1));
	EXPECT_EQ(3, STAT(self->s.observer, GOES, refused));
}

/* Asleep in each kind of call for room; pinned where it stays, in the remote lane. */
TEST_F(offline, blocked_senders)
{
	struct ipcring_wait wait = { .size = sizeof(wait), .deadline = IPCRING_NO_TIMEOUT };
	struct ipcring_pcq_msg msg = pcq_msg("x", 1);
	struct ipcring_pcq_batch p = pcq_batch(&msg, 1);
	struct call w = { .op = CALL_WRITE, .fd = self->s.sender, .buf = "x", .len = 1 };
	struct call poll = { .op = CALL_POLL, .fd = self->s.sender };
	struct ioctl_call s = { .fd = self->s.sender, .cmd = IPCRING_IOC_PCQ_SEND, .arg = &p };
	struct ioctl_call i = { .fd = self->s.sender, .cmd = IPCRING_IOC_WAIT, .arg = &wait };

	ASSERT_EQ(2 * SLOTS, fill_both(self));
	ASSERT_EQ(true, call_start_on(&w, STAYS));
	ASSERT_EQ(true, call_start_on(&poll, STAYS));
	ASSERT_EQ(true, ioctl_start_on(&s, STAYS));
	ASSERT_EQ(true, ioctl_start_on(&i, STAYS));
	OFFLINE();
	EXPECT_EQ(-ENXIO, call_finish(&w));
	EXPECT_EQ(POLLERR, call_finish(&poll) & (POLLERR | POLLOUT));
	EXPECT_EQ(-ENXIO, ioctl_finish(&s));
	EXPECT_EQ(-ENXIO, ioctl_finish(&i));
	EXPECT_EQ(2 * SLOTS, STAT(self->s.observer, GOES, remote) +
			     STAT(self->s.observer, GOES, local));
}

/* The local lane's sender sleeps on the CPU itself: it is moved, and told. */
TEST_F(offline, blocked_local_sender)
{
	struct call w = { .op = CALL_WRITE, .fd = self->s.sender, .buf = "x", .len = 1 };

	ASSERT_EQ(2 * SLOTS, fill_both(self));
	ASSERT_EQ(true, call_start_on(&w, GOES));
	OFFLINE();
	EXPECT_EQ(-ENXIO, call_finish(&w));
}

/* THIS is where it runs now: no room is needed there. */
TEST_F(offline, blocked_this)
{
	int fd = pcq_sender(self->s.control, THIS);
	struct call w = { .op = CALL_WRITE, .fd = fd, .buf = "x", .len = 1 };

	ASSERT_EQ(2 * SLOTS, fill_both(self));
	ASSERT_EQ(true, call_start_on(&w, GOES));
	OFFLINE();
	EXPECT_EQ(1, call_finish(&w));
	EXPECT_EQ(0, STAT(self->s.observer, GOES, received));
	EXPECT_EQ(2 * SLOTS + 1, STAT(self->s.observer, ANY, local) +
				 STAT(self->s.observer, ANY, remote));
	close(fd);
}

/* A receiver that sleeps there for nothing sleeps on, elsewhere, and gets what comes. */
TEST_F(offline, sleeping_receiver)
{
	char buf[SIZE];
	struct call r = { .op = CALL_READ, .fd = self->s.receiver, .buf = buf, .len = SIZE };

	ASSERT_EQ(true, call_start_on(&r, GOES));
	OFFLINE();
	ASSERT_EQ(true, call_blocked(&r));
	ONLINE();
	ASSERT_EQ(true, call_blocked(&r));
	ASSERT_EQ(1, send_on(self->s.sender, STAYS, "x", 1));
	EXPECT_EQ(1, call_finish(&r));
}

/* Armed while the CPU is away, so without its barrier; rung when it is back, there. */
TEST_F(offline, armed_while_offline)
{
	char buf[SIZE];
	struct call r = { .op = CALL_READ, .fd = self->s.receiver, .buf = buf, .len = SIZE };

	OFFLINE();
	ASSERT_EQ(true, call_start_on(&r, STAYS));
	ONLINE();
	ASSERT_EQ(1, send_on(self->s.sender, GOES, "x", 1));
	EXPECT_EQ(1, call_finish(&r));
	EXPECT_EQ(1, STAT(self->s.observer, GOES, local));
}

/* ANY goes round it, whatever room there is. */
TEST_F(offline, any_avoids_it)
{
	struct ipcring_pcq_info info;
	int n = 0;

	ASSERT_EQ(0, pcq_info(self->s.control, &info));
	OFFLINE();
	set_nonblock(self->any_sender, true);
	while (chan_write(self->any_sender, "x", 1) == 1)
		n++;
	EXPECT_LE(SLOTS, n);
	EXPECT_EQ(0, STAT(self->s.observer, GOES, local) + STAT(self->s.observer, GOES, remote));
	EXPECT_EQ(-EAGAIN, chan_write(self->any_sender, "x", 1));
	EXPECT_EQ(0, chan_poll(self->any_sender, POLLOUT));
	ONLINE();
	/* Its room is room for ANY. */
	EXPECT_EQ(POLLOUT, chan_poll(self->any_sender, POLLOUT));
	EXPECT_EQ(1, chan_write(self->any_sender, "x", 1));
	EXPECT_EQ(1, STAT(self->s.observer, GOES, local) + STAT(self->s.observer, GOES, remote));
}

/* ANY without room, asleep: a CPU that comes has some. */
TEST_F(offline, any_is_told)
{
	struct call w = { .op = CALL_WRITE, .fd = self->any_sender, .buf = "x", .len = 1 };

	OFFLINE();
	set_nonblock(self->any_sender, true);
	for (uint32_t cpu = 0; cpu < cpu_nr_online() + 1; cpu++)
		if (cpu != GOES)
			while (send_on(self->any_sender, cpu, "x", 1) == 1)
				;
	set_nonblock(self->any_sender, false);
	ASSERT_EQ(true, call_start(&w));
	ONLINE();
	EXPECT_EQ(1, call_finish(&w));
	EXPECT_EQ(1, STAT(self->s.observer, GOES, local) + STAT(self->s.observer, GOES, remote));
}

/* Doorbells by interrupt, to a CPU that goes in the middle of it: each finds its sleeper. */
static void *bell_sender(void *arg)
{
	int *fd = arg;

	cpu_pin(STAYS);
	for (int i = 0; i < 3000;) {
		int ret = chan_write(*fd, &i, sizeof(i));

		if (ret == sizeof(i)) {
			i++;
			continue;
		}
		if (ret != -ENXIO && ret != -EAGAIN)
			return (void *)(long)ret;
		sched_yield();
	}
	return NULL;
}

static void *bell_receiver(void *arg)
{
	int *fd = arg, nr, i = 0;

	while (chan_read(*fd, &nr, sizeof(nr)) == sizeof(nr))
		if (nr != i++)
			return (void *)-1L;
	return (void *)(long)i;
}

TEST_F_TIMEOUT(offline, bell_on_its_way, 200)
{
	pthread_t tx, rx;
	void *sent, *received;

	EXPECT_EQ(0, pcq_bell(self->s.control, GOES, IPCRING_PCQ_BELL_IPI, 0));
	set_nonblock(self->s.sender, true);
	ASSERT_EQ(0, pthread_create(&rx, NULL, bell_receiver, &self->s.receiver));
	ASSERT_EQ(0, pthread_create(&tx, NULL, bell_sender, &self->s.sender));
	for (int i = 0; i < 10; i++) {
		uint64_t seen;

		OFFLINE();
		ONLINE();
		seen = STAT(self->s.observer, GOES, received);
		WAIT_FOR(STAT(self->s.observer, GOES, received) != seen || seen == 3000);
	}
	pthread_join(tx, &sent);
	EXPECT_EQ(NULL, sent);
	close(self->s.sender);
	close(self->any_sender);
	pthread_join(rx, &received);
	EXPECT_EQ(3000, (long)received);
	EXPECT_LT(0, STAT(self->s.observer, GOES, ipis));
}

/* Services */

FIXTURE(pause) {
	struct set in;
	struct set out;
};

FIXTURE_VARIANT(pause) {
	uint32_t flags;
};

FIXTURE_VARIANT_ADD(pause, sleep) {
	.flags = 0,
};

FIXTURE_VARIANT_ADD(pause, poll) {
	.flags = IPCRING_PCQ_SERVICE_POLL,
};

FIXTURE_VARIANT_ADD(pause, fifo) {
	.flags = IPCRING_PCQ_SERVICE_FIFO,
};

FIXTURE_SETUP(pause)
{
	NEED_CPUS(2);
	if (access("/sys/devices/system/cpu/cpu1/online", W_OK))
		SETUP_SKIP("CPU 1 cannot go offline: %s", strerror(errno));
	OPEN_SET(&self->in, GOES, .slots = SLOTS, .msg_size = SIZE);
	OPEN_SET(&self->out, STAYS, .slots = SLOTS, .msg_size = SIZE);
	set_nonblock(self->in.sender, true);
	set_nonblock(self->out.receiver, true);
	/* On its way to where it parks a service may be on CPU STAYS: not into that local lane. */
	close(self->out.sender);
	self->out.sender = pcq_endpoint(self->out.control, IPCRING_PCQ_SENDER, STAYS,
					IPCRING_PCQ_EP_ORDERED);
	ASSERT_LE(0, self->out.sender);
	ASSERT_EQ(0, pcq_start(self->in.control, GOES, IPCRING_PCQ_FORWARD, variant->flags,
			       self->out.sender));
}

FIXTURE_TEARDOWN(pause)
{
	cpu_set_online(true);
	set_close(&self->in);
	set_close(&self->out);
	WAIT_FOR(!service_tid(GOES, NULL));
}

/* Wherever it is: idle, ... */
TEST_F(pause, idle)
{
	pid_t tid = service_tid(GOES, NULL);
	char buf[SIZE];

	for (int i = 1; i <= 3; i++) {
		OFFLINE();
		EXPECT_EQ('P', task_state(tid));
		EXPECT_NE(0, STAT(self->in.observer, GOES, state) & IPCRING_PCQ_ST_SERVICE);
		ONLINE();
		WAIT_FOR(task_bound_to(tid, GOES));
		ASSERT_EQ(1, chan_write(self->in.sender, "x", 1));
		WAIT_FOR(chan_read(self->out.receiver, buf, SIZE) == 1);
		EXPECT_EQ(i, STAT(self->in.observer, GOES, served));
	}
}

/* ... with a message in hand, for want of room, which it keeps; all arrive in order. */
TEST_F(pause, in_hand)
{
	int sent = 0, got = 0, nr;

	while (sent < 2 * SLOTS + 1)
		if (send_on(self->in.sender, STAYS, &sent, sizeof(sent)) == sizeof(sent))
			sent++;
	WAIT_FOR(STAT(self->in.observer, GOES, served) == SLOTS + 1);
	OFFLINE();
	EXPECT_EQ('P', task_state(service_tid(GOES, NULL)));
	while (chan_read(self->out.receiver, &nr, sizeof(nr)) == sizeof(nr))
		EXPECT_EQ(got++, nr);
	EXPECT_EQ(SLOTS, got);
	EXPECT_EQ(SLOTS + 1, STAT(self->in.observer, GOES, served));
	ONLINE();
	while (got < sent)
		if (chan_read(self->out.receiver, &nr, sizeof(nr)) == sizeof(nr))
			EXPECT_EQ(got++, nr);
	EXPECT_EQ(0, STAT(self->in.observer, GOES, undelivered));
}

/* Paused it can be stopped; its message goes out, as there is room. */
TEST_F(pause, stop)
{
	int sent = 0, nr;

	while (sent < SLOTS + 1)
		if (send_on(self->in.sender, STAYS, &sent, sizeof(sent)) == sizeof(sent))
			sent++;
	WAIT_FOR(STAT(self->in.observer, GOES, served) == SLOTS + 1);
	OFFLINE();
	EXPECT_EQ(sizeof(nr), chan_read(self->out.receiver, &nr, sizeof(nr)));
	EXPECT_EQ(0, pcq_stop(self->in.control, GOES));
	WAIT_FOR(!service_tid(GOES, NULL));
	for (int i = 1; i <= SLOTS; i++) {
		EXPECT_EQ(sizeof(nr), chan_read(self->out.receiver, &nr, sizeof(nr)));
		EXPECT_EQ(i, nr);
	}
	EXPECT_EQ(0, STAT(self->in.observer, GOES, undelivered));
	ONLINE();
	EXPECT_EQ(0, pcq_start(self->in.control, GOES, IPCRING_PCQ_DRAIN, variant->flags, -1));
}

/* Closed while it is paused, nobody waits for the CPU. */
TEST_F(pause, close)
{
	OFFLINE();
	EXPECT_EQ(0, close(self->in.control));
	WAIT_FOR(!service_tid(GOES, NULL));
	EXPECT_EQ(0, STAT(self->in.observer, GOES, state) & IPCRING_PCQ_ST_SERVICE);
}

/* An answer to a CPU that is not there. */
TEST_F(pause, no_target)
{
	int fd = pcq_sender(self->out.control, GOES), other;

	other = pcq_sender(self->in.control, STAYS);
	ASSERT_LE(0, other);
	ASSERT_EQ(0, pcq_start(self->in.control, STAYS, IPCRING_PCQ_FORWARD, 0, fd));
	OFFLINE();
	ASSERT_EQ(1, chan_write(other, "x", 1));
	WAIT_FOR(STAT(self->in.observer, STAYS, undelivered) == 1);
	EXPECT_EQ(1, STAT(self->out.observer, GOES, refused));
	close(other);
	close(fd);
}

TEST_HARNESS_MAIN
