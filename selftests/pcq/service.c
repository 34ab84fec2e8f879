// SPDX-License-Identifier: GPL-2.0
/* Services: who may start them, and what they do with messages. */
#include "served.h"
#include "user.h"

#define SLOTS	16
#define SIZE	64

/* Wrong ones first. The services are CPU 0's: one vCPU is enough. */

enum out { IN_CONTROL, IN_SENDER, OUT_CONTROL, OUT_SENDER, OUT_RECEIVER, OUT_OBSERVER,
	   OUT_BOUND, OUT_THIS, CHANNEL, PIPE, DEV, CLOSED, OUTS };

FIXTURE(wrong) {
	struct set in;
	struct set out;
	int fd[OUTS];
	int pipe[2];
};

FIXTURE_SETUP(wrong)
{
	struct chan c;

	OPEN_SET(&self->in, 0, .slots = SLOTS, .msg_size = SIZE);
	OPEN_SET(&self->out, ANY, .slots = SLOTS, .msg_size = SIZE);
	OPEN_CHAN(&c, 2, SIZE);
	ASSERT_EQ(0, pipe(self->pipe));
	self->fd[IN_CONTROL] = self->in.control;
	self->fd[IN_SENDER] = pcq_sender(self->in.control, ANY);
	self->fd[OUT_CONTROL] = self->out.control;
	self->fd[OUT_SENDER] = self->out.sender;
	self->fd[OUT_RECEIVER] = self->out.receiver;
	self->fd[OUT_OBSERVER] = self->out.observer;
	self->fd[OUT_BOUND] = pcq_sender(self->out.control, 0);
	self->fd[OUT_THIS] = pcq_sender(self->out.control, THIS);
	self->fd[CHANNEL] = c.prod;
	self->fd[PIPE] = self->pipe[1];
	self->fd[DEV] = self->in.dev;
	self->fd[CLOSED] = dup(0);
	close(self->fd[CLOSED]);
}

FIXTURE_TEARDOWN(wrong)
{
	set_close(&self->in);
	set_close(&self->out);
}

static int start(struct _test_data_wrong *self, uint32_t work, uint32_t flags, enum out out)
{
	return pcq_start(self->in.control, 0, work, flags, self->fd[out]);
}

TEST_F(wrong, values)
{
	struct ipcring_pcq_service p = { .size = sizeof(p), .fd = -1 };
	struct ipcring_pcq_info info;
	int c = self->in.control;

	ASSERT_EQ(0, pcq_info(c, &info));
	EXPECT_EQ(-EINVAL, pcq_start(c, info.cpus, IPCRING_PCQ_DRAIN, 0, -1));
	EXPECT_EQ(-EINVAL, pcq_start(c, THIS, IPCRING_PCQ_DRAIN, 0, -1));
	EXPECT_EQ(-EINVAL, pcq_start(c, ANY, IPCRING_PCQ_DRAIN, 0, -1));
	EXPECT_EQ(-EINVAL, pcq_start(c, BOUND, IPCRING_PCQ_DRAIN, 0, -1));
	EXPECT_EQ(-EINVAL, pcq_start(c, 0, 3, 0, self->fd[OUT_SENDER]));
	EXPECT_EQ(-EINVAL, pcq_start(c, 0, ~0u, 0, self->fd[OUT_SENDER]));
	for (int bit = 2; bit < 32; bit++)
		EXPECT_EQ(-EINVAL, pcq_start(c, 0, IPCRING_PCQ_DRAIN, 1u << bit, -1));
	p.resv = 1;
	EXPECT_EQ(-EINVAL, errno_or(ioctl(c, IPCRING_IOC_PCQ_START, &p)));
	EXPECT_EQ(-EFAULT, errno_or(ioctl(c, IPCRING_IOC_PCQ_START, BAD_PTR)));
	EXPECT_EQ(0, STAT(c, 0, state) & IPCRING_PCQ_ST_SERVICE);
}

TEST_F(wrong, fd)
{
	static const enum out foreign[] = { IN_CONTROL, IN_SENDER, OUT_CONTROL, OUT_RECEIVER,
					    OUT_OBSERVER, CHANNEL, PIPE, DEV };
	int c = self->in.control;

	EXPECT_EQ(-EINVAL, start(self, IPCRING_PCQ_DRAIN, 0, OUT_SENDER));
	EXPECT_EQ(-EINVAL, pcq_start(c, 0, IPCRING_PCQ_DRAIN, 0, 0));
	EXPECT_EQ(-EINVAL, pcq_start(c, 0, IPCRING_PCQ_DRAIN, 0, -2));
	for (uint32_t work = IPCRING_PCQ_ECHO; work <= IPCRING_PCQ_FORWARD; work++) {
		EXPECT_EQ(-EBADF, pcq_start(c, 0, work, 0, -1));
		EXPECT_EQ(-EBADF, start(self, work, 0, CLOSED));
		for (int i = 0; i < ARRAY_LEN(foreign); i++) {
			EXPECT_EQ(-EINVAL, start(self, work, 0, foreign[i])) {
				TH_LOG("work %u, fd of kind %d", work, foreign[i]);
			}
		}
	}
	EXPECT_EQ(-EINVAL, start(self, IPCRING_PCQ_ECHO, 0, OUT_BOUND));
	EXPECT_EQ(-EINVAL, start(self, IPCRING_PCQ_ECHO, 0, OUT_THIS));
	EXPECT_EQ(0, STAT(c, 0, state) & IPCRING_PCQ_ST_SERVICE);
}

/* In a child, that we stay who we are. Values are told first, so that nothing is a secret. */
TEST_F(wrong, not_privileged)
{
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid) {
		struct ipcring_pcq_info info;

		if (caps_set(0, 0) || pcq_info(self->in.control, &info))
			_exit(1);
		if (start(self, IPCRING_PCQ_FORWARD, 0, OUT_SENDER) != -EPERM)
			_exit(2);
		if (start(self, IPCRING_PCQ_FORWARD, 0, CLOSED) != -EPERM)
			_exit(3);
		if (pcq_start(self->in.control, info.cpus, 0, 0, -1) != -EINVAL)
			_exit(4);
		_exit(caps_set(0, 0) ? 1 : 0);
	}
	EXPECT_EQ(0, reap(pid));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		if (caps_set(CAP(SYS_NICE), 0))
			_exit(1);
		_exit(-start(self, IPCRING_PCQ_FORWARD, IPCRING_PCQ_SERVICE_FIFO, OUT_SENDER));
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_NE(0, STAT(self->in.observer, 0, state) & IPCRING_PCQ_ST_SERVICE);
}

TEST_F(wrong, twice)
{
	int nr;

	EXPECT_EQ(-ESRCH, pcq_stop(self->in.control, 0));
	EXPECT_EQ(0, start(self, IPCRING_PCQ_FORWARD, 0, OUT_BOUND));
	EXPECT_EQ(-EBUSY, start(self, IPCRING_PCQ_FORWARD, 0, OUT_BOUND));
	EXPECT_EQ(-EBUSY, start(self, IPCRING_PCQ_ECHO, 0, OUT_SENDER));
	EXPECT_EQ(-EBUSY, pcq_start(self->in.control, 0, IPCRING_PCQ_DRAIN, 0, -1));
	service_tid(0, &nr);
	EXPECT_EQ(1, nr);
	EXPECT_EQ(0, pcq_stop(self->in.control, 0));
	EXPECT_EQ(-ESRCH, pcq_stop(self->in.control, 0));
	WAIT_FOR(!service_tid(0, NULL));
	EXPECT_EQ(0, start(self, IPCRING_PCQ_FORWARD, 0, OUT_THIS));
}

TEST_F(wrong, stop)
{
	struct ipcring_pcq_info info;
	int c = self->in.control;

	ASSERT_EQ(0, pcq_info(c, &info));
	ASSERT_EQ(0, pcq_start(c, 0, IPCRING_PCQ_DRAIN, 0, -1));
	EXPECT_EQ(-EINVAL, pcq_stop(c, info.cpus));
	EXPECT_EQ(-EINVAL, pcq_stop(c, THIS));
	EXPECT_EQ(-EINVAL, pcq_stop(c, ANY));
	EXPECT_EQ(-EINVAL, errno_or(ioctl(c, IPCRING_IOC_PCQ_STOP, 1UL << 32)));
	EXPECT_NE(0, STAT(c, 0, state) & IPCRING_PCQ_ST_SERVICE);
}

/* Only the control fd has the right. */
TEST_F(wrong, handle)
{
	const int fd[] = { self->in.sender, self->in.receiver, self->in.observer, self->in.dev,
			   self->fd[CHANNEL] };

	for (int i = 0; i < ARRAY_LEN(fd); i++) {
		EXPECT_EQ(-ENOTTY, pcq_start(fd[i], 0, IPCRING_PCQ_DRAIN, 0, -1));
		EXPECT_EQ(-ENOTTY, pcq_stop(fd[i], 0));
	}
}

TEST_F(wrong, feature)
{
	uint64_t features = chan_features(self->in.dev);

	EXPECT_NE(0, features & IPCRING_FEAT_PCQ_SERVICE);
}

/* CPU 1's service, on a guest of two CPUs and more; this test runs anywhere. */

FIXTURE(service) {
	struct set in;
	struct set out;
};

FIXTURE_VARIANT(service) {
	uint32_t flags;
};

FIXTURE_VARIANT_ADD(service, sleep) {
	.flags = 0,
};

FIXTURE_VARIANT_ADD(service, poll) {
	.flags = IPCRING_PCQ_SERVICE_POLL,
};

FIXTURE_VARIANT_ADD(service, fifo_sleep) {
	.flags = IPCRING_PCQ_SERVICE_FIFO,
};

FIXTURE_VARIANT_ADD(service, fifo_poll) {
	.flags = IPCRING_PCQ_SERVICE_FIFO | IPCRING_PCQ_SERVICE_POLL,
};

FIXTURE_SETUP(service)
{
	NEED_CPUS(2);
	OPEN_SET(&self->in, 1, .slots = SLOTS, .msg_size = SIZE);
	OPEN_SET(&self->out, ANY, .slots = SLOTS, .msg_size = SIZE);
	/* What runs on CPU 1 gets what FIFO leaves. */
	ASSERT_EQ(0, cpu_pin(0));
}

FIXTURE_TEARDOWN(service)
{
	set_close(&self->in);
	set_close(&self->out);
}

#define START(work, fd) \
	ASSERT_EQ(0, pcq_start(self->in.control, 1, IPCRING_PCQ_##work, variant->flags, fd))

TEST_F(service, thread)
{
	bool fifo = variant->flags & IPCRING_PCQ_SERVICE_FIFO;
	bool polls = variant->flags & IPCRING_PCQ_SERVICE_POLL;
	pid_t tid;
	int nr;

	START(DRAIN, -1);
	tid = service_tid(1, &nr);
	ASSERT_EQ(1, nr);
	EXPECT_EQ(true, task_bound_to(tid, 1));
	EXPECT_EQ(fifo ? SCHED_FIFO : SCHED_OTHER, sched_getscheduler(tid));
	EXPECT_EQ(-EINVAL, errno_or(sched_setaffinity(tid, sizeof(cpu_set_t),
						      &(cpu_set_t){ .__bits = { 1 } })));
	EXPECT_EQ(IPCRING_PCQ_ST_ONLINE | IPCRING_PCQ_ST_SERVICE,
		  STAT(self->in.observer, 1, state));
	if (polls)
		WAIT_FOR(STAT(self->in.observer, 1, service_ns));
	else
		WAIT_FOR(kthread_asleep(tid));
	EXPECT_EQ(0, STAT(self->in.observer, 0, service_ns));
	EXPECT_EQ(0, pcq_stop(self->in.control, 1));
	WAIT_FOR(!task_state(tid));
	EXPECT_EQ(0, STAT(self->in.observer, 1, service_ns));
	EXPECT_EQ(IPCRING_PCQ_ST_ONLINE, STAT(self->in.observer, 1, state));
}

TEST_F(service, drain)
{
	char buf[SIZE] = "x";

	START(DRAIN, -1);
	for (int i = 0; i < 5 * SLOTS; i++)
		ASSERT_EQ(1 + i % SIZE, chan_write(self->in.sender, buf, 1 + i % SIZE));
	WAIT_FOR(STAT(self->in.observer, 1, served) == 5 * SLOTS);
	EXPECT_EQ(5 * SLOTS, STAT(self->in.observer, 1, received));
	EXPECT_EQ(0, STAT(self->in.observer, 1, undelivered));
	set_nonblock(self->in.receiver, true);
	EXPECT_EQ(-EAGAIN, chan_read(self->in.receiver, buf, SIZE));
}

/* To the queue of the CPU that it came from, as it was, in order; sent on the service's. */
TEST_F(service, echo)
{
	uint32_t buf[SIZE / 4], sent_on;

	START(ECHO, self->out.sender);
	for (uint32_t i = 0; i < SLOTS; i++) {
		memset(buf, i, sizeof(buf));
		ASSERT_EQ(sizeof(buf), chan_write(self->in.sender, buf, sizeof(buf)));
	}
	for (uint32_t i = 0; i < SLOTS; i++) {
		ASSERT_EQ(sizeof(buf), chan_read(self->out.receiver, buf, sizeof(buf)));
		EXPECT_EQ(i * 0x01010101, buf[0]);
		EXPECT_EQ(i * 0x01010101, buf[SIZE / 4 - 1]);
	}
	EXPECT_EQ(SLOTS, STAT(self->out.observer, 0, remote));
	EXPECT_EQ(0, STAT(self->out.observer, 1, remote));
	ASSERT_EQ(3, send_on(self->in.sender, 1, "one", 3));
	WAIT_FOR(STAT(self->in.observer, 1, served) == SLOTS + 1);
	WAIT_FOR(recv_from(self->out.receiver, 1, buf, SIZE, &sent_on) == 3);
	EXPECT_EQ(1, sent_on);
	EXPECT_EQ(0, memcmp(buf, "one", 3));
	/* The lane that nobody else writes. */
	EXPECT_EQ(1, STAT(self->out.observer, 1, local));
	EXPECT_EQ(0, STAT(self->out.observer, 1, remote));
}

/* Wherever the sender fd sends to. */
TEST_F(service, forward)
{
	const uint32_t bound[] = { 0, 1, THIS, ANY };
	const uint32_t at[] = { 0, 1, 1, 1 };
	char buf[SIZE];

	for (int i = 0; i < ARRAY_LEN(bound); i++) {
		int fd = pcq_sender(self->out.control, bound[i]);

		ASSERT_LE(0, fd);
		START(FORWARD, fd);
		/* The service has it, too. */
		close(fd);
		ASSERT_EQ(2, chan_write(self->in.sender, "hi", 2));
		ASSERT_EQ(2, chan_read(self->out.receiver, buf, SIZE));
		EXPECT_EQ(0, pcq_stop(self->in.control, 1));
		EXPECT_EQ(i ? i : 1, STAT(self->out.observer, at[i], remote) +
				     STAT(self->out.observer, at[i], local));
	}
	EXPECT_EQ(0, STAT(self->out.observer, 1, remote));
}

TEST_F(service, forward_ordered)
{
	int fd = pcq_endpoint(self->out.control, IPCRING_PCQ_SENDER, 1, IPCRING_PCQ_EP_ORDERED);
	char buf[SIZE];

	ASSERT_LE(0, fd);
	START(FORWARD, fd);
	ASSERT_EQ(2, chan_write(self->in.sender, "hi", 2));
	ASSERT_EQ(2, chan_read(self->out.receiver, buf, SIZE));
	EXPECT_EQ(1, STAT(self->out.observer, 1, remote));
	EXPECT_EQ(0, STAT(self->out.observer, 1, local));
	close(fd);
}

/* All of them are there when it starts: one turn, one doorbell for each queue. */
TEST_F(service, one_doorbell)
{
	uint64_t seen = 0;
	char buf[SIZE];

	for (int i = 0; i < SLOTS; i++) {
		ASSERT_EQ(1, send_on(self->in.sender, 0, "r", 1));
		ASSERT_EQ(1, send_on(self->in.sender, 1, "l", 1));
	}
	START(ECHO, self->out.sender);
	while (seen < 2 * SLOTS) {
		ASSERT_EQ(1, chan_read(self->out.receiver, buf, SIZE));
		seen++;
	}
	/* Behind the last message: the turn may not be over. */
	EXPECT_EQ(0, pcq_stop(self->in.control, 1));
	EXPECT_EQ(1, DOORBELLS(self->out.observer, 0));
	EXPECT_EQ(1, DOORBELLS(self->out.observer, 1));
}

/* Who polls needs no doorbell, who sleeps is rung for when it begins to. */
TEST_F(service, doorbells_of_its_own)
{
	bool polls = variant->flags & IPCRING_PCQ_SERVICE_POLL;
	pid_t tid;

	START(DRAIN, -1);
	tid = service_tid(1, NULL);
	if (!polls)
		WAIT_FOR(kthread_asleep(tid));
	ASSERT_EQ(1, chan_write(self->in.sender, "x", 1));
	WAIT_FOR(STAT(self->in.observer, 1, served) == 1);
	EXPECT_EQ(polls ? 0 : 1, STAT(self->in.observer, 1, wakes));
	EXPECT_EQ(polls ? 1 : 0, STAT(self->in.observer, 1, suppressed));
	EXPECT_EQ(0, STAT(self->in.observer, 1, fences));
}

/* No sender, for a while, is no end for it, and nothing to be busy about. */
TEST_F(service, senders_come_and_go)
{
	pid_t tid;

	START(DRAIN, -1);
	tid = service_tid(1, NULL);
	for (int i = 1; i <= 3; i++) {
		ASSERT_EQ(1, chan_write(self->in.sender, "x", 1));
		WAIT_FOR(STAT(self->in.observer, 1, served) == i);
		close(self->in.sender);
		if (!(variant->flags & IPCRING_PCQ_SERVICE_POLL)) {
			WAIT_FOR(kthread_asleep(tid));
			for (int n = 0; n < 200; n++) {
				sched_yield();
				EXPECT_EQ('S', task_state(tid));
			}
		}
		self->in.sender = pcq_sender(self->in.control, 1);
		ASSERT_LE(0, self->in.sender);
	}
}

/* A service is a receiver: without one a blocked send waits no longer, with one it does. */
TEST_F(service, is_a_receiver)
{
	char buf[SIZE];

	START(DRAIN, -1);
	close(self->in.receiver);
	ASSERT_EQ(1, chan_write(self->in.sender, "x", 1));
	WAIT_FOR(STAT(self->in.observer, 1, served) == 1);
	EXPECT_EQ(POLLOUT, chan_poll(self->in.sender, POLLOUT));
	EXPECT_EQ(0, pcq_stop(self->in.control, 1));
	EXPECT_EQ(POLLERR, chan_poll(self->in.sender, POLLOUT) & POLLERR);
	EXPECT_EQ(-EPIPE, chan_write(self->in.sender, buf, 1));
	START(DRAIN, -1);
	EXPECT_EQ(1, chan_write(self->in.sender, buf, 1));
	WAIT_FOR(STAT(self->in.observer, 1, served) == 2);
}

/* Its answers hold the other set's senders' side open, as long as it is there. */
TEST_F(service, is_a_sender)
{
	char buf[SIZE];

	START(ECHO, self->out.sender);
	close(self->out.sender);
	set_nonblock(self->out.receiver, true);
	EXPECT_EQ(-EAGAIN, chan_read(self->out.receiver, buf, SIZE));
	EXPECT_EQ(0, pcq_stop(self->in.control, 1));
	EXPECT_EQ(0, chan_read(self->out.receiver, buf, SIZE));
}

/* Each message goes to one of them. */
TEST_F(service, beside_a_receiver)
{
	enum { N = 2000 };
	uint64_t read = 0;
	char buf[SIZE];

	START(DRAIN, -1);
	set_nonblock(self->in.receiver, true);
	set_nonblock(self->in.sender, true);
	for (int sent = 0; sent < N;) {
		int ret = chan_write(self->in.sender, buf, 8);

		ASSERT_EQ(true, ret == 8 || ret == -EAGAIN);
		sent += ret == 8;
		if (chan_read(self->in.receiver, buf, SIZE) == 8)
			read++;
		else
			sched_yield();
	}
	WAIT_FOR(STAT(self->in.observer, 1, received) == N);
	EXPECT_EQ(N, read + STAT(self->in.observer, 1, served));
}

/* A turn is traced with what it did. */
TEST_F(service, trace)
{
	static const char *const enable =
		"/sys/kernel/tracing/events/ipcring/ipcring_pcq_serve/enable";
	char text[16384], want[80];
	struct ipcring_pcq_info info;

	if (access(enable, W_OK))
		SKIP(return, "%s: %s", enable, strerror(errno));
	for (int i = 0; i < SLOTS; i++)
		ASSERT_EQ(1, send_on(self->in.sender, 0, "r", 1));
	ASSERT_EQ(0, pcq_info(self->in.control, &info));
	ASSERT_EQ(true, write_file("/sys/kernel/tracing/trace", "\n"));
	ASSERT_EQ(true, write_file(enable, "1"));
	START(DRAIN, -1);
	WAIT_FOR(STAT(self->in.observer, 1, served) == SLOTS);
	EXPECT_EQ(0, pcq_stop(self->in.control, 1));
	EXPECT_EQ(true, write_file(enable, "0"));
	EXPECT_EQ(true, read_file("/sys/kernel/tracing/trace", text, sizeof(text)));
	snprintf(want, sizeof(want), "ipcring_pcq_serve: set=%llu cpu=1 served=%u undelivered=0\n",
		 info.id, SLOTS);
	EXPECT_NE(NULL, strstr(text, want));
}

TEST_HARNESS_MAIN
