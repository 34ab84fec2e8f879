/* SPDX-License-Identifier: GPL-2.0 */
/* The command line. */
#ifndef IPCSCOPE_CLI_H
#define IPCSCOPE_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "cell.h"

/* Exit statuses, documented in `ipcscope --help` and README.md. */
enum cli_exit {
	EXIT_OK = 0,		/* measured; skipped cells are named */
	EXIT_CELL_FAILED = 1,	/* a cell cannot be trusted */
	EXIT_USAGE = 2,		/* wrong arguments; nothing was run */
	EXIT_ENVIRONMENT = 3,	/* this system refused: output, memory, input file */
	EXIT_NOTHING = 4,	/* every cell was skipped */
	EXIT_SLOWER = 1,	/* diff: B is */
	EXIT_CANNOT_TELL = 125,	/* diff: neither yes nor no; `git bisect run` skips */
	EXIT_INTERRUPTED = 130	/* Ctrl-C; the result is partial */
};

enum cli_command {
	CLI_LIST,
	CLI_RUN,
	CLI_REPORT,
	CLI_DIFF,
	CLI_TRACE,
	CLI_HELP,
	CLI_VERSION
};

#define CLI_SIZES_MAX	16
#define CLI_WIDTHS_MAX	64

/**
 * struct run_cfg - what to measure
 * @mech:	chosen mechanisms, in table order, NULL-terminated
 * @patterns:	bit mask of enum cell_pattern
 * @patterns_default: they were not chosen: no SKIP where they do not apply
 * @waits:	bit mask of enum mech_wait
 * @waits_default: likewise
 * @waits_all:	every policy that a mechanism and a placement have; no SKIP for others
 * @sizes:	message sizes in bytes
 * @nsizes:	how many
 * @widths:	widths of wide cells
 * @nwidths:	how many; 0: as plan_build() chooses
 * @places:	bit mask of enum topo_place
 * @cpus:	CPU list to confine the run to, NULL: all
 * @messages:	messages (round trips) of a block
 * @warmup:	messages before the first block of a launch
 * @blocks:	blocks of a launch
 * @rounds:	launches of a cell
 * @seed:	of the order of cells, not 0
 * @timeout:	seconds without a message after which a launch has stalled
 * @trace:	also run each cell with probes
 * @light:	with few of them, for every mechanism the same
 * @ladder:	and with more and more of them that do nothing
 * @note:	free words for the manifest, NULL: none
 */
struct run_cfg {
	const struct mech_ops **mech;
	unsigned int patterns;
	bool patterns_default;
	unsigned int waits;
	bool waits_default;
	bool waits_all;
	size_t sizes[CLI_SIZES_MAX];
	size_t nsizes;
	unsigned int widths[CLI_WIDTHS_MAX];
	size_t nwidths;
	unsigned int places;
	const char *cpus;
	uint64_t messages;
	uint64_t warmup;
	unsigned int blocks;
	unsigned int rounds;
	uint64_t seed;
	unsigned int timeout;
	bool trace;
	bool light;
	bool ladder;
	const char *note;
};

/**
 * struct cli - a parsed command line
 * @command:	what to do
 * @run:	for CLI_RUN; for CLI_TRACE its @mech and @waits
 * @json:	file for the JSON result, "-" for standard output, NULL: none
 * @quiet:	no progress on standard error
 * @verbose:	for CLI_LIST: all there is to say of each mechanism
 * @traits:	for CLI_LIST: their traits, as a table
 * @explain:	for CLI_TRACE: say what would be traced, and how
 * @files:	result files for CLI_REPORT and CLI_DIFF, NULL-terminated
 * @against:	those of the other side for CLI_DIFF, NULL-terminated
 * @threshold:	least change that matters for CLI_DIFF, as a share
 */
struct cli {
	enum cli_command command;
	struct run_cfg run;
	const char *json;
	bool quiet;
	bool verbose;
	bool traits;
	bool explain;
	char **files;
	char **against;
	double threshold;
};

/**
 * cli_parse() - parse the command line
 * @cli:	filled; release with cli_free()
 * @argc:	as of main()
 * @argv:	as of main(); must outlive @cli; may be reordered
 * @why:	one line on error
 *
 * Return: 0, -EINVAL or -ENOMEM.
 */
int cli_parse(struct cli *cli, int argc, char **argv, struct mech_why *why);

void cli_free(struct cli *cli);

/* Help on standard output. */
void cli_help(void);

#endif /* IPCSCOPE_CLI_H */
