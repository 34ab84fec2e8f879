// SPDX-License-Identifier: GPL-2.0
/* The table of phases: what it adds up, and what it does not hide. */
#include "kselftest_harness.h"
#include "report/report.h"
#include "report/waterfall.h"

FIXTURE(waterfall) {
	json_t *result;
	char *text;
};

FIXTURE_SETUP(waterfall)
{
}

FIXTURE_TEARDOWN(waterfall)
{
	json_decref(self->result);
	free(self->text);
}

#define RUN(release)	"{'kernel':{'release':'" release "'}}"

/* Runs 0 and 2 are of one kernel. Single quotes for double ones, so that it can be read. */
static json_t *parse(const char *cells)
{
	static char text[16384];

	snprintf(text, sizeof(text), "{'manifest':{'runs':[%s]},'cells':[%s]}",
		 RUN("6.1") "," RUN("6.12") "," RUN("6.1"), cells);
	for (char *p = text; (p = strchr(p, '\'')); p++)
		*p = '"';
	return json_loads(text, 0, NULL);
}

#define PRINT(cells) do {						\
	size_t len_;							\
	FILE *f_ = open_memstream(&self->text, &len_);			\
	self->result = parse(cells);					\
	ASSERT_NE(NULL, self->result);					\
	ASSERT_EQ(0, waterfall_print(self->result, f_));		\
	fclose(f_);							\
} while (0)

#define EXPECT_SAYS(words) EXPECT_NE(NULL, strstr(self->text, words)) { \
	TH_LOG("%s", self->text);					\
}

#define PHASE(name, sum)	"{'name':'" name "','hook':'h','n':10,'sum':" sum "}"
#define ABSENT(name)		"{'name':'" name "','hook':'h','absent':true}"
#define CERT(more)		"{'sent':12,'received':12" more "}"

#define CELL(run, mech, pattern, total, phases, cert)			\
	"{'id':'" mech "/" pattern "/block/64/same-cpu','run':" run ",'mech':'" mech "'," \
	"'pattern':'" pattern "','wait':'block','size':64,'placement':'same-cpu','unit':'insn'," \
	"'traced':{'messages':10,'total':" total "},'phases':[" phases "],'certificate':" cert "}"

TEST_F(waterfall, a_phase_is_the_mean_over_all_messages)
{
	PRINT(CELL("0", "pipe", "pingpong", "1000", PHASE("copy-in", "250") ","
		   PHASE("wake", "750"), CERT("")));
	EXPECT_SAYS("phases of pingpong, 64-byte messages, same-cpu: from send entry to receive exit, mean of a message [insn]");
	EXPECT_SAYS("mechanism wait  kernel   copy-in      wake     total  messages  certificate\n");
	EXPECT_SAYS("pipe      block 6.1         25.0      75.0       100        10  all 0 of 12 sent\n");
}

TEST_F(waterfall, runs_of_one_kernel_are_one_line_and_kernels_stand_together)
{
	PRINT(CELL("0", "pipe", "pingpong", "1000", PHASE("copy-in", "1000"), CERT("")) ","
	      CELL("0", "ring", "pingpong", "10", PHASE("copy-in", "10"), CERT("")) ","
	      CELL("1", "pipe", "pingpong", "2000", PHASE("copy-in", "2000"), CERT("")) ","
	      CELL("2", "pipe", "pingpong", "3000", PHASE("copy-in", "3000"), CERT("")));
	EXPECT_SAYS("pipe      block 6.1          200       200        20  all 0 of 24 sent\n"
		    "pipe      block 6.12         200       200        10  all 0 of 12 sent\n"
		    "ring      block 6.1          1.0       1.0        10  all 0 of 12 sent\n");
}

TEST_F(waterfall, what_a_set_has_not_is_neither_0_nor_absent)
{
	PRINT(CELL("0", "pipe", "pingpong", "10", PHASE("copy-in", "10") "," ABSENT("wake"),
		   CERT("")) ","
	      CELL("0", "ring", "pingpong", "20", PHASE("send", "20"), CERT("")));
	EXPECT_SAYS("pipe      block 6.1          1.0       n/a         -       1.0");
	EXPECT_SAYS("ring      block 6.1            -         -       2.0       2.0");
}

TEST_F(waterfall, each_pattern_has_a_table_with_its_own_phases)
{
	PRINT(CELL("0", "pipe", "pingpong", "10", PHASE("wake", "10"), CERT("")) ","
	      CELL("0", "pipe", "stream", "10", PHASE("queued", "10"), CERT("")));
	EXPECT_SAYS("kernel      wake     total");
	EXPECT_SAYS("kernel    queued     total");
}

TEST_F(waterfall, phases_that_do_not_add_up_are_not_hidden)
{
	PRINT(CELL("0", "pipe", "pingpong", "1000", PHASE("wake", "999"), CERT("")));
	EXPECT_SAYS("the phases add up to 999, NOT to 1000\n");
}

TEST_F(waterfall, a_broken_certificate_is_not_hidden)
{
	PRINT(CELL("0", "pipe", "pingpong", "10", PHASE("wake", "10"),
		   CERT(",'missed':2,'negative':1")));
	EXPECT_SAYS("BROKEN, 3 of 12 messages\n");
}

TEST_F(waterfall, cells_without_phases_have_no_line)
{
	PRINT("{'id':'a','run':0,'mech':'null','pattern':'pingpong'},"
	      CELL("0", "pipe", "pingpong", "null", PHASE("wake", "null"), CERT("")));
	EXPECT_STREQ("", self->text);
}

TEST_HARNESS_MAIN
