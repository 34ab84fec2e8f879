// SPDX-License-Identifier: GPL-2.0
/* Each field of each struct, out of its range and on its bounds. */
#include "set.h"
#include "user.h"

#define SLOTS	8
#define MSG	64

FIXTURE(fields) {
	struct set s;
	uint32_t cpus;
	char buf[MSG + 1];
};

FIXTURE_SETUP(fields)
{
	struct ipcring_pcq_info info;

	OPEN_SET(&self->s, 0, .slots = SLOTS, .msg_size = MSG);
	ASSERT_EQ(0, pcq_info(self->s.control, &info));
	self->cpus = info.cpus;
}

FIXTURE_TEARDOWN(fields)
{
	set_close(&self->s);
}

static int create_and_close(int dev, uint32_t slots, uint32_t msg_size)
{
	int fd = PCQ_CREATE(dev, .slots = slots, .msg_size = msg_size);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

TEST_F(fields, create_slots)
{
	for (uint32_t slots = 0; slots <= 17; slots++) {
		EXPECT_EQ(slots >= 2 && !(slots & (slots - 1)) ? 0 : -EINVAL,
			  create_and_close(self->s.dev, slots, 8))
			TH_LOG("%u slots", slots);
	}
	EXPECT_EQ(0, create_and_close(self->s.dev, 4096, 8));
	EXPECT_EQ(-EINVAL, create_and_close(self->s.dev, 65535, 1));
	EXPECT_EQ(-EINVAL, create_and_close(self->s.dev, 65537, 1));
	EXPECT_EQ(-EINVAL, create_and_close(self->s.dev, 131072, 1));
	EXPECT_EQ(-EINVAL, create_and_close(self->s.dev, 1u << 31, 1));
	EXPECT_EQ(-EINVAL, create_and_close(self->s.dev, ~0u, 1));
}

TEST_F(fields, create_msg_size)
{
	EXPECT_EQ(-EINVAL, create_and_close(self->s.dev, 4, 0));
	EXPECT_EQ(0, create_and_close(self->s.dev, 4, 1));
	EXPECT_EQ(0, create_and_close(self->s.dev, 4, 4079));
	EXPECT_EQ(0, create_and_close(self->s.dev, 4, 4080));
	EXPECT_EQ(-EINVAL, create_and_close(self->s.dev, 4, 4081));
	EXPECT_EQ(-EINVAL, create_and_close(self->s.dev, 4, 65536));
	EXPECT_EQ(-EINVAL, create_and_close(self->s.dev, 4, ~0u));
	EXPECT_EQ(-EINVAL, create_and_close(self->s.dev, 4, ~0u - 15));
}

TEST_F(fields, endpoint_role)
{
	EXPECT_EQ(-EINVAL, pcq_endpoint(self->s.control, IPCRING_PCQ_CONTROL, 0, 0));
	for (uint32_t role = 4; role; role <<= 1)
		EXPECT_EQ(-EINVAL, pcq_endpoint(self->s.control, role, 0, 0));
	EXPECT_EQ(-EINVAL, pcq_endpoint(self->s.control, ~0u, 0, 0));
}

TEST_F(fields, endpoint_cpu)
{
	const uint32_t bad[] = { self->cpus, self->cpus + 1, 1u << 20, 1u << 31, BOUND, ~0u - 3 };
	const uint32_t good[] = { 0, self->cpus - 1, THIS, ANY };

	for (uint32_t role = IPCRING_PCQ_SENDER; role <= IPCRING_PCQ_RECEIVER; role++) {
		for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
			EXPECT_EQ(-EINVAL, pcq_endpoint(self->s.control, role, bad[i], 0))
				TH_LOG("CPU %u", bad[i]);
		}
		for (size_t i = 0; i < ARRAY_LEN(good); i++) {
			int fd = pcq_endpoint(self->s.control, role, good[i], 0);

			EXPECT_LE(0, fd) TH_LOG("CPU %u", good[i]);
			close(fd);
		}
	}
	/* An observer is bound to nothing. */
	EXPECT_EQ(-EINVAL, pcq_endpoint(self->s.control, IPCRING_PCQ_OBSERVER, 1, 0));
	EXPECT_EQ(-EINVAL, pcq_endpoint(self->s.control, IPCRING_PCQ_OBSERVER, THIS, 0));
	EXPECT_EQ(-EINVAL, pcq_endpoint(self->s.control, IPCRING_PCQ_OBSERVER, ANY, 0));
}

TEST_F(fields, endpoint_flags)
{
	const uint32_t ordered = IPCRING_PCQ_EP_ORDERED, nonblock = IPCRING_PCQ_EP_NONBLOCK;
	int fd;

	EXPECT_EQ(-EINVAL, pcq_endpoint(self->s.control, IPCRING_PCQ_RECEIVER, 0, ordered));
	EXPECT_EQ(-EINVAL, pcq_endpoint(self->s.control, IPCRING_PCQ_OBSERVER, 0, ordered));
	for (uint32_t role = IPCRING_PCQ_SENDER; role <= IPCRING_PCQ_OBSERVER; role++) {
		fd = pcq_endpoint(self->s.control, role, 0, nonblock);
		ASSERT_LE(0, fd);
		EXPECT_EQ(O_NONBLOCK, fcntl(fd, F_GETFL) & O_NONBLOCK);
		EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
		close(fd);
		fd = pcq_endpoint(self->s.control, role, 0, 0);
		ASSERT_LE(0, fd);
		EXPECT_EQ(0, fcntl(fd, F_GETFL) & O_NONBLOCK);
		EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
		close(fd);
	}
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->s.control, F_GETFD));
}

TEST_F(fields, stats_cpu)
{
	struct ipcring_pcq_stats stats;

	EXPECT_EQ(0, pcq_stats(self->s.observer, 0, &stats));
	EXPECT_EQ(0, stats.cpu);
	EXPECT_EQ(0, pcq_stats(self->s.observer, self->cpus - 1, &stats));
	EXPECT_EQ(self->cpus - 1, stats.cpu);
	EXPECT_EQ(0, pcq_stats(self->s.observer, ANY, &stats));
	EXPECT_EQ(ANY, stats.cpu);
	EXPECT_EQ(-EINVAL, pcq_stats(self->s.observer, self->cpus, &stats));
	EXPECT_EQ(-EINVAL, pcq_stats(self->s.observer, 1u << 31, &stats));
	EXPECT_EQ(-EINVAL, pcq_stats(self->s.observer, THIS, &stats));
	EXPECT_EQ(-EINVAL, pcq_stats(self->s.observer, BOUND, &stats));
}

TEST_F(fields, bell_cpu_and_mode)
{
	const int fd = self->s.control;

	for (uint32_t mode = 0; mode < 3; mode++) {
		EXPECT_EQ(0, pcq_bell(fd, 0, mode, 0));
		EXPECT_EQ(0, pcq_bell(fd, self->cpus - 1, mode, 0));
		EXPECT_EQ(0, pcq_bell(fd, ANY, mode, 0));
		EXPECT_EQ(0, pcq_bell(fd, 0, mode, IPCRING_PCQ_BELL_ISOLATED));
		EXPECT_EQ(-EINVAL, pcq_bell(fd, self->cpus, mode, 0));
		EXPECT_EQ(-EINVAL, pcq_bell(fd, 1u << 31, mode, 0));
		EXPECT_EQ(-EINVAL, pcq_bell(fd, THIS, mode, 0));
		EXPECT_EQ(-EINVAL, pcq_bell(fd, BOUND, mode, 0));
	}
	EXPECT_EQ(-EINVAL, pcq_bell(fd, 0, 3, 0));
	EXPECT_EQ(-EINVAL, pcq_bell(fd, ANY, ~0u, 0));
}

static int bell_of_nobody(void *arg)
{
	const int fd = *(int *)arg;

	/* A wrong value stays one. */
	if (pcq_bell(fd, 0, 3, IPCRING_PCQ_BELL_ISOLATED) != -EINVAL)
		return 1;
	if (pcq_bell(fd, 0, IPCRING_PCQ_BELL_IPI, IPCRING_PCQ_BELL_ISOLATED) != -EPERM)
		return 2;
	if (pcq_bell(fd, ANY, IPCRING_PCQ_BELL_WAKE, IPCRING_PCQ_BELL_ISOLATED) != -EPERM)
		return 3;
	return pcq_bell(fd, 0, IPCRING_PCQ_BELL_IPI, 0) ? 4 : 0;
}

static int bell_of_nice(void *arg)
{
	return pcq_bell(*(int *)arg, 0, IPCRING_PCQ_BELL_IPI, IPCRING_PCQ_BELL_ISOLATED) ? 1 : 0;
}

TEST_F(fields, bell_isolated_needs_sys_nice)
{
	static const struct user plain = { "user", 1000, 1000, 1000, 1000, .caps = 0 };
	static const struct user nice = { "nice", 1000, 1000, 1000, 1000, .caps = CAP(SYS_NICE) };
	static const struct user others = { "others", 1000, 1000, 1000, 1000,
					    .caps = (uint32_t)~CAP(SYS_NICE) };

	EXPECT_EQ(0, user_run(&plain, false, bell_of_nobody, &self->s.control));
	EXPECT_EQ(0, user_run(&others, false, bell_of_nobody, &self->s.control));
	EXPECT_EQ(0, user_run(&nice, false, bell_of_nice, &self->s.control));
	/* Root of a user namespace of one's own is nobody to the CPUs. */
	EXPECT_EQ(0, user_run(&nice, true, bell_of_nobody, &self->s.control));
}

/* Both directions: what is the same for SEND and RECV. */
TEST_F(fields, batch)
{
	struct ipcring_pcq_msg msg = pcq_msg(self->buf, MSG);
	const uint32_t bad_nr[] = { 0, 257, 1u << 31, ~0u };
	const uint32_t bad_cpu[] = { 0, 1, self->cpus, THIS, ANY, 1u << 31 };

	ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	for (int recv = 0; recv < 2; recv++) {
		int (*const call)(int, const struct ipcring_pcq_batch *) =
			recv ? pcq_recv : pcq_send;
		int fd = recv ? self->s.receiver : self->s.sender;
		struct ipcring_pcq_batch p = pcq_batch(&msg, 1);

		for (size_t i = 0; i < ARRAY_LEN(bad_nr); i++) {
			p.nr = bad_nr[i];
			EXPECT_EQ(-EINVAL, call(fd, &p)) TH_LOG("nr %u", p.nr);
		}
		p.nr = 1;
		/* Bound to a CPU, it takes no other, nor that one's number. */
		for (size_t i = 0; i < ARRAY_LEN(bad_cpu); i++) {
			p.cpu = bad_cpu[i];
			EXPECT_EQ(-EINVAL, call(fd, &p)) TH_LOG("CPU %u", p.cpu);
		}
		p.cpu = BOUND;
		p.msgs = (uintptr_t)BAD_PTR;
		EXPECT_EQ(-EFAULT, call(fd, &p));
		p.msgs = ~0ULL << 63;
		EXPECT_EQ(-EFAULT, call(fd, &p));
		p.msgs = (uintptr_t)&msg;
		EXPECT_EQ(1, call(fd, &p));
	}
}

TEST_F(fields, batch_cpu_of_any)
{
	const uint32_t bad[] = { self->cpus, 1u << 31, THIS, ANY };
	int sender = pcq_sender(self->s.control, ANY), this = pcq_sender(self->s.control, THIS);
	int receiver = pcq_receiver(self->s.control, ANY);
	struct ipcring_pcq_msg msg = pcq_msg(self->buf, 1);
	struct ipcring_pcq_batch p = pcq_batch(&msg, 1);

	ASSERT_LE(0, sender);
	ASSERT_LE(0, this);
	ASSERT_LE(0, receiver);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		p.cpu = bad[i];
		EXPECT_EQ(-EINVAL, pcq_send(sender, &p)) TH_LOG("CPU %u", bad[i]);
		EXPECT_EQ(-EINVAL, pcq_recv(receiver, &p)) TH_LOG("CPU %u", bad[i]);
	}
	p.cpu = 0;
	EXPECT_EQ(-EINVAL, pcq_send(this, &p));
	EXPECT_EQ(1, pcq_send(sender, &p));
	msg.cpu = 0xcccccccc;
	EXPECT_EQ(1, pcq_recv(receiver, &p));
	close(sender);
	close(this);
	close(receiver);
}

TEST_F(fields, batch_message)
{
	struct ipcring_pcq_msg msg = pcq_msg(self->buf, 1);
	struct ipcring_pcq_batch p = pcq_batch(&msg, 1);

	for (uint32_t cpu = 1; cpu; cpu <<= 1) {
		msg.cpu = cpu;
		EXPECT_EQ(-EINVAL, pcq_send(self->s.sender, &p));
	}
	msg.cpu = 0;
	msg.len = 0;
	EXPECT_EQ(-EMSGSIZE, pcq_send(self->s.sender, &p));
	msg.len = MSG + 1;
	EXPECT_EQ(-EMSGSIZE, pcq_send(self->s.sender, &p));
	msg.len = ~0u;
	EXPECT_EQ(-EMSGSIZE, pcq_send(self->s.sender, &p));
	msg = pcq_msg(BAD_PTR, 1);
	EXPECT_EQ(-EFAULT, pcq_send(self->s.sender, &p));
	msg.addr = ~0ULL << 63;
	EXPECT_EQ(-EFAULT, pcq_send(self->s.sender, &p));
	p.flags = IPCRING_PCQ_DONTWAIT;
	msg = pcq_msg(self->buf, MSG);
	EXPECT_EQ(-EAGAIN, pcq_recv(self->s.receiver, &p));
}

TEST_HARNESS_MAIN
