// SPDX-License-Identifier: GPL-2.0
/*
 * CPUs that are to be left alone: boot with isolcpus=3 nohz_full=3 and four CPUs. Without
 * such a CPU, or a kernel that can, all is skipped.
 */
#include "served.h"

#define SLOTS	16
#define SIZE	64
#define ROUNDS	200

FIXTURE(undisturbed) {
	struct set s;
	uint32_t cpu;
};

/* The last CPU of the list, which has no ranges here, or -1. */
static int isolated_cpu(void)
{
	char text[64];

	if (!read_file("/sys/devices/system/cpu/isolated", text, sizeof(text)) ||
	    text[0] < '0' || text[0] > '9')
		return -1;
	return atoi(text);
}

FIXTURE_SETUP(undisturbed)
{
	int cpu = isolated_cpu();

	if (cpu < 1)
		SETUP_SKIP("no CPU is isolated; scripts/vm --cpus 4 --append 'isolcpus=3 nohz_full=3'");
	self->cpu = cpu;
	OPEN_SET(&self->s, self->cpu, .slots = SLOTS, .msg_size = SIZE);
	ASSERT_EQ(0, cpu_pin(0));
}

FIXTURE_TEARDOWN(undisturbed)
{
	set_close(&self->s);
}

/* Function call interrupts that a CPU got: ours are of that kind. */
static uint64_t calls_of(uint32_t cpu)
{
	char text[1 << 16], *at;

	if (!read_file("/proc/interrupts", text, sizeof(text)))
		return 0;
	at = strstr(text, "CAL:");
	if (!at)
		return 0;
	at += 4;
	for (uint32_t i = 0; i < cpu; i++)
		strtoull(at, &at, 10);
	return strtoull(at, NULL, 10);
}

/* A receiver that sleeps on @where, woken by each message that CPU 0 sends. */
static int rounds(struct _test_data_undisturbed *self, uint32_t where)
{
	char buf[SIZE];

	for (int i = 0; i < ROUNDS; i++) {
		struct call r = { .op = CALL_READ, .fd = self->s.receiver, .buf = buf,
				  .len = SIZE };

		if (!call_start_on(&r, where) || chan_write(self->s.sender, "x", 1) != 1 ||
		    call_finish(&r) != 1)
			return -1;
	}
	return 0;
}

/*
 * Neither to ring nor to arm, from elsewhere; the kernel itself may have something to say
 * to that CPU now and then, but not each time.
 */
TEST_F(undisturbed, left_alone)
{
	uint64_t calls = calls_of(self->cpu);

	ASSERT_EQ(0, pcq_bell(self->s.control, self->cpu, IPCRING_PCQ_BELL_IPI, 0));
	ASSERT_EQ(0, rounds(self, 1));
	EXPECT_EQ(0, STAT(self->s.observer, self->cpu, ipis));
	EXPECT_EQ(0, STAT(self->s.observer, self->cpu, fences));
	EXPECT_EQ(ROUNDS, STAT(self->s.observer, self->cpu, wakes));
	EXPECT_GT(ROUNDS / 4, calls_of(self->cpu) - calls);
}

/* And with the owner's leave each time: so the test above would have seen it. */
TEST_F(undisturbed, opted_in)
{
	uint64_t calls = calls_of(self->cpu);

	ASSERT_EQ(0, pcq_bell(self->s.control, self->cpu, IPCRING_PCQ_BELL_IPI,
			      IPCRING_PCQ_BELL_ISOLATED));
	ASSERT_EQ(0, rounds(self, 1));
	EXPECT_EQ(ROUNDS, STAT(self->s.observer, self->cpu, ipis));
	EXPECT_LE(ROUNDS, STAT(self->s.observer, self->cpu, fences));
	EXPECT_LE(2 * ROUNDS, calls_of(self->cpu) - calls);
}

/* Given back its peace. */
TEST_F(undisturbed, opted_out_again)
{
	uint64_t calls, fences;

	ASSERT_EQ(0, pcq_bell(self->s.control, self->cpu, IPCRING_PCQ_BELL_IPI,
			      IPCRING_PCQ_BELL_ISOLATED));
	ASSERT_EQ(0, pcq_bell(self->s.control, self->cpu, IPCRING_PCQ_BELL_IPI, 0));
	calls = calls_of(self->cpu);
	fences = STAT(self->s.observer, self->cpu, fences);
	ASSERT_EQ(0, rounds(self, 1));
	EXPECT_EQ(0, STAT(self->s.observer, self->cpu, ipis));
	EXPECT_EQ(fences, STAT(self->s.observer, self->cpu, fences));
	EXPECT_GT(ROUNDS / 4, calls_of(self->cpu) - calls);
}

/* ANY does not choose it, unless it is there already; receivers bound to ANY cost it none. */
TEST_F(undisturbed, any)
{
	int sender = pcq_sender(self->s.control, ANY), receiver;
	uint64_t calls = calls_of(self->cpu);
	int n = 0;

	ASSERT_LE(0, sender);
	receiver = pcq_receiver(self->s.control, ANY);
	ASSERT_LE(0, receiver);
	set_nonblock(sender, true);
	while (chan_write(sender, "x", 1) == 1)
		n++;
	EXPECT_EQ((cpu_nr_online() - 1) * SLOTS, n);
	EXPECT_EQ(0, STAT(self->s.observer, self->cpu, remote));
	EXPECT_EQ(0, STAT(self->s.observer, self->cpu, fences));
	EXPECT_GT(ROUNDS / 4, calls_of(self->cpu) - calls);
	EXPECT_EQ(1, send_on(sender, self->cpu, "x", 1));
	EXPECT_EQ(1, STAT(self->s.observer, self->cpu, local));
	close(sender);
	close(receiver);
}

/* A service there is woken as any task; one that polls hears of nothing. */
TEST_F(undisturbed, service)
{
	uint64_t calls;

	for (uint32_t flags = 0; flags <= IPCRING_PCQ_SERVICE_POLL; flags++) {
		ASSERT_EQ(0, pcq_start(self->s.control, self->cpu, IPCRING_PCQ_DRAIN, flags, -1));
		calls = calls_of(self->cpu);
		for (int i = 1; i <= ROUNDS; i++) {
			ASSERT_EQ(1, chan_write(self->s.sender, "x", 1));
			WAIT_FOR(STAT(self->s.observer, self->cpu, served) == flags * ROUNDS + i);
		}
		EXPECT_EQ(0, STAT(self->s.observer, self->cpu, ipis));
		EXPECT_EQ(0, STAT(self->s.observer, self->cpu, fences));
		if (flags)
			EXPECT_GT(ROUNDS / 4, calls_of(self->cpu) - calls);
		ASSERT_EQ(0, pcq_stop(self->s.control, self->cpu));
	}
}

TEST_HARNESS_MAIN
