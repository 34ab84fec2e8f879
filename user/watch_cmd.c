// SPDX-License-Identifier: GPL-2.0
/* `ipcscope trace`: starts or finds the programs, waits, reports. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/types.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "../bpf/watch.h"
#include "cli.h"
#include "clock.h"
#include "output.h"
#include "watch.h"
#include "watch_cmd.h"
#include "watch_perfetto.h"
#include "watch_result.h"
#include "watch_tail.h"

/* How often the end of the traced programs is looked for. */
#define LOOK_MS	50

/**
 * struct session - one trace
 * @args:	what to do
 * @w:		the probes
 * @tail:	the slowest messages, NULL not wanted
 * @perfetto:	the file, NULL not wanted
 * @out:	the result file
 * @child:	the command, 0 none or reaped
 * @status:	its exit status, as a shell has it
 * @ns:		how long it was traced
 */
struct session {
	struct watch_args args;
	struct watch *w;
	struct watch_tail *tail;
	struct watch_perfetto *perfetto;
	struct output out;
	pid_t child;
	int status;
	uint64_t ns;
};

static int complain(const char *words, int status)
{
	fprintf(stderr, "ipcscope: %s\n", words);
	return status;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void on_event(void *arg, const struct watch_event *ev)
{
	struct session *s = arg;

	if (s->tail)
		watch_tail_add(s->tail, s->w, ev);
	if (s->perfetto)
		watch_perfetto_add(s->perfetto, ev);
}

static int exit_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Has the command ended? @flags as of waitpid(). */
static bool reaped(struct session *s, int flags)
{
	int status;

	if (!s->child || waitpid(s->child, &status, flags) != s->child)
		return !s->child;
	s->child = 0;
	s->status = exit_status(status);
	return true;
}

static bool all_gone(const struct watch_args *a)
{
	for (unsigned int i = 0; i < a->npids; i++)
		if (!kill(a->pid[i], 0) || errno != ESRCH)
			return false;
	return a->npids;
}

/*
 * Ctrl-C goes to the command, too, and is its own business: it is its end that counts. Who
 * asks only this process to end (SIGTERM) has it end the trace; the command goes on.
 */
static bool interrupted(const struct session *s, const sigset_t *set)
{
	const struct timespec none = { };
	int sig = sigtimedwait(set, NULL, &none);

	return sig == SIGTERM || sig == SIGHUP || (sig == SIGINT && !s->child);
}

static int follow(struct session *s, const sigset_t *set)
{
	uint64_t start = now_ns(), left = LOOK_MS;
	int err = 0;

	while (!err) {
		if (s->args.duration_ms) {
			uint64_t past = (now_ns() - start) / 1000000;

			if (past >= s->args.duration_ms)
				break;
			left = s->args.duration_ms - past;
		}
		err = watch_poll(s->w, left < LOOK_MS ? (int)left : LOOK_MS, on_event, s);
		if (interrupted(s, set) || all_gone(&s->args))
			break;
		if (s->args.command && reaped(s, WNOHANG))
			break;
	}
	s->ns = now_ns() - start;
	watch_stop(s->w);
	/* What is still on the ring. */
	return err ? err : watch_poll(s->w, 0, on_event, s);
}

/* Stopped before it becomes the command, so that nothing of it is missed. */
static pid_t start_child(char **command, const sigset_t *old, int *error)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return -errno;
	if (!pid) {
		sigprocmask(SIG_SETMASK, old, NULL);
		raise(SIGSTOP);
		execvp(*command, command);
		*error = errno;
		_exit(errno == ENOENT ? 127 : 126);
	}
	if (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status))
		return -ECHILD;
	return pid;
}

static int begin_command(struct session *s, const sigset_t *old, int *error)
{
	s->child = start_child(s->args.command, old, error);
	if (s->child < 0) {
		int err = s->child;

		s->child = 0;
		return err;
	}
	return watch_follow(s->w, s->child);
}

static int begin(struct session *s, const sigset_t *old, int *error, struct mech_why *why)
{
	int err = 0;

	for (unsigned int i = 0; !err && i < s->args.npids; i++) {
		err = kill(s->args.pid[i], 0) && errno == ESRCH ? -ESRCH :
			watch_follow(s->w, s->args.pid[i]);
		if (err)
			mech_because(why, "-p %d: %s", (int)s->args.pid[i], strerror(-err));
	}
	if (!err && s->args.command) {
		err = begin_command(s, old, error);
		if (err)
			mech_because(why, "%s: %s", *s->args.command, strerror(-err));
	}
	if (err)
		return err;
	watch_start(s->w);
	if (s->child)
		kill(s->child, SIGCONT);
	return 0;
}

static int show(struct session *s, struct mech_why *why)
{
	FILE *f = s->args.command || s->out.f == stdout ? stderr : stdout;
	struct watch_sum sum;
	struct clock clock;
	json_t *result;
	int err;

	clock_init(&clock);
	err = watch_read(s->w, &sum);
	if (err)
		return complain(strerror(-err), EXIT_ENVIRONMENT);
	result = watch_result(s->w, &sum, s->ns, clock_unit_name(clock.unit));
	if (result && s->tail)
		json_object_set_new(result, "tail", watch_tail_json(s->tail, s->w));
	if (!result)
		err = complain("out of memory", EXIT_ENVIRONMENT);
	else if (watch_report(result, f))
		err = complain("the report finds no room", EXIT_ENVIRONMENT);
	else if (output_commit(&s->out, result, why))
		err = complain(why->text, EXIT_ENVIRONMENT);
	else if (sum.violated)
		err = complain("the certificate is violated: messages were lost from sight",
			       EXIT_CELL_FAILED);
	json_decref(result);
	watch_sum_free(&sum);
	return err;
}

static int traced(struct session *s, struct mech_why *why)
{
	int *error = mmap(NULL, sizeof(*error), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	sigset_t set, old;
	long left_out;
	int status;

	if (error == MAP_FAILED)
		return complain("out of memory", EXIT_ENVIRONMENT);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, &old);
	if (begin(s, &old, error, why))
		return complain(why->text, EXIT_ENVIRONMENT);
	if (follow(s, &set))
		return complain("the ring cannot be read", EXIT_ENVIRONMENT);
	if (*error) {
		fprintf(stderr, "ipcscope: %s: %s\n", *s->args.command, strerror(*error));
		return s->status;
	}
	status = show(s, why);
	left_out = watch_perfetto_close(s->perfetto, s->w, why);
	s->perfetto = NULL;
	if (left_out < 0)
		return complain(why->text, EXIT_ENVIRONMENT);
	if (left_out)
		fprintf(stderr, "ipcscope: %s: whole until %ld events were left out\n",
			s->args.perfetto, left_out);
	return status;
}

static int open_all(struct session *s, struct mech_why *why)
{
	struct watch_cfg cfg = {
		.all = s->args.all,
		.calls = s->args.perfetto,
		.context = s->args.tail,
		.max_tail = s->args.tail,
	};
	int err;

	if (output_open(&s->out, s->args.json, why))
		return EXIT_ENVIRONMENT;
	if (s->args.tail) {
		s->tail = watch_tail_new(s->args.tail);
		if (!s->tail)
			return EXIT_ENVIRONMENT;
	}
	if (s->args.perfetto && watch_perfetto_open(&s->perfetto, s->args.perfetto, why))
		return EXIT_ENVIRONMENT;
	err = watch_open(&s->w, &cfg, why);
	return !err ? EXIT_OK : err == -EOPNOTSUPP ? EXIT_NOTHING : EXIT_ENVIRONMENT;
}

int watch_main(int argc, char **argv)
{
	struct mech_why why = { "out of memory" };
	struct session s = { };
	int status;

	if (watch_args_parse(&s.args, argc, argv, &why))
		return complain(why.text, EXIT_USAGE);
	if (s.args.help) {
		watch_help();
		return EXIT_OK;
	}
	status = open_all(&s, &why);
	if (status)
		complain(why.text, status);
	else
		status = traced(&s, &why);
	/* Whatever became of the trace, the command's end is waited for. */
	reaped(&s, 0);
	watch_perfetto_close(s.perfetto, NULL, &why);
	watch_tail_free(s.tail);
	output_discard(&s.out);
	watch_close(s.w);
	return s.status ? s.status : status;
}
