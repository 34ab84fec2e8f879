// SPDX-License-Identifier: GPL-2.0
/* libipcring over per-CPU queues: which way a message goes, and that it arrives. */
#include "kselftest_harness.h"
#include "bed.h"

#include <sys/rseq.h>
#include <sys/syscall.h>

#define CPU	0u
#define OTHER	1u

static unsigned char out[BED_MSG + 1], in[BED_MSG];

FIXTURE(rseq) {
	struct bed b;
};

FIXTURE_VARIANT(rseq) {
	const char *bed;
};

FIXTURE_VARIANT_ADD(rseq, memory) { "memory" };

FIXTURE_VARIANT_ADD(rseq, module) { "module" };

FIXTURE_SETUP(rseq)
{
	if (!__rseq_size)
		SETUP_SKIP("no rseq: kernel or C library too old, or GLIBC_TUNABLES says so");
	NEED_CPUS(2);
	BED_OPEN(&self->b, variant->bed, CPU, CPU);
	ASSERT_EQ(0, cpu_pin(CPU));
}

FIXTURE_TEARDOWN(rseq)
{
	bed_close(&self->b);
}

/* Return: the CPU that it was sent on, or -errno. */
static int pass(struct bed *b, __u32 len, unsigned int seq)
{
	unsigned int who, got;
	__u32 cpu = ~0u;
	ssize_t n;
	int ret;

	bed_fill(out, len, 1, seq);
	ret = ipcring_pcq_send(b->out, out, len, 0);
	if (ret)
		return ret;
	n = ipcring_pcq_recv(b->in, in, sizeof(in), &cpu, 0);
	if (n != (ssize_t)len)
		return n < 0 ? n : -EMSGSIZE;
	return bed_read(in, len, &who, &got) && who == 1 && got == seq ? (int)cpu : -EPROTO;
}

TEST_F(rseq, every_length_goes_by_the_local_lane)
{
	const struct ipcring_pcq_counts *c = ipcring_pcq_counts();
	__u64 local = c->local, calls = c->calls, aborts = c->aborts;

	for (__u32 len = 3; len <= BED_MSG; len++)
		ASSERT_EQ(CPU, pass(&self->b, len, len));
	/* Disturbed eight times in a row is nobody here. */
	EXPECT_EQ(BED_MSG - 2, c->local - local);
	EXPECT_EQ(0, c->calls - calls);
	TH_LOG("%llu aborts", c->aborts - aborts);
}

TEST_F(rseq, one_and_two_bytes)
{
	for (__u32 len = 1; len <= 2; len++) {
		ASSERT_EQ(0, ipcring_pcq_send(self->b.out, "xy", len, 0));
		ASSERT_EQ(len, ipcring_pcq_recv(self->b.in, in, sizeof(in), NULL, 0));
		EXPECT_EQ(0, memcmp(in, "xy", len));
	}
	EXPECT_EQ(-EAGAIN, ipcring_pcq_recv(self->b.in, in, sizeof(in), NULL, 0));
}

TEST_F(rseq, no_byte_beside_the_payload_is_written)
{
	const struct ring *r = &self->b.out->queues[0].lane[LIB_PCQ_LOCAL];

	for (__u32 len = 1; len <= 100; len++) {
		unsigned char *slot = r->data + r->stride * ((len - 1) % BED_SLOTS);

		memset(slot, 0xcc, r->stride);
		memset(out, 0x33, len);
		ASSERT_EQ(0, ipcring_pcq_send(self->b.out, out, len, 0));
		for (__u32 i = 16; i < r->stride; i++)
			ASSERT_EQ(i < 16 + len ? 0x33 : 0xcc, slot[i]);
		ASSERT_EQ(len, ipcring_pcq_recv(self->b.in, in, sizeof(in), NULL, 0));
	}
}

TEST_F(rseq, lengths_that_are_refused)
{
	EXPECT_EQ(-EMSGSIZE, ipcring_pcq_send(self->b.out, out, 0, 0));
	EXPECT_EQ(-EMSGSIZE, ipcring_pcq_send(self->b.out, out, BED_MSG + 1, 0));
	EXPECT_EQ(-EMSGSIZE, ipcring_pcq_send(self->b.out, out, ~0u, 0));
	ASSERT_EQ(0, ipcring_pcq_send(self->b.out, out, 100, 0));
	EXPECT_EQ(-EMSGSIZE, ipcring_pcq_recv(self->b.in, in, 99, NULL, 0));
	EXPECT_EQ(100, ipcring_pcq_recv(self->b.in, in, 100, NULL, 0));
}

TEST_F(rseq, a_full_lane_is_refused_and_goes_on)
{
	for (int round = 0; round < 3; round++) {
		for (unsigned int n = 0; n < BED_SLOTS; n++) {
			bed_fill(out, 8, 1, n);
			ASSERT_EQ(0, ipcring_pcq_send(self->b.out, out, 8, 0));
		}
		EXPECT_EQ(-EAGAIN, ipcring_pcq_send(self->b.out, out, 8, 0));
		for (unsigned int n = 0; n < BED_SLOTS; n++) {
			unsigned int who, seq;

			ASSERT_EQ(8, ipcring_pcq_recv(self->b.in, in, 8, NULL, 0));
			ASSERT_TRUE(bed_read(in, 8, &who, &seq));
			ASSERT_EQ(n, seq);
		}
		EXPECT_EQ(-EAGAIN, ipcring_pcq_try_recv(self->b.in, in, 8, NULL));
	}
}

TEST_F(rseq, who_is_elsewhere_asks_the_kernel)
{
	const struct ipcring_pcq_counts *c = ipcring_pcq_counts();
	__u64 local = c->local, calls = c->calls;

	ASSERT_EQ(0, cpu_pin(OTHER));
	for (unsigned int n = 0; n < 2 * BED_SLOTS; n++)
		ASSERT_EQ(OTHER, pass(&self->b, 64, n));
	EXPECT_EQ(0, c->local - local);
	EXPECT_EQ(2 * BED_SLOTS, c->calls - calls);
}

/* As GLIBC_TUNABLES=glibc.pthread.rseq=0 leaves a thread, but for __rseq_size. */
TEST_F(rseq, who_is_not_registered_asks_the_kernel)
{
	const struct ipcring_pcq_counts *c = ipcring_pcq_counts();
	__u64 local = c->local, calls = c->calls;

	ASSERT_EQ(0, syscall(SYS_rseq, lib_rseq(), 32, RSEQ_FLAG_UNREGISTER, RSEQ_SIG));
	for (unsigned int n = 0; n < 2 * BED_SLOTS; n++)
		ASSERT_EQ(CPU, pass(&self->b, 64, n));
	EXPECT_EQ(0, c->local - local);
	EXPECT_EQ(2 * BED_SLOTS, c->calls - calls);
}

TEST_F(rseq, the_bell_is_rung_when_it_is_armed)
{
	const struct ipcring_pcq_counts *c = ipcring_pcq_counts();
	struct fake_queue *q;
	__u64 rings = c->rings;

	if (self->b.module)
		SKIP(return, "the module's bell is the kernel's to write");
	q = fake_queue(&self->b, CPU);
	for (__u32 fence = 0; fence < 2; fence++) {
		q->state.fence = fence;
		q->state.bell = IPCRING_PCQ_RUNG;
		ASSERT_EQ(CPU, pass(&self->b, 64, 1));
		EXPECT_EQ(fence, q->wakes);
		q->state.bell = IPCRING_PCQ_ARMED;
		ASSERT_EQ(CPU, pass(&self->b, 64, 1));
		EXPECT_EQ(fence + 1, q->wakes);
		q->state.bell = IPCRING_PCQ_AWAKE;
	}
	EXPECT_EQ(2, c->rings - rings);
}

TEST_F(rseq, a_batch_rings_once)
{
	struct ipcring_pcq_msg msgs[8];
	struct fake_queue *q;

	if (self->b.module)
		SKIP(return, "the module's bell is the kernel's to write");
	q = fake_queue(&self->b, CPU);
	q->state.bell = IPCRING_PCQ_ARMED;
	for (int i = 0; i < 8; i++)
		msgs[i] = pcq_msg(out, 64);
	EXPECT_EQ(8, ipcring_pcq_send_batch(self->b.out, msgs, 8, 0));
	EXPECT_EQ(1, q->wakes);
	for (int i = 0; i < 8; i++)
		msgs[i] = pcq_msg(in, 64);
	EXPECT_EQ(8, ipcring_pcq_recv_batch(self->b.in, msgs, 8, 0));
}

TEST_F(rseq, who_makes_room_wakes_who_waits_for_it)
{
	struct fake_queue *q;

	if (self->b.module)
		SKIP(return, "the module's state is the kernel's to write");
	q = fake_queue(&self->b, CPU);
	ASSERT_EQ(CPU, pass(&self->b, 64, 1));
	EXPECT_EQ(0, q->wakes);
	q->state.room = 1;
	ASSERT_EQ(CPU, pass(&self->b, 64, 1));
	EXPECT_EQ(1, q->wakes);
}

TEST_F(rseq, nonsense_is_left_to_the_kernel)
{
	const struct ring *r = &self->b.out->queues[0].lane[LIB_PCQ_LOCAL];
	__u64 local = ipcring_pcq_counts()->local;

	ring_store(&r->prod->pos, 1ULL << 40);
	ipcring_pcq_send(self->b.out, out, 64, 0);
	EXPECT_EQ(0, ipcring_pcq_counts()->local - local);
	if (self->b.module)
		EXPECT_EQ(-EBADMSG, ipcring_pcq_send(self->b.out, out, 64, 0));
}

TEST_F(rseq, a_head_that_is_nonsense_is_no_message)
{
	struct ring r = self->b.out->queues[0].lane[LIB_PCQ_LOCAL];

	/* No payload: as long as what stands before it. */
	ring_store_release(&ring_slot(&r, 0)->head, ring_head(0, 8));
	EXPECT_EQ(-EBADMSG, ipcring_pcq_recv(self->b.in, in, sizeof(in), NULL, 0));
}

TEST_HARNESS_MAIN
