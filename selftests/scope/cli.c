// SPDX-License-Identifier: GPL-2.0
/* The command line: every refusal names the value. */
#include "kselftest_harness.h"
#include "cli.h"

#define ARGS_MAX	8

FIXTURE(refused) {
};

FIXTURE_VARIANT(refused) {
	const char *arg[ARGS_MAX];
	const char *says;
};

#define REFUSED(name, what, ...)					\
	FIXTURE_VARIANT_ADD(refused, name) {				\
		.arg = { "ipcscope", ##__VA_ARGS__ }, .says = what,	\
	}

REFUSED(no_command, "no command");
REFUSED(bad_command, "'fly'", "fly");
REFUSED(bad_mech, "unknown mechanism 'pip'", "run", "--mech", "pipe,pip");
REFUSED(empty_word, "empty word in 'pipe,,null'", "run", "-m", "pipe,,null");
REFUSED(empty_list, "empty word in ''", "run", "-m", "");
REFUSED(bad_pattern, "unknown pattern 'ping'", "run", "-p", "ping");
REFUSED(bad_wait, "unknown wait policy 'nap'", "run", "-w", "nap");
REFUSED(bad_place, "unknown placement 'moon'", "run", "-P", "moon");
REFUSED(size_zero, "--size: 0 is below 16", "run", "--size", "0");
REFUSED(size_fifteen, "--size: 15 is below 16", "run", "--size", "64,15");
REFUSED(size_word, "'big' is not a size", "run", "--size", "big");
REFUSED(size_negative, "'-1' is not a size", "run", "--size", "-1");
REFUSED(size_suffix, "'4kk' is not a size", "run", "--size", "4kk");
REFUSED(size_huge, "65M is over 64M", "run", "--size", "65M");
/* 2^54 + 1 KiB: 1024 bytes, were it multiplied in 64 bits. */
REFUSED(size_wraps, "is over 64M", "run", "--size", "18014398509481985k");
REFUSED(size_overflow, "is not a size", "run", "--size", "99999999999999999999");
REFUSED(messages_zero, "--messages: 0 is out of range", "run", "-n", "0");
REFUSED(blocks_word, "--blocks: 'x' is not a number", "run", "--blocks", "x");
REFUSED(rounds_huge, "--rounds: 10001 is out of range", "run", "--rounds", "10001");
REFUSED(seed_over_json, "1 to 9223372036854775807", "run", "--seed", "9223372036854775808");
REFUSED(note_not_text, "is not UTF-8", "run", "--note", "\xff");
REFUSED(json_nowhere, "--json: ''", "run", "--json", "");
REFUSED(seed_zero, "--seed: 0 is out of range", "run", "--seed", "0");
REFUSED(timeout_zero, "--timeout: 0 is out of range", "run", "--timeout", "0");
REFUSED(trailing, "'1x' is not a number", "run", "-n", "1x");
REFUSED(unknown_option, "unknown option '--frob'", "run", "--frob");
REFUSED(unknown_letter, "unknown option '-Z'", "run", "-Z");
REFUSED(missing_value, "needs a value", "run", "--mech");
REFUSED(all_of_what, "'pipe' is one word too many", "run", "--all", "pipe");
REFUSED(list_all, "--all: an option of `ipcscope run` only", "list", "--all");
REFUSED(extra_word, "'pipe' is one word too many", "run", "pipe");
REFUSED(list_with_run_option, "--mech: an option of `ipcscope run` only", "list", "-m", "pipe");
REFUSED(diff_without_b, "diff needs result files of both sides", "diff", "a.json");
REFUSED(diff_with_empty_b, "diff needs result files of both sides", "diff", "a.json", "--");
REFUSED(diff_without_a, "diff needs result files of both sides", "diff", "--", "b.json");
REFUSED(diff_share, "--threshold: '1x' is not a share", "diff", "--threshold", "1x");
REFUSED(diff_share_negative, "'-1' is not a share", "diff", "--threshold", "-1");
REFUSED(diff_share_over, "'101' is not a share", "diff", "--threshold", "101");
REFUSED(threshold_elsewhere, "--threshold: an option of `ipcscope diff` only", "report",
	"--threshold", "1");
REFUSED(diff_with_run_option, "--seed: an option of `ipcscope run` only", "diff", "--seed", "1");
REFUSED(list_with_all_options, "--size: an option of `ipcscope run` only", "list", "-v", "-s", "64");
REFUSED(run_with_explain, "--explain: an option of `ipcscope trace` only", "run", "--explain");
REFUSED(trace_of_what, "trace needs --explain", "trace");
REFUSED(trace_size, "--size: not an option of `ipcscope trace`", "trace", "--size", "64");
REFUSED(run_with_traits, "--traits: an option of `ipcscope list` only", "run", "--traits");
REFUSED(run_verbose, "--verbose: an option of `ipcscope list` only", "run", "-v");
REFUSED(report_without_file, "report needs a result file", "report");

FIXTURE_SETUP(refused)
{
}

FIXTURE_TEARDOWN(refused)
{
}

static int parse(struct cli *cli, const char *const *arg, struct mech_why *why)
{
	char *argv[ARGS_MAX + 1] = { NULL };
	int argc = 0;

	for (; arg[argc]; argc++)
		argv[argc] = (char *)arg[argc];
	return cli_parse(cli, argc, argv, why);
}

TEST_F(refused, with_one_line_that_names_it)
{
	struct mech_why why;
	struct cli cli;

	memset(&why, 0xcc, sizeof(why));
	ASSERT_EQ(-EINVAL, parse(&cli, variant->arg, &why));
	ASSERT_NE(NULL, memchr(why.text, '\0', sizeof(why.text)));
	ASSERT_NE(NULL, strstr(why.text, variant->says)) {
		TH_LOG("said: %s", why.text);
	}
	EXPECT_EQ(NULL, strchr(why.text, '\n'));
}

static size_t count_mechs(const struct run_cfg *run)
{
	size_t n = 0;

	while (run->mech[n])
		n++;
	return n;
}

TEST(defaults)
{
	const char *const arg[ARGS_MAX] = { "ipcscope", "run" };
	struct mech_why why;
	struct cli cli;

	ASSERT_EQ(0, parse(&cli, arg, &why));
	EXPECT_EQ(CLI_RUN, cli.command);
	EXPECT_GE(count_mechs(&cli.run), 7);
	EXPECT_EQ(1, cli.run.nsizes);
	EXPECT_EQ(64, cli.run.sizes[0]);
	EXPECT_EQ(1 << PLACE_SAME_CPU | 1 << PLACE_LLC, cli.run.places);
	EXPECT_EQ(MECH_W_BLOCK, cli.run.waits);
	EXPECT_EQ(NULL, cli.json);
	cli_free(&cli);
}

TEST(widths_rise_and_amp_brings_its_like)
{
	const char *const arg[ARGS_MAX] = {
		"ipcscope", "run", "--width=4,1,2,4", "-Pamp", "-ppairs",
	};
	struct mech_why why;
	struct cli cli;

	ASSERT_EQ(0, parse(&cli, arg, &why));
	ASSERT_EQ(3, cli.run.nwidths);
	EXPECT_TRUE(cli.run.widths[0] == 1 && cli.run.widths[1] == 2 && cli.run.widths[2] == 4);
	EXPECT_EQ(1 << PLACE_AMP | 1 << PLACE_SMP, cli.run.places);
	EXPECT_EQ(1 << PATTERN_PAIRS, cli.run.patterns);
	EXPECT_TRUE(cli.run.waits_default && !cli.run.patterns_default);
	cli_free(&cli);
}

TEST(lists_and_suffixes)
{
	const char *const arg[ARGS_MAX] = {
		"ipcscope", "run", "-mnull,pipe,null", "-s16,4k,1M,4096", "-Psmt", "-wall", "-pstream",
	};
	struct mech_why why;
	struct cli cli;

	ASSERT_EQ(0, parse(&cli, arg, &why));
	EXPECT_EQ(2, count_mechs(&cli.run));
	EXPECT_STREQ("null", cli.run.mech[0]->name);
	EXPECT_STREQ("pipe", cli.run.mech[1]->name);
	ASSERT_EQ(3, cli.run.nsizes);
	EXPECT_EQ(4096, cli.run.sizes[1]);
	EXPECT_EQ(1 << 20, cli.run.sizes[2]);
	EXPECT_EQ(1 << PLACE_SMT, cli.run.places);
	EXPECT_TRUE(cli.run.waits_all);
	EXPECT_EQ(1 << PATTERN_STREAM, cli.run.patterns);
	cli_free(&cli);
}

TEST(each_mechanism_is_there_once)
{
	for (size_t i = 0; mech_table[i]; i++) {
		EXPECT_EQ(mech_table[i], mech_find(mech_table[i]->name)) {
			TH_LOG("%s", mech_table[i]->name);
		}
	}
}

TEST(all_is_all_and_quick_is_quick)
{
	const char *const arg[ARGS_MAX] = {
		"ipcscope", "run", "-mpipe", "-pfanin", "-wspin", "--all", "--quick",
	};
	struct mech_why why;
	struct cli cli;
	size_t n = 0;

	while (mech_table[n])
		n++;
	ASSERT_EQ(0, parse(&cli, arg, &why));
	EXPECT_EQ(n, count_mechs(&cli.run));
	EXPECT_EQ((1 << WAIT_COUNT) - 1, cli.run.waits);
	EXPECT_TRUE(cli.run.waits_all && !cli.run.waits_default && cli.run.patterns_default);
	EXPECT_EQ(1 << PATTERN_PINGPONG | 1 << PATTERN_STREAM, cli.run.patterns);
	/* One launch has no interval, and a thousand messages are not few. */
	EXPECT_GE(cli.run.rounds, 3);
	EXPECT_LT(cli.run.messages * cli.run.blocks, 1000);
	cli_free(&cli);
}

TEST(what_is_said_after_all_and_quick_counts)
{
	const char *const arg[ARGS_MAX] = {
		"ipcscope", "run", "--all", "--quick", "-mpipe", "-pstream", "-wblock", "-n7",
	};
	struct mech_why why;
	struct cli cli;

	ASSERT_EQ(0, parse(&cli, arg, &why));
	EXPECT_EQ(1, count_mechs(&cli.run));
	EXPECT_EQ(MECH_W_BLOCK, cli.run.waits);
	EXPECT_FALSE(cli.run.waits_all);
	EXPECT_EQ(1 << PATTERN_STREAM, cli.run.patterns);
	EXPECT_EQ(7, cli.run.messages);
	EXPECT_EQ(5, cli.run.rounds);
	cli_free(&cli);
}

TEST(list_in_three_ways)
{
	static const char *const args[][ARGS_MAX] = {
		{ "ipcscope", "list" }, { "ipcscope", "list", "-v" },
		{ "ipcscope", "list", "--traits", "--json", "-" },
	};
	struct mech_why why;
	struct cli cli;

	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, parse(&cli, args[i], &why));
		EXPECT_EQ(CLI_LIST, cli.command);
		EXPECT_EQ(i == 1, cli.verbose);
		EXPECT_EQ(i == 2, cli.traits);
		cli_free(&cli);
	}
}

TEST(trace_explains)
{
	const char *const arg[ARGS_MAX] = { "ipcscope", "trace", "--explain", "-m", "pipe" };
	struct mech_why why = { "" };
	struct cli cli;

	ASSERT_EQ(0, cli_parse(&cli, 5, (char **)arg, &why));
	EXPECT_EQ(CLI_TRACE, cli.command);
	EXPECT_TRUE(cli.explain);
	ASSERT_NE(NULL, cli.run.mech[0]);
	EXPECT_EQ(0, strcmp("pipe", cli.run.mech[0]->name));
	EXPECT_EQ(NULL, cli.run.mech[1]);
	cli_free(&cli);
}

/* Each of them is no use without probes. */
TEST(ladder_and_light_trace)
{
	const char *const arg[ARGS_MAX] = { "ipcscope", "run", "--ladder" };
	const char *const light[ARGS_MAX] = { "ipcscope", "run", "--light" };
	struct mech_why why = { "" };
	struct cli cli;

	ASSERT_EQ(0, cli_parse(&cli, 3, (char **)arg, &why));
	EXPECT_TRUE(cli.run.trace && cli.run.ladder && !cli.run.light);
	cli_free(&cli);
	ASSERT_EQ(0, cli_parse(&cli, 3, (char **)light, &why));
	EXPECT_TRUE(cli.run.trace && cli.run.light && !cli.run.ladder);
	cli_free(&cli);
}

TEST(report_takes_files)
{
	const char *const arg[ARGS_MAX] = { "ipcscope", "report", "a", "--json", "-", "b" };
	struct mech_why why;
	struct cli cli;

	ASSERT_EQ(0, parse(&cli, arg, &why));
	EXPECT_EQ(CLI_REPORT, cli.command);
	EXPECT_STREQ("-", cli.json);
	EXPECT_STREQ("a", cli.files[0]);
	EXPECT_STREQ("b", cli.files[1]);
	EXPECT_EQ(NULL, cli.files[2]);
	cli_free(&cli);
}

TEST(diff_takes_two_sides)
{
	const char *const arg[ARGS_MAX] = { "ipcscope", "diff", "a", "-jx", "b", "--", "c", "d" };
	const char *const most[ARGS_MAX] = { "ipcscope", "diff", "--threshold=0.5", "a", "--",
					     "b" };
	struct mech_why why;
	struct cli cli;

	ASSERT_EQ(0, parse(&cli, arg, &why));
	EXPECT_EQ(CLI_DIFF, cli.command);
	EXPECT_STREQ("x", cli.json);
	EXPECT_STREQ("a", cli.files[0]);
	EXPECT_STREQ("b", cli.files[1]);
	EXPECT_EQ(NULL, cli.files[2]);
	EXPECT_STREQ("c", cli.against[0]);
	EXPECT_STREQ("d", cli.against[1]);
	EXPECT_EQ(NULL, cli.against[2]);
	EXPECT_TRUE(cli.threshold == 0.01);
	cli_free(&cli);
	ASSERT_EQ(0, parse(&cli, most, &why));
	EXPECT_TRUE(cli.threshold == 0.005);
	cli_free(&cli);
}

TEST_HARNESS_MAIN
