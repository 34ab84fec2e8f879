// SPDX-License-Identifier: GPL-2.0
/* What the table says of given data. */
#include "kselftest_harness.h"
#include "report/report.h"

FIXTURE(report) {
	json_t *result;
	char *text;
};

FIXTURE_SETUP(report)
{
}

FIXTURE_TEARDOWN(report)
{
	json_decref(self->result);
	free(self->text);
}

/* Single quotes for double ones, so that the data can be read. */
static json_t *parse(const char *cells)
{
	char text[8192];

	snprintf(text, sizeof(text),
		 "{'schema':'ipcscope-result/1','complete':true,'manifest':{'runs':[{}]},'cells':[%s]}",
		 cells);
	for (char *p = text; (p = strchr(p, '\'')); p++)
		*p = '"';
	return json_loads(text, 0, NULL);
}

#define REPORT(cells) do {						\
	size_t len_;							\
	FILE *f_ = open_memstream(&self->text, &len_);			\
	self->result = parse(cells);					\
	ASSERT_NE(NULL, self->result);					\
	ASSERT_EQ(0, report_table(self->result, f_));			\
	fclose(f_);							\
} while (0)

#define EXPECT_SAYS(words) EXPECT_NE(NULL, strstr(self->text, words)) { \
	TH_LOG("%s", self->text);					\
}

#define EXPECT_SILENT(words) EXPECT_EQ(NULL, strstr(self->text, words)) { \
	TH_LOG("%s", self->text);					\
}

#define AXES(place)							\
	"'id':'pipe/pingpong/block/64/" place "','def':'0','run':0,'mech':'pipe'," \
	"'pattern':'pingpong','wait':'block','size':64,'placement':'" place "',"

#define OK(place, unit, cost, ci)					\
	"{" AXES(place) "'status':'ok','reason':null,'unit':'" unit "','cost':{'per_msg':" cost \
	",'ci95':" ci "},'verify':{'received':1234},'counters':{'messages':100," \
	"'sender':{'voluntary':150},'receiver':{'voluntary':50}}"

#define NOT_OK(place, status, reason)					\
	"{" AXES(place) "'status':'" status "','reason':'" reason "','unit':'ns'}"

#define TRACED(sum, total)						\
	",'traced':{'cost':{'per_msg':1500.0},'messages':10,'slept':9,'total':" total "}," \
	"'phases':[{'name':'copy-in','hook':'h1','n':10,'sum':" sum ",'mean':40.0,'p50':41," \
	"'p99':null},{'name':'wake','hook':'h2','absent':true}],"	\
	"'certificate':{'sent':12,'received':12}}"

TEST_F(report, one_run_shows_half_its_interval)
{
	REPORT(OK("same-cpu", "insn", "1000.0", "[990.0,1030.0]") "}");
	EXPECT_SAYS("same-cpu [insn]");
	EXPECT_SAYS("1,000   2.00%        -         -   2.00");
}

TEST_F(report, several_runs_show_their_range)
{
	REPORT(OK("same-cpu", "insn", "1000.0", "[990.0,1030.0]") "},"
	       OK("same-cpu", "insn", "1100.0", "null") "}");
	EXPECT_SAYS("spread");
	/* (1100 - 1000) / 1050 */
	EXPECT_SAYS("1,050   9.52%");
}

TEST_F(report, no_interval_is_not_a_narrow_one)
{
	REPORT(OK("same-cpu", "ns", "99.96", "null") "}");
	EXPECT_SAYS(" 100.0     n/a");
}

TEST_F(report, a_run_without_figures_does_not_dilute_one_with)
{
	REPORT(OK("same-cpu", "none", "0.0", "null") "},"
	       OK("same-cpu", "insn", "1000.0", "null") "}");
	EXPECT_SAYS("1,000     n/a");
}

TEST_F(report, untimed_cells_show_no_figure)
{
	REPORT(OK("llc", "none", "777.0", "null") "}");
	EXPECT_SAYS("llc [not timed]");
	EXPECT_SAYS("works: 1,234 verified");
	EXPECT_SILENT("777");
}

TEST_F(report, phases_add_up)
{
	REPORT(OK("same-cpu", "insn", "1000.0", "null") TRACED("400", "400"));
	EXPECT_SAYS("sum of phases 400 = send entry to receive exit 400");
	EXPECT_SAYS("they add 500 insn (50.0 %) to a round trip");
	EXPECT_SAYS("sent 12, received 12");
	EXPECT_SAYS("in 9 of 10 the receiver slept");
}

TEST_F(report, phases_that_do_not_add_up_are_not_hidden)
{
	REPORT(OK("same-cpu", "insn", "1000.0", "null") TRACED("399", "400"));
	EXPECT_SAYS("sum of phases 399 DIFFERS FROM send entry to receive exit 400");
}

TEST_F(report, a_missing_hook_is_not_zero)
{
	REPORT(OK("same-cpu", "insn", "1000.0", "null") TRACED("400", "400"));
	EXPECT_SAYS("wake             n/a       n/a       n/a       n/a     n/a  h2 is not on this kernel");
}

TEST_F(report, an_emulators_phases_are_not_shown)
{
	REPORT(OK("llc", "none", "1000.0", "null") TRACED("400", "400"));
	EXPECT_SAYS("sent 12, received 12");
	EXPECT_SILENT("copy-in");
	EXPECT_SILENT("they add");
}

TEST_F(report, reasons_stand_once)
{
	REPORT(NOT_OK("same-cpu", "skip", "no such thing") ","
	       NOT_OK("llc", "skip", "no such thing") ","
	       NOT_OK("smt", "fail", "it broke"));
	EXPECT_SAYS("skip [1]");
	EXPECT_SAYS("FAIL [2]");
	EXPECT_SAYS("[1] no such thing");
	EXPECT_SAYS("[2] it broke");
	EXPECT_SILENT("[3]");
}

TEST_F(report, mechanisms_without_probes_share_a_line)
{
	REPORT(OK("same-cpu", "ns", "1.0", "null") ",'untraced':'no set'},"
	       OK("llc", "ns", "1.0", "null") ",'untraced':'no set'}");
	EXPECT_SAYS("no phases of pipe: no set\n");
}

TEST_HARNESS_MAIN
