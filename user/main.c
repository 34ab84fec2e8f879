// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "cli.h"
#include "clock.h"
#include "diff.h"
#include "explain.h"
#include "list.h"
#include "manifest.h"
#include "names.h"
#include "output.h"
#include "plan.h"
#include "report/report.h"
#include "result.h"
#include "run.h"
#include "topo.h"
#include "watch_cmd.h"

static int main_error(const char *text, int status)
{
	fprintf(stderr, "ipcscope: %s\n", text);
	return status;
}

static int main_errno(int error)
{
	return main_error(strerror(-error), EXIT_ENVIRONMENT);
}

/* The table goes to standard output, unless the JSON result does. */
static int main_show(json_t *result, struct output *out)
{
	FILE *f = out->f == stdout ? stderr : stdout;
	struct mech_why why;
	int shown = report_table(result, f);
	int ret = output_commit(out, result, &why);

	if (ret)
		return main_error(why.text, EXIT_ENVIRONMENT);
	if (shown)
		return main_error("standard output does not take the table; give it room or use --json",
				  EXIT_ENVIRONMENT);
	return EXIT_OK;
}

/* Each reason once: the figures that are missing must not be missed. */
static void main_complain(const struct plan *plan, enum cell_status status)
{
	char id[128];

	for (size_t i = 0; i < plan->n; i++) {
		const struct cell *c = &plan->cell[i];
		size_t j = 0;

		while (j < i && (plan->cell[j].status != status ||
				 strcmp(plan->cell[j].why.text, c->why.text)))
			j++;
		if (c->status != status || j < i)
			continue;
		cell_id(c, id, sizeof(id));
		fprintf(stderr, "ipcscope: %s: %s: %s\n", id, cell_status_name(status),
			c->why.text);
	}
}

static int main_verdict(const struct plan *plan, int run_error)
{
	main_complain(plan, CELL_FAIL);
	if (run_error == -EINTR)
		return main_error("interrupted; the result is partial", EXIT_INTERRUPTED);
	if (run_error)
		return main_errno(run_error);
	if (plan_count(plan, CELL_FAIL))
		return EXIT_CELL_FAILED;
	if (plan_count(plan, CELL_OK))
		return EXIT_OK;
	main_complain(plan, CELL_SKIP);
	return main_error("nothing was measured: every cell was skipped", EXIT_NOTHING);
}

static int main_measure(const struct cli *cli, struct plan *plan, const struct topo *topo,
			struct output *out)
{
	struct clock clock;
	json_t *manifest, *result;
	int ret, status;

	clock_init(&clock);
	manifest = manifest_build(&cli->run, &clock, topo);
	if (!manifest)
		return main_errno(-ENOMEM);
	ret = run_plan(plan, &cli->run, &clock, cli->quiet);
	result = result_build(plan, &cli->run, &clock, manifest, !ret);
	if (!result)
		return main_errno(-ENOMEM);
	status = main_show(result, out);
	json_decref(result);
	return status == EXIT_OK ? main_verdict(plan, ret) : status;
}

/* A second Ctrl-C, or one that comes too late, must not take the result with it. */
static void main_hold_signals(void)
{
	sigset_t set;

	run_endings(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static int main_run(const struct cli *cli)
{
	struct output out;
	struct mech_why why;
	struct topo topo;
	struct plan plan;
	int status;

	if (topo_read(&topo, "/sys", cli->run.cpus, &why))
		return main_error(why.text, cli->run.cpus ? EXIT_USAGE : EXIT_ENVIRONMENT);
	main_hold_signals();
	if (output_open(&out, cli->json, &why)) {
		topo_free(&topo);
		return main_error(why.text, EXIT_ENVIRONMENT);
	}
	if (plan_build(&plan, &cli->run, &topo)) {
		status = main_errno(-ENOMEM);
	} else {
		status = main_measure(cli, &plan, &topo, &out);
		plan_free(&plan);
	}
	output_discard(&out);
	topo_free(&topo);
	return status;
}

static json_t *main_load(char *const *files, struct mech_why *why)
{
	json_t *all = result_load(*files, why), *more;

	while (all && *++files) {
		more = result_load(*files, why);
		if (!more || result_merge(all, more, why)) {
			json_decref(all);
			all = NULL;
		}
		json_decref(more);
	}
	return all;
}

static int main_report(const struct cli *cli)
{
	struct output out;
	struct mech_why why;
	json_t *result;
	int status;

	if (output_open(&out, cli->json, &why))
		return main_error(why.text, EXIT_ENVIRONMENT);
	result = main_load(cli->files, &why);
	status = result ? main_show(result, &out) : main_error(why.text, EXIT_ENVIRONMENT);
	json_decref(result);
	output_discard(&out);
	return status;
}

/* Whatever keeps it from comparing, the verdict is that it cannot tell. */
static int main_diff(const struct cli *cli)
{
	json_t *a = NULL, *b = NULL, *diff = NULL;
	int status = EXIT_CANNOT_TELL;
	struct output out;
	struct mech_why why = { "out of memory" };

	if (output_open(&out, cli->json, &why))
		return main_error(why.text, EXIT_CANNOT_TELL);
	a = main_load(cli->files, &why);
	b = a ? main_load(cli->against, &why) : NULL;
	diff = b ? diff_build(a, b, cli->threshold, &why) : NULL;
	if (!diff)
		main_error(why.text, status);
	else if (report_diff(diff, out.f == stdout ? stderr : stdout))
		main_error("standard output does not take the table; give it room", status);
	else if (output_commit(&out, diff, &why))
		main_error(why.text, status);
	else
		status = (int)json_integer_value(json_object_get(diff, "verdict"));
	output_discard(&out);
	json_decref(diff);
	json_decref(b);
	json_decref(a);
	return status;
}

static int main_list(const struct cli *cli)
{
	struct output out;
	struct mech_why why;
	json_t *list;
	int status;

	if (output_open(&out, cli->json, &why))
		return main_error(why.text, EXIT_ENVIRONMENT);
	list = list_build(cli->traits);
	if (!cli->json && cli->traits)
		list_print_traits(list, stdout);
	else if (!cli->json)
		list_print(list, cli->verbose, stdout);
	status = output_commit(&out, list, &why) ? main_error(why.text, EXIT_ENVIRONMENT) : EXIT_OK;
	json_decref(list);
	return status;
}

static int main_explain(const struct cli *cli)
{
	struct output out;
	struct mech_why why;
	json_t *all;
	int status;

	if (output_open(&out, cli->json, &why))
		return main_error(why.text, EXIT_ENVIRONMENT);
	all = explain_build(&cli->run);
	if (!cli->json)
		explain_print(all, stdout);
	status = output_commit(&out, all, &why) ? main_error(why.text, EXIT_ENVIRONMENT) : EXIT_OK;
	json_decref(all);
	return status;
}

/* What a killed run left behind goes first; what this one names, at its end. */
static int main_named(const struct cli *cli, int (*command)(const struct cli *cli))
{
	struct mech_why why;
	int status;

	/* What needs no names can be measured all the same. */
	if (names_begin(&why))
		fprintf(stderr, "ipcscope: warning: %s\n", why.text);
	status = command(cli);
	names_end();
	return status;
}

static int main_flushed(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	return main_error("standard output does not take any more; give it room", EXIT_ENVIRONMENT);
}

/* Of trace's words, those of a command behind "--" are not ours. */
static bool main_explains(char **word)
{
	for (; *word && strcmp(*word, "--"); word++)
		if (!strcmp(*word, "--explain"))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	struct mech_why why = { "out of memory" };
	struct cli cli;
	int status = EXIT_OK;

	if (argc > 1 && !strcmp(argv[1], "trace") && !main_explains(argv + 2))
		return main_flushed(watch_main(argc - 1, argv + 1));
	if (cli_parse(&cli, argc, argv, &why))
		return main_error(why.text, EXIT_USAGE);
	switch (cli.command) {
	case CLI_RUN:
		status = main_named(&cli, main_run);
		break;
	case CLI_REPORT:
		status = main_report(&cli);
		break;
	case CLI_DIFF:
		status = main_diff(&cli);
		break;
	case CLI_TRACE:
		status = main_explain(&cli);
		break;
	case CLI_LIST:
		status = main_named(&cli, main_list);
		break;
	case CLI_HELP:
		cli_help();
		break;
	case CLI_VERSION:
		puts("ipcscope " IPCSCOPE_VERSION);
		break;
	}
	cli_free(&cli);
	return main_flushed(status);
}
