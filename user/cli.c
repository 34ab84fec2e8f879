// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli.h"
#include "msg.h"

/* Both sides hold one buffer of this size; nobody needs more to learn a path's cost. */
#define CLI_SIZE_MAX	(64u << 20)
/* More processes than Linux' largest machine has CPUs. */
#define CLI_WIDTH_MAX	8192
/* Patterns of one pair, unless others are chosen. */
#define CLI_PATTERNS	(1u << PATTERN_PINGPONG | 1u << PATTERN_STREAM)

struct cli_ctx {
	struct cli *cli;
	struct mech_why *why;
	const char *opt;
};

static int __attribute__((format(printf, 2, 3)))
cli_error(struct cli_ctx *x, const char *fmt, ...)
{
	size_t n = 0;
	va_list ap;

	if (x->opt)
		n = (size_t)snprintf(x->why->text, sizeof(x->why->text), "--%s: ", x->opt);
	va_start(ap, fmt);
	vsnprintf(x->why->text + n, sizeof(x->why->text) - n, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static int cli_number(struct cli_ctx *x, const char *text, uint64_t lo, uint64_t hi,
		      uint64_t *value)
{
	uint64_t v = 0;
	char *end = NULL;

	errno = 0;
	if (isdigit((unsigned char)*text))
		v = strtoull(text, &end, 10);
	if (!end || *end || errno)
		return cli_error(x, "'%s' is not a number", text);
	if (v < lo || v > hi)
		return cli_error(x, "%s is out of range; give %llu to %llu", text,
				 (unsigned long long)lo, (unsigned long long)hi);
	*value = v;
	return 0;
}

static int cli_unsigned(struct cli_ctx *x, const char *text, unsigned int lo, unsigned int hi,
			unsigned int *value)
{
	uint64_t v;
	int ret = cli_number(x, text, lo, hi, &v);

	if (!ret)
		*value = (unsigned int)v;
	return ret;
}

/* Calls @word for each part of a comma-separated list. */
static int cli_each(struct cli_ctx *x, const char *list,
		    int (*word)(struct cli_ctx *x, const char *text))
{
	char *copy = strdup(list), *next = copy, *part;
	int ret = 0;

	if (!copy)
		return -ENOMEM;
	while (!ret && (part = strsep(&next, ",")))
		ret = *part ? word(x, part) : cli_error(x, "empty word in '%s'", list);
	free(copy);
	return ret;
}

static size_t cli_table_size(void)
{
	size_t n = 0;

	while (mech_table[n])
		n++;
	return n;
}

/* Names for an error message, as many as fit. */
static const char *cli_mech_names(void)
{
	static char names[120];
	size_t used = 0;

	for (size_t i = 0; mech_table[i]; i++) {
		size_t len = strlen(mech_table[i]->name);

		if (used + len + 5 > sizeof(names)) {
			strcpy(names + used, " ...");
			break;
		}
		used += (size_t)sprintf(names + used, "%s%s", i ? " " : "", mech_table[i]->name);
	}
	return names;
}

static int cli_mech(struct cli_ctx *x, const char *text)
{
	const struct mech_ops *ops = mech_find(text);
	const struct mech_ops **slot = x->cli->run.mech;

	if (!ops)
		return cli_error(x, "unknown mechanism '%s'; known: %s", text, cli_mech_names());
	while (*slot && *slot != ops)
		slot++;
	*slot = ops;
	return 0;
}

static int cli_mechs(struct cli_ctx *x, const char *text)
{
	memset(x->cli->run.mech, 0, (cli_table_size() + 1) * sizeof(*x->cli->run.mech));
	if (!strcmp(text, "all")) {
		memcpy(x->cli->run.mech, mech_table, cli_table_size() * sizeof(*mech_table));
		return 0;
	}
	return cli_each(x, text, cli_mech);
}

static int cli_pattern(struct cli_ctx *x, const char *text)
{
	for (enum cell_pattern p = 0; p < PATTERN_COUNT; p++) {
		if (strcmp(text, cell_pattern_name(p)))
			continue;
		x->cli->run.patterns |= 1u << p;
		return 0;
	}
	return cli_error(x, "unknown pattern '%s'; known: pingpong stream pairs fanin", text);
}

static int cli_wait(struct cli_ctx *x, const char *text)
{
	for (enum mech_wait w = 0; w < WAIT_COUNT; w++) {
		if (strcmp(text, cell_wait_name(w)))
			continue;
		x->cli->run.waits |= 1u << w;
		return 0;
	}
	return cli_error(x, "unknown wait policy '%s'; known: block spin spin-block poll uring, or all",
			 text);
}

static int cli_waits(struct cli_ctx *x, const char *text)
{
	x->cli->run.waits = 0;
	x->cli->run.waits_default = false;
	x->cli->run.waits_all = !strcmp(text, "all");
	if (!x->cli->run.waits_all)
		return cli_each(x, text, cli_wait);
	x->cli->run.waits = (1u << WAIT_COUNT) - 1;
	return 0;
}

static int cli_place(struct cli_ctx *x, const char *text)
{
	for (enum topo_place p = 0; p < PLACE_COUNT; p++) {
		if (strcmp(text, topo_place_name(p)))
			continue;
		x->cli->run.places |= 1u << p;
		/* What it is compared with. */
		if (p == PLACE_AMP)
			x->cli->run.places |= 1u << PLACE_SMP;
		return 0;
	}
	return cli_error(x, "unknown placement '%s'; known: same-cpu smt llc node cross-node amp smp",
			 text);
}

/* Widths in rising order, each once: a curve. */
static int cli_width(struct cli_ctx *x, const char *text)
{
	struct run_cfg *run = &x->cli->run;
	unsigned int width;
	size_t i;
	int ret = cli_unsigned(x, text, 1, CLI_WIDTH_MAX, &width);

	if (ret)
		return ret;
	for (i = run->nwidths; i && run->widths[i - 1] >= width; i--)
		if (run->widths[i - 1] == width)
			return 0;
	if (run->nwidths == CLI_WIDTHS_MAX)
		return cli_error(x, "more than %d widths", CLI_WIDTHS_MAX);
	memmove(&run->widths[i + 1], &run->widths[i], (run->nwidths - i) * sizeof(*run->widths));
	run->widths[i] = width;
	run->nwidths++;
	return 0;
}

static int cli_size(struct cli_ctx *x, const char *text)
{
	struct run_cfg *run = &x->cli->run;
	uint64_t size, unit = 1;
	char *end = NULL;

	errno = 0;
	size = isdigit((unsigned char)*text) ? strtoull(text, &end, 10) : 0;
	if (end && (*end == 'k' || *end == 'M'))
		unit = *end++ == 'k' ? 1024 : 1024 * 1024;
	if (!end || *end || errno)
		return cli_error(x, "'%s' is not a size; write bytes, or 4k, or 1M", text);
	if (size > CLI_SIZE_MAX / unit)
		return cli_error(x, "%s is over 64M, the largest message", text);
	if (size * unit < MSG_MIN)
		return cli_error(x, "%s is below %zu, the bytes of a sequence number and a checksum",
				 text, MSG_MIN);
	/* Said twice is once, as with the other lists: a cell's name is its own. */
	for (size_t i = 0; i < run->nsizes; i++)
		if (run->sizes[i] == size * unit)
			return 0;
	if (run->nsizes == CLI_SIZES_MAX)
		return cli_error(x, "more than %d sizes", CLI_SIZES_MAX);
	run->sizes[run->nsizes++] = size * unit;
	return 0;
}

/* JSON holds no other text. */
static int cli_note(struct cli_ctx *x, const char *text)
{
	json_t *s = json_string(text);

	if (!s)
		return cli_error(x, "'%s' is not UTF-8; convert it", text);
	json_decref(s);
	x->cli->run.note = text;
	return 0;
}

static int cli_json(struct cli_ctx *x, const char *path)
{
	if (!*path)
		return cli_error(x, "'' is no file name; give one, or - for standard output");
	x->cli->json = path;
	return 0;
}

enum cli_option {
	OPT_MECH = 'm', OPT_PATTERN = 'p', OPT_WAIT = 'w', OPT_SIZE = 's', OPT_PLACEMENT = 'P',
	OPT_CPUS = 'c', OPT_MESSAGES = 'n', OPT_TRACE = 't', OPT_JSON = 'j', OPT_QUIET = 'q',
	OPT_HELP = 'h',
	OPT_WARMUP = 256, OPT_BLOCKS, OPT_ROUNDS, OPT_SEED, OPT_TIMEOUT, OPT_NOTE,
	OPT_WIDTH, OPT_THRESHOLD, OPT_ALL, OPT_QUICK, OPT_TRAITS, OPT_EXPLAIN, OPT_LADDER,
	OPT_LIGHT, OPT_VERBOSE = 'v',
};

/* Whatever there is; whoever says more after it, says it of all. */
static int cli_all(struct cli_ctx *x)
{
	struct run_cfg *run = &x->cli->run;
	int ret = cli_mechs(x, "all");

	run->patterns = CLI_PATTERNS;
	run->patterns_default = true;
	return ret ? ret : cli_waits(x, "all");
}

/* Few messages, but launches enough for an interval. */
static int cli_quick(struct run_cfg *run)
{
	run->messages = 200;
	run->warmup = 50;
	run->blocks = 1;
	run->rounds = 5;
	return 0;
}

static int cli_run_option(struct cli_ctx *x, int opt, const char *arg)
{
	struct run_cfg *run = &x->cli->run;

	switch (opt) {
	case OPT_ALL:
		return cli_all(x);
	case OPT_QUICK:
		return cli_quick(run);
	case OPT_MECH:
		return cli_mechs(x, arg);
	case OPT_PATTERN:
		run->patterns = 0;
		run->patterns_default = false;
		return cli_each(x, arg, cli_pattern);
	case OPT_WAIT:
		return cli_waits(x, arg);
	case OPT_SIZE:
		run->nsizes = 0;
		return cli_each(x, arg, cli_size);
	case OPT_WIDTH:
		run->nwidths = 0;
		return cli_each(x, arg, cli_width);
	case OPT_PLACEMENT:
		run->places = 0;
		return cli_each(x, arg, cli_place);
	case OPT_CPUS:
		run->cpus = arg;
		return 0;
	case OPT_MESSAGES:
		return cli_number(x, arg, 1, 1000000000, &run->messages);
	case OPT_WARMUP:
		return cli_number(x, arg, 0, 1000000000, &run->warmup);
	case OPT_BLOCKS:
		return cli_unsigned(x, arg, 1, 10000, &run->blocks);
	case OPT_ROUNDS:
		return cli_unsigned(x, arg, 1, 10000, &run->rounds);
	case OPT_SEED:
		/* The result keeps it, as an integer of JSON: with a sign. */
		return cli_number(x, arg, 1, INT64_MAX, &run->seed);
	case OPT_TIMEOUT:
		return cli_unsigned(x, arg, 1, 86400, &run->timeout);
	case OPT_TRACE:
		run->trace = true;
		return 0;
	case OPT_LADDER:
		run->trace = true;
		run->ladder = true;
		return 0;
	case OPT_LIGHT:
		run->trace = true;
		run->light = true;
		return 0;
	case OPT_NOTE:
		return cli_note(x, arg);
	}
	return -EINVAL;
}

/* First those that every command has, then those of run, that of diff, those of list. */
static const struct option cli_options[] = {
	{ "help", no_argument, NULL, OPT_HELP },
	{ "json", required_argument, NULL, OPT_JSON },
	{ "all", no_argument, NULL, OPT_ALL },
	{ "mech", required_argument, NULL, OPT_MECH },
	{ "pattern", required_argument, NULL, OPT_PATTERN },
	{ "wait", required_argument, NULL, OPT_WAIT },
	{ "size", required_argument, NULL, OPT_SIZE },
	{ "placement", required_argument, NULL, OPT_PLACEMENT },
	{ "width", required_argument, NULL, OPT_WIDTH },
	{ "cpus", required_argument, NULL, OPT_CPUS },
	{ "quick", no_argument, NULL, OPT_QUICK },
	{ "messages", required_argument, NULL, OPT_MESSAGES },
	{ "warmup", required_argument, NULL, OPT_WARMUP },
	{ "blocks", required_argument, NULL, OPT_BLOCKS },
	{ "rounds", required_argument, NULL, OPT_ROUNDS },
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "trace", no_argument, NULL, OPT_TRACE },
	{ "ladder", no_argument, NULL, OPT_LADDER },
	{ "light", no_argument, NULL, OPT_LIGHT },
	{ "note", required_argument, NULL, OPT_NOTE },
	{ "quiet", no_argument, NULL, OPT_QUIET },
	{ "threshold", required_argument, NULL, OPT_THRESHOLD },
	{ "verbose", no_argument, NULL, OPT_VERBOSE },
	{ "traits", no_argument, NULL, OPT_TRAITS },
	{ "explain", no_argument, NULL, OPT_EXPLAIN },
	{ 0 }
};

static const char *cli_option_name(int opt)
{
	for (size_t i = 0; cli_options[i].name; i++)
		if (cli_options[i].val == opt)
			return cli_options[i].name;
	return NULL;
}

static int cli_threshold(struct cli_ctx *x, const char *text)
{
	char *end = NULL;
	double v = isdigit((unsigned char)*text) ? strtod(text, &end) : 0;

	if (x->cli->command != CLI_DIFF)
		return cli_error(x, "an option of `ipcscope diff` only; see ipcscope --help");
	if (!end || *end || !(v <= 100))
		return cli_error(x, "'%s' is not a share; give per cent, as 1 or 0.5", text);
	x->cli->threshold = v / 100;
	return 0;
}

static int cli_list(struct cli_ctx *x, int opt)
{
	if (x->cli->command != CLI_LIST)
		return cli_error(x, "an option of `ipcscope list` only; see ipcscope --help");
	if (opt == OPT_TRAITS)
		x->cli->traits = true;
	else
		x->cli->verbose = true;
	return 0;
}

static int cli_trace(struct cli_ctx *x, int opt, const char *arg)
{
	if (opt == OPT_MECH)
		return cli_mechs(x, arg);
	if (opt == OPT_WAIT)
		return cli_waits(x, arg);
	if (opt != OPT_EXPLAIN)
		return cli_error(x, "not an option of `ipcscope trace`; see ipcscope --help");
	x->cli->explain = true;
	return 0;
}

static int cli_option(struct cli_ctx *x, int opt, const char *arg, const char *word)
{
	bool common = opt == OPT_HELP || opt == OPT_JSON;

	if (opt == '?')
		return cli_error(x, "unknown option '%s'; see ipcscope --help", word);
	if (opt == ':')
		return cli_error(x, "option '%s' needs a value; see ipcscope --help", word);
	x->opt = cli_option_name(opt);
	if (opt == OPT_THRESHOLD)
		return cli_threshold(x, arg);
	if (opt == OPT_TRAITS || opt == OPT_VERBOSE)
		return cli_list(x, opt);
	if (!common && x->cli->command == CLI_TRACE)
		return cli_trace(x, opt, arg);
	if (opt == OPT_EXPLAIN)
		return cli_error(x, "an option of `ipcscope trace` only; see ipcscope --help");
	if (!common && x->cli->command != CLI_RUN)
		return cli_error(x, "an option of `ipcscope run` only; see ipcscope --help");
	if (opt == OPT_HELP)
		x->cli->command = CLI_HELP;
	else if (opt == OPT_JSON)
		return cli_json(x, arg);
	else if (opt == OPT_QUIET)
		x->cli->quiet = true;
	else
		return cli_run_option(x, opt, arg);
	return 0;
}

/* The files of B, which stand behind "--"; getopt sees what is before it. */
static int cli_split(struct cli *cli, int argc, char **argv)
{
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--"))
			continue;
		argv[i] = NULL;
		cli->against = argv + i + 1;
		return i;
	}
	return argc;
}

static int cli_sides(struct cli_ctx *x)
{
	if (*x->cli->files && x->cli->against && *x->cli->against)
		return 0;
	return cli_error(x, "diff needs result files of both sides: ipcscope diff A.json... -- B.json...");
}

static int cli_options_parse(struct cli_ctx *x, int argc, char **argv)
{
	/* The leading ':' makes getopt silent and tells a missing value apart. */
	static const char letters[] = ":m:p:w:s:P:c:n:tj:qhv";
	int opt, ret = 0;

	optind = 0;
	opterr = 0;
	while (!ret && (opt = getopt_long(argc, argv, letters, cli_options, NULL)) != -1) {
		ret = cli_option(x, opt, optarg, argv[optind > 1 ? optind - 1 : 1]);
		if (!ret)
			x->opt = NULL;
	}
	if (ret)
		return ret;
	x->cli->files = argv + optind;
	if (x->cli->command == CLI_DIFF)
		return cli_sides(x);
	if (argv[optind] && x->cli->command != CLI_REPORT && x->cli->command != CLI_HELP)
		return cli_error(x, "'%s' is one word too many; see ipcscope --help", argv[optind]);
	if (!argv[optind] && x->cli->command == CLI_REPORT)
		return cli_error(x, "report needs a result file, as written by ipcscope run --json");
	if (x->cli->command == CLI_TRACE && !x->cli->explain)
		return cli_error(x, "trace needs --explain; to measure phases, give ipcscope run --trace");
	return 0;
}

static int cli_command(struct cli_ctx *x, const char *word)
{
	static const struct {
		const char *word;
		enum cli_command command;
	} table[] = {
		{ "list", CLI_LIST }, { "run", CLI_RUN }, { "report", CLI_REPORT },
		{ "diff", CLI_DIFF }, { "trace", CLI_TRACE },
		{ "help", CLI_HELP }, { "--help", CLI_HELP }, { "-h", CLI_HELP },
		{ "--version", CLI_VERSION },
	};

	for (size_t i = 0; word && i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(word, table[i].word))
			continue;
		x->cli->command = table[i].command;
		return 0;
	}
	if (!word)
		return cli_error(x, "no command; try ipcscope list, run, trace, report, diff or --help");
	return cli_error(x, "unknown command '%s'; known: list run trace report diff help", word);
}

static const struct run_cfg cli_defaults = {
	.patterns = CLI_PATTERNS,
	.patterns_default = true,
	.waits = MECH_W_BLOCK,
	.waits_default = true,
	.sizes = { 64 },
	.nsizes = 1,
	.places = 1u << PLACE_SAME_CPU | 1u << PLACE_LLC,
	.messages = 1000,
	.warmup = 200,
	.blocks = 5,
	.rounds = 3,
	.seed = 1,
	.timeout = 10,
};

int cli_parse(struct cli *cli, int argc, char **argv, struct mech_why *why)
{
	struct cli_ctx x = { .cli = cli, .why = why };
	int ret;

	*cli = (struct cli){ .run = cli_defaults, .threshold = 0.01 };
	cli->run.mech = calloc(cli_table_size() + 1, sizeof(*cli->run.mech));
	if (!cli->run.mech)
		return -ENOMEM;
	cli_mechs(&x, "all");
	ret = cli_command(&x, argc > 1 ? argv[1] : NULL);
	if (!ret && cli->command == CLI_DIFF)
		argc = cli_split(cli, argc, argv);
	if (!ret)
		ret = cli_options_parse(&x, argc - 1, argv + 1);
	if (ret)
		cli_free(cli);
	return ret;
}

void cli_free(struct cli *cli)
{
	free(cli->run.mech);
	cli->run.mech = NULL;
}
