// SPDX-License-Identifier: GPL-2.0
/* The command line of `ipcscope trace`. */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "watch_cmd.h"

/* A day; whoever wants more stops it by Ctrl-C. */
#define DURATION_MAX_S	86400

enum watch_option {
	OPT_PID = 'p', OPT_ALL = 'a', OPT_JSON = 'j', OPT_HELP = 'h',
	OPT_DURATION = 256, OPT_PERFETTO, OPT_TAIL,
};

static const struct option options[] = {
	{ "pid", required_argument, NULL, OPT_PID },
	{ "all", no_argument, NULL, OPT_ALL },
	{ "duration", required_argument, NULL, OPT_DURATION },
	{ "json", required_argument, NULL, OPT_JSON },
	{ "perfetto", required_argument, NULL, OPT_PERFETTO },
	{ "tail", required_argument, NULL, OPT_TAIL },
	{ "help", no_argument, NULL, OPT_HELP },
	{ 0 }
};

void watch_help(void)
{
	fputs("ipcscope trace shows who talks to whom over pipes, FIFOs, Unix sockets and message\n"
"queues, how much, and where the time goes: in programs that it did not write.\n"
"\n"
"  ipcscope trace [OPTION...] [--] COMMAND...     start COMMAND and follow it\n"
"  ipcscope trace [OPTION...] -p PID[,PID...]     follow processes that run\n"
"  ipcscope trace [OPTION...] -a                  follow all\n"
"\n"
"Threads, and children that are forked meanwhile, are followed, too. It ends when COMMAND or\n"
"all PIDs do, at Ctrl-C, or after\n"
"      --duration S       seconds, as 5 or 0.5; COMMAND goes on, and is waited for\n"
"  -j, --json FILE        write what is printed as data; - is standard output\n"
"      --tail K           the K slowest messages (1 to 100): all stamps, and what else ran on\n"
"                         the two CPUs meanwhile\n"
"      --perfetto FILE    every send, receive, sleep and message of a short run, with arrows, for\n"
"                         ui.perfetto.dev or chrome://tracing\n"
"\n"
"COMMAND has standard output to itself: the report goes to standard error then.\n"
"\n"
"Exit status: 0; 1 the certificate is violated: messages were lost from sight; 2 wrong\n"
"arguments; 3 this system refused (no root, output, memory); 4 this kernel refuses the\n"
"probes (fentry), and nothing was started. With COMMAND, its own status where that is not 0\n"
"(128 and the signal if one killed it; 126, 127 if it could not be started).\n", stdout);
}

static int pid_one(struct watch_args *a, const char *text, struct mech_why *why)
{
	char *end = NULL;
	long pid = 0;

	errno = 0;
	if (isdigit((unsigned char)*text))
		pid = strtol(text, &end, 10);
	if (!end || *end || errno || pid < 1 || pid > INT_MAX) {
		mech_because(why, "-p: '%s' is not a process id", text);
		return -EINVAL;
	}
	if (a->npids == WATCH_PIDS_MAX) {
		mech_because(why, "-p: more than %d processes; take -a", WATCH_PIDS_MAX);
		return -EINVAL;
	}
	a->pid[a->npids++] = (pid_t)pid;
	return 0;
}

static int pids(struct watch_args *a, const char *list, struct mech_why *why)
{
	char *copy = strdup(list), *next = copy, *part;
	int ret = copy ? 0 : -ENOMEM;

	while (!ret && (part = strsep(&next, ",")))
		ret = pid_one(a, part, why);
	free(copy);
	return ret;
}

static int set_duration(struct watch_args *a, const char *text, struct mech_why *why)
{
	char *end = NULL;
	double s = isdigit((unsigned char)*text) ? strtod(text, &end) : 0;

	if (!end || *end || !(s >= 0.001 && s <= DURATION_MAX_S)) {
		mech_because(why, "--duration: '%s' is not a time; give seconds, 0.001 to %d", text,
			     DURATION_MAX_S);
		return -EINVAL;
	}
	a->duration_ms = (uint64_t)(s * 1000);
	return 0;
}

static int set_tail(struct watch_args *a, const char *text, struct mech_why *why)
{
	char *end = NULL;
	unsigned long k = 0;

	errno = 0;
	if (isdigit((unsigned char)*text))
		k = strtoul(text, &end, 10);
	if (!end || *end || errno || k < 1 || k > WATCH_TAIL_MAX) {
		mech_because(why, "--tail: '%s' is not a number from 1 to %d", text,
			     WATCH_TAIL_MAX);
		return -EINVAL;
	}
	a->tail = (unsigned int)k;
	return 0;
}

static int take(struct watch_args *a, int opt, const char *arg, const char *word,
		struct mech_why *why)
{
	switch (opt) {
	case OPT_PID:
		return pids(a, arg, why);
	case OPT_DURATION:
		return set_duration(a, arg, why);
	case OPT_TAIL:
		return set_tail(a, arg, why);
	case OPT_ALL:
		a->all = true;
		return 0;
	case OPT_JSON:
		a->json = arg;
		return 0;
	case OPT_PERFETTO:
		a->perfetto = arg;
		return 0;
	case OPT_HELP:
		a->help = true;
		return 0;
	case ':':
		mech_because(why, "option '%s' needs a value; see ipcscope trace --help", word);
		return -EINVAL;
	}
	mech_because(why, "unknown option '%s'; see ipcscope trace --help", word);
	return -EINVAL;
}

static int check(const struct watch_args *a, struct mech_why *why)
{
	int ways = !!a->all + !!a->npids + !!a->command;

	if (a->help)
		return 0;
	if (ways != 1) {
		mech_because(why, "%s; see ipcscope trace --help", ways ?
			     "-p, -a and a command exclude each other" :
			     "trace what? Give -p PID, -a, or a command");
		return -EINVAL;
	}
	if (a->command && a->json && !strcmp(a->json, "-")) {
		mech_because(why, "--json -: standard output is the command's; name a file");
		return -EINVAL;
	}
	return 0;
}

int watch_args_parse(struct watch_args *a, int argc, char **argv, struct mech_why *why)
{
	int opt, ret = 0;

	*a = (struct watch_args){ };
	optind = 0;
	opterr = 0;
	/* '+': the command's own options are not ours. */
	while (!ret && (opt = getopt_long(argc, argv, "+:p:aj:h", options, NULL)) != -1)
		ret = take(a, opt, optarg, argv[optind > 1 ? optind - 1 : 1], why);
	if (ret)
		return ret;
	if (argv[optind])
		a->command = argv + optind;
	return check(a, why);
}
