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

#define RUN(release)	"{'kernel':{'release':'" release "'}}"

/* Single quotes for double ones, so that the data can be read. */
static json_t *parse(const char *cells)
{
	static char text[65536];

	snprintf(text, sizeof(text),
		 "{'schema':'ipcscope-result/1','complete':true,'manifest':{'runs':[%s]},'cells':[%s]}",
		 RUN("6.1") "," RUN("6.12") "," RUN("6.1"), cells);
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

#define AXIS(place)							\
	"'pattern':'pingpong','wait':'block','size':64,'placement':'" place "','run':0,"

#define AXES(place)							\
	"'id':'pipe/pingpong/block/64/" place "','def':'0','mech':'pipe'," AXIS(place)

#define OK(place, unit, cost, ci)					\
	"{" AXES(place) "'status':'ok','reason':null,'unit':'" unit "','cost':{'per_msg':" cost \
	",'ci95':" ci "},'verify':{'received':1234},'counters':{'messages':100," \
	"'sender':{'voluntary':150},'receiver':{'voluntary':50}}"

/* Of run 0 and 2, which are of one kernel, or of run 1. */
#define ON(run, mech, wait, status, unit, cost)				\
	"{'id':'" mech "/pingpong/" wait "/64/same-cpu','def':'0','run':" run ",'mech':'" mech "'," \
	"'pattern':'pingpong','wait':'" wait "','size':64,'placement':'same-cpu'," \
	"'status':'" status "','reason':'" status " on " run "','unit':'" unit "'," \
	"'cost':{'per_msg':" cost ",'ci95':null},'verify':{'received':7,'lost':0}}"

#define CPU(unit, key, sender, receiver)				\
	"{" AXES("same-cpu") "'status':'ok','reason':null,'unit':'" unit "'," \
	"'cost':{'per_msg':9.0,'ci95':null},'counters':{'messages':100,"	\
	"'sender':{'voluntary':0,'" key "':" sender "}," \
	"'receiver':{'voluntary':0,'" key "':" receiver "}}}"

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
	EXPECT_SAYS("wake             n/a       n/a       n/a       n/a     n/a  h2 cannot be used here");
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

TEST_F(report, cpu_time_is_of_each_side_and_message)
{
	REPORT(CPU("ns", "cpu_ns", "150000", "2550"));
	EXPECT_SAYS("1,500     25.5");
	EXPECT_SAYS("CPU: time of each [ns]");
}

TEST_F(report, cpu_time_of_runs_is_summed)
{
	REPORT(CPU("ns", "cpu_ns", "1000", "2000") "," CPU("ns", "cpu_ns", "3000", "4000"));
	EXPECT_SAYS("20.0     30.0");
}

TEST_F(report, cpu_time_that_one_run_lacks_is_unknown)
{
	REPORT(CPU("ns", "cpu_ns", "1000", "2000") "," CPU("ns", "cpu_ns", "3000", "null"));
	EXPECT_SAYS("n/a      n/a");
}

TEST_F(report, cpu_time_in_instructions_is_not_in_ns)
{
	REPORT(CPU("insn", "cpu_ns", "1000", "2000"));
	EXPECT_SAYS("n/a      n/a");
}

TEST_F(report, cpu_time_counts_instructions)
{
	REPORT(CPU("insn", "cpu_insn", "1000", "2000"));
	EXPECT_SAYS("10.0     20.0");
}

TEST_F(report, who_is_not_there_has_no_cpu_time)
{
	REPORT(CPU("ns", "cpu_ns", "1000", "0"));
	EXPECT_SAYS("10.0        -");
}

TEST_F(report, kernels_stand_side_by_side)
{
	REPORT(ON("0", "pipe", "block", "ok", "insn", "1000.0") ","
	       ON("1", "pipe", "block", "ok", "insn", "1500.0"));
	EXPECT_SAYS("pingpong, 64-byte messages, same-cpu: cost of a round trip [insn]");
	EXPECT_SAYS("6.1                       6.12\n");
	EXPECT_SAYS("1,000     n/a      1,500     n/a   1.500\n");
	EXPECT_SILENT("sleeps");
}

TEST_F(report, runs_of_one_kernel_share_its_column)
{
	REPORT(ON("0", "pipe", "block", "ok", "insn", "1000.0") ","
	       ON("1", "pipe", "block", "ok", "insn", "1500.0") ","
	       ON("2", "pipe", "block", "ok", "insn", "1400.0"));
	/* 400 / 1200 */
	EXPECT_SAYS("1,200  33.33%      1,500     n/a   1.250\n");
	EXPECT_SAYS("run 3: Linux 6.1,");
}

TEST_F(report, a_kernel_without_a_figure_is_compared_with_none)
{
	REPORT(ON("0", "pipe", "block", "skip", "insn", "1000.0") ","
	       ON("1", "pipe", "block", "ok", "insn", "1500.0") ","
	       ON("0", "null", "block", "ok", "insn", "10.0") ","
	       ON("1", "null", "block", "fail", "insn", "20.0") ","
	       ON("0", "fifo", "block", "ok", "insn", "30.0") ","
	       ON("1", "fifo", "block", "ok", "none", "40.0") ","
	       ON("1", "unix", "block", "ok", "insn", "50.0"));
	EXPECT_SAYS("skip [1]      1,500     n/a       -\n");
	EXPECT_SAYS("10.0     n/a                   FAIL [2]\n");
	EXPECT_SAYS("30.0     n/a                      works\n");
	EXPECT_SAYS("-       50.0     n/a       -\n");
	EXPECT_SAYS("[1] skip on 0\n[2] fail on 1\n");
	EXPECT_SAYS("2 cells ran, 1 skipped, 0 failed; 21 messages verified, none lost");
	EXPECT_SAYS("3 cells ran, 0 skipped, 1 failed; 28 messages verified, none lost");
}

TEST_F(report, columns_stand_whatever_the_names)
{
	size_t len = 0, lines = 0;

	REPORT(ON("0", "pipe", "spin-block", "ok", "insn", "1000.0") ","
	       ON("0", "posix-sem-named-slots", "block", "ok", "insn", "12345.0") ","
	       ON("0", "null", "uring", "skip", "insn", "1.0"));
	/* From the head to the empty line behind the table. */
	for (char *p = strstr(self->text, "mechanism "); p && *p != '\n'; p = strchr(p, '\n') + 1) {
		size_t n = strcspn(p, "\n");

		EXPECT_TRUE(!len || n == len) {
			TH_LOG("%s", self->text);
		}
		len = n;
		lines++;
	}
	EXPECT_EQ(4, lines);
}

TEST_F(report, no_reason_is_left_out)
{
	char *cells = NULL;
	size_t len;
	FILE *f = open_memstream(&cells, &len);

	for (int i = 0; i < 100; i++)
		fprintf(f, "%s{'id':'m%d/pingpong/block/64/llc','mech':'m%d',"
			AXIS("llc") "'status':'skip','reason':'reason %d','unit':'ns'}",
			i ? "," : "", i, i, i);
	fclose(f);
	REPORT(cells);
	free(cells);
	EXPECT_SAYS("skip [100]");
	EXPECT_SAYS("\n[1] reason 0\n");
	EXPECT_SAYS("\n[100] reason 99\n");
}

TEST_F(report, mechanisms_without_probes_share_a_line)
{
	REPORT(OK("same-cpu", "ns", "1.0", "null") ",'untraced':'no set'},"
	       OK("llc", "ns", "1.0", "null") ",'untraced':'no set'}");
	EXPECT_SAYS("no phases of pipe: no set\n");
}

TEST_HARNESS_MAIN
