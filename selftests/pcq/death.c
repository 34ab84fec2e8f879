// SPDX-License-Identifier: GPL-2.0
/*
 * kill -9 of senders and receivers at random points: what was committed is received, once,
 * and those who live go on.
 *
 * Who sends says so in memory that all share, before the call and after it: of each life
 * at most the one message that it died with may or may not have been sent. A receiver that
 * is killed takes at most one with it, the one that it had claimed and not yet told of.
 */
#include "map.h"
#include "peer.h"

#define SLOTS	4
#define CPUS	2
#define LIVES	40

struct message {
	uint32_t life;
	uint32_t nr;
};

/**
 * struct shared - what the processes tell each other
 * @begun:	by life: sends that were begun
 * @sent:	by life: sends that had returned
 * @next:	by life: what the receivers expect next, for one lane's order
 * @received:	messages
 * @wrong:	of them, wrong ones
 * @stop:	the receivers end when they find nothing
 */
struct shared {
	uint32_t begun[LIVES];
	uint32_t sent[LIVES];
	uint32_t got[LIVES];
	uint32_t last[LIVES];
	uint32_t wrong;
};

FIXTURE(death) {
	struct set s;
	struct shared *sh;
	uint64_t seed;
};

FIXTURE_VARIANT(death) {
	uint32_t to;
	uint32_t mode;
	bool mapped;		/* senders are: into the local lane, without a call */
};

FIXTURE_VARIANT_ADD(death, bound) { .to = 0 };
FIXTURE_VARIANT_ADD(death, bound_ipi) { .to = 0, .mode = IPCRING_PCQ_BELL_IPI };
FIXTURE_VARIANT_ADD(death, any) { .to = ANY };
FIXTURE_VARIANT_ADD(death, mapped) { .to = 0, .mapped = true };

FIXTURE_SETUP(death)
{
	NEED_CPUS(2);
	OPEN_SET(&self->s, variant->to, .slots = SLOTS, .msg_size = sizeof(struct message),
		 .flags = IPCRING_PCQ_MAP_SENDERS);
	ASSERT_EQ(0, pcq_bell(self->s.control, ANY, variant->mode, 0));
	self->sh = shared_alloc(sizeof(*self->sh));
	ASSERT_NE(MAP_FAILED, (void *)self->sh);
	self->seed = env_number("SEED", random_seed());
	printf("# seed %llu\n", (unsigned long long)self->seed);
}

FIXTURE_TEARDOWN(death)
{
	munmap(self->sh, sizeof(*self->sh));
	set_close(&self->s);
	cpu_unpin();
}

static void live_sending(int fd, struct shared *sh, uint32_t life, bool mapped)
{
	struct message m = { life, 0 };
	struct map map;

	cpu_pin(mapped ? 0 : life % CPUS);
	if (mapped && map_open(&map, fd, 0))
		_exit(1);
	for (;; m.nr++) {
		int ret;

		__atomic_store_n(&sh->begun[life], m.nr + 1, __ATOMIC_RELEASE);
		if (!mapped) {
			ret = chan_write(fd, &m, sizeof(m));
		} else {
			while ((ret = map_send_local(&map, &m, sizeof(m))) == -EAGAIN)
				chan_wait(fd, IPCRING_NO_TIMEOUT);
			ret = ret ? ret : (int)sizeof(m);
		}
		if (ret != sizeof(m))
			_exit(2);
		__atomic_store_n(&sh->sent[life], m.nr + 1, __ATOMIC_RELEASE);
	}
}

/* Each life goes by one lane, and within a lane in order; ANY has no order. */
static void account(struct shared *sh, const struct message *m, int len, bool in_order)
{
	if (len != sizeof(*m) || m->life >= LIVES ||
	    m->nr >= __atomic_load_n(&sh->begun[m->life], __ATOMIC_ACQUIRE) ||
	    (in_order && m->nr < sh->last[m->life])) {
		sh->wrong++;
		return;
	}
	sh->last[m->life] = m->nr + 1;
	sh->got[m->life]++;
}

static void pause_a_bit(uint64_t *seed)
{
	for (uint32_t n = rnd_below(seed, 200); n; n--)
		sched_yield();
}

/* Senders die, one after the other, two at a time; this process receives. */
TEST_F_TIMEOUT(death, of_senders, 120)
{
	struct shared *sh = self->sh;
	struct message m;
	pid_t pid[2] = { 0, 0 };

	for (uint32_t life = 0; life < LIVES; life++) {
		pid_t *p = &pid[life % 2];

		if (*p) {
			kill(*p, SIGKILL);
			ASSERT_EQ(128 + SIGKILL, reap(*p));
		}
		*p = fork_child();
		if (*p == 0)
			live_sending(self->s.sender, sh, life, variant->mapped);
		for (uint32_t n = 1 + rnd_below(&self->seed, 40); n; n--)
			account(sh, &m, chan_read(self->s.receiver, &m, sizeof(m)),
				variant->to != ANY);
		pause_a_bit(&self->seed);
	}
	for (int i = 0; i < 2; i++) {
		kill(pid[i], SIGKILL);
		ASSERT_EQ(128 + SIGKILL, reap(pid[i]));
	}
	set_nonblock(self->s.receiver, true);
	while (chan_read(self->s.receiver, &m, sizeof(m)) > 0)
		account(sh, &m, sizeof(m), variant->to != ANY);
	EXPECT_EQ(0, sh->wrong);
	for (uint32_t life = 0; life < LIVES; life++) {
		EXPECT_LE(sh->sent[life], sh->got[life]);
		EXPECT_GE(sh->begun[life], sh->got[life]);
		EXPECT_LE(sh->begun[life] - sh->sent[life], 1);
	}
}

static void live_receiving(int fd, struct shared *sh, uint64_t seed, bool in_order)
{
	struct message m;
	int ret;

	cpu_pin(rnd_below(&seed, CPUS));
	for (;;) {
		ret = chan_read(fd, &m, sizeof(m));
		if (ret <= 0)
			_exit(ret ? 3 : 0);
		account(sh, &m, ret, in_order);
	}
}

/* Receivers die; the sender never notices, and each takes at most one message along. */
TEST_F_TIMEOUT(death, of_receivers, 120)
{
	struct shared *sh = self->sh;
	pid_t sender, pid;
	struct message m;

	if (variant->mapped)
		return;
	sender = fork_child();
	if (sender == 0)
		live_sending(self->s.sender, sh, 0, false);
	for (uint32_t life = 0; life < LIVES; life++) {
		uint32_t before = __atomic_load_n(&sh->sent[0], __ATOMIC_ACQUIRE);

		pid = fork_child();
		if (pid == 0)
			live_receiving(self->s.receiver, sh, rnd(&self->seed), false);
		while (__atomic_load_n(&sh->sent[0], __ATOMIC_ACQUIRE) < before + 10)
			sched_yield();
		pause_a_bit(&self->seed);
		kill(pid, SIGKILL);
		ASSERT_EQ(128 + SIGKILL, reap(pid));
	}
	kill(sender, SIGKILL);
	ASSERT_EQ(128 + SIGKILL, reap(sender));
	set_nonblock(self->s.receiver, true);
	while (chan_read(self->s.receiver, &m, sizeof(m)) > 0)
		account(sh, &m, sizeof(m), false);
	EXPECT_EQ(0, sh->wrong);
	EXPECT_GE(sh->begun[0], sh->got[0]);
	EXPECT_LE(sh->sent[0], sh->got[0] + LIVES);
}

/* A sender killed in the middle of filling its slot has sent nothing. */
TEST_F(death, half_written_slot_is_no_message)
{
	pid_t pid;
	char buf[64];

	if (!variant->mapped)
		return;
	pid = fork_child();
	if (pid == 0) {
		struct map map;
		__u64 pos;

		cpu_pin(0);
		if (map_open(&map, self->s.sender, 0) ||
		    ring_reserve(&map.lane[0], sizeof(struct message) + FROM_BYTES, &pos))
			_exit(1);
		ring_store(&map.lane[0].prod->pos, pos);
		memset(map_from(&map, 0, pos), 0xff, FROM_BYTES + sizeof(struct message));
		raise(SIGKILL);
	}
	ASSERT_EQ(128 + SIGKILL, reap(pid));
	set_nonblock(self->s.receiver, true);
	EXPECT_EQ(-EAGAIN, chan_read(self->s.receiver, buf, sizeof(buf)));
	cpu_pin(0);
	ASSERT_EQ(1, chan_write(self->s.sender, "y", 1));
	ASSERT_EQ(1, chan_read(self->s.receiver, buf, sizeof(buf)));
	EXPECT_EQ('y', buf[0]);
}

/* A sender that stands still in a page fault holds up nobody, on this CPU or another. */
TEST_F(death, stalled_sender)
{
	struct stall st = { .uffd = -1 };
	struct call write;
	char buf[64];

	if (variant->mapped)
		return;
	if (stall_open(&st, 1))
		SKIP(return, "userfaultfd: %s", strerror(errno));
	for (uint32_t on = 0; on < 2; on++) {
		write = (struct call){ CALL_WRITE, self->s.sender, st.mem + 4096, 8 };
		ASSERT_FALSE(on && madvise(st.mem + 4096, 4096, MADV_DONTNEED));
		ASSERT_TRUE(call_start_on(&write, on));
		for (uint32_t i = 0; i < 4 * SLOTS; i++) {
			cpu_pin(i % 2);
			ASSERT_EQ(4, chan_write(self->s.sender, &i, 4));
			ASSERT_EQ(4, chan_read(self->s.receiver, buf, sizeof(buf)));
			EXPECT_EQ(0, memcmp(&i, buf, 4));
		}
		ASSERT_EQ(0, stall_let_go(&st, 0));
		EXPECT_EQ(8, call_finish(&write));
		EXPECT_EQ(8, chan_read(self->s.receiver, buf, sizeof(buf)));
	}
	stall_close(&st);
}

/* A receiver in that place has not taken the message: another one gets it. */
TEST_F(death, stalled_receiver)
{
	struct stall st = { .uffd = -1 };
	struct call read;
	char buf[64];

	if (variant->mapped)
		return;
	if (stall_open(&st, 1))
		SKIP(return, "userfaultfd: %s", strerror(errno));
	read = (struct call){ CALL_READ, self->s.receiver, st.mem + 4096, 64 };
	ASSERT_EQ(5, chan_write(self->s.sender, "first", 5));
	ASSERT_TRUE(call_start_on(&read, 0));
	ASSERT_EQ(5, chan_read(self->s.receiver, buf, sizeof(buf)));
	EXPECT_EQ(0, memcmp("first", buf, 5));
	ASSERT_EQ(0, stall_let_go(&st, 0));
	ASSERT_EQ(6, chan_write(self->s.sender, "second", 6));
	EXPECT_EQ(6, call_finish(&read));
	EXPECT_EQ(0, memcmp("second", read.buf, 6));
	stall_close(&st);
}

TEST_HARNESS_MAIN
