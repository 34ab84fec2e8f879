// SPDX-License-Identifier: GPL-2.0
/*
 * Every trait of every mechanism: what is claimed holds, and what is not claimed does not.
 * One line for each of them, whatever mech_table[] has; then the test of the test, which
 * plants wrong claims and wants to see them found.
 *
 *   traits [MECHANISM...]	these only, and no wrong claims
 */
#define _GNU_SOURCE
#include "kselftest.h"
#include "list.h"
#include "queue.h"
#include "life.h"
#include "several.h"
#include "carry.h"
#include "objects.h"

static const struct {
	unsigned int bit;
	void (*look)(struct scene *s);
} checks[] = {
	{ MECH_T_BOUNDARIES, trait_boundaries }, { MECH_T_ORDER, trait_order },
	{ MECH_T_DUPLEX, trait_duplex }, { MECH_T_BACKPRESSURE, trait_backpressure },
	{ MECH_T_PERSISTENT, trait_persistent }, { MECH_T_LASTING, trait_lasting },
	{ MECH_T_PRIORITY, trait_priority }, { MECH_T_ATOMIC, trait_atomic },
	{ MECH_T_CREDENTIALS, trait_credentials }, { MECH_T_FDPASS, trait_fdpass },
	{ MECH_T_CROSS_HOST, trait_cross_host }, { MECH_T_HANGUP, trait_hangup },
	{ MECH_T_FANIN, trait_fanin }, { MECH_T_NOTIFIES, trait_notifies },
	{ MECH_T_KMOD, trait_kmod }, { MECH_T_SOLO, trait_solo },
	{ MECH_T_SERVED, trait_served }, { MECH_T_ONE_CPU, trait_one_cpu },
};

#define CHECKS	(sizeof(checks) / sizeof(checks[0]))

static void (*check_of(unsigned int bit))(struct scene *s)
{
	for (size_t i = 0; i < CHECKS; i++)
		if (checks[i].bit == bit)
			return checks[i].look;
	return NULL;
}

/* In a process of its own: what a mechanism breaks, it breaks there. */
static void play(const struct mech_ops *ops, unsigned int bit, struct finding *found)
{
	static struct scene s;
	struct mech_why why;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(SCENE_LIMIT);
	s.ops = ops;
	s.claimed = ops->traits & bit;
	s.patience = s.claimed ? SCENE_COMES : SCENE_STAYS_OUT;
	s.found = found;
	if (names_begin(&why))
		say(&s, V_BROKEN, "%s", why.text);
	else if (!scene_again(&s))
		say(&s, V_BROKEN, "actors: %s", strerror(errno));
	else
		check_of(bit)(&s);
	scene_clear(&s);
	names_end();
	_exit(0);
}

static void look_at(const struct mech_ops *ops, unsigned int bit, struct finding *found)
{
	int status = 0;
	pid_t pid;

	memset(found, 0, sizeof(*found));
	if (!check_of(bit)) {
		found->what = V_BROKEN;
		strcpy(found->text, "nothing here looks at this trait; write it");
		return;
	}
	fflush(stdout);
	pid = fork();
	if (!pid)
		play(ops, bit, found);
	waitpid(pid, &status, 0);
	/* Its actors, if it could not see to them. */
	while (wait(NULL) > 0)
		;
	if (!WIFSIGNALED(status) && found->what)
		return;
	found->what = V_BROKEN;
	if (WTERMSIG(status) == SIGALRM)
		snprintf(found->text, sizeof(found->text), "no end within %d s", SCENE_LIMIT);
	else
		snprintf(found->text, sizeof(found->text), "the supervisor ended with status %#x",
			 status);
}

/* What is claimed, and what is found: NULL if they agree, else what is wrong. */
static const char *disagreement(const struct mech_ops *ops, unsigned int bit,
				const struct finding *f)
{
	const enum verdict found = f->what;
	const bool claimed = ops->traits & bit;

	if (found == V_BROKEN || found == V_NOTHING)
		return "neither seen nor refuted";
	if (ops->unsaid & bit)
		return claimed ? "claimed, and unsaid" :
		       found == V_HOLDS ? NULL : "unsaid, and a test can tell: it lacks it";
	if (!claimed)
		return found == V_HOLDS ? "not claimed, but it has it" : NULL;
	return found == V_LACKS ? "claimed, but it lacks it" :
	       found == V_MEANINGLESS ? "claimed, but not applicable" : NULL;
}

static const char *agreement(const struct mech_ops *ops, unsigned int bit, enum verdict found)
{
	if (ops->unsaid & bit)
		return "promised by nobody, and not to be refuted";
	if (found == V_MEANINGLESS)
		return "not applicable";
	return found == V_HOLDS || found == V_SKIPPED ? "has it" : "has it not";
}

/* Words for one line; a '#' would be TAP's. */
static void say_so(char *to, size_t len, const struct mech_ops *ops, const struct list_trait *t,
		   const char *verdict, const char *text)
{
	snprintf(to, len, "%s, %s: %s: %s", ops->name, t->name, verdict, text);
	for (; *to; to++)
		if (*to == '#' || *to == '\n')
			*to = ' ';
}

static void assert_trait(const struct mech_ops *ops, const struct list_trait *t,
			 struct finding *found)
{
	const char *wrong;
	char text[600];

	look_at(ops, t->bit, found);
	wrong = disagreement(ops, t->bit, found);
	say_so(text, sizeof(text), ops, t, wrong ?: agreement(ops, t->bit, found->what),
	       found->text);
	if (!wrong && found->what == V_SKIPPED)
		ksft_test_result_skip("%s\n", text);
	else
		ksft_test_result(!wrong, "%s\n", text);
}

/* The reason of one that cannot run here has to be what a user sees. */
static bool listed_as(const struct mech_ops *ops, const char *reason)
{
	json_t *list = list_build(false), *m;
	bool same = false;
	size_t i;

	json_array_foreach(list, i, m) {
		const char *said = json_string_value(json_object_get(m, "reason"));

		if (strcmp(json_string_value(json_object_get(m, "name")), ops->name))
			continue;
		same = said && json_is_false(json_object_get(m, "available")) &&
		       !strcmp(said, reason);
	}
	json_decref(list);
	return same;
}

static void assert_mechanism(const struct mech_ops *ops, struct finding *found)
{
	const struct mech_cfg cfg = { .size = MSG_MIN, .wait = scene_wait(ops), .senders = 1 };
	struct mech_why why = { "" };
	int ret = ops->probe ? ops->probe(&cfg, &why) : 0;
	const char *reason = *why.text ? why.text : strerror(-ret);
	const bool listed = ret && listed_as(ops, reason);

	/* What a probe tried is gone; a supervisor begins without names. */
	names_end();
	for (const struct list_trait *t = list_traits; t->name; t++)
		if (!ret)
			assert_trait(ops, t, found);
		else if (listed)
			ksft_test_result_skip("%s, %s: %s\n", ops->name, t->name, reason);
		else
			ksft_test_result_fail("%s, %s: probe() says '%s', and `ipcscope list` does not\n",
					      ops->name, t->name, reason);
}

/* Wrong claims: the bit of @trait turned over, of mechanisms that every kernel has. */
static const struct {
	const char *mech;
	unsigned int trait;
} planted[] = {
	{ "pipe", MECH_T_BOUNDARIES }, { "pipe", MECH_T_LASTING }, { "sysv-msg", MECH_T_HANGUP },
	{ "pipe", MECH_T_FDPASS }, { "pipe", MECH_T_ORDER }, { "sysv-msg", MECH_T_LASTING },
	{ "sysv-msg", MECH_T_FANIN }, { "pipe", MECH_T_BACKPRESSURE },
	{ "pipe-packet", MECH_T_BOUNDARIES }, { "unix-stream", MECH_T_CREDENTIALS },
};

#define PLANTED	(sizeof(planted) / sizeof(planted[0]))

static void assert_planted(const char *mech, unsigned int bit, struct finding *found)
{
	struct mech_ops ops = *mech_find(mech);
	const struct list_trait *t = list_traits;
	const char *wrong;
	char text[600];

	while (t->bit != bit)
		t++;
	ops.traits ^= bit;
	look_at(&ops, bit, found);
	wrong = disagreement(&ops, bit, found);
	say_so(text, sizeof(text), &ops, t, wrong ?: "nothing wrong is seen", found->text);
	ksft_test_result(wrong, "a wrong %s is found: %s\n",
			 ops.traits & bit ? "claim" : "silence", text);
}

int main(int argc, char **argv)
{
	struct finding *found = mmap(NULL, sizeof(*found), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned int traits = 0, mechs = argc - 1;

	if (found == MAP_FAILED)
		ksft_exit_fail_msg("no memory\n");
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	while (list_traits[traits].name)
		traits++;
	while (argc == 1 && mech_table[mechs])
		mechs++;
	ksft_print_header();
	ksft_set_plan(mechs * traits + (argc == 1 ? PLANTED : 0));
	for (unsigned int i = 0; i < mechs; i++) {
		const struct mech_ops *ops = argc == 1 ? mech_table[i] : mech_find(argv[i + 1]);

		if (!ops)
			ksft_exit_fail_msg("%s: no such mechanism\n", argv[i + 1]);
		assert_mechanism(ops, found);
	}
	for (size_t i = 0; argc == 1 && i < PLANTED; i++)
		assert_planted(planted[i].mech, planted[i].trait, found);
	ksft_finished();
}
