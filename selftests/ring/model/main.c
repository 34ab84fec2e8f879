// SPDX-License-Identifier: GPL-2.0
/*
 * kmod/ring.h, every interleaving of small programs: see model.h for what is covered.
 * Then the same with one barrier, or one line, left out: each has to be caught.
 *
 *   model [PATTERN]	programs and mutants whose name contains PATTERN
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bell.h"
#include "scene.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof(*(a)))

#define SCENE(...)	&(const struct scene){ __VA_ARGS__ }
#define COMMON(...)	.setup = scene_setup, .judge = scene_judge, .arg = SCENE(__VA_ARGS__)

/* Two threads, one lane. */
#define PAIR(text, ...) { \
	.name = text, .threads = 2, .name_of = { "producer", "consumer" }, \
	.thread = { { scene_producer }, { scene_consumer } }, COMMON(.lanes = 1, __VA_ARGS__) \
}

/* A consumer that lane 1 keeps busy, so that it never sleeps. */
#define BUSY(text, ...) { \
	.name = text, .threads = 2, .name_of = { "producer", "consumer" }, \
	.thread = { { scene_lone_producer }, { scene_taker } }, \
	COMMON(.size = 2, .lanes = 2, .alone = true, .filled = { 0, 2 }, .sends = { 2 }, \
	       .takes = { 0, 4 }, __VA_ARGS__) \
}

/* A full lane, and two threads that wait for room of different sizes. */
#define WRITERS(text, ...) { \
	.name = text, .threads = 3, .name_of = { "large", "small", "consumer" }, \
	.thread = { { scene_writer }, { scene_writer }, { scene_consumer } }, \
	COMMON(.lanes = 1, .size = 32, .records = true, .writers = true, .filled = { 2 }, \
	       __VA_ARGS__) \
}

/* Two consumers share the work. */
#define SHARED(text, consumer, ...) { \
	.name = text, .threads = 3, .name_of = { "producer", "consumer 1", "consumer 2" }, \
	.thread = { { scene_producer }, { consumer }, { consumer } }, \
	COMMON(.lanes = 1, .shared = true, __VA_ARGS__) \
}

#define DEATH(text, heir, ...) { \
	.name = text, .threads = 2, .killable = 1 << 0, \
	.name_of = { "producer", "consumer" }, \
	.thread = { { scene_producer, heir }, { scene_consumer } }, \
	COMMON(.lanes = 1, __VA_ARGS__) \
}

#define CONSUMER_DEATH(text, ...) { \
	.name = text, .threads = 2, .killable = 1 << 1, \
	.name_of = { "producer", "consumer" }, \
	.thread = { { scene_producer }, { scene_consumer, scene_next_consumer } }, \
	COMMON(.lanes = 1, __VA_ARGS__) \
}

/* A per-CPU queue: thread 0 sends, the last one receives, and @second does what it says. */
#define BELL(text, nr, second, ...) { \
	.name = text, .threads = nr, \
	.name_of = { "sender", nr == 2 ? "receiver" : "second", "receiver", "receiver" }, \
	.thread = { { bell_sender }, { second }, { bell_receiver }, { bell_receiver } }, \
	.setup = bell_setup, .judge = bell_judge, \
	.arg = &(const struct bell_scene){ __VA_ARGS__ } \
}

static const struct model_program programs[] = {
	PAIR("slots 1, mapped", .size = 1, .sends = { 3 }, .takes = { 0, 3 }),
	PAIR("slots 2, mapped", .size = 2, .sends = { 4 }, .takes = { 0, 4 }),
	PAIR("slots 1, mapped, arm first", .size = 1, .sends = { 3 }, .takes = { 0, 3 },
	     .arms = true),
	PAIR("slots 1, write and read", .size = 1, .sends = { 3 }, .takes = { 0, 3 },
	     .syscalls = true),
	PAIR("records 32, mapped", .size = 32, .records = true, .sends = { 4 },
	     .takes = { 0, 4 }),
	PAIR("records 64, mapped", .size = 64, .records = true, .sends = { 4 },
	     .takes = { 0, 4 }),
	PAIR("records 32, mapped, arm first", .size = 32, .records = true, .sends = { 3 },
	     .takes = { 0, 3 }, .arms = true),
	PAIR("records 32, write and read", .size = 32, .records = true, .sends = { 3 },
	     .takes = { 0, 3 }, .syscalls = true),
	SHARED("slots 1, shared, mapped", scene_consumer, .size = 1, .sends = { 2 },
	       .takes = { 0, 1, 1 }),
	SHARED("slots 2, shared, mapped", scene_consumer, .size = 2, .sends = { 2 },
	       .takes = { 0, 1, 1 }),
	SHARED("slots 2, shared, read", scene_reader, .size = 2, .sends = { 2 },
	       .takes = { 0, 1, 1 }),
	SHARED("slots 1, shared, polled", scene_consumer, .size = 1, .sends = { 6 },
	       .takes = { 0, 3, 3 }, .polls = true),
	SHARED("slots 2, shared, polled", scene_consumer, .size = 2, .sends = { 6 },
	       .takes = { 0, 3, 3 }, .polls = true),
	SHARED("records 32, shared, polled", scene_consumer, .size = 32, .records = true,
	       .sends = { 6 }, .takes = { 0, 3, 3 }, .polls = true),
	DEATH("slots 1, producer killed, new one", scene_reopened_producer, .size = 1,
	      .sends = { 2 }, .again = { 2 }),
	DEATH("slots 2, producer killed, new one", scene_reopened_producer, .size = 2,
	      .sends = { 2 }, .again = { 2 }),
	DEATH("records 32, producer killed, new one", scene_reopened_producer, .size = 32,
	      .records = true, .sends = { 2 }, .again = { 2 }),
	DEATH("slots 1, producer killed, inherited", scene_inherited_producer, .size = 1,
	      .sends = { 2 }, .again = { 2 }),
	DEATH("records 32, producer killed, inherited", scene_inherited_producer, .size = 32,
	      .records = true, .sends = { 2 }, .again = { 2 }),
	CONSUMER_DEATH("slots 1, consumer killed", .size = 1, .sends = { 3 }, .takes = { 0, 3 }),
	CONSUMER_DEATH("records 32, consumer killed", .size = 32, .records = true,
		       .sends = { 3 }, .takes = { 0, 3 }),
	WRITERS("records 32, two threads write", .takes = { 0, 0, 1 }, .may_sleep = 1 << 0),
	WRITERS("records 32, two threads write, all read", .takes = { 0, 0, 2 }),
	{
		.name = "lanes 2, read", .threads = 3,
		.name_of = { "producer 0", "producer 1", "consumer" },
		.thread = { { scene_producer }, { scene_producer }, { scene_reader } },
		COMMON(.size = 1, .lanes = 2, .sends = { 1, 1 }, .takes = { 0, 0, 2 })
	},
	BUSY("lanes 2, mapped, busy read"),
	BUSY("lanes 2, write, busy read", .syscalls = true),
	{
		.name = "lanes 2, shared, a signal", .threads = 3,
		.name_of = { "producer", "consumer", "signalled" },
		.thread = { { scene_lone_producer }, { scene_reader },
			    { scene_interrupted_reader } },
		COMMON(.size = 1, .lanes = 2, .alone = true, .shared = true, .sends = { 0, 1 },
		       .armed = true, .takes = { 0, 1 }, .may_sleep = 1 << 1)
	},
	{
		.name = "lanes 2, shared, busy read", .threads = 3,
		.name_of = { "producer", "consumer 1", "consumer 2" },
		.thread = { { scene_lone_producer }, { scene_taker }, { scene_taker } },
		COMMON(.size = 1, .lanes = 2, .alone = true, .shared = true, .sends = { 1, 1 },
		       .takes = { 0, 1, 1 })
	},
	SHARED("slots 4, shared, one takes 2", scene_waiting_consumer, .size = 4, .filled = { 1 },
	       .sends = { 2 }, .takes = { 0, 2, 1 }),
	BELL("pcq, remote lane, polled", 4, bell_sender, .remote = true, .polls = true,
	     .sends = { 2, 1 }, .takes = { 0, 0, 2, 1 }),
	BELL("pcq, local lane, polled", 3, bell_receiver, .mapped = true, .polls = true,
	     .sends = { 4 }, .takes = { 0, 2, 2 }),
	BELL("pcq, local lane, bell", 2, bell_receiver, .sends = { 2 }, .takes = { 0, 2 }),
	BELL("pcq, local lane, mapped, bell", 2, bell_receiver, .mapped = true, .sends = { 3 },
	     .takes = { 0, 3 }),
	BELL("pcq, local lane, fence, bell", 2, bell_receiver, .any = true, .mapped = true,
	     .sends = { 2 }, .takes = { 0, 2 }),
	BELL("pcq, local lane, fence comes late, bell", 2, bell_receiver, .any = true,
	     .late = true, .mapped = true, .sends = { 2 }, .takes = { 0, 2 }),
	BELL("pcq, remote lane, bell", 3, bell_sender, .remote = true, .sends = { 1, 1 },
	     .takes = { 0, 0, 2 }),
	BELL("pcq, local lane, two receivers, bell", 3, bell_receiver, .any = true,
	     .sends = { 2 }, .takes = { 0, 1, 1 }),
	BELL("pcq, local lane, one too many, bell", 3, bell_receiver, .sends = { 1 },
	     .takes = { 0, 1, 1 }),
};

/* Which program catches it. MODEL_DROP without a function: see model_dropped(). */
static const struct {
	struct model_mutant mutant;
	const char *program;
	bool x86;	/* it matters on strong machines, too */
} mutants[] = {
	{ { "A: release of cons.pos", "" }, "slots 1, mapped" },
	{ { "A: release of cons.pos", "" }, "slots 1, shared, polled" },
	{ { "A: acquire of cons.pos", "" }, "slots 1, mapped" },
	{ { "A: acquire of cons.pos", "" }, "records 32, shared, polled" },
	{ { "B: release of a head", "ring_publish", MODEL_STORE, MODEL_HEAD },
	  "slots 1, mapped" },
	{ { "B: acquire of a head", "ring_peek_slot", MODEL_LOAD, MODEL_HEAD },
	  "slots 1, mapped" },
	{ { "B: release of prod.pos", "ring_publish", MODEL_STORE, MODEL_PROD_POS },
	  "records 32, mapped" },
	{ { "B: acquire of prod.pos", "ring_peek", MODEL_LOAD, MODEL_PROD_POS },
	  "records 32, mapped" },
	{ { "C of the consumer", "ring_arm_consumer", MODEL_FENCE, MODEL_ANY, MODEL_DROP },
	  "slots 1, mapped", true },
	{ { "C of the producer", "ring_arm_producer", MODEL_FENCE, MODEL_ANY, MODEL_DROP },
	  "slots 1, mapped", true },
	{ { "C, records", "ring_arm_consumer", MODEL_FENCE, MODEL_ANY, MODEL_DROP },
	  "records 32, mapped", true },
	{ { "D", "ring_passed", MODEL_FENCE, MODEL_ANY, MODEL_DROP },
	  "slots 1, mapped", true },
	{ { "D, records", "ring_passed", MODEL_FENCE, MODEL_ANY, MODEL_DROP },
	  "records 32, mapped", true },
	{ { "barrier of wq_has_sleeper()", "wq_has_sleeper", MODEL_FENCE, MODEL_ANY, MODEL_DROP },
	  "slots 1, write and read", true },
	{ { "nonsense beside others", "ring_settle", MODEL_CAS, MODEL_ANY, MODEL_PLAIN },
	  "records 32, shared, polled" },
	{ { "claim without exchange", "ring_claim", MODEL_CAS, MODEL_ANY, MODEL_PLAIN },
	  "slots 1, shared, polled", true },
	{ { "what a look proves", "" }, "slots 1, shared, mapped", true },
	{ { "the least of all wishes", "" }, "records 32, two threads write", true },
	{ { "forgetting the wish of who leaves", "" },
	  "records 32, two threads write, all read", true },
	{ { "the wake of who still waits", "" },
	  "records 32, two threads write, all read", true },
	{ { "wake after a producer's death", "" }, "slots 1, producer killed, new one", true },
	{ { "wake after a producer's death", "" }, "records 32, producer killed, inherited", true },
	{ { "wake after a consumer's death", "" }, "slots 1, consumer killed", true },
	{ { "the baton", "" }, "slots 2, shared, read", true },
	{ { "the baton", "" }, "lanes 2, shared, a signal", true },
	{ { "bits that are set at first", "" }, "lanes 2, mapped, busy read", true },
	{ { "the look after a bit was cleared", "" }, "lanes 2, mapped, busy read", true },
	{ { "the look after a bit was cleared", "" }, "lanes 2, write, busy read", true },
	{ { "clearing the bit before the look", "" }, "lanes 2, mapped, busy read", true },
	{ { "clearing the bit before the look", "" }, "lanes 2, write, busy read", true },
	{ { "barrier of ipcring_set_ready()", "set_ready", MODEL_FENCE, MODEL_ANY, MODEL_DROP },
	  "lanes 2, write, busy read", true },
	/* Clearing the bit is one, too, on x86. */
	{ { "C, ready bits", "ring_arm_consumer", MODEL_FENCE, MODEL_ANY, MODEL_DROP },
	  "lanes 2, write, busy read" },
	{ { "D, ready bits", "ring_passed", MODEL_FENCE, MODEL_ANY, MODEL_DROP },
	  "lanes 2, mapped, busy read", true },
	{ { "an exchange to arm", "ring_arm_consumer", MODEL_CAS, MODEL_ANY, MODEL_PLAIN },
	  "slots 4, shared, one takes 2", true },
	{ { "the interrupt", "sync_cpu", MODEL_INTERRUPT, MODEL_ANY, MODEL_DROP },
	  "pcq, local lane, bell", true },
	{ { "the interrupt", "sync_cpu", MODEL_INTERRUPT, MODEL_ANY, MODEL_DROP },
	  "pcq, local lane, mapped, bell", true },
	{ { "the interrupt when the fence comes", "sync_cpu", MODEL_INTERRUPT, MODEL_ANY,
	    MODEL_DROP },
	  "pcq, local lane, fence comes late, bell", true },
	{ { "the look", "" }, "pcq, local lane, bell", true },
	{ { "the look", "" }, "pcq, remote lane, bell", true },
	{ { "F", "ring_bell", MODEL_FENCE, MODEL_ANY, MODEL_DROP },
	  "pcq, local lane, fence, bell", true },
	{ { "F", "ring_bell", MODEL_FENCE, MODEL_ANY, MODEL_DROP },
	  "pcq, remote lane, bell", true },
	{ { "E", "arm", MODEL_FENCE, MODEL_ANY, MODEL_DROP }, "pcq, remote lane, bell", true },
	{ { "who else waits", "" }, "pcq, local lane, two receivers, bell", true },
	{ { "the baton", "" }, "pcq, local lane, two receivers, bell", true },
	{ { "a place for each", "pcq_reserve_remote", MODEL_CAS, MODEL_ANY, MODEL_PLAIN },
	  "pcq, remote lane, polled", true },
	{ { "B, remote lane", "pcq_publish_remote", MODEL_STORE, MODEL_HEAD },
	  "pcq, remote lane, polled" },
};

static unsigned int number, failed;

static void print_result(const struct model_result *r, bool ok, const char *name, bool strong)
{
	failed += !ok;
	printf("%sok %u %s%s: %lu states, %lu steps, %lu ends, depth %u, %.1f s%s%s\n",
	       ok ? "" : "not ", ++number, name, strong ? " (x86)" : "", r->states, r->steps,
	       r->ends, r->depth, r->seconds, r->violation ? ": " : "",
	       r->violation ? r->violation : "");
	fflush(stdout);
}

static const struct model_program *program_called(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
		if (!strcmp(programs[i].name, name))
			return &programs[i];
	abort();
}

static void explore(const struct model_program *which)
{
	struct model_result r = model_run(which, NULL);

	print_result(&r, !r.violation, which->name, which->strong);
}

static void expose(size_t i, bool strong)
{
	struct model_program which = *program_called(mutants[i].program);
	struct model_result r;
	char name[128];

	which.strong = strong;
	snprintf(name, sizeof(name), "caught in %s: without %s", which.name,
		 mutants[i].mutant.name);
	printf("# %s%s\n", name, strong ? " (x86)" : "");
	r = model_run(&which, &mutants[i].mutant);
	print_result(&r, r.violation, name, strong);
}

int main(int argc, char **argv)
{
	const char *pattern = argc > 1 ? argv[1] : "";

	printf("TAP version 13\n");
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
		if (strstr(programs[i].name, pattern))
			explore(&programs[i]);
	for (size_t i = 0; i < ARRAY_SIZE(mutants); i++) {
		if (!strstr(mutants[i].mutant.name, pattern) &&
		    !strstr(mutants[i].program, pattern))
			continue;
		expose(i, false);
		if (mutants[i].x86)
			expose(i, true);
	}
	printf("1..%u\n", number);
	return failed != 0;
}
