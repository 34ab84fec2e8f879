// SPDX-License-Identifier: GPL-2.0
/* The programs' memory, and what a lane's two sides do. */
#include "scene.h"

#define DATA_WORDS	12

/* Payloads are no lengths: who takes one for a head sees nonsense. */
#define PAYLOAD(id)	(0x1000u + (id))

static struct {
	struct ipcring_side prod;
	struct ipcring_side cons;
	__u64 data[2 * DATA_WORDS];
} lanes[SCENE_LANES];

struct ring scene_ring[SCENE_LANES];
__u64 scene_ready, scene_cons_queue, scene_prod_queue[SCENE_LANES];
static __u64 end_lock;

/* Part of the state, but no part of the program. */
struct ghost {
	__u8 committed[SCENE_LANES];	/* published by the first part, or before */
	__u8 taken[SCENE_LANES];
	bool again[SCENE_LANES];	/* the second part has begun */
	bool ended[SCENE_LANES];	/* its last message was taken */
	__u8 least;			/* guarded by end_lock, and so no cell of its own */
};

static struct ghost *ghost(void)
{
	return (struct ghost *)model_ghost();
}

static const struct scene *scene_of(const struct model_program *program)
{
	return program->arg;
}

/* Slots are as large as a message here: 8 bytes of head and two words. */
static __u32 length(const struct scene *scene, unsigned int id)
{
	return scene->records && (id % 2 || id < scene->filled[0]) ? 8 : 16;
}

/* With slots the head says so, with records prod.pos. */
static void published(const __u64 *word)
{
	for (int i = 0; i < SCENE_LANES; i++) {
		bool head = word >= lanes[i].data && word < lanes[i].data + 2 * DATA_WORDS;

		if (scene_ring[i].size && !ghost()->again[i] &&
		    (scene_ring[i].stride ? head : word == &lanes[i].prod.pos))
			ghost()->committed[i]++;
	}
}

/* Records of 16 bytes each, or slots. */
static __u64 first_value(const struct scene *scene, int lane, unsigned int word)
{
	unsigned int words = scene->records ? 2 : 3, id = word / words;

	if (id >= scene->filled[lane])
		return 0;
	if (word % words)
		return PAYLOAD(id);
	return scene->records ? 8 : ring_head(id, 16);
}

static void cell_data(const struct scene *scene, int i, int owner)
{
	static const char * const name[SCENE_LANES][DATA_WORDS] = {
		{ "data[0]", "data[1]", "data[2]", "data[3]", "data[4]", "data[5]",
		  "data[6]", "data[7]", "data[8]", "data[9]", "data[10]", "data[11]" },
		{ "lane 1 data[0]", "lane 1 data[1]", "lane 1 data[2]",
		  "lane 1 data[3]", "lane 1 data[4]", "lane 1 data[5]" },
	};
	unsigned int words = (unsigned int)scene->size * 3;

	if (scene->records)
		words = (unsigned int)scene->size / 8;
	for (unsigned int w = 0; w < words; w++) {
		model_cell(&lanes[i].data[w], name[i][w],
			   scene->records || w % 3 == 0 ? MODEL_HEAD : MODEL_PAYLOAD,
			   first_value(scene, i, w), owner);
		if (scene->records)
			model_alias(&lanes[i].data[words + w], &lanes[i].data[w]);
	}
}

/* Threads are numbered from the producers on. */
static int producers(const struct scene *scene)
{
	if (scene->writers)
		return 2;
	return scene->alone ? 1 : scene->lanes;
}

static void cell_lane(const struct scene *scene, int i)
{
	static const char * const name[2][5] = {
		{ "prod.pos", "prod.event", "cons.pos", "cons.event", "prod queue" },
		{ "lane 1 prod.pos", "lane 1 prod.event", "lane 1 cons.pos", "lane 1 cons.event",
		  "lane 1 prod queue" },
	};
	__u64 *words[] = { &lanes[i].prod.pos, &lanes[i].prod.event,
			   &lanes[i].cons.pos, &lanes[i].cons.event };
	int owner = scene->writers ? -1 : scene->alone ? 0 : i;
	int reader = scene->shared ? -1 : producers(scene);
	__u64 value[] = { scene->filled[i] * (scene->records ? 16 : 1), ~0ULL,
			  0, scene->armed ? 0 : ~0ULL };

	for (int w = 0; w < 4; w++)
		model_cell(words[w], name[i][w], MODEL_PROD_POS + w, value[w],
			   w < 2 ? owner : reader);
	model_cell(&scene_prod_queue[i], name[i][4], MODEL_QUEUE, 0, -1);
	cell_data(scene, i, owner);
	scene_ring[i] = (struct ring){
		.prod = &lanes[i].prod, .cons = &lanes[i].cons,
		.data = (unsigned char *)lanes[i].data, .size = scene->size,
		.stride = scene->records ? 0 : 24, .msg_size = 16,
	};
	ghost()->committed[i] = scene->filled[i];
}

static __u64 first_ready(const struct scene *scene)
{
	__u64 all = (1ULL << scene->lanes) - 1;

	if (scene->armed)
		return 0;
	return model_dropped("bits that are set at first") ? all - 1 : all;
}

void scene_setup(const struct model_program *program)
{
	const struct scene *scene = scene_of(program);

	model_published = published;
	for (int i = 0; i < SCENE_LANES; i++)
		scene_ring[i].size = 0;
	for (int i = 0; i < scene->lanes; i++)
		cell_lane(scene, i);
	model_cell(&scene_cons_queue, "cons queue", MODEL_QUEUE, 0, -1);
	if (scene->lanes > 1)
		model_cell(&scene_ready, "ready bits", MODEL_READY, first_ready(scene), -1);
	if (scene->writers)
		model_cell(&end_lock, "lock", MODEL_LOCKED, 0, -1);
	ghost()->least = 0xff;
}

static void set_ready(int lane)
{
	__u64 bit = 1ULL << lane;

	model_fence(__func__);
	if (!(model_load(&scene_ready, false, __func__) & bit))
		model_rmw(&scene_ready, 0, bit, __func__);
}

/* The bit comes before the look at the queue. */
void scene_call_wake(const struct scene *scene, int lane)
{
	model_kernel(true);
	if (scene->lanes > 1)
		set_ready(lane);
	model_wake(&scene_cons_queue);
	model_kernel(false);
}

void scene_wake_producer(int lane)
{
	model_kernel(true);
	model_wake(&scene_prod_queue[lane]);
	model_kernel(false);
}

/* Several threads of one side share a word: the first to be content is told first. */
static __u64 arm_beside(const struct ring *r, __u32 len)
{
	__u32 least = len;
	__u64 armed;

	model_lock(&end_lock, __func__);
	if (!model_dropped("the least of all wishes") && ghost()->least < len)
		least = ghost()->least;
	armed = ring_arm_producer(r, least);
	model_unlock(&end_lock, __func__);
	return armed;
}

static void join(__u32 len)
{
	model_lock(&end_lock, __func__);
	if (len < ghost()->least)
		ghost()->least = (__u8)len;
	model_unlock(&end_lock, __func__);
}

/* What was armed for us may be gone by: who waits beside us joins and arms again. */
static void leave(int lane)
{
	model_lock(&end_lock, __func__);
	if (!model_dropped("forgetting the wish of who leaves"))
		ghost()->least = 0xff;
	model_unlock(&end_lock, __func__);
	if (!model_dropped("the wake of who still waits"))
		model_wake(&scene_prod_queue[lane]);
}

/* Return: false if the wish stands and there is no room. */
static bool arm_producer(const struct scene *scene, int lane, __u32 len)
{
	const struct ring *r = &scene_ring[lane];
	__u64 armed, pos;
	int ret;

	armed = scene->writers ? arm_beside(r, len) : ring_arm_producer(r, len);
	ret = ring_reserve(r, len, &pos);
	if (ret == -EBADMSG)
		model_fail("-EBADMSG for an honest producer");
	return !ret || (pos != armed && !model_dropped("what a look proves"));
}

bool scene_arm_consumer(int lane)
{
	const struct ring *r = &scene_ring[lane];
	__u64 armed = ring_arm_consumer(r), pos;
	__u32 len;
	int ret = ring_peek(r, &pos, &len);

	if (ret == -EBADMSG)
		model_fail("-EBADMSG for an honest consumer");
	return !ret || (pos != armed && !model_dropped("what a look proves"));
}

/* ipcring_sleep(); a sleeper can be killed. */
static void wait_for_room(const struct scene *scene, int lane, __u32 len)
{
	if (scene->polls) {
		model_pause();
		return;
	}
	if (scene->arms && arm_producer(scene, lane, len))
		return;
	model_kernel(true);
	model_prepare(&scene_prod_queue[lane], false);
	if (!arm_producer(scene, lane, len)) {
		model_kernel(false);
		model_block(&scene_prod_queue[lane]);
		model_kernel(true);
	}
	model_finish(&scene_prod_queue[lane]);
	model_kernel(false);
}

static void wait_for_message(const struct scene *scene)
{
	if (scene->polls) {
		model_pause();
		return;
	}
	if (scene->arms && scene_arm_consumer(0))
		return;
	model_kernel(true);
	model_prepare(&scene_cons_queue, false);
	if (!scene_arm_consumer(0)) {
		model_kernel(false);
		model_block(&scene_cons_queue);
		model_kernel(true);
	}
	model_finish(&scene_cons_queue);
	model_kernel(false);
}

static void fill(const struct scene *scene, int lane, __u64 pos, unsigned int id)
{
	__u64 *payload = ring_payload(ring_slot(&scene_ring[lane], pos));

	for (__u32 i = 0; i < length(scene, id) / 8; i++)
		ring_store(&payload[i], PAYLOAD(id));
}

static void send(const struct scene *scene, int lane, unsigned int id)
{
	const struct ring *r = &scene_ring[lane];
	__u64 pos, next;
	int ret;

	/* Without acquire a store may go before the load, which model.h does not do. */
	if (model_dropped("A: acquire of cons.pos"))
		fill(scene, lane, ring_load(&r->prod->pos), id);
	while ((ret = ring_reserve(r, length(scene, id), &pos)) == -EAGAIN)
		wait_for_room(scene, lane, length(scene, id));
	if (ret)
		model_fail("-EBADMSG for an honest producer");
	fill(scene, lane, pos, id);
	next = ring_publish(r, pos, length(scene, id));
	if (!scene->polls && (scene->syscalls || ring_wake_consumer(r, pos, next)))
		scene_call_wake(scene, lane);
}

/* Every message once and in order: what the first part committed, then the second's. */
static void check(const struct scene *scene, int lane, __u64 id)
{
	struct ghost *g = ghost();
	unsigned int n = g->taken[lane]++;

	if (id < SCENE_AGAIN ? id != n || n >= g->committed[lane] :
	    id - SCENE_AGAIN != n - g->committed[lane])
		model_fail("a message lost, doubled, or out of order");
	if (id == SCENE_AGAIN + scene->again[lane] - 1)
		g->ended[lane] = true;
}

static void copy(const struct ring *r, __u64 pos, __u32 len, __u64 *word)
{
	const __u64 *payload = ring_payload(ring_slot(r, pos));

	for (__u32 i = 0; i < len / 8 && i < 2; i++)
		word[i] = ring_load(&payload[i]) - PAYLOAD(0);
}

/* Read the payload, then take the message. Return: it is ours. */
static bool take(const struct scene *scene, int lane, __u64 pos, __u32 len)
{
	const struct ring *r = &scene_ring[lane];
	/* Without release a load may go after the store, which model.h does not do. */
	bool late = model_dropped("A: release of cons.pos");
	__u64 word[2];

	if (!late)
		copy(r, pos, len, word);
	if (!scene->shared)
		ring_release(r, pos, len);
	else if (!ring_claim(r, pos, len))
		return false;
	if (late)
		copy(r, pos, len, word);
	if (len != length(scene, (unsigned int)word[0]) || (len == 16 && word[0] != word[1]))
		model_fail("a payload that is not what was sent");
	check(scene, lane, word[0]);
	return true;
}

/* Return: whether there was a message that is ours now: it was from @from to @to. */
bool scene_take(const struct scene *scene, int lane, __u64 *from, __u64 *to)
{
	const struct ring *r = &scene_ring[lane];
	__u32 len;
	int ret;

	do {
		ret = ring_peek(r, from, &len);
		if (ret == -EBADMSG)
			model_fail("-EBADMSG for an honest consumer");
	} while (!ret && !take(scene, lane, *from, len));
	if (!ret)
		*to = *from + ring_units(r, len);
	return !ret;
}

static bool receive(const struct scene *scene)
{
	__u64 from, to;

	if (!scene_take(scene, 0, &from, &to))
		return false;
	if (!scene->polls &&
	    (scene->syscalls || ring_wake_producer(&scene_ring[0], from, to)))
		scene_wake_producer(0);
	return true;
}

static void send_all(const struct scene *scene, int lane)
{
	unsigned int id = scene->filled[lane];

	for (unsigned int n = 0; n < scene->sends[lane]; n++)
		send(scene, lane, id++);
}

void scene_producer(const struct model_program *program)
{
	send_all(scene_of(program), model_self());
}

/* One after the other: a thread that writes to all lanes. */
void scene_lone_producer(const struct model_program *program)
{
	const struct scene *scene = scene_of(program);

	for (int lane = 0; lane < scene->lanes; lane++)
		send_all(scene, lane);
}

void scene_consumer(const struct model_program *program)
{
	const struct scene *scene = scene_of(program);
	int takes = scene->takes[model_self()];

	for (int n = 0; takes ? n < takes : !ghost()->ended[0]; n++)
		while (!receive(scene))
			wait_for_message(scene);
}

void scene_waiting_consumer(const struct model_program *program)
{
	wait_for_message(scene_of(program));
	scene_consumer(program);
}

static void second_part(const struct scene *scene, int lane)
{
	ghost()->again[lane] = true;
	for (unsigned int i = 0; i < scene->again[lane]; i++)
		send(scene, lane, SCENE_AGAIN + i);
}

/* The last file was closed: seal, then have the consumers look; then a new one. */
void scene_reopened_producer(const struct model_program *program)
{
	const struct scene *scene = scene_of(program);
	int lane = model_self();

	model_finish(&scene_prod_queue[lane]);
	if (!model_dropped("seal") && ring_seal(&scene_ring[lane]))
		model_fail("seal says that an honest producer lost something");
	if (!model_dropped("wake after a producer's death"))
		scene_call_wake(scene, lane);
	second_part(scene, lane);
}

void scene_inherited_producer(const struct model_program *program)
{
	const struct scene *scene = scene_of(program);
	int lane = model_self();

	model_finish(&scene_prod_queue[lane]);
	if (!model_dropped("wake after a producer's death"))
		scene_call_wake(scene, lane);
	second_part(scene, lane);
}

/* What the dead one had claimed is lost with it; the room it made is not. */
void scene_next_consumer(const struct model_program *program)
{
	const struct scene *scene = scene_of(program);
	int all = 0;

	model_finish(&scene_cons_queue);
	if (!model_dropped("wake after a consumer's death"))
		scene_wake_producer(0);
	for (int i = 0; i < MODEL_THREADS; i++)
		all += scene->sends[i];
	while (ghost()->taken[0] < all)
		while (ghost()->taken[0] < all && !receive(scene))
			wait_for_message(scene);
}

/*
 * ipcring_do_sleep(), waiting for room beside another thread: 24 bytes for thread 0,
 * 16 for thread 1.
 */
void scene_writer(const struct model_program *program)
{
	const struct scene *scene = scene_of(program);
	__u32 len = length(scene, SCENE_AGAIN + model_self());
	__u64 pos;

	do {
		model_prepare(&scene_prod_queue[0], false);
		join(len);
		if (arm_producer(scene, 0, len))
			break;
		model_block(&scene_prod_queue[0]);
	} while (ring_reserve(&scene_ring[0], len, &pos) == -EAGAIN);
	model_finish(&scene_prod_queue[0]);
	leave(0);
}

static bool has_room(const struct scene *scene, int lane, int thread)
{
	const struct ring *r = &scene_ring[lane];
	__u64 head = model_last(&lanes[lane].prod.pos), tail = model_last(&lanes[lane].cons.pos);
	__u32 len = scene->writers ? length(scene, SCENE_AGAIN + thread) : 16;

	if (r->stride && ring_head_is(model_last(&ring_slot(r, head)->head), head))
		head++;
	return r->size - (head - tail) >= ring_units(r, len);
}

static bool has_message(int lane)
{
	const struct ring *r = &scene_ring[lane];
	__u64 tail = model_last(&lanes[lane].cons.pos);

	if (r->stride)
		return ring_head_is(model_last(&ring_slot(r, tail)->head), tail);
	return model_last(&lanes[lane].prod.pos) != tail;
}

static const char *judge_sleeper(const struct scene *scene, int thread)
{
	if (thread < producers(scene) && has_room(scene, scene->writers ? 0 : thread, thread))
		return "lost wake-up: a producer sleeps beside room";
	for (int lane = 0; thread >= producers(scene) && lane < scene->lanes; lane++)
		if (has_message(lane))
			return "lost wake-up: a consumer sleeps beside a message";
	if (!(scene->may_sleep >> thread & 1))
		return "a thread sleeps for ever";
	return NULL;
}

/*
 * Nobody can move: then all must be done, or asleep for a reason; and a message is
 * where who only takes will look.
 */
const char *scene_judge(const struct model_program *program)
{
	const struct scene *scene = scene_of(program);
	const char *wrong = NULL;

	for (int lane = 0; scene->lanes > 1 && lane < scene->lanes; lane++)
		if (has_message(lane) && !(model_last(&scene_ready) >> lane & 1))
			wrong = "a message in a lane whose ready bit is clear";
	for (int i = 0; i < program->threads; i++) {
		const char *asleep = model_asleep(i) ? judge_sleeper(scene, i) : NULL;

		if (asleep)
			wrong = asleep;
	}
	return wrong;
}
