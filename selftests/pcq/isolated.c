// SPDX-License-Identifier: GPL-2.0
/*
 * CPUs that are nohz_full or outside the scheduler's domains: no interrupt of ours, unless
 * the bell was set so. Needs a guest that was booted with isolcpus= or nohz_full=.
 */
#include "map.h"
#include "peer.h"

#define SLOTS	4

FIXTURE(isolated) {
	struct set s;
	uint32_t cpu;		/* an isolated one */
	struct call read;
	struct ipcring_pcq_stats st;
	char buf[8];
};

FIXTURE_SETUP(isolated)
{
	int cpu = cpu_isolated();

	if (cpu <= 0)
		SETUP_SKIP("no isolated CPU; scripts/vm --append isolcpus=nohz,domain,3");
	self->cpu = cpu;
	OPEN_SET(&self->s, cpu, .slots = SLOTS, .msg_size = 8);
	self->read = (struct call){ CALL_READ, self->s.receiver, self->buf, 8 };
	cpu_pin(0);
}

FIXTURE_TEARDOWN(isolated)
{
	set_close(&self->s);
	cpu_unpin();
}

/* The sum of the function call and rescheduling interrupts of a CPU. */
static long interrupts_of(uint32_t cpu, const char *line)
{
	static char text[65536];
	char *at, *end;
	long n = -1;

	if (!read_file("/proc/interrupts", text, sizeof(text)))
		return -1;
	at = strstr(text, line);
	if (!at)
		return -1;
	at += strlen(line);
	for (uint32_t i = 0; i <= cpu; i++, at = end)
		n = strtol(at, &end, 10);
	return n;
}

#define FENCE(s) ({ \
	struct map m_; \
	ASSERT_EQ(0, map_open(&m_, (s)->receiver, self->cpu)); \
	uint32_t fence_ = ring_load(&m_.state->fence); \
	map_close(&m_); \
	fence_; })

/* The fence is up from the beginning, and arming elsewhere interrupts nobody. */
TEST_F(isolated, no_fence_interrupts)
{
	EXPECT_EQ(1, FENCE(&self->s));
	for (int i = 0; i < 20; i++) {
		ASSERT_TRUE(call_start_on(&self->read, 0));
		ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
		ASSERT_EQ(1, call_finish(&self->read));
	}
	ASSERT_EQ(0, pcq_stats(self->s.observer, self->cpu, &self->st));
	EXPECT_EQ(0, self->st.fences);
	EXPECT_EQ(20, self->st.recv_waits);
}

/* IPI mode rings as WAKE. */
TEST_F(isolated, ipi_rings_as_wake)
{
	ASSERT_EQ(0, pcq_bell(self->s.control, ANY, IPCRING_PCQ_BELL_IPI, 0));
	for (int i = 0; i < 5; i++) {
		ASSERT_TRUE(call_start_on(&self->read, self->cpu));
		ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
		ASSERT_EQ(1, call_finish(&self->read));
	}
	ASSERT_EQ(0, pcq_stats(self->s.observer, self->cpu, &self->st));
	EXPECT_EQ(0, self->st.ipis);
	EXPECT_EQ(5, self->st.wakes);
}

/* Opted in, and out again. */
TEST_F(isolated, opted_in)
{
	ASSERT_EQ(0, pcq_bell(self->s.control, self->cpu, IPCRING_PCQ_BELL_IPI,
			      IPCRING_PCQ_BELL_ISOLATED));
	EXPECT_EQ(0, FENCE(&self->s));
	for (int i = 0; i < 5; i++) {
		ASSERT_TRUE(call_start_on(&self->read, 0));
		ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
		ASSERT_EQ(1, call_finish(&self->read));
	}
	ASSERT_EQ(0, pcq_stats(self->s.observer, self->cpu, &self->st));
	EXPECT_EQ(5, self->st.ipis);
	EXPECT_EQ(0, self->st.wakes);
	EXPECT_EQ(5, self->st.fences);
	ASSERT_EQ(0, pcq_bell(self->s.control, self->cpu, IPCRING_PCQ_BELL_IPI, 0));
	EXPECT_EQ(1, FENCE(&self->s));
	ASSERT_TRUE(call_start_on(&self->read, 0));
	ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
	ASSERT_EQ(1, call_finish(&self->read));
	ASSERT_EQ(0, pcq_stats(self->s.observer, self->cpu, &self->st));
	EXPECT_EQ(5, self->st.ipis);
	EXPECT_EQ(1, self->st.wakes);
	/* The last one raised the fence again. */
	EXPECT_EQ(6, self->st.fences);
}

/* ANY does not choose it: full everywhere else is full. Whoever runs there may, as THIS. */
TEST_F(isolated, any_passes_it_by)
{
	int any = pcq_endpoint(self->s.control, IPCRING_PCQ_SENDER, ANY,
			       IPCRING_PCQ_EP_NONBLOCK);

	ASSERT_LE(0, any);
	while (chan_write(any, "x", 1) == 1)
		;
	ASSERT_EQ(0, pcq_stats(self->s.observer, self->cpu, &self->st));
	EXPECT_EQ(0, self->st.local + self->st.remote);
	ASSERT_EQ(0, pcq_bell(self->s.control, self->cpu, IPCRING_PCQ_BELL_WAKE,
			      IPCRING_PCQ_BELL_ISOLATED));
	EXPECT_EQ(1, chan_write(any, "x", 1));
	ASSERT_EQ(0, pcq_stats(self->s.observer, self->cpu, &self->st));
	EXPECT_EQ(1, self->st.remote);
	close(any);
}

/* Who sleeps as all others are full hears that there is one more to choose. */
TEST_F(isolated, any_asleep_is_told)
{
	int full = pcq_endpoint(self->s.control, IPCRING_PCQ_SENDER, ANY,
				IPCRING_PCQ_EP_NONBLOCK);
	struct call write = { CALL_WRITE, pcq_sender(self->s.control, ANY), "x", 1 };

	ASSERT_LE(0, full);
	ASSERT_LE(0, write.fd);
	while (chan_write(full, "x", 1) == 1)
		;
	ASSERT_TRUE(call_start_on(&write, 0));
	ASSERT_EQ(0, pcq_bell(self->s.control, self->cpu, IPCRING_PCQ_BELL_WAKE,
			      IPCRING_PCQ_BELL_ISOLATED));
	EXPECT_EQ(1, call_finish(&write));
	ASSERT_EQ(0, pcq_stats(self->s.observer, self->cpu, &self->st));
	EXPECT_EQ(1, self->st.remote);
	close(write.fd);
	close(full);
}

/*
 * Nobody there, much traffic here: neither an open receiver bound to ANY, nor its arming,
 * nor sending to the queue and receiving from it elsewhere interrupts the CPU. The kernel's
 * own business does now and then, whence the bound: a quarter of what one interrupt a
 * message would be.
 */
TEST_F(isolated, counted_by_the_kernel)
{
	const int rounds = 400;
	long cal, res;
	int any;

	cal = interrupts_of(self->cpu, "CAL:");
	res = interrupts_of(self->cpu, "RES:");
	ASSERT_LE(0, cal);
	for (int i = 0; i < rounds; i++) {
		any = pcq_receiver(self->s.control, ANY);
		ASSERT_LE(0, any);
		self->read.fd = i % 2 ? any : self->s.receiver;
		ASSERT_TRUE(call_start_on(&self->read, 0));
		ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
		ASSERT_EQ(1, call_finish(&self->read));
		close(any);
	}
	cal = interrupts_of(self->cpu, "CAL:") - cal;
	res = interrupts_of(self->cpu, "RES:") - res;
	printf("# CPU %u: %ld function call and %ld rescheduling interrupts in %d messages\n",
	       self->cpu, cal, res, rounds);
	EXPECT_GT(rounds / 4, cal + res);
}

TEST_HARNESS_MAIN
