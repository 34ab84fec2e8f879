// SPDX-License-Identifier: GPL-2.0
/*
 * Several senders and several receivers, everywhere and by every way: each message goes to
 * exactly one receiver, and what one lane carries stays in order.
 */
#include "map.h"
#include "peer.h"

#define SENDERS		4
#define RECEIVERS	4
#define EACH		1500	/* messages of a sender */

/* What a message says, and what there is to check. */
struct message {
	uint32_t sender;
	uint32_t nr;
	uint32_t sum;
};

FIXTURE(share) {
	struct set s;
	int to[SENDERS];
	int from[RECEIVERS];
	uint8_t seen[SENDERS][EACH];
	uint32_t wrong;
	uint32_t received;
	uint32_t next[RECEIVERS][SENDERS];
};

FIXTURE_VARIANT(share) {
	uint32_t slots;
	uint32_t to;		/* what senders are bound to */
	uint32_t from;		/* what receivers are bound to */
	uint32_t mode;
	uint32_t flags;
	bool mapped;		/* half of the receivers are */
	bool in_order;		/* one lane for each sender, one receiver for all of a lane */
	uint32_t receivers;
};

FIXTURE_VARIANT_ADD(share, bound) {
	.slots = 4, .to = 0, .from = 0, .receivers = RECEIVERS,
};

FIXTURE_VARIANT_ADD(share, bound_ipi) {
	.slots = 4, .to = 0, .from = 0, .mode = IPCRING_PCQ_BELL_IPI, .receivers = RECEIVERS,
};

FIXTURE_VARIANT_ADD(share, bound_poll) {
	.slots = 4, .to = 0, .from = 0, .mode = IPCRING_PCQ_BELL_POLL, .receivers = 2,
};

FIXTURE_VARIANT_ADD(share, any) {
	.slots = 2, .to = ANY, .from = ANY, .receivers = RECEIVERS,
};

FIXTURE_VARIANT_ADD(share, any_ipi) {
	.slots = 2, .to = ANY, .from = ANY, .mode = IPCRING_PCQ_BELL_IPI, .receivers = RECEIVERS,
};

FIXTURE_VARIANT_ADD(share, this_to_any) {
	.slots = 16, .to = THIS, .from = ANY, .receivers = RECEIVERS,
};

FIXTURE_VARIANT_ADD(share, mapped) {
	.slots = 4, .to = 0, .from = 0, .mapped = true, .receivers = RECEIVERS,
};

FIXTURE_VARIANT_ADD(share, mapped_ipi) {
	.slots = 4, .to = 0, .from = 0, .mode = IPCRING_PCQ_BELL_IPI, .mapped = true,
	.receivers = RECEIVERS,
};

FIXTURE_VARIANT_ADD(share, ordered) {
	.slots = 8, .to = 0, .from = 0, .flags = IPCRING_PCQ_EP_ORDERED, .in_order = true,
	.receivers = 1,
};

FIXTURE_VARIANT_ADD(share, ordered_ipi) {
	.slots = 2, .to = 0, .from = 0, .flags = IPCRING_PCQ_EP_ORDERED, .in_order = true,
	.mode = IPCRING_PCQ_BELL_IPI, .receivers = 1,
};

FIXTURE_SETUP(share)
{
	NEED_CPUS(2);
	OPEN_SET(&self->s, variant->from, .slots = variant->slots,
		 .msg_size = sizeof(struct message));
	ASSERT_EQ(0, pcq_bell(self->s.control, ANY, variant->mode, 0));
	for (int i = 0; i < SENDERS; i++) {
		self->to[i] = pcq_endpoint(self->s.control, IPCRING_PCQ_SENDER, variant->to,
					   variant->flags);
		ASSERT_LE(0, self->to[i]);
	}
	for (uint32_t i = 0; i < variant->receivers; i++) {
		self->from[i] = pcq_receiver(self->s.control, variant->from);
		ASSERT_LE(0, self->from[i]);
	}
	close(self->s.sender);
	close(self->s.receiver);
	self->s.sender = -1;
	self->s.receiver = -1;
}

FIXTURE_TEARDOWN(share)
{
	set_close(&self->s);
	cpu_unpin();
}

#define SELF	FIXTURE_DATA(share)

struct worker {
	SELF *self;
	uint32_t nr;
	bool mapped;
	bool moves;
	pthread_t thread;
	uint32_t done;
	int ret;
};

static uint32_t sum_of(const struct message *m)
{
	return (m->sender * 0x9e3779b9u ^ m->nr) * 0x85ebca6bu;
}

/* One by one and in batches, now on this CPU and now on that. */
static void *sender(void *arg)
{
	struct worker *w = arg;
	uint64_t seed = w->nr + 1;
	const int fd = w->self->to[w->nr];
	struct message m[8];
	struct ipcring_pcq_msg msgs[8];

	for (uint32_t nr = 0; nr < EACH && w->ret >= 0;) {
		uint32_t want = 1 + rnd_below(&seed, 8);
		struct ipcring_pcq_batch p = pcq_batch(msgs, want);

		if (w->moves && rnd_below(&seed, 16) == 0)
			cpu_pin(rnd_below(&seed, cpu_nr_online()));
		if (want > EACH - nr)
			want = EACH - nr;
		p.nr = want;
		for (uint32_t i = 0; i < want; i++) {
			m[i] = (struct message){ w->nr, nr + i };
			m[i].sum = sum_of(&m[i]);
			msgs[i] = pcq_msg(&m[i], sizeof(m[i]));
		}
		if (want == 1)
			w->ret = chan_write(fd, m, sizeof(m[0])) == sizeof(m[0]) ? 1 : -EIO;
		else
			w->ret = pcq_send(fd, &p);
		if (w->ret > 0)
			nr += w->ret;
		w->done = nr;
	}
	close(fd);
	return NULL;
}

static void account(struct worker *w, const struct message *m, uint32_t len)
{
	SELF *self = w->self;

	if (len != sizeof(*m) || m->sender >= SENDERS || m->nr >= EACH || m->sum != sum_of(m) ||
	    __atomic_exchange_n(&self->seen[m->sender][m->nr], 1, __ATOMIC_RELAXED)) {
		__atomic_fetch_add(&self->wrong, 1, __ATOMIC_RELAXED);
		return;
	}
	/* Order is checked by the test, where there is one. */
	if (m->nr < self->next[w->nr][m->sender])
		self->next[w->nr][m->sender] = ~0u;
	else if (self->next[w->nr][m->sender] != ~0u)
		self->next[w->nr][m->sender] = m->nr + 1;
	__atomic_fetch_add(&self->received, 1, __ATOMIC_RELAXED);
}

/* By read() and by RECV, until the senders are gone. */
static int receive(struct worker *w, int fd, uint64_t *seed)
{
	struct message m[8];
	struct ipcring_pcq_msg msgs[8];
	struct ipcring_pcq_batch p = pcq_batch(msgs, 1 + rnd_below(seed, 8));
	int ret;

	if (p.nr == 1) {
		ret = chan_read(fd, m, sizeof(m[0]));
		if (ret > 0)
			account(w, m, ret);
		return ret;
	}
	for (uint32_t i = 0; i < p.nr; i++)
		msgs[i] = pcq_msg(&m[i], sizeof(m[i]));
	ret = pcq_recv(fd, &p);
	for (int i = 0; i < ret; i++)
		account(w, &m[i], msgs[i].len);
	return ret;
}

static void *receiver(void *arg)
{
	struct worker *w = arg;
	uint64_t seed = w->nr + 100;
	const int fd = w->self->from[w->nr];
	struct message m;
	struct map map;
	uint32_t cpu;

	if (w->mapped)
		w->ret = map_open(&map, fd, 0);
	while (w->ret >= 0) {
		if (rnd_below(&seed, 16) == 0)
			cpu_pin(rnd_below(&seed, cpu_nr_online()));
		if (!w->mapped) {
			w->ret = receive(w, fd, &seed);
			if (!w->ret)
				return NULL;
			continue;
		}
		w->ret = map_recv_any(&map, &m, &cpu);
		if (w->ret > 0)
			account(w, &m, w->ret);
	}
	if (w->ret == -EPIPE)
		w->ret = 0;
	return NULL;
}

TEST_F_TIMEOUT(share, exactly_once, 240)
{
	struct worker s[SENDERS], r[RECEIVERS];
	struct ipcring_pcq_stats st;

	for (uint32_t i = 0; i < variant->receivers; i++) {
		r[i] = (struct worker){ self, i, variant->mapped && i % 2 };
		ASSERT_EQ(0, pthread_create(&r[i].thread, NULL, receiver, &r[i]));
	}
	for (uint32_t i = 0; i < SENDERS; i++) {
		s[i] = (struct worker){ self, i, .moves = true };
		ASSERT_EQ(0, pthread_create(&s[i].thread, NULL, sender, &s[i]));
	}
	for (uint32_t i = 0; i < SENDERS; i++) {
		pthread_join(s[i].thread, NULL);
		EXPECT_LT(0, s[i].ret);
		EXPECT_EQ(EACH, s[i].done);
	}
	for (uint32_t i = 0; i < variant->receivers; i++) {
		pthread_join(r[i].thread, NULL);
		EXPECT_EQ(0, r[i].ret);
		for (int f = 0; variant->in_order && f < SENDERS; f++)
			EXPECT_EQ(EACH, self->next[i][f]);
	}
	EXPECT_EQ(0, self->wrong);
	EXPECT_EQ(SENDERS * EACH, self->received);
	ASSERT_EQ(0, pcq_stats(self->s.observer, ANY, &st));
	EXPECT_EQ(SENDERS * EACH, st.local + st.remote);
	EXPECT_EQ(SENDERS * EACH, st.received);
	EXPECT_EQ(0, st.refused);
	printf("# local %llu remote %llu, doorbells: wakes %llu ipis %llu suppressed %llu coalesced %llu\n",
	       (unsigned long long)st.local, (unsigned long long)st.remote,
	       (unsigned long long)st.wakes, (unsigned long long)st.ipis,
	       (unsigned long long)st.suppressed, (unsigned long long)st.coalesced);
}

TEST_HARNESS_MAIN
