// SPDX-License-Identifier: GPL-2.0
/*
 * Per-CPU queues: the lanes, and the bell that senders and sleeping receivers share. A
 * function here is called as the kernel's, without "pcq_": kernel.txt has the list. Not
 * modelled: modes but WAKE, room, two lanes of a queue at once, CPUs that go.
 */
#include "bell.h"

#define SLOTS		2
#define WORDS		3	/* head, struct ipcring_pcq_from, payload */
#define LEN		8u
#define PAYLOAD(id)	(0x1000u + (id))

static struct ipcring_side prod, cons;
static __u64 data[SLOTS * WORDS];
static __u64 bell, fence, queue, lock;
static const struct ring ring = {
	.prod = &prod, .cons = &cons, .data = (unsigned char *)data, .size = SLOTS,
	.stride = WORDS * 8, .msg_size = 2 * LEN,
};

/* Part of the state, but no part of the program; but for the last two guarded by @lock. */
struct ghost {
	__u8 sent;
	bool taken[BELL_IDS];
	bool synced;
	__u8 armed;
};

static struct ghost *ghost(void)
{
	return (struct ghost *)model_ghost();
}

void bell_setup(const struct model_program *program)
{
	static const char * const name[SLOTS * WORDS] = {
		"head[0]", "from[0]", "payload[0]", "head[1]", "from[1]", "payload[1]",
	};
	const struct bell_scene *scene = program->arg;

	model_published = NULL;
	/* Nobody's own: an interrupt makes a store visible, so when it comes matters. */
	model_cell((__u64 *)&prod.pos, "prod.pos", MODEL_PROD_POS, 0, -1);
	model_cell((__u64 *)&cons.pos, "cons.pos", MODEL_CONS_POS, 0, -1);
	for (int i = 0; i < SLOTS * WORDS; i++)
		model_cell(&data[i], name[i], i % WORDS ? MODEL_PAYLOAD : MODEL_HEAD, 0, -1);
	model_cell(&queue, "recv_wq", MODEL_QUEUE, 0, -1);
	model_cell(&bell, "bell", MODEL_ANY, IPCRING_PCQ_AWAKE, -1);
	model_cell(&fence, "fence", MODEL_ANY, scene->any && !scene->late, -1);
	model_cell(&lock, "lock", MODEL_LOCKED, 0, -1);
}

/* Senders */

static void awake(void)
{
	model_fence("wake_up");
	if (model_load(&queue, false, "wake_up"))
		model_wake(&queue);
}

/* pcq_ring(); lib_pcq_armed() and then WAKE. */
static void ring_bell(const struct bell_scene *scene)
{
	if (scene->remote || model_load(&fence, true, __func__))
		model_fence("ring_bell");
	if (model_load(&bell, false, __func__) == IPCRING_PCQ_ARMED &&
	    model_cas(&bell, IPCRING_PCQ_ARMED, IPCRING_PCQ_RUNG, __func__))
		awake();
}

static void fill(__u64 pos, unsigned int id)
{
	__u64 *words = (__u64 *)pcq_from(&ring, pos);

	ring_store(&words[0], PAYLOAD(id));
	ring_store(&words[1], PAYLOAD(id));
}

/* As lib_rseq_try(), whose x86 keeps in order what is release here. */
static void commit(__u64 pos)
{
	ring_store((__u64 *)&prod.pos, pos);
	ring_store_release(&ring_slot(&ring, pos)->head, ring_head(pos, LEN + PCQ_FROM_BYTES));
}

static int reserve(const struct bell_scene *scene, __u64 *pos)
{
	return scene->remote ? pcq_reserve_remote(&ring, pos) : pcq_reserve_local(&ring, LEN, pos);
}

static void put(const struct bell_scene *scene, unsigned int id)
{
	__u64 pos;
	int ret;

	while ((ret = reserve(scene, &pos)) == -EAGAIN)
		model_pause();
	if (ret == -EBUSY)
		model_fail("more turns than there are threads");
	if (ret)
		model_fail("-EBADMSG for an honest sender");
	fill(pos, id);
	if (scene->mapped)
		commit(pos);
	else if (scene->remote)
		pcq_publish_remote(&ring, pos, LEN);
	else
		pcq_publish_local(&ring, pos, LEN);
}

void bell_sender(const struct model_program *program)
{
	const struct bell_scene *scene = program->arg;
	unsigned int first = (unsigned int)model_self() * (BELL_IDS / 2);

	for (unsigned int n = 0; n < scene->sends[model_self()]; n++) {
		put(scene, first + n);
		if (!scene->polls)
			ring_bell(scene);
	}
	/* The CPU turns to something else; a thread that has ended is interrupted in vain. */
	model_fence("schedule");
}

/* Receivers */

static void sync_cpu(void)
{
	model_fence(__func__);
	model_interrupt(0, __func__);
	model_fence(__func__);
}

/* pcq_do_arm(): true: an interrupt is needed. */
static bool do_arm(const struct bell_scene *scene)
{
	if (model_load(&bell, false, __func__) == IPCRING_PCQ_ARMED)
		return !ghost()->synced;
	model_store(&bell, IPCRING_PCQ_ARMED, false, __func__);
	ghost()->armed++;
	ghost()->synced = scene->any || scene->remote;
	return !ghost()->synced;
}

static void arm(const struct bell_scene *scene)
{
	bool sync;
	__u8 armed;

	model_lock(&lock, __func__);
	sync = do_arm(scene);
	armed = ghost()->armed;
	model_unlock(&lock, __func__);
	model_fence("arm");
	if (!sync)
		return;
	sync_cpu();
	model_lock(&lock, __func__);
	if (armed == ghost()->armed)
		ghost()->synced = true;
	model_unlock(&lock, __func__);
}

static bool look(void)
{
	__u64 pos;
	__u32 len;
	int ret = pcq_peek(&ring, &pos, &len);

	if (ret == -EBADMSG)
		model_fail("-EBADMSG for an honest receiver");
	return !ret || pos == RING_NO_PROOF;
}

static bool all_awake(void)
{
	bool none;

	model_lock(&lock, __func__);
	none = model_dropped("who else waits") || !model_load(&queue, false, __func__);
	if (none)
		model_store(&bell, IPCRING_PCQ_AWAKE, false, __func__);
	model_unlock(&lock, __func__);
	return none;
}

static void leave(const struct bell_scene *scene, unsigned int mine)
{
	if (all_awake() || model_dropped("the baton"))
		return;
	arm(scene);
	if (pcq_ready(&ring) > mine &&
	    model_cas(&bell, IPCRING_PCQ_ARMED, IPCRING_PCQ_RUNG, __func__))
		awake();
}

/* pcq_sleep_recv() */
static void sleep_recv(const struct bell_scene *scene)
{
	bool found;

	do {
		model_prepare(&queue, true);
		arm(scene);
		found = look() && !model_dropped("the look");
		if (!found) {
			model_block(&queue);
			found = look();
		}
	} while (!found);
	model_finish(&queue);
	leave(scene, 1);
}

static bool take(void)
{
	__u64 pos, word[2];
	const __u64 *words;
	unsigned int id;
	__u32 len;

	if (pcq_peek(&ring, &pos, &len))
		return false;
	words = (const __u64 *)pcq_from(&ring, pos);
	word[0] = ring_load(&words[0]);
	word[1] = ring_load(&words[1]);
	if (!pcq_claim(&ring, pos))
		return false;
	id = (unsigned int)(word[0] - PAYLOAD(0));
	if (word[0] != word[1] || len != LEN || id >= BELL_IDS)
		model_fail("a payload that is not what was sent");
	if (ghost()->taken[id] || (id % (BELL_IDS / 2) && !ghost()->taken[id - 1]))
		model_fail("a message doubled, or out of order");
	ghost()->taken[id] = true;
	return true;
}

void bell_receiver(const struct model_program *program)
{
	const struct bell_scene *scene = program->arg;

	if (scene->late && model_self() == 1) {
		/* pcq_update_fence() */
		model_store(&fence, 1, false, "update_fence");
		sync_cpu();
	}
	for (int n = 0; n < scene->takes[model_self()]; n++)
		while (!take()) {
			if (scene->polls)
				model_pause();
			else
				sleep_recv(scene);
		}
}

const char *bell_judge(const struct model_program *program)
{
	const struct bell_scene *scene = program->arg;
	__u64 tail = model_last((__u64 *)&cons.pos);
	int spare = 0;

	for (int i = 0; i < program->threads; i++)
		spare += scene->takes[i] - scene->sends[i];
	for (int i = 0; i < program->threads; i++) {
		if (!model_asleep(i))
			continue;
		if (ring_head_is(model_last(&ring_slot(&ring, tail)->head), tail))
			return "lost wake-up: a receiver sleeps beside a message";
		if (!spare)
			return "a thread sleeps for ever";
	}
	return NULL;
}
