// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include "cli.h"

void cli_help(void)
{
	fputs("ipcscope measures what inter-process communication costs, and shows why.\n"
"\n"
"  ipcscope list                  mechanisms, and whether they can run here\n"
"  ipcscope run [OPTION...]       measure, print a table\n"
"  ipcscope report FILE...        print results again, or several as one\n"
"\n"
"What to run (lists are comma-separated):\n"
"  -m, --mech LIST        mechanisms, or all (default)\n"
"  -p, --pattern LIST     pingpong, stream (default: both)\n"
"  -w, --wait LIST        block (default), spin, or all: whatever a mechanism can do\n"
"  -s, --size LIST        message bytes, 16 to 64M (default 64)\n"
"  -P, --placement LIST   same-cpu, smt, llc, node, cross-node (default same-cpu,llc)\n"
"  -c, --cpus LIST        use only these CPUs, as 0-3,8\n"
"How often:\n"
"  -n, --messages N       messages or round trips of a block (default 1000)\n"
"      --warmup N         before the first block of a launch (default 200)\n"
"      --blocks N         blocks of a launch (default 5)\n"
"      --rounds N         launches of a cell (default 3)\n"
"      --seed N           order of the cells in a round (default 1)\n"
"      --timeout S        seconds without a message that fail a cell (default 10)\n"
"And:\n"
"  -t, --trace            also run with in-kernel probes: phases of each message\n"
"  -j, --json FILE        write the result (run, report) or the list; - is standard output\n"
"      --note TEXT        words to keep in the result\n"
"  -q, --quiet            no progress on standard error\n"
"\n"
"Unit: ns; under QEMU's -icount, instructions; under other emulation, none.\n"
"\n"
"Exit status: 0 measured (skipped cells are named); 1 a cell failed; 2 wrong arguments;\n"
"3 this system refused (output, memory, input file); 4 every cell was skipped;\n"
"130 interrupted, the result is partial.\n", stdout);
}
